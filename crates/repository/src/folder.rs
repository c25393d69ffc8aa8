//! The folder that a snapshot is restored into. Every name is looked up by the handle of its
//! folder, and no link is ever followed below the target itself.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::path::Path;

use holdfast_seal::error::Error as SealError;
use holdfast_seal::positioned;

use crate::error::Error;
use crate::manifest::Component;

#[cfg(not(unix))]
mod names;
#[cfg(not(unix))]
#[path = "folder/windows.rs"]
mod system;
#[cfg(unix)]
#[path = "folder/unix.rs"]
mod system;

pub(crate) mod staging;

pub(crate) use system::{Folder, finish, holds, leads_away};

/// What a name stands for, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    File(u64),
    Directory,
    Symlink,
    Other,
}

/// Seconds since 1970 and nanoseconds.
pub(crate) type Modified = (i64, u32);

/// The target, and the folder in it that was used last.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    root: &'a Folder,
    last: Option<(Vec<Component>, Folder)>,
}

impl<'a> Target<'a> {
    pub(crate) const fn new(root: &'a Folder) -> Self {
        Self { root, last: None }
    }

    /// The folder at `path`; nothing if it is not there.
    pub(crate) fn enter(&mut self, path: &[Component]) -> Result<Option<&Folder>, Error> {
        if path.is_empty() {
            return Ok(Some(self.root));
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            match open(self.root, path, Folder::child) {
                Ok(folder) => self.last = folder.map(|folder| (path.to_vec(), folder)),
                Err(error) if error.kind() == ErrorKind::NotFound => self.last = None,
                Err(error) => return Err(blocked(&error).at(path)),
            }
        }
        Ok(self.last.as_ref().map(|(_, folder)| folder))
    }

    /// The folder at `path`, made with those above it where it is not there.
    pub(crate) fn enter_made(&mut self, path: &[Component]) -> Result<&Folder, Error> {
        if self.enter(path)?.is_none() {
            let folder = open(self.root, path, Folder::make);
            let folder = folder.map_err(|error| blocked(&error).at(path))?;
            self.last = folder.map(|folder| (path.to_vec(), folder));
        }
        let last = self.last.as_ref().filter(|(last, _)| last == path);
        Ok(last.map_or(self.root, |(_, folder)| folder))
    }

    /// Makes the folder at `path`, which was there before only if `present` says so.
    pub(crate) fn make(&mut self, path: &[Component], present: bool) -> Result<(), Error> {
        let Some((name, parent)) = path.split_last().filter(|_| !present) else {
            return self.enter_made(path).map(drop);
        };
        let folder = self.enter_made(parent)?;
        folder.make_new(name).map_err(|error| unwritable("create folder", &error).at(path))
    }

    /// What there is at `path`.
    pub(crate) fn look(&mut self, path: &[Component]) -> Result<Option<Found>, Error> {
        let Some((name, parent)) = path.split_last() else { return Ok(Some(Found::Directory)) };
        let Some(folder) = self.enter(parent)? else { return Ok(None) };
        folder.look(name).map_err(|error| unwritable("inspect", &error).at(path))
    }

    /// The file at `path`, for reading.
    pub(crate) fn read(&mut self, path: &[Component]) -> Result<Option<File>, Error> {
        let Some((name, parent)) = path.split_last() else { return Ok(None) };
        let Some(folder) = self.enter(parent)? else { return Ok(None) };
        folder.read(name).map(Some).map_err(|error| unwritable("open", &error).at(path))
    }
}

fn open(
    root: &Folder,
    path: &[Component],
    step: impl Fn(&Folder, &Component) -> io::Result<Folder>,
) -> io::Result<Option<Folder>> {
    let mut here = None;
    for name in path {
        here = Some(step(here.as_ref().unwrap_or(root), name)?);
    }
    Ok(here)
}

/// Opens the target; nothing if it is not there.
pub(crate) fn open_root(path: &Path) -> Result<Option<Folder>, Error> {
    match Folder::open(path) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unwritable("open folder", &error)),
    }
}

/// Fills `bytes` from `offset` on and returns how many there were: fewer only at the end.
pub(crate) fn read_at(file: &File, offset: u64, bytes: &mut [u8]) -> Result<usize, Error> {
    positioned::read_at(file, offset, &mut [IoSliceMut::new(bytes)])
        .map_err(|error| unwritable("read", &error))
}

/// Writes all of `bytes` at `offset`.
pub(crate) fn write_at(file: &File, offset: u64, bytes: &[u8]) -> Result<(), Error> {
    positioned::write_at(file, offset, &mut [IoSlice::new(bytes)])
        .map_err(|error| unwritable("write", &error))
}

/// A failure of the target, in the system's words.
pub(crate) fn unwritable(call: &'static str, error: &io::Error) -> Error {
    if system::refuses_name(error) {
        return unholdable();
    }
    match error.kind() {
        ErrorKind::AlreadyExists => SealError::TargetExists.into(),
        _ => SealError::target(call, error).into(),
    }
}

const UNHOLDABLE: &str = "it cannot hold this name";

/// The target cannot hold a name.
pub(crate) fn unholdable() -> Error {
    SealError::TargetUnsafe { what: UNHOLDABLE }.into()
}

/// Whether the failure is that the target cannot hold a name, or holds it for another.
pub(crate) fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Entry { cause, .. } => is_refusal(cause),
        Error::Seal(SealError::TargetExists) => true,
        Error::Seal(SealError::TargetUnsafe { what }) => *what == UNHOLDABLE,
        _ => false,
    }
}

/// A failure to enter or make a folder.
fn blocked(error: &io::Error) -> Error {
    if system::is_in_the_way(error) {
        let what = "something that is not a folder is in the way";
        return SealError::TargetUnsafe { what }.into();
    }
    unwritable("open folder", error)
}

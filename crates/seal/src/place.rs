//! The file that bytes go to: written beside the target under a temporary name, visible only when
//! it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice};
use std::path::{self, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;
use crate::positioned::{self, attempt};
use crate::source::SourceFile;

#[cfg(not(unix))]
#[path = "place/other.rs"]
mod system;
#[cfg(unix)]
#[path = "place/unix.rs"]
mod system;

mod temporary;

use system::Folder;

/// Who may read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// Sealed bytes: mode 0666 less the process's mask.
    Sealed,
    /// Plaintext: mode 0600.
    Plain,
}

/// Refuses early what [`Draft::publish`] would refuse at the end, and the source as its own target.
///
/// # Errors
///
/// As [`Draft::create`], but no file is made.
pub fn check(target: &Path, source: Option<&SourceFile>, overwrite: bool) -> Result<(), Error> {
    let (folder, name) = enter(target)?;
    if overwrite
        && let Some(source) = source
        && folder.leads_to(&name, source.file()).map_err(unwritable("inspect"))?
    {
        return Err(Error::TargetUnsafe { what: "it is the source itself" });
    }
    ensure_free(&folder, &name, overwrite)
}

/// A file that is being written and has no name of its own yet. Dropped, it is removed.
///
/// Its temporary name is `.holdfast-`, 16 hexadecimal digits of SHA-256 of the target's name, a
/// number and `.partial`. It is locked while it is in use, so the next call with the same target
/// tells it from one that a killed process left behind, and removes that.
#[derive(Debug)]
pub struct Draft {
    folder: Folder,
    name: OsString,
    temporary: OsString,
    file: File,
    overwrite: bool,
    broken: AtomicBool,
    flushed: AtomicBool,
}

impl Draft {
    /// Begins a file that will be named `target`, in a folder that exists.
    ///
    /// # Errors
    ///
    /// - [`Error::TargetExists`] if there is a file and `overwrite` is not set.
    /// - [`Error::TargetUnsafe`] if there is anything but a plain, writable file with one name.
    /// - [`Error::NoSpace`] or [`Error::TargetUnwritable`] if no file can be made there.
    /// - [`Error::InvalidArgument`] if the path does not end in a name.
    pub fn create(target: &Path, secrecy: Secrecy, overwrite: bool) -> Result<Self, Error> {
        let (folder, name) = enter(target)?;
        ensure_free(&folder, &name, overwrite)?;
        let (temporary, file) = temporary::create(&folder, &name, secrecy)?;
        Ok(Self {
            folder,
            name,
            temporary,
            file,
            overwrite,
            broken: AtomicBool::new(false),
            flushed: AtomicBool::new(false),
        })
    }

    /// Writes all of `bytes` at `offset`. Several threads may write at a time.
    ///
    /// # Errors
    ///
    /// [`Error::NoSpace`] or [`Error::TargetUnwritable`]: this file will never be published.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        self.write_pieces_at(offset, &mut [IoSlice::new(bytes)])
    }

    /// Like [`Draft::write_at`], from several pieces of memory, one after the other.
    /// What the call leaves in the slice of pieces itself is not specified.
    ///
    /// # Errors
    ///
    /// As [`Draft::write_at`].
    pub fn write_pieces_at(&self, offset: u64, pieces: &mut [IoSlice<'_>]) -> Result<(), Error> {
        self.flushed.store(false, Ordering::Relaxed);
        let written = positioned::write_at(&self.file, offset, pieces);
        self.kept(written).map_err(unwritable("write"))
    }

    /// Waits until the bytes are on the disk.
    ///
    /// # Errors
    ///
    /// [`Error::NoSpace`] or [`Error::TargetUnwritable`]: this file will never be published, since
    /// nobody knows which of its bytes the system gave up.
    pub fn sync(&self) -> Result<(), Error> {
        let flushed = attempt("flush", || self.file.sync_all());
        self.kept(flushed).map_err(unwritable("flush"))?;
        self.flushed.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Gives the file its name, at once and whole. With `sync`, bytes and name are on the disk
    /// when this returns. Without it the bytes are flushed all the same where a failure would
    /// otherwise show only when the file is closed, as on network file systems.
    ///
    /// # Errors
    ///
    /// As [`Draft::create`], since the target may have changed; also [`Error::TargetUnsafe`] if
    /// the path leads to another folder by now. In [`Error::TargetUnwritable`], `visible` says that
    /// the file has its name, but that the name may be lost with the power.
    pub fn publish(self, sync: bool) -> Result<(), Error> {
        if (sync || self.folder.tells_late()) && !self.flushed.load(Ordering::Relaxed) {
            self.sync()?;
        }
        self.ensure_publishable()?;
        if let Err(error) = self.rename() {
            // A network file system may report the failure of a rename that happened.
            if !self.has_landed() {
                return Err(error);
            }
        }
        if sync {
            let flushed = self.folder.sync().or_else(tolerate_unsupported);
            flushed.map_err(|error| visible("flush folder", &error))?;
        }
        Ok(())
    }

    fn kept<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        if outcome.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
        outcome
    }

    fn ensure_publishable(&self) -> Result<(), Error> {
        if self.broken.load(Ordering::Relaxed) {
            let reason = "an earlier write or flush failed".to_owned();
            return Err(Error::TargetUnwritable { call: "rename", reason, visible: false });
        }
        let in_place = self.folder.is_in_place().or_else(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(false),
            _ => Err(error),
        });
        if !in_place.map_err(unwritable("inspect folder"))? {
            return Err(Error::TargetUnsafe { what: "its folder was replaced" });
        }
        let own = self.folder.leads_to(&self.temporary, &self.file);
        if !own.map_err(unwritable("inspect"))? {
            return Err(Error::TargetUnsafe { what: "the temporary file beside it was replaced" });
        }
        ensure_free(&self.folder, &self.name, self.overwrite)
    }

    fn rename(&self) -> Result<(), Error> {
        if self.overwrite {
            let renamed = self.folder.rename(&self.temporary, &self.name);
            return renamed.map_err(|error| self.refusal("rename", &error));
        }
        match self.folder.rename_new(&self.temporary, &self.name) {
            Err(error) if is_unsupported(&error) => self.link(),
            renamed => renamed.map_err(|error| self.refusal("rename", &error)),
        }
    }

    /// For file systems that cannot rename without replacing.
    fn link(&self) -> Result<(), Error> {
        match self.folder.link(&self.temporary, &self.name) {
            Err(error) if is_unsupported(&error) || is_linkless(&error) => return self.reserve(),
            linked => linked.map_err(|error| self.refusal("link", &error))?,
        }
        // If this fails, it is tried again when `self` is dropped.
        let _ = self.folder.remove(&self.temporary);
        Ok(())
    }

    /// For file systems that have no links either: takes the name with an empty file, so that no
    /// other file can be lost, and replaces that.
    fn reserve(&self) -> Result<(), Error> {
        let reserved = self.folder.create(&self.name, Secrecy::Plain);
        let placeholder = reserved.map_err(|error| self.refusal("create", &error))?;
        self.folder.rename(&self.temporary, &self.name).map_err(|error| {
            let ours = self.folder.leads_to(&self.name, &placeholder).unwrap_or(false);
            match if ours { self.folder.remove(&self.name) } else { Ok(()) } {
                Ok(()) => self.refusal("rename", &error),
                Err(kept) => visible("remove", &kept),
            }
        })
    }

    fn refusal(&self, call: &'static str, error: &io::Error) -> Error {
        match error.kind() {
            ErrorKind::AlreadyExists => {
                ensure_free(&self.folder, &self.name, false).err().unwrap_or(Error::TargetExists)
            }
            ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => {
                Error::TargetUnsafe { what: "it is a folder" }
            }
            _ => Error::target(call, error),
        }
    }

    fn has_landed(&self) -> bool {
        self.folder.leads_to(&self.name, &self.file).unwrap_or(false)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.folder.leads_to(&self.temporary, &self.file).unwrap_or(false) {
            let _ = self.folder.remove(&self.temporary);
        }
    }
}

fn unwritable(call: &'static str) -> impl Fn(io::Error) -> Error {
    move |error| Error::target(call, &error)
}

/// A failure after the target's name came to be.
fn visible(call: &'static str, error: &io::Error) -> Error {
    Error::TargetUnwritable { call, reason: error.to_string(), visible: true }
}

/// The folder's absolute path and the name in it.
fn split(target: &Path) -> Result<(PathBuf, OsString), Error> {
    let unnamed = || Error::InvalidArgument { what: "the target does not name a file".to_owned() };
    let name = target.file_name().ok_or_else(unnamed)?;
    // `file_name` overlooks a separator or a dot at the end.
    if !target.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes()) {
        return Err(unnamed());
    }
    let absolute = path::absolute(target).map_err(unwritable("open folder"))?;
    let folder = absolute.parent().ok_or_else(unnamed)?;
    Ok((folder.to_owned(), name.to_owned()))
}

/// Opens the target's folder and clears away what killed processes left in it for this target.
fn enter(target: &Path) -> Result<(Folder, OsString), Error> {
    let (path, name) = split(target)?;
    let folder = Folder::open(&path).map_err(unwritable("open folder"))?;
    temporary::sweep(&folder, &name);
    Ok((folder, name))
}

fn ensure_free(folder: &Folder, name: &OsStr, overwrite: bool) -> Result<(), Error> {
    let Some(entry) = folder.look(name).map_err(unwritable("inspect"))? else { return Ok(()) };
    if entry.is_file() && !overwrite {
        return Err(Error::TargetExists);
    }
    if let Some(what) = entry.objection() {
        return Err(Error::TargetUnsafe { what });
    }
    if folder.may_write(name).map_err(unwritable("inspect"))? {
        Ok(())
    } else {
        Err(Error::TargetUnsafe { what: "it is a file that may not be written" })
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

fn is_linkless(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::TooManyLinks)
}

fn tolerate_unsupported(error: io::Error) -> io::Result<()> {
    if is_unsupported(&error) { Ok(()) } else { Err(error) }
}

//! A folder known by its path, where the standard library offers no handle to look names up in.

#![expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the form of the other module")]

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::Secrecy;
use crate::positioned::attempt;

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

/// What a name stands for, links not followed.
pub(super) struct Entry(Metadata);

impl Entry {
    pub(super) fn is_file(&self) -> bool {
        self.0.is_file()
    }

    /// Says what forbids to put another file in this one's place.
    pub(super) fn objection(&self) -> Option<&'static str> {
        if self.0.is_symlink() {
            Some("it is a symbolic link")
        } else if self.0.is_dir() {
            Some("it is a folder")
        } else if !self.0.is_file() {
            Some("it is a device")
        } else if self.0.permissions().readonly() {
            Some("it is a read-only file")
        } else {
            None
        }
    }
}

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let entry = attempt("open folder", || fs::metadata(path))?;
        if entry.is_dir() {
            Ok(Self { path: path.to_owned() })
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    pub(super) fn is_in_place(&self) -> io::Result<bool> {
        attempt("inspect folder", || fs::metadata(&self.path)).map(|entry| entry.is_dir())
    }

    pub(super) fn look(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        match attempt("inspect", || fs::symlink_metadata(self.path.join(name))) {
            Ok(entry) => Ok(Some(Entry(entry))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether `name` stands for the open `file`, as far as length and time of creation tell.
    pub(super) fn leads_to(&self, name: &OsStr, file: &File) -> io::Result<bool> {
        let Some(Entry(entry)) = self.look(name)? else { return Ok(false) };
        let open = attempt("inspect", || file.metadata())?;
        Ok(entry.len() == open.len() && entry.created().ok() == open.created().ok())
    }

    pub(super) fn may_write(&self, name: &OsStr) -> io::Result<bool> {
        Ok(self.look(name)?.is_none_or(|entry| !entry.0.permissions().readonly()))
    }

    /// Makes a file that did not exist. Who may read it follows from the folder.
    pub(super) fn create(&self, name: &OsStr, _secrecy: Secrecy) -> io::Result<File> {
        let path = self.path.join(name);
        attempt("create", || OpenOptions::new().write(true).create_new(true).open(&path))
    }

    pub(super) fn open_existing(&self, name: &OsStr) -> io::Result<File> {
        let path = self.path.join(name);
        attempt("open", || OpenOptions::new().write(true).open(&path))
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        attempt("remove", || fs::remove_file(self.path.join(name)))
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        attempt("rename", || fs::rename(self.path.join(from), self.path.join(to)))
    }

    pub(super) fn rename_new(&self, _from: &OsStr, _to: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn link(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        attempt("link", || fs::hard_link(self.path.join(from), self.path.join(to)))
    }

    pub(super) fn tells_late(&self) -> bool {
        false
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

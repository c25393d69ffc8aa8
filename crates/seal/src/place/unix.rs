//! A folder held by handle: every name is looked up in it, whatever its path leads to by now.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, Stat};

use super::Secrecy;
use crate::positioned::attempt;

#[derive(Debug)]
pub(super) struct Folder {
    handle: File,
    path: PathBuf,
}

/// What a name stands for, links not followed.
pub(super) struct Entry(Stat);

impl Entry {
    pub(super) fn is_file(&self) -> bool {
        FileType::from_raw_mode(self.0.st_mode) == FileType::RegularFile
    }

    /// Says what forbids to put another file in this one's place.
    pub(super) fn objection(&self) -> Option<&'static str> {
        match FileType::from_raw_mode(self.0.st_mode) {
            FileType::RegularFile if !self.may_be_written() => Some("it is a read-only file"),
            FileType::RegularFile if self.0.st_nlink > 1 => {
                Some("it is a file with several names (hard links)")
            }
            FileType::RegularFile => None,
            FileType::Symlink => Some("it is a symbolic link"),
            FileType::Directory => Some("it is a folder"),
            FileType::Fifo => Some("it is a pipe"),
            FileType::Socket => Some("it is a socket"),
            _ => Some("it is a device"),
        }
    }

    fn may_be_written(&self) -> bool {
        Mode::from_raw_mode(self.0.st_mode).intersects(Mode::WUSR | Mode::WGRP | Mode::WOTH)
    }

    fn same(&self, other: &Stat) -> bool {
        self.0.st_dev == other.st_dev && self.0.st_ino == other.st_ino
    }
}

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            attempt("open folder", || Ok(rustix::fs::open(path, flags, Mode::empty())?))?.into();
        Ok(Self { handle, path: path.to_owned() })
    }

    /// Whether the path still leads to this folder.
    pub(super) fn is_in_place(&self) -> io::Result<bool> {
        let here = attempt("inspect folder", || Ok(rustix::fs::fstat(&self.handle)?))?;
        let there = attempt("inspect folder", || Ok(rustix::fs::stat(&self.path)?))?;
        Ok(Entry(here).same(&there))
    }

    pub(super) fn look(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        let found = attempt("inspect", || {
            Ok(rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)?)
        });
        match found {
            Ok(stat) => Ok(Some(Entry(stat))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether `name` stands for the open `file`.
    pub(super) fn leads_to(&self, name: &OsStr, file: &File) -> io::Result<bool> {
        let Some(entry) = self.look(name)? else { return Ok(false) };
        let open = attempt("inspect", || Ok(rustix::fs::fstat(file)?))?;
        Ok(entry.same(&open))
    }

    /// Whether this process may write to the file `name`.
    pub(super) fn may_write(&self, name: &OsStr) -> io::Result<bool> {
        let allowed = attempt("inspect", || {
            Ok(rustix::fs::accessat(&self.handle, name, Access::WRITE_OK, AtFlags::empty())?)
        });
        match allowed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a file that did not exist.
    pub(super) fn create(&self, name: &OsStr, secrecy: Secrecy) -> io::Result<File> {
        let flags = OFlags::WRONLY
            | OFlags::CREATE
            | OFlags::EXCL
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC
            | OFlags::NOCTTY;
        let mode = match secrecy {
            Secrecy::Sealed => Mode::from_raw_mode(0o666),
            Secrecy::Plain => Mode::from_raw_mode(0o600),
        };
        attempt("create", || Ok(rustix::fs::openat(&self.handle, name, flags, mode)?.into()))
    }

    /// Opens a file that may have been left behind. For writing: some network file systems lock
    /// nothing else.
    pub(super) fn open_existing(&self, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        attempt("open", || Ok(rustix::fs::openat(&self.handle, name, flags, Mode::empty())?.into()))
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        attempt("remove", || Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::empty())?))
    }

    /// Gives the file `from` the name `to`, in the place of what had it.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        attempt("rename", || Ok(rustix::fs::renameat(&self.handle, from, &self.handle, to)?))
    }

    /// Gives the file `from` the name `to`, which nothing may have.
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    pub(super) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        attempt("rename new", || {
            Ok(rustix::fs::renameat_with(&self.handle, from, &self.handle, to, flags)?)
        })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    #[expect(clippy::unused_self, reason = "the form that other systems need")]
    pub(super) fn rename_new(&self, _from: &OsStr, _to: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives the file `from` a second name `to`, which nothing may have.
    pub(super) fn link(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        attempt("link", || {
            Ok(rustix::fs::linkat(&self.handle, from, &self.handle, to, AtFlags::empty())?)
        })
    }

    /// Whether a failed write may show only when a file is flushed or closed; closing tells nobody.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn tells_late(&self) -> bool {
        /// NFS, SMB in three versions, FUSE, 9P, Ceph, AFS (`statfs(2)`).
        const KINDS: [u64; 8] = [
            0x6969,
            0x517b,
            0xff53_4d42,
            0xfe53_4d42,
            0x6573_5546,
            0x0102_1997,
            0x00c3_6400,
            0x5346_414f,
        ];
        let kind = attempt("inspect kind", || Ok(rustix::fs::fstatfs(&self.handle)?));
        kind.ok()
            .and_then(|kind| u64::try_from(kind.f_type).ok())
            .is_none_or(|kind| KINDS.contains(&kind))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::unused_self, reason = "the form that Linux needs")]
    pub(super) fn tells_late(&self) -> bool {
        false
    }

    /// Waits until the names in this folder are on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        attempt("flush folder", || self.handle.sync_all())
    }
}

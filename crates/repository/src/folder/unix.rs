//! A folder held by handle.

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};

use super::{Found, Modified};
use crate::manifest::Component;

/// Longest name that common file systems have, in bytes.
const MAX_NAME_LEN: usize = 255;
/// Leaves the time of the last access as it is (`UTIME_OMIT`).
const OMIT: Timespec = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };

#[derive(Debug)]
pub(crate) struct Folder(File);

/// Whether a folder of this system can have such a name.
pub(crate) fn holds(name: &Component) -> bool {
    name.0.len() <= MAX_NAME_LEN
}

/// Whether a name would lead out of its folder on this system only.
pub(crate) fn leads_away(_name: &Component) -> bool {
    false
}

/// Whether a call failed because the file system does not take the name.
pub(crate) fn refuses_name(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidFilename
        || error.raw_os_error() == Some(rustix::io::Errno::ILSEQ.raw_os_error())
}

/// Whether a folder could not be entered because a link or a file has its name.
pub(crate) fn is_in_the_way(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotADirectory | ErrorKind::AlreadyExists)
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

impl Folder {
    /// Opens a folder whose path the user gave: links in it are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?.into()))
    }

    /// Makes the folder and what is missing above it, for this user alone.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Self::open(path)
    }

    pub(crate) fn child(&self, name: &Component) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::openat(&self.0, text(name), flags, Mode::empty())?.into()))
    }

    /// The folder of this name, made if it is not there.
    pub(crate) fn make(&self, name: &Component) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.0, text(name), Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.child(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a folder that did not exist, for this user alone.
    pub(crate) fn make_new(&self, name: &Component) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, text(name), Mode::RWXU)?)
    }

    pub(crate) fn look(&self, name: &Component) -> io::Result<Option<Found>> {
        match rustix::fs::statat(&self.0, text(name), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Found::File(u64::try_from(stat.st_size).unwrap_or(0)),
                FileType::Directory => Found::Directory,
                FileType::Symlink => Found::Symlink,
                _ => Found::Other,
            })),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file for reading; waits for no pipe.
    pub(crate) fn read(&self, name: &Component) -> io::Result<File> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.0, text(name), flags, Mode::empty())?.into())
    }

    /// Opens a file for writing and reading, made for this user alone if it is not there.
    pub(crate) fn write(&self, name: &Component) -> io::Result<File> {
        let flags = OFlags::RDWR
            | OFlags::CREATE
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::NOCTTY
            | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        Ok(rustix::fs::openat(&self.0, text(name), flags, mode)?.into())
    }

    /// Moves a file into another folder; in the place of a file only if `replace` says so.
    pub(crate) fn rename(
        &self,
        from: &Component,
        folder: &Self,
        to: &Component,
        replace: bool,
    ) -> io::Result<()> {
        if replace {
            return Ok(rustix::fs::renameat(&self.0, text(from), &folder.0, text(to))?);
        }
        match rename_new(&self.0, text(from), &folder.0, text(to)) {
            Err(error)
                if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput) =>
            {
                rustix::fs::linkat(&self.0, text(from), &folder.0, text(to), AtFlags::empty())?;
                self.remove(from)
            }
            renamed => renamed,
        }
    }

    pub(crate) fn link(&self, name: &Component, target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(OsStr::from_bytes(target), &self.0, text(name))?)
    }

    pub(crate) fn read_link(&self, name: &Component) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, text(name), Vec::new())?.into_bytes())
    }

    /// Sets a link's own time, where the system keeps one.
    pub(crate) fn set_link_time(&self, name: &Component, modified: Modified) -> io::Result<()> {
        let times = times(modified);
        Ok(rustix::fs::utimensat(&self.0, text(name), &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Sets this folder's mode and time.
    pub(crate) fn finish(&self, mode: u32, modified: Modified) -> io::Result<()> {
        finish(&self.0, mode, modified)
    }

    pub(crate) fn remove(&self, name: &Component) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, text(name), AtFlags::empty())?)
    }

    pub(crate) fn remove_folder(&self, name: &Component) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, text(name), AtFlags::REMOVEDIR)?)
    }

    /// The names in this folder.
    pub(crate) fn names(&self) -> io::Result<Vec<Component>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
            if name != "." && name != ".." {
                names.push(Component(name.into_vec()));
            }
        }
        Ok(names)
    }

    /// Waits until everything that was written is on the disk.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.0)?)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Sets a file's or a folder's mode and time.
pub(crate) fn finish(file: &File, mode: u32, modified: Modified) -> io::Result<()> {
    let bits = rustix::fs::RawMode::try_from(mode).map_err(|_| ErrorKind::InvalidInput)?;
    rustix::fs::fchmod(file, Mode::from_raw_mode(bits))?;
    Ok(rustix::fs::futimens(file, &times(modified))?)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_new(from: &File, name: &OsStr, to: &File, new: &OsStr) -> io::Result<()> {
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    Ok(rustix::fs::renameat_with(from, name, to, new, flags)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_new(_from: &File, _name: &OsStr, _to: &File, _new: &OsStr) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

fn text(name: &Component) -> &OsStr {
    OsStr::from_bytes(&name.0)
}

fn times((seconds, nanoseconds): Modified) -> Timestamps {
    Timestamps {
        last_access: OMIT,
        last_modification: Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() },
    }
}

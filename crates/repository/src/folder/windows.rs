//! A folder known by its path, where the standard library offers no handle to look names up in.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::names::os_name;
pub(crate) use super::names::{holds, leads_away};
use super::{Found, Modified};
use crate::manifest::Component;

/// `ERROR_PRIVILEGE_NOT_HELD`
const NOT_PRIVILEGED: i32 = 1314;

const WRITABLE: u32 = 0o200;

#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// Whether a call failed because the file system does not take the name.
pub(crate) fn refuses_name(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidFilename
}

/// Whether a folder could not be entered because a link or a file has its name.
pub(crate) fn is_in_the_way(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotADirectory | ErrorKind::AlreadyExists)
}

impl Folder {
    /// Opens a folder whose path the user gave: links in it are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() {
            Ok(Self(path.to_owned()))
        } else {
            Err(ErrorKind::NotADirectory.into())
        }
    }

    /// Makes the folder and what is missing above it.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Self::open(path)
    }

    pub(crate) fn child(&self, name: &Component) -> io::Result<Self> {
        match self.look(name)? {
            Some(Found::Directory) => Ok(Self(self.path(name)?)),
            Some(_) => Err(ErrorKind::NotADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    /// The folder of this name, made if it is not there.
    pub(crate) fn make(&self, name: &Component) -> io::Result<Self> {
        match fs::create_dir(self.path(name)?) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => self.child(name),
        }
    }

    /// Makes a folder that did not exist.
    pub(crate) fn make_new(&self, name: &Component) -> io::Result<()> {
        fs::create_dir(self.path(name)?)
    }

    pub(crate) fn look(&self, name: &Component) -> io::Result<Option<Found>> {
        match fs::symlink_metadata(self.path(name)?) {
            Ok(entry) if entry.is_symlink() => Ok(Some(Found::Symlink)),
            Ok(entry) if entry.is_dir() => Ok(Some(Found::Directory)),
            Ok(entry) if entry.is_file() => Ok(Some(Found::File(entry.len()))),
            Ok(_) => Ok(Some(Found::Other)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file for reading.
    pub(crate) fn read(&self, name: &Component) -> io::Result<File> {
        self.ensure_file(name)?;
        File::open(self.path(name)?)
    }

    /// Opens a file for writing and reading, made if it is not there.
    pub(crate) fn write(&self, name: &Component) -> io::Result<File> {
        self.ensure_file(name)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).open(self.path(name)?)
    }

    /// Moves a file into another folder; in the place of a file only if `replace` says so.
    pub(crate) fn rename(
        &self,
        from: &Component,
        folder: &Self,
        to: &Component,
        replace: bool,
    ) -> io::Result<()> {
        let (from, to) = (self.path(from)?, folder.path(to)?);
        if replace {
            return fs::rename(from, to);
        }
        fs::hard_link(&from, to)?;
        fs::remove_file(from)
    }

    /// Makes a link. One that this user may not make counts as one that cannot be held.
    pub(crate) fn link(&self, name: &Component, target: &[u8]) -> io::Result<()> {
        let target = os_name(&Component(target.to_vec())).ok_or(ErrorKind::InvalidFilename)?;
        let made = std::os::windows::fs::symlink_file(target, self.path(name)?);
        made.map_err(|error| match error.raw_os_error() {
            Some(NOT_PRIVILEGED) => ErrorKind::InvalidFilename.into(),
            _ => error,
        })
    }

    pub(crate) fn read_link(&self, name: &Component) -> io::Result<Vec<u8>> {
        Ok(fs::read_link(self.path(name)?)?.into_os_string().into_encoded_bytes())
    }

    /// A link's own time is left as it is.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems set it")]
    pub(crate) fn set_link_time(&self, _name: &Component, _modified: Modified) -> io::Result<()> {
        Ok(())
    }

    /// Folders have no mode here, and their times follow from what is made in them.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems set them")]
    pub(crate) fn finish(&self, _mode: u32, _modified: Modified) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn remove(&self, name: &Component) -> io::Result<()> {
        fs::remove_file(self.path(name)?)
    }

    pub(crate) fn remove_folder(&self, name: &Component) -> io::Result<()> {
        fs::remove_dir(self.path(name)?)
    }

    /// The names in this folder.
    pub(crate) fn names(&self) -> io::Result<Vec<Component>> {
        let name = |entry: io::Result<fs::DirEntry>| {
            Ok(Component(entry?.file_name().into_encoded_bytes()))
        };
        fs::read_dir(&self.0)?.map(name).collect()
    }

    /// Files are flushed as they are closed.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems wait")]
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn ensure_file(&self, name: &Component) -> io::Result<()> {
        match self.look(name)? {
            None | Some(Found::File(_)) => Ok(()),
            Some(_) => Err(ErrorKind::AlreadyExists.into()),
        }
    }

    fn path(&self, name: &Component) -> io::Result<PathBuf> {
        Ok(self.0.join(os_name(name).ok_or(ErrorKind::InvalidFilename)?))
    }
}

/// Sets a file's time, and whether it may be written.
pub(crate) fn finish(file: &File, mode: u32, (seconds, nanoseconds): Modified) -> io::Result<()> {
    file.sync_all()?;
    let time = time(seconds).and_then(|time| time.checked_add(Duration::new(0, nanoseconds)));
    if let Some(time) = time {
        file.set_times(FileTimes::new().set_modified(time))?;
    }
    if mode & WRITABLE == 0 {
        let mut permissions = file.metadata()?.permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions)?;
    }
    Ok(())
}

fn time(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

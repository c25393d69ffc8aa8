//! The file that bytes come from: read at offsets by several threads, and watched for changes.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, IoSliceMut};
use std::path::{self, Path, PathBuf};

use crate::error::Error;
use crate::positioned::{self, attempt};

/// A regular file that is open for reading.
#[derive(Debug)]
pub struct SourceFile {
    file: File,
    path: PathBuf,
    seen: Metadata,
}

impl SourceFile {
    /// Opens the regular file that `path` leads to. Never waits: not for a pipe, not for a device.
    ///
    /// # Errors
    ///
    /// [`Error::SourceUnreadable`] unless it is a regular file of known length that may be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let path = path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // Before opening: to open a pipe or a device for a moment may already have an effect.
        let entry = attempt("inspect", || fs::metadata(&path)).map_err(unreadable("inspect"))?;
        ensure_regular(&entry)?;
        let file = attempt("open", || open(&path)).map_err(unreadable("open"))?;
        let seen = attempt("inspect", || file.metadata()).map_err(unreadable("inspect"))?;
        ensure_regular(&seen)?;
        let source = Self { file, path, seen };
        if source.is_empty() && source.read_at(0, &mut [0])? > 0 {
            return Err(refused("its length is not known; pass it through standard input"));
        }
        Ok(source)
    }

    /// Length in bytes, as it was when the file was opened.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.seen.len()
    }

    /// Whether the file was empty when it was opened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `bytes` from `offset` on and returns how many there were: fewer only at the end.
    ///
    /// # Errors
    ///
    /// [`Error::SourceUnreadable`].
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<usize, Error> {
        self.read_pieces_at(offset, &mut [IoSliceMut::new(bytes)])
    }

    /// Like [`SourceFile::read_at`], into several pieces of memory, one after the other.
    /// What the call leaves in the slice of pieces itself is not specified.
    ///
    /// # Errors
    ///
    /// [`Error::SourceUnreadable`].
    pub fn read_pieces_at(
        &self,
        offset: u64,
        pieces: &mut [IoSliceMut<'_>],
    ) -> Result<usize, Error> {
        positioned::read_at(&self.file, offset, pieces).map_err(unreadable("read"))
    }

    /// Makes sure that what was read is one state of the file: call it after the last read.
    ///
    /// Compares length, times and identity of the open file, and of what its path leads to now,
    /// with those seen at the beginning.
    ///
    /// # Errors
    ///
    /// [`Error::SourceChanged`]; [`Error::SourceUnreadable`] if it cannot be told.
    pub fn ensure_unchanged(&self) -> Result<(), Error> {
        let entry = attempt("inspect", || fs::metadata(&self.path)).map_err(|error| match error
            .kind()
        {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                Error::SourceChanged { what: "it was removed" }
            }
            _ => Error::source("inspect", &error),
        })?;
        self.compare(&entry)?;
        let now = attempt("inspect", || self.file.metadata()).map_err(unreadable("inspect"))?;
        self.compare(&now)
    }

    /// The open file, for comparing identities.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    fn compare(&self, now: &Metadata) -> Result<(), Error> {
        let what = if identity(now) != identity(&self.seen) {
            "another file took its place"
        } else if now.len() != self.seen.len() {
            "its length is different"
        } else if times(now) != times(&self.seen) {
            "it was written to"
        } else {
            return Ok(());
        };
        Err(Error::SourceChanged { what })
    }
}

fn unreadable(call: &'static str) -> impl Fn(io::Error) -> Error {
    move |error| Error::source(call, &error)
}

fn refused(reason: &str) -> Error {
    Error::SourceUnreadable { call: "open", reason: reason.to_owned() }
}

fn ensure_regular(entry: &Metadata) -> Result<(), Error> {
    if entry.is_file() {
        Ok(())
    } else if entry.is_dir() {
        Err(refused("it is a folder"))
    } else {
        Err(refused("it is a pipe, a socket or a device"))
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(unix)]
fn identity(entry: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;

    (entry.dev(), entry.ino())
}

/// The standard library tells no file number here: the time of creation stands for it.
#[cfg(not(unix))]
fn identity(entry: &Metadata) -> Option<std::time::SystemTime> {
    entry.created().ok()
}

/// Last change of content and of the entry itself, each in seconds and nanoseconds.
#[cfg(unix)]
fn times(entry: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt as _;

    [entry.mtime(), entry.mtime_nsec(), entry.ctime(), entry.ctime_nsec()]
}

#[cfg(not(unix))]
fn times(entry: &Metadata) -> Option<std::time::SystemTime> {
    entry.modified().ok()
}

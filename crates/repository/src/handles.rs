//! Files that this process has open elsewhere.
//!
//! On Unix, to close any handle of a file gives up all locks that the process has on it. A program
//! that keeps a database open would lose its locks, and in the end its data, if its database were
//! merely looked at. Therefore such a handle is kept, not closed.

use std::path::Path;

use holdfast_seal::error::Error as SealError;
use holdfast_seal::source::SourceFile;

use crate::walk::DATABASE_MAGIC;

/// What a file is, by how it begins.
pub(crate) enum Kind {
    Plain(Box<SourceFile>),
    Database,
}

/// Opens a file unless it is a database.
///
/// # Errors
///
/// `SOURCE_UNREADABLE`.
pub(crate) fn open(path: &Path) -> Result<Kind, SealError> {
    if kept::is_database(path) == Some(true) {
        return Ok(Kind::Database);
    }
    let file = SourceFile::open(path)?;
    if !begins_as_database(&file)? {
        return Ok(Kind::Plain(Box::new(file)));
    }
    kept::close(path, file);
    Ok(Kind::Database)
}

/// Whether this process has the file open, handles kept here not counted.
pub(crate) fn is_open_elsewhere(path: &Path) -> bool {
    kept::count(path) > kept::own(path)
}

fn begins_as_database(file: &SourceFile) -> Result<bool, SealError> {
    let mut start = [0_u8; DATABASE_MAGIC.len()];
    Ok(file.read_at(0, &mut start)? == start.len() && start == *DATABASE_MAGIC)
}

#[cfg(unix)]
mod kept {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use holdfast_seal::source::SourceFile;

    use super::begins_as_database;

    type Identity = (u64, u64);

    /// One handle for each database that was open elsewhere when it was looked at.
    static KEPT: Mutex<BTreeMap<Identity, Vec<SourceFile>>> = Mutex::new(BTreeMap::new());

    /// What a file is that a handle was kept of; nothing for all others.
    pub(super) fn is_database(path: &Path) -> Option<bool> {
        let kept = kept();
        if kept.is_empty() {
            return None;
        }
        let file = kept.get(&identity(path)?)?.first()?;
        begins_as_database(file).ok()
    }

    pub(super) fn close(path: &Path, file: SourceFile) {
        let Some(identity) = identity(path) else { return };
        let mut kept = kept();
        let own = kept.get(&identity).map_or(0, Vec::len);
        if count(path) > own.saturating_add(1) {
            kept.entry(identity).or_default().push(file);
        }
    }

    pub(super) fn own(path: &Path) -> usize {
        identity(path).and_then(|identity| kept().get(&identity).map(Vec::len)).unwrap_or(0)
    }

    /// Handles of this process that lead to the file.
    pub(super) fn count(path: &Path) -> usize {
        let Some(wanted) = identity(path) else { return 0 };
        let handles = fs::read_dir("/dev/fd").into_iter().flatten().flatten();
        handles.filter(|handle| identity(&handle.path()) == Some(wanted)).count()
    }

    fn identity(path: &Path) -> Option<Identity> {
        let entry = fs::metadata(path).ok()?;
        Some((entry.dev(), entry.ino()))
    }

    fn kept() -> MutexGuard<'static, BTreeMap<Identity, Vec<SourceFile>>> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Elsewhere a lock belongs to the handle that took it.
#[cfg(not(unix))]
mod kept {
    use std::path::Path;

    use holdfast_seal::source::SourceFile;

    pub(super) fn is_database(_: &Path) -> Option<bool> {
        None
    }

    pub(super) fn close(_: &Path, file: SourceFile) {
        drop(file);
    }

    pub(super) fn own(_: &Path) -> usize {
        0
    }

    pub(super) fn count(_: &Path) -> usize {
        0
    }
}

//! Files that this process has open elsewhere.
//!
//! On Unix, to close any handle of a file gives up all locks that the process has on it. A program
//! that keeps a database open would lose its locks, and in the end its data, if its database were
//! merely looked at. Therefore such a handle is kept, not closed; and a database that is being
//! copied here is not looked at at all.

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
    let mut kept = kept::lock();
    if kept.is_database(path) {
        return Ok(Kind::Database);
    }
    let file = SourceFile::open(path)?;
    if !begins_as_database(&file)? {
        return Ok(Kind::Plain(Box::new(file)));
    }
    kept.close(path, file);
    Ok(Kind::Database)
}

/// Whether this process has the file open, handles kept here not counted.
pub(crate) fn is_open_elsewhere(path: &Path) -> bool {
    kept::lock().is_open_elsewhere(path)
}

/// The right to copy a database: nobody here looks at it meanwhile, or copies it too.
///
/// Waits until another copy of it is made; nothing where the process has it open elsewhere.
pub(crate) fn claim(path: &Path) -> Option<kept::Claim> {
    kept::claim(path)
}

fn begins_as_database(file: &SourceFile) -> Result<bool, SealError> {
    let mut start = [0_u8; DATABASE_MAGIC.len()];
    Ok(file.read_at(0, &mut start)? == start.len() && start == *DATABASE_MAGIC)
}

#[cfg(unix)]
mod kept {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

    use holdfast_seal::source::SourceFile;

    use super::begins_as_database;

    type Identity = (u64, u64);

    /// Of the whole process: locks are.
    static KEPT: Mutex<Kept> =
        Mutex::new(Kept { handles: BTreeMap::new(), copied: BTreeSet::new() });
    static RELEASED: Condvar = Condvar::new();

    pub(super) struct Kept {
        /// Handles of databases that were open elsewhere when they were looked at.
        handles: BTreeMap<Identity, Vec<SourceFile>>,
        /// Databases that are being copied.
        copied: BTreeSet<Identity>,
    }

    /// While it lives, its database is being copied.
    pub(crate) struct Claim(Option<Identity>);

    impl Drop for Claim {
        fn drop(&mut self) {
            if let Some(identity) = &self.0 {
                lock().copied.remove(identity);
                RELEASED.notify_all();
            }
        }
    }

    pub(super) fn lock() -> MutexGuard<'static, Kept> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn claim(path: &Path) -> Option<Claim> {
        let Some(identity) = identity(path) else { return Some(Claim(None)) };
        let is_copied = |kept: &mut Kept| kept.copied.contains(&identity);
        let kept = RELEASED.wait_while(lock(), is_copied);
        let mut kept = kept.unwrap_or_else(PoisonError::into_inner);
        if kept.is_open_elsewhere(path) {
            return None;
        }
        kept.copied.insert(identity);
        Some(Claim(Some(identity)))
    }

    impl Kept {
        /// Whether that is known without a handle of its own.
        pub(super) fn is_database(&self, path: &Path) -> bool {
            if self.handles.is_empty() && self.copied.is_empty() {
                return false;
            }
            let Some(identity) = identity(path) else { return false };
            let handle = self.handles.get(&identity).and_then(|handles| handles.first());
            let begins = handle.is_some_and(|file| begins_as_database(file).unwrap_or(false));
            begins || self.copied.contains(&identity)
        }

        pub(super) fn close(&mut self, path: &Path, file: SourceFile) {
            let Some(identity) = identity(path) else { return };
            let own = self.handles.get(&identity).map_or(0, Vec::len);
            if count(path) > own.saturating_add(1) {
                self.handles.entry(identity).or_default().push(file);
            }
        }

        pub(super) fn is_open_elsewhere(&self, path: &Path) -> bool {
            let own = identity(path).and_then(|identity| self.handles.get(&identity)).map(Vec::len);
            count(path) > own.unwrap_or(0)
        }
    }

    /// Handles of this process that lead to the file.
    fn count(path: &Path) -> usize {
        let Some(wanted) = identity(path) else { return 0 };
        let handles = fs::read_dir("/dev/fd").into_iter().flatten().flatten();
        handles.filter(|handle| identity(&handle.path()) == Some(wanted)).count()
    }

    fn identity(path: &Path) -> Option<Identity> {
        let entry = fs::metadata(path).ok()?;
        Some((entry.dev(), entry.ino()))
    }
}

/// Elsewhere a lock belongs to the handle that took it.
#[cfg(not(unix))]
mod kept {
    use std::path::Path;

    use holdfast_seal::source::SourceFile;

    pub(super) struct Kept;
    pub(crate) struct Claim;

    pub(super) fn lock() -> Kept {
        Kept
    }

    #[expect(clippy::unnecessary_wraps, reason = "on Unix a database may be open elsewhere")]
    pub(super) fn claim(_: &Path) -> Option<Claim> {
        Some(Claim)
    }

    impl Kept {
        pub(super) fn is_database(&self, _: &Path) -> bool {
            false
        }

        pub(super) fn close(&mut self, _: &Path, file: SourceFile) {
            drop(file);
        }

        pub(super) fn is_open_elsewhere(&self, _: &Path) -> bool {
            false
        }
    }
}

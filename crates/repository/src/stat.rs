//! What a file system says about a file.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// File systems stamp changes this coarsely at worst: a file that was changed later than this
/// before it was read may change again without a new time.
const COARSEST: Duration = Duration::from_secs(2);

/// What tells whether a file was changed, and what an entry keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) size: u64,
    /// Last change of the content: seconds since 1970 and nanoseconds.
    pub(crate) modified: (i64, u32),
    /// Last change of the content or of the entry itself, where the system tells.
    pub(crate) changed: (i64, u32),
    pub(crate) inode: u64,
    /// The low 12 bits.
    pub(crate) mode: u32,
}

/// Tells two states of a file apart.
pub(crate) type Stamp = [u8; 16];

impl Stat {
    #[cfg(unix)]
    pub(crate) fn of(entry: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;

        let nanoseconds = |value: i64| u32::try_from(value).unwrap_or_default();
        Self {
            size: entry.len(),
            modified: (entry.mtime(), nanoseconds(entry.mtime_nsec())),
            changed: (entry.ctime(), nanoseconds(entry.ctime_nsec())),
            inode: entry.ino(),
            mode: entry.mode() & 0o7777,
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(entry: &Metadata) -> Self {
        let modified = entry.modified().map(since_1970).unwrap_or_default();
        let writable = if entry.permissions().readonly() { 0o444 } else { 0o644 };
        Self {
            size: entry.len(),
            modified,
            changed: modified,
            inode: 0,
            mode: if entry.is_dir() { 0o755 } else { writable },
        }
    }

    /// Tells this state from any later one of the same file.
    pub(crate) fn stamp(&self) -> Stamp {
        stamp(&[Some(self)])
    }

    /// Whether any later change will show in the times.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let latest = now.checked_sub(COARSEST).map(since_1970);
        latest.is_some_and(|latest| self.changed < latest)
    }
}

/// Seconds since 1970, which may be negative, and nanoseconds.
pub(crate) fn since_1970(time: SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX).saturating_neg();
            match before.subsec_nanos() {
                0 => (seconds, 0),
                part => (seconds.saturating_sub(1), 1_000_000_000_u32.saturating_sub(part)),
            }
        }
    }
}

/// The state of a database: of its file, and of what was written but is not in it yet. Nothing
/// where that changed too lately to tell.
pub(crate) fn database_stamp(path: &Path, main: &Stat, now: SystemTime) -> Option<Stamp> {
    let side = |suffix: &str| {
        let entry = fs::symlink_metadata(beside(path, suffix)).ok()?;
        Some(Stat::of(&entry)).filter(|stat| stat.size > 0)
    };
    let (log, journal) = (side("-wal"), side("-journal"));
    let all = [Some(main), log.as_ref(), journal.as_ref()];
    all.iter().flatten().all(|stat| stat.is_settled(now)).then(|| stamp(&all))
}

/// The path with something at the end of its last name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn stamp(stats: &[Option<&Stat>]) -> Stamp {
    let mut hasher = blake3::Hasher::new();
    for stat in stats {
        hasher.update(&[u8::from(stat.is_some())]);
        let Some(stat) = stat else { continue };
        hasher.update(&stat.size.to_be_bytes()).update(&stat.inode.to_be_bytes());
        for (seconds, nanoseconds) in [stat.modified, stat.changed] {
            hasher.update(&seconds.to_be_bytes()).update(&nanoseconds.to_be_bytes());
        }
    }
    let mut stamp = Stamp::default();
    hasher.finalize_xof().fill(&mut stamp);
    stamp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_keep_their_nanoseconds_positive() {
        let before = UNIX_EPOCH - Duration::new(1, 250_000_000);
        assert_eq!(since_1970(before), (-2, 750_000_000));
        assert_eq!(since_1970(UNIX_EPOCH - Duration::from_secs(3)), (-3, 0));
    }

    #[test]
    fn a_file_that_was_just_changed_is_not_settled() {
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let stat =
            |seconds| Stat { size: 0, modified: (0, 0), changed: (seconds, 0), inode: 0, mode: 0 };
        assert!(stat(97).is_settled(now));
        assert!(!stat(98).is_settled(now));
        assert!(!stat(5000).is_settled(now));
    }
}

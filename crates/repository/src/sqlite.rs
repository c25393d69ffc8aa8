//! Consistent copies of databases that are in use, by SQLite's online backup.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use holdfast_seal::error::Error as SealError;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::Error;
use crate::handles;
use crate::source::Snapshotter;
use crate::stat::beside;

/// How long writers may keep a database locked before the copy is given up.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);
const ALL_PAGES: std::ffi::c_int = -1;
const STEP: &str = "copy the database";

/// Copies all pages within one read transaction.
///
/// A database that this very process has open is refused: the locks of two copies of SQLite within
/// one process do not see each other, so only the one that has it open can copy it.
#[derive(Debug, Clone, Copy, Default)]
pub struct OnlineBackup;

impl Snapshotter for OnlineBackup {
    fn copy(&self, path: &Path, target: &Path) -> Result<(), Error> {
        let Some(_claim) = handles::claim(path) else {
            let reason = "this process has it open: pass its own snapshot for it";
            return Err(unreadable(reason));
        };
        let outcome = open(path).and_then(|source| copy(&source, target));
        for suffix in ["-wal", "-shm", "-journal"] {
            drop(std::fs::remove_file(beside(target, suffix)));
        }
        outcome
    }
}

/// Opens the database so that nothing of it changes but what any reader would change.
fn open(path: &Path) -> Result<Connection, Error> {
    let log: PathBuf = beside(path, "-wal");
    let has_log = std::fs::symlink_metadata(log).is_ok_and(|entry| entry.len() > 0);
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Writable first: what a crash left can only be rolled back by one that may write.
    let source = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE);
    let source = source
        .or_else(|_| Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(|error| failed(&error))?;
    // A log that others left stays as it is; one that is only ours goes.
    let keep = source.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log);
    keep.and_then(|_| source.busy_timeout(PATIENCE)).map_err(|error| failed(&error))?;
    Ok(source)
}

fn copy(source: &Connection, target: &Path) -> Result<(), Error> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let mut target = Connection::open_with_flags(target, flags).map_err(|error| failed(&error))?;
    // The copy is read once and removed: a crash makes it useless anyway.
    target
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        .map_err(|error| failed(&error))?;
    let backup = Backup::new(source, &mut target).map_err(|error| failed(&error))?;
    let begin = Instant::now();
    loop {
        match backup.step(ALL_PAGES).map_err(|error| failed(&error))? {
            StepResult::Done => return Ok(()),
            _ if begin.elapsed() > PATIENCE => {
                return Err(unreadable("it stays locked"));
            }
            _ => thread::sleep(PAUSE),
        }
    }
}

fn failed(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => SealError::NoSpace { call: STEP }.into(),
        Some(code) => unreadable(&format!("{code:?}")),
        None => unreadable("SQLite failed"),
    }
}

fn unreadable(reason: &str) -> Error {
    SealError::SourceUnreadable { call: STEP, reason: reason.to_owned() }.into()
}

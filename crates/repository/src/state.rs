//! What this machine keeps of a repository, in a folder of its own: the pin, the journal, caches, a
//! lock. All of it may be lost without harm.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holdfast_seal::error::Error as SealError;

use crate::error::Error;
use crate::keys::RepositoryId;
use crate::object::Digest256;
use crate::pin::Pin;

const PIN: &str = "pin.json";
const LOCK: &str = "lock";
const DRAFT: &str = ".draft";
/// Longest pin that is read: one of about 400,000 snapshots.
const MAX_PIN_LEN: u64 = 16 << 20;
/// Drafts older than this were left by a process that is gone.
const DRAFT_LIFE: Duration = Duration::from_secs(3600);

/// The state of one repository on this machine.
#[derive(Debug)]
pub struct State(PathBuf);

/// Held while a backup runs; gone with its process.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl State {
    /// The state of the repository `id`, in a folder of this name in `root`. Folders that are
    /// missing are made, for their owner only.
    ///
    /// # Errors
    ///
    /// `TARGET_UNWRITABLE`, `NO_SPACE`.
    pub fn open(root: &Path, id: RepositoryId) -> Result<Self, Error> {
        let failed = |error: io::Error| SealError::target("make the state folder", &error);
        let folder = std::path::absolute(root).map_err(failed)?.join(id.to_hex());
        builder().create(&folder).and_then(|()| make_private(&folder)).map_err(failed)?;
        let state = Self(folder);
        state.sweep();
        Ok(state)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// What was seen of the repository; nothing if it was never seen, or if that was lost.
    #[must_use]
    pub fn pin(&self) -> Option<Pin> {
        let path = self.0.join(PIN);
        let small = fs::metadata(&path).is_ok_and(|entry| entry.len() <= MAX_PIN_LEN);
        let text = if small { fs::read(&path).ok()? } else { return None };
        let end = text.iter().position(|byte| *byte == b'\n')?;
        let (line, digest) = text.split_at_checked(end)?;
        // A pin that is damaged would accuse the destination.
        if digest != check_line(line).as_bytes() {
            return None;
        }
        Pin::parse(line)
    }

    /// Keeps what was seen: the old pin or the new one is there, whatever happens.
    ///
    /// # Errors
    ///
    /// `TARGET_UNWRITABLE`, `NO_SPACE`.
    pub fn keep(&self, pin: &Pin) -> Result<(), Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let draft = self.0.join(format!("pin-{}-{number}{DRAFT}", std::process::id()));
        let write = || {
            let mut file = private().truncate(true).open(&draft)?;
            let line = pin.format();
            file.write_all(line.as_bytes())?;
            file.write_all(check_line(line.as_bytes()).as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, self.0.join(PIN))
        };
        write().map_err(|error| {
            drop(fs::remove_file(&draft));
            SealError::target("keep the pin", &error).into()
        })
    }

    /// Keeps other backups out until the lock is dropped. A file system without locks keeps nobody
    /// out: two backups at a time harm no repository, they only store some blocks twice.
    ///
    /// # Errors
    ///
    /// `LOCKED` if another process, or another handle, has it; `TARGET_UNWRITABLE`, `NO_SPACE`.
    pub fn lock(&self) -> Result<Lock, Error> {
        let failed = |error: &io::Error| Error::from(SealError::target("lock the state", error));
        let file = private().truncate(false).open(self.0.join(LOCK));
        let file = file.map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                Ok(Lock { _file: None })
            }
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }

    /// Removes drafts of processes that are gone.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let is_draft = entry.file_name().to_string_lossy().ends_with(DRAFT);
            let changed = entry.metadata().and_then(|entry| entry.modified()).ok();
            let age = changed.and_then(|changed| changed.elapsed().ok());
            if is_draft && age.is_some_and(|age| age > DRAFT_LIFE) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}

/// What follows a pin in its file: the end of its line, and its SHA-256.
fn check_line(pin: &[u8]) -> String {
    format!("\n{}\n", Digest256::of(pin).to_hex())
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(folder)?.permissions().mode() & 0o777;
    if mode == 0o700 {
        return Ok(());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Elsewhere a folder in the user's own is the user's own.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "Unix can fail")]
fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

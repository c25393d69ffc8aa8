//! The entries of a snapshot, a few at a time.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_repository::browse::{Browser, Wanted, content_digest, parse_path};
use holdfast_repository::error::Reports;
use holdfast_repository::manifest::{Entry, EntryKind};
use holdfast_repository::record::Snapshot;
use napi::bindgen_prelude::{Buffer, Null, Object, Uint8Array, Utf16String};
use napi::{Either, Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::courier::Post;
use crate::errors::{invalid, number, throwing};
use crate::operation::{Operation, start};
use crate::places::within;
use crate::records::{Failure, SnapshotRecord, hex, signed};
use crate::repository::RepositoryHandle;
use crate::switch::Switch;

/// Most entries that one call returns.
const MAX_BATCH: u32 = 10_000;

/// One file, directory or symlink of a snapshot.
#[napi(object, object_from_js = false)]
pub struct EntryRecord {
    /// Its path from the source down: names with `/` between them, usually UTF-8.
    pub path: Buffer,
    /// What it is.
    #[napi(ts_type = "'file' | 'directory' | 'symlink'")]
    pub kind: &'static str,
    /// Bytes of a file.
    pub size: f64,
    /// The low 12 bits of its mode.
    pub mode: u32,
    /// When it was changed: seconds since 1970.
    pub modified_seconds: f64,
    /// Nanoseconds besides.
    pub modified_nanos: u32,
    /// Where a symlink leads.
    pub target: Option<Buffer>,
    /// Equal for two files whose content is equal; 64 hexadecimal digits.
    pub content: String,
}

/// Entries of one snapshot, in order, until closed.
#[napi]
pub struct EntriesHandle {
    open: RefCell<Option<Open>>,
    snapshot: Snapshot,
    reports: Arc<Reports>,
}

#[derive(Clone)]
struct Open {
    browser: Arc<Mutex<Browser>>,
    switch: Arc<Switch>,
    post: Arc<Post>,
}

/// The entries of `snapshot` at the path `under` and below it, all of them for null; of these the
/// ones that fit one of `patterns`, if there are any.
///
/// # Errors
///
/// Rejects as the core's `Access::now`, `Snapshots::named` and `Browser::new` fail; throws for a
/// closed handle and for what is no path.
#[napi(ts_return_type = "Promise<EntriesHandle>", catch_unwind)]
pub fn repository_entries<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    snapshot: String,
    #[napi(ts_arg_type = "string | Uint8Array | null")] under: Either<
        Either<Utf16String, Uint8Array>,
        Null,
    >,
    patterns: Vec<String>,
) -> Result<Object<'env>> {
    let held = repository.held(*env)?;
    let under = match under {
        Either::A(path) => throwing(*env, within(path))?,
        Either::B(Null) => Vec::new(),
    };
    let (access, post) = (held.access, Arc::clone(&held.post));
    let open = move |operation: &Operation<'_>| {
        let wanted = Wanted::new(parse_path(&under)?, &patterns)?;
        let switch = Arc::new(Switch::new(&operation.line));
        let store = Arc::clone(&switch);
        let now = access.now(store, Arc::clone(&operation.reports))?;
        let snapshot = now.snapshots.named(&snapshot)?.clone();
        let browser = Browser::new(now.reader()?, snapshot.clone(), wanted)?;
        let browser = Arc::new(Mutex::new(browser));
        Ok((Open { browser, switch, post }, snapshot, now.reports))
    };
    start(env, control, &held.post, open, |(open, snapshot, reports)| EntriesHandle {
        open: RefCell::new(Some(open)),
        snapshot,
        reports,
    })
}

#[napi]
impl EntriesHandle {
    /// Up to `max` entries, at most 10,000; none after the last.
    ///
    /// # Errors
    ///
    /// Rejects as the core's `Browser::next` fails; throws for a closed handle.
    #[napi(ts_return_type = "Promise<EntryRecord[]>", catch_unwind)]
    pub fn next<'env>(&self, env: &'env Env, control: &Control, max: u32) -> Result<Object<'env>> {
        let open = self.open.borrow().clone();
        let open = throwing(*env, open.ok_or_else(|| invalid("the entries are closed")))?;
        let Open { browser, switch, post } = open;
        let max = usize::try_from(max.min(MAX_BATCH)).unwrap_or(1);
        let next = move |operation: &Operation<'_>| {
            let mut browser = browser.lock().unwrap_or_else(PoisonError::into_inner);
            switch.set(&operation.line);
            operation.call.control.check()?;
            browser.next(max)
        };
        start(env, control, &post, next, |entries| {
            entries.into_iter().map(EntryRecord::from).collect::<Vec<_>>()
        })
    }

    /// The snapshot whose entries they are.
    #[napi(getter)]
    #[must_use]
    pub fn snapshot(&self) -> SnapshotRecord {
        SnapshotRecord::from(&self.snapshot)
    }

    /// What was noticed so far.
    #[napi(getter)]
    #[must_use]
    pub fn warnings(&self) -> Vec<Failure> {
        self.reports.all().iter().map(Failure::of).collect()
    }

    /// Forgets what was read.
    #[napi]
    pub fn close(&self) {
        self.open.replace(None);
    }
}

impl From<Entry> for EntryRecord {
    fn from(entry: Entry) -> Self {
        let names: Vec<_> = entry.path.iter().map(|name| name.0.as_slice()).collect();
        let (size, content) = (number(entry.size()), hex(&content_digest(&entry)));
        let (seconds, modified_nanos) = entry.modified;
        let path = names.join(&b'/').into();
        let (kind, target) = match entry.kind {
            EntryKind::Directory => ("directory", None),
            EntryKind::File { .. } => ("file", None),
            EntryKind::Symlink(target) => ("symlink", Some(target.into())),
        };
        let (mode, modified_seconds) = (entry.mode, signed(seconds));
        Self { path, kind, size, mode, modified_seconds, modified_nanos, target, content }
    }
}

impl fmt::Debug for EntryRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EntryRecord({})", self.kind)
    }
}

impl fmt::Debug for EntriesHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EntriesHandle")
    }
}

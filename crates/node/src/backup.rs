//! Backups: from sources to a snapshot.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use holdfast_repository::error::Error;
use holdfast_repository::session::{Options, Outcome};
use holdfast_repository::source::{Origin, Snapshotter, Source};
use holdfast_repository::sqlite::OnlineBackup;
use holdfast_seal::error::Error as CoreError;
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::errors::{invalid, number, throwing};
use crate::line::Line;
use crate::operation::{Operation, start};
use crate::own_source::OwnSource;
use crate::places::{OwnPath, own};
use crate::records::{Failure, SnapshotRecord, seconds};
use crate::repository::RepositoryHandle;
use crate::settings::settings;

/// One thing to back up.
#[napi(object, object_to_js = false)]
pub struct BackupSource {
    /// A file or folder, a database, or a stream that the courier opens.
    #[napi(ts_type = "'path' | 'database' | 'stream'")]
    pub kind: String,
    /// Where it is; streams have none.
    #[napi(ts_type = "string | Uint8Array")]
    pub path: Option<OwnPath>,
    /// Its name in the snapshot; nothing takes the last name of the path.
    pub name: Option<String>,
    /// When a stream was changed: seconds since 1970.
    pub modified_seconds: Option<f64>,
    /// Nanoseconds besides.
    pub modified_nanos: Option<u32>,
    /// Whether the courier makes the copy of a database.
    pub has_snapshot: Option<bool>,
}

/// How a backup is made.
#[napi(object, object_to_js = false)]
pub struct BackupOptions {
    /// Patterns of what is left out.
    pub exclude: Vec<String>,
    /// Words of the user's.
    pub tags: Vec<String>,
    /// The machine's name.
    pub host: String,
    /// Whether blocks are compressed where that helps.
    pub compress: bool,
    /// Whether nothing is stored, only counted.
    pub dry_run: bool,
    /// Folders that are left out, such as the destination itself.
    #[napi(ts_type = "Array<string | Uint8Array>")]
    pub skipped: Vec<OwnPath>,
}

/// What a backup did.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct BackupOutcome {
    /// The snapshot; what it would have been after a dry run.
    pub snapshot: SnapshotRecord,
    /// Files that were not there.
    pub files_new: f64,
    /// Files whose content is different.
    pub files_changed: f64,
    /// Files whose content is the same.
    pub files_unchanged: f64,
    /// Bytes read from the sources.
    pub read_bytes: f64,
    /// Bytes of all new objects.
    pub stored_bytes: f64,
    /// What is not in the snapshot, and why: `details` has `path` and `kind`.
    pub problems: Vec<Failure>,
    /// What was noticed besides.
    pub warnings: Vec<Failure>,
}

/// Makes a backup. It holds the lock of the repository's state while it runs.
///
/// # Errors
///
/// Rejects as the core's `Access::back_up` fails; throws for a closed handle and for sources that
/// are none.
#[napi(ts_return_type = "Promise<BackupOutcome>", catch_unwind)]
pub fn repository_backup<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    sources: Vec<BackupSource>,
    options: BackupOptions,
) -> Result<Object<'env>> {
    let held = repository.held(*env)?;
    let sources = sources.into_iter().zip(0_u32..).map(|(source, at)| source.read(at));
    let sources = throwing(*env, sources.collect::<std::result::Result<Vec<_>, _>>())?;
    let options = throwing(*env, options.read())?;
    let access = held.access;
    let back_up = move |operation: &Operation<'_>| {
        let sources: Vec<_> = sources.into_iter().map(|given| given.on(&operation.line)).collect();
        let reports = Arc::clone(&operation.reports);
        let control = &operation.call.control;
        let outcome = access.back_up(operation.store(), &sources, options, control, reports)?;
        Ok::<_, Error>((outcome, operation.warnings()))
    };
    start(env, control, &held.post, back_up, |(outcome, warnings)| told(&outcome, warnings))
}

/// A source as it was described, without its line.
struct Given {
    name: Option<String>,
    at: u32,
    origin: GivenOrigin,
}

enum GivenOrigin {
    Path(PathBuf),
    /// A database, and whether the courier copies it.
    Database(PathBuf, bool),
    /// A stream, and when it was changed.
    Stream(Option<(i64, u32)>),
}

impl BackupSource {
    fn read(self, at: u32) -> std::result::Result<Given, CoreError> {
        let path = || {
            let path = self.path.as_ref().ok_or_else(|| invalid("sources: a path is missing"));
            own(path?, "sources")
        };
        let origin = match self.kind.as_str() {
            "path" => GivenOrigin::Path(path()?),
            "database" => GivenOrigin::Database(path()?, self.has_snapshot == Some(true)),
            "stream" => GivenOrigin::Stream(self.modified()?),
            _ => return Err(invalid("sources: a kind is path, database or stream")),
        };
        Ok(Given { name: self.name, at, origin })
    }

    fn modified(&self) -> std::result::Result<Option<(i64, u32)>, CoreError> {
        let Some(value) = self.modified_seconds else { return Ok(None) };
        let nanos = self.modified_nanos.unwrap_or_default();
        let modified = seconds(value).filter(|_| nanos < 1_000_000_000);
        let modified = modified.ok_or_else(|| invalid("sources: a time is out of range"))?;
        Ok(Some((modified, nanos)))
    }
}

impl Given {
    /// The source, asked for on `line` where it is the caller's.
    fn on(self, line: &Arc<Line>) -> Source {
        let asked = || OwnSource { line: Arc::clone(line), source: self.at };
        let origin = match self.origin {
            GivenOrigin::Path(path) => Origin::Path(path),
            GivenOrigin::Database(path, own) => {
                let copies = own.then(|| Arc::new(asked()) as Arc<dyn Snapshotter>);
                Origin::Database(path, copies)
            }
            GivenOrigin::Stream(modified) => Origin::Stream { stream: Arc::new(asked()), modified },
        };
        Source { name: self.name, origin }
    }
}

impl BackupOptions {
    fn read(self) -> std::result::Result<Options, CoreError> {
        let skipped = self.skipped.iter().map(|path| own(path, "skipped"));
        let defaults = Options::default();
        Ok(Options {
            skipped: skipped.collect::<std::result::Result<_, _>>()?,
            exclude: self.exclude,
            tags: self.tags,
            host: self.host,
            compress: self.compress,
            dry_run: self.dry_run,
            threads: defaults.threads.min(settings().threads()),
            snapshotter: Some(Arc::new(OnlineBackup)),
            ..defaults
        })
    }
}

fn told(outcome: &Outcome, warnings: Vec<Failure>) -> BackupOutcome {
    BackupOutcome {
        snapshot: SnapshotRecord::from(&outcome.snapshot),
        files_new: number(outcome.files.new),
        files_changed: number(outcome.files.changed),
        files_unchanged: number(outcome.files.unchanged),
        read_bytes: number(outcome.read_bytes),
        stored_bytes: number(outcome.stored_bytes),
        problems: outcome.problems.iter().map(Failure::of_source).collect(),
        warnings,
    }
}

impl fmt::Debug for BackupSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BackupSource({} {:?})", self.kind, self.name)
    }
}

impl fmt::Debug for BackupOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (exclude, tags) = (&self.exclude, &self.tags);
        out.debug_struct("BackupOptions")
            .field("exclude", exclude)
            .field("tags", tags)
            .finish_non_exhaustive()
    }
}

//! Restoring a snapshot, or parts of it, into a folder.

use std::fmt;
use std::sync::Arc;

use holdfast_repository::browse::parse_path;
use holdfast_repository::error::Error;
use holdfast_repository::plan::Options;
use holdfast_repository::restore::{Restored, restore};
use napi::bindgen_prelude::{Object, Uint8ArraySlice, Utf16String};
use napi::{Either, Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::errors::{number, throwing};
use crate::operation::{Operation, start_writing};
use crate::places::{OwnPath, required, within};
use crate::records::{Failure, SnapshotRecord};
use crate::repository::RepositoryHandle;

/// What is restored, and how.
#[napi(object, object_to_js = false)]
pub struct RestoreOptions {
    /// Paths in the snapshot, with all that lies below; everything if there are none.
    #[napi(ts_type = "Array<string | Uint8Array>")]
    pub paths: Vec<OwnPath>,
    /// Whether files that exist are replaced.
    pub overwrite: bool,
    /// Whether to restore what there is where something is missing or damaged.
    pub partial: bool,
    /// Whether setuid, setgid and sticky bits are restored.
    pub special_bits: bool,
}

/// What a restore did.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct RestoreOutcome {
    /// The snapshot that was restored.
    pub snapshot: SnapshotRecord,
    /// Entries that are in the target now, those included that were there already.
    pub entries: f64,
    /// Entries that were there already.
    pub kept: f64,
    /// Bytes of the files that were written.
    pub bytes: f64,
    /// What could not be restored: `details` has `path` where it is one entry.
    pub problems: Vec<Failure>,
    /// What was noticed besides.
    pub warnings: Vec<Failure>,
}

/// Restores `snapshot` into the folder `target`, which is made if it is missing.
///
/// # Errors
///
/// Rejects as the core's `restore` fails; throws for a closed handle and for what is no path.
#[napi(ts_return_type = "Promise<RestoreOutcome>", catch_unwind)]
pub fn repository_restore<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    snapshot: String,
    #[napi(ts_arg_type = "string | Uint8Array")] target: Either<Utf16String, Uint8ArraySlice<'env>>,
    options: RestoreOptions,
) -> Result<Object<'env>> {
    let held = repository.held(*env)?;
    let target = required(*env, target, "target")?;
    let options = throwing(*env, options.read())?;
    let access = held.access;
    let work = move |operation: &Operation<'_>| {
        let now = access.now(operation.store(), Arc::clone(&operation.reports))?;
        let snapshot = now.snapshots.named(&snapshot)?;
        let (reader, control) = (now.reader()?, &operation.call.control);
        let restored = restore(&reader, snapshot, &target, &options, control)?;
        Ok::<_, Error>((SnapshotRecord::from(snapshot), restored, operation.warnings()))
    };
    start_writing(env, control, &held.post, work, |(snapshot, restored, warnings)| {
        told(snapshot, &restored, warnings)
    })
}

impl RestoreOptions {
    fn read(self) -> std::result::Result<Options, Error> {
        let paths = self.paths.into_iter().map(|path| parse_path(&within(path)?));
        let paths = paths.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Options {
            // An empty path is everything.
            paths: if paths.iter().any(Vec::is_empty) { Vec::new() } else { paths },
            overwrite: self.overwrite,
            partial: self.partial,
            special_bits: self.special_bits,
        })
    }
}

fn told(snapshot: SnapshotRecord, restored: &Restored, warnings: Vec<Failure>) -> RestoreOutcome {
    RestoreOutcome {
        snapshot,
        entries: number(restored.entries),
        kept: number(restored.kept),
        bytes: number(restored.bytes),
        problems: restored.problems.iter().map(Failure::of).collect(),
        warnings,
    }
}

impl fmt::Debug for RestoreOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RestoreOptions")
            .field("overwrite", &self.overwrite)
            .field("partial", &self.partial)
            .finish_non_exhaustive()
    }
}

//! The snapshots of a repository.

use std::sync::Arc;

use holdfast_repository::access::Now;
use holdfast_repository::error::Error;
use napi::bindgen_prelude::{Null, Object};
use napi::{Either, Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::operation::{Operation, start};
use crate::records::{Failure, SnapshotRecord};
use crate::repository::RepositoryHandle;

/// What snapshots there are.
#[napi(object, object_from_js = false)]
pub struct SnapshotList {
    /// Every snapshot, newest first.
    pub snapshots: Vec<SnapshotRecord>,
    /// Why some cannot be read.
    pub damaged: Vec<Failure>,
    /// Why the destination may be showing an older state, if it may.
    #[napi(ts_type = "Failure | null")]
    pub suspicion: Either<Failure, Null>,
    /// What was noticed besides.
    pub warnings: Vec<Failure>,
}

impl std::fmt::Debug for SnapshotList {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SnapshotList({})", self.snapshots.len())
    }
}

/// Lists the snapshots.
///
/// # Errors
///
/// Rejects as the core's `Access::afresh` fails; throws for a closed handle.
#[napi(ts_return_type = "Promise<SnapshotList>", catch_unwind)]
pub fn repository_snapshots<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
) -> Result<Object<'env>> {
    let held = repository.held(*env)?;
    let access = held.access;
    let list = move |operation: &Operation<'_>| {
        let now = access.afresh(operation.store(), Arc::clone(&operation.reports))?;
        Ok::<_, Error>((now, operation.warnings()))
    };
    start(env, control, &held.post, list, |(now, warnings)| told(&now, warnings))
}

fn told(now: &Now, warnings: Vec<Failure>) -> SnapshotList {
    let suspicion = now.snapshots.suspicion().map(Failure::of);
    SnapshotList {
        snapshots: now.snapshots.all.iter().map(SnapshotRecord::from).collect(),
        damaged: now.snapshots.damaged.iter().map(Failure::of).collect(),
        suspicion: suspicion.map_or(Either::B(Null), Either::A),
        warnings,
    }
}

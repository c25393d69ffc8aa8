//! Whether everything is there and whole, and how much it is.

use std::sync::Arc;

use holdfast_repository::check::{Checked, Depth, check};
use holdfast_repository::error::Error;
use holdfast_repository::stats::{Stats, stats};
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::errors::{invalid, number, throwing};
use crate::operation::{Operation, start};
use crate::records::Failure;
use crate::repository::RepositoryHandle;

/// A whole, in the parts that a check counts.
const WHOLE: u32 = 10_000;

/// What a check saw.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct CheckOutcome {
    /// Snapshots whose every block has its place.
    pub snapshots: f64,
    /// Packs that were read whole.
    pub packs: f64,
    /// Bytes of those.
    pub bytes: f64,
    /// Everything that is wrong.
    pub problems: Vec<Failure>,
    /// What was noticed besides.
    pub warnings: Vec<Failure>,
}

/// Numbers of a repository.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct StatsRecord {
    /// Snapshots that can be read.
    pub snapshots: f64,
    /// Packs of the epoch.
    pub packs: f64,
    /// Objects of the repository.
    pub objects: f64,
    /// Bytes of those, as they are stored.
    pub stored_bytes: f64,
    /// Different blocks.
    pub blocks: f64,
    /// Bytes of those, before they were compressed and sealed.
    pub block_bytes: f64,
    /// Bytes of all files of all snapshots.
    pub content_bytes: f64,
    /// What was noticed besides.
    pub warnings: Vec<Failure>,
}

/// Checks the repository; about `part_of_10000` of 10,000 packs are read, chosen at random.
///
/// # Errors
///
/// Rejects as the core's `Access::afresh` and `check` fail; throws for a closed handle and for a part
/// above the whole.
#[napi(ts_return_type = "Promise<CheckOutcome>", catch_unwind)]
pub fn repository_check<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
    part_of_10000: u32,
) -> Result<Object<'env>> {
    let held = repository.held(*env)?;
    let depth = throwing(*env, depth(part_of_10000).ok_or_else(|| invalid("read: at most all")))?;
    let access = held.access;
    let work = move |operation: &Operation<'_>| {
        let now = access.afresh(operation.store(), Arc::clone(&operation.reports))?;
        let control = &operation.call.control;
        let checked = check(&*now.reader()?, &now.snapshots, depth, control)?;
        Ok::<_, Error>((checked, operation.warnings()))
    };
    start(env, control, &held.post, work, |(checked, warnings)| told(&checked, warnings))
}

/// Counts what is there.
///
/// # Errors
///
/// Rejects as the core's `Access::now` and `stats` fail; throws for a closed handle.
#[napi(ts_return_type = "Promise<StatsRecord>", catch_unwind)]
pub fn repository_stats<'env>(
    env: &'env Env,
    control: &Control,
    repository: &RepositoryHandle,
) -> Result<Object<'env>> {
    let held = repository.held(*env)?;
    let access = held.access;
    let work = move |operation: &Operation<'_>| {
        let now = access.now(operation.store(), Arc::clone(&operation.reports))?;
        Ok::<_, Error>((stats(&now)?, operation.warnings()))
    };
    start(env, control, &held.post, work, |(stats, warnings)| counted(&stats, warnings))
}

fn depth(part: u32) -> Option<Depth> {
    match part {
        0 => Some(Depth::Listing),
        WHOLE => Some(Depth::All),
        part => u16::try_from(part).ok().filter(|_| part < WHOLE).map(Depth::Part),
    }
}

fn told(checked: &Checked, warnings: Vec<Failure>) -> CheckOutcome {
    CheckOutcome {
        snapshots: number(checked.snapshots),
        packs: number(checked.packs),
        bytes: number(checked.bytes),
        problems: checked.problems.iter().map(Failure::of).collect(),
        warnings,
    }
}

fn counted(stats: &Stats, warnings: Vec<Failure>) -> StatsRecord {
    StatsRecord {
        snapshots: number(stats.snapshots),
        packs: number(stats.packs),
        objects: number(stats.objects),
        stored_bytes: number(stats.stored_bytes),
        blocks: number(stats.blocks),
        block_bytes: number(stats.block_bytes),
        content_bytes: number(stats.content_bytes),
        warnings,
    }
}

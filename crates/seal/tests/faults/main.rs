//! Real files on a real file system, with a failure, a change, a cancellation or the process's
//! death at every single file call. Rows are those of the list of faults.

#![cfg(all(unix, feature = "faults"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod calls;
mod job;
mod kill;
mod races;
#[path = "../scratch/mod.rs"]
mod scratch;

//! The Node addon: converts arguments, schedules work on its own threads, converts results.
//!
//! It decides nothing: what is sealed and how is `holdfast-seal`'s, what callers see is `ts/`'s.

#![deny(clippy::undocumented_unsafe_blocks)]

mod bytes;
pub mod control;
pub mod errors;
#[cfg(feature = "faults")]
pub mod faults;
pub mod inspect;
pub mod kept_key;
pub mod key;
pub mod password;
mod places;
mod pool;
mod presence;
pub mod seal;
pub mod sets;
pub mod settings;
mod task;

//! The Node addon: converts arguments, schedules work on its own threads, converts results.
//!
//! It decides nothing: what is sealed and how is `holdfast-seal`'s, what is stored, believed and
//! restored is `holdfast-repository`'s, what callers see is `ts/`'s.

#![deny(clippy::undocumented_unsafe_blocks)]

pub mod backup;
mod bytes;
pub mod check;
pub mod control;
pub mod courier;
pub mod credentials;
mod desk;
pub mod entries;
pub mod errors;
#[cfg(feature = "faults")]
pub mod faults;
pub mod file;
pub mod inspect;
pub mod kept_key;
pub mod key;
pub mod keyring;
mod line;
mod operation;
mod own_source;
pub mod password;
mod places;
mod pool;
mod presence;
pub mod records;
pub mod repository;
pub mod request;
pub mod restore;
pub mod seal;
pub mod sets;
pub mod settings;
pub mod snapshots;
mod switch;
mod task;

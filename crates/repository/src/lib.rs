//! Repositories: snapshots of files and databases, made of nothing but sealed files.
//!
//! Everything here is synchronous and knows neither Node nor the network: objects are fetched and
//! stored through [`store::Store`]. The format is `docs/format.md`; section numbers in the
//! documentation are its.

#![forbid(unsafe_code)]

pub mod block;
pub mod catalog;
pub mod clear;
pub mod entries;
pub mod error;
mod hex;
pub mod index;
pub mod json;
pub mod keys;
pub mod listing;
pub mod manifest;
pub mod name;
pub mod object;
pub mod open;
pub mod pack;
pub mod padme;
pub mod page;
mod parallel;
pub mod pin;
pub mod read;
pub mod record;
pub mod repository;
mod runs;
pub mod slot;
pub mod snapshots;
pub mod store;
pub mod text;
pub mod time;
mod unlock;

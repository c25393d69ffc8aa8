//! Repositories: snapshots of files and databases, made of nothing but sealed files.
//!
//! Everything here is synchronous and knows neither Node nor the network: objects are fetched and
//! stored through [`store::Store`]. The format is `docs/format.md`; section numbers in the
//! documentation are its.

#![forbid(unsafe_code)]

pub mod access;
pub mod block;
pub mod browse;
mod buffers;
mod cache;
pub mod catalog;
pub mod check;
pub mod clear;
mod commit;
pub mod create;
mod cut;
mod database;
mod encode;
pub mod entries;
pub mod error;
pub mod file;
mod fixed;
mod folder;
pub mod found;
mod growing;
mod handles;
mod hex;
pub mod index;
mod journal;
pub mod json;
pub mod keyring;
pub mod keys;
mod known;
mod ledger;
pub mod listing;
pub mod manifest;
pub mod name;
pub mod object;
pub mod open;
mod options;
pub mod pack;
mod packing;
pub mod padme;
pub mod page;
mod parallel;
mod pass;
mod patterns;
pub mod pin;
pub mod plain;
pub mod plan;
mod put;
pub mod read;
pub mod record;
mod rehearsal;
pub mod remembered;
pub mod repository;
pub mod restore;
mod runs;
pub mod session;
mod shelf;
mod ship;
pub mod slot;
pub mod snapshots;
pub mod source;
pub mod sqlite;
mod stat;
pub mod state;
pub mod stats;
pub mod store;
pub mod text;
pub mod time;
mod unlock;
mod walk;
mod writing;

//! Sealed files: age v1 files that a password or a 64-digit key opens.
//!
//! The two calls to know are [`sealing::seal_file`] and [`opening::open_file`]. Everything here is
//! synchronous and knows neither Node nor the network. The format is `docs/format.md`; section
//! numbers in the documentation are its.

#![forbid(unsafe_code)]

pub mod age_key;
mod armor;
mod chunk;
pub mod control;
pub mod credential;
pub mod error;
pub mod header;
pub mod kdf;
mod lengths;
pub mod limits;
pub mod password;
mod read;
pub mod recovery_key;
pub mod secret;
mod stream;

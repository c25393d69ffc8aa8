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
pub mod crew;
pub mod derivation;
pub mod error;
#[cfg(feature = "faults")]
pub mod faults;
pub mod filling;
pub mod header;
mod input;
pub mod inspect;
pub mod kdf;
pub mod kept_key;
mod lengths;
pub mod limits;
pub mod object;
pub mod opening;
mod output;
mod parallel;
pub mod password;
pub mod place;
pub mod positioned;
mod read;
pub mod recovery_key;
pub mod sealing;
pub mod secret;
pub mod source;
mod standard;
mod stream;

//! Kept keys: a 64-digit key sealed under a password (`docs/format.md` section 2).
//!
//! One Argon2id run opens it, and the key then opens any number of files: the shape to use for
//! many files and one password.

use zeroize::Zeroizing;

use crate::credential::{Identity, Recipients};
use crate::error::Error;
use crate::kdf::KdfLimits;
use crate::opening::open_bytes;
use crate::recovery_key::RecoveryKey;
use crate::sealing::seal_bytes;

/// Seals the line `AGE-SECRET-KEY-PQ-1…`.
///
/// # Errors
///
/// As [`seal_bytes`].
pub fn seal_key(key: &RecoveryKey, to: &Recipients, limits: &KdfLimits) -> Result<Vec<u8>, Error> {
    let identity = key.identity();
    let mut line = Zeroizing::new(Vec::with_capacity(identity.len().saturating_add(1)));
    line.extend_from_slice(identity.as_bytes());
    line.push(b'\n');
    seal_bytes(&line, to, limits)
}

/// Opens what [`seal_key`] made.
///
/// # Errors
///
/// As [`open_bytes`]; [`Error::Malformed`] if what was sealed is not one line with an identity.
pub fn open_key(
    sealed: &[u8],
    with: &[Identity],
    limits: &KdfLimits,
) -> Result<RecoveryKey, Error> {
    let plain = open_bytes(sealed, with, limits)?;
    let malformed = || Error::Malformed { what: "what was sealed is not a kept key", line: None };
    let line = plain.strip_suffix(b"\n").and_then(|line| str::from_utf8(line).ok());
    let key = line.and_then(|line| RecoveryKey::parse(line).ok()).ok_or_else(malformed)?;
    // Only the line itself: no digits, comments, white space or lower case instead.
    if line == Some(key.identity().as_str()) { Ok(key) } else { Err(malformed()) }
}

//! Temporary files: their names, their locks, and what a killed process left of them.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;

use sha2::{Digest as _, Sha256};

use super::system::Folder;
use super::{Secrecy, unwritable};
use crate::error::Error;

/// Temporary names that are tried: as many calls can write to one target at a time.
const MAX_DRAFTS: u32 = 1024;
/// Temporary names that are looked at for what a killed process left behind.
const SWEPT_DRAFTS: u32 = 8;

/// Removes what killed processes left behind, as far as that can be told and done.
pub(super) fn sweep(folder: &Folder, target: &OsStr) {
    for name in names(target, SWEPT_DRAFTS) {
        let Ok(file) = folder.open_existing(&name) else { continue };
        let plain = file.metadata().is_ok_and(|entry| entry.is_file());
        // Locked before it is compared: only the holder of the lock takes a name away.
        if plain && file.try_lock().is_ok() && folder.leads_to(&name, &file).unwrap_or(false) {
            let _ = folder.remove(&name);
        }
    }
}

/// Makes a temporary file beside `target`, and locks it where locks exist.
pub(super) fn create(
    folder: &Folder,
    target: &OsStr,
    secrecy: Secrecy,
) -> Result<(OsString, File), Error> {
    for name in names(target, MAX_DRAFTS) {
        let file = match folder.create(&name, secrecy) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            created => created.map_err(unwritable("create"))?,
        };
        // Another call may take the new file for a left-over before it is locked: it then holds
        // the lock, or has removed the name. Without locks nothing is ever taken for a left-over.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            continue;
        }
        match folder.leads_to(&name, &file) {
            Ok(true) => return Ok((name, file)),
            Ok(false) => {}
            Err(error) => {
                let _ = folder.remove(&name);
                return Err(Error::target("inspect", &error));
            }
        }
    }
    let reason = "too many temporary files beside the target".to_owned();
    Err(Error::TargetUnwritable { call: "create", reason, visible: false })
}

/// The first `count` temporary names for a target, which do not show its own name.
fn names(target: &OsStr, count: u32) -> impl Iterator<Item = OsString> {
    let digest = Sha256::digest(target.as_encoded_bytes());
    let (start, _) = digest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let stem = u64::from_be_bytes(*start);
    (0..count).map(move |number| format!(".holdfast-{stem:016x}-{number}.partial").into())
}

//! The files in clear text: inputs of checks, never trusted (`docs/format.md` section 5).

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::json::Value;
use crate::keys::{Commit, RepositoryId};

const MAX_LEN: usize = 4096;

/// The bytes of `holdfast.json`.
#[must_use]
pub fn format_repository(id: RepositoryId) -> Vec<u8> {
    format!("{{\"holdfast\":1,\"repository\":\"{}\"}}\n", id.to_hex()).into_bytes()
}

/// Reads `holdfast.json`.
///
/// # Errors
///
/// `UNSUPPORTED_VERSION` above 1, `REPOSITORY_FORGED` for anything that is not its JSON.
pub fn parse_repository(bytes: &[u8]) -> Result<RepositoryId, Error> {
    let value = parse(bytes)?;
    let version = value.get("holdfast").and_then(Value::natural).ok_or_else(forged)?;
    if version > 1 {
        return Err(fault(
            Fault::UnsupportedVersion,
            format!("format {version} is newer than this program (1)"),
        ));
    }
    let id = value.get("repository").and_then(Value::text).and_then(hex::decode);
    id.filter(|_| version == 1).map(RepositoryId).ok_or_else(forged)
}

/// The bytes of `e<n>/epoch.json`.
#[must_use]
pub fn format_epoch(epoch: u64, commit: Commit) -> Vec<u8> {
    format!("{{\"epoch\":{epoch},\"commit\":\"{}\"}}\n", hex::encode(&commit.0)).into_bytes()
}

/// Reads `e<epoch>/epoch.json`.
///
/// # Errors
///
/// `REPOSITORY_FORGED` for anything that is not its JSON, and for another epoch than its folder's.
pub fn parse_epoch(bytes: &[u8], epoch: u64) -> Result<Commit, Error> {
    let value = parse(bytes)?;
    let same = value.get("epoch").and_then(Value::natural) == Some(epoch);
    let commit = value.get("commit").and_then(Value::text).and_then(hex::decode);
    commit.filter(|_| same).map(Commit).ok_or_else(forged)
}

/// A clear file's one line.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let line = bytes.strip_suffix(b"\n").filter(|line| !line.contains(&b'\n'));
    let line = line.filter(|_| bytes.len() <= MAX_LEN).ok_or_else(forged)?;
    Value::parse(line).ok_or_else(forged)
}

fn forged() -> Error {
    fault(Fault::RepositoryForged, "a clear file is not what it should be")
}

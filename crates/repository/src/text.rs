//! Text objects: a record, its MAC, padding (`docs/format.md` section 6).

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::json::Value;
use crate::keys::DerivedKey;
use crate::padme::padme;

const MAC_LINE_LEN: usize = 66;
const MIN_LEN: u64 = 4096;
/// Length of a slot's plaintext in bytes.
pub const SLOT_LEN: usize = 2048;

/// How long a text object's plaintext is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// 2048 bytes.
    Slot,
    /// Padmé of the content, at least 4096 bytes.
    Padded,
}

/// The plaintext of a text object.
#[must_use]
pub fn format(record: &str, mac_key: &DerivedKey, length: Length) -> Vec<u8> {
    let mac = hex::encode(&mac(mac_key, record.as_bytes()).finalize().into_bytes());
    let mut plain = format!("{record}\n{mac}\n").into_bytes();
    let len = length.of(record.len());
    plain.resize(len.max(plain.len()), b'\n');
    plain
}

/// The record of a text object, after its form and its MAC were checked.
///
/// # Errors
///
/// `MALFORMED` for the form, `forged` for the MAC; `UNSUPPORTED_FEATURE` where the record needs
/// what this program does not know; `MALFORMED` where it is not of type `kind`.
pub fn parse(
    plain: &[u8],
    mac_key: &DerivedKey,
    length: Length,
    kind: &str,
    forged: Fault,
) -> Result<(Value, Vec<u8>), Error> {
    let end = plain.iter().position(|byte| *byte == b'\n').ok_or_else(malformed)?;
    let (record, rest) = plain.split_at(end);
    if plain.len() != length.of(record.len()) {
        return Err(malformed());
    }
    let (mac_line, padding) = rest.split_at_checked(MAC_LINE_LEN).ok_or_else(malformed)?;
    let digits = mac_line.strip_prefix(b"\n").and_then(|line| line.strip_suffix(b"\n"));
    let digits = digits.and_then(|digits| str::from_utf8(digits).ok()).and_then(hex::decode::<32>);
    let expected = digits.ok_or_else(malformed)?;
    mac(mac_key, record)
        .verify_slice(&expected)
        .map_err(|_| fault(forged, format!("the MAC of the {kind} record is wrong")))?;
    if padding.iter().any(|byte| *byte != b'\n') {
        return Err(malformed());
    }
    let value = Value::parse(record).ok_or_else(malformed)?;
    check_features(&value)?;
    if value.get("type").and_then(Value::text) != Some(kind) {
        return Err(malformed());
    }
    Ok((value, record.to_vec()))
}

/// Refuses a record that needs a feature: version 1 defines none.
pub(crate) fn check_features(value: &Value) -> Result<(), Error> {
    let features = value.get("features").and_then(Value::list).ok_or_else(malformed)?;
    if features.iter().any(|feature| feature.text().is_none()) {
        return Err(malformed());
    }
    if features.is_empty() {
        return Ok(());
    }
    Err(fault(
        Fault::UnsupportedFeature,
        "a record needs a feature that this program does not know",
    ))
}

fn mac(key: &DerivedKey, record: &[u8]) -> Hmac<Sha256> {
    key.hmac().chain_update(record)
}

fn malformed() -> Error {
    fault(Fault::Malformed, "a record does not have its form")
}

impl Length {
    fn of(self, record: usize) -> usize {
        match self {
            Self::Slot => SLOT_LEN,
            Self::Padded => {
                let content = record.saturating_add(MAC_LINE_LEN) as u64;
                usize::try_from(padme(content.max(MIN_LEN))).unwrap_or(usize::MAX)
            }
        }
    }
}

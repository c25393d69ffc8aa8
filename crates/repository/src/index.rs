//! Indexes: which blocks are in which packs (`docs/format.md` section 8).

use hmac::{Hmac, Mac as _};
use holdfast_seal::object::ObjectKey;
use holdfast_seal::secret::FileKey;
use sha2::Sha256;

use crate::block::{ROW_LEN, Row};
use crate::error::{Error, Fault, fault};
use crate::keys::{EpochKeys, MacKind};
use crate::object::Digest256;
use crate::pack::{self, MAX_ROWS};
use crate::padme::padme;

/// Most packs that one index names.
pub const MAX_PACKS: usize = 16;
const MAC_LEN: usize = 32;
const MIN_LEN: u64 = 4096;
const MAGIC: [u8; 8] = *b"HFI1\x01\0\0\0";
/// Bytes of a record before its rows.
const RECORD_LEN: usize = 32 + 8 + 16 + 16 + 4 + 4;

/// One pack, as an index describes it.
#[derive(Debug)]
pub struct PackRecord {
    /// The pack's name.
    pub name: Digest256,
    /// Length of the stored object in bytes.
    pub stored_len: u64,
    /// What opens its chunks.
    pub key: ObjectKey,
    /// Its blocks, each with its offset in the pack's plaintext.
    pub rows: Vec<(Row, u32)>,
}

/// The plaintext of an index of at most 16 packs.
#[must_use]
pub fn format(keys: &EpochKeys, packs: &[PackRecord]) -> Vec<u8> {
    let mut plain = MAGIC.to_vec();
    plain.extend_from_slice(&count(packs.len()));
    for pack in packs {
        plain.extend_from_slice(&pack.name.0);
        plain.extend_from_slice(&pack.stored_len.to_be_bytes());
        plain.extend_from_slice(pack.key.file_key.expose());
        plain.extend_from_slice(&pack.key.nonce);
        plain.extend_from_slice(&count(usize::try_from(pack.key.header_len).unwrap_or_default()));
        plain.extend_from_slice(&count(pack.rows.len()));
        plain.extend(pack.rows.iter().flat_map(|(row, _)| row.format()));
    }
    let len = padme((plain.len().saturating_add(MAC_LEN) as u64).max(MIN_LEN));
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    plain.resize(len.saturating_sub(MAC_LEN), 0);
    let mac = mac(keys, &plain).finalize().into_bytes();
    plain.extend_from_slice(&mac);
    plain
}

/// Reads an index's plaintext.
///
/// # Errors
///
/// `OBJECT_FORGED` for the MAC, `MALFORMED` for the form.
pub fn parse(keys: &EpochKeys, plain: &[u8]) -> Result<Vec<PackRecord>, Error> {
    let (content, expected) = plain.split_last_chunk::<MAC_LEN>().ok_or_else(malformed)?;
    mac(keys, content)
        .verify_slice(expected)
        .map_err(|_| fault(Fault::ObjectForged, "the MAC of an index is wrong"))?;
    let mut rest = content.strip_prefix(&MAGIC).ok_or_else(malformed)?;
    let packs = number(&mut rest)?;
    if packs > MAX_PACKS {
        return Err(malformed());
    }
    let records = (0..packs).map(|_| record(&mut rest)).collect::<Result<Vec<_>, _>>()?;
    let used = plain.len().saturating_sub(rest.len()) as u64;
    let padded = padme(used.max(MIN_LEN)) == plain.len() as u64;
    if !padded || rest.iter().any(|byte| *byte != 0) {
        return Err(malformed());
    }
    Ok(records)
}

fn record(rest: &mut &[u8]) -> Result<PackRecord, Error> {
    if rest.len() < RECORD_LEN {
        return Err(malformed());
    }
    let name = Digest256(*take(rest)?);
    let stored_len = u64::from_be_bytes(*take(rest)?);
    let file_key = FileKey::new(*take(rest)?);
    let nonce = *take(rest)?;
    let header_len = number(rest)? as u64;
    let rows = number(rest)?;
    let table = rest.split_at_checked(rows.saturating_mul(ROW_LEN)).ok_or_else(malformed)?;
    if rows > MAX_ROWS || stored_len > crate::object::MAX_OBJECT_LEN {
        return Err(malformed());
    }
    *rest = table.1;
    let (rows, _) = pack::locate(table.0)?;
    Ok(PackRecord { name, stored_len, key: ObjectKey { file_key, nonce, header_len }, rows })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Error> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or_else(malformed)?;
    *rest = left;
    Ok(taken)
}

fn number(rest: &mut &[u8]) -> Result<usize, Error> {
    usize::try_from(u32::from_be_bytes(*take(rest)?)).map_err(|_| malformed())
}

fn count(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes()
}

fn mac(keys: &EpochKeys, content: &[u8]) -> Hmac<Sha256> {
    keys.mac(MacKind::Index).hmac().chain_update(content)
}

fn malformed() -> Error {
    fault(Fault::Malformed, "an index does not have its form")
}

//! Packs: blocks side by side, and a table of them (`docs/format.md` section 8).

use hmac::{Hmac, Mac as _};
use holdfast_seal::filling::Filling;
use sha2::Sha256;

use crate::block::{ROW_LEN, Row};
use crate::error::{Error, Fault, fault};
use crate::index::PackRecord;
use crate::keys::{EpochKeys, MacKind};
use crate::object;
use crate::padme::padme;

/// Bytes of a full pack's plaintext: 513 chunks.
pub const FULL_LEN: usize = 33_619_968;
/// Fewest bytes of any pack's plaintext.
pub const MIN_LEN: usize = 65_536;
/// Most rows in a pack.
pub const MAX_ROWS: usize = 32_768;
const MAC_LEN: usize = 32;
const TRAILER_LEN: usize = 16;
const END_LEN: usize = MAC_LEN + TRAILER_LEN;
const MAGIC: [u8; 8] = *b"\x01\0\0\0HFP1";

/// Fills one pack.
#[derive(Debug)]
pub struct PackWriter {
    object: Filling,
    rows: Vec<(Row, u32)>,
}

impl PackWriter {
    /// An empty pack, which is filled and sealed in `memory`.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if the random generator fails.
    pub fn new(keys: &EpochKeys, memory: Vec<u8>) -> Result<Self, Error> {
        Ok(Self { object: object::begin(keys, memory)?, rows: Vec::new() })
    }

    /// Whether a block of `stored_len` bytes still fits.
    #[must_use]
    pub fn fits(&self, stored_len: usize) -> bool {
        let table = self.rows.len().saturating_add(1).saturating_mul(ROW_LEN);
        let len = self.object.plain_len().saturating_add(stored_len).saturating_add(table);
        self.rows.len() < MAX_ROWS && len.saturating_add(END_LEN) <= FULL_LEN
    }

    /// Adds a block's stored bytes; `row` describes them.
    pub fn add(&mut self, row: Row, stored: &[u8]) {
        let offset = u32::try_from(self.object.plain_len()).unwrap_or(u32::MAX);
        self.object.add(stored);
        self.rows.push((row, offset));
    }

    /// The sealed pack, and what an index says of it. `full`: the next block did not fit, so the
    /// pack has the one length of full packs.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if a primitive refuses, which none does for these lengths.
    pub fn finish(self, keys: &EpochKeys, full: bool) -> Result<(Vec<u8>, PackRecord), Error> {
        let Self { mut object, rows } = self;
        let table: Vec<u8> = rows.iter().flat_map(|(row, _)| row.format()).collect();
        let end = table.len().saturating_add(END_LEN);
        let content = object.plain_len().saturating_add(end);
        let len = if full && rows.len() < MAX_ROWS { FULL_LEN } else { padded(content) };
        let trailer = trailer(table.len());
        let mac = mac(keys, &table, &trailer).finalize().into_bytes();
        object.pad(len.saturating_sub(end));
        for part in [&table[..], &mac, &trailer] {
            object.add(part);
        }
        let (name, sealed, key) = object::finish(object)?;
        let stored_len = sealed.len() as u64;
        Ok((sealed, PackRecord { name, stored_len, key, rows }))
    }
}

/// The rows of a pack's plaintext, with the offset of each block.
///
/// # Errors
///
/// `OBJECT_FORGED` for the MAC, `MALFORMED` for the form.
pub fn parse(keys: &EpochKeys, plain: &[u8]) -> Result<Vec<(Row, u32)>, Error> {
    let (rest, trailer) = plain.split_last_chunk::<TRAILER_LEN>().ok_or_else(malformed)?;
    let (table_len, magic) = trailer.split_first_chunk::<8>().ok_or_else(malformed)?;
    let table_len = usize::try_from(u64::from_be_bytes(*table_len)).map_err(|_| malformed())?;
    if magic != MAGIC || !table_len.is_multiple_of(ROW_LEN) || table_len / ROW_LEN > MAX_ROWS {
        return Err(malformed());
    }
    let (rest, expected) = rest.split_last_chunk::<MAC_LEN>().ok_or_else(malformed)?;
    let blocks_len = rest.len().checked_sub(table_len).ok_or_else(malformed)?;
    let (blocks, table) = rest.split_at_checked(blocks_len).ok_or_else(malformed)?;
    mac(keys, table, trailer)
        .verify_slice(expected)
        .map_err(|_| fault(Fault::ObjectForged, "the MAC of a pack's table is wrong"))?;
    let (rows, end) = locate(table)?;
    let padding = usize::try_from(end).ok().and_then(|end| blocks.get(end..));
    let padding = padding.ok_or_else(malformed)?;
    let content = plain.len().saturating_sub(padding.len());
    let room = padded(content)..=FULL_LEN;
    if padding.iter().any(|byte| *byte != 0) || !room.contains(&plain.len()) {
        return Err(malformed());
    }
    Ok(rows)
}

/// The rows of a table with the offset of each block, and where the blocks end.
pub(crate) fn locate(table: &[u8]) -> Result<(Vec<(Row, u32)>, u32), Error> {
    let (rows, rest) = table.as_chunks::<ROW_LEN>();
    if !rest.is_empty() {
        return Err(malformed());
    }
    let mut offset = 0_u32;
    let mut located = Vec::with_capacity(rows.len());
    for row in rows {
        let row = Row::parse(row).ok_or_else(malformed)?;
        located.push((row, offset));
        offset = offset.checked_add(row.stored_len).ok_or_else(malformed)?;
    }
    Ok((located, offset))
}

fn padded(content: usize) -> usize {
    let padded = usize::try_from(padme(content as u64)).unwrap_or(usize::MAX);
    padded.clamp(MIN_LEN, FULL_LEN)
}

fn trailer(table_len: usize) -> [u8; TRAILER_LEN] {
    let mut trailer = [0_u8; TRAILER_LEN];
    let parts = (table_len as u64).to_be_bytes().into_iter().chain(MAGIC);
    for (to, from) in trailer.iter_mut().zip(parts) {
        *to = from;
    }
    trailer
}

fn mac(keys: &EpochKeys, table: &[u8], trailer: &[u8]) -> Hmac<Sha256> {
    keys.mac(MacKind::Pack).hmac().chain_update(table).chain_update(trailer)
}

fn malformed() -> Error {
    fault(Fault::Malformed, "a pack does not have its form")
}

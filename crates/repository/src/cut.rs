//! Reading a file's blocks (`docs/format.md` section 8).

use std::io::{ErrorKind, Read};
use std::path::Path;

use holdfast_seal::error::Error as SealError;
use holdfast_seal::source::SourceFile;

use crate::block::{BLOCK_LEN, DATABASE_BLOCK_LEN};
use crate::buffers::{Buffers, Bytes};
use crate::error::Error;
use crate::handles::{self, Kind};
use crate::manifest::{LIST_BLOCKS, MAX_LISTS};
use crate::walk::DATABASE_MAGIC;

/// Most blocks of one file.
const MAX_BLOCKS: u64 = (MAX_LISTS * LIST_BLOCKS) as u64;

/// Bytes of a block of an ordinary file.
pub(crate) const ORDINARY_UNIT: u32 = 1_048_576;
const _: () = assert!(ORDINARY_UNIT as usize == BLOCK_LEN);

/// Bytes that are cut into blocks, one after the other.
pub(crate) struct Cutter {
    origin: Origin,
    unit: usize,
    offset: u64,
}

enum Origin {
    File(SourceFile),
    Stream { stream: Box<dyn Read + Send>, start: Vec<u8> },
}

/// Opens a file that is read as it is; nothing for a database, which may not be.
pub(crate) fn open(path: &Path) -> Result<Option<Cutter>, Error> {
    match handles::open(path)? {
        Kind::Plain(file) => cutter(*file, false).map(Some),
        Kind::Database => Ok(None),
    }
}

/// Opens a copy of a database, which nobody writes to.
pub(crate) fn open_copy(path: &Path) -> Result<Cutter, Error> {
    cutter(SourceFile::open(path)?, true)
}

/// Cuts what the caller hands over.
pub(crate) fn open_stream(mut stream: Box<dyn Read + Send>) -> Result<Cutter, Error> {
    let mut start = vec![0_u8; DATABASE_MAGIC.len()];
    let len = fill(&mut *stream, &mut start)?;
    start.truncate(len);
    let unit = if start == DATABASE_MAGIC { DATABASE_BLOCK_LEN } else { BLOCK_LEN };
    Ok(Cutter { origin: Origin::Stream { stream, start }, unit, offset: 0 })
}

fn cutter(file: SourceFile, database: bool) -> Result<Cutter, Error> {
    let small = file.len().div_ceil(DATABASE_BLOCK_LEN as u64) <= MAX_BLOCKS;
    let unit = if database && small { DATABASE_BLOCK_LEN } else { BLOCK_LEN };
    if file.len().div_ceil(unit as u64) > MAX_BLOCKS {
        return Err(SealError::TooLarge { what: "a file" }.into());
    }
    Ok(Cutter { origin: Origin::File(file), unit, offset: 0 })
}

impl Cutter {
    /// Bytes of all blocks but the last.
    pub(crate) fn unit(&self) -> u32 {
        u32::try_from(self.unit).unwrap_or(u32::MAX)
    }

    /// Bytes cut so far.
    pub(crate) fn len(&self) -> u64 {
        self.offset
    }

    /// The next block; nothing at the end, after the file was found unchanged.
    ///
    /// # Errors
    ///
    /// `SOURCE_CHANGED`, `SOURCE_UNREADABLE`, `TOO_LARGE`.
    pub(crate) fn next(&mut self, buffers: &Buffers) -> Result<Option<Bytes>, Error> {
        let block = match &mut self.origin {
            Origin::File(file) => {
                let left = usize::try_from(file.len().saturating_sub(self.offset));
                let len = left.unwrap_or(usize::MAX).min(self.unit);
                let mut block = buffers.take(len);
                if file.read_at(self.offset, &mut block)? < len {
                    return Err(SealError::SourceChanged { what: "its length is different" }.into());
                }
                if block.is_empty() {
                    file.ensure_unchanged()?;
                }
                block
            }
            Origin::Stream { stream, start } => {
                let mut block = buffers.take(self.unit);
                let mut first: &[u8] = &std::mem::take(start);
                let begun = fill(&mut first, &mut block)?;
                let rest = block.get_mut(begun..).unwrap_or_default();
                let len = begun.saturating_add(fill(&mut **stream, rest)?);
                block.truncate(len);
                block
            }
        };
        let limit = MAX_BLOCKS.saturating_mul(self.unit as u64);
        if !block.is_empty() && self.offset >= limit {
            return Err(SealError::TooLarge { what: "a file" }.into());
        }
        self.offset = self.offset.saturating_add(block.len() as u64);
        Ok((!block.is_empty()).then_some(block))
    }
}

/// Reads until `bytes` is full or the stream ends; returns how many there were.
fn fill(stream: &mut dyn Read, bytes: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0_usize;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(len) => filled = filled.saturating_add(len),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                let reason = error.to_string();
                return Err(SealError::SourceUnreadable { call: "read", reason }.into());
            }
        }
    }
    Ok(filled)
}

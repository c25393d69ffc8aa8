//! One file of a snapshot, read at any offset; every byte is verified.

use std::ops::Range;
use std::sync::Arc;

use crate::block::{BlockId, BlockKind};
use crate::entries::{Entries, Loss};
use crate::error::{Error, Fault, fault};
use crate::manifest::{Component, Content, Entry, EntryKind, LIST_BLOCKS, parse_list, tampered};
use crate::plain::Plain;
use crate::read::Reader;
use crate::record::Snapshot;

/// Most bytes that one call returns.
pub const MAX_READ_LEN: usize = 8 << 20;

/// A file that is open for reading. It keeps the list and the block that it used last.
#[derive(Debug)]
pub struct FileReader {
    reader: Arc<Reader>,
    size: u64,
    unit: u32,
    content: Content,
    list: Option<(usize, Vec<BlockId>)>,
    block: Option<(u64, Plain)>,
}

/// The entry at `path`.
///
/// # Errors
///
/// `SNAPSHOT_MISSING` if the snapshot has none there; as [`Entries::next_entry`].
pub fn find(reader: &Reader, snapshot: &Snapshot, path: &[Component]) -> Result<Entry, Error> {
    let mut entries = Entries::new(reader, snapshot, Loss::Refused)?;
    while let Some(entry) = entries.next_entry()? {
        if entry.path == path {
            return Ok(entry);
        }
    }
    Err(fault(Fault::SnapshotMissing, "the snapshot has nothing at this path").at(path))
}

impl FileReader {
    /// Opens a file; nothing for an entry that is none.
    #[must_use]
    pub fn new(reader: Arc<Reader>, entry: Entry) -> Option<Self> {
        let EntryKind::File { size, unit, content } = entry.kind else { return None };
        Some(Self { reader, size, unit, content, list: None, block: None })
    }

    /// Length of the file in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Up to `len` bytes from `offset` on, at most 8 MiB: fewer only at the file's end.
    ///
    /// # Errors
    ///
    /// As [`Reader::block`]; `SNAPSHOT_TAMPERED` if a block does not have the length that the
    /// entry says.
    pub fn read(&mut self, offset: u64, len: usize) -> Result<Plain, Error> {
        let len = self.size.saturating_sub(offset).min(len.min(MAX_READ_LEN) as u64);
        let end = offset.saturating_add(len);
        let unit = u64::from(self.unit);
        let first = offset.checked_div(unit).unwrap_or_default();
        let numbers = first..end.div_ceil(unit);
        let mut bytes = Plain::from(Vec::with_capacity(usize::try_from(len).unwrap_or(0)));
        if len == 0 {
            return Ok(bytes);
        }
        for (number, block) in numbers.clone().zip(self.blocks(numbers)?) {
            let start = number.saturating_mul(unit);
            if block.len() as u64 != self.size.saturating_sub(start).min(unit) {
                return Err(tampered());
            }
            let from = usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
            let to = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
            let to = to.min(block.len());
            bytes.bytes().extend_from_slice(block.get(from..to).unwrap_or_default());
            self.block = Some((number, block));
        }
        Ok(bytes)
    }

    /// Blocks by their numbers.
    fn blocks(&mut self, mut numbers: Range<u64>) -> Result<Vec<Plain>, Error> {
        let kept = self.block.take().filter(|(number, _)| *number == numbers.start);
        numbers.start = numbers.start.saturating_add(u64::from(kept.is_some()));
        let ids = numbers.map(|number| self.id(number)).collect::<Result<Vec<_>, _>>()?;
        let fetched = self.reader.blocks(BlockKind::Data, &ids)?;
        kept.map(|(_, block)| Ok(block)).into_iter().chain(fetched).collect()
    }

    fn id(&mut self, number: u64) -> Result<BlockId, Error> {
        let lists = match &self.content {
            Content::Blocks(ids) => {
                let at = usize::try_from(number).unwrap_or(usize::MAX);
                return ids.get(at).copied().ok_or_else(tampered);
            }
            Content::Lists(lists) => lists,
        };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let (at, within) = (number / LIST_BLOCKS, number % LIST_BLOCKS);
        if self.list.as_ref().is_none_or(|(list, _)| *list != at) {
            let id = lists.get(at).copied().ok_or_else(tampered)?;
            let before = (at as u64).saturating_mul(LIST_BLOCKS as u64);
            let left = self.size.div_ceil(self.unit.into()).saturating_sub(before);
            let plain = self.reader.block(BlockKind::List, id)?;
            self.list = Some((at, parse_list(&plain, left.min(LIST_BLOCKS as u64))?));
        }
        let list = self.list.as_ref().and_then(|(_, ids)| ids.get(within).copied());
        list.ok_or_else(tampered)
    }
}

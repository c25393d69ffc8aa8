//! The entries of a snapshot, and the blocks of its files, read as they are needed.

use std::collections::VecDeque;
use std::vec;

use crate::block::{BlockId, BlockKind};
use crate::error::Error;
use crate::manifest::{Content, Entry, EntryKind, LIST_BLOCKS, parse_list};
use crate::page::ManifestReader;
use crate::plain::Plain;
use crate::read::Reader;
use crate::record::Snapshot;

/// Pages that are read ahead.
const PAGES: usize = 8;

/// What happens at a page that is missing or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Reading fails.
    Refused,
    /// It is left out.
    Tolerated,
}

/// Reads a manifest from the first entry to the last, and checks it on the way.
#[derive(Debug)]
pub struct Entries<'r> {
    reader: &'r Reader,
    snapshot: &'r Snapshot,
    loss: Loss,
    manifest: Option<ManifestReader>,
    ids: &'r [[u8; 32]],
    pages: VecDeque<Result<Plain, Error>>,
    of_page: vec::IntoIter<Entry>,
    lost: Vec<Error>,
}

impl<'r> Entries<'r> {
    /// The entries of a snapshot.
    ///
    /// # Errors
    ///
    /// As [`ManifestReader::new`].
    pub fn new(reader: &'r Reader, snapshot: &'r Snapshot, loss: Loss) -> Result<Self, Error> {
        Ok(Self {
            reader,
            snapshot,
            loss,
            manifest: Some(ManifestReader::new(snapshot)?),
            ids: &snapshot.pages,
            pages: VecDeque::new(),
            of_page: Vec::new().into_iter(),
            lost: Vec::new(),
        })
    }

    /// The next entry; nothing after the last.
    ///
    /// # Errors
    ///
    /// `SNAPSHOT_TAMPERED`, `PATH_UNSAFE`; as [`Reader::block`] for the pages.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            if let Some(entry) = self.of_page.next() {
                return Ok(Some(entry));
            }
            let Some(page) = self.next_page()? else { break };
            let Some(manifest) = &mut self.manifest else { break };
            match page {
                Ok(page) => self.of_page = manifest.page(&page)?.into_iter(),
                Err(error) if self.loss == Loss::Tolerated => {
                    manifest.skip_page();
                    if !self.lost.contains(&error) {
                        self.lost.push(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        self.manifest.take().map_or(Ok(()), |manifest| manifest.finish(self.snapshot))?;
        Ok(None)
    }

    /// What is wrong with the pages that were left out.
    #[must_use]
    pub fn lost(&self) -> &[Error] {
        &self.lost
    }

    fn next_page(&mut self) -> Result<Option<Result<Plain, Error>>, Error> {
        if self.pages.is_empty() {
            let (now, later) = self.ids.split_at(self.ids.len().min(PAGES));
            self.ids = later;
            let ids: Vec<_> = now.iter().copied().map(BlockId).collect();
            self.pages = self.reader.blocks(BlockKind::Page, &ids)?.into();
        }
        Ok(self.pages.pop_front())
    }
}

/// One block of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileBlock {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u32,
    /// What it is.
    pub id: BlockId,
}

/// Hands the blocks of an entry, if it is a file, to `each`, in order.
///
/// # Errors
///
/// As [`Reader::block`] for the lists of a large file; `SNAPSHOT_TAMPERED` for a list of another
/// length; what `each` fails with.
pub fn each_block(
    reader: &Reader,
    entry: &Entry,
    mut each: impl FnMut(FileBlock) -> Result<(), Error>,
) -> Result<(), Error> {
    let EntryKind::File { size, unit, content } = &entry.kind else { return Ok(()) };
    let mut offset = 0_u64;
    let mut hand = |ids: &[BlockId]| {
        for id in ids {
            let left = size.saturating_sub(offset);
            let len = u32::try_from(left).map_or(*unit, |left| left.min(*unit));
            each(FileBlock { offset, len, id: *id })?;
            offset = offset.saturating_add(u64::from(len));
        }
        Ok(())
    };
    match content {
        Content::Blocks(ids) => hand(ids),
        Content::Lists(lists) => {
            let mut left = size.div_ceil(u64::from(*unit));
            for list in lists {
                let count = left.min(LIST_BLOCKS as u64);
                left = left.saturating_sub(count);
                hand(&parse_list(&reader.block(BlockKind::List, *list)?, count)?)?;
            }
            Ok(())
        }
    }
}

//! What a session writes down: entries in pages, and what it counted on the way.

use std::mem;
use std::sync::{PoisonError, RwLock};

use crate::block::{BlockId, BlockKind};
use crate::cache::{CacheWriter, Remembered};
use crate::encode::{Encoded, Encoder};
use crate::error::Error;
use crate::keys::EpochKeys;
use crate::known::Known;
use crate::manifest::{Component, Content, Entry, EntryKind, LIST_BLOCKS, MAX_INLINE_BLOCKS};
use crate::packing::Packer;
use crate::page::PageWriter;
use crate::source::Problem;
use crate::stat::Stat;

/// How files compare with the last session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Files {
    /// Files that were not there.
    pub new: u64,
    /// Files whose content is different.
    pub changed: u64,
    /// Files whose content is the same.
    pub unchanged: u64,
}

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) files: Files,
    pub(crate) entries: u64,
    /// Bytes of all files.
    pub(crate) bytes: u64,
    pub(crate) read_bytes: u64,
    pub(crate) problems: Vec<Problem>,
    /// Sources whose own entry was written.
    pub(crate) sources: Vec<Component>,
    pub(crate) pages: Vec<[u8; 32]>,
}

/// An entry whose blocks are on their way.
pub(crate) struct Pending {
    entry: Entry,
    /// Of files: what the next session needs, without the blocks that are on their way.
    file: Option<Remembered>,
    /// Whether later changes will show, so that the file may be remembered.
    settled: bool,
    before: Before,
}

/// What is known of a file from the last session.
enum Before {
    Nothing,
    /// It is as it was.
    Same,
    Other(Remembered),
}

impl Pending {
    /// A directory or a symlink.
    pub(crate) fn plain(entry: Entry) -> Self {
        Self { entry, file: None, settled: false, before: Before::Nothing }
    }

    /// Whether it is a file.
    pub(crate) const fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// A file that was not read, because it is as it was.
    pub(crate) fn unchanged(path: Vec<Component>, stat: &Stat, file: Remembered) -> Self {
        let entry = without_content(path, stat);
        Self { entry, file: Some(file), settled: true, before: Before::Same }
    }

    /// A file that was read.
    pub(crate) fn read(
        path: Vec<Component>,
        stat: &Stat,
        file: Remembered,
        settled: bool,
        before: Option<Remembered>,
    ) -> Self {
        let before = before.map_or(Before::Nothing, Before::Other);
        Self { entry: without_content(path, stat), file: Some(file), settled, before }
    }
}

/// Takes blocks and entries in order.
pub(crate) struct Ledger<'a> {
    keys: &'a EpochKeys,
    known: &'a RwLock<Known>,
    packer: Packer<'a>,
    pages: PageWriter,
    cache: Option<CacheWriter<'a>>,
    /// Blocks since the last entry.
    ids: Vec<BlockId>,
    /// Whether one of them was new.
    fresh: bool,
    pub(crate) tally: Tally,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(
        keys: &'a EpochKeys,
        known: &'a RwLock<Known>,
        packer: Packer<'a>,
        cache: Option<CacheWriter<'a>>,
    ) -> Self {
        let (pages, tally) = (PageWriter::default(), Tally::default());
        Self { keys, known, packer, pages, cache, ids: Vec::new(), fresh: false, tally }
    }

    /// Whether all these blocks are known; if so the snapshot relies on them.
    pub(crate) fn relies_on(&self, ids: &[BlockId]) -> bool {
        self.known.write().unwrap_or_else(PoisonError::into_inner).need_all(ids)
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        self.tally.problems.push(problem);
    }

    /// The next block of the file that comes next.
    pub(crate) fn block(&mut self, encoded: Encoded) -> Result<(), Error> {
        self.ids.push(encoded.id);
        self.fresh |= self.packer.add(encoded)?;
        Ok(())
    }

    /// Forgets the blocks since the last entry.
    pub(crate) fn discard(&mut self) {
        self.ids.clear();
        self.fresh = false;
    }

    pub(crate) fn entry(
        &mut self,
        pending: Pending,
        encoder: &mut Encoder<'_>,
    ) -> Result<(), Error> {
        let Pending { mut entry, file, settled, before } = pending;
        if let Some(mut file) = file {
            if !matches!(before, Before::Same) {
                file.ids = mem::take(&mut self.ids);
            }
            self.count(&file, &before);
            let (size, unit) = (file.size, file.unit);
            entry.kind = EntryKind::File { size, unit, content: self.content(&file, encoder)? };
            if settled {
                self.cache = self.cache.take().and_then(|cache| cache.add(&file));
            }
        }
        self.fresh = false;
        if let [source] = entry.path.as_slice() {
            self.tally.sources.push(source.clone());
        }
        self.tally.entries = self.tally.entries.saturating_add(1);
        self.tally.bytes = self.tally.bytes.saturating_add(entry.size());
        for page in self.pages.add(self.keys, &entry) {
            self.page(page, encoder)?;
        }
        Ok(())
    }

    /// Writes the last page and hands over the last packs.
    pub(crate) fn finish(&mut self, encoder: &mut Encoder<'_>) -> Result<(), Error> {
        if let Some(page) = mem::take(&mut self.pages).finish() {
            self.page(page, encoder)?;
        }
        self.packer.finish()
    }

    /// What was counted, and the cache for the next session.
    pub(crate) fn close(self) -> (Tally, Option<CacheWriter<'a>>) {
        (self.tally, self.cache)
    }

    fn count(&mut self, file: &Remembered, before: &Before) {
        let files = &mut self.tally.files;
        let count = match before {
            Before::Same => &mut files.unchanged,
            Before::Other(before) if before.ids == file.ids && before.size == file.size => {
                &mut files.unchanged
            }
            Before::Other(_) => &mut files.changed,
            // Without a cache, that all its blocks were stored before is all that is known.
            Before::Nothing if !self.fresh && !file.ids.is_empty() => &mut files.unchanged,
            Before::Nothing => &mut files.new,
        };
        *count = count.saturating_add(1);
    }

    /// The blocks themselves, or lists of them.
    fn content(&mut self, file: &Remembered, encoder: &mut Encoder<'_>) -> Result<Content, Error> {
        if file.ids.len() <= MAX_INLINE_BLOCKS {
            return Ok(Content::Blocks(file.ids.clone()));
        }
        let mut lists = Vec::new();
        for ids in file.ids.chunks(LIST_BLOCKS) {
            let plain: Vec<u8> = ids.iter().flat_map(|id| id.0).collect();
            let list = encoder.encode(BlockKind::List, plain.into());
            lists.push(list.id);
            self.packer.add(list)?;
        }
        Ok(Content::Lists(lists))
    }

    fn page(&mut self, page: Vec<u8>, encoder: &mut Encoder<'_>) -> Result<(), Error> {
        let page = encoder.encode(BlockKind::Page, page.into());
        self.tally.pages.push(page.id.0);
        self.packer.add(page).map(drop)
    }
}

fn without_content(path: Vec<Component>, stat: &Stat) -> Entry {
    let kind = EntryKind::File { size: 0, unit: 0, content: Content::Blocks(Vec::new()) };
    Entry { path, kind, modified: stat.modified, mode: stat.mode }
}

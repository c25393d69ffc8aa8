//! Pages: a manifest's lines in pieces that stay the same where nothing changed (section 9).

use std::collections::BTreeSet;
use std::mem;

use crate::block::BLOCK_LEN;
use crate::error::{Error, Fault, fault};
use crate::keys::EpochKeys;
use crate::manifest::{Component, Entry, EntryKind, MAX_LINE_LEN, tampered};
use crate::record::Snapshot;

/// Cuts lines into pages.
#[derive(Debug, Default)]
pub struct PageWriter {
    page: Vec<u8>,
}

impl PageWriter {
    /// Adds an entry, in order; returns the pages that are complete now, at most two.
    pub fn add(&mut self, keys: &EpochKeys, entry: &Entry) -> Vec<Vec<u8>> {
        let line = entry.format();
        let mut done = Vec::new();
        if self.page.len().saturating_add(line.len()).saturating_add(1) > BLOCK_LEN {
            done.push(mem::take(&mut self.page));
        }
        self.page.extend_from_slice(line.as_bytes());
        self.page.push(b'\n');
        if is_end(keys, &entry.key()) {
            done.push(mem::take(&mut self.page));
        }
        done
    }

    /// The last page, if anything is left.
    #[must_use]
    pub fn finish(self) -> Option<Vec<u8>> {
        (!self.page.is_empty()).then_some(self.page)
    }
}

/// Whether a page ends after the entry of this key: ten zero bits of its keyed hash.
#[must_use]
pub fn is_end(keys: &EpochKeys, key: &[u8]) -> bool {
    let hash = blake3::keyed_hash(keys.page_cut().expose(), key);
    let [first, second, ..] = *hash.as_bytes();
    first == 0 && second < 0b0100_0000
}

/// Reads a manifest page by page and checks what binds its entries together.
#[derive(Debug, Default)]
pub struct ManifestReader {
    last: Option<Vec<u8>>,
    /// Keys of the directories that the next entry may be in.
    parents: Vec<Vec<u8>>,
    /// A page was left out: nothing is known about which directories are open.
    torn: bool,
    sources: BTreeSet<Component>,
    seen: BTreeSet<Component>,
    entries: u64,
    bytes: u64,
}

impl ManifestReader {
    /// A reader of this snapshot's manifest.
    ///
    /// # Errors
    ///
    /// `PATH_UNSAFE` for a source whose name leads elsewhere, `SNAPSHOT_TAMPERED` for one named
    /// twice.
    pub fn new(snapshot: &Snapshot) -> Result<Self, Error> {
        if !snapshot.sources.iter().all(Component::is_safe) {
            return Err(fault(Fault::PathUnsafe, "a source's name leads elsewhere"));
        }
        let sources: BTreeSet<_> = snapshot.sources.iter().cloned().collect();
        if sources.len() != snapshot.sources.len() {
            return Err(tampered());
        }
        Ok(Self { sources, ..Self::default() })
    }

    /// The entries of the next page.
    ///
    /// # Errors
    ///
    /// `SNAPSHOT_TAMPERED`, `PATH_UNSAFE`.
    pub fn page(&mut self, page: &[u8]) -> Result<Vec<Entry>, Error> {
        let lines = page.strip_suffix(b"\n").ok_or_else(tampered)?;
        lines.split(|byte| *byte == b'\n').map(|line| self.line(line)).collect()
    }

    /// Goes on after a page that is lost: an entry's directory may have been in it.
    pub fn skip_page(&mut self) {
        self.torn = true;
    }

    /// Checks what only the whole manifest shows.
    ///
    /// # Errors
    ///
    /// `SNAPSHOT_TAMPERED`.
    pub fn finish(self, snapshot: &Snapshot) -> Result<(), Error> {
        let counted = self.entries == snapshot.entries && self.bytes == snapshot.bytes;
        if self.torn || (counted && self.seen == self.sources) { Ok(()) } else { Err(tampered()) }
    }

    fn line(&mut self, line: &[u8]) -> Result<Entry, Error> {
        if line.len() >= MAX_LINE_LEN {
            return Err(tampered());
        }
        let entry = Entry::parse(line)?;
        let key = entry.key();
        if self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(tampered());
        }
        self.place(&entry, &key)?;
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.checked_add(entry.size()).ok_or_else(tampered)?;
        self.last = Some(key);
        Ok(entry)
    }

    /// Finds the entry's directory among those that are open.
    fn place(&mut self, entry: &Entry, key: &[u8]) -> Result<(), Error> {
        let (first, last) = entry.path.first().zip(entry.path.last()).ok_or_else(tampered)?;
        let parent_len = key.len().saturating_sub(last.0.len()).saturating_sub(1);
        let parent = key.get(..parent_len).unwrap_or_default();
        if entry.path.len() == 1 {
            if !self.sources.contains(first) {
                return Err(tampered());
            }
            self.parents.clear();
            self.seen.insert(first.clone());
        } else {
            while self.parents.last().is_some_and(|open| open != parent) {
                self.parents.pop();
            }
            if self.parents.is_empty() && !(self.torn && self.sources.contains(first)) {
                return Err(tampered());
            }
        }
        if entry.kind == EntryKind::Directory {
            self.parents.push(key.to_vec());
        }
        Ok(())
    }
}

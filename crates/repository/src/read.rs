//! Reading blocks: by ranges, and where that fails by whole packs (`docs/format.md` section 8).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use holdfast_seal::limits::{CHUNK_LEN, NONCE_LEN, SEALED_CHUNK_LEN};

use crate::block::{self, BlockId, BlockKind, Decoded, Row};
use crate::catalog::{Catalog, Location, Pack, same_key};
use crate::entries::FileBlock;
use crate::error::{Error, Fault, Reports, fault};
use crate::index::PackRecord;
use crate::listing::Listed;
use crate::manifest::tampered;
use crate::object::{self, Digest256};
use crate::pack;
use crate::plain::Plain;
use crate::repository::Repository;
use crate::shelf::Shelf;

/// Reads blocks of a repository; several threads may.
#[derive(Debug)]
pub struct Reader {
    /// The repository.
    pub repository: Arc<Repository>,
    /// What was noticed besides.
    pub reports: Arc<Reports>,
    pub(crate) shelf: Arc<Shelf>,
    catalog: Arc<RwLock<Catalog>>,
    /// Packs that proved damaged when they were fetched whole; locked while one is.
    damaged: Mutex<HashMap<Digest256, Error>>,
}

impl Reader {
    /// A reader of what `catalog` knows.
    #[must_use]
    pub fn new(repository: Arc<Repository>, catalog: Catalog, reports: Arc<Reports>) -> Self {
        let catalog = Arc::new(RwLock::new(catalog));
        let (shelf, damaged) = (Arc::default(), Mutex::default());
        Self { repository, reports, shelf, catalog, damaged }
    }

    /// A reader for another operation, which knows the places and pages that this one knows, and
    /// nothing of damage. The same packs and indexes must be listed.
    #[must_use]
    pub fn again(&self, repository: Arc<Repository>, reports: Arc<Reports>) -> Self {
        let catalog = Arc::clone(&self.catalog);
        let damaged = Mutex::default();
        Self { repository, reports, shelf: Arc::clone(&self.shelf), catalog, damaged }
    }

    /// What is known about where blocks lie.
    pub fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a block lies; packs that no index names are read until one has it.
    ///
    /// # Errors
    ///
    /// The destination's.
    pub fn locate(&self, kind: BlockKind, id: BlockId) -> Result<Option<Location>, Error> {
        let mut exhausted = false;
        loop {
            // Once more after the last table: another thread may have read it.
            let place = self.catalog().first(kind, id);
            if place.is_some() || exhausted {
                return Ok(place);
            }
            exhausted = !self.read_next_table()?;
        }
    }

    /// Makes sure that a block of a file has a place, and the length that the file expects.
    ///
    /// # Errors
    ///
    /// `BLOCK_MISSING`; `SNAPSHOT_TAMPERED` for another length; the destination's.
    pub fn ensure_placed(&self, block: &FileBlock) -> Result<(), Error> {
        match self.locate(BlockKind::Data, block.id)? {
            Some(place) if place.plain_len == block.len => Ok(()),
            Some(_) => Err(tampered()),
            None => Err(missing(BlockKind::Data)),
        }
    }

    /// One block, from the first of its places that has it whole.
    ///
    /// # Errors
    ///
    /// `BLOCK_MISSING` if it has no place; what is wrong with the first place if none has it
    /// whole: `OBJECT_MISMATCH`, `OBJECT_FORGED`, `BLOCK_MISMATCH`; the destination's.
    pub fn block(&self, kind: BlockKind, id: BlockId) -> Result<Plain, Error> {
        if let Some(kept) = self.shelf.get(kind, id) {
            return Ok(kept);
        }
        self.read(kind, id).inspect(|plain| self.shelf.keep(kind, id, plain))
    }

    fn read(&self, kind: BlockKind, id: BlockId) -> Result<Plain, Error> {
        let mut tried = Vec::new();
        let mut failures = Vec::new();
        let mut exhausted = false;
        loop {
            let next = self.catalog().places(kind, id).find(|place| !tried.contains(place));
            let Some(place) = next else {
                if exhausted {
                    return Err(failures.into_iter().next().unwrap_or_else(|| missing(kind)));
                }
                exhausted = !self.read_next_table()?;
                continue;
            };
            tried.push(place);
            match self.block_at(kind, id, place) {
                Ok(Some(plain)) => {
                    for failure in failures {
                        self.reports.add(failure);
                    }
                    return Ok(plain);
                }
                Ok(None) => {}
                Err(error) if error.is_damage() => failures.push(error),
                Err(error) => return Err(error),
            }
        }
    }

    /// The plaintext of chunks `first` to `last` of a pack, into `plain`.
    pub(crate) fn chunks(
        &self,
        pack: &Pack,
        (first, last): (u64, u64),
        plain: &mut Plain,
    ) -> Result<(), Error> {
        let start = pack.key.header_len.saturating_add(NONCE_LEN as u64);
        let payload = pack.listed.size.checked_sub(start).ok_or_else(out_of_range)?;
        let count = payload.div_ceil(SEALED_CHUNK_LEN as u64);
        if last >= count {
            return Err(out_of_range());
        }
        let from = first.saturating_mul(SEALED_CHUNK_LEN as u64);
        let to = last.saturating_add(1).saturating_mul(SEALED_CHUNK_LEN as u64).min(payload);
        let len = to.saturating_sub(from);
        let range = Some((start.saturating_add(from), len));
        let chunks = plain.emptied(usize::try_from(len).unwrap_or_default());
        let there = self.repository.store.get_into(&pack.listed.name, range, chunks)?;
        if !there || chunks.len() as u64 != len {
            return Err(fault(Fault::ObjectMismatch, "a part of a pack is not there"));
        }
        let ends = last.saturating_add(1) == count;
        let opened = pack.key.open_chunks(first, ends, chunks);
        opened
            .map_err(|error| fault(Fault::ObjectMismatch, error.to_string()).of(&pack.listed.name))
    }

    /// The block at one place; nothing where the pack itself does not have it.
    fn block_at(
        &self,
        kind: BlockKind,
        id: BlockId,
        place: Location,
    ) -> Result<Option<Plain>, Error> {
        let pack = self.catalog().pack(place.pack).cloned();
        let Some(pack) = pack else { return Ok(None) };
        let row = row(kind, id, place);
        let (first, last) = span(place.offset, place.end());
        let mut plain = Plain::default();
        let ranged = self.chunks(&pack, (first, last), &mut plain).and_then(|()| {
            let stored = cut(&plain, first, place).ok_or_else(out_of_range)?;
            block::decode(&self.repository.keys, &row, stored).map(Decoded::into_plain)
        });
        match ranged {
            Ok(plain) => Ok(Some(plain)),
            Err(error) if error.is_damage() => self.examine(&pack, &row, place),
            Err(error) => Err(error),
        }
    }

    /// Finds out what is wrong with a pack, or with what is said about it.
    fn examine(&self, pack: &Pack, row: &Row, place: Location) -> Result<Option<Plain>, Error> {
        let listed = &pack.listed;
        let mut damaged = self.damaged();
        if let Some(damage) = damaged.get(&listed.digest) {
            return Err(damage.clone());
        }
        if self.catalog().pack(place.pack).is_none_or(|pack| pack.refuted) {
            return Ok(None);
        }
        let whole = self.fetch_whole(listed).inspect_err(|error| {
            if error.is_damage() {
                damaged.insert(listed.digest, error.clone());
            }
        })?;
        let (plain, record) = whole;
        let same = |(own, _): &&(Row, u32)| (own.kind, own.id) == (row.kind, row.id);
        let own = record.rows.iter().find(same).copied();
        if !same_key(&record.key, &pack.key) || own != Some((*row, place.offset)) {
            let what = "an index says something else than an intact pack";
            self.reports.add(fault(Fault::IndexDamaged, what).of(&listed.name));
            let mut catalog = self.catalog_mut();
            catalog.refute(place.pack);
            catalog.add(listed, record);
        }
        drop(damaged);
        let Some((row, offset)) = own else { return Ok(None) };
        let decoded = self.decode(&plain, &row, offset).map_err(|error| error.of(&listed.name));
        decoded.map(|block| Some(block.into_plain()))
    }

    /// Reads the table of a pack that no index names; false if there is none left.
    fn read_next_table(&self) -> Result<bool, Error> {
        // Held while the pack is fetched, so that others wait for what it may have.
        let _turn = self.damaged();
        let Some(listed) = self.catalog_mut().take_unread() else { return Ok(false) };
        match self.fetch_whole(&listed) {
            Ok((_, record)) => self.catalog_mut().add(&listed, record),
            Err(error) if error.is_damage() => self.reports.add(error),
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// A block in a pack's plaintext.
    pub(crate) fn decode<'p>(
        &self,
        pack: &'p [u8],
        row: &Row,
        offset: u32,
    ) -> Result<Decoded<'p>, Error> {
        let stored = part(pack, offset, row.stored_len).ok_or_else(out_of_range)?;
        block::decode(&self.repository.keys, row, stored)
    }

    /// A pack's plaintext, and what it says about itself.
    pub(crate) fn fetch_whole(&self, listed: &Listed) -> Result<(Plain, PackRecord), Error> {
        let keys = &self.repository.keys;
        let sealed = listed.fetch(&*self.repository.store)?;
        let read = || {
            let (plain, key) = object::open(keys, &sealed)?;
            let rows = pack::parse(keys, &plain)?;
            let (name, stored_len) = (listed.digest, listed.size);
            Ok((plain, PackRecord { name, stored_len, key, rows }))
        };
        read().map_err(|error: Error| error.of(&listed.name))
    }

    fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn damaged(&self) -> MutexGuard<'_, HashMap<Digest256, Error>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row(kind: BlockKind, id: BlockId, place: Location) -> Row {
    let Location { coding, stored_len, plain_len, .. } = place;
    Row { id, kind, coding, stored_len, plain_len }
}

/// The first and the last chunk that bytes of a pack's plaintext are in.
pub(crate) fn span(offset: u32, end: u64) -> (u64, u64) {
    let chunk = |byte: u64| byte.checked_div(CHUNK_LEN as u64).unwrap_or_default();
    (chunk(u64::from(offset)), chunk(end.saturating_sub(1)))
}

/// A block's stored bytes in the plaintext of chunks from `first` on.
pub(crate) fn cut(plain: &[u8], first: u64, place: Location) -> Option<&[u8]> {
    let start = first.checked_mul(CHUNK_LEN as u64)?;
    let offset = u32::try_from(u64::from(place.offset).checked_sub(start)?).ok()?;
    part(plain, offset, place.stored_len)
}

fn part(plain: &[u8], offset: u32, len: u32) -> Option<&[u8]> {
    let offset = usize::try_from(offset).ok()?;
    plain.get(offset..)?.get(..usize::try_from(len).ok()?)
}

fn missing(kind: BlockKind) -> Error {
    let noun = match kind {
        BlockKind::Data => "block of a file",
        BlockKind::Page => "page of the manifest",
        BlockKind::List => "list of a file's blocks",
    };
    fault(Fault::BlockMissing, format!("a {noun} is nowhere in the backup"))
}

fn out_of_range() -> Error {
    fault(Fault::BlockMismatch, "a block does not lie within its pack")
}

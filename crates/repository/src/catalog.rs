//! Where every block lies, as authentic indexes and tables say (`docs/format.md` section 8).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use holdfast_seal::object::ObjectKey;

use crate::block::{BlockId, BlockKind, Coding, Row};
use crate::error::{Error, Reports};
use crate::index::{self, PackRecord};
use crate::listing::Listed;
use crate::object::Digest256;
use crate::parallel;
use crate::repository::Repository;

/// One block in one pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The pack's position in [`Catalog::pack`].
    pub pack: u32,
    /// Where it begins in the pack's plaintext.
    pub offset: u32,
    /// Bytes in the pack.
    pub stored_len: u32,
    /// Bytes of the block.
    pub plain_len: u32,
    /// How it is stored.
    pub coding: Coding,
}

impl Location {
    /// Where it ends in the pack's plaintext.
    #[must_use]
    pub fn end(&self) -> u64 {
        u64::from(self.offset).saturating_add(u64::from(self.stored_len))
    }
}

/// A pack that is listed, with what opens its chunks.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The object.
    pub listed: Listed,
    /// What opens its chunks, as the index or the pack itself has it.
    pub key: Arc<ObjectKey>,
    /// Whether what was said about it proved wrong: its places count for nothing.
    pub refuted: bool,
}

/// The blocks of an epoch.
#[derive(Debug, Default)]
pub struct Catalog {
    packs: Vec<Pack>,
    by_name: HashMap<Digest256, Vec<u32>>,
    first: HashMap<(BlockKind, BlockId), Location>,
    others: HashMap<(BlockKind, BlockId), Vec<Location>>,
    unread: Vec<Listed>,
}

impl Catalog {
    /// Reads all indexes. One that fails is reported; the packs that no other names with their
    /// length wait in [`Catalog::take_unread`].
    ///
    /// # Errors
    ///
    /// The destination's.
    pub fn load(repository: &Repository, reports: &Reports) -> Result<Self, Error> {
        let listing = &repository.listing;
        let mut unread: BTreeMap<(Digest256, u64), &Listed> =
            listing.packs.iter().map(|pack| ((pack.digest, pack.size), pack)).collect();
        let listed = unread.clone();
        let mut catalog = Self::default();
        // A few at a time: an index may be as large as its 16 packs have rows.
        for indexes in listing.indexes.chunks(repository.requests.max(1)) {
            let loaded = parallel::map(repository.requests, indexes, |index| {
                let plain = repository.load(index)?;
                index::parse(&repository.keys, &plain).map_err(|error| error.of(&index.name))
            });
            for records in loaded {
                match records {
                    Ok(records) => {
                        for record in records {
                            let pack = (record.name, record.stored_len);
                            let Some(listed) = listed.get(&pack) else { continue };
                            unread.remove(&pack);
                            catalog.add(listed, record);
                        }
                    }
                    Err(error) if error.is_damage() => reports.add(error),
                    Err(error) => return Err(error),
                }
            }
        }
        catalog.unread = unread.into_values().cloned().collect();
        Ok(catalog)
    }

    /// Adds what an index or a pack's own table says.
    pub fn add(&mut self, listed: &Listed, record: PackRecord) {
        let known = self.by_name.entry(listed.digest).or_default();
        let packs = &mut self.packs;
        let same = known.iter().copied().find(|position| {
            let pack = usize::try_from(*position).ok().and_then(|at| packs.get(at));
            pack.is_some_and(|pack| !pack.refuted && same_key(&pack.key, &record.key))
        });
        let pack = same.unwrap_or_else(|| {
            let position = u32::try_from(packs.len()).unwrap_or(u32::MAX);
            let key = Arc::new(record.key);
            packs.push(Pack { listed: listed.clone(), key, refuted: false });
            known.push(position);
            position
        });
        for (row, offset) in record.rows {
            self.place(&row, pack, offset);
        }
    }

    /// The positions under which a pack is known: one for each key that is said to open it.
    #[must_use]
    pub fn positions(&self, pack: Digest256) -> &[u32] {
        self.by_name.get(&pack).map(Vec::as_slice).unwrap_or_default()
    }

    /// The place of every block that is tried first.
    pub fn first_places(&self) -> impl Iterator<Item = &Location> {
        self.first.values()
    }

    /// Every place of every block.
    pub fn all_places(&self) -> impl Iterator<Item = &Location> {
        self.first.values().chain(self.others.values().flatten())
    }

    /// Takes back what an index said about a pack.
    pub fn refute(&mut self, position: u32) {
        if let Some(pack) = usize::try_from(position).ok().and_then(|at| self.packs.get_mut(at)) {
            pack.refuted = true;
        }
    }

    /// A pack by its position.
    #[must_use]
    pub fn pack(&self, position: u32) -> Option<&Pack> {
        self.packs.get(usize::try_from(position).ok()?)
    }

    /// Where a block lies, the place to try first.
    #[must_use]
    pub fn first(&self, kind: BlockKind, id: BlockId) -> Option<Location> {
        self.places(kind, id).next()
    }

    /// All places where a block lies.
    pub fn places(&self, kind: BlockKind, id: BlockId) -> impl Iterator<Item = Location> {
        let first = self.first.get(&(kind, id)).into_iter();
        let others = self.others.get(&(kind, id)).into_iter().flatten();
        let stands = |place: &&Location| self.pack(place.pack).is_some_and(|pack| !pack.refuted);
        first.chain(others).filter(stands).copied()
    }

    /// The packs whose blocks are known.
    #[must_use]
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// Number of different blocks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether no block is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The next listed pack that no authentic index names, which is then no longer waiting.
    pub fn take_unread(&mut self) -> Option<Listed> {
        self.unread.pop()
    }

    /// Whether packs wait that no authentic index names.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    fn place(&mut self, row: &Row, pack: u32, offset: u32) {
        let place = Location {
            pack,
            offset,
            stored_len: row.stored_len,
            plain_len: row.plain_len,
            coding: row.coding,
        };
        let key = (row.kind, row.id);
        let first = *self.first.entry(key).or_insert(place);
        if first != place {
            let others = self.others.entry(key).or_default();
            if !others.contains(&place) {
                others.push(place);
            }
        }
    }
}

/// Whether two records describe the same encryption.
pub(crate) fn same_key(one: &ObjectKey, other: &ObjectKey) -> bool {
    one.file_key.expose() == other.file_key.expose()
        && one.nonce == other.nonce
        && one.header_len == other.header_len
}

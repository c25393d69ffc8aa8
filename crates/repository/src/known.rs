//! What a writer may rely on: blocks in packs that are there and stay (section 10).

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::block::{BlockId, BlockKind};
use crate::error::{Error, Reports};
use crate::index::{self, PackRecord};
use crate::listing::Listed;
use crate::object::Digest256;
use crate::parallel;
use crate::repository::Repository;
use crate::snapshots::Snapshots;

/// A pack by its name and the length of its object.
pub(crate) type PackObject = (Digest256, u64);

#[derive(Debug)]
struct Place {
    /// Nothing while the pack is not stored.
    object: Option<PackObject>,
    needed: bool,
}

/// Which blocks need not be stored again, and which packs a new snapshot needs.
#[derive(Debug, Default)]
pub(crate) struct Known {
    packs: Vec<Place>,
    blocks: HashMap<(BlockKind, BlockId), usize>,
}

impl Known {
    /// What the authentic indexes place in packs that are listed and that no tombstone names.
    /// Indexes that do not open are reported: their blocks are stored again.
    pub(crate) fn read(
        repository: &Repository,
        snapshots: &Snapshots,
        reports: &Reports,
    ) -> Result<Self, Error> {
        let listed = lengths(&repository.listing.packs);
        let (doomed, doomed_indexes) = (snapshots.doomed_packs(), snapshots.doomed_indexes());
        let indexes = repository.listing.indexes.iter();
        let indexes: Vec<_> =
            indexes.filter(|index| !doomed_indexes.contains(&index.digest)).collect();
        let mut known = Self::default();
        // A few at a time: an index may be as large as its 16 packs have rows.
        for some in indexes.chunks(repository.requests.max(1)) {
            let read = |index: &&Listed| {
                let plain = repository.load(index)?;
                index::parse(&repository.keys, &plain).map_err(|error| error.of(&index.name))
            };
            for records in parallel::map(repository.requests, some, read) {
                match records {
                    Ok(records) => known.add(&records, &listed, &doomed),
                    Err(error) if error.is_damage() => reports.add(error),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(known)
    }

    /// The blocks of packs that are listed with the length that `records` say.
    pub(crate) fn add(
        &mut self,
        records: &[PackRecord],
        listed: &HashMap<Digest256, u64>,
        doomed: &BTreeSet<Digest256>,
    ) {
        for record in records {
            let there = listed.get(&record.name) == Some(&record.stored_len);
            if !there || doomed.contains(&record.name) {
                continue;
            }
            let pack = self.packs.len();
            let object = Some((record.name, record.stored_len));
            self.packs.push(Place { object, needed: false });
            for (row, _) in &record.rows {
                self.blocks.entry((row.kind, row.id)).or_insert(pack);
            }
        }
    }

    /// Whether some index names the pack.
    pub(crate) fn has_pack(&self, name: Digest256) -> bool {
        self.packs.iter().any(|place| place.object.is_some_and(|(known, _)| known == name))
    }

    /// Whether the block need not be stored.
    pub(crate) fn has(&self, kind: BlockKind, id: BlockId) -> bool {
        self.blocks.contains_key(&(kind, id))
    }

    /// Relies on the block, if it is known.
    pub(crate) fn need(&mut self, kind: BlockKind, id: BlockId) -> bool {
        let place = self.blocks.get(&(kind, id)).and_then(|pack| self.packs.get_mut(*pack));
        place.map(|place| place.needed = true).is_some()
    }

    /// Relies on all of these data blocks, or on none.
    pub(crate) fn need_all(&mut self, ids: &[BlockId]) -> bool {
        let known = ids.iter().all(|id| self.has(BlockKind::Data, *id));
        if known {
            for id in ids {
                self.need(BlockKind::Data, *id);
            }
        }
        known
    }

    /// A new pack, not stored yet.
    pub(crate) fn begin_pack(&mut self) -> usize {
        self.packs.push(Place { object: None, needed: true });
        self.packs.len().saturating_sub(1)
    }

    /// The block is in a pack of this session.
    pub(crate) fn place(&mut self, kind: BlockKind, id: BlockId, pack: usize) {
        self.blocks.insert((kind, id), pack);
    }

    /// A pack of this session is stored.
    pub(crate) fn stored(&mut self, pack: usize, object: PackObject) {
        if let Some(place) = self.packs.get_mut(pack) {
            place.object = Some(object);
        }
    }

    /// Forgets packs that are not listed as they should be, or doomed; returns how many of them
    /// were needed.
    pub(crate) fn verify(
        &mut self,
        listed: &HashMap<Digest256, u64>,
        doomed: &BTreeSet<Digest256>,
    ) -> usize {
        let mut lost = HashSet::new();
        let mut needed = 0_usize;
        for (pack, place) in self.packs.iter().enumerate() {
            let Some((name, len)) = place.object else { continue };
            if listed.get(&name) != Some(&len) || doomed.contains(&name) {
                lost.insert(pack);
                needed = needed.saturating_add(usize::from(place.needed));
            }
        }
        if !lost.is_empty() {
            self.blocks.retain(|_, pack| !lost.contains(pack));
        }
        for pack in lost {
            if let Some(place) = self.packs.get_mut(pack) {
                *place = Place { object: None, needed: false };
            }
        }
        needed
    }
}

/// The length of each listed pack.
pub(crate) fn lengths(packs: &[Listed]) -> HashMap<Digest256, u64> {
    packs.iter().map(|pack| (pack.digest, pack.size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BlockId = BlockId([1; 32]);

    #[test]
    fn a_needed_pack_that_is_gone_is_counted_and_its_blocks_forgotten() {
        let name = Digest256([7; 32]);
        let mut known = Known::default();
        let pack = known.begin_pack();
        known.place(BlockKind::Data, ID, pack);
        known.stored(pack, (name, 9));
        assert_eq!(known.verify(&HashMap::from([(name, 9)]), &BTreeSet::new()), 0);
        assert!(known.has(BlockKind::Data, ID));
        assert_eq!(known.verify(&HashMap::from([(name, 8)]), &BTreeSet::new()), 1);
        assert!(!known.need(BlockKind::Data, ID));
    }

    #[test]
    fn a_doomed_pack_is_as_good_as_gone() {
        let name = Digest256([7; 32]);
        let mut known = Known::default();
        let pack = known.begin_pack();
        known.place(BlockKind::Data, ID, pack);
        known.stored(pack, (name, 9));
        assert_eq!(known.verify(&HashMap::from([(name, 9)]), &BTreeSet::from([name])), 1);
        assert!(!known.has(BlockKind::Data, ID));
    }
}

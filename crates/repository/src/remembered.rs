//! What an open repository keeps from one operation to the next, so that it is not fetched again:
//! the records of snapshots, the places of blocks, and pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::Catalog;
use crate::error::{Error, Reports};
use crate::listing::Listed;
use crate::parallel;
use crate::read::Reader;
use crate::record::Snapshot;
use crate::repository::Repository;

/// Most blocks whose places are kept: about 50 MiB of memory.
const MAX_BLOCKS: usize = 300_000;

/// A snapshot and its record's own bytes.
pub(crate) type SnapshotRecord = (Snapshot, Vec<u8>);

/// Snapshots that were read before, by the names and lengths of their objects.
#[derive(Debug, Default)]
pub struct Records(Mutex<BTreeMap<(String, u64), Arc<SnapshotRecord>>>);

/// What is kept of one repository.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    pub(crate) records: Records,
    reader: Mutex<Option<Kept>>,
}

/// A reader, with what was listed when it was made.
#[derive(Debug)]
struct Kept {
    packs: Vec<Listed>,
    indexes: Vec<Listed>,
    reader: Arc<Reader>,
}

impl Records {
    /// Every listed snapshot with its record. What is no longer listed is forgotten.
    pub(crate) fn load<'a>(
        &self,
        repository: &'a Repository,
    ) -> impl Iterator<Item = (&'a Listed, Result<Arc<SnapshotRecord>, Error>)> {
        let listed = &repository.listing.snapshots;
        let key = |listed: &Listed| (listed.name.clone(), listed.size);
        let before = std::mem::take(&mut *self.lock());
        let read = |plain: &[u8]| Snapshot::parse(plain, &repository.keys);
        let loaded = parallel::map(repository.requests, listed, |listed| {
            let known = before.get(&key(listed)).cloned();
            known.map_or_else(|| load_one(repository, listed, &read).map(Arc::new), Ok)
        });
        let whole = listed.iter().zip(&loaded).filter_map(|(listed, loaded)| {
            let record = loaded.as_ref().ok()?;
            Some((key(listed), Arc::clone(record)))
        });
        self.lock().extend(whole);
        listed.iter().zip(loaded)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, u64), Arc<SnapshotRecord>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    /// A reader of all blocks. Indexes are read again only where others are listed, or where
    /// something was wrong.
    pub(crate) fn reader(
        &self,
        repository: &Arc<Repository>,
        reports: &Arc<Reports>,
    ) -> Result<Reader, Error> {
        let (repository, reports) = (Arc::clone(repository), Arc::clone(reports));
        let listing = &repository.listing;
        if let Some(kept) = &*self.kept()
            && (&kept.packs, &kept.indexes) == (&listing.packs, &listing.indexes)
        {
            return Ok(kept.reader.again(repository, reports));
        }
        let own = Reports::default();
        let catalog = Catalog::load(&repository, &own)?;
        let noticed = own.all();
        // A pack that no index names is read by one operation only.
        let keeps = noticed.is_empty() && !catalog.has_unread() && catalog.len() <= MAX_BLOCKS;
        for report in noticed {
            reports.add(report);
        }
        let (packs, indexes) = (listing.packs.clone(), listing.indexes.clone());
        let reader = Reader::new(Arc::clone(&repository), catalog, Arc::clone(&reports));
        let kept = Arc::new(reader.again(repository, reports));
        *self.kept() = keeps.then_some(Kept { packs, indexes, reader: kept });
        Ok(reader)
    }

    /// Forgets everything.
    pub(crate) fn forget(&self) {
        self.records.lock().clear();
        *self.kept() = None;
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every object with what `read` makes of its plaintext.
pub(crate) fn load<'a, T: Send>(
    repository: &Repository,
    listed: &'a [Listed],
    read: impl Fn(&[u8]) -> Result<T, Error> + Sync,
) -> impl Iterator<Item = (&'a Listed, Result<T, Error>)> {
    let loaded =
        parallel::map(repository.requests, listed, |listed| load_one(repository, listed, &read));
    listed.iter().zip(loaded)
}

fn load_one<T>(
    repository: &Repository,
    listed: &Listed,
    read: &impl Fn(&[u8]) -> Result<T, Error>,
) -> Result<T, Error> {
    let plain = repository.load(listed)?;
    read(&plain).map_err(|error| error.of(&listed.name))
}

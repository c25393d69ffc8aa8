//! The last look at the destination, and the record that makes a snapshot (section 10).

use std::collections::BTreeSet;

use crate::error::{Error, Fault, Reports, fault};
use crate::known::{Known, lengths};
use crate::listing::{Listed, Listing};
use crate::name::Name;
use crate::object::{self, Digest256};
use crate::record::{Id, Snapshot, Tombstone};
use crate::repository::Repository;
use crate::snapshots::Snapshots;
use crate::store::Store;

/// What the destination held right before the commit.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Packs that the snapshot needs and that are gone or doomed.
    pub(crate) lost: usize,
    /// All other snapshots.
    pub(crate) live: Vec<Id>,
    /// The highest sequence in any genuine record.
    pub(crate) highest: u64,
}

/// Lists tombstones, then everything else; `known` forgets what can no longer be relied on.
///
/// # Errors
///
/// `EPOCH_CHANGING`; the destination's.
pub(crate) fn check(
    repository: &Repository,
    store: &dyn Store,
    snapshots: &Snapshots,
    known: &mut Known,
    reports: &Reports,
) -> Result<Checked, Error> {
    let mut highest = snapshots.highest;
    let mut doomed = snapshots.doomed_packs();
    for listed in new_tombstones(repository, store)? {
        let read = |plain: &[u8]| Tombstone::parse(plain, &repository.keys);
        let Some(tombstone) = load(repository, store, &listed, reports, read)? else { continue };
        highest = highest.max(tombstone.highest);
        doomed.extend(tombstone.packs.into_iter().map(Digest256));
    }
    let mut listing = Listing::read(store)?;
    refuse_above(&listing, repository.epoch)?;
    let listing = listing.epochs.remove(&repository.epoch).unwrap_or_default();
    let lost = known.verify(&lengths(&listing.packs), &doomed);
    let mut live = BTreeSet::new();
    for listed in &listing.snapshots {
        let seen = snapshots.objects.iter().find(|(_, objects)| objects.contains(listed));
        if let Some((id, _)) = seen {
            live.insert(*id);
            continue;
        }
        if repository.listing.snapshots.contains(listed) {
            // It was damaged when the session began, and reported.
            continue;
        }
        let read = |plain: &[u8]| Ok(Snapshot::parse(plain, &repository.keys)?.0);
        let Some(snapshot) = load(repository, store, listed, reports, read)? else { continue };
        highest = highest.max(snapshot.sequence);
        live.insert(snapshot.id);
    }
    Ok(Checked { lost, live: live.into_iter().collect(), highest })
}

/// Writers stop where an epoch above is claimed.
pub(crate) fn refuse_above(listing: &Listing, epoch: u64) -> Result<(), Error> {
    let above = listing.epochs.iter().rev().find(|(_, above)| above.claim.is_some());
    match above {
        Some((number, _)) if *number > epoch => Err(changing(*number)),
        _ => Ok(()),
    }
}

/// Another epoch is being built.
pub(crate) fn changing(epoch: u64) -> Error {
    fault(Fault::EpochChanging, format!("another device is building epoch {epoch}"))
}

fn new_tombstones(repository: &Repository, store: &dyn Store) -> Result<Vec<Listed>, Error> {
    let infos = store.list(&format!("e{}/tombstones/", repository.epoch))?;
    let listed = infos.into_iter().filter_map(|info| {
        let digest = match Name::parse(&info.name)? {
            Name::Tombstone(epoch, digest) if epoch == repository.epoch => digest,
            _ => return None,
        };
        Some(Listed { name: info.name, digest, size: info.size, modified: info.modified })
    });
    let seen = &repository.listing.tombstones;
    let is_new = |listed: &Listed| !seen.iter().any(|seen| seen.name == listed.name);
    Ok(listed.filter(is_new).collect())
}

/// What an object says; nothing where it is damaged, which is reported.
fn load<T>(
    repository: &Repository,
    store: &dyn Store,
    listed: &Listed,
    reports: &Reports,
    read: impl Fn(&[u8]) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let opened = listed.fetch(store).and_then(|sealed| {
        let (plain, _) = object::open(&repository.keys, &sealed)?;
        read(&plain)
    });
    match opened.map_err(|error| error.of(&listed.name)) {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.is_damage() => {
            reports.add(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

//! What a repository holds, in numbers.

use crate::access::Now;
use crate::error::Error;
use crate::name::Name;

/// Numbers of one repository.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Snapshots that can be read.
    pub snapshots: u64,
    /// Packs of the epoch.
    pub packs: u64,
    /// Objects of the repository, of all epochs.
    pub objects: u64,
    /// Bytes of those, as they are stored.
    pub stored_bytes: u64,
    /// Different blocks that the epoch's indexes name.
    pub blocks: u64,
    /// Bytes of those, as they were before they were compressed and sealed.
    pub block_bytes: u64,
    /// Bytes of all files of all snapshots, as they would be restored.
    pub content_bytes: u64,
}

/// Counts what is there now.
///
/// # Errors
///
/// Those of the destination.
pub fn stats(now: &Now) -> Result<Stats, Error> {
    let mut stats = Stats {
        snapshots: now.snapshots.all.len() as u64,
        packs: now.repository.listing.packs.len() as u64,
        ..Stats::default()
    };
    for object in now.repository.store.list("")? {
        if Name::parse(&object.name).is_some() {
            stats.objects = stats.objects.saturating_add(1);
            stats.stored_bytes = stats.stored_bytes.saturating_add(object.size);
        }
    }
    for place in now.reader()?.catalog().first_places() {
        stats.blocks = stats.blocks.saturating_add(1);
        stats.block_bytes = stats.block_bytes.saturating_add(place.plain_len.into());
    }
    let bytes = now.snapshots.all.iter().map(|snapshot| snapshot.bytes);
    stats.content_bytes = bytes.fold(0, u64::saturating_add);
    Ok(stats)
}

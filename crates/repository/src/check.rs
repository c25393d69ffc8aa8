//! Whether everything is there and whole.

use std::collections::HashMap;

use holdfast_seal::control::{Control, Phase};
use holdfast_seal::secret::random_bytes;

use crate::block::Row;
use crate::catalog::same_key;
use crate::entries::{Entries, Loss, each_block};
use crate::error::{Error, Fault, fault};
use crate::listing::Listed;
use crate::parallel;
use crate::read::Reader;
use crate::record::Snapshot;
use crate::snapshots::Snapshots;

/// Packs that are in memory at a time.
const WHOLE_PACKS: usize = 2;
/// A whole, in the parts that [`Depth::Part`] counts.
const WHOLE: u32 = 10_000;

/// How many of the packs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None: what is listed is compared with what is needed.
    Listing,
    /// About this many of 10,000, chosen at random.
    Part(u16),
    /// All: every byte of the repository.
    All,
}

/// What a check saw.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Snapshots whose every block is placed.
    pub snapshots: u64,
    /// Packs that were read whole.
    pub packs: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Everything that is wrong.
    pub problems: Vec<Error>,
}

/// Checks the epoch that `reader` reads. What failed when it was opened and listed is in the
/// result, too.
///
/// # Errors
///
/// Those of the destination, and cancellation: what is wrong with the repository is no failure.
pub fn check(
    reader: &Reader,
    snapshots: &Snapshots,
    depth: Depth,
    control: &Control,
) -> Result<Checked, Error> {
    control.set_phase(Phase::Working);
    let mut checked = Checked::default();
    checked.problems.extend(snapshots.suspicion().cloned());
    slots(reader, &mut checked)?;
    packs(reader, depth, control, &mut checked)?;
    for snapshot in &snapshots.all {
        control.check()?;
        match manifest(reader, snapshot, control) {
            Ok(()) => checked.snapshots = checked.snapshots.saturating_add(1),
            Err(error) if error.is_damage() => checked.problems.push(error),
            Err(error) => return Err(error),
        }
    }
    for report in reader.reports.all() {
        if !checked.problems.contains(&report) {
            checked.problems.push(report);
        }
    }
    control.set_phase(Phase::Done);
    Ok(checked)
}

/// Compares every slot with its name, whatever its kind.
fn slots(reader: &Reader, checked: &mut Checked) -> Result<(), Error> {
    for (_, slot) in &reader.repository.listing.slots {
        match slot.fetch(&*reader.repository.store) {
            Err(error) if error.is_damage() => checked.problems.push(error),
            fetched => drop(fetched?),
        }
    }
    Ok(())
}

fn packs(
    reader: &Reader,
    depth: Depth,
    control: &Control,
    checked: &mut Checked,
) -> Result<(), Error> {
    let chosen = choose(&reader.repository.listing.packs, depth)?;
    control.set_total(chosen.iter().map(|pack| pack.size).fold(0, u64::saturating_add));
    let counts = counts(reader);
    let results = parallel::map(WHOLE_PACKS, &chosen, |listed| {
        control.check()?;
        let problems = pack(reader, listed, &counts);
        control.add_done(listed.size);
        problems
    });
    for (listed, problems) in chosen.iter().zip(results) {
        checked.problems.extend(problems?);
        checked.packs = checked.packs.saturating_add(1);
        checked.bytes = checked.bytes.saturating_add(listed.size);
    }
    Ok(())
}

fn choose(packs: &[Listed], depth: Depth) -> Result<Vec<Listed>, Error> {
    let limit = match depth {
        Depth::Listing => return Ok(Vec::new()),
        Depth::All => return Ok(packs.to_vec()),
        Depth::Part(parts) => u32::from(parts),
    };
    let mut chosen = Vec::new();
    for pack in packs {
        if u32::from_be_bytes(random_bytes()?).checked_rem(WHOLE).is_some_and(|at| at < limit) {
            chosen.push(pack.clone());
        }
    }
    Ok(chosen)
}

/// How many blocks the catalog has at each position of a pack.
fn counts(reader: &Reader) -> HashMap<u32, usize> {
    let mut counts = HashMap::new();
    for place in reader.catalog().all_places() {
        let count: &mut usize = counts.entry(place.pack).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

/// What is wrong with a pack, with one of its blocks, or with what indexes say about it.
fn pack(
    reader: &Reader,
    listed: &Listed,
    counts: &HashMap<u32, usize>,
) -> Result<Vec<Error>, Error> {
    let (plain, record) = match reader.fetch_whole(listed) {
        Ok(whole) => whole,
        Err(error) if error.is_damage() => return Ok(vec![error]),
        Err(error) => return Err(error),
    };
    let mut problems = Vec::new();
    for (row, offset) in &record.rows {
        if let Err(error) = reader.decode(&plain, row, *offset) {
            problems.push(error.of(&listed.name));
        }
    }
    let catalog = reader.catalog();
    for position in catalog.positions(listed.digest) {
        let pack = catalog.pack(*position).filter(|pack| !pack.refuted);
        let Some(pack) = pack else { continue };
        let stands = |(row, offset): &(Row, u32)| {
            let mut places = catalog.places(row.kind, row.id);
            places.any(|place| place.pack == *position && place.offset == *offset)
        };
        let agrees = same_key(&pack.key, &record.key)
            && counts.get(position).copied().unwrap_or_default() == record.rows.len()
            && record.rows.iter().all(stands);
        if !agrees {
            let what = "an index says something else than an intact pack";
            problems.push(fault(Fault::IndexDamaged, what).of(&listed.name));
        }
    }
    Ok(problems)
}

/// Reads a snapshot's manifest and finds every block that it needs.
fn manifest(reader: &Reader, snapshot: &Snapshot, control: &Control) -> Result<(), Error> {
    let mut entries = Entries::new(reader, snapshot, Loss::Refused)?;
    while let Some(entry) = entries.next_entry()? {
        control.check()?;
        let placed = each_block(reader, &entry, |block| reader.ensure_placed(&block));
        placed.map_err(|error| error.at(&entry.path))?;
    }
    Ok(())
}

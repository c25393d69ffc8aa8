//! The snapshots of an epoch, and whether some are missing (`docs/format.md` section 9).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdfast_seal::error::Error as SealError;

use crate::error::{Error, Fault, Reports, fault};
use crate::hex;
use crate::listing::Listed;
use crate::object::Digest256;
use crate::pin::{Pin, rollback};
use crate::record::{Id, Snapshot, Tombstone};
use crate::remembered::{Records, SnapshotRecord, load};
use crate::repository::Repository;

/// Fewest digits that stand for an id.
const MIN_PREFIX_LEN: usize = 4;
/// Digits of an id.
const ID_LEN: usize = 32;

/// A tombstone and its object's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// The object.
    pub listed: Listed,
    /// What it says.
    pub tombstone: Tombstone,
}

/// All snapshots and tombstones of an epoch.
#[derive(Debug)]
pub struct Snapshots {
    /// Every snapshot once, newest first.
    pub all: Vec<Snapshot>,
    /// Every genuine tombstone.
    pub tombstones: Vec<Buried>,
    /// The objects of each snapshot; more than one where it was stored twice.
    pub objects: BTreeMap<Id, Vec<Listed>>,
    /// Why some snapshot objects cannot be read.
    pub damaged: Vec<Error>,
    /// The highest sequence in any genuine record, or 0.
    pub highest: u64,
    suspicion: Option<Error>,
}

impl Snapshots {
    /// Reads all of them.
    ///
    /// # Errors
    ///
    /// `SNAPSHOT_TAMPERED` if two say different things under one id; the destination's.
    pub fn load(
        repository: &Repository,
        pin: Option<&Pin>,
        reports: &Reports,
    ) -> Result<Self, Error> {
        Self::load_with(repository, pin, &Records::default(), reports)
    }

    /// The same; what `known` has is not fetched again, and it learns the others.
    ///
    /// # Errors
    ///
    /// As [`Snapshots::load`].
    pub fn load_with(
        repository: &Repository,
        pin: Option<&Pin>,
        known: &Records,
        reports: &Reports,
    ) -> Result<Self, Error> {
        let tombstones = tombstones(repository, reports)?;
        let mut records: BTreeMap<Id, Arc<SnapshotRecord>> = BTreeMap::new();
        let mut objects: BTreeMap<Id, Vec<Listed>> = BTreeMap::new();
        let mut damaged = Vec::new();
        for (listed, loaded) in known.load(repository) {
            match loaded {
                Ok(record) => {
                    let id = record.0.id;
                    objects.entry(id).or_default().push(listed.clone());
                    let first = records.entry(id).or_insert_with(|| Arc::clone(&record));
                    if first.1 != record.1 {
                        let what = "two snapshots of one id differ";
                        return Err(fault(Fault::SnapshotTampered, what).of(&listed.name));
                    }
                }
                Err(error) if error.is_damage() => {
                    reports.add(error.clone());
                    damaged.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        let mut all: Vec<_> = records.into_values().map(|record| record.0.clone()).collect();
        all.sort_by_key(|snapshot| Reverse((snapshot.sequence, snapshot.time, snapshot.id)));
        let sequences = all.first().map(|newest| newest.sequence).into_iter();
        let highest = sequences
            .chain(tombstones.iter().map(|buried| buried.tombstone.highest))
            .chain([repository.complete.highest])
            .max()
            .unwrap_or_default();
        let mut snapshots = Self { all, tombstones, objects, damaged, highest, suspicion: None };
        snapshots.suspicion = snapshots.suspect(pin);
        Ok(snapshots)
    }

    /// Why the destination may be showing an older state, if it may.
    #[must_use]
    pub fn suspicion(&self) -> Option<&Error> {
        self.suspicion.as_ref()
    }

    /// Goes on in spite of [`Snapshots::suspicion`]: the user was told and wants that.
    pub fn accept(&mut self) {
        self.suspicion = None;
    }

    /// The newest complete snapshot.
    ///
    /// # Errors
    ///
    /// `ROLLBACK_SUSPECTED`; the damage of a snapshot, which might be the newest;
    /// `SNAPSHOT_MISSING`.
    pub fn latest(&self) -> Result<&Snapshot, Error> {
        if let Some(error) = self.suspicion.as_ref().or(self.damaged.first()) {
            return Err(error.clone());
        }
        let mut complete = self.all.iter().filter(|snapshot| !snapshot.incomplete);
        complete.next().ok_or_else(|| missing("there is no complete snapshot in this backup"))
    }

    /// The snapshot of this id.
    ///
    /// # Errors
    ///
    /// `ROLLBACK_SUSPECTED`; the damage of a snapshot, which might be this one;
    /// `SNAPSHOT_MISSING`.
    pub fn find(&self, id: &Id) -> Result<&Snapshot, Error> {
        if let Some(error) = &self.suspicion {
            return Err(error.clone());
        }
        let found = self.all.iter().find(|snapshot| snapshot.id == *id);
        found.ok_or_else(|| self.not_found(&hex::encode(id)))
    }

    /// The snapshot that `text` stands for: `latest`, an id, or the beginning of one.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for fewer than 4 digits, for what are none, and where several ids begin
    /// like this; as [`Snapshots::latest`] and [`Snapshots::find`].
    pub fn named(&self, text: &str) -> Result<&Snapshot, Error> {
        if text == "latest" {
            return self.latest();
        }
        let digits = text.to_ascii_lowercase();
        let is_id = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_id || !(MIN_PREFIX_LEN..=ID_LEN).contains(&digits.len()) {
            return Err(refused("`latest`, or at least 4 digits of an id"));
        }
        if let Some(error) = &self.suspicion {
            return Err(error.clone());
        }
        let begins = |snapshot: &&Snapshot| hex::encode(&snapshot.id).starts_with(&digits);
        let mut found = self.all.iter().filter(begins);
        match (found.next(), found.next()) {
            (Some(snapshot), None) => Ok(snapshot),
            (Some(_), Some(_)) => Err(refused(&format!("several ids begin with {digits}"))),
            (None, _) => Err(self.not_found(&digits)),
        }
    }

    /// What to remember of this repository, besides what `before` saw and nobody removed.
    #[must_use]
    pub fn pin(&self, repository: &Repository, before: Option<&Pin>) -> Pin {
        let mut pin = repository.pin();
        pin.sequence = self.highest;
        pin.snapshots = self.all.iter().map(|snapshot| snapshot.id).collect();
        pin.snapshots.sort_unstable();
        let Some(before) = before else { return pin };
        let mut pin = pin.with(before);
        let buried = self.tombstones.iter().flat_map(|buried| &buried.tombstone.snapshots);
        let buried: BTreeSet<&Id> = buried.collect();
        let listed = |id: &Id| self.all.iter().any(|snapshot| snapshot.id == *id);
        pin.snapshots.retain(|id| !buried.contains(id) || listed(id));
        pin
    }

    /// Packs that a tombstone names.
    #[must_use]
    pub fn doomed_packs(&self) -> BTreeSet<Digest256> {
        let packs = self.tombstones.iter().flat_map(|buried| &buried.tombstone.packs);
        packs.copied().map(Digest256).collect()
    }

    /// Indexes that a tombstone names.
    #[must_use]
    pub fn doomed_indexes(&self) -> BTreeSet<Digest256> {
        let indexes = self.tombstones.iter().flat_map(|buried| &buried.tombstone.indexes);
        indexes.copied().map(Digest256).collect()
    }

    /// The damage of a snapshot, which might be the one; otherwise there is none.
    fn not_found(&self, digits: &str) -> Error {
        let what = || missing(&format!("no snapshot {digits} in this backup"));
        self.damaged.first().cloned().unwrap_or_else(what)
    }

    /// As many missing ids as there are damaged snapshots are put down to them.
    fn suspect(&self, pin: Option<&Pin>) -> Option<Error> {
        let buried = self.tombstones.iter().flat_map(|buried| &buried.tombstone.snapshots);
        let known: BTreeSet<&Id> =
            self.all.iter().map(|snapshot| &snapshot.id).chain(buried).collect();
        let seen = pin.into_iter().flat_map(|pin| &pin.snapshots);
        let named = self.all.iter().flat_map(|snapshot| &snapshot.live);
        let lost: BTreeSet<&Id> = named.chain(seen).filter(|id| !known.contains(id)).collect();
        if lost.len() > self.damaged.len() {
            let what = format!("{} snapshots are gone that nobody removed", lost.len());
            return Some(rollback(what));
        }
        let pinned = pin.map(|pin| pin.sequence).unwrap_or_default();
        let explained = pinned <= self.highest || !self.damaged.is_empty();
        let what =
            || format!("snapshot {pinned} was seen here before, the newest is {}", self.highest);
        (!explained).then(|| rollback(what()))
    }
}

/// One that cannot be read counts as naming nothing.
fn tombstones(repository: &Repository, reports: &Reports) -> Result<Vec<Buried>, Error> {
    let mut tombstones = Vec::new();
    let read = |plain: &[u8]| Tombstone::parse(plain, &repository.keys);
    for (listed, loaded) in load(repository, &repository.listing.tombstones, read) {
        match loaded {
            Ok(tombstone) => tombstones.push(Buried { listed: listed.clone(), tombstone }),
            Err(error) if error.is_damage() => reports.add(error),
            Err(error) => return Err(error),
        }
    }
    Ok(tombstones)
}

fn missing(what: &str) -> Error {
    fault(Fault::SnapshotMissing, what)
}

fn refused(what: &str) -> Error {
    SealError::InvalidArgument { what: format!("snapshot: {what}") }.into()
}

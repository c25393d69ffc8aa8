//! A backup: from the sources to a snapshot (`docs/format.md` section 10).

use std::path::Path;
use std::sync::{PoisonError, RwLock};
use std::thread;

use holdfast_seal::control::{Control, Phase};

use crate::cache::{CacheReader, CacheWriter};
use crate::commit::{self, Checked};
use crate::database;
use crate::encode::Encoder;
use crate::error::{Error, Reports};
use crate::fixed::{Ending, Fixed};
use crate::index::PackRecord;
use crate::journal::Journal;
use crate::keys::EpochKeys;
use crate::known::{Known, lengths};
use crate::ledger::{Ledger, Tally};
use crate::manifest::Component;
use crate::name;
use crate::packing::Packer;
use crate::pass::{Pass, Steps};
use crate::record::{Id, Snapshot};
use crate::rehearsal::Rehearsal;
use crate::repository::Repository;
use crate::ship::Ship;
use crate::snapshots::Snapshots;
use crate::source::{Problem, Source};
use crate::store::Store;
use crate::time::Time;

pub use crate::ledger::Files;
pub use crate::options::Options;

/// How often the sources are gone through where the destination loses packs meanwhile.
const MAX_PASSES: u32 = 3;
/// Blocks of 1 MiB that each thread may have before it.
const BLOCKS_PER_THREAD: usize = 3;

/// What a backup did.
#[derive(Debug)]
pub struct Outcome {
    /// The snapshot; what it would have been after a dry run.
    pub snapshot: Snapshot,
    /// How files compare with the last session.
    pub files: Files,
    /// Bytes read from the sources.
    pub read_bytes: u64,
    /// Bytes of all new objects.
    pub stored_bytes: u64,
    /// What is not in the snapshot, and why.
    pub problems: Vec<Problem>,
}

/// One backup of some sources into a repository.
#[derive(Debug)]
pub struct Session<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// Its snapshots, as they are now.
    pub snapshots: &'a Snapshots,
    /// How the backup is made.
    pub options: &'a Options,
    /// Progress and cancellation.
    pub control: &'a Control,
    /// What is noticed besides.
    pub reports: &'a Reports,
}

impl Session<'_> {
    /// Makes the backup. The snapshot exists once this returns.
    ///
    /// # Errors
    ///
    /// `EPOCH_CHANGING`, `ROLLBACK_SUSPECTED`, `INVALID_ARGUMENT`; `SOURCE_UNREADABLE` if nothing
    /// could be read; `UPLOAD_MISMATCH` if the destination keeps losing packs; the destination's.
    pub fn run(&self, sources: &[Source]) -> Result<Outcome, Error> {
        self.control.begin_writing()?;
        self.control.set_phase(Phase::Working);
        if let Some(above) = self.repository.building {
            return Err(commit::changing(above));
        }
        if let Some(suspicion) = self.snapshots.suspicion() {
            return Err(suspicion.clone());
        }
        let rehearsal = Rehearsal::new(&*self.repository.store);
        let store: &dyn Store =
            if self.options.dry_run { &rehearsal } else { &*self.repository.store };
        let known = RwLock::new(Known::read(self.repository, self.snapshots, self.reports)?);
        let fixed = Fixed::new(sources, self.options, database::folder(self.state()), &known)?;
        let journal = self.state().and_then(Journal::open);
        let unnamed = journal.as_ref().map(|journal| self.resume(journal, &known));
        let keys: (&EpochKeys, u64) = (&self.repository.keys, self.repository.epoch);
        let journal = (journal.as_ref(), unnamed.unwrap_or_default());
        let ship = Ship::new(store, keys, &known, self.control, journal);
        thread::scope(|scope| {
            let _ending = Ending(&ship, &fixed);
            scope.spawn(|| self.measure(&fixed));
            for _ in 0..self.options.uploads.max(1) {
                scope.spawn(|| ship.serve());
            }
            for _ in 0..self.options.threads.max(1) {
                scope.spawn(|| fixed.queue.serve(self.encoder(&known)));
            }
            self.work(store, &fixed, &ship)
        })
        .inspect(|_| self.control.set_total(self.control.done()))
    }

    fn work(
        &self,
        store: &dyn Store,
        fixed: &Fixed<'_>,
        ship: &Ship<'_>,
    ) -> Result<Outcome, Error> {
        let time = Time::now();
        for _ in 0..MAX_PASSES {
            let reader = fixed.cache.as_deref();
            let reader = reader.and_then(|path| CacheReader::open(&self.repository.keys, path));
            let parent = self.parent(fixed, reader.as_ref());
            let (tally, cache) = self.pass(fixed, ship, reader)?;
            if let (0, Some(problem)) = (tally.entries, tally.problems.first()) {
                return Err(problem.error.clone());
            }
            ship.settle()?;
            self.control.set_phase(Phase::Flushing);
            let checked = {
                let mut known = fixed.known.write().unwrap_or_else(PoisonError::into_inner);
                commit::check(self.repository, store, self.snapshots, &mut known, self.reports)?
            };
            if checked.lost > 0 {
                self.control.set_phase(Phase::Working);
                continue;
            }
            let outcome = self.outcome((fixed.id, parent, time), tally, checked);
            self.control.commit()?;
            let plain = outcome.snapshot.format(&self.repository.keys);
            ship.put(&plain, |digest| name::snapshot(self.repository.epoch, time, digest))?;
            if let Some(cache) = cache.filter(|_| !self.options.dry_run) {
                cache.publish();
            }
            self.control.set_phase(Phase::Done);
            return Ok(Outcome { stored_bytes: ship.stored_bytes(), ..outcome });
        }
        let message = "the destination keeps losing packs that it had stored".to_owned();
        Err(Error::Store { code: "UPLOAD_MISMATCH".to_owned(), message })
    }

    fn pass<'s>(
        &'s self,
        fixed: &'s Fixed<'_>,
        ship: &'s Ship<'s>,
        cache: Option<CacheReader<'s>>,
    ) -> Result<(Tally, Option<CacheWriter<'s>>), Error> {
        let keys = &self.repository.keys;
        let target = fixed.cache.as_deref().filter(|_| !self.options.dry_run);
        let writer = target.and_then(|path| CacheWriter::create(keys, path, fixed.id));
        let packer = Packer::new(ship, fixed.known);
        let pass = Pass {
            control: self.control,
            queue: &fixed.queue,
            buffers: fixed.buffers.clone(),
            encoder: self.encoder(fixed.known),
            ledger: Ledger::new(keys, fixed.known, packer, writer),
            cache,
            snapshotter: self.options.snapshotter.clone(),
            copies: fixed.copies.clone(),
            width: self.options.threads.max(1).saturating_mul(BLOCKS_PER_THREAD),
            steps: Steps::default(),
        };
        Ok(pass.run(fixed.walk())?.close())
    }

    fn encoder<'s>(&'s self, known: &'s RwLock<Known>) -> Encoder<'s> {
        Encoder::new(&self.repository.keys, known, self.options.compress)
    }

    /// Where state is kept, unless nothing is to be changed.
    fn state(&self) -> Option<&Path> {
        self.options.state.as_deref().filter(|_| !self.options.dry_run)
    }

    /// Packs that an interrupted session stored and that are still good, now known.
    fn resume(&self, journal: &Journal, known: &RwLock<Known>) -> Vec<PackRecord> {
        let listed = lengths(&self.repository.listing.packs);
        let doomed = self.snapshots.doomed_packs();
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        let mut unnamed = Vec::new();
        for record in journal.read(&self.repository.keys) {
            let there = listed.get(&record.name) == Some(&record.stored_len);
            if !there || doomed.contains(&record.name) || known.has_pack(record.name) {
                journal.remove(record.name);
                continue;
            }
            known.add(std::slice::from_ref(&record), &listed, &doomed);
            unnamed.push(record);
        }
        unnamed
    }

    /// The snapshot whose cache this is, or the newest of the same sources on the same machine.
    fn parent(&self, fixed: &Fixed<'_>, cache: Option<&CacheReader<'_>>) -> Option<Id> {
        let all = &self.snapshots.all;
        let cached = cache.map(|cache| cache.snapshot);
        let cached = cached.filter(|id| all.iter().any(|snapshot| snapshot.id == *id));
        let names: Vec<&Component> = fixed.named.iter().map(|named| &named.name).collect();
        let is_alike = |snapshot: &&Snapshot| {
            snapshot.host == self.options.host && snapshot.sources.iter().eq(names.iter().copied())
        };
        cached.or_else(|| all.iter().find(is_alike).map(|snapshot| snapshot.id))
    }

    /// Estimates how many bytes there are: as many as last time; at first, as the sources have.
    fn measure(&self, fixed: &Fixed<'_>) {
        let parent = self.parent(fixed, None);
        let parent = self.snapshots.all.iter().find(|snapshot| Some(snapshot.id) == parent);
        let is_over = || fixed.is_over() || self.control.check().is_err();
        let total = parent.map(|parent| parent.bytes).or_else(|| fixed.bytes(is_over));
        if let Some(total) = total {
            self.control.set_total(total);
        }
    }

    fn outcome(
        &self,
        (id, parent, time): (Id, Option<Id>, Time),
        tally: Tally,
        checked: Checked,
    ) -> Outcome {
        let Tally { files, entries, bytes, read_bytes, problems, sources, pages } = tally;
        let snapshot = Snapshot {
            id,
            sequence: checked.highest.saturating_add(1),
            parent,
            live: checked.live,
            time,
            host: self.options.host.clone(),
            sources,
            tags: self.options.tags.clone(),
            entries,
            bytes,
            pages,
            incomplete: problems.iter().any(Problem::is_loss),
        };
        Outcome { snapshot, files, read_bytes, stored_bytes: 0, problems }
    }
}

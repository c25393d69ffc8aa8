//! Packs on their way: sealed, stored, and named by an index after every sixteen (section 10).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use holdfast_seal::control::Control;

use crate::error::Error;
use crate::index::{self, MAX_PACKS, PackRecord};
use crate::journal::Journal;
use crate::keys::EpochKeys;
use crate::known::Known;
use crate::name;
use crate::object::{self, Digest256};
use crate::pack::PackWriter;
use crate::put::put;
use crate::store::Store;

/// A pack that is ready to be sealed.
#[derive(Debug)]
pub(crate) struct Cargo {
    /// Its number among the known packs.
    pub(crate) number: usize,
    pub(crate) writer: PackWriter,
    /// Whether it was closed because the next block did not fit.
    pub(crate) full: bool,
}

#[derive(Debug, Default)]
struct State {
    /// At most one pack waits: more would only fill memory.
    waiting: Option<Cargo>,
    /// Packs that are being sealed or stored.
    afloat: usize,
    /// Packs that are stored and that no index names yet.
    unnamed: Vec<PackRecord>,
    failure: Option<Error>,
    /// Memory of packs that are stored, for those to come.
    spare: Vec<Vec<u8>>,
    closed: bool,
}

/// Where packs are handed over, and the threads that store them.
#[derive(Debug)]
pub(crate) struct Ship<'a> {
    store: &'a dyn Store,
    keys: &'a EpochKeys,
    epoch: u64,
    known: &'a RwLock<Known>,
    control: &'a Control,
    journal: Option<&'a Journal>,
    state: Mutex<State>,
    changed: Condvar,
    stored_bytes: AtomicU64,
}

impl<'a> Ship<'a> {
    /// `unnamed`: packs that an interrupted session stored and did not name.
    pub(crate) fn new(
        store: &'a dyn Store,
        (keys, epoch): (&'a EpochKeys, u64),
        known: &'a RwLock<Known>,
        control: &'a Control,
        (journal, unnamed): (Option<&'a Journal>, Vec<PackRecord>),
    ) -> Self {
        let state = Mutex::new(State { unnamed, ..State::default() });
        let (changed, stored_bytes) = (Condvar::new(), AtomicU64::new(0));
        Self { store, keys, epoch, known, control, journal, state, changed, stored_bytes }
    }

    /// Bytes of all objects stored so far.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.stored_bytes.load(Ordering::Relaxed)
    }

    /// A new pack.
    pub(crate) fn empty_pack(&self) -> Result<PackWriter, Error> {
        let memory = self.lock().spare.pop().unwrap_or_default();
        PackWriter::new(self.keys, memory)
    }

    /// Hands over a pack, once the one before is being worked on.
    pub(crate) fn send(&self, cargo: Cargo) -> Result<(), Error> {
        let mut state = self.lock();
        loop {
            if let Some(failure) = &state.failure {
                return Err(failure.clone());
            }
            if state.waiting.is_none() {
                state.waiting = Some(cargo);
                self.changed.notify_all();
                return Ok(());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until every pack is stored, and stores the index of those that have none.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        let mut state = self.lock();
        while state.failure.is_none() && (state.waiting.is_some() || state.afloat > 0) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        let mut unnamed = std::mem::take(&mut state.unnamed);
        drop(state);
        while !unnamed.is_empty() {
            let rest = unnamed.split_off(unnamed.len().min(MAX_PACKS));
            self.name(&unnamed)?;
            unnamed = rest;
        }
        Ok(())
    }

    /// Lets the threads end: what waits is given up.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting = None;
        self.changed.notify_all();
    }

    /// Seals and stores packs until closed.
    pub(crate) fn serve(&self) {
        loop {
            let mut state = self.lock();
            while state.waiting.is_none() && !state.closed {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let Some(cargo) = state.waiting.take() else { return };
            state.afloat = state.afloat.saturating_add(1);
            self.changed.notify_all();
            drop(state);
            let outcome = self.pack(cargo).and_then(|record| self.keep(record));
            let mut state = self.lock();
            state.afloat = state.afloat.saturating_sub(1);
            if let Err(error) = outcome {
                state.failure.get_or_insert(error);
            }
            self.changed.notify_all();
        }
    }

    /// Seals and stores a small object; returns its digest.
    pub(crate) fn put(
        &self,
        plain: &[u8],
        name: impl FnOnce(Digest256) -> String,
    ) -> Result<Digest256, Error> {
        let (mut sealed, _) = object::seal(self.keys, plain)?;
        let digest = Digest256::of(&sealed);
        let len = sealed.len() as u64;
        put(self.store, &name(digest), digest, &mut sealed)?;
        self.stored_bytes.fetch_add(len, Ordering::Relaxed);
        Ok(digest)
    }

    fn pack(&self, cargo: Cargo) -> Result<PackRecord, Error> {
        self.control.check()?;
        let (mut sealed, record) = cargo.writer.finish(self.keys, cargo.full)?;
        self.control.check()?;
        put(self.store, &name::pack(self.epoch, record.name), record.name, &mut sealed)?;
        if sealed.capacity() > 0 {
            self.lock().spare.push(sealed);
        }
        self.stored_bytes.fetch_add(record.stored_len, Ordering::Relaxed);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.stored(cargo.number, (record.name, record.stored_len));
        drop(known);
        if let Some(journal) = self.journal {
            journal.add(self.keys, &record);
        }
        Ok(record)
    }

    /// Keeps the record for the next index, which is stored once there are enough.
    fn keep(&self, record: PackRecord) -> Result<(), Error> {
        let mut state = self.lock();
        state.unnamed.push(record);
        if state.unnamed.len() < MAX_PACKS {
            return Ok(());
        }
        let rest = state.unnamed.len().saturating_sub(MAX_PACKS);
        let unnamed = state.unnamed.split_off(rest);
        drop(state);
        self.name(&unnamed)
    }

    fn name(&self, packs: &[PackRecord]) -> Result<(), Error> {
        let plain = index::format(self.keys, packs);
        self.put(&plain, |digest| name::index(self.epoch, digest))?;
        if let Some(journal) = self.journal {
            for pack in packs {
                journal.remove(pack.name);
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use holdfast_seal::secret::Seed;

    use super::*;
    use crate::block::{BlockId, BlockKind, Coding, Row};
    use crate::keys::RepositoryId;
    use crate::store::ObjectInfo;

    /// Keeps what is put, in order.
    #[derive(Debug, Default)]
    struct Shelf(Mutex<Vec<(String, Vec<u8>)>>);

    impl Store for Shelf {
        fn list(&self, _: &str) -> Result<Vec<ObjectInfo>, Error> {
            Ok(Vec::new())
        }

        fn get(&self, _: &str, _: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
            Ok(None)
        }

        fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
            self.0.lock().unwrap().push((name.to_owned(), bytes));
            Ok(())
        }

        fn put_lent(&self, name: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
            self.put(name, bytes.clone())
        }

        fn remove(&self, _: &str) -> Result<(), Error> {
            Ok(())
        }
    }

    fn cargo(number: usize, mut writer: PackWriter) -> Cargo {
        let id = BlockId([u8::try_from(number).unwrap(); 32]);
        let (kind, coding) = (BlockKind::Data, Coding::Raw);
        writer.add(Row { id, kind, coding, stored_len: 1, plain_len: 1 }, b"x");
        Cargo { number, writer, full: false }
    }

    #[test]
    fn every_sixteen_packs_an_index_names_them_and_only_after_they_are_stored() {
        let keys = EpochKeys::derive(RepositoryId([1; 16]), Seed::new([2; 32])).unwrap();
        let (shelf, known) = (Shelf::default(), RwLock::new(Known::default()));
        let control = Control::default();
        let ship = Ship::new(&shelf, (&keys, 1), &known, &control, (None, Vec::new()));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| ship.serve());
            }
            for _ in 0..40 {
                let number = known.write().unwrap().begin_pack();
                ship.send(cargo(number, ship.empty_pack().unwrap())).unwrap();
            }
            ship.settle().unwrap();
            ship.close();
            // One was filled, one waited, three were stored: memory of no more packs than that.
            assert!((1..=5).contains(&ship.lock().spare.len()));
        });
        let mut packs = Vec::new();
        let mut named = Vec::new();
        for (name, sealed) in shelf.0.into_inner().unwrap() {
            if name.contains("/packs/") {
                packs.push(Digest256::of(&sealed));
                continue;
            }
            let (plain, _) = object::open(&keys, &sealed).unwrap();
            let records = index::parse(&keys, &plain).unwrap();
            assert!(records.iter().all(|record| packs.contains(&record.name)));
            named.push(records.len());
        }
        assert_eq!((packs.len(), named), (40, vec![16, 16, 8]));
    }
}

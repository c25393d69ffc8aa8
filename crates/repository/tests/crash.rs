//! A crash at every call to the destination: what was acknowledged stays, the next backup works.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holdfast_repository::create::{Protection, create};
use holdfast_repository::error::{Error, Reports};
use holdfast_repository::open::Opening;
use holdfast_repository::session::Options;
use holdfast_repository::slot::Credential;
use holdfast_repository::store::{ObjectInfo, Store};
use holdfast_seal::kdf::KdfLimits;

use writer::memory::{Crash, Memory};
use writer::{Scratch, Tree, assert_same, at, back_up, key, make, noise, on_disk, open, read_back};

const CRASHES: [Crash; 3] = [Crash::Before, Crash::After, Crash::Partly];
const MIB: usize = 1 << 20;

/// A repository with one snapshot, and a folder that changed since.
struct Changed {
    key: Credential,
    objects: BTreeMap<String, Vec<u8>>,
    first: ([u8; 16], Tree),
    folder: Scratch,
}

impl Changed {
    fn new() -> Self {
        let memory = Arc::new(Memory::default());
        let store: Arc<dyn Store> = memory.clone();
        let (key, folder) = (key(), Scratch::new());
        make(&store, &key);
        folder.write("old", &noise(1, 200_000));
        folder.write("changes", b"before");
        let first = back_up(&store, &key, &[at(&folder.0)], &Options::default()).unwrap();
        let first = (first.snapshot.id, on_disk(&folder.0));
        folder.write("changes", b"after");
        folder.write("new/file", &noise(2, 300_000));
        Self { key, objects: memory.all(), first, folder }
    }

    fn attempt(&self, memory: &Arc<Memory>, options: &Options) -> Result<[u8; 16], Error> {
        let store: Arc<dyn Store> = memory.clone();
        let outcome = back_up(&store, &self.key, &[at(&self.folder.0)], options)?;
        Ok(outcome.snapshot.id)
    }

    fn is_whole(&self, memory: &Arc<Memory>, id: &[u8; 16]) {
        let store: Arc<dyn Store> = memory.clone();
        let (_, tree) = read_back(&store, &self.key, &self.first.0).unwrap();
        assert_same(&tree, &self.first.1);
        let (_, tree) = read_back(&store, &self.key, id).unwrap();
        assert_same(&tree, &on_disk(&self.folder.0));
    }
}

#[test]
fn row_28_a_crash_at_any_call_of_a_backup_costs_nothing_that_was_acknowledged() {
    let changed = Changed::new();
    let state = Scratch::new();
    let with_state = Options { state: Some(state.0.clone()), ..Options::default() };
    for options in [Options::default(), with_state] {
        for crash in CRASHES {
            let mut call = 1;
            loop {
                let memory = Arc::new(Memory::of(changed.objects.clone()));
                memory.crash_at(call, crash);
                let result = changed.attempt(&memory, &options);
                let log = memory.log();
                if !memory.revive() {
                    changed.is_whole(&memory, &result.unwrap());
                    break;
                }
                assert!(result.is_err(), "call {call} {crash:?}: acknowledged {log:?}");
                let next = changed.attempt(&memory, &options);
                let next =
                    next.unwrap_or_else(|error| panic!("call {call} {crash:?}: {error} {log:?}"));
                memory.revive();
                changed.is_whole(&memory, &next);
                call += 1;
            }
            assert!(call > 10, "{call} calls");
        }
    }
}

#[test]
fn row_28_a_crash_at_any_call_of_a_creation_leaves_none_and_the_next_one_succeeds() {
    let (limits, reports) = (KdfLimits::default(), Reports::default());
    let keys = [(key(), "one".to_owned()), (key(), "two".to_owned())];
    for protection in [Protection::On(&keys), Protection::Off] {
        let credential = match protection {
            Protection::On(keys) => Some(&keys[0].0),
            Protection::Off => None,
        };
        for crash in [Crash::Before, Crash::After] {
            let mut call = 1;
            loop {
                let memory = Arc::new(Memory::default());
                let store: Arc<dyn Store> = memory.clone();
                memory.crash_at(call, crash);
                let made = create(&store, protection, &limits, &reports);
                let log = memory.log();
                if !memory.revive() {
                    made.unwrap();
                    break;
                }
                let opening = Opening { credential, pin: None, limits: &limits };
                let opened = opening.open(Arc::clone(&store), &reports).map(drop);
                let again = create(&store, protection, &limits, &reports).map(drop);
                match (&opened, &again) {
                    // It was complete, and only the answer was lost.
                    (Ok(()), Err(error)) => assert_eq!(error.code(), "OBJECT_EXISTS"),
                    (Err(error), Ok(())) => assert_eq!(error.code(), "NOT_A_REPOSITORY"),
                    other => panic!("call {call} {crash:?}: {other:?} {log:?}"),
                }
                let opened = opening.open(Arc::clone(&store), &reports).unwrap();
                assert_eq!(opened.lost_claims, Vec::<String>::new());
                if let Protection::On(keys) = protection {
                    assert!(open(&store, &keys[1].0).is_ok(), "call {call} {crash:?}");
                    assert_eq!(memory.names("/keyring/").len(), 2, "call {call} {crash:?}");
                }
                call += 1;
            }
            assert!(call > 6, "{call} calls");
        }
    }
}

#[test]
fn an_interrupted_upload_goes_on_where_it_was() {
    let changed = Changed::new();
    for number in 0..3 {
        changed.folder.write(&format!("large/{number}"), &noise(10 + number, 33 * MIB));
    }
    let state = Scratch::new();
    let options = Options { state: Some(state.0.clone()), uploads: 1, ..Options::default() };
    let memory = Arc::new(Memory::of(changed.objects.clone()));
    memory.crash_at(u64::MAX, Crash::Before);
    changed.attempt(&memory, &Options { dry_run: true, ..options.clone() }).unwrap();
    let calls = memory.log().len() as u64;
    // After the second pack was stored, before any index.
    memory.crash_at(calls + 3, Crash::Before);
    let before = memory.names("/packs/").len();
    changed.attempt(&memory, &options).unwrap_err();
    assert!(memory.revive());
    let stored = memory.names("/packs/").len() - before;
    assert!(stored >= 2, "{stored}");
    let next = changed.attempt(&memory, &options).unwrap();
    assert_eq!(memory.names("/packs/").len() - before, 4);
    changed.is_whole(&memory, &next);
    assert_eq!(std::fs::read_dir(state.0.join("journal")).unwrap().count(), 0);
}

/// Acknowledges some packs and loses them.
#[derive(Debug)]
struct Loses {
    below: Arc<Memory>,
    left: AtomicU64,
}

impl Store for Loses {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        self.below.list(prefix)
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        self.below.get(name, range)
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let lose = |left: u64| left.checked_sub(1);
        let is_pack = name.contains("/packs/");
        if is_pack && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lose).is_ok() {
            return Ok(());
        }
        self.below.put(name, bytes)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.below.remove(name)
    }
}

#[test]
fn row_41_a_pack_that_the_destination_loses_is_stored_again_before_the_snapshot() {
    let changed = Changed::new();
    let memory = Arc::new(Memory::of(changed.objects.clone()));
    let loses: Arc<dyn Store> = Arc::new(Loses { below: memory.clone(), left: AtomicU64::new(1) });
    let sources = [at(&changed.folder.0)];
    let outcome = back_up(&loses, &changed.key, &sources, &Options::default()).unwrap();
    changed.is_whole(&memory, &outcome.snapshot.id);
    let always: Arc<dyn Store> =
        Arc::new(Loses { below: memory.clone(), left: AtomicU64::new(u64::MAX) });
    changed.folder.write("more", &noise(7, 100_000));
    let refused = back_up(&always, &changed.key, &sources, &Options::default());
    assert_eq!(refused.unwrap_err().code(), "UPLOAD_MISMATCH");
}

#[test]
fn a_pack_that_is_gone_or_named_by_a_tombstone_is_not_relied_on() {
    let changed = Changed::new();
    let memory = Arc::new(Memory::of(changed.objects.clone()));
    let store: Arc<dyn Store> = memory.clone();
    let pack = memory.names("/packs/").remove(0);
    let before = memory.all().remove(&pack).unwrap();
    store.remove(&pack).unwrap();
    let next = changed.attempt(&memory, &Options::default()).unwrap();
    let (_, tree) = read_back(&store, &changed.key, &next).unwrap();
    assert_same(&tree, &on_disk(&changed.folder.0));
    // The other one is back, and a tombstone dooms it and what was just stored.
    store.put(&pack, before).unwrap();
    let repository = open(&store, &changed.key).unwrap();
    let packs = repository.listing.packs.iter().map(|pack| pack.digest.0).collect();
    let tombstone = holdfast_repository::record::Tombstone {
        id: [1; 16],
        time: holdfast_repository::time::Time(0),
        highest: 40,
        packs,
        indexes: Vec::new(),
        snapshots: Vec::new(),
    };
    let plain = tombstone.format(&repository.keys);
    let (sealed, _) = holdfast_repository::object::seal(&repository.keys, &plain).unwrap();
    let digest = holdfast_repository::object::Digest256::of(&sealed).to_hex();
    store.put(&format!("e1/tombstones/19700101T000000Z-{digest}.age"), sealed).unwrap();
    let doomed = memory.names("/packs/");
    let last =
        back_up(&store, &changed.key, &[at(&changed.folder.0)], &Options::default()).unwrap();
    assert_eq!(last.snapshot.sequence, 41);
    for name in &doomed {
        store.remove(name).unwrap();
    }
    let (_, tree) = read_back(&store, &changed.key, &last.snapshot.id).unwrap();
    assert_same(&tree, &on_disk(&changed.folder.0));
}

/// Says that an object is there already, having just stored it.
#[derive(Debug)]
struct AnswersTwice(Arc<Memory>);

impl Store for AnswersTwice {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        self.0.list(prefix)
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        self.0.get(name, range)
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.0.put(name, bytes.clone())?;
        self.0.put(name, bytes)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.remove(name)
    }
}

#[test]
fn row_37_a_store_that_had_stored_it_already_is_no_failure() {
    let memory = Arc::new(Memory::default());
    let store: Arc<dyn Store> = Arc::new(AnswersTwice(memory.clone()));
    let (key, folder) = (key(), Scratch::new());
    make(&store, &key);
    folder.write("file", &noise(1, 100_000));
    let outcome = back_up(&store, &key, &[at(&folder.0)], &Options::default()).unwrap();
    let (_, tree) = read_back(&store, &key, &outcome.snapshot.id).unwrap();
    assert_same(&tree, &on_disk(&folder.0));
}

//! A repository that stays open, and what a machine keeps of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod writer;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_repository::access::{Access, Entrance, Now};
use holdfast_repository::browse::{Browser, Wanted, parse_path};
use holdfast_repository::create::Protection;
use holdfast_repository::error::{Error, Fault, Reports};
use holdfast_repository::keys::Commit;
use holdfast_repository::pin::Pin;
use holdfast_repository::session::{Options, Outcome};
use holdfast_repository::slot::Credential;
use holdfast_repository::state::State;
use holdfast_repository::stats::stats;
use holdfast_repository::store::Store;
use holdfast_seal::control::Control;
use holdfast_seal::credential::CostChoice;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::password::Password;

use writer::memory::Memory;
use writer::{Scratch, at, key, noise};

struct Bench {
    memory: Arc<Memory>,
    key: Credential,
    state: Scratch,
    source: Scratch,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            memory: Arc::new(Memory::default()),
            key: key(),
            state: Scratch::new(),
            source: Scratch::new(),
        };
        bench.source.write("a/one", &noise(1, 100_000));
        bench.source.write("a/two.txt", b"two");
        bench.source.write("b/three.txt", b"three");
        bench
    }

    fn store(&self) -> Arc<dyn Store> {
        self.memory.clone()
    }

    fn create(&self) -> Access {
        let credentials = [(self.key.clone(), String::new())];
        let machine = (&KdfLimits::default(), Some(self.state.0.as_path()));
        let (protection, reports) = (Protection::On(&credentials), Reports::default());
        let access = Access::create(&self.store(), protection, machine, &reports).unwrap();
        assert_eq!(reports.all(), []);
        access
    }

    fn open_with(&self, credentials: &[Credential], accept: bool) -> Result<Access, Error> {
        let entrance = Entrance {
            credentials,
            state: Some(&self.state.0),
            limits: &KdfLimits::default(),
            accept_rollback: accept,
        };
        Access::open(&self.store(), &entrance, &Reports::default())
    }

    fn open(&self) -> Result<Access, Error> {
        self.open_with(std::slice::from_ref(&self.key), false)
    }

    fn now(&self, access: &Access) -> Result<Now, Error> {
        access.now(self.store(), Arc::default())
    }

    fn back_up(&self, access: &Access) -> Result<Outcome, Error> {
        let (options, control) = (Options::default(), Control::default());
        let sources = [at(&self.source.0)];
        access.back_up(self.store(), &sources, options, &control, Arc::default())
    }

    fn folder(&self, access: &Access) -> PathBuf {
        self.state.0.join(access.id().to_hex())
    }
}

fn code<T>(result: Result<T, Error>) -> String {
    result.err().map_or_else(|| "fine".to_owned(), |error| error.code().to_owned())
}

fn change(memory: &Memory, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    change(memory.objects.lock().unwrap().get_mut(name).unwrap());
}

fn pin(folder: &Path) -> Option<Pin> {
    let text = fs::read(folder.join("pin.json")).ok()?;
    Pin::parse(text.split(|byte| *byte == b'\n').next()?)
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt as _;

    let bench = Bench::new();
    let access = bench.create();
    bench.back_up(&access).unwrap();
    let folder = bench.folder(&access);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["pin.json", "lock"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    bench.open().unwrap();
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn a_pin_survives_and_knows_every_backup() {
    let bench = Bench::new();
    let access = bench.create();
    let folder = bench.folder(&access);
    assert_eq!(pin(&folder).unwrap().sequence, 0);
    let (one, two) = (bench.back_up(&access).unwrap(), bench.back_up(&access).unwrap());
    let kept = pin(&folder).unwrap();
    assert!(kept.protected);
    assert_eq!((kept.epoch, kept.sequence), (1, 2));
    let mut ids = vec![one.snapshot.id, two.snapshot.id];
    ids.sort_unstable();
    assert_eq!(kept.snapshots, ids);
    bench.now(&bench.open().unwrap()).unwrap();
    assert_eq!(pin(&folder), Some(kept));
    let drafts = fs::read_dir(&folder).unwrap().flatten();
    assert!(drafts.into_iter().all(|entry| !entry.path().to_string_lossy().ends_with("draft")));
}

#[test]
fn row_48_an_older_state_is_noticed_by_the_pin_and_accepted_only_when_asked() {
    let bench = Bench::new();
    let access = bench.create();
    bench.back_up(&access).unwrap();
    let before = bench.memory.all();
    bench.back_up(&access).unwrap();
    let rolled_back = Bench {
        memory: Arc::new(Memory::of(before)),
        key: bench.key.clone(),
        state: bench.state,
        source: bench.source,
    };
    let opened = rolled_back.open().unwrap();
    let now = rolled_back.now(&opened).unwrap();
    assert_eq!(now.snapshots.suspicion().unwrap().fault(), Some(Fault::RollbackSuspected));
    assert_eq!(code(rolled_back.back_up(&opened)), "ROLLBACK_SUSPECTED");
    assert_eq!(pin(&rolled_back.folder(&opened)).unwrap().sequence, 2);
    let only = std::slice::from_ref(&rolled_back.key);
    let accepted = rolled_back.open_with(only, true).unwrap();
    assert_eq!(code(rolled_back.back_up(&accepted)), "fine");
    let opened = rolled_back.open().unwrap();
    assert!(rolled_back.now(&opened).unwrap().snapshots.suspicion().is_none());
}

#[test]
fn row_48_an_open_handle_notices_an_older_state_without_any_state_folder() {
    let bench = Bench::new();
    let entrance = Entrance {
        credentials: std::slice::from_ref(&bench.key),
        state: None,
        limits: &KdfLimits::default(),
        accept_rollback: false,
    };
    bench.create();
    let access = Access::open(&bench.store(), &entrance, &Reports::default()).unwrap();
    let before = bench.memory.all();
    bench.back_up(&access).unwrap();
    let old: Arc<dyn Store> = Arc::new(Memory::of(before));
    let now = access.now(old, Arc::default()).unwrap();
    assert_eq!(now.snapshots.suspicion().unwrap().fault(), Some(Fault::RollbackSuspected));
}

#[test]
fn row_46_a_pin_that_is_damaged_is_a_pin_that_is_lost() {
    let bench = Bench::new();
    let access = bench.create();
    bench.back_up(&access).unwrap();
    let file = bench.folder(&access).join("pin.json");
    let whole = fs::read(&file).unwrap();
    let flipped = (0..whole.len()).step_by(5).map(|at| {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        flipped
    });
    let cut = [b"".to_vec(), b"{}\n".to_vec(), whole[..whole.len() - 1].to_vec(), vec![0xff; 300]];
    for damaged in cut.into_iter().chain(flipped) {
        fs::write(&file, damaged).unwrap();
        let again = bench.open().unwrap();
        assert!(bench.now(&again).unwrap().snapshots.suspicion().is_none());
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn one_backup_at_a_time_on_a_machine_and_the_lock_goes_with_its_holder() {
    let bench = Bench::new();
    let (access, other) = (bench.create(), bench.open().unwrap());
    let state = State::open(&bench.state.0, access.id()).unwrap();
    let lock = state.lock().unwrap();
    assert_eq!(code(state.lock()), "LOCKED");
    assert_eq!(code(bench.back_up(&access)), "LOCKED");
    assert_eq!(code(bench.back_up(&other)), "LOCKED");
    bench.now(&access).unwrap();
    drop(lock);
    assert_eq!(code(bench.back_up(&other)), "fine");
}

#[test]
fn state_that_cannot_be_made_is_reported_and_the_repository_opens() {
    let bench = Bench::new();
    bench.create();
    let entrance = Entrance {
        credentials: std::slice::from_ref(&bench.key),
        state: Some(&bench.source.0.join("b/three.txt")),
        limits: &KdfLimits::default(),
        accept_rollback: false,
    };
    let reports = Reports::default();
    let access = Access::open(&bench.store(), &entrance, &reports).unwrap();
    assert_eq!(reports.all().iter().map(Error::code).collect::<Vec<_>>(), ["TARGET_UNWRITABLE"]);
    assert_eq!(code(bench.back_up(&access)), "fine");
}

#[test]
fn several_credentials_are_tried_in_order_and_the_worst_failure_is_told() {
    let bench = Bench::new();
    bench.create();
    let wrong = key();
    let both = [wrong.clone(), bench.key.clone()];
    assert_eq!(code(bench.open_with(&both, false)), "fine");
    let error = bench.open_with(&[wrong.clone(), key()], false).unwrap_err();
    assert_eq!(error.code(), "WRONG_CREDENTIAL");
    assert_eq!(error.to_string(), "none of the credentials given opens this backup");
    assert_eq!(code(bench.open_with(&[], false)), "NO_SUCH_SLOT");
    let password = Arc::new(Password::from_utf8(b"eight letters").unwrap());
    let other = Credential::Password(password, CostChoice::Automatic);
    let no_slot = [other.clone(), wrong.clone()];
    assert_eq!(code(bench.open_with(&no_slot[..1], false)), "NO_SUCH_SLOT");
    assert_eq!(code(bench.open_with(&no_slot, false)), "WRONG_CREDENTIAL");
    let slot = bench.memory.names("/keyring/").remove(0);
    change(&bench.memory, &slot, |bytes| bytes[9] ^= 1);
    assert_eq!(code(bench.open_with(&both, false)), "OBJECT_MISMATCH");
    assert_eq!(code(bench.open_with(&[other, wrong], false)), "OBJECT_MISMATCH");
}

#[test]
fn a_handle_sees_what_others_did_and_what_became_of_the_repository() {
    let bench = Bench::new();
    let (access, other) = (bench.create(), bench.open().unwrap());
    let made = bench.back_up(&other).unwrap();
    assert_eq!(bench.now(&access).unwrap().snapshots.latest().unwrap().id, made.snapshot.id);
    let whole = bench.memory.all();
    let with = |change: &dyn Fn(&Memory)| {
        let memory = Memory::of(whole.clone());
        change(&memory);
        code(access.now(Arc::new(memory), Arc::default()))
    };
    let claim = bench.memory.names("e1/epoch.json").remove(0);
    let complete = bench.memory.names("/complete/").remove(0);
    assert_eq!(with(&|_| ()), "fine");
    assert_eq!(with(&|memory| memory.remove("holdfast.json").unwrap()), "NOT_A_REPOSITORY");
    assert_eq!(with(&|memory| memory.remove(&complete).unwrap()), "ROLLBACK_SUSPECTED");
    let lie = |memory: &Memory| {
        change(memory, &claim, |text| *text.iter_mut().rev().nth(4).unwrap() ^= 1);
    };
    assert_eq!(with(&lie), "REPOSITORY_FORGED");
    let open = |memory: &Memory| memory.put("e1/keyring/open.json", b"{}".to_vec()).unwrap();
    assert_eq!(with(&open), "PROTECTION_DOWNGRADED");
    let elsewhere = Bench::new();
    elsewhere.create();
    let replaced = access.now(elsewhere.store(), Arc::default());
    assert_eq!(code(replaced), "REPOSITORY_FORGED");
    let moved = |memory: &Memory| {
        let commit = Commit([3; 32]);
        let claim = holdfast_repository::clear::format_epoch(2, commit);
        memory.put("e2/epoch.json", claim).unwrap();
        let record = format!("e2/complete/{}.age", "0".repeat(64));
        memory.put(&record, b"whatever".to_vec()).unwrap();
    };
    assert_eq!(with(&moved), "EPOCH_CHANGING");
}

#[test]
fn a_snapshot_is_found_by_the_beginning_of_its_id() {
    let bench = Bench::new();
    let access = bench.create();
    let made = bench.back_up(&access).unwrap().snapshot;
    let now = bench.now(&access).unwrap();
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    let digits = made.id.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let id: String = digits.collect();
    for text in [&id[..4], &id[..9], &id, &id.to_uppercase(), "latest"] {
        assert_eq!(now.snapshots.named(text).unwrap().id, made.id, "{text}");
    }
    let other = if id.starts_with('0') { "1111" } else { "0000" };
    assert_eq!(code(now.snapshots.named(other)), "SNAPSHOT_MISSING");
    for text in ["", "12", "12345g", "newest", &format!("{id}0")] {
        assert_eq!(code(now.snapshots.named(text)), "INVALID_ARGUMENT", "{text}");
    }
    let mut several = now.snapshots;
    let mut twin = made.clone();
    twin.id[15] ^= 1;
    several.all.push(twin);
    assert_eq!(code(several.named(&id[..8])), "INVALID_ARGUMENT");
    assert_eq!(several.named(&id).unwrap().id, made.id);
}

#[test]
fn entries_are_listed_below_a_path_and_by_patterns() {
    let bench = Bench::new();
    let access = bench.create();
    bench.back_up(&access).unwrap();
    let now = bench.now(&access).unwrap();
    let root = now.snapshots.latest().unwrap().sources[0].clone();
    let root = String::from_utf8(root.0).unwrap();
    let names = |under: &str, patterns: &[&str], max: usize| {
        let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
        let wanted = Wanted::new(parse_path(under.as_bytes())?, &patterns)?;
        let snapshot = now.snapshots.latest()?.clone();
        let mut browser = Browser::new(now.reader()?, snapshot, wanted)?;
        let mut names = Vec::new();
        loop {
            let entries = browser.next(max)?;
            assert!(entries.len() <= max);
            if entries.is_empty() {
                return Ok(names);
            }
            for entry in entries {
                let last = entry.path.last().unwrap().0.clone();
                names.push(String::from_utf8(last).unwrap());
            }
        }
    };
    let all: Result<Vec<String>, Error> = names("", &[], 2);
    assert_eq!(all.unwrap(), [&root, "a", "one", "two.txt", "b", "three.txt"]);
    assert_eq!(names(&format!("{root}/a"), &[], 9).unwrap(), ["a", "one", "two.txt"]);
    assert_eq!(names(&format!("{root}/a/two.txt"), &[], 1).unwrap(), ["two.txt"]);
    assert_eq!(names("", &["*.txt"], 1).unwrap(), ["two.txt", "three.txt"]);
    assert_eq!(names(&format!("{root}/b"), &["*.txt", "a"], 5).unwrap(), ["three.txt"]);
    assert_eq!(names("", &["nothing"], 5).unwrap(), Vec::<String>::new());
    assert_eq!(code(names(&format!("{root}/c"), &[], 5)), "SNAPSHOT_MISSING");
    assert_eq!(code(names("", &["["], 5)), "INVALID_ARGUMENT");
}

#[test]
fn numbers_are_those_of_what_is_stored() {
    let bench = Bench::new();
    let access = bench.create();
    bench.back_up(&access).unwrap();
    bench.back_up(&access).unwrap();
    let counted = stats(&bench.now(&access).unwrap()).unwrap();
    let stored = bench.memory.all();
    assert_eq!((counted.snapshots, counted.objects), (2, stored.len() as u64));
    assert_eq!(counted.stored_bytes, stored.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    assert_eq!(counted.content_bytes, 2 * (100_000 + 3 + 5));
    // Three files and a page: the second backup added no block.
    assert_eq!(counted.blocks, 4);
    assert!((100_008..110_000).contains(&counted.block_bytes));
}

#[test]
fn what_was_read_is_not_fetched_again_until_something_else_is_listed_or_all_is_wanted() {
    let bench = Bench::new();
    let access = bench.create();
    bench.back_up(&access).unwrap();
    bench.memory.revive();
    let fetched = |now: &dyn Fn() -> Result<Now, Error>| {
        bench.memory.revive();
        let now = now().unwrap();
        now.reader().unwrap();
        let log = bench.memory.log();
        ["get e1/snapshots/", "get e1/indexes/"]
            .map(|call| log.iter().filter(|line| line.starts_with(call)).count())
    };
    let now = || bench.now(&access);
    assert_eq!(fetched(&now), [1, 1]);
    assert_eq!(fetched(&now), [0, 0]);
    assert_eq!(fetched(&|| access.afresh(bench.store(), Arc::default())), [1, 1]);
    assert_eq!(fetched(&now), [0, 0]);
    bench.source.write("c/four.txt", b"four");
    bench.back_up(&bench.open().unwrap()).unwrap();
    assert_eq!(fetched(&now), [1, 2]);
    assert_eq!(fetched(&now), [0, 0]);
    assert_eq!(bench.now(&access).unwrap().snapshots.all.len(), 2);
    let snapshot = bench.memory.names("/snapshots/").remove(0);
    change(&bench.memory, &snapshot, |bytes| bytes[30] ^= 1);
    assert!(bench.now(&access).unwrap().snapshots.damaged.is_empty());
    let afresh = access.afresh(bench.store(), Arc::default()).unwrap();
    assert_eq!(afresh.snapshots.damaged.len(), 1);
}

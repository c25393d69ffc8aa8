//! Laws of sealing and opening files, whatever their length and however many threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use holdfast_seal::credential::{Identity, Recipient, Recipients};
use holdfast_seal::crew::{Alone, Call, Crew, Spawned};
use holdfast_seal::error::Error;
use holdfast_seal::inspect::inspect_file;
use holdfast_seal::limits::{CHUNK_LEN, NONCE_LEN, RUN_CHUNKS, TAG_LEN};
use holdfast_seal::opening::{open_bytes, open_file, verify_file};
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::sealing::{Place, Publish, seal_bytes, seal_file};
use proptest::prelude::*;

const PUBLISH: Publish = Publish { overwrite: false, sync: false };
const RUN_LEN: usize = RUN_CHUNKS * CHUNK_LEN;

/// A folder of its own, removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("holdfast-laws-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn place(&self, name: &str) -> Place {
        Place::Path(self.0.join(name))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Place {
        fs::write(self.0.join(name), bytes).unwrap();
        self.place(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn key() -> RecoveryKey {
    RecoveryKey::generate().unwrap()
}

fn to(key: &RecoveryKey) -> Recipients {
    Recipients::new(vec![Recipient::from(key)]).unwrap()
}

fn call(crew: impl Crew + 'static) -> Call {
    Call { crew: Arc::new(crew), ..Call::default() }
}

/// Lengths where chunks or runs can go wrong, and lengths in between.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![
        Just(0),
        Just(1),
        Just(CHUNK_LEN - 1),
        Just(CHUNK_LEN),
        Just(CHUNK_LEN + 1),
        Just(RUN_LEN),
        Just(RUN_LEN + 1),
        Just(2 * RUN_LEN - 1),
        0..4 * RUN_LEN,
    ];
    (len, any::<u64>()).prop_map(|(len, seed)| {
        let bytes =
            (0_u64..).map(|i| (i ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0]);
        bytes.take(len).collect()
    })
}

fn cases() -> ProptestConfig {
    let times = if std::env::var_os("SLOW").is_some() { 20 } else { 1 };
    ProptestConfig { cases: 24 * times, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn opening_inverts_sealing(plain in content(), threads in 0_usize..4) {
        let (folder, key, call) = (Folder::new(), key(), call(Spawned(threads)));
        let source = folder.write("plain", &plain);
        let [sealed, back] = ["sealed", "back"].map(|name| folder.place(name));
        let made = seal_file(&source, &sealed, &to(&key), PUBLISH, &call).unwrap();
        prop_assert_eq!(made.bytes, plain.len() as u64);
        prop_assert_eq!(made.sealed_bytes, folder.read("sealed").len() as u64);

        let call = Call { control: Arc::default(), ..call };
        let opened = open_file(&sealed, &back, &[Identity::from(&key)], PUBLISH, &call).unwrap();
        prop_assert_eq!((opened.bytes, opened.sealed_bytes), (made.bytes, made.sealed_bytes));
        prop_assert_eq!(call.control.done(), made.bytes);
        prop_assert_eq!(call.control.total(), Some(made.bytes));
        prop_assert!(folder.read("back") == plain);
        prop_assert_eq!(folder.names(), ["back", "plain", "sealed"]);
    }

    #[test]
    fn the_length_follows_the_formula(plain in content()) {
        let (folder, key) = (Folder::new(), key());
        let source = folder.write("plain", &plain);
        let sealed = folder.place("sealed");
        seal_file(&source, &sealed, &to(&key), PUBLISH, &call(Alone)).unwrap();
        let info = inspect_file(&sealed, &call(Alone)).unwrap();
        let chunks = plain.len().div_ceil(CHUNK_LEN).max(1);
        let expected = plain.len() + NONCE_LEN + TAG_LEN * chunks;
        prop_assert_eq!(info.sealed_bytes, Some(info.header_bytes + expected as u64));
        prop_assert_eq!(info.bytes, Some(plain.len() as u64));
    }

    #[test]
    fn files_and_memory_are_one_format(plain in content()) {
        let (folder, key) = (Folder::new(), key());
        let call = call(Spawned(1));
        let with = [Identity::from(&key)];
        let sealed = seal_bytes(&plain, &to(&key), &call.limits).unwrap();
        let source = folder.write("sealed", &sealed);
        open_file(&source, &folder.place("back"), &with, PUBLISH, &call).unwrap();
        prop_assert!(folder.read("back") == plain);

        let call = Call { control: Arc::default(), ..call };
        let source = folder.place("back");
        seal_file(&source, &folder.place("again"), &to(&key), PUBLISH, &call).unwrap();
        let opened = open_bytes(&folder.read("again"), &with, &call.limits).unwrap();
        prop_assert!(*opened == plain);
    }

    #[test]
    fn the_first_wrong_chunk_is_named_by_any_number_of_threads(
        wrong in prop::collection::btree_set(0_usize..70, 1..4),
        threads in 0_usize..4,
    ) {
        let (folder, key) = (Folder::new(), key());
        let mut sealed = seal_bytes(&vec![5; 70 * CHUNK_LEN], &to(&key), &Call::default().limits).unwrap();
        let first = sealed.len() - 70 * (CHUNK_LEN + TAG_LEN);
        let place = |chunk: usize| first + chunk * (CHUNK_LEN + TAG_LEN);
        for chunk in &wrong {
            sealed[place(*chunk) + 1000] ^= 1;
        }
        let source = folder.write("sealed", &sealed);
        let chunk = *wrong.first().unwrap();
        let expected = Error::ChunkCorrupt { chunk: chunk as u64, offset: place(chunk) as u64 };
        let with = [Identity::from(&key)];
        let back = folder.place("back");
        let opened = open_file(&source, &back, &with, PUBLISH, &call(Spawned(threads)));
        prop_assert_eq!(opened, Err(expected.clone()));
        prop_assert_eq!(verify_file(&source, &with, &call(Spawned(threads))), Err(expected));
        prop_assert_eq!(folder.names(), ["sealed"]);
    }
}

#[test]
fn a_cancelled_call_leaves_nothing() {
    let (folder, key) = (Folder::new(), key());
    let source = folder.write("plain", &vec![1; 3 * RUN_LEN]);
    let call = call(Alone);
    assert!(call.control.cancel(), "nothing had begun");
    let made = seal_file(&source, &folder.place("sealed"), &to(&key), PUBLISH, &call);
    assert_eq!(made, Err(Error::Cancelled));
    assert_eq!(folder.names(), ["plain"]);
}

#[test]
fn nobody_waits_for_a_helper_that_comes_too_late() {
    /// Comes when the work is over.
    #[derive(Debug)]
    struct Late;
    impl Crew for Late {
        fn invite(&self, work: &Arc<dyn holdfast_seal::crew::Help>) {
            let work = Arc::clone(work);
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(50));
                work.help(&|| true);
            });
        }
    }
    let (folder, key) = (Folder::new(), key());
    let source = folder.write("plain", &vec![1; 3 * RUN_LEN]);
    let made = seal_file(&source, &folder.place("sealed"), &to(&key), PUBLISH, &call(Late));
    assert_eq!(made.unwrap().bytes, 3 * RUN_LEN as u64);
}

#[test]
fn the_vectors_of_another_implementation_open_as_files() {
    let text = fs::read_to_string(external("repository/keys.json")).unwrap();
    let vector: serde_json::Value = serde_json::from_str(&text).unwrap();
    let field = |name: &str| vector["section4"][name].as_str().unwrap();
    let folder = Folder::new();
    let sealed = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(field("sealed")).unwrap()
    };
    let source = folder.write("sealed", &sealed);
    let with = [Identity::from(&RecoveryKey::parse(field("key")).unwrap())];
    open_file(&source, &folder.place("back"), &with, PUBLISH, &call(Alone)).unwrap();
    assert_eq!(folder.read("back"), field("plaintext").as_bytes());
}

fn external(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/external").join(name)
}

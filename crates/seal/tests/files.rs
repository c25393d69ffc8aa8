//! Files that are not what they should be, and files of awkward or great length.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod scratch;

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use holdfast_seal::credential::{Identity, Recipient, Recipients};
use holdfast_seal::crew::{Call, Spawned};
use holdfast_seal::error::Error;
use holdfast_seal::inspect::inspect_file;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::limits::{CHUNK_LEN, RUN_CHUNKS, SEALED_CHUNK_LEN};
use holdfast_seal::opening::{open_bytes, open_file, verify_file};
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::sealing::{Place, Publish, seal_bytes, seal_file};
use scratch::{Scratch, names};

const SEED: &str = "88117ad8aebbc2e95223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d";
const PUBLISH: Publish = Publish { overwrite: false, sync: false };

fn key() -> RecoveryKey {
    RecoveryKey::parse(SEED).unwrap()
}

fn to() -> Recipients {
    Recipients::new(vec![Recipient::from(&key())]).unwrap()
}

fn with() -> [Identity; 1] {
    [Identity::from(&key())]
}

fn call(helpers: usize) -> Call {
    Call { crew: Arc::new(Spawned(helpers)), ..Call::default() }
}

fn place(path: impl Into<PathBuf>) -> Place {
    Place::Path(path.into())
}

/// The outcome of `work`, which must come soon.
fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(Duration::from_secs(20)).expect("the call hangs")
}

#[test]
fn row_15_what_is_no_sealed_file_is_refused_without_waiting() {
    let scratch = Scratch::new(&env::temp_dir());
    let pipe = scratch.join("pipe");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, 0o600.into(), 0).unwrap();
    let zeros = scratch.join("zeros");
    File::create(&zeros).unwrap().set_len(1 << 40).unwrap();
    let cases = [
        (scratch.file("empty", ""), "NOT_SEALED"),
        (scratch.file("one byte", "a"), "NOT_SEALED"),
        (scratch.file("text", "age-encryption.org/v1 is not the end of this line\n"), "NOT_SEALED"),
        (zeros, "NOT_SEALED"),
        (scratch.to_path_buf(), "SOURCE_UNREADABLE"),
        (scratch.join("missing"), "SOURCE_UNREADABLE"),
        (pipe, "SOURCE_UNREADABLE"),
        ("/dev/zero".into(), "SOURCE_UNREADABLE"),
    ];
    let before = names(&scratch);
    let out = scratch.join("out");
    for (path, code) in cases {
        let (source, target) = (place(&path), place(&out));
        let outcomes = soon(move || {
            let opened = open_file(&source, &target, &with(), PUBLISH, &call(1)).map(|_| ());
            let verified = verify_file(&source, &with(), &call(1)).map(|_| ());
            let inspected = inspect_file(&source, &call(1)).map(|_| ());
            [opened, verified, inspected]
        });
        for outcome in outcomes {
            assert_eq!(outcome.map_err(|error| error.code()), Err(code), "{}", path.display());
        }
        assert_eq!(names(&scratch), before);
    }
}

#[test]
fn row_15_what_is_no_file_is_not_sealed() {
    let scratch = Scratch::new(&env::temp_dir());
    for path in [&scratch, Path::new("/dev/zero"), &scratch.join("missing")] {
        let (source, target) = (place(path), place(scratch.join("out")));
        let outcome = soon(move || seal_file(&source, &target, &to(), PUBLISH, &call(1)));
        assert_eq!(outcome.unwrap_err().code(), "SOURCE_UNREADABLE");
        assert!(names(&scratch).is_empty());
    }
}

/// A sealed file of two full runs and a short chunk.
fn sample() -> (Vec<u8>, usize) {
    let plain: Vec<u8> = (0..=250).cycle().take(2 * RUN_CHUNKS * CHUNK_LEN + 100).collect();
    let sealed = seal_bytes(&plain, &to(), &KdfLimits::default()).unwrap();
    let first = sealed.len() - 2 * RUN_CHUNKS * SEALED_CHUNK_LEN - 116;
    (sealed, first)
}

/// What opening says of these bytes in memory; as a file they get the same answer, and no target.
fn refused(scratch: &Scratch, sealed: &[u8], context: &str) -> Error {
    let error = open_bytes(sealed, &with(), &KdfLimits::default()).expect_err(context);
    let source = place(scratch.file("sealed", sealed));
    for helpers in [0, 2] {
        let opened =
            open_file(&source, &place(scratch.join("out")), &with(), PUBLISH, &call(helpers));
        assert_eq!(opened, Err(error.clone()), "{context}, {helpers} helpers");
        let verified = verify_file(&source, &with(), &call(helpers));
        assert_eq!(verified, Err(error.clone()), "{context}, {helpers} helpers");
    }
    assert_eq!(names(scratch), ["sealed"], "{context}");
    error
}

#[test]
fn row_19_a_file_cut_around_any_border_is_refused_as_its_bytes_are() {
    let (sealed, first) = sample();
    let scratch = Scratch::new(&env::temp_dir());
    let borders = (0..=2 * RUN_CHUNKS).map(|chunk| first + chunk * SEALED_CHUNK_LEN);
    let near = borders.flat_map(|border| [border - 1, border, border + 1, border + 16]);
    let header = (0..first).step_by(97).chain(first - 17..first);
    for len in header.chain(near) {
        let error = refused(&scratch, &sealed[..len], &format!("cut to {len}"));
        let expected = match len.checked_sub(first) {
            None if len < 22 => "NOT_SEALED",
            None if len < first - 16 => "MALFORMED",
            None => "TRUNCATED",
            Some(payload) if payload.is_multiple_of(SEALED_CHUNK_LEN) => "TRUNCATED",
            Some(_) => "CHUNK_CORRUPT",
        };
        assert_eq!(error.code(), expected, "cut to {len}");
    }
}

#[test]
fn rows_20_and_21_a_file_with_chunks_added_or_moved_is_refused_as_its_bytes_are() {
    let (sealed, first) = sample();
    let scratch = Scratch::new(&env::temp_dir());
    let chunk = |position: usize| {
        let start = first + position * SEALED_CHUNK_LEN;
        &sealed[start..sealed.len().min(start + SEALED_CHUNK_LEN)]
    };
    for (tail, name) in [(&b"x"[..], "a byte"), (chunk(0), "a chunk"), (&sealed, "a file")] {
        let error = refused(&scratch, &[&sealed, tail].concat(), name);
        assert!(["TRAILING_DATA", "CHUNK_CORRUPT"].contains(&error.code()), "{name}: {error}");
    }
    for (one, other) in [(0, 1), (3, RUN_CHUNKS + 3), (RUN_CHUNKS - 1, RUN_CHUNKS), (1, 31)] {
        let mut swapped = sealed.clone();
        for (from, into) in [(one, other), (other, one)] {
            let start = first + into * SEALED_CHUNK_LEN;
            swapped[start..start + SEALED_CHUNK_LEN].copy_from_slice(chunk(from));
        }
        let error = refused(&scratch, &swapped, &format!("{one} and {other} swapped"));
        let offset = (first + one * SEALED_CHUNK_LEN) as u64;
        assert_eq!(error, Error::ChunkCorrupt { chunk: one as u64, offset });
    }
    let whole = seal_bytes(&vec![1; RUN_CHUNKS * CHUNK_LEN], &to(), &KdfLimits::default()).unwrap();
    let offset = whole.len() as u64;
    for tail in [&b"x"[..], chunk(0)] {
        let error = refused(&scratch, &[&whole, tail].concat(), "after a full last chunk");
        assert_eq!(error, Error::TrailingData { chunk: 15, offset });
    }
}

/// Seals `len` bytes that are zero but for 3 at the end, opens them again, and looks at the end.
fn round_trip(len: u64, open_too: bool) {
    let scratch = Scratch::new(&env::temp_dir());
    let plain = scratch.join("plain");
    let file = File::create(&plain).unwrap();
    file.set_len(len).unwrap();
    let end = len.saturating_sub(3);
    file.write_all_at(&b"end"[..usize::try_from(len - end).unwrap()], end).unwrap();
    thread::sleep(Duration::from_millis(20));
    let (sealed, back) = (place(scratch.join("sealed")), place(scratch.join("back")));
    let made = seal_file(&place(&plain), &sealed, &to(), PUBLISH, &call(1)).unwrap();
    let info = inspect_file(&sealed, &call(1)).unwrap();
    let overhead = 16 + 16 * len.div_ceil(65_536).max(1);
    assert_eq!((made.bytes, made.sealed_bytes), (len, info.header_bytes + overhead + len));
    assert_eq!(fs::metadata(scratch.join("sealed")).unwrap().len(), made.sealed_bytes);
    assert_eq!(info.bytes, Some(len));
    assert_eq!(verify_file(&sealed, &with(), &call(1)).unwrap().bytes, len);
    if open_too {
        fs::remove_file(&plain).unwrap();
        assert_eq!(open_file(&sealed, &back, &with(), PUBLISH, &call(1)).unwrap().bytes, len);
        let mut bytes = vec![0; usize::try_from(len - end).unwrap()];
        let opened = File::open(scratch.join("back")).unwrap();
        opened.read_exact_at(&mut bytes, end).unwrap();
        assert_eq!(bytes, b"end"[..bytes.len()]);
        assert_eq!(opened.metadata().unwrap().len(), len);
    }
}

#[test]
fn row_22_lengths_around_borders_of_chunks_and_runs_come_back() {
    let run = (RUN_CHUNKS * CHUNK_LEN) as u64;
    for border in [0, 65_536, 131_072, run, 2 * run] {
        for len in [border.saturating_sub(1), border, border + 1] {
            round_trip(len, true);
        }
    }
}

/// Most memory that this process ever had resident, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "takes 30 GiB of disk and minutes: npm run test:slow"]
fn row_22_lengths_around_4_gib_come_back_and_20_gib_need_no_more_memory() {
    for len in [(4 << 30) - 1, 4 << 30, (4 << 30) + 1] {
        round_trip(len, true);
    }
    let before = peak_kib();
    round_trip(20 << 30, false);
    assert!(peak_kib() < before + 1024, "{} KiB after {before} KiB", peak_kib());
    assert!(peak_kib() < 70 * 1024, "{} KiB", peak_kib());
}

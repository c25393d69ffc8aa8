//! Backups: what is stored, what is not stored again, and what is told.

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

use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use holdfast_repository::error::{Error, Fault};
use holdfast_repository::session::{Files, Options};
use holdfast_repository::source::{Origin, ProblemKind, Snapshotter, Source, Stream};
use holdfast_seal::control::Control;

use writer::bench::Bench;
use writer::{
    Scratch, assert_same, at, back_up, back_up_under, noise, on_disk, open, read_back, restore_to,
};

const MIB: usize = 1 << 20;

/// Later than any change that the file system's clock could not tell from the ones before.
fn let_times_settle() {
    thread::sleep(Duration::from_millis(2100));
}

#[test]
fn every_kind_of_file_comes_back_as_it_was() {
    let bench = Bench::new();
    for (seed, len) in [0, 1, 65_536, MIB - 1, MIB, MIB + 1, 3 * MIB].into_iter().enumerate() {
        bench.folder.write(&format!("sizes/{len}"), &noise(seed as u64 + 1, len));
    }
    bench.folder.write("text", "the same line again\n".repeat(100_000).as_bytes());
    let large = File::create(bench.folder.0.join("large")).unwrap();
    large.set_len(70 * MIB as u64 + 5).unwrap();
    let name = std::ffi::OsString::from_vec(b"not \xff UTF-8\n".to_vec());
    fs::write(bench.folder.0.join(&name), b"bytes").unwrap();
    fs::create_dir(bench.folder.0.join("empty")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", bench.folder.0.join("link")).unwrap();
    let script = bench.folder.write("a!/script", b"#!/bin/sh");
    bench.folder.write("a/between", b"names sort by their components");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o4755)).unwrap();
    let old = UNIX_EPOCH - Duration::new(1_000_000, 123_456_789);
    File::options().write(true).open(&script).unwrap().set_modified(old).unwrap();
    let outcome = bench.run(&bench.options());
    assert_eq!(outcome.problems, []);
    assert!(!outcome.snapshot.incomplete);
    assert_eq!(outcome.snapshot.sequence, 1);
    bench.is_whole(&outcome.snapshot.id);
}

#[test]
fn what_was_backed_up_is_restored_to_a_folder_that_is_the_same() {
    let bench = Bench::new();
    for number in 0..30_u64 {
        let name = format!("{}/{}/{number}", number % 3, number % 5);
        bench.folder.write(&name, &noise(number, usize::try_from(number * 50_000).unwrap()));
    }
    fs::create_dir(bench.folder.0.join("empty")).unwrap();
    std::os::unix::fs::symlink("0/0", bench.folder.0.join("link")).unwrap();
    let old = UNIX_EPOCH + Duration::new(1_000_000, 123_456_789);
    File::open(bench.folder.0.join("empty")).unwrap().set_modified(old).unwrap();
    let outcome = bench.run(&bench.options());
    let target = Scratch::new();
    let restored =
        restore_to(&bench.store, &bench.key, &outcome.snapshot.id, &target.0.join("new")).unwrap();
    assert_eq!(restored.problems, []);
    assert_eq!(restored.bytes, outcome.snapshot.bytes);
    let name = bench.folder.0.file_name().unwrap();
    assert_same(&on_disk(&target.0.join("new").join(name)), &on_disk(&bench.folder.0));
}

#[test]
fn an_unchanged_second_run_reads_nothing_and_stores_no_pack() {
    let bench = Bench::new();
    for number in 0..50 {
        bench.folder.write(&format!("{number}"), &noise(number, 5000));
    }
    bench.folder.write("large", &vec![7; 70 * MIB]);
    let_times_settle();
    let first = bench.run(&bench.options());
    assert_eq!(first.files, Files { new: 51, ..Files::default() });
    let packs = bench.memory.names("/packs/");
    let second = bench.run(&bench.options());
    assert_eq!(second.files, Files { unchanged: 51, ..Files::default() });
    assert_eq!(second.read_bytes, 0);
    assert_eq!(bench.memory.names("/packs/"), packs);
    assert_eq!(second.snapshot.pages, first.snapshot.pages);
    assert_eq!(second.snapshot.parent, Some(first.snapshot.id));
    assert_eq!(second.snapshot.live, [first.snapshot.id]);
    assert_eq!(second.snapshot.sequence, 2);
    bench.is_whole(&second.snapshot.id);
}

#[test]
fn row_46_a_cache_that_is_lost_cut_or_changed_is_not_used() {
    let bench = Bench::new();
    for number in 0..20 {
        bench.folder.write(&format!("{number}"), &noise(number, 5000));
    }
    let_times_settle();
    bench.run(&bench.options());
    let packs = bench.memory.names("/packs/");
    let mut files = fs::read_dir(&bench.state.0).unwrap().map(|file| file.unwrap().path());
    let cache = files.find(|path| path.is_file()).unwrap();
    let bytes = fs::read(&cache).unwrap();
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [Vec::new(), bytes[..bytes.len() / 2].to_vec(), flipped] {
        fs::write(&cache, &damaged).unwrap();
        let outcome = bench.run(&bench.options());
        assert_eq!(outcome.read_bytes, 20 * 5000);
        assert_eq!(outcome.files, Files { unchanged: 20, ..Files::default() });
        bench.is_whole(&outcome.snapshot.id);
    }
    let other = Scratch::new();
    let foreign = Options { state: Some(other.0.clone()), ..Options::default() };
    let outcome = bench.run(&foreign);
    assert_eq!(outcome.read_bytes, 20 * 5000);
    assert_eq!(bench.memory.names("/packs/"), packs);
}

#[test]
fn a_change_is_seen_by_size_by_time_and_by_inode() {
    let bench = Bench::new();
    let path = bench.folder.write("file", &noise(1, 5000));
    bench.folder.write("other", b"stays");
    let_times_settle();
    bench.run(&bench.options());
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    // Same length, same time, same inode: only the time of the change itself tells.
    fs::write(&path, noise(2, 5000)).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let outcome = bench.run(&bench.options());
    assert_eq!(outcome.files, Files { changed: 1, unchanged: 1, ..Files::default() });
    bench.is_whole(&outcome.snapshot.id);
}

#[test]
fn equal_content_is_stored_once() {
    let bench = Bench::new();
    let content = noise(3, 4 * MIB);
    bench.folder.write("one", &content);
    let first = bench.run(&bench.options());
    bench.folder.write("two", &content);
    bench.folder.write("three", &[&content[..], b"and a little more"].concat());
    let second = bench.run(&bench.options());
    assert!(first.stored_bytes > 4 * MIB as u64);
    assert!(second.stored_bytes < 100_000, "{}", second.stored_bytes);
    bench.is_whole(&second.snapshot.id);
}

/// Copies a database that nobody writes to.
#[derive(Debug)]
struct Copier;

impl Snapshotter for Copier {
    fn copy(&self, path: &Path, target: &Path) -> Result<(), Error> {
        fs::copy(path, target).unwrap();
        Ok(())
    }
}

#[test]
fn row_49_a_database_is_read_through_a_copy_and_costs_only_its_changed_pages() {
    let bench = Bench::new();
    let mut database = noise(5, 8 * MIB);
    database[..16].copy_from_slice(b"SQLite format 3\0");
    let path = bench.folder.write("db/app.sqlite", &database);
    for side in ["-wal", "-shm", "-journal"] {
        bench.folder.write(&format!("db/app.sqlite{side}"), b"not a file of its own");
    }
    bench.folder.write("db/other-wal", b"belongs to no database");
    let none = bench.run(&bench.options());
    assert!(none.snapshot.incomplete);
    let options = Options { snapshotter: Some(Arc::new(Copier)), ..bench.options() };
    bench.run(&options);
    for page in [100, 1500] {
        database[page * 4096..][..4096].copy_from_slice(&noise(page as u64, 4096));
    }
    fs::write(&path, &database).unwrap();
    let second = bench.run(&options);
    assert!(!second.snapshot.incomplete);
    assert!(second.stored_bytes < 2 * 65_536 + 60_000, "{}", second.stored_bytes);
    let (_, tree) = read_back(&bench.store, &bench.key, &second.snapshot.id).unwrap();
    let names: Vec<_> =
        tree.keys().map(|key| key.rsplit(|byte| *byte == 0).next().unwrap()).collect();
    assert!(names.contains(&&b"other-wal"[..]) && names.contains(&&b"app.sqlite"[..]));
    assert_eq!(tree.values().filter(|entry| entry.0 == "file").count(), 2);
    assert!(tree.values().any(|entry| entry.3 == database));
    assert!(fs::read_dir(bench.state.0.join("databases")).unwrap().next().is_none());
}

/// Copies a database, and removes a file beside it.
#[derive(Debug)]
struct Remover;

impl Snapshotter for Remover {
    fn copy(&self, path: &Path, target: &Path) -> Result<(), Error> {
        fs::remove_file(path.with_file_name("vanishes")).unwrap();
        Copier.copy(path, target)
    }
}

#[test]
fn a_file_that_is_removed_before_its_turn_is_not_missed() {
    let bench = Bench::new();
    bench.folder.write("database", b"SQLite format 3\0 and more");
    bench.folder.write("vanishes", b"content");
    let options = Options { snapshotter: Some(Arc::new(Remover)), ..bench.options() };
    let outcome = bench.run(&options);
    assert_eq!(outcome.problems, []);
    assert!(!outcome.snapshot.incomplete);
    let (_, tree) = read_back(&bench.store, &bench.key, &outcome.snapshot.id).unwrap();
    assert_eq!(tree.len(), 2);
}

#[test]
fn what_compresses_is_compressed_unless_told_not_to() {
    let bench = Bench::new();
    bench.folder.write("text", "the same line again\n".repeat(200_000).as_bytes());
    let plain = Bench::new();
    plain.folder.write("text", "the same line again\n".repeat(200_000).as_bytes());
    let small = bench.run(&bench.options()).stored_bytes;
    let large = plain.run(&Options { compress: false, ..plain.options() }).stored_bytes;
    assert!(small < 100_000 && large > 4_000_000, "{small} {large}");
}

#[test]
fn sockets_and_pipes_are_told_and_no_reason_to_be_incomplete() {
    let bench = Bench::new();
    bench.folder.write("file", b"content");
    let _socket = std::os::unix::net::UnixListener::bind(bench.folder.0.join("socket")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(bench.folder.0.join("pipe")).status();
    assert!(made.unwrap().success());
    let outcome = bench.run(&bench.options());
    let kinds: Vec<_> = outcome.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::Special, ProblemKind::Special]);
    assert!(!outcome.snapshot.incomplete);
    bench.is_whole(&outcome.snapshot.id);
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_read_is_told_and_the_rest_is_stored() {
    let bench = Bench::new();
    bench.folder.write("file", b"content");
    let sources = [at(&bench.folder.0), at(Path::new("/proc/self/mem")), at(Path::new("/nowhere"))];
    let outcome = back_up(&bench.store, &bench.key, &sources, &bench.options()).unwrap();
    let kinds: Vec<_> = outcome.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::Unreadable, ProblemKind::Unreadable]);
    assert!(outcome.snapshot.incomplete);
    bench.is_whole(&outcome.snapshot.id);
    let nothing = back_up(&bench.store, &bench.key, &sources[1..], &bench.options());
    assert_eq!(nothing.unwrap_err().code(), "SOURCE_UNREADABLE");
}

#[test]
fn row_23_a_file_that_keeps_changing_is_told_and_not_stored() {
    let bench = Bench::new();
    let path = bench.folder.write("log", &noise(1, 40 * MIB));
    bench.folder.write("still", b"content");
    let (begun, stop) = (Barrier::new(2), AtomicBool::new(false));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            let mut log = File::options().append(true).open(&path).unwrap();
            begun.wait();
            while !stop.load(Ordering::Relaxed) {
                log.write_all(b"line\n").unwrap();
            }
        });
        begun.wait();
        let outcome = bench.run(&bench.options());
        stop.store(true, Ordering::Relaxed);
        outcome
    });
    let problems: Vec<_> = outcome.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(problems, [ProblemKind::Changed]);
    assert!(outcome.snapshot.incomplete);
    let (_, tree) = read_back(&bench.store, &bench.key, &outcome.snapshot.id).unwrap();
    assert_eq!(tree.len(), 2);
}

#[derive(Debug)]
struct Dump(Vec<u8>);

impl Stream for Dump {
    fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        Ok(Box::new(std::io::Cursor::new(self.0.clone())))
    }
}

#[test]
fn streams_and_names_are_sources_too() {
    let bench = Bench::new();
    bench.folder.write("file", b"content");
    let dump = noise(9, 2 * MIB + 3);
    let stream = Origin::Stream { stream: Arc::new(Dump(dump.clone())), modified: Some((5, 6)) };
    let link = bench.state.0.join("Photos");
    std::os::unix::fs::symlink(&bench.folder.0, &link).unwrap();
    let sources = [
        at(&link),
        Source { name: Some("pg.dump".to_owned()), origin: stream.clone() },
        Source { name: Some("Media".to_owned()), ..at(&bench.folder.0) },
        Source { name: Some("Media".to_owned()), ..at(&bench.folder.0.join("file")) },
    ];
    let outcome = back_up(&bench.store, &bench.key, &sources, &bench.options()).unwrap();
    let names: Vec<_> =
        outcome.snapshot.sources.iter().map(|name| String::from_utf8_lossy(&name.0)).collect();
    assert_eq!(names, ["Media", "Media-2", "Photos", "pg.dump"]);
    let (_, tree) = read_back(&bench.store, &bench.key, &outcome.snapshot.id).unwrap();
    assert_eq!(tree[&b"pg.dump"[..]].3, dump);
    assert_eq!(tree[&b"Media\0file"[..]].3, b"content");
    assert_eq!(tree[&b"Photos\0file"[..]].3, b"content");
    assert_eq!(tree[&b"Media-2"[..]].3, b"content");
    for name in [None, Some(".."), Some("a/b"), Some("")] {
        let source = Source { name: name.map(str::to_owned), origin: stream.clone() };
        let refused = back_up(&bench.store, &bench.key, &[source], &bench.options());
        assert_eq!(refused.unwrap_err().code(), "INVALID_ARGUMENT", "{name:?}");
    }
}

/// Cancels the backup that reads it.
#[derive(Debug)]
struct Cancels(Arc<Control>);

impl Stream for Cancels {
    fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        self.0.cancel();
        Ok(Box::new(std::io::repeat(7)))
    }
}

#[test]
fn row_29_a_backup_that_is_cancelled_ends_and_leaves_no_snapshot() {
    let bench = Bench::new();
    let control = Arc::new(Control::default());
    let stream = Origin::Stream { stream: Arc::new(Cancels(control.clone())), modified: None };
    let source = [Source { name: Some("endless".to_owned()), origin: stream }];
    let options = Options::default();
    for _ in 0..2 {
        let ended = back_up_under(&control, &bench.store, &bench.key, &source, &options);
        assert_eq!(ended.unwrap_err(), Error::Seal(holdfast_seal::error::Error::Cancelled));
    }
    assert_eq!(bench.memory.names("/snapshots/"), Vec::<String>::new());
}

#[test]
fn what_patterns_fit_is_left_out() {
    let bench = Bench::new();
    for name in ["keep/a.txt", "keep/a.tmp", "cache/b.txt", "deep/cache/c.txt"] {
        bench.folder.write(name, b"content");
    }
    let exclude = vec!["*.tmp".to_owned(), "cache/".to_owned()];
    let outcome = bench.run(&Options { exclude, ..bench.options() });
    let (_, tree) = read_back(&bench.store, &bench.key, &outcome.snapshot.id).unwrap();
    assert_eq!(tree.values().filter(|entry| entry.0 == "file").count(), 1);
    assert_eq!(tree.len(), 4);
}

#[test]
fn a_dry_run_stores_nothing_and_says_what_it_would_have() {
    let bench = Bench::new();
    bench.folder.write("file", &noise(1, MIB));
    let before = bench.memory.all();
    let dry = bench.run(&Options { dry_run: true, ..bench.options() });
    assert_eq!(bench.memory.all(), before);
    assert!(fs::read_dir(&bench.state.0).unwrap().next().is_none());
    let real = bench.run(&bench.options());
    assert_eq!(dry.stored_bytes, real.stored_bytes);
    assert_eq!(dry.files, real.files);
}

#[test]
fn a_claimed_epoch_above_stops_a_writer() {
    let bench = Bench::new();
    bench.folder.write("file", b"content");
    let claim = format!("{{\"epoch\":2,\"commit\":\"{}\"}}\n", "00".repeat(32));
    bench.store.put("e2/epoch.json", claim.into_bytes()).unwrap();
    let stopped = back_up(&bench.store, &bench.key, &[at(&bench.folder.0)], &bench.options());
    assert_eq!(stopped.unwrap_err().fault(), Some(Fault::EpochChanging));
    assert!(bench.memory.names("/snapshots/").is_empty());
}

#[test]
fn row_42_writers_side_by_side_both_succeed() {
    let bench = Bench::new();
    let other = Scratch::new();
    let shared = noise(1, 3 * MIB);
    bench.folder.write("shared", &shared);
    other.write("shared", &shared);
    other.write("own", b"content");
    let options = Options::default();
    let run =
        |folder: &Scratch| back_up(&bench.store, &bench.key, &[at(&folder.0)], &options).unwrap();
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| run(&bench.folder));
        let two = run(&other);
        (one.join().unwrap(), two)
    });
    let (_, tree) = read_back(&bench.store, &bench.key, &two.snapshot.id).unwrap();
    assert_same(&tree, &on_disk(&other.0));
    bench.is_whole(&one.snapshot.id);
    assert!(open(&bench.store, &bench.key).is_ok());
}

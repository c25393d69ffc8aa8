//! Databases that others write to while they are backed up.

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

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use holdfast_repository::session::Options;
use holdfast_repository::source::{Origin, ProblemKind, Source};
use holdfast_repository::sqlite::OnlineBackup;
use holdfast_repository::store::Store;
use rusqlite::Connection;

use writer::memory::Memory;
use writer::{Scratch, at, back_up, key, make, noise, read_back};

const PATH: &str = "HOLDFAST_TEST_DATABASE";
const MODE: &str = "HOLDFAST_TEST_JOURNAL";

/// Not a test: the other process that writes, about 200 transactions a second, until it is killed.
#[test]
#[ignore = "runs as a process of other tests"]
fn writes_until_killed() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let database = Connection::open(path).unwrap();
    database.busy_timeout(Duration::from_secs(60)).unwrap();
    database.pragma_update(None, "journal_mode", std::env::var(MODE).unwrap()).unwrap();
    database.pragma_update(None, "synchronous", "OFF").unwrap();
    let mut number: i64 =
        database.query_row("SELECT coalesce(max(id), 0) FROM one", [], |row| row.get(0)).unwrap();
    loop {
        number += 1;
        let text = "x".repeat(500 + usize::try_from(number % 3000).unwrap());
        let both = format!(
            "BEGIN IMMEDIATE; INSERT INTO one VALUES ({number}, '{text}'); \
             INSERT INTO two VALUES ({number}, '{text}'); COMMIT"
        );
        database.execute_batch(&both).unwrap();
        thread::sleep(Duration::from_millis(4));
    }
}

struct Writing(Child);

impl Writing {
    fn start(path: &Path, journal: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--ignored", "--exact", "writes_until_killed"]);
        child.env(PATH, path).env(MODE, journal).stdout(Stdio::null());
        Self(child.spawn().unwrap())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn prepare(path: &Path) {
    let database = Connection::open(path).unwrap();
    let tables = "CREATE TABLE one (id INTEGER PRIMARY KEY, text TEXT); \
                  CREATE TABLE two (id INTEGER PRIMARY KEY, text TEXT)";
    database.execute_batch(tables).unwrap();
}

/// The last transaction in a copy, after everything in it was checked.
fn last_transaction(folder: &Scratch, bytes: &[u8]) -> i64 {
    let copy = folder.write("restored.sqlite", bytes);
    let database = Connection::open(copy).unwrap();
    let intact: String =
        database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(intact, "ok");
    let counted = "SELECT (SELECT count(*) FROM one), (SELECT coalesce(max(id), 0) FROM one), \
                   (SELECT count(*) FROM two), (SELECT coalesce(max(id), 0) FROM two)";
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<[i64; 4]> {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
    };
    let [ones, last, twos, other] = database.query_row(counted, [], row).unwrap();
    assert_eq!([ones, twos, other], [last; 3]);
    last
}

#[test]
fn row_49_every_copy_of_a_database_under_writes_holds_whole_transactions() {
    for journal in ["WAL", "DELETE"] {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        let (key, folder, state) = (key(), Scratch::new(), Scratch::new());
        make(&store, &key);
        let path = folder.0.join("app.sqlite");
        prepare(&path);
        let writing = Writing::start(&path, journal);
        let options = Options {
            state: Some(state.0.clone()),
            snapshotter: Some(Arc::new(OnlineBackup)),
            ..Options::default()
        };
        let mut last = 0;
        for _ in 0..25 {
            let outcome = back_up(&store, &key, &[at(&folder.0)], &options).unwrap();
            assert_eq!(outcome.problems, []);
            let (_, tree) = read_back(&store, &key, &outcome.snapshot.id).unwrap();
            let files: Vec<_> = tree.values().filter(|entry| entry.0 == "file").collect();
            assert_eq!(files.len(), 1, "side files are not stored");
            let now = last_transaction(&state, &files[0].3);
            assert!(now >= last);
            last = now;
            thread::sleep(Duration::from_millis(20));
        }
        assert!(last > 10, "{journal}: only {last} transactions were seen");
        drop(writing);
    }
}

#[test]
fn row_49_copies_and_looks_of_one_process_do_not_disturb_each_other() {
    let folder = Scratch::new();
    let path = folder.0.join("app.sqlite");
    prepare(&path);
    let _writing = Writing::start(&path, "DELETE");
    let twice = [at(&folder.0), Source { name: None, origin: Origin::Database(path, None) }];
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let store: Arc<dyn Store> = Arc::new(Memory::default());
                let (key, restored) = (key(), Scratch::new());
                make(&store, &key);
                let options =
                    Options { snapshotter: Some(Arc::new(OnlineBackup)), ..Options::default() };
                for _ in 0..15 {
                    let outcome = back_up(&store, &key, &twice, &options).unwrap();
                    assert_eq!(outcome.problems, []);
                    let (_, tree) = read_back(&store, &key, &outcome.snapshot.id).unwrap();
                    let files: Vec<_> = tree.values().filter(|entry| entry.0 == "file").collect();
                    assert_eq!(files.len(), 2);
                    for file in files {
                        last_transaction(&restored, &file.3);
                    }
                }
            });
        }
    });
}

#[test]
fn a_database_that_nobody_uses_is_left_as_it_is() {
    for journal in ["WAL", "DELETE"] {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        let (key, folder, state) = (key(), Scratch::new(), Scratch::new());
        make(&store, &key);
        let path = folder.0.join("app.sqlite");
        prepare(&path);
        drop(Writing::start(&path, journal));
        Connection::open(&path).unwrap().pragma_update(None, "journal_mode", journal).unwrap();
        let look = || {
            let names = fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name());
            let mut names: Vec<_> = names.collect();
            names.sort();
            (names, fs::read(&path).unwrap())
        };
        let before = look();
        thread::sleep(Duration::from_millis(2100));
        let options = Options {
            state: Some(state.0.clone()),
            snapshotter: Some(Arc::new(OnlineBackup)),
            ..Options::default()
        };
        back_up(&store, &key, &[at(&folder.0)], &options).unwrap();
        assert!(look() == before, "{journal}");
        let again = back_up(&store, &key, &[at(&folder.0)], &options).unwrap();
        assert_eq!(again.read_bytes, 0, "{journal}");
    }
}

#[test]
fn a_database_that_this_process_has_open_keeps_its_locks_and_is_told() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let (key, folder) = (key(), Scratch::new());
    make(&store, &key);
    let path = folder.0.join("app.sqlite");
    prepare(&path);
    folder.write("other", &noise(1, 1000));
    let own = Connection::open(&path).unwrap();
    own.execute_batch("BEGIN EXCLUSIVE; INSERT INTO one VALUES (1, '')").unwrap();
    let options = Options { snapshotter: Some(Arc::new(OnlineBackup)), ..Options::default() };
    for _ in 0..2 {
        let outcome = back_up(&store, &key, &[at(&folder.0)], &options).unwrap();
        let kinds: Vec<_> = outcome.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::Unreadable]);
    }
    // Another process would see it if the lock were gone.
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap());
    let held = locks.lines().any(|line| line.contains(&format!(":{inode} ")));
    assert!(held || locks.is_empty(), "{locks}");
    own.execute_batch("COMMIT").unwrap();
    drop(own);
    let outcome = back_up(&store, &key, &[at(&folder.0)], &options).unwrap();
    assert_eq!(outcome.problems, []);
}

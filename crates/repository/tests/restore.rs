//! Where a restore writes, what it leaves alone, and how it goes on after an interruption.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::{Arc, Mutex};

use holdfast_repository::block::{BLOCK_LEN, BlockKind};
use holdfast_repository::error::{Detail, Error};
use holdfast_repository::manifest::Component;
use holdfast_repository::plan::Options;
use holdfast_repository::restore::Restored;
use holdfast_repository::store::Store;

use support::Visit;
use support::failing::{FailingStore, Fault, MeddlingStore};
use support::made::{Kind, Made, add, entry, new_pack, store_pack};
use support::scratch::Scratch;
use support::stores::files;

fn restore(made: &Made, target: &Path, options: &Options) -> Result<Restored, Error> {
    restore_from(Arc::clone(&made.store) as Arc<dyn Store>, made, target, options)
}

fn restore_from(
    store: Arc<dyn Store>,
    made: &Made,
    target: &Path,
    options: &Options,
) -> Result<Restored, Error> {
    let visit = Visit { store, credential: Some(&made.credential), pin: None };
    visit.restore(None, target, options).result.map(|(_, restored)| restored)
}

/// Bytes that no block shares with another.
fn content(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|at| (at / 251 + at % 251).to_le_bytes()[0] ^ seed).collect()
}

fn sample() -> Made {
    Made::of(vec![
        entry("s", Kind::Directory),
        entry("s/a", Kind::File(content(3 * BLOCK_LEN + 5, 1))),
        entry("s/d", Kind::Directory),
        entry("s/d/b", Kind::File(content(70_000, 2))),
        entry("s/d/link", Kind::Symlink("../../../outside")),
        entry("s/e", Kind::File(content(10, 3))),
    ])
}

fn paths(paths: &[&str]) -> Options {
    let split = |path: &&str| path.split('/').map(|name| Component(name.into())).collect();
    Options { paths: paths.iter().map(split).collect(), ..Options::default() }
}

fn names(target: &Path) -> Vec<String> {
    files(target).into_keys().collect()
}

#[test]
fn row_24_an_existing_file_is_refused_before_anything_is_written() {
    let (made, scratch) = (sample(), Scratch::new());
    let target = scratch.path("t");
    for (old, code) in [(vec![0; 10], "same length"), (vec![0; 3], "other length")] {
        fs::create_dir_all(target.join("s")).unwrap();
        fs::write(target.join("s/e"), &old).unwrap();
        let error = restore(&made, &target, &Options::default()).unwrap_err();
        assert_eq!(error.code(), "TARGET_EXISTS", "{code}");
        assert_eq!(error.to_string(), "s/e: a file exists at the target");
        assert_eq!(names(&target), ["s/e"]);
        assert_eq!(fs::read(target.join("s/e")).unwrap(), old);
        let options = Options { overwrite: true, ..Options::default() };
        assert_eq!(restore(&made, &target, &options).unwrap().entries, 6);
        assert_eq!(fs::read(target.join("s/e")).unwrap(), content(10, 3));
        fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn row_24_planted_links_are_never_followed() {
    let (made, scratch) = (sample(), Scratch::new());
    let outside = scratch.path("outside");
    for (planted, name) in [("s", "folder"), ("s/d", "deeper folder"), ("s/e", "file")] {
        let target = scratch.path(name);
        fs::create_dir_all(target.join(planted).parent().unwrap()).unwrap();
        fs::create_dir_all(&outside).unwrap();
        symlink(&outside, target.join(planted)).unwrap();
        for overwrite in [false, true] {
            let options = Options { overwrite, ..Options::default() };
            let error = restore(&made, &target, &options).unwrap_err();
            assert_eq!(error.code(), "TARGET_UNSAFE", "{planted}");
        }
        assert_eq!(names(&outside), [""; 0]);
    }
    let target = scratch.path("staging");
    fs::create_dir_all(&target).unwrap();
    symlink(&outside, target.join(".holdfast-restore.partial")).unwrap();
    let error = restore(&made, &target, &Options::default()).unwrap_err();
    assert_eq!(error.code(), "TARGET_UNSAFE");
    assert_eq!(names(&outside), [""; 0]);
}

#[test]
fn row_24_links_planted_during_the_work_are_not_followed() {
    let (made, scratch) = (sample(), Scratch::new());
    let (target, outside) = (scratch.path("t"), scratch.path("outside"));
    fs::create_dir_all(&outside).unwrap();
    let plant = {
        let (target, outside) = (target.clone(), outside.clone());
        move || {
            fs::rename(target.join("s"), target.join("moved")).unwrap();
            symlink(&outside, target.join("s")).unwrap();
        }
    };
    let (store, object) = (Arc::clone(&made.store), made.packs[0].clone());
    let deed = Mutex::new(Some(Box::new(plant) as Box<dyn FnOnce() + Send>));
    let store = Arc::new(MeddlingStore { store, object, deed });
    let error = restore_from(store, &made, &target, &Options::default()).unwrap_err();
    assert_eq!(error.code(), "TARGET_UNSAFE");
    assert_eq!(names(&outside), [""; 0]);
}

#[test]
fn row_24_files_that_appear_during_the_work_are_kept_and_told() {
    let (made, scratch) = (sample(), Scratch::new());
    let target = scratch.path("t");
    for overwrite in [false, true] {
        let file = target.join("s/a");
        let plant = {
            let file = file.clone();
            move || fs::write(file, b"mine").unwrap()
        };
        let (store, object) = (Arc::clone(&made.store), made.packs[0].clone());
        let deed = Mutex::new(Some(Box::new(plant) as Box<dyn FnOnce() + Send>));
        let store = Arc::new(MeddlingStore { store, object, deed });
        let options = Options { overwrite, ..Options::default() };
        let restored = restore_from(store, &made, &target, &options).unwrap();
        let told: Vec<_> = restored.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["s/a: a file exists at the target"]);
        assert_eq!(fs::read(file).unwrap(), b"mine");
        assert_eq!(restored.entries, 5);
        fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn a_size_that_the_blocks_do_not_have_is_refused_before_anything_is_written() {
    for size in [9, 11, BLOCK_LEN as u64] {
        let lie = entry("s/f", Kind::Lie(content(10, 1), size));
        let made = Made::of(vec![entry("s", Kind::Directory), lie]);
        let scratch = Scratch::new();
        for partial in [false, true] {
            let options = Options { partial, ..Options::default() };
            let error = restore(&made, &scratch.path("t"), &options).unwrap_err();
            assert_eq!(error.code(), "SNAPSHOT_TAMPERED");
            assert!(!scratch.path("t").exists());
        }
    }
}

#[test]
fn row_28_a_restore_goes_on_where_it_was_cut_off() {
    let (made, scratch) = (sample(), Scratch::new());
    let (mut after, mut kept) = (0, 0);
    loop {
        let target = scratch.path(&format!("{after}"));
        let store = Arc::new(FailingStore::new(&made.store, Fault::Fails, after));
        let cut = restore_from(store, &made, &target, &Options::default());
        let restored = restore(&made, &target, &Options::default()).unwrap();
        assert_eq!((restored.entries, restored.problems), (6, Vec::new()));
        assert_eq!(names(&target), ["s/a", "s/d/b", "s/d/link", "s/e"]);
        assert_eq!(fs::read(target.join("s/a")).unwrap(), content(3 * BLOCK_LEN + 5, 1));
        kept += restored.kept;
        match cut {
            Ok(_) => break,
            Err(error) => assert_eq!(error.code(), "DESTINATION_UNREACHABLE"),
        }
        after += 1;
    }
    assert!(after > 5, "{after}");
    assert!(kept > 0);
}

#[test]
fn row_28_blocks_of_an_unfinished_file_are_not_fetched_again() {
    let (made, scratch) = (sample(), Scratch::new());
    let target = scratch.path("t");
    restore(&made, &target, &Options::default()).unwrap();
    let whole = Arc::new(FailingStore::new(&made.store, Fault::Fails, u64::MAX));
    restore_from(Arc::clone(&whole) as _, &made, &scratch.path("u"), &Options::default()).unwrap();
    let staging = target.join(".holdfast-restore.partial");
    fs::create_dir(&staging).unwrap();
    let name = support::hex(&<sha2::Sha256 as sha2::Digest>::digest(b"s\0a"));
    let mut unfinished = fs::read(target.join("s/a")).unwrap();
    unfinished.truncate(3 * BLOCK_LEN);
    fs::write(staging.join(name), unfinished).unwrap();
    fs::write(staging.join("left by another"), b"").unwrap();
    fs::remove_file(target.join("s/a")).unwrap();
    let resumed = Arc::new(FailingStore::new(&made.store, Fault::Fails, u64::MAX));
    restore_from(Arc::clone(&resumed) as _, &made, &target, &Options::default()).unwrap();
    assert_eq!(fs::read(target.join("s/a")).unwrap(), content(3 * BLOCK_LEN + 5, 1));
    assert!(!staging.exists());
    let requests = |store: &FailingStore| store.requests.load(std::sync::atomic::Ordering::Relaxed);
    assert!(requests(&resumed) <= requests(&whole));
}

#[test]
fn two_restores_into_one_folder_do_not_meet() {
    let (made, scratch) = (sample(), Scratch::new());
    let target = scratch.path("t");
    let staging = target.join(".holdfast-restore.partial");
    fs::create_dir_all(&staging).unwrap();
    let lock = fs::File::create(staging.join("lock")).unwrap();
    lock.lock().unwrap();
    let error = restore(&made, &target, &Options::default()).unwrap_err();
    assert_eq!(error.code(), "TARGET_UNSAFE");
    drop(lock);
    assert_eq!(restore(&made, &target, &Options::default()).unwrap().entries, 6);
}

#[test]
fn what_was_asked_for_comes_with_the_folders_above() {
    let (made, scratch) = (sample(), Scratch::new());
    let cases: [(&[&str], &[&str], u64); 3] = [
        (&["s/d"], &["s/d/b", "s/d/link"], 4),
        (&["s/d/b", "s/e"], &["s/d/b", "s/e"], 4),
        (&["s"], &["s/a", "s/d/b", "s/d/link", "s/e"], 6),
    ];
    for (asked, expected, entries) in cases {
        let target = scratch.path(&asked.join("+").replace('/', "_"));
        let restored = restore(&made, &target, &paths(asked)).unwrap();
        assert_eq!(names(&target), expected, "{asked:?}");
        assert_eq!(restored.entries, entries, "{asked:?}");
    }
    let error = restore(&made, &scratch.path("none"), &paths(&["s/a", "s/x"])).unwrap_err();
    let path = ("path", Detail::Text("s/x".to_owned()));
    assert_eq!((error.code(), error.details().contains(&path)), ("SNAPSHOT_MISSING", true));
    assert!(!scratch.path("none").exists());
}

#[test]
fn row_45_what_is_damaged_is_named_and_the_rest_restored() {
    let (made, scratch) = (sample(), Scratch::new());
    // In the second block of s/a.
    made.alter(&made.packs[0], |pack| pack[BLOCK_LEN + 100_000] ^= 1);
    let target = scratch.path("t");
    let error = restore(&made, &target, &Options::default()).unwrap_err();
    assert_eq!(error.code(), "OBJECT_MISMATCH");
    assert!(!target.join("s/a").exists());
    assert!(!target.join(".holdfast-restore.partial").exists());
    let options = Options { partial: true, ..Options::default() };
    let restored = restore(&made, &target, &options).unwrap();
    assert_eq!(names(&target), ["s/d/b", "s/d/link", "s/e"]);
    let [Error::Entry { path, cause }] = restored.problems.as_slice() else {
        panic!("{:?}", restored.problems)
    };
    assert_eq!((path.as_str(), cause.code()), ("s/a", "OBJECT_MISMATCH"));
    assert_eq!(restored.entries, 5);
}

#[test]
fn row_45_another_place_of_a_damaged_block_is_used_and_the_damage_told() {
    let (made, scratch) = (sample(), Scratch::new());
    let mut pack = new_pack(&made.keys);
    for block in content(3 * BLOCK_LEN + 5, 1).chunks(BLOCK_LEN) {
        add(&made.store, &made.keys, &mut pack, BlockKind::Data, block);
    }
    let (other, _) = store_pack(&made.store, &made.keys, pack);
    for damaged in [&made.packs[0], &other] {
        made.alter(damaged, |pack| pack[BLOCK_LEN + 100_000] ^= 1);
        let store = Arc::clone(&made.store) as Arc<dyn Store>;
        let visit = Visit { store, credential: Some(&made.credential), pin: None };
        let target = scratch.path(&damaged.replace('/', "_"));
        let visited = visit.restore(None, &target, &Options::default());
        assert_eq!(visited.result.unwrap().1.entries, 6);
        assert_eq!(fs::read(target.join("s/a")).unwrap(), content(3 * BLOCK_LEN + 5, 1));
        for report in visited.reports {
            assert_eq!(report.code(), "OBJECT_MISMATCH");
            let object = ("object", Detail::Text(damaged.clone()));
            assert!(report.details().contains(&object));
        }
        made.alter(damaged, |pack| pack[BLOCK_LEN + 100_000] ^= 1);
    }
}

#[test]
fn row_45_a_damaged_page_costs_its_own_entries_only() {
    let file =
        |number: u16| entry(&format!("s/{number:05}"), Kind::File(number.to_be_bytes().into()));
    let files = (0..4000).map(file);
    let made = Made::of([entry("s", Kind::Directory)].into_iter().chain(files).collect());
    let scratch = Scratch::new();
    // In the first chunk, where the last page is not.
    made.alter(&made.packs[1], |pack| pack[3000] ^= 1);
    let error = restore(&made, &scratch.path("t"), &Options::default()).unwrap_err();
    assert_eq!(error.code(), "OBJECT_MISMATCH");
    assert!(!scratch.path("t").exists());
    let options = Options { partial: true, ..Options::default() };
    let restored = restore(&made, &scratch.path("t"), &options).unwrap();
    assert!((1..4000).contains(&restored.entries), "{}", restored.entries);
    assert_eq!(restored.problems.len(), 1, "{:?}", restored.problems);
    let names = names(&scratch.path("t"));
    assert_eq!(names.len() as u64, restored.entries);
    assert_eq!(names.last().map(String::as_str), Some("s/03999"));
}

#[test]
fn row_39_short_and_changed_ranges_are_made_good_by_the_whole_pack() {
    let (made, scratch) = (sample(), Scratch::new());
    for (fault, name) in [(Fault::CutsRanges, "short"), (Fault::Changes, "changed")] {
        let store = Arc::new(FailingStore::new(&made.store, fault, 0));
        let restored = restore_from(store, &made, &scratch.path(name), &Options::default());
        assert_eq!(restored.unwrap().entries, 6);
        let whole = fs::read(scratch.path(name).join("s/a")).unwrap();
        assert_eq!(whole, content(3 * BLOCK_LEN + 5, 1));
    }
}

#[test]
fn row_32_names_that_the_target_cannot_hold_are_reported_with_what_lies_below() {
    let long = "n".repeat(300);
    let made = Made::of(vec![
        entry("s", Kind::Directory),
        entry(&format!("s/{long}"), Kind::Directory),
        entry(&format!("s/{long}/below"), Kind::File(content(9, 1))),
        entry("s/z", Kind::File(content(9, 2))),
    ]);
    let scratch = Scratch::new();
    let restored = restore(&made, &scratch.path("t"), &Options::default()).unwrap();
    assert_eq!(names(&scratch.path("t")), ["s/z"]);
    assert_eq!(restored.entries, 2);
    assert_eq!(restored.problems.len(), 1);
    assert_eq!(restored.problems[0].code(), "TARGET_UNSAFE");
}

#[test]
fn row_34_times_before_1970_and_after_2106_and_modes_come_back() {
    let made = |mode, modified| {
        let mut entries = vec![entry("s", Kind::Directory), entry("s/f", Kind::File(vec![1]))];
        for (_, _, of, at) in &mut entries {
            (*of, *at) = (mode, modified);
        }
        Made::of(entries)
    };
    let scratch = Scratch::new();
    for (number, modified) in
        [(-1, 5), (-2_000_000_000, 999_999_999), (4_300_000_000, 1)].into_iter().enumerate()
    {
        let target = scratch.path(&number.to_string());
        restore(&made(0o7750, modified), &target, &Options::default()).unwrap();
        for name in ["s", "s/f"] {
            let found = target.join(name).metadata().unwrap();
            assert_eq!((found.mtime(), found.mtime_nsec()), (modified.0, i64::from(modified.1)));
            assert_eq!(found.permissions().mode() & 0o7777, 0o750, "{name}");
        }
    }
    let options = Options { special_bits: true, ..Options::default() };
    restore(&made(0o7750, (1, 2)), &scratch.path("special"), &options).unwrap();
    let found = scratch.path("special").join("s/f").metadata().unwrap();
    assert_eq!(found.permissions().mode() & 0o7777, 0o7750);
}

#[test]
fn folders_that_may_not_be_written_are_filled_all_the_same() {
    let mut entries = vec![
        entry("s", Kind::Directory),
        entry("s/d", Kind::Directory),
        entry("s/d/f", Kind::File(vec![1; 9])),
    ];
    for (_, kind, mode, _) in &mut entries {
        *mode = if matches!(kind, Kind::Directory) { 0o555 } else { 0o400 };
    }
    let (made, scratch) = (Made::of(entries), Scratch::new());
    let target = scratch.path("t");
    assert_eq!(restore(&made, &target, &Options::default()).unwrap().entries, 3);
    assert_eq!(target.join("s/d").metadata().unwrap().permissions().mode() & 0o777, 0o555);
    let again = restore(&made, &target, &Options::default()).unwrap();
    assert_eq!((again.entries, again.kept), (3, 1));
}

#[test]
fn a_source_that_is_a_file_lies_beside_the_folders_of_others() {
    let made = Made::of(vec![
        entry("a", Kind::Directory),
        entry("a/deep", Kind::Directory),
        entry("a/deep/f", Kind::File(vec![1])),
        entry("b", Kind::File(vec![2])),
        entry("c", Kind::Symlink("a")),
        entry("d", Kind::Directory),
    ]);
    let scratch = Scratch::new();
    let target = scratch.path("t");
    assert_eq!(restore(&made, &target, &Options::default()).unwrap().entries, 6);
    assert_eq!(names(&target.join("a")), ["deep/f"]);
    assert_eq!(fs::read(target.join("b")).unwrap(), [2]);
    assert_eq!(fs::read_link(target.join("c")).unwrap(), Path::new("a"));
    assert_eq!(fs::read_dir(target.join("d")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(&target).unwrap().count(), 4);
}

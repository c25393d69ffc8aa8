//! How a draft becomes a target, and what it leaves alone.

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
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::IoSlice;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use holdfast_seal::error::Error;
use holdfast_seal::place::{self, Draft, Secrecy};
use holdfast_seal::source::SourceFile;
use scratch::{Scratch, names};

fn draft(target: &Path, overwrite: bool) -> Result<Draft, Error> {
    Draft::create(target, Secrecy::Plain, overwrite)
}

fn write(target: &Path, content: &[u8], overwrite: bool) -> Result<(), Error> {
    let draft = draft(target, overwrite)?;
    draft.write_at(0, content)?;
    draft.publish(true)
}

fn pipe(path: &Path) {
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, 0o600.into(), 0).unwrap();
}

#[test]
fn nothing_has_the_targets_name_until_it_is_published() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    let draft = draft(&target, false).unwrap();
    draft.write_at(0, b"content").unwrap();
    assert!(!target.exists());
    draft.publish(true).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"content");
    assert_eq!(names(&scratch), ["out"]);
}

#[test]
fn a_dropped_draft_leaves_nothing() {
    let scratch = Scratch::new(&env::temp_dir());
    let draft = draft(&scratch.join("out"), false).unwrap();
    draft.write_at(0, b"content").unwrap();
    assert_eq!(names(&scratch).len(), 1);
    drop(draft);
    assert!(names(&scratch).is_empty());
}

#[test]
fn threads_write_at_their_offsets() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    let draft = draft(&target, false).unwrap();
    thread::scope(|scope| {
        for part in (0..8_u8).rev() {
            let draft = &draft;
            scope.spawn(move || draft.write_at(u64::from(part) * 1000, &[part; 1000]).unwrap());
        }
    });
    draft.write_pieces_at(8000, &mut [b"a", &b""[..], b"bc"].map(IoSlice::new)).unwrap();
    draft.publish(false).unwrap();
    let mut expected: Vec<u8> = (0..8).flat_map(|part| [part; 1000]).collect();
    expected.extend(b"abc");
    assert_eq!(fs::read(&target).unwrap(), expected);
}

#[test]
fn row_22_offsets_above_4_gib_are_kept() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    let draft = draft(&target, false).unwrap();
    draft.write_at(5 << 30, b"far").unwrap();
    assert_eq!(draft.write_at(u64::MAX, b"x").unwrap_err().code(), "TARGET_UNWRITABLE");
    drop(draft);
    let draft = self::draft(&target, false).unwrap();
    draft.write_at(5 << 30, b"far").unwrap();
    draft.publish(false).unwrap();
    let mut end = [0; 3];
    File::open(&target).unwrap().read_exact_at(&mut end, 5 << 30).unwrap();
    assert_eq!(&end, b"far");
}

#[test]
fn plaintext_is_for_the_owner_and_sealed_bytes_for_whom_the_mask_allows() {
    let scratch = Scratch::new(&env::temp_dir());
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    write(&scratch.join("plain"), b"", false).unwrap();
    assert_eq!(mode(&scratch.join("plain")), 0o600);
    let sealed = Draft::create(&scratch.join("sealed"), Secrecy::Sealed, false).unwrap();
    sealed.publish(true).unwrap();
    assert_eq!(mode(&scratch.join("sealed")), mode(&scratch.file("by default", "")));
}

#[test]
fn row_24_an_existing_file_is_kept_unless_told_otherwise() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.file("out", "old");
    assert_eq!(write(&target, b"new", false), Err(Error::TargetExists));
    assert_eq!(place::check(&target, None, false), Err(Error::TargetExists));
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(place::check(&target, None, true), Ok(()));
    assert_eq!(write(&target, b"new", true), Ok(()));
    assert_eq!(fs::read(&target).unwrap(), b"new");
    assert_eq!(names(&scratch), ["out"]);
}

#[test]
fn row_24_a_file_that_appears_meanwhile_is_kept() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    let draft = draft(&target, false).unwrap();
    draft.write_at(0, b"new").unwrap();
    fs::write(&target, "theirs").unwrap();
    assert_eq!(draft.publish(true), Err(Error::TargetExists));
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
    assert_eq!(names(&scratch), ["out"]);
}

/// Makes something at the target that is never replaced, and a file that must stay `old`.
type Make = fn(&Scratch) -> PathBuf;

const UNSAFE: [(&str, Make); 6] = [
    ("link", |scratch| {
        let other = scratch.file("other", "old");
        symlink(&other, scratch.join("out")).unwrap();
        other
    }),
    ("hard link", |scratch| {
        let other = scratch.file("other", "old");
        fs::hard_link(&other, scratch.join("out")).unwrap();
        other
    }),
    ("link to nowhere", |scratch| {
        symlink(scratch.join("nowhere"), scratch.join("out")).unwrap();
        scratch.file("other", "old")
    }),
    ("pipe", |scratch| {
        pipe(&scratch.join("out"));
        scratch.file("other", "old")
    }),
    ("folder", |scratch| {
        fs::create_dir(scratch.join("out")).unwrap();
        scratch.file("out/other", "old")
    }),
    ("read-only", |scratch| {
        let target = scratch.file("out", "old");
        fs::set_permissions(&target, PermissionsExt::from_mode(0o444)).unwrap();
        target
    }),
];

#[test]
fn row_24_what_is_no_plain_file_is_refused_at_the_beginning() {
    for (kind, make) in UNSAFE {
        let scratch = Scratch::new(&env::temp_dir());
        let untouched = make(&scratch);
        let before = names(&scratch);
        let target = scratch.join("out");
        let refused = draft(&target, true).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), "TARGET_UNSAFE", "{kind}");
        assert_eq!(place::check(&target, None, true), Err(refused), "{kind}");
        let code = draft(&target, false).map(|_| ()).unwrap_err().code();
        assert!(["TARGET_UNSAFE", "TARGET_EXISTS"].contains(&code), "{kind}: {code}");
        assert_eq!(fs::read(&untouched).unwrap(), b"old", "{kind}");
        assert_eq!(names(&scratch), before, "{kind}");
    }
}

#[test]
fn row_24_what_is_no_plain_file_is_refused_at_the_end() {
    for overwrite in [false, true] {
        for (kind, make) in UNSAFE {
            let scratch = Scratch::new(&env::temp_dir());
            let draft = draft(&scratch.join("out"), overwrite).unwrap();
            draft.write_at(0, b"new").unwrap();
            let untouched = make(&scratch);
            let code = draft.publish(true).unwrap_err().code();
            let expected = ["TARGET_UNSAFE", if overwrite { "" } else { "TARGET_EXISTS" }];
            assert!(expected.contains(&code), "{kind}: {code}");
            assert_eq!(fs::read(&untouched).unwrap(), b"old", "{kind}");
            assert!(names(&scratch).iter().all(|name| name == "out" || name == "other"));
        }
    }
}

#[test]
fn row_24_a_folder_replaced_by_a_link_gets_nothing() {
    let scratch = Scratch::new(&env::temp_dir());
    let (folder, elsewhere) = (scratch.join("folder"), scratch.join("elsewhere"));
    fs::create_dir(&folder).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    let draft = draft(&folder.join("out"), false).unwrap();
    fs::rename(&folder, scratch.join("moved")).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    draft.write_at(0, b"new").unwrap();
    assert_eq!(draft.publish(true).unwrap_err().code(), "TARGET_UNSAFE");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(fs::read_dir(scratch.join("moved")).unwrap().count(), 0);
}

#[test]
fn row_24_a_removed_folder_is_refused() {
    let scratch = Scratch::new(&env::temp_dir());
    let folder = scratch.join("folder");
    fs::create_dir(&folder).unwrap();
    let draft = draft(&folder.join("out"), false).unwrap();
    fs::rename(&folder, scratch.join("moved")).unwrap();
    assert_eq!(draft.publish(true).unwrap_err().code(), "TARGET_UNSAFE");
}

#[test]
fn row_24_a_replaced_temporary_file_is_not_published() {
    let scratch = Scratch::new(&env::temp_dir());
    let draft = draft(&scratch.join("out"), false).unwrap();
    let temporary = scratch.join(&names(&scratch)[0]);
    fs::remove_file(&temporary).unwrap();
    fs::write(&temporary, "planted").unwrap();
    assert_eq!(draft.publish(true).unwrap_err().code(), "TARGET_UNSAFE");
    assert!(!scratch.join("out").exists());
    assert_eq!(fs::read(&temporary).unwrap(), b"planted");
}

#[test]
fn the_source_is_refused_as_its_own_target_under_each_of_its_names() {
    let scratch = Scratch::new(&env::temp_dir());
    let path = scratch.file("a", "content");
    fs::hard_link(&path, scratch.join("b")).unwrap();
    let source = SourceFile::open(&path).unwrap();
    let itself = Err(Error::TargetUnsafe { what: "it is the source itself" });
    assert_eq!(place::check(&path, Some(&source), true), itself);
    assert_eq!(place::check(&scratch.join("b"), Some(&source), true), itself);
    assert_eq!(place::check(&path, Some(&source), false), Err(Error::TargetExists));
    assert_eq!(place::check(&scratch.join("c"), Some(&source), true), Ok(()));
}

#[test]
fn row_28_what_a_killed_process_left_is_removed_by_the_next_call() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    let drafts: Vec<_> = (0..3).map(|_| draft(&target, false).unwrap()).collect();
    let before = names(&scratch);
    drop(drafts);
    for name in &before {
        scratch.file(name.to_str().unwrap(), "half");
    }
    write(&target, b"new", false).unwrap();
    assert_eq!(names(&scratch), ["out"]);
    for name in &before {
        scratch.file(name.to_str().unwrap(), "half");
    }
    assert_eq!(place::check(&target, None, false), Err(Error::TargetExists));
    assert_eq!(names(&scratch), ["out"]);
}

#[test]
fn row_28_a_file_in_use_and_files_of_other_targets_are_not_taken_for_left_overs() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    let other = scratch.file(".holdfast-0123456789abcdef-0.partial", "theirs");
    let first = draft(&target, false).unwrap();
    first.write_at(0, b"first").unwrap();
    let second = draft(&target, false).unwrap();
    second.write_at(0, b"second").unwrap();
    assert_eq!(names(&scratch).len(), 3);
    first.publish(true).unwrap();
    assert_eq!(second.publish(true), Err(Error::TargetExists));
    assert_eq!(fs::read(&target).unwrap(), b"first");
    assert_eq!(fs::read(&other).unwrap(), b"theirs");
}

#[test]
fn a_planted_link_under_the_temporary_name_is_not_followed() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    let temporary = {
        let _draft = draft(&target, false).unwrap();
        scratch.join(&names(&scratch)[0])
    };
    let other = scratch.file("other", "old");
    symlink(&other, &temporary).unwrap();
    write(&target, b"new", false).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"new");
    assert_eq!(fs::read(&other).unwrap(), b"old");
}

#[test]
fn of_many_writers_one_wins_and_all_are_whole() {
    let scratch = Scratch::new(&env::temp_dir());
    let barrier = Barrier::new(16);
    for round in 0..20 {
        let target = scratch.join(format!("out {round}"));
        let outcomes: Vec<_> = thread::scope(|scope| {
            let spawn = |writer: u8| {
                let (barrier, target) = (&barrier, &target);
                scope.spawn(move || {
                    barrier.wait();
                    write(target, &[writer; 5000], false)
                })
            };
            let threads: Vec<_> = (0..16).map(spawn).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<_> = (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        assert!(outcomes.iter().all(|o| matches!(o, Ok(()) | Err(Error::TargetExists))));
        assert_eq!(fs::read(&target).unwrap(), [winners[0].0; 5000]);
    }
    assert_eq!(names(&scratch).len(), 20);
}

#[test]
fn of_many_writers_that_overwrite_all_win_and_the_file_is_whole() {
    let scratch = Scratch::new(&env::temp_dir());
    let target = scratch.join("out");
    thread::scope(|scope| {
        for writer in 0..8_u8 {
            let target = &target;
            scope.spawn(move || {
                for _ in 0..20 {
                    write(target, &[writer; 5000], true).unwrap();
                }
            });
        }
    });
    let content = fs::read(&target).unwrap();
    assert_eq!(content, [content[0]; 5000]);
    assert_eq!(names(&scratch), ["out"]);
}

#[test]
fn row_32_names_of_255_bytes_and_names_that_are_not_text_are_kept() {
    let scratch = Scratch::new(&env::temp_dir());
    for name in [&[b'x'; 255][..], b"\xff\xfe\n", b" ", b"-", "ö".repeat(127).as_bytes()] {
        let target = scratch.join(OsStr::from_bytes(name));
        write(&target, name, false).unwrap();
        assert_eq!(fs::read(&target).unwrap(), name);
    }
    assert_eq!(names(&scratch).len(), 5);
    let code = write(&scratch.join("x".repeat(256)), b"", false).unwrap_err().code();
    assert_eq!(code, "TARGET_UNWRITABLE");
}

#[test]
fn a_target_without_a_name_is_a_wrong_argument() {
    let scratch = Scratch::new(&env::temp_dir());
    for end in ["", "..", "new/", "new/.", "/"] {
        let target = PathBuf::from(format!("{}/{end}", scratch.display()));
        assert_eq!(write(&target, b"", false).unwrap_err().code(), "INVALID_ARGUMENT", "{end}");
    }
    assert_eq!(write(Path::new(""), b"", false).unwrap_err().code(), "INVALID_ARGUMENT");
    assert!(names(&scratch).is_empty());
}

#[test]
fn a_missing_folder_and_a_file_for_a_folder_are_named_by_their_call() {
    let scratch = Scratch::new(&env::temp_dir());
    scratch.file("file", "");
    for folder in ["missing", "file"] {
        let error = write(&scratch.join(folder).join("out"), b"", false).unwrap_err();
        let Error::TargetUnwritable { call: "open folder", reason, visible: false } = &error else {
            panic!("{error:?}");
        };
        assert!(!reason.contains(folder), "a path in {reason}");
    }
}

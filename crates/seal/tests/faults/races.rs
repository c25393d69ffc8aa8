//! Somebody else changes files, or the caller cancels, just before any file call.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use holdfast_seal::control::Control;
use holdfast_seal::crew::Call;
use holdfast_seal::error::Error;
use holdfast_seal::faults::{self, Action};

use crate::job::{JOBS, Job, Kind, LEN, plain, sealed};
use crate::scratch::names;

/// Runs a new job of `kind` again and again, with `change` just before its first, second, third …
/// file call, until it has no further call. `judge` gets what `change` said and the outcome.
fn at_every_call<T: Send + Default + 'static>(
    kind: (Kind, bool),
    change: impl Fn(&Job) -> Box<dyn FnOnce() -> T + Send>,
    judge: impl Fn(&Job, T, Result<(), Error>, &str),
) {
    let session = faults::session();
    for nth in 1.. {
        let job = Job::new(kind, LEN);
        // Longer than a tick of the file system's clock: a change in the same tick has no other time.
        thread::sleep(Duration::from_millis(15));
        let (sender, receiver) = std::sync::mpsc::channel();
        let change = change(&job);
        session.arm(None, nth, Action::Run(Box::new(move || sender.send(change()).unwrap())));
        let outcome = job.run(&Call::default());
        let Some(hit) = session.disarm() else { return assert_eq!(outcome, Ok(())) };
        let context = format!("{kind:?} {hit} ({nth}): {outcome:?}, {:?}", job.names());
        judge(&job, receiver.recv().unwrap(), outcome, &context);
    }
}

#[test]
fn row_24_a_file_that_appears_at_any_moment_is_never_lost() {
    for kind in [Kind::Seal, Kind::Open] {
        let appear = |job: &Job| -> Box<dyn FnOnce() -> bool + Send> {
            let target = job.target.clone();
            Box::new(move || {
                let mut options = OpenOptions::new();
                let file = options.write(true).create_new(true).open(target);
                file.is_ok_and(|mut file| file.write_all(b"theirs").is_ok())
            })
        };
        at_every_call((kind, false), appear, |job, appeared, outcome, context| {
            if appeared {
                assert_eq!(outcome, Err(Error::TargetExists), "{context}");
                assert_eq!(fs::read(&job.target).unwrap(), b"theirs", "{context}");
                assert_eq!(job.names(), ["out"], "{context}");
            } else {
                assert_eq!(outcome, Ok(()), "{context}");
                assert!(job.is_done(LEN), "{context}");
            }
        });
    }
}

#[test]
fn row_24_a_link_that_appears_at_any_moment_is_never_followed() {
    for overwrite in [false, true] {
        let appear = |job: &Job| -> Box<dyn FnOnce() + Send> {
            let (target, other) = (job.target.clone(), job.scratch.file("other", "theirs"));
            Box::new(move || {
                let _ = fs::remove_file(&target);
                symlink(other, target).unwrap();
            })
        };
        at_every_call((Kind::Open, overwrite), appear, |job, (), outcome, context| {
            assert_eq!(fs::read(job.scratch.join("other")).unwrap(), b"theirs", "{context}");
            assert_eq!(job.names(), ["out"], "{context}");
            let code = outcome.err().map(|error| error.code());
            let expected = [None, Some("TARGET_UNSAFE"), Some("TARGET_EXISTS")];
            assert!(expected.contains(&code), "{context}");
        });
    }
}

#[test]
fn row_24_a_folder_replaced_by_a_link_at_any_moment_leads_nowhere_else() {
    for overwrite in [false, true] {
        let swap = |job: &Job| -> Box<dyn FnOnce() + Send> {
            let (folder, moved) = (job.folder.clone(), job.scratch.join("moved"));
            let elsewhere = job.scratch.join("elsewhere");
            fs::create_dir(&elsewhere).unwrap();
            fs::write(elsewhere.join("out"), "theirs").unwrap();
            Box::new(move || {
                fs::rename(&folder, moved).unwrap();
                symlink(elsewhere, folder).unwrap();
            })
        };
        at_every_call((Kind::Open, overwrite), swap, |job, (), outcome, context| {
            let moved = job.scratch.join("moved");
            let content = |folder: &Path| fs::read(folder.join("out")).ok();
            let (there, aside) = (content(&job.folder), content(&moved));
            let before = overwrite.then(|| b"old".to_vec());
            let whole = Some(plain(LEN));
            match outcome {
                // Swapped before it was opened, so asked for; or after the last look at it.
                Ok(()) if aside == before => assert!(overwrite && there == whole, "{context}"),
                Ok(()) => assert_eq!(aside, whole, "{context}"),
                Err(error) => {
                    let codes = ["TARGET_UNSAFE", "TARGET_EXISTS"];
                    assert!(codes.contains(&error.code()), "{context}");
                    assert_eq!(aside, before, "{context}");
                    assert_eq!(there, Some(b"theirs".to_vec()), "{context}");
                }
            }
            assert_eq!(names(&job.folder), ["out"], "{context}");
            assert_eq!(names(&moved).len(), usize::from(content(&moved).is_some()), "{context}");
        });
    }
}

/// What can happen to a source, and its content afterwards.
type Change = (&'static str, fn(&Path, Vec<u8>), fn() -> Option<Vec<u8>>);

const CHANGES: [Change; 5] = [
    (
        "grows",
        |path, _| OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        || Some([plain(LEN), b"more".to_vec()].concat()),
    ),
    (
        "shrinks",
        |path, _| OpenOptions::new().write(true).open(path).unwrap().set_len(70_000).unwrap(),
        || Some(plain(70_000)),
    ),
    ("is rewritten", |path, other| fs::write(path, other).unwrap(), || Some(vec![7; LEN])),
    (
        "is replaced",
        |path, other| {
            fs::write(path.with_extension("new"), other).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        },
        || Some(vec![7; LEN]),
    ),
    ("is removed", |path, _| fs::remove_file(path).unwrap(), || None),
];

#[test]
fn row_23_a_source_that_changes_at_any_moment_is_sealed_as_it_was_once_or_not_at_all() {
    for (name, change, content) in CHANGES {
        let change = |job: &Job| -> Box<dyn FnOnce() + Send> {
            let source = job.source.clone();
            Box::new(move || change(&source, vec![7; LEN]))
        };
        let refused = AtomicBool::new(false);
        at_every_call((Kind::Seal, false), change, |job, (), outcome, context| match outcome {
            Ok(()) => {
                let sealed = job.plain_target();
                assert!(sealed.is_some(), "{name}: {context}");
                assert!(sealed == Some(plain(LEN)) || sealed == content(), "{name}: {context}");
            }
            Err(error) => {
                let missing = content().is_none() && error.code() == "SOURCE_UNREADABLE";
                assert!(missing || error.code() == "SOURCE_CHANGED", "{name}: {context}");
                assert!(job.is_untouched(), "{name}: {context}");
                refused.fetch_or(!missing, Ordering::Relaxed);
            }
        });
        assert!(refused.into_inner(), "{name}: nobody noticed");
    }
}

#[test]
fn row_23_a_sealed_file_that_changes_at_any_moment_is_opened_whole_or_not_at_all() {
    for (name, change, _) in CHANGES {
        let change = |job: &Job| -> Box<dyn FnOnce() + Send> {
            let source = job.source.clone();
            Box::new(move || change(&source, sealed(LEN - 1)))
        };
        at_every_call((Kind::Open, true), change, |job, (), outcome, context| match outcome {
            Ok(()) => {
                let opened = job.plain_target();
                assert!(
                    [Some(plain(LEN)), Some(plain(LEN - 1))].contains(&opened),
                    "{name}: {context}"
                );
            }
            Err(_) => assert!(job.is_untouched(), "{name}: {context}"),
        });
    }
}

#[test]
fn row_29_cancelling_at_any_moment_is_success_or_nothing() {
    let session = faults::session();
    for kind in JOBS {
        let mut cancelled = 0;
        for nth in 1.. {
            let job = Job::new(kind, LEN);
            let control = Arc::new(Control::default());
            let cancel = Arc::clone(&control);
            session.arm(
                None,
                nth,
                Action::Run(Box::new(move || {
                    cancel.cancel();
                })),
            );
            let outcome = job.run(&Call { control, ..Call::default() });
            let Some(hit) = session.disarm() else { break };
            if outcome == Ok(()) {
                assert!(job.is_done(LEN), "{kind:?} {hit}");
            } else {
                assert_eq!(outcome, Err(Error::Cancelled), "{kind:?} {hit}");
                assert!(job.is_untouched(), "{kind:?} {hit}: {:?}", job.names());
                cancelled += 1;
            }
        }
        assert!(cancelled > 20, "{cancelled}");
    }
}

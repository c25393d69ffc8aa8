//! File calls that fail, are interrupted, or do less than asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holdfast_seal::crew::{Call, Spawned};
use holdfast_seal::error::Error;
use holdfast_seal::faults::{self, Action};
use rustix::io::Errno;

use crate::job::{JOBS, Job, Kind, LEN};

const ERRORS: [Errno; 8] = [
    Errno::NOSPC,
    Errno::DQUOT,
    Errno::IO,
    Errno::ROFS,
    Errno::ACCESS,
    Errno::MFILE,
    Errno::XDEV,
    Errno::FBIG,
];

/// Codes that a failure of the call `hit` may become. The names "open" and "inspect" belong to
/// the source, to the target and to the search for left-overs alike.
fn expected(hit: &str, errno: Errno) -> &'static [&'static str] {
    let full = errno == Errno::NOSPC || errno == Errno::DQUOT;
    match hit {
        "open" | "read" => &["SOURCE_UNREADABLE"],
        "inspect" if full => &["SOURCE_UNREADABLE", "NO_SPACE"],
        "inspect" if errno == Errno::ACCESS => {
            &["SOURCE_UNREADABLE", "TARGET_UNWRITABLE", "TARGET_UNSAFE"]
        }
        "inspect" => &["SOURCE_UNREADABLE", "TARGET_UNWRITABLE"],
        "flush folder" => &["TARGET_UNWRITABLE"],
        _ if full => &["NO_SPACE"],
        _ => &["TARGET_UNWRITABLE"],
    }
}

/// The call that an error names.
fn named(error: &Error) -> Option<&'static str> {
    match error {
        Error::SourceUnreadable { call, .. }
        | Error::TargetUnwritable { call, .. }
        | Error::NoSpace { call } => Some(call),
        _ => None,
    }
}

fn check(job: &Job, hit: &str, errno: Errno, outcome: &Result<(), Error>) {
    let context = format!("{:?} {hit} {errno:?} {outcome:?}", (job.kind, job.overwrite));
    match outcome {
        // Not every call must succeed: the search for left-overs may fail.
        Ok(()) => {
            assert!(["open", "inspect", "inspect kind", "remove"].contains(&hit), "{context}");
            assert!(job.is_done(LEN), "{context}");
        }
        Err(error) => {
            assert!(expected(hit, errno).contains(&error.code()), "{context}");
            let call = named(error).unwrap_or(hit);
            assert_eq!(call, if hit == "rename new" { "rename" } else { hit }, "{context}");
            if error.safe() {
                assert!(job.is_untouched(), "{context}: {:?}", job.names());
            } else {
                assert_eq!(hit, "flush folder", "{context}");
                assert!(job.is_done(LEN), "{context}");
            }
        }
    }
}

#[test]
fn rows_25_and_26_a_failure_of_any_file_call_has_its_code_and_leaves_nothing() {
    let session = faults::session();
    for kind in JOBS {
        let job = Job::new(kind, LEN);
        for errno in ERRORS {
            let mut hits = Vec::new();
            for nth in 1.. {
                session.arm(None, nth, Action::Fail(errno.raw_os_error()));
                let outcome = job.run(&Call::default());
                let Some(hit) = session.disarm() else {
                    assert_eq!(outcome, Ok(()));
                    break;
                };
                check(&job, hit, errno, &outcome);
                hits.push(hit);
                job.reset();
            }
            assert!(job.is_done(LEN), "the next operation works");
            let renamed = if job.overwrite { "rename" } else { "rename new" };
            for call in ["open", "read", "create", "write", "flush", renamed, "flush folder"] {
                assert!(hits.contains(&call), "{call} not among {hits:?}");
            }
            job.reset();
        }
    }
}

#[test]
fn rows_25_and_26_a_disk_that_stays_broken_leaves_the_target_and_the_next_run_cleans_up() {
    let session = faults::session();
    for kind in JOBS {
        let job = Job::new(kind, LEN);
        for errno in [Errno::NOSPC, Errno::IO, Errno::ROFS] {
            for nth in 1.. {
                session.arm(None, nth, Action::FailOn(errno.raw_os_error()));
                let outcome = job.run(&Call::default());
                let Some(hit) = session.disarm() else { break };
                let context = format!("{kind:?} {hit} {errno:?} {outcome:?}");
                match outcome {
                    Err(error) if error.safe() => {
                        let kept = std::fs::read(&job.target).ok();
                        assert_eq!(kept, job.overwrite.then(|| b"old".to_vec()), "{context}");
                        assert_eq!(job.run(&Call::default()), Ok(()), "{context}");
                    }
                    // Only the search for the temporary file may fail after that.
                    Err(_) => assert_eq!(hit, "flush folder"),
                    Ok(()) => assert_eq!(hit, "inspect"),
                }
                assert!(job.is_done(LEN), "{context}: {:?}", job.names());
                job.reset();
            }
            job.reset();
        }
    }
}

#[test]
fn row_26_a_failed_flush_is_final() {
    use holdfast_seal::place::{Draft, Secrecy};

    let session = faults::session();
    let job = Job::new((Kind::Seal, false), 1);
    for call in ["flush", "write"] {
        let draft = Draft::create(&job.target, Secrecy::Sealed, false).unwrap();
        session.arm(Some(call), 1, Action::Fail(Errno::IO.raw_os_error()));
        assert!(draft.write_at(0, b"x").and_then(|()| draft.sync()).is_err());
        assert_eq!(session.disarm(), Some(call));
        draft.write_at(0, b"x").unwrap();
        draft.sync().unwrap();
        assert_eq!(draft.publish(true).unwrap_err().code(), "TARGET_UNWRITABLE");
        assert!(job.is_untouched());
    }
}

#[test]
fn row_26_publishing_flushes_what_was_not_flushed() {
    use holdfast_seal::place::{Draft, Secrecy};

    let session = faults::session();
    let job = Job::new((Kind::Seal, false), 1);
    let draft = Draft::create(&job.target, Secrecy::Sealed, false).unwrap();
    draft.sync().unwrap();
    draft.write_at(0, b"x").unwrap();
    session.arm(Some("flush"), 1, Action::Fail(Errno::IO.raw_os_error()));
    let Err(Error::TargetUnwritable { call: "flush", .. }) = draft.publish(true) else {
        panic!("published without a flush");
    };
    assert!(job.is_untouched());
}

#[test]
#[cfg(target_os = "linux")]
fn row_26_without_sync_only_file_systems_that_tell_late_are_flushed() {
    use holdfast_seal::place::{Draft, Secrecy};

    let session = faults::session();
    let job = Job::new((Kind::Seal, false), 1);
    for unknown in [true, false] {
        let draft = Draft::create(&job.target, Secrecy::Sealed, false).unwrap();
        draft.write_at(0, b"x").unwrap();
        session.arm(Some("flush"), 1, Action::Fail(Errno::IO.raw_os_error()));
        if unknown {
            session.arm(Some("inspect kind"), 1, Action::Fail(Errno::NOSYS.raw_os_error()));
        }
        assert_eq!(draft.publish(false).is_err(), unknown);
        let _ = session.disarm();
    }
}

#[test]
fn row_27_interruptions_and_short_transfers_are_invisible() {
    let session = faults::session();
    for kind in JOBS {
        for crew in [0, 1] {
            let job = Job::new(kind, 65_537 * 3);
            let call = Call { crew: Arc::new(Spawned(crew)), ..Call::default() };
            session.set_short(true);
            session.set_interrupt(true);
            let outcome = job.run(&call);
            session.set_short(false);
            session.set_interrupt(false);
            assert_eq!(outcome, Ok(()), "{kind:?}");
            assert!(job.is_done(65_537 * 3), "{kind:?}");
        }
    }
}

#[test]
fn row_24_file_systems_that_cannot_rename_without_replacing_still_replace_nothing() {
    let session = faults::session();
    let unsupported = [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP];
    for errno in unsupported {
        for links in [true, false] {
            for theirs in [false, true] {
                let job = Job::new((Kind::Open, false), LEN);
                let target = job.target.clone();
                let appear = move || std::fs::write(target, "theirs").unwrap();
                session.arm(Some("rename new"), 1, Action::FailOn(errno.raw_os_error()));
                if !links {
                    session.arm(Some("link"), 1, Action::Fail(Errno::PERM.raw_os_error()));
                }
                if theirs {
                    let (call, nth) = if links { ("link", 1) } else { ("create", 2) };
                    session.arm(Some(call), nth, Action::Run(Box::new(appear)));
                }
                let outcome = job.run(&Call::default());
                assert!(session.disarm().is_some());
                if theirs {
                    assert_eq!(outcome, Err(Error::TargetExists));
                    assert_eq!(std::fs::read(&job.target).unwrap(), b"theirs");
                    assert_eq!(job.names(), ["out"]);
                } else {
                    assert_eq!(outcome, Ok(()));
                    assert!(job.is_done(LEN));
                }
            }
        }
    }
}

#[test]
fn rows_25_and_26_the_ways_around_a_missing_rename_clean_up_as_well() {
    let session = faults::session();
    let job = Job::new((Kind::Seal, false), LEN);
    for refused in [&["rename new"][..], &["rename new", "link"]] {
        let mut failures = 0;
        for nth in 1..100 {
            for call in refused {
                session.arm(Some(call), 1, Action::FailOn(Errno::OPNOTSUPP.raw_os_error()));
            }
            session.arm(None, nth, Action::Fail(Errno::IO.raw_os_error()));
            let outcome = job.run(&Call::default());
            assert!(session.disarm().is_some());
            let context = format!("{refused:?} {nth} {outcome:?} {:?}", job.names());
            match outcome {
                Err(ref error) if error.safe() => assert!(job.is_untouched(), "{context}"),
                _ => assert!(job.is_done(LEN), "{context}"),
            }
            failures += u32::from(outcome.is_err());
            job.reset();
        }
        assert!((20..80).contains(&failures), "{failures}");
    }
}

#[test]
fn row_35_without_random_bytes_nothing_is_written() {
    let _session = faults::session();
    let job = Job::new((Kind::Seal, true), LEN);
    faults::set_random_fails(true);
    assert_eq!(job.run(&Call::default()).unwrap_err().code(), "INTERNAL");
    assert!(job.is_untouched());
    faults::set_random_fails(false);
    assert_eq!(job.run(&Call::default()), Ok(()));
}

#[test]
fn a_panic_in_the_work_leaves_nothing() {
    let _session = faults::session();
    for kind in JOBS {
        let job = Job::new(kind, LEN);
        faults::set_panic_in_task();
        let outcome = catch_unwind(AssertUnwindSafe(|| job.run(&Call::default())));
        assert!(!matches!(outcome, Ok(Ok(()))), "{kind:?}");
        assert!(job.is_untouched(), "{kind:?}");
        assert_eq!(job.run(&Call::default()), Ok(()), "{kind:?}");
    }
}

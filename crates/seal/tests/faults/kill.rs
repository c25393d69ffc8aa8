//! The process dies just before any file call, or at any time.

use std::env;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use holdfast_seal::crew::{Call, Spawned};
use holdfast_seal::error::Error;
use holdfast_seal::faults::{self, Action};

use crate::job::{JOBS, Job, Kind, LEN};

/// Tells the process of this test program that is to die when, and at what.
const ORDER: &str = "HOLDFAST_TEST_ORDER";
const SIGKILL: i32 = 9;

/// The process that dies: it does nothing unless another test started it.
#[test]
fn victim() {
    let Ok(order) = env::var(ORDER) else { return };
    let mut order = order.split('|');
    let mut next = || order.next().unwrap().to_owned();
    let nth = next().parse().unwrap();
    let kind = if next() == "Seal" { Kind::Seal } else { Kind::Open };
    let overwrite = next() == "true";
    let (source, target) = (next(), next());
    let session = faults::session();
    session.arm(None, nth, Action::Run(Box::new(die)));
    let call = Call { crew: Arc::new(Spawned(1)), ..Call::default() };
    Job::run_on(kind, overwrite, source.as_ref(), target.as_ref(), &call).unwrap();
}

fn die() {
    let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
    loop {
        thread::park();
    }
}

fn victim_of(job: &Job, nth: u64) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    let (source, target) = (job.source.display(), job.target.display());
    let order = format!("{nth}|{:?}|{}|{source}|{target}", job.kind, job.overwrite);
    command.args(["--exact", "kill::victim"]).env(ORDER, order);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// After the death: the old state or the new one, and the next run works and cleans up.
fn judge(job: &Job, len: usize, context: &str) {
    let old = job.overwrite.then(|| b"old".to_vec());
    let is_old = std::fs::read(&job.target).ok() == old;
    let is_new = job.plain_target() == Some(crate::job::plain(len));
    assert!(is_old || is_new, "{context}: {:?}", job.names());
    let expected = if is_new && !job.overwrite { Err(Error::TargetExists) } else { Ok(()) };
    assert_eq!(job.run(&Call::default()), expected, "{context}");
    assert!(job.is_done(len), "{context}: {:?}", job.names());
}

#[test]
fn row_28_killed_at_any_file_call_the_old_or_the_new_file_is_there_and_the_next_run_cleans_up() {
    let _session = faults::session();
    for kind in JOBS {
        let mut left_over = 0;
        for nth in 1.. {
            let job = Job::new(kind, LEN);
            let status = victim_of(&job, nth).status().unwrap();
            if status.success() {
                assert!(nth > 20, "{nth}");
                assert!(job.is_done(LEN));
                break;
            }
            assert_eq!(status.signal(), Some(SIGKILL), "{status}");
            left_over += u32::from(job.names().len() > usize::from(job.target.exists()));
            judge(&job, LEN, &format!("{kind:?} {nth}"));
        }
        assert!(left_over > 5, "{left_over}");
    }
}

#[test]
fn row_28_killed_at_any_time_the_old_or_the_new_file_is_there_and_the_next_run_cleans_up() {
    let _session = faults::session();
    let len = 8 * LEN;
    let rounds = if env::var_os("SLOW").is_some() { 250 } else { 8 };
    for kind in JOBS {
        let job = Job::new(kind, len);
        let begun = Instant::now();
        assert!(victim_of(&job, u64::MAX).status().unwrap().success());
        let whole = begun.elapsed();
        for round in 0..rounds {
            job.reset();
            let mut victim = victim_of(&job, u64::MAX).spawn().unwrap();
            // Fractions of a run, spread evenly by the golden ratio.
            let fraction = (f64::from(round) * 0.618_033_988_75).fract();
            thread::sleep(whole.mul_f64(fraction).max(Duration::from_micros(1)));
            let _ = victim.kill();
            let _ = victim.wait();
            judge(&job, len, &format!("{kind:?} {round} {fraction}"));
        }
    }
}

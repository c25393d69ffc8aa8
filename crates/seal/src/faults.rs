//! Failures on demand, for tests: of file calls, of the random generator, of a task.
//!
//! The state is one for the process, so that calls on every thread are counted. Tests take turns
//! by [`session`], which also clears what the one before had set.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;

static TURN: Mutex<()> = Mutex::new(());
static FILES: Mutex<Files> = Mutex::new(Files::new());
static SHORT: AtomicBool = AtomicBool::new(false);
static INTERRUPT: AtomicBool = AtomicBool::new(false);
static RANDOM: AtomicBool = AtomicBool::new(false);
static PANIC: AtomicBool = AtomicBool::new(false);

/// What happens at a file call.
pub enum Action {
    /// The call fails with this system error number, once.
    Fail(i32),
    /// The call and all that follow it fail with this system error number.
    FailOn(i32),
    /// This runs just before the call.
    Run(Box<dyn FnOnce() + Send>),
}

impl std::fmt::Debug for Action {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fail(number) => write!(out, "Fail({number})"),
            Self::FailOn(number) => write!(out, "FailOn({number})"),
            Self::Run(_) => out.write_str("Run"),
        }
    }
}

struct Files {
    /// Only calls of this name are counted; all of them if none.
    name: Option<&'static str>,
    count: u64,
    nth: u64,
    action: Option<Action>,
    hit: Option<&'static str>,
}

impl Files {
    const fn new() -> Self {
        Self { name: None, count: 0, nth: 0, action: None, hit: None }
    }
}

/// A test's turn; everything is back to normal when it is dropped.
#[derive(Debug)]
pub struct Session {
    _turn: MutexGuard<'static, ()>,
}

/// Waits for this test's turn.
#[must_use]
pub fn session() -> Session {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    reset();
    Session { _turn: turn }
}

impl Drop for Session {
    fn drop(&mut self) {
        reset();
    }
}

impl Session {
    /// Starts to count: `action` happens at the `nth` file call from now on, counted from one.
    /// `name` restricts the count to calls of one name.
    pub fn arm(&self, name: Option<&'static str>, nth: u64, action: Action) {
        *files() = Files { name, nth, action: Some(action), ..Files::new() };
    }

    /// Stops counting. Returns the name of the call that the action happened at, if it did.
    #[must_use]
    pub fn disarm(&self) -> Option<&'static str> {
        std::mem::replace(&mut *files(), Files::new()).hit
    }

    /// File calls since [`Session::arm`].
    #[must_use]
    pub fn count(&self) -> u64 {
        files().count
    }

    /// Whether every read and write moves a single byte.
    pub fn set_short(&self, short: bool) {
        SHORT.store(short, Ordering::Relaxed);
    }

    /// Whether every other file call is interrupted.
    pub fn set_interrupt(&self, interrupt: bool) {
        INTERRUPT.store(interrupt, Ordering::Relaxed);
    }
}

/// Makes the random generator fail, or work again.
pub fn set_random_fails(fails: bool) {
    RANDOM.store(fails, Ordering::Relaxed);
}

/// Makes the next task panic.
pub fn set_panic_in_task() {
    PANIC.store(true, Ordering::Relaxed);
}

/// Called where a task runs.
///
/// # Panics
///
/// Once after [`set_panic_in_task`].
pub fn task() {
    assert!(!PANIC.swap(false, Ordering::Relaxed), "a test asked for a panic");
}

/// Called before random bytes are made.
///
/// # Errors
///
/// [`Error::Internal`] after [`set_random_fails`].
pub fn random() -> Result<(), Error> {
    if RANDOM.load(Ordering::Relaxed) {
        return Err(Error::Internal { what: "the random generator failed: as asked".to_owned() });
    }
    Ok(())
}

/// Called before every file call.
pub(crate) fn allowed(call: &'static str) -> io::Result<()> {
    if INTERRUPT.load(Ordering::Relaxed) && interrupted() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let action = {
        let mut files = files();
        if files.action.is_none() || files.name.is_some_and(|name| name != call) {
            return Ok(());
        }
        files.count = files.count.saturating_add(1);
        if files.count < files.nth {
            return Ok(());
        }
        files.hit = files.hit.or(Some(call));
        match files.action.take() {
            Some(Action::FailOn(number)) => {
                files.action = Some(Action::FailOn(number));
                Some(Action::Fail(number))
            }
            action => action,
        }
    };
    match action {
        Some(Action::Fail(number) | Action::FailOn(number)) => {
            Err(io::Error::from_raw_os_error(number))
        }
        Some(Action::Run(run)) => {
            run();
            Ok(())
        }
        None => Ok(()),
    }
}

/// Whether a transfer moves a single byte.
pub(crate) fn shortened() -> bool {
    SHORT.load(Ordering::Relaxed)
}

fn interrupted() -> bool {
    static LAST: AtomicBool = AtomicBool::new(false);
    !LAST.fetch_xor(true, Ordering::Relaxed)
}

fn files() -> MutexGuard<'static, Files> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reset() {
    *files() = Files::new();
    for flag in [&SHORT, &INTERRUPT, &RANDOM, &PANIC] {
        flag.store(false, Ordering::Relaxed);
    }
}

//! Failures on demand, for tests: of file calls, of the random generator, of a task.
//!
//! The state is one for the process, so that calls on every thread are counted. Tests take turns
//! by [`session`], which also clears what the one before had set.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;

static TURN: Mutex<()> = Mutex::new(());
static ARMS: Mutex<Vec<Arm>> = Mutex::new(Vec::new());
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

/// One action that waits for its call.
struct Arm {
    /// Only calls of this name are counted; all of them if none.
    name: Option<&'static str>,
    /// Calls that are still let through.
    before: u64,
    action: Option<Action>,
    hit: Option<&'static str>,
}

impl Arm {
    /// What happens at this call, if anything does.
    fn due(&mut self, call: &'static str) -> Option<Action> {
        if self.action.is_none() || self.name.is_some_and(|name| name != call) {
            return None;
        }
        if self.before > 0 {
            self.before = self.before.saturating_sub(1);
            return None;
        }
        self.hit = self.hit.or(Some(call));
        if let Some(Action::FailOn(number)) = self.action {
            return Some(Action::Fail(number));
        }
        self.action.take()
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
    /// Lets `action` happen at the `nth` file call from now on, counted from one. `name` restricts
    /// the count to calls of one name. Several may be armed: each
    /// counts for itself, and of two that are due at once the later one happens.
    pub fn arm(&self, name: Option<&'static str>, nth: u64, action: Action) {
        let before = nth.saturating_sub(1);
        arms().push(Arm { name, before, action: Some(action), hit: None });
    }

    /// Forgets all actions. Returns the name of the call that one of them happened at, if one did.
    #[must_use]
    pub fn disarm(&self) -> Option<&'static str> {
        std::mem::take(&mut *arms()).iter().find_map(|arm| arm.hit)
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
    let mut due = None;
    for arm in arms().iter_mut() {
        due = arm.due(call).or(due);
    }
    match due {
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

fn arms() -> MutexGuard<'static, Vec<Arm>> {
    ARMS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reset() {
    arms().clear();
    for flag in [&SHORT, &INTERRUPT, &RANDOM, &PANIC] {
        flag.store(false, Ordering::Relaxed);
    }
}

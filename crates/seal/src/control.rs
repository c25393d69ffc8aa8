//! The state that a running operation shares with whoever watches or cancels it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::error::Error;

const PREPARING: u8 = 0;
const WRITING: u8 = 1;
const COMMITTED: u8 = 2;
const CANCELLED: u8 = 3;
const UNKNOWN: u64 = u64::MAX;

/// What an operation is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// It has not begun.
    Waiting,
    /// A password is being stretched.
    Deriving,
    /// Bytes are being sealed or opened.
    Working,
    /// The target is being flushed to the disk.
    Flushing,
    /// The target has its name.
    Done,
}

impl Phase {
    /// The word for this phase in TypeScript.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Deriving => "deriving",
            Self::Working => "working",
            Self::Flushing => "flushing",
            Self::Done => "done",
        }
    }
}

/// Progress and cancellation of one operation.
///
/// An operation goes from preparing (nothing on the disk) to writing (a temporary file exists) to
/// committed (the target has its name). Cancelling works in the first two; what is committed stays.
#[derive(Debug)]
pub struct Control {
    state: AtomicU8,
    phase: AtomicU8,
    done: AtomicU64,
    total: AtomicU64,
    files: AtomicU64,
    gone: Arc<AtomicBool>,
}

impl Default for Control {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl Control {
    /// A new operation, cancelled as well when `gone` becomes true.
    #[must_use]
    pub fn new(gone: Arc<AtomicBool>) -> Self {
        Self {
            state: AtomicU8::new(PREPARING),
            phase: AtomicU8::new(Phase::Waiting as u8),
            done: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
            files: AtomicU64::new(0),
            gone,
        }
    }

    /// Cancels the operation unless it is committed.
    ///
    /// Returns true if it was still preparing: then nothing is on the disk and nothing will be.
    pub fn cancel(&self) -> bool {
        if self.advance(PREPARING, CANCELLED) {
            return true;
        }
        self.advance(WRITING, CANCELLED);
        false
    }

    /// Whether work may go on.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] after a cancellation.
    pub fn check(&self) -> Result<(), Error> {
        let cancelled = self.state.load(Ordering::SeqCst) == CANCELLED;
        if cancelled || self.gone.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// From now on something may be on the disk.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] after a cancellation.
    pub fn begin_writing(&self) -> Result<(), Error> {
        self.step(PREPARING, WRITING)
    }

    /// From now on the operation can no longer be cancelled.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] after a cancellation.
    pub fn commit(&self) -> Result<(), Error> {
        self.step(WRITING, COMMITTED)
    }

    /// Counts `bytes` of plaintext as done.
    pub fn add_done(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of plaintext done so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Counts whole files as done.
    pub fn add_files(&self, files: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
    }

    /// Whole files done so far, where an operation is about several.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Says how many bytes of plaintext there are; an estimate may be followed by a better one.
    pub fn set_total(&self, bytes: u64) {
        self.total.store(bytes, Ordering::Relaxed);
    }

    /// Bytes of plaintext in all, where known: never fewer than are done.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let total = Some(self.total.load(Ordering::Relaxed)).filter(|total| *total != UNKNOWN);
        total.map(|total| total.max(self.done()))
    }

    /// Says what the operation is doing.
    pub fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// What the operation is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let phases = [Phase::Waiting, Phase::Deriving, Phase::Working, Phase::Flushing];
        let current = self.phase.load(Ordering::Relaxed);
        phases.into_iter().find(|phase| *phase as u8 == current).unwrap_or(Phase::Done)
    }

    fn step(&self, from: u8, to: u8) -> Result<(), Error> {
        self.check()?;
        if self.advance(from, to) { Ok(()) } else { Err(Error::Cancelled) }
    }

    fn advance(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_says_whether_anything_had_begun() {
        let early = Control::default();
        assert!(early.cancel());
        assert_eq!(early.begin_writing(), Err(Error::Cancelled));

        let late = Control::default();
        assert_eq!(late.begin_writing(), Ok(()));
        assert!(!late.cancel());
        assert_eq!(late.commit(), Err(Error::Cancelled));
    }

    #[test]
    fn what_is_committed_stays() {
        let control = Control::default();
        assert_eq!(control.begin_writing().and_then(|()| control.commit()), Ok(()));
        assert!(!control.cancel());
        assert_eq!(control.check(), Ok(()));
    }

    #[test]
    fn an_environment_that_is_gone_cancels() {
        let gone = Arc::new(AtomicBool::new(false));
        let control = Control::new(Arc::clone(&gone));
        assert_eq!(control.check(), Ok(()));
        gone.store(true, Ordering::Relaxed);
        assert_eq!(control.begin_writing(), Err(Error::Cancelled));
    }
}

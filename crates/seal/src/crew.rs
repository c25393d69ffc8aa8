//! Other threads that may share one operation's work.

use std::fmt::Debug;
use std::sync::Arc;
use std::thread;

use crate::control::Control;
use crate::kdf::KdfLimits;

/// Work that any number of threads may do together.
pub trait Help: Send + Sync {
    /// Works until nothing is left to claim, or until `wanted` says that other work waits for this
    /// thread. Returns at once when the work is over.
    fn help(&self, wanted: &dyn Fn() -> bool);
}

/// Threads that can be asked to help.
pub trait Crew: Send + Sync + Debug {
    /// Offers `work` to idle threads. The caller works as well and needs nobody to come.
    fn invite(&self, work: &Arc<dyn Help>);
}

/// No other threads.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Crew for Alone {
    fn invite(&self, _work: &Arc<dyn Help>) {}
}

/// New threads for each operation: this many besides the caller's.
#[derive(Debug, Clone, Copy)]
pub struct Spawned(pub usize);

impl Crew for Spawned {
    fn invite(&self, work: &Arc<dyn Help>) {
        for _ in 0..self.0 {
            let work = Arc::clone(work);
            thread::spawn(move || work.help(&|| false));
        }
    }
}

/// What every operation is given besides its arguments.
#[derive(Debug, Clone)]
pub struct Call {
    /// Progress and cancellation.
    pub control: Arc<Control>,
    /// Who may help.
    pub crew: Arc<dyn Crew>,
    /// What key derivations may cost.
    pub limits: KdfLimits,
}

impl Default for Call {
    fn default() -> Self {
        Self { control: Arc::default(), crew: Arc::new(Alone), limits: KdfLimits::default() }
    }
}

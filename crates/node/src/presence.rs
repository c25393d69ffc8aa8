//! Whether a JavaScript environment still exists, and what it has running.
//!
//! `worker.terminate()` and `process.exit()` leave queued and running work behind. It is cancelled,
//! and the environment waits a moment for it, so that temporary files are removed.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use napi::Env;

use crate::desk::Desk;

/// Longest wait for running work when an environment ends. A flush or a key derivation may take
/// longer: then the next run removes what is left.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    /// Node-API binds one environment to each thread.
    static HERE: Here = const { Here(RefCell::new(None)) };
}

/// The environment of this thread.
///
/// Workers end with Node's cleanup hook. `process.exit()` on the main thread skips the hooks: there
/// the end of the thread is the sign.
struct Here(RefCell<Option<Arc<Presence>>>);

impl Here {
    fn leave(&self) {
        if let Some(presence) = self.0.take() {
            presence.leave();
        }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.leave();
    }
}

/// One JavaScript environment, as its work sees it.
#[derive(Default)]
pub(crate) struct Presence {
    gone: Arc<AtomicBool>,
    running: Mutex<usize>,
    ended: Condvar,
    /// Where work waits for answers that will never come then.
    desks: Mutex<Vec<Weak<Desk>>>,
}

/// Counts as running work until dropped.
pub(crate) struct Running(Arc<Presence>);

impl Presence {
    /// The environment that calls; its end is watched from the first call on.
    pub(crate) fn of(env: Env) -> napi::Result<Arc<Self>> {
        if let Some(known) = HERE.with(|here| here.0.borrow().clone()) {
            return Ok(known);
        }
        let presence = Arc::new(Self::default());
        env.add_env_cleanup_hook((), |()| {
            let _ = HERE.try_with(Here::leave);
        })?;
        HERE.with(|here| here.0.replace(Some(Arc::clone(&presence))));
        Ok(presence)
    }

    /// True once the environment has ended.
    pub(crate) fn gone(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.gone)
    }

    /// Whether the environment has ended: then nobody waits for a result.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    /// Closes `desk` when the environment ends.
    pub(crate) fn watch(&self, desk: &Arc<Desk>) {
        let mut desks = self.desks();
        desks.retain(|desk| desk.strong_count() > 0);
        desks.push(Arc::downgrade(desk));
    }

    /// Counts one piece of running work.
    pub(crate) fn begin(self: &Arc<Self>) -> Running {
        let mut running = self.running();
        *running = running.saturating_add(1);
        Running(Arc::clone(self))
    }

    fn leave(&self) {
        self.gone.store(true, Ordering::SeqCst);
        for desk in self.desks().drain(..) {
            if let Some(desk) = desk.upgrade() {
                desk.close();
            }
        }
        let running = self.running();
        drop(self.ended.wait_timeout_while(running, PATIENCE, |running| *running > 0));
    }

    fn desks(&self) -> MutexGuard<'_, Vec<Weak<Desk>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.0.running();
        *running = running.saturating_sub(1);
        self.0.ended.notify_all();
    }
}

//! The handle by which TypeScript watches and cancels an operation.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use holdfast_seal::control::Control as CoreControl;
use napi::{Env, Result};
use napi_derive::napi;

use crate::desk::Desk;
use crate::errors::number;
use crate::presence::Presence;

/// Progress and cancellation of one operation.
#[napi]
pub struct Control {
    core: Arc<CoreControl>,
    id: u32,
    /// Where the operation's requests wait for answers.
    desk: RefCell<Weak<Desk>>,
}

impl Control {
    /// What the operation sees of it.
    pub(crate) fn core(&self) -> &Arc<CoreControl> {
        &self.core
    }

    /// From now on a cancellation gives up what the operation asks for at `desk`.
    pub(crate) fn watch(&self, desk: &Arc<Desk>) {
        self.desk.replace(Arc::downgrade(desk));
    }
}

#[napi]
impl Control {
    /// A new operation. It is cancelled when the calling environment ends.
    ///
    /// # Errors
    ///
    /// If the environment is ending.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let core = Arc::new(CoreControl::new(Presence::of(env)?.gone()));
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self { core, id, desk: RefCell::default() })
    }

    /// Tells the operation from others, in the requests of a courier.
    #[napi(getter)]
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Cancels the operation unless it is committed. True if nothing had begun to be written.
    #[napi]
    #[must_use]
    pub fn cancel(&self) -> bool {
        let untouched = self.core.cancel();
        if self.core.check().is_err()
            && let Some(desk) = self.desk.borrow().upgrade()
        {
            desk.abandon(self.id);
        }
        untouched
    }

    /// Bytes of plaintext done so far.
    #[napi(getter)]
    #[must_use]
    pub fn done(&self) -> f64 {
        number(self.core.done())
    }

    /// Bytes of plaintext in all, where known.
    #[napi(getter, ts_return_type = "number | null")]
    #[must_use]
    pub fn total(&self) -> Option<f64> {
        self.core.total().map(number)
    }

    /// Files done so far, where an operation is about several.
    #[napi(getter)]
    #[must_use]
    pub fn files(&self) -> f64 {
        number(self.core.files())
    }

    /// What the operation is doing.
    #[napi(getter, ts_return_type = "'waiting' | 'deriving' | 'working' | 'flushing' | 'done'")]
    #[must_use]
    pub fn phase(&self) -> &'static str {
        self.core.phase().as_str()
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(out)
    }
}

//! The handle by which TypeScript watches and cancels an operation.

use std::fmt;
use std::sync::Arc;

use holdfast_seal::control::Control as CoreControl;
use napi::{Env, Result};
use napi_derive::napi;

use crate::errors::number;
use crate::presence::Presence;

/// Progress and cancellation of one operation.
#[napi]
pub struct Control(pub(crate) Arc<CoreControl>);

#[napi]
impl Control {
    /// A new operation. It is cancelled when the calling environment ends.
    ///
    /// # Errors
    ///
    /// If the environment is ending.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env) -> Result<Self> {
        Ok(Self(Arc::new(CoreControl::new(Presence::of(env)?.gone()))))
    }

    /// Cancels the operation unless it is committed. True if nothing had begun to be written.
    #[napi]
    #[must_use]
    pub fn cancel(&self) -> bool {
        self.0.cancel()
    }

    /// Bytes of plaintext done so far.
    #[napi(getter)]
    #[must_use]
    pub fn done(&self) -> f64 {
        number(self.0.done())
    }

    /// Bytes of plaintext in all, where known.
    #[napi(getter, ts_return_type = "number | null")]
    #[must_use]
    pub fn total(&self) -> Option<f64> {
        self.0.total().map(number)
    }

    /// What the operation is doing.
    #[napi(getter, ts_return_type = "'waiting' | 'deriving' | 'working' | 'flushing' | 'done'")]
    #[must_use]
    pub fn phase(&self) -> &'static str {
        self.0.phase().as_str()
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

//! Failures on demand, for tests. Only in builds with the feature `faults`.

use holdfast_seal::error::Error as CoreError;
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::task::promise;

/// A promise whose work panics.
///
/// # Errors
///
/// Rejects with `INTERNAL`.
#[napi(ts_return_type = "Promise<void>", catch_unwind)]
pub fn fault_panic<'env>(env: &'env Env, control: &Control) -> Result<Object<'env>> {
    promise(env, control, |_| -> std::result::Result<(), CoreError> { panic_now() }, |()| ())
}

#[expect(clippy::panic, reason = "it is what the test asks for")]
fn panic_now() -> ! {
    panic!("asked to panic")
}

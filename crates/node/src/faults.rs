//! Failures on demand, for tests. Only in builds with the feature `faults`.
//!
//! They hold for the whole process, from the first call here until [`fault_reset`].

use std::cell::RefCell;

use holdfast_seal::error::Error as CoreError;
use holdfast_seal::faults::{self, Action, Session};
use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use crate::control::Control;
use crate::task::promise;

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// A promise whose work panics at once.
///
/// # Errors
///
/// Rejects with `INTERNAL`.
#[napi(ts_return_type = "Promise<void>", catch_unwind)]
pub fn fault_panic<'env>(env: &'env Env, control: &Control) -> Result<Object<'env>> {
    promise(env, control, |_| -> std::result::Result<(), CoreError> { panic_now() }, |()| ())
}

/// The next thread that seals or opens a run of chunks panics.
#[napi]
pub fn fault_panic_in_task() {
    begin(|_| faults::set_panic_in_task());
}

/// The random generator fails, or works again.
#[napi]
pub fn fault_random(fails: bool) {
    begin(|_| faults::set_random_fails(fails));
}

/// File call number `nth` from now, counted from one, fails with the system's error number
/// `errno`; with `stays`, so do all that follow. `name` restricts the count to calls of one name.
#[napi]
pub fn fault_file_call(name: Option<String>, nth: u32, errno: i32, stays: bool) {
    let action = if stays { Action::FailOn(errno) } else { Action::Fail(errno) };
    let name = name.map(|name| &*name.leak());
    begin(|session| session.arm(name, nth.into(), action));
}

/// Every read and write moves a single byte.
#[napi]
pub fn fault_short(short: bool) {
    begin(|session| session.set_short(short));
}

/// Every other file call is interrupted.
#[napi]
pub fn fault_interrupt(interrupt: bool) {
    begin(|session| session.set_interrupt(interrupt));
}

/// Everything works again. Returns the name of the file call that failed, if one did.
#[napi]
#[must_use]
pub fn fault_reset() -> Option<&'static str> {
    SESSION.take().and_then(|session| session.disarm())
}

fn begin(set: impl FnOnce(&Session)) {
    SESSION.with_borrow_mut(|session| set(session.get_or_insert_with(faults::session)));
}

#[expect(clippy::panic, reason = "it is what the test asks for")]
fn panic_now() -> ! {
    panic!("asked to panic")
}

//! Core failures as JavaScript errors: message, `code`, `details` and `safe`.
//!
//! The pool hands failures back as data. Only the JavaScript thread makes them errors.

use holdfast_seal::error::{CODES, Detail, Error as CoreError};
use napi::bindgen_prelude::{JsValue as _, Object};
use napi::{Env, Error, Result};
use napi_derive::napi;

/// Every code that an error of this addon can have.
#[napi]
#[must_use]
pub fn error_codes() -> Vec<&'static str> {
    CODES.to_vec()
}

/// Turns `outcome` into what a synchronous function returns: its failure is thrown.
pub(crate) fn throwing<T>(env: Env, outcome: std::result::Result<T, CoreError>) -> Result<T> {
    outcome.map_err(|error| to_js(env, &error))
}

/// The JavaScript error for `error`, or why it could not be made.
pub(crate) fn to_js(env: Env, error: &CoreError) -> Error {
    build(env, error).unwrap_or_else(|failure| failure)
}

/// The call itself is wrong.
pub(crate) fn invalid(what: &str) -> CoreError {
    CoreError::InvalidArgument { what: what.to_owned() }
}

fn build(env: Env, error: &CoreError) -> Result<Error> {
    let mut details = Object::new(&env)?;
    for (name, detail) in error.details() {
        match detail {
            Detail::Number(value) => details.set(name, number(value))?,
            Detail::Text(value) => details.set(name, value)?,
            Detail::List(values) => details.set(name, values)?,
            other => details.set(name, format!("{other:?}"))?,
        }
    }
    let mut object = env.create_error(Error::from_reason(error.to_string()))?;
    object.set("code", error.code())?;
    object.set("details", details)?;
    object.set("safe", error.safe())?;
    Ok(Error::from(object.to_unknown()))
}

/// A JavaScript number: exact below 2^53, which no length of a file reaches.
#[expect(clippy::cast_precision_loss, reason = "JavaScript numbers are doubles")]
pub(crate) fn number(value: u64) -> f64 {
    value as f64
}

//! Core failures as JavaScript errors: message, `code`, `details` and `safe`.
//!
//! Other threads hand failures back as data. Only the JavaScript thread makes them errors.

use holdfast_repository::error::{CODES as REPOSITORY_CODES, Error as RepositoryError};
use holdfast_seal::error::{CODES, Detail, Error as CoreError};
use napi::bindgen_prelude::{JsValue as _, Object};
use napi::{Env, Error, Result};
use napi_derive::napi;

/// Every integer below this is a number of JavaScript's.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Why something failed, and what only its operation knows of it.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: RepositoryError,
    /// Whether no visible file had changed.
    pub(crate) safe: bool,
    /// The request to JavaScript whose failure it is.
    pub(crate) request: Option<u32>,
}

impl From<RepositoryError> for Failed {
    fn from(error: RepositoryError) -> Self {
        let safe = is_safe(&error);
        Self { error, safe, request: None }
    }
}

impl From<CoreError> for Failed {
    fn from(error: CoreError) -> Self {
        RepositoryError::from(error).into()
    }
}

/// Every code that an error of this addon can have.
#[napi]
#[must_use]
pub fn error_codes() -> Vec<&'static str> {
    CODES.iter().chain(REPOSITORY_CODES).copied().collect()
}

/// Turns `outcome` into what a synchronous function returns: its failure is thrown.
pub(crate) fn throwing<T, E: Into<Failed>>(
    env: Env,
    outcome: std::result::Result<T, E>,
) -> Result<T> {
    outcome.map_err(|error| to_js(env, &error.into()))
}

/// The JavaScript error for `failed`, or why it could not be made.
pub(crate) fn to_js(env: Env, failed: &Failed) -> Error {
    build(env, failed).unwrap_or_else(|failure| failure)
}

/// The call itself is wrong.
pub(crate) fn invalid(what: &str) -> CoreError {
    CoreError::InvalidArgument { what: what.to_owned() }
}

fn build(env: Env, failed: &Failed) -> Result<Error> {
    let error = &failed.error;
    let mut details = Object::new(&env)?;
    for (name, detail) in error.details() {
        match detail {
            Detail::Number(value) => details.set(name, number(value))?,
            Detail::Text(value) => details.set(name, value)?,
            Detail::List(values) => details.set(name, values)?,
            other => details.set(name, format!("{other:?}"))?,
        }
    }
    if let Some(request) = failed.request {
        details.set("request", request)?;
    }
    let mut object = env.create_error(Error::from_reason(error.to_string()))?;
    object.set("code", error.code())?;
    object.set("details", details)?;
    object.set("safe", failed.safe)?;
    Ok(Error::from(object.to_unknown()))
}

fn is_safe(error: &RepositoryError) -> bool {
    match error {
        RepositoryError::Seal(error) => error.safe(),
        RepositoryError::Entry { cause, .. } => is_safe(cause),
        _ => true,
    }
}

/// A JavaScript number: exact below 2^53, which no length of a file reaches.
#[expect(clippy::cast_precision_loss, reason = "JavaScript numbers are doubles")]
pub(crate) fn number(value: u64) -> f64 {
    value as f64
}

/// The whole number that `value` is, unless it is negative, a fraction or above 2^53.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was checked"
)]
pub(crate) fn whole(value: f64) -> Option<u64> {
    (value.fract() == 0.0 && (0.0..=EXACT).contains(&value)).then_some(value as u64)
}

//! The handle of a password. Its bytes stay here.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use holdfast_seal::credential::CostChoice;
use holdfast_seal::error::Error as CoreError;
use holdfast_seal::kdf::Cost;
use holdfast_seal::limits::MAX_PASSWORD_LEN;
use holdfast_seal::password::Password;
use napi::bindgen_prelude::Uint8ArraySlice;
use napi::{Env, JsString, Result};
use napi_derive::napi;

use crate::bytes::copied;
use crate::errors::{invalid, throwing};

/// Longest text that is copied at all, in UTF-16 units: no longer one can have 1024 code points.
const MAX_UNITS: usize = MAX_PASSWORD_LEN * 8;

/// A password, until it is closed.
#[napi]
pub struct PasswordHandle {
    password: RefCell<Option<Arc<Password>>>,
    cost: CostChoice,
}

impl PasswordHandle {
    fn new(password: Password, cost: CostChoice) -> Self {
        Self { password: RefCell::new(Some(Arc::new(password))), cost }
    }

    pub(crate) fn password(&self) -> std::result::Result<Arc<Password>, CoreError> {
        self.password.borrow().clone().ok_or_else(|| invalid("the password is closed"))
    }

    pub(crate) fn cost(&self) -> CostChoice {
        self.cost
    }
}

#[napi]
impl PasswordHandle {
    /// Prepares a password given as text.
    ///
    /// # Errors
    ///
    /// `PASSWORD_LENGTH`, `PASSWORD_CHARACTER`; `INVALID_ARGUMENT` for an unknown cost.
    #[napi(catch_unwind)]
    pub fn from_text(
        env: Env,
        text: JsString<'_>,
        #[napi(ts_arg_type = "'automatic' | 'default' | 'interactive' | 'paranoid'")]
        cost: JsString<'_>,
    ) -> Result<Self> {
        let cost = choice(env, cost)?;
        let units = text.utf16_len()?;
        if units > MAX_UNITS {
            return throwing(env, Err(too_long(units)));
        }
        let text = text.into_utf16()?;
        // napi's slice ends in a terminating NUL.
        let units = text.as_slice().get(..units).unwrap_or_default();
        throwing(env, Password::from_utf16(units).map(|password| Self::new(password, cost)))
    }

    /// Prepares a password given as UTF-8.
    ///
    /// # Errors
    ///
    /// `PASSWORD_LENGTH`, `PASSWORD_CHARACTER`; `INVALID_ARGUMENT` for shared memory
    /// and for an unknown cost.
    #[napi(catch_unwind)]
    pub fn from_bytes(
        env: Env,
        bytes: Uint8ArraySlice<'_>,
        #[napi(ts_arg_type = "'automatic' | 'default' | 'interactive' | 'paranoid'")]
        cost: JsString<'_>,
    ) -> Result<Self> {
        let cost = choice(env, cost)?;
        let bytes = copied(env, &bytes)?;
        throwing(env, Password::from_utf8(&bytes).map(|password| Self::new(password, cost)))
    }

    /// Refuses what may not be the password of something new.
    ///
    /// # Errors
    ///
    /// `PASSWORD_LENGTH`, `PASSWORD_CHARACTER`; `INVALID_ARGUMENT` if the password is closed.
    #[napi(catch_unwind)]
    pub fn check_new(&self, env: Env) -> Result<()> {
        throwing(env, self.password().and_then(|password| password.check_new()))
    }

    /// Whether both prepare to the same bytes, in constant time.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if one of them is closed.
    #[napi(catch_unwind)]
    pub fn same_as(&self, env: Env, other: &PasswordHandle) -> Result<bool> {
        let both = self.password().and_then(|password| Ok((password, other.password()?)));
        throwing(env, both.map(|(password, other)| password.same_as(&other)))
    }

    /// Forgets the password. Operations that have begun keep it until they end.
    #[napi]
    pub fn close(&self) {
        self.password.replace(None);
    }

    /// Whether it was closed.
    #[napi(getter)]
    #[must_use]
    pub fn closed(&self) -> bool {
        self.password.borrow().is_none()
    }
}

impl fmt::Debug for PasswordHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PasswordHandle(redacted)")
    }
}

/// What stretching the password may cost, by name.
fn choice(env: Env, cost: JsString<'_>) -> Result<CostChoice> {
    match cost.into_utf8()?.as_str()? {
        "automatic" => Ok(CostChoice::Automatic),
        "default" => Ok(CostChoice::Named(Cost::Default)),
        "interactive" => Ok(CostChoice::Named(Cost::Interactive)),
        "paranoid" => Ok(CostChoice::Named(Cost::Paranoid)),
        _ => {
            let what = "cost must be automatic, default, interactive or paranoid";
            throwing(env, Err(invalid(what)))
        }
    }
}

fn too_long(units: usize) -> CoreError {
    CoreError::PasswordLength { count: units as u64, min: 1, max: MAX_PASSWORD_LEN as u64 }
}

//! Credentials of repositories, collected here, judged by the core when used.

use std::cell::RefCell;
use std::fmt;

use holdfast_repository::slot::Credential;
use holdfast_seal::error::Error as CoreError;
use napi::{Env, Result};
use napi_derive::napi;

use crate::errors::{invalid, throwing};
use crate::key::KeyHandle;
use crate::password::PasswordHandle;

/// Credentials with their labels, tried in the order added.
#[napi]
#[derive(Default)]
pub struct CredentialSet(RefCell<Vec<(Credential, String)>>);

#[napi]
impl CredentialSet {
    /// Nothing yet.
    #[napi(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a 64-digit key.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if it is closed.
    #[napi(catch_unwind)]
    pub fn add_key(&self, env: Env, key: &KeyHandle, label: String) -> Result<()> {
        let key = throwing(env, key.key())?;
        self.0.borrow_mut().push((Credential::Key(key), label));
        Ok(())
    }

    /// Adds a password.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if it is closed.
    #[napi(catch_unwind)]
    pub fn add_password(&self, env: Env, password: &PasswordHandle, label: String) -> Result<()> {
        let cost = password.cost();
        let password = throwing(env, password.password())?;
        self.0.borrow_mut().push((Credential::Password(password, cost), label));
        Ok(())
    }
}

impl CredentialSet {
    /// What was added, in order.
    pub(crate) fn list(&self) -> Vec<(Credential, String)> {
        self.0.borrow().clone()
    }

    /// What was added, without labels.
    pub(crate) fn credentials(&self) -> Vec<Credential> {
        self.0.borrow().iter().map(|(credential, _)| credential.clone()).collect()
    }

    /// The only one.
    pub(crate) fn one(&self) -> std::result::Result<(Credential, String), CoreError> {
        match self.0.borrow().as_slice() {
            [one] => Ok(one.clone()),
            _ => Err(invalid("one credential is needed")),
        }
    }
}

impl fmt::Debug for CredentialSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CredentialSet({})", self.0.borrow().len())
    }
}

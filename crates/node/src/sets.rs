//! Who may open a file, and with what it is opened: collected here, judged by the core when used.

use std::cell::RefCell;
use std::fmt;

use holdfast_seal::credential::{Identity, Recipient};
use napi::{Env, JsString, Result};
use napi_derive::napi;
use zeroize::Zeroizing;

use crate::errors::throwing;
use crate::key::KeyHandle;
use crate::password::PasswordHandle;

/// Credentials and age recipients to seal to.
#[napi]
#[derive(Default)]
pub struct RecipientSet(RefCell<Vec<Recipient>>);

#[napi]
impl RecipientSet {
    /// Nobody yet.
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
    pub fn add_key(&self, env: Env, key: &KeyHandle) -> Result<()> {
        let recipient = throwing(env, key.key().map(|key| Recipient::from(&*key)))?;
        self.0.borrow_mut().push(recipient);
        Ok(())
    }

    /// Adds a password.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if it is closed.
    #[napi(catch_unwind)]
    pub fn add_password(&self, env: Env, password: &PasswordHandle) -> Result<()> {
        let cost = password.cost();
        let password = throwing(env, password.password())?;
        self.0.borrow_mut().push(Recipient::Password { password, cost });
        Ok(())
    }

    /// Adds an age recipient: `age1…`.
    ///
    /// # Errors
    ///
    /// As the core's `Recipient::parse` fails.
    #[napi(catch_unwind)]
    pub fn add_age(&self, env: Env, text: JsString<'_>) -> Result<()> {
        let recipient = throwing(env, Recipient::parse(text.into_utf8()?.as_str()?))?;
        self.0.borrow_mut().push(recipient);
        Ok(())
    }
}

impl RecipientSet {
    /// What was added, in order.
    pub(crate) fn list(&self) -> Vec<Recipient> {
        self.0.borrow().clone()
    }
}

/// Credentials and age identities to open with, tried in the order added.
#[napi]
#[derive(Default)]
pub struct IdentitySet(RefCell<Vec<Identity>>);

#[napi]
impl IdentitySet {
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
    pub fn add_key(&self, env: Env, key: &KeyHandle) -> Result<()> {
        let identity = throwing(env, key.key().map(|key| Identity::from(&*key)))?;
        self.0.borrow_mut().push(identity);
        Ok(())
    }

    /// Adds a password.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if it is closed.
    #[napi(catch_unwind)]
    pub fn add_password(&self, env: Env, password: &PasswordHandle) -> Result<()> {
        let password = throwing(env, password.password())?;
        self.0.borrow_mut().push(Identity::Password(password));
        Ok(())
    }

    /// Adds an age identity: `AGE-SECRET-KEY-…`.
    ///
    /// # Errors
    ///
    /// As the core's `Identity::parse` fails.
    #[napi(catch_unwind)]
    pub fn add_age(&self, env: Env, text: String) -> Result<()> {
        let text = Zeroizing::new(text);
        let identity = throwing(env, Identity::parse(&text))?;
        self.0.borrow_mut().push(identity);
        Ok(())
    }
}

impl IdentitySet {
    /// What was added, in order.
    pub(crate) fn list(&self) -> Vec<Identity> {
        self.0.borrow().clone()
    }
}

impl fmt::Debug for RecipientSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RecipientSet({})", self.0.borrow().len())
    }
}

impl fmt::Debug for IdentitySet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "IdentitySet({})", self.0.borrow().len())
    }
}

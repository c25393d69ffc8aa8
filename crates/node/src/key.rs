//! The handle of a 64-digit key. Its bytes stay here.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use holdfast_seal::error::Error as CoreError;
use holdfast_seal::recovery_key::RecoveryKey;
use napi::{Env, Result};
use napi_derive::napi;
use zeroize::Zeroizing;

use crate::errors::{invalid, throwing};

/// A 64-digit key, until it is closed.
#[napi]
pub struct KeyHandle(RefCell<Option<Arc<RecoveryKey>>>);

impl KeyHandle {
    pub(crate) fn new(key: RecoveryKey) -> Self {
        Self(RefCell::new(Some(Arc::new(key))))
    }

    pub(crate) fn key(&self) -> std::result::Result<Arc<RecoveryKey>, CoreError> {
        self.0.borrow().clone().ok_or_else(|| invalid("the key is closed"))
    }
}

#[napi]
impl KeyHandle {
    /// A new key from the system's random generator.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if the generator fails.
    #[napi(catch_unwind)]
    pub fn generate(env: Env) -> Result<Self> {
        throwing(env, RecoveryKey::generate().map(Self::new))
    }

    /// The key that `text` spells: digits in any grouping, or an age identity.
    ///
    /// # Errors
    ///
    /// `KEY_LENGTH`, `KEY_CHARACTER`, `KEY_CHECK`.
    #[napi(catch_unwind)]
    pub fn parse(env: Env, text: String) -> Result<Self> {
        let text = Zeroizing::new(text);
        throwing(env, RecoveryKey::parse(&text).map(Self::new))
    }

    /// Four rows of four groups of four digits.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if the key is closed.
    #[napi(catch_unwind)]
    pub fn rows(&self, env: Env) -> Result<Vec<String>> {
        throwing(env, self.key().map(|key| key.rows().to_vec()))
    }

    /// Four digits that follow from the others.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if the key is closed.
    #[napi(catch_unwind)]
    pub fn check_group(&self, env: Env) -> Result<String> {
        throwing(env, self.key().map(|key| key.check_group()))
    }

    /// The key as age writes it: `AGE-SECRET-KEY-PQ-1…`.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if the key is closed.
    #[napi(catch_unwind)]
    pub fn identity(&self, env: Env) -> Result<String> {
        throwing(env, self.key().map(|key| key.identity().to_string()))
    }

    /// What seals to this key without being able to open: `age1pq1…`.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if the key is closed.
    #[napi(catch_unwind)]
    pub fn recipient(&self, env: Env) -> Result<String> {
        throwing(env, self.key().map(|key| key.recipient()))
    }

    /// Whether both are the same key, in constant time.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` if one of them is closed.
    #[napi(catch_unwind)]
    pub fn same_as(&self, env: Env, other: &KeyHandle) -> Result<bool> {
        let both = self.key().and_then(|key| Ok((key, other.key()?)));
        throwing(env, both.map(|(key, other)| key.same_as(&other)))
    }

    /// Forgets the key. Operations that have begun keep it until they end.
    #[napi]
    pub fn close(&self) {
        self.0.replace(None);
    }

    /// Whether it was closed.
    #[napi(getter)]
    #[must_use]
    pub fn closed(&self) -> bool {
        self.0.borrow().is_none()
    }
}

impl fmt::Debug for KeyHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyHandle(redacted)")
    }
}

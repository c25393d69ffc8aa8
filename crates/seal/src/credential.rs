//! Credentials at work: whom a file is sealed to, and what opens it.

use std::sync::Arc;

use crate::age_key::{
    self, AgeIdentity, AgeRecipient, HybridIdentity, HybridRecipient, X25519Identity,
    X25519Recipient,
};
use crate::error::{CredentialKind, Error};
use crate::header::{Stanza, argon2id, hybrid, scrypt, x25519};
use crate::kdf::{Cost, KdfLimits};
use crate::limits::MAX_STANZAS;
use crate::password::Password;
use crate::recovery_key::RecoveryKey;
use crate::secret::FileKey;

/// One whom a file is sealed to.
#[derive(Debug, Clone)]
pub enum Recipient {
    /// Whoever knows a password.
    Password {
        /// The password.
        password: Arc<Password>,
        /// How dear each guess is to be.
        cost: CostChoice,
    },
    /// Whoever has a 64-digit key, or another `mlkem768x25519` identity.
    Hybrid(HybridRecipient),
    /// Whoever has an X25519 identity.
    X25519(X25519Recipient),
}

/// How dear guessing a password is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostChoice {
    /// [`Cost::Default`], or [`Cost::Interactive`] where memory forbids it.
    Automatic,
    /// This one and no other.
    Named(Cost),
}

/// What the user should be told of a file that was sealed well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Memory allowed only a cheaper key derivation than usual.
    CostLowered,
}

impl Recipient {
    /// Reads `age1…` and `age1pq1…`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for any other text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(match age_key::parse_recipient(text)? {
            AgeRecipient::Hybrid(recipient) => Self::Hybrid(recipient),
            AgeRecipient::X25519(recipient) => Self::X25519(recipient),
        })
    }

    /// The type's name in a message.
    const fn name(&self) -> &'static str {
        match self {
            Self::Password { .. } => "a password",
            Self::Hybrid(_) => "a 64-digit key",
            Self::X25519(_) => "an X25519 recipient",
        }
    }

    fn check_new(&self) -> Result<(), Error> {
        match self {
            Self::Password { password, .. } => password.check_new(),
            Self::Hybrid(recipient) if recipient.weak => Err(Error::KeyWeak),
            Self::Hybrid(_) | Self::X25519(_) => Ok(()),
        }
    }

    fn wrap(
        &self,
        file_key: &FileKey,
        limits: &KdfLimits,
        notes: &mut Vec<Note>,
    ) -> Result<Stanza, Error> {
        let (password, cost) = match self {
            Self::Hybrid(recipient) => return hybrid::wrap(recipient, file_key),
            Self::X25519(recipient) => return x25519::wrap(recipient, file_key),
            Self::Password { password, cost } => (password, *cost),
        };
        let wrap = |cost: Cost| argon2id::wrap(password, cost.costs(), limits, file_key);
        match cost {
            CostChoice::Named(cost) => wrap(cost),
            CostChoice::Automatic => match wrap(Cost::Default) {
                Err(Error::OutOfMemory { .. }) => {
                    notes.push(Note::CostLowered);
                    wrap(Cost::Interactive)
                }
                wrapped => wrapped,
            },
        }
    }
}

impl From<&RecoveryKey> for Recipient {
    fn from(key: &RecoveryKey) -> Self {
        Self::Hybrid(key.to_recipient())
    }
}

/// All whom one file is sealed to.
#[derive(Debug, Clone)]
pub struct Recipients(Vec<Recipient>);

impl Recipients {
    /// Checks what may stand together on one file, and what is demanded of new credentials.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidArgument`] for no recipient, more than 64, two passwords, or X25519 beside
    ///   another type, which would undo its post-quantum secrecy.
    /// - [`Error::KeyWeak`], [`Error::PasswordLength`], [`Error::PasswordCharacter`].
    pub fn new(recipients: Vec<Recipient>) -> Result<Self, Error> {
        if !(1..=MAX_STANZAS).contains(&recipients.len()) {
            let what = format!("to: 1 to {MAX_STANZAS} recipients, got {}", recipients.len());
            return Err(Error::InvalidArgument { what });
        }
        refuse_pairs(&recipients)?;
        recipients.iter().try_for_each(Recipient::check_new)?;
        Ok(Self(recipients))
    }

    /// One stanza for each recipient, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`]; [`Error::Internal`] if the random generator fails.
    pub fn wrap(
        &self,
        file_key: &FileKey,
        limits: &KdfLimits,
    ) -> Result<(Vec<Stanza>, Vec<Note>), Error> {
        let mut notes = Vec::new();
        let stanzas = self.0.iter().map(|to| to.wrap(file_key, limits, &mut notes));
        Ok((stanzas.collect::<Result<_, _>>()?, notes))
    }
}

/// One credential that may open a file.
#[derive(Debug, Clone)]
pub enum Identity {
    /// A password.
    Password(Arc<Password>),
    /// A 64-digit key, or another `mlkem768x25519` identity.
    Hybrid(HybridIdentity),
    /// An X25519 identity.
    X25519(X25519Identity),
}

impl Identity {
    /// Reads `AGE-SECRET-KEY-1…` and `AGE-SECRET-KEY-PQ-1…`.
    ///
    /// # Errors
    ///
    /// As [`RecoveryKey::parse`]; [`Error::InvalidArgument`] for any other kind of text. None
    /// repeats any of the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(match age_key::parse_identity(text)? {
            AgeIdentity::Hybrid(seed) => Self::Hybrid(HybridIdentity::new(&seed)?),
            AgeIdentity::X25519(identity) => Self::X25519(identity),
        })
    }

    /// The kind of credential.
    #[must_use]
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Password(_) => CredentialKind::Password,
            Self::Hybrid(_) | Self::X25519(_) => CredentialKind::Key,
        }
    }

    fn unwrap(&self, stanza: &Stanza, limits: &KdfLimits) -> Result<Option<FileKey>, Error> {
        match (self, stanza.tag.as_str()) {
            (Self::Password(password), argon2id::TAG) => argon2id::unwrap(password, stanza, limits),
            (Self::Password(password), scrypt::TAG) => scrypt::unwrap(password, stanza, limits),
            (Self::Hybrid(identity), hybrid::TAG) => hybrid::unwrap(identity, stanza),
            (Self::X25519(identity), x25519::TAG) => x25519::unwrap(identity, stanza),
            _ => Ok(None),
        }
    }
}

impl From<&RecoveryKey> for Identity {
    fn from(key: &RecoveryKey) -> Self {
        Self::Hybrid(key.to_identity())
    }
}

/// The file key, from the first of `identities` that a stanza was made for.
///
/// A derivation that is refused, for its costs or for want of memory, does not keep the other
/// credentials from being tried.
///
/// # Errors
///
/// - [`Error::NoSuchSlot`] if no stanza is of a kind that was tried.
/// - [`Error::WrongCredential`] if there are such stanzas and none opens.
/// - [`Error::KdfLimit`], [`Error::OutOfMemory`], [`Error::Malformed`] for the stanzas tried.
/// - [`Error::InvalidArgument`] without identities.
pub fn unwrap(
    stanzas: &[Stanza],
    identities: &[Identity],
    limits: &KdfLimits,
) -> Result<FileKey, Error> {
    if identities.is_empty() {
        return Err(Error::InvalidArgument { what: "with: at least one credential".to_owned() });
    }
    let mut refused = None;
    for identity in identities {
        for stanza in stanzas {
            match identity.unwrap(stanza, limits) {
                Ok(Some(file_key)) => return Ok(file_key),
                Ok(None) => {}
                Err(error @ (Error::KdfLimit { .. } | Error::OutOfMemory { .. })) => {
                    refused = refused.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
    }
    Err(refused.unwrap_or_else(|| no_match(stanzas, identities)))
}

/// The kind of credential that opens a stanza of this type, if it is a known one.
#[must_use]
pub fn kind_of(stanza: &Stanza) -> Option<CredentialKind> {
    match stanza.tag.as_str() {
        argon2id::TAG | scrypt::TAG => Some(CredentialKind::Password),
        hybrid::TAG | x25519::TAG => Some(CredentialKind::Key),
        _ => None,
    }
}

fn refuse_pairs(recipients: &[Recipient]) -> Result<(), Error> {
    let is_password = |to: &&Recipient| matches!(to, Recipient::Password { .. });
    let is_x25519 = |to: &&Recipient| matches!(to, Recipient::X25519(_));
    if recipients.iter().filter(is_password).count() > 1 {
        let what = "to: a password and another password cannot be on one file";
        return Err(Error::InvalidArgument { what: what.to_owned() });
    }
    let x25519 = recipients.iter().find(is_x25519);
    let other = recipients.iter().find(|to| !is_x25519(to));
    if let (Some(x25519), Some(other)) = (x25519, other) {
        let what = format!("to: {} and {} cannot be on one file", x25519.name(), other.name());
        return Err(Error::InvalidArgument { what });
    }
    Ok(())
}

fn no_match(stanzas: &[Stanza], identities: &[Identity]) -> Error {
    let tried = distinct(identities.iter().map(Identity::kind));
    let available = distinct(stanzas.iter().filter_map(kind_of));
    let like_key = |identity: &Identity| match identity {
        Identity::Password(password) => password.looks_like_key(),
        Identity::Hybrid(_) | Identity::X25519(_) => false,
    };
    let looks_like = identities.iter().any(like_key).then_some(CredentialKind::Key);
    if available.iter().any(|kind| tried.contains(kind)) {
        return Error::WrongCredential { tried, looks_like };
    }
    Error::NoSuchSlot { tried, available, looks_like }
}

fn distinct(kinds: impl Iterator<Item = CredentialKind>) -> Vec<CredentialKind> {
    let mut distinct = Vec::new();
    for kind in kinds {
        if !distinct.contains(&kind) {
            distinct.push(kind);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf::{KdfCosts, RUNS};

    fn password(text: &str) -> Arc<Password> {
        Arc::new(Password::from_utf8(text.as_bytes()).unwrap())
    }

    #[test]
    fn row_12_a_wrong_password_costs_exactly_one_argon2id_run() {
        let limits = KdfLimits::default();
        let file_key = FileKey::random().unwrap();
        let costs = KdfCosts::new(8192, 1, 1, &limits).unwrap();
        let stanza = argon2id::wrap(&password("the right one"), costs, &limits, &file_key).unwrap();
        let key = RecoveryKey::generate().unwrap();
        let other = hybrid::wrap(&key.to_recipient(), &file_key).unwrap();
        let stanzas = [other, stanza];

        RUNS.set(0);
        let wrong = [Identity::Password(password("the wrong one"))];
        let error = unwrap(&stanzas, &wrong, &limits).unwrap_err();
        assert_eq!(error.code(), "WRONG_CREDENTIAL");
        assert_eq!(RUNS.get(), 1);
        unwrap(&stanzas, &[Identity::from(&key)], &limits).unwrap();
        assert_eq!(RUNS.get(), 1);
    }
}

//! Slots: sealed copies of an epoch's secret, one per credential (`docs/format.md` section 6).

use std::sync::Arc;

use holdfast_seal::credential::{CostChoice, Identity, Recipient, Recipients};
use holdfast_seal::error::{CredentialKind, Error as SealError};
use holdfast_seal::header::{Stanza, argon2id, hybrid};
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::object;
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::secret::{FileKey, Seed};
use zeroize::Zeroizing;

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::json::{self, Value};
use crate::keys::{Commit, DerivedKey, EpochKeys, RepositoryId, slot_mac};
use crate::text::{self, Length};
use crate::time::Time;

/// Most slots of all kinds in an epoch.
pub const MAX_SLOTS: usize = 32;
const MAX_LABEL_LEN: usize = 256;

/// What opens a repository.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A password.
    Password(Arc<Password>, CostChoice),
    /// A 64-digit key.
    Key(Arc<RecoveryKey>),
}

impl Credential {
    /// The kind of slot that it opens.
    #[must_use]
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Password(..) => CredentialKind::Password,
            Self::Key(_) => CredentialKind::Key,
        }
    }

    /// Refuses what may not open something new.
    ///
    /// # Errors
    ///
    /// `PASSWORD_LENGTH`, `PASSWORD_CHARACTER`, `KEY_WEAK`.
    pub fn check_new(&self) -> Result<(), Error> {
        recipients(self).map(drop)
    }
}

/// What a slot says.
#[derive(Debug)]
pub struct Slot {
    /// The credential's kind.
    pub kind: CredentialKind,
    /// The keys behind the secret in it.
    pub keys: EpochKeys,
    /// A name that the user gave.
    pub label: String,
    /// When it was made.
    pub time: Time,
}

/// What a slot is checked against: clear files and its name.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// From `holdfast.json`.
    pub repository: RepositoryId,
    /// From the folder.
    pub epoch: u64,
    /// From `epoch.json`.
    pub commit: Commit,
}

/// How a slot did with a credential.
#[derive(Debug)]
pub enum Outcome {
    /// It opened and all checks passed.
    Opened(Box<Slot>),
    /// Another credential's.
    Closed,
    /// All checks passed but the commit's: left by a claim that lost.
    LostClaim,
}

/// The cost of trying a slot: memory times passes, nothing for a key.
///
/// # Errors
///
/// `SLOT_INVALID` unless the header has exactly one stanza, and that of the slot's kind.
pub fn cost(sealed: &[u8], kind: CredentialKind) -> Result<u64, Error> {
    let stanza = only_stanza(sealed, kind)?;
    if kind == CredentialKind::Key {
        return Ok(0);
    }
    let stanza = argon2id::PasswordStanza::parse(&stanza).map_err(|error| invalid(&error))?;
    Ok(stanza.memory_kib.saturating_mul(stanza.passes))
}

/// Tries `credential` on a slot whose name was checked.
///
/// # Errors
///
/// `SLOT_INVALID`, `SLOT_FORGED`, `UNSUPPORTED_FEATURE`, `KDF_LIMIT`, `OUT_OF_MEMORY`.
pub fn open(
    sealed: &[u8],
    credential: &Credential,
    expected: &Expected,
    limits: &KdfLimits,
) -> Result<Outcome, Error> {
    let stanza = only_stanza(sealed, credential.kind())?;
    let Some((file_key, mac_key)) = unlock(&stanza, credential, expected.repository, limits)?
    else {
        return Ok(Outcome::Closed);
    };
    let opened = object::open::<SealError>(sealed, |_| Ok(file_key));
    let (plain, _) = opened.map_err(|error| forged(&format!("it does not open: {error}")))?;
    let parsed = text::parse(&plain, &mac_key, Length::Slot, "slot", Fault::SlotForged);
    let (value, _) = parsed.map_err(|error| match error.fault() {
        Some(Fault::Malformed) => forged("its record does not have its form"),
        _ => error,
    })?;
    compare(&value, credential.kind().as_str(), expected).map(|(keys, label, time)| match keys {
        Some(keys) => {
            Outcome::Opened(Box::new(Slot { kind: credential.kind(), keys, label, time }))
        }
        None => Outcome::LostClaim,
    })
}

/// Reads the slot record of an epoch without protection.
///
/// # Errors
///
/// `SLOT_FORGED`, `UNSUPPORTED_FEATURE`.
pub fn parse_open(bytes: &[u8], expected: &Expected) -> Result<EpochKeys, Error> {
    let value = crate::clear::parse(bytes).map_err(|_| forged("open.json is not its JSON"))?;
    text::check_features(&value)?;
    let (keys, ..) = compare(&value, "open", expected)?;
    keys.ok_or_else(|| forged("its secret is not the epoch's"))
}

/// The bytes of `open.json`.
///
/// # Errors
///
/// `INTERNAL` if a primitive refuses, which none does for these lengths.
pub fn format_open(keys: &EpochKeys, epoch: u64, time: Time) -> Result<Vec<u8>, Error> {
    let mut bytes = record(keys, epoch, "open", "", time)?.as_bytes().to_vec();
    bytes.push(b'\n');
    Ok(bytes)
}

/// Seals the epoch's secret under a credential. The label is cut to 256 bytes.
///
/// # Errors
///
/// Those of credentials and of memory.
pub fn seal(
    keys: &EpochKeys,
    epoch: u64,
    credential: &Credential,
    label: &str,
    limits: &KdfLimits,
) -> Result<Vec<u8>, Error> {
    let file_key = FileKey::random()?;
    let (stanzas, _) = recipients(credential)?.wrap(&file_key, limits)?;
    let mac_key = match (credential, stanzas.as_slice()) {
        (Credential::Key(key), _) => slot_mac(keys.repository, key.seed().expose())?,
        (Credential::Password(password, _), [stanza]) => {
            let unwrapped = argon2id::unwrap_stretched(password, stanza, limits)?;
            let (_, stretched) = unwrapped.ok_or_else(|| forged("it does not open again"))?;
            slot_mac(keys.repository, stretched.expose())?
        }
        _ => return Err(forged("it would not have exactly one stanza")),
    };
    let record = record(keys, epoch, credential.kind().as_str(), label, Time::now())?;
    let plain = text::format(&record, &mac_key, Length::Slot);
    Ok(object::seal(&stanzas, file_key, &plain)?.0)
}

fn recipients(credential: &Credential) -> Result<Recipients, Error> {
    Ok(Recipients::new(vec![match credential {
        Credential::Password(password, cost) => {
            Recipient::Password { password: Arc::clone(password), cost: *cost }
        }
        Credential::Key(key) => Recipient::from(&**key),
    }])?)
}

fn unlock(
    stanza: &Stanza,
    credential: &Credential,
    repository: RepositoryId,
    limits: &KdfLimits,
) -> Result<Option<(FileKey, DerivedKey)>, Error> {
    match credential {
        Credential::Password(password, _) => {
            let unwrapped = argon2id::unwrap_stretched(password, stanza, limits)?;
            let unwrapped = unwrapped.map(|(file_key, stretched)| {
                Ok((file_key, slot_mac(repository, stretched.expose())?))
            });
            unwrapped.transpose()
        }
        Credential::Key(key) => {
            let identity = [Identity::from(&**key)];
            let stanzas = std::slice::from_ref(stanza);
            match holdfast_seal::credential::unwrap(stanzas, &identity, limits) {
                Ok(file_key) => Ok(Some((file_key, slot_mac(repository, key.seed().expose())?))),
                Err(SealError::WrongCredential { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        }
    }
}

fn only_stanza(sealed: &[u8], kind: CredentialKind) -> Result<Stanza, Error> {
    let tag = match kind {
        CredentialKind::Password => argon2id::TAG,
        CredentialKind::Key => hybrid::TAG,
    };
    let mut stanzas = object::stanzas(sealed).map_err(|error| invalid(&error))?;
    match (stanzas.pop(), stanzas.is_empty()) {
        (Some(stanza), true) if stanza.tag == tag => Ok(stanza),
        _ => Err(fault(Fault::SlotInvalid, "a slot does not have exactly its kind's stanza")),
    }
}

/// The checks from `repository` on, in their order; nothing where only the commit differs.
fn compare(
    value: &Value,
    kind: &str,
    expected: &Expected,
) -> Result<(Option<EpochKeys>, String, Time), Error> {
    let text = |key| value.get(key).and_then(Value::text);
    let form = || forged("its record does not have its form");
    if text("type") != Some("slot") {
        return Err(form());
    }
    if text("repository").and_then(hex::decode) != Some(expected.repository.0) {
        return Err(forged("it is of another repository, or holdfast.json was changed"));
    }
    if value.get("epoch").and_then(Value::natural) != Some(expected.epoch) {
        return Err(forged("it is of another epoch"));
    }
    if text("kind") != Some(kind) {
        return Err(forged("it is of another kind"));
    }
    let secret = text("secret").and_then(hex::decode).ok_or_else(form)?;
    let keys = EpochKeys::derive(expected.repository, Seed::new(secret))?;
    let commits = keys.commit == expected.commit;
    if commits && text("identity") != Some(identity(&keys)?.as_str()) {
        return Err(forged("its identity is not that of its secret"));
    }
    let label = text("label").filter(|label| label.len() <= MAX_LABEL_LEN).ok_or_else(form)?;
    let time = text("time").and_then(Time::parse).ok_or_else(form)?;
    Ok((commits.then_some(keys), label.to_owned(), time))
}

fn record(
    keys: &EpochKeys,
    epoch: u64,
    kind: &str,
    label: &str,
    time: Time,
) -> Result<Zeroizing<String>, Error> {
    let cut = label.char_indices().map(|(at, _)| at).chain([label.len()]);
    let cut = cut.take_while(|at| *at <= MAX_LABEL_LEN).last().unwrap_or_default();
    Ok(Zeroizing::new(format!(
        r#"{{"type":"slot","repository":"{}","epoch":{epoch},"kind":"{kind}","secret":"{}","identity":"{}","label":{},"time":"{}","features":[]}}"#,
        keys.repository.to_hex(),
        hex::encode(keys.secret().expose()),
        *identity(keys)?,
        json::quote(label.get(..cut).unwrap_or_default()),
        time.format(),
    )))
}

/// The epoch's identity as age writes it.
fn identity(keys: &EpochKeys) -> Result<Zeroizing<String>, Error> {
    Ok(RecoveryKey::from_seed(Seed::new(*keys.seed().expose()))?.identity())
}

fn forged(what: &str) -> Error {
    fault(Fault::SlotForged, format!("a slot is not genuine: {what}"))
}

fn invalid(error: &SealError) -> Error {
    fault(Fault::SlotInvalid, format!("a slot's header cannot be read: {error}"))
}

//! Objects of a repository: named by their bytes, sealed to the epoch's own recipient.

use holdfast_seal::credential::{self, Identity, Recipient, Recipients};
use holdfast_seal::error::Error as SealError;
use holdfast_seal::filling::Filling;
use holdfast_seal::header::{Stanza, hybrid};
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::object::{self, ObjectKey};
use holdfast_seal::secret::FileKey;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::keys::EpochKeys;
use crate::plain::Plain;

/// Most bytes in an object (section 5).
pub const MAX_OBJECT_LEN: u64 = 41_943_040;

/// SHA-256 of an object's stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest256(pub [u8; 32]);

impl Digest256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(&self.0)
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }

    /// Refuses bytes of another digest.
    ///
    /// # Errors
    ///
    /// `OBJECT_MISMATCH`.
    pub fn check(self, bytes: &[u8]) -> Result<(), Error> {
        if Self::of(bytes) == self {
            return Ok(());
        }
        Err(fault(Fault::ObjectMismatch, "the object's bytes do not match its name"))
    }
}

/// Seals `plain` for everyone who knows the epoch's secret.
///
/// # Errors
///
/// `INTERNAL` if the random generator fails.
pub fn seal(keys: &EpochKeys, plain: &[u8]) -> Result<(Vec<u8>, ObjectKey), Error> {
    let (stanzas, file_key) = wrap(keys)?;
    Ok(object::seal(&stanzas, file_key, plain)?)
}

/// Begins an object that is sealed in `memory`, for everyone who knows the epoch's secret.
///
/// # Errors
///
/// `INTERNAL` if the random generator fails.
pub(crate) fn begin(keys: &EpochKeys, memory: Vec<u8>) -> Result<Filling, Error> {
    let (stanzas, file_key) = wrap(keys)?;
    Ok(Filling::new(&stanzas, file_key, memory)?)
}

/// Seals what was filled in, and names it.
pub(crate) fn finish(filling: Filling) -> Result<(Digest256, Vec<u8>, ObjectKey), Error> {
    let mut hasher = Sha256::new();
    let (sealed, key) = filling.seal(|bytes| hasher.update(bytes))?;
    Ok((Digest256(hasher.finalize().into()), sealed, key))
}

fn wrap(keys: &EpochKeys) -> Result<(Vec<Stanza>, FileKey), Error> {
    let to = Recipients::new(vec![Recipient::Hybrid(keys.recipient.clone())])?;
    let file_key = FileKey::random()?;
    let (stanzas, _) = to.wrap(&file_key, &KdfLimits::default())?;
    Ok((stanzas, file_key))
}

/// Opens an object whose name was checked. That it opens proves nothing of who made it.
///
/// # Errors
///
/// `OBJECT_FORGED` if the epoch's identity does not open it, or it has another stanza besides.
pub fn open(keys: &EpochKeys, sealed: &[u8]) -> Result<(Plain, ObjectKey), Error> {
    object::open(sealed, |stanzas| {
        if !matches!(stanzas, [only] if only.tag == hybrid::TAG) {
            return Err(SealError::Malformed { what: "not exactly one stanza", line: None });
        }
        let identity = [Identity::Hybrid(keys.identity.clone())];
        credential::unwrap(stanzas, &identity, &KdfLimits::default())
    })
    .map(|(mut plain, key)| (std::mem::take(&mut *plain).into(), key))
    .map_err(|error| {
        let what = match error {
            SealError::WrongCredential { .. } | SealError::NoSuchSlot { .. } => {
                "the object was not sealed for this epoch".to_owned()
            }
            other => format!("the object does not open under this epoch: {other}"),
        };
        fault(Fault::ObjectForged, what)
    })
}

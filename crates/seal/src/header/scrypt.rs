//! `scrypt`: the passphrase stanza of age, which is read and never written (C2SP age.md).

use super::grammar::Stanza;
use super::wrapping;
use crate::error::Error;
use crate::kdf::{self, KdfLimits};
use crate::limits::{SALT_LEN, WRAPPED_LEN};
use crate::password::Password;
use crate::secret::FileKey;

/// The stanza's type.
pub const TAG: &str = "scrypt";

/// A stanza whose form is right; its work factor may be beyond any limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassphraseStanza {
    salt: [u8; SALT_LEN],
    /// The work factor, as a power of two.
    pub log_n: u64,
    body: [u8; WRAPPED_LEN],
}

impl PassphraseStanza {
    /// Reads the stanza's arguments and body.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] unless the form is that of age.md.
    pub fn parse(stanza: &Stanza) -> Result<Self, Error> {
        let [salt, log_n] = stanza.args.as_slice() else {
            return Err(wrapping::malformed("an scrypt stanza does not have two arguments"));
        };
        let canonical = !log_n.starts_with('0') && log_n.bytes().all(|byte| byte.is_ascii_digit());
        let log_n = log_n.parse().ok().filter(|_| canonical);
        Ok(Self {
            salt: wrapping::bytes(salt, "an scrypt stanza's salt is not 16 bytes of base64")?,
            log_n: log_n
                .ok_or_else(|| wrapping::malformed("an scrypt work factor is not canonical"))?,
            body: *wrapping::body(&stanza.body)?,
        })
    }
}

/// Checks the form.
pub(crate) fn check(stanza: &Stanza) -> Result<(), Error> {
    PassphraseStanza::parse(stanza).map(drop)
}

/// The file key, if the password is the one that wrapped it: tried as it was given, which is what
/// age does, then prepared.
pub(crate) fn unwrap(
    password: &Password,
    stanza: &Stanza,
    limits: &KdfLimits,
) -> Result<Option<FileKey>, Error> {
    let PassphraseStanza { salt, log_n, body } = PassphraseStanza::parse(stanza)?;
    let (as_given, prepared) = (password.as_given(), password.prepared());
    let other = (prepared != as_given).then_some(prepared);
    for passphrase in [Some(as_given), other].into_iter().flatten() {
        let key = kdf::stretch_scrypt(passphrase, &salt, log_n, limits)?;
        if let Some(file_key) = wrapping::unwrap(&key, &body) {
            return Ok(Some(file_key));
        }
    }
    Ok(None)
}

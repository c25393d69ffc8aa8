//! The header of a sealed file: stanzas that wrap the file key, and a MAC over all of it.

pub mod argon2id;
pub(crate) mod encoding;
pub(crate) mod grammar;
pub mod hybrid;
mod mac;
pub mod scrypt;
mod wrapping;
pub mod x25519;

use std::io::BufRead;

pub use self::grammar::Stanza;
pub(crate) use self::mac::payload_key;
use crate::error::Error;
use crate::limits::NONCE_LEN;
use crate::secret::{FileKey, PayloadKey, random_bytes};

/// A header that was read and whose form is right; its MAC is checked by [`Header::verify`].
#[derive(Debug)]
pub struct Header {
    raw: grammar::RawHeader,
}

impl Header {
    /// Reads a header and leaves `source` at the payload nonce.
    ///
    /// # Errors
    ///
    /// [`Error::NotSealed`], [`Error::UnsupportedVersion`], [`Error::Malformed`] for the form;
    /// [`Error::SourceUnreadable`] if reading fails.
    pub fn read(source: &mut impl BufRead) -> Result<Self, Error> {
        let raw = grammar::read(source)?;
        check_forms(&raw.stanzas)?;
        Ok(Self { raw })
    }

    /// The stanzas, in order.
    #[must_use]
    pub fn stanzas(&self) -> &[Stanza] {
        &self.raw.stanzas
    }

    /// Length of the header in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a header is never empty")]
    pub fn len(&self) -> u64 {
        self.raw.len
    }

    /// Checks the MAC.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderTampered`] if any byte of the header changed since it was made.
    pub fn verify(&self, file_key: &FileKey) -> Result<(), Error> {
        mac::verify(file_key, &self.raw.covered, &self.raw.mac)
    }
}

/// Everything before the first chunk of a new file, and the key of its chunks.
pub(crate) struct Front {
    /// Header and payload nonce.
    pub(crate) bytes: Vec<u8>,
    pub(crate) payload_key: PayloadKey,
}

impl Front {
    /// Formats a header over `stanzas` and draws the payload nonce.
    pub(crate) fn new(stanzas: &[Stanza], file_key: &FileKey) -> Result<Self, Error> {
        let mut bytes = grammar::covered(stanzas);
        let mac = mac::compute(file_key, &bytes)?;
        bytes.push(b' ');
        bytes.extend_from_slice(encoding::encode(&mac).as_bytes());
        bytes.push(b'\n');
        let nonce = random_bytes::<NONCE_LEN>()?;
        bytes.extend_from_slice(&nonce);
        Ok(Self { bytes, payload_key: payload_key(file_key, &nonce)? })
    }
}

/// Checks the form of every stanza of a known type, and which types stand together.
fn check_forms(stanzas: &[Stanza]) -> Result<(), Error> {
    for stanza in stanzas {
        match stanza.tag.as_str() {
            argon2id::TAG => argon2id::check(stanza)?,
            hybrid::TAG => hybrid::check(stanza)?,
            scrypt::TAG => scrypt::check(stanza)?,
            x25519::TAG => x25519::check(stanza)?,
            _ => {}
        }
    }
    let count = |tag| stanzas.iter().filter(|stanza| stanza.tag == tag).count();
    if count(scrypt::TAG) > 0 && stanzas.len() > 1 {
        return Err(Error::Malformed { what: "an scrypt stanza is not alone", line: None });
    }
    if count(argon2id::TAG) > 1 {
        return Err(Error::Malformed { what: "the header has two password stanzas", line: None });
    }
    Ok(())
}

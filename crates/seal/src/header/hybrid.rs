//! `mlkem768x25519`: the file key under a post-quantum key, as in age 1.3 (C2SP age.md).
//!
//! HPKE base mode with KEM MLKEM768-X25519, KDF HKDF-SHA256 and AEAD `ChaCha20Poly1305`
//! (RFC 9180, draft-ietf-hpke-pq-03).

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
use hpke::{Deserializable as _, HpkeError, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::grammar::Stanza;
use super::{encoding, wrapping, x25519};
use crate::age_key::{HybridIdentity, HybridRecipient};
use crate::error::Error;
use crate::limits::WRAPPED_LEN;
use crate::secret::{FileKey, random_bytes};

/// The stanza's type.
pub const TAG: &str = "mlkem768x25519";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// Random bytes of one encapsulation: 32 for ML-KEM, 32 for X25519.
const SEED_LEN: usize = 64;

type EncappedKey = <XWing as Kem>::EncappedKey;

/// Checks the form, and that the X25519 share can agree on a secret: HPKE's crate does not.
pub(crate) fn check(stanza: &Stanza) -> Result<(), Error> {
    let (encapped, _) = parse(stanza)?;
    match encapped.to_bytes().as_slice().split_last_chunk::<32>() {
        Some((_, share)) if !x25519::is_low_order(share) => Ok(()),
        _ => Err(wrapping::malformed("an encapsulated key has an X25519 point of low order")),
    }
}

/// Wraps the file key for a recipient.
pub(crate) fn wrap(recipient: &HybridRecipient, file_key: &FileKey) -> Result<Stanza, Error> {
    let mut random = Drawn::new()?;
    let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &recipient.key,
        INFO,
        file_key.expose(),
        &[],
        &mut random,
    );
    let (encapped, body) = sealed.map_err(|error| internal(&error))?;
    random.check()?;
    let args = vec![encoding::encode(&encapped.to_bytes())];
    Ok(Stanza { tag: TAG.to_owned(), args, body })
}

/// The file key, if the identity's recipient is the one that it was wrapped for. No more is
/// knowable: ML-KEM rejects implicitly, so a damaged stanza looks like another key's.
pub(crate) fn unwrap(identity: &HybridIdentity, stanza: &Stanza) -> Result<Option<FileKey>, Error> {
    let (encapped, body) = parse(stanza)?;
    let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &identity.0,
        &encapped,
        INFO,
        body,
        &[],
    );
    match opened.map(Zeroizing::new) {
        Ok(file_key) => Ok(file_key.as_slice().try_into().ok().map(FileKey::new)),
        Err(HpkeError::OpenError) => Ok(None),
        Err(error) => Err(internal(&error)),
    }
}

fn parse(stanza: &Stanza) -> Result<(EncappedKey, &[u8; WRAPPED_LEN]), Error> {
    let [encapped] = stanza.args.as_slice() else {
        return Err(wrapping::malformed("an mlkem768x25519 stanza does not have one argument"));
    };
    let encapped = encoding::decode(encapped)
        .and_then(|bytes| EncappedKey::from_bytes(&bytes).ok())
        .ok_or_else(|| wrapping::malformed("an encapsulated key is not 1120 bytes of base64"))?;
    Ok((encapped, wrapping::body(&stanza.body)?))
}

fn internal(error: &HpkeError) -> Error {
    Error::Internal { what: format!("HPKE: {error}") }
}

/// Random bytes drawn before the encapsulation, which itself cannot report that drawing failed.
struct Drawn {
    bytes: Zeroizing<[u8; SEED_LEN]>,
    used: usize,
}

impl Drawn {
    fn new() -> Result<Self, Error> {
        Ok(Self { bytes: Zeroizing::new(random_bytes()?), used: 0 })
    }

    /// Refuses what was made if any of it came from more bytes than were drawn.
    fn check(&self) -> Result<(), Error> {
        if self.used > SEED_LEN {
            return Err(Error::Internal { what: "too few random bytes were drawn".to_owned() });
        }
        Ok(())
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let end = self.used.saturating_add(bytes.len());
        if let Some(drawn) = self.bytes.get(self.used..end) {
            bytes.copy_from_slice(drawn);
        }
        self.used = end;
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(test)]
mod tests {
    use hpke::rand_core::Rng as _;

    use super::*;

    #[test]
    fn taking_more_random_bytes_than_were_drawn_is_refused() {
        let mut drawn = Drawn::new().unwrap();
        drawn.fill_bytes(&mut [0; SEED_LEN]);
        assert_eq!(drawn.check(), Ok(()));
        drawn.next_u32();
        assert_eq!(drawn.check().unwrap_err().code(), "INTERNAL");
    }

    #[test]
    fn one_encapsulation_takes_all_that_was_drawn() {
        let identity = HybridIdentity::new(&crate::secret::Seed::random().unwrap()).unwrap();
        let mut drawn = Drawn::new().unwrap();
        hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &identity.recipient().key,
            INFO,
            &[0; 16],
            &[],
            &mut drawn,
        )
        .map(drop)
        .unwrap();
        assert_eq!(drawn.used, SEED_LEN);
    }
}

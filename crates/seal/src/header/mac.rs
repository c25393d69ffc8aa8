//! What is derived from the file key: header MAC and payload key (C2SP age.md).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::derivation::derive;
use crate::error::Error;
use crate::limits::NONCE_LEN;
use crate::secret::{FileKey, PayloadKey};

/// HMAC-SHA-256 over `covered`, keyed by HKDF(no salt, file key, "header").
pub(crate) fn compute(file_key: &FileKey, covered: &[u8]) -> Result<[u8; 32], Error> {
    Ok(state(file_key, covered)?.finalize().into_bytes().into())
}

/// Compares `mac` in constant time.
pub(crate) fn verify(file_key: &FileKey, covered: &[u8], mac: &[u8]) -> Result<(), Error> {
    state(file_key, covered)?.verify_slice(mac).map_err(|_| Error::HeaderTampered)
}

/// HKDF(payload nonce, file key, "payload").
pub(crate) fn payload_key(
    file_key: &FileKey,
    nonce: &[u8; NONCE_LEN],
) -> Result<PayloadKey, Error> {
    Ok(PayloadKey::new(*derive(Some(nonce), file_key.expose(), &[b"payload"])?))
}

fn state(file_key: &FileKey, covered: &[u8]) -> Result<Hmac<Sha256>, Error> {
    let key = derive(None, file_key.expose(), &[b"header"])?;
    let state = Hmac::<Sha256>::new_from_slice(&*key)
        .map_err(|_| Error::Internal { what: "HMAC refused a key".to_owned() })?;
    Ok(state.chain_update(covered))
}

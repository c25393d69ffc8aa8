//! HKDF-SHA-256 (RFC 5869), always to 32 bytes: every key that is derived from another.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::Error;

/// 32 bytes derived from `secret`; the parts of `info` count as one text.
///
/// # Errors
///
/// [`Error::Internal`] if HKDF refuses, which it does not for 32 bytes.
pub fn derive(
    salt: Option<&[u8]>,
    secret: &[u8],
    info: &[&[u8]],
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut key = Zeroizing::new([0_u8; 32]);
    Hkdf::<Sha256>::new(salt, secret)
        .expand_multi_info(info, &mut *key)
        .map_err(|_| Error::Internal { what: "HKDF refused 32 bytes".to_owned() })?;
    Ok(key)
}

//! How stanzas wrap the file key: ChaCha20-Poly1305 under a key used once, so with a zero nonce.
//!
//! A body has exactly 32 bytes: a longer one could open under several keys (partitioning oracle).

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce, Tag};
use zeroize::Zeroizing;

use super::encoding;
use crate::derivation;
use crate::error::Error;
use crate::limits::{FILE_KEY_LEN, TAG_LEN, WRAPPED_LEN};
use crate::secret::{FileKey, WrapKey};

/// The key that wraps, from what both sides know; the parts of `info` count as one text.
pub(super) fn derive(salt: &[u8], ikm: &[u8], info: &[&[u8]]) -> Result<WrapKey, Error> {
    Ok(WrapKey::new(*derivation::derive(Some(salt), ikm, info)?))
}

/// A stanza's body.
pub(super) fn wrap(key: &WrapKey, file_key: &FileKey) -> Result<Vec<u8>, Error> {
    let mut body = Vec::with_capacity(WRAPPED_LEN);
    body.extend_from_slice(file_key.expose());
    let tag = ChaCha20Poly1305::new(key.expose().into())
        .encrypt_inout_detached(&Nonce::default(), &[], body.as_mut_slice().into())
        .map_err(|_| Error::Internal { what: "the file key could not be wrapped".to_owned() })?;
    body.extend_from_slice(&tag);
    Ok(body)
}

/// The file key, if `key` is the one that wrapped it.
pub(super) fn unwrap(key: &WrapKey, body: &[u8; WRAPPED_LEN]) -> Option<FileKey> {
    let (sealed, tag) = body.split_last_chunk::<TAG_LEN>()?;
    let mut file_key = Zeroizing::new(<[u8; FILE_KEY_LEN]>::try_from(sealed).ok()?);
    ChaCha20Poly1305::new(key.expose().into())
        .decrypt_inout_detached(
            &Nonce::default(),
            &[],
            file_key.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .ok()?;
    Some(FileKey::new(*file_key))
}

/// A body of the only length that wraps a file key.
pub(super) fn body(body: &[u8]) -> Result<&[u8; WRAPPED_LEN], Error> {
    body.try_into().map_err(|_| malformed("a stanza's body is not 32 bytes long"))
}

/// An argument that is the canonical base64 of `N` bytes.
pub(super) fn bytes<const N: usize>(arg: &str, what: &'static str) -> Result<[u8; N], Error> {
    encoding::decode(arg)
        .and_then(|bytes| bytes.as_slice().try_into().ok())
        .ok_or_else(|| malformed(what))
}

pub(super) fn malformed(what: &'static str) -> Error {
    Error::Malformed { what, line: None }
}

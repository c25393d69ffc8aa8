//! One chunk in, one sealed chunk out: the only place that calls the cipher.
//!
//! The nonce is the chunk's position, 11 bytes big-endian, and a byte that marks the last chunk
//! (C2SP age.md, "Payload"; the STREAM construction). Positions are private to this crate: callers
//! hand over whole streams or files.

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce, Tag};

use crate::error::Error;
use crate::limits::{SEALED_CHUNK_LEN, TAG_LEN};
use crate::secret::PayloadKey;

/// Whether a chunk ends its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    No,
    Yes,
}

impl From<bool> for Last {
    fn from(last: bool) -> Self {
        if last { Self::Yes } else { Self::No }
    }
}

/// Seals and opens the chunks of one file.
pub(crate) struct ChunkCipher {
    cipher: ChaCha20Poly1305,
    /// Where the first chunk begins in the sealed file, in bytes: only for messages.
    first: u64,
}

impl ChunkCipher {
    pub(crate) fn new(key: &PayloadKey, first: u64) -> Self {
        Self { cipher: ChaCha20Poly1305::new(key.expose().into()), first }
    }

    /// Seals in place: `chunk` is the plaintext followed by 16 bytes for the tag.
    pub(crate) fn seal(&self, position: u64, last: Last, chunk: &mut [u8]) -> Result<(), Error> {
        let (plain, tag) = chunk
            .split_last_chunk_mut::<TAG_LEN>()
            .ok_or(Error::TooLarge { what: "the room for a tag" })?;
        let sealed = self
            .cipher
            .encrypt_inout_detached(&nonce(position, last), &[], plain.into())
            .map_err(|_| Error::TooLarge { what: "a chunk" })?;
        *tag = sealed.into();
        Ok(())
    }

    /// Opens in place and returns the plaintext, which is the front of `chunk`.
    ///
    /// `last` says whether the data end with this chunk. What is wrong is told apart as
    /// `docs/format.md` section 11 demands; then what `chunk` holds is nothing to use.
    pub(crate) fn open<'a>(
        &self,
        position: u64,
        last: Last,
        chunk: &'a mut [u8],
    ) -> Result<&'a mut [u8], Error> {
        let sealed_len = chunk.len();
        let empty_after_another = sealed_len == TAG_LEN && position > 0;
        if sealed_len < TAG_LEN || empty_after_another || !self.verifies(position, last, chunk) {
            return Err(self.diagnose(position, last, chunk));
        }
        Ok(chunk.split_last_chunk_mut::<TAG_LEN>().map_or(&mut [], |(plain, _)| plain))
    }

    fn verifies(&self, position: u64, last: Last, chunk: &mut [u8]) -> bool {
        let Some((sealed, tag)) = chunk.split_last_chunk_mut::<TAG_LEN>() else { return false };
        let tag = Tag::from(*tag);
        self.cipher.decrypt_inout_detached(&nonce(position, last), &[], sealed.into(), &tag).is_ok()
    }

    /// Why a chunk did not open as what its place says it is.
    fn diagnose(&self, position: u64, last: Last, chunk: &mut [u8]) -> Error {
        let offset = position.saturating_mul(SEALED_CHUNK_LEN as u64).saturating_add(self.first);
        let whole = chunk.len() == SEALED_CHUNK_LEN;
        match last {
            Last::Yes if whole && self.verifies(position, Last::No, chunk) => {
                Error::Truncated { chunks: position.saturating_add(1) }
            }
            Last::No if whole && self.verifies(position, Last::Yes, chunk) => {
                let end = offset.saturating_add(SEALED_CHUNK_LEN as u64);
                Error::TrailingData { chunk: position, offset: end }
            }
            _ => Error::ChunkCorrupt { chunk: position, offset },
        }
    }
}

impl std::fmt::Debug for ChunkCipher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ChunkCipher(redacted)")
    }
}

fn nonce(position: u64, last: Last) -> Nonce {
    let mut nonce = [0_u8; 12];
    let (counter, flag) = nonce.split_at_mut(11);
    if let Some((_, low)) = counter.split_last_chunk_mut::<8>() {
        *low = position.to_be_bytes();
    }
    if let (Last::Yes, [flag]) = (last, flag) {
        *flag = 1;
    }
    nonce.into()
}

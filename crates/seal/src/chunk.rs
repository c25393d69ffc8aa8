//! One chunk in, one sealed chunk out: the only place that calls the cipher.
//!
//! The nonce is the chunk's position, 11 bytes big-endian, and a byte that marks the last chunk
//! (C2SP age.md, "Payload"; the STREAM construction). Positions are private to this crate: callers
//! hand over whole streams or files.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

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
///
/// The cipher is `ring`'s, which is written in assembly. It does not wipe its copy of the key, so
/// it gets one for each chunk, on the stack, and only the key kept here lives longer.
pub(crate) struct ChunkCipher {
    key: PayloadKey,
    /// Where the first chunk begins in the sealed file, in bytes: only for messages.
    first: u64,
}

impl ChunkCipher {
    pub(crate) const fn new(key: PayloadKey, first: u64) -> Self {
        Self { key, first }
    }

    /// Seals in place: `chunk` is the plaintext followed by 16 bytes for the tag.
    pub(crate) fn seal(&self, position: u64, last: Last, chunk: &mut [u8]) -> Result<(), Error> {
        let (plain, tag) = chunk
            .split_last_chunk_mut::<TAG_LEN>()
            .ok_or(Error::TooLarge { what: "the room for a tag" })?;
        let sealed = self
            .cipher()
            .and_then(|key| {
                key.seal_in_place_separate_tag(nonce(position, last), Aad::empty(), plain).ok()
            })
            .ok_or(Error::TooLarge { what: "a chunk" })?;
        tag.copy_from_slice(sealed.as_ref());
        Ok(())
    }

    /// Opens in place and returns the plaintext, which is the front of `chunk`.
    ///
    /// `last` says whether the data end with this chunk. Nothing if it does not open as that: then
    /// `chunk` is lost, and [`ChunkCipher::diagnose`] needs its bytes again.
    pub(crate) fn open<'a>(
        &self,
        position: u64,
        last: Last,
        chunk: &'a mut [u8],
    ) -> Option<&'a mut [u8]> {
        let empty_after_another = chunk.len() == TAG_LEN && position > 0;
        if empty_after_another {
            return None;
        }
        self.cipher()?.open_in_place(nonce(position, last), Aad::empty(), chunk).ok()
    }

    /// Why a chunk did not open as what its place says it is, as `docs/format.md` section 11 tells
    /// failures apart; `sealed` is the chunk as it was, and is lost.
    pub(crate) fn diagnose(&self, position: u64, last: Last, sealed: &mut [u8]) -> Error {
        let offset = self.offset(position);
        let whole = sealed.len() == SEALED_CHUNK_LEN;
        match last {
            Last::Yes if whole && self.open(position, Last::No, sealed).is_some() => {
                Error::Truncated { chunks: position.saturating_add(1) }
            }
            Last::No if whole && self.open(position, Last::Yes, sealed).is_some() => {
                let end = offset.saturating_add(SEALED_CHUNK_LEN as u64);
                Error::TrailingData { chunk: position, offset: end }
            }
            _ => self.corrupt(position),
        }
    }

    /// A chunk that opens as nothing.
    pub(crate) fn corrupt(&self, position: u64) -> Error {
        Error::ChunkCorrupt { chunk: position, offset: self.offset(position) }
    }

    /// Where a chunk begins in the sealed file, in bytes.
    pub(crate) fn offset(&self, position: u64) -> u64 {
        position.saturating_mul(SEALED_CHUNK_LEN as u64).saturating_add(self.first)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, self.key.expose()).ok()?;
        Some(LessSafeKey::new(key))
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
    Nonce::assume_unique_for_key(nonce)
}

//! An object that is sealed in the memory it was filled in: large ones are never copied.

use crate::chunk::{ChunkCipher, Last};
use crate::error::Error;
use crate::header::{Front, Stanza};
use crate::limits::{CHUNK_LEN, NONCE_LEN, SEALED_CHUNK_LEN, TAG_LEN};
use crate::object::ObjectKey;
use crate::secret::FileKey;

/// Takes an object's plaintext, piece by piece.
#[derive(Debug)]
pub struct Filling {
    /// Header and nonce, then chunks of plaintext, each but the last with room for its tag.
    bytes: Vec<u8>,
    plain_len: usize,
    cipher: ChunkCipher,
    key: ObjectKey,
}

impl Filling {
    /// Begins an object with these stanzas, which wrap `file_key`. What `memory` holds is
    /// overwritten.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the random generator fails.
    pub fn new(stanzas: &[Stanza], file_key: FileKey, mut memory: Vec<u8>) -> Result<Self, Error> {
        let Front { bytes, payload_key } = Front::new(stanzas, &file_key)?;
        let first = bytes.len() as u64;
        let nonce = bytes.last_chunk().copied().unwrap_or_default();
        let cipher = ChunkCipher::new(payload_key, first);
        memory.clear();
        memory.extend_from_slice(&bytes);
        let header_len = first.saturating_sub(NONCE_LEN as u64);
        let key = ObjectKey { file_key, nonce, header_len };
        Ok(Self { bytes: memory, plain_len: 0, cipher, key })
    }

    /// Bytes of plaintext so far.
    #[must_use]
    pub const fn plain_len(&self) -> usize {
        self.plain_len
    }

    /// Adds plaintext.
    pub fn add(&mut self, mut plain: &[u8]) {
        while !plain.is_empty() {
            let (now, later) = plain.split_at(self.room().min(plain.len()));
            self.bytes.extend_from_slice(now);
            self.plain_len = self.plain_len.saturating_add(now.len());
            plain = later;
        }
    }

    /// Adds zero bytes until there are `plain_len` bytes of plaintext.
    pub fn pad(&mut self, plain_len: usize) {
        while self.plain_len < plain_len {
            let count = self.room().min(plain_len.saturating_sub(self.plain_len));
            self.bytes.resize(self.bytes.len().saturating_add(count), 0);
            self.plain_len = self.plain_len.saturating_add(count);
        }
    }

    /// Seals what was added. `sealed` gets the object's bytes in order, while they are near.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the cipher refuses a chunk, which it does for none of these lengths.
    pub fn seal(mut self, mut sealed: impl FnMut(&[u8])) -> Result<(Vec<u8>, ObjectKey), Error> {
        self.bytes.extend_from_slice(&[0; TAG_LEN]);
        let first = usize::try_from(self.key.header_len).unwrap_or(usize::MAX);
        let (front, chunks) = self.bytes.split_at_mut(first.saturating_add(NONCE_LEN));
        sealed(front);
        let count = chunks.len().div_ceil(SEALED_CHUNK_LEN) as u64;
        for (position, chunk) in (0_u64..).zip(chunks.chunks_mut(SEALED_CHUNK_LEN)) {
            let last = Last::from(position.saturating_add(1) == count);
            self.cipher.seal(position, last, chunk)?;
            sealed(chunk);
        }
        Ok((self.bytes, self.key))
    }

    /// Bytes that the last chunk has room for; after a full one a new one begins.
    fn room(&mut self) -> usize {
        let used = self.plain_len.checked_rem(CHUNK_LEN).unwrap_or_default();
        if used == 0 && self.plain_len > 0 {
            self.bytes.extend_from_slice(&[0; TAG_LEN]);
        }
        CHUNK_LEN.saturating_sub(used)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object;

    const KEY: [u8; 16] = [5; 16];

    /// The plaintext, the object, and the object as it was told piece by piece.
    fn filled(pieces: &[Vec<u8>], padded: usize) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let stanza = Stanza { tag: "test".to_owned(), args: Vec::new(), body: vec![1; 32] };
        let mut filling = Filling::new(&[stanza], FileKey::new(KEY), vec![9; 100]).unwrap();
        for piece in pieces {
            filling.add(piece);
        }
        filling.pad(padded);
        let mut plain = pieces.concat();
        plain.resize(plain.len().max(padded), 0);
        assert_eq!(filling.plain_len(), plain.len());
        let mut told = Vec::new();
        let (sealed, _) = filling.seal(|bytes| told.extend_from_slice(bytes)).unwrap();
        (plain, sealed, told)
    }

    fn len() -> impl Strategy<Value = usize> {
        let edges = [0, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 3 * CHUNK_LEN];
        prop_oneof![proptest::sample::select(edges.to_vec()), 0..200_000_usize]
    }

    proptest! {
        #[test]
        fn what_was_filled_in_pieces_opens_as_one(
            lens in proptest::collection::vec(len(), 0..4),
            padded in len(),
        ) {
            let pieces: Vec<_> = (1_u8..).zip(lens).map(|(byte, len)| vec![byte; len]).collect();
            let (plain, sealed, told) = filled(&pieces, padded);
            prop_assert_eq!(&sealed, &told);
            let opened = object::open::<Error>(&sealed, |_| Ok(FileKey::new(KEY)));
            prop_assert_eq!(&*opened.unwrap().0, &plain);
        }
    }
}

//! Sealed objects in memory: whole ones, and single chunks of them by their keys.
//!
//! A repository is made of these. What opens one chunk is kept in its indexes: file key, payload
//! nonce and header length.

use zeroize::Zeroizing;

use crate::chunk::{ChunkCipher, Last};
use crate::control::Control;
use crate::error::Error;
use crate::header::{self, Front, Header, Stanza};
use crate::limits::{CHUNK_LEN, NONCE_LEN, SEALED_CHUNK_LEN, TAG_LEN};
use crate::opening::Sealed;
use crate::secret::FileKey;
use crate::stream;

/// What opens the chunks of one object without its header.
#[derive(Debug)]
pub struct ObjectKey {
    /// The object's file key.
    pub file_key: FileKey,
    /// The payload nonce.
    pub nonce: [u8; NONCE_LEN],
    /// Length of the header in bytes, without the nonce.
    pub header_len: u64,
}

/// Seals `plain` into one object with these stanzas, which wrap `file_key`.
///
/// # Errors
///
/// [`Error::Internal`] if the random generator fails.
pub fn seal(
    stanzas: &[Stanza],
    file_key: FileKey,
    plain: &[u8],
) -> Result<(Vec<u8>, ObjectKey), Error> {
    let front = Front::new(stanzas, &file_key)?;
    let first = front.bytes.len() as u64;
    let nonce = front.bytes.last_chunk().copied().unwrap_or_default();
    let cipher = ChunkCipher::new(front.payload_key, first);
    let mut sealed = front.bytes;
    let count = plain.len().div_ceil(CHUNK_LEN).max(1);
    sealed.reserve_exact(plain.len().saturating_add(count.saturating_mul(TAG_LEN)));
    let chunks = plain.chunks(CHUNK_LEN).chain(plain.is_empty().then_some(&[][..]));
    for (position, chunk) in (0_u64..).zip(chunks) {
        let start = sealed.len();
        sealed.extend_from_slice(chunk);
        sealed.extend_from_slice(&[0; TAG_LEN]);
        let last = Last::from(position.saturating_add(1) == count as u64);
        cipher.seal(position, last, sealed.get_mut(start..).unwrap_or_default())?;
    }
    let header_len = first.saturating_sub(NONCE_LEN as u64);
    Ok((sealed, ObjectKey { file_key, nonce, header_len }))
}

/// Opens a whole object; `unwrap` finds the file key among its stanzas. Armor is refused.
///
/// # Errors
///
/// Those of the header and of `unwrap`; [`Error::HeaderTampered`], [`Error::ChunkCorrupt`],
/// [`Error::Truncated`], [`Error::TrailingData`].
pub fn open<E: From<Error>>(
    sealed: &[u8],
    unwrap: impl FnOnce(&[Stanza]) -> Result<FileKey, E>,
) -> Result<(Zeroizing<Vec<u8>>, ObjectKey), E> {
    let mut object = Sealed::read(Box::new(sealed))?;
    if object.armored {
        return Err(Error::Malformed { what: "an object is armored", line: None }.into());
    }
    let file_key = unwrap(object.header.stanzas())?;
    let header_len = object.header.len();
    let (cipher, nonce) = object.cipher(&file_key)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    stream::open(&mut object.reader, &mut *plain, &cipher, &Control::default())?;
    Ok((plain, ObjectKey { file_key, nonce, header_len }))
}

/// The stanzas of an object, which prove nothing until it opens.
///
/// # Errors
///
/// Those of the header's form.
pub fn stanzas(sealed: &[u8]) -> Result<Vec<Stanza>, Error> {
    Header::read(&mut { sealed }).map(|header| header.stanzas().to_vec())
}

impl ObjectKey {
    /// Opens consecutive chunks: `chunks` are whole sealed chunks from number `position` on, the
    /// last of which ends the object if `last` says so. They become their plaintext.
    ///
    /// # Errors
    ///
    /// [`Error::ChunkCorrupt`] for the first chunk that does not open; those before it are plaintext
    /// then.
    pub fn open_chunks(
        &self,
        position: u64,
        last: bool,
        chunks: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let first = self.header_len.saturating_add(NONCE_LEN as u64);
        let cipher = ChunkCipher::new(header::payload_key(&self.file_key, &self.nonce)?, first);
        let count = chunks.len().div_ceil(SEALED_CHUNK_LEN);
        let mut end = 0_usize;
        for index in 0..count {
            let start = index.saturating_mul(SEALED_CHUNK_LEN);
            let stop = start.saturating_add(SEALED_CHUNK_LEN).min(chunks.len());
            let number = position.saturating_add(index as u64);
            let ends = Last::from(last && index.saturating_add(1) == count);
            let chunk = chunks.get_mut(start..stop).unwrap_or_default();
            let opened = cipher.open(number, ends, chunk);
            let len = opened.ok_or_else(|| cipher.corrupt(number))?.len();
            chunks.copy_within(start..start.saturating_add(len), end);
            end = end.saturating_add(len);
        }
        chunks.truncate(end);
        Ok(())
    }
}

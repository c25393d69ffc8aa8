//! Sequential sealing and opening, for what has no offsets: pipes, standard streams, armor, memory.

use std::io::Read;

use zeroize::Zeroizing;

use crate::chunk::{ChunkCipher, Last};
use crate::control::Control;
use crate::error::Error;
use crate::limits::{CHUNK_LEN, RUN_CHUNKS, SEALED_CHUNK_LEN, TAG_LEN};
use crate::read::read_full;

/// Takes bytes in order.
pub(crate) trait Sink {
    fn write(&mut self, bytes: &[u8], control: &Control) -> Result<(), Error>;
}

impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8], _control: &Control) -> Result<(), Error> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// How many bytes went through, counted before and after sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) plain: u64,
    pub(crate) payload: u64,
}

/// Seals everything that `source` has into `sink`, without header and nonce.
pub(crate) fn seal(
    source: &mut impl Read,
    sink: &mut impl Sink,
    cipher: &ChunkCipher,
    control: &Control,
) -> Result<Flow, Error> {
    let mut room = Zeroizing::new(Vec::new());
    pump(source, CHUNK_LEN, control, |position, last, plain| {
        let chunks = plain.chunks(CHUNK_LEN).chain(plain.is_empty().then_some(&[][..]));
        let count = plain.len().div_ceil(CHUNK_LEN).max(1);
        grow(&mut room, count.saturating_mul(SEALED_CHUNK_LEN));
        let mut used = 0_usize;
        for ((index, chunk), place) in (0_u64..).zip(chunks).zip(room.chunks_mut(SEALED_CHUNK_LEN))
        {
            let len = chunk.len().saturating_add(TAG_LEN);
            let place = place.get_mut(..len).unwrap_or_default();
            place.get_mut(..chunk.len()).unwrap_or_default().copy_from_slice(chunk);
            let ends = last && index.saturating_add(1) == count as u64;
            cipher.seal(position.saturating_add(index), Last::from(ends), place)?;
            used = used.saturating_add(len);
        }
        sink.write(room.get(..used).unwrap_or_default(), control)?;
        Ok(Flow { plain: plain.len() as u64, payload: used as u64 })
    })
}

/// Opens everything that `source` has into `sink`; `source` stands at the first chunk.
///
/// What was written before a failure was authentic, but not whole.
pub(crate) fn open(
    source: &mut impl Read,
    sink: &mut impl Sink,
    cipher: &ChunkCipher,
    control: &Control,
) -> Result<Flow, Error> {
    let mut kept = Vec::with_capacity(SEALED_CHUNK_LEN);
    pump(source, SEALED_CHUNK_LEN, control, |position, last, sealed| {
        if sealed.is_empty() {
            return Err(Error::Truncated { chunks: position });
        }
        let payload = sealed.len() as u64;
        let count = sealed.len().div_ceil(SEALED_CHUNK_LEN) as u64;
        let mut plain = 0_u64;
        for (index, chunk) in (0_u64..).zip(sealed.chunks_mut(SEALED_CHUNK_LEN)) {
            let ends = Last::from(last && count == index.saturating_add(1));
            let position = position.saturating_add(index);
            // A chunk that does not open is lost, and what it was is needed once more.
            kept.clear();
            kept.extend_from_slice(chunk);
            let opened = cipher.open(position, ends, chunk);
            let opened = opened.ok_or_else(|| cipher.diagnose(position, ends, &mut kept))?;
            sink.write(opened, control)?;
            plain = plain.saturating_add(opened.len() as u64);
        }
        Ok(Flow { plain, payload })
    })
}

/// Reads `source` in runs of pieces of `piece_len` bytes and hands each to `each` with the position
/// of its first piece and whether it is the last. Reads one byte ahead to know that.
///
/// The first run is one piece, each later one twice the one before, up to 16: little data need
/// little memory.
fn pump(
    source: &mut impl Read,
    piece_len: usize,
    control: &Control,
    mut each: impl FnMut(u64, bool, &mut [u8]) -> Result<Flow, Error>,
) -> Result<Flow, Error> {
    let mut buffer = Zeroizing::new(Vec::new());
    let mut sum = Flow { plain: 0, payload: 0 };
    let mut pieces = 1_usize;
    let mut position = 0_u64;
    let mut ahead: Option<u8> = None;
    loop {
        control.check()?;
        let run_len = pieces.saturating_mul(piece_len);
        grow(&mut buffer, run_len.saturating_add(1));
        let mut source = ahead.as_slice().chain(&mut *source);
        let filled = read_full(&mut source, &mut buffer)?;
        let (run, rest) = buffer.split_at_mut(filled.min(run_len));
        let last = filled <= run_len;
        let next = rest.first().copied();
        let flow = each(position, last, run)?;
        sum.plain = sum.plain.saturating_add(flow.plain);
        sum.payload = sum.payload.saturating_add(flow.payload);
        control.add_done(flow.plain);
        if last {
            return Ok(sum);
        }
        position = position.saturating_add(pieces as u64);
        pieces = pieces.saturating_mul(2).min(RUN_CHUNKS);
        ahead = next;
    }
}

/// Makes `buffer` at least `len` bytes long; a smaller one is wiped and replaced.
fn grow(buffer: &mut Zeroizing<Vec<u8>>, len: usize) {
    if buffer.len() < len {
        *buffer = Zeroizing::new(vec![0_u8; len]);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::secret::PayloadKey;

    const LEN: usize = 2 * CHUNK_LEN + 321;

    fn cipher() -> ChunkCipher {
        ChunkCipher::new(PayloadKey::new([7; 32]), 0)
    }

    fn sealed() -> Vec<u8> {
        let mut sealed = Vec::new();
        let flow = seal(&mut &*vec![9_u8; LEN], &mut sealed, &cipher(), &Control::default());
        assert_eq!(flow, Ok(Flow { plain: LEN as u64, payload: sealed.len() as u64 }));
        sealed
    }

    fn opened(mut sealed: &[u8]) -> Result<usize, Error> {
        let mut plain = Vec::new();
        open(&mut sealed, &mut plain, &cipher(), &Control::default()).map(|_| plain.len())
    }

    /// Runs `check` on every position of a sealed stream, on two threads.
    fn everywhere(check: impl Fn(&[u8], usize) + Sync) {
        let sealed = sealed();
        thread::scope(|scope| {
            scope.spawn(|| (0..sealed.len()).step_by(2).for_each(|at| check(&sealed, at)));
            (1..sealed.len()).step_by(2).for_each(|at| check(&sealed, at));
        });
    }

    #[test]
    fn row_21_every_flipped_byte_names_its_chunk() {
        everywhere(|sealed, at| {
            let mut sealed = sealed.to_vec();
            sealed[at] ^= 0x80;
            let chunk = (at / SEALED_CHUNK_LEN) as u64;
            let offset = chunk * SEALED_CHUNK_LEN as u64;
            assert_eq!(opened(&sealed), Err(Error::ChunkCorrupt { chunk, offset }), "byte {at}");
        });
    }

    #[test]
    fn row_19_every_cut_is_told_by_where_it_falls() {
        everywhere(|sealed, at| {
            let chunk = (at / SEALED_CHUNK_LEN) as u64;
            let offset = chunk * SEALED_CHUNK_LEN as u64;
            let expected = match at % SEALED_CHUNK_LEN {
                0 => Error::Truncated { chunks: chunk },
                _ => Error::ChunkCorrupt { chunk, offset },
            };
            assert_eq!(opened(&sealed[..at]), Err(expected), "cut to {at} bytes");
        });
    }
}

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
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
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
    let mut room = Zeroizing::new(vec![0_u8; RUN_CHUNKS.saturating_mul(SEALED_CHUNK_LEN)]);
    pump(source, CHUNK_LEN, control, |position, last, plain| {
        let chunks = plain.chunks(CHUNK_LEN).chain(plain.is_empty().then_some(&[][..]));
        let count = plain.len().div_ceil(CHUNK_LEN).max(1) as u64;
        let mut used = 0_usize;
        for ((index, chunk), place) in (0_u64..).zip(chunks).zip(room.chunks_mut(SEALED_CHUNK_LEN)) {
            let len = chunk.len().saturating_add(TAG_LEN);
            let place = place.get_mut(..len).unwrap_or_default();
            place.get_mut(..chunk.len()).unwrap_or_default().copy_from_slice(chunk);
            let ends = last && count == index.saturating_add(1);
            cipher.seal(position.saturating_add(index), Last::from(ends), place)?;
            used = used.saturating_add(len);
        }
        sink.write(room.get(..used).unwrap_or_default())?;
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
    pump(source, SEALED_CHUNK_LEN, control, |position, last, sealed| {
        if sealed.is_empty() {
            return Err(Error::Truncated { chunks: position });
        }
        let payload = sealed.len() as u64;
        let count = sealed.len().div_ceil(SEALED_CHUNK_LEN) as u64;
        let mut plain = 0_u64;
        for (index, chunk) in (0_u64..).zip(sealed.chunks_mut(SEALED_CHUNK_LEN)) {
            let ends = last && count == index.saturating_add(1);
            let opened = cipher.open(position.saturating_add(index), Last::from(ends), chunk)?;
            sink.write(opened)?;
            plain = plain.saturating_add(opened.len() as u64);
        }
        Ok(Flow { plain, payload })
    })
}

/// Reads `source` in runs of 16 pieces of `piece_len` bytes and hands each to `each` with the
/// position of its first piece and whether it is the last. Reads one byte ahead to know that.
fn pump(
    source: &mut impl Read,
    piece_len: usize,
    control: &Control,
    mut each: impl FnMut(u64, bool, &mut [u8]) -> Result<Flow, Error>,
) -> Result<Flow, Error> {
    let run_len = RUN_CHUNKS.saturating_mul(piece_len);
    let mut buffer = Zeroizing::new(vec![0_u8; run_len.saturating_add(1)]);
    let mut sum = Flow { plain: 0, payload: 0 };
    let mut position = 0_u64;
    let mut carried = 0_usize;
    loop {
        control.check()?;
        let read = read_full(source, buffer.get_mut(carried..).unwrap_or_default())?;
        let filled = carried.saturating_add(read);
        let last = filled <= run_len;
        let (run, ahead) = buffer.split_at_mut(filled.min(run_len));
        let ahead = ahead.first().copied().unwrap_or_default();
        let flow = each(position, last, run)?;
        sum.plain = sum.plain.saturating_add(flow.plain);
        sum.payload = sum.payload.saturating_add(flow.payload);
        control.add_done(flow.plain);
        if last {
            return Ok(sum);
        }
        position = position.saturating_add(RUN_CHUNKS as u64);
        carried = 1;
        if let Some(first) = buffer.first_mut() {
            *first = ahead;
        }
    }
}

//! From plaintext to what lies in a pack: hashed, and compressed where that helps.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Condvar, Mutex, PoisonError, RwLock};

use holdfast_seal::error::Error as SealError;
use zstd::bulk::Compressor;

use crate::block::{BlockId, BlockKind, Coding};
use crate::buffers::Bytes;
use crate::error::Error;
use crate::keys::EpochKeys;
use crate::known::Known;

const LEVEL: i32 = 3;
/// Shorter blocks are stored as they are.
const MIN_COMPRESSED_LEN: usize = 64;
/// Blocks above this are first tried by two samples.
const SAMPLED_LEN: usize = 131_072;
const SAMPLE_LEN: usize = 16_384;
/// Less than one in 32 saved is not worth the time, here and when restoring.
const MAX_SAMPLE_FRAME: usize = 2 * SAMPLE_LEN / 32 * 31;
/// Blocks below this are not worth another thread.
const INLINE_LEN: usize = 32_768;

/// A block that was looked at.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) kind: BlockKind,
    pub(crate) id: BlockId,
    pub(crate) plain_len: u32,
    /// Its stored form; nothing where the block was known.
    pub(crate) stored: Option<(Coding, Bytes)>,
}

/// Hashes and compresses; one for each thread.
pub(crate) struct Encoder<'a> {
    keys: &'a EpochKeys,
    known: &'a RwLock<Known>,
    /// Nothing where compression is off.
    compressor: Option<Compressor<'static>>,
    /// The samples of a block, and what becomes of them.
    sample: Vec<u8>,
    frame: Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(keys: &'a EpochKeys, known: &'a RwLock<Known>, compress: bool) -> Self {
        let compressor = compress.then(|| Compressor::new(LEVEL).ok()).flatten();
        Self { keys, known, compressor, sample: Vec::new(), frame: vec![0; MAX_SAMPLE_FRAME] }
    }

    /// Looks at a block of at most 1 MiB.
    pub(crate) fn encode(&mut self, kind: BlockKind, plain: Bytes) -> Encoded {
        let id = BlockId::of(self.keys, kind, &plain);
        let plain_len = u32::try_from(plain.len()).unwrap_or(u32::MAX);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).has(kind, id);
        let stored = (!known).then(|| match self.compress(&plain) {
            Some(frame) => (Coding::Zstd, frame),
            None => (Coding::Raw, plain),
        });
        Encoded { kind, id, plain_len, stored }
    }

    /// A frame that is shorter than the block.
    fn compress(&mut self, plain: &Bytes) -> Option<Bytes> {
        if plain.len() < MIN_COMPRESSED_LEN || !self.is_promising(plain) {
            return None;
        }
        let mut frame = plain.another(plain.len().saturating_sub(1));
        let len = self.compressor.as_mut()?.compress_to_buffer(plain, &mut *frame).ok()?;
        frame.truncate(len);
        Some(frame)
    }

    /// Whether two samples of a large block become shorter.
    fn is_promising(&mut self, plain: &[u8]) -> bool {
        let Some(compressor) = &mut self.compressor else { return false };
        if plain.len() <= SAMPLED_LEN {
            return true;
        }
        let quarter = plain.len() / 4;
        self.sample.clear();
        for from in [quarter, quarter.saturating_mul(3)] {
            let piece = plain.get(from..from.saturating_add(SAMPLE_LEN));
            self.sample.extend_from_slice(piece.unwrap_or_default());
        }
        compressor.compress_to_buffer(&self.sample, self.frame.as_mut_slice()).is_ok()
    }
}

type Job = (BlockKind, Bytes, SyncSender<Encoded>);

/// Blocks waiting for a thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    jobs: Mutex<(VecDeque<Job>, bool)>,
    changed: Condvar,
}

/// A block that is looked at, here or elsewhere.
pub(crate) enum Ticket {
    Done(Box<Encoded>),
    Waiting(Receiver<Encoded>),
}

impl Ticket {
    pub(crate) fn wait(self) -> Result<Encoded, Error> {
        match self {
            Self::Done(encoded) => Ok(*encoded),
            Self::Waiting(receiver) => receiver.recv().map_err(|_| {
                SealError::Internal { what: "a block was lost on its way".to_owned() }.into()
            }),
        }
    }
}

impl Queue {
    /// Hands a block over; small ones are looked at on the spot.
    pub(crate) fn submit(
        &self,
        encoder: &mut Encoder<'_>,
        kind: BlockKind,
        plain: Bytes,
    ) -> Ticket {
        if plain.len() < INLINE_LEN {
            return Ticket::Done(Box::new(encoder.encode(kind, plain)));
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.0.push_back((kind, plain, sender));
        self.changed.notify_one();
        Ticket::Waiting(receiver)
    }

    /// Works until the queue is closed.
    pub(crate) fn serve(&self, mut encoder: Encoder<'_>) {
        loop {
            let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            while jobs.0.is_empty() && !jobs.1 {
                jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            }
            let Some((kind, plain, sender)) = jobs.0.pop_front() else { return };
            drop(jobs);
            // The session may have given up meanwhile.
            drop(sender.send(encoder.encode(kind, plain)));
        }
    }

    /// Lets the threads end once nothing is left.
    pub(crate) fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.changed.notify_all();
    }
}

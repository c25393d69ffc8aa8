//! File to file: every thread claims the next run of 16 chunks, works in place, writes at its offset.
//!
//! Runs are claimed in order, and a claimed run is always finished; so when one fails, the failure
//! that is reported is the first in the file, however many threads there are.

use std::io::{IoSlice, IoSliceMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::chunk::{ChunkCipher, Last};
use crate::control::Control;
use crate::crew::{Call, Help};
use crate::error::Error;
use crate::limits::{CHUNK_LEN, RUN_CHUNKS, SEALED_CHUNK_LEN, TAG_LEN};
use crate::place::Draft;
use crate::source::SourceFile;

/// Plaintext bytes in a full run.
const RUN_LEN: u64 = (RUN_CHUNKS * CHUNK_LEN) as u64;
/// Sealed bytes in a full run.
const SEALED_RUN_LEN: u64 = (RUN_CHUNKS * SEALED_CHUNK_LEN) as u64;

/// What is done with each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Plaintext in the source becomes sealed chunks.
    Seal,
    /// Sealed chunks in the source become plaintext.
    Open,
}

/// Everything that the threads share.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) source: Arc<SourceFile>,
    pub(crate) action: Action,
    /// Where the bytes go; without it they are only checked.
    pub(crate) draft: Option<Draft>,
    pub(crate) cipher: ChunkCipher,
    /// Where the first chunk begins in the sealed file, in bytes.
    pub(crate) first: u64,
    /// Length of the plaintext in bytes.
    pub(crate) plain_len: u64,
    /// Length of all sealed chunks in bytes.
    pub(crate) sealed_len: u64,
}

/// Does all of `work` on this thread and on those that accept the invitation.
///
/// # Errors
///
/// The first failure in the file, or [`Error::Cancelled`]; then the draft is gone.
pub(crate) fn run(work: Work, call: &Call) -> Result<Work, Error> {
    let runs = work.runs();
    let shared = Arc::new(Shared {
        work: RwLock::new(Some(work)),
        control: Arc::clone(&call.control),
        runs,
        next: AtomicU64::new(0),
        finished: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        failure: Mutex::new(None),
    });
    if runs > 1 {
        let help: Arc<dyn Help> = Arc::clone(&shared) as Arc<dyn Help>;
        call.crew.invite(&help);
    }
    shared.help(&|| false);
    // Waits for those who are still helping; later ones find nothing.
    let work = shared.work.write().unwrap_or_else(PoisonError::into_inner).take();
    let failure = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    call.control.check()?;
    match (failure, work) {
        (Some((_, error)), _) => Err(error),
        (None, Some(work)) if shared.finished.load(Ordering::Relaxed) == runs => Ok(work),
        (None, _) => Err(Error::Internal { what: "a part of the work was not done".to_owned() }),
    }
}

struct Shared {
    work: RwLock<Option<Work>>,
    control: Arc<Control>,
    runs: u64,
    next: AtomicU64,
    /// Runs that were done: a thread that dies in its run leaves one missing.
    finished: AtomicU64,
    stopped: AtomicBool,
    failure: Mutex<Option<(u64, Error)>>,
}

impl Help for Shared {
    fn help(&self, wanted: &dyn Fn() -> bool) {
        let guard = self.work.read().unwrap_or_else(PoisonError::into_inner);
        let Some(work) = &*guard else { return };
        let mut room = Zeroizing::new(vec![0_u8; work.room_len()]);
        while !self.stopped.load(Ordering::Relaxed) && self.control.check().is_ok() && !wanted() {
            let run = self.next.fetch_add(1, Ordering::Relaxed);
            if run >= self.runs {
                return;
            }
            #[cfg(feature = "faults")]
            crate::faults::task();
            match work.process(run, &mut room) {
                Ok(plain) => {
                    self.control.add_done(plain);
                    self.finished.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => self.fail(run, error),
            }
        }
    }
}

impl Shared {
    fn fail(&self, run: u64, error: Error) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.as_ref().is_none_or(|(earlier, _)| run < *earlier) {
            *failure = Some((run, error));
        }
    }
}

impl Work {
    fn runs(&self) -> u64 {
        self.sealed_len.div_ceil(SEALED_RUN_LEN)
    }

    /// Bytes that one thread works in: a full run, or less for a short file.
    fn room_len(&self) -> usize {
        usize::try_from(self.sealed_len.min(SEALED_RUN_LEN)).unwrap_or(usize::MAX)
    }

    /// Does one run; returns its plaintext bytes.
    fn process(&self, run: u64, room: &mut [u8]) -> Result<u64, Error> {
        let sealed_at = run.saturating_mul(SEALED_RUN_LEN);
        let sealed_len = self.sealed_len.saturating_sub(sealed_at).min(SEALED_RUN_LEN);
        let plain_at = run.saturating_mul(RUN_LEN);
        let span = Span {
            position: run.saturating_mul(RUN_CHUNKS as u64),
            last: sealed_at.saturating_add(sealed_len) == self.sealed_len,
            plain_at,
            plain_len: self.plain_len.saturating_sub(plain_at).min(RUN_LEN),
            sealed_at: self.first.saturating_add(sealed_at),
        };
        let room = usize::try_from(sealed_len).ok().and_then(|len| room.get_mut(..len));
        let room = room.unwrap_or_default();
        match self.action {
            Action::Seal => self.seal(&span, room)?,
            Action::Open => self.open(&span, room)?,
        }
        Ok(span.plain_len)
    }

    fn seal(&self, span: &Span, room: &mut [u8]) -> Result<(), Error> {
        let mut pieces: Vec<_> = room
            .chunks_mut(SEALED_CHUNK_LEN)
            .filter_map(|chunk| chunk.split_last_chunk_mut::<TAG_LEN>())
            .map(|(plain, _)| IoSliceMut::new(plain))
            .collect();
        if self.source.read_pieces_at(span.plain_at, &mut pieces)? as u64 != span.plain_len {
            return Err(Error::SourceChanged { what: "it became shorter" });
        }
        for (position, last, chunk) in span.chunks(room) {
            self.cipher.seal(position, last, chunk)?;
        }
        self.draft.as_ref().map_or(Ok(()), |draft| draft.write_at(span.sealed_at, room))
    }

    fn open(&self, span: &Span, room: &mut [u8]) -> Result<(), Error> {
        if self.source.read_at(span.sealed_at, room)? != room.len() {
            return Err(Error::SourceChanged { what: "it became shorter" });
        }
        let mut pieces = Vec::with_capacity(RUN_CHUNKS);
        for (position, last, chunk) in span.chunks(room) {
            let sealed_len = chunk.len();
            let opened = self.cipher.open(position, last, chunk);
            let plain = opened.ok_or_else(|| self.diagnose(position, last, sealed_len))?;
            pieces.push(IoSlice::new(plain));
        }
        let draft = self.draft.as_ref();
        draft.map_or(Ok(()), |draft| draft.write_pieces_at(span.plain_at, &mut pieces))
    }

    /// Why a chunk of the source does not open; it is read once more.
    fn diagnose(&self, position: u64, last: Last, sealed_len: usize) -> Error {
        let mut sealed = vec![0; sealed_len];
        match self.source.read_at(self.cipher.offset(position), &mut sealed) {
            Ok(len) if len == sealed_len => self.cipher.diagnose(position, last, &mut sealed),
            Ok(_) => Error::SourceChanged { what: "it became shorter" },
            Err(error) => error,
        }
    }
}

/// Where one run lies.
struct Span {
    /// Position of its first chunk.
    position: u64,
    /// Whether it ends the file.
    last: bool,
    plain_at: u64,
    plain_len: u64,
    sealed_at: u64,
}

impl Span {
    /// The sealed chunks in `room` with their positions.
    fn chunks<'a>(&self, room: &'a mut [u8]) -> impl Iterator<Item = (u64, Last, &'a mut [u8])> {
        let count = room.len().div_ceil(SEALED_CHUNK_LEN) as u64;
        let end = self.position.saturating_add(count);
        let ends = self.last;
        (self.position..end).zip(room.chunks_mut(SEALED_CHUNK_LEN)).map(move |(position, chunk)| {
            (position, Last::from(ends && position.saturating_add(1) == end), chunk)
        })
    }
}

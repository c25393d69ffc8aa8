//! One way through the sources: what changed is read and packed, all of it is written down.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use holdfast_seal::control::Control;
use holdfast_seal::error::Error as SealError;

use crate::block::BlockKind;
use crate::buffers::Buffers;
use crate::cache::{CacheReader, Remembered};
use crate::cut::{self, Cutter};
use crate::database::Copy;
use crate::encode::{Encoder, Queue, Ticket};
use crate::error::Error;
use crate::handles;
use crate::ledger::{Ledger, Pending};
use crate::manifest::{Entry, EntryKind, key};
use crate::source::{Problem, ProblemKind, Snapshotter};
use crate::stat::{Stat, database_stamp};
use crate::walk::{Found, What};

/// How often a file that changes while it is read is begun.
const ATTEMPTS: u32 = 2;
/// Entries that may wait for blocks before them.
const MAX_STEPS: usize = 1024;

/// What comes out of a file, in the manifest's order.
enum Step {
    Block(Ticket),
    /// The blocks since the last entry are of no use.
    Discard,
    Entry(Box<Pending>),
}

/// What a pass works with.
pub(crate) struct Pass<'a> {
    pub(crate) control: &'a Control,
    pub(crate) queue: &'a Queue,
    pub(crate) buffers: Buffers,
    pub(crate) encoder: Encoder<'a>,
    pub(crate) ledger: Ledger<'a>,
    pub(crate) cache: Option<CacheReader<'a>>,
    pub(crate) snapshotter: Option<Arc<dyn Snapshotter>>,
    /// Where databases are copied to.
    pub(crate) copies: PathBuf,
    /// Blocks that may be looked at at the same time.
    pub(crate) width: usize,
    pub(crate) steps: Steps,
}

/// What was begun and is not in the ledger yet.
#[derive(Default)]
pub(crate) struct Steps {
    queue: VecDeque<Step>,
    blocks: usize,
}

/// How reading a file ended: the outer failure ends the session, the inner one is the file's.
type Reading<T> = Result<Result<T, Error>, Error>;

/// A file's content was handed over; the entry is still to come.
struct Taken {
    stat: Stat,
    size: u64,
    unit: u32,
    stamp: Option<[u8; 16]>,
    database: bool,
}

impl<'a> Pass<'a> {
    /// Goes through everything found, to the last page.
    pub(crate) fn run(
        mut self,
        walk: impl Iterator<Item = Result<Found, Problem>>,
    ) -> Result<Ledger<'a>, Error> {
        for found in walk {
            self.control.check()?;
            match found {
                Ok(found) => self.found(found)?,
                Err(problem) => self.ledger.problem(problem),
            }
        }
        self.drain(0, 0)?;
        self.ledger.finish(&mut self.encoder)?;
        Ok(self.ledger)
    }

    fn found(&mut self, found: Found) -> Result<(), Error> {
        let kind = match &found.what {
            What::Directory => EntryKind::Directory,
            What::Symlink(target) => EntryKind::Symlink(target.clone()),
            What::File | What::Database(_) => return self.file(found),
            What::Stream(_) => return self.read(found, None),
        };
        let (modified, mode) = (found.stat.modified, found.stat.mode);
        self.push(Pending::plain(Entry { path: found.path, kind, modified, mode }))
    }

    /// A file that may be as it was.
    fn file(&mut self, found: Found) -> Result<(), Error> {
        let path = key(&found.path);
        let before = self.cache.as_mut().and_then(|cache| cache.find(&path));
        let Some(before) = before else { return self.read(found, None) };
        let stamp = if before.database {
            database_stamp(&found.at, &found.stat, SystemTime::now())
        } else {
            Some(found.stat.stamp())
        };
        let forced = matches!(found.what, What::Database(_)) && !before.database;
        if forced || stamp != Some(before.stamp) || !self.ledger.relies_on(&before.ids) {
            return self.read(found, Some(before));
        }
        self.control.add_done(before.size);
        self.push(Pending::unchanged(found.path, &found.stat, before))
    }

    /// Reads a file, once more if it changes meanwhile.
    fn read(&mut self, mut found: Found, before: Option<Remembered>) -> Result<(), Error> {
        for attempt in 1..=ATTEMPTS {
            let error = match self.content(&found)? {
                Ok(taken) => {
                    let Taken { stat, size, unit, stamp, database } = taken;
                    let file = Remembered {
                        key: key(&found.path),
                        stamp: stamp.unwrap_or_default(),
                        database,
                        size,
                        unit,
                        ids: Vec::new(),
                    };
                    let pending = Pending::read(found.path, &stat, file, stamp.is_some(), before);
                    return self.push(pending);
                }
                Err(error) => error,
            };
            self.steps.queue.push_back(Step::Discard);
            let is_stream = matches!(found.what, What::Stream(_));
            let now = if is_stream { None } else { Some(fs::symlink_metadata(&found.at)) };
            match now {
                // It was removed: it is not part of what is there now.
                Some(Err(gone)) if gone.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Some(Ok(now)) if is_change(&error) && attempt < ATTEMPTS && now.is_file() => {
                    found.stat = Stat::of(&now);
                }
                _ => {
                    self.ledger.problem(Problem::new(&found.path, problem_kind(&error), error));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn content(&mut self, found: &Found) -> Reading<Taken> {
        let (stat, at) = (found.stat.clone(), found.at.as_path());
        let snapshotter = match &found.what {
            What::Stream(stream) => {
                let cutter = stream.open().and_then(cut::open_stream);
                return self.blocks(cutter, |size, unit| {
                    Ok(Taken { stat, size, unit, stamp: None, database: false })
                });
            }
            What::Database(own) => own.clone().or_else(|| self.snapshotter.clone()),
            // A lock of this process: to close it would give it up.
            _ if stat.size == 0 && handles::is_open_elsewhere(at) => {
                let stamp = stat.is_settled(SystemTime::now()).then(|| stat.stamp());
                let unit = cut::ORDINARY_UNIT;
                return Ok(Ok(Taken { stat, size: 0, unit, stamp, database: false }));
            }
            _ => match cut::open(at).transpose() {
                None => self.snapshotter.clone(),
                Some(cutter) => {
                    let stamp = stat.is_settled(SystemTime::now()).then(|| stat.stamp());
                    return self.blocks(cutter, |size, unit| {
                        ensure_same(at, &stat)?;
                        Ok(Taken { stat, size, unit, stamp, database: false })
                    });
                }
            },
        };
        let stamp = database_stamp(at, &stat, SystemTime::now());
        let copy = Copy::make(snapshotter.as_deref(), at, &self.copies);
        let cutter = copy.as_ref().map_err(Error::clone).and_then(Copy::open);
        self.blocks(cutter, |size, unit| Ok(Taken { stat, size, unit, stamp, database: true }))
    }

    /// Hands over all blocks, and says how many bytes they were.
    fn blocks(
        &mut self,
        cutter: Result<Cutter, Error>,
        end: impl FnOnce(u64, u32) -> Result<Taken, Error>,
    ) -> Reading<Taken> {
        let mut cutter = match cutter {
            Ok(cutter) => cutter,
            Err(error) => return fatal_or(error),
        };
        loop {
            self.control.check()?;
            match cutter.next(&self.buffers) {
                Ok(Some(block)) => {
                    let len = block.len() as u64;
                    let ticket = self.queue.submit(&mut self.encoder, BlockKind::Data, block);
                    self.steps.queue.push_back(Step::Block(ticket));
                    self.steps.blocks = self.steps.blocks.saturating_add(1);
                    self.drain(self.width, MAX_STEPS)?;
                    self.control.add_done(len);
                    self.ledger.tally.read_bytes = self.ledger.tally.read_bytes.saturating_add(len);
                }
                Ok(None) => return Ok(end(cutter.len(), cutter.unit())),
                Err(error) => return fatal_or(error),
            }
        }
    }

    fn push(&mut self, pending: Pending) -> Result<(), Error> {
        self.steps.queue.push_back(Step::Entry(Box::new(pending)));
        self.drain(self.width, MAX_STEPS)
    }

    /// Finishes steps in their order until at most so many blocks and steps are left.
    fn drain(&mut self, blocks: usize, steps: usize) -> Result<(), Error> {
        while self.steps.blocks > blocks || self.steps.queue.len() > steps {
            match self.steps.queue.pop_front() {
                Some(Step::Block(ticket)) => {
                    self.steps.blocks = self.steps.blocks.saturating_sub(1);
                    self.ledger.block(ticket.wait()?)?;
                }
                Some(Step::Discard) => self.ledger.discard(),
                Some(Step::Entry(pending)) => {
                    self.control.add_files(pending.is_file().into());
                    self.ledger.entry(*pending, &mut self.encoder)?;
                }
                None => break,
            }
        }
        Ok(())
    }
}

fn changed() -> Error {
    SealError::SourceChanged { what: "another file took its place" }.into()
}

/// Cancelling ends the session; any other failure is the file's.
fn fatal_or<T>(error: Error) -> Reading<T> {
    if error == Error::Seal(SealError::Cancelled) { Err(error) } else { Ok(Err(error)) }
}

fn is_change(error: &Error) -> bool {
    matches!(error, Error::Seal(SealError::SourceChanged { .. }))
}

fn problem_kind(error: &Error) -> ProblemKind {
    match error {
        Error::Seal(SealError::SourceChanged { .. }) => ProblemKind::Changed,
        Error::Seal(SealError::TooLarge { .. }) => ProblemKind::TooLarge,
        _ => ProblemKind::Unreadable,
    }
}

/// Refuses a file that is not what it was before it was opened.
fn ensure_same(at: &Path, before: &Stat) -> Result<(), Error> {
    let now = fs::symlink_metadata(at).ok().filter(fs::Metadata::is_file);
    let same = now.is_some_and(|now| Stat::of(&now) == *before);
    if same { Ok(()) } else { Err(changed()) }
}

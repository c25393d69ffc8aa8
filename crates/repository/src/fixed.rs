//! What stays the same over all passes of a session.

use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use holdfast_seal::secret::random_bytes;

use crate::buffers::Buffers;
use crate::cache;
use crate::encode::Queue;
use crate::error::Error;
use crate::known::Known;
use crate::options::Options;
use crate::patterns::Patterns;
use crate::record::Id;
use crate::ship::Ship;
use crate::source::{Named, Origin, Source, name_all};
use crate::walk::Walk;

pub(crate) struct Fixed<'a> {
    /// The snapshot's.
    pub(crate) id: Id,
    pub(crate) named: Vec<Named>,
    patterns: Patterns,
    skipped: Vec<PathBuf>,
    pub(crate) cache: Option<PathBuf>,
    /// Where databases are copied to.
    pub(crate) copies: PathBuf,
    pub(crate) known: &'a RwLock<Known>,
    pub(crate) queue: Queue,
    pub(crate) buffers: Buffers,
    over: AtomicBool,
}

impl<'a> Fixed<'a> {
    pub(crate) fn new(
        sources: &[Source],
        options: &Options,
        copies: PathBuf,
        known: &'a RwLock<Known>,
    ) -> Result<Self, Error> {
        let named = name_all(sources)?;
        let described: String = named.iter().map(Named::describe).collect();
        let skipped = options.skipped.iter().chain(&options.state);
        let cache = options.state.as_deref().map(|state| cache::path(state, described.as_bytes()));
        Ok(Self {
            id: random_bytes()?,
            patterns: Patterns::new(&options.exclude)?,
            skipped: skipped.filter_map(|path| path.canonicalize().ok()).collect(),
            cache,
            copies,
            known,
            queue: Queue::default(),
            buffers: Buffers::default(),
            over: AtomicBool::new(false),
            named,
        })
    }

    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk::new(&self.named, &self.patterns, &self.skipped)
    }

    /// Bytes of all files; nothing where a source does not tell, or once nobody needs to know.
    pub(crate) fn bytes(&self, is_over: impl Fn() -> bool) -> Option<u64> {
        let untold = |named: &Named| matches!(named.origin, Origin::Stream { .. });
        if self.named.iter().any(untold) {
            return None;
        }
        let found = self.walk().take_while(|_| !is_over()).flatten();
        let bytes = found.map(|found| found.bytes()).fold(0, u64::saturating_add);
        (!is_over()).then_some(bytes)
    }

    /// Whether the session is over, well or not.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Lets the threads end, however the session ends.
pub(crate) struct Ending<'a>(pub(crate) &'a Ship<'a>, pub(crate) &'a Fixed<'a>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.close();
        self.1.queue.close();
        self.1.over.store(true, Ordering::Relaxed);
    }
}

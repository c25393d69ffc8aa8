//! Blocks that lie side by side in a pack, read by one request.

use crate::block::{self, BlockId, BlockKind, Decoded, Row};
use crate::catalog::Location;
use crate::error::Error;
use crate::plain::Plain;
use crate::read::{Reader, cut, span};

/// Most bytes of a pack that one request asks for, and most blocks.
const MAX_RUN_LEN: u64 = 4 << 20;
const MAX_RUN_BLOCKS: usize = 256;
/// Bytes that are read in vain rather than asked around.
const MAX_GAP: u64 = 1 << 17;

/// A block that is needed, and what for.
#[derive(Debug)]
pub(crate) struct Wanted<T> {
    pub(crate) kind: BlockKind,
    pub(crate) id: BlockId,
    pub(crate) tag: T,
}

/// Needed blocks that one request can bring.
#[derive(Debug)]
pub(crate) struct Run<T> {
    bounds: Option<Bounds>,
    wanted: Vec<(Wanted<T>, Option<Location>)>,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    pack: u32,
    start: u32,
    end: u64,
}

impl Bounds {
    /// These bounds with one more place, if that is near enough.
    fn with(self, place: Location) -> Option<Self> {
        let end = self.end.max(place.end());
        let near = place.pack == self.pack
            && place.offset >= self.start
            && u64::from(place.offset) <= self.end.saturating_add(MAX_GAP)
            && end.saturating_sub(u64::from(self.start)) <= MAX_RUN_LEN;
        near.then_some(Self { end, ..self })
    }
}

impl<T> Default for Run<T> {
    fn default() -> Self {
        Self { bounds: None, wanted: Vec::new() }
    }
}

impl<T> Run<T> {
    /// Adds a block; returns what was gathered before if this one does not go with it.
    pub(crate) fn add(&mut self, reader: &Reader, wanted: Wanted<T>) -> Option<Self> {
        let place = reader.catalog().first(wanted.kind, wanted.id);
        let alone =
            |place: Location| Bounds { pack: place.pack, start: place.offset, end: place.end() };
        let grown = self.bounds.zip(place).and_then(|(bounds, place)| bounds.with(place));
        let fits = grown.is_some() && self.wanted.len() < MAX_RUN_BLOCKS;
        let before = (!fits && !self.wanted.is_empty()).then(|| std::mem::take(self));
        self.bounds = if fits { grown } else { place.map(alone) };
        self.wanted.push((wanted, place));
        before
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Reads the blocks and hands each to `each`, until that fails. They lie in `memory`, which
    /// can be used for one run after another.
    pub(crate) fn read(
        self,
        reader: &Reader,
        memory: &mut Plain,
        mut each: impl FnMut(T, Result<Decoded<'_>, Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let first = self.fetch(reader, memory)?;
        for (wanted, place) in self.wanted {
            let quick = place.zip(first).and_then(|(place, first)| {
                let Location { coding, stored_len, plain_len, .. } = place;
                let row = Row { id: wanted.id, kind: wanted.kind, coding, stored_len, plain_len };
                let stored = cut(memory, first, place)?;
                block::decode(&reader.repository.keys, &row, stored).ok()
            });
            let alone = || reader.block(wanted.kind, wanted.id).map(Decoded::Own);
            each(wanted.tag, quick.map_or_else(alone, Ok))?;
        }
        Ok(())
    }

    /// Brings the chunks of the whole run; the number of the first, nothing if they are damaged.
    fn fetch(&self, reader: &Reader, memory: &mut Plain) -> Result<Option<u64>, Error> {
        let Some(Bounds { pack, start, end }) = self.bounds else { return Ok(None) };
        let Some(pack) = reader.catalog().pack(pack).cloned() else { return Ok(None) };
        let (first, last) = span(start, end);
        match reader.chunks(&pack, (first, last), memory) {
            Ok(()) => Ok(Some(first)),
            Err(error) if error.is_damage() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Reader {
    /// Several blocks of one kind, in order.
    ///
    /// # Errors
    ///
    /// The destination's. What is wrong with single blocks stands in their places.
    pub fn blocks(
        &self,
        kind: BlockKind,
        ids: &[BlockId],
    ) -> Result<Vec<Result<Plain, Error>>, Error> {
        let mut blocks: Vec<_> = ids.iter().map(|id| self.shelf.get(kind, *id).map(Ok)).collect();
        let missing: Vec<_> =
            blocks.iter_mut().zip(ids).filter(|(kept, _)| kept.is_none()).collect();
        let keep = |(id, place): (BlockId, &mut Option<_>), block: Result<Decoded<'_>, Error>| {
            match block {
                Err(error) if !error.is_damage() => return Err(error),
                block => {
                    if let Ok(block) = &block {
                        self.shelf.keep(kind, id, block);
                    }
                    *place = Some(block.map(Decoded::into_plain));
                }
            }
            Ok(())
        };
        let (mut run, mut memory) = (Run::default(), Plain::default());
        for (place, id) in missing {
            if let Some(full) = run.add(self, Wanted { kind, id: *id, tag: (*id, place) }) {
                full.read(self, &mut memory, keep)?;
            }
        }
        run.read(self, &mut memory, keep)?;
        Ok(blocks.into_iter().flatten().collect())
    }
}

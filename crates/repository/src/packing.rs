//! Filling packs: files' blocks as they come, the manifest's together at the end.

use std::mem;
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use crate::block::{BlockKind, Row};
use crate::buffers::Bytes;
use crate::encode::Encoded;
use crate::error::Error;
use crate::known::Known;
use crate::pack::PackWriter;
use crate::ship::{Cargo, Ship};

/// Bytes of pages and lists that are kept back at most.
const MAX_KEPT_LEN: usize = 8 << 20;

/// Turns blocks into packs.
#[derive(Debug)]
pub(crate) struct Packer<'a> {
    ship: &'a Ship<'a>,
    known: &'a RwLock<Known>,
    /// The pack that is being filled, from its first block on.
    writer: Option<PackWriter>,
    /// The number of the pack that is being filled.
    number: usize,
    /// Pages and lists: beside each other they are read with few requests.
    kept: Vec<(Row, Bytes)>,
    kept_len: usize,
}

impl<'a> Packer<'a> {
    pub(crate) fn new(ship: &'a Ship<'a>, known: &'a RwLock<Known>) -> Self {
        let number = lock(known).begin_pack();
        Self { ship, known, writer: None, number, kept: Vec::new(), kept_len: 0 }
    }

    /// Adds a block unless it is known; either way the snapshot relies on it. Returns whether it
    /// was new.
    pub(crate) fn add(&mut self, encoded: Encoded) -> Result<bool, Error> {
        let Encoded { kind, id, plain_len, stored } = encoded;
        let Some((coding, stored)) = stored.filter(|_| !lock(self.known).need(kind, id)) else {
            lock(self.known).need(kind, id);
            return Ok(false);
        };
        let stored_len = u32::try_from(stored.len()).unwrap_or(u32::MAX);
        let row = Row { id, kind, coding, stored_len, plain_len };
        if kind == BlockKind::Data {
            self.place(row, &stored)?;
        } else {
            lock(self.known).place(kind, id, self.number);
            self.kept_len = self.kept_len.saturating_add(stored.len());
            self.kept.push((row, stored));
            if self.kept_len > MAX_KEPT_LEN {
                self.release()?;
            }
        }
        Ok(true)
    }

    /// Hands over whatever is left.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.release()?;
        self.send(false)
    }

    fn release(&mut self) -> Result<(), Error> {
        self.kept_len = 0;
        mem::take(&mut self.kept).into_iter().try_for_each(|(row, stored)| self.place(row, &stored))
    }

    fn place(&mut self, row: Row, stored: &[u8]) -> Result<(), Error> {
        if self.writer.as_ref().is_some_and(|writer| !writer.fits(stored.len())) {
            self.send(true)?;
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(self.ship.empty_pack()?),
        };
        writer.add(row, stored);
        lock(self.known).place(row.kind, row.id, self.number);
        Ok(())
    }

    /// Hands over the pack that is being filled, if one is.
    fn send(&mut self, full: bool) -> Result<(), Error> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let number = mem::replace(&mut self.number, lock(self.known).begin_pack());
        self.ship.send(Cargo { number, writer, full })
    }
}

fn lock(known: &RwLock<Known>) -> RwLockWriteGuard<'_, Known> {
    known.write().unwrap_or_else(PoisonError::into_inner)
}

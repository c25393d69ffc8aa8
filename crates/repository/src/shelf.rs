//! Pages and lists that were read and are kept: a restore needs them twice, and snapshots share
//! most of theirs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::block::{BlockId, BlockKind};
use crate::plain::Plain;

/// Most bytes that are kept. What comes first stays: whoever goes through more than this from
/// beginning to end, twice, finds at least the beginning.
const MAX_LEN: usize = 32 << 20;

#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    blocks: HashMap<(BlockKind, BlockId), Plain>,
    len: usize,
}

impl Shelf {
    pub(crate) fn get(&self, kind: BlockKind, id: BlockId) -> Option<Plain> {
        if kind == BlockKind::Data {
            return None;
        }
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.blocks.get(&(kind, id)).map(|plain| plain.to_vec().into())
    }

    /// Keeps a verified block, unless it is a file's or there is no room.
    pub(crate) fn keep(&self, kind: BlockKind, id: BlockId, plain: &[u8]) {
        if kind == BlockKind::Data {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let len = kept.len.saturating_add(plain.len());
        if len <= MAX_LEN && kept.blocks.insert((kind, id), plain.to_vec().into()).is_none() {
            kept.len = len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_lists_are_kept_until_the_shelf_is_full_and_files_never() {
        let shelf = Shelf::default();
        let id = |number: u8| BlockId([number; 32]);
        let page = vec![1; MAX_LEN / 4];
        shelf.keep(BlockKind::Data, id(0), &page);
        for number in [1, 1, 2, 3, 4, 5] {
            shelf.keep(BlockKind::Page, id(number), &page);
        }
        shelf.keep(BlockKind::List, id(1), &[1]);
        let kept = |kind| (0..6).filter(|number| shelf.get(kind, id(*number)).is_some()).count();
        assert_eq!([BlockKind::Data, BlockKind::Page, BlockKind::List].map(kept), [0, 4, 0]);
        assert_eq!(shelf.get(BlockKind::Page, id(4)).as_deref(), Some(&page[..]));
    }
}

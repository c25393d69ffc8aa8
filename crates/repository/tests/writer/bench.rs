//! What most tests of backups begin with.

use std::sync::Arc;

use holdfast_repository::session::{Options, Outcome};
use holdfast_repository::slot::Credential;
use holdfast_repository::store::Store;

use super::memory::Memory;
use super::{Scratch, assert_same, at, back_up, key, make, on_disk, read_back};

/// A repository in memory, a folder to back up, and state beside it.
pub(crate) struct Bench {
    pub(crate) memory: Arc<Memory>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) key: Credential,
    pub(crate) folder: Scratch,
    pub(crate) state: Scratch,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let memory = Arc::new(Memory::default());
        let store: Arc<dyn Store> = memory.clone();
        let key = key();
        make(&store, &key);
        Self { memory, store, key, folder: Scratch::new(), state: Scratch::new() }
    }

    pub(crate) fn options(&self) -> Options {
        Options { state: Some(self.state.0.clone()), ..Options::default() }
    }

    pub(crate) fn run(&self, options: &Options) -> Outcome {
        back_up(&self.store, &self.key, &[at(&self.folder.0)], options).unwrap()
    }

    pub(crate) fn is_whole(&self, id: &[u8; 16]) {
        let (_, tree) = read_back(&self.store, &self.key, id).unwrap();
        assert_same(&tree, &on_disk(&self.folder.0));
    }
}

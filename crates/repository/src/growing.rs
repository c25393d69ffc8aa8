//! A file that is being restored: its blocks come in any order, from several threads.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdfast_seal::error::Error as SealError;

use crate::entries::FileBlock;
use crate::error::Error;
use crate::folder::staging::{self, Staging};
use crate::folder::{self, Modified, Target, unwritable};
use crate::keys::EpochKeys;
use crate::manifest::Component;
use crate::plan::holds_block;

/// What a file gets besides its content.
#[derive(Debug)]
pub(crate) struct Finish {
    pub(crate) mode: u32,
    pub(crate) modified: Modified,
    /// Whether it takes the place of a file that was there.
    pub(crate) replace: bool,
}

/// A file that has a temporary name until all of its blocks are there.
#[derive(Debug)]
pub(crate) struct Growing {
    pub(crate) path: Vec<Component>,
    temporary: Component,
    size: u64,
    finish: Finish,
    file: Mutex<Option<File>>,
    left: AtomicU64,
    lost: AtomicBool,
}

impl Growing {
    /// A file of `size` bytes. Until [`Growing::release`] it waits for one block more.
    pub(crate) fn new(path: Vec<Component>, size: u64, finish: Finish) -> Self {
        Self {
            temporary: staging::name_of(&crate::manifest::key(&path)),
            path,
            size,
            finish,
            file: Mutex::new(None),
            left: AtomicU64::new(1),
            lost: AtomicBool::new(false),
        }
    }

    /// What a call that was interrupted left of this file, if anything.
    pub(crate) fn left_over(&self, staging: &Staging) -> Result<bool, Error> {
        let found = staging.folder().look(&self.temporary);
        found.map(|found| found.is_some()).map_err(|error| unwritable("inspect", &error))
    }

    /// Whether this block is there already.
    pub(crate) fn has(
        &self,
        staging: &Staging,
        keys: &EpochKeys,
        block: &FileBlock,
    ) -> Result<bool, Error> {
        self.with_file(staging, |file| holds_block(keys, file, block))
    }

    /// One block more is on its way.
    pub(crate) fn expect(&self) {
        self.left.fetch_add(1, Ordering::AcqRel);
    }

    /// Writes a block.
    pub(crate) fn write(&self, staging: &Staging, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        self.with_file(staging, |file| folder::write_at(file, offset, bytes))
    }

    /// Gives the file up; false if it was given up before.
    pub(crate) fn lose(&self) -> bool {
        !self.lost.swap(true, Ordering::AcqRel)
    }

    /// One block less is waited for. After the last one the file gets its name; returns whether
    /// it did.
    pub(crate) fn release(
        &self,
        staging: &Staging,
        target: &mut Target<'_>,
    ) -> Result<bool, Error> {
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(false);
        }
        if self.lost.load(Ordering::Acquire) {
            *self.file() = None;
            let _ = staging.folder().remove(&self.temporary);
            return Ok(false);
        }
        self.with_file(staging, |file| {
            folder::finish(file, self.finish.mode, self.finish.modified)
                .map_err(|error| unwritable("set mode and time", &error))
        })?;
        *self.file() = None;
        let (name, parent) = self.path.split_last().ok_or(SealError::TargetExists)?;
        let parent = target.enter_made(parent)?;
        let renamed = staging.folder().rename(&self.temporary, parent, name, self.finish.replace);
        renamed.map_err(|error| unwritable("rename", &error))?;
        Ok(true)
    }

    /// The open file, opened and cut to its length at first.
    fn with_file<T>(
        &self,
        staging: &Staging,
        work: impl FnOnce(&File) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut file = self.file();
        if file.is_none() {
            let opened = staging.folder().write(&self.temporary);
            let opened = opened.map_err(|error| unwritable("create", &error))?;
            opened.set_len(self.size).map_err(|error| unwritable("write", &error))?;
            *file = Some(opened);
        }
        file.as_ref().map_or_else(|| Err(SealError::TargetExists.into()), work)
    }

    fn file(&self) -> MutexGuard<'_, Option<File>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

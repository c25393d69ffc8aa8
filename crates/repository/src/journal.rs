//! Packs that are stored and that no index names yet, kept on this machine: an interrupted session
//! goes on where it was.

use std::fs;
use std::path::{Path, PathBuf};

use crate::index::{self, PackRecord};
use crate::keys::EpochKeys;
use crate::object::{self, Digest256, MAX_OBJECT_LEN};

/// A folder of sealed indexes of one pack each. It may be lost without harm.
#[derive(Debug)]
pub(crate) struct Journal(PathBuf);

impl Journal {
    /// The journal in a state directory; nothing if there cannot be one.
    pub(crate) fn open(state: &Path) -> Option<Self> {
        let folder = state.join("journal");
        fs::create_dir_all(&folder).ok()?;
        Some(Self(folder))
    }

    /// What can be read of it. What cannot is removed.
    pub(crate) fn read(&self, keys: &EpochKeys) -> Vec<PackRecord> {
        let mut records = Vec::new();
        for file in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let path = file.path();
            let small = file.metadata().is_ok_and(|entry| entry.len() <= MAX_OBJECT_LEN);
            let sealed = if small { fs::read(&path).ok() } else { None };
            let opened = sealed.and_then(|sealed| object::open(keys, &sealed).ok());
            match opened.and_then(|(plain, _)| index::parse(keys, &plain).ok()) {
                Some(packs) => records.extend(packs),
                None => drop(fs::remove_file(&path)),
            }
        }
        records
    }

    /// Notes a stored pack. Failing costs no more than storing its blocks again.
    pub(crate) fn add(&self, keys: &EpochKeys, record: &PackRecord) {
        let plain = index::format(keys, std::slice::from_ref(record));
        if let Ok((sealed, _)) = object::seal(keys, &plain) {
            drop(fs::write(self.path(record.name), sealed));
        }
    }

    /// An index names the pack now.
    pub(crate) fn remove(&self, pack: Digest256) {
        drop(fs::remove_file(self.path(pack)));
    }

    fn path(&self, pack: Digest256) -> PathBuf {
        self.0.join(format!("{}.age", pack.to_hex()))
    }
}

//! What the tests of backups share: a store in memory, a key, and snapshots read back.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(unreachable_pub, missing_docs, reason = "test code")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use holdfast_repository::catalog::Catalog;
use holdfast_repository::create::{Protection, create};
use holdfast_repository::entries::{Entries, Loss, each_block};
use holdfast_repository::error::{Error, Reports};
use holdfast_repository::manifest::EntryKind;
use holdfast_repository::open::Opening;
use holdfast_repository::plan;
use holdfast_repository::read::Reader;
use holdfast_repository::record::Snapshot;
use holdfast_repository::repository::Repository;
use holdfast_repository::restore::{Restored, restore};
use holdfast_repository::session::{Options, Outcome, Session};
use holdfast_repository::slot::Credential;
use holdfast_repository::snapshots::Snapshots;
use holdfast_repository::source::{Origin, Source};
use holdfast_repository::store::Store;
use holdfast_seal::control::Control;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::recovery_key::RecoveryKey;

#[cfg(unix)]
pub(crate) mod bench;
pub(crate) mod memory;
#[path = "../support/scratch.rs"]
mod scratch;

pub(crate) use scratch::Scratch;

pub(crate) fn key() -> Credential {
    Credential::Key(Arc::new(RecoveryKey::generate().unwrap()))
}

pub(crate) fn make(store: &Arc<dyn Store>, credential: &Credential) -> Repository {
    let credentials = [(credential.clone(), "test".to_owned())];
    let (limits, reports) = (KdfLimits::default(), Reports::default());
    create(store, Protection::On(&credentials), &limits, &reports).unwrap()
}

pub(crate) fn open(store: &Arc<dyn Store>, credential: &Credential) -> Result<Repository, Error> {
    let limits = KdfLimits::default();
    let opening = Opening { credential: Some(credential), pin: None, limits: &limits };
    opening.open(Arc::clone(store), &Reports::default())
}

pub(crate) fn at(path: &Path) -> Source {
    Source { name: None, origin: Origin::Path(path.to_owned()) }
}

/// Opens the repository and backs up.
pub(crate) fn back_up(
    store: &Arc<dyn Store>,
    credential: &Credential,
    sources: &[Source],
    options: &Options,
) -> Result<Outcome, Error> {
    back_up_under(&Control::default(), store, credential, sources, options)
}

/// The same, watched and cancelled from outside.
pub(crate) fn back_up_under(
    control: &Control,
    store: &Arc<dyn Store>,
    credential: &Credential,
    sources: &[Source],
    options: &Options,
) -> Result<Outcome, Error> {
    let repository = open(store, credential)?;
    let reports = Reports::default();
    let snapshots = Snapshots::load(&repository, None, &reports)?;
    let session = Session {
        repository: &repository,
        snapshots: &snapshots,
        options,
        control,
        reports: &reports,
    };
    session.run(sources)
}

/// What a snapshot or a folder holds: by path, a word for the type, mode, time, and content.
pub(crate) type Tree = BTreeMap<Vec<u8>, (&'static str, u32, (i64, u32), Vec<u8>)>;

/// Everything in a snapshot, every block verified.
pub(crate) fn read_back(
    store: &Arc<dyn Store>,
    credential: &Credential,
    id: &[u8; 16],
) -> Result<(Snapshot, Tree), Error> {
    let repository = Arc::new(open(store, credential)?);
    let reports = Arc::new(Reports::default());
    let snapshots = Snapshots::load(&repository, None, &reports)?;
    let catalog = Catalog::load(&repository, &reports)?;
    let reader = Reader::new(repository, catalog, reports);
    let snapshot = snapshots.find(id)?;
    let mut entries = Entries::new(&reader, snapshot, Loss::Refused)?;
    let mut tree = Tree::new();
    while let Some(entry) = entries.next_entry()? {
        let (word, content) = match &entry.kind {
            EntryKind::Directory => ("directory", Vec::new()),
            EntryKind::Symlink(target) => ("symlink", target.clone()),
            EntryKind::File { .. } => {
                let mut content = Vec::new();
                each_block(&reader, &entry, |block| {
                    let plain =
                        reader.block(holdfast_repository::block::BlockKind::Data, block.id)?;
                    content.extend_from_slice(&plain);
                    Ok(())
                })?;
                assert_eq!(content.len() as u64, entry.size());
                ("file", content)
            }
        };
        tree.insert(entry.key(), (word, entry.mode, entry.modified, content));
    }
    Ok((snapshot.clone(), tree))
}

/// Restores a snapshot into a new folder.
pub(crate) fn restore_to(
    store: &Arc<dyn Store>,
    credential: &Credential,
    id: &[u8; 16],
    target: &Path,
) -> Result<Restored, Error> {
    let repository = Arc::new(open(store, credential)?);
    let reports = Arc::new(Reports::default());
    let snapshots = Snapshots::load(&repository, None, &reports)?;
    let catalog = Catalog::load(&repository, &reports)?;
    let reader = Reader::new(Arc::clone(&repository), catalog, Arc::clone(&reports));
    let (options, control) = (plan::Options::default(), Control::default());
    restore(&reader, snapshots.find(id)?, target, &options, &control)
}

/// What is in a folder, as a snapshot of it should have it.
#[cfg(unix)]
pub(crate) fn on_disk(root: &Path) -> Tree {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::MetadataExt as _;

    let mut tree = Tree::new();
    let mut left = vec![(root.to_owned(), root.file_name().unwrap().as_bytes().to_vec())];
    while let Some((path, key)) = left.pop() {
        let entry = std::fs::symlink_metadata(&path).unwrap();
        let (word, content) = if entry.is_dir() {
            for child in std::fs::read_dir(&path).unwrap() {
                let child = child.unwrap();
                let mut key = key.clone();
                key.push(0);
                key.extend_from_slice(child.file_name().as_bytes());
                left.push((child.path(), key));
            }
            ("directory", Vec::new())
        } else if entry.is_symlink() {
            ("symlink", std::fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec())
        } else if entry.is_file() {
            ("file", std::fs::read(&path).unwrap())
        } else {
            continue;
        };
        let modified = (entry.mtime(), u32::try_from(entry.mtime_nsec()).unwrap());
        tree.insert(key, (word, entry.mode() & 0o7777, modified, content));
    }
    tree
}

/// Bytes without a pattern, the same for the same seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Two trees that should be the same, without printing their content.
pub(crate) fn assert_same(found: &Tree, expected: &Tree) {
    let names =
        |tree: &Tree| tree.keys().map(|key| key.escape_ascii().to_string()).collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    for (key, entry) in expected {
        let same = found.get(key) == Some(entry);
        assert!(same, "{} differs", key.escape_ascii());
    }
}

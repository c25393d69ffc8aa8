//! A repository with entries of the test's choice, made without the code that makes backups.

use std::sync::Arc;

use holdfast_repository::block::{BLOCK_LEN, BlockId, BlockKind, Coding, Row};
use holdfast_repository::index;
use holdfast_repository::keys::{EpochKeys, RepositoryId};
use holdfast_repository::manifest::{Component, Content, Entry, EntryKind};
use holdfast_repository::object::{self, Digest256};
use holdfast_repository::pack::PackWriter;
use holdfast_repository::page::PageWriter;
use holdfast_repository::record::{Complete, Snapshot};
use holdfast_repository::slot::{self, Credential};
use holdfast_repository::store::Store as _;
use holdfast_repository::time::Time;
use holdfast_repository::{clear, name};
use holdfast_seal::error::CredentialKind;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::secret::Seed;

use super::stores::MemoryStore;

/// A repository in memory and what its test needs to know of it.
pub struct Made {
    pub store: Arc<MemoryStore>,
    pub credential: Credential,
    pub keys: EpochKeys,
    /// The last pack of files, the last of pages.
    pub packs: [String; 2],
    /// The index of each.
    pub indexes: [String; 2],
}

/// What an entry of the snapshot is.
pub enum Kind<'a> {
    Directory,
    Symlink(&'a str),
    File(Vec<u8>),
    /// A file of one block whose entry says another size.
    Lie(Vec<u8>, u64),
}

const TIME: Time = Time(1_767_323_045);

/// An entry at a path with `/` between its components.
pub fn entry<'a>(path: &str, kind: Kind<'a>) -> Given<'a> {
    let path = path.split('/').map(|name| Component(name.as_bytes().to_vec())).collect();
    (path, kind, 0o755, (1_767_323_045, 250_000_000))
}

/// Path, kind, mode and time.
pub type Given<'a> = (Vec<Component>, Kind<'a>, u32, (i64, u32));

impl Made {
    /// A repository with one snapshot of these entries, which are in order.
    pub fn of(entries: Vec<Given<'_>>) -> Self {
        let (store, keys, credential) = empty();
        let put = |name: &str, bytes: Vec<u8>| store.put(name, bytes).unwrap();
        let time = TIME;
        let (mut files, mut pages) = (new_pack(&keys), new_pack(&keys));
        let (mut count, mut bytes, mut page_ids) = (0, 0, Vec::new());
        let mut sources: Vec<Component> = Vec::new();
        let mut writer = PageWriter::default();
        for (path, kind, mode, modified) in entries {
            if path.len() == 1 {
                sources.push(path[0].clone());
            }
            let kind = match kind {
                Kind::Directory => EntryKind::Directory,
                Kind::Symlink(target) => EntryKind::Symlink(target.as_bytes().to_vec()),
                Kind::Lie(content, size) => {
                    let id = add(&store, &keys, &mut files, BlockKind::Data, &content);
                    EntryKind::File { size, unit: 1 << 20, content: Content::Blocks(vec![id]) }
                }
                Kind::File(content) => {
                    let blocks = content.chunks(BLOCK_LEN);
                    let ids =
                        blocks.map(|block| add(&store, &keys, &mut files, BlockKind::Data, block));
                    let content_ids = Content::Blocks(ids.collect());
                    let size = content.len() as u64;
                    EntryKind::File { size, unit: 1 << 20, content: content_ids }
                }
            };
            let entry = Entry { path, kind, modified, mode };
            (count, bytes) = (count + 1, bytes + entry.size());
            for page in writer.add(&keys, &entry) {
                page_ids.push(add(&store, &keys, &mut pages, BlockKind::Page, &page).0);
            }
        }
        if let Some(page) = writer.finish() {
            page_ids.push(add(&store, &keys, &mut pages, BlockKind::Page, &page).0);
        }
        let [(first, one), (second, two)] =
            [files, pages].map(|pack| store_pack(&store, &keys, pack));
        let snapshot = Snapshot {
            id: [1; 16],
            sequence: 1,
            parent: None,
            live: Vec::new(),
            time,
            host: "test".to_owned(),
            sources,
            tags: Vec::new(),
            entries: count,
            bytes,
            pages: page_ids,
            incomplete: false,
        };
        let (sealed, _) = object::seal(&keys, &snapshot.format(&keys)).unwrap();
        put(&name::snapshot(1, time, Digest256::of(&sealed)), sealed);
        Self { store, credential, keys, packs: [first, second], indexes: [one, two] }
    }

    /// Where the stored bytes of an object are changed.
    pub fn alter(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.store.0.lock().unwrap().get_mut(name).unwrap());
    }
}

/// A repository without snapshots.
fn empty() -> (Arc<MemoryStore>, EpochKeys, Credential) {
    let id = RepositoryId([7; 16]);
    let keys = EpochKeys::derive(id, Seed::new([9; 32])).unwrap();
    let credential = Credential::Key(Arc::new(RecoveryKey::generate().unwrap()));
    let store = Arc::new(MemoryStore::default());
    let put = |name: &str, bytes: Vec<u8>| store.put(name, bytes).unwrap();
    put(name::REPOSITORY, clear::format_repository(id));
    put(&name::epoch(1), clear::format_epoch(1, keys.commit));
    let limits = KdfLimits::default();
    let slot = slot::seal(&keys, 1, &credential, "", &limits).unwrap();
    put(&name::slot(1, CredentialKind::Key, Digest256::of(&slot)), slot);
    let complete = Complete { epoch: 1, protected: true, previous: 0, highest: 0, time: TIME };
    let (complete, _) = object::seal(&keys, &complete.format(&keys)).unwrap();
    put(&name::complete(1, Digest256::of(&complete)), complete);
    (Arc::clone(&store), keys, credential)
}

/// Adds a block to a pack, which is stored first if it is full.
pub fn add(
    store: &MemoryStore,
    keys: &EpochKeys,
    pack: &mut PackWriter,
    kind: BlockKind,
    plain: &[u8],
) -> BlockId {
    let id = BlockId::of(keys, kind, plain);
    let len = u32::try_from(plain.len()).unwrap();
    if !pack.fits(plain.len()) {
        store_pack(store, keys, std::mem::replace(pack, new_pack(keys)));
    }
    pack.add(Row { id, kind, coding: Coding::Raw, stored_len: len, plain_len: len }, plain);
    id
}

/// An empty pack.
pub fn new_pack(keys: &EpochKeys) -> PackWriter {
    PackWriter::new(keys, Vec::new()).unwrap()
}

/// Stores a pack and its index; returns their names.
pub fn store_pack(store: &MemoryStore, keys: &EpochKeys, pack: PackWriter) -> (String, String) {
    let (sealed, record) = pack.finish(keys, false).unwrap();
    let digest = record.name;
    let (index, _) = object::seal(keys, &index::format(keys, &[record])).unwrap();
    let names = (name::pack(1, digest), name::index(1, Digest256::of(&index)));
    store.put(&names.0, sealed).unwrap();
    store.put(&names.1, index).unwrap();
    names
}

//! What the last session saw of each file, kept sealed on this machine, so that files without a
//! change are not read again. It may be lost without harm; what is damaged is not used.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::block::BlockId;
use crate::error::Error;
use crate::keys::{DerivedKey, EpochKeys};
use crate::object::{self, MAX_OBJECT_LEN};
use crate::record::Id;
use crate::stat::Stamp;

const MAGIC: &[u8; 4] = b"HFC1";
/// Bytes after which a segment is sealed.
const SEGMENT_LEN: usize = 1 << 20;
const MAC_LEN: usize = 32;

/// A file as it was when it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// Its path, joined with zero bytes.
    pub(crate) key: Vec<u8>,
    /// Tells whether it was changed since.
    pub(crate) stamp: Stamp,
    pub(crate) database: bool,
    pub(crate) size: u64,
    pub(crate) unit: u32,
    /// All its blocks, also where the manifest has lists of them.
    pub(crate) ids: Vec<BlockId>,
}

/// Where the cache of these sources is.
pub(crate) fn path(state: &Path, sources: &[u8]) -> PathBuf {
    let name: String = blake3::hash(sources).to_hex().chars().take(32).collect();
    state.join(format!("cache-{name}"))
}

/// Reads a cache in the order of its keys.
#[derive(Debug)]
pub(crate) struct CacheReader<'a> {
    keys: &'a EpochKeys,
    key: DerivedKey,
    file: BufReader<File>,
    /// The snapshot that it is of.
    pub(crate) snapshot: Id,
    number: u64,
    segment: Vec<u8>,
    position: usize,
    next: Option<Remembered>,
}

impl<'a> CacheReader<'a> {
    /// Opens a cache; nothing if there is none that can be used.
    pub(crate) fn open(keys: &'a EpochKeys, path: &Path) -> Option<Self> {
        let file = BufReader::new(File::open(path).ok()?);
        let mut reader = Self {
            keys,
            key: key(keys).ok()?,
            file,
            snapshot: Id::default(),
            number: 0,
            segment: Vec::new(),
            position: 0,
            next: None,
        };
        reader.load()?;
        reader.next = reader.record();
        Some(reader)
    }

    /// What is remembered of the file of this key. Keys must be asked for in ascending order.
    pub(crate) fn find(&mut self, key: &[u8]) -> Option<Remembered> {
        loop {
            match self.next.as_ref()?.key.as_slice().cmp(key) {
                std::cmp::Ordering::Less => self.next = self.record(),
                std::cmp::Ordering::Equal => {
                    let found = self.next.take();
                    self.next = self.record();
                    return found;
                }
                std::cmp::Ordering::Greater => return None,
            }
        }
    }

    fn record(&mut self) -> Option<Remembered> {
        while self.position >= self.segment.len() {
            self.load()?;
        }
        let mut rest = self.segment.get(self.position..)?;
        let before = rest.len();
        let key_len = usize::try_from(u32::from_be_bytes(*take(&mut rest)?)).ok()?;
        let (key, after) = rest.split_at_checked(key_len)?;
        rest = after;
        let stamp = *take(&mut rest)?;
        let [database] = *take(&mut rest)?;
        let size = u64::from_be_bytes(*take(&mut rest)?);
        let unit = u32::from_be_bytes(*take(&mut rest)?);
        let count = usize::try_from(u32::from_be_bytes(*take(&mut rest)?)).ok()?;
        let (ids, after) = rest.split_at_checked(count.checked_mul(32)?)?;
        let ids = ids.as_chunks::<32>().0.iter().copied().map(BlockId).collect();
        let (key, used) = (key.to_vec(), before.saturating_sub(after.len()));
        self.position = self.position.saturating_add(used);
        Some(Remembered { key, stamp, database: database == 1, size, unit, ids })
    }

    /// Opens the next segment; nothing at the end, and where it is not what was written.
    fn load(&mut self) -> Option<()> {
        let mut len = [0_u8; 8];
        self.file.read_exact(&mut len).ok()?;
        let len = u64::from_be_bytes(len);
        // One file may have more blocks than fit in a segment.
        let mut sealed = Vec::new();
        if len > MAX_OBJECT_LEN.saturating_mul(8) {
            return None;
        }
        (&mut self.file).take(len).read_to_end(&mut sealed).ok()?;
        let (plain, _) = object::open(self.keys, &sealed).ok()?;
        let (content, mac) = plain.split_last_chunk::<MAC_LEN>()?;
        if blake3::keyed_hash(self.key.expose(), content) != *mac {
            return None;
        }
        let mut rest = content.strip_prefix(MAGIC)?;
        let snapshot = *take(&mut rest)?;
        let number = u64::from_be_bytes(*take(&mut rest)?);
        if number != self.number || (number > 0 && snapshot != self.snapshot) {
            return None;
        }
        self.snapshot = snapshot;
        self.number = number.checked_add(1)?;
        self.segment = rest.to_vec();
        self.position = 0;
        Some(())
    }
}

/// Writes a cache beside the old one, which it replaces when the snapshot exists.
#[derive(Debug)]
pub(crate) struct CacheWriter<'a> {
    keys: &'a EpochKeys,
    key: DerivedKey,
    file: BufWriter<File>,
    target: PathBuf,
    snapshot: Id,
    number: u64,
    segment: Vec<u8>,
}

impl<'a> CacheWriter<'a> {
    /// Begins a cache; nothing if there cannot be one.
    pub(crate) fn create(keys: &'a EpochKeys, target: &Path, snapshot: Id) -> Option<Self> {
        let file = BufWriter::new(File::create(draft(target)).ok()?);
        let (target, key) = (target.to_owned(), key(keys).ok()?);
        Some(Self { keys, key, file, target, snapshot, number: 0, segment: Vec::new() })
    }

    /// Adds a file; nothing once writing failed.
    pub(crate) fn add(mut self, file: &Remembered) -> Option<Self> {
        let count = |len: usize| Some(u32::try_from(len).ok()?.to_be_bytes());
        self.segment.extend_from_slice(&count(file.key.len())?);
        self.segment.extend_from_slice(&file.key);
        self.segment.extend_from_slice(&file.stamp);
        self.segment.push(u8::from(file.database));
        self.segment.extend_from_slice(&file.size.to_be_bytes());
        self.segment.extend_from_slice(&file.unit.to_be_bytes());
        self.segment.extend_from_slice(&count(file.ids.len())?);
        self.segment.extend(file.ids.iter().flat_map(|id| id.0));
        if self.segment.len() >= SEGMENT_LEN { self.seal() } else { Some(self) }
    }

    /// Puts the cache in its place. Failing leaves the old one.
    pub(crate) fn publish(self) {
        let Some(mut done) = self.seal() else { return };
        if done.file.flush().is_ok() {
            drop(fs::rename(draft(&done.target), &done.target));
        }
    }

    fn seal(mut self) -> Option<Self> {
        let mut plain = MAGIC.to_vec();
        plain.extend_from_slice(&self.snapshot);
        plain.extend_from_slice(&self.number.to_be_bytes());
        plain.append(&mut self.segment);
        let mac = blake3::keyed_hash(self.key.expose(), &plain);
        plain.extend_from_slice(mac.as_bytes());
        let (sealed, _) = object::seal(self.keys, &plain).ok()?;
        self.file.write_all(&(sealed.len() as u64).to_be_bytes()).ok()?;
        self.file.write_all(&sealed).ok()?;
        self.number = self.number.checked_add(1)?;
        Some(self)
    }
}

fn draft(target: &Path) -> PathBuf {
    target.with_extension("partial")
}

fn key(keys: &EpochKeys) -> Result<DerivedKey, Error> {
    DerivedKey::derive(keys.repository, keys.secret().expose(), "holdfast/v1/local/cache")
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use holdfast_seal::secret::Seed;

    use super::*;
    use crate::keys::RepositoryId;

    fn remembered(number: u32) -> Remembered {
        Remembered {
            key: number.to_be_bytes().to_vec(),
            stamp: [7; 16],
            database: number.is_multiple_of(2),
            size: u64::from(number),
            unit: 65_536,
            ids: vec![BlockId([3; 32]); 1000],
        }
    }

    fn keys() -> EpochKeys {
        EpochKeys::derive(RepositoryId([1; 16]), Seed::new([2; 32])).unwrap()
    }

    fn written(keys: &EpochKeys, name: &str) -> PathBuf {
        let name = format!("holdfast-cache-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut writer = CacheWriter::create(keys, &path, [9; 16]);
        for number in 0..100 {
            writer = writer.and_then(|writer| writer.add(&remembered(number)));
        }
        writer.unwrap().publish();
        path
    }

    #[test]
    fn what_was_written_is_found_over_all_segments() {
        let keys = keys();
        let path = written(&keys, "found");
        let mut reader = CacheReader::open(&keys, &path).unwrap();
        assert_eq!(reader.snapshot, [9; 16]);
        for number in (0..100_u32).filter(|number| number % 3 != 1) {
            assert_eq!(reader.find(&number.to_be_bytes()), Some(remembered(number)));
        }
        assert_eq!(reader.find(&1000_u32.to_be_bytes()), None);
        assert!(reader.number > 2, "{} segments", reader.number);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn row_46_segments_that_are_swapped_or_of_another_key_are_not_used() {
        let keys = keys();
        let path = written(&keys, "swapped");
        let bytes = fs::read(&path).unwrap();
        let len = |from: usize| {
            let len = bytes[from..].first_chunk::<8>().unwrap();
            from + 8 + usize::try_from(u64::from_be_bytes(*len)).unwrap()
        };
        let (one, two) = (len(0), len(len(0)));
        let swapped = [&bytes[one..two], &bytes[..one], &bytes[two..]].concat();
        fs::write(&path, swapped).unwrap();
        assert!(CacheReader::open(&keys, &path).is_none());
        let repeated = [&bytes[..one], &bytes[..one]].concat();
        fs::write(&path, repeated).unwrap();
        let mut reader = CacheReader::open(&keys, &path).unwrap();
        assert_eq!(reader.find(&99_u32.to_be_bytes()), None);
        let other = EpochKeys::derive(RepositoryId([1; 16]), Seed::new([3; 32])).unwrap();
        assert!(CacheReader::open(&other, &path).is_none());
        fs::remove_file(path).unwrap();
    }
}

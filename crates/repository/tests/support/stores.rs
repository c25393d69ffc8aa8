//! Stores for tests: a folder, and a map in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use holdfast_repository::error::Error;
use holdfast_repository::store::{ObjectInfo, Store};

/// Objects as files below a folder.
#[derive(Debug)]
pub struct FolderStore(pub PathBuf);

/// Objects in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(pub Mutex<BTreeMap<String, Vec<u8>>>);

/// All files below `root`, with their names from there.
pub fn files(root: &Path) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, path);
            }
        }
    }
    files
}

impl MemoryStore {
    /// What lies in a folder.
    pub fn of(root: &Path) -> Self {
        let objects = files(root).into_iter().map(|(name, path)| (name, fs::read(path).unwrap()));
        Self(Mutex::new(objects.collect()))
    }
}

fn exists(name: &str) -> Error {
    Error::Store { code: "OBJECT_EXISTS".to_owned(), message: format!("{name} exists") }
}

fn read(path: &Path, range: Option<(u64, u64)>) -> std::io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let (offset, len) = range.unwrap_or((0, u64::MAX));
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn cut(bytes: &[u8], range: Option<(u64, u64)>) -> Vec<u8> {
    let Some((offset, len)) = range else { return bytes.to_vec() };
    let start = usize::try_from(offset).unwrap().min(bytes.len());
    let end = start.saturating_add(usize::try_from(len).unwrap()).min(bytes.len());
    bytes[start..end].to_vec()
}

impl Store for FolderStore {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        let named = files(&self.0).into_iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(named
            .map(|(name, path)| ObjectInfo {
                name,
                size: path.metadata().unwrap().len(),
                modified: None,
            })
            .collect())
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        match read(&self.0.join(name), range) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => panic!("{error}"),
        }
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = fs::File::create_new(path).map_err(|_| exists(name))?;
        file.write_all(&bytes).unwrap();
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            _ => Ok(()),
        }
    }
}

impl Store for MemoryStore {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        let objects = self.0.lock().unwrap();
        let named = objects.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(named
            .map(|(name, bytes)| ObjectInfo {
                name: name.clone(),
                size: bytes.len() as u64,
                modified: None,
            })
            .collect())
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.lock().unwrap().get(name).map(|bytes| cut(bytes, range)))
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let mut objects = self.0.lock().unwrap();
        if objects.contains_key(name) {
            return Err(exists(name));
        }
        objects.insert(name.to_owned(), bytes);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

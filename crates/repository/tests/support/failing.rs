//! A store that fails from a given request on, or hands out less than it was asked for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use holdfast_repository::error::Error;
use holdfast_repository::store::{ObjectInfo, Store};

use super::stores::MemoryStore;

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Requests for objects fail.
    Fails,
    /// Ranges come one byte short.
    CutsRanges,
    /// Objects and ranges come with their first byte changed.
    Changes,
}

/// A store that does something once, before it answers the first request for a range of an object.
pub struct MeddlingStore {
    pub store: Arc<MemoryStore>,
    pub object: String,
    pub deed: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for MeddlingStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MeddlingStore")
    }
}

impl Store for MeddlingStore {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        self.store.list(prefix)
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        if name == self.object && range.is_some() {
            let deed = self.deed.lock().unwrap().take();
            if let Some(deed) = deed {
                deed();
            }
        }
        self.store.get(name, range)
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.store.put(name, bytes)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.store.remove(name)
    }
}

/// A store whose requests go wrong after the first `after`.
#[derive(Debug)]
pub struct FailingStore {
    pub store: Arc<MemoryStore>,
    pub fault: Fault,
    pub after: u64,
    pub requests: AtomicU64,
}

impl FailingStore {
    pub fn new(store: &Arc<MemoryStore>, fault: Fault, after: u64) -> Self {
        Self { store: Arc::clone(store), fault, after, requests: AtomicU64::new(0) }
    }
}

impl Store for FailingStore {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        self.store.list(prefix)
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        let bytes = self.store.get(name, range)?;
        if self.requests.fetch_add(1, Ordering::Relaxed) < self.after {
            return Ok(bytes);
        }
        let code = "DESTINATION_UNREACHABLE".to_owned();
        match (self.fault, bytes) {
            (Fault::Fails, _) => Err(Error::Store { code, message: "no answer".to_owned() }),
            (Fault::CutsRanges, Some(mut bytes)) if range.is_some() => {
                bytes.pop();
                Ok(Some(bytes))
            }
            (Fault::Changes, Some(mut bytes)) if range.is_some() => {
                bytes[0] ^= 1;
                Ok(Some(bytes))
            }
            (_, bytes) => Ok(bytes),
        }
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.store.put(name, bytes)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.store.remove(name)
    }
}

//! A store in memory that can fail at any call.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use holdfast_repository::error::Error;
use holdfast_repository::store::{ObjectInfo, Store};

/// How a call fails; every later call fails as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Nothing happened.
    Before,
    /// It happened, and nobody was told.
    After,
    /// Half of an object was stored.
    Partly,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) objects: Mutex<BTreeMap<String, Vec<u8>>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    crash: Option<(u64, Crash)>,
    dead: bool,
    log: Vec<String>,
}

impl Memory {
    pub(crate) fn of(objects: BTreeMap<String, Vec<u8>>) -> Self {
        Self { objects: Mutex::new(objects), state: Mutex::default() }
    }

    pub(crate) fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.objects.lock().unwrap().clone()
    }

    pub(crate) fn names(&self, part: &str) -> Vec<String> {
        self.all().into_keys().filter(|name| name.contains(part)).collect()
    }

    /// Crashes at the call of this number, from now on.
    pub(crate) fn crash_at(&self, call: u64, crash: Crash) {
        let mut state = self.state.lock().unwrap();
        *state = State { crash: Some((call, crash)), ..State::default() };
    }

    /// Works again; returns whether it had crashed.
    pub(crate) fn revive(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        let dead = state.dead;
        *state = State::default();
        dead
    }

    /// The calls since the last revival.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    fn call(&self, what: String) -> Result<Option<Crash>, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.dead {
            return Err(crashed());
        }
        state.calls += 1;
        state.log.push(what);
        let crash = state.crash.filter(|(call, _)| *call == state.calls).map(|(_, crash)| crash);
        state.dead = crash.is_some();
        if crash == Some(Crash::Before) { Err(crashed()) } else { Ok(crash) }
    }
}

fn crashed() -> Error {
    let message = "the connection was lost".to_owned();
    Error::Store { code: "DESTINATION_UNREACHABLE".to_owned(), message }
}

fn end<T>(crash: Option<Crash>, value: T) -> Result<T, Error> {
    if crash.is_some() { Err(crashed()) } else { Ok(value) }
}

impl Store for Memory {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        let crash = self.call(format!("list {prefix}"))?;
        let objects = self.objects.lock().unwrap();
        let listed = objects.iter().filter(|(name, _)| name.starts_with(prefix));
        let listed = listed.map(|(name, bytes)| ObjectInfo {
            name: name.clone(),
            size: bytes.len() as u64,
            modified: None,
        });
        end(crash, listed.collect())
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        let crash = self.call(format!("get {name}"))?;
        let bytes = self.objects.lock().unwrap().get(name).cloned();
        let bytes = bytes.map(|bytes| match range {
            None => bytes,
            Some((offset, len)) => {
                let (offset, len) =
                    (usize::try_from(offset).unwrap(), usize::try_from(len).unwrap());
                bytes[offset.min(bytes.len())..(offset + len).min(bytes.len())].to_vec()
            }
        });
        end(crash, bytes)
    }

    fn put(&self, name: &str, mut bytes: Vec<u8>) -> Result<(), Error> {
        let crash = self.call(format!("put {name}"))?;
        let mut objects = self.objects.lock().unwrap();
        if objects.contains_key(name) {
            let message = format!("{name} exists");
            return Err(Error::Store { code: "OBJECT_EXISTS".to_owned(), message });
        }
        if crash == Some(Crash::Partly) {
            bytes.truncate(bytes.len() / 2);
        }
        objects.insert(name.to_owned(), bytes);
        end(crash, ())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let crash = self.call(format!("remove {name}"))?;
        self.objects.lock().unwrap().remove(name);
        end(crash, ())
    }
}

//! A destination that stores nothing: what a backup would cost.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::store::{ObjectInfo, Store};

/// Answers as the store below would, had it kept what was put.
#[derive(Debug)]
pub(crate) struct Rehearsal<'a> {
    below: &'a dyn Store,
    put: Mutex<Vec<ObjectInfo>>,
}

impl<'a> Rehearsal<'a> {
    pub(crate) fn new(below: &'a dyn Store) -> Self {
        Self { below, put: Mutex::default() }
    }

    fn put(&self) -> MutexGuard<'_, Vec<ObjectInfo>> {
        self.put.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Rehearsal<'_> {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        let mut listed = self.below.list(prefix)?;
        listed.extend(self.put().iter().filter(|info| info.name.starts_with(prefix)).cloned());
        Ok(listed)
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        self.below.get(name, range)
    }

    fn put(&self, name: &str, mut bytes: Vec<u8>) -> Result<(), Error> {
        self.put_lent(name, &mut bytes)
    }

    fn put_lent(&self, name: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let info = ObjectInfo { name: name.to_owned(), size: bytes.len() as u64, modified: None };
        self.put().push(info);
        Ok(())
    }

    fn remove(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

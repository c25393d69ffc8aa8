//! The store of what stays open over several operations.

use std::sync::{Arc, PoisonError, RwLock};

use holdfast_repository::error::Error;
use holdfast_repository::store::{ObjectInfo, Store};

use crate::line::Line;

/// The line of whichever operation works with an open handle now.
#[derive(Debug)]
pub(crate) struct Switch(RwLock<Arc<Line>>);

impl Switch {
    pub(crate) fn new(line: &Arc<Line>) -> Self {
        Self(RwLock::new(Arc::clone(line)))
    }

    pub(crate) fn set(&self, line: &Arc<Line>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(line);
    }

    fn line(&self) -> Arc<Line> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Switch {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        self.line().list(prefix)
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        self.line().get(name, range)
    }

    fn get_into(
        &self,
        name: &str,
        range: Option<(u64, u64)>,
        memory: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        self.line().get_into(name, range, memory)
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.line().put(name, bytes)
    }

    fn put_lent(&self, name: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.line().put_lent(name, bytes)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.line().remove(name)
    }
}

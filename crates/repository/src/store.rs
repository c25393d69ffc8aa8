//! Where objects live, as the engine sees it: blocking calls, whole objects or ranges.

use std::fmt::Debug;

use crate::error::Error;

/// One stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its name: components joined with `/`.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was stored, by the store's clock, in seconds since 1970.
    pub modified: Option<i64>,
}

/// A destination. It keeps bytes and is trusted with nothing else.
pub trait Store: Send + Sync + Debug {
    /// All objects whose names begin with `prefix`.
    ///
    /// # Errors
    ///
    /// The destination's.
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error>;

    /// An object's bytes, or `length` of them from `offset` on; nothing if there is no such object.
    ///
    /// # Errors
    ///
    /// The destination's.
    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error>;

    /// The same, into memory that is used again; false if there is no such object.
    ///
    /// # Errors
    ///
    /// As [`Store::get`].
    fn get_into(
        &self,
        name: &str,
        range: Option<(u64, u64)>,
        memory: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        memory.clear();
        let Some(bytes) = self.get(name, range)? else { return Ok(false) };
        memory.extend_from_slice(&bytes);
        Ok(true)
    }

    /// Stores a new object.
    ///
    /// # Errors
    ///
    /// `OBJECT_EXISTS` if there is one of that name; the destination's.
    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error>;

    /// The same, of bytes that the caller would use again: one that only reads them leaves them,
    /// and the next object is sealed in their memory.
    ///
    /// # Errors
    ///
    /// As [`Store::put`].
    fn put_lent(&self, name: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.put(name, std::mem::take(bytes))
    }

    /// Removes an object; one that is not there is fine.
    ///
    /// # Errors
    ///
    /// The destination's.
    fn remove(&self, name: &str) -> Result<(), Error>;
}

//! Storing objects so that a store that answers late or twice does no harm.

use crate::error::{Error, Fault, fault};
use crate::object::Digest256;
use crate::store::Store;

/// The code of a store that has an object of that name.
const EXISTS: &str = "OBJECT_EXISTS";

/// Whether the store refused because there is an object of that name.
pub(crate) fn is_taken(error: &Error) -> bool {
    error.code() == EXISTS
}

/// Stores a `.age` object. One of its name is fine if its bytes are: an earlier try that seemed to
/// fail had stored it. What is left of `bytes` is memory to use again.
pub(crate) fn put(
    store: &dyn Store,
    name: &str,
    digest: Digest256,
    bytes: &mut Vec<u8>,
) -> Result<(), Error> {
    match store.put_lent(name, bytes) {
        Err(error) if is_taken(&error) => match store.get(name, None)? {
            Some(bytes) => digest.check(&bytes).map_err(|error| error.of(name)),
            None => Err(error),
        },
        put => put,
    }
}

/// Stores an object and reads it back.
pub(crate) fn put_verified(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<(), Error> {
    match store.put(name, bytes.to_vec()) {
        Err(error) if !is_taken(&error) => return Err(error),
        _ => {}
    }
    if store.get(name, None)?.is_some_and(|stored| stored == bytes) {
        return Ok(());
    }
    let what = "the destination does not give back what was stored";
    Err(fault(Fault::ObjectMismatch, what).of(name))
}

//! An open repository: its keys, and what its destination holds.

use std::sync::Arc;

use crate::error::Error;
use crate::keys::{EpochKeys, RepositoryId};
use crate::listing::{EpochListing, Listed};
use crate::object;
use crate::plain::Plain;
use crate::record::Complete;
use crate::store::Store;

/// Requests to the destination at a time, unless told otherwise.
pub const DEFAULT_REQUESTS: usize = 8;

/// One epoch of a repository, opened by a credential or because it is not protected.
#[derive(Debug)]
pub struct Repository {
    /// Where its objects are.
    pub store: Arc<dyn Store>,
    /// Its name.
    pub id: RepositoryId,
    /// The epoch that is read.
    pub epoch: u64,
    /// The epoch's keys.
    pub keys: EpochKeys,
    /// What the epoch says about itself.
    pub complete: Complete,
    /// An epoch above that is being built: writers must not go on here.
    pub building: Option<u64>,
    /// Slots that open, but are of a claim of this epoch that lost.
    pub lost_claims: Vec<String>,
    /// What the destination held when it was opened.
    pub listing: EpochListing,
    /// Requests to the destination at a time.
    pub requests: usize,
}

impl Repository {
    /// Fetches and opens one object. That it opens proves nothing of who made it.
    ///
    /// # Errors
    ///
    /// As [`Listed::fetch`], and `OBJECT_FORGED` if it does not open.
    pub fn load(&self, listed: &Listed) -> Result<Plain, Error> {
        let sealed = listed.fetch(&*self.store)?;
        let opened = object::open(&self.keys, &sealed).map_err(|error| error.of(&listed.name))?;
        Ok(opened.0)
    }
}

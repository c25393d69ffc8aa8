//! An open repository: its keys, and what its destination holds.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{Error, Fault, Reports, fault};
use crate::found::Found;
use crate::keys::{EpochKeys, RepositoryId};
use crate::listing::{EpochListing, Listed};
use crate::name;
use crate::object;
use crate::pin::{Pin, rollback};
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
    pub keys: Arc<EpochKeys>,
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

    /// The same repository as it is now at `store`, under the keys that are known already. It must
    /// pass what opening it would demand.
    ///
    /// # Errors
    ///
    /// `EPOCH_CHANGING` if it has moved to a later epoch: it has to be opened again;
    /// `NOT_A_REPOSITORY`, `UNSUPPORTED_VERSION`, `UNSUPPORTED_FEATURE`, `REPOSITORY_FORGED`,
    /// `PROTECTION_DOWNGRADED`, `ROLLBACK_SUSPECTED`; the destination's.
    pub fn refresh(
        &self,
        store: Arc<dyn Store>,
        pin: Option<&Pin>,
        reports: &Reports,
    ) -> Result<Self, Error> {
        let found = Found::look(store)?;
        if found.id() != self.id {
            let what = "there is another backup at the destination than the one that was opened";
            return Err(fault(Fault::RepositoryForged, what).of(name::REPOSITORY));
        }
        let own = self.pin();
        let pin = pin.unwrap_or(&own);
        let guarded = self.complete.protected || pin.protected;
        let chosen = found.choose(Some(pin), guarded, reports)?;
        match chosen.number.cmp(&self.epoch) {
            Ordering::Less => {
                let what = format!("epoch {} was open, now it is {}", self.epoch, chosen.number);
                return Err(rollback(what));
            }
            Ordering::Greater => {
                let what = format!("the backup has moved to epoch {}", chosen.number);
                return Err(fault(Fault::EpochChanging, format!("{what}: open it again")));
            }
            Ordering::Equal => pin.check_commit(self.epoch, self.keys.commit)?,
        }
        if found.commit(&chosen)? != self.keys.commit {
            let what = "the epoch has another secret than when the backup was opened";
            return Err(fault(Fault::RepositoryForged, what).of(&name::epoch(self.epoch)));
        }
        let complete = found.complete(&chosen, &self.keys, reports)?;
        let (building, listing) = (chosen.building, chosen.listing.clone());
        Ok(Self {
            store: found.store,
            id: self.id,
            epoch: self.epoch,
            keys: Arc::clone(&self.keys),
            complete,
            building,
            lost_claims: self.lost_claims.clone(),
            listing,
            requests: self.requests,
        })
    }

    /// What to remember of it before its snapshots were looked at.
    #[must_use]
    pub fn pin(&self) -> Pin {
        Pin {
            epoch: self.epoch,
            protected: self.complete.protected,
            commit: self.keys.commit,
            sequence: 0,
            snapshots: Vec::new(),
        }
    }
}

//! Opening a repository: which epoch, by which secret (`docs/format.md` sections 6 and 7).

use std::sync::Arc;

use holdfast_seal::kdf::KdfLimits;

use crate::clear;
use crate::error::{Error, Fault, Reports, fault, gone};
use crate::keys::{EpochKeys, RepositoryId};
use crate::listing::{EpochListing, Listed, Listing};
use crate::name;
use crate::object;
use crate::pin::{Pin, rollback};
use crate::record::Complete;
use crate::repository::{DEFAULT_REQUESTS, Repository};
use crate::slot::{self, Credential, Expected};
use crate::store::Store;
use crate::unlock::{Unlocked, no_such_slot, unlock};

/// Most bytes of `holdfast.json`, `epoch.json` and `open.json`.
const MAX_CLEAR_LEN: u64 = 4096;

/// How a repository is opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// What opens it; nothing for one without protection.
    pub credential: Option<&'a Credential>,
    /// What was seen of it before.
    pub pin: Option<&'a Pin>,
    /// The dearest key derivation that is allowed.
    pub limits: &'a KdfLimits,
}

impl Opening<'_> {
    /// Opens the repository at `store`.
    ///
    /// # Errors
    ///
    /// `NOT_A_REPOSITORY`, `UNSUPPORTED_VERSION`, `UNSUPPORTED_FEATURE`, `REPOSITORY_FORGED`,
    /// `PROTECTION_DOWNGRADED`, `ROLLBACK_SUSPECTED`, `NO_SUCH_SLOT`, `WRONG_CREDENTIAL`,
    /// `OBJECT_MISMATCH`, `SLOT_INVALID`, `SLOT_FORGED`, `KDF_LIMIT`, `OUT_OF_MEMORY`; the
    /// destination's.
    pub fn open(&self, store: Arc<dyn Store>, reports: &Reports) -> Result<Repository, Error> {
        let mut listing = Listing::read(&*store)?;
        let nothing = || fault(Fault::NotARepository, "there is no backup at this destination");
        let len = listing.repository.ok_or_else(nothing)?;
        let id = clear::parse_repository(&clear_file(&*store, name::REPOSITORY, len)?)
            .map_err(|error| error.of(name::REPOSITORY))?;
        let (epoch, building) = self.choose(&listing, reports)?;
        let listing = listing.epochs.remove(&epoch).unwrap_or_default();
        let Unlocked { keys, lost_claims } = self.keys(&*store, &listing, id, epoch, reports)?;
        let complete = complete(&*store, &keys, &listing.complete, epoch, reports)?;
        check_protection(&complete, &listing)?;
        Ok(Repository {
            store,
            id,
            epoch,
            keys,
            complete,
            building,
            lost_claims,
            listing,
            requests: DEFAULT_REQUESTS,
        })
    }

    /// The highest complete epoch, and the highest above it that is being built.
    fn choose(&self, listing: &Listing, reports: &Reports) -> Result<(u64, Option<u64>), Error> {
        let claimed: Vec<_> =
            listing.epochs.iter().rev().filter(|(_, epoch)| epoch.claim.is_some()).collect();
        let complete = claimed.iter().position(|(_, epoch)| !epoch.complete.is_empty());
        let chosen = complete.and_then(|position| claimed.split_at_checked(position));
        let Some((building, [(epoch, chosen), ..])) = chosen else {
            return Err(match self.pin {
                Some(_) => rollback("a complete epoch was seen here before, now there is none"),
                None => fault(Fault::NotARepository, "a backup was begun here and never finished"),
            });
        };
        for (number, above) in building {
            reports.add(if self.is_guarded() && above.open.is_some() {
                downgraded(**number)
            } else {
                fault(Fault::EpochChanging, format!("epoch {number} is being built"))
            });
        }
        if let Some(pin) = self.pin {
            pin.check_epoch(**epoch)?;
        }
        if self.is_guarded() && chosen.open.is_some() {
            return Err(downgraded(**epoch));
        }
        Ok((**epoch, building.first().map(|(number, _)| **number)))
    }

    /// Whether protection is expected.
    fn is_guarded(&self) -> bool {
        self.credential.is_some() || self.pin.is_some_and(|pin| pin.protected)
    }

    fn keys(
        &self,
        store: &dyn Store,
        listing: &EpochListing,
        repository: RepositoryId,
        epoch: u64,
        reports: &Reports,
    ) -> Result<Unlocked, Error> {
        let claim = name::epoch(epoch);
        let bytes = clear_file(store, &claim, listing.claim.unwrap_or_default())?;
        let commit = clear::parse_epoch(&bytes, epoch).map_err(|error| error.of(&claim))?;
        let expected = Expected { repository, epoch, commit };
        let unlocked = match (self.credential, listing.open) {
            (Some(credential), _) => {
                unlock(store, &listing.slots, credential, &expected, self.limits, reports)?
            }
            (None, Some(len)) if listing.slots.is_empty() => {
                let open = name::open(epoch);
                let keys = slot::parse_open(&clear_file(store, &open, len)?, &expected);
                let keys = keys.map_err(|error| error.of(&open))?;
                Unlocked { keys, lost_claims: Vec::new() }
            }
            (None, Some(_)) => {
                let what = "an epoch has slots and is open at the same time";
                return Err(fault(Fault::RepositoryForged, what));
            }
            (None, None) => return Err(no_such_slot(&listing.slots, None)),
        };
        if let Some(pin) = self.pin {
            pin.check_commit(epoch, unlocked.keys.commit)?;
        }
        Ok(unlocked)
    }
}

fn clear_file(store: &dyn Store, name: &str, len: u64) -> Result<Vec<u8>, Error> {
    if len > MAX_CLEAR_LEN {
        return Err(fault(Fault::RepositoryForged, "a clear file is too long").of(name));
    }
    store.get(name, None)?.ok_or_else(|| gone(name))
}

/// One of the epoch's valid complete records, which are equal in worth.
fn complete(
    store: &dyn Store,
    keys: &EpochKeys,
    listed: &[Listed],
    epoch: u64,
    reports: &Reports,
) -> Result<Complete, Error> {
    let mut found: Option<Complete> = None;
    let mut unsupported = None;
    for listed in listed {
        let read = || {
            let sealed = listed.fetch(store)?;
            let (plain, _) = object::open(keys, &sealed)?;
            Complete::parse(&plain, keys)
        };
        match read().map_err(|error: Error| error.of(&listed.name)) {
            Ok(record) if record.epoch != epoch => {
                let what = "a complete record is of another epoch";
                return Err(fault(Fault::RepositoryForged, what).of(&listed.name));
            }
            Ok(record) => {
                found = found.filter(|found| found.highest >= record.highest).or(Some(record));
            }
            Err(error) if error.is_damage() => {
                if error.fault() == Some(Fault::UnsupportedFeature) {
                    unsupported = Some(error.clone());
                }
                reports.add(error);
            }
            Err(error) => return Err(error),
        }
    }
    found.ok_or_else(|| {
        let forged = || fault(Fault::RepositoryForged, "no genuine record completes the epoch");
        unsupported.unwrap_or_else(forged)
    })
}

/// The record decides whether an epoch is protected, whatever lies in its folder.
fn check_protection(complete: &Complete, listing: &EpochListing) -> Result<(), Error> {
    match (complete.protected, listing.open.is_some()) {
        (true, true) => Err(downgraded(complete.epoch)),
        (false, false) => {
            Err(fault(Fault::RepositoryForged, "an epoch without protection has slots"))
        }
        _ => Ok(()),
    }
}

fn downgraded(epoch: u64) -> Error {
    let what = format!("the destination says that protection is off in epoch {epoch}");
    fault(Fault::ProtectionDowngraded, what).of(&name::open(epoch))
}

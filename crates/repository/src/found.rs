//! What a destination says of the repository in it, before anything is opened (`docs/format.md`
//! sections 5 and 7).

use std::sync::Arc;

use crate::clear;
use crate::error::{Error, Fault, Reports, fault, gone};
use crate::keys::{Commit, EpochKeys, RepositoryId};
use crate::listing::{EpochListing, Listing};
use crate::name;
use crate::object;
use crate::pin::{Pin, rollback};
use crate::record::Complete;
use crate::store::Store;

/// Most bytes of `holdfast.json`, `epoch.json` and `open.json`.
const MAX_CLEAR_LEN: u64 = 4096;

/// A repository that was found and not opened yet.
#[derive(Debug)]
pub struct Found {
    pub(crate) store: Arc<dyn Store>,
    listing: Listing,
    id: RepositoryId,
}

/// The epoch to read.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    pub(crate) number: u64,
    pub(crate) listing: &'a EpochListing,
    /// The highest epoch above that is being built.
    pub(crate) building: Option<u64>,
}

impl Found {
    /// Looks at what is stored now.
    ///
    /// # Errors
    ///
    /// `NOT_A_REPOSITORY`, `UNSUPPORTED_VERSION`, `REPOSITORY_FORGED`; the destination's.
    pub fn look(store: Arc<dyn Store>) -> Result<Self, Error> {
        let listing = Listing::read(&*store)?;
        let nothing = || fault(Fault::NotARepository, "there is no backup at this destination");
        let len = listing.repository.ok_or_else(nothing)?;
        let id = clear::parse_repository(&clear_file(&*store, name::REPOSITORY, len)?)
            .map_err(|error| error.of(name::REPOSITORY))?;
        Ok(Self { store, listing, id })
    }

    /// Its id, as the destination has it: nothing has proved it yet.
    #[must_use]
    pub const fn id(&self) -> RepositoryId {
        self.id
    }

    /// The highest complete epoch. `guarded`: protection is expected.
    pub(crate) fn choose(
        &self,
        pin: Option<&Pin>,
        guarded: bool,
        reports: &Reports,
    ) -> Result<Chosen<'_>, Error> {
        let epochs = self.listing.epochs.iter().rev();
        let claimed: Vec<_> = epochs.filter(|(_, epoch)| epoch.claim.is_some()).collect();
        let complete = claimed.iter().position(|(_, epoch)| !epoch.complete.is_empty());
        let chosen = complete.and_then(|position| claimed.split_at_checked(position));
        let Some((building, [(number, listing), ..])) = chosen else {
            return Err(match pin {
                Some(_) => rollback("a complete epoch was seen here before, now there is none"),
                None => fault(Fault::NotARepository, "a backup was begun here and never finished"),
            });
        };
        for (number, above) in building {
            reports.add(if guarded && above.open.is_some() {
                downgraded(**number)
            } else {
                fault(Fault::EpochChanging, format!("epoch {number} is being built"))
            });
        }
        if let Some(pin) = pin {
            pin.check_epoch(**number)?;
        }
        if guarded && listing.open.is_some() {
            return Err(downgraded(**number));
        }
        let building = building.first().map(|(number, _)| **number);
        Ok(Chosen { number: **number, listing, building })
    }

    /// What names the secret of the epoch, as its claim has it.
    pub(crate) fn commit(&self, chosen: &Chosen<'_>) -> Result<Commit, Error> {
        let claim = name::epoch(chosen.number);
        let bytes = clear_file(&*self.store, &claim, chosen.listing.claim.unwrap_or_default())?;
        clear::parse_epoch(&bytes, chosen.number).map_err(|error| error.of(&claim))
    }

    /// What the epoch says about itself: one of its valid complete records, which are equal in
    /// worth. It decides whether the epoch is protected, whatever lies in its folder.
    pub(crate) fn complete(
        &self,
        chosen: &Chosen<'_>,
        keys: &EpochKeys,
        reports: &Reports,
    ) -> Result<Complete, Error> {
        let complete = self.newest_record(chosen, keys, reports)?;
        match (complete.protected, chosen.listing.open.is_some()) {
            (true, true) => Err(downgraded(complete.epoch)),
            (false, false) => {
                let what = "an epoch without protection has slots";
                Err(fault(Fault::RepositoryForged, what))
            }
            _ => Ok(complete),
        }
    }

    fn newest_record(
        &self,
        chosen: &Chosen<'_>,
        keys: &EpochKeys,
        reports: &Reports,
    ) -> Result<Complete, Error> {
        let mut found: Option<Complete> = None;
        let mut unsupported = None;
        for listed in &chosen.listing.complete {
            let read = || {
                let sealed = listed.fetch(&*self.store)?;
                let (plain, _) = object::open(keys, &sealed)?;
                Complete::parse(&plain, keys)
            };
            match read().map_err(|error: Error| error.of(&listed.name)) {
                Ok(record) if record.epoch != chosen.number => {
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
}

/// The bytes of a small object that is not sealed.
pub(crate) fn clear_file(store: &dyn Store, name: &str, len: u64) -> Result<Vec<u8>, Error> {
    if len > MAX_CLEAR_LEN {
        return Err(fault(Fault::RepositoryForged, "a clear file is too long").of(name));
    }
    store.get(name, None)?.ok_or_else(|| gone(name))
}

fn downgraded(epoch: u64) -> Error {
    let what = format!("the destination says that protection is off in epoch {epoch}");
    fault(Fault::ProtectionDowngraded, what).of(&name::open(epoch))
}

//! Opening a repository: which epoch, by which secret (`docs/format.md` sections 6 and 7).

use std::sync::Arc;

use holdfast_seal::error::Error as SealError;
use holdfast_seal::kdf::KdfLimits;

use crate::error::{Error, Fault, Reports, fault};
use crate::found::{Chosen, Found, clear_file};
use crate::name;
use crate::pin::Pin;
use crate::repository::{DEFAULT_REQUESTS, Repository};
use crate::slot::{self, Credential, Expected};
use crate::store::Store;
use crate::unlock::{Unlocked, no_such_slot, unlock};

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
        self.open_found(&Found::look(store)?, reports)
    }

    /// Opens a repository that was found.
    ///
    /// # Errors
    ///
    /// As [`Opening::open`].
    pub fn open_found(&self, found: &Found, reports: &Reports) -> Result<Repository, Error> {
        let chosen = found.choose(self.pin, self.is_guarded(), reports)?;
        let Unlocked { keys, lost_claims } = self.keys(found, &chosen, reports)?;
        let complete = found.complete(&chosen, &keys, reports)?;
        Ok(Repository {
            store: Arc::clone(&found.store),
            id: found.id(),
            epoch: chosen.number,
            keys: Arc::new(keys),
            complete,
            building: chosen.building,
            lost_claims,
            listing: chosen.listing.clone(),
            requests: DEFAULT_REQUESTS,
        })
    }

    /// Whether protection is expected.
    fn is_guarded(&self) -> bool {
        self.credential.is_some() || self.pin.is_some_and(|pin| pin.protected)
    }

    fn keys(
        &self,
        found: &Found,
        chosen: &Chosen<'_>,
        reports: &Reports,
    ) -> Result<Unlocked, Error> {
        let (store, listing, epoch) = (&*found.store, chosen.listing, chosen.number);
        let commit = found.commit(chosen)?;
        let expected = Expected { repository: found.id(), epoch, commit };
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

/// Opens a repository with the first of `credentials` that opens it; without one where there is
/// none. A damaged slot of one does not keep out the others.
pub(crate) fn open_any(
    found: &Found,
    credentials: &[Credential],
    pin: Option<&Pin>,
    limits: &KdfLimits,
    reports: &Reports,
) -> Result<Repository, Error> {
    let open = |credential| Opening { credential, pin, limits }.open_found(found, reports);
    let Some((first, others)) = credentials.split_first() else { return open(None) };
    let mut failures = Vec::new();
    for credential in std::iter::once(first).chain(others) {
        match open(Some(credential)) {
            Err(error) if is_of_one(&error) => failures.push(error),
            outcome => return outcome,
        }
    }
    Err(worst(failures))
}

/// Whether another credential may open what this one did not.
fn is_of_one(error: &Error) -> bool {
    let damage = || error.fault() == Some(Fault::ObjectMismatch);
    matches!(error, Error::Credential { .. }) || damage()
}

/// Damage before a wrong credential, that before one of a kind that is not there.
fn worst(mut failures: Vec<Error>) -> Error {
    let rank = |error: &Error| match error {
        Error::Credential { cause: SealError::NoSuchSlot { .. }, .. } => 2,
        Error::Credential { .. } => 1,
        _ => 0,
    };
    let several = failures.len() > 1;
    failures.sort_by_key(rank);
    match failures.into_iter().next() {
        Some(Error::Credential { cause: cause @ SealError::WrongCredential { .. }, .. })
            if several =>
        {
            let what = "none of the credentials given opens this backup".to_owned();
            Error::Credential { what, cause }
        }
        Some(error) => error,
        None => SealError::Internal { what: "no credential was tried".to_owned() }.into(),
    }
}

//! A new repository (`docs/format.md` section 7).
//!
//! Order: `holdfast.json`, the slots, the claim of epoch 1, the record that it is complete. Until
//! the last one there is no repository, and creation goes on with what is found.

use std::sync::Arc;

use holdfast_seal::error::Error as SealError;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::secret::Seed;

use crate::clear;
use crate::error::{Error, Fault, Reports, fault, gone};
use crate::hex;
use crate::json::Value;
use crate::keys::{Commit, EpochKeys, RepositoryId};
use crate::listing::{EpochListing, Listing};
use crate::name;
use crate::object::{self, Digest256};
use crate::open::Opening;
use crate::put::{is_taken, put_verified};
use crate::record::Complete;
use crate::repository::Repository;
use crate::slot::{self, Credential, Expected, MAX_SLOTS, Outcome};
use crate::store::Store;
use crate::time::Time;

/// The first epoch of every repository.
const FIRST: u64 = 1;

/// Who can open a new repository.
#[derive(Debug, Clone, Copy)]
pub enum Protection<'a> {
    /// These credentials, each with a label for people; at least one.
    On(&'a [(Credential, String)]),
    /// Whoever can read the destination.
    Off,
}

/// Makes a repository and opens it.
///
/// # Errors
///
/// `OBJECT_EXISTS` if there is one; `EPOCH_CHANGING` if another device is making one;
/// `INVALID_ARGUMENT`; those of credentials and of memory; the destination's.
pub fn create(
    store: &Arc<dyn Store>,
    protection: Protection<'_>,
    limits: &KdfLimits,
    reports: &Reports,
) -> Result<Repository, Error> {
    check(protection)?;
    let listing = Listing::read(&**store)?;
    if listing.epochs.values().any(|epoch| !epoch.complete.is_empty()) {
        let message = "there is a backup at this destination already".to_owned();
        return Err(Error::Store { code: "OBJECT_EXISTS".to_owned(), message });
    }
    if listing.epochs.iter().any(|(number, epoch)| *number != FIRST && epoch.claim.is_some()) {
        return Err(elsewhere());
    }
    let id = identify(&**store)?;
    let found = listing.epochs.get(&FIRST).cloned().unwrap_or_default();
    let creation = Creation { store: &**store, id, protection, limits };
    let keys = match (found.claim, protection) {
        (Some(_), _) => creation.resume(&found)?,
        (None, Protection::On(credentials)) => creation.protect(credentials, &found)?,
        (None, Protection::Off) => creation.leave_open(&found)?,
    };
    creation.complete(&keys)?;
    let credential = creation.credential();
    Opening { credential, pin: None, limits }.open(Arc::clone(store), reports)
}

fn check(protection: Protection<'_>) -> Result<(), Error> {
    match protection {
        Protection::On(credentials) if !(1..=MAX_SLOTS).contains(&credentials.len()) => {
            let what = format!("to: 1 to {MAX_SLOTS} credentials, got {}", credentials.len());
            Err(SealError::InvalidArgument { what }.into())
        }
        Protection::On(credentials) => {
            credentials.iter().try_for_each(|(credential, _)| credential.check_new())
        }
        Protection::Off => Ok(()),
    }
}

/// The id of `holdfast.json`, which is written unless it is there.
fn identify(store: &dyn Store) -> Result<RepositoryId, Error> {
    match store.put(name::REPOSITORY, clear::format_repository(RepositoryId::random()?)) {
        Err(error) if !is_taken(&error) => return Err(error),
        _ => {}
    }
    let bytes = store.get(name::REPOSITORY, None)?.ok_or_else(|| gone(name::REPOSITORY))?;
    clear::parse_repository(&bytes).map_err(|error| error.of(name::REPOSITORY))
}

struct Creation<'a> {
    store: &'a dyn Store,
    id: RepositoryId,
    protection: Protection<'a>,
    limits: &'a KdfLimits,
}

impl Creation<'_> {
    fn credential(&self) -> Option<&Credential> {
        match self.protection {
            Protection::On(credentials) => credentials.first().map(|(credential, _)| credential),
            Protection::Off => None,
        }
    }

    fn protect(
        &self,
        credentials: &[(Credential, String)],
        found: &EpochListing,
    ) -> Result<EpochKeys, Error> {
        let keys = EpochKeys::derive(self.id, Seed::random()?)?;
        if found.open.is_some() {
            // Left by a creation without protection that claimed nothing: an epoch never has both.
            self.store.remove(&name::open(FIRST))?;
        }
        let mut stored = Vec::new();
        for (credential, label) in credentials {
            stored.push(store_slot(self.store, &keys, FIRST, (credential, label), self.limits)?);
        }
        if self.claim(keys.commit)? {
            self.sweep(&keys, found)?;
            return Ok(keys);
        }
        stored.iter().try_for_each(|name| self.store.remove(name))?;
        Err(elsewhere())
    }

    fn leave_open(&self, found: &EpochListing) -> Result<EpochKeys, Error> {
        if !found.slots.is_empty() {
            return Err(elsewhere());
        }
        let keys = EpochKeys::derive(self.id, Seed::random()?)?;
        let open = name::open(FIRST);
        match self.store.put(&open, slot::format_open(&keys, FIRST, Time::now())?) {
            Err(error) if !is_taken(&error) => return Err(error),
            _ => {}
        }
        let keys = self.read_open()?;
        if self.claim(keys.commit)? { Ok(keys) } else { Err(elsewhere()) }
    }

    /// Epoch 1 is claimed and not complete: by an earlier try of ours, if its slot opens.
    fn resume(&self, found: &EpochListing) -> Result<EpochKeys, Error> {
        let expected = self.expected()?;
        let Some(credential) = self.credential() else {
            let keys =
                if found.slots.is_empty() { self.read_open()? } else { return Err(elsewhere()) };
            return if keys.commit == expected.commit { Ok(keys) } else { Err(elsewhere()) };
        };
        for (_, listed) in found.slots.iter().filter(|(kind, _)| *kind == credential.kind()) {
            let sealed = listed.fetch(self.store)?;
            let outcome = slot::open(&sealed, credential, &expected, self.limits);
            if let Outcome::Opened(slot) = outcome.map_err(|error| error.of(&listed.name))? {
                self.add_missing(&slot.keys, found, &expected)?;
                self.sweep(&slot.keys, found)?;
                return Ok(slot.keys);
            }
        }
        Err(elsewhere())
    }

    /// The credentials may be others than at the first try.
    fn add_missing(
        &self,
        keys: &EpochKeys,
        found: &EpochListing,
        expected: &Expected,
    ) -> Result<(), Error> {
        let Protection::On(credentials) = self.protection else { return Ok(()) };
        for (credential, label) in credentials {
            let mut opens = false;
            for (_, listed) in found.slots.iter().filter(|(kind, _)| *kind == credential.kind()) {
                let sealed = listed.fetch(self.store)?;
                let outcome = slot::open(&sealed, credential, expected, self.limits)?;
                opens |= matches!(outcome, Outcome::Opened(_));
            }
            if !opens {
                store_slot(self.store, keys, FIRST, (credential, label), self.limits)?;
            }
        }
        Ok(())
    }

    /// Removes slots of our own that an earlier try left: the claim is of another secret.
    fn sweep(&self, keys: &EpochKeys, found: &EpochListing) -> Result<(), Error> {
        let Protection::On(credentials) = self.protection else { return Ok(()) };
        let expected = Expected { repository: self.id, epoch: FIRST, commit: keys.commit };
        for (kind, listed) in &found.slots {
            let Ok(sealed) = listed.fetch(self.store) else { continue };
            let ours = credentials.iter().map(|(credential, _)| credential);
            for credential in ours.filter(|credential| credential.kind() == *kind) {
                let outcome = slot::open(&sealed, credential, &expected, self.limits);
                if matches!(outcome, Ok(Outcome::LostClaim)) {
                    self.store.remove(&listed.name)?;
                }
            }
        }
        Ok(())
    }

    /// Claims epoch 1; false where another secret has it.
    fn claim(&self, commit: Commit) -> Result<bool, Error> {
        match self.store.put(&name::epoch(FIRST), clear::format_epoch(FIRST, commit)) {
            Err(error) if !is_taken(&error) => return Err(error),
            _ => {}
        }
        Ok(self.expected()?.commit == commit)
    }

    fn expected(&self) -> Result<Expected, Error> {
        let claim = name::epoch(FIRST);
        let bytes = self.store.get(&claim, None)?.ok_or_else(|| gone(&claim))?;
        let commit = clear::parse_epoch(&bytes, FIRST).map_err(|error| error.of(&claim))?;
        Ok(Expected { repository: self.id, epoch: FIRST, commit })
    }

    /// The keys of `open.json`, whose secret the epoch has or will have.
    fn read_open(&self) -> Result<EpochKeys, Error> {
        let open = name::open(FIRST);
        let bytes = self.store.get(&open, None)?.ok_or_else(elsewhere)?;
        let secret =
            clear::parse(&bytes)?.get("secret").and_then(Value::text).and_then(hex::decode);
        let forged = || fault(Fault::SlotForged, "open.json has no secret").of(&open);
        let keys = EpochKeys::derive(self.id, Seed::new(secret.ok_or_else(forged)?))?;
        let expected = Expected { repository: self.id, epoch: FIRST, commit: keys.commit };
        slot::parse_open(&bytes, &expected).map_err(|error| error.of(&open))
    }

    fn complete(&self, keys: &EpochKeys) -> Result<(), Error> {
        let protected = matches!(self.protection, Protection::On(_));
        let time = Time::now();
        let record = Complete { epoch: FIRST, protected, previous: 0, highest: 0, time };
        let (sealed, _) = object::seal(keys, &record.format(keys))?;
        put_verified(self.store, &name::complete(FIRST, Digest256::of(&sealed)), &sealed)
    }
}

/// Stores a slot, reads it back and opens it; returns its name.
pub(crate) fn store_slot(
    store: &dyn Store,
    keys: &EpochKeys,
    epoch: u64,
    (credential, label): (&Credential, &str),
    limits: &KdfLimits,
) -> Result<String, Error> {
    let sealed = slot::seal(keys, epoch, credential, label, limits)?;
    let name = name::slot(epoch, credential.kind(), Digest256::of(&sealed));
    put_verified(store, &name, &sealed)?;
    let expected = Expected { repository: keys.repository, epoch, commit: keys.commit };
    match slot::open(&sealed, credential, &expected, limits)? {
        Outcome::Opened(_) => Ok(name),
        Outcome::Closed | Outcome::LostClaim => {
            store.remove(&name)?;
            let what = "a slot does not open again".to_owned();
            Err(SealError::Internal { what }.into())
        }
    }
}

fn elsewhere() -> Error {
    fault(Fault::EpochChanging, "another device is making a backup at this destination")
}

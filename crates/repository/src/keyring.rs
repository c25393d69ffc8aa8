//! Adding, changing and removing credentials (`docs/format.md` section 6).

use holdfast_seal::error::{CredentialKind, Error as SealError};
use holdfast_seal::kdf::KdfLimits;

use crate::create::store_slot;
use crate::error::{Error, Fault, fault};
use crate::listing::Listed;
use crate::name::Name;
use crate::repository::Repository;
use crate::slot::{self, Credential, Expected, MAX_SLOTS, Outcome};

/// The slots of an open repository's epoch.
#[derive(Debug)]
pub struct Keyring<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The dearest key derivation that is allowed.
    pub limits: &'a KdfLimits,
}

impl Keyring<'_> {
    /// All slots, as they are now.
    ///
    /// # Errors
    ///
    /// The destination's.
    pub fn list(&self) -> Result<Vec<(CredentialKind, Listed)>, Error> {
        let epoch = self.repository.epoch;
        let infos = self.repository.store.list(&format!("e{epoch}/keyring/"))?;
        let slots = infos.into_iter().filter_map(|info| match Name::parse(&info.name)? {
            Name::Slot(of, kind, digest) if of == epoch => {
                let listed =
                    Listed { name: info.name, digest, size: info.size, modified: info.modified };
                Some((kind, listed))
            }
            _ => None,
        });
        Ok(slots.collect())
    }

    /// The names of the slots that `credential` opens, with their labels.
    ///
    /// # Errors
    ///
    /// Those of slots and of memory; the destination's. Damaged slots are passed over.
    pub fn find(&self, credential: &Credential) -> Result<Vec<(String, String)>, Error> {
        let expected = self.expected();
        let mut found = Vec::new();
        for (_, listed) in self.list()?.iter().filter(|(kind, _)| *kind == credential.kind()) {
            let sealed = match listed.fetch(&*self.repository.store) {
                Err(error) if error.is_damage() => continue,
                sealed => sealed?,
            };
            let outcome = slot::open(&sealed, credential, &expected, self.limits);
            if let Outcome::Opened(slot) = outcome.map_err(|error| error.of(&listed.name))? {
                found.push((listed.name.clone(), slot.label));
            }
        }
        Ok(found)
    }

    /// Lets another credential open the repository; returns its slot's name.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a credential that has a slot, for the 33rd slot, and where
    /// protection is off; those of credentials and of memory; the destination's.
    pub fn add(&self, credential: &Credential, label: &str) -> Result<String, Error> {
        if !self.repository.complete.protected {
            return Err(refused("protection is off: there are no credentials"));
        }
        if !self.find(credential)?.is_empty() {
            return Err(refused("this credential opens the backup already"));
        }
        self.store_one_more(credential, label)
    }

    /// Replaces a credential: the old one no longer opens what the destination holds. The same
    /// password once more gets a new slot, at the cost that it comes with.
    ///
    /// # Errors
    ///
    /// `WRONG_CREDENTIAL` unless `old` has a slot; `INVALID_ARGUMENT` where there are 32 slots; as
    /// [`Keyring::add`].
    pub fn change(&self, old: &Credential, new: &Credential, label: &str) -> Result<String, Error> {
        let doomed = self.find(old)?;
        if doomed.is_empty() {
            let tried = vec![old.kind()];
            return Err(SealError::WrongCredential { tried, looks_like: None }.into());
        }
        let known = self.find(new)?;
        // An interrupted change goes on: the new slot is there already.
        let begun = known.iter().find(|slot| !doomed.contains(slot));
        let name = match begun {
            Some((name, _)) => name.clone(),
            None => self.store_one_more(new, label)?,
        };
        for (old, _) in doomed.iter().filter(|(old, _)| *old != name) {
            self.repository.store.remove(old)?;
        }
        self.keep(new, label).map(|again| again.unwrap_or(name))
    }

    /// Removes the slot of this name; `own` is a credential that is to stay.
    ///
    /// # Errors
    ///
    /// `LAST_SLOT`; `INVALID_ARGUMENT` for a name that is no slot's; the destination's.
    pub fn remove(&self, name: &str, own: &Credential) -> Result<(), Error> {
        let slots = self.list()?;
        if !slots.iter().any(|(_, listed)| listed.name == name) {
            return Err(refused("there is no credential of this name"));
        }
        if slots.len() < 2 {
            return Err(fault(Fault::LastSlot, "the only credential cannot be removed").of(name));
        }
        if !self.find(own)?.iter().any(|(own, _)| own != name) {
            let what = "a credential cannot remove itself: use another one, or change it";
            return Err(fault(Fault::LastSlot, what).of(name));
        }
        self.repository.store.remove(name)?;
        self.keep(own, "").map(drop)
    }

    /// Stores one's own slot again if others removed all that one can open. Returns its name.
    fn keep(&self, own: &Credential, label: &str) -> Result<Option<String>, Error> {
        if self.find(own)?.is_empty() { self.store(own, label).map(Some) } else { Ok(None) }
    }

    /// Stores a slot where there is room: with one too many the repository would not open.
    fn store_one_more(&self, credential: &Credential, label: &str) -> Result<String, Error> {
        if self.list()?.len() >= MAX_SLOTS {
            return Err(refused("there are 32 credentials already: remove one first"));
        }
        self.store(credential, label)
    }

    fn store(&self, credential: &Credential, label: &str) -> Result<String, Error> {
        let Repository { store, keys, epoch, .. } = self.repository;
        store_slot(&**store, keys, *epoch, (credential, label), self.limits)
    }

    fn expected(&self) -> Expected {
        let Repository { id, epoch, keys, .. } = self.repository;
        Expected { repository: *id, epoch: *epoch, commit: keys.commit }
    }
}

fn refused(what: &str) -> Error {
    SealError::InvalidArgument { what: format!("credential: {what}") }.into()
}

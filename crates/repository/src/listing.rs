//! What a destination holds, sorted by what the names say (`docs/format.md` section 5).

use std::collections::BTreeMap;

use holdfast_seal::error::CredentialKind;

use crate::error::{Error, Fault, fault, gone};
use crate::name::Name;
use crate::object::{Digest256, MAX_OBJECT_LEN};
use crate::store::{ObjectInfo, Store};

/// A listed `.age` object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its whole name.
    pub name: String,
    /// The digest in its name.
    pub digest: Digest256,
    /// Its length in bytes.
    pub size: u64,
    /// When it was stored, by the store's clock, in seconds since 1970.
    pub modified: Option<i64>,
}

impl Listed {
    /// The object's bytes, which are what its name says.
    ///
    /// # Errors
    ///
    /// `MALFORMED` above 40 MiB, `OBJECT_MISMATCH`, `OBJECT_MISSING`; the destination's.
    pub fn fetch(&self, store: &dyn Store) -> Result<Vec<u8>, Error> {
        let too_large = || fault(Fault::Malformed, "an object is above 40 MiB").of(&self.name);
        if self.size > MAX_OBJECT_LEN {
            return Err(too_large());
        }
        let bytes = store.get(&self.name, None)?.ok_or_else(|| gone(&self.name))?;
        if bytes.len() as u64 > MAX_OBJECT_LEN {
            return Err(too_large());
        }
        self.digest.check(&bytes).map_err(|error| error.of(&self.name))?;
        Ok(bytes)
    }
}

/// The objects of one epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochListing {
    /// Length of `epoch.json` in bytes, if it is there.
    pub claim: Option<u64>,
    /// Length of `keyring/open.json` in bytes, if it is there.
    pub open: Option<u64>,
    /// `keyring/<kind>-…`
    pub slots: Vec<(CredentialKind, Listed)>,
    /// `complete/…`
    pub complete: Vec<Listed>,
    /// `packs/…`
    pub packs: Vec<Listed>,
    /// `indexes/…`
    pub indexes: Vec<Listed>,
    /// `snapshots/…`
    pub snapshots: Vec<Listed>,
    /// `tombstones/…`
    pub tombstones: Vec<Listed>,
}

/// The objects of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Length of `holdfast.json` in bytes, if it is there.
    pub repository: Option<u64>,
    /// By number.
    pub epochs: BTreeMap<u64, EpochListing>,
}

impl Listing {
    /// Lists what is stored now. Names that are not ours are left out.
    ///
    /// # Errors
    ///
    /// `REPOSITORY_FORGED` for two clear files of one name that differ in length: of two objects
    /// of one name a store gives only one. The destination's.
    pub fn read(store: &dyn Store) -> Result<Self, Error> {
        let mut listing = Self::default();
        let mut infos = store.list("")?;
        infos.sort_unstable_by(|one, other| (&one.name, one.size).cmp(&(&other.name, other.size)));
        infos.dedup_by(|one, other| one.name == other.name && one.size == other.size);
        for info in infos {
            let Some(name) = Name::parse(&info.name) else { continue };
            let Some(number) = epoch_of(name) else {
                only(&mut listing.repository, &info)?;
                continue;
            };
            let epoch = listing.epochs.entry(number).or_default();
            let (size, modified) = (info.size, info.modified);
            let listed = |digest| Listed { name: info.name.clone(), digest, size, modified };
            match name {
                Name::Repository => {}
                Name::Epoch(_) => only(&mut epoch.claim, &info)?,
                Name::Open(_) => only(&mut epoch.open, &info)?,
                Name::Slot(_, kind, digest) => epoch.slots.push((kind, listed(digest))),
                Name::Complete(_, digest) => epoch.complete.push(listed(digest)),
                Name::Pack(_, digest) => epoch.packs.push(listed(digest)),
                Name::Index(_, digest) => epoch.indexes.push(listed(digest)),
                Name::Snapshot(_, digest) => epoch.snapshots.push(listed(digest)),
                Name::Tombstone(_, digest) => epoch.tombstones.push(listed(digest)),
            }
        }
        Ok(listing)
    }
}

/// Takes the length of a clear file, of which there can be only one.
fn only(len: &mut Option<u64>, info: &ObjectInfo) -> Result<(), Error> {
    match len.replace(info.size) {
        Some(_) => {
            let what = "there are two clear files of one name, and they differ";
            Err(fault(Fault::RepositoryForged, what).of(&info.name))
        }
        None => Ok(()),
    }
}

fn epoch_of(name: Name) -> Option<u64> {
    match name {
        Name::Repository => None,
        Name::Epoch(epoch)
        | Name::Open(epoch)
        | Name::Slot(epoch, ..)
        | Name::Complete(epoch, _)
        | Name::Pack(epoch, _)
        | Name::Index(epoch, _)
        | Name::Snapshot(epoch, _)
        | Name::Tombstone(epoch, _) => Some(epoch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Names(Vec<(&'static str, u64)>);

    impl Store for Names {
        fn list(&self, _: &str) -> Result<Vec<ObjectInfo>, Error> {
            let info = |(name, size): &(&str, u64)| ObjectInfo {
                name: (*name).to_owned(),
                size: *size,
                modified: None,
            };
            Ok(self.0.iter().map(info).collect())
        }

        fn get(&self, _: &str, _: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
            Ok(None)
        }

        fn put(&self, _: &str, _: Vec<u8>) -> Result<(), Error> {
            Ok(())
        }

        fn remove(&self, _: &str) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn two_clear_files_of_one_name_and_different_lengths_are_forged() {
        for name in ["holdfast.json", "e1/epoch.json", "e1/keyring/open.json"] {
            let twice = Listing::read(&Names(vec![(name, 60), (name, 60)]));
            assert!(twice.is_ok(), "{name}");
            let differ = Listing::read(&Names(vec![(name, 60), ("other", 1), (name, 61)]));
            assert_eq!(differ.unwrap_err().fault(), Some(Fault::RepositoryForged), "{name}");
        }
    }
}

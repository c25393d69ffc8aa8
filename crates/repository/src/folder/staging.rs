//! Where files grow before they have their names: one folder in the target, which a later call
//! takes over from one that was killed.

use std::fs::{File, TryLockError};

use holdfast_seal::error::Error as SealError;
use sha2::{Digest as _, Sha256};

use super::{Folder, Found, unwritable};
use crate::error::Error;
use crate::hex;
use crate::manifest::Component;

const NAME: &str = ".holdfast-restore.partial";
const LOCK: &str = "lock";

/// The folder of files that are not whole yet. Locked while it is in use.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: Folder,
    name: Component,
    _lock: File,
}

impl Staging {
    /// Makes the folder, or takes over what is left of one. `taken` are the names that the
    /// snapshot has in the target.
    pub(crate) fn open(root: &Folder, taken: &[Component]) -> Result<Self, Error> {
        let mut name = Component(NAME.as_bytes().to_vec());
        while taken.contains(&name) {
            name.0.push(b'_');
        }
        let found = root.look(&name).map_err(|error| unwritable("inspect", &error))?;
        if !matches!(found, None | Some(Found::Directory)) {
            let what = "something that is not a folder has the name for unfinished files";
            return Err(SealError::TargetUnsafe { what }.into());
        }
        let folder = root.make(&name).map_err(|error| unwritable("create", &error))?;
        let lock = folder.write(&lock()).map_err(|error| unwritable("create", &error))?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            let what = "another restore is writing to it";
            return Err(SealError::TargetUnsafe { what }.into());
        }
        Ok(Self { folder, name, _lock: lock })
    }

    pub(crate) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Removes it with what is left in it.
    pub(crate) fn remove(self, root: &Folder) -> Result<(), Error> {
        let Self { folder, name, .. } = self;
        let clear = || {
            for name in folder.names()? {
                folder.remove(&name)?;
            }
            root.remove_folder(&name)
        };
        clear().map_err(|error| unwritable("remove", &error))
    }
}

/// The name under which the file at `path` grows.
pub(crate) fn name_of(key: &[u8]) -> Component {
    Component(hex::encode(&Sha256::digest(key)).into_bytes())
}

fn lock() -> Component {
    Component(LOCK.as_bytes().to_vec())
}

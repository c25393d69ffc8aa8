//! Why something failed, and what was noticed besides.

use std::sync::{Mutex, PoisonError};

pub use holdfast_seal::error::Detail;
use holdfast_seal::error::Error as SealError;

use crate::manifest::Component;

/// Every code that [`Error::code`] can return to a caller besides those of sealing and of
/// destinations.
pub const CODES: &[&str] = &[
    "NOT_A_REPOSITORY",
    "REPOSITORY_FORGED",
    "UNSUPPORTED_FEATURE",
    "SLOT_INVALID",
    "SLOT_FORGED",
    "OBJECT_MISMATCH",
    "OBJECT_FORGED",
    "SNAPSHOT_TAMPERED",
    "BLOCK_MISMATCH",
    "BLOCK_MISSING",
    "INDEX_DAMAGED",
    "PATH_UNSAFE",
    "SNAPSHOT_MISSING",
    "PROTECTION_DOWNGRADED",
    "ROLLBACK_SUSPECTED",
    "EPOCH_CHANGING",
    "LAST_SLOT",
    "LOCKED",
];

/// What is wrong with a repository or a part of it: the codes of `docs/format.md` section 11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// There is no repository at the destination.
    NotARepository,
    /// Two clear files differ, or a clear file, a count or an epoch is not what records say.
    RepositoryForged,
    /// A record or a table does not have its form.
    Malformed,
    /// The format is of a later version.
    UnsupportedVersion,
    /// A record needs a feature that this program does not know.
    UnsupportedFeature,
    /// A slot's header is not what its kind demands.
    SlotInvalid,
    /// A slot opens and says something else than the repository.
    SlotForged,
    /// An object's bytes and its name differ.
    ObjectMismatch,
    /// An object does not open, or its MAC is wrong.
    ObjectForged,
    /// A snapshot's MAC is wrong, or what it says contradicts itself.
    SnapshotTampered,
    /// A block's content is not what its id says.
    BlockMismatch,
    /// A block, page or list is nowhere in the repository.
    BlockMissing,
    /// An index contradicts an intact pack.
    IndexDamaged,
    /// A name in a manifest would leave the target.
    PathUnsafe,
    /// A snapshot that was asked for is not there.
    SnapshotMissing,
    /// The destination says that protection is off where it was on.
    ProtectionDowngraded,
    /// The destination shows an older state than was seen.
    RollbackSuspected,
    /// A new epoch is being built.
    EpochChanging,
    /// The only credential cannot be removed.
    LastSlot,
}

impl Fault {
    /// The stable name of this failure.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotARepository => "NOT_A_REPOSITORY",
            Self::RepositoryForged => "REPOSITORY_FORGED",
            Self::Malformed => "MALFORMED",
            Self::UnsupportedVersion => "UNSUPPORTED_VERSION",
            Self::UnsupportedFeature => "UNSUPPORTED_FEATURE",
            Self::SlotInvalid => "SLOT_INVALID",
            Self::SlotForged => "SLOT_FORGED",
            Self::ObjectMismatch => "OBJECT_MISMATCH",
            Self::ObjectForged => "OBJECT_FORGED",
            Self::SnapshotTampered => "SNAPSHOT_TAMPERED",
            Self::BlockMismatch => "BLOCK_MISMATCH",
            Self::BlockMissing => "BLOCK_MISSING",
            Self::IndexDamaged => "INDEX_DAMAGED",
            Self::PathUnsafe => "PATH_UNSAFE",
            Self::SnapshotMissing => "SNAPSHOT_MISSING",
            Self::ProtectionDowngraded => "PROTECTION_DOWNGRADED",
            Self::RollbackSuspected => "ROLLBACK_SUSPECTED",
            Self::EpochChanging => "EPOCH_CHANGING",
            Self::LastSlot => "LAST_SLOT",
        }
    }
}

/// Why an operation on a repository failed. No variant carries a secret or plaintext.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of sealing, opening, credentials or files.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Something is wrong with the repository.
    #[error("{what}{}", of(.object.as_deref()))]
    Repository {
        /// What kind of failure.
        fault: Fault,
        /// What exactly.
        what: String,
        /// The object, where it is one.
        object: Option<String>,
    },
    /// The credential does not open the repository.
    #[error("{what}")]
    Credential {
        /// What happened, in words that fit a repository.
        what: String,
        /// The same failure of a file, for its code and its details.
        cause: SealError,
    },
    /// An entry of a snapshot could not be restored.
    #[error("{path}: {cause}")]
    Entry {
        /// The entry's path, for people: components joined with `/`.
        path: String,
        /// Why.
        cause: Box<Error>,
    },
    /// Another backup works with the same state on this machine.
    #[error("another backup to this destination is running on this machine")]
    Locked,
    /// The destination failed; its code and message, unchanged.
    #[error("{message}")]
    Store {
        /// The destination's code.
        code: String,
        /// The destination's message.
        message: String,
    },
}

impl Error {
    /// The stable name of this failure, the same in every language.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Seal(error) => error.code(),
            Self::Repository { fault, .. } => fault.code(),
            Self::Credential { cause, .. } => cause.code(),
            Self::Entry { cause, .. } => cause.code(),
            Self::Locked => "LOCKED",
            Self::Store { code, .. } => code,
        }
    }

    /// The same failure, of this object.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        match self {
            Self::Repository { fault, what, object: None } => {
                Self::Repository { fault, what, object: Some(name.to_owned()) }
            }
            other => other,
        }
    }

    /// The values behind the message.
    #[must_use]
    pub fn details(&self) -> Vec<(&'static str, Detail)> {
        match self {
            Self::Seal(error) | Self::Credential { cause: error, .. } => error.details(),
            Self::Entry { path, cause } => {
                let mut details = cause.details();
                details.push(("path", Detail::Text(path.clone())));
                details
            }
            Self::Repository { object: Some(name), .. } => {
                vec![("object", Detail::Text(name.clone()))]
            }
            Self::Repository { .. } | Self::Locked | Self::Store { .. } => Vec::new(),
        }
    }

    /// What is wrong with the repository, where that is the failure.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Repository { fault, .. } => Some(*fault),
            Self::Entry { cause, .. } => cause.fault(),
            Self::Seal(_) | Self::Credential { .. } | Self::Locked | Self::Store { .. } => None,
        }
    }

    /// Whether this is damage to one object, after which others may still be read. A destination
    /// that does not answer is not.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        self.fault().is_some()
            || matches!(self, Self::Store { code, .. } if code == "OBJECT_MISSING")
    }

    /// The failure of the entry at `path`.
    #[must_use]
    pub fn at(self, path: &[Component]) -> Self {
        let path = path.iter().map(|name| String::from_utf8_lossy(&name.0)).collect::<Vec<_>>();
        Self::Entry { path: path.join("/"), cause: Box::new(self) }
    }
}

/// A failure of the repository.
pub(crate) fn fault(fault: Fault, what: impl Into<String>) -> Error {
    Error::Repository { fault, what: what.into(), object: None }
}

/// An object that was listed is not there.
pub(crate) fn gone(name: &str) -> Error {
    Error::Store { code: "OBJECT_MISSING".to_owned(), message: format!("no object at {name}") }
}

fn of(object: Option<&str>) -> String {
    object.map_or_else(String::new, |name| format!(" ({name})"))
}

/// What an operation noticed and went on after.
#[derive(Debug, Default)]
pub struct Reports(Mutex<Vec<Error>>);

impl Reports {
    /// Keeps a report; the same one only once.
    pub fn add(&self, report: Error) {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !reports.contains(&report) {
            reports.push(report);
        }
    }

    /// Everything noticed so far.
    #[must_use]
    pub fn all(&self) -> Vec<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use holdfast_seal::error::CODES as SEAL_CODES;

    use super::*;

    /// Every fault but the first comes after another: a new one does not compile without its place.
    fn after(fault: Fault) -> Option<Fault> {
        Some(match fault {
            Fault::NotARepository => Fault::RepositoryForged,
            Fault::RepositoryForged => Fault::Malformed,
            Fault::Malformed => Fault::UnsupportedVersion,
            Fault::UnsupportedVersion => Fault::UnsupportedFeature,
            Fault::UnsupportedFeature => Fault::SlotInvalid,
            Fault::SlotInvalid => Fault::SlotForged,
            Fault::SlotForged => Fault::ObjectMismatch,
            Fault::ObjectMismatch => Fault::ObjectForged,
            Fault::ObjectForged => Fault::SnapshotTampered,
            Fault::SnapshotTampered => Fault::BlockMismatch,
            Fault::BlockMismatch => Fault::BlockMissing,
            Fault::BlockMissing => Fault::IndexDamaged,
            Fault::IndexDamaged => Fault::PathUnsafe,
            Fault::PathUnsafe => Fault::SnapshotMissing,
            Fault::SnapshotMissing => Fault::ProtectionDowngraded,
            Fault::ProtectionDowngraded => Fault::RollbackSuspected,
            Fault::RollbackSuspected => Fault::EpochChanging,
            Fault::EpochChanging => Fault::LastSlot,
            Fault::LastSlot => return None,
        })
    }

    #[test]
    fn the_list_of_codes_has_every_fault_and_nothing_that_sealing_has() {
        let faults = std::iter::successors(Some(Fault::NotARepository), |fault| after(*fault));
        let codes = faults.map(Fault::code).chain(["LOCKED"]);
        let own: Vec<_> = codes.filter(|code| !SEAL_CODES.contains(code)).collect();
        assert_eq!(own.len(), CODES.len());
        assert!(own.iter().all(|code| CODES.contains(code)));
    }
}

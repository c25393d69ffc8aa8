//! Names of objects (`docs/format.md` section 5). Any other name is ignored.

use holdfast_seal::error::CredentialKind;

use crate::object::Digest256;
use crate::time::Time;

/// The clear file that every repository has.
pub const REPOSITORY: &str = "holdfast.json";

/// What an object is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// `holdfast.json`
    Repository,
    /// `e<n>/epoch.json`
    Epoch(u64),
    /// `e<n>/keyring/<kind>-<sha256>.age`
    Slot(u64, CredentialKind, Digest256),
    /// `e<n>/keyring/open.json`
    Open(u64),
    /// `e<n>/complete/<sha256>.age`
    Complete(u64, Digest256),
    /// `e<n>/packs/<xx>/<sha256>.age`
    Pack(u64, Digest256),
    /// `e<n>/indexes/<sha256>.age`
    Index(u64, Digest256),
    /// `e<n>/snapshots/<utc>-<sha256>.age`
    Snapshot(u64, Digest256),
    /// `e<n>/tombstones/<utc>-<sha256>.age`
    Tombstone(u64, Digest256),
}

impl Name {
    /// What an object of this name is; nothing for names that are not ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name == REPOSITORY {
            return Some(Self::Repository);
        }
        let (epoch, rest) = name.strip_prefix('e')?.split_once('/')?;
        let epoch = number(epoch)?;
        if rest == "epoch.json" {
            return Some(Self::Epoch(epoch));
        }
        let (folder, file) = rest.split_once('/')?;
        if folder == "keyring" && file == "open.json" {
            return Some(Self::Open(epoch));
        }
        let stem = file.strip_suffix(".age")?;
        Some(match folder {
            "keyring" => {
                let (kind, digest) = stem.split_once('-')?;
                Self::Slot(epoch, kind_of(kind)?, Digest256::from_hex(digest)?)
            }
            "complete" => Self::Complete(epoch, Digest256::from_hex(stem)?),
            "packs" => {
                let (start, stem) = stem.split_once('/')?;
                let digest = Digest256::from_hex(stem)?;
                (start.len() == 2 && stem.starts_with(start))
                    .then_some(Self::Pack(epoch, digest))?
            }
            "indexes" => Self::Index(epoch, Digest256::from_hex(stem)?),
            "snapshots" => Self::Snapshot(epoch, dated(stem)?),
            "tombstones" => Self::Tombstone(epoch, dated(stem)?),
            _ => return None,
        })
    }

    /// The digest in the name, if it has one.
    #[must_use]
    pub fn digest(&self) -> Option<Digest256> {
        match self {
            Self::Repository | Self::Epoch(_) | Self::Open(_) => None,
            Self::Slot(_, _, digest)
            | Self::Complete(_, digest)
            | Self::Pack(_, digest)
            | Self::Index(_, digest)
            | Self::Snapshot(_, digest)
            | Self::Tombstone(_, digest) => Some(*digest),
        }
    }
}

/// `e<n>/epoch.json`
#[must_use]
pub fn epoch(epoch: u64) -> String {
    format!("e{epoch}/epoch.json")
}

/// `e<n>/keyring/open.json`
#[must_use]
pub fn open(epoch: u64) -> String {
    format!("e{epoch}/keyring/open.json")
}

/// `e<n>/keyring/<kind>-<sha256>.age`
#[must_use]
pub fn slot(epoch: u64, kind: CredentialKind, digest: Digest256) -> String {
    format!("e{epoch}/keyring/{kind}-{}.age", digest.to_hex())
}

/// `e<n>/complete/<sha256>.age`
#[must_use]
pub fn complete(epoch: u64, digest: Digest256) -> String {
    format!("e{epoch}/complete/{}.age", digest.to_hex())
}

/// `e<n>/packs/<xx>/<sha256>.age`
#[must_use]
pub fn pack(epoch: u64, digest: Digest256) -> String {
    let digest = digest.to_hex();
    let start: String = digest.chars().take(2).collect();
    format!("e{epoch}/packs/{start}/{digest}.age")
}

/// `e<n>/indexes/<sha256>.age`
#[must_use]
pub fn index(epoch: u64, digest: Digest256) -> String {
    format!("e{epoch}/indexes/{}.age", digest.to_hex())
}

/// `e<n>/snapshots/<utc>-<sha256>.age`
#[must_use]
pub fn snapshot(epoch: u64, time: Time, digest: Digest256) -> String {
    format!("e{epoch}/snapshots/{}-{}.age", time.compact(), digest.to_hex())
}

fn kind_of(kind: &str) -> Option<CredentialKind> {
    [CredentialKind::Password, CredentialKind::Key].into_iter().find(|known| known.as_str() == kind)
}

/// A decimal number from 1, without leading zeros.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

/// The digest after `YYYYMMDDTHHMMSSZ-`, whose digits are not checked further.
fn dated(stem: &str) -> Option<Digest256> {
    let (time, digest) = stem.split_once('-')?;
    let shape = time.bytes().zip(b"00000000T000000Z").all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        other => byte == *other,
    });
    (shape && time.len() == 16).then(|| Digest256::from_hex(digest)).flatten()
}

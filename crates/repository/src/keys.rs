//! Everything that is derived from an epoch's secret (`docs/format.md` section 6).

use std::fmt;

use hmac::{Hmac, KeyInit as _};
use holdfast_seal::age_key::{HybridIdentity, HybridRecipient};
use holdfast_seal::derivation;
use holdfast_seal::secret::{Seed, random_bytes};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::block::BlockKind;
use crate::error::Error;
use crate::hex;

/// Names a repository: 16 random bytes, not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RepositoryId(pub [u8; 16]);

impl RepositoryId {
    /// A new id.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if the random generator fails.
    pub fn random() -> Result<Self, Error> {
        Ok(Self(random_bytes()?))
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(&self.0)
    }
}

/// Names an epoch's secret without revealing it: 32 bytes, public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit(pub [u8; 32]);

/// 32 bytes that key a MAC or a keyed hash; wiped when dropped.
#[derive(Clone)]
pub struct DerivedKey(Zeroizing<[u8; 32]>);

impl DerivedKey {
    /// HKDF-SHA-256 of `secret`, salted with the repository id: 32 bytes for `label`.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if HKDF refuses, which it does not for 32 bytes.
    pub fn derive(repository: RepositoryId, secret: &[u8], label: &str) -> Result<Self, Error> {
        Ok(Self(derivation::derive(Some(&repository.0), secret, &[label.as_bytes()])?))
    }

    /// The raw bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A new HMAC-SHA-256 under this key.
    pub(crate) fn hmac(&self) -> Hmac<Sha256> {
        // RFC 2104: a key is filled up with zeros to the length of the hash's block.
        let mut block = Zeroizing::new([0_u8; 64]);
        for (to, from) in block.iter_mut().zip(self.0.iter()) {
            *to = *from;
        }
        Hmac::new((&*block).into())
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DerivedKey(redacted)")
    }
}

/// What a MAC key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacKind {
    /// The record that an epoch is complete.
    Epoch,
    /// A pack's table.
    Pack,
    /// An index.
    Index,
    /// A snapshot's record.
    Snapshot,
    /// A tombstone's record.
    Tombstone,
}

/// The keys of one epoch of one repository.
#[derive(Debug)]
pub struct EpochKeys {
    /// The repository.
    pub repository: RepositoryId,
    /// Names the secret.
    pub commit: Commit,
    /// Opens every data object.
    pub identity: HybridIdentity,
    /// Seals every data object; never stored, shown or logged.
    pub recipient: HybridRecipient,
    seed: Seed,
    secret: Seed,
    block_ids: [DerivedKey; 3],
    page_cut: DerivedKey,
    macs: [DerivedKey; 5],
}

impl EpochKeys {
    /// Derives all keys of the epoch whose secret is `secret`.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if a primitive refuses, which none does for these lengths.
    pub fn derive(repository: RepositoryId, secret: Seed) -> Result<Self, Error> {
        let key = |label: &str| {
            DerivedKey::derive(repository, secret.expose(), &format!("holdfast/v1/{label}"))
        };
        let seed = Seed::new(*key("identity")?.expose());
        let identity = HybridIdentity::new(&seed)?;
        Ok(Self {
            repository,
            commit: Commit(*key("commit")?.expose()),
            recipient: identity.recipient(),
            identity,
            seed,
            block_ids: [key("block-id/data")?, key("block-id/page")?, key("block-id/list")?],
            page_cut: key("page-cut")?,
            macs: [
                key("mac/epoch")?,
                key("mac/pack")?,
                key("mac/index")?,
                key("mac/snapshot")?,
                key("mac/tombstone")?,
            ],
            secret,
        })
    }

    /// The secret: only for slots.
    #[must_use]
    pub fn secret(&self) -> &Seed {
        &self.secret
    }

    /// The seed of the identity: only for slots.
    #[must_use]
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// The key of block ids of this kind.
    #[must_use]
    pub fn block_id(&self, kind: BlockKind) -> &DerivedKey {
        let [data, page, list] = &self.block_ids;
        match kind {
            BlockKind::Data => data,
            BlockKind::Page => page,
            BlockKind::List => list,
        }
    }

    /// The key that decides where pages end.
    #[must_use]
    pub fn page_cut(&self) -> &DerivedKey {
        &self.page_cut
    }

    /// The key of MACs of this kind.
    #[must_use]
    pub fn mac(&self, kind: MacKind) -> &DerivedKey {
        let [epoch, pack, index, snapshot, tombstone] = &self.macs;
        match kind {
            MacKind::Epoch => epoch,
            MacKind::Pack => pack,
            MacKind::Index => index,
            MacKind::Snapshot => snapshot,
            MacKind::Tombstone => tombstone,
        }
    }
}

/// The key of a slot's MAC: from the person's 32 key bytes, or from the stretched password.
///
/// # Errors
///
/// As [`DerivedKey::derive`].
pub fn slot_mac(repository: RepositoryId, credential: &[u8; 32]) -> Result<DerivedKey, Error> {
    DerivedKey::derive(repository, credential, "holdfast/v1/mac/slot")
}

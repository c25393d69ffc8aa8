//! What the tests of whole repositories share.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(missing_docs, unreachable_pub, reason = "test code")]

pub mod failing;
pub mod made;
pub mod scratch;
pub mod stores;
pub mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_repository::catalog::Catalog;
use holdfast_repository::check::{Checked, Depth, check};
use holdfast_repository::error::{Error, Reports};
use holdfast_repository::open::Opening;
use holdfast_repository::pin::Pin;
use holdfast_repository::plan::Options;
use holdfast_repository::read::Reader;
use holdfast_repository::record::Id;
use holdfast_repository::restore::{Restored, restore};
use holdfast_repository::slot::Credential;
use holdfast_repository::snapshots::Snapshots;
use holdfast_repository::store::Store;
use holdfast_seal::control::Control;
use holdfast_seal::credential::CostChoice;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;
use serde_json::Value;

/// Where the repositories of another implementation are.
pub fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/external/repository")
}

pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The credential of an `expected.json`.
pub fn credential(expected: &Value) -> Option<Credential> {
    let value = expected["credential"]["value"].as_str()?;
    Some(match expected["credential"]["kind"].as_str()? {
        "key" => Credential::Key(Arc::new(RecoveryKey::parse(value).unwrap())),
        _ => Credential::Password(
            Arc::new(Password::from_utf8(value.as_bytes()).unwrap()),
            CostChoice::Automatic,
        ),
    })
}

pub fn id(text: &str) -> Id {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    std::array::from_fn(|at| byte(at * 2))
}

pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Everything that is needed to open a repository.
pub struct Visit<'a> {
    pub store: Arc<dyn Store>,
    pub credential: Option<&'a Credential>,
    pub pin: Option<&'a Pin>,
}

/// What came of a visit.
pub struct Visited<T> {
    pub result: Result<T, Error>,
    pub reports: Vec<Error>,
}

impl Visit<'_> {
    /// Opens the repository and works with what it holds.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&Reader, &Snapshots) -> Result<T, Error>,
    ) -> Visited<T> {
        self.with_shared(|reader, snapshots| work(&reader, snapshots))
    }

    /// The same, with a reader to keep.
    pub fn with_shared<T>(
        &self,
        work: impl FnOnce(Arc<Reader>, &Snapshots) -> Result<T, Error>,
    ) -> Visited<T> {
        let reports = Arc::new(Reports::default());
        let limits = KdfLimits::default();
        let opening = Opening { credential: self.credential, pin: self.pin, limits: &limits };
        let run = || {
            let repository = opening.open(Arc::clone(&self.store), &reports)?;
            let snapshots = Snapshots::load(&repository, self.pin, &reports)?;
            let catalog = Catalog::load(&repository, &reports)?;
            let reader = Reader::new(Arc::new(repository), catalog, Arc::clone(&reports));
            work(Arc::new(reader), &snapshots)
        };
        let result = run();
        Visited { result, reports: reports.all() }
    }

    /// Restores a snapshot, or the latest, and says which it was.
    pub fn restore(
        &self,
        snapshot: Option<&Id>,
        target: &Path,
        options: &Options,
    ) -> Visited<(Id, Restored)> {
        self.with(|reader, snapshots| {
            let snapshot = snapshot.map_or_else(|| snapshots.latest(), |id| snapshots.find(id))?;
            let restored = restore(reader, snapshot, target, options, &Control::default())?;
            Ok((snapshot.id, restored))
        })
    }

    /// Checks the repository.
    pub fn check(&self, depth: Depth) -> Visited<Checked> {
        self.with(|reader, snapshots| check(reader, snapshots, depth, &Control::default()))
    }
}

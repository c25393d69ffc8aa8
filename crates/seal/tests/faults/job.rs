//! One sealing or opening, and what must be true before and after it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use holdfast_seal::credential::{Identity, Recipient, Recipients};
use holdfast_seal::crew::Call;
use holdfast_seal::error::Error;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::limits::{CHUNK_LEN, RUN_CHUNKS};
use holdfast_seal::opening::{open_bytes, open_file};
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::sealing::{Place, Publish, seal_bytes, seal_file};

use crate::scratch::{Scratch, names};

const SEED: &str = "88117ad8aebbc2e95223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d";
/// Two runs: the second one has two chunks.
pub(crate) const LEN: usize = RUN_CHUNKS * CHUNK_LEN + CHUNK_LEN + 321;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Seal,
    Open,
}

/// Every kind of job, with and without a file to replace.
pub(crate) const JOBS: [(Kind, bool); 4] =
    [(Kind::Seal, false), (Kind::Seal, true), (Kind::Open, false), (Kind::Open, true)];

pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) overwrite: bool,
    /// The folder that the target lies in.
    pub(crate) folder: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) source: PathBuf,
    pub(crate) scratch: Scratch,
}

impl Job {
    pub(crate) fn new((kind, overwrite): (Kind, bool), len: usize) -> Self {
        let scratch = Scratch::new(parent());
        let content = if kind == Kind::Seal { plain(len) } else { sealed(len) };
        let source = scratch.file("source", content);
        let folder = scratch.join("folder");
        fs::create_dir(&folder).unwrap();
        let target = folder.join("out");
        if overwrite {
            fs::write(&target, "old").unwrap();
        }
        Self { kind, overwrite, folder, target, source, scratch }
    }

    pub(crate) fn run(&self, call: &Call) -> Result<(), Error> {
        Self::run_on(self.kind, self.overwrite, &self.source, &self.target, call)
    }

    pub(crate) fn run_on(
        kind: Kind,
        overwrite: bool,
        source: &Path,
        target: &Path,
        call: &Call,
    ) -> Result<(), Error> {
        let (source, target) = (Place::Path(source.into()), Place::Path(target.into()));
        let publish = Publish { overwrite, sync: true };
        match kind {
            Kind::Seal => {
                let to = Recipients::new(vec![Recipient::from(&key())]).unwrap();
                seal_file(&source, &target, &to, publish, call).map(|_| ())
            }
            Kind::Open => {
                let with = [Identity::from(&key())];
                open_file(&source, &target, &with, publish, call).map(|_| ())
            }
        }
    }

    /// Whether nothing has happened to the target, and nothing lies beside it.
    pub(crate) fn is_untouched(&self) -> bool {
        if self.overwrite {
            self.names() == ["out"] && fs::read(&self.target).unwrap() == b"old"
        } else {
            self.names().is_empty()
        }
    }

    /// Whether the target is complete, with the content of the source, and nothing lies beside it.
    pub(crate) fn is_done(&self, len: usize) -> bool {
        self.names() == ["out"] && self.plain_target() == Some(plain(len))
    }

    /// The target's plaintext, if it is whole.
    pub(crate) fn plain_target(&self) -> Option<Vec<u8>> {
        let bytes = fs::read(&self.target).ok()?;
        match self.kind {
            Kind::Seal => {
                let with = [Identity::from(&key())];
                open_bytes(&bytes, &with, &KdfLimits::default()).ok().map(|plain| plain.to_vec())
            }
            Kind::Open => Some(bytes),
        }
    }

    pub(crate) fn names(&self) -> Vec<OsString> {
        names(&self.folder)
    }

    /// Puts the target back to what it was at the beginning.
    pub(crate) fn reset(&self) {
        for name in self.names() {
            fs::remove_file(self.folder.join(name)).unwrap();
        }
        if self.overwrite {
            fs::write(&self.target, "old").unwrap();
        }
    }
}

/// Memory instead of a disk where there is such a folder: thousands of flushes take minutes.
fn parent() -> &'static Path {
    static PARENT: OnceLock<PathBuf> = OnceLock::new();
    PARENT.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        if memory.is_dir() && env::var_os("SLOW").is_none() { memory } else { env::temp_dir() }
    })
}

pub(crate) fn key() -> RecoveryKey {
    RecoveryKey::parse(SEED).unwrap()
}

pub(crate) fn plain(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

pub(crate) fn sealed(len: usize) -> Vec<u8> {
    static SEALED: OnceLock<Vec<u8>> = OnceLock::new();
    let seal = |len| {
        let to = Recipients::new(vec![Recipient::from(&key())]).unwrap();
        seal_bytes(&plain(len), &to, &KdfLimits::default()).unwrap()
    };
    if len == LEN { SEALED.get_or_init(|| seal(len)).clone() } else { seal(len) }
}

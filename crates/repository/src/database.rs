//! Databases: read through a consistent copy, never while others write to them.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use holdfast_seal::error::Error as SealError;
use holdfast_seal::secret::random_bytes;

use crate::cut::{self, Cutter};
use crate::error::Error;
use crate::hex;
use crate::source::Snapshotter;

/// A copy of a database, removed when it is no longer needed.
#[derive(Debug)]
pub(crate) struct Copy {
    path: PathBuf,
}

impl Copy {
    /// Copies the database into a new file in `folder` that only its owner can read.
    pub(crate) fn make(
        snapshotter: Option<&dyn Snapshotter>,
        database: &Path,
        folder: &Path,
    ) -> Result<Self, Error> {
        let reason = "a database is only read through a copy, and nothing here makes one";
        let snapshotter = snapshotter.ok_or_else(|| unreadable(reason.to_owned()))?;
        let failed = |error: std::io::Error| unreadable(error.to_string());
        fs::create_dir_all(folder).map_err(failed)?;
        let name = format!("{}.database", hex::encode(&random_bytes::<16>()?));
        let path = folder.join(name);
        private().open(&path).map_err(failed)?;
        let copy = Self { path };
        snapshotter.copy(database, &copy.path)?;
        Ok(copy)
    }

    /// Its blocks.
    pub(crate) fn open(&self) -> Result<Cutter, Error> {
        cut::open_copy(&self.path)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// Where copies are made; those that a killed session left are removed.
pub(crate) fn folder(state: Option<&Path>) -> PathBuf {
    match state {
        Some(state) => {
            let folder = state.join("databases");
            drop(fs::remove_dir_all(&folder));
            folder
        }
        None => std::env::temp_dir(),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn unreadable(reason: String) -> Error {
    SealError::SourceUnreadable { call: "copy the database", reason }.into()
}

//! Databases: read through a consistent copy, never while others write to them.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast_seal::error::Error as SealError;
use holdfast_seal::secret::random_bytes;

use crate::cut::{self, Cutter};
use crate::error::Error;
use crate::hex;
use crate::source::Snapshotter;

/// How the names of copies begin and end.
const START: &str = "holdfast-";
const END: &str = ".database";
/// A copy that was not written to for so long, where others have theirs, is nobody's any more.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

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
        let name = hex::encode(&random_bytes::<16>()?);
        let path = folder.join(format!("{START}{name}{END}"));
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
    if let Some(state) = state {
        let folder = state.join("databases");
        drop(fs::remove_dir_all(&folder));
        return folder;
    }
    let folder = std::env::temp_dir();
    sweep(&folder);
    folder
}

fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name.strip_prefix(START).and_then(|name| name.strip_suffix(END));
        let ours = ours.and_then(hex::decode::<16>).is_some();
        let modified = entry.metadata().ok().filter(fs::Metadata::is_file);
        let modified = modified.filter(|_| ours).and_then(|entry| entry.modified().ok());
        let age = modified.and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > ABANDONED) {
            drop(fs::remove_file(entry.path()));
        }
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn row_28_copies_that_a_killed_session_left_are_removed_a_day_later() {
        let name = format!("holdfast-sweep-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let old = SystemTime::now() - 2 * ABANDONED;
        let copy = |digit: &str| format!("holdfast-{}.database", digit.repeat(32));
        for (name, kept) in [
            (copy("0"), false),
            (copy("1"), true),
            ("holdfast-mine.database".to_owned(), true),
            ("0".repeat(32), true),
        ] {
            let file = File::create(folder.join(&name)).unwrap();
            if name != copy("1") {
                file.set_modified(old).unwrap();
            }
            sweep(&folder);
            assert_eq!(folder.join(&name).exists(), kept, "{name}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

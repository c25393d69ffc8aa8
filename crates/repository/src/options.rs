//! How a backup is made.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::source::Snapshotter;

/// How a backup is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Patterns of what is left out.
    pub exclude: Vec<String>,
    /// Words of the user's.
    pub tags: Vec<String>,
    /// The machine's name.
    pub host: String,
    /// Whether blocks are compressed where that helps.
    pub compress: bool,
    /// Whether nothing is stored, only counted.
    pub dry_run: bool,
    /// Where this machine keeps what speeds up the next backup to this repository.
    pub state: Option<PathBuf>,
    /// Folders that are left out, such as the destination itself.
    pub skipped: Vec<PathBuf>,
    /// Threads that hash and compress.
    pub threads: usize,
    /// Packs that are sealed and stored at a time; each takes up to 34 MiB of memory.
    pub uploads: usize,
    /// What makes copies of databases.
    pub snapshotter: Option<Arc<dyn Snapshotter>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            exclude: Vec::new(),
            tags: Vec::new(),
            host: String::new(),
            compress: true,
            dry_run: false,
            state: None,
            skipped: Vec::new(),
            threads: thread::available_parallelism().map_or(2, NonZero::get).min(4),
            uploads: 2,
            snapshotter: None,
        }
    }
}

//! Everything below the sources, in the order of a manifest (`docs/format.md` section 9).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use holdfast_seal::error::Error as SealError;

use crate::handles::{self, Kind};
use crate::manifest::{self, Component, MAX_TARGET_LEN};
use crate::patterns::Patterns;
use crate::source::{Named, Origin, Problem, ProblemKind, Snapshotter, Stream};
use crate::stat::Stat;
use crate::time::Time;

/// What every SQLite database begins with.
pub(crate) const DATABASE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Seconds beyond this have no form in a record.
const MAX_SECONDS: u64 = 1 << 53;

/// What was found under a name.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Directory,
    Symlink(Vec<u8>),
    File,
    /// A file that is only read through a copy, whatever it begins with.
    Database(Option<Arc<dyn Snapshotter>>),
    Stream(Arc<dyn Stream>),
}

/// One entry-to-be.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: Vec<Component>,
    /// Where it is; nothing for a stream.
    pub(crate) at: PathBuf,
    pub(crate) what: What,
    pub(crate) stat: Stat,
}

impl Found {
    /// Bytes of its content, where they are known.
    pub(crate) const fn bytes(&self) -> u64 {
        match self.what {
            What::File | What::Database(_) => self.stat.size,
            What::Directory | What::Symlink(_) | What::Stream(_) => 0,
        }
    }
}

/// A folder whose names are being gone through.
#[derive(Debug)]
struct Level {
    at: PathBuf,
    /// Its path in the snapshot, as patterns see it.
    relative: PathBuf,
    depth: usize,
    /// All its names in order, by which side files find their database.
    all: Vec<OsString>,
    left: vec::IntoIter<OsString>,
}

/// Goes through the sources; what could not be read comes as a problem in its place.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    sources: std::slice::Iter<'a, Named>,
    patterns: &'a Patterns,
    /// Folders that are left out with all that is in them.
    skipped: &'a [PathBuf],
    levels: Vec<Level>,
    /// The path of the innermost level, and while an entry is made, its own.
    path: Vec<Component>,
    ready: VecDeque<Result<Found, Problem>>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        sources: &'a [Named],
        patterns: &'a Patterns,
        skipped: &'a [PathBuf],
    ) -> Self {
        let ready = VecDeque::new();
        let (levels, path) = (Vec::new(), Vec::new());
        Self { sources: sources.iter(), patterns, skipped, levels, path, ready }
    }

    fn source(&mut self, named: &Named) {
        self.path = vec![named.name.clone()];
        let (path, forced) = match &named.origin {
            Origin::Stream { stream, modified } => {
                let modified = modified.unwrap_or((Time::now().0, 0));
                let stat = Stat { size: 0, modified, changed: modified, inode: 0, mode: 0o600 };
                self.found(PathBuf::new(), What::Stream(Arc::clone(stream)), stat);
                return;
            }
            Origin::Path(path) => (path, None),
            Origin::Database(path, snapshotter) => {
                (path, Some(What::Database(snapshotter.clone())))
            }
        };
        match fs::symlink_metadata(path) {
            Ok(entry) => {
                let relative = PathBuf::from(name_of(&named.name));
                self.entry(path.clone(), relative, &entry, forced);
            }
            Err(error) => self.problem(&error, "inspect"),
        }
    }

    /// The next name of the innermost folder.
    fn step(&mut self, name: &OsStr) {
        let Some(level) = self.levels.last() else { return };
        let at = level.at.join(name);
        let relative = level.relative.join(name);
        self.path.truncate(level.depth);
        self.path.push(Component(name.as_encoded_bytes().to_vec()));
        match fs::symlink_metadata(&at) {
            Ok(entry) => {
                let left_out = self.patterns.excludes(&relative, entry.is_dir())
                    || (entry.is_dir() && self.skipped.contains(&at))
                    || self.is_side_file(name);
                if !left_out {
                    self.entry(at, relative, &entry, None);
                }
            }
            // It was there when its folder was read: it is not part of what is there now.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.problem(&error, "inspect"),
        }
    }

    fn entry(&mut self, at: PathBuf, relative: PathBuf, entry: &Metadata, forced: Option<What>) {
        let stat = Stat::of(entry);
        if !manifest::fits(&self.path) || stat.modified.0.unsigned_abs() >= MAX_SECONDS {
            let problem = Problem::too_large(&self.path, "a path or a time");
            self.ready.push_back(Err(problem));
        } else if entry.is_dir() {
            self.found(at.clone(), What::Directory, stat);
            self.descend(at, relative);
        } else if entry.is_symlink() {
            self.symlink(at, stat);
        } else if entry.is_file() {
            self.found(at, forced.unwrap_or(What::File), stat);
        } else {
            let reason = "it is a pipe, a socket or a device".to_owned();
            let error = SealError::SourceUnreadable { call: "open", reason };
            self.ready.push_back(Err(Problem::new(&self.path, ProblemKind::Special, error)));
        }
    }

    fn descend(&mut self, at: PathBuf, relative: PathBuf) {
        let mut all = Vec::new();
        match fs::read_dir(&at) {
            Ok(names) => {
                for name in names {
                    match name {
                        Ok(name) => all.push(name.file_name()),
                        Err(error) => self.problem(&error, "list"),
                    }
                }
            }
            Err(error) => self.problem(&error, "list"),
        }
        all.sort_unstable_by(|one, other| one.as_encoded_bytes().cmp(other.as_encoded_bytes()));
        let (depth, left) = (self.path.len(), all.clone().into_iter());
        self.levels.push(Level { at, relative, depth, all, left });
    }

    fn symlink(&mut self, at: PathBuf, stat: Stat) {
        match fs::read_link(&at) {
            Ok(target) => {
                let target = target.into_os_string().into_encoded_bytes();
                if (1..=MAX_TARGET_LEN).contains(&target.len()) {
                    self.found(at, What::Symlink(target), stat);
                } else {
                    let problem = Problem::too_large(&self.path, "a link's target");
                    self.ready.push_back(Err(problem));
                }
            }
            Err(error) => self.problem(&error, "read the link"),
        }
    }

    /// Whether it belongs to a database beside it, whose copy holds what is in it.
    fn is_side_file(&self, name: &OsStr) -> bool {
        let Some(level) = self.levels.last() else { return false };
        let bytes = name.as_encoded_bytes();
        let base = SIDE_FILES.iter().find_map(|suffix| bytes.strip_suffix(suffix.as_bytes()));
        let Some(base) = base else { return false };
        let listed = level.all.binary_search_by(|name| name.as_encoded_bytes().cmp(base));
        let base = listed.ok().and_then(|position| level.all.get(position));
        base.is_some_and(|base| is_database(&level.at.join(base)))
    }

    fn found(&mut self, at: PathBuf, what: What, stat: Stat) {
        self.ready.push_back(Ok(Found { path: self.path.clone(), at, what, stat }));
    }

    fn problem(&mut self, error: &std::io::Error, call: &'static str) {
        self.ready.push_back(Err(Problem::unreadable(&self.path, call, error)));
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Found, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if let Some(level) = self.levels.last_mut() {
                match level.left.next() {
                    Some(name) => self.step(&name),
                    None => drop(self.levels.pop()),
                }
            } else {
                let source = self.sources.next()?;
                self.source(source);
            }
        }
    }
}

/// Whether a regular file begins as databases do.
fn is_database(path: &Path) -> bool {
    let regular = fs::symlink_metadata(path).is_ok_and(|entry| entry.is_file());
    regular && matches!(handles::open(path), Ok(Kind::Database))
}

#[cfg(unix)]
fn name_of(name: &Component) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;

    OsString::from_vec(name.0.clone())
}

#[cfg(not(unix))]
fn name_of(name: &Component) -> OsString {
    String::from_utf8_lossy(&name.0).into_owned().into()
}

//! What is backed up: paths, databases, streams; and what could not be.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_seal::error::Error as SealError;

use crate::error::Error;
use crate::manifest::Component;

/// Bytes that come from the caller.
pub trait Stream: Send + Sync + Debug {
    /// The bytes from their beginning; called again where they are needed again.
    ///
    /// # Errors
    ///
    /// The caller's.
    fn open(&self) -> Result<Box<dyn Read + Send>, Error>;
}

/// Makes consistent copies of databases that others write to meanwhile.
pub trait Snapshotter: Send + Sync + Debug {
    /// Copies the database at `path` to `target`, which is an empty file.
    ///
    /// # Errors
    ///
    /// `SOURCE_UNREADABLE`, `NO_SPACE`.
    fn copy(&self, path: &Path, target: &Path) -> Result<(), Error>;
}

/// Where the bytes of a source come from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A file, or a folder with all that is in it.
    Path(PathBuf),
    /// A database, whatever it begins with; copied by its own snapshotter, if it has one.
    Database(PathBuf, Option<Arc<dyn Snapshotter>>),
    /// The caller.
    Stream {
        /// The bytes.
        stream: Arc<dyn Stream>,
        /// When they were changed: seconds since 1970 and nanoseconds.
        modified: Option<(i64, u32)>,
    },
}

/// One thing to back up.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in the snapshot; nothing takes the last name of the path.
    pub name: Option<String>,
    /// Its bytes.
    pub origin: Origin,
}

/// A source by its name in the snapshot, its path made absolute.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) name: Component,
    pub(crate) origin: Origin,
}

impl Named {
    /// Tells it from other sources, in this machine's own files.
    pub(crate) fn describe(&self) -> String {
        let path = match &self.origin {
            Origin::Path(path) | Origin::Database(path, _) => Some(path),
            Origin::Stream { .. } => None,
        };
        format!("{:?}\n", (&self.name, path))
    }
}

/// The sources in the order of their names, which are made unique.
///
/// # Errors
///
/// `INVALID_ARGUMENT` for a name that cannot be one, a stream without a name, or no source.
pub(crate) fn name_all(sources: &[Source]) -> Result<Vec<Named>, Error> {
    let mut taken = BTreeSet::new();
    let mut named = Vec::with_capacity(sources.len());
    for source in sources {
        // A path that is not there is found out when it is walked.
        let resolve = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let (origin, last) = match &source.origin {
            Origin::Path(path) => (Origin::Path(resolve(path)), Some(last_name(path))),
            Origin::Database(path, snapshotter) => {
                (Origin::Database(resolve(path), snapshotter.clone()), Some(last_name(path)))
            }
            stream @ Origin::Stream { .. } => (stream.clone(), None),
        };
        let given = source.name.as_ref().map(|name| Component(name.as_bytes().to_vec()));
        let name = given.or(last).filter(Component::is_safe).ok_or_else(|| {
            let what = "sources: a source needs a name without '/' that is not '.' or '..'";
            SealError::InvalidArgument { what: what.to_owned() }
        })?;
        let name = unique(&mut taken, &name);
        named.push(Named { name, origin });
    }
    if named.is_empty() {
        return Err(SealError::InvalidArgument { what: "sources: none given".to_owned() }.into());
    }
    named.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(named)
}

/// The last name of a path as it was given; what `.` and `..` lead to has one of its own.
fn last_name(path: &Path) -> Component {
    let resolved = path.canonicalize().unwrap_or_default();
    // The root of a file system has no name.
    let name = path.file_name().or_else(|| resolved.file_name()).unwrap_or(OsStr::new("root"));
    Component(name.as_encoded_bytes().to_vec())
}

fn unique(taken: &mut BTreeSet<Component>, name: &Component) -> Component {
    let numbered = |number: u64| {
        let mut bytes = name.0.clone();
        bytes.extend_from_slice(format!("-{number}").as_bytes());
        Component(bytes)
    };
    let mut names = std::iter::once(name.clone()).chain((2_u64..).map(numbered));
    let name = names.find(|name| !taken.contains(name)).unwrap_or_else(|| name.clone());
    taken.insert(name.clone());
    name
}

/// Why something of the sources is not in the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// It could not be read.
    Unreadable,
    /// It changed while it was read, twice.
    Changed,
    /// It exceeds a limit of the format.
    TooLarge,
    /// It is a socket, a pipe or a device, which no backup holds.
    Special,
}

/// Something of the sources that is not in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its place in the snapshot.
    pub path: Vec<Component>,
    /// Which kind of reason.
    pub kind: ProblemKind,
    /// The reason.
    pub error: Error,
}

impl Problem {
    pub(crate) fn new(path: &[Component], kind: ProblemKind, error: impl Into<Error>) -> Self {
        Self { path: path.to_vec(), kind, error: error.into() }
    }

    pub(crate) fn unreadable(
        path: &[Component],
        call: &'static str,
        error: &std::io::Error,
    ) -> Self {
        let reason = error.to_string();
        Self::new(path, ProblemKind::Unreadable, SealError::SourceUnreadable { call, reason })
    }

    pub(crate) fn too_large(path: &[Component], what: &'static str) -> Self {
        Self::new(path, ProblemKind::TooLarge, SealError::TooLarge { what })
    }

    /// Whether the snapshot misses something that it should have.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        self.kind != ProblemKind::Special
    }
}

//! The entries of a snapshot, a few at a time, for those who look at them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::vec;

use holdfast_seal::error::Error as SealError;

use crate::block::{BlockId, BlockKind};
use crate::error::{Error, Fault, fault};
use crate::manifest::{Component, Content, Entry, EntryKind, key};
use crate::page::ManifestReader;
use crate::patterns::Patterns;
use crate::plain::Plain;
use crate::read::Reader;
use crate::record::Snapshot;

/// Pages that are read ahead.
const PAGES: usize = 8;

/// Which entries are sought.
#[derive(Debug, Default)]
pub struct Wanted {
    under: Vec<Component>,
    patterns: Option<Patterns>,
}

impl Wanted {
    /// The entry at the path `under` and those below it, all of them where the path is empty; of
    /// these the ones that fit a pattern, if there are any.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a pattern that is none.
    pub fn new(under: Vec<Component>, patterns: &[String]) -> Result<Self, Error> {
        let some = !patterns.is_empty();
        let patterns = some.then(|| Patterns::of("patterns", patterns)).transpose()?;
        Ok(Self { under, patterns })
    }

    fn fits(&self, entry: &Entry) -> bool {
        let is_folder = entry.kind == EntryKind::Directory;
        let fits = |patterns: &Patterns| patterns.excludes(&path_of(&entry.path), is_folder);
        self.patterns.as_ref().is_none_or(fits)
    }
}

/// Reads a manifest, or the part below a path, and checks it on the way.
#[derive(Debug)]
pub struct Browser {
    reader: Arc<Reader>,
    snapshot: Snapshot,
    wanted: Wanted,
    manifest: Option<ManifestReader>,
    /// Pages of the manifest that were asked for.
    asked: usize,
    pages: VecDeque<Result<Plain, Error>>,
    of_page: vec::IntoIter<Entry>,
    /// Whether something was at the path.
    found: bool,
}

impl Browser {
    /// Those entries of a snapshot that are `wanted`.
    ///
    /// # Errors
    ///
    /// As [`ManifestReader::new`].
    pub fn new(reader: Arc<Reader>, snapshot: Snapshot, wanted: Wanted) -> Result<Self, Error> {
        let manifest = Some(ManifestReader::new(&snapshot)?);
        let found = wanted.under.is_empty();
        let (pages, of_page) = (VecDeque::new(), Vec::new().into_iter());
        Ok(Self { reader, snapshot, wanted, manifest, asked: 0, pages, of_page, found })
    }

    /// The snapshot.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Up to `max` entries, at least one; none after the last.
    ///
    /// # Errors
    ///
    /// `SNAPSHOT_MISSING` if nothing is at the path; `SNAPSHOT_TAMPERED`, `PATH_UNSAFE`; as
    /// [`Reader::block`] for the pages.
    pub fn next(&mut self, max: usize) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        while entries.len() < max.max(1) {
            let Some(entry) = self.next_entry()? else { break };
            entries.push(entry);
        }
        Ok(entries)
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            let Some(entry) = self.of_page.next() else {
                if self.next_page()? {
                    continue;
                }
                return self.end();
            };
            if entry.path.starts_with(&self.wanted.under) {
                self.found = true;
                if self.wanted.fits(&entry) {
                    return Ok(Some(entry));
                }
                continue;
            }
            // Entries are in the order of their keys, in which what lies below a path is together.
            if entry.key() > key(&self.wanted.under) {
                self.manifest = None;
                self.of_page = Vec::new().into_iter();
                return self.end();
            }
        }
    }

    /// Opens the next page; false after the last.
    fn next_page(&mut self) -> Result<bool, Error> {
        let Some(manifest) = &mut self.manifest else { return Ok(false) };
        if self.pages.is_empty() {
            let ids = self.snapshot.pages.iter().skip(self.asked).take(PAGES);
            let ids: Vec<_> = ids.copied().map(BlockId).collect();
            self.asked = self.asked.saturating_add(ids.len());
            self.pages = self.reader.blocks(BlockKind::Page, &ids)?.into();
        }
        let Some(page) = self.pages.pop_front() else { return Ok(false) };
        self.of_page = manifest.page(&page?)?.into_iter();
        Ok(true)
    }

    fn end(&mut self) -> Result<Option<Entry>, Error> {
        self.manifest.take().map_or(Ok(()), |manifest| manifest.finish(&self.snapshot))?;
        if !self.found {
            let what = "the snapshot has nothing at this path";
            return Err(fault(Fault::SnapshotMissing, what).at(&self.wanted.under));
        }
        Ok(None)
    }
}

/// A path as this system has it, for patterns.
fn path_of(path: &[Component]) -> PathBuf {
    path.iter().map(name_of).collect()
}

#[cfg(unix)]
fn name_of(name: &Component) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(name.0.clone())
}

#[cfg(not(unix))]
fn name_of(name: &Component) -> OsString {
    String::from_utf8_lossy(&name.0).into_owned().into()
}

/// The components of a path as people write it, with `/` between them and perhaps at its end;
/// none for an empty path.
///
/// # Errors
///
/// `INVALID_ARGUMENT` for a path that no snapshot can have.
pub fn parse_path(path: &[u8]) -> Result<Vec<Component>, Error> {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let components: Vec<_> =
        path.split(|byte| *byte == b'/').map(|name| Component(name.to_vec())).collect();
    if components.iter().all(Component::is_safe) {
        return Ok(components);
    }
    let what = "path: names with '/' between them, none of them empty, '.' or '..'".to_owned();
    Err(SealError::InvalidArgument { what }.into())
}

/// Tells the content of files apart: equal for files that are equal and were cut alike.
#[must_use]
pub fn content_digest(entry: &Entry) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    match &entry.kind {
        EntryKind::Directory => {}
        EntryKind::Symlink(target) => {
            hasher.update(target);
        }
        EntryKind::File { size, unit, content: Content::Blocks(ids) | Content::Lists(ids) } => {
            hasher.update(&size.to_be_bytes()).update(&unit.to_be_bytes());
            for id in ids {
                hasher.update(&id.0);
            }
        }
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_people_write_them() {
        let names = |path: &str| {
            let components = parse_path(path.as_bytes()).ok()?;
            Some(components.into_iter().map(|name| String::from_utf8(name.0).unwrap()).collect())
        };
        let some = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(names("a/b c"), some(&["a", "b c"]));
        assert_eq!(names("a/b/"), some(&["a", "b"]));
        assert_eq!(names(""), some(&[]));
        assert_eq!(names("/"), some(&[]));
        for wrong in ["/a", "a//b", "a/../b", "./a", "a\0b"] {
            assert_eq!(names(wrong), None::<Vec<String>>, "{wrong}");
        }
    }
}

//! What a restore will do: decided, and found possible, before the first byte is written.

use std::collections::BTreeMap;
use std::fs::File;

use holdfast_seal::control::Control;
use holdfast_seal::error::Error as SealError;

use crate::block::{BlockId, BlockKind};
use crate::entries::{Entries, FileBlock, Loss, each_block};
use crate::error::{Error, Fault, fault};
use crate::folder::{self, Folder, Found, Target};
use crate::keys::EpochKeys;
use crate::manifest::{Component, Entry, EntryKind};
use crate::read::Reader;
use crate::record::Snapshot;

/// What a restore takes, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What to restore, with all that lies below; everything if there is nothing here.
    pub paths: Vec<Vec<Component>>,
    /// Whether files that exist are replaced.
    pub overwrite: bool,
    /// Whether to restore what there is where something is missing or damaged.
    pub partial: bool,
    /// Whether setuid, setgid and sticky bits are restored.
    pub special_bits: bool,
}

/// What happens to an entry that is not simply restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was not asked for.
    Unwanted,
    /// It cannot be restored.
    Lost,
    /// It is there already, as it should be.
    Kept,
    /// It is restored in the place of what is there.
    Present,
}

/// What a restore will do.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// By the entry's position in the manifest.
    pub(crate) fates: BTreeMap<u64, Fate>,
    /// Bytes of the files to restore.
    pub(crate) bytes: u64,
    /// What cannot be restored.
    pub(crate) problems: Vec<Error>,
}

/// Goes through a manifest and decides the fate of every entry.
struct Planner<'a> {
    reader: &'a Reader,
    options: &'a Options,
    target: Option<Target<'a>>,
    plan: Plan,
    /// A path that was given up, with what lies below.
    barred: Option<Vec<Component>>,
}

/// Reads the whole manifest and decides.
///
/// # Errors
///
/// As [`Entries::next_entry`]; `PATH_UNSAFE`, `BLOCK_MISSING`, `TARGET_EXISTS`, `TARGET_UNSAFE`,
/// `SNAPSHOT_MISSING` for a path that the snapshot does not have.
pub(crate) fn plan(
    reader: &Reader,
    snapshot: &Snapshot,
    options: &Options,
    root: Option<&Folder>,
    control: &Control,
) -> Result<Plan, Error> {
    let target = root.map(Target::new);
    let mut planner = Planner { reader, options, target, plan: Plan::default(), barred: None };
    let mut entries = Entries::new(reader, snapshot, options.loss())?;
    let mut found = vec![false; options.paths.len()];
    let mut position = 0_u64;
    while let Some(entry) = entries.next_entry()? {
        control.check()?;
        for (found, path) in found.iter_mut().zip(&options.paths) {
            *found |= entry.path == *path;
        }
        if let Some(fate) = planner.decide(&entry)? {
            planner.plan.fates.insert(position, fate);
        }
        position = position.saturating_add(1);
    }
    planner.plan.problems.extend(entries.lost().iter().cloned());
    let mut asked = found.iter().zip(&options.paths);
    match asked.find(|(found, _)| !**found) {
        Some((_, path)) if entries.lost().is_empty() => {
            let what = "the snapshot has nothing at this path";
            Err(fault(Fault::SnapshotMissing, what).at(path))
        }
        _ => Ok(planner.plan),
    }
}

impl Options {
    pub(crate) const fn loss(&self) -> Loss {
        if self.partial { Loss::Tolerated } else { Loss::Refused }
    }

    /// Whether a path was asked for, or lies above one that was.
    fn wants(&self, path: &[Component]) -> bool {
        let mut wanted = self.paths.iter();
        self.paths.is_empty() || wanted.any(|at| path.starts_with(at) || at.starts_with(path))
    }
}

impl Planner<'_> {
    fn decide(&mut self, entry: &Entry) -> Result<Option<Fate>, Error> {
        if !self.options.wants(&entry.path) {
            return Ok(Some(Fate::Unwanted));
        }
        let name = entry.path.last();
        if name.is_some_and(folder::leads_away) {
            let what = "a name in the manifest leads elsewhere on this system";
            return Err(fault(Fault::PathUnsafe, what).at(&entry.path));
        }
        if self.barred.as_ref().is_some_and(|barred| entry.path.starts_with(barred)) {
            return Ok(Some(Fate::Lost));
        }
        if !name.is_some_and(folder::holds) {
            self.barred = Some(entry.path.clone());
            self.plan.problems.push(folder::unholdable().at(&entry.path));
            return Ok(Some(Fate::Lost));
        }
        match self.examine(entry) {
            Err(error) if self.options.partial && error.is_damage() && !is_false(&error) => {
                self.plan.problems.push(error.at(&entry.path));
                Ok(Some(Fate::Lost))
            }
            Err(error) => Err(error.at(&entry.path)),
            Ok(fate) => {
                if matches!(fate, None | Some(Fate::Present)) {
                    self.plan.bytes = self.plan.bytes.saturating_add(entry.size());
                }
                Ok(fate)
            }
        }
    }

    /// Finds what the target has, and every block that it has not.
    fn examine(&mut self, entry: &Entry) -> Result<Option<Fate>, Error> {
        let found = match &mut self.target {
            Some(target) => target.look(&entry.path)?,
            None => None,
        };
        let existing = match (&entry.kind, found) {
            (EntryKind::Directory, None | Some(Found::Directory))
            | (EntryKind::File { .. } | EntryKind::Symlink(_), None) => None,
            (EntryKind::File { size, .. }, Some(Found::File(len))) if len == *size => {
                self.target.as_mut().map(|target| target.read(&entry.path)).transpose()?.flatten()
            }
            (EntryKind::File { .. }, Some(Found::File(_))) if self.options.overwrite => None,
            (EntryKind::File { .. }, Some(Found::File(_))) => {
                return Err(SealError::TargetExists.into());
            }
            (EntryKind::Symlink(link), Some(Found::Symlink)) => {
                return self.same_link(entry, link).map(Some);
            }
            _ => {
                let what = "it is not of the same kind as what would be restored";
                return Err(SealError::TargetUnsafe { what }.into());
            }
        };
        let mut same = existing.is_some();
        let keys = &self.reader.repository.keys;
        each_block(self.reader, entry, |block| {
            let held = existing.as_ref().filter(|_| same);
            same = held.map(|file| holds_block(keys, file, &block)).transpose()?.unwrap_or(false);
            self.reader.ensure_placed(&block)
        })?;
        match (existing, same) {
            (Some(_), true) => Ok(Some(Fate::Kept)),
            (Some(_), false) if !self.options.overwrite => Err(SealError::TargetExists.into()),
            _ => Ok(found.map(|_| Fate::Present)),
        }
    }

    fn same_link(&mut self, entry: &Entry, link: &[u8]) -> Result<Fate, Error> {
        let Some((name, parent)) = entry.path.split_last() else { return Ok(Fate::Lost) };
        let Some(target) = &mut self.target else { return Ok(Fate::Lost) };
        let folder = target.enter(parent)?;
        let read = folder.map(|folder| folder.read_link(name)).transpose();
        match read.map_err(|error| folder::unwritable("read link", &error))? {
            Some(existing) if existing == link => Ok(Fate::Kept),
            _ => Err(SealError::TargetExists.into()),
        }
    }
}

/// Whether a file has this block where it should be.
pub(crate) fn holds_block(keys: &EpochKeys, file: &File, block: &FileBlock) -> Result<bool, Error> {
    let mut bytes = vec![0_u8; usize::try_from(block.len).unwrap_or_default()];
    let count = folder::read_at(file, block.offset, &mut bytes)?;
    Ok(count == bytes.len() && BlockId::of(keys, BlockKind::Data, &bytes) == block.id)
}

/// Whether the manifest contradicts itself: then nothing of it is restored.
fn is_false(error: &Error) -> bool {
    matches!(error.fault(), Some(Fault::SnapshotTampered | Fault::PathUnsafe))
}

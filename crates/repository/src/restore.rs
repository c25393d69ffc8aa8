//! Restoring a snapshot, or parts of it, into a folder.

use std::path::Path;

use holdfast_seal::control::{Control, Phase};

use crate::error::Error;
use crate::folder::staging::Staging;
use crate::folder::{self, Folder, unwritable};
use crate::plan::{Fate, Options, plan};
use crate::read::Reader;
use crate::record::Snapshot;
use crate::writing::Work;

/// What a restore did.
#[derive(Debug, Default)]
pub struct Restored {
    /// Entries that are in the target now, those included that were there already.
    pub entries: u64,
    /// Entries that were there already.
    pub kept: u64,
    /// Bytes of the files that were written.
    pub bytes: u64,
    /// What could not be restored, each with its path where it is one entry.
    pub problems: Vec<Error>,
}

/// Restores a snapshot, or parts of it, into the folder `target`, which is made if it is missing.
///
/// Nothing is written before every page, list and block is known to be there. A file has its name
/// only when it is whole and verified. What an interrupted call left is used.
///
/// # Errors
///
/// `SNAPSHOT_TAMPERED`, `PATH_UNSAFE`, `BLOCK_MISSING`, `TARGET_EXISTS` before anything is
/// written; as [`Reader::block`] for damaged files; those of the target; the destination's.
pub fn restore(
    reader: &Reader,
    snapshot: &Snapshot,
    target: &Path,
    options: &Options,
    control: &Control,
) -> Result<Restored, Error> {
    control.set_phase(Phase::Working);
    let root = folder::open_root(target)?;
    let plan = plan(reader, snapshot, options, root.as_ref(), control)?;
    control.set_total(plan.bytes);
    control.begin_writing()?;
    let root = root.map_or_else(|| Folder::create(target), Ok);
    let root = root.map_err(|error| unwritable("create folder", &error))?;
    let staging = Staging::open(&root, &snapshot.sources)?;
    let work = Work::new(reader, options, &root, &staging, control);
    let written = work.run(snapshot, &plan);
    let (restored, problems) = work.outcome();
    if let Err(error) = written {
        if !is_passing(&error) {
            // What is left of it is removed by the next call.
            let _ = staging.remove(&root);
        }
        return Err(error);
    }
    staging.remove(&root)?;
    control.set_phase(Phase::Flushing);
    root.sync().map_err(|error| unwritable("flush", &error))?;
    control.set_phase(Phase::Done);
    let kept = plan.fates.values().filter(|fate| **fate == Fate::Kept).count() as u64;
    Ok(Restored {
        entries: restored.saturating_add(kept),
        kept,
        bytes: plan.bytes,
        problems: plan.problems.into_iter().chain(problems).collect(),
    })
}

/// Whether what was written may be of use to the next call.
fn is_passing(error: &Error) -> bool {
    error.code() == "CANCELLED" || matches!(error, Error::Store { .. })
}

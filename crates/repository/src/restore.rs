//! Writing a snapshot into a folder: files by several threads, links last, then what folders are.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use holdfast_seal::control::{Control, Phase};

use crate::block::BlockKind;
use crate::entries::{Entries, each_block};
use crate::error::Error;
use crate::folder::staging::Staging;
use crate::folder::{self, Folder, Modified, Target, unwritable};
use crate::growing::{Finish, Growing};
use crate::manifest::{Component, Entry, EntryKind};
use crate::plan::{Fate, Options, Plan, plan};
use crate::read::{Plain, Reader};
use crate::record::Snapshot;
use crate::runs::{Run, Wanted};

/// The bits of a mode that are restored unasked.
const ORDINARY_BITS: u32 = 0o777;

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

/// A block of a file that is on its way.
struct Piece {
    file: Arc<Growing>,
    offset: u64,
    len: u32,
}

/// What all threads of a restore share.
struct Work<'a> {
    reader: &'a Reader<'a>,
    options: &'a Options,
    root: &'a Folder,
    staging: &'a Staging,
    control: &'a Control,
    restored: AtomicU64,
    problems: Mutex<Vec<Error>>,
    failure: Mutex<Option<Error>>,
    failed: AtomicBool,
}

/// What waits until all files are there.
#[derive(Default)]
struct Later {
    links: Vec<Entry>,
    folders: Vec<(Vec<Component>, u32, Modified)>,
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
    reader: &Reader<'_>,
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
    let work = Work {
        reader,
        options,
        root: &root,
        staging: &staging,
        control,
        restored: AtomicU64::new(0),
        problems: Mutex::default(),
        failure: Mutex::default(),
        failed: AtomicBool::new(false),
    };
    let written = work.run(snapshot, &plan);
    let Work { restored, problems, .. } = work;
    if written.as_ref().is_err_and(|error| !is_passing(error)) || written.is_ok() {
        staging.remove(&root)?;
    }
    written?;
    control.set_phase(Phase::Flushing);
    root.sync().map_err(|error| unwritable("flush", &error))?;
    control.commit()?;
    control.set_phase(Phase::Done);
    let kept = plan.fates.values().filter(|fate| **fate == Fate::Kept).count() as u64;
    let mut all = plan.problems;
    all.extend(problems.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(Restored {
        entries: restored.into_inner().saturating_add(kept),
        kept,
        bytes: plan.bytes,
        problems: all,
    })
}

/// Whether what was written may be of use to the next call.
fn is_passing(error: &Error) -> bool {
    error.code() == "CANCELLED" || matches!(error, Error::Store { .. })
}

impl Work<'_> {
    fn run(&self, snapshot: &Snapshot, plan: &Plan) -> Result<(), Error> {
        let threads = self.reader.repository.requests.max(1);
        let (send, receive) = mpsc::sync_channel(threads);
        let receive = Mutex::new(receive);
        let walked = thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.serve(&receive));
            }
            self.walk(snapshot, plan, send)
        });
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        let later = failure.map_or(walked, Err)?;
        self.finish(later)
    }

    /// Goes through the manifest: makes folders, hands out the blocks of files.
    fn walk(
        &self,
        snapshot: &Snapshot,
        plan: &Plan,
        send: SyncSender<Run<Piece>>,
    ) -> Result<Later, Error> {
        let mut later = Later::default();
        let mut target = Target::new(self.root);
        let mut run = Run::default();
        let mut entries = Entries::new(self.reader, snapshot, self.options.loss())?;
        let mut position = 0_u64;
        while let Some(entry) = entries.next_entry()? {
            self.control.check()?;
            let fate = plan.fates.get(&position);
            position = position.saturating_add(1);
            if fate.is_some() || self.failed.load(Ordering::Relaxed) {
                continue;
            }
            match &entry.kind {
                EntryKind::Directory => {
                    self.settle(target.make(&entry.path).map(|_| true))?;
                    later.folders.push((entry.path, self.mode(entry.mode), entry.modified));
                }
                EntryKind::Symlink(_) => later.links.push(entry),
                EntryKind::File { size, .. } => {
                    self.file(&entry, *size, &mut run, &mut target, &send)?;
                }
            }
        }
        hand_over(&send, Some(run));
        Ok(later)
    }

    fn file(
        &self,
        entry: &Entry,
        size: u64,
        run: &mut Run<Piece>,
        target: &mut Target<'_>,
        send: &SyncSender<Run<Piece>>,
    ) -> Result<(), Error> {
        let (mode, overwrite) = (self.mode(entry.mode), self.options.overwrite);
        let finish = Finish { mode, modified: entry.modified, overwrite };
        let file = Arc::new(Growing::new(entry.path.clone(), size, finish));
        let resumed = file.left_over(self.staging)?;
        let keys = &self.reader.repository.keys;
        let listed = each_block(self.reader, entry, |block| {
            if resumed && file.has(self.staging, keys, &block)? {
                self.control.add_done(block.len.into());
                return Ok(());
            }
            file.expect();
            let piece = Piece { file: Arc::clone(&file), offset: block.offset, len: block.len };
            let wanted = Wanted { kind: BlockKind::Data, id: block.id, tag: piece };
            hand_over(send, run.add(self.reader, wanted));
            Ok(())
        });
        if let Err(error) = listed {
            self.give_up(&file, error)?;
        }
        self.settle(file.release(self.staging, target).map_err(|error| error.at(&entry.path)))
    }

    /// One thread's part: reads runs until there are no more.
    fn serve(&self, receive: &Mutex<Receiver<Run<Piece>>>) {
        let mut target = Target::new(self.root);
        loop {
            let next = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(run) = next else { break };
            if self.failed.load(Ordering::Relaxed) {
                continue;
            }
            let served =
                run.read(self.reader, |piece, block| self.piece(&piece, block, &mut target));
            if let Err(error) = served {
                self.fail(error);
            }
        }
    }

    fn piece(
        &self,
        Piece { file, offset, len }: &Piece,
        block: Result<Plain, Error>,
        target: &mut Target<'_>,
    ) -> Result<(), Error> {
        self.control.check()?;
        match block {
            Ok(plain) => file.write(self.staging, *offset, &plain)?,
            Err(error) => self.give_up(file, error)?,
        }
        self.control.add_done((*len).into());
        self.settle(file.release(self.staging, target).map_err(|error| error.at(&file.path)))
    }

    /// Gives a file up if that was allowed.
    fn give_up(&self, file: &Growing, error: Error) -> Result<(), Error> {
        if !self.options.partial || !error.is_damage() {
            return Err(error.at(&file.path));
        }
        if file.lose() {
            self.note(error.at(&file.path));
        }
        Ok(())
    }

    /// Counts an entry, or notes that the target cannot hold it.
    fn settle(&self, outcome: Result<bool, Error>) -> Result<(), Error> {
        match outcome {
            Ok(true) => {
                self.restored.fetch_add(1, Ordering::Relaxed);
            }
            Ok(false) => {}
            Err(error) if folder::is_unholdable(&error) => self.note(error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes links, then gives folders their modes and times, the deepest first.
    fn finish(&self, Later { links, folders }: Later) -> Result<(), Error> {
        let mut target = Target::new(self.root);
        for entry in links {
            let made = link(&mut target, &entry).map_err(|error| error.at(&entry.path));
            self.settle(made.map(|()| true))?;
        }
        for (path, mode, modified) in folders.iter().rev() {
            let Some(folder) = target.enter(path)? else { continue };
            let finished = folder.finish(*mode, *modified);
            finished.map_err(|error| unwritable("set mode and time", &error).at(path))?;
        }
        Ok(())
    }

    fn mode(&self, mode: u32) -> u32 {
        if self.options.special_bits { mode } else { mode & ORDINARY_BITS }
    }

    fn note(&self, problem: Error) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    fn fail(&self, error: Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Relaxed);
    }
}

/// Gives a run to whoever is free. Nobody is left only after a failure, which is kept elsewhere.
fn hand_over(send: &SyncSender<Run<Piece>>, run: Option<Run<Piece>>) {
    if let Some(run) = run.filter(|run| !run.is_empty()) {
        let _ = send.send(run);
    }
}

fn link(target: &mut Target<'_>, entry: &Entry) -> Result<(), Error> {
    let (EntryKind::Symlink(to), Some((name, parent))) = (&entry.kind, entry.path.split_last())
    else {
        return Ok(());
    };
    let folder = target.make(parent)?;
    folder.link(name, to).map_err(|error| unwritable("link", &error))?;
    folder.set_link_time(name, entry.modified).map_err(|error| unwritable("set time", &error))
}

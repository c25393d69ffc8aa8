//! Writing what a plan says: files by several threads, links last, then what folders are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use holdfast_seal::control::Control;

use crate::block::{BlockKind, Decoded};
use crate::entries::{Entries, each_block};
use crate::error::Error;
use crate::folder::staging::Staging;
use crate::folder::{self, Folder, Modified, Target, unwritable};
use crate::growing::{Finish, Growing};
use crate::manifest::{Component, Entry, EntryKind};
use crate::plain::Plain;
use crate::plan::{Fate, Options, Plan};
use crate::read::Reader;
use crate::record::Snapshot;
use crate::runs::{Run, Wanted};

/// The bits of a mode that are restored unasked.
const ORDINARY_BITS: u32 = 0o777;

/// A block of a file that is on its way.
struct Piece {
    file: Arc<Growing>,
    offset: u64,
    len: u32,
}

/// What all threads of a restore share.
pub(crate) struct Work<'a> {
    reader: &'a Reader,
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

impl<'a> Work<'a> {
    pub(crate) fn new(
        reader: &'a Reader,
        options: &'a Options,
        root: &'a Folder,
        staging: &'a Staging,
        control: &'a Control,
    ) -> Self {
        Self {
            reader,
            options,
            root,
            staging,
            control,
            restored: AtomicU64::new(0),
            problems: Mutex::default(),
            failure: Mutex::default(),
            failed: AtomicBool::new(false),
        }
    }

    /// Number of entries that were made, and what could not be.
    pub(crate) fn outcome(self) -> (u64, Vec<Error>) {
        let problems = self.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        (self.restored.into_inner(), problems)
    }

    pub(crate) fn run(&self, snapshot: &Snapshot, plan: &Plan) -> Result<(), Error> {
        let threads = self.reader.repository.requests.max(1);
        let (send, receive) = mpsc::sync_channel(threads);
        let receive = Mutex::new(receive);
        let walked = thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.serve(&receive));
            }
            let walked = self.walk(snapshot, plan, &send);
            drop(send);
            walked
        });
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        let later = failure.map_or(walked, Err)?;
        self.control.commit()?;
        self.finish(later)
    }

    /// Goes through the manifest: makes folders, hands out the blocks of files.
    fn walk(
        &self,
        snapshot: &Snapshot,
        plan: &Plan,
        send: &SyncSender<Run<Piece>>,
    ) -> Result<Later, Error> {
        let mut later = Later::default();
        let mut target = Target::new(self.root);
        let mut run = Run::default();
        let mut entries = Entries::new(self.reader, snapshot, self.options.loss())?;
        let mut position = 0_u64;
        // A folder that could not be made, with what lies below.
        let mut barred: Option<Vec<Component>> = None;
        while let Some(entry) = entries.next_entry()? {
            self.control.check()?;
            let fate = plan.fates.get(&position);
            position = position.saturating_add(1);
            let present = fate == Some(&Fate::Present);
            let passed = fate.is_some() && !present || self.failed.load(Ordering::Relaxed);
            if passed || barred.as_ref().is_some_and(|barred| entry.path.starts_with(barred)) {
                continue;
            }
            match &entry.kind {
                EntryKind::Directory => {
                    if self.settle(target.make(&entry.path, present).map(|()| true))? {
                        later.folders.push((entry.path, self.mode(entry.mode), entry.modified));
                    } else {
                        barred = Some(entry.path);
                    }
                }
                EntryKind::Symlink(_) => later.links.push(entry),
                EntryKind::File { size, .. } => {
                    let file = self.growing(&entry, *size, present);
                    self.file(&file, &entry, &mut run, &mut target, send)?;
                }
            }
        }
        hand_over(send, Some(run));
        Ok(later)
    }

    fn growing(&self, entry: &Entry, size: u64, replace: bool) -> Arc<Growing> {
        let finish = Finish { mode: self.mode(entry.mode), modified: entry.modified, replace };
        Arc::new(Growing::new(entry.path.clone(), size, finish))
    }

    fn file(
        &self,
        file: &Arc<Growing>,
        entry: &Entry,
        run: &mut Run<Piece>,
        target: &mut Target<'_>,
        send: &SyncSender<Run<Piece>>,
    ) -> Result<(), Error> {
        let resumed = file.left_over(self.staging)?;
        let keys = &self.reader.repository.keys;
        let listed = each_block(self.reader, entry, |block| {
            if resumed && file.has(self.staging, keys, &block)? {
                self.control.add_done(block.len.into());
                return Ok(());
            }
            file.expect();
            let piece = Piece { file: Arc::clone(file), offset: block.offset, len: block.len };
            let wanted = Wanted { kind: BlockKind::Data, id: block.id, tag: piece };
            hand_over(send, run.add(self.reader, wanted));
            Ok(())
        });
        if let Err(error) = listed {
            self.give_up(file, error)?;
        }
        self.release(file, target)
    }

    /// One block less of a file is waited for.
    fn release(&self, file: &Growing, target: &mut Target<'_>) -> Result<(), Error> {
        let released = file.release(self.staging, target);
        let whole = self.settle(released.map_err(|error| error.at(&file.path)))?;
        self.control.add_files(whole.into());
        Ok(())
    }

    /// One thread's part: reads runs until there are no more.
    fn serve(&self, receive: &Mutex<Receiver<Run<Piece>>>) {
        let (mut target, mut memory) = (Target::new(self.root), Plain::default());
        loop {
            let next = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(run) = next else { break };
            if self.failed.load(Ordering::Relaxed) {
                continue;
            }
            let served = run.read(self.reader, &mut memory, |piece, block| {
                self.piece(&piece, block, &mut target)
            });
            if let Err(error) = served {
                self.fail(error);
            }
        }
    }

    fn piece(
        &self,
        Piece { file, offset, len }: &Piece,
        block: Result<Decoded<'_>, Error>,
        target: &mut Target<'_>,
    ) -> Result<(), Error> {
        self.control.check()?;
        match block {
            Ok(block) => file.write(self.staging, *offset, &block)?,
            Err(error) => self.give_up(file, error)?,
        }
        self.control.add_done((*len).into());
        self.release(file, target)
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

    /// Counts an entry that was made. Notes one whose name the target cannot hold or has already,
    /// though it had not before: it takes two names of the snapshot for one.
    fn settle(&self, outcome: Result<bool, Error>) -> Result<bool, Error> {
        match outcome {
            Ok(made) => {
                self.restored.fetch_add(u64::from(made), Ordering::Relaxed);
                Ok(made)
            }
            Err(error) if folder::is_refusal(&error) => {
                self.note(error);
                Ok(false)
            }
            Err(error) => Err(error),
        }
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
    let folder = target.enter_made(parent)?;
    folder.link(name, to).map_err(|error| unwritable("link", &error))?;
    folder.set_link_time(name, entry.modified).map_err(|error| unwritable("set time", &error))
}

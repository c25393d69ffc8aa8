//! What a backup and a restore cost the processor, without Node: a folder as the destination, no
//! key derivation, nothing flushed.
//!
//! `cargo run --release -p holdfast-repository --example cost -- SOURCE SCRATCH [ROUNDS]`
//!
//! Each round backs SOURCE up to a new repository in SCRATCH, once more (nothing changed), restores
//! it, and prints CPU seconds, wall seconds, and the peak of resident memory. Linux only.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    reason = "a program for those who work on the engine"
)]

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use holdfast_repository::catalog::Catalog;
use holdfast_repository::create::{Protection, create};
use holdfast_repository::error::{Error, Reports};
use holdfast_repository::open::Opening;
use holdfast_repository::plan;
use holdfast_repository::read::Reader;
use holdfast_repository::restore::restore;
use holdfast_repository::session::{Options, Session};
use holdfast_repository::slot::Credential;
use holdfast_repository::snapshots::Snapshots;
use holdfast_repository::source::{Origin, Source};
use holdfast_repository::store::{ObjectInfo, Store};
use holdfast_seal::control::Control;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::recovery_key::RecoveryKey;

/// Objects as files.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn add(&self, infos: &mut Vec<ObjectInfo>, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                self.add(infos, &entry.path());
                continue;
            }
            let name = entry.path().strip_prefix(&self.0).unwrap().to_str().unwrap().to_owned();
            let size = entry.metadata().unwrap().len();
            infos.push(ObjectInfo { name, size, modified: None });
        }
    }
}

impl Store for Folder {
    fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, Error> {
        let mut infos = Vec::new();
        self.add(&mut infos, &self.0);
        infos.retain(|info| info.name.starts_with(prefix));
        Ok(infos)
    }

    fn get(&self, name: &str, range: Option<(u64, u64)>) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = Vec::new();
        Ok(self.get_into(name, range, &mut bytes)?.then_some(bytes))
    }

    fn get_into(
        &self,
        name: &str,
        range: Option<(u64, u64)>,
        memory: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let mut file = match File::open(self.0.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            file => file.unwrap(),
        };
        let (offset, len) = range.unwrap_or((0, file.metadata().unwrap().len()));
        file.seek(SeekFrom::Start(offset)).unwrap();
        memory.resize(usize::try_from(len).unwrap(), 0);
        file.read_exact(memory).unwrap();
        Ok(true)
    }

    fn put(&self, name: &str, mut bytes: Vec<u8>) -> Result<(), Error> {
        self.put_lent(name, &mut bytes)
    }

    fn put_lent(&self, name: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create_new(path).unwrap().write_all(bytes).unwrap();
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        fs::remove_file(self.0.join(name)).unwrap();
        Ok(())
    }
}

/// Runs `work` and prints what it cost.
fn measured<T>(what: &str, work: impl FnOnce() -> (T, u64)) -> T {
    // Resets the peak of resident memory.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, start) = (cpu(), Instant::now());
    let (result, bytes) = work();
    let (user, system) = (cpu().0 - before.0, cpu().1 - before.1);
    let gib = bytes as f64 / f64::from(1 << 30);
    println!(
        "{what:9} {:6.3} s CPU ({user:.2} user, {system:.2} system), {:6.3} per GiB, {:6.3} s wall, {} MiB",
        user + system,
        (user + system) / gib,
        start.elapsed().as_secs_f64(),
        peak_kib() / 1024,
    );
    result
}

/// User and system seconds of this process.
fn cpu() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let seconds = |at: usize| fields.get(at).unwrap().parse::<f64>().unwrap() / 100.0;
    (seconds(11), seconds(12))
}

fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn main() {
    let mut args = std::env::args_os().skip(1);
    let source = PathBuf::from(args.next().unwrap());
    let scratch = PathBuf::from(args.next().unwrap());
    let rounds: u32 = args.next().map_or(3, |rounds| rounds.to_str().unwrap().parse().unwrap());
    for _ in 0..rounds {
        round(&source, &scratch);
    }
}

fn round(source: &Path, scratch: &Path) {
    let folder = |name: &str| {
        let path = scratch.join(name);
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        path
    };
    let store: Arc<dyn Store> = Arc::new(Folder(folder("repository")));
    let credential = Credential::Key(Arc::new(RecoveryKey::generate().unwrap()));
    let credentials = [(credential.clone(), String::new())];
    let (limits, control) = (KdfLimits::default(), Control::default());
    let reports = Arc::new(Reports::default());
    create(&store, Protection::On(&credentials), &limits, &reports).unwrap();
    let options = Options { state: Some(folder("state")), ..Options::default() };
    let open = || {
        let opening = Opening { credential: Some(&credential), pin: None, limits: &limits };
        let repository = Arc::new(opening.open(Arc::clone(&store), &reports).unwrap());
        let snapshots = Snapshots::load(&repository, None, &reports).unwrap();
        (repository, snapshots)
    };
    let backup = || {
        let (repository, snapshots) = open();
        let (repository, snapshots) = (&*repository, &snapshots);
        let control = &Control::default();
        let session =
            Session { repository, snapshots, options: &options, control, reports: &reports };
        let origin = Origin::Path(source.to_owned());
        let outcome = session.run(&[Source { name: None, origin }]).unwrap();
        (outcome.files, outcome.snapshot.bytes)
    };
    measured("backup", backup);
    let files = measured("again", backup);
    println!("          {files:?}");
    let target = folder("restored");
    measured("restore", || {
        let (repository, snapshots) = open();
        let catalog = Catalog::load(&repository, &reports).unwrap();
        let reader = Reader::new(repository, catalog, Arc::clone(&reports));
        let snapshot = snapshots.latest().unwrap();
        let options = plan::Options::default();
        let restored = restore(&reader, snapshot, &target, &options, &control).unwrap();
        (restored.entries, restored.bytes)
    });
}

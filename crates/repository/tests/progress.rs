//! What whoever watches a backup or a restore sees of it, and what a restore asks for.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod writer;

use std::fs;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use holdfast_repository::error::Error;
use holdfast_repository::session::Options;
use holdfast_repository::source::{Origin, Source, Stream};
use holdfast_seal::control::Control;

use writer::bench::Bench;
use writer::{Scratch, at, back_up_under, noise, restore_to};

const MIB: usize = 1 << 20;

#[test]
fn whoever_watches_sees_how_much_there_is_and_every_file() {
    let bench = Bench::new();
    for number in 0..20 {
        bench.folder.write(&format!("{number}"), &noise(number, 300_000));
    }
    let watched = |options: &Options| {
        let control = Control::default();
        let sources = [at(&bench.folder.0)];
        back_up_under(&control, &bench.store, &bench.key, &sources, options).unwrap();
        (control.done(), control.total(), control.files())
    };
    let all = (20 * 300_000, Some(20 * 300_000), 20);
    assert_eq!(watched(&bench.options()), all);
    assert_eq!(watched(&bench.options()), all);
    fs::remove_file(bench.folder.0.join("0")).unwrap();
    assert_eq!(watched(&bench.options()), (19 * 300_000, Some(19 * 300_000), 19));
}

/// Notes what is known while it is read.
#[derive(Debug)]
struct Watches(Arc<Control>, Mutex<Vec<Option<u64>>>);

impl Stream for Watches {
    fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        thread::sleep(Duration::from_millis(100));
        self.1.lock().unwrap().push(self.0.total());
        Ok(Box::new(std::io::repeat(7).take(3 * MIB as u64)))
    }
}

#[test]
fn the_total_of_a_backup_is_that_of_the_last_one_until_more_is_done() {
    let bench = Bench::new();
    bench.folder.write("file", &noise(1, MIB));
    let mut totals = Vec::new();
    for _ in 0..2 {
        let control = Arc::new(Control::default());
        let watches = Arc::new(Watches(Arc::clone(&control), Mutex::default()));
        let origin = Origin::Stream { stream: watches.clone(), modified: None };
        let stream = Source { name: Some("a".to_owned()), origin };
        let sources = [stream, Source { name: Some("b".to_owned()), ..at(&bench.folder.0) }];
        back_up_under(&control, &bench.store, &bench.key, &sources, &bench.options()).unwrap();
        totals.append(&mut watches.1.lock().unwrap());
        totals.push(control.total());
    }
    let all = Some(4 * MIB as u64);
    assert_eq!(totals, [None, all, all, all]);
}

#[test]
fn a_restore_fetches_each_page_once() {
    let bench = Bench::new();
    for number in 0..50 {
        bench.folder.write(&format!("{number}"), &noise(number, 100));
    }
    let id = bench.run(&bench.options()).snapshot.id;
    bench.memory.revive();
    let target = Scratch::new();
    restore_to(&bench.store, &bench.key, &id, &target.path("new")).unwrap();
    let log = bench.memory.log();
    // The pages, which lie side by side, and the files, which do as well.
    assert_eq!(log.iter().filter(|call| call.contains("/packs/")).count(), 2, "{log:?}");
}

//! One file of a snapshot, read at any offset.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod support;

use std::sync::Arc;

use holdfast_repository::block::BLOCK_LEN;
use holdfast_repository::error::Error;
use holdfast_repository::file::{FileReader, MAX_READ_LEN, find};
use holdfast_repository::manifest::Component;

use support::Visit;
use support::made::{Kind, Made, entry};

fn content() -> Vec<u8> {
    (0..9 * BLOCK_LEN + 77).map(|at| (at / 65_537 + at % 251).to_le_bytes()[0]).collect()
}

fn open(made: &Made, path: &str) -> Result<Option<FileReader>, Error> {
    let store = Arc::clone(&made.store) as _;
    let visit = Visit { store, credential: Some(&made.credential), pin: None };
    let path: Vec<_> = path.split('/').map(|name| Component(name.into())).collect();
    let visited = visit.with_shared(|reader, snapshots| {
        let entry = find(&reader, snapshots.latest()?, &path)?;
        Ok(FileReader::new(reader, entry))
    });
    visited.result
}

#[test]
fn every_range_is_what_it_is_in_the_file() {
    let content = content();
    let made = Made::of(vec![
        entry("s", Kind::Directory),
        entry("s/empty", Kind::File(Vec::new())),
        entry("s/f", Kind::File(content.clone())),
    ]);
    let mut file = open(&made, "s/f").unwrap().unwrap();
    assert_eq!(file.size(), content.len() as u64);
    let ends = [0, 1, BLOCK_LEN - 1, BLOCK_LEN, BLOCK_LEN + 1, 5 * BLOCK_LEN, content.len()];
    for start in ends.into_iter().chain([content.len() + 1, 3 * BLOCK_LEN + 9]) {
        for len in ends {
            let read = file.read(start as u64, len).unwrap();
            let start = start.min(content.len());
            let end = (start + len.min(MAX_READ_LEN)).min(content.len());
            assert!(*read == content[start..end], "{start} {len}");
        }
    }
    let mut empty = open(&made, "s/empty").unwrap().unwrap();
    assert!(empty.read(0, 9).unwrap().is_empty());
    assert!(open(&made, "s").unwrap().is_none());
    assert_eq!(open(&made, "s/none").unwrap_err().code(), "SNAPSHOT_MISSING");
}

#[test]
fn a_damaged_block_is_named_and_never_handed_out() {
    let made = Made::of(vec![entry("s", Kind::Directory), entry("s/f", Kind::File(content()))]);
    made.alter(&made.packs[0], |pack| pack[2 * BLOCK_LEN + 200_000] ^= 1);
    let mut file = open(&made, "s/f").unwrap().unwrap();
    assert_eq!(file.read(0, BLOCK_LEN).unwrap().len(), BLOCK_LEN);
    let error = file.read(BLOCK_LEN as u64, 3 * BLOCK_LEN).unwrap_err();
    assert_eq!(error.code(), "OBJECT_MISMATCH");
    assert_eq!(file.read(5 * BLOCK_LEN as u64, 10).unwrap().len(), 10);
}

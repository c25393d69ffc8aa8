//! What may be a source, how it is read, and what counts as a change.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod scratch;

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{IoSliceMut, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use holdfast_seal::error::Error;
use holdfast_seal::source::SourceFile;
use scratch::{Scratch, names};

/// Longer than the coarsest tick of a file system's clock that Linux has.
const TICK: Duration = Duration::from_millis(25);

fn refusal(path: &Path) -> Error {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || sender.send(SourceFile::open(&path).map(|_| ())));
    receiver.recv_timeout(Duration::from_secs(5)).expect("opening waits").unwrap_err()
}

#[test]
fn row_15_what_is_no_file_is_refused_without_waiting() {
    let scratch = Scratch::new(&env::temp_dir());
    let pipe = scratch.join("pipe");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, 0o600.into(), 0).unwrap();
    let socket = scratch.join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let link = scratch.join("link");
    symlink(&pipe, &link).unwrap();
    let zero = Path::new("/dev/zero");
    for path in [&*scratch, &pipe, &socket, &link, zero, Path::new("/dev/tty"), Path::new("")] {
        assert_eq!(refusal(path).code(), "SOURCE_UNREADABLE", "{}", path.display());
    }
}

#[test]
fn row_15_a_pipe_that_somebody_writes_to_is_not_touched() {
    let scratch = Scratch::new(&env::temp_dir());
    let pipe = scratch.join("pipe");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, 0o600.into(), 0).unwrap();
    let mut both = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    both.write_all(b"for somebody else").unwrap();
    assert_eq!(refusal(&pipe).code(), "SOURCE_UNREADABLE");
    let mut left = [0; 17];
    std::io::Read::read_exact(&mut both, &mut left).unwrap();
    assert_eq!(&left, b"for somebody else");
}

#[test]
fn a_missing_source_is_named_by_its_call() {
    let scratch = Scratch::new(&env::temp_dir());
    let Error::SourceUnreadable { call, reason } = refusal(&scratch.join("missing")) else {
        panic!("another error");
    };
    assert_eq!(call, "inspect");
    assert!(!reason.contains("missing"), "a path in {reason}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_whose_length_is_a_lie_is_refused() {
    assert_eq!(refusal(Path::new("/proc/self/status")).code(), "SOURCE_UNREADABLE");
}

#[test]
fn a_link_to_a_file_is_followed() {
    let scratch = Scratch::new(&env::temp_dir());
    let link = scratch.join("link");
    symlink(scratch.file("a", "content"), &link).unwrap();
    assert_eq!(SourceFile::open(&link).unwrap().len(), 7);
}

#[test]
fn reading_fills_the_memory_up_to_the_end() {
    let scratch = Scratch::new(&env::temp_dir());
    let source = SourceFile::open(&scratch.file("a", "0123456789")).unwrap();
    let mut bytes = [b'-'; 6];
    assert_eq!(source.read_at(2, &mut bytes).unwrap(), 6);
    assert_eq!(&bytes, b"234567");
    assert_eq!(source.read_at(7, &mut bytes).unwrap(), 3);
    assert_eq!(&bytes, b"789567");
    assert_eq!(source.read_at(10, &mut bytes).unwrap(), 0);
    assert_eq!(source.read_at(1 << 40, &mut bytes).unwrap(), 0);
    assert_eq!(source.read_at(0, &mut []).unwrap(), 0);
    assert_eq!(source.read_at(u64::MAX, &mut bytes).unwrap_err().code(), "SOURCE_UNREADABLE");
}

#[test]
fn reading_in_pieces_skips_the_room_between_them() {
    let scratch = Scratch::new(&env::temp_dir());
    let source = SourceFile::open(&scratch.file("a", "0123456789")).unwrap();
    let mut room = *b"...............";
    let mut pieces: Vec<_> =
        room.chunks_mut(5).map(|chunk| IoSliceMut::new(&mut chunk[..3])).collect();
    pieces.insert(1, IoSliceMut::new(&mut []));
    assert_eq!(source.read_pieces_at(1, &mut pieces).unwrap(), 9);
    assert_eq!(&room, b"123..456..789..");
}

#[test]
fn more_pieces_than_one_system_call_takes_are_all_filled() {
    let scratch = Scratch::new(&env::temp_dir());
    let content: Vec<u8> = (0..3000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let source = SourceFile::open(&scratch.file("a", &content)).unwrap();
    let mut room = vec![0; 3000];
    let mut pieces: Vec<_> = room.chunks_mut(1).map(IoSliceMut::new).collect();
    assert_eq!(source.read_pieces_at(0, &mut pieces).unwrap(), 3000);
    assert_eq!(room, content);
}

#[test]
fn row_22_offsets_above_4_gib_are_kept() {
    let scratch = Scratch::new(&env::temp_dir());
    let file = File::create(scratch.join("a")).unwrap();
    file.write_all_at(b"far", 5 << 30).unwrap();
    let source = SourceFile::open(&scratch.join("a")).unwrap();
    assert_eq!(source.len(), (5 << 30) + 3);
    let mut bytes = [0; 4];
    assert_eq!(source.read_at(5 << 30, &mut bytes).unwrap(), 3);
    assert_eq!(&bytes, b"far\0");
}

#[test]
fn a_file_that_is_only_read_is_unchanged() {
    let scratch = Scratch::new(&env::temp_dir());
    let source = SourceFile::open(&scratch.file("a", "0123456789")).unwrap();
    source.read_at(0, &mut [0; 10]).unwrap();
    assert_eq!(source.ensure_unchanged(), Ok(()));
    assert_eq!(names(&scratch), ["a"]);
}

/// What `change` makes [`SourceFile::ensure_unchanged`] say.
fn after(change: impl FnOnce(&Path)) -> Result<(), Error> {
    let scratch = Scratch::new(&env::temp_dir());
    let path = scratch.file("a", "0123456789");
    thread::sleep(TICK);
    let source = SourceFile::open(&path).unwrap();
    change(&path);
    source.ensure_unchanged()
}

#[test]
fn row_23_every_change_of_the_source_is_noticed() {
    let what = |change: fn(&Path)| match after(change) {
        Err(Error::SourceChanged { what }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        what(|path| OpenOptions::new().append(true).open(path).unwrap().write_all(b"x").unwrap()),
        "its length is different"
    );
    assert_eq!(
        what(|path| OpenOptions::new().write(true).open(path).unwrap().set_len(3).unwrap()),
        "its length is different"
    );
    assert_eq!(what(|path| fs::write(path, "9876543210").unwrap()), "it was written to");
    assert_eq!(
        what(|path| {
            fs::write(path.with_extension("new"), "0123456789").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }),
        "another file took its place"
    );
    assert_eq!(
        what(|path| {
            let aside = path.with_extension("aside");
            fs::rename(path, &aside).unwrap();
            symlink(&aside, path).unwrap();
        }),
        "it was written to"
    );
}

#[test]
fn row_23_a_removed_source_counts_as_changed() {
    assert_eq!(after(|path| fs::remove_file(path).unwrap()).unwrap_err().code(), "SOURCE_CHANGED");
    let moved = after(|path| fs::rename(path, path.with_extension("b")).unwrap());
    assert_eq!(moved.unwrap_err().code(), "SOURCE_CHANGED");
}

#[test]
fn row_23_setting_the_time_back_does_not_hide_a_write() {
    let changed = after(|path| {
        let before = fs::metadata(path).unwrap().modified().unwrap();
        fs::write(path, "9876543210").unwrap();
        File::options().write(true).open(path).unwrap().set_modified(before).unwrap();
    });
    assert_eq!(changed.unwrap_err().code(), "SOURCE_CHANGED");
}

#[test]
fn row_34_times_from_other_centuries_do_not_matter() {
    let scratch = Scratch::new(&env::temp_dir());
    let path = scratch.file("a", "0123456789");
    for seconds in [0, 4_294_967_296] {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let source = SourceFile::open(&path).unwrap();
        assert_eq!(source.ensure_unchanged(), Ok(()));
    }
}

#[test]
fn row_26_a_file_without_permission_is_refused_where_permissions_count() {
    let scratch = Scratch::new(&env::temp_dir());
    let path = scratch.file("a", "0123456789");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
    if File::open(&path).is_err() {
        assert_eq!(refusal(&path).code(), "SOURCE_UNREADABLE");
    }
}

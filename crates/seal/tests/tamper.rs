//! Every flip, cut, swap and repetition on a file of three chunks is refused with the right code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::thread;

use holdfast_seal::credential::{CostChoice, Identity, Recipient, Recipients};
use holdfast_seal::error::Error;
use holdfast_seal::header::Header;
use holdfast_seal::kdf::{Cost, KdfLimits};
use holdfast_seal::limits::{CHUNK_LEN, NONCE_LEN, SEALED_CHUNK_LEN};
use holdfast_seal::opening::open_bytes;
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::sealing::seal_bytes;

const SEED: &str = "88117ad8aebbc2e95223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d";
const OTHER: &str = "00117ad8aebbc2e95223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d";

/// A sealed file of two full chunks and a short one, and where its parts lie.
struct Sample {
    sealed: Vec<u8>,
    header: usize,
    identities: Vec<Identity>,
}

impl Sample {
    fn key() -> &'static Self {
        static SAMPLE: OnceLock<Sample> = OnceLock::new();
        SAMPLE.get_or_init(|| Self::new(SEED, 2 * CHUNK_LEN + 321))
    }

    fn new(seed: &str, len: usize) -> Self {
        let key = RecoveryKey::parse(seed).unwrap();
        let to = Recipients::new(vec![Recipient::from(&key)]).unwrap();
        let plain: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let sealed = seal_bytes(&plain, &to, &KdfLimits::default()).unwrap();
        let header = usize::try_from(Header::read(&mut &sealed[..]).unwrap().len()).unwrap();
        Self { sealed, header, identities: vec![Identity::from(&key)] }
    }

    fn first(&self) -> usize {
        self.header + NONCE_LEN
    }

    fn open(&self, sealed: &[u8]) -> Result<usize, Error> {
        open_bytes(sealed, &self.identities, &KdfLimits::default()).map(|plain| plain.len())
    }

    /// Places in nonce and payload: all near a border, some in between. (Those of a bare payload
    /// are tried one by one beside `stream.rs`.)
    fn places(&self) -> impl Iterator<Item = usize> {
        let first = self.first();
        (self.header..self.sealed.len()).filter(move |at| {
            let inside = at.saturating_sub(first) % SEALED_CHUNK_LEN;
            !(24..SEALED_CHUNK_LEN - 24).contains(&inside) || at % 499 == 0
        })
    }

    fn chunk(&self, position: usize) -> Range<usize> {
        let start = self.first() + position * SEALED_CHUNK_LEN;
        start..self.sealed.len().min(start + SEALED_CHUNK_LEN)
    }
}

/// Runs `check` for every number in `range`, on two threads.
fn each(range: Range<usize>, check: impl Fn(usize) + Sync) {
    let middle = range.start.midpoint(range.end);
    thread::scope(|scope| {
        scope.spawn(|| (range.start..middle).for_each(&check));
        (middle..range.end).for_each(&check);
    });
}

#[test]
fn the_sample_opens() {
    let sample = Sample::key();
    assert_eq!(sample.open(&sample.sealed), Ok(2 * CHUNK_LEN + 321));
    assert_eq!(sample.chunk(2).len(), 321 + 16);
}

#[test]
fn row_16_every_flipped_bit_of_a_header_is_refused_as_a_header() {
    let sample = Sample::key();
    each(0..sample.header * 8, |bit| {
        let mut sealed = sample.sealed.clone();
        sealed[bit / 8] ^= 1 << (bit % 8);
        let error = sample.open(&sealed).expect_err("a flipped header opened");
        let codes = ["NOT_SEALED", "UNSUPPORTED_VERSION", "MALFORMED", "NO_SUCH_SLOT"];
        let later = ["WRONG_CREDENTIAL", "HEADER_TAMPERED"];
        let known = codes.contains(&error.code()) || later.contains(&error.code());
        assert!(known, "bit {bit}: {error}");
    });
}

#[test]
fn row_16_every_flipped_byte_of_a_password_header_is_refused_as_a_header() {
    let password = holdfast_seal::password::Password::from_utf8(b"correct horse").unwrap();
    let password = Arc::new(password);
    let vector = include_str!("../../../vectors/external/repository/keys.json");
    let vector: serde_json::Value = serde_json::from_str(vector).unwrap();
    let sealed = decode(vector["section3"]["sealed"].as_str().unwrap());
    let header = usize::try_from(Header::read(&mut &sealed[..]).unwrap().len()).unwrap();
    let identities = [Identity::Password(password)];
    for at in 0..header {
        let mut sealed = sealed.clone();
        sealed[at] ^= 0x01;
        let error = open_bytes(&sealed, &identities, &KdfLimits::default()).unwrap_err();
        let codes =
            ["NOT_SEALED", "UNSUPPORTED_VERSION", "MALFORMED", "NO_SUCH_SLOT", "WRONG_CREDENTIAL"];
        assert!(codes.contains(&error.code()) || error.code() == "KDF_LIMIT", "{at}: {error}");
    }
}

#[test]
fn row_21_flipped_bytes_of_a_payload_name_their_chunk() {
    let sample = Sample::key();
    sample.places().for_each(|at| {
        let mut sealed = sample.sealed.clone();
        sealed[at] ^= 0x80;
        let chunk = at.saturating_sub(sample.first()) / SEALED_CHUNK_LEN;
        let offset = sample.chunk(chunk).start as u64;
        let expected = Error::ChunkCorrupt { chunk: chunk as u64, offset };
        assert_eq!(sample.open(&sealed), Err(expected), "byte {at}");
    });
}

#[test]
fn row_19_a_file_cut_anywhere_is_refused_by_where_it_was_cut() {
    let sample = Sample::key();
    let version = "age-encryption.org/v1\n".len();
    (0..sample.header).chain(sample.places()).for_each(|len| {
        let error = sample.open(&sample.sealed[..len]).expect_err("a cut file opened");
        let payload = len.saturating_sub(sample.first());
        let expected = match len {
            _ if len < version => "NOT_SEALED",
            _ if len < sample.header => "MALFORMED",
            _ if payload.is_multiple_of(SEALED_CHUNK_LEN) => "TRUNCATED",
            _ => "CHUNK_CORRUPT",
        };
        assert_eq!(error.code(), expected, "cut to {len} bytes");
        if let Error::Truncated { chunks } = error {
            assert_eq!(chunks, (payload / SEALED_CHUNK_LEN) as u64);
        }
    });
}

#[test]
fn row_20_whatever_follows_the_last_chunk_is_refused() {
    let sample = Sample::key();
    let whole = Sample::new(SEED, CHUNK_LEN);
    for tail in
        [vec![0], vec![0; 16], sample.sealed[sample.chunk(0)].to_vec(), sample.sealed.clone()]
    {
        let longer = [&sample.sealed[..], &tail].concat();
        let error = sample.open(&longer).unwrap_err();
        assert!(["TRAILING_DATA", "CHUNK_CORRUPT"].contains(&error.code()), "{error}");

        let longer = [&whole.sealed[..], &tail].concat();
        let offset = whole.sealed.len() as u64;
        assert_eq!(whole.open(&longer), Err(Error::TrailingData { chunk: 0, offset }));
    }
}

#[test]
fn row_21_chunks_swapped_repeated_removed_or_foreign_are_refused_at_the_first_wrong_one() {
    let sample = Sample::key();
    let front = &sample.sealed[..sample.first()];
    let [a, b, c] = [0, 1, 2].map(|position| &sample.sealed[sample.chunk(position)]);
    let foreign = Sample::new(SEED, 3 * CHUNK_LEN);
    let x = &foreign.sealed[foreign.chunk(1)];
    let corrupt = |chunk: usize| {
        Err(Error::ChunkCorrupt { chunk: chunk as u64, offset: sample.chunk(chunk).start as u64 })
    };
    let check = |parts: &[&[u8]], expected: Result<usize, Error>| {
        assert_eq!(sample.open(&[front, &parts.concat()].concat()), expected);
    };
    check(&[b, a, c], corrupt(0));
    check(&[a, c, b], corrupt(1));
    check(&[a, a, b, c], corrupt(1));
    check(&[a, b, b, c], corrupt(2));
    check(&[b, c], corrupt(0));
    check(&[a, c], corrupt(1));
    check(&[a, b], Err(Error::Truncated { chunks: 2 }));
    check(&[a, x, c], corrupt(1));
    assert_eq!(sample.open(&[front, a, b, c, c].concat()).unwrap_err().code(), "CHUNK_CORRUPT");
}

#[test]
fn row_21_the_header_of_one_file_does_not_open_the_payload_of_another() {
    let one = Sample::key();
    let two = Sample::new(SEED, 2 * CHUNK_LEN + 321);
    let mixed = [&one.sealed[..one.header], &two.sealed[two.header..]].concat();
    let offset = one.first() as u64;
    assert_eq!(one.open(&mixed), Err(Error::ChunkCorrupt { chunk: 0, offset }));
}

#[test]
fn row_17_stanzas_from_elsewhere_are_refused() {
    let [mine, other] = [SEED, OTHER].map(|seed| RecoveryKey::parse(seed).unwrap());
    let to = vec![Recipient::from(&mine), Recipient::from(&other)];
    let to = Recipients::new(to).unwrap();
    let sealed = seal_bytes(b"two ways in", &to, &KdfLimits::default()).unwrap();
    let text = String::from_utf8_lossy(&sealed).into_owned();
    let [first, second, end] = {
        let first = text.find("-> ").unwrap();
        let second = first + 3 + text[first + 3..].find("-> ").unwrap();
        [first, second, text.find("---").unwrap()]
    };
    let stanzas = [&sealed[first..second], &sealed[second..end]];
    let rebuild = |parts: &[&[u8]]| [&sealed[..first], &parts.concat(), &sealed[end..]].concat();
    let open = |sealed: &[u8], key: &RecoveryKey| {
        open_bytes(sealed, &[Identity::from(key)], &KdfLimits::default()).map(|plain| plain.len())
    };
    assert_eq!(open(&rebuild(&stanzas), &mine), Ok(11));
    let reordered = rebuild(&[stanzas[1], stanzas[0]]);
    assert_eq!(open(&reordered, &mine), Err(Error::HeaderTampered));
    let removed = rebuild(&[stanzas[0]]);
    assert_eq!(open(&removed, &mine), Err(Error::HeaderTampered));
    assert_eq!(open(&removed, &other).unwrap_err().code(), "WRONG_CREDENTIAL");
    let added = rebuild(&[stanzas[0], stanzas[1], b"-> stranger\n\n"]);
    assert_eq!(open(&added, &mine), Err(Error::HeaderTampered));
    let foreign = &Sample::key().sealed;
    let end = foreign.windows(3).position(|window| window == b"---").unwrap();
    let borrowed = rebuild(&[&foreign["age-encryption.org/v1\n".len()..end]]);
    assert_eq!(open(&borrowed, &mine), Err(Error::HeaderTampered));
    assert_eq!(open(&rebuild(&[]), &mine).unwrap_err().code(), "MALFORMED");
}

#[test]
fn row_16_a_header_without_an_end_is_read_no_further_than_its_limit() {
    let sample = Sample::key();
    for endless in [&b"x"[..], b"age-encryption.org/v1\n-> x", b"age-encryption.org/v1\n-> x\n"] {
        let mut counted = Counted { front: endless, given: 0 };
        let mut reader = std::io::BufReader::new(&mut counted);
        let error = Header::read(&mut reader).unwrap_err();
        assert!(["NOT_SEALED", "MALFORMED"].contains(&error.code()));
        assert!(counted.given < 300_000, "{} bytes were read", counted.given);
    }
    let crlf = String::from_utf8_lossy(&sample.sealed[..sample.header]).replace('\n', "\r\n");
    assert_eq!(sample.open(crlf.as_bytes()), Err(Error::NotSealed));
}

/// `front`, then the letter A without an end.
struct Counted {
    front: &'static [u8],
    given: usize,
}

impl std::io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.front.get(self.given).copied().unwrap_or(b'A');
            self.given += 1;
        }
        Ok(buffer.len())
    }
}

#[test]
fn several_credentials_on_one_file_each_open_it() {
    let key = RecoveryKey::parse(SEED).unwrap();
    let password = holdfast_seal::password::Password::from_utf8(b"correct horse").unwrap();
    let password = Arc::new(password);
    let cost = CostChoice::Named(Cost::Interactive);
    let to =
        vec![Recipient::Password { password: Arc::clone(&password), cost }, Recipient::from(&key)];
    let to = Recipients::new(to).unwrap();
    let sealed = seal_bytes(b"both", &to, &KdfLimits::default()).unwrap();
    for identity in [Identity::Password(password), Identity::from(&key)] {
        let plain = open_bytes(&sealed, &[identity], &KdfLimits::default()).unwrap();
        assert_eq!(&**plain, b"both");
    }
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

//! The C2SP CCTV vectors of age: each is a test of its name, refused or opened at the layer that
//! it names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use holdfast_seal::credential::Identity;
use holdfast_seal::error::Error;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::opening::open_bytes;
use holdfast_seal::password::Password;
use libtest_mimic::{Arguments, Failed, Trial};
use sha2::{Digest as _, Sha256};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/external/cctv-age");
const COUNT: usize = 143;

fn main() {
    let mut names: Vec<_> = std::fs::read_dir(FOLDER)
        .expect("the vectors are part of the project")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let found = names.len();
    let mut trials: Vec<_> = names
        .into_iter()
        .map(|name| Trial::test(name.clone(), move || check(&name).map_err(Failed::from)))
        .collect();
    trials.push(Trial::test("all 143 vectors are there", move || {
        if found == COUNT { Ok(()) } else { Err(format!("{found} of {COUNT}").into()) }
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn check(name: &str) -> Result<(), String> {
    let vector = Vector::read(name);
    let identities = vector.identities();
    let outcome = open_bytes(&vector.file, &identities, &KdfLimits::default());
    match (vector.expect(), outcome) {
        ("success", Ok(plain)) => {
            let hash = vector.fields["payload"].as_bytes().chunks(2);
            let hash =
                hash.map(|hex| u8::from_str_radix(str::from_utf8(hex).unwrap(), 16).unwrap());
            if hash.eq(Sha256::digest(&*plain)) {
                Ok(())
            } else {
                Err("another payload".to_owned())
            }
        }
        (expected, Err(error)) if layer(&error) == expected || also(&error, expected) => Ok(()),
        (expected, Ok(_)) => Err(format!("expected {expected}, but it opened")),
        (expected, Err(error)) => {
            Err(format!("expected {expected}, got {}: {error}", error.code()))
        }
    }
}

/// The layer at which an error arises, in the vectors' words.
fn layer(error: &Error) -> &'static str {
    match error {
        Error::NotSealed
        | Error::UnsupportedVersion
        | Error::Malformed { .. }
        | Error::KdfLimit { .. } => "header failure",
        Error::NoSuchSlot { .. } | Error::WrongCredential { .. } => "no match",
        Error::HeaderTampered => "HMAC failure",
        Error::ChunkCorrupt { .. } | Error::Truncated { .. } | Error::TrailingData { .. } => {
            "payload failure"
        }
        _ => "another failure",
    }
}

/// Armor has no code of its own; and a file that ends before its first chunk is a truncated one
/// (`docs/format.md` section 11), where age counts the payload nonce to the header.
fn also(error: &Error, expected: &str) -> bool {
    match expected {
        "armor failure" => matches!(error, Error::Malformed { .. } | Error::NotSealed),
        "header failure" => *error == Error::Truncated { chunks: 0 },
        _ => false,
    }
}

struct Vector {
    fields: HashMap<String, String>,
    identities: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Vector {
    fn read(name: &str) -> Self {
        let bytes = std::fs::read(Path::new(FOLDER).join(name)).unwrap();
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let pairs = head.lines().map(|line| line.split_once(": ").unwrap());
        let pairs: Vec<_> = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let fields: HashMap<_, _> = pairs.iter().cloned().collect();
        let file = bytes[end + 2..].to_vec();
        let file = match fields.get("compressed").map(String::as_str) {
            Some("zlib") => miniz_oxide::inflate::decompress_to_vec_zlib(&file).unwrap(),
            Some(other) => panic!("unknown compression {other}"),
            None => file,
        };
        let wanted = |(key, _): &(String, String)| key == "identity" || key == "passphrase";
        Self { fields, identities: pairs.into_iter().filter(wanted).collect(), file }
    }

    fn expect(&self) -> &str {
        &self.fields["expect"]
    }

    fn identities(&self) -> Vec<Identity> {
        let parse = |(key, value): &(String, String)| match key.as_str() {
            "identity" => Identity::parse(value).unwrap(),
            _ => Identity::Password(Arc::new(Password::from_utf8(value.as_bytes()).unwrap())),
        };
        self.identities.iter().map(parse).collect()
    }
}

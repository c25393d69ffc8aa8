//! Any bytes as a sealed file: header grammar, armor, stanzas, chunks.

#![no_main]

use std::sync::{Arc, LazyLock};

use holdfast_seal::credential::Identity;
use holdfast_seal::error::Error;
use holdfast_seal::header::Header;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::opening::open_bytes;
use holdfast_seal::password::Password;
use libfuzzer_sys::fuzz_target;

/// Identities of the CCTV vectors, from which the corpus is seeded: some inputs get far.
static IDENTITIES: LazyLock<Vec<Identity>> = LazyLock::new(|| {
    let x25519 = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
    let password = Password::from_utf8(b"password").expect("a password");
    vec![
        Identity::parse(x25519).expect("an identity"),
        Identity::Password(Arc::new(password)),
    ]
});

fuzz_target!(|data: &[u8]| {
    // Derivations are refused: they would only slow the search.
    let limits = KdfLimits { available_kib: Some(1), ..KdfLimits::default() };
    match open_bytes(data, &IDENTITIES, &limits) {
        Ok(plain) => assert!(plain.len() < data.len()),
        Err(error) => assert!(!matches!(error, Error::Internal { .. }), "{error}"),
    }
    if let Ok(header) = Header::read(&mut { data }) {
        assert!(header.len() <= data.len() as u64);
        assert!((1..=64).contains(&header.stanzas().len()));
    }
});

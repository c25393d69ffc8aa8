//! The primitives below sealed files agree with Project Wycheproof: the same crates, with the same
//! features, that the library is built from.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use serde_json::Value;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

/// Runs every case of a file that is said to hold `count`.
fn each_case(text: &str, count: usize, mut run: impl FnMut(&Value, &Value)) {
    let file: Value = serde_json::from_str(text).unwrap();
    let mut cases = 0;
    for group in file["testGroups"].as_array().unwrap() {
        for case in group["tests"].as_array().unwrap() {
            run(group, case);
            cases += 1;
        }
    }
    assert_eq!(cases, count);
}

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes();
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn is_valid(case: &Value) -> bool {
    case["result"] == "valid"
}

#[test]
fn chacha20_poly1305_agrees_with_wycheproof() {
    let text = include_str!("../../../vectors/external/wycheproof/chacha20_poly1305_test.json");
    let mut refused_lengths = 0;
    each_case(text, 160, |_, case| {
        let (id, key, iv) = (&case["tcId"], hex(&case["key"]), hex(&case["iv"]));
        let Ok(nonce) = Nonce::try_from(iv.as_slice()) else {
            // The type has no room for another nonce length.
            assert!(!is_valid(case), "case {id}");
            refused_lengths += 1;
            return;
        };
        let cipher = ChaCha20Poly1305::new_from_slice(&key).unwrap();
        let (plain, aad) = (hex(&case["msg"]), hex(&case["aad"]));
        let sealed = [hex(&case["ct"]), hex(&case["tag"])].concat();
        let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &aad });
        assert_eq!(with_ring(&key, &iv, &aad, &sealed).as_ref(), opened.as_ref().ok(), "case {id}");
        if is_valid(case) {
            assert_eq!(opened.unwrap(), plain, "case {id}");
            let made = cipher.encrypt(&nonce, Payload { msg: &plain, aad: &aad }).unwrap();
            assert_eq!(made, sealed, "case {id}");
        } else {
            assert!(opened.is_err(), "case {id}");
        }
    });
    assert!(refused_lengths < 20, "{refused_lengths}");
}

/// What the cipher of chunks opens; it must seal that to the same bytes.
fn with_ring(key: &[u8], iv: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).unwrap());
    let nonce = || ring::aead::Nonce::try_assume_unique_for_key(iv).unwrap();
    let mut opened = sealed.to_vec();
    let len = key.open_in_place(nonce(), Aad::from(aad), &mut opened).ok()?.len();
    opened.truncate(len);
    let mut made = opened.clone();
    key.seal_in_place_append_tag(nonce(), Aad::from(aad), &mut made).unwrap();
    assert_eq!(made, sealed);
    Some(opened)
}

#[test]
fn hkdf_sha256_agrees_with_wycheproof() {
    let text = include_str!("../../../vectors/external/wycheproof/hkdf_sha256_test.json");
    each_case(text, 41, |_, case| {
        let len = usize::try_from(case["size"].as_u64().unwrap()).unwrap();
        let mut made = vec![0; len];
        let expanded = Hkdf::<Sha256>::new(Some(&hex(&case["salt"])), &hex(&case["ikm"]))
            .expand(&hex(&case["info"]), &mut made);
        assert_eq!(expanded.is_ok(), is_valid(case), "case {}", case["tcId"]);
        if is_valid(case) {
            assert_eq!(made, hex(&case["okm"]), "case {}", case["tcId"]);
        }
    });
}

#[test]
fn hmac_sha256_agrees_with_wycheproof() {
    let text = include_str!("../../../vectors/external/wycheproof/hmac_sha256_test.json");
    each_case(text, 87, |group, case| {
        let mac = Hmac::<Sha256>::new_from_slice(&hex(&case["key"]))
            .unwrap()
            .chain_update(hex(&case["msg"]));
        let tag = hex(&case["tag"]);
        assert_eq!(group["tagSize"].as_u64().unwrap(), 8 * tag.len() as u64);
        let verified = mac.verify_truncated_left(&tag).is_ok();
        assert_eq!(verified, is_valid(case), "case {}", case["tcId"]);
    });
}

#[test]
fn x25519_agrees_with_wycheproof_and_tells_low_order_points() {
    let text = include_str!("../../../vectors/external/wycheproof/x25519_test.json");
    let mut low_order = 0;
    each_case(text, 251, |_, case| {
        let secret = StaticSecret::from(<[u8; 32]>::try_from(hex(&case["private"])).unwrap());
        let public = PublicKey::from(<[u8; 32]>::try_from(hex(&case["public"])).unwrap());
        let shared = secret.diffie_hellman(&public);
        assert_eq!(shared.as_bytes().as_slice(), hex(&case["shared"]), "case {}", case["tcId"]);
        let is_zero = shared.as_bytes().iter().all(|byte| *byte == 0);
        assert_eq!(shared.was_contributory(), !is_zero, "case {}", case["tcId"]);
        low_order += u32::from(is_zero);
    });
    assert!(low_order > 0);
}

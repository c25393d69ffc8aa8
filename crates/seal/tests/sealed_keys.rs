//! Whole sealed files and kept keys, opened with the credentials of other people and our own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast_seal::credential::{CostChoice, Identity, Recipient, Recipients};
use holdfast_seal::error::Error;
use holdfast_seal::kdf::{Cost, KdfLimits};
use holdfast_seal::kept_key::{open_key, seal_key};
use holdfast_seal::opening::open_bytes;
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::sealing::seal_bytes;
use serde_json::Value;

const KEYS: &str = include_str!("../../../vectors/external/repository/keys.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn password(text: &str) -> Identity {
    Identity::Password(Arc::new(Password::from_utf8(text.as_bytes()).unwrap()))
}

fn open(sealed: &[u8], with: Identity) -> Result<String, Error> {
    let plain = open_bytes(sealed, &[with], &KdfLimits::default())?;
    Ok(String::from_utf8(plain.to_vec()).unwrap())
}

fn sealed(case: &Value) -> Vec<u8> {
    STANDARD.decode(text(case, "sealed")).unwrap()
}

fn to_password(text: &str) -> Recipients {
    let password = Arc::new(Password::from_utf8(text.as_bytes()).unwrap());
    let cost = CostChoice::Named(Cost::Interactive);
    Recipients::new(vec![Recipient::Password { password, cost }]).unwrap()
}

#[test]
fn a_file_that_an_independent_implementation_sealed_to_a_key_opens() {
    let case = &json(KEYS)["section4"];
    let key = RecoveryKey::parse(text(case, "key")).unwrap();
    assert_eq!(open(&sealed(case), (&key).into()).unwrap(), text(case, "plaintext"));
    let identity = Identity::parse(text(case, "identity")).unwrap();
    assert_eq!(open(&sealed(case), identity).unwrap(), text(case, "plaintext"));
}

#[test]
fn row_1_a_file_that_an_independent_implementation_sealed_to_a_password_opens_in_nfc_and_nfd() {
    let case = &json(KEYS)["section3"];
    for name in ["password", "decomposed"] {
        let opened = open(&sealed(case), password(text(case, name))).unwrap();
        assert_eq!(opened, text(case, "plaintext"), "{name}");
    }
    let wrong = open(&sealed(case), password(&text(case, "password").to_uppercase()));
    assert_eq!(wrong.unwrap_err().code(), "WRONG_CREDENTIAL");
}

#[test]
fn row_18_a_body_forged_for_two_passwords_opens_under_one() {
    let case = json(include_str!("../../../vectors/two-passwords.json"));
    let both = case["passwords"].as_array().unwrap();
    let opened = open(&sealed(&case), password(both[0].as_str().unwrap())).unwrap();
    assert_eq!(opened, text(&case, "plaintext"));
    let other = open(&sealed(&case), password(both[1].as_str().unwrap()));
    assert_eq!(other.unwrap_err(), Error::HeaderTampered);
    let third = open(&sealed(&case), password("third password"));
    assert_eq!(third.unwrap_err().code(), "WRONG_CREDENTIAL");
}

#[test]
fn a_kept_key_opens_again_with_its_password() {
    let limits = KdfLimits::default();
    let key = RecoveryKey::generate().unwrap();
    let kept = seal_key(&key, &to_password("a good password"), &limits).unwrap();
    let same = open_key(&kept, &[password("a good password")], &limits).unwrap();
    assert!(same.same_as(&key));
    let error = open_key(&kept, &[password("a bad password")], &limits).unwrap_err();
    assert_eq!(error.code(), "WRONG_CREDENTIAL");
    let line = open(&kept, password("a good password")).unwrap();
    assert_eq!(line, format!("{}\n", key.identity().as_str()));
}

#[test]
fn what_is_not_one_identity_line_is_no_kept_key() {
    let limits = KdfLimits::default();
    let key = RecoveryKey::generate().unwrap();
    let to = Recipients::new(vec![(&key).into()]).unwrap();
    let identity = key.identity();
    for plain in [
        String::new(),
        identity.to_string(),
        format!("{}\r\n", *identity),
        format!(" {}\n", *identity),
        format!("{}\n\n", *identity),
        format!("{}\n", identity.to_lowercase()),
        format!("{}\n", key.rows().concat()),
        "hunter2\n".to_owned(),
    ] {
        let sealed = seal_bytes(plain.as_bytes(), &to, &limits).unwrap();
        let error = open_key(&sealed, &[(&key).into()], &limits).unwrap_err();
        assert_eq!(error.code(), "MALFORMED", "{plain:?}");
        assert!(!error.to_string().contains(&identity[20..28]));
    }
}

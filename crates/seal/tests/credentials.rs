//! Credentials at work: which may stand together, which stanza opens with which, what is told.

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
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use holdfast_seal::credential::{CostChoice, Identity, Note, Recipient, Recipients, unwrap};
use holdfast_seal::error::{CredentialKind, Error};
use holdfast_seal::header::Stanza;
use holdfast_seal::kdf::{Cost, KdfLimits, stretch_scrypt};
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::secret::FileKey;

const DIGITS: &str = "88117ad8aebbc2e95223dafe9c2affff4bb499ce7c5d5337f6e66390d883364d";
const X25519_IDENTITY: &str =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
const X25519_RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

fn limits() -> KdfLimits {
    KdfLimits::default()
}

fn password(text: &str) -> Arc<Password> {
    Arc::new(Password::from_utf8(text.as_bytes()).unwrap())
}

fn to_password(text: &str) -> Recipient {
    let cost = CostChoice::Named(Cost::Interactive);
    Recipient::Password { password: password(text), cost }
}

fn with_password(text: &str) -> Identity {
    Identity::Password(password(text))
}

fn key() -> RecoveryKey {
    RecoveryKey::parse(DIGITS).unwrap()
}

fn to_x25519() -> Recipient {
    Recipient::parse(X25519_RECIPIENT).unwrap()
}

fn wrap(to: Vec<Recipient>) -> (FileKey, Vec<Stanza>) {
    let file_key = FileKey::random().unwrap();
    let (stanzas, notes) = Recipients::new(to).unwrap().wrap(&file_key, &limits()).unwrap();
    assert_eq!(notes, []);
    (file_key, stanzas)
}

fn refused(to: Vec<Recipient>) -> String {
    match Recipients::new(to) {
        Err(Error::InvalidArgument { what }) => what,
        other => panic!("{other:?}"),
    }
}

fn opens(stanzas: &[Stanza], with: &[Identity]) -> Result<[u8; 16], Error> {
    unwrap(stanzas, with, &limits()).map(|file_key| *file_key.expose())
}

#[test]
fn every_credential_of_a_file_opens_it_and_no_other() {
    let other_key = RecoveryKey::generate().unwrap();
    let to = vec![Recipient::from(&key()), to_password("a good password"), (&other_key).into()];
    let (file_key, stanzas) = wrap(to);
    let tags: Vec<&str> = stanzas.iter().map(|stanza| stanza.tag.as_str()).collect();
    assert_eq!(tags, ["mlkem768x25519", "holdfast/argon2id", "mlkem768x25519"]);
    assert!(stanzas.iter().all(|stanza| stanza.body.len() == 32));
    for identity in [with_password("a good password"), (&key()).into(), (&other_key).into()] {
        assert_eq!(opens(&stanzas, &[identity]).unwrap(), *file_key.expose());
    }
    let wrong = RecoveryKey::generate().unwrap();
    for identity in [with_password("a bad password"), (&wrong).into()] {
        assert_eq!(opens(&stanzas, &[identity]).unwrap_err().code(), "WRONG_CREDENTIAL");
    }
    let several = [(&wrong).into(), with_password("a bad password"), (&other_key).into()];
    assert_eq!(opens(&stanzas, &several).unwrap(), *file_key.expose());
}

#[test]
fn x25519_opens_what_was_sealed_to_it() {
    let (file_key, stanzas) = wrap(vec![to_x25519(), to_x25519()]);
    let identity = Identity::parse(X25519_IDENTITY).unwrap();
    assert_eq!(opens(&stanzas, &[identity]).unwrap(), *file_key.expose());
    assert_ne!(stanzas[0], stanzas[1]);
    let error = opens(&stanzas, &[Identity::from(&key())]).unwrap_err();
    let tried = vec![CredentialKind::Key];
    assert_eq!(error, Error::WrongCredential { tried, looks_like: None });
}

#[test]
fn an_x25519_share_of_low_order_is_refused() {
    let (_, mut stanzas) = wrap(vec![to_x25519()]);
    stanzas[0].args = vec!["A".repeat(43)];
    let error = opens(&stanzas, &[Identity::parse(X25519_IDENTITY).unwrap()]).unwrap_err();
    assert_eq!(error.code(), "MALFORMED");
}

#[test]
fn forbidden_pairs_are_named() {
    let key = || Recipient::from(&key());
    assert_eq!(refused(vec![]), "to: 1 to 64 recipients, got 0");
    assert_eq!(refused(vec![key(); 65]), "to: 1 to 64 recipients, got 65");
    Recipients::new(vec![key(); 64]).unwrap();
    let two = refused(vec![to_password("password one"), key(), to_password("password two")]);
    assert_eq!(two, "to: a password and another password cannot be on one file");
    let mixed = refused(vec![key(), to_x25519()]);
    assert_eq!(mixed, "to: an X25519 recipient and a 64-digit key cannot be on one file");
    let mixed = refused(vec![to_x25519(), to_password("a password")]);
    assert_eq!(mixed, "to: an X25519 recipient and a password cannot be on one file");
}

#[test]
fn row_11_weak_keys_and_short_passwords_are_refused_for_sealing_only() {
    let weak = RecoveryKey::parse(&"7".repeat(64)).unwrap();
    assert_eq!(Recipients::new(vec![(&weak).into()]).unwrap_err(), Error::KeyWeak);
    let short = Recipients::new(vec![to_password("seven77")]).unwrap_err();
    assert_eq!(short, Error::PasswordLength { count: 7, min: 8, max: 1024 });
    let unassigned = Recipients::new(vec![to_password("unassigned \u{378}")]).unwrap_err();
    assert_eq!(unassigned, Error::PasswordCharacter { position: 12 });
    // The same key, known by its public half alone, cannot be told; opening with it works.
    let (file_key, stanzas) = wrap(vec![Recipient::parse(&weak.recipient()).unwrap()]);
    assert_eq!(opens(&stanzas, &[(&weak).into()]).unwrap(), *file_key.expose());
}

#[test]
fn row_10_only_the_stated_kind_is_tried_and_a_look_alike_is_told() {
    let (_, stanzas) = wrap(vec![(&key()).into(), to_password("a good password")]);
    let error = opens(&stanzas, &[with_password(DIGITS)]).unwrap_err();
    let tried = vec![CredentialKind::Password];
    let looks_like = Some(CredentialKind::Key);
    assert_eq!(error, Error::WrongCredential { tried, looks_like });

    let (_, stanzas) = wrap(vec![(&key()).into()]);
    let error = opens(&stanzas, &[with_password(&key().rows().join(" "))]).unwrap_err();
    let (tried, available) = (vec![CredentialKind::Password], vec![CredentialKind::Key]);
    assert_eq!(error, Error::NoSuchSlot { tried, available, looks_like });

    let (_, stanzas) = wrap(vec![to_password(DIGITS)]);
    let error = opens(&stanzas, &[(&key()).into()]).unwrap_err();
    let (tried, available) = (vec![CredentialKind::Key], vec![CredentialKind::Password]);
    assert_eq!(error, Error::NoSuchSlot { tried, available, looks_like: None });
}

/// What age makes of a passphrase, whatever its normal form.
fn scrypt_stanza(passphrase: &str, file_key: &[u8]) -> Stanza {
    let salt = [3; 16];
    let key = stretch_scrypt(passphrase.as_bytes(), &salt, 10, &limits()).unwrap();
    let cipher = ChaCha20Poly1305::new(key.expose().into());
    let body = cipher.encrypt(&Nonce::default(), file_key).unwrap();
    let args = vec![STANDARD_NO_PAD.encode(salt), "10".to_owned()];
    Stanza { tag: "scrypt".to_owned(), args, body }
}

#[test]
fn a_passphrase_of_age_is_tried_as_given_and_then_prepared() {
    let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
    let open = |stanza: Stanza, text: &str| opens(&[stanza], &[with_password(text)]);
    for text in [composed, decomposed] {
        assert_eq!(open(scrypt_stanza(composed, &[5; 16]), text).unwrap(), [5; 16]);
    }
    assert_eq!(open(scrypt_stanza(decomposed, &[5; 16]), decomposed).unwrap(), [5; 16]);
    let error = open(scrypt_stanza(decomposed, &[5; 16]), composed).unwrap_err();
    assert_eq!(error.code(), "WRONG_CREDENTIAL");
}

#[test]
fn row_4_a_space_at_the_end_belongs_to_the_password() {
    let (_, stanzas) = wrap(vec![to_password("a good password ")]);
    assert!(opens(&stanzas, &[with_password("a good password ")]).is_ok());
    let error = opens(&stanzas, &[with_password("a good password")]).unwrap_err();
    assert_eq!(error.code(), "WRONG_CREDENTIAL");
}

#[test]
fn stanzas_of_unknown_types_are_nobodys() {
    let (_, mut stanzas) = wrap(vec![(&key()).into()]);
    stanzas[0].tag = "example.com/enigma".to_owned();
    let error = opens(&stanzas, &[(&key()).into(), with_password("a password")]).unwrap_err();
    let tried = vec![CredentialKind::Key, CredentialKind::Password];
    assert_eq!(error, Error::NoSuchSlot { tried, available: vec![], looks_like: None });
    assert_eq!(opens(&stanzas, &[]).unwrap_err().code(), "INVALID_ARGUMENT");
}

#[test]
fn row_13_a_derivation_that_is_refused_leaves_the_other_credentials() {
    let (file_key, mut stanzas) = wrap(vec![to_password("a good password"), (&key()).into()]);
    stanzas[0].args[1] = "4294967296".to_owned();
    let password = || with_password("a good password");
    let error = opens(&stanzas, &[password()]).unwrap_err();
    let (asked, limit) = (1 << 32, 1_048_576);
    assert_eq!(error, Error::KdfLimit { what: "memory (KiB)", asked, limit });
    assert_eq!(opens(&stanzas, &[password(), (&key()).into()]).unwrap(), *file_key.expose());
    let wrong = RecoveryKey::generate().unwrap();
    assert_eq!(opens(&stanzas, &[password(), (&wrong).into()]).unwrap_err(), error);
}

#[test]
fn row_14_the_automatic_cost_is_lowered_and_told_where_memory_forbids_more() {
    let automatic = |available_kib| {
        let recipient = Recipient::Password {
            password: password("a good password"),
            cost: CostChoice::Automatic,
        };
        let limits = KdfLimits { available_kib: Some(available_kib), ..limits() };
        let recipients = Recipients::new(vec![recipient]).unwrap();
        let (stanzas, notes) = recipients.wrap(&FileKey::random().unwrap(), &limits)?;
        Ok::<_, Error>((stanzas[0].args[1..].join(" "), notes))
    };
    assert_eq!(automatic(262_144), Ok(("262144 3 4".to_owned(), vec![])));
    assert_eq!(automatic(262_143), Ok(("65536 3 4".to_owned(), vec![Note::CostLowered])));
    assert_eq!(automatic(65_535), Err(Error::OutOfMemory { kib: 65_536 }));
    let named = Recipients::new(vec![to_password("a good password")]).unwrap();
    let limits = KdfLimits { available_kib: Some(65_535), ..limits() };
    let error = named.wrap(&FileKey::random().unwrap(), &limits).unwrap_err();
    assert_eq!(error, Error::OutOfMemory { kib: 65_536 });
}

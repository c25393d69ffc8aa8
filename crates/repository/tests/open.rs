//! Which epoch is opened, by what, and what is refused.

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

use holdfast_repository::error::{Detail, Error, Reports};
use holdfast_repository::keys::Commit;
use holdfast_repository::open::Opening;
use holdfast_repository::pin::Pin;
use holdfast_repository::slot::Credential;
use holdfast_repository::store::Store as _;
use holdfast_seal::credential::CostChoice;
use holdfast_seal::kdf::KdfLimits;
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;
use serde_json::Value;

use support::stores::MemoryStore;
use support::{credential, json, vectors};

fn good(name: &str) -> (Arc<MemoryStore>, Value) {
    let store = MemoryStore::of(&vectors().join(name).join("repository"));
    (Arc::new(store), json(&vectors().join(name).join("expected.json")))
}

fn password(text: &str) -> Credential {
    Credential::Password(
        Arc::new(Password::from_utf8(text.as_bytes()).unwrap()),
        CostChoice::Automatic,
    )
}

fn open(
    store: &Arc<MemoryStore>,
    credential: Option<&Credential>,
    pin: Option<&Pin>,
) -> Result<u64, Error> {
    open_within(store, credential, pin, &KdfLimits::default())
}

fn open_within(
    store: &Arc<MemoryStore>,
    credential: Option<&Credential>,
    pin: Option<&Pin>,
    limits: &KdfLimits,
) -> Result<u64, Error> {
    let opening = Opening { credential, pin, limits };
    let opened = opening.open(Arc::clone(store) as _, &Reports::default());
    opened.map(|repository| repository.epoch)
}

fn code(result: Result<u64, Error>) -> String {
    result.map_or_else(|error| error.code().to_owned(), |epoch| format!("epoch {epoch}"))
}

fn pin(protected: bool) -> Pin {
    Pin { epoch: 1, protected, commit: Commit([0; 32]), sequence: 0, snapshots: Vec::new() }
}

#[test]
fn a_protected_backup_says_what_opens_it() {
    let (store, _) = good("good-key");
    let error = open(&store, None, None).unwrap_err();
    assert_eq!(error.code(), "NO_SUCH_SLOT");
    assert_eq!(error.to_string(), "this backup opens with a 64-digit key only");
    let error = open(&store, Some(&password("a password")), None).unwrap_err();
    assert_eq!(error.code(), "NO_SUCH_SLOT");
    assert_eq!(error.to_string(), "this backup has no password; it has a 64-digit key");
    let available = ("available", Detail::List(vec!["key".to_owned()]));
    assert!(error.details().contains(&available));
}

#[test]
fn row_12_another_password_or_key_is_a_wrong_credential() {
    let (store, _) = good("good-password");
    let digits = "0123456789abcdef".repeat(4);
    let error = open(&store, Some(&password(&digits)), None).unwrap_err();
    assert_eq!(error.code(), "WRONG_CREDENTIAL");
    assert_eq!(error.to_string(), "the password does not open this backup");
    assert!(error.details().contains(&("looksLike", Detail::Text("key".to_owned()))));
    let (store, _) = good("good-key");
    let key = Credential::Key(Arc::new(RecoveryKey::generate().unwrap()));
    assert_eq!(code(open(&store, Some(&key), None)), "WRONG_CREDENTIAL");
}

#[test]
fn row_1_a_password_opens_in_any_normal_form() {
    let (store, expected) = good("good-password");
    let text = expected["credential"]["value"].as_str().unwrap();
    let decomposed = text.replace('\u{e4}', "a\u{308}");
    assert_ne!(text, decomposed);
    assert_eq!(code(open(&store, Some(&password(&decomposed)), None)), "epoch 1");
}

#[test]
fn row_13_a_slot_that_is_too_dear_is_not_tried() {
    let (store, expected) = good("good-password");
    let limits = KdfLimits { max_memory_kib: 8191, ..KdfLimits::default() };
    let opened = open_within(&store, credential(&expected).as_ref(), None, &limits);
    assert_eq!(code(opened), "KDF_LIMIT");
}

#[test]
fn row_48_protection_cannot_be_taken_away_unseen() {
    let (store, _) = good("good-open");
    assert_eq!(code(open(&store, None, None)), "epoch 1");
    assert_eq!(code(open(&store, Some(&password("a password")), None)), "PROTECTION_DOWNGRADED");
    assert_eq!(code(open(&store, None, Some(&pin(true)))), "PROTECTION_DOWNGRADED");
    assert_eq!(code(open(&store, None, Some(&pin(false)))), "ROLLBACK_SUSPECTED");
    let (other, expected) = good("good-key");
    let slots = other.list("e1/keyring/").unwrap();
    let slot = other.get(&slots[0].name, None).unwrap().unwrap();
    store.put(&slots[0].name, slot).unwrap();
    assert_eq!(code(open(&store, None, None)), "REPOSITORY_FORGED");
    assert_eq!(code(open(&store, credential(&expected).as_ref(), None)), "PROTECTION_DOWNGRADED");
}

#[test]
fn a_backup_that_was_never_finished_is_none_unless_one_was_seen() {
    let (store, expected) = good("good-key");
    let complete = store.list("e1/complete/").unwrap();
    store.remove(&complete[0].name).unwrap();
    let credential = credential(&expected);
    assert_eq!(code(open(&store, credential.as_ref(), None)), "NOT_A_REPOSITORY");
    assert_eq!(code(open(&store, credential.as_ref(), Some(&pin(true)))), "ROLLBACK_SUSPECTED");
    store.remove("holdfast.json").unwrap();
    assert_eq!(code(open(&store, credential.as_ref(), None)), "NOT_A_REPOSITORY");
    let nothing = Arc::new(MemoryStore::default());
    assert_eq!(code(open(&nothing, credential.as_ref(), None)), "NOT_A_REPOSITORY");
}

#[test]
fn clear_files_of_another_form_are_refused() {
    let (_, expected) = good("good-key");
    let id = expected["repository"].as_str().unwrap();
    let line = |version: u32| format!("{{\"holdfast\":{version},\"repository\":\"{id}\"}}\n");
    let cases = [
        (line(1), "epoch 1"),
        (line(2), "UNSUPPORTED_VERSION"),
        (line(0), "REPOSITORY_FORGED"),
        (line(1).replace('\n', ""), "REPOSITORY_FORGED"),
        (line(1) + "\n", "REPOSITORY_FORGED"),
        (line(1).replace('}', &format!("{}}}", " ".repeat(4096))), "REPOSITORY_FORGED"),
        (line(1).replace('}', ",\"later\":[1]}"), "epoch 1"),
        ("[]\n".to_owned(), "REPOSITORY_FORGED"),
    ];
    for (text, expected_code) in cases {
        let (store, _) = good("good-key");
        store.0.lock().unwrap().insert("holdfast.json".to_owned(), text.clone().into_bytes());
        let opened = open(&store, credential(&expected).as_ref(), None);
        assert_eq!(code(opened), expected_code, "{text}");
    }
}

#[test]
fn row_50_a_damaged_slot_is_never_called_a_wrong_credential() {
    let (store, expected) = good("good-key");
    let name = store.list("e1/keyring/").unwrap()[0].name.clone();
    let whole = store.get(&name, None).unwrap().unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        store.0.lock().unwrap().insert(name.clone(), damaged);
        let opened = open(&store, credential(&expected).as_ref(), None);
        assert_eq!(code(opened), "OBJECT_MISMATCH", "{at}");
    }
}

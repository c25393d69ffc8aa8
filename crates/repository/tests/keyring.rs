//! Credentials of a repository: added, changed, removed, never none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "test code"
)]

mod writer;

use std::sync::Arc;

use holdfast_repository::create::{Protection, create};
use holdfast_repository::error::{Fault, Reports};
use holdfast_repository::keyring::Keyring;
use holdfast_repository::slot::{self, Credential};
use holdfast_repository::store::Store;
use holdfast_seal::credential::CostChoice;
use holdfast_seal::error::CredentialKind;
use holdfast_seal::kdf::{Cost, KdfLimits};
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;

use writer::memory::{Crash, Memory};
use writer::{key, make, open};

fn password(text: &str) -> Credential {
    let password = Password::from_utf8(text.as_bytes()).unwrap();
    Credential::Password(Arc::new(password), CostChoice::Named(Cost::Interactive))
}

#[test]
fn a_credential_that_was_added_opens_and_one_that_was_removed_does_not() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let (one, two, limits) = (key(), password("eight letters"), KdfLimits::default());
    let repository = make(&store, &one);
    let keyring = Keyring { repository: &repository, limits: &limits };
    let slot = keyring.add(&two, "office").unwrap();
    assert_eq!(keyring.find(&two).unwrap(), [(slot.clone(), "office".to_owned())]);
    assert_eq!(keyring.add(&two, "again").unwrap_err().code(), "INVALID_ARGUMENT");
    assert_eq!(open(&store, &two).unwrap().keys.commit, repository.keys.commit);
    assert_eq!(open(&store, &password("other letters")).unwrap_err().code(), "WRONG_CREDENTIAL");
    keyring.remove(&slot, &one).unwrap();
    assert_eq!(open(&store, &two).unwrap_err().code(), "NO_SUCH_SLOT");
    let last = keyring.list().unwrap().remove(0).1.name;
    assert_eq!(keyring.remove(&last, &one).unwrap_err().fault(), Some(Fault::LastSlot));
    assert!(open(&store, &one).is_ok());
}

#[test]
fn the_same_password_at_another_cost_gets_a_slot_of_that_cost_and_no_second_one() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let limits = KdfLimits::default();
    let cheap = password("eight letters");
    let Credential::Password(same, _) = &cheap else { panic!() };
    let dear = Credential::Password(Arc::clone(same), CostChoice::Named(Cost::Default));
    let repository = make(&store, &cheap);
    let keyring = Keyring { repository: &repository, limits: &limits };
    let cost = |name: &str| {
        let sealed = store.get(name, None).unwrap().unwrap();
        slot::cost(&sealed, CredentialKind::Password).unwrap()
    };
    let old = cost(&keyring.list().unwrap().remove(0).1.name);
    let name = keyring.change(&cheap, &dear, "dear").unwrap();
    assert!(cost(&name) > old);
    assert_eq!(keyring.find(&cheap).unwrap(), [(name, "dear".to_owned())]);
    assert!(open(&store, &cheap).is_ok());
}

#[test]
fn the_33rd_credential_is_refused_even_for_the_moment_of_a_change() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let (one, limits) = (key(), KdfLimits::default());
    let repository = make(&store, &one);
    let keyring = Keyring { repository: &repository, limits: &limits };
    for _ in 1..32 {
        keyring.add(&key(), "").unwrap();
    }
    assert_eq!(keyring.add(&key(), "").unwrap_err().code(), "INVALID_ARGUMENT");
    assert_eq!(keyring.change(&one, &key(), "").unwrap_err().code(), "INVALID_ARGUMENT");
    assert_eq!(keyring.list().unwrap().len(), 32);
    assert!(open(&store, &one).is_ok());
}

#[test]
fn row_43_a_crash_at_any_call_of_a_change_leaves_one_that_opens() {
    let (old, new, limits) = (key(), key(), KdfLimits::default());
    let start = Arc::new(Memory::default());
    make(&(start.clone() as Arc<dyn Store>), &old);
    for crash in [Crash::Before, Crash::After] {
        let mut call = 1;
        loop {
            let memory = Arc::new(Memory::of(start.all()));
            let store: Arc<dyn Store> = memory.clone();
            let repository = open(&store, &old).unwrap();
            let keyring = Keyring { repository: &repository, limits: &limits };
            memory.crash_at(call, crash);
            let result = keyring.change(&old, &new, "new");
            let crashed = memory.revive();
            let opens = [open(&store, &old).is_ok(), open(&store, &new).is_ok()];
            assert!(opens.contains(&true), "call {call} {crash:?}");
            if !crashed {
                result.unwrap();
                assert_eq!(opens, [false, true]);
                break;
            }
            if opens[0] {
                let repository = open(&store, &old).unwrap();
                let keyring = Keyring { repository: &repository, limits: &limits };
                keyring.change(&old, &new, "new").unwrap();
            }
            assert!(open(&store, &old).is_err());
            assert!(open(&store, &new).is_ok());
            assert_eq!(memory.names("/keyring/").len(), 1);
            call += 1;
        }
        assert!(call > 5, "{call} calls");
    }
}

#[test]
fn nothing_is_made_for_a_credential_that_is_refused() {
    let weak = RecoveryKey::parse(&"0".repeat(64));
    let weak = weak.map(|key| Credential::Key(Arc::new(key))).ok();
    for refused in [Some(password("seven77")), weak].into_iter().flatten() {
        let memory = Arc::new(Memory::default());
        let store: Arc<dyn Store> = memory.clone();
        let credentials = [(key(), String::new()), (refused, String::new())];
        let (limits, reports) = (KdfLimits::default(), Reports::default());
        let made = create(&store, Protection::On(&credentials), &limits, &reports);
        assert!(["PASSWORD_LENGTH", "KEY_WEAK"].contains(&made.unwrap_err().code()));
        assert!(memory.all().is_empty());
    }
}

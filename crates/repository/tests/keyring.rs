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

use holdfast_repository::error::Fault;
use holdfast_repository::keyring::Keyring;
use holdfast_repository::slot::Credential;
use holdfast_repository::store::Store;
use holdfast_seal::credential::CostChoice;
use holdfast_seal::kdf::{Cost, KdfLimits};
use holdfast_seal::password::Password;

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

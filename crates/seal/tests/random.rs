//! Where the random generator fails nothing is made: there is no fallback.

#![cfg(feature = "faults")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::sync::Arc;

use holdfast_seal::credential::{CostChoice, Recipient, Recipients};
use holdfast_seal::error::Error;
use holdfast_seal::faults;
use holdfast_seal::kdf::{Cost, KdfLimits};
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;
use holdfast_seal::sealing::seal_bytes;
use holdfast_seal::secret::FileKey;

fn is_internal<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Internal { .. }))
}

#[test]
fn row_35_without_random_bytes_there_is_no_key_no_stanza_and_no_file() {
    let limits = KdfLimits::default();
    let key = RecoveryKey::generate().unwrap();
    let file_key = FileKey::random().unwrap();
    let password = Arc::new(Password::from_utf8(b"a good password").unwrap());
    let cost = CostChoice::Named(Cost::Interactive);
    let x25519 = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    let each_type = [
        Recipient::from(&key),
        Recipient::parse(x25519).unwrap(),
        Recipient::Password { password, cost },
    ];
    let each_type = each_type.map(|to| Recipients::new(vec![to]).unwrap());

    faults::set_random_fails(true);
    assert!(is_internal(&RecoveryKey::generate()));
    for to in &each_type {
        assert!(is_internal(&to.wrap(&file_key, &limits)));
        assert!(is_internal(&seal_bytes(b"plain", to, &limits)));
    }
    faults::set_random_fails(false);
    for to in &each_type {
        assert!(seal_bytes(b"plain", to, &limits).is_ok());
    }
}

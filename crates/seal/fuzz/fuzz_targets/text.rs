//! Any text as a key, a recipient, an identity or a password.

#![no_main]

use holdfast_seal::credential::{Identity, Recipient};
use holdfast_seal::password::Password;
use holdfast_seal::recovery_key::RecoveryKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(key) = RecoveryKey::parse(text) {
            let again = RecoveryKey::parse(&key.rows().join("\n")).expect("what is printed is read");
            assert!(again.same_as(&key));
        }
        if let Ok(Recipient::Hybrid(recipient)) = Recipient::parse(text) {
            assert_eq!(recipient.format(), text.to_lowercase());
        }
        let _ = Identity::parse(text);
    }
    if let Ok(password) = Password::from_utf8(data) {
        let again = Password::from_utf8(password.prepared()).expect("a prepared password");
        assert_eq!(again.prepared(), password.prepared());
    }
});

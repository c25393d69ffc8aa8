//! `X25519`: the file key under a Curve25519 key (C2SP age.md, "The X25519 recipient type").

use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

use super::grammar::Stanza;
use super::{encoding, wrapping};
use crate::age_key::{X25519Identity, X25519Recipient};
use crate::error::Error;
use crate::limits::WRAPPED_LEN;
use crate::secret::{FileKey, WrapKey, random_bytes};

/// The stanza's type.
pub const TAG: &str = "X25519";
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";

/// Checks the form.
pub(crate) fn check(stanza: &Stanza) -> Result<(), Error> {
    parse(stanza).map(drop)
}

/// Wraps the file key for a recipient, with a new ephemeral secret.
pub(crate) fn wrap(recipient: &X25519Recipient, file_key: &FileKey) -> Result<Stanza, Error> {
    let secret = StaticSecret::from(*Zeroizing::new(random_bytes::<32>()?));
    let share = PublicKey::from(&secret);
    let key = wrap_key(&secret.diffie_hellman(&recipient.0), &share, &recipient.0)?;
    let body = wrapping::wrap(&key, file_key)?;
    Ok(Stanza { tag: TAG.to_owned(), args: vec![encoding::encode(share.as_bytes())], body })
}

/// The file key, if the identity's recipient is the one that it was wrapped for.
pub(crate) fn unwrap(identity: &X25519Identity, stanza: &Stanza) -> Result<Option<FileKey>, Error> {
    let (share, body) = parse(stanza)?;
    let key = wrap_key(&identity.0.diffie_hellman(&share), &share, &identity.recipient().0)?;
    Ok(wrapping::unwrap(&key, body))
}

fn parse(stanza: &Stanza) -> Result<(PublicKey, &[u8; WRAPPED_LEN]), Error> {
    let [share] = stanza.args.as_slice() else {
        return Err(wrapping::malformed("an X25519 stanza does not have one argument"));
    };
    let share: [u8; 32] = wrapping::bytes(share, "an X25519 share is not 32 bytes of base64")?;
    Ok((PublicKey::from(share), wrapping::body(&stanza.body)?))
}

/// Whether every agreement with `point` gives zeros (RFC 7748 section 6.1).
pub(crate) fn is_low_order(point: &[u8; 32]) -> bool {
    x25519_dalek::x25519([1; 32], *point) == [0; 32]
}

fn wrap_key(
    shared: &SharedSecret,
    share: &PublicKey,
    recipient: &PublicKey,
) -> Result<WrapKey, Error> {
    // RFC 7748 section 6.1: a secret of zeros means a point of low order, which a file key that
    // everyone knows could hide behind.
    if !shared.was_contributory() {
        return Err(wrapping::malformed("an X25519 share is a point of low order"));
    }
    let salt = [*share.as_bytes(), *recipient.as_bytes()].concat();
    wrapping::derive(&salt, shared.as_bytes(), &[LABEL])
}

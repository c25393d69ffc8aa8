//! Age recipients and identities: the keys, and their text in Bech32 (BIP 173, but without its
//! limit on length, as C2SP age.md demands).
//!
//! | text | what |
//! | --- | --- |
//! | `age1…` | X25519 recipient |
//! | `age1pq1…` | `mlkem768x25519` recipient |
//! | `AGE-SECRET-KEY-1…` | X25519 identity |
//! | `AGE-SECRET-KEY-PQ-1…` | `mlkem768x25519` identity, the other form of a 64-digit key |

use std::fmt;
use std::ops::RangeInclusive;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::primitives::iter::{ByteIterExt as _, Fe32IterExt as _};
use bech32::{Bech32, Checksum, Fe32, Hrp};
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, Serializable as _};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::header::x25519::is_low_order;
use crate::recovery_key::foreign_character;
use crate::secret::Seed;

const X25519_RECIPIENT: Hrp = Hrp::parse_unchecked("age");
const HYBRID_RECIPIENT: Hrp = Hrp::parse_unchecked("age1pq");
const X25519_IDENTITY: &str = "AGE-SECRET-KEY-1";
const HYBRID_IDENTITY: &str = "AGE-SECRET-KEY-PQ-1";
const IDENTITY_START: &str = "AGE-SECRET-KEY-";
/// Characters of the longest identity: prefix and separator, 52 of data, 6 of checksum.
const MAX_IDENTITY_LEN: usize = 77;

/// A public `mlkem768x25519` key: the recipient of a 64-digit key.
#[derive(Clone, PartialEq, Eq)]
pub struct HybridRecipient {
    pub(crate) key: Box<<XWing as Kem>::PublicKey>,
    /// Whether all digits of the key that it was made from are equal.
    pub(crate) weak: bool,
}

/// A secret `mlkem768x25519` key.
#[derive(Clone)]
pub struct HybridIdentity(pub(crate) Box<<XWing as Kem>::PrivateKey>);

/// A public X25519 key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct X25519Recipient(pub(crate) PublicKey);

/// A secret X25519 key.
#[derive(Clone)]
pub struct X25519Identity(pub(crate) StaticSecret);

/// An identity of one of the two types, from its text.
#[derive(Debug)]
pub(crate) enum AgeIdentity {
    Hybrid(Seed),
    X25519(X25519Identity),
}

/// A recipient of one of the two types, from its text.
#[derive(Debug)]
pub(crate) enum AgeRecipient {
    Hybrid(HybridRecipient),
    X25519(X25519Recipient),
}

impl HybridIdentity {
    /// The identity whose seed this is.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the library below refuses it.
    pub fn new(seed: &Seed) -> Result<Self, Error> {
        let key = <XWing as Kem>::PrivateKey::from_bytes(seed.expose());
        key.map(|key| Self(Box::new(key)))
            .map_err(|error| Error::Internal { what: format!("a seed was refused: {error}") })
    }

    /// The recipient that this identity opens.
    #[must_use]
    pub fn recipient(&self) -> HybridRecipient {
        HybridRecipient { key: Box::new(XWing::sk_to_pk(&self.0)), weak: false }
    }
}

impl HybridRecipient {
    /// The recipient as `age1pq1…`.
    #[must_use]
    pub fn format(&self) -> String {
        characters(&HYBRID_RECIPIENT, &self.key.to_bytes()).collect()
    }
}

impl X25519Identity {
    /// The recipient that this identity opens.
    #[must_use]
    pub fn recipient(&self) -> X25519Recipient {
        X25519Recipient(PublicKey::from(&self.0))
    }
}

impl X25519Recipient {
    /// The recipient as `age1…`.
    #[must_use]
    pub fn format(&self) -> String {
        characters(&X25519_RECIPIENT, self.0.as_bytes()).collect()
    }
}

/// Whether a text means to be an age identity.
pub(crate) fn is_identity(text: &str) -> bool {
    starts_with(text, IDENTITY_START)
}

/// An identity's text; no failure repeats any of it.
pub(crate) fn parse_identity(text: &str) -> Result<AgeIdentity, Error> {
    let text = text.trim();
    if starts_with(text, HYBRID_IDENTITY) {
        return Ok(AgeIdentity::Hybrid(Seed::new(*secret(text, HYBRID_IDENTITY)?)));
    }
    if starts_with(text, X25519_IDENTITY) {
        let bytes = secret(text, X25519_IDENTITY)?;
        return Ok(AgeIdentity::X25519(X25519Identity(StaticSecret::from(*bytes))));
    }
    Err(invalid("an identity begins with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1"))
}

/// The text of a `mlkem768x25519` identity.
pub(crate) fn format_identity(seed: &Seed) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_IDENTITY_LEN));
    let hrp = hrp(HYBRID_IDENTITY);
    text.extend(characters(&hrp, seed.expose()).map(|c| c.to_ascii_uppercase()));
    text
}

/// A recipient's text.
pub(crate) fn parse_recipient(text: &str) -> Result<AgeRecipient, Error> {
    let text = text.trim();
    if let Some(bytes) = decode(HYBRID_RECIPIENT, text) {
        let refused = || invalid("the age1pq1 recipient is not a key");
        let key = <XWing as Kem>::PublicKey::from_bytes(&bytes).map_err(|_| refused())?;
        let point = bytes.last_chunk::<32>().filter(|point| !is_low_order(point));
        point.ok_or_else(refused)?;
        return Ok(AgeRecipient::Hybrid(HybridRecipient { key: Box::new(key), weak: false }));
    }
    let bytes = decode(X25519_RECIPIENT, text)
        .ok_or_else(|| invalid("a recipient is age1… or age1pq1… with the right checksum"))?;
    let bytes = <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| invalid("the age1 recipient is not a key"))?;
    if is_low_order(&bytes) {
        return Err(invalid("the age1 recipient is a point of low order"));
    }
    Ok(AgeRecipient::X25519(X25519Recipient(PublicKey::from(bytes))))
}

/// The 32 bytes of an identity that begins with `start` (in any one case).
fn secret(text: &str, start: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
    let upper = text.starts_with(|c: char| c.is_ascii_uppercase());
    let alien = |(index, c): (usize, char)| {
        let other_case = if upper { c.is_ascii_lowercase() } else { c.is_ascii_uppercase() };
        other_case || (index >= start.len() && Fe32::from_char(c).is_err())
    };
    if let Some(index) = text.char_indices().position(alien) {
        let hyphens = text.chars().take(index).filter(|c| *c == '-').count();
        return Err(foreign_character(index.saturating_sub(hyphens)));
    }
    let bytes = decode(hrp(start), text).ok_or(Error::KeyCheck)?;
    let digits = (bytes.len() as u64).saturating_mul(2);
    let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Error::KeyLength { digits })?;
    Ok(Zeroizing::new(bytes))
}

/// Bech32 without the limit of 1023 characters: a recipient has 1959.
#[derive(Debug)]
enum LongBech32 {}

impl Checksum for LongBech32 {
    type MidstateRepr = <Bech32 as Checksum>::MidstateRepr;
    type CorrectionField = <Bech32 as Checksum>::CorrectionField;
    const ROOT_GENERATOR: Self::CorrectionField = Bech32::ROOT_GENERATOR;
    const ROOT_EXPONENTS: RangeInclusive<usize> = Bech32::ROOT_EXPONENTS;
    const CODE_LENGTH: usize = 4096;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [Self::MidstateRepr; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: Self::MidstateRepr = Bech32::TARGET_RESIDUE;
}

/// The text of `bytes`, in lower case.
fn characters<'a>(hrp: &'a Hrp, bytes: &'a [u8]) -> impl Iterator<Item = char> + 'a {
    bytes.iter().copied().bytes_to_fes().with_checksum::<LongBech32>(hrp).chars()
}

/// The bytes behind a text of one case, with a right checksum and no stray bits at its end.
fn decode(hrp: Hrp, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let checked = CheckedHrpstring::new::<LongBech32>(text).ok()?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    bytes.extend(checked.byte_iter());
    let canonical = characters(&hrp, &bytes).eq(text.chars().map(|c| c.to_ascii_lowercase()));
    (checked.hrp() == hrp && canonical).then_some(bytes)
}

fn hrp(start: &str) -> Hrp {
    Hrp::parse_unchecked(start.strip_suffix('1').unwrap_or(start))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|front| front.eq_ignore_ascii_case(start))
}

macro_rules! redacted {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}

redacted!(HybridIdentity X25519Identity HybridRecipient X25519Recipient);

fn invalid(what: &str) -> Error {
    Error::InvalidArgument { what: what.to_owned() }
}

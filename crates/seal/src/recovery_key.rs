//! The 64-digit key (`docs/format.md` section 4): 32 random bytes that a person can write down,
//! and the seed of an age `mlkem768x25519` identity.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::age_key::{self, AgeIdentity, HybridIdentity, HybridRecipient};
use crate::error::Error;
use crate::limits::{CHECK_DIGITS, KEY_DIGITS};
use crate::secret::Seed;

const CHECK_LABEL: &[u8] = b"holdfast/v1/check";
const GROUP: usize = 4;
const ROWS: usize = 4;
const ALL_DIGITS: usize = KEY_DIGITS + CHECK_DIGITS;

/// A 64-digit key; wiped when dropped.
pub struct RecoveryKey {
    seed: Seed,
    identity: HybridIdentity,
}

impl RecoveryKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the system's random generator fails.
    pub fn generate() -> Result<Self, Error> {
        Self::from_seed(Seed::random()?)
    }

    /// Reads a key as people type it: 64 digits, or 68 with the check group, in any case, grouped
    /// by white space and hyphens in any way, full-width digits too; or `AGE-SECRET-KEY-PQ-1…`.
    ///
    /// # Errors
    ///
    /// None repeats any of the text:
    /// - [`Error::KeyCharacter`] for the first character that is no digit;
    /// - [`Error::KeyLength`] for another number of digits;
    /// - [`Error::KeyCheck`] if the check group or the identity's checksum does not fit;
    /// - [`Error::InvalidArgument`] for an age identity of another type.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if age_key::is_identity(text.trim()) {
            return match age_key::parse_identity(text)? {
                AgeIdentity::Hybrid(seed) => Self::from_seed(seed),
                AgeIdentity::X25519(_) => Err(Error::InvalidArgument {
                    what: "an X25519 age identity is not a 64-digit key".to_owned(),
                }),
            };
        }
        let digits = Digits::scan(text)?;
        if digits.count != KEY_DIGITS && digits.count != ALL_DIGITS {
            return Err(Error::KeyLength { digits: digits.count as u64 });
        }
        let key = Self::from_seed(digits.seed())?;
        if digits.count == ALL_DIGITS && digits.check() != key.check() {
            return Err(Error::KeyCheck);
        }
        Ok(key)
    }

    /// The key whose 32 bytes these are.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the library below refuses them.
    pub fn from_seed(seed: Seed) -> Result<Self, Error> {
        let identity = HybridIdentity::new(&seed)?;
        Ok(Self { seed, identity })
    }

    /// Checks what is demanded of a new key only: a key that came from nowhere but the keyboard.
    ///
    /// # Errors
    ///
    /// [`Error::KeyWeak`] if all digits are equal.
    pub fn check_new(&self) -> Result<(), Error> {
        if self.is_weak() { Err(Error::KeyWeak) } else { Ok(()) }
    }

    /// Whether all digits are equal.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        let (digit, _) = nibbles(self.seed.expose()[0]);
        self.seed.expose().iter().all(|byte| nibbles(*byte) == (digit, digit))
    }

    /// The digits as they are shown: four rows of four groups of four.
    #[must_use]
    pub fn rows(&self) -> Zeroizing<[String; ROWS]> {
        let mut rows = Zeroizing::new([const { String::new() }; ROWS]);
        let bytes_per_row = self.seed.expose().len() / ROWS;
        for (row, bytes) in rows.iter_mut().zip(self.seed.expose().chunks(bytes_per_row)) {
            row.reserve_exact(bytes.len().saturating_mul(3));
            for (index, group) in bytes.chunks(GROUP / 2).enumerate() {
                if index > 0 {
                    row.push(' ');
                }
                row.extend(hex(group));
            }
        }
        rows
    }

    /// The check group, four digits that are shown and typed after the key.
    #[must_use]
    pub fn check_group(&self) -> String {
        hex(&self.check()).collect()
    }

    /// The key as an age identity, `AGE-SECRET-KEY-PQ-1…`.
    #[must_use]
    pub fn identity(&self) -> Zeroizing<String> {
        age_key::format_identity(&self.seed)
    }

    /// The key's public half as text, `age1pq1…`: whoever has it can seal to this key.
    #[must_use]
    pub fn recipient(&self) -> String {
        self.to_recipient().format()
    }

    /// Whether both are the same key, compared in constant time.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.seed.expose().ct_eq(other.seed.expose()).into()
    }

    pub(crate) fn to_recipient(&self) -> HybridRecipient {
        HybridRecipient { weak: self.is_weak(), ..self.identity.recipient() }
    }

    /// The raw 32 bytes.
    #[must_use]
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    pub(crate) fn to_identity(&self) -> HybridIdentity {
        self.identity.clone()
    }

    fn check(&self) -> [u8; CHECK_DIGITS / 2] {
        let digest = Sha256::new().chain_update(CHECK_LABEL).chain_update(self.seed.expose());
        let [first, second, ..]: [u8; 32] = digest.finalize().into();
        [first, second]
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RecoveryKey(redacted)")
    }
}

/// Whether a text would be taken for a 64-digit key, or for an age identity.
pub(crate) fn looks_like_key(text: &str) -> bool {
    let whole = |digits: Digits| digits.count == KEY_DIGITS || digits.count == ALL_DIGITS;
    age_key::is_identity(text.trim()) || Digits::scan(text).is_ok_and(whole)
}

/// The failure of the character at `index` (from zero, white space and hyphens not counted).
pub(crate) fn foreign_character(index: usize) -> Error {
    let group = (index / GROUP).saturating_add(1);
    Error::KeyCharacter { position: index.saturating_add(1) as u64, group: group as u64 }
}

/// The digits of a text, of which only the first 68 are kept.
struct Digits {
    kept: Zeroizing<[u8; ALL_DIGITS]>,
    count: usize,
}

impl Digits {
    fn scan(text: &str) -> Result<Self, Error> {
        let mut digits = Self { kept: Zeroizing::new([0; ALL_DIGITS]), count: 0 };
        for c in text.chars().filter(|c| !c.is_whitespace() && !is_hyphen(*c)) {
            let digit = digit(c).ok_or_else(|| foreign_character(digits.count))?;
            if let Some(place) = digits.kept.get_mut(digits.count) {
                *place = digit;
            }
            digits.count = digits.count.saturating_add(1);
        }
        Ok(digits)
    }

    fn seed(&self) -> Seed {
        let mut bytes = Zeroizing::new([0_u8; KEY_DIGITS / 2]);
        self.write(0, &mut *bytes);
        Seed::new(*bytes)
    }

    fn check(&self) -> [u8; CHECK_DIGITS / 2] {
        let mut bytes = [0; CHECK_DIGITS / 2];
        self.write(KEY_DIGITS, &mut bytes);
        bytes
    }

    fn write(&self, from: usize, bytes: &mut [u8]) {
        let pairs = self.kept.get(from..).unwrap_or_default().chunks_exact(2);
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            *byte = pair.iter().fold(0, |high, low| high << 4 | low);
        }
    }
}

fn is_hyphen(c: char) -> bool {
    // hyphen-minus, hyphen, non-breaking hyphen, full-width hyphen-minus
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{FF0D}')
}

/// The value of a hexadecimal digit, which may be full-width.
fn digit(c: char) -> Option<u8> {
    /// From a full-width character to its ASCII twin.
    const FULL_WIDTH: u32 = 0xFEE0;
    let ascii = match c {
        '\u{FF01}'..='\u{FF5E}' => u32::from(c).checked_sub(FULL_WIDTH).and_then(char::from_u32)?,
        _ => c,
    };
    ascii.to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn nibbles(byte: u8) -> (u8, u8) {
    (byte >> 4, byte & 0x0F)
}

fn hex(bytes: &[u8]) -> impl Iterator<Item = char> + '_ {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().map(|byte| nibbles(*byte)).flat_map(move |(high, low)| [digit(high), digit(low)])
}

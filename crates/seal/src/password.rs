//! Passwords, prepared for key derivation (`docs/format.md` section 4).
//!
//! Preparation is normative: refuse a short list of characters, turn every kind of space into
//! U+0020, normalise to NFC. Nothing else is refused, mapped, trimmed or cut.

use std::fmt;

use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::limits::{MAX_PASSWORD_LEN, MIN_NEW_PASSWORD_LEN};
use crate::recovery_key;

/// No character's canonical decomposition is longer, so NFC cannot make a text shorter than this
/// part of its code points.
const MAX_DECOMPOSITION: usize = 4;
/// Most code points that can be a password before NFC.
const MAX_TYPED: usize = MAX_PASSWORD_LEN * MAX_DECOMPOSITION;

/// A password, prepared; wiped when dropped.
pub struct Password {
    prepared: Zeroizing<String>,
    as_given: Zeroizing<String>,
}

impl Password {
    /// Prepares a password given as UTF-8.
    ///
    /// # Errors
    ///
    /// - [`Error::PasswordLength`] unless it has 1 to 1024 code points once prepared.
    /// - [`Error::PasswordCharacter`] for control characters, line and paragraph separators,
    ///   noncharacters, and bytes that are not UTF-8.
    pub fn from_utf8(bytes: &[u8]) -> Result<Self, Error> {
        let starts = bytes.iter().filter(|byte| !matches!(byte, 0x80..=0xBF)).count();
        refuse_length(starts, 0, MAX_TYPED)?;
        let text = str::from_utf8(bytes)
            .map_err(|error| character(error.valid_up_to().saturating_add(1)))?;
        Self::prepare(copy(text))
    }

    /// Prepares a password given as UTF-16, as JavaScript and Windows hold it.
    ///
    /// # Errors
    ///
    /// As [`Password::from_utf8`]; an unpaired surrogate is [`Error::PasswordCharacter`].
    pub fn from_utf16(units: &[u16]) -> Result<Self, Error> {
        let starts = units.iter().filter(|unit| !matches!(unit, 0xDC00..=0xDFFF)).count();
        refuse_length(starts, 0, MAX_TYPED)?;
        // Three bytes hold any code point of one unit, four any of two.
        let mut text = Zeroizing::new(String::with_capacity(units.len().saturating_mul(3)));
        for (index, decoded) in char::decode_utf16(units.iter().copied()).enumerate() {
            text.push(decoded.map_err(|_| character(index.saturating_add(1)))?);
        }
        Self::prepare(text)
    }

    /// The bytes that key derivation takes.
    #[must_use]
    pub fn prepared(&self) -> &[u8] {
        self.prepared.as_bytes()
    }

    /// The UTF-8 bytes before preparation, which other age programs give to scrypt.
    #[must_use]
    pub fn as_given(&self) -> &[u8] {
        self.as_given.as_bytes()
    }

    /// Checks what is demanded of a new password only.
    ///
    /// # Errors
    ///
    /// - [`Error::PasswordLength`] for fewer than 8 code points.
    /// - [`Error::PasswordCharacter`] for a code point that this software's Unicode version does
    ///   not know: a later version could normalise it differently.
    pub fn check_new(&self) -> Result<(), Error> {
        refuse_length(self.prepared.chars().count(), MIN_NEW_PASSWORD_LEN, MAX_PASSWORD_LEN)?;
        refuse(&self.as_given, |c| c.general_category() == GeneralCategory::Unassigned)
    }

    /// Whether the text would be taken for a 64-digit key, or an age identity.
    #[must_use]
    pub fn looks_like_key(&self) -> bool {
        recovery_key::looks_like_key(&self.as_given)
    }

    /// Whether both prepare to the same bytes, compared in constant time.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.prepared().ct_eq(other.prepared()).into()
    }

    fn prepare(as_given: Zeroizing<String>) -> Result<Self, Error> {
        refuse(&as_given, is_refused)?;
        // NFC of a text is at most three times as long in UTF-8: no reallocation leaves a copy.
        let capacity = as_given.len().saturating_mul(3);
        let mut prepared = Zeroizing::new(String::with_capacity(capacity));
        prepared.extend(as_given.chars().map(|c| if is_space(c) { ' ' } else { c }).nfc());
        refuse_length(prepared.chars().count(), 1, MAX_PASSWORD_LEN)?;
        Ok(Self { prepared, as_given })
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(redacted)")
    }
}

fn is_refused(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_noncharacter(c)
}

fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Category Zs, which the format fixes: a later Unicode version does not change old passwords.
fn is_space(c: char) -> bool {
    let single = [' ', '\u{A0}', '\u{1680}', '\u{202F}', '\u{205F}', '\u{3000}'];
    single.contains(&c) || matches!(c, '\u{2000}'..='\u{200A}')
}

fn refuse(text: &str, refused: impl Fn(char) -> bool) -> Result<(), Error> {
    match text.chars().position(refused) {
        Some(index) => Err(character(index.saturating_add(1))),
        None => Ok(()),
    }
}

fn refuse_length(count: usize, min: usize, max: usize) -> Result<(), Error> {
    if (min..=max).contains(&count) {
        return Ok(());
    }
    let (min, max) = (min.max(1) as u64, max.min(MAX_PASSWORD_LEN) as u64);
    Err(Error::PasswordLength { count: count as u64, min, max })
}

fn character(position: usize) -> Error {
    Error::PasswordCharacter { position: position as u64 }
}

fn copy(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_list_of_spaces_is_category_zs() {
        for c in '\0'..=char::MAX {
            let category = c.general_category();
            assert_eq!(is_space(c), category == GeneralCategory::SpaceSeparator, "{c:?}");
        }
    }

    #[test]
    fn no_character_decomposes_into_more_than_is_counted_on() {
        for c in '\0'..=char::MAX {
            assert!(c.nfd().count() <= MAX_DECOMPOSITION, "{c:?}");
        }
    }

    #[test]
    fn the_tables_of_normalisation_and_of_categories_are_of_one_unicode_version() {
        let (major, minor, update) = unicode_normalization::UNICODE_VERSION;
        let normalization = (u64::from(major), u64::from(minor), u64::from(update));
        assert_eq!(normalization, unicode_properties::UNICODE_VERSION);
    }
}

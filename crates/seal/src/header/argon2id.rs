//! `holdfast/argon2id`: the file key under a password (`docs/format.md` section 3).

use super::grammar::Stanza;
use super::{encoding, wrapping};
use crate::error::Error;
use crate::kdf::{self, KdfCosts, KdfLimits, Stretched};
use crate::limits::{SALT_LEN, WRAPPED_LEN};
use crate::password::Password;
use crate::secret::{FileKey, WrapKey, random_bytes};

/// The stanza's type.
pub const TAG: &str = "holdfast/argon2id";
const LABEL: &[u8] = b"holdfast/v1/argon2id\0";
const MAX_NUMBER_LEN: usize = 10;

/// A stanza whose form is right; its costs may be beyond any limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordStanza {
    salt: [u8; SALT_LEN],
    /// Memory in KiB.
    pub memory_kib: u64,
    /// Passes over the memory.
    pub passes: u64,
    /// Lanes of the memory.
    pub lanes: u64,
    body: [u8; WRAPPED_LEN],
}

impl PasswordStanza {
    /// Reads the stanza's arguments and body.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] unless the form is that of section 3.
    pub fn parse(stanza: &Stanza) -> Result<Self, Error> {
        let [salt, memory_kib, passes, lanes] = stanza.args.as_slice() else {
            return Err(wrapping::malformed("a password stanza does not have four arguments"));
        };
        Ok(Self {
            salt: wrapping::bytes(salt, "a password stanza's salt is not 16 bytes of base64")?,
            memory_kib: number(memory_kib)?,
            passes: number(passes)?,
            lanes: number(lanes)?,
            body: *wrapping::body(&stanza.body)?,
        })
    }
}

/// Checks the form.
pub(crate) fn check(stanza: &Stanza) -> Result<(), Error> {
    PasswordStanza::parse(stanza).map(drop)
}

/// Wraps the file key under a password, with a new salt.
pub(crate) fn wrap(
    password: &Password,
    costs: KdfCosts,
    limits: &KdfLimits,
    file_key: &FileKey,
) -> Result<Stanza, Error> {
    let salt = random_bytes()?;
    let stretched = kdf::stretch(password, &salt, costs, limits)?;
    stanza(&stretched, &salt, costs, file_key)
}

/// The file key, if the password is the one that wrapped it: one Argon2id run.
pub(crate) fn unwrap(
    password: &Password,
    stanza: &Stanza,
    limits: &KdfLimits,
) -> Result<Option<FileKey>, Error> {
    Ok(unwrap_stretched(password, stanza, limits)?.map(|(file_key, _)| file_key))
}

/// The file key and the stretched password, if it is the one that wrapped the file key: one
/// Argon2id run.
///
/// # Errors
///
/// [`Error::Malformed`], [`Error::KdfLimit`], [`Error::OutOfMemory`].
pub fn unwrap_stretched(
    password: &Password,
    stanza: &Stanza,
    limits: &KdfLimits,
) -> Result<Option<(FileKey, Stretched)>, Error> {
    let PasswordStanza { salt, memory_kib, passes, lanes, body } = PasswordStanza::parse(stanza)?;
    let costs = KdfCosts::new(memory_kib, passes, lanes, limits)?;
    let stretched = kdf::stretch(password, &salt, costs, limits)?;
    let file_key = wrapping::unwrap(&wrap_key(&stretched, &salt, costs)?, &body);
    Ok(file_key.map(|file_key| (file_key, stretched)))
}

/// Wraps the file key under a password that was stretched with `salt`.
///
/// # Errors
///
/// [`Error::Internal`] if a primitive refuses, which none does for these lengths.
pub fn stanza(
    stretched: &Stretched,
    salt: &[u8; SALT_LEN],
    costs: KdfCosts,
    file_key: &FileKey,
) -> Result<Stanza, Error> {
    let numbers = costs.to_string();
    let args = std::iter::once(encoding::encode(salt)).chain(numbers.split(' ').map(str::to_owned));
    let body = wrapping::wrap(&wrap_key(stretched, salt, costs)?, file_key)?;
    Ok(Stanza { tag: TAG.to_owned(), args: args.collect(), body })
}

fn wrap_key(
    stretched: &Stretched,
    salt: &[u8; SALT_LEN],
    costs: KdfCosts,
) -> Result<WrapKey, Error> {
    wrapping::derive(salt, stretched.expose(), &[LABEL, costs.to_string().as_bytes()])
}

/// `^[1-9][0-9]{0,9}$`
fn number(text: &str) -> Result<u64, Error> {
    let canonical = text.len() <= MAX_NUMBER_LEN
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| canonical)
        .ok_or_else(|| wrapping::malformed("a password stanza's number is not canonical"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn hex<const N: usize>(text: &Value) -> [u8; N] {
        let digits = text.as_str().unwrap().as_bytes();
        let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn every_value_on_the_way_to_a_stanza_is_that_of_an_independent_implementation() {
        let text = include_str!("../../../../vectors/external/repository/keys.json");
        let case = &serde_json::from_str::<Value>(text).unwrap()["section3"];
        let password = Password::from_utf8(case["password"].as_str().unwrap().as_bytes()).unwrap();
        let limits = KdfLimits::default();
        let cost = |name| case[name].as_u64().unwrap();
        let costs = KdfCosts::new(cost("memory"), cost("passes"), cost("lanes"), &limits).unwrap();
        let (salt, file_key) = (hex(&case["salt"]), FileKey::new(hex(&case["fileKey"])));

        let stretched = kdf::stretch(&password, &salt, costs, &limits).unwrap();
        assert_eq!(stretched.expose(), &hex(&case["stretched"]));
        let key = wrap_key(&stretched, &salt, costs).unwrap();
        assert_eq!(key.expose(), &hex(&case["wrapKey"]));
        let stanza = stanza(&stretched, &salt, costs, &file_key).unwrap();
        assert_eq!(stanza.body, hex::<32>(&case["body"]));
        let line = format!("-> {} {}", stanza.tag, stanza.args.join(" "));
        assert_eq!(line, case["stanza"].as_str().unwrap());
        let opened = unwrap(&password, &stanza, &limits).unwrap().unwrap();
        assert_eq!(opened.expose(), file_key.expose());
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(number("9999999999"), Ok(9_999_999_999));
        for text in ["", "0", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "٣", "10000000000"] {
            assert!(matches!(number(text), Err(Error::Malformed { .. })), "{text:?}");
        }
    }
}

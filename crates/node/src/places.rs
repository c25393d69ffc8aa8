//! Paths from JavaScript: text, bytes, or null for standard input and output.

use std::ffi::OsString;
use std::path::PathBuf;

use holdfast_seal::error::Error as CoreError;
use holdfast_seal::sealing::Place;
use napi::bindgen_prelude::{Either, Either3, Null, Uint8Array, Uint8ArraySlice, Utf16String};
use napi::{Env, Result};

use crate::bytes::copied;
use crate::errors::{invalid, throwing};

/// A path among several, or in an object.
pub(crate) type OwnPath = Either<Utf16String, Uint8Array>;

/// A path argument.
pub(crate) type PathLike<'env> = Either3<Utf16String, Uint8ArraySlice<'env>, Null>;

/// The place that `path` names; `argument` is its name in messages.
pub(crate) fn place(env: Env, path: PathLike<'_>, argument: &str) -> Result<Place> {
    let name = match path {
        Either3::A(text) => from_text(&text),
        Either3::B(bytes) => from_bytes(&copied(env, &bytes)?),
        Either3::C(Null) => return Ok(Place::Standard),
    };
    throwing(env, checked(name, argument)).map(Place::Path)
}

/// The folder or file that `path` names; nothing for null.
pub(crate) fn optional(env: Env, path: PathLike<'_>, argument: &str) -> Result<Option<PathBuf>> {
    Ok(match place(env, path, argument)? {
        Place::Path(path) => Some(path),
        Place::Standard => None,
    })
}

/// The folder or file that `path` names.
pub(crate) fn required(
    env: Env,
    path: Either<Utf16String, Uint8ArraySlice<'_>>,
    argument: &str,
) -> Result<PathBuf> {
    let name = match path {
        Either::A(text) => from_text(&text),
        Either::B(bytes) => from_bytes(&copied(env, &bytes)?),
    };
    throwing(env, checked(name, argument))
}

/// The path that `path` spells.
pub(crate) fn own(path: &OwnPath, argument: &str) -> std::result::Result<PathBuf, CoreError> {
    let name = match path {
        Either::A(text) => from_text(text),
        Either::B(bytes) => from_bytes(bytes),
    };
    checked(name, argument)
}

/// The bytes of a path within a snapshot.
pub(crate) fn within(path: OwnPath) -> std::result::Result<Vec<u8>, CoreError> {
    match path {
        Either::A(text) => String::from_utf16(&text)
            .map(String::into_bytes)
            .map_err(|_| invalid("path: half a character cannot be in it")),
        Either::B(bytes) => Ok(bytes.to_vec()),
    }
}

fn checked(name: Option<OsString>, argument: &str) -> std::result::Result<PathBuf, CoreError> {
    match name {
        Some(name) if name.is_empty() => Err(invalid(&format!("{argument} is empty"))),
        Some(name) if name.as_encoded_bytes().contains(&0) => {
            Err(invalid(&format!("{argument} has a NUL")))
        }
        Some(name) => Ok(PathBuf::from(name)),
        None => Err(invalid(&format!("{argument} is not a path on this system"))),
    }
}

#[cfg(windows)]
fn from_text(text: &[u16]) -> Option<OsString> {
    use std::os::windows::ffi::OsStringExt as _;
    Some(OsString::from_wide(text))
}

#[cfg(not(windows))]
fn from_text(text: &[u16]) -> Option<OsString> {
    String::from_utf16(text).ok().map(OsString::from)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no path for some bytes")]
fn from_bytes(bytes: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    Some(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn from_bytes(bytes: &[u8]) -> Option<OsString> {
    str::from_utf8(bytes).ok().map(OsString::from)
}

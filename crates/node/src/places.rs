//! Paths from JavaScript: text, bytes, or null for standard input and output.

use std::ffi::OsString;
use std::path::PathBuf;

use holdfast_seal::sealing::Place;
use napi::bindgen_prelude::{Either3, Null, Uint8ArraySlice, Utf16String};
use napi::{Env, Result};

use crate::bytes::copied;
use crate::errors::{invalid, throwing};

/// A path argument.
pub(crate) type PathLike<'env> = Either3<Utf16String, Uint8ArraySlice<'env>, Null>;

/// The place that `path` names; `argument` is its name in messages.
pub(crate) fn place(env: Env, path: PathLike<'_>, argument: &str) -> Result<Place> {
    let name = match path {
        Either3::A(text) => from_text(&text),
        Either3::B(bytes) => from_bytes(&copied(env, &bytes)?),
        Either3::C(Null) => return Ok(Place::Standard),
    };
    let place = match name {
        Some(name) if name.is_empty() => Err(invalid(&format!("{argument} is empty"))),
        Some(name) if name.as_encoded_bytes().contains(&0) => {
            Err(invalid(&format!("{argument} has a NUL")))
        }
        Some(name) => Ok(Place::Path(PathBuf::from(name))),
        None => Err(invalid(&format!("{argument} is not a path on this system"))),
    };
    throwing(env, place)
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

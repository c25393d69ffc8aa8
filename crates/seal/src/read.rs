//! Reading from streams: short reads and interruptions stay invisible, typed errors get through.

use std::io::{ErrorKind, Read};

use crate::error::Error;

/// Fills `buffer` unless the source ends first. Returns the bytes read.
pub(crate) fn read_full(source: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(len) => filled = filled.saturating_add(len),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(read_error(&error)),
        }
    }
    Ok(filled)
}

/// The failure behind an I/O error of a source.
pub(crate) fn read_error(error: &std::io::Error) -> Error {
    ours(error).unwrap_or_else(|| Error::source("read", error))
}

/// The one of our failures that came through a [`Read`] or a [`Write`](std::io::Write).
pub(crate) fn ours(error: &std::io::Error) -> Option<Error> {
    error.get_ref()?.downcast_ref::<Error>().cloned()
}

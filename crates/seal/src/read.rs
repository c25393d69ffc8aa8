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

/// The failure behind an I/O error: one of ours that came through a [`Read`], or the system's.
pub(crate) fn read_error(error: &std::io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(ours) => ours.clone(),
        None => Error::source("read", error),
    }
}

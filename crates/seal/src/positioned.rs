//! File calls that happen whole or fail: an interrupted call is repeated, a short transfer goes on.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};

/// Runs one file call, again while it is interrupted. `call` names it for the fault injector.
pub(crate) fn attempt<T>(
    call: &'static str,
    mut operation: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    loop {
        match allowed(call).and_then(|()| operation()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Fills `pieces` from `offset` on and returns the number of bytes: fewer only at the file's end.
///
/// # Errors
///
/// The system's.
pub fn read_at(
    file: &File,
    mut offset: u64,
    mut pieces: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    let mut total = 0_usize;
    IoSliceMut::advance_slices(&mut pieces, 0);
    while !pieces.is_empty() {
        let count = attempt("read", || transfer::read(file, offset, pieces))?;
        if count == 0 {
            break;
        }
        IoSliceMut::advance_slices(&mut pieces, count);
        total = total.saturating_add(count);
        offset = after(offset, count)?;
    }
    Ok(total)
}

/// Writes all of `pieces` from `offset` on.
///
/// # Errors
///
/// The system's.
pub fn write_at(file: &File, mut offset: u64, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut pieces, 0);
    while !pieces.is_empty() {
        let count = attempt("write", || transfer::write(file, offset, pieces))?;
        if count == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut pieces, count);
        offset = after(offset, count)?;
    }
    Ok(())
}

fn after(offset: u64, count: usize) -> io::Result<u64> {
    u64::try_from(count)
        .ok()
        .and_then(|count| offset.checked_add(count))
        .ok_or_else(|| ErrorKind::InvalidInput.into())
}

#[cfg(unix)]
mod transfer {
    use std::fs::File;
    use std::io::{self, IoSlice, IoSliceMut};

    use super::shortened;

    /// Most pieces that one system call takes (`IOV_MAX`).
    const MAX_PIECES: usize = 1024;

    pub(super) fn read(
        file: &File,
        offset: u64,
        pieces: &mut [IoSliceMut<'_>],
    ) -> io::Result<usize> {
        if shortened() {
            let byte = pieces.first_mut().and_then(|piece| piece.get_mut(..1)).unwrap_or_default();
            return Ok(rustix::io::preadv(file, &mut [IoSliceMut::new(byte)], offset)?);
        }
        let end = pieces.len().min(MAX_PIECES);
        Ok(rustix::io::preadv(file, pieces.get_mut(..end).unwrap_or_default(), offset)?)
    }

    pub(super) fn write(file: &File, offset: u64, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if shortened() {
            let byte = pieces.first().and_then(|piece| piece.get(..1)).unwrap_or_default();
            return Ok(rustix::io::pwritev(file, &[IoSlice::new(byte)], offset)?);
        }
        let end = pieces.len().min(MAX_PIECES);
        Ok(rustix::io::pwritev(file, pieces.get(..end).unwrap_or_default(), offset)?)
    }
}

#[cfg(not(unix))]
mod transfer {
    use std::fs::File;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::os::windows::fs::FileExt as _;

    use super::shortened;

    pub(super) fn read(
        file: &File,
        offset: u64,
        pieces: &mut [IoSliceMut<'_>],
    ) -> io::Result<usize> {
        let piece = pieces.first_mut().map(|piece| &mut **piece).unwrap_or_default();
        let end = if shortened() { 1 } else { piece.len() };
        file.seek_read(piece.get_mut(..end).unwrap_or_default(), offset)
    }

    pub(super) fn write(file: &File, offset: u64, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let piece = pieces.first().map(|piece| &**piece).unwrap_or_default();
        let end = if shortened() { 1 } else { piece.len() };
        file.seek_write(piece.get(..end).unwrap_or_default(), offset)
    }
}

#[cfg(feature = "faults")]
use crate::faults::{allowed, shortened};

#[cfg(not(feature = "faults"))]
#[expect(clippy::unnecessary_wraps, reason = "the form that the fault injector needs")]
const fn allowed(_call: &'static str) -> io::Result<()> {
    Ok(())
}

#[cfg(not(feature = "faults"))]
const fn shortened() -> bool {
    false
}

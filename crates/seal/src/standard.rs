//! The process's standard streams: cancellable reads, writes that tell of failure.
//!
//! The descriptors are used directly: the library's own `stdin` and `stdout` cannot be interrupted,
//! fail on descriptors that a parent made non-blocking, and swallow what a closed one was given.

use std::io;

use crate::control::Control;

#[cfg(unix)]
mod system {
    use std::io;
    use std::os::fd::{AsFd as _, BorrowedFd};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use super::Control;

    /// How long a silent stream is waited for before the caller's wish is looked at again.
    const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

    pub(super) fn read(control: &Control, buffer: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        loop {
            await_ready(control, stdin.as_fd(), PollFlags::IN)?;
            match rustix::io::read(&stdin, &mut *buffer) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    pub(super) fn write(control: &Control, bytes: &[u8]) -> io::Result<usize> {
        let stdout = io::stdout();
        loop {
            await_ready(control, stdout.as_fd(), PollFlags::OUT)?;
            match rustix::io::write(&stdout, bytes) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    fn await_ready(control: &Control, stream: BorrowedFd<'_>, wanted: PollFlags) -> io::Result<()> {
        loop {
            control.check().map_err(io::Error::other)?;
            match poll(&mut [PollFd::from_borrowed_fd(stream, wanted)], Some(&PATIENCE)) {
                Ok(0) | Err(Errno::INTR) => {}
                outcome => return Ok(outcome.map(drop)?),
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io::{self, Read as _, Write as _};

    use super::Control;

    pub(super) fn read(_control: &Control, buffer: &mut [u8]) -> io::Result<usize> {
        io::stdin().lock().read(buffer)
    }

    pub(super) fn write(_control: &Control, bytes: &[u8]) -> io::Result<usize> {
        let mut stdout = io::stdout().lock();
        let len = stdout.write(bytes)?;
        stdout.flush()?;
        Ok(len)
    }
}

/// Standard input, from where it stands to its end.
pub(crate) struct StandardInput<'a>(pub(crate) &'a Control);

impl io::Read for StandardInput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        system::read(self.0, buffer)
    }
}

/// Standard output; nothing is kept back.
pub(crate) struct StandardOutput<'a>(pub(crate) &'a Control);

impl io::Write for StandardOutput<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        system::write(self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

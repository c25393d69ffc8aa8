//! Reads ASCII armor (C2SP age.md, "ASCII armor"): strict PEM around a binary age file.

use std::io::{self, BufRead, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::Error;

const BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
/// Bytes at the start of a file that are enough for [`is_armored`].
pub(crate) const PROBE_LEN: usize = MAX_WHITE_SPACE + BEGIN.len();
const COLUMNS: usize = 64;
const BYTES_PER_LINE: usize = 48;
const MAX_WHITE_SPACE: usize = 1024;

/// Whether data that begin with `start` are armored: a BEGIN line after nothing but white space.
pub(crate) fn is_armored(start: &[u8]) -> bool {
    let text = start.trim_ascii_start();
    start.len().saturating_sub(text.len()) <= MAX_WHITE_SPACE && text.starts_with(b"-----BEGIN AGE")
}

/// The binary file inside an armored one. Failures are [`Error`]s inside [`io::Error`]s.
pub(crate) struct Dearmored<R> {
    source: R,
    state: State,
    line: u64,
    decoded: Vec<u8>,
    given: usize,
}

#[derive(PartialEq)]
enum State {
    Before,
    Inside,
    After,
}

impl<R: BufRead> Dearmored<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, state: State::Before, line: 0, decoded: Vec::new(), given: 0 }
    }

    /// Decodes the next line; nothing is decoded after the END line.
    fn advance(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.given = 0;
        if self.state == State::Before {
            self.begin()?;
        }
        if self.state == State::After {
            return Ok(());
        }
        let line = self.next_line()?;
        if line == END {
            return self.finish();
        }
        if line.is_empty() || line.len() > COLUMNS {
            return Err(self.malformed("an armor line is not 1 to 64 characters long"));
        }
        self.decoded = STANDARD
            .decode(&line)
            .map_err(|_| self.malformed("an armor line is not canonical base64"))?;
        if self.decoded.len() < BYTES_PER_LINE {
            if self.next_line()? != END {
                return Err(self.malformed("a short armor line is not followed by the END line"));
            }
            self.finish()?;
        }
        Ok(())
    }

    fn begin(&mut self) -> io::Result<()> {
        let mut white_space = 0_usize;
        loop {
            let line = self.next_line()?;
            if line == BEGIN {
                self.state = State::Inside;
                return Ok(());
            }
            white_space = white_space.saturating_add(line.len()).saturating_add(1);
            if !line.trim_ascii().is_empty() || white_space > MAX_WHITE_SPACE {
                return Err(self.malformed("the armor's BEGIN line is not exact"));
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.state = State::After;
        let mut rest = Vec::new();
        let limit = MAX_WHITE_SPACE as u64;
        self.source.by_ref().take(limit).read_to_end(&mut rest)?;
        if rest.len() == MAX_WHITE_SPACE || !rest.trim_ascii().is_empty() {
            return Err(self.malformed("data follow the armor's END line"));
        }
        Ok(())
    }

    /// The next line without its line end (LF or CRLF); all lines are short.
    fn next_line(&mut self) -> io::Result<Vec<u8>> {
        self.line = self.line.saturating_add(1);
        let mut line = Vec::new();
        let limit = MAX_WHITE_SPACE as u64;
        self.source.by_ref().take(limit).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(self.malformed("the armor ends without an END line"));
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
    }

    fn malformed(&self, what: &'static str) -> io::Error {
        io::Error::other(Error::Malformed { what, line: Some(self.line) })
    }
}

impl<R: BufRead> Read for Dearmored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.decoded.len() && self.state != State::After {
            self.advance()?;
        }
        let mut rest = self.decoded.get(self.given..).unwrap_or_default();
        let len = rest.read(buffer)?;
        self.given = self.given.saturating_add(len);
        Ok(len)
    }
}

//! Sources of the caller's: streams that it opens, databases that it copies.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use holdfast_repository::error::Error;
use holdfast_repository::source::{Snapshotter, Stream};

use crate::desk::{Answer, Request};
use crate::line::{Line, misplaced};

/// Bytes that a stream is asked for at a time.
const READ_LEN: usize = 1 << 20;

/// A source of the caller's, by its position among all.
#[derive(Debug)]
pub(crate) struct OwnSource {
    pub(crate) line: Arc<Line>,
    pub(crate) source: u32,
}

impl Stream for OwnSource {
    fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let stream = NEXT.fetch_add(1, Ordering::Relaxed);
        // Made before it is open: whatever becomes of that, it is closed.
        let open = OpenStream { line: Arc::clone(&self.line), stream, rest: Vec::new(), at: 0 };
        self.line.done(Request::Open { source: self.source, stream })?;
        Ok(Box::new(open))
    }
}

impl Snapshotter for OwnSource {
    fn copy(&self, path: &Path, target: &Path) -> Result<(), Error> {
        let (path, target) = (path.to_owned(), target.to_owned());
        self.line.done(Request::Copy { source: self.source, path, target })
    }
}

/// Bytes of the caller's, closed when dropped.
struct OpenStream {
    line: Arc<Line>,
    stream: u32,
    rest: Vec<u8>,
    at: usize,
}

impl Read for OpenStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.rest.len() {
            let request = Request::Read { stream: self.stream, len: into.len().max(READ_LEN) };
            match self.line.ask(request).map_err(io::Error::other)? {
                Answer::Bytes(Some(bytes)) => (self.rest, self.at) = (bytes, 0),
                Answer::Bytes(None) => return Ok(0),
                other => return Err(io::Error::other(misplaced(&other))),
            }
        }
        let mut left = self.rest.get(self.at..).unwrap_or_default();
        let len = left.read(into)?;
        self.at = self.at.saturating_add(len);
        Ok(len)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        // Nobody waits: the caller's stream may be what hangs.
        self.line.tell(Request::Close { stream: self.stream });
    }
}

//! Where an operation's bytes come from: a file, or standard input.

use std::io::{self, Read};
use std::sync::Arc;

use crate::control::Control;
use crate::error::Error;
use crate::sealing::Place;
use crate::source::SourceFile;
use crate::standard::StandardInput;

/// An open source.
#[derive(Debug)]
pub(crate) enum Input {
    /// A regular file, read at any offset.
    File(Arc<SourceFile>),
    /// Standard input, read once.
    Standard,
}

impl Input {
    pub(crate) fn open(source: &Place) -> Result<Self, Error> {
        match source {
            Place::Path(path) => SourceFile::open(path).map(|file| Self::File(Arc::new(file))),
            Place::Standard => Ok(Self::Standard),
        }
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Arc<SourceFile>> {
        match self {
            Self::File(file) => Some(file),
            Self::Standard => None,
        }
    }

    /// Everything from the start, in order.
    pub(crate) fn reader<'a>(&'a self, control: &'a Control) -> Box<dyn Read + 'a> {
        match self {
            Self::File(file) => Box::new(InOrder { file, position: 0 }),
            Self::Standard => Box::new(StandardInput(control)),
        }
    }

    /// Refuses what changed since it was opened; a stream has nothing to compare.
    pub(crate) fn ensure_unchanged(&self) -> Result<(), Error> {
        self.file().map_or(Ok(()), |file| file.ensure_unchanged())
    }
}

struct InOrder<'a> {
    file: &'a SourceFile,
    position: u64,
}

impl Read for InOrder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.file.read_at(self.position, buffer).map_err(io::Error::other)?;
        self.position = self.position.saturating_add(len as u64);
        Ok(len)
    }
}

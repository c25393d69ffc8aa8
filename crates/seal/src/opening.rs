//! Opens, verifies and looks at sealed files.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::armor::{self, Dearmored};
use crate::chunk::ChunkCipher;
use crate::control::{Control, Phase};
use crate::credential::{self, Identity};
use crate::crew::Call;
use crate::error::Error;
use crate::header::{self, Header};
use crate::input::Input;
use crate::kdf::KdfLimits;
use crate::lengths;
use crate::limits::NONCE_LEN;
use crate::output::Output;
use crate::parallel::{self, Action, Work};
use crate::place::{Draft, Secrecy};
use crate::read::read_full;
use crate::sealing::{Place, Publish};
use crate::secret::FileKey;
use crate::source::SourceFile;
use crate::stream::{self, Flow};

/// What opening or verifying found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Length of the plaintext in bytes.
    pub bytes: u64,
    /// Length of the binary sealed file in bytes.
    pub sealed_bytes: u64,
}

/// Opens `source` into `target` with the first of `with` that fits, tried in the order given.
///
/// The target gets its name only after the last chunk has verified. Standard output is the
/// exception: it gets authentic bytes as they come, and a failure may follow.
///
/// # Errors
///
/// - [`Error::NotSealed`], [`Error::UnsupportedVersion`], [`Error::Malformed`];
/// - [`Error::NoSuchSlot`], [`Error::WrongCredential`], [`Error::KdfLimit`], [`Error::OutOfMemory`];
/// - [`Error::HeaderTampered`], [`Error::ChunkCorrupt`], [`Error::Truncated`], [`Error::TrailingData`];
/// - those of files, as for [`seal_file`](crate::sealing::seal_file).
pub fn open_file(
    source: &Place,
    target: &Place,
    with: &[Identity],
    publish: Publish,
    call: &Call,
) -> Result<Opened, Error> {
    open(source, Some((target, publish)), with, call)
}

/// Opens every chunk of `source` and keeps nothing.
///
/// # Errors
///
/// As [`open_file`], without those of the target.
pub fn verify_file(source: &Place, with: &[Identity], call: &Call) -> Result<Opened, Error> {
    open(source, None, with, call)
}

/// Opens a few bytes in memory.
///
/// # Errors
///
/// As [`open_file`], where they concern credentials and content.
pub fn open_bytes(
    sealed: &[u8],
    with: &[Identity],
    limits: &KdfLimits,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut sealed = Sealed::read(Box::new(sealed))?;
    let cipher = sealed.unlock(with, limits)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(4096));
    stream::open(&mut sealed.reader, &mut *plain, &cipher, &Control::default())?;
    Ok(plain)
}

fn open(
    source: &Place,
    target: Option<(&Place, Publish)>,
    with: &[Identity],
    call: &Call,
) -> Result<Opened, Error> {
    let control = &*call.control;
    control.check()?;
    let input = Input::open(source)?;
    if let Some((target, publish)) = target {
        Output::check(target, &input, publish)?;
    }
    let mut sealed = Sealed::read(input.reader(control))?;
    control.set_phase(Phase::Deriving);
    let cipher = sealed.unlock(with, &call.limits)?;
    let first = sealed.first();
    let file = input.file().filter(|_| !sealed.armored);
    if let Some(file) = file {
        control.set_total(lengths::plain_len(file.len().saturating_sub(first)));
    }
    control.begin_writing()?;
    control.set_phase(Phase::Working);
    let output = match target {
        Some((target, publish)) => Output::create(target, Secrecy::Plain, publish)?,
        None => Output::Nowhere,
    };
    let (output, flow) = match (file, output) {
        (Some(file), output @ (Output::Draft(..) | Output::Nowhere)) => {
            in_parallel(file, output.into_draft(), cipher, first, call)?
        }
        (_, mut output) => {
            let flow = stream::open(&mut sealed.reader, &mut output, &cipher, control)?;
            (output, flow)
        }
    };
    let publish = target.map_or(Publish { overwrite: false, sync: false }, |(_, publish)| publish);
    output.publish(publish, control)?;
    Ok(Opened { bytes: flow.plain, sealed_bytes: first.saturating_add(flow.payload) })
}

fn in_parallel(
    file: &Arc<SourceFile>,
    draft: Option<Draft>,
    cipher: ChunkCipher,
    first: u64,
    call: &Call,
) -> Result<(Output, Flow), Error> {
    let sealed_len = file.len().saturating_sub(first);
    if sealed_len == 0 {
        return Err(Error::Truncated { chunks: 0 });
    }
    let plain_len = lengths::plain_len(sealed_len);
    let (source, action) = (Arc::clone(file), Action::Open);
    let work = Work { source, action, draft, cipher, first, plain_len, sealed_len };
    let work = parallel::run(work, call)?;
    Ok((Output::from(work.draft), Flow { plain: plain_len, payload: sealed_len }))
}

/// A sealed file whose header was read.
pub(crate) struct Sealed<'a> {
    pub(crate) header: Header,
    pub(crate) armored: bool,
    /// What follows: the payload nonce, or after [`Sealed::cipher`] the first chunk.
    pub(crate) reader: Box<dyn BufRead + 'a>,
}

impl<'a> Sealed<'a> {
    pub(crate) fn read(mut source: Box<dyn Read + 'a>) -> Result<Self, Error> {
        let mut start = vec![0_u8; armor::PROBE_LEN];
        let len = read_full(&mut source, &mut start)?;
        start.truncate(len);
        let armored = armor::is_armored(&start);
        let source = BufReader::new(Cursor::new(start).chain(source));
        let mut reader: Box<dyn BufRead + 'a> = if armored {
            Box::new(BufReader::new(Dearmored::new(source)))
        } else {
            Box::new(source)
        };
        Ok(Self { header: Header::read(&mut reader)?, armored, reader })
    }

    /// Where the first chunk begins in the binary file, in bytes.
    pub(crate) fn first(&self) -> u64 {
        self.header.len().saturating_add(NONCE_LEN as u64)
    }

    /// Finds the file key and makes the cipher of the chunks.
    fn unlock(&mut self, with: &[Identity], limits: &KdfLimits) -> Result<ChunkCipher, Error> {
        let file_key = credential::unwrap(self.header.stanzas(), with, limits)?;
        self.cipher(&file_key).map(|(cipher, _)| cipher)
    }

    /// Checks the header with the file key and reads the payload nonce.
    pub(crate) fn cipher(
        &mut self,
        file_key: &FileKey,
    ) -> Result<(ChunkCipher, [u8; NONCE_LEN]), Error> {
        self.header.verify(file_key)?;
        let mut nonce = [0_u8; NONCE_LEN];
        if read_full(&mut self.reader, &mut nonce)? < NONCE_LEN {
            return Err(Error::Truncated { chunks: 0 });
        }
        let key = header::payload_key(file_key, &nonce)?;
        Ok((ChunkCipher::new(key, self.first()), nonce))
    }
}

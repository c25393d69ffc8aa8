//! Makes sealed files.

use std::path::PathBuf;
use std::sync::Arc;

use crate::chunk::ChunkCipher;
use crate::control::{Control, Phase};
use crate::credential::{Note, Recipients};
use crate::crew::Call;
use crate::error::Error;
use crate::header::Front;
use crate::input::Input;
use crate::kdf::KdfLimits;
use crate::lengths;
use crate::output::Output;
use crate::parallel::{self, Action, Work};
use crate::place::Secrecy;
use crate::secret::FileKey;
use crate::stream::{self, Sink as _};

/// Where bytes come from or go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file.
    Path(PathBuf),
    /// Standard input or standard output.
    Standard,
}

/// How a target gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// Whether a plain file under that name may be replaced.
    pub overwrite: bool,
    /// Whether to wait until the disk has everything.
    pub sync: bool,
}

/// What sealing made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Length of the plaintext in bytes.
    pub bytes: u64,
    /// Length of the sealed file in bytes.
    pub sealed_bytes: u64,
    /// What the user should be told.
    pub notes: Vec<Note>,
}

/// Seals `source` into `target`, readable by everyone in `to`.
///
/// The target gets its name only when it is complete; until then, and after a failure, nothing
/// visible has changed. A regular file goes through all threads of the call, a stream through one.
///
/// # Errors
///
/// - [`Error::InvalidArgument`] and the `KEY_*` and `PASSWORD_*` codes for the credentials;
/// - [`Error::SourceUnreadable`], [`Error::SourceChanged`];
/// - [`Error::TargetExists`], [`Error::TargetUnsafe`], [`Error::TargetUnwritable`], [`Error::NoSpace`];
/// - [`Error::OutOfMemory`], [`Error::TooLarge`], [`Error::Cancelled`].
pub fn seal_file(
    source: &Place,
    target: &Place,
    to: &Recipients,
    publish: Publish,
    call: &Call,
) -> Result<Sealed, Error> {
    let control = &*call.control;
    control.check()?;
    let input = Input::open(source)?;
    if let Some(file) = input.file() {
        control.set_total(file.len());
    }
    Output::check(target, &input, publish)?;
    control.set_phase(Phase::Deriving);
    let (front, notes) = front(to, &call.limits)?;
    let first = front.bytes.len() as u64;
    let cipher = ChunkCipher::new(front.payload_key, first);
    control.begin_writing()?;
    control.set_phase(Phase::Working);
    let mut output = Output::create(target, Secrecy::Sealed, publish)?;
    output.write(&front.bytes, control)?;
    let (output, bytes) = match (input.file(), output) {
        (Some(file), Output::Draft(draft, _)) => {
            let (source, plain_len) = (Arc::clone(file), file.len());
            let sealed_len =
                lengths::sealed_len(plain_len).ok_or(Error::TooLarge { what: "the source" })?;
            let (action, draft) = (Action::Seal, Some(draft));
            let work = Work { source, action, draft, cipher, first, plain_len, sealed_len };
            (Output::from(parallel::run(work, call)?.draft), plain_len)
        }
        (_, mut output) => {
            let flow = stream::seal(&mut input.reader(control), &mut output, &cipher, control)?;
            (output, flow.plain)
        }
    };
    input.ensure_unchanged()?;
    output.publish(publish, control)?;
    let sealed_len = lengths::sealed_len(bytes).unwrap_or(u64::MAX);
    Ok(Sealed { bytes, sealed_bytes: first.saturating_add(sealed_len), notes })
}

/// Seals a few bytes in memory.
///
/// # Errors
///
/// As [`seal_file`], where they concern credentials and memory.
pub fn seal_bytes(plain: &[u8], to: &Recipients, limits: &KdfLimits) -> Result<Vec<u8>, Error> {
    let (front, _) = front(to, limits)?;
    let cipher = ChunkCipher::new(front.payload_key, front.bytes.len() as u64);
    let mut sealed = front.bytes;
    stream::seal(&mut { plain }, &mut sealed, &cipher, &Control::default())?;
    Ok(sealed)
}

fn front(to: &Recipients, limits: &KdfLimits) -> Result<(Front, Vec<Note>), Error> {
    let file_key = FileKey::random()?;
    let (stanzas, notes) = to.wrap(&file_key, limits)?;
    Ok((Front::new(&stanzas, &file_key)?, notes))
}

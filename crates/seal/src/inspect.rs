//! What a sealed file tells without a credential.

use crate::control::Phase;
use crate::crew::Call;
use crate::error::Error;
use crate::header::argon2id::{self, PasswordStanza};
use crate::header::scrypt::{self, PassphraseStanza};
use crate::header::{Stanza, hybrid, x25519};
use crate::input::Input;
use crate::lengths;
use crate::opening::Sealed;
use crate::sealing::Place;

/// What the header and the length of a sealed file say. None of it is authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Whether the file is ASCII armored.
    pub armored: bool,
    /// The stanzas, in order.
    pub stanzas: Vec<StanzaInfo>,
    /// Length of the header in bytes.
    pub header_bytes: u64,
    /// Length of the binary sealed file in bytes; unknown for armor and streams.
    pub sealed_bytes: Option<u64>,
    /// Length of the plaintext in bytes; unknown for armor and streams.
    pub bytes: Option<u64>,
}

/// One way into the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StanzaInfo {
    /// The type, as it stands in the file.
    pub tag: String,
    /// What opens it.
    pub kind: StanzaKind,
}

/// The types of stanza that this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StanzaKind {
    /// A password, stretched by Argon2id.
    Argon2id {
        /// Memory in KiB.
        memory_kib: u64,
        /// Passes over the memory.
        passes: u64,
        /// Lanes.
        lanes: u64,
    },
    /// A 64-digit key, or another post-quantum age identity.
    Hybrid,
    /// A classical age identity.
    X25519,
    /// A password, stretched by scrypt.
    Scrypt {
        /// Work factor as a power of two.
        log_n: u64,
    },
    /// Another program's type.
    Unknown,
}

/// Reads the header of `source`. Needs no credential and proves nothing.
///
/// # Errors
///
/// [`Error::NotSealed`], [`Error::UnsupportedVersion`], [`Error::Malformed`],
/// [`Error::SourceUnreadable`], [`Error::Cancelled`].
pub fn inspect_file(source: &Place, call: &Call) -> Result<Info, Error> {
    call.control.check()?;
    let input = Input::open(source)?;
    let sealed = Sealed::read(input.reader(&call.control))?;
    let sealed_bytes = input.file().filter(|_| !sealed.armored).map(|file| file.len());
    call.control.set_phase(Phase::Done);
    Ok(Info {
        armored: sealed.armored,
        stanzas: sealed.header.stanzas().iter().map(describe).collect::<Result<_, _>>()?,
        header_bytes: sealed.header.len(),
        sealed_bytes,
        bytes: sealed_bytes.map(|len| lengths::plain_len(len.saturating_sub(sealed.first()))),
    })
}

fn describe(stanza: &Stanza) -> Result<StanzaInfo, Error> {
    let kind = match stanza.tag.as_str() {
        argon2id::TAG => {
            let PasswordStanza { memory_kib, passes, lanes, .. } = PasswordStanza::parse(stanza)?;
            StanzaKind::Argon2id { memory_kib, passes, lanes }
        }
        hybrid::TAG => StanzaKind::Hybrid,
        x25519::TAG => StanzaKind::X25519,
        scrypt::TAG => StanzaKind::Scrypt { log_n: PassphraseStanza::parse(stanza)?.log_n },
        _ => StanzaKind::Unknown,
    };
    Ok(StanzaInfo { tag: stanza.tag.clone(), kind })
}

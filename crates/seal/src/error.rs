//! Why something failed: one variant per cause, one stable code per failure.

use std::fmt;
use std::io;

/// A kind of credential, as errors and file information name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialKind {
    /// Text chosen by a person.
    Password,
    /// A 64-digit key, or another age identity.
    Key,
}

impl CredentialKind {
    /// The word for this kind in details and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Why a sealed file could not be made, opened or looked at.
///
/// No variant carries key material, plaintext, a credential or a path, so every value is safe to
/// log and to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Stanzas of this credential's kind are there, and none opened.
    #[error("the {} does not open this file", kinds(.tried))]
    WrongCredential {
        /// Kinds of the credentials that were tried.
        tried: Vec<CredentialKind>,
        /// What the credential looks like, if it looks like another kind.
        looks_like: Option<CredentialKind>,
    },
    /// The file has no stanza of the credential's kind.
    #[error("this file does not open with a {}; it opens with {}", kinds(.tried), offered(.available))]
    NoSuchSlot {
        /// Kinds of the credentials that were tried.
        tried: Vec<CredentialKind>,
        /// Kinds of credential that the file has stanzas for.
        available: Vec<CredentialKind>,
        /// What the credential looks like, if it looks like another kind.
        looks_like: Option<CredentialKind>,
    },
    /// The text of a 64-digit key has another number of digits.
    #[error("the 64-digit key has {digits} digits")]
    KeyLength {
        /// Number of hexadecimal digits found.
        digits: u64,
    },
    /// The text of a key has a character that cannot be there.
    #[error("group {group} of the key has a character that cannot be there")]
    KeyCharacter {
        /// One-based position of the character, white space and hyphens not counted.
        position: u64,
        /// One-based group of four digits that it falls in.
        group: u64,
    },
    /// The check group, or the checksum of an age identity, does not fit the digits.
    #[error("the check group does not fit the key")]
    KeyCheck,
    /// All digits of the key are equal.
    #[error("all digits of the key are equal")]
    KeyWeak,
    /// The password has a character that cannot be in one.
    #[error("character {position} of the password cannot be used")]
    PasswordCharacter {
        /// One-based position, counted in code points (in bytes where the text is not UTF-8).
        position: u64,
    },
    /// The password is too short or too long.
    #[error("the password has {count} characters; {min} to {max} are possible")]
    PasswordLength {
        /// Number of code points found.
        count: u64,
        /// Fewest code points.
        min: u64,
        /// Most code points.
        max: u64,
    },
    /// The first line is not that of an age file.
    #[error("not a sealed file")]
    NotSealed,
    /// An age file of another version.
    #[error("the file's format version is not supported; this program reads version 1")]
    UnsupportedVersion,
    /// The header, the armor or a stanza does not have the form that the format demands.
    #[error("{what}{}", at_line(*.line))]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// One-based line of the header or the armor, where one can be named.
        line: Option<u64>,
    },
    /// The stanza asks for a key derivation that is too dear.
    #[error("the file asks for a key derivation with {what} {asked}; the limit is {limit}")]
    KdfLimit {
        /// What is out of range, with its unit.
        what: &'static str,
        /// The value asked for.
        asked: u64,
        /// The limit in force.
        limit: u64,
    },
    /// The header MAC does not match.
    #[error("the header was changed: its MAC does not match")]
    HeaderTampered,
    /// An authentication tag did not verify.
    #[error("chunk {chunk} (byte {offset}) failed authentication")]
    ChunkCorrupt {
        /// Zero-based position of the chunk in its file.
        chunk: u64,
        /// Offset of the chunk's first byte in the binary sealed file.
        offset: u64,
    },
    /// The file stopped before a chunk marked as last.
    #[error("the file ends after {chunks} chunks without a final chunk")]
    Truncated {
        /// Number of chunks that did open.
        chunks: u64,
    },
    /// Bytes follow the chunk marked as last.
    #[error("data follows the final chunk {chunk} (at byte {offset})")]
    TrailingData {
        /// Zero-based position of the final chunk.
        chunk: u64,
        /// Offset of the first byte after it in the binary sealed file.
        offset: u64,
    },
    /// The source cannot be read.
    #[error("the source cannot be read: {call}: {reason}")]
    SourceUnreadable {
        /// The step that failed.
        call: &'static str,
        /// Why, in the system's words.
        reason: String,
    },
    /// The source changed while it was read.
    #[error("the source changed while it was read: {what}")]
    SourceChanged {
        /// What is different.
        what: &'static str,
    },
    /// Something exists under the target's name.
    #[error("a file exists at the target")]
    TargetExists,
    /// The target is not a plain file that may be replaced.
    #[error("the target is not safe to write: {what}")]
    TargetUnsafe {
        /// What it is.
        what: &'static str,
    },
    /// The target cannot be written.
    #[error("the target cannot be written: {call}: {reason}")]
    TargetUnwritable {
        /// The step that failed.
        call: &'static str,
        /// Why, in the system's words.
        reason: String,
        /// Whether a visible file had changed when it failed.
        visible: bool,
    },
    /// The disk or the quota is full.
    #[error("no space is left for the target: {call}")]
    NoSpace {
        /// The step that failed.
        call: &'static str,
    },
    /// A length is above what the format can hold.
    #[error("{what} is too large")]
    TooLarge {
        /// What is too large.
        what: &'static str,
    },
    /// Memory for a key derivation is not to be had.
    #[error("key derivation could not allocate {kib} KiB")]
    OutOfMemory {
        /// Memory asked for, in KiB.
        kib: u64,
    },
    /// The call itself is wrong.
    #[error("{what}")]
    InvalidArgument {
        /// Which argument, and what is wrong with it.
        what: String,
    },
    /// The caller cancelled the work; becomes the abort signal's reason in TypeScript.
    #[error("the work was cancelled")]
    Cancelled,
    /// A defect of this program or of the system below it.
    #[error("{what}")]
    Internal {
        /// What happened.
        what: String,
    },
}

/// Every code that [`Error::code`] can return to a caller.
pub const CODES: &[&str] = &[
    "WRONG_CREDENTIAL",
    "NO_SUCH_SLOT",
    "KEY_LENGTH",
    "KEY_CHARACTER",
    "KEY_CHECK",
    "KEY_WEAK",
    "PASSWORD_CHARACTER",
    "PASSWORD_LENGTH",
    "NOT_SEALED",
    "UNSUPPORTED_VERSION",
    "MALFORMED",
    "KDF_LIMIT",
    "HEADER_TAMPERED",
    "CHUNK_CORRUPT",
    "TRUNCATED",
    "TRAILING_DATA",
    "SOURCE_UNREADABLE",
    "SOURCE_CHANGED",
    "TARGET_EXISTS",
    "TARGET_UNSAFE",
    "TARGET_UNWRITABLE",
    "NO_SPACE",
    "TOO_LARGE",
    "OUT_OF_MEMORY",
    "INVALID_ARGUMENT",
    "INTERNAL",
];

/// One value among an error's details.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// A count, a position or an offset.
    Number(u64),
    /// A word.
    Text(String),
    /// Several words.
    List(Vec<String>),
}

impl Error {
    /// The stable name of this failure, the same in every language.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongCredential { .. } => "WRONG_CREDENTIAL",
            Self::NoSuchSlot { .. } => "NO_SUCH_SLOT",
            Self::KeyLength { .. } => "KEY_LENGTH",
            Self::KeyCharacter { .. } => "KEY_CHARACTER",
            Self::KeyCheck => "KEY_CHECK",
            Self::KeyWeak => "KEY_WEAK",
            Self::PasswordCharacter { .. } => "PASSWORD_CHARACTER",
            Self::PasswordLength { .. } => "PASSWORD_LENGTH",
            Self::NotSealed => "NOT_SEALED",
            Self::UnsupportedVersion => "UNSUPPORTED_VERSION",
            Self::Malformed { .. } => "MALFORMED",
            Self::KdfLimit { .. } => "KDF_LIMIT",
            Self::HeaderTampered => "HEADER_TAMPERED",
            Self::ChunkCorrupt { .. } => "CHUNK_CORRUPT",
            Self::Truncated { .. } => "TRUNCATED",
            Self::TrailingData { .. } => "TRAILING_DATA",
            Self::SourceUnreadable { .. } => "SOURCE_UNREADABLE",
            Self::SourceChanged { .. } => "SOURCE_CHANGED",
            Self::TargetExists => "TARGET_EXISTS",
            Self::TargetUnsafe { .. } => "TARGET_UNSAFE",
            Self::TargetUnwritable { .. } => "TARGET_UNWRITABLE",
            Self::NoSpace { .. } => "NO_SPACE",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::OutOfMemory { .. } => "OUT_OF_MEMORY",
            Self::InvalidArgument { .. } => "INVALID_ARGUMENT",
            Self::Cancelled => "CANCELLED",
            Self::Internal { .. } => "INTERNAL",
        }
    }

    /// Whether no visible file had changed when this happened.
    #[must_use]
    pub const fn safe(&self) -> bool {
        !matches!(self, Self::TargetUnwritable { visible: true, .. })
    }

    /// The values behind the message, named as in TypeScript.
    #[must_use]
    pub fn details(&self) -> Vec<(&'static str, Detail)> {
        match self {
            Self::WrongCredential { tried, looks_like } => {
                [Some(("tried", words(tried))), looks(*looks_like)].into_iter().flatten().collect()
            }
            Self::NoSuchSlot { tried, available, looks_like } => [
                Some(("tried", words(tried))),
                Some(("available", words(available))),
                looks(*looks_like),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Self::KeyLength { digits } => vec![number("digits", *digits)],
            Self::KeyCharacter { position, group } => {
                vec![number("position", *position), number("group", *group)]
            }
            Self::PasswordCharacter { position } => vec![number("position", *position)],
            Self::PasswordLength { count, min, max } => {
                vec![number("count", *count), number("min", *min), number("max", *max)]
            }
            Self::Malformed { line, .. } => line.iter().map(|line| number("line", *line)).collect(),
            Self::KdfLimit { what, asked, limit } => {
                vec![text("what", what), number("asked", *asked), number("limit", *limit)]
            }
            Self::ChunkCorrupt { chunk, offset } | Self::TrailingData { chunk, offset } => {
                vec![number("chunk", *chunk), number("offset", *offset)]
            }
            Self::Truncated { chunks } => vec![number("chunks", *chunks)],
            Self::SourceUnreadable { call, .. }
            | Self::TargetUnwritable { call, .. }
            | Self::NoSpace { call } => vec![text("call", call)],
            Self::OutOfMemory { kib } => vec![number("kib", *kib)],
            _ => Vec::new(),
        }
    }

    /// A source's failure, in the system's words.
    #[must_use]
    pub fn source(call: &'static str, error: &io::Error) -> Self {
        Self::SourceUnreadable { call, reason: error.to_string() }
    }

    /// A target's failure before anything visible changed; a full disk or quota is told apart.
    #[must_use]
    pub fn target(call: &'static str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { call },
            _ => Self::TargetUnwritable { call, reason: error.to_string(), visible: false },
        }
    }
}

fn number(name: &'static str, value: u64) -> (&'static str, Detail) {
    (name, Detail::Number(value))
}

fn text(name: &'static str, value: &str) -> (&'static str, Detail) {
    (name, Detail::Text(value.to_owned()))
}

fn words(kinds: &[CredentialKind]) -> Detail {
    Detail::List(kinds.iter().map(|kind| kind.as_str().to_owned()).collect())
}

fn looks(kind: Option<CredentialKind>) -> Option<(&'static str, Detail)> {
    kind.map(|kind| text("looksLike", kind.as_str()))
}

fn kinds(kinds: &[CredentialKind]) -> String {
    let name = |kind: &CredentialKind| match kind {
        CredentialKind::Password => "password",
        CredentialKind::Key => "64-digit key",
    };
    kinds.iter().map(name).collect::<Vec<_>>().join(" or ")
}

fn offered(available: &[CredentialKind]) -> String {
    if available.is_empty() {
        "nothing that this program knows".to_owned()
    } else {
        format!("a {}", kinds(available))
    }
}

fn at_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" (line {line})"))
}

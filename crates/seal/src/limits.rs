//! Every constant of the format, with its unit and its section of `docs/format.md`.

/// Plaintext bytes in every chunk but the last (section 2).
pub const CHUNK_LEN: usize = 65_536;
/// Bytes of a Poly1305 tag.
pub const TAG_LEN: usize = 16;
/// Bytes of a sealed chunk.
pub const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;
/// Chunks in one run: the unit in which files are read and written.
pub const RUN_CHUNKS: usize = 16;
/// Bytes of the payload nonce between header and first chunk (section 2).
pub const NONCE_LEN: usize = 16;
/// Bytes of a file key (age.md).
pub const FILE_KEY_LEN: usize = 16;
/// Bytes of a stanza body that wraps a file key: the key and a tag.
pub const WRAPPED_LEN: usize = FILE_KEY_LEN + TAG_LEN;

/// Most stanzas in a header (section 2).
pub const MAX_STANZAS: usize = 64;
/// Most bytes in one line of a header, without its line feed (section 2).
pub const MAX_LINE_LEN: usize = 4096;
/// Most bytes in a header (section 2).
pub const MAX_HEADER_LEN: usize = 262_144;

/// Bytes of an Argon2id or scrypt salt (section 3).
pub const SALT_LEN: usize = 16;
/// Least Argon2id memory, in KiB (section 3).
pub const MIN_MEMORY_KIB: u32 = 8192;
/// Most Argon2id memory, in KiB, unless raised (section 3).
pub const MAX_MEMORY_KIB: u32 = 1_048_576;
/// Most Argon2id passes, unless raised (section 3).
pub const MAX_PASSES: u32 = 16;
/// Most Argon2id lanes, unless raised (section 3).
pub const MAX_LANES: u32 = 16;
/// Most memory × passes, in KiB, unless raised (section 3).
pub const MAX_WORK_KIB: u64 = 4_194_304;
/// Highest scrypt work factor, as a power of two, unless raised (section 2).
pub const MAX_SCRYPT_LOG_N: u8 = 20;

/// Most code points in a password (section 4).
pub const MAX_PASSWORD_LEN: usize = 1024;
/// Fewest code points in a new password (section 4).
pub const MIN_NEW_PASSWORD_LEN: usize = 8;
/// Digits of a key (section 4).
pub const KEY_DIGITS: usize = 64;
/// Digits of the check group (section 4).
pub const CHECK_DIGITS: usize = 4;

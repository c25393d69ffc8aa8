//! Blocks: what files, pages and lists are cut into (`docs/format.md` section 8).

use std::ops::Deref;

use crate::error::{Error, Fault, fault};
use crate::hex;
use crate::keys::EpochKeys;
use crate::plain::Plain;

/// Bytes of a block of an ordinary file, and most bytes of any block.
pub const BLOCK_LEN: usize = 1_048_576;
/// Bytes of a block of a database.
pub const DATABASE_BLOCK_LEN: usize = 65_536;
/// Largest window that a frame may ask for, as a power of two: 1 MiB.
const WINDOW_LOG: u32 = 20;

/// What a block is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockKind {
    /// A file.
    Data,
    /// The manifest.
    Page,
    /// The list of a large file's blocks.
    List,
}

impl BlockKind {
    /// The number in a table's row.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Data => 0,
            Self::Page => 1,
            Self::List => 2,
        }
    }

    /// The kind of a table's row.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Data),
            1 => Some(Self::Page),
            2 => Some(Self::List),
            _ => None,
        }
    }
}

/// Keyed BLAKE3 of a block's plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub [u8; 32]);

impl BlockId {
    /// The id of `plain` among blocks of this kind.
    #[must_use]
    pub fn of(keys: &EpochKeys, kind: BlockKind, plain: &[u8]) -> Self {
        Self(*blake3::keyed_hash(keys.block_id(kind).expose(), plain).as_bytes())
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(&self.0)
    }
}

/// How a block lies in its pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// As it is.
    Raw,
    /// As one zstd frame.
    Zstd,
}

/// A table's row: one block of one pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The block.
    pub id: BlockId,
    /// What it is part of.
    pub kind: BlockKind,
    /// How it is stored.
    pub coding: Coding,
    /// Bytes in the pack.
    pub stored_len: u32,
    /// Bytes of the block.
    pub plain_len: u32,
}

/// Bytes of a row.
pub const ROW_LEN: usize = 42;

impl Row {
    /// The row's 42 bytes.
    #[must_use]
    pub fn format(&self) -> [u8; ROW_LEN] {
        let coding = match self.coding {
            Coding::Raw => 0,
            Coding::Zstd => 1,
        };
        let mut row = [0_u8; ROW_LEN];
        let parts = [
            self.id.0.as_slice(),
            &[self.kind.number(), coding],
            &self.stored_len.to_be_bytes(),
            &self.plain_len.to_be_bytes(),
        ];
        for (to, from) in row.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        row
    }

    /// Reads a row; nothing for one that breaks a limit of section 8.
    #[must_use]
    pub fn parse(row: &[u8; ROW_LEN]) -> Option<Self> {
        let (id, rest) = row.split_first_chunk::<32>()?;
        let (&[kind, coding], rest) = rest.split_first_chunk::<2>()?;
        let (stored, plain) = rest.split_first_chunk::<4>()?;
        let row = Self {
            id: BlockId(*id),
            kind: BlockKind::from_number(kind)?,
            coding: match coding {
                0 => Coding::Raw,
                1 => Coding::Zstd,
                _ => return None,
            },
            stored_len: u32::from_be_bytes(*stored),
            plain_len: u32::from_be_bytes(*plain.first_chunk::<4>()?),
        };
        let fits = (1..=BLOCK_LEN).contains(&usize::try_from(row.plain_len).ok()?)
            && match row.coding {
                Coding::Raw => row.stored_len == row.plain_len,
                Coding::Zstd => row.stored_len < row.plain_len,
            };
        fits.then_some(row)
    }
}

/// A verified block: where it is stored as it is, that very memory.
#[derive(Debug)]
pub enum Decoded<'a> {
    /// Part of its pack's plaintext.
    Stored(&'a [u8]),
    /// Decompressed, or fetched alone.
    Own(Plain),
}

impl Decoded<'_> {
    /// The block in memory of its own.
    #[must_use]
    pub fn into_plain(self) -> Plain {
        match self {
            Self::Stored(bytes) => bytes.to_vec().into(),
            Self::Own(plain) => plain,
        }
    }
}

impl Deref for Decoded<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Stored(bytes) => bytes,
            Self::Own(plain) => plain,
        }
    }
}

/// The block behind its stored bytes, checked against its row.
///
/// # Errors
///
/// `BLOCK_MISMATCH` unless decoding gives exactly the plain length, and that the id.
pub fn decode<'a>(keys: &EpochKeys, row: &Row, stored: &'a [u8]) -> Result<Decoded<'a>, Error> {
    let plain_len = usize::try_from(row.plain_len).unwrap_or(usize::MAX);
    let block = match row.coding {
        Coding::Raw => Decoded::Stored(stored),
        Coding::Zstd => Decoded::Own(decompress(stored, plain_len)?),
    };
    if block.len() != plain_len || BlockId::of(keys, row.kind, &block) != row.id {
        return Err(mismatch("a block's content does not match its id"));
    }
    Ok(block)
}

fn decompress(stored: &[u8], plain_len: usize) -> Result<Plain, Error> {
    let wrong = || mismatch("a block does not decode to its length");
    let declared = zstd::zstd_safe::get_frame_content_size(stored).ok().flatten();
    let one_frame = zstd::zstd_safe::find_frame_compressed_size(stored).ok() == Some(stored.len());
    if declared != Some(plain_len as u64) || !one_frame || plain_len > BLOCK_LEN {
        return Err(wrong());
    }
    let mut decoder = zstd::bulk::Decompressor::new().map_err(|_| wrong())?;
    decoder
        .set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(WINDOW_LOG))
        .map_err(|_| wrong())?;
    let mut plain = Plain::from(vec![0_u8; plain_len]);
    let room = plain.bytes().as_mut_slice();
    let len = decoder.decompress_to_buffer(stored, room).map_err(|_| wrong())?;
    if len == plain_len { Ok(plain) } else { Err(wrong()) }
}

fn mismatch(what: &str) -> Error {
    fault(Fault::BlockMismatch, what)
}

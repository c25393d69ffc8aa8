//! Plaintext of objects and blocks.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroize as _;

/// Bytes that are wiped when they are dropped. The whole allocation is wiped in one stroke, where
/// `Zeroizing<Vec<u8>>` wipes byte by byte, which takes longer than opening them.
#[derive(Default, PartialEq, Eq)]
pub struct Plain(Vec<u8>);

impl Plain {
    /// Empty, with room for `len` bytes: what was there is wiped before it moves.
    pub(crate) fn emptied(&mut self, len: usize) -> &mut Vec<u8> {
        if self.0.capacity() < len {
            *self = Self(Vec::with_capacity(len));
        }
        self.0.clear();
        &mut self.0
    }

    /// The bytes, to be changed.
    pub(crate) const fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl From<Vec<u8>> for Plain {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Plain {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.0.clear();
        self.0.spare_capacity_mut().zeroize();
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Plain({} bytes)", self.0.len())
    }
}

//! Lengths of sealed payloads (`docs/format.md` section 2).

use crate::limits::{CHUNK_LEN, SEALED_CHUNK_LEN, TAG_LEN};

/// Bytes of all sealed chunks of `plain` bytes of plaintext: `plain + 16 × max(1, ⌈plain / 65 536⌉)`.
///
/// Nothing if that is more than a file can have.
pub(crate) fn sealed_len(plain: u64) -> Option<u64> {
    let chunks = plain.div_ceil(CHUNK_LEN as u64).max(1);
    plain.checked_add(chunks.checked_mul(TAG_LEN as u64)?)
}

/// Bytes of plaintext in `sealed` bytes of chunks, if all of them open.
pub(crate) fn plain_len(sealed: u64) -> u64 {
    let chunks = sealed.div_ceil(SEALED_CHUNK_LEN as u64);
    sealed.saturating_sub(chunks.saturating_mul(TAG_LEN as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_file_has_one_tag() {
        assert_eq!(sealed_len(0), Some(16));
        assert_eq!(sealed_len(65_536), Some(65_552));
        assert_eq!(sealed_len(65_537), Some(65_569));
        assert_eq!(sealed_len(u64::MAX), None);
    }

    proptest! {
        #[test]
        fn the_two_lengths_are_inverse(plain in 0_u64..1 << 62) {
            prop_assert_eq!(sealed_len(plain).map(plain_len), Some(plain));
        }
    }
}

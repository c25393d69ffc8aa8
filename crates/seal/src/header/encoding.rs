//! The base64 of headers: standard alphabet, no padding, one encoding per value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The unpadded base64 of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// The bytes of a canonical unpadded base64 text; nothing for any other text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_bits_padding_and_line_ends_are_refused() {
        assert_eq!(decode("AA"), Some(vec![0]));
        for text in ["AB", "AA==", "AA\n", " AA", "A", "A-"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}

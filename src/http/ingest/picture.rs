//! Pictures inside of messages: known by their first bytes, or written in base64.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether bytes begin as a JPEG, PNG or WebP does, whatever they are called.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
        || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        || bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// The picture that a text holds: base64, with line ends or without, with the head of a `data:` URL or without.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = match text.trim_start().split_once(";base64,") {
        Some((head, text)) if head.starts_with("data:") => text,
        _ => text,
    };
    let whole: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(whole).ok().filter(|bytes| is_one(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        let jpeg = Some(vec![0xff, 0xd8, 0xff, 0xe0]);
        assert_eq!(decode("/9j/4A=="), jpeg);
        assert_eq!(decode(" data:image/png;base64,/9j\r\n /4A"), jpeg);
        for other in ["", "aGVsbG8=", "no base64!", "data:;base64,"] {
            assert_eq!(decode(other), None, "{other}");
        }
        assert!(is_one(b"RIFF\0\0\0\0WEBPVP8 ") && !is_one(b"RIFF\0\0\0\0WAVE"));
    }
}

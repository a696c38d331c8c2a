//! The end of an event's file: where what was sent and its thumbnail are, and what proves them.

use super::FileKind;

/// Its last bytes; the number is its version.
const MAGIC: &[u8; 8] = b"wppict/1";
/// How long it is.
pub(super) const TRAILER_BYTES: usize = 40;

/// Where what was sent and its thumbnail are.
pub(super) struct Trailer {
    pub thumb_len: u32,
    pub full_len: u32,
    pub size: (u32, u32),
    pub thumb_crc: u32,
    pub full_crc: u32,
    pub kind: FileKind,
}

impl Trailer {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TRAILER_BYTES);
        let (width, height) = self.size;
        for number in [self.thumb_len, self.full_len, width, height, self.thumb_crc, self.full_crc]
        {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&[self.kind.number(), 0, 0, 0]);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        bytes
    }

    pub fn decode(bytes: &[u8; TRAILER_BYTES]) -> Option<Self> {
        let number = |at: usize| {
            let mut part = [0; 4];
            part.copy_from_slice(&bytes[at..at + 4]);
            u32::from_le_bytes(part)
        };
        let is_whole = bytes[32..] == *MAGIC && number(28) == crc32c::crc32c(&bytes[..28]);
        let kind = FileKind::ALL.into_iter().find(|kind| kind.number() == bytes[24])?;
        is_whole.then(|| Self {
            thumb_len: number(0),
            full_len: number(4),
            size: (number(8), number(12)),
            thumb_crc: number(16),
            full_crc: number(20),
            kind,
        })
    }
}

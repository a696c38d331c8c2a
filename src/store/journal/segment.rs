//! The segment: its header and the names of files in the journal's directory.

use super::BLOCK_BYTES;
use super::batch::{u32_at, u64_at};
use std::path::{Path, PathBuf};

/// The format this program writes and reads.
pub(super) const FORMAT: u32 = 1;

const MAGIC: [u8; 8] = *b"WPJRNL\r\n";
const CRC_AT: usize = BLOCK_BYTES - 4;

/// The first block of a segment.
///
/// Layout, 4 KiB, little-endian: `magic: [u8; 8] | format: u32 | zero: u32 | incarnation: u128 |
/// salt: u64 | number: u64 | after_seq: u64 | zeros | crc: u32`; the CRC-32C is over all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// The database this belongs to.
    pub incarnation: u128,
    /// Random, in every batch too: tells this use of the file from all earlier ones.
    pub salt: u64,
    /// Rises from segment to segment; also in the file's name.
    pub number: u64,
    /// The last record before this segment. It was provably on disk when this header was written,
    /// and what earlier segments hold after it counts for nothing.
    pub after_seq: u64,
}

/// Why a block is not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHeader {
    Unreadable,
    Format(u32),
}

impl SegmentHeader {
    /// The block, and its CRC, which seeds the first batch's.
    pub fn encode(&self) -> ([u8; BLOCK_BYTES], u32) {
        let mut b = [0; BLOCK_BYTES];
        b[..8].copy_from_slice(&MAGIC);
        b[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        b[16..32].copy_from_slice(&self.incarnation.to_le_bytes());
        b[32..40].copy_from_slice(&self.salt.to_le_bytes());
        b[40..48].copy_from_slice(&self.number.to_le_bytes());
        b[48..56].copy_from_slice(&self.after_seq.to_le_bytes());
        let crc = crc32c::crc32c(&b[..CRC_AT]);
        b[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        (b, crc)
    }

    /// The mirror of [`encode`](Self::encode).
    pub fn decode(b: &[u8; BLOCK_BYTES]) -> Result<(Self, u32), BadHeader> {
        let crc = u32_at(b, CRC_AT);
        if b[..8] != MAGIC || crc32c::crc32c(&b[..CRC_AT]) != crc {
            return Err(BadHeader::Unreadable);
        }
        let format = u32_at(b, 8);
        if format != FORMAT {
            return Err(BadHeader::Format(format));
        }
        let incarnation = b[16..32].try_into().expect("a slice of 16 bytes");
        let header = Self {
            incarnation: u128::from_le_bytes(incarnation),
            salt: u64_at(b, 32),
            number: u64_at(b, 40),
            after_seq: u64_at(b, 48),
        };
        Ok((header, crc))
    }
}

/// A segment that is in use: it holds, or may get, records the database has not yet.
#[derive(Clone, Debug)]
pub(super) struct LiveSegment {
    pub path: PathBuf,
    pub after_seq: u64,
    /// Length of the file.
    pub bytes: u64,
    /// A write or sync failed on it: it is deleted in the end, not used again.
    pub failed: bool,
}

/// What the name of a file in the directory says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileName {
    /// A segment, by number.
    Segment(u64),
    /// A file kept for the next segment: its blocks are written, its content means nothing.
    Free,
    /// A file that was being made.
    Temporary,
}

impl FileName {
    /// `None` for files that are not the journal's, and for segments put aside.
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, number) = name.split_once('-')?;
        if number.len() != 16 || !number.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        match kind {
            "seg" => Some(Self::Segment(u64::from_str_radix(number, 16).ok()?)),
            "free" => Some(Self::Free),
            "tmp" => Some(Self::Temporary),
            _ => None,
        }
    }
}

/// Where segment `number` lives.
pub(super) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("seg-{number:016x}"))
}

/// A name for a free file. Random: a preparer of an earlier opening may still be at work.
pub(super) fn free_path(dir: &Path, random: u64) -> PathBuf {
    dir.join(format!("free-{random:016x}"))
}

/// A name for a file that is being made.
pub(super) fn temporary_path(dir: &Path, random: u64) -> PathBuf {
    dir.join(format!("tmp-{random:016x}"))
}

/// Where a segment goes that is not this database's, or cannot be read and is not needed.
pub(super) fn aside_path(dir: &Path, number: u64, header: Option<&SegmentHeader>) -> PathBuf {
    dir.join(match header {
        Some(h) => format!("aside-{:032x}-{number:016x}-{:016x}", h.incarnation, h.salt),
        None => format!("aside-unreadable-{number:016x}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn headers_round_trip(incarnation: u128, salt: u64, number: u64, after_seq: u64) {
            let header = SegmentHeader { incarnation, salt, number, after_seq };
            let (block, crc) = header.encode();
            prop_assert_eq!(SegmentHeader::decode(&block), Ok((header, crc)));
        }

        #[test]
        fn one_changed_bit_is_noticed(after_seq: u64, at in 0..BLOCK_BYTES, bit in 0..8) {
            let (mut block, _) = SegmentHeader { incarnation: 1, salt: 2, number: 3, after_seq }.encode();
            block[at] ^= 1_u8 << bit;
            prop_assert_eq!(SegmentHeader::decode(&block), Err(BadHeader::Unreadable));
        }

        #[test]
        fn names_round_trip(number: u64) {
            let named = |path: PathBuf| FileName::parse(path.file_name()?.to_str()?);
            let dir = Path::new("/journal");
            prop_assert_eq!(named(segment_path(dir, number)), Some(FileName::Segment(number)));
            prop_assert_eq!(named(free_path(dir, number)), Some(FileName::Free));
            prop_assert_eq!(named(temporary_path(dir, number)), Some(FileName::Temporary));
            prop_assert_eq!(named(aside_path(dir, number, None)), None);
        }
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let (mut block, _) =
            SegmentHeader { incarnation: 1, salt: 2, number: 3, after_seq: 4 }.encode();
        block[8] = 9;
        let crc = crc32c::crc32c(&block[..CRC_AT]);
        block[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(SegmentHeader::decode(&block), Err(BadHeader::Format(9)));
    }
}

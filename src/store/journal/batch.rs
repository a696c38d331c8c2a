//! The batch: the unit that is written and synced, and how it looks on disk.

use super::BLOCK_BYTES;
use super::error::{JournalError, Result};

/// Bytes of records, their length prefixes included, that one batch may hold.
pub const BATCH_BYTES_MAX: usize = 80 << 20;

/// Length of an encoded [`BatchHeader`].
pub(super) const HEADER_BYTES: usize = 36;

/// `clear` gives memory above this back: one huge batch must not stay resident for ever.
const KEPT_BYTES: usize = 4 << 20;

const MAGIC: u32 = u32::from_le_bytes(*b"WPB1");

/// Records on their way to disk, in one buffer that is reused from batch to batch.
#[derive(Debug)]
pub struct Batch {
    /// Room for the header, the records, and after an append the padding.
    buf: Vec<u8>,
    /// End of the records in `buf`.
    end: usize,
    records: u32,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self { buf: vec![0; HEADER_BYTES], end: HEADER_BYTES, records: 0 }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.records as usize
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Bytes of the records with their length prefixes; at most [`BATCH_BYTES_MAX`].
    pub fn bytes(&self) -> usize {
        self.end - HEADER_BYTES
    }

    /// Forgets the records and keeps the memory (up to 4 MiB of it).
    pub fn clear(&mut self) {
        self.buf.truncate(HEADER_BYTES);
        self.buf.shrink_to(KEPT_BYTES);
        self.end = HEADER_BYTES;
        self.records = 0;
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`JournalError::Empty`], and [`JournalError::TooLarge`]: append what is there, clear, push
    /// again. The batch keeps what it had.
    pub fn push(&mut self, record: &[u8]) -> Result<()> {
        self.push_with(|buf| buf.extend_from_slice(record))
    }

    /// Adds the record that `encode` appends to the buffer, which saves a copy.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    ///
    /// # Panics
    /// When `encode` removes bytes that were in the buffer before it.
    pub fn push_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.buf.truncate(self.end); // the padding, when this batch was appended before
        let start = self.end + 4;
        self.buf.resize(start, 0);
        encode(&mut self.buf);
        let len = self.buf.len().checked_sub(start).expect("a record's encoder only appends");
        let bytes = self.buf.len() - HEADER_BYTES;
        let refused = if len == 0 {
            JournalError::Empty
        } else if bytes > BATCH_BYTES_MAX {
            JournalError::TooLarge { bytes, limit: BATCH_BYTES_MAX }
        } else {
            self.buf[self.end..start].copy_from_slice(&count(len).to_le_bytes());
            self.end = self.buf.len();
            self.records += 1; // cannot overflow: a record has 5 bytes or more, a batch 80 MiB
            return Ok(());
        };
        self.buf.truncate(self.end);
        Err(refused)
    }

    /// Bytes this batch takes on disk: whole blocks, so that no later write touches its last one.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.end.next_multiple_of(BLOCK_BYTES) as u64
    }

    /// Fills in header and padding. Returns the bytes to write and their CRC, the next batch's seed.
    pub(super) fn seal(&mut self, salt: u64, first_seq: u64, previous: u32) -> (&[u8], u32) {
        let len = count(self.bytes());
        let header =
            BatchHeader { crc: 0, salt, first_seq, records: self.records, len, previous }.encode();
        self.buf[..HEADER_BYTES].copy_from_slice(&header);
        let crc = crc32c::crc32c_append(previous, &self.buf[4..self.end]);
        self.buf[..4].copy_from_slice(&crc.to_le_bytes());
        self.buf.truncate(self.end);
        self.buf.resize(self.end.next_multiple_of(BLOCK_BYTES), 0);
        (&self.buf, crc)
    }

    /// Takes the place of the content: `header` as found on disk, and `read` to fetch as many
    /// bytes from where it was found. Returns whether they are a whole, undamaged batch; if not,
    /// the batch is empty afterwards.
    pub(super) fn load<E>(
        &mut self,
        header: &BatchHeader,
        read: impl FnOnce(&mut [u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<bool, E> {
        self.clear();
        let end = HEADER_BYTES + header.len as usize;
        self.buf.resize(end, 0);
        read(&mut self.buf)?;
        let intact = crc32c::crc32c_append(header.previous, &self.buf[4..]) == header.crc
            && well_formed(&self.buf[HEADER_BYTES..], header.records);
        if intact {
            self.end = end;
            self.records = header.records;
        } else {
            self.clear();
        }
        Ok(intact)
    }

    /// The records, in order.
    pub(super) fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.buf[HEADER_BYTES..self.end];
        std::iter::from_fn(move || {
            let (record, after) = split_record(rest)?;
            rest = after;
            Some(record)
        })
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

/// The head of a batch on disk.
///
/// Layout, 36 bytes, little-endian: `crc: u32 | magic: u32 | salt: u64 | first_seq: u64 |
/// records: u32 | len: u32 | previous: u32`, then `len` bytes of records, each behind its length
/// as u32, then zeros up to the next block.
///
/// `crc` is CRC-32C over all that follows it up to the end of the records, seeded with `previous`,
/// the CRC of the batch before (of the segment's header for the first one). `previous` is stored
/// as well so that a batch can be proved whole when the one before it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub crc: u32,
    pub salt: u64,
    pub first_seq: u64,
    pub records: u32,
    pub len: u32,
    pub previous: u32,
}

impl BatchHeader {
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut b = [0; HEADER_BYTES];
        b[..4].copy_from_slice(&self.crc.to_le_bytes());
        b[4..8].copy_from_slice(&MAGIC.to_le_bytes());
        b[8..16].copy_from_slice(&self.salt.to_le_bytes());
        b[16..24].copy_from_slice(&self.first_seq.to_le_bytes());
        b[24..28].copy_from_slice(&self.records.to_le_bytes());
        b[28..32].copy_from_slice(&self.len.to_le_bytes());
        b[32..].copy_from_slice(&self.previous.to_le_bytes());
        b
    }

    /// `None` when these bytes cannot begin a batch; `Some` proves nothing yet about its CRC.
    pub fn decode(b: &[u8; HEADER_BYTES]) -> Option<Self> {
        let header = Self {
            crc: u32_at(b, 0),
            salt: u64_at(b, 8),
            first_seq: u64_at(b, 16),
            records: u32_at(b, 24),
            len: u32_at(b, 28),
            previous: u32_at(b, 32),
        };
        let plausible = u32_at(b, 4) == MAGIC
            && header.records > 0
            && header.len as usize <= BATCH_BYTES_MAX
            && header.first_seq > 0
            && header.first_seq.checked_add(u64::from(header.records)).is_some();
        plausible.then_some(header)
    }

    /// Sequence number of the last record.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + u64::from(self.records) - 1
    }

    /// Bytes on disk, padding included.
    pub fn disk_bytes(&self) -> u64 {
        (HEADER_BYTES + self.len as usize).next_multiple_of(BLOCK_BYTES) as u64
    }
}

/// The little-endian number at `at`, which the caller knows to be inside.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a slice of 4 bytes"))
}

/// As [`u32_at`].
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of 8 bytes"))
}

fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("at most BATCH_BYTES_MAX")
}

/// The first record and what is behind it; `None` at the end and when the bytes are no record.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len) as usize;
    if len == 0 { None } else { rest.split_at_checked(len) }
}

fn well_formed(mut bytes: &[u8], records: u32) -> bool {
    for _ in 0..records {
        let Some((_, rest)) = split_record(bytes) else { return false };
        bytes = rest;
    }
    bytes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn batch_of(records: &[Vec<u8>]) -> Batch {
        let mut batch = Batch::new();
        for record in records {
            batch.push(record).unwrap();
        }
        batch
    }

    fn load(bytes: &[u8]) -> Option<(BatchHeader, Batch)> {
        let header = BatchHeader::decode(bytes.first_chunk()?)?;
        let mut batch = Batch::new();
        let whole = batch.load(&header, |into| {
            let found = bytes.get(..into.len()).ok_or(())?;
            into.copy_from_slice(found);
            Ok::<_, ()>(())
        });
        whole.ok()?.then_some((header, batch))
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_loaded(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 1..20),
            salt: u64, first_seq in 1..u64::MAX / 2, previous: u32,
        ) {
            let mut batch = batch_of(&records);
            let disk_bytes = batch.disk_bytes();
            let (bytes, crc) = batch.seal(salt, first_seq, previous);
            prop_assert_eq!(bytes.len() as u64, disk_bytes);
            prop_assert_eq!(bytes.len() % BLOCK_BYTES, 0);
            let (header, loaded) = load(bytes).unwrap();
            prop_assert_eq!((header.salt, header.first_seq, header.previous), (salt, first_seq, previous));
            prop_assert_eq!((header.crc, header.disk_bytes()), (crc, disk_bytes));
            prop_assert_eq!(header.last_seq(), first_seq + records.len() as u64 - 1);
            prop_assert_eq!(loaded.records().map(<[u8]>::to_vec).collect::<Vec<_>>(), records);
        }

        #[test]
        fn headers_round_trip(crc: u32, salt: u64, first_seq in 1..u64::MAX / 2, records in 1..u32::MAX,
            len in 0..80_u32 << 20, previous: u32) {
            let header = BatchHeader { crc, salt, first_seq, records, len, previous };
            prop_assert_eq!(BatchHeader::decode(&header.encode()), Some(header));
        }

        #[test]
        fn one_changed_bit_is_noticed(
            records in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 1..5),
            at: prop::sample::Index, bit in 0..8,
        ) {
            let mut batch = batch_of(&records);
            let end = batch.end;
            let mut bytes = batch.seal(7, 1, 9).0.to_vec();
            bytes[at.index(end)] ^= 1_u8 << bit;
            prop_assert!(load(&bytes).is_none());
        }

        #[test]
        fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            if bytes.len() > 8 {
                bytes[4..8].copy_from_slice(&MAGIC.to_le_bytes());
            }
            prop_assert!(load(&bytes).is_none());
            well_formed(&bytes, 3);
        }
    }

    #[test]
    fn a_refused_record_leaves_the_batch_as_it_was() {
        let mut batch = batch_of(&[b"one".to_vec()]);
        assert!(matches!(batch.push(b""), Err(JournalError::Empty)));
        let huge = |buf: &mut Vec<u8>| buf.resize(buf.len() + BATCH_BYTES_MAX, 0);
        assert!(matches!(batch.push_with(huge), Err(JournalError::TooLarge { .. })));
        assert_eq!((batch.len(), batch.bytes()), (1, 7));
        batch.seal(1, 1, 1);
        batch.push(b"two").unwrap();
        assert_eq!(batch.records().collect::<Vec<_>>(), [b"one", b"two"]);
        batch.clear();
        assert!(batch.is_empty() && batch.buf.capacity() <= KEPT_BYTES);
    }
}

//! Reading the journal back. Changes nothing on disk: whoever finds damage leaves it as it is.

use super::BLOCK_BYTES;
use super::Record;
use super::batch::{Batch, BatchHeader, HEADER_BYTES};
use super::error::{JournalError, Result};
use super::segment::{BadHeader, FORMAT, FileName, LiveSegment, SegmentHeader, aside_path};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Read at a time when looking for a batch behind a bad one.
const WINDOW_BYTES: usize = 1 << 20;

/// What the directory holds.
#[derive(Debug)]
pub(super) struct Found {
    /// Records after `applied_seq`, in order and without a gap.
    pub records: Vec<Record>,
    /// The last batch, when the database does not have all of it: the one batch that may so far
    /// be only in the page cache, and has to be written again.
    pub tail: Option<Batch>,
    /// The last record before `tail`: on disk for certain, in the journal or in the database.
    pub after_seq: u64,
    /// The last record of all.
    pub last_seq: u64,
    /// This database's segments, in order.
    pub segments: Vec<LiveSegment>,
    /// Segments to be renamed out of the way: from, to.
    pub strangers: Vec<(PathBuf, PathBuf)>,
    /// Free segments with their lengths.
    pub free: Vec<(PathBuf, u64)>,
    /// Files to be deleted.
    pub temporary: Vec<PathBuf>,
    /// Above the number of every segment in the directory.
    pub next_number: u64,
}

/// Reads the directory; see [`Found`].
///
/// A segment counts up to the smallest `after_seq` of all later ones, its limit: what lies behind
/// is from an append that failed, or was copied into the later segment.
pub(super) fn scan(dir: &Path, incarnation: u128, applied_seq: u64) -> Result<Found> {
    let mut found = Found {
        records: Vec::new(),
        tail: None,
        after_seq: applied_seq,
        last_seq: applied_seq,
        segments: Vec::new(),
        strangers: Vec::new(),
        free: Vec::new(),
        temporary: Vec::new(),
        next_number: 1,
    };
    let mut sources = Vec::new();
    for (number, path, bytes) in list(dir, &mut found)? {
        found.next_number = found.next_number.max(number.saturating_add(1));
        let source = Source::open(number, path, bytes)?;
        match &source.header {
            Ok((header, _)) if header.incarnation != incarnation => {
                found.strangers.push((source.path, aside_path(dir, number, Some(header))));
            }
            _ => sources.push(source),
        }
    }

    let mut limit = None; // from the back: the smallest after_seq of all later segments
    for source in sources.iter_mut().rev() {
        source.limit = limit;
        if let Ok((header, _)) = &source.header {
            limit = Some(limit.map_or(header.after_seq, |l: u64| l.min(header.after_seq)));
        }
    }
    for source in &sources {
        source.read(&mut found)?;
        match &source.header {
            Ok((header, _)) => found.segments.push(LiveSegment {
                path: source.path.clone(),
                after_seq: header.after_seq,
                bytes: source.bytes,
                failed: false,
            }),
            Err(_) => {
                found.strangers.push((source.path.clone(), aside_path(dir, source.number, None)));
            }
        }
    }
    Ok(found)
}

/// Lists the segments by number, and puts the other files where they belong.
fn list(dir: &Path, found: &mut Found) -> Result<Vec<(u64, PathBuf, u64)>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir).map_err(JournalError::io("list", dir))? {
        let entry = entry.map_err(JournalError::io("list", dir))?;
        let Some(name) = entry.file_name().to_str().and_then(FileName::parse) else { continue };
        let path = entry.path();
        let bytes = entry.metadata().map_err(JournalError::io("look at", &path))?.len();
        match name {
            FileName::Segment(number) => segments.push((number, path, bytes)),
            FileName::Free => found.free.push((path, bytes)),
            FileName::Temporary => found.temporary.push(path),
        }
    }
    segments.sort_unstable();
    Ok(segments)
}

/// A segment being read.
struct Source {
    number: u64,
    path: PathBuf,
    bytes: u64,
    file: File,
    header: std::result::Result<(SegmentHeader, u32), &'static str>,
    /// Nothing after this record counts; `None` for the last segment.
    limit: Option<u64>,
}

impl Source {
    fn open(number: u64, path: PathBuf, bytes: u64) -> Result<Self> {
        let file = File::open(&path).map_err(JournalError::io("open", &path))?;
        let mut block = [0; BLOCK_BYTES];
        let header = match file.read_exact_at(&mut block, 0) {
            Ok(()) => SegmentHeader::decode(&block),
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => Err(BadHeader::Unreadable),
            Err(e) => return Err(JournalError::io("read", &path)(e)),
        };
        let header = match header {
            Ok((header, _)) if header.number != number => Err("it has another segment's header"),
            Ok(good) => Ok(good),
            Err(BadHeader::Unreadable) => Err("its header cannot be read"),
            Err(BadHeader::Format(version)) => {
                return Err(JournalError::UnknownFormat { segment: path, version, known: FORMAT });
            }
        };
        Ok(Self { number, path, bytes, file, header, limit: None })
    }

    /// Takes this segment's records over into `found`.
    fn read(&self, found: &mut Found) -> Result<()> {
        if self.limit.is_some_and(|limit| limit <= found.last_seq) {
            return Ok(()); // all of it is in the database, or copied into a later segment
        }
        let damaged = |seq, what| JournalError::Damaged { segment: self.path.clone(), seq, what };
        let (header, mut previous) = match self.header {
            Ok(good) => good,
            Err(what) => return Err(damaged(found.last_seq + 1, what)),
        };
        if header.after_seq > found.last_seq {
            return Err(damaged(found.last_seq + 1, "the records before it are missing"));
        }
        let mut expected = header.after_seq + 1;
        let mut offset = BLOCK_BYTES as u64;
        let mut next = Batch::new();
        let mut last = Batch::new();
        let mut last_first = None;
        while self.limit.is_none_or(|limit| expected <= limit) {
            let batch = self.batch_at(offset, header.salt, &mut next)?;
            let Some(batch) = batch.filter(|b| (b.first_seq, b.previous) == (expected, previous))
            else {
                if self.limit.is_some() {
                    return Err(damaged(expected, "records before the next segment are missing"));
                }
                if self.has_batch_behind(offset, header.salt, expected)? {
                    return Err(damaged(expected, "a later batch is whole"));
                }
                break; // a torn tail, or simply the end
            };
            if self.limit.is_some_and(|limit| batch.last_seq() > limit) {
                return Err(damaged(batch.first_seq, "the next segment begins inside a batch"));
            }
            for (seq, bytes) in (batch.first_seq..).zip(next.records()) {
                if seq > found.last_seq {
                    found.records.push(Record { seq, bytes: bytes.to_vec() });
                }
            }
            found.last_seq = found.last_seq.max(batch.last_seq());
            previous = batch.crc;
            expected = batch.last_seq() + 1;
            offset += batch.disk_bytes();
            std::mem::swap(&mut next, &mut last);
            last_first = Some(batch.first_seq);
        }
        // Everything but the last segment's last batch was synced before something followed it.
        found.after_seq = found.last_seq;
        if self.limit.is_none()
            && let Some(first_seq) = last_first
            && found.records.last().is_some_and(|r| r.seq >= first_seq)
        {
            found.tail = Some(last);
            found.after_seq = first_seq - 1;
        }
        Ok(())
    }

    /// The batch at `offset`, loaded into `into`, if there is one with this salt and all of it.
    fn batch_at(&self, offset: u64, salt: u64, into: &mut Batch) -> Result<Option<BatchHeader>> {
        let mut head = [0; HEADER_BYTES];
        if !self.read_at(&mut head, offset)? {
            return Ok(None);
        }
        let Some(header) = BatchHeader::decode(&head).filter(|h| h.salt == salt) else {
            return Ok(None);
        };
        let end = offset + HEADER_BYTES as u64 + u64::from(header.len);
        if end > self.bytes {
            return Ok(None);
        }
        let intact = into.load(&header, |bytes| match self.read_at(bytes, offset) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.read_error(ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(error),
        })?;
        Ok(intact.then_some(header))
    }

    /// Whether a whole batch of `seq` or later begins at `offset` or behind it.
    fn has_batch_behind(&self, mut offset: u64, salt: u64, seq: u64) -> Result<bool> {
        let mut window = vec![0; WINDOW_BYTES];
        let mut batch = Batch::new();
        while offset < self.bytes {
            let len = usize::try_from(self.bytes - offset).unwrap_or(usize::MAX).min(WINDOW_BYTES);
            if !self.read_at(&mut window[..len], offset)? {
                break;
            }
            for (at, block) in
                (offset..).step_by(BLOCK_BYTES).zip(window[..len].chunks(BLOCK_BYTES))
            {
                let head = block.first_chunk().and_then(BatchHeader::decode);
                if head.is_some_and(|h| h.salt == salt && h.first_seq >= seq)
                    && self.batch_at(at, salt, &mut batch)?.is_some()
                {
                    return Ok(true);
                }
            }
            offset += len as u64;
        }
        Ok(false)
    }

    /// Fills `bytes` from `offset`; `false` when the file ends before.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<bool> {
        match self.file.read_exact_at(bytes, offset) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(e) => Err(self.read_error(e)),
        }
    }

    fn read_error(&self, error: io::Error) -> JournalError {
        JournalError::io("read", &self.path)(error)
    }
}

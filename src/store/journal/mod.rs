//! The write-ahead journal: what is acknowledged is here first.
//!
//! A record is opaque bytes with a sequence number. Records travel in batches: one write, one
//! `fdatasync`, then all of them are acknowledged. The database takes them over later, and the
//! files they were in are used again.
//!
//! # On disk
//! A segment is a file `seg-…`: a header block (`segment.rs`), then batches (`batch.rs`), each
//! beginning on a block of its own, so that no write touches a block that holds acknowledged data.
//! Batches of one segment are chained by their CRCs and carry the segment's random salt: whatever
//! an earlier use of the file left in it is not part of the chain.
//!
//! # Rules that recovery rests on
//! 1. Batch N+1 is written after N is synced. So only the last batch can be torn, and a bad batch
//!    before a whole one is damage.
//! 2. A segment's header names the last record before it, `after_seq`, and is written only when
//!    that record is on disk for certain. What earlier segments hold after it is never read again.
//! 3. A segment gets its name when header and first batch are synced; then the directory is. A
//!    crash at any moment leaves either no such segment or a good one.
//! 4. Nothing is appended behind a tail found at opening or behind a failed sync. Opening writes
//!    the tail's last batch again, into the new segment: it may have been read from the page cache
//!    alone, and its pages may count as clean without ever having reached the disk.
//! 5. A segment is given up when the database has all of it durably, or when later segments leave
//!    nothing of it; by renaming to `free-…`, with a sync of the directory before it is used.
//!
//! Other files: `tmp-…` is being made and deleted at opening, `aside-…` is a segment of another
//! database, or one that is unreadable but not needed; the journal never touches it again.

mod batch;
#[cfg(test)]
mod crash_tests;
mod disk;
mod error;
mod pool;
mod recover;
mod segment;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;

pub use batch::{BATCH_BYTES_MAX, Batch};
pub use error::JournalError;
pub use pool::Preparer;

use disk::DiskFile;
use error::Result;
use pool::Pool;
use segment::{LiveSegment, SegmentHeader, free_path, segment_path, temporary_path};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the disk writes as one; headers and batches begin at multiples of it.
const BLOCK_BYTES: usize = 4096;

/// How much disk the journal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Length of a segment; rounded up to whole blocks of 4 KiB.
    pub segment_bytes: u64,
    /// Free segments to keep ready.
    pub free_ahead: usize,
}

impl Options {
    /// 1/64 of the file system that `dir` is on, but 1 to 64 MiB; two free segments ahead.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn for_dir(dir: &Path) -> Result<Self> {
        let stat = rustix::fs::statvfs(dir)
            .map_err(|e| JournalError::io("get the size of the file system of", dir)(e.into()))?;
        Ok(Self::for_file_system(stat.f_blocks.saturating_mul(stat.f_frsize)))
    }

    fn for_file_system(bytes: u64) -> Self {
        let segment_bytes = (bytes / 64).clamp(1 << 20, 64 << 20);
        Self { segment_bytes: segment_bytes.next_multiple_of(BLOCK_BYTES as u64), free_ahead: 2 }
    }
}

/// One recovered record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its sequence number.
    pub seq: u64,
    /// What was given to [`Batch::push`].
    pub bytes: Vec<u8>,
}

/// The journal in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Segments in use, the current one included.
    pub segments: usize,
    /// Length of their files.
    pub bytes: u64,
    /// Free segments ready.
    pub free_segments: usize,
    /// The last record that is on disk.
    pub synced_seq: u64,
    /// The last record that [`release`](Journal::release) (or the opening) called durable.
    pub released_seq: u64,
}

/// The open journal. One at a time per directory; whoever opens it sees to that.
#[derive(Debug)]
pub struct Journal {
    pool: Arc<Pool>,
    incarnation: u128,
    /// Oldest first. The last one is the current one, or the one that failed.
    segments: VecDeque<LiveSegment>,
    /// Where the next batch goes; `None` after a failure.
    current: Option<Current>,
    next_number: u64,
    synced_seq: u64,
    released_seq: u64,
    set_aside: Vec<PathBuf>,
}

/// The end of the current segment.
#[derive(Debug)]
struct Current {
    file: DiskFile,
    salt: u64,
    /// CRC of the last batch, or of the header.
    crc: u32,
    /// Where the next batch begins.
    offset: u64,
}

impl Journal {
    /// Opens the journal in `dir`, or makes one there; `dir` exists.
    ///
    /// Returns with it the records after `applied_seq` (the last record the database has
    /// durably), in order. They are on disk when this returns. Apply and commit them durably
    /// before the first request is answered, then [`release`](Self::release) them.
    ///
    /// Segments of another `incarnation` are neither applied nor deleted: they are renamed to
    /// `aside-…`, see [`set_aside`](Self::set_aside).
    ///
    /// Cost: reads the segments the database does not have all of, and the rest of the last one;
    /// writes two blocks or so, and the last batch. Preallocates nothing.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and [`JournalError::UnknownFormat`] with nothing changed on disk;
    /// [`JournalError::Io`].
    pub fn open(
        dir: &Path,
        incarnation: u128,
        applied_seq: u64,
        options: Options,
    ) -> Result<(Self, Vec<Record>)> {
        let found = recover::scan(dir, incarnation, applied_seq)?;
        disk::sync_dir(dir)?; // a name given by a process that died may not be on disk yet
        for path in &found.temporary {
            disk::remove(path)?;
        }
        for (from, to) in &found.strangers {
            disk::rename(from, to)?;
        }
        let segment_bytes = pool::whole_segment(options.segment_bytes);
        let pool = Pool::new(dir.to_owned(), segment_bytes, options.free_ahead);
        for (path, bytes) in found.free {
            if bytes == segment_bytes && pool.has_room_for(1) {
                pool.add([path]);
            } else {
                disk::remove(&path)?;
            }
        }
        let mut journal = Self {
            pool: Arc::new(pool),
            incarnation,
            segments: found.segments.into(),
            current: None,
            next_number: found.next_number,
            synced_seq: found.last_seq,
            released_seq: applied_seq,
            set_aside: found.strangers.into_iter().map(|(_, to)| to).collect(),
        };
        let mut tail = found.tail;
        journal.start_segment(found.after_seq, tail.as_mut())?;
        journal.give_up_segments()?;
        Ok((journal, found.records))
    }

    /// The sequence number the next record gets.
    pub fn next_seq(&self) -> u64 {
        self.synced_seq + 1
    }

    /// Writes a batch; it is on disk when this returns. Returns the number of its first record,
    /// the others follow.
    ///
    /// The batch keeps its records until it is cleared. One larger than a segment gets a segment
    /// of its own.
    ///
    /// Cost: one write of whole blocks and one `fdatasync`; with a new segment also a rename and
    /// the sync of the directory.
    ///
    /// # Errors
    /// [`JournalError::Empty`], which changes nothing. [`JournalError::Io`]: none of the batch is
    /// acknowledged, its numbers are given again, and from then on [`JournalError::NotRecovered`]
    /// until [`recover_after_failure`](Self::recover_after_failure) has succeeded.
    pub fn append(&mut self, batch: &mut Batch) -> Result<u64> {
        let Some(mut current) = self.current.take() else { return Err(JournalError::NotRecovered) };
        if batch.is_empty() {
            self.current = Some(current);
            return Err(JournalError::Empty);
        }
        let first_seq = self.next_seq();
        let end = current.offset + batch.disk_bytes();
        if end > self.pool.segment_bytes {
            self.start_segment(self.synced_seq, Some(batch))?;
        } else {
            let (bytes, crc) = batch.seal(current.salt, first_seq, current.crc);
            let written = current.file.write_at(bytes, current.offset);
            let written = written.and_then(|()| current.file.sync());
            if let Some(segment) = self.segments.back_mut() {
                segment.bytes = segment.bytes.max(end);
                segment.failed = written.is_err();
            }
            written?;
            current.crc = crc;
            current.offset = end;
            self.current = Some(current);
        }
        self.synced_seq += batch.len() as u64;
        Ok(first_seq)
    }

    /// Says that the database has every record up to `durable_seq` durably.
    ///
    /// Segments that hold no others become free ones, or are deleted; after a failed append only
    /// when the journal has recovered.
    ///
    /// # Errors
    /// [`JournalError::Io`]: some are still there, the next call tries again. Appending is not
    /// concerned.
    pub fn release(&mut self, durable_seq: u64) -> Result<()> {
        self.released_seq = self.released_seq.max(durable_seq.min(self.synced_seq));
        if self.current.is_none() {
            return Ok(()); // the last segment's name may not be on disk: it replaces none yet
        }
        self.give_up_segments()
    }

    /// Makes the journal usable after a failed append; does nothing when none failed.
    ///
    /// The failed segment is not written to again, and of it only what was synced counts: a new
    /// one says so. Until this succeeds the failed batch may still be found after a crash,
    /// as any batch that was being written; afterwards it never is.
    ///
    /// # Errors
    /// [`JournalError::Io`]; call again.
    pub fn recover_after_failure(&mut self) -> Result<()> {
        if self.current.is_none() {
            self.start_segment(self.synced_seq, None)?;
            self.give_up_segments()?;
        }
        Ok(())
    }

    /// Makes free segments on this thread; see [`Preparer::prepare`].
    ///
    /// Holds appends up while it writes whole segments. The server uses
    /// [`preparer`](Self::preparer) on another thread instead.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn prepare(&mut self) -> Result<()> {
        self.preparer().prepare().map(|_| ())
    }

    /// What makes free segments on another thread, while this one appends.
    pub fn preparer(&self) -> Preparer {
        Preparer::new(Arc::clone(&self.pool))
    }

    /// The journal in numbers. Cost: none to speak of.
    pub fn stats(&self) -> Stats {
        Stats {
            segments: self.segments.len(),
            bytes: self.segments.iter().map(|s| s.bytes).sum(),
            free_segments: self.pool.len(),
            synced_seq: self.synced_seq,
            released_seq: self.released_seq,
        }
    }

    /// The files that this opening renamed to `aside-…`: segments of another incarnation, and
    /// unreadable ones of which nothing was needed. Someone should be told.
    pub fn set_aside(&self) -> &[PathBuf] {
        &self.set_aside
    }

    /// Makes a segment that begins after `after_seq` and has `first` in it, and makes it current.
    fn start_segment(&mut self, after_seq: u64, first: Option<&mut Batch>) -> Result<()> {
        let dir = &self.pool.dir;
        let header = SegmentHeader {
            incarnation: self.incarnation,
            salt: disk::random(dir)?,
            number: self.next_number,
            after_seq,
        };
        let head_bytes = BLOCK_BYTES as u64;
        let end = head_bytes + first.as_ref().map_or(0, |batch| batch.disk_bytes());
        let free = if end <= self.pool.segment_bytes { self.pool.take() } else { None };
        let (mut file, bytes) = match free {
            Some(path) => (DiskFile::open(path)?, self.pool.segment_bytes),
            None => (DiskFile::create(temporary_path(dir, disk::random(dir)?))?, end),
        };
        let written = write_segment(&file, &header, first);
        let written = written.and_then(|crc| {
            file.rename(segment_path(dir, header.number))?;
            Ok(crc)
        });
        let crc = written.inspect_err(|_| {
            let _gone = disk::remove(file.path()); // else the next opening deletes it
        })?;
        self.next_number += 1;
        self.segments.push_back(LiveSegment {
            path: file.path().to_owned(),
            after_seq,
            bytes,
            failed: true, // until the directory is synced
        });
        disk::sync_dir(dir)?;
        if let Some(segment) = self.segments.back_mut() {
            segment.failed = false;
        }
        self.current = Some(Current { file, salt: header.salt, crc, offset: end });
        Ok(())
    }

    /// Frees or deletes the segments of which nothing is needed any more. Keeps the last one.
    fn give_up_segments(&mut self) -> Result<()> {
        let mut freed = Vec::new();
        let mut changed = false;
        let mut limit = u64::MAX; // the smallest after_seq of all later segments
        let mut outcome = Ok(());
        for i in (0..self.segments.len()).rev() {
            let segment = &self.segments[i];
            let needless = limit <= self.released_seq.max(segment.after_seq);
            limit = limit.min(segment.after_seq);
            if !needless {
                continue;
            }
            let reusable = !segment.failed
                && segment.bytes == self.pool.segment_bytes
                && self.pool.has_room_for(freed.len() + 1);
            outcome =
                if reusable { self.free(segment, &mut freed) } else { disk::remove(&segment.path) };
            if outcome.is_err() {
                break;
            }
            changed = true;
            self.segments.remove(i);
        }
        if changed {
            disk::sync_dir(&self.pool.dir)?;
            self.pool.add(freed);
        }
        outcome
    }

    /// Renames a segment to a free one's name.
    fn free(&self, segment: &LiveSegment, freed: &mut Vec<PathBuf>) -> Result<()> {
        let dir = &self.pool.dir;
        let path = free_path(dir, disk::random(dir)?);
        disk::rename(&segment.path, &path)?;
        freed.push(path);
        Ok(())
    }
}

/// Writes and syncs a segment's beginning. Returns the CRC that the next batch is seeded with.
fn write_segment(
    file: &DiskFile,
    header: &SegmentHeader,
    first: Option<&mut Batch>,
) -> Result<u32> {
    let (block, mut crc) = header.encode();
    file.write_at(&block, 0)?;
    if let Some(batch) = first {
        let bytes;
        (bytes, crc) = batch.seal(header.salt, header.after_seq + 1, crc);
        file.write_at(bytes, BLOCK_BYTES as u64)?;
    }
    file.sync()?;
    Ok(crc)
}

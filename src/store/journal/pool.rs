//! Free segments: preallocated ahead of need, so that appending overwrites and never allocates.

use super::BLOCK_BYTES;
use super::disk::{self, DiskFile};
use super::error::Result;
use super::segment::{free_path, temporary_path};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Written and synced at a time. Small, because an append's sync waits behind it.
const STEP_BYTES: usize = 1 << 20;

/// Makes free segments ahead of need. Runs beside the journal's thread, on one of its own.
///
/// A segment takes a write of all its bytes: a fraction of a second on an SSD, seconds on worse.
/// The journal works without, each append then also grows a file and takes about twice as long.
#[derive(Clone, Debug)]
pub struct Preparer(Arc<Pool>);

impl Preparer {
    /// Makes free segments until there are as many as [`Options::free_ahead`](super::Options)
    /// says. Returns how many were made.
    ///
    /// # Errors
    /// [`JournalError::Io`](super::JournalError::Io), when there is no room for one above all;
    /// nothing is left behind and the journal is not concerned.
    pub fn prepare(&self) -> Result<usize> {
        let mut made = 0;
        while self.0.has_room_for(1) {
            let path = temporary_path(&self.0.dir, disk::random(&self.0.dir)?);
            let file = DiskFile::create(path)?;
            let path = file.path().to_owned();
            match self.0.fill(file) {
                Ok(true) => made += 1,
                Ok(false) => break,
                Err(error) => {
                    let _gone = disk::remove(&path); // else the next opening deletes it
                    return Err(error);
                }
            }
        }
        Ok(made)
    }

    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self(pool)
    }
}

/// The free segments of one opening of the journal.
#[derive(Debug)]
pub(super) struct Pool {
    pub dir: PathBuf,
    pub segment_bytes: u64,
    free_ahead: usize,
    free: Mutex<Vec<PathBuf>>,
}

impl Pool {
    pub fn new(dir: PathBuf, segment_bytes: u64, free_ahead: usize) -> Self {
        Self { dir, segment_bytes, free_ahead, free: Mutex::default() }
    }

    /// A free segment, from now on the caller's.
    pub fn take(&self) -> Option<PathBuf> {
        self.free().pop()
    }

    /// Adds free segments that are in the directory under their free names, durably.
    pub fn add(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.free().extend(paths);
    }

    /// Whether `more` would not be too many.
    pub fn has_room_for(&self, more: usize) -> bool {
        self.len() + more <= self.free_ahead
    }

    pub fn len(&self) -> usize {
        self.free().len()
    }

    /// Fills a new file and adds it; or deletes it, when others have filled the pool meanwhile.
    fn fill(&self, mut file: DiskFile) -> Result<bool> {
        let zeros = vec![0; STEP_BYTES];
        let mut offset = 0;
        while offset < self.segment_bytes {
            let left = usize::try_from(self.segment_bytes - offset).unwrap_or(usize::MAX);
            let step = left.min(STEP_BYTES);
            file.write_at(&zeros[..step], offset)?;
            file.sync()?;
            offset += step as u64;
        }
        let mut free = self.free();
        if free.len() >= self.free_ahead {
            drop(free);
            disk::remove(file.path())?;
            return Ok(false);
        }
        // No sync of the directory: the one that makes a segment of it covers this name as well.
        file.rename(free_path(&self.dir, disk::random(&self.dir)?))?;
        free.push(file.path().to_owned());
        Ok(true)
    }

    fn free(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner) // a list of paths is always whole
    }
}

/// `bytes` as a segment's length: whole blocks, and room for a header and a batch.
pub(super) fn whole_segment(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK_BYTES as u64).max(2 * BLOCK_BYTES as u64)
}

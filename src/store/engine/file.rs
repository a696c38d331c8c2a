//! The database's file as redb sees it, so that a failure ends writing and not reading.
//!
//! redb gives a handle up at its first I/O error, for reads as well, and a file that can no longer be opened
//! for writing (a disk that turned read-only) cannot be opened anew at all. So a failed write, sync
//! or change of length is kept here: from then on nothing reaches the file, what redb still writes
//! stays in memory, and it reads all of it. Whoever commits asks [`Failure::get`] afterwards: with a failure, nothing of
//! what the handle did since its last good commit counts as durable, and it is to be replaced.
//!
//! What the replaced handle reads stays true until the next one writes pages: those may lie where pages were that
//! were not durable. The next one therefore says so before its first ([`Superseded`]).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::{Database, StorageBackend};

use crate::store::error::{Result, StoreError, io};

/// Unit of what is kept in memory after a failure.
const BLOCK_BYTES: usize = 4096;

/// What went wrong with a handle, shared with whoever commits.
#[derive(Clone, Debug, Default)]
pub(super) struct Failure(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_there: AtomicBool,
    first: Mutex<Option<(io::ErrorKind, String)>>,
}

impl Failure {
    /// The first failure, if there was one.
    pub fn get(&self) -> Option<StoreError> {
        if !self.0.is_there.load(Ordering::Acquire) {
            return None;
        }
        let first = self.0.first.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, what) = first.as_ref()?;
        let source = io::Error::new(*kind, what.clone());
        Some(StoreError::Io { what: "the database".to_owned(), source })
    }

    /// Whether there was one.
    pub fn is_there(&self) -> bool {
        self.0.is_there.load(Ordering::Acquire)
    }

    /// Counts as a failure that the file had no part in, unless there was one.
    pub fn give_up(&self, why: &StoreError) {
        self.note("given up", &io::Error::other(why.to_string()));
    }

    fn note(&self, what: &str, error: &io::Error) {
        let mut first = self.0.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| (error.kind(), format!("{what}: {error}")));
        self.0.is_there.store(true, Ordering::Release);
    }
}

/// Whether another handle writes the file, shared with whoever reads through the former one: what he found
/// since he began may be wrong.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Superseded(Arc<AtomicBool>);

impl Superseded {
    /// Whether it is so. To be asked after reading.
    pub fn is_so(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// From now on it is. To be said before writing.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Opens the database's file, or makes it, and gives with it what will tell of its failures. Where the file is
/// `doubted`, what can be read from the disk is. `former` is what those know who read it as it was.
pub(super) fn open(
    path: &Path,
    cache_bytes: usize,
    doubted: bool,
    former: Option<Superseded>,
) -> Result<(Database, Failure)> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let file = opened.map_err(io(format!("opening {}", path.display())))?;
    if doubted {
        // After a failed sync the page cache may hold what the disk does not. Best effort, dirty pages stay.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    }
    let failure = Failure::default();
    let backend = Backend { file, failure: failure.clone(), kept: RwLock::default(), former };
    let db = Database::builder().set_cache_size(cache_bytes).create_with_backend(backend);
    let db = db.map_err(|error| match StoreError::from(error) {
        damaged @ StoreError::Damaged(_) => damaged,
        other => failure.get().unwrap_or(other),
    })?;
    Ok((db, failure))
}

/// Opens the database's file to be looked at: nothing reaches it, what opening and checking repair stays in
/// memory.
pub(in crate::store) fn open_untouched(path: &Path, cache_bytes: usize) -> Result<Database> {
    let file = File::open(path).map_err(io(format!("opening {}", path.display())))?;
    let failure = Failure::default();
    failure.note("writing", &io::ErrorKind::ReadOnlyFilesystem.into());
    let backend = Backend { file, failure, kept: RwLock::default(), former: None };
    Ok(Database::builder().set_cache_size(cache_bytes).create_with_backend(backend)?)
}

/// What was written since the failure: blocks by number, and the length.
#[derive(Debug)]
struct Kept {
    blocks: BTreeMap<u64, Box<[u8; BLOCK_BYTES]>>,
    bytes: u64,
}

#[derive(Debug)]
struct Backend {
    file: File,
    failure: Failure,
    kept: RwLock<Option<Kept>>,
    /// Of the handle that this one takes the place of.
    former: Option<Superseded>,
}

impl Backend {
    /// What is done next to the file may change what the former handle reads.
    fn supersede(&self) {
        if let Some(former) = &self.former {
            former.set();
        }
    }

    /// Does something to the file; if that fails, or failed before, to the memory instead.
    fn or_keep(
        &self,
        what: &str,
        on_file: impl FnOnce(&File) -> io::Result<()>,
        in_memory: impl FnOnce(&File, &mut Kept) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.failure.is_there() {
            match on_file(&self.file) {
                Ok(()) => return Ok(()),
                Err(error) => self.failure.note(what, &error),
            }
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            let bytes = self.file.metadata()?.len();
            *kept = Some(Kept { blocks: BTreeMap::new(), bytes });
        }
        kept.as_mut().map_or(Ok(()), |kept| in_memory(&self.file, kept))
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        match &*self.kept.read().unwrap_or_else(PoisonError::into_inner) {
            Some(kept) => Ok(kept.bytes),
            None => Ok(self.file.metadata()?.len()),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let read = match &*self.kept.read().unwrap_or_else(PoisonError::into_inner) {
            None => self.file.read_exact_at(out, offset),
            Some(kept) => kept.read(&self.file, offset, out),
        };
        // redb reads nothing more with this handle: the next one may.
        read.inspect_err(|error| self.failure.note("reading", error))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.or_keep(
            "setting the length",
            |file| {
                if bytes < file.metadata()?.len() {
                    self.supersede();
                }
                file.set_len(bytes)
            },
            |_, kept| {
                kept.blocks.retain(|at, _| at * (BLOCK_BYTES as u64) < bytes);
                kept.bytes = bytes;
                Ok(())
            },
        )
    }

    fn sync_data(&self) -> io::Result<()> {
        self.or_keep("syncing", File::sync_data, |_, _| Ok(()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.or_keep(
            "writing",
            |file| {
                // The header is read once, at opening.
                if offset + data.len() as u64 > BLOCK_BYTES as u64 {
                    self.supersede();
                }
                file.write_all_at(data, offset)
            },
            |file, kept| kept.write(file, offset, data),
        )
    }
}

impl Kept {
    fn read(&self, file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let on_file = file.metadata()?.len().saturating_sub(offset);
        let on_file = usize::try_from(on_file).unwrap_or(usize::MAX).min(out.len());
        let (there, beyond) = out.split_at_mut(on_file);
        file.read_exact_at(there, offset)?;
        beyond.fill(0);
        let mut done = 0;
        while done < out.len() {
            let (block, within, step) = piece(offset, done, out.len());
            if let Some(bytes) = self.blocks.get(&block) {
                out[done..done + step].copy_from_slice(&bytes[within..within + step]);
            }
            done += step;
        }
        Ok(())
    }

    fn write(&mut self, file: &File, offset: u64, data: &[u8]) -> io::Result<()> {
        self.bytes = self.bytes.max(offset + data.len() as u64);
        let mut done = 0;
        while done < data.len() {
            let (block, within, step) = piece(offset, done, data.len());
            if !self.blocks.contains_key(&block) {
                let mut bytes = Box::new([0; BLOCK_BYTES]);
                let start = block * BLOCK_BYTES as u64;
                let there = self.bytes.saturating_sub(start).min(BLOCK_BYTES as u64);
                if step < BLOCK_BYTES {
                    let there = usize::try_from(there).unwrap_or(BLOCK_BYTES);
                    self.read(file, start, &mut bytes[..there])?;
                }
                self.blocks.insert(block, bytes);
            }
            if let Some(bytes) = self.blocks.get_mut(&block) {
                bytes[within..within + step].copy_from_slice(&data[done..done + step]);
            }
            done += step;
        }
        Ok(())
    }
}

/// The block that byte `done` of a piece at `offset` lies in, where in it, and how many bytes from there.
fn piece(offset: u64, done: usize, bytes: usize) -> (u64, usize, usize) {
    let at = offset + done as u64;
    let within = usize::try_from(at % BLOCK_BYTES as u64).expect("less than a block");
    (at / BLOCK_BYTES as u64, within, (BLOCK_BYTES - within).min(bytes - done))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(file: File) -> Backend {
        Backend { file, failure: Failure::default(), kept: RwLock::default(), former: None }
    }

    #[test]
    fn what_cannot_be_written_is_read_all_the_same_and_is_not_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, [7; 10_000]).unwrap();
        let backend = backend(File::open(&path).unwrap()); // for reading only
        assert!(!backend.failure.is_there());
        backend.write(4_000, &[1; 200]).unwrap();
        assert!(backend.failure.is_there());
        backend.write(4_100, &[2; 9_000]).unwrap();
        backend.sync_data().unwrap();
        assert_eq!(backend.len().unwrap(), 13_100);
        let mut read = vec![0; 13_100];
        backend.read(0, &mut read).unwrap();
        let mut expected = vec![7; 4_000];
        expected.extend([1; 100]);
        expected.extend([2; 9_000]);
        assert_eq!(read, expected);
        backend.set_len(5_000).unwrap();
        assert!(backend.read(0, &mut read).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), [7; 10_000]);
        let what = backend.failure.get().unwrap().to_string();
        assert!(what.starts_with("the database: writing: "), "{what}");
    }

    #[test]
    fn a_good_file_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
        let backend = backend(file);
        backend.set_len(10).unwrap();
        backend.write(3, b"abc").unwrap();
        backend.sync_data().unwrap();
        assert!(!backend.failure.is_there());
        assert_eq!(std::fs::read(&path).unwrap(), b"\0\0\0abc\0\0\0\0");
    }
}

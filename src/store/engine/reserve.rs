//! A file that keeps some room: given up when the disk is full to the last block, so that events can be
//! deleted even then (operations.md 1.7).

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::{Result, io};

/// Its name in the data directory.
const NAME: &str = "reserve";
/// Largest reserve (operations.md 1.7).
const BYTES_MAX: u64 = 32 << 20;
/// How long what was given up is left to others.
const WANTED_FOR: Duration = Duration::from_secs(10);
/// A block as the file system counts them for `stat`.
const BLOCK_BYTES: u64 = 512;

/// See the module.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the file is there with all its blocks.
    held: bool,
    /// Whether it is being made. That may write tens of megabytes, and creates ask what is missing meanwhile.
    being_made: bool,
    given_up: Option<Instant>,
}

impl Reserve {
    /// The reserve of `dir`, of the size of `min_free`, but at most 32 MiB; makes no file yet.
    pub fn new(dir: &Path, min_free: u64) -> Self {
        let path = dir.join(NAME);
        let bytes = min_free.min(BYTES_MAX);
        let held = fs::metadata(&path).is_ok_and(|meta| meta.blocks() * BLOCK_BYTES >= bytes);
        let state = State { held: held || bytes == 0, ..State::default() };
        Self { path, bytes, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is held")
    }

    /// Bytes that are still to be set aside.
    pub fn missing(&self) -> u64 {
        if self.lock().held { 0 } else { self.bytes }
    }

    /// Makes the file, if it is not there and leaves at least `spare` of the `free` bytes. Not right after it
    /// was given up: where a quota is what is full, the disk seems to have room.
    pub fn make(&self, free: u64, spare: u64) -> Result<()> {
        {
            let mut state = self.lock();
            let is_wanted = state.given_up.is_some_and(|at| at.elapsed() < WANTED_FOR);
            let has_room = free >= self.bytes.saturating_add(spare);
            if state.held || state.being_made || is_wanted || !has_room {
                return Ok(());
            }
            state.being_made = true;
        }
        let made = self.fill().inspect_err(|_| drop(fs::remove_file(&self.path)));
        *self.lock() = State { held: made.is_ok(), ..State::default() };
        made?;
        tracing::info!(bytes = self.bytes, "room is set aside for a full disk");
        Ok(())
    }

    /// Sets the length with real blocks behind it.
    fn fill(&self) -> Result<()> {
        let what = || format!("making {}", self.path.display());
        let _ = fs::remove_file(&self.path); // a part of one
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&self.path);
        let file = file.map_err(io(what()))?;
        let flags = rustix::fs::FallocateFlags::empty();
        match rustix::fs::fallocate(&file, flags, 0, self.bytes) {
            // Where the file system cannot, blocks come by writing.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                self.write(&file).map_err(io(what()))
            }
            made => made.map_err(|error| io(what())(error.into())),
        }
    }

    fn write(&self, mut file: &File) -> std::io::Result<()> {
        std::io::copy(&mut std::io::Read::take(std::io::repeat(0x57), self.bytes), &mut file)?;
        file.sync_all()
    }

    /// Gives the room up. Tells whether there was any.
    pub fn give_up(&self) -> bool {
        let mut state = self.lock();
        if !state.held || self.bytes == 0 {
            return false;
        }
        match fs::remove_file(&self.path) {
            Ok(()) => {
                *state = State { given_up: Some(Instant::now()), ..State::default() };
                tracing::warn!(bytes = self.bytes, "the disk is full; the reserve is given up");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the reserve cannot be given up");
                state.held = self.path.exists();
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_its_blocks_and_gives_them_up_once() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve::new(dir.path(), 1 << 20);
        reserve.make(2 << 20, 2 << 20).unwrap();
        assert_eq!(reserve.missing(), 1 << 20, "others need that room more");
        assert!(!reserve.give_up());
        reserve.make(4 << 20, 2 << 20).unwrap();
        assert_eq!(reserve.missing(), 0);
        let meta = fs::metadata(dir.path().join(NAME)).unwrap();
        assert!(meta.blocks() * BLOCK_BYTES >= 1 << 20);
        assert_eq!(Reserve::new(dir.path(), 1 << 20).missing(), 0, "it stays over a restart");
        assert_eq!(Reserve::new(dir.path(), 2 << 20).missing(), 2 << 20, "too small");
        assert!(reserve.give_up() && !reserve.give_up());
        reserve.make(u64::MAX, 0).unwrap();
        assert_eq!(reserve.missing(), 1 << 20, "others are to have it first");
        assert_eq!(Reserve::new(dir.path(), 0).missing(), 0, "none is asked for");
        assert_eq!(Reserve::new(dir.path(), 1 << 40).bytes, BYTES_MAX);
    }
}

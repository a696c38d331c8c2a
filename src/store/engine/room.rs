//! Room: what may still be written before the disk is full (operations.md 1.7 and 10).
//!
//! The database hardly ever gives blocks back to the file system, so what is free inside its file counts as
//! well. redb tells that only by a walk over everything; here it is reckoned from the weight of the rows that
//! are stored, which is kept exactly, and from how many bytes of pages a byte of weight was last seen to take.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use super::reserve::Reserve;
use super::{DATABASE_FILE, Result, files};

/// How often the file system is asked.
const ASK_EVERY_MS: u64 = 1_000;
/// The file system is also asked after this part of `min_free` was let in.
const LOOKS_PER_MIN_FREE: u64 = 8;
/// With less than this left, the disk is full to the last block and the reserve goes.
const LAST_BYTES: u64 = 1 << 20;
/// Bytes on the disk for each byte that is journalled but not applied.
const UNAPPLIED_FACTOR: u64 = 4;
/// Pages by weight, in thousandths, until it was measured; and its bounds.
const PAGES_BY_WEIGHT: u64 = 1_200;
const PAGES_BY_WEIGHT_RANGE: std::ops::RangeInclusive<u64> = 500..=4_000;
/// What a database takes without events.
const EMPTY_BYTES: u64 = 1 << 20;
/// Weight below which a measurement says nothing.
const WEIGHT_MIN: u64 = 1 << 20;

/// Figures of this moment, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomFigures {
    /// What may still be written, less what is stored and needs its place in the tables.
    pub room: u64,
    /// Size of the file system.
    pub disk_total: u64,
    /// What it has left.
    pub disk_free: u64,
    /// Blocks of the database's file.
    pub database: u64,
    /// Of these, what is in use, about.
    pub used: u64,
}

/// See the module.
pub(super) struct Room {
    dir: PathBuf,
    pub min_free: u64,
    reserve: Reserve,
    started: Instant,
    asked_ms: AtomicU64,
    /// Bytes that were let in since the last look.
    spent: AtomicU64,
    low: AtomicBool,
    figures: Mutex<RoomFigures>,
    weight: AtomicI64,
    pages_by_weight: AtomicU64,
}

/// Room below which creates are refused, bytes; unless it was set, 5 % of the file system, 4 to 64 MiB.
pub(super) fn min_free(dir: &Path, set: Option<u64>) -> Result<u64> {
    match set {
        Some(bytes) => Ok(bytes),
        None => Ok((files::total_bytes(dir)? / 20).clamp(4 << 20, 64 << 20)),
    }
}

impl Room {
    /// `min_free` in bytes. `weight` is that of all stored rows.
    pub fn new(dir: &Path, min_free: u64, weight: u64) -> Self {
        let room = Self {
            dir: dir.to_owned(),
            min_free,
            reserve: Reserve::new(dir, min_free),
            started: Instant::now(),
            asked_ms: AtomicU64::new(0),
            spent: AtomicU64::new(0),
            low: AtomicBool::new(false),
            figures: Mutex::default(),
            weight: AtomicI64::new(weight.cast_signed()),
            pages_by_weight: AtomicU64::new(PAGES_BY_WEIGHT),
        };
        room.tend();
        room.look(0);
        room
    }

    /// Sets the reserve aside if there is room for it. May write tens of megabytes: not for whoever must not block.
    pub fn tend(&self) {
        let made =
            files::free_bytes(&self.dir).and_then(|free| self.reserve.make(free, self.min_free));
        if let Err(error) = made {
            tracing::warn!(%error, "no room can be set aside");
        }
    }

    /// So many bytes were let in.
    pub fn spend(&self, bytes: u64) {
        self.spent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether less than `min_free` is left, by a look no older than a second or some bytes. `unapplied` is in bytes.
    pub fn is_low(&self, unapplied: u64) -> bool {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let asked = self.asked_ms.load(Ordering::Relaxed);
        let mine = |asked, now| {
            let swap = (Ordering::Relaxed, Ordering::Relaxed);
            self.asked_ms.compare_exchange(asked, now, swap.0, swap.1).is_ok()
        };
        let step = (self.min_free / LOOKS_PER_MIN_FREE).max(LAST_BYTES / 4);
        let much = self.spent.load(Ordering::Relaxed) > step;
        if (much || now >= asked + ASK_EVERY_MS) && mine(asked, now.max(asked + 1)) {
            self.look(unapplied);
        }
        self.low.load(Ordering::Relaxed)
    }

    /// Looks at the disk; with its last blocks gone the reserve is given up.
    pub fn look(&self, unapplied: u64) -> RoomFigures {
        let known = *self.lock();
        self.spent.store(0, Ordering::Relaxed);
        let (mut free, total) = match files::disk_bytes(&self.dir) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "cannot tell the room on the disk");
                return known;
            }
        };
        if free < LAST_BYTES && self.reserve.give_up() {
            free = files::free_bytes(&self.dir).unwrap_or(free);
        }
        let database =
            std::fs::metadata(self.dir.join(DATABASE_FILE)).map_or(0, |meta| meta.blocks() * 512);
        let used = self.used().min(database);
        let promised = unapplied.saturating_mul(UNAPPLIED_FACTOR) + self.reserve.missing();
        let room = (free + database - used).saturating_sub(promised);
        let figures = RoomFigures { room, disk_total: total, disk_free: free, database, used };
        *self.lock() = figures;
        // The journal cannot use what is free inside the database: all that may wait must find blocks.
        let low = room < self.min_free || free < self.min_free / 2;
        if self.low.swap(low, Ordering::Relaxed) != low {
            tracing::warn!(
                room_bytes = room,
                disk_free_bytes = free,
                "{}",
                if low {
                    "the disk is full: new events are refused"
                } else {
                    "there is room again"
                }
            );
        }
        figures
    }

    /// What the last look found.
    pub fn last(&self) -> RoomFigures {
        *self.lock()
    }

    /// A write found no block left: the reserve goes now.
    pub fn found_full(&self) {
        self.reserve.give_up();
        self.look(0);
    }

    /// Rows came or went.
    pub fn weigh(&self, by: i64) {
        self.weight.fetch_add(by, Ordering::Relaxed);
    }

    /// All rows weigh so much.
    pub fn reweigh(&self, weight: u64) {
        self.weight.store(weight.cast_signed(), Ordering::Relaxed);
    }

    /// Says how many bytes of pages are in use, by a walk over them.
    pub fn measured(&self, used: u64) {
        let weight = self.weight.load(Ordering::Relaxed).max(0).unsigned_abs();
        if weight < WEIGHT_MIN {
            return;
        }
        let thousandths = used.saturating_sub(EMPTY_BYTES) * 1_000 / weight;
        let (low, high) = (*PAGES_BY_WEIGHT_RANGE.start(), *PAGES_BY_WEIGHT_RANGE.end());
        self.pages_by_weight.store(thousandths.clamp(low, high), Ordering::Relaxed);
    }

    /// Bytes of pages in use, about.
    fn used(&self) -> u64 {
        let weight = self.weight.load(Ordering::Relaxed).max(0).unsigned_abs();
        let by_weight = self.pages_by_weight.load(Ordering::Relaxed);
        EMPTY_BYTES + weight / 1_000 * by_weight
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RoomFigures> {
        self.figures.lock().expect("nothing panics while it is held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_inside_the_database_is_room() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(DATABASE_FILE), vec![1; 8 << 20]).unwrap();
        let room = Room::new(dir.path(), 0, 5 << 20);
        let full = room.look(0);
        room.weigh(-(4 << 20));
        let after = room.look(0);
        assert!(full.used - after.used > 4 << 20 && after.used > 1 << 20, "{full:?} {after:?}");
        assert_eq!(after.room, after.disk_free + after.database - after.used);
        let promised = room.look(1 << 20);
        assert_eq!(
            promised.room + (4 << 20),
            promised.disk_free + promised.database - promised.used
        );
        room.weigh(4 << 20);
        room.measured(6 << 20);
        assert_eq!(room.look(0).used, (1 << 20) + (5 << 20) / 1_000 * 1_000, "as measured");
    }

    #[test]
    fn too_little_room_is_low() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!Room::new(dir.path(), 0, 0).is_low(0));
        assert!(Room::new(dir.path(), u64::MAX, 0).is_low(0));
    }
}

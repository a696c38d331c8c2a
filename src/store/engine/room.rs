//! Room on the disk.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::{Result, files};

/// Whether enough room is left, asked of the file system once a second.
pub(super) struct Room {
    pub min_free: u64,
    started: Instant,
    asked_ms: AtomicU64,
    low: AtomicBool,
}

impl Room {
    /// `min_free` in bytes; `None`: 5 % of the file system, 4 to 64 MiB.
    pub fn new(dir: &Path, min_free: Option<u64>) -> Result<Self> {
        let min_free = match min_free {
            Some(bytes) => bytes,
            None => (files::total_bytes(dir)? / 20).clamp(4 << 20, 64 << 20),
        };
        let low = files::free_bytes(dir)? < min_free;
        let (asked_ms, low) = (AtomicU64::new(0), AtomicBool::new(low));
        Ok(Self { min_free, started: Instant::now(), asked_ms, low })
    }

    /// Whether less than `min_free` is left.
    pub fn is_low(&self, dir: &Path) -> bool {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let asked = self.asked_ms.load(Ordering::Relaxed);
        let due = now >= asked + 1_000;
        if due
            && self
                .asked_ms
                .compare_exchange(asked, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            match files::free_bytes(dir) {
                Ok(free) => {
                    let low = free < self.min_free;
                    if self.low.swap(low, Ordering::Relaxed) != low {
                        tracing::warn!(free_bytes = free, low, "room on the disk");
                    }
                }
                Err(error) => tracing::error!(%error, "cannot tell the room on the disk"),
            }
        }
        self.low.load(Ordering::Relaxed)
    }
}

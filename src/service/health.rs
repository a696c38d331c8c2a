//! Whether the server works.

use super::Services;
use crate::store::StoreError;

/// Why the server is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Too little room on the disk.
    StorageFull,
    /// Disk or database fail.
    StorageFailed,
    /// The server stops.
    Stopping,
}

impl Services {
    /// Whether the thread that stores events has come round since this was asked before: what a watchdog
    /// is fed by. Never blocks.
    pub fn writer_answers(&self) -> bool {
        self.core.store.writer_answers()
    }

    /// Whether events can be stored now.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn ready(&self) -> Result<(), Trouble> {
        if self.core.stopping.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Trouble::Stopping);
        }
        match self.core.store.ready() {
            Ok(()) => Ok(()),
            Err(StoreError::Full) => Err(Trouble::StorageFull),
            Err(_) => Err(Trouble::StorageFailed),
        }
    }
}

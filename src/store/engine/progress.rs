//! How far journal and tables have come, and whether storage works.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

use super::{Result, StoreError};

/// Records that may be on disk but not in the tables before the journal waits (storage contract 1).
const UNAPPLIED_MAX: u64 = 4_000;

#[derive(Default)]
struct State {
    failed: Option<String>,
    stopped: bool,
}

/// Shared by senders, the writer and the applier.
pub(super) struct Progress {
    synced: AtomicU64,
    applied: AtomicU64,
    durable: AtomicU64,
    broken: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

impl Progress {
    pub fn new(seq: u64) -> Self {
        Self {
            synced: AtomicU64::new(seq),
            applied: AtomicU64::new(seq),
            durable: AtomicU64::new(seq),
            broken: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is held")
    }

    pub fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub fn set_synced(&self, seq: u64) {
        self.synced.store(seq, Ordering::Release);
    }

    pub fn set_durable(&self, seq: u64) {
        self.durable.store(seq, Ordering::Release);
    }

    pub fn set_applied(&self, seq: u64) {
        let _state = self.lock();
        self.applied.store(seq, Ordering::Release);
        self.changed.notify_all();
    }

    /// Fails while storage has failed.
    pub fn check(&self) -> Result<()> {
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(StoreError::Failed(self.lock().failed.clone().unwrap_or_default()))
    }

    pub fn set_failed(&self, what: Option<String>) {
        let mut state = self.lock();
        self.broken.store(what.is_some(), Ordering::Release);
        state.failed = what;
        self.changed.notify_all();
    }

    /// The applier has ended: nobody needs to wait for it.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Waits until everything synced before this call is applied; not while storage has failed.
    pub fn wait_applied(&self) {
        self.wait(self.synced());
    }

    /// Waits until the journal may run on.
    pub fn wait_for_room(&self) {
        let synced = self.synced();
        if synced - self.applied() > UNAPPLIED_MAX {
            self.wait(synced - UNAPPLIED_MAX);
        }
    }

    fn wait(&self, seq: u64) {
        if self.applied() >= seq {
            return;
        }
        let mut state = self.lock();
        while self.applied() < seq && state.failed.is_none() && !state.stopped {
            state = self.changed.wait(state).expect("nothing panics while it is held");
        }
    }
}

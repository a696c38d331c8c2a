//! How far journal and tables have come, and whether storage works.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::{Result, StoreError};

/// Records that may be on disk but not in the tables before the journal waits (storage contract 1).
const UNAPPLIED_MAX: u64 = 4_000;
/// The same in bytes: they are kept in memory until they are applied.
const UNAPPLIED_BYTES_MAX: usize = 16 << 20;

/// What may fail, and recover, on its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Journal,
    Tables,
}

/// What is wrong with a part.
struct Failed {
    what: String,
    /// No block is left on the disk: this passes when there is room.
    is_full: bool,
}

#[derive(Default)]
struct State {
    /// What is wrong, by part.
    failed: [Option<Failed>; 2],
    stopped: bool,
    /// How many wait for the applier.
    waiting: usize,
    /// The applier is wanted, once.
    hurry: bool,
}

impl State {
    /// The worst of what is wrong.
    fn failed(&self) -> Option<&Failed> {
        self.failed.iter().flatten().min_by_key(|failed| failed.is_full)
    }
}

/// Shared by senders, the writer and the applier.
pub(super) struct Progress {
    synced: AtomicU64,
    applied: AtomicU64,
    durable: AtomicU64,
    unapplied_bytes: AtomicUsize,
    broken: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
    /// Somebody began to wait.
    wanted: Condvar,
}

impl Progress {
    pub fn new(seq: u64) -> Self {
        Self {
            synced: AtomicU64::new(seq),
            applied: AtomicU64::new(seq),
            durable: AtomicU64::new(seq),
            unapplied_bytes: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
            wanted: Condvar::new(),
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

    /// `bytes` more are on disk, up to record `seq`.
    pub fn set_synced(&self, seq: u64, bytes: usize) {
        self.unapplied_bytes.fetch_add(bytes, Ordering::AcqRel);
        self.synced.store(seq, Ordering::Release);
    }

    pub fn set_durable(&self, seq: u64) {
        self.durable.store(seq, Ordering::Release);
    }

    /// `bytes` more are in the tables, up to record `seq`.
    pub fn set_applied(&self, seq: u64, bytes: usize) {
        let _state = self.lock();
        self.unapplied_bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.applied.store(seq, Ordering::Release);
        self.changed.notify_all();
    }

    /// Bytes that are on disk and not in the tables.
    pub fn unapplied_bytes(&self) -> usize {
        self.unapplied_bytes.load(Ordering::Acquire)
    }

    /// Fails while storage has failed, or while no block is left on the disk.
    pub fn check(&self) -> Result<()> {
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(match self.lock().failed() {
            Some(Failed { is_full: true, .. }) => StoreError::Full,
            Some(Failed { what, .. }) => StoreError::Failed(what.clone()),
            None => StoreError::Failed(String::new()), // it works again since a moment ago
        })
    }

    /// A part has failed (and why), or works again.
    pub fn set_failed(&self, part: Part, error: Option<&StoreError>) {
        let mut state = self.lock();
        let failed =
            |error: &StoreError| Failed { what: error.to_string(), is_full: error.is_full() };
        state.failed[part as usize] = error.map(failed);
        self.broken.store(state.failed().is_some(), Ordering::Release);
        self.changed.notify_all();
        self.wanted.notify_one();
    }

    /// The applier has ended: nobody needs to wait for it.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Waits until everything synced before this call is applied; not while the tables have failed. A journal
    /// that fails keeps nothing from them.
    pub fn wait_applied(&self) {
        let seq = self.synced();
        self.wait(|| self.applied() >= seq);
    }

    /// Waits until the journal may run on.
    pub fn wait_for_room(&self) {
        self.wait(|| {
            self.synced() - self.applied() <= UNAPPLIED_MAX
                && self.unapplied_bytes.load(Ordering::Acquire) <= UNAPPLIED_BYTES_MAX
        });
    }

    /// Waits for something that applying brings about, as long as something can be applied.
    fn wait(&self, is_so: impl Fn() -> bool) {
        if is_so() {
            return;
        }
        let mut state = self.lock();
        state.waiting += 1;
        self.wanted.notify_one();
        while !is_so() && state.failed[Part::Tables as usize].is_none() && !state.stopped {
            state = self.changed.wait(state).expect("nothing panics while it is held");
        }
        state.waiting -= 1;
    }

    /// Returns after so long, or as soon as somebody waits for what is to be applied, or storage has failed:
    /// what can still be applied is read then.
    pub fn linger(&self, most: Duration) {
        let nobody =
            |state: &mut State| state.waiting == 0 && !state.hurry && state.failed().is_none();
        let waited = self.wanted.wait_timeout_while(self.lock(), most, nobody);
        waited.expect("nothing panics while it is held").0.hurry = false;
    }

    /// The applier is not to linger: something else comes after what it has.
    pub fn hurry(&self) {
        self.lock().hurry = true;
        self.wanted.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_works_again_when_both_parts_do() {
        let progress = Progress::new(0);
        let failed = |what: &str| StoreError::Failed(what.to_owned());
        let full = crate::store::error::io("x")(std::io::ErrorKind::StorageFull.into());
        progress.set_failed(Part::Journal, Some(&full));
        assert!(matches!(progress.check(), Err(StoreError::Full)));
        progress.set_failed(Part::Tables, Some(&failed("tables")));
        assert!(matches!(progress.check(), Err(StoreError::Failed(_))), "the worst is told");
        progress.set_failed(Part::Journal, None);
        let Err(StoreError::Failed(what)) = progress.check() else { panic!() };
        assert!(what.contains("tables"), "{what}");
        progress.set_synced(1, 10);
        progress.wait_applied(); // does not wait for what may never come
        progress.set_failed(Part::Tables, None);
        assert!(progress.check().is_ok());
    }

    /// None of these lingers for its hour.
    #[test]
    fn nobody_waits_for_a_lingering_applier() {
        const LONG: Duration = Duration::from_hours(1);
        let progress = Progress::new(0);
        progress.set_synced(1, 10);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| progress.wait_applied());
            progress.linger(LONG);
            progress.set_applied(1, 10);
            reader.join().unwrap();
        });
        progress.hurry();
        progress.linger(LONG);
        let began = std::time::Instant::now();
        progress.linger(Duration::from_millis(5));
        assert!(began.elapsed() >= Duration::from_millis(5), "hurried once");
        std::thread::scope(|scope| {
            scope.spawn(|| progress.linger(LONG));
            progress.hurry();
        });
        std::thread::scope(|scope| {
            scope.spawn(|| progress.linger(LONG));
            progress.set_failed(Part::Journal, Some(&StoreError::Failed(String::new())));
        });
    }

    #[test]
    fn what_is_acknowledged_is_waited_for_while_only_the_journal_fails() {
        let progress = Progress::new(0);
        progress.set_synced(1, 10);
        progress.set_failed(Part::Journal, Some(&StoreError::Failed(String::new())));
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                progress.wait_applied();
                progress.applied()
            });
            while progress.lock().waiting == 0 {
                std::thread::yield_now();
            }
            progress.set_applied(1, 10);
            assert_eq!(reader.join().unwrap(), 1);
        });
    }
}

//! The tables' thread: applies what the journal holds, and commits durably now and then.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use redb::Durability;

use super::handle::Handle;
use super::progress::{Part, Progress};
use super::room::Room;
use super::writer::RETRY_AFTER;
use super::{Change, Exclusive, Result, StoreError};
use crate::store::apply;
use crate::store::read::ReadTx;
use crate::store::tables::state;

/// A durable commit is due after so many records, so many bytes, or so long after the first.
const COMMIT_RECORDS: u64 = if cfg!(test) { 200 } else { 8_000 };
const COMMIT_BYTES: usize = 8 << 20;
const COMMIT_AFTER: Duration = Duration::from_secs(15);
/// How long the first record waits for others, unless somebody waits for it: records that share a transaction
/// share pages. At 64 senders each then takes 8 µs of a core instead of 14 (measured), and at one 17 instead of 70.
const LINGER: Duration = Duration::from_millis(10);
/// Most records of one transaction.
const CHUNK_RECORDS: usize = if cfg!(test) { 100 } else { 4_000 };

/// What the applier is asked to do, in order.
pub(super) enum Job {
    /// Apply changes that are on disk.
    Apply { changes: Vec<Change>, last_seq: u64, bytes: usize },
    /// Run a transaction of its own.
    Exclusive(Exclusive),
}

pub(super) struct Applier {
    /// The database, shared with those who read. Replaced after a failure.
    pub handle: Arc<ArcSwap<Handle>>,
    /// Held while it is opened anew: readers of the former one wait for the next.
    pub reopening: Arc<Mutex<()>>,
    pub memory: apply::Memory,
    pub progress: Arc<Progress>,
    pub room: Arc<Room>,
    pub jobs: Receiver<Job>,
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
    /// Number of the last change of settings that was committed.
    pub last_change: u64,
    /// Jobs that were received and are to be done before any other.
    pub waiting: VecDeque<Job>,
}

/// Changes for one transaction.
#[derive(Default)]
struct Chunk {
    changes: Vec<Change>,
    last_seq: u64,
    bytes: usize,
}

/// What was applied since the last durable commit: a failure loses it in the tables, and it is applied anew.
struct Pending {
    chunks: Vec<Chunk>,
    records: u64,
    bytes: usize,
    due: Instant,
}

impl Applier {
    pub fn run(mut self) {
        let mut pending: Option<Pending> = None;
        loop {
            let job = match self.waiting.pop_front().map_or_else(|| self.wait(pending.as_ref()), Ok)
            {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    self.persist(&mut pending);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match job {
                Job::Apply { changes, last_seq, bytes } => {
                    let mut chunk = Chunk { changes, last_seq, bytes };
                    self.progress.linger(LINGER);
                    self.gather(&mut chunk);
                    self.apply(chunk, &mut pending);
                }
                Job::Exclusive(run) => {
                    // A durable commit takes the pending ones with it; what was refused is none.
                    let handle = self.handle.load_full();
                    if run(&handle) {
                        self.last_change += 1;
                        self.committed(&mut pending);
                    }
                    if let Some(error) = handle.failure() {
                        drop(handle);
                        self.mend(error, &mut pending);
                    }
                }
            }
        }
        self.persist(&mut pending);
        self.progress.stop();
    }

    fn wait(&self, pending: Option<&Pending>) -> std::result::Result<Job, RecvTimeoutError> {
        match pending {
            None => self.jobs.recv().map_err(|mpsc::RecvError| RecvTimeoutError::Disconnected),
            Some(pending) => {
                self.jobs.recv_timeout(pending.due.saturating_duration_since(Instant::now()))
            }
        }
    }

    /// Adds the batches that wait already. The first job that is something else goes on waiting, where whoever
    /// mends the database finds it.
    fn gather(&mut self, chunk: &mut Chunk) {
        while chunk.changes.len() < CHUNK_RECORDS {
            let Some(job) = self.waiting.pop_front().or_else(|| self.jobs.try_recv().ok()) else {
                return;
            };
            match job {
                Job::Apply { changes, last_seq, bytes } => {
                    chunk.changes.extend(changes);
                    chunk.last_seq = last_seq;
                    chunk.bytes += bytes;
                }
                other @ Job::Exclusive(_) => {
                    self.waiting.push_front(other);
                    return;
                }
            }
        }
    }

    /// Waits so long. Changes of settings that come, or wait already, are refused meanwhile: nobody is to
    /// wait for a disk. What is to be applied waits, in its order. Tells whether nothing more can come: the
    /// store is being closed.
    fn pause(&mut self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        let handle = self.handle.load_full();
        let mut waiting = std::mem::take(&mut self.waiting);
        loop {
            let job = match waiting.pop_front() {
                Some(job) => job,
                None => match self.jobs.recv_timeout(end.saturating_duration_since(Instant::now()))
                {
                    Ok(job) => job,
                    Err(RecvTimeoutError::Timeout) => return false,
                    Err(RecvTimeoutError::Disconnected) => {
                        std::thread::sleep(end.saturating_duration_since(Instant::now()));
                        return true;
                    }
                },
            };
            match job {
                Job::Exclusive(run) if handle.failure().is_some() => drop(run(&handle)),
                job => self.waiting.push_back(job),
            }
        }
    }

    fn apply(&mut self, chunk: Chunk, pending: &mut Option<Pending>) {
        let state = pending.get_or_insert_with(|| Pending {
            chunks: Vec::new(),
            records: 0,
            bytes: 0,
            due: Instant::now() + COMMIT_AFTER,
        });
        state.records += chunk.changes.len() as u64;
        state.bytes += chunk.bytes;
        let durable = state.records >= COMMIT_RECORDS
            || state.bytes >= COMMIT_BYTES
            || Instant::now() >= state.due;
        let applied = self.try_apply(&chunk, durable);
        let (last_seq, bytes) = (chunk.last_seq, chunk.bytes);
        state.chunks.push(chunk);
        if let Err(error) = applied {
            self.mend(error, pending);
        } else if durable {
            self.progress.set_applied(last_seq, bytes);
            self.committed(pending);
            return;
        }
        self.progress.set_applied(last_seq, bytes);
    }

    fn try_apply(&mut self, chunk: &Chunk, durable: bool) -> Result<()> {
        let handle = self.handle.load_full();
        let mut tx = handle.begin_write()?;
        if durable {
            tx.set_quick_repair(true);
        } else {
            tx.set_durability(Durability::None)?;
        }
        let by = apply::apply(&tx, &mut self.memory, chunk.changes.iter(), chunk.last_seq)?;
        handle.commit(tx)?;
        self.room.weigh(by);
        Ok(())
    }

    /// Makes what is pending durable.
    fn persist(&mut self, pending: &mut Option<Pending>) {
        if pending.is_none() {
            return;
        }
        let handle = self.handle.load_full();
        let persisted = handle.begin_write().and_then(|mut tx| {
            tx.set_quick_repair(true);
            handle.commit(tx)
        });
        drop(handle);
        match persisted {
            Ok(()) => self.committed(pending),
            Err(error) => self.mend(error, pending),
        }
    }

    fn committed(&self, pending: &mut Option<Pending>) {
        if let Some(last) = pending.take().and_then(|mut pending| pending.chunks.pop()) {
            self.progress.set_durable(last.last_seq);
        }
    }

    /// Opens the database anew and applies again what was not durable, until that works; gives up for good
    /// after some tries (operations.md 1.6). A full disk is no reason to: it is tried until there
    /// is room, or the store is closed. Nothing is lost: the journal has it.
    fn mend(&mut self, mut error: StoreError, pending: &mut Option<Pending>) {
        // Also where its file had no part in it: only one handle may write.
        self.handle.load().give_up(&error);
        let (mut tries, mut was_full, mut is_first) = (0, false, true);
        loop {
            let full = error.is_full();
            if !(full && was_full) {
                tracing::error!(%error, "the database failed; it is opened anew");
            }
            was_full = full;
            self.progress.set_failed(Part::Tables, Some(&error));
            if full {
                self.room.found_full();
            } else if tries == RETRY_AFTER.len() {
                (self.on_fatal)(&format!("the database fails for good: {error}"));
                std::thread::sleep(RETRY_AFTER[4]);
                continue;
            }
            let is_closed = self.pause(if full { RETRY_AFTER[0] } else { RETRY_AFTER[tries] });
            tries += usize::from(!full);
            // A sync that failed may leave pages in the cache that the disk does not have.
            let is_doubted = std::mem::take(&mut is_first) || !full;
            match self.open_anew(pending.as_ref(), is_doubted) {
                Ok(()) => break,
                Err(error) if is_closed => {
                    tracing::error!(%error, "the store closes without its database; the next start applies the rest");
                    *pending = None;
                    // Nothing later may be applied over the gap.
                    self.waiting.clear();
                    return;
                }
                Err(next) => error = next,
            }
        }
        tracing::info!("the database is open again");
        self.committed(pending);
        self.progress.set_failed(Part::Tables, None);
    }

    /// Opens the database anew; what is pending is then in it durably. With an error it may have been replaced all
    /// the same, by one that has failed as well but holds everything in memory: the former one cannot be read any
    /// more once pages were written.
    fn open_anew(&mut self, pending: Option<&Pending>, doubted: bool) -> Result<()> {
        let reopening = Arc::clone(&self.reopening);
        let _reopening = reopening.lock().unwrap_or_else(PoisonError::into_inner);
        self.memory = apply::Memory::default();
        let handle = self.handle.load().open_anew(doubted)?;
        let number = |name| handle.state(name);
        let (applied, change) = (number(state::APPLIED_SEQ)?, number(state::LAST_CHANGE)?);
        if change != self.last_change {
            // Its sender was told that it failed, and the catalogue in memory lacks it.
            (self.on_fatal)("a change of settings that failed is on disk all the same");
            self.last_change = change;
        }
        let mut tx = handle.begin_write()?;
        tx.set_quick_repair(true);
        let mut last_seq = applied;
        for chunk in pending.iter().flat_map(|pending| &pending.chunks) {
            if chunk.last_seq > applied {
                last_seq = chunk.last_seq;
                apply::apply(&tx, &mut self.memory, chunk.changes.iter(), last_seq)?;
            }
        }
        // Also where nothing is to be applied, something is written: what was found may so far be
        // only in the page cache.
        tx.open_table(crate::store::tables::STATE)?.insert(state::APPLIED_SEQ, last_seq)?;
        let committed = handle.commit(tx);
        if committed.is_err() && handle.state(state::APPLIED_SEQ)? != last_seq {
            return committed;
        }
        self.room.reweigh(ReadTx::new(handle.begin_read()?).event_weight()?);
        self.handle.swap(Arc::new(handle)).superseded().set();
        committed
    }
}

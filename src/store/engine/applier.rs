//! The tables' thread: applies what the journal holds, and commits durably now and then.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use redb::{Database, Durability};

use super::progress::{Part, Progress};
use super::writer::RETRY_AFTER;
use super::{Change, Exclusive, Result};
use crate::store::apply;

/// A durable commit is due after so many records, so many bytes, or so long after the first.
const COMMIT_RECORDS: u64 = if cfg!(test) { 200 } else { 8_000 };
const COMMIT_BYTES: usize = 8 << 20;
const COMMIT_AFTER: Duration = Duration::from_secs(15);
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
    pub db: Arc<Database>,
    pub memory: apply::Memory,
    pub progress: Arc<Progress>,
    pub jobs: Receiver<Job>,
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

/// Changes for one transaction.
#[derive(Default)]
struct Chunk {
    changes: Vec<Change>,
    last_seq: u64,
    bytes: usize,
}

/// What was committed without durability since the last durable commit.
struct Pending {
    records: u64,
    bytes: usize,
    due: Instant,
}

impl Applier {
    pub fn run(mut self) {
        let mut pending: Option<Pending> = None;
        let mut next = None;
        loop {
            let job = match next.take() {
                Some(job) => job,
                None => match self.wait(pending.as_ref()) {
                    Ok(job) => job,
                    Err(RecvTimeoutError::Timeout) => {
                        self.persist(&mut pending);
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                },
            };
            match job {
                Job::Apply { changes, last_seq, bytes } => {
                    let mut chunk = Chunk { changes, last_seq, bytes };
                    next = self.gather(&mut chunk);
                    self.apply(&chunk, &mut pending);
                }
                Job::Exclusive(run) => {
                    // A durable commit takes the pending ones with it; what was refused is none.
                    if run(&self.db) {
                        self.committed(&mut pending);
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

    /// Adds the batches that wait already, and returns the first job that is something else.
    fn gather(&self, chunk: &mut Chunk) -> Option<Job> {
        while chunk.changes.len() < CHUNK_RECORDS {
            match self.jobs.try_recv() {
                Ok(Job::Apply { changes, last_seq, bytes }) => {
                    chunk.changes.extend(changes);
                    chunk.last_seq = last_seq;
                    chunk.bytes += bytes;
                }
                Ok(other) => return Some(other),
                Err(_) => break,
            }
        }
        None
    }

    fn apply(&mut self, chunk: &Chunk, pending: &mut Option<Pending>) {
        let state = pending.get_or_insert_with(|| Pending {
            records: 0,
            bytes: 0,
            due: Instant::now() + COMMIT_AFTER,
        });
        state.records += chunk.changes.len() as u64;
        state.bytes += chunk.bytes;
        let durable = state.records >= COMMIT_RECORDS
            || state.bytes >= COMMIT_BYTES
            || Instant::now() >= state.due;
        self.until_done("applying events", |this| this.try_apply(chunk, durable));
        self.progress.set_applied(chunk.last_seq, chunk.bytes);
        if durable {
            self.committed(pending);
        }
    }

    fn try_apply(&mut self, chunk: &Chunk, durable: bool) -> Result<()> {
        let mut tx = self.db.begin_write()?;
        if durable {
            tx.set_quick_repair(true);
        } else {
            tx.set_durability(Durability::None)?;
        }
        apply::apply(&tx, &mut self.memory, chunk.changes.iter(), chunk.last_seq)?;
        Ok(tx.commit()?)
    }

    /// Makes what is pending durable.
    fn persist(&mut self, pending: &mut Option<Pending>) {
        if pending.is_none() {
            return;
        }
        self.until_done("committing events", |this| {
            let mut tx = this.db.begin_write()?;
            tx.set_quick_repair(true);
            Ok(tx.commit()?)
        });
        self.committed(pending);
    }

    fn committed(&self, pending: &mut Option<Pending>) {
        *pending = None;
        self.progress.set_durable(self.progress.applied());
    }

    /// Tries until it works; gives up for good after some tries. Nothing is lost: the journal has it.
    fn until_done(&mut self, what: &str, mut run: impl FnMut(&mut Self) -> Result<()>) {
        let mut pauses = RETRY_AFTER.iter();
        while let Err(error) = run(self) {
            self.memory = apply::Memory::default();
            tracing::error!(%error, "{what} failed");
            self.progress.set_failed(Part::Tables, Some(error.to_string()));
            if let Some(pause) = pauses.next() {
                std::thread::sleep(*pause);
            } else {
                (self.on_fatal)(&format!("{what} fails for good: {error}"));
                std::thread::sleep(RETRY_AFTER[4]);
            }
        }
        if pauses.len() < RETRY_AFTER.len() {
            self.progress.set_failed(Part::Tables, None);
        }
    }
}

//! The journal's thread: takes what waits, writes one batch, syncs once, tells everyone.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::progress::{Part, Progress};
use super::pulse::Pulse;
use super::queue::{Queue, Taken, Write};
use super::room::Room;
use super::{Job, Journal, StoreError};
use crate::domain::durations::Durations;
use crate::store::journal::{Batch, Preparer};

/// Pauses before each new try after a failure; after the last one it is given up (operations 1.6).
pub(super) const RETRY_AFTER: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
/// How often a pause is left to answer the pulse: who waits to try again does not hang.
const PAUSE_STEP: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    pub journal: Journal,
    pub queue: Arc<Queue>,
    pub progress: Arc<Progress>,
    pub pulse: Arc<Pulse>,
    pub room: Arc<Room>,
    /// How long each batch took.
    pub commits: Arc<Durations>,
    pub jobs: mpsc::Sender<Job>,
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Writer {
    pub fn run(mut self, preparer: &Preparer) {
        std::thread::scope(|scope| {
            // Segments are made ahead on a thread of their own: writing 64 MiB of zeros takes longer
            // than any sender should wait.
            let (wake, woken) = mpsc::sync_channel::<()>(1);
            scope.spawn(move || {
                for () in woken {
                    if let Err(error) = preparer.prepare() {
                        tracing::warn!(%error, "cannot make journal segments ahead");
                    }
                }
            });
            let _ = wake.try_send(());
            let mut batch = Batch::new();
            let mut released = self.progress.durable();
            while let Some(taken) = self.queue.take() {
                let asked = self.pulse.asked();
                self.progress.wait_for_room();
                let Taken { writes, exclusive } = taken;
                if !writes.is_empty() {
                    self.write(&mut batch, writes);
                }
                if let Some(job) = exclusive {
                    let _ = self.jobs.send(Job::Exclusive(job));
                    self.progress.hurry();
                }
                let durable = self.progress.durable();
                if durable > released {
                    released = durable;
                    if let Err(error) = self.journal.release(durable) {
                        tracing::warn!(%error, "cannot free journal segments");
                    }
                    let _ = wake.try_send(());
                }
                self.pulse.answer(asked);
            }
        });
    }

    fn write(&mut self, batch: &mut Batch, writes: Vec<Write>) {
        batch.clear();
        let mut encoded = Ok(());
        for change in writes.iter().flat_map(|write| &write.changes) {
            encoded = encoded.and_then(|()| batch.push_with(|out| change.encode(out)));
        }
        if encoded.is_ok() && batch.is_empty() {
            for write in writes {
                write.done.call(Ok(()));
            }
            return;
        }
        let began = Instant::now();
        let appended = encoded.and_then(|()| self.journal.append(batch));
        self.commits.add(began.elapsed());
        match appended {
            Ok(first_seq) => {
                let mut changes = Vec::with_capacity(batch.len());
                let mut done = Vec::with_capacity(writes.len());
                for write in writes {
                    changes.extend(write.changes);
                    done.push(write.done);
                }
                let last_seq = first_seq + changes.len() as u64 - 1;
                let bytes = batch.bytes();
                self.progress.set_synced(last_seq, bytes);
                let _ = self.jobs.send(Job::Apply { changes, last_seq, bytes });
                for done in done {
                    done.call(Ok(()));
                }
            }
            Err(error) => {
                tracing::error!(%error, writes = writes.len(), "the journal could not be written");
                let error = StoreError::from(error);
                self.progress.set_failed(Part::Journal, Some(&error));
                for write in writes {
                    write.done.call(Err(if error.is_full() {
                        StoreError::Full
                    } else {
                        StoreError::Failed(error.to_string())
                    }));
                }
                self.recover(error);
            }
        }
    }

    /// Goes on in a new segment, as soon as one can be made. On a full disk that may take any time, unless the
    /// store is closed: what waits is then refused.
    fn recover(&mut self, mut error: StoreError) {
        let (mut tries, mut was_full) = (0, false);
        while tries < RETRY_AFTER.len() {
            let full = error.is_full();
            if full {
                self.room.found_full();
            }
            match self.journal.recover_after_failure() {
                Ok(()) => {
                    tracing::info!("the journal is written again");
                    self.progress.set_failed(Part::Journal, None);
                    return;
                }
                Err(next) => error = next.into(),
            }
            self.progress.set_failed(Part::Journal, Some(&error));
            if !(was_full && error.is_full()) {
                tracing::error!(%error, "the journal still fails");
            }
            was_full = error.is_full();
            if self.queue.is_closed() {
                return;
            }
            self.pause(RETRY_AFTER[if full { 0 } else { tries }]);
            tries += usize::from(!error.is_full());
        }
        (self.on_fatal)(&format!("the journal fails for good: {error}"));
    }

    fn pause(&self, mut left: Duration) {
        while !left.is_zero() {
            self.pulse.answer(self.pulse.asked());
            let step = left.min(PAUSE_STEP);
            std::thread::sleep(step);
            left -= step;
        }
    }
}

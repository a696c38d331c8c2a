//! Long-running work that its caller can watch and stop.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::access::{Caller, Who};
use super::error::{Error, Result};

/// Finished jobs that are remembered.
const KEPT: usize = 100;

/// A job's number, within this run of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Running,
    /// It did all.
    Done,
    /// It was stopped; what it did stays done.
    Stopped,
    /// It failed; what it did stays done.
    Failed,
}

/// A job as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Items done.
    pub done: u64,
    /// Items that there were when it began.
    pub total: u64,
    /// Where it stands.
    pub state: State,
}

/// What a job tells of itself while it runs.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<(AtomicU64, AtomicBool)>);

impl Progress {
    /// Adds items done.
    pub fn add(&self, count: u64) {
        self.0.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Items done.
    pub fn done(&self) -> u64 {
        self.0.0.load(Ordering::Relaxed)
    }

    /// Whether it should end.
    pub fn is_stopped(&self) -> bool {
        self.0.1.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Slot {
    owner: Who,
    total: u64,
    progress: Progress,
    state: State,
}

impl Slot {
    fn job(&self, id: JobId) -> Job {
        let done = self.progress.0.0.load(Ordering::Relaxed);
        Job { id, done, total: self.total, state: self.state }
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Jobs(Arc<Mutex<(u64, BTreeMap<JobId, Slot>)>>);

/// A job's work.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<()>>>>;

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<JobId, Slot>)> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// Starts a job, on a thread of its own.
    pub(super) fn start(
        &self,
        owner: Who,
        total: u64,
        work: impl FnOnce(Progress) -> Work + Send + 'static,
    ) -> JobId {
        let progress = Progress::default();
        let id = {
            let mut jobs = self.lock();
            jobs.0 += 1;
            let id = JobId(jobs.0);
            jobs.1.insert(
                id,
                Slot { owner, total, progress: progress.clone(), state: State::Running },
            );
            let finished: Vec<JobId> = jobs
                .1
                .iter()
                .filter(|(_, s)| s.state != State::Running)
                .map(|(id, _)| *id)
                .collect();
            for old in finished.iter().take(finished.len().saturating_sub(KEPT)) {
                jobs.1.remove(old);
            }
            id
        };
        let jobs = self.clone();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let outcome = runtime.map(|runtime| runtime.block_on(work(progress.clone())));
            let state = match outcome {
                Ok(Ok(())) if progress.is_stopped() => State::Stopped,
                Ok(Ok(())) => State::Done,
                Ok(Err(error)) => {
                    tracing::error!(job.id = id.0, %error, "a job failed");
                    State::Failed
                }
                Err(error) => {
                    tracing::error!(job.id = id.0, %error, "a job could not start");
                    State::Failed
                }
            };
            if let Some(slot) = jobs.lock().1.get_mut(&id) {
                slot.state = state;
            }
        };
        if let Err(error) = std::thread::Builder::new().name("job".to_owned()).spawn(run) {
            tracing::error!(job.id = id.0, %error, "a job could not start");
            if let Some(slot) = self.lock().1.get_mut(&id) {
                slot.state = State::Failed;
            }
        }
        id
    }

    /// A job that the caller started.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn get(&self, caller: &Caller, id: JobId) -> Result<Job> {
        let jobs = self.lock();
        let slot = jobs.1.get(&id).filter(|slot| slot.owner == caller.who);
        Ok(slot.ok_or(Error::NotFound("the job"))?.job(id))
    }

    /// The caller's jobs, by number; all of them for account-wide callers.
    pub fn list(&self, caller: &Caller) -> Vec<Job> {
        let jobs = self.lock();
        let seen = |slot: &Slot| slot.owner == caller.who || caller.is_account_wide();
        jobs.1.iter().filter(|(_, slot)| seen(slot)).map(|(id, slot)| slot.job(*id)).collect()
    }

    /// Asks a job that the caller started to end. What it did stays done.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn stop(&self, caller: &Caller, id: JobId) -> Result<Job> {
        self.get(caller, id)?;
        if let Some(slot) = self.lock().1.get(&id) {
            slot.progress.0.1.store(true, Ordering::Relaxed);
        }
        self.get(caller, id)
    }

    /// Asks every job to end, when the server stops.
    pub fn stop_all(&self) {
        for slot in self.lock().1.values() {
            slot.progress.0.1.store(true, Ordering::Relaxed);
        }
    }
}

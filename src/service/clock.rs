//! The clock as a dependency: the system's, or one that tests move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use crate::domain::Timestamp;

/// What elapsed time of the system's clock is counted from.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the time. Clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Manual>>);

/// A clock that stands until it is moved.
#[derive(Debug)]
struct Manual {
    wall: AtomicI64,
    elapsed_us: AtomicI64,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        LazyLock::force(&STARTED);
        Self(None)
    }

    /// A clock that stands at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        let (wall, elapsed_us) = (AtomicI64::new(start.0), AtomicI64::new(0));
        Self(Some(Arc::new(Manual { wall, elapsed_us })))
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp(chrono::Utc::now().timestamp_micros()),
            Some(at) => Timestamp(at.wall.load(Ordering::Relaxed)),
        }
    }

    /// Microseconds since some moment, never less than before: what time-outs and ages go by while the
    /// process lives (operations.md 2.4).
    pub fn steady_us(&self) -> i64 {
        i64::try_from(self.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// How much time has passed since some moment before, whatever is done to the clock on the wall.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            None => STARTED.elapsed(),
            Some(at) => {
                Duration::from_micros(at.elapsed_us.load(Ordering::Relaxed).max(0).unsigned_abs())
            }
        }
    }

    /// Lets time pass on a manual clock; does nothing to the system's.
    pub fn advance_us(&self, by: i64) {
        if let Some(at) = &self.0 {
            at.elapsed_us.fetch_add(by, Ordering::Relaxed);
        }
        self.step_us(by);
    }

    /// Sets a manual clock on or back, as somebody at the machine would; does nothing to the system's.
    pub fn step_us(&self, by: i64) {
        if let Some(at) = &self.0 {
            at.wall.fetch_add(by, Ordering::Relaxed);
        }
    }
}

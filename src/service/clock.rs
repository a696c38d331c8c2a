//! The clock as a dependency: the system's, or one that tests move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::domain::Timestamp;

/// Tells the time. Clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.0))))
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp(chrono::Utc::now().timestamp_micros()),
            Some(at) => Timestamp(at.load(Ordering::Relaxed)),
        }
    }

    /// Microseconds since some moment, never less than before: what time-outs and ages go by while the
    /// process lives (operations.md 2.4). A manual clock's own time.
    pub fn steady_us(&self) -> i64 {
        static START: OnceLock<Instant> = OnceLock::new();
        match &self.0 {
            None => {
                let elapsed = START.get_or_init(Instant::now).elapsed();
                i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
            }
            Some(at) => at.load(Ordering::Relaxed),
        }
    }

    /// Moves a manual clock on; does nothing to the system's.
    pub fn advance_us(&self, by: i64) {
        if let Some(at) = &self.0 {
            at.fetch_add(by, Ordering::Relaxed);
        }
    }
}

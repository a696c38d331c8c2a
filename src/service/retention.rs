//! Events that have been kept long enough go, oldest first (operations.md 10).

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::Core;
use super::access::{Action, Caller};
use super::clock_watch::{BUILT, ClockWatch};
use super::error::{Error, Result};
use super::event::Events;
use crate::domain::setting::{Key, Kind};
use crate::domain::time::DAY_US;
use crate::domain::{EventId, Timestamp};
use crate::store::Query;

/// Most events of one commit (operations.md 10).
const STEP: usize = 500;
/// Most commits of one pass.
const STEPS_MAX: usize = 1_000;
/// Shortest pause between two commits; never less than twice what the last one took.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest time that a preview counts one by one.
const COUNT_MAX: Duration = Duration::from_secs(1);
/// Events that a preview looks at between two looks at the clock.
const COUNT_STEP: usize = 10_000;

/// What retention does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Events are kept for ever.
    #[default]
    Off,
    /// Nothing is old enough.
    Idle,
    /// It deletes.
    Running,
    /// The clock is not believed.
    StoppedByClock,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What it does.
    pub state: State,
    /// When it last deleted something.
    pub last_run: Option<Timestamp>,
    /// How many events that pass has deleted.
    pub last_deleted: u64,
    /// Events deleted since the start.
    pub deleted_total: u64,
}

/// What a number of days would delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Events that arrived before go.
    pub cutoff: Timestamp,
    /// How many.
    pub count: u64,
    /// Whether they were counted one by one; else their own times were asked instead of arrivals.
    pub exact: bool,
    /// Arrival of the first of them.
    pub oldest: Option<Timestamp>,
    /// Arrival of the last, if they were counted.
    pub newest: Option<Timestamp>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Retention {
    core: Arc<Core>,
    events: Events,
    clock: ClockWatch,
    report: Arc<Mutex<Report>>,
}

impl Retention {
    pub(super) fn new(core: Arc<Core>, events: Events, clock: ClockWatch) -> Self {
        Self { core, events, clock, report: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Report> {
        self.report.lock().expect("nothing panics while it is held")
    }

    /// Days that events are kept, unless for ever.
    fn days(&self) -> Option<u64> {
        Some(self.core.catalogue().settings.retention_days()).filter(|days| *days > 0)
    }

    /// How far it is.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub fn report(&self, caller: &Caller) -> Result<Report> {
        caller.may(Action::Manage)?;
        let mut report = *self.lock();
        // What was set or found a moment ago counts before the next pass says so.
        report.state = match (self.days(), self.clock.doubt(), report.state) {
            (None, ..) => State::Off,
            (_, Some(_), _) => State::StoppedByClock,
            (_, _, State::Running) => State::Running,
            _ => State::Idle,
        };
        Ok(report)
    }

    /// Events deleted since the start.
    pub(super) fn deleted_total(&self) -> u64 {
        self.lock().deleted_total
    }

    /// Deletes what is old enough, a bounded amount, with pauses that leave the disk to others. Ends
    /// early when the server stops. Setting and clock are asked again before each commit.
    ///
    /// # Errors
    /// The store's.
    pub async fn pass(&self) -> Result<()> {
        let outcome = self.delete_aged().await;
        let state = if self.days().is_none() {
            State::Off
        } else if self.clock.doubt().is_some() {
            State::StoppedByClock
        } else {
            State::Idle
        };
        self.lock().state = state;
        outcome
    }

    async fn delete_aged(&self) -> Result<()> {
        let (mut next, mut deleted) = (Some(EventId(0)), 0);
        for _ in 0..STEPS_MAX {
            let Some(after) = next else { break };
            if self.core.stopping.load(Ordering::Relaxed) {
                break;
            }
            let Some(days) = self.days() else { break };
            let Some(now) = self.clock.look().await? else { break };
            let cutoff = cutoff(now, days);
            let aged = self
                .core
                .read(move |tx| Ok(tx.arrived_before(cutoff, BUILT, after, STEP)?))
                .await?;
            next = aged.next;
            if aged.events.is_empty() {
                break;
            }
            let count = aged.events.len() as u64;
            deleted += count;
            let began = Instant::now();
            self.lock().state = State::Running;
            self.events.delete_aged(aged.events.into_iter().map(|(id, _)| id).collect()).await?;
            {
                let mut report = self.lock();
                report.last_run = Some(now);
                report.last_deleted = deleted;
                report.deleted_total += count;
            }
            if next.is_some() {
                tokio::time::sleep(PAUSE.max(2 * began.elapsed())).await;
            }
        }
        if deleted > 0 {
            tracing::info!(events = deleted, "old events were deleted");
        }
        Ok(())
    }

    /// What keeping events for so many days (as set, if `None`) would delete now.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], and the store's.
    pub async fn preview(&self, caller: &Caller, days: Option<u64>) -> Result<(u64, Preview)> {
        caller.may(Action::Manage)?;
        let days = days.or_else(|| self.days()).unwrap_or(0);
        if let Kind::Integer { min, max } = Key::RetentionDays.setting().kind
            && !(min..=max).contains(&days)
        {
            return Err(Error::BadParameter(format!("days: {min} to {max}")));
        }
        let cutoff = cutoff(self.core.clock.now(), days);
        if days == 0 {
            let cutoff = Timestamp::MIN;
            let nothing = Preview { cutoff, count: 0, exact: true, oldest: None, newest: None };
            return Ok((days, nothing));
        }
        let found = self.core.read(move |tx| {
            let deadline = Instant::now() + COUNT_MAX;
            let (mut count, mut oldest, mut newest) = (0, None, None);
            let mut next = Some(EventId(0));
            while let Some(after) = next {
                let aged = tx.arrived_before(cutoff, BUILT, after, COUNT_STEP)?;
                count += aged.events.len() as u64;
                let arrivals = || aged.events.iter().map(|(_, arrival)| *arrival);
                oldest = oldest.or_else(|| arrivals().next());
                newest = arrivals().next_back().or(newest);
                next = aged.next;
                if next.is_some() && Instant::now() > deadline {
                    let query = Query { end: Timestamp(cutoff.0 - 1), ..Query::all() };
                    let count = tx.count(&query)?.max(count);
                    return Ok(Preview { cutoff, count, exact: false, oldest, newest: None });
                }
            }
            Ok(Preview { cutoff, count, exact: true, oldest, newest })
        });
        Ok((days, found.await?))
    }
}

/// What arrived before this has been kept for so many days.
fn cutoff(now: Timestamp, days: u64) -> Timestamp {
    let days = i64::try_from(days).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(days.saturating_mul(DAY_US)))
}

#[cfg(test)]
mod tests;

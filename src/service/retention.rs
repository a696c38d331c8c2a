//! Events that have been kept long enough, or have to make room, go, oldest first (operations.md 10).

mod preview;
mod rules;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::Core;
use super::access::{Action, Caller};
use super::clock_watch::{BUILT, ClockWatch};
use super::error::Result;
use super::event::{Events, rest};
use super::storage::Storage;
use crate::domain::time::DAY_US;
use crate::domain::{EventId, Timestamp};
use crate::store::{Cutoffs, RoomFigures};

pub use preview::{Asked, Preview};
use rules::Ages;
pub(super) use rules::stored_rules;

/// Most events of one commit (operations.md 10).
const STEP: usize = 500;
/// Most commits of one pass.
const STEPS_MAX: usize = 1_000;
/// Most commits of one pass that makes room, before it looks whether there is more.
const ROOM_STEPS_MAX: usize = 20;
/// Shortest pause between two commits; never less than twice what the last one took.
const PAUSE: Duration = Duration::from_millis(100);
/// How long after a pass in vain no other one makes room: others may have taken what it made.
const VAIN_FOR: Duration = Duration::from_hours(1);
/// How long it is told that events had to go before their time.
const CUT_TOLD: Duration = Duration::from_hours(24);
/// Longest time that a pass looks for old events among those that are kept longer.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// What retention does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Events are kept for ever.
    #[default]
    Off,
    /// Nothing has to go.
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

/// Why events are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// They were kept long enough.
    Age,
    /// The database is larger than it may be.
    Size,
    /// Too little room is left.
    Room,
}

impl Reason {
    const ALL: [Self; 3] = [Self::Age, Self::Size, Self::Room];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Size => "size",
            Self::Room => "room",
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Retention {
    core: Arc<Core>,
    events: Events,
    clock: ClockWatch,
    storage: Storage,
    status: Arc<Mutex<Status>>,
    /// Held by the preview that counts: it may take seconds of a core, and pages ask again and again.
    previewing: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Status {
    report: Report,
    /// In the order of [`Reason::ALL`].
    deleted: [u64; Reason::ALL.len()],
    /// Where the next pass goes on among events that are kept longer than others.
    looked_to: EventId,
    /// When (elapsed) a pass did not raise the room: for a while, or until there is enough, no other is tried.
    in_vain: Option<Duration>,
    /// When (elapsed) an event last went that was to be kept longer.
    cut: Option<Duration>,
}

impl Retention {
    pub(super) fn new(
        core: Arc<Core>,
        events: Events,
        clock: ClockWatch,
        storage: Storage,
    ) -> Self {
        let (status, previewing) = (Arc::default(), Arc::default());
        Self { core, events, clock, storage, status, previewing }
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().expect("nothing panics while it is held")
    }

    /// From when on events must have arrived to stay, if any are deleted by age.
    fn ages(&self, now: Timestamp) -> Option<Ages> {
        let catalogue = self.core.catalogue();
        Ages::new(&catalogue, &catalogue.rules, catalogue.settings.retention_days(), now)
    }

    /// What it does between two passes.
    fn resting(&self) -> State {
        let by_age = self.ages(self.core.clock.now()).is_some();
        let catalogue = self.core.catalogue();
        let settings = &catalogue.settings;
        if by_age && self.clock.doubt().is_some() {
            State::StoppedByClock
        } else if by_age
            || settings.retention_max_bytes() > 0
            || settings.retention_room_percent() > 0
        {
            State::Idle
        } else {
            State::Off
        }
    }

    /// How far it is.
    ///
    /// # Errors
    /// [`Error::AccessDenied`](super::Error::AccessDenied).
    pub fn report(&self, caller: &Caller) -> Result<Report> {
        caller.may(Action::Manage)?;
        let mut report = self.lock().report;
        // What was set or found a moment ago counts before the next pass says so.
        report.state = match (self.resting(), report.state) {
            (State::Idle, State::Running) => State::Running,
            (resting, _) => resting,
        };
        Ok(report)
    }

    /// Whether events went lately that were to be kept longer: for the size or to make room.
    pub(super) fn is_cut(&self) -> bool {
        let now = self.core.clock.elapsed();
        self.lock().cut.is_some_and(|at| now.saturating_sub(at) < CUT_TOLD)
    }

    /// Events deleted since the start, by reason.
    pub(super) fn deleted_total(&self) -> Vec<(&'static str, u64)> {
        let deleted = self.lock().deleted;
        Reason::ALL.iter().map(|reason| (reason.word(), deleted[*reason as usize])).collect()
    }

    /// Deletes what is old enough or has to make room, a bounded amount, with pauses that leave the disk to
    /// others. Ends early when the server stops. Settings and clock are asked again before each
    /// commit. A clock that is not believed stops deleting by age, not the rest.
    ///
    /// # Errors
    /// The store's.
    pub async fn pass(&self) -> Result<()> {
        let mut deleted = 0;
        let outcome = self.by_reason(&mut deleted).await;
        let resting = self.resting();
        self.lock().report.state = resting;
        if deleted > 0 {
            tracing::info!(events = deleted, "old events were deleted");
        }
        outcome
    }

    async fn by_reason(&self, deleted: &mut u64) -> Result<()> {
        self.by_age(deleted).await?;
        self.measure().await?;
        self.by_size(deleted).await?;
        self.by_room(deleted).await
    }

    async fn by_age(&self, deleted: &mut u64) -> Result<()> {
        let mut next = Some(self.lock().looked_to);
        let deadline = Instant::now() + LOOK_MAX;
        for _ in 0..STEPS_MAX {
            let Some(after) = next else { break };
            if self.core.stopping.load(Ordering::Relaxed) {
                break;
            }
            let Some(now) = self.clock.look().await? else { break };
            let Some(ages) = self.ages(now) else { break };
            let is_plain = ages.is_plain();
            let step = self
                .core
                .read(move |tx| {
                    let of = |camera, event_type| ages.of(camera, event_type);
                    let cutoffs = Cutoffs { of: &of, latest: ages.latest() };
                    Ok(tx.arrived_before(&cutoffs, BUILT, after, STEP, deadline)?)
                })
                .await?;
            next = step.next;
            // Where all are kept equally long, the oldest are where they always are.
            self.lock().looked_to = next.filter(|_| !is_plain).unwrap_or_default();
            let ids: Vec<_> = step.events.into_iter().map(|(id, _)| id).collect();
            let found = !ids.is_empty();
            self.delete(ids, Reason::Age, deleted).await?;
            if !found && Instant::now() > deadline {
                break;
            }
        }
        Ok(())
    }

    /// Sees to the reserve, and has the pages of the database counted if that is due.
    async fn measure(&self) -> Result<()> {
        let (storage, store) = (self.storage.clone(), self.core.store.clone());
        let count = move || {
            store.tend_room();
            Ok(storage.used(store.room().database))
        };
        super::blocking(count).await.map(drop)
    }

    async fn by_size(&self, deleted: &mut u64) -> Result<()> {
        let too_large = |figures: RoomFigures, core: &Core| {
            let most = core.catalogue().settings.retention_max_bytes();
            most > 0 && figures.used > most
        };
        self.make_room(Reason::Size, STEPS_MAX, too_large, deleted).await
    }

    async fn by_room(&self, deleted: &mut u64) -> Result<()> {
        let too_little = |figures: RoomFigures, core: &Core| {
            let percent = core.catalogue().settings.retention_room_percent();
            figures.room < figures.disk_total / 100 * percent
        };
        let before = self.room().await?;
        if !too_little(before, &self.core) {
            self.lock().in_vain = None;
            return Ok(());
        }
        let now = self.core.clock.elapsed();
        if self.lock().in_vain.is_some_and(|at| now.saturating_sub(at) < VAIN_FOR) {
            return Ok(());
        }
        let so_far = *deleted;
        self.make_room(Reason::Room, ROOM_STEPS_MAX, too_little, deleted).await?;
        self.core.read(|_| Ok(())).await?; // what was deleted is gone from the tables
        if self.room().await?.room <= before.room {
            self.lock().in_vain = Some(now);
            tracing::warn!(
                events = *deleted - so_far,
                "deleting events made no room on this disk; none are deleted for it for an hour"
            );
        }
        Ok(())
    }

    /// Room as it is now.
    async fn room(&self) -> Result<RoomFigures> {
        let store = self.core.store.clone();
        super::blocking(move || Ok(store.room())).await
    }

    /// Deletes the oldest events while `is_needed` says so.
    async fn make_room(
        &self,
        reason: Reason,
        steps: usize,
        is_needed: impl Fn(RoomFigures, &Core) -> bool,
        deleted: &mut u64,
    ) -> Result<()> {
        let mut after = EventId(0);
        if !is_needed(self.room().await?, &self.core) {
            return Ok(());
        }
        for _ in 0..steps {
            if self.core.stopping.load(Ordering::Relaxed) {
                break;
            }
            // The read waits until what was deleted before is gone from the tables.
            let oldest = self.core.read(move |tx| Ok(tx.oldest(after, STEP)?)).await?;
            if oldest.is_empty() || !is_needed(self.room().await?, &self.core) {
                break;
            }
            after = oldest.last().map_or(after, |(id, _)| *id);
            let days = self.core.catalogue().settings.retention_days();
            let kept_from = cutoff(self.core.clock.now(), days);
            if days > 0 && oldest.iter().any(|(_, arrival)| *arrival >= kept_from) {
                self.lock().cut = Some(self.core.clock.elapsed());
            }
            self.delete(oldest.into_iter().map(|(id, _)| id).collect(), reason, deleted).await?;
        }
        Ok(())
    }

    /// Deletes a step, tells of it, and leaves the disk to others for a while.
    async fn delete(&self, ids: Vec<EventId>, reason: Reason, deleted: &mut u64) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        self.lock().report.state = State::Running;
        let count = self.events.delete_aged(ids).await?;
        *deleted += count;
        {
            let mut status = self.lock();
            status.deleted[reason as usize] += count;
            let report = &mut status.report;
            report.last_run = Some(self.core.clock.now());
            report.last_deleted = *deleted;
            report.deleted_total += count;
        }
        rest(began, PAUSE).await;
        Ok(())
    }
}

/// What arrived before this has been kept for so many days.
fn cutoff(now: Timestamp, days: u64) -> Timestamp {
    let days = i64::try_from(days).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(days.saturating_mul(DAY_US)))
}

#[cfg(test)]
mod tests;

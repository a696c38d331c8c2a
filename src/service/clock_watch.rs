//! Whether the clock can be believed (operations.md 2.2): events are not deleted by one that cannot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::Core;
use super::access::{Action, Caller};
use super::audit::Act;
use super::catalogue::Catalogue;
use super::error::Result;
use crate::domain::time::{DAY_US, MINUTE_US, SECOND_US};
use crate::domain::{EventId, Timestamp};
use crate::store::WriteTx;

/// No clock that is right is before this. A package sets it to its build's time.
pub(super) const BUILT: Timestamp = match option_env!("SOURCE_DATE_EPOCH") {
    Some(seconds) => Timestamp(parse(seconds) * SECOND_US),
    None => Timestamp(1_767_225_600 * SECOND_US), // 2026-01-01, before the first version
};
/// How far the clock may be behind the newest arrival.
const BEHIND_MAX_US: i64 = 5 * MINUTE_US;
/// How far it may jump ahead of the time that passed.
const JUMP_MAX_US: i64 = DAY_US;
/// How long it must have been plausible to be believed again.
const PROBATION: Duration = Duration::from_mins(10);

/// Decimal digits as a number; what is none ends it.
const fn parse(text: &str) -> i64 {
    let (bytes, mut at, mut number) = (text.as_bytes(), 0, 0);
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        number = number * 10 + (bytes[at] - b'0') as i64;
        at += 1;
    }
    number
}

/// Why the clock is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is before the day this program was built.
    BeforeBuild,
    /// It is behind the newest stored arrival.
    BehindArrivals,
    /// It jumped far ahead of the time that has passed.
    Jumped,
}

impl Doubt {
    /// For programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BeforeBuild => "before_build",
            Self::BehindArrivals => "behind_arrivals",
            Self::Jumped => "jumped",
        }
    }

    /// For people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::BeforeBuild => "it is before the day this version was built",
            Self::BehindArrivals => "it is behind the arrival of the newest event",
            Self::Jumped => "it jumped ahead by more than a day",
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// Wall less elapsed when the clock was last plausible.
    offset_us: Option<i64>,
    doubt: Option<Doubt>,
    /// Since when (elapsed) it has been plausible again.
    plausible_since: Option<Duration>,
    /// From when it jumped, as the store remembers it.
    jumped_from: Option<Timestamp>,
    /// The newest event when the clock was last believed.
    last_good: EventId,
}

impl State {
    /// How it is at a start: a doubt that was not settled before counts on, a jump with where it began. The time that the server did
    /// not run counts as part of it, for nobody knows how long that was.
    fn new(jumped_from: Option<Timestamp>, run: bool, elapsed: Duration) -> Self {
        let micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        Self {
            offset_us: jumped_from.map(|from| from.0 - micros),
            doubt: jumped_from.map(|_| Doubt::Jumped).or(run.then_some(Doubt::BehindArrivals)),
            plausible_since: None,
            jumped_from,
            last_good: EventId::default(),
        }
    }

    /// From when it jumped, as the store has to remember it from now on.
    fn jump(&self, elapsed: Duration) -> Option<Timestamp> {
        let micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        match (self.doubt, self.jumped_from) {
            (None, _) => None,
            (Some(Doubt::Jumped), None) => {
                self.offset_us.map(|offset| Timestamp(offset.saturating_add(micros)))
            }
            (Some(_), known) => known,
        }
    }

    fn look(&mut self, wall: Timestamp, elapsed: Duration, newest: Timestamp) {
        let offset = wall.0 - i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        let wrong = if wall < BUILT {
            Some(Doubt::BeforeBuild)
        } else if wall.0.saturating_add(BEHIND_MAX_US) < newest.0 {
            Some(Doubt::BehindArrivals)
        } else if self.offset_us.is_some_and(|known| offset.saturating_sub(known) > JUMP_MAX_US) {
            Some(Doubt::Jumped)
        } else {
            None
        };
        if let Some(doubt) = wrong {
            if self.doubt != Some(doubt) {
                tracing::warn!(
                    reason = doubt.word(),
                    "the clock is not believed: {}; no event is deleted by age",
                    doubt.text()
                );
            }
            (self.doubt, self.plausible_since) = (Some(doubt), None);
            return;
        }
        self.offset_us = Some(offset);
        if self.doubt.is_some() {
            let since = *self.plausible_since.get_or_insert(elapsed);
            if elapsed.saturating_sub(since) >= PROBATION {
                tracing::info!("the clock is believed again");
                self.doubt = None;
            }
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct ClockWatch {
    core: Arc<Core>,
    state: Arc<Mutex<State>>,
    /// Whether the store has a run of events that goes on because of a doubt.
    run: Arc<AtomicBool>,
}

impl ClockWatch {
    /// `run` tells whether the store has a run of events that goes on because of a doubt, `last` is the
    /// newest event.
    pub(super) fn new(
        core: Arc<Core>,
        jumped_from: Option<Timestamp>,
        run: bool,
        last: EventId,
    ) -> Self {
        let state = State::new(jumped_from, run, core.clock.elapsed());
        let state = State { last_good: last, ..state };
        core.clock_suspect.store(run || state.doubt.is_some(), Ordering::Relaxed);
        Self { core, state: Arc::new(Mutex::new(state)), run: Arc::new(AtomicBool::new(run)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is held")
    }

    /// What the last look found.
    pub fn doubt(&self) -> Option<Doubt> {
        self.lock().doubt
    }

    /// Looks at the clock, and gives the time if it is believed.
    ///
    /// # Errors
    /// The store's.
    pub async fn look(&self) -> Result<Option<Timestamp>> {
        let (newest, last) =
            self.core.read(|tx| Ok((tx.last_arrival()?, tx.last_event()?))).await?;
        let now = self.core.clock.now();
        let elapsed = self.core.clock.elapsed();
        let (before, doubt, remembered, jump, good) = {
            let mut state = self.lock();
            let before = state.doubt;
            state.look(now, elapsed, newest);
            if state.doubt.is_none() {
                state.last_good = last;
            }
            (before, state.doubt, state.jumped_from, state.jump(elapsed), state.last_good)
        };
        self.core.clock_suspect.store(doubt.is_some(), Ordering::Relaxed);
        self.mark(doubt.is_some(), EventId(good.0 + 1), now).await?;
        if let Some(doubt) = doubt.filter(|_| doubt != before) {
            let act = Act::on("clock.step", "clock").with(doubt.text());
            self.core.note(None, act, "ok").await?;
        }
        if jump != remembered {
            self.core.change(move |tx, _| Ok(tx.put_clock_jump(jump)?)).await?;
            self.lock().jumped_from = jump;
        }
        Ok(doubt.is_none().then_some(now))
    }

    /// Marks the events that arrive while the clock is not believed, from the first one since it last was:
    /// for retention their age starts when it is again (operations.md 2.3).
    async fn mark(&self, suspect: bool, first: EventId, now: Timestamp) -> Result<()> {
        if self.run.load(Ordering::Relaxed) == suspect {
            return Ok(());
        }
        let change = move |tx: &WriteTx<'_>, _: &mut Catalogue| {
            let marked =
                if suspect { tx.begin_clock_doubt(first) } else { tx.end_clock_doubts(now) };
            Ok(marked?)
        };
        self.core.change(change).await?;
        self.run.store(suspect, Ordering::Relaxed);
        Ok(())
    }

    /// An administrator says that the clock is right: it is believed, and what arrived later than now
    /// no longer speaks against it.
    ///
    /// # Errors
    /// [`super::Error::AccessDenied`], and the store's.
    pub async fn confirm(&self, caller: &Caller) -> Result<()> {
        caller.may(Action::Manage)?;
        let now = self.core.clock.now();
        let act = Act {
            action: "clock.confirm",
            object: "clock".to_owned(),
            detail: self.doubt().map_or("it was believed", Doubt::text).to_owned(),
        };
        let settle = move |tx: &WriteTx<'_>, _: &mut Catalogue| {
            tx.put_clock_jump(None)?;
            Ok(tx.lower_last_arrival(now)?)
        };
        self.core.change_as(caller, act, settle).await?;
        let last_good = self.lock().last_good;
        *self.lock() = State { last_good, ..State::default() };
        self.look().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::HOUR_US;

    const START: i64 = 1_790_000_000 * SECOND_US;

    fn look(state: &mut State, wall: i64, elapsed_us: i64) -> Option<Doubt> {
        let elapsed = Duration::from_micros(elapsed_us.unsigned_abs());
        state.look(Timestamp(wall), elapsed, Timestamp(START));
        state.doubt
    }

    #[test]
    fn a_wrong_clock_is_believed_again_ten_minutes_after_it_is_right() {
        for (wrong, doubt) in [
            (START - HOUR_US, Doubt::BehindArrivals),
            (0, Doubt::BeforeBuild),
            (START + 30 * HOUR_US, Doubt::Jumped),
        ] {
            let mut state = State::default();
            assert_eq!(look(&mut state, START, 0), None);
            assert_eq!(look(&mut state, wrong, MINUTE_US), Some(doubt));
            // However long it lasts: a jump does not become right by itself.
            assert_eq!(look(&mut state, wrong + HOUR_US / 30, HOUR_US / 30), Some(doubt));
            let right = |minutes: i64| (START + minutes * MINUTE_US, minutes * MINUTE_US);
            for (minutes, expected) in [(3, Some(doubt)), (12, Some(doubt)), (13, None)] {
                let (wall, elapsed) = right(minutes);
                assert_eq!(look(&mut state, wall, elapsed), expected, "{doubt:?} {minutes}");
            }
        }
    }

    #[test]
    fn time_that_passes_and_small_steps_are_no_jump() {
        let mut state = State::default();
        for day in 0..40 {
            assert_eq!(look(&mut state, START + day * DAY_US, day * DAY_US), None);
        }
        let now = START + 39 * DAY_US;
        assert_eq!(look(&mut state, now + 23 * HOUR_US, 39 * DAY_US), None);
        assert_eq!(
            look(&mut state, now - 9 * DAY_US, 39 * DAY_US),
            None,
            "back, but no arrival yet"
        );
    }

    #[test]
    fn a_machine_that_starts_without_the_time_may_be_set() {
        let mut state = State::default();
        assert_eq!(look(&mut state, 0, 0), Some(Doubt::BeforeBuild));
        assert_eq!(look(&mut state, START, MINUTE_US), Some(Doubt::BeforeBuild));
        assert_eq!(look(&mut state, START + 10 * MINUTE_US, 11 * MINUTE_US), None);
    }

    #[test]
    fn digits_are_read() {
        assert_eq!((parse("1767225600"), parse("12x"), parse("")), (1_767_225_600, 12, 0));
    }
}

//! How many events were stored in the last minute.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// How far back it goes.
const SPAN: Duration = Duration::from_mins(1);
/// Notes kept at most: one comes every ten seconds.
const NOTES_MAX: usize = 64;

/// Events stored in some time until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// How many.
    pub events: u64,
    /// In how much time: a minute and up to ten seconds, or since the start if that is less.
    pub over: Duration,
}

impl Recent {
    /// How many a second; 0 where no time has passed.
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 in a minute")]
    pub fn per_second(self) -> f64 {
        if self.over.is_zero() { 0.0 } else { self.events as f64 / self.over.as_secs_f64() }
    }
}

/// How many events had been stored by when (elapsed), noted now and then.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<VecDeque<(Duration, u64)>>);

impl Pace {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(Duration, u64)>> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// `stored` is the total so far.
    pub fn note(&self, at: Duration, stored: u64) {
        let mut notes = self.lock();
        // One that is a minute old stays until the next one is.
        while notes.len() >= NOTES_MAX || notes.get(1).is_some_and(|(next, _)| *next + SPAN <= at) {
            notes.pop_front();
        }
        notes.push_back((at, stored));
    }

    /// What was stored in the last minute, by the newest note that is as old; with none, since `began`, when
    /// nothing was.
    pub fn recent(&self, began: Duration, now: Duration, stored: u64) -> Recent {
        let notes = self.lock();
        let old = notes.iter().rev().find(|(at, _)| *at + SPAN <= now);
        let (since, before) = old.copied().unwrap_or((began, 0));
        Recent { events: stored.saturating_sub(before), over: now.saturating_sub(since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_tells_of_the_last_minute_or_of_what_there_is() {
        let pace = Pace::default();
        let told = |now, stored| {
            let recent = pace.recent(s(100), s(now), stored);
            (recent.events, recent.over.as_secs())
        };
        assert_eq!(told(100, 0), (0, 0));
        pace.note(s(100), 0);
        assert_eq!(told(110, 50), (50, 10), "since the start");
        for n in 1..=100 {
            pace.note(s(100 + n * 10), n * 30);
        }
        assert_eq!(told(1_105, 3_005), (185, 65), "by the note at 1,040");
        assert!(pace.lock().len() < 10, "old notes go");
        assert_eq!(told(9_000, 3_005), (5, 7_900), "nothing was noted for long");
    }
}

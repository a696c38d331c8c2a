//! Events that were refused, by camera and reason: the last 24 hours in half hours, in memory.
//!
//! Nothing here is on the way of an event that is stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use super::error::Error;
use crate::domain::time::{HOUR_US, MINUTE_US};
use crate::domain::{CameraId, Timestamp};

const SLOT_US: i64 = 30 * MINUTE_US;
const SLOTS: u8 = 48;

/// Refusals of one camera for one reason: a ring of half hours.
#[derive(Clone, Copy, Debug)]
struct Ring {
    /// Half hour of the newest count, from the epoch.
    newest: i64,
    counts: [u32; SLOTS as usize],
}

#[derive(Debug, Default)]
struct Refused {
    last: Option<Timestamp>,
    /// As many as [`Error::refusal`] and HTTP have words.
    reasons: BTreeMap<&'static str, Ring>,
}

/// The reason for events of a type that is switched off.
const RECEIVE_OFF: &str = "receive_off";

/// Refused events of one camera.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How many in the last 24 hours, by reason.
    pub counts: BTreeMap<&'static str, u64>,
    /// Whether one was in the last hour; types that are switched off aside.
    pub recent: bool,
}

/// See the module. Bounds: cameras that exist, reasons that are in the code.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<CameraId, Refused>>);

impl Refused {
    fn is_recent(&self, now: Timestamp) -> bool {
        self.last.is_some_and(|last| now.0.saturating_sub(last.0) < HOUR_US)
    }
}

impl Ring {
    fn add(&mut self, slot: i64, count: u32) {
        self.turn(slot);
        // After a step back of the clock the newest half hour takes it.
        let at = &mut self.counts[index(self.newest)];
        *at = at.saturating_add(count);
    }

    /// Empties the half hours that have passed since the newest.
    fn turn(&mut self, slot: i64) {
        let passed = slot.saturating_sub(self.newest);
        if passed <= 0 {
            return;
        }
        for step in 1..=passed.min(SLOTS.into()) {
            self.counts[index(self.newest + step)] = 0;
        }
        self.newest = slot;
    }

    fn sum(mut self, slot: i64) -> u64 {
        self.turn(slot);
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }
}

fn index(slot: i64) -> usize {
    usize::try_from(slot.rem_euclid(SLOTS.into())).expect("a remainder of 48 fits")
}

fn slot(at: Timestamp) -> i64 {
    at.0.div_euclid(SLOT_US)
}

impl Refusals {
    fn lock(&self) -> MutexGuard<'_, HashMap<CameraId, Refused>> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// Counts refused events of a camera that exists. Tells whether they are the first in an hour.
    pub fn add(
        &self,
        camera: CameraId,
        reason: &'static str,
        count: usize,
        now: Timestamp,
    ) -> bool {
        let mut all = self.lock();
        let refused = all.entry(camera).or_default();
        let is_first = !refused.is_recent(now);
        // What an administrator switched off is refused as it should be.
        if reason != RECEIVE_OFF {
            refused.last = Some(now);
        }
        let empty = Ring { newest: slot(now), counts: [0; SLOTS as usize] };
        let ring = refused.reasons.entry(reason).or_insert(empty);
        ring.add(slot(now), u32::try_from(count).unwrap_or(u32::MAX));
        is_first
    }

    /// What was refused of a camera.
    pub fn of(&self, camera: CameraId, now: Timestamp) -> Told {
        let all = self.lock();
        let Some(refused) = all.get(&camera) else { return Told::default() };
        let counts = refused.reasons.iter().map(|(reason, ring)| (*reason, ring.sum(slot(now))));
        Told {
            counts: counts.filter(|(_, count)| *count > 0).collect(),
            recent: refused.is_recent(now),
        }
    }

    /// A camera is gone.
    pub fn forget(&self, camera: CameraId) {
        self.lock().remove(&camera);
    }
}

impl Error {
    /// The word for an error that the sender of an event causes, as in `errorType`; `None` for what is
    /// the server's.
    pub const fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::RateLimited { .. } => Some("rate_limited"),
            Self::CameraDisabled(_) => Some("camera_disabled"),
            Self::UnknownEventType(_) => Some("unknown_event_type"),
            Self::MissingField(_) => Some("missing_field"),
            Self::BadParameter(_) => Some("bad_parameter"),
            Self::PictureRefused(_) => Some("picture_refused"),
            Self::MetaLimit(_) => Some("meta_limit"),
            Self::IdempotencyMismatch => Some("idempotency_mismatch"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_772_366_400_000_000;

    fn later(minutes: i64) -> Timestamp {
        Timestamp(NOON + minutes * MINUTE_US)
    }

    #[test]
    fn a_refusal_counts_for_a_day_and_marks_for_an_hour() {
        let refusals = Refusals::default();
        let camera = CameraId(7);
        assert!(refusals.add(camera, "rate_limited", 3, later(0)));
        assert!(refusals.add(camera, "rate_limited", 1, later(600)));
        assert!(!refusals.add(camera, "bad_json", 1, later(600)), "not the first in an hour");
        let told = |minutes| refusals.of(camera, later(minutes));
        assert_eq!(told(601).counts, BTreeMap::from([("bad_json", 1), ("rate_limited", 4)]));
        assert!(told(659).recent && !told(660).recent);
        refusals.add(camera, RECEIVE_OFF, 1, later(661));
        assert!(!told(661).recent, "what is switched off is no fault");
        assert_eq!(told(661).counts[RECEIVE_OFF], 1);
        assert_eq!(told(24 * 60 - 1).counts["rate_limited"], 4);
        assert_eq!(told(24 * 60).counts["rate_limited"], 1);
        assert_eq!(told(600 + 24 * 60).counts, BTreeMap::from([(RECEIVE_OFF, 1)]));
        assert_eq!(refusals.of(CameraId(8), later(0)), Told::default());
        refusals.forget(camera);
        assert_eq!(told(601), Told::default());
    }

    #[test]
    fn a_step_back_of_the_clock_loses_nothing() {
        let refusals = Refusals::default();
        refusals.add(CameraId(1), "bad_json", 1, later(120));
        refusals.add(CameraId(1), "bad_json", 1, later(0));
        assert_eq!(refusals.of(CameraId(1), later(0)).counts["bad_json"], 2);
    }
}

//! An event: one thing that happened on one camera at one instant.

use std::sync::Arc;

use super::{Attached, CameraId, EventTypeId, Meta, Timestamp};

/// Most events of one bulk create or one immediate bulk delete (product.md 6).
pub const BULK_MAX: usize = 1_000;
/// Longest idempotency key, in bytes (operations.md 1.5).
pub const KEY_BYTES_MAX: usize = 128;

/// An event's number: grows by one per stored event, never reused, below 2^53.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// The camera it happened on.
    pub camera: CameraId,
    /// Number of its type's name.
    pub event_type: EventTypeId,
    /// Its type's name.
    pub name: Arc<str>,
    /// When it happened, in the sender's word.
    pub time: Timestamp,
    /// What it is sorted and filtered by: `time` unless that is unbelievable (operations.md 2.1).
    pub order_time: Timestamp,
    /// When the server took it in.
    pub received_at: Timestamp,
    /// Its tags.
    pub meta: Meta,
    /// The sender's idempotency key, if one was given.
    pub uid: Option<String>,
    /// How its picture and its metadata file stand.
    pub attached: Attached,
}

/// Why an event is not deleted: somebody holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Since when.
    pub since: Timestamp,
    /// Who said so, as the audit trail names him.
    pub by: String,
}

/// When a new event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this instant.
    At(Timestamp),
    /// This many milliseconds before it arrived, for senders without a clock.
    AgoMs(u64),
}

/// An event that someone wants stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The camera; may be left out by a credential that names one camera.
    pub camera: Option<CameraId>,
    /// An event type of that camera.
    pub name: String,
    /// When it happened.
    pub when: When,
    /// Its tags.
    pub meta: Meta,
    /// Idempotency key: with it, the event exists once per camera.
    pub uid: Option<String>,
}

/// Whether `key` may be an idempotency key: 1..128 printable ASCII characters.
pub fn is_key(key: &str) -> bool {
    (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// The instant that sorts an event: `time`, unless it lies before 2000 or more than a day after
/// arrival; then the arrival (operations.md 2.1).
pub fn order_time(time: Timestamp, arrival: Timestamp) -> Timestamp {
    let latest = arrival.0.saturating_add(super::time::DAY_US);
    if time < Timestamp::YEAR_2000 || time.0 > latest { arrival } else { time }
}

/// The same where the clock that told the arrival is dead: `time`, unless it lies before 2000 or after 2099
/// (operations.md 2.3).
pub fn order_time_by_sender(time: Timestamp, arrival: Timestamp) -> Timestamp {
    if (Timestamp::YEAR_2000..Timestamp::YEAR_2100).contains(&time) { time } else { arrival }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_clock_sorts_by_the_sender() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let dead = at("1970-01-01T00:10:00");
        for (time, sorted) in [
            ("2026-11-22T12:00:00", at("2026-11-22T12:00:00")),
            ("1999-12-31T23:59:59", dead),
            ("2100-01-01T00:00:00", dead),
        ] {
            assert_eq!(order_time_by_sender(at(time), dead), sorted, "{time}");
            assert_eq!(order_time(at(time), dead), dead, "{time}");
        }
    }
}

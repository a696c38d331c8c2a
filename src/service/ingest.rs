//! What cameras deliver in their own words: one event per start, completed by its stop.
//!
//! The state machine knows a condition by camera, name and source key. It lives in memory: after a
//! restart a stop finds nothing open and is ignored, and a repeated start counts as a new one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::access::Caller;
use super::error::{Error, Result};
use super::event::{Events, Picture};
use super::event_type::EventTypes;
use super::metrics::Source;
use super::{Core, access::Action};
use crate::domain::time::{DAY_US, MINUTE_US, SECOND_US};
use crate::domain::{CameraId, EventId, Meta, NewEvent, Timestamp, When};

/// Locks that cameras share, so that starts and stops of one condition come one after the other.
const SHARDS: usize = 64;
/// Most open conditions of the cameras that share a lock; the oldest is forgotten for a new one.
const OPEN_MAX: usize = 1_024;
/// A condition without news for this long is over, unheard.
const OPEN_FOR: Duration = Duration::from_mins(10);
/// A second pulse of the same condition within this time is a repeat: some senders send twice.
const PULSE_REPEAT: Duration = Duration::from_secs(2);
/// Times before this are no times: 2015-01-01T00:00:00Z.
const YEAR_2015: Timestamp = Timestamp(1_420_070_400_000_000);
/// How far a device's clock may be off before the time of arrival counts.
const SKEW_US: i64 = 5 * MINUTE_US;

/// What a message says about its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It begins, or goes on.
    Start,
    /// It is over.
    Stop,
    /// It happened, without a duration.
    Pulse,
}

/// What a camera says, whatever its make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Name of the event type.
    pub name: String,
    /// What happened to the condition.
    pub state: State,
    /// The device's time as it came; `Err` holds a text that is no time.
    pub time: Option<std::result::Result<Timestamp, String>>,
    /// What tells conditions of one name apart: a rule, a region, an input; `""` if there is one only.
    pub source: String,
    /// Tags.
    pub meta: Vec<(String, String)>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// An event was stored, and is on disk.
    Stored(EventId),
    /// A stop completed this event.
    Completed(EventId),
    /// Nothing new, or nothing that was waited for: nothing was written.
    Ignored,
    /// The type's `receive` is off: counted, not stored.
    SwitchedOff,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Ingest {
    core: Arc<Core>,
    events: Events,
    event_types: EventTypes,
    shards: Arc<Vec<Mutex<HashMap<Key, Open>>>>,
}

/// Camera, name of the type, and a hash of the source: what a sender calls it may be as long as a body.
type Key = (CameraId, String, [u8; 32]);

#[derive(Debug)]
struct Open {
    id: EventId,
    started: Timestamp,
    last: Instant,
    is_pulse: bool,
}

impl Ingest {
    pub(super) fn new(core: Arc<Core>, events: Events, event_types: EventTypes) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { core, events, event_types, shards: Arc::new(shards) }
    }

    /// The IANA name of the caller's camera's time zone: what its local times mean.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`]: the credential does not name one camera.
    pub fn zone(&self, caller: &Caller) -> Result<String> {
        let camera = only(caller)?;
        let catalogue = self.core.catalogue();
        let entry = catalogue.camera(camera).ok_or(Error::CameraNotFound(camera))?;
        Ok(entry.camera.timezone.clone())
    }

    /// Takes in one message of the caller's camera. What it stores is on disk when this returns.
    ///
    /// A name that is new to the camera becomes one of its event types, with `receive` on.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], [`Error::LimitReached`], [`Error::MetaLimit`],
    /// [`Error::RateLimited`], and the store's.
    pub async fn receive(&self, caller: &Caller, message: Message) -> Result<Received> {
        let camera = only(caller)?;
        if !self.event_types.declared(camera, &message.name).await? {
            return Ok(Received::SwitchedOff);
        }
        let now = self.core.clock.now();
        let (time, claimed) = believable(message.time, now);
        let mut meta = message.meta;
        meta.extend(claimed.map(|text| ("device_time".to_owned(), text)));
        let meta = Meta::from_pairs(meta)?;
        let key = (camera, message.name.clone(), Sha256::digest(&message.source).into());
        let shard = usize::try_from(camera.0).unwrap_or(0) % SHARDS;
        let mut open = self.shards[shard].lock().await;
        let heard = Instant::now();
        let known = open.get_mut(&key).filter(|known| {
            heard.duration_since(known.last) < if known.is_pulse { PULSE_REPEAT } else { OPEN_FOR }
        });
        match (message.state, known) {
            (State::Stop, Some(known)) if !known.is_pulse => {
                let (id, started) = (known.id, known.started);
                // Taken out first: a sender that hangs up must not leave it open for the next start.
                let known = open.remove(&key);
                let completed = self.complete(id, started, time).await;
                if completed.is_err() {
                    open.extend(known.map(|known| (key, known))); // it will be said again
                }
                completed
            }
            (State::Stop, _) => Ok(Received::Ignored),
            (State::Start | State::Pulse, Some(known)) => {
                known.last = heard;
                Ok(Received::Ignored)
            }
            (State::Start | State::Pulse, None) => {
                let new = NewEvent {
                    camera: Some(camera),
                    name: message.name,
                    when: When::At(time),
                    meta,
                    uid: None,
                };
                let id = self
                    .events
                    .record_from(caller, new, Source::Ingest, Picture::Lacks)
                    .await?
                    .event
                    .id;
                make_room(&mut open, heard);
                let is_pulse = message.state == State::Pulse;
                open.insert(key, Open { id, started: time, last: heard, is_pulse });
                Ok(Received::Stored(id))
            }
        }
    }

    /// Notes the end on the event that the start made. An event deleted meanwhile stays deleted.
    async fn complete(&self, id: EventId, started: Timestamp, end: Timestamp) -> Result<Received> {
        let duration_ms = (end.0 - started.0).max(0) / 1_000;
        let tags = vec![
            ("end_time".to_owned(), Some(end.rfc3339())),
            ("duration_ms".to_owned(), Some(duration_ms.to_string())),
        ];
        match self.events.edit_tags(&Caller::local(), id, tags).await {
            Ok(_) => Ok(Received::Completed(id)),
            Err(Error::EventNotFound(_) | Error::MetaLimit(_)) => Ok(Received::Ignored),
            Err(error) => Err(error),
        }
    }
}

/// The camera that a credential delivers for.
fn only(caller: &Caller) -> Result<CameraId> {
    caller.may(Action::CreateEvents)?;
    caller.only_camera().ok_or(Error::AccessDenied("delivering for several cameras"))
}

/// Drops what is over; and if that is not enough, what was silent the longest.
fn make_room(open: &mut HashMap<Key, Open>, now: Instant) {
    if open.len() < OPEN_MAX {
        return;
    }
    open.retain(|_, known| now.duration_since(known.last) < OPEN_FOR);
    if open.len() >= OPEN_MAX
        && let Some(key) =
            open.iter().min_by_key(|(_, known)| known.last).map(|(key, _)| key.clone())
    {
        open.remove(&key);
    }
}

/// The time of an event, and the device's claim if that is not believed.
fn believable(
    claimed: Option<std::result::Result<Timestamp, String>>,
    now: Timestamp,
) -> (Timestamp, Option<String>) {
    match claimed {
        None => (now, None),
        Some(Err(text)) => (now, Some(text)),
        Some(Ok(time)) => {
            let off = time.0.saturating_sub(now.0).abs();
            let usable = time >= YEAR_2015 && time.0 <= now.0.saturating_add(DAY_US);
            if usable && off <= SKEW_US { (time, None) } else { (now, Some(time.rfc3339())) }
        }
    }
}

/// Reads a number of seconds, milliseconds or microseconds since the epoch, told apart by its digits.
pub fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    Some(Timestamp(match whole.len() {
        9 | 10 => {
            let micros: i64 = format!("{fraction:0<6.6}").parse().ok()?;
            number * SECOND_US + micros
        }
        12 | 13 => number * 1_000,
        15 | 16 => number,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Access;
    use crate::service::access::{Rights, Scope, Who};
    use crate::service::camera::{CameraChange, NewCamera};
    use crate::service::clock::Clock;
    use crate::service::{Services, Settings};
    use crate::store::Options;

    #[tokio::test]
    async fn a_stop_that_could_not_be_stored_can_be_said_again() {
        let dir = tempfile::tempdir().unwrap();
        let (options, settings) = (Options::default(), Settings::default());
        let services = Services::open(dir.path(), options, settings, Clock::system()).unwrap();
        let new = NewCamera { id: None, name: "Gate".to_owned(), change: CameraChange::default() };
        let added = services.cameras.add(&Caller::local(), new).await.unwrap();
        let scope = Scope::Cameras(vec![added.entry.camera.id]);
        let caller = Caller::new(Who::Token(1), Rights::Access(Access::All), scope);
        let message = |state| Message {
            name: "motion".to_owned(),
            state,
            time: None,
            source: String::new(),
            meta: Vec::new(),
        };
        let ingest = &services.ingest;
        let stored = ingest.receive(&caller, message(State::Start)).await.unwrap();
        assert!(matches!(stored, Received::Stored(_)), "{stored:?}");
        services.close();
        assert!(ingest.receive(&caller, message(State::Stop)).await.is_err());
        let mut open = 0;
        for shard in &*ingest.shards {
            open += shard.lock().await.len();
        }
        assert_eq!(open, 1);
    }

    #[test]
    fn a_time_counts_only_if_it_can_be_believed() {
        let now = Timestamp::parse("2026-11-22T12:00:00").unwrap();
        let at = |text: &str| Some(Ok(Timestamp::parse(text).unwrap()));
        for (claimed, time, device_time) in [
            (None, now, None),
            (at("2026-11-22T11:58:00"), Timestamp(now.0 - 2 * MINUTE_US), None),
            (at("2026-11-22T11:00:00"), now, Some("2026-11-22T11:00:00Z")),
            (at("2026-11-24T11:00:00"), now, Some("2026-11-24T11:00:00Z")),
            (at("2000-01-01T00:00:00"), now, Some("2000-01-01T00:00:00Z")),
            (Some(Err("yesterday".to_owned())), now, Some("yesterday")),
        ] {
            assert_eq!(believable(claimed, now), (time, device_time.map(str::to_owned)));
        }
    }

    #[test]
    fn epochs_are_told_apart_by_their_digits() {
        let expected = Some(Timestamp(1_777_624_200_500_000));
        for text in ["1777624200.5", "1777624200500", "1777624200500000"] {
            assert_eq!(epoch(text), expected, "{text}");
        }
        for text in ["", "12", "1777624200.x", "-1777624200", "99999999999999999999"] {
            assert_eq!(epoch(text), None, "{text}");
        }
    }
}

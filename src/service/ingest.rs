//! What cameras deliver in their own words: one event per start, completed by its stop.
//!
//! The state machine knows a condition by camera, name and source key. It lives in memory: after a
//! restart a stop finds nothing open and is ignored, and a repeated start counts as a new one.
//!
//! A picture comes with its message. The first one of a condition is its event's, also if a repeat brings it.

mod time;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use self::time::believable;
use super::access::Caller;
use super::attachment::Attachments;
use super::error::{Error, Result};
use super::event::{Events, Picture};
use super::event_type::EventTypes;
use super::metrics::Source;
use super::not_understood::Delivery;
use super::{Core, access::Action};
use crate::domain::{Attachment, CameraId, EventId, Meta, NewEvent, Timestamp, When};

/// Locks that cameras share, so that starts and stops of one condition come one after the other.
const SHARDS: usize = 64;
/// Most open conditions of the cameras that share a lock; the oldest is forgotten for a new one.
const OPEN_MAX: usize = 1_024;
/// A condition without news for this long is over, unheard.
const OPEN_FOR: Duration = Duration::from_mins(10);
/// A second pulse of the same condition within this time is a repeat: some senders send twice.
const PULSE_REPEAT: Duration = Duration::from_secs(2);
/// The tag, with `true`, of what a device had kept while nobody could be reached: its time counts, however old.
const REPLAYED: &str = "replayed";

/// What a message says about its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It begins, or goes on.
    Start,
    /// The same from a sender that says so again and again while it lasts: silent for this long, it is over,
    /// and the next one is a new event.
    Held(Duration),
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
    attachments: Attachments,
    shards: Arc<Vec<Mutex<HashMap<Key, Open>>>>,
}

/// Camera, name of the type, and a hash of the source: what a sender calls it may be as long as a body.
type Key = (CameraId, String, [u8; 32]);

#[derive(Debug)]
struct Open {
    id: EventId,
    /// As which it was opened.
    state: State,
    started: Timestamp,
    first: Instant,
    last: Instant,
    /// Whether it was said more than once.
    is_repeated: bool,
    /// Whether its event has a picture, or will have one at once.
    has_picture: bool,
}

impl Open {
    /// Whether what begins or goes on now is this one.
    fn goes_on(&self, now: Instant) -> bool {
        now.duration_since(self.last)
            < match self.state {
                State::Pulse => PULSE_REPEAT,
                State::Held(lasts) => lasts,
                State::Start | State::Stop => OPEN_FOR,
            }
    }

    /// Whether a stop now is this one's. Some say once that it begins, although they should repeat it, and
    /// say when it ends: they are listened to.
    fn can_stop(&self, now: Instant) -> bool {
        self.state != State::Pulse && now.duration_since(self.last) < OPEN_FOR
    }

    /// Whether it is over without a word, and when it was heard of last by the device's clock.
    fn lapsed(&self, now: Instant) -> Option<Timestamp> {
        if !matches!(self.state, State::Held(_)) || self.goes_on(now) {
            return None;
        }
        let lasted = self.last.duration_since(self.first).as_micros();
        Some(Timestamp(self.started.0.saturating_add(i64::try_from(lasted).unwrap_or(0))))
    }
}

impl Ingest {
    pub(super) fn new(core: Arc<Core>, attachments: &Attachments, types: &EventTypes) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self {
            core,
            events: attachments.events().clone(),
            event_types: types.clone(),
            attachments: attachments.clone(),
            shards: Arc::new(shards),
        }
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

    /// Keeps a delivery of the caller's camera that nobody could read, for whoever connects the camera. A caller
    /// without one camera is passed over.
    pub fn keep_not_understood(
        &self,
        caller: &Caller,
        (method, query): (&str, &str),
        content_type: Option<&str>,
        body: &[u8],
    ) {
        let Ok(camera) = only(caller) else { return };
        if self.core.catalogue().camera(camera).is_some() {
            let now = self.core.clock.now();
            let delivery = Delivery::new(now, caller.from, method, query, content_type, body);
            self.core.figures.not_understood.keep(camera, delivery);
        }
    }

    /// The last deliveries of a camera that were not understood, newest first: at most five that differ, of the
    /// last 24 hours.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for those who may not manage cameras; [`Error::CameraNotFound`].
    pub fn not_understood(&self, caller: &Caller, camera: CameraId) -> Result<Vec<Delivery>> {
        caller.may_at(Action::Manage, camera)?;
        self.core.catalogue().camera(camera).ok_or(Error::CameraNotFound(camera))?;
        Ok(self.core.figures.not_understood.of(camera, self.core.clock.now()))
    }

    /// Takes in one message of the caller's camera. What it stores is on disk when this returns, its picture
    /// included. A picture that is none is left out, and the event is stored without.
    ///
    /// A name that is new to the camera becomes one of its event types, with `receive` on.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], [`Error::LimitReached`], [`Error::MetaLimit`],
    /// [`Error::RateLimited`], and the store's.
    pub async fn receive(
        &self,
        caller: &Caller,
        message: Message,
        picture: Option<Vec<u8>>,
    ) -> Result<Received> {
        let camera = only(caller)?;
        let now = self.core.clock.now();
        let is_replay = message.meta.iter().any(|(tag, value)| tag == REPLAYED && value == "true");
        let (time, claimed) = believable(message.time, now, is_replay);
        let mut source = Sha256::new_with_prefix(&message.source);
        if is_replay {
            source.update(time.0.to_be_bytes()); // it has nothing to do with what goes on now
        }
        let key = (camera, message.name, source.finalize().into());
        if message.state == State::Stop {
            return self.stop(key, time).await;
        }
        if !self.event_types.declared(camera, &key.1).await? {
            return Ok(Received::SwitchedOff);
        }
        let mut meta = message.meta;
        meta.extend(claimed.map(|text| ("device_time".to_owned(), text)));
        let meta = Meta::from_pairs(meta)?;
        let has_picture = picture.is_some();
        let mut open = self.shard(camera).lock().await;
        let heard = Instant::now();
        if let Some(known) = open.get_mut(&key).filter(|known| known.goes_on(heard)) {
            known.last = heard;
            known.is_repeated = true;
            let wants_picture = has_picture && !known.has_picture;
            known.has_picture |= has_picture;
            let id = known.id;
            drop(open);
            if wants_picture && let Some(picture) = picture {
                self.attach(&key, id, picture).await?;
            }
            return Ok(Received::Ignored);
        }
        if let Some(before) = open.remove(&key)
            && let Some(end) = before.lapsed(heard)
        {
            self.complete_by_time(before.id, before.started, end).await;
        }
        let new = NewEvent {
            camera: Some(camera),
            name: key.1.clone(),
            when: When::At(time),
            meta,
            uid: None,
        };
        let comes = if has_picture { Picture::Comes } else { Picture::Lacks };
        let recorded = self.events.record_from(caller, new, Source::Ingest, comes).await?;
        let id = recorded.event.id;
        make_room(&mut open, heard);
        let entry = Open {
            id,
            state: message.state,
            started: time,
            first: heard,
            last: heard,
            is_repeated: false,
            has_picture,
        };
        open.insert(key.clone(), entry);
        drop(open); // a picture takes its time
        if let Some(picture) = picture {
            self.attach(&key, id, picture).await?;
        }
        Ok(Received::Stored(id))
    }

    /// Notes the end of conditions that are over without a word: those of senders that repeat themselves.
    pub async fn pass(&self) {
        for shard in &*self.shards {
            let now = Instant::now();
            let mut over = Vec::new();
            shard.lock().await.retain(|_, known| {
                let is_silent = known.is_repeated || !known.can_stop(now);
                let lapsed = known.lapsed(now).filter(|_| is_silent);
                over.extend(lapsed.map(|end| (known.id, known.started, end)));
                lapsed.is_none()
            });
            for (id, started, end) in over {
                self.complete_by_time(id, started, end).await;
            }
        }
    }

    fn shard(&self, camera: CameraId) -> &Mutex<HashMap<Key, Open>> {
        &self.shards[usize::try_from(camera.0).unwrap_or(0) % SHARDS]
    }

    async fn stop(&self, key: Key, time: Timestamp) -> Result<Received> {
        let mut open = self.shard(key.0).lock().await;
        let now = Instant::now();
        if !open.get(&key).is_some_and(|known| known.can_stop(now)) {
            return Ok(Received::Ignored);
        }
        // Taken out first: a sender that hangs up must not leave it open for the next start.
        let Some(known) = open.remove(&key) else { return Ok(Received::Ignored) };
        let completed = self.complete(known.id, known.started, time, None).await;
        if completed.is_err() {
            open.insert(key, known); // it will be said again
        }
        completed
    }

    /// Gives an event its picture. If the disk fails, the next repeat may bring it.
    async fn attach(&self, key: &Key, id: EventId, picture: Vec<u8>) -> Result<()> {
        match self.attachments.give(id, Attachment::Picture, Arc::new(picture)).await {
            Ok(_) | Err(Error::EventNotFound(_)) => Ok(()),
            Err(Error::PictureRefused(refusal)) => {
                let why = refusal.text();
                tracing::debug!(event.id = id.0, why, "a delivered picture was left out");
                Ok(())
            }
            Err(error) => {
                let mut open = self.shard(key.0).lock().await;
                if let Some(known) = open.get_mut(key).filter(|known| known.id == id) {
                    known.has_picture = false;
                }
                Err(error)
            }
        }
    }

    async fn complete_by_time(&self, id: EventId, started: Timestamp, end: Timestamp) {
        if let Err(error) = self.complete(id, started, end, Some("timeout")).await {
            tracing::debug!(%error, event.id = id.0, "an end was not noted");
        }
    }

    /// Notes the end on the event that the start made. An event deleted meanwhile stays deleted.
    async fn complete(
        &self,
        id: EventId,
        started: Timestamp,
        end: Timestamp,
        reason: Option<&str>,
    ) -> Result<Received> {
        let duration_ms = (end.0 - started.0).max(0) / 1_000;
        let mut tags = vec![
            ("end_time".to_owned(), Some(end.rfc3339())),
            ("duration_ms".to_owned(), Some(duration_ms.to_string())),
        ];
        tags.extend(reason.map(|word| ("end_reason".to_owned(), Some(word.to_owned()))));
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

#[cfg(test)]
mod tests;

//! Storing events: checked, queued, and answered when they are on disk.

use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::oneshot;

use super::Events;
use crate::domain::event::{BULK_MAX, is_key, order_time, order_time_by_sender};
use crate::domain::{Attached, CameraId, Event, EventId, NewEvent, Timestamp, When};
use crate::service::access::{Action, Caller};
use crate::service::clock_watch::BUILT;
use crate::service::error::{Error, Result};
use crate::service::idempotency::{self, Claimed, Holder, Outcome};
use crate::service::metrics::Source;
use crate::service::rate::Limit;
use crate::store::{Change, Create, StoreError};

/// How often a connection over its rate looks whether there is room.
const PACE: std::time::Duration = std::time::Duration::from_millis(10);

/// An event that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The event; of a replay, the first answer's members (id, camera, name, time, meta).
    pub event: Event,
    /// An earlier request with the same key had stored it.
    pub replayed: bool,
}

/// Whether an event still counts for its camera's rate, or has been counted with others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rate {
    Counts,
    Counted,
}

/// Whether an event brings its picture along, or whoever sent it will send that too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum Picture {
    /// So it is.
    Comes,
    /// The server may have to fetch one.
    Lacks,
}

/// An event that passed every check, but for its key.
struct Checked {
    camera: CameraId,
    create: Create,
    name: std::sync::Arc<str>,
}

impl Checked {
    fn event(self, id: EventId, time: Timestamp) -> Event {
        let Create { event_type, order_time, received_at, meta, uid, camera, .. } = self.create;
        let (name, attached) = (self.name, Attached::default());
        Event { id, camera, event_type, name, time, order_time, received_at, meta, uid, attached }
    }
}

impl Events {
    /// Stores an event and returns it as stored: on disk.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::OutOfScope`], [`Error::CameraDisabled`],
    /// [`Error::MissingField`], [`Error::UnknownEventType`], [`Error::BadParameter`], [`Error::RateLimited`],
    /// [`Error::IdempotencyMismatch`], [`Error::Overloaded`], [`Error::StorageFull`],
    /// [`Error::StorageFailed`].
    pub async fn record(&self, caller: &Caller, new: NewEvent) -> Result<Recorded> {
        self.record_from(caller, new, Source::Api, Picture::Lacks).await
    }

    /// The same for an event that did not come by a create of the API.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(in crate::service) async fn record_from(
        &self,
        caller: &Caller,
        new: NewEvent,
        source: Source,
        picture: Picture,
    ) -> Result<Recorded> {
        let camera = new.camera;
        let recorded = self.record_one(caller, new, source.of(caller)).await;
        if picture == Picture::Lacks
            && let Ok(Recorded { event, replayed: false }) = &recorded
        {
            self.core.want_picture(&self.asks, event);
        }
        recorded.inspect_err(|error| self.note_refusal(caller, camera, error, 1))
    }

    async fn record_one(&self, caller: &Caller, new: NewEvent, source: Source) -> Result<Recorded> {
        if new.uid.is_some() {
            return self.record_once(caller, new, Rate::Counts, source).await;
        }
        let (told, tell) = oneshot::channel();
        let (checked, id) = {
            let _gate = self.core.gate.read().await;
            let checked = self.check(caller, new, self.core.clock.now())?;
            self.limit(caller, checked.camera, 1)?;
            let changes = vec![Change::Create(checked.create.clone())];
            let stored = self.stored(source, 1);
            let ticket = self.core.store.submit(changes, move |outcome| {
                stored(&outcome);
                let _ = told.send(outcome);
            })?;
            (checked, ticket.first)
        };
        on_disk(tell).await?;
        let time = checked.create.time;
        Ok(Recorded { event: checked.event(id, time), replayed: false })
    }

    /// Stores events, each on its own: a bad one does not stop the others. Returns in their order
    /// when all stored ones are on disk. At most [`BULK_MAX`]; only `uid` is an idempotency key.
    ///
    /// # Errors
    /// Of the whole: [`Error::AccessDenied`], [`Error::LimitReached`], [`Error::RateLimited`],
    /// [`Error::Overloaded`], [`Error::StorageFull`], [`Error::StorageFailed`].
    pub async fn record_many(
        &self,
        caller: &Caller,
        items: Vec<Result<NewEvent>>,
    ) -> Result<Vec<Result<Recorded>>> {
        caller.may(Action::CreateEvents)?;
        if items.len() > BULK_MAX {
            return Err(Error::LimitReached("more than 1000 events in one request"));
        }
        if let Some(camera) = caller.only_camera() {
            self.limit(caller, camera, items.len())
                .inspect_err(|error| self.note_refusal(caller, None, error, items.len()))?;
        }
        let source = Source::Bulk.of(caller);
        let mut results: Vec<Option<Result<Recorded>>> = Vec::with_capacity(items.len());
        let mut keyed = Vec::new();
        let (told, tell) = oneshot::channel();
        let mut checked = Vec::new();
        let first = {
            let _gate = self.core.gate.read().await;
            let now = self.core.clock.now();
            for (at, item) in items.into_iter().enumerate() {
                results.push(match item {
                    Ok(new) if new.uid.is_some() => {
                        keyed.push((at, new));
                        None
                    }
                    Ok(new) => {
                        let camera = new.camera;
                        match self.check(caller, new, now) {
                            Ok(good) => {
                                checked.push((at, good));
                                None
                            }
                            Err(error) => {
                                self.note_refusal(caller, camera, &error, 1);
                                Some(Err(error))
                            }
                        }
                    }
                    Err(error) => Some(Err(error)),
                });
            }
            if checked.is_empty() {
                None
            } else {
                let changes =
                    checked.iter().map(|(_, c)| Change::Create(c.create.clone())).collect();
                let stored = self.stored(source, checked.len());
                let done = move |outcome| {
                    stored(&outcome);
                    let _ = told.send(outcome);
                };
                let ticket = self.core.store.submit(changes, done).map_err(Error::from);
                let note = |error: &_| self.note_refusal(caller, None, error, checked.len());
                Some(ticket.inspect_err(note)?.first)
            }
        };
        let keyed = keyed.into_iter().map(|(at, new)| async move {
            let camera = new.camera;
            let recorded = self.record_once(caller, new, Rate::Counted, source).await;
            (at, recorded.inspect_err(|error| self.note_refusal(caller, camera, error, 1)))
        });
        let keyed = futures_util::future::join_all(keyed).await;
        if let Some(first) = first {
            let note = |error: &_| self.note_refusal(caller, None, error, checked.len());
            on_disk(tell).await.inspect_err(note)?;
            for (id, (at, good)) in (first.0..).zip(checked) {
                let time = good.create.time;
                let event = good.event(EventId(id), time);
                self.core.want_picture(&self.asks, &event);
                results[at] = Some(Ok(Recorded { event, replayed: false }));
            }
        }
        for (at, result) in keyed {
            if let Ok(Recorded { event, replayed: false }) = &result {
                self.core.want_picture(&self.asks, event);
            }
            results[at] = Some(result);
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Stores an event that has an idempotency key, or finds the one stored under it.
    async fn record_once(
        &self,
        caller: &Caller,
        new: NewEvent,
        rate: Rate,
        source: Source,
    ) -> Result<Recorded> {
        let uid = new.uid.clone().unwrap_or_default();
        if !is_key(&uid) {
            return Err(Error::BadParameter(
                "an idempotency key has 1 to 128 printable ASCII characters".to_owned(),
            ));
        }
        let camera = camera_of(caller, &new)?;
        let hash = idempotency::hash(camera, &new);
        let holder = loop {
            match self.pending.claim(camera, &uid, hash) {
                Claimed::Mine(holder) => break holder,
                Claimed::Theirs(theirs, _) if theirs != hash => {
                    return Err(Error::IdempotencyMismatch);
                }
                Claimed::Theirs(_, mut told) => {
                    let outcome = told.wait_for(Option::is_some).await.ok().and_then(|o| *o);
                    if let Some(Outcome::Stored { id, time }) = outcome {
                        return self.replay(camera, new, id, time);
                    }
                    // The first one failed and the key is free: this one is told why by itself.
                }
            }
        };
        let key = uid.clone();
        let found = self
            .core
            .read(move |tx| {
                let Some(found) = tx.remembered(camera, &key)? else { return Ok(None) };
                Ok(Some((found, tx.event(found.id)?.map(|event| event.time))))
            })
            .await?;
        if let Some((found, time)) = found {
            if found.hash != hash {
                return Err(Error::IdempotencyMismatch);
            }
            let time = time.unwrap_or(match new.when {
                When::At(time) => time,
                When::AgoMs(ms) => ago(found.arrival, ms),
            });
            return self.replay(camera, new, found.id, time);
        }
        self.record_held(caller, new, rate, source, hash, holder).await
    }

    async fn record_held(
        &self,
        caller: &Caller,
        new: NewEvent,
        rate: Rate,
        source: Source,
        hash: u128,
        holder: Holder,
    ) -> Result<Recorded> {
        let (told, tell) = oneshot::channel();
        let checked = {
            let _gate = self.core.gate.read().await;
            let mut checked = self.check(caller, new, self.core.clock.now())?;
            if rate == Rate::Counts {
                self.limit(caller, checked.camera, 1)?;
            }
            checked.create.hash = hash;
            let time = checked.create.time;
            // The id is only known once the change is queued; its outcome comes after that.
            let (id_known, id_told) = std::sync::mpsc::sync_channel(1);
            let changes = vec![Change::Create(checked.create.clone())];
            let stored = self.stored(source, 1);
            let ticket = self.core.store.submit(changes, move |outcome| {
                stored(&outcome);
                if let (Ok(()), Ok(id)) = (&outcome, id_told.recv()) {
                    holder.finish(Outcome::Stored { id, time });
                } else {
                    drop(holder);
                }
                let _ = told.send(outcome);
            })?;
            let _ = id_known.send(ticket.first);
            (checked, ticket.first)
        };
        on_disk(tell).await?;
        let (checked, id) = checked;
        let time = checked.create.time;
        Ok(Recorded { event: checked.event(id, time), replayed: false })
    }

    /// The first answer again: from the request, the id and the stored time. The event type may be
    /// gone by now; its name keeps its number.
    fn replay(
        &self,
        camera: CameraId,
        new: NewEvent,
        id: EventId,
        time: Timestamp,
    ) -> Result<Recorded> {
        let NewEvent { name, meta, uid, .. } = new;
        let Some(event_type) = self.core.catalogue().type_number(&name) else {
            return Err(Error::UnknownEventType(name));
        };
        let (order_time, received_at, name) = (time, time, name.into());
        let attached = Attached::default(); // as in the first answer
        let event = Event {
            id,
            camera,
            event_type,
            name,
            time,
            order_time,
            received_at,
            meta,
            uid,
            attached,
        };
        Ok(Recorded { event, replayed: true })
    }

    /// Every rule about a new event, against memory only.
    fn check(&self, caller: &Caller, new: NewEvent, now: Timestamp) -> Result<Checked> {
        let camera = camera_of(caller, &new)?;
        let catalogue = self.core.catalogue();
        let entry = catalogue.camera(camera).ok_or(Error::OutOfScope(camera))?;
        if !entry.camera.enabled && !caller.is_account_wide() {
            return Err(Error::CameraDisabled(camera));
        }
        let Some(event_type) = entry.types.get(&new.name) else {
            return Err(Error::UnknownEventType(new.name));
        };
        let time = match new.when {
            When::At(time) => time,
            When::AgoMs(ms) => ago(now, ms),
        };
        let create = Create {
            id: EventId::default(),
            camera,
            event_type: event_type.number,
            time,
            order_time: if now < BUILT || self.core.clock_suspect.load(Ordering::Relaxed) {
                order_time_by_sender(time, now)
            } else {
                order_time(time, now)
            },
            received_at: now,
            meta: new.meta,
            uid: new.uid,
            hash: 0,
        };
        Ok(Checked { camera, create, name: catalogue.type_name(event_type.number) })
    }

    /// What is done, on the journal's thread, once events are on disk or have failed.
    fn stored(
        &self,
        source: Source,
        count: usize,
    ) -> impl FnOnce(&std::result::Result<(), StoreError>) + Send + 'static {
        // The queue must not hold the core: that holds the store, and the store the queue.
        let (live, counters) = (self.live.clone(), self.core.figures.counters.clone());
        move |outcome| {
            if outcome.is_ok() {
                counters.stored(source, count);
            }
            live.stored();
        }
    }

    /// Counts events that were not stored; for their camera, if it is known and the sender is to blame.
    fn note_refusal(&self, caller: &Caller, named: Option<CameraId>, error: &Error, count: usize) {
        match error.refusal() {
            Some(reason) => {
                self.refused(caller, named, reason, count);
            }
            None => self.core.figures.counters.rejected(error.rejection(), count),
        }
    }

    /// Counts events that were refused before they got here, such as a body that is no JSON: for the
    /// camera they name, or for the only one of the credential. `reason` is an `errorType`, a word of
    /// the code: it becomes a label. Tells whether it is the camera's first in an hour.
    pub fn refused(
        &self,
        caller: &Caller,
        named: Option<CameraId>,
        reason: &'static str,
        count: usize,
    ) -> bool {
        self.core.figures.counters.rejected(reason, count);
        let Some(camera) = named.or_else(|| caller.only_camera()) else { return false };
        caller.covers(camera)
            && self.core.catalogue().camera(camera).is_some()
            && self.core.figures.refusals.add(camera, reason, count, self.core.clock.now())
    }

    /// Waits until a camera's rate has room for one more event, and takes it: for connections that are
    /// read slower where a request would be refused.
    pub(in crate::service) async fn pace(&self, camera: CameraId) {
        let room = || {
            let limit = Limit::of(&self.core.catalogue().settings);
            self.rate.take(camera, 1, Instant::now(), limit).is_ok()
        };
        while !room() {
            tokio::time::sleep(PACE).await;
        }
    }

    /// Holds a camera to its rate; only what it sends itself counts (operations.md 3).
    fn limit(&self, caller: &Caller, camera: CameraId, count: usize) -> Result<()> {
        if !caller.is_ingest() {
            return Ok(());
        }
        let catalogue = self.core.catalogue();
        self.rate.take(camera, count, Instant::now(), Limit::of(&catalogue.settings))
    }
}

/// The camera that a new event is for.
fn camera_of(caller: &Caller, new: &NewEvent) -> Result<CameraId> {
    caller.may(Action::CreateEvents)?;
    let named = new.camera.or_else(|| caller.only_camera());
    let camera = named.ok_or(Error::MissingField("camid"))?;
    if caller.covers(camera) { Ok(camera) } else { Err(Error::OutOfScope(camera)) }
}

fn ago(now: Timestamp, ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(ms.saturating_mul(1_000)).max(Timestamp::MIN.0))
}

async fn on_disk(told: oneshot::Receiver<std::result::Result<(), StoreError>>) -> Result<()> {
    match told.await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(Error::StorageFailed(StoreError::Failed("the store has stopped".to_owned()))),
    }
}

//! Pictures that the server fetches itself from a camera's snapshot path: for events that came without one,
//! and by the clock.
//!
//! Never in the way of events: they are stored and answered first, then their pictures are asked for in
//! memory (`asks`), where there is room. What is not fetched when the server stops stays without.

mod asks;
mod period;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;

use super::Core;
use super::access::Caller;
use super::attachment::{Attachments, Sent, SentFiles};
use super::device::{Devices, Failure, Request};
use super::error::Error;
use super::metrics::Fetched;
use crate::domain::attachment::PICTURE_BYTES_MAX;
use crate::domain::time::MINUTE_US;
use crate::domain::{Attachment, CameraId, Event, EventId, Meta, NewEvent, When};
pub use asks::Asks;
use asks::{Ask, For};

/// Pictures in memory at once, from different cameras: being fetched, looked at or written.
const FETCHES_MAX: usize = 8;
/// An event that arrives later than this after it happened gets no picture: it would show something else.
const LATE_US: i64 = 2 * MINUTE_US;
/// The event type that is made by the clock.
const SNAPSHOT: &str = "snapshot";

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error(transparent)]
    Device(#[from] Failure),
    /// What came is no picture, or could not be stored.
    #[error(transparent)]
    Service(#[from] Error),
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Snapshots {
    core: Arc<Core>,
    attachments: Attachments,
    devices: Devices,
    asks: Asks,
    places: Arc<Semaphore>,
    due: Arc<Mutex<HashMap<CameraId, period::Due>>>,
}

impl Core {
    /// Asks for the picture of an event that was just stored and came without one, if its type wants one
    /// and the server can fetch it. Costs a look into memory.
    pub(super) fn want_picture(&self, asks: &Asks, event: &Event) {
        let catalogue = self.catalogue();
        let Some(entry) = catalogue.camera(event.camera) else { return };
        let is_wanted = entry.camera.enabled
            && entry.camera.device.snapshot_path.is_some()
            && entry.types.get(&*event.name).is_some_and(|known| known.snapshot)
            && event.received_at.0.saturating_sub(event.time.0) <= LATE_US;
        if is_wanted {
            let ask = Ask { camera: event.camera, what: For::Event(event.id) };
            self.ask_for_picture(asks, ask);
        }
    }

    fn ask_for_picture(&self, asks: &Asks, ask: Ask) {
        if !asks.push(ask, self.clock.elapsed()) {
            self.figures.counters.fetched(Fetched::Dropped);
        }
    }
}

impl Snapshots {
    pub(super) fn new(
        core: Arc<Core>,
        attachments: Attachments,
        devices: Devices,
        asks: Asks,
    ) -> Self {
        let places = Arc::new(Semaphore::new(FETCHES_MAX));
        Self { core, attachments, devices, asks, places, due: Arc::default() }
    }

    /// Fetches whatever is asked for. Does not end; may be dropped at any time.
    pub async fn run(&self) {
        let mut fetches = FuturesUnordered::new();
        loop {
            tokio::select! {
                ask = self.asks.next() => fetches.push(self.answer(ask)),
                Some(()) = fetches.next() => {}
            }
        }
    }

    async fn answer(&self, Ask { camera, what }: Ask) {
        let fetched = match what {
            For::Event(id) => self.for_event(camera, id).await,
            For::Period => self.by_clock(camera).await.map(|()| true),
        };
        let now = self.core.clock.elapsed();
        let is_news = self.asks.over(camera, fetched.is_ok(), now);
        let counters = &self.core.figures.counters;
        match fetched {
            Ok(true) => counters.fetched(Fetched::Stored),
            Ok(false) => {}
            Err(error) => {
                counters.fetched(Fetched::Failed);
                if is_news {
                    tracing::warn!(camera.id = camera.0, %error, "a picture could not be fetched from the camera; told once an hour");
                }
            }
        }
    }

    /// Fetches the picture of an event. `false` if it wants none any more.
    async fn for_event(&self, camera: CameraId, id: EventId) -> Result<bool, Missed> {
        if !self.attachments.begin(id, Attachment::Picture).await? {
            return Ok(false);
        }
        let _place = self.places.acquire().await; // never closed
        let given = match self.fetch(camera).await {
            Ok(picture) => {
                let given = self.attachments.give(id, Attachment::Picture, picture).await;
                given.map(drop).map_err(Missed::from)
            }
            Err(missed) => Err(missed),
        };
        match given {
            Ok(()) => Ok(true),
            Err(Missed::Service(Error::EventNotFound(_))) => Ok(false), // deleted meanwhile
            Err(missed) => {
                self.attachments.withdraw(id, Attachment::Picture).await?;
                Err(missed)
            }
        }
    }

    /// Makes an event of its own with a picture; without the picture there is no event.
    async fn by_clock(&self, camera: CameraId) -> Result<(), Missed> {
        let _place = self.places.acquire().await; // never closed
        let picture = self.fetch(camera).await?;
        let new = NewEvent {
            camera: Some(camera),
            name: SNAPSHOT.to_owned(),
            when: When::At(self.core.clock.now()),
            meta: Meta::empty(),
            uid: None,
        };
        let files = SentFiles { picture: Some(picture), filemeta: None };
        self.attachments.record(&Caller::local(), new, files).await?;
        Ok(())
    }

    /// What the camera shows now. It is not looked into yet. To be called in a place, which is held until the
    /// picture is on disk.
    async fn fetch(&self, camera: CameraId) -> Result<Sent, Missed> {
        let entry = self.core.catalogue().camera(camera).cloned();
        let path = entry.and_then(|entry| entry.camera.device.snapshot_path.clone());
        let request = Request::get(path.ok_or(Failure::NoAddress)?, PICTURE_BYTES_MAX);
        let answer = self.devices.ask(camera, &request).await?;
        Ok(Arc::new(answer.body))
    }
}

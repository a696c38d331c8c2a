//! Pictures of events: sent, kept as files, shown by signed addresses, and given up when they do not come.

mod image;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::access::{Action, Caller};
use super::error::{Error, Result};
use super::event::{Events, Recorded, named};
use super::{Core, blocking};
use crate::domain::picture::{self, Purpose};
use crate::domain::time::{HOUR_US, SECOND_US};
use crate::domain::{Event, EventId, NewEvent, Origin, PictureState, Timestamp};
use crate::store::{Change, NewPicture, PictureFile, StoreError, TemporaryPicture};

pub use self::image::{jpeg, placeholder};

/// How long a picture is waited for, and an address to send it to is good.
const EXPECTED_FOR: Duration = Duration::from_mins(10);
/// An address to look at a picture is good until the end of an hour, and this long beyond: so it is the
/// same for an hour, and browsers need not load the picture again.
const SHOWN_FOR_US: i64 = 24 * HOUR_US;
/// Places for decoding pictures; a large one takes both.
const PLACES: usize = 2;

/// A picture's bytes, held wherever they came from until they are on disk.
pub type Sent = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no JPEG, PNG or WebP.
    Kind,
    /// It has too many pixels.
    Dimensions,
    /// It says that it is one, but cannot be read, or its end is missing.
    Damaged,
}

impl Refusal {
    /// The word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kind => "type",
            Self::Dimensions => "dimensions",
            Self::Damaged => "damaged",
        }
    }

    /// The text for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Kind => "a picture must be a JPEG, PNG or WebP",
            Self::Dimensions => "a picture has at most 24 megapixels, and 16384 a side",
            Self::Damaged => "the picture is damaged, or its end is missing",
        }
    }
}

/// An address that needs no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Path and query; what comes before depends on how the server is reached.
    pub target: String,
    /// When it ends.
    pub until: Timestamp,
}

/// Where a picture may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Absolute URL: PUT the bytes there, answered by 200.
    pub url: String,
    /// When it ends.
    pub until: Timestamp,
}

/// Proof that a signed address holds. Made by [`Pictures::admit`] only.
#[derive(Clone, Copy, Debug)]
pub struct Admitted {
    id: EventId,
    purpose: Purpose,
}

impl Admitted {
    /// Whether it is good for sending a picture: to be asked before one is read.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    pub fn may_upload(&self) -> Result<()> {
        if self.purpose == Purpose::Upload { Ok(()) } else { Err(Error::BadSignature) }
    }
}

/// What there is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The picture.
    File(PictureFile),
    /// It has not come yet.
    Expected,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Pictures {
    core: Arc<Core>,
    events: Events,
    places: Arc<Semaphore>,
    /// When to give up, in time that passes; those from before this start get their time anew.
    deadlines: Arc<Mutex<HashMap<EventId, Duration>>>,
}

impl Pictures {
    pub(super) fn new(core: Arc<Core>, events: Events) -> Self {
        Self { core, events, places: Arc::new(Semaphore::new(PLACES)), deadlines: Arc::default() }
    }

    fn deadlines(&self) -> MutexGuard<'_, HashMap<EventId, Duration>> {
        self.deadlines.lock().expect("nothing panics while it is held")
    }

    /// Stores an event with its picture: both are on disk when this returns. A replay adds the picture if
    /// the first request did not come that far.
    ///
    /// # Errors
    /// [`Error::PictureRefused`], and those of [`Events::record`]; nothing is stored then.
    pub async fn record(&self, caller: &Caller, new: NewEvent, picture: Sent) -> Result<Recorded> {
        caller.may(Action::CreateEvents)?;
        let file = self.prepare(picture).await?;
        let recorded = self.events.record(caller, new).await?;
        let id = recorded.event.id;
        if recorded.replayed {
            let row = self.core.read(move |tx| Ok(tx.event(id)?)).await?;
            let is_missing = row.as_ref().is_some_and(|row| row.picture != PictureState::Ready);
            if !is_missing {
                let picture = row.map(|row| row.picture).unwrap_or_default();
                return Ok(Recorded { event: Event { picture, ..recorded.event }, ..recorded });
            }
        }
        let Event { picture, .. } = self.place(id, file, |_| true).await?;
        Ok(Recorded { event: Event { picture, ..recorded.event }, ..recorded })
    }

    /// Gives an event a picture, or another one. On disk when this returns.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], [`Error::PictureRefused`], and the store's.
    pub async fn attach(&self, caller: &Caller, id: EventId, picture: Sent) -> Result<Event> {
        self.may_attach(caller, id).await?;
        let file = self.prepare(picture).await?;
        self.place(id, file, |_| true).await
    }

    /// Whether the caller may give the event a picture: to be asked before one is read.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`].
    pub async fn may_attach(&self, caller: &Caller, id: EventId) -> Result<()> {
        self.events.visible(caller, Action::ChangeEvents, id).await.map(drop)
    }

    /// Takes the picture that was expected, from whoever has the address. The same one may come again,
    /// if an answer was lost; another one may not.
    ///
    /// # Errors
    /// [`Error::BadSignature`] once the picture is there, [`Error::EventNotFound`],
    /// [`Error::PictureRefused`], and the store's.
    pub async fn upload(&self, admitted: Admitted, picture: Sent) -> Result<Event> {
        admitted.may_upload()?;
        let file = self.prepare(picture).await?;
        self.place(admitted.id, file, |state| state != PictureState::Ready).await
    }

    /// Says that an event's picture will be sent, and gives the address to send it to.
    ///
    /// # Errors
    /// [`Error::EventNotFound`], and the store's.
    pub async fn expect(&self, id: EventId, origin: &Origin) -> Result<Upload> {
        let lock = self.events.lock(id).await;
        let row = self.core.read(move |tx| tx.event(id)?.ok_or(Error::EventNotFound(id))).await?;
        let now = self.core.clock.elapsed();
        self.deadlines().insert(id, now + EXPECTED_FOR);
        if !matches!(row.picture, PictureState::Expected | PictureState::Ready) {
            let state = PictureState::Expected;
            self.events.change_locked(vec![Change::Picture { id, state }], vec![lock]).await?;
            self.events.live().updated(id);
        }
        let seconds = i64::try_from(EXPECTED_FOR.as_secs()).unwrap_or(0);
        let until = (self.core.clock.now().0 / SECOND_US + seconds) * SECOND_US;
        let Address { target, until } = self.address(id, Purpose::Upload, Timestamp(until));
        Ok(Upload { url: format!("{}{target}", origin.url()), until })
    }

    /// The address of an event's picture: the same for an hour.
    pub fn shown_at(&self, id: EventId, purpose: Purpose) -> Address {
        let hour = self.core.clock.now().0.div_euclid(HOUR_US) + 1;
        self.address(id, purpose, Timestamp(hour * HOUR_US + SHOWN_FOR_US))
    }

    fn address(&self, id: EventId, purpose: Purpose, until: Timestamp) -> Address {
        let signature = self.core.key.picture_signature(id, purpose, until);
        let (path, of, expire) = (picture::path(id), purpose.word(), until.0 / SECOND_US);
        Address { target: format!("{path}?of={of}&expire={expire}&sign={signature}"), until }
    }

    /// Proves a signed address: `expire` in seconds, as it stands there.
    ///
    /// # Errors
    /// [`Error::BadSignature`], whatever is wrong with it.
    pub fn admit(
        &self,
        id: EventId,
        purpose: Purpose,
        expire: u64,
        signature: &str,
    ) -> Result<Admitted> {
        let until = i64::try_from(expire).ok().and_then(|s| s.checked_mul(SECOND_US));
        let until = Timestamp(until.ok_or(Error::BadSignature)?);
        let holds = self.core.key.proves_picture(signature, id, purpose, until);
        if holds && self.core.clock.now() < until {
            Ok(Admitted { id, purpose })
        } else {
            Err(Error::BadSignature)
        }
    }

    /// What a signed address shows.
    ///
    /// # Errors
    /// [`Error::BadSignature`], [`Error::EventNotFound`], [`Error::NotFound`] without a picture.
    pub async fn show(&self, admitted: Admitted) -> Result<Shown> {
        let thumb = match admitted.purpose {
            Purpose::Thumb => true,
            Purpose::Full => false,
            Purpose::Upload => return Err(Error::BadSignature),
        };
        self.load(admitted.id, thumb).await
    }

    /// What there is to show to a caller.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], [`Error::NotFound`] without a picture.
    pub async fn show_to(&self, caller: &Caller, id: EventId, thumb: bool) -> Result<Shown> {
        self.events.visible(caller, Action::ReadEvents, id).await?;
        self.load(id, thumb).await
    }

    async fn load(&self, id: EventId, thumb: bool) -> Result<Shown> {
        let store = self.core.store.clone();
        let missing = || Error::NotFound("the picture");
        blocking(move || {
            let row = store.read()?.event(id)?.ok_or(Error::EventNotFound(id))?;
            match row.picture {
                PictureState::Expected => return Ok(Shown::Expected),
                PictureState::None | PictureState::Failed => return Err(missing()),
                PictureState::Ready => {}
            }
            match store.pictures().read(id, thumb) {
                Ok(file) => file.map(Shown::File).ok_or_else(missing),
                Err(StoreError::Damaged(what)) => {
                    tracing::error!(event.id = id.0, "damaged: {what}");
                    Err(missing())
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Looks at a picture, draws its thumbnail and writes both to a file that belongs to no event yet.
    async fn prepare(&self, picture: Sent) -> Result<TemporaryPicture> {
        self.core.store.ready()?;
        let bytes = Arc::clone(&picture);
        let header = blocking(move || Ok(image::header((*bytes).as_ref())?)).await?;
        let places = Arc::clone(&self.places).acquire_many_owned(header.places()).await;
        let places = places.map_err(|_| Error::Overloaded("the server is stopping"))?;
        let store = self.core.store.clone();
        blocking(move || {
            let full = (*picture).as_ref();
            let thumb = image::thumbnail(full, header)?;
            drop(places);
            let new = NewPicture { full, kind: header.kind, size: header.size, thumb: &thumb };
            Ok(store.pictures().write(&new)?)
        })
        .await
    }

    /// Makes a written file the event's picture, if it may take one: `takes` is asked for its state under
    /// the event's lock. What was begun is finished even if the sender goes away.
    async fn place(
        &self,
        id: EventId,
        file: TemporaryPicture,
        takes: impl Fn(PictureState) -> bool + Send + 'static,
    ) -> Result<Event> {
        let lock = self.events.lock(id).await;
        let this = self.clone();
        blocking(move || {
            let _lock = lock;
            let store = &this.core.store;
            let row = store.read()?.event(id)?.ok_or(Error::EventNotFound(id))?;
            if !takes(row.picture) {
                let there = store.pictures().read(id, false)?;
                if there.is_none_or(|there| there.crc != file.crc()) {
                    return Err(Error::BadSignature);
                }
                return Ok(named(&this.core.catalogue(), row));
            }
            store.pictures().place(&file, id)?;
            let state = PictureState::Ready;
            let (told, tell) = mpsc::channel();
            if row.picture != state {
                store.submit(vec![Change::Picture { id, state }], move |outcome| {
                    let _ = told.send(outcome);
                })?;
                let stopped = || StoreError::Failed("the store has stopped".to_owned());
                tell.recv().unwrap_or_else(|_| Err(stopped()))?;
            }
            this.deadlines().remove(&id);
            // Deletes of many take no locks: one may have passed by between the two.
            let Some(row) = store.read()?.event(id)? else {
                store.pictures().remove(id)?;
                return Err(Error::EventNotFound(id));
            };
            this.events.live().updated(id);
            Ok(named(&this.core.catalogue(), row))
        })
        .await
    }
}

//! Pictures and metadata files of events: sent, kept as files, shown by signed addresses, and given up when
//! they do not come.

mod image;
mod signed;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, Semaphore};

use super::access::{Action, Caller};
use super::error::{Error, Result};
use super::event::{Events, Picture, Recorded, named};
use super::metrics::Source;
use super::{Core, blocking};
use crate::domain::time::SECOND_US;
use crate::domain::{Attachment, Event, EventId, FileState, NewEvent, Origin, Timestamp};
use crate::store::{Change, FileKind, NewFile, StoreError, TemporaryFile};

pub use self::image::{jpeg, placeholder};
pub use self::signed::{Address, Admitted, Shown};

/// How long a file is waited for, and an address to send it to is good.
const EXPECTED_FOR: Duration = Duration::from_mins(10);
/// Places for decoding pictures; a large one takes both.
const PLACES: usize = 2;

/// A file's bytes, held wherever they came from until they are on disk.
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

/// Where a file may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Absolute URL: PUT the bytes there, answered by 200.
    pub url: String,
    /// When it ends.
    pub until: Timestamp,
}

/// What is sent together with an event.
#[derive(Clone, Default)]
pub struct SentFiles {
    /// Its picture.
    pub picture: Option<Sent>,
    /// Its metadata file.
    pub filemeta: Option<Sent>,
}

impl SentFiles {
    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.picture.is_none() && self.filemeta.is_none()
    }

    fn into_list(self) -> impl Iterator<Item = (Attachment, Sent)> {
        let picture = self.picture.map(|sent| (Attachment::Picture, sent));
        let filemeta = self.filemeta.map(|sent| (Attachment::Filemeta, sent));
        picture.into_iter().chain(filemeta)
    }
}

/// Whether a metadata file is what its readers take it for. Nesting costs no stack here.
fn check_json(bytes: &[u8]) -> Result<()> {
    let refused = |why: String| Error::FilemetaRefused(why);
    let text = std::str::from_utf8(bytes).map_err(|error| refused(error.to_string()))?;
    let checked = serde_json::from_str::<serde::de::IgnoredAny>(text);
    checked.map(drop).map_err(|error| refused(error.to_string()))
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Attachments {
    core: Arc<Core>,
    events: Events,
    places: Arc<Semaphore>,
    /// When to give up, in time that passes; those from before this start get their time anew.
    deadlines: Arc<Mutex<HashMap<(EventId, Attachment), Duration>>>,
}

impl Attachments {
    pub(super) fn new(core: Arc<Core>, events: Events) -> Self {
        Self { core, events, places: Arc::new(Semaphore::new(PLACES)), deadlines: Arc::default() }
    }

    fn deadlines(&self) -> MutexGuard<'_, HashMap<(EventId, Attachment), Duration>> {
        self.deadlines.lock().expect("nothing panics while it is held")
    }

    /// Stores an event with its files: all are on disk when this returns. A replay adds the files that the
    /// first request did not come to.
    ///
    /// # Errors
    /// [`Error::PictureRefused`], [`Error::FilemetaRefused`], and those of [`Events::record`]; nothing is
    /// stored then.
    pub async fn record(
        &self,
        caller: &Caller,
        new: NewEvent,
        files: SentFiles,
    ) -> Result<Recorded> {
        caller.may(Action::CreateEvents)?;
        let mut ready = Vec::new();
        for (of, sent) in files.into_list() {
            ready.push((of, self.prepare(of, sent).await?));
        }
        let picture = if ready.iter().any(|(of, _)| *of == Attachment::Picture) {
            Picture::Comes
        } else {
            Picture::Lacks
        };
        let mut recorded = self.events.record_from(caller, new, Source::Api, picture).await?;
        let id = recorded.event.id;
        if recorded.replayed {
            let row = self.core.read(move |tx| Ok(tx.event(id)?)).await?;
            let Some(row) = row else { return Ok(recorded) };
            ready.retain(|(of, _)| row.attached.state(*of) != FileState::Ready);
            recorded.event.attached = row.attached;
        }
        for (of, file) in ready {
            recorded.event.attached = self.place(id, of, file, |_| true).await?.attached;
        }
        Ok(recorded)
    }

    /// Gives an event a file, or another one. On disk when this returns.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], [`Error::PictureRefused`],
    /// [`Error::FilemetaRefused`], and the store's.
    pub async fn attach(
        &self,
        caller: &Caller,
        id: EventId,
        of: Attachment,
        sent: Sent,
    ) -> Result<Event> {
        self.may_attach(caller, id).await?;
        let file = self.prepare(of, sent).await?;
        self.place(id, of, file, |_| true).await
    }

    pub(super) const fn events(&self) -> &Events {
        &self.events
    }

    /// Gives an event a file that the server itself came by.
    ///
    /// # Errors
    /// [`Error::EventNotFound`], [`Error::PictureRefused`], [`Error::FilemetaRefused`], and the store's.
    pub(super) async fn give(&self, id: EventId, of: Attachment, sent: Sent) -> Result<Event> {
        let file = self.prepare(of, sent).await?;
        self.place(id, of, file, |_| true).await
    }

    /// Lets a file be expected that the server itself will come by. `false` if the event is gone, or has
    /// one or awaits it from somebody else.
    pub(super) async fn begin(&self, id: EventId, of: Attachment) -> Result<bool> {
        let lock = self.events.lock(id).await;
        let row = self.core.read(move |tx| Ok(tx.event(id)?)).await?;
        if row.is_none_or(|row| row.attached.state(of) != FileState::None) {
            return Ok(false);
        }
        self.turn(id, of, FileState::Expected, lock).await?;
        Ok(true)
    }

    /// Takes back [`Self::begin`]: the file does not come, and the event stands as before.
    pub(super) async fn withdraw(&self, id: EventId, of: Attachment) -> Result<()> {
        let lock = self.events.lock(id).await;
        let row = self.core.read(move |tx| Ok(tx.event(id)?)).await?;
        if row.is_some_and(|row| row.attached.state(of) == FileState::Expected) {
            self.turn(id, of, FileState::None, lock).await?;
        }
        self.deadlines().remove(&(id, of));
        Ok(())
    }

    /// Changes how a file stands, and tells it.
    async fn turn(
        &self,
        id: EventId,
        of: Attachment,
        state: FileState,
        lock: OwnedMutexGuard<()>,
    ) -> Result<()> {
        let change = Change::Attachment { id, of, state };
        self.events.change_locked(vec![change], vec![lock]).await?;
        self.events.live().updated(id);
        Ok(())
    }

    /// Whether the caller may give the event a file: to be asked before one is read.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`].
    pub async fn may_attach(&self, caller: &Caller, id: EventId) -> Result<()> {
        self.events.visible(caller, Action::ChangeEvents, id).await.map(drop)
    }

    /// Takes the file that was expected, from whoever has the address. The same one may come again, if an
    /// answer was lost; another one may not.
    ///
    /// # Errors
    /// [`Error::BadSignature`] once the file is there, [`Error::EventNotFound`],
    /// [`Error::PictureRefused`], [`Error::FilemetaRefused`], and the store's.
    pub async fn upload(&self, admitted: Admitted, sent: Sent) -> Result<Event> {
        admitted.may_upload()?;
        let of = admitted.purpose.attachment();
        let file = self.prepare(of, sent).await?;
        self.place(admitted.id, of, file, |state| state != FileState::Ready).await
    }

    /// Says that an event's file will be sent, and gives the address to send it to.
    ///
    /// # Errors
    /// [`Error::EventNotFound`], and the store's.
    pub async fn expect(&self, id: EventId, of: Attachment, origin: &Origin) -> Result<Upload> {
        self.await_file(id, of).await?;
        let seconds = i64::try_from(EXPECTED_FOR.as_secs()).unwrap_or(0);
        let until = (self.core.clock.now().0 / SECOND_US + seconds) * SECOND_US;
        let Address { target, until } = self.address(id, of.upload(), Timestamp(until));
        Ok(Upload { url: format!("{}{target}", origin.url()), until })
    }

    /// Lets an event's file be expected, unless it is there.
    async fn await_file(&self, id: EventId, of: Attachment) -> Result<()> {
        let lock = self.events.lock(id).await;
        let row = self.core.read(move |tx| tx.event(id)?.ok_or(Error::EventNotFound(id))).await?;
        let now = self.core.clock.elapsed();
        self.deadlines().insert((id, of), now + EXPECTED_FOR);
        if !matches!(row.attached.state(of), FileState::Expected | FileState::Ready) {
            self.turn(id, of, FileState::Expected, lock).await?;
        }
        Ok(())
    }

    /// Looks at a file, draws a picture's thumbnail, and writes it where it belongs to no event yet.
    async fn prepare(&self, of: Attachment, sent: Sent) -> Result<TemporaryFile> {
        self.core.store.ready()?;
        let store = self.core.store.clone();
        if of == Attachment::Filemeta {
            return blocking(move || {
                let full = (*sent).as_ref();
                check_json(full)?;
                let new = NewFile { full, kind: FileKind::Json, size: (0, 0), thumb: &[] };
                Ok(store.attachments(of).write(&new)?)
            })
            .await;
        }
        let bytes = Arc::clone(&sent);
        let header = blocking(move || Ok(image::header((*bytes).as_ref())?)).await?;
        let places = Arc::clone(&self.places).acquire_many_owned(header.places()).await;
        let places = places.map_err(|_| Error::Overloaded("the server is stopping"))?;
        blocking(move || {
            let full = (*sent).as_ref();
            let thumb = image::thumbnail(full, header)?;
            drop(places);
            let new = NewFile { full, kind: header.kind, size: header.size, thumb: &thumb };
            Ok(store.attachments(of).write(&new)?)
        })
        .await
    }

    /// Makes a written file the event's, if it may take one: `takes` is asked for its state under the
    /// event's lock. What was begun is finished even if the sender goes away.
    async fn place(
        &self,
        id: EventId,
        of: Attachment,
        file: TemporaryFile,
        takes: impl Fn(FileState) -> bool + Send + 'static,
    ) -> Result<Event> {
        let lock = self.events.lock(id).await;
        let this = self.clone();
        blocking(move || {
            let _lock = lock;
            let store = &this.core.store;
            let files = store.attachments(of);
            let row = store.read_with(|tx| tx.event(id))?.ok_or(Error::EventNotFound(id))?;
            if !takes(row.attached.state(of)) {
                let there = files.read(id, false)?;
                if there.is_none_or(|there| there.crc != file.crc()) {
                    return Err(Error::BadSignature);
                }
                return Ok(named(&this.core.catalogue(), row));
            }
            files.place(&file, id)?;
            let state = FileState::Ready;
            let (told, tell) = mpsc::channel();
            if row.attached.state(of) != state {
                store.submit(vec![Change::Attachment { id, of, state }], move |outcome| {
                    let _ = told.send(outcome);
                })?;
                let stopped = || StoreError::Failed("the store has stopped".to_owned());
                tell.recv().unwrap_or_else(|_| Err(stopped()))?;
            }
            this.deadlines().remove(&(id, of));
            // Deletes of many take no locks: one may have passed by between the two.
            let Some(row) = store.read_with(|tx| tx.event(id))? else {
                files.remove(id)?;
                return Err(Error::EventNotFound(id));
            };
            this.events.live().updated(id);
            Ok(named(&this.core.catalogue(), row))
        })
        .await
    }
}

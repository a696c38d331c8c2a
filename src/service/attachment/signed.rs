//! Files of events by signed addresses, which need no credential, and what they show.

use super::Attachments;
use crate::domain::attachment::Purpose;
use crate::domain::time::{HOUR_US, SECOND_US};
use crate::domain::{Attachment, EventId, FileState, Timestamp};
use crate::service::access::{Action, Caller};
use crate::service::blocking;
use crate::service::error::{Error, Result};
use crate::store::{StoreError, StoredFile};

/// An address to look at a file is good until the end of an hour, and this long beyond: so it is the
/// same for an hour, and browsers need not load it again.
const SHOWN_FOR_US: i64 = 24 * HOUR_US;
/// An address that needs no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Path and query; what comes before depends on how the server is reached.
    pub target: String,
    /// When it ends.
    pub until: Timestamp,
}

/// Proof that a signed address holds. Made by [`Attachments::admit`] only.
#[derive(Clone, Copy, Debug)]
pub struct Admitted {
    pub(super) id: EventId,
    pub(super) purpose: Purpose,
}

impl Admitted {
    /// Whether it is good for sending a file: to be asked before one is read.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    pub fn may_upload(&self) -> Result<()> {
        if self.purpose.is_upload() { Ok(()) } else { Err(Error::BadSignature) }
    }
}

/// What there is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The file.
    File(StoredFile),
    /// It has not come yet.
    Expected,
}

impl Attachments {
    /// The address of an event's file: the same for an hour.
    pub fn shown_at(&self, id: EventId, purpose: Purpose) -> Address {
        let hour = self.core.clock.now().0.div_euclid(HOUR_US) + 1;
        self.address(id, purpose, Timestamp(hour * HOUR_US + SHOWN_FOR_US))
    }

    pub(super) fn address(&self, id: EventId, purpose: Purpose, until: Timestamp) -> Address {
        let signature = self.core.key.file_signature(id, purpose, until);
        let (path, of) = (purpose.attachment().path(id), purpose.word());
        let expire = until.0 / SECOND_US;
        Address { target: format!("{path}?of={of}&expire={expire}&sign={signature}"), until }
    }

    /// Proves a signed address below the path of `of`: `expire` in seconds, as it stands there.
    ///
    /// # Errors
    /// [`Error::BadSignature`], whatever is wrong with it.
    pub fn admit(
        &self,
        id: EventId,
        of: Attachment,
        purpose: Purpose,
        expire: u64,
        signature: &str,
    ) -> Result<Admitted> {
        let until = i64::try_from(expire).ok().and_then(|s| s.checked_mul(SECOND_US));
        let until = Timestamp(until.ok_or(Error::BadSignature)?);
        let holds = self.core.key.proves_file(signature, id, purpose, until);
        if holds && purpose.attachment() == of && self.core.clock.now() < until {
            Ok(Admitted { id, purpose })
        } else {
            Err(Error::BadSignature)
        }
    }

    /// What a signed address shows.
    ///
    /// # Errors
    /// [`Error::BadSignature`], [`Error::EventNotFound`], [`Error::NotFound`] without a file.
    pub async fn show(&self, admitted: Admitted) -> Result<Shown> {
        if admitted.purpose.is_upload() {
            return Err(Error::BadSignature);
        }
        self.load(admitted.id, admitted.purpose).await
    }

    /// What there is to show to a caller.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], [`Error::NotFound`] without a file.
    pub async fn show_to(&self, caller: &Caller, id: EventId, purpose: Purpose) -> Result<Shown> {
        self.events.visible(caller, Action::ReadEvents, id).await?;
        self.load(id, purpose).await
    }

    async fn load(&self, id: EventId, purpose: Purpose) -> Result<Shown> {
        let store = self.core.store.clone();
        let of = purpose.attachment();
        let missing = move || match of {
            Attachment::Picture => Error::NotFound("the picture"),
            Attachment::Filemeta => Error::NotFound("the metadata file"),
        };
        blocking(move || {
            let row = store.read_with(|tx| tx.event(id))?.ok_or(Error::EventNotFound(id))?;
            match row.attached.state(of) {
                FileState::Expected => return Ok(Shown::Expected),
                FileState::None | FileState::Failed => return Err(missing()),
                FileState::Ready => {}
            }
            match store.attachments(of).read(id, purpose == Purpose::Thumb) {
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
}

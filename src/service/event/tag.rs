//! Tags of events: parallel and forgiving, as clients use them.

use std::sync::Arc;

use tokio::sync::{OwnedMutexGuard, oneshot};

use super::{EVENT_LOCKS, Events};
use crate::domain::meta::{MetaLimit, TAGS_MAX};
use crate::domain::{Event, EventId};
use crate::service::access::{Action, Caller};
use crate::service::error::{Error, Result};
use crate::store::{Change, StoreError};

impl Events {
    /// Sets tags of an event, or takes them away (`None`); one that is not there is no error.
    /// Returns the event as it is then, on disk.
    ///
    /// Calls for one event come one after the other: none overwrites another's tag.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], [`Error::MetaLimit`], and the store's.
    pub async fn edit_tags(
        &self,
        caller: &Caller,
        id: EventId,
        edits: Vec<(String, Option<String>)>,
    ) -> Result<Event> {
        if edits.len() > TAGS_MAX {
            return Err(MetaLimit::Tags.into());
        }
        let lock = self.lock(id).await;
        let mut event = self.visible(caller, Action::ChangeEvents, id).await?;
        let meta = event.meta.edited(&edits)?;
        if meta == event.meta {
            return Ok(event);
        }
        self.change_locked(vec![Change::Tags { id, edits }], vec![lock]).await?;
        self.live.updated(id);
        event.meta = meta;
        Ok(event)
    }

    pub(in crate::service) async fn lock(&self, id: EventId) -> OwnedMutexGuard<()> {
        let lock = &self.locks[usize::try_from(id.0).unwrap_or(0) % EVENT_LOCKS];
        Arc::clone(lock).lock_owned().await
    }

    /// Journals changes of events whose locks the caller holds. The locks are given back when the
    /// changes are on disk, even if the caller has gone: a later read waits for what is on disk.
    pub(in crate::service) async fn change_locked(
        &self,
        changes: Vec<Change>,
        locks: Vec<OwnedMutexGuard<()>>,
    ) -> Result<()> {
        let (told, tell) = oneshot::channel();
        self.core.store.submit(changes, move |outcome| {
            drop(locks);
            let _ = told.send(outcome);
        })?;
        match tell.await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(Error::StorageFailed(StoreError::Failed("the store has stopped".into()))),
        }
    }
}

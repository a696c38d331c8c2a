//! Deleting events: one, a few at once, many as a job.

use super::Events;
use super::read::query;
use crate::domain::event::BULK_MAX;
use crate::domain::filter::Filter;
use crate::domain::{CameraId, EventId};
use crate::service::access::{Action, Caller};
use crate::service::error::{Error, Result};
use crate::service::job::JobId;
use crate::store::{Change, Query, Selection};

/// Most events of one step of a large delete (operations.md 10).
const STEP: usize = 500;

/// What a bulk delete became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// So many are gone.
    Now(u64),
    /// A job deletes them.
    Job(JobId),
}

impl Events {
    /// Deletes one event: it is in no list, count or index when this returns.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], and the store's.
    pub async fn delete(&self, caller: &Caller, id: EventId) -> Result<()> {
        let lock = self.lock(id).await;
        self.visible(caller, Action::DeleteEvents, id).await?;
        self.change_locked(vec![Change::Delete { ids: vec![id] }], vec![lock]).await
    }

    /// Deletes what matches: at once up to 1,000 events, beyond that as a job.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`] for an empty filter, and the store's.
    pub async fn delete_many(&self, caller: &Caller, filter: &Filter) -> Result<Deleted> {
        caller.may(Action::DeleteEvents)?;
        if filter.is_empty() {
            return Err(Error::BadParameter("deleting every event needs a filter".to_owned()));
        }
        let Some(mut query) = query(caller, filter, &self.core.catalogue())? else {
            return Ok(Deleted::Now(0));
        };
        let counted = query.clone();
        let (total, newest) =
            self.core.read(move |tx| Ok((tx.count(&counted)?, tx.last_event()?))).await?;
        if total <= BULK_MAX as u64 {
            let ids = self.core.read(move |tx| Ok(tx.ids(&query, BULK_MAX)?)).await?;
            let count = ids.len() as u64;
            if count > 0 {
                self.change_locked(vec![Change::Delete { ids }], Vec::new()).await?;
            }
            return Ok(Deleted::Now(count));
        }
        // What arrives from now on stays.
        query.before_id = Some(query.before_id.unwrap_or(newest).min(newest));
        let events = self.clone();
        let job = self.jobs.start(caller.who, total, move |progress| {
            Box::pin(async move {
                while !progress.is_stopped() {
                    let step = query.clone();
                    let ids = events.core.read(move |tx| Ok(tx.ids(&step, STEP)?)).await?;
                    if ids.is_empty() {
                        break;
                    }
                    let count = ids.len() as u64;
                    events.change_locked(vec![Change::Delete { ids }], Vec::new()).await?;
                    progress.add(count);
                }
                Ok(())
            })
        });
        Ok(Deleted::Job(job))
    }

    /// Deletes every event of a camera, for `camera remove --purge`. Returns how many.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], and the store's.
    pub async fn purge(&self, caller: &Caller, camera: CameraId) -> Result<u64> {
        caller.may(Action::DeleteEvents)?;
        let mut count = 0;
        loop {
            let query = Query { selection: Selection::Cameras(vec![camera]), ..Query::all() };
            let ids: Vec<EventId> = self.core.read(move |tx| Ok(tx.ids(&query, STEP)?)).await?;
            if ids.is_empty() {
                return Ok(count);
            }
            count += ids.len() as u64;
            self.change_locked(vec![Change::Delete { ids }], Vec::new()).await?;
        }
    }
}

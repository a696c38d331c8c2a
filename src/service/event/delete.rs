//! Deleting events: one, a few at once, many as a job.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedMutexGuard;

use super::Events;
use super::read::query;
use crate::domain::event::BULK_MAX;
use crate::domain::filter::{Filter, Page, Place};
use crate::domain::{Attachment, CameraId, EventId};
use crate::service::access::{Action, Caller};
use crate::service::audit::Act;
use crate::service::blocking;
use crate::service::camera::object;
use crate::service::error::{Error, Result};
use crate::service::job::JobId;
use crate::store::{Change, Query, Selection, StoreError, StoredEvent};

/// Most events of one step of a large delete (operations.md 10).
const STEP: usize = 500;

/// Shortest pause after a step of a large delete.
const PAUSE: Duration = Duration::from_millis(20);

/// Leaves the disk and the processor to others after a step of a large delete that began then: twice as
/// long as it took, or longer. p99 of creates is at most to double meanwhile (operations.md 10).
pub(in crate::service) async fn rest(began: Instant, at_least: Duration) {
    tokio::time::sleep(at_least.max(2 * began.elapsed())).await;
}

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
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], [`Error::EventHeld`], and the store's.
    pub async fn delete(&self, caller: &Caller, id: EventId) -> Result<()> {
        let lock = self.lock(id).await;
        let event = self.visible(caller, Action::DeleteEvents, id).await?;
        if self.core.read(move |tx| Ok(tx.hold(id)?)).await?.is_some() {
            return Err(Error::EventHeld(id));
        }
        self.delete_ids(vec![id], vec![lock]).await?;
        let detail = format!("{}, {}", object(event.camera), event.name);
        self.live.removed([(id, event.camera, event.name)]);
        let act = Act::on("events.delete", format!("event {}", id.0)).with(detail);
        self.core.note(Some(caller), act, "ok").await
    }

    /// Deletes the oldest events that match and come behind `after`, at most `limit`; those that are held
    /// stay. Returns how many, and where to go on if there may be more.
    async fn delete_step(
        &self,
        query: Query,
        limit: usize,
        after: Option<Place>,
    ) -> Result<(u64, Option<Place>)> {
        let page = Page { limit, after, total: Some(u64::MAX), ..Page::default() };
        let (mut rows, held) = self
            .core
            .read(move |tx| {
                let rows = tx.list(&query, &page)?.events;
                let ids: Vec<EventId> = rows.iter().map(|row| row.id).collect();
                let held = tx.held(&ids)?;
                Ok((rows, held))
            })
            .await?;
        let next = rows.last().map(|row| Place { time: row.order_time, id: row.id });
        rows.retain(|row| !held.contains(&row.id));
        if rows.is_empty() {
            return Ok((0, next));
        }
        let ids: Vec<EventId> = rows.iter().map(|row| row.id).collect();
        let gone = self.delete_ids(ids, Vec::new()).await?;
        rows.retain(|row| gone.contains(&row.id));
        let count = rows.len() as u64;
        let catalogue = self.core.catalogue();
        let name = |row: &StoredEvent| catalogue.type_name(row.event_type);
        self.live.removed(rows.iter().map(|row| (row.id, row.camera, name(row))));
        Ok((count, next))
    }

    /// Deletes events for retention. The live feed does not tell of each: what is as old as this has
    /// left every live list long ago. Returns how many are gone.
    pub(in crate::service) async fn delete_aged(&self, ids: Vec<EventId>) -> Result<u64> {
        Ok(self.delete_ids(ids, Vec::new()).await?.len() as u64)
    }

    /// Deletes events, then their files, and returns which are gone: a hold that came in between keeps its
    /// event. A file that stays, after a crash or an error, belongs to nobody: the next start removes it.
    async fn delete_ids(
        &self,
        mut ids: Vec<EventId>,
        locks: Vec<OwnedMutexGuard<()>>,
    ) -> Result<Vec<EventId>> {
        let store = self.core.store.clone();
        // Both are done even if the caller goes away.
        blocking(move || {
            let (told, tell) = mpsc::channel();
            store.submit(vec![Change::Delete { ids: ids.clone() }], move |outcome| {
                drop(locks);
                let _ = told.send(outcome);
            })?;
            let stopped = || StoreError::Failed("the store has stopped".to_owned());
            tell.recv().unwrap_or_else(|_| Err(stopped()))?;
            // What is still there was held when this was applied, whether or not it is held now.
            let kept = match store.read_with(|tx| tx.stored(&ids)) {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::warn!(%error, "the files of deleted events stay until the next start");
                    return Ok(ids);
                }
            };
            ids.retain(|id| !kept.contains(id));
            for &id in &ids {
                for of in Attachment::ALL {
                    if let Err(error) = store.attachments(of).remove(id) {
                        tracing::warn!(event.id = id.0, %error, "a file of a deleted event stays");
                    }
                }
            }
            Ok(ids)
        })
        .await
    }

    /// Deletes what matches but for what is held: at once up to 1,000 events, beyond that as a job.
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
            let (count, _) = self.delete_step(query, BULK_MAX, None).await?;
            if count > 0 {
                self.note_deleted(caller, count, filter.words()).await?;
            }
            return Ok(Deleted::Now(count));
        }
        // What arrives from now on stays.
        query.before_id = Some(query.before_id.unwrap_or(newest).min(newest));
        let events = self.clone();
        let (by, words) = (caller.clone(), filter.words());
        let act = Act::on("events.delete", format!("{total} events"));
        self.core.note(Some(caller), act.with(format!("begun: {words}")), "ok").await?;
        let job = self.jobs.start(caller.who, total, move |progress| {
            Box::pin(async move {
                let (mut deleted, mut after) = (0, None);
                let outcome = loop {
                    if progress.is_stopped() {
                        break Ok(());
                    }
                    let began = Instant::now();
                    match events.delete_step(query.clone(), STEP, after).await {
                        Ok((_, None)) => break Ok(()),
                        Ok((count, next)) => {
                            progress.add(count);
                            deleted += count;
                            after = next;
                            rest(began, PAUSE).await;
                        }
                        Err(error) => break Err(error),
                    }
                };
                events.note_deleted(&by, deleted, format!("ended: {words}")).await?;
                outcome
            })
        });
        Ok(Deleted::Job(job))
    }

    async fn note_deleted(&self, caller: &Caller, count: u64, detail: String) -> Result<()> {
        let act = Act::on("events.delete", format!("{count} events")).with(detail);
        self.core.note(Some(caller), act, "ok").await
    }

    /// Deletes every event of a camera that is not held, for `camera remove --purge`. Returns how many.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], and the store's.
    pub async fn purge(&self, caller: &Caller, camera: CameraId) -> Result<u64> {
        caller.may(Action::DeleteEvents)?;
        let (mut count, mut after) = (0, None);
        loop {
            let query = Query { selection: Selection::Cameras(vec![camera]), ..Query::all() };
            let began = Instant::now();
            let (step, next) = self.delete_step(query, STEP, after).await?;
            count += step;
            after = next;
            if after.is_none() {
                break;
            }
            rest(began, PAUSE).await;
        }
        if count > 0 {
            self.note_deleted(caller, count, object(camera)).await?;
        }
        Ok(count)
    }
}

//! What is done about files of events now and then: orphans go, those that did not come are given up.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Attachments, EXPECTED_FOR};
use crate::domain::{Attachment, EventId, FileState};
use crate::service::blocking;
use crate::service::error::Result;
use crate::store::check::Report;

/// Expected files of one kind that one pass looks at.
const EXPECTED_MAX: usize = 1_000;
/// Pause between two folders of the sweep.
const SWEEP_PAUSE: Duration = Duration::from_millis(20);

impl Attachments {
    /// Removes files that no event has, once after a start and step by step; then gives up files that
    /// were expected too long.
    ///
    /// # Errors
    /// The store's.
    pub async fn pass(&self) -> Result<()> {
        for of in Attachment::ALL {
            while self.sweep_step(of).await? {
                if self.core.stopping.load(Ordering::Relaxed) {
                    return Ok(());
                }
                tokio::time::sleep(SWEEP_PAUSE).await;
            }
        }
        for of in Attachment::ALL {
            self.give_up(of).await?;
        }
        Ok(())
    }

    /// Looks at one folder. `false` when none is left.
    async fn sweep_step(&self, of: Attachment) -> Result<bool> {
        let store = self.core.store.clone();
        let found = blocking(move || {
            let Some(ids) = store.attachments(of).sweep()? else { return Ok(None) };
            let Some((first, last)) = ids.first().zip(ids.last()) else { return Ok(Some(ids)) };
            let states = store.read_with(|tx| tx.attached(*first, *last))?;
            let is_kept = |id: &EventId| match states.get(id) {
                Some(row) => row.is_none_or(|row| row.state(of) == FileState::Ready),
                None => false,
            };
            Ok(Some(ids.into_iter().filter(|id| !is_kept(id)).collect()))
        });
        let Some(orphans) = found.await? else { return Ok(false) };
        for id in orphans {
            let lock = self.events.lock(id).await; // whoever brings it just now has finished then
            let store = self.core.store.clone();
            blocking(move || {
                let _lock = lock;
                let row = store.read_with(|tx| tx.event(id))?;
                if row.is_none_or(|row| row.attached.state(of) != FileState::Ready) {
                    store.attachments(of).remove(id)?;
                    tracing::info!(event.id = id.0, "removed a {} that no event has", of.noun());
                }
                Ok(())
            })
            .await?;
        }
        Ok(true)
    }

    async fn give_up(&self, of: Attachment) -> Result<()> {
        let expected = self.core.read(move |tx| Ok(tx.expected(of, EXPECTED_MAX)?)).await?;
        let now = self.core.clock.elapsed();
        let overdue: Vec<EventId> = {
            let mut deadlines = self.deadlines();
            deadlines.retain(|_, deadline| *deadline + EXPECTED_FOR > now);
            let mut overdue =
                |id: &EventId| *deadlines.entry((*id, of)).or_insert(now + EXPECTED_FOR) <= now;
            expected.into_iter().filter(|id| overdue(id)).collect()
        };
        for id in overdue {
            let lock = self.events.lock(id).await;
            let row = self.core.read(move |tx| Ok(tx.event(id)?)).await?;
            self.deadlines().remove(&(id, of));
            if row.is_some_and(|row| row.attached.state(of) == FileState::Expected) {
                self.turn(id, of, FileState::Failed, lock).await?;
            }
        }
        Ok(())
    }

    /// Reads everything and compares it, the events' files included, for `watchpost check`.
    ///
    /// # Errors
    /// The store's.
    pub async fn verify(&self) -> Result<Report> {
        let mut report = self.events.verify().await?;
        let store = self.core.store.clone();
        blocking(move || {
            store.check_attachments(&mut report)?;
            Ok(report)
        })
        .await
    }
}

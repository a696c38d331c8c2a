//! What is done about pictures now and then: orphans go, those that did not come are given up.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{EXPECTED_FOR, Pictures};
use crate::domain::{EventId, PictureState};
use crate::service::blocking;
use crate::service::error::Result;
use crate::store::Change;
use crate::store::check::Report;

/// Expected pictures that one pass looks at.
const EXPECTED_MAX: usize = 1_000;
/// Pause between two folders of the sweep.
const SWEEP_PAUSE: Duration = Duration::from_millis(20);

impl Pictures {
    /// Removes files that no event has, once after a start and step by step; then gives up pictures that
    /// were expected too long.
    ///
    /// # Errors
    /// The store's.
    pub async fn pass(&self) -> Result<()> {
        while self.sweep_step().await? {
            if self.core.stopping.load(Ordering::Relaxed) {
                return Ok(());
            }
            tokio::time::sleep(SWEEP_PAUSE).await;
        }
        self.give_up().await
    }

    /// Looks at one folder. `false` when none is left.
    async fn sweep_step(&self) -> Result<bool> {
        let store = self.core.store.clone();
        let found = blocking(move || {
            let Some(ids) = store.pictures().sweep()? else { return Ok(None) };
            let Some((first, last)) = ids.first().zip(ids.last()) else { return Ok(Some(ids)) };
            let states = store.read()?.picture_states(*first, *last)?;
            let is_kept = |id: &EventId| match states.get(id) {
                Some(state) => state.is_none_or(|state| state == PictureState::Ready),
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
                let row = store.read()?.event(id)?;
                if row.is_none_or(|row| row.picture != PictureState::Ready) {
                    store.pictures().remove(id)?;
                    tracing::info!(event.id = id.0, "removed a picture that no event has");
                }
                Ok(())
            })
            .await?;
        }
        Ok(true)
    }

    async fn give_up(&self) -> Result<()> {
        let expected = self.core.read(|tx| Ok(tx.expected_pictures(EXPECTED_MAX)?)).await?;
        let now = self.core.clock.elapsed();
        let overdue: Vec<EventId> = {
            let mut deadlines = self.deadlines();
            deadlines.retain(|_, deadline| *deadline + EXPECTED_FOR > now);
            let mut overdue =
                |id: &EventId| *deadlines.entry(*id).or_insert(now + EXPECTED_FOR) <= now;
            expected.into_iter().filter(|id| overdue(id)).collect()
        };
        for id in overdue {
            let lock = self.events.lock(id).await;
            let row = self.core.read(move |tx| Ok(tx.event(id)?)).await?;
            self.deadlines().remove(&id);
            if row.is_some_and(|row| row.picture == PictureState::Expected) {
                let state = PictureState::Failed;
                self.events.change_locked(vec![Change::Picture { id, state }], vec![lock]).await?;
                self.events.live().updated(id);
            }
        }
        Ok(())
    }

    /// Reads everything and compares it, pictures included, for `watchpost check`.
    ///
    /// # Errors
    /// The store's.
    pub async fn verify(&self) -> Result<Report> {
        let mut report = self.events.verify().await?;
        let store = self.core.store.clone();
        blocking(move || {
            store.check_pictures(&mut report)?;
            Ok(report)
        })
        .await
    }
}

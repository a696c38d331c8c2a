//! Holding events: what is held is not deleted, by nobody and nothing, until the hold is taken off.

use super::Events;
use crate::domain::{EventId, Hold};
use crate::service::access::{Action, Caller};
use crate::service::audit::{Act, By};
use crate::service::error::{Error, Result};

/// Most events that may be held.
const HOLDS_MAX: u64 = 100_000;
/// Most holds of one page.
pub const HOLDS_PAGE_MAX: usize = 1_000;

impl Events {
    /// Holds an event. One that is held stays as it is.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], [`Error::LimitReached`], and the store's.
    pub async fn hold(&self, caller: &Caller, id: EventId) -> Result<Hold> {
        self.visible(caller, Action::DeleteEvents, id).await?;
        let by = By::caller(Some(caller), &self.core().catalogue()).who;
        let hold = Hold { since: self.core().clock.now(), by };
        // Under the lock that a delete of this one event holds, so that one of the two comes first.
        let _lock = self.lock(id).await;
        self.visible(caller, Action::DeleteEvents, id).await?;
        let known = self.core().read(move |tx| Ok((tx.hold(id)?, tx.hold_count()?))).await?;
        if let (Some(hold), _) = known {
            return Ok(hold);
        }
        if known.1 >= HOLDS_MAX {
            return Err(Error::LimitReached("no more events can be held"));
        }
        let act = Act::on("events.hold", format!("event {}", id.0));
        let put = hold.clone();
        self.core().change_as(caller, act, move |tx, _| Ok(tx.put_hold(id, Some(&put))?)).await?;
        // A large delete may have taken it in between: it is not locked for that.
        let is_there = self.core().read(move |tx| Ok(tx.event(id)?.is_some())).await?;
        if !is_there {
            self.core().change(move |tx, _| Ok(tx.put_hold(id, None)?)).await?;
            return Err(Error::EventNotFound(id));
        }
        Ok(hold)
    }

    /// Takes the hold off an event, if there is one.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], and the store's.
    pub async fn release(&self, caller: &Caller, id: EventId) -> Result<()> {
        self.visible(caller, Action::DeleteEvents, id).await?;
        if self.core().read(move |tx| Ok(tx.hold(id)?)).await?.is_none() {
            return Ok(());
        }
        let act = Act::on("events.release", format!("event {}", id.0));
        self.core().change_as(caller, act, move |tx, _| Ok(tx.put_hold(id, None)?)).await?;
        Ok(())
    }

    /// The hold on an event, if there is one.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`], and the store's.
    pub async fn held(&self, caller: &Caller, id: EventId) -> Result<Option<Hold>> {
        self.visible(caller, Action::ReadEvents, id).await?;
        self.core().read(move |tx| Ok(tx.hold(id)?)).await
    }

    /// How many events are held in all, and held events by id, above `after`, at most `limit`.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], and the store's.
    pub async fn holds(
        &self,
        caller: &Caller,
        after: EventId,
        limit: usize,
    ) -> Result<(u64, Vec<(EventId, Hold)>)> {
        caller.may(Action::DeleteEvents)?;
        let limit = limit.clamp(1, HOLDS_PAGE_MAX);
        self.core().read(move |tx| Ok((tx.hold_count()?, tx.holds(after, limit)?))).await
    }
}

//! A caller's live feed: read by id from the store, with notices of what changed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use super::{Events, named, query};
use crate::domain::filter::{Filter, Page};
use crate::domain::{Event, EventId, Nonce};
use crate::service::access::{Action, Caller};
use crate::service::error::Result;
use crate::service::live::{Change, Place};
use crate::store::Query;

/// A feed that wants to resume further back than this many ids is told of a gap (product.md 6).
pub const RESUME_MAX: u64 = 100_000;
/// Rows looked at in one read.
const CHUNK: usize = 500;
/// Time before a read for a feed: what arrives meanwhile is read at once.
const PAUSE: Duration = Duration::from_millis(20);

/// One thing that a feed tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event that was stored.
    Stored(Event),
    /// An event, as it is after a change.
    Updated(Event),
    /// An event that is gone.
    Removed(EventId),
    /// Events that cannot be told of any more; the feed goes on behind them.
    Gap {
        /// First id left out.
        from: EventId,
        /// Last id left out.
        to: EventId,
        /// How many of them match and are still there.
        count: u64,
    },
    /// Nothing happened for as long as was asked for.
    Quiet,
}

/// A live feed of one caller.
#[derive(Debug)]
pub struct Feed {
    events: Events,
    caller: Caller,
    filter: Filter,
    /// Of the caller's token, as it was.
    nonce: Option<Nonce>,
    /// Everything up to this id has been told.
    after: EventId,
    ready: VecDeque<Item>,
    stored: watch::Receiver<u64>,
    changes: broadcast::Receiver<Change>,
    ended: watch::Receiver<bool>,
    /// Changes of cameras, credentials and sessions: the caller may hold no longer.
    settings: watch::Receiver<u64>,
    _place: Place,
}

impl Events {
    /// Opens a live feed of what matches: from now on, or everything after `after` without gap or
    /// repeat. Too old an id, or one that was never given, begins with [`Item::Gap`].
    ///
    /// # Errors
    /// `AccessDenied`, `OutOfScope`, `Overloaded`.
    pub async fn follow(
        &self,
        caller: &Caller,
        filter: Filter,
        after: Option<EventId>,
    ) -> Result<Feed> {
        caller.may(Action::ReadEvents)?;
        query(caller, &filter, &self.core().catalogue())?;
        let live = self.live();
        let place = live.admit(caller.who)?;
        let (stored, changes) = (live.watch_stored(), live.watch_changes());
        let ended = live.watch_end();
        let newest = self.core().read(|tx| Ok(tx.last_event()?)).await?;
        let mut feed = Feed {
            events: self.clone(),
            nonce: self.core().nonce(caller),
            caller: caller.clone(),
            filter,
            after: after.unwrap_or(newest),
            ready: VecDeque::new(),
            stored,
            changes,
            ended,
            settings: self.core().changes.subscribe(),
            _place: place,
        };
        if feed.after > newest || newest.0 - feed.after.0 > RESUME_MAX {
            let from = EventId(if feed.after > newest { 1 } else { feed.after.0 + 1 });
            let count = feed.count_between(from, newest).await?;
            feed.ready.push_back(Item::Gap { from, to: newest, count });
            feed.after = newest;
        }
        feed.stored.mark_changed(); // what was stored since the read of `newest`
        Ok(feed)
    }
}

impl Feed {
    /// The next item, or `None` when the feed ends: the server stops, the credential has ended, or
    /// the feed is too far behind to know all changes. Waits `quiet` at most.
    ///
    /// # Errors
    /// The store's.
    pub async fn next(&mut self, quiet: Duration) -> Result<Option<Item>> {
        loop {
            if *self.ended.borrow() || !self.holds() {
                return Ok(None);
            }
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            // Fair: under steady ingest events are always there, and changes must not wait for them.
            tokio::select! {
                _ = self.ended.changed() => {}
                _ = self.settings.changed() => {}
                changed = self.stored.changed() => {
                    if changed.is_err() {
                        return Ok(None);
                    }
                    tokio::time::sleep(PAUSE).await;
                    self.stored.mark_unchanged();
                    self.read().await?;
                }
                change = self.changes.recv() => match change {
                    Ok(change) => self.take(change).await?,
                    Err(_) => return Ok(None),
                },
                () = tokio::time::sleep(quiet) => return Ok(Some(Item::Quiet)),
            }
        }
    }

    /// Whether the credential that the feed was opened with still holds.
    fn holds(&self) -> bool {
        let (core, caller) = (self.events.core(), &self.caller);
        let rotated = self.nonce.is_some_and(|nonce| core.is_rotated_away(caller, nonce));
        core.holds(caller) && !rotated
    }

    /// Reads the next new events. Looks again later if there may be more.
    async fn read(&mut self) -> Result<()> {
        let Some(query) = self.query()? else { return Ok(()) };
        let after = self.after;
        let catalogue = self.events.core().catalogue();
        let (events, seen, more) = self
            .events
            .core()
            .read(move |tx| {
                let newest = tx.last_event()?;
                let (rows, next) = tx.by_id(&query, after, CHUNK)?;
                let events: Vec<Event> =
                    rows.into_iter().map(|row| named(&catalogue, row)).collect();
                Ok((events, next.unwrap_or(newest.max(after)), next.is_some()))
            })
            .await?;
        self.after = seen;
        self.ready.extend(events.into_iter().map(Item::Stored));
        if more {
            self.stored.mark_changed();
        }
        Ok(())
    }

    async fn take(&mut self, change: Change) -> Result<()> {
        match change {
            // An event that has not been told of yet will come as it is then.
            Change::Updated(id) if id <= self.after => {
                let Some(query) = self.query()? else { return Ok(()) };
                let query = Query { ids: vec![id], ..query };
                let catalogue = self.events.core().catalogue();
                let page = Page { limit: 1, ..Page::default() };
                let rows = self.events.core().read(move |tx| Ok(tx.list(&query, &page)?)).await?;
                let events = rows.events.into_iter().map(|row| named(&catalogue, row));
                self.ready.extend(events.map(Item::Updated));
            }
            Change::Removed(id, camera, name) if id <= self.after => {
                let filter = &self.filter;
                let camera_matches = filter.cameras.is_empty() || filter.cameras.contains(&camera);
                let name_matches = filter.names.is_empty() && filter.aliases.is_empty()
                    || filter.names.iter().any(|wanted| **wanted == *name);
                if self.caller.covers(camera) && camera_matches && name_matches {
                    self.ready.push_back(Item::Removed(id));
                }
            }
            Change::Updated(_) | Change::Removed(..) => {}
        }
        Ok(())
    }

    async fn count_between(&self, from: EventId, to: EventId) -> Result<u64> {
        let Some(query) = self.query()? else { return Ok(0) };
        let after_id = Some(EventId(from.0.saturating_sub(1)));
        let query = Query { after_id, before_id: Some(to), ..query };
        self.events.core().read(move |tx| Ok(tx.count(&query)?)).await
    }

    fn query(&self) -> Result<Option<Query>> {
        query(&self.caller, &self.filter, &self.events.core().catalogue())
    }
}

//! What live feeds hang on: notices of what was stored, changed and deleted, and their number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{broadcast, watch};

use super::access::Who;
use super::error::{Error, Result};
use crate::domain::{CameraId, EventId};

/// Most feeds at once, and of one credential (operations.md 3).
pub const FEEDS_MAX: usize = 256;
/// See [`FEEDS_MAX`].
pub const FEEDS_PER_CREDENTIAL_MAX: usize = 32;
/// Changes that a feed may be behind before it is ended.
const CHANGES_KEPT: usize = 4_096;

/// What happened to an event that had been told of before.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Updated(EventId),
    Removed(EventId, CameraId, Arc<str>),
}

/// What all feeds hang on.
#[derive(Clone, Debug)]
pub(super) struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Counts writes, so that feeds look for new events.
    stored: watch::Sender<u64>,
    changes: broadcast::Sender<Change>,
    ended: watch::Sender<bool>,
    open: Mutex<HashMap<Who, usize>>,
}

impl Live {
    pub fn new() -> Self {
        let open = Mutex::default();
        Self(Arc::new(Inner {
            stored: watch::Sender::new(0),
            changes: broadcast::Sender::new(CHANGES_KEPT),
            ended: watch::Sender::new(false),
            open,
        }))
    }

    /// Events were stored.
    pub fn stored(&self) {
        self.0.stored.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// An event's tags or picture changed.
    pub fn updated(&self, id: EventId) {
        let _ = self.0.changes.send(Change::Updated(id)); // nobody may listen
    }

    /// Events are gone.
    pub fn removed(&self, events: impl IntoIterator<Item = (EventId, CameraId, Arc<str>)>) {
        for (id, camera, name) in events {
            let _ = self.0.changes.send(Change::Removed(id, camera, name));
        }
    }

    /// Tells that events were stored.
    pub fn watch_stored(&self) -> watch::Receiver<u64> {
        self.0.stored.subscribe()
    }

    /// Tells of changes.
    pub fn watch_changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// Tells of the end.
    pub fn watch_end(&self) -> watch::Receiver<bool> {
        self.0.ended.subscribe()
    }

    /// Ends every feed.
    pub fn end(&self) {
        self.0.ended.send_replace(true);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.0.open.lock().expect("nothing panics while it is held")
    }

    /// How many feeds are open.
    pub fn count(&self) -> usize {
        self.lock().values().sum()
    }

    /// A place for one more feed of this credential.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub fn admit(&self, who: Who) -> Result<Place> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= FEEDS_MAX {
            return Err(Error::Overloaded("too many live feeds are open"));
        }
        let own = open.entry(who).or_default();
        if *own >= FEEDS_PER_CREDENTIAL_MAX {
            return Err(Error::Overloaded("too many live feeds of this credential are open"));
        }
        *own += 1;
        Ok(Place { live: self.clone(), who })
    }
}

/// A feed's place among the open ones, until dropped.
#[derive(Debug)]
pub(super) struct Place {
    live: Live,
    who: Who,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.live.lock();
        if let Some(own) = open.get_mut(&self.who) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_limited_in_all_and_by_credential() {
        let live = Live::new();
        let mut places = Vec::new();
        for key in 0..8 {
            for _ in 0..FEEDS_PER_CREDENTIAL_MAX {
                places.push(live.admit(Who::Key(key)).unwrap());
            }
            assert!(live.admit(Who::Key(key)).is_err());
        }
        assert_eq!((places.len(), live.count()), (FEEDS_MAX, FEEDS_MAX));
        assert!(live.admit(Who::Key(8)).is_err());
        places.pop();
        assert!(live.admit(Who::Key(8)).is_ok());
    }
}

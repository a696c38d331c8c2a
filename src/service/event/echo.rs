//! Waits for the event that a camera raises after it was asked to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use super::{Events, query};
use crate::domain::filter::Filter;
use crate::domain::{CameraId, EventId};
use crate::service::access::Caller;
use crate::service::error::{Error, Result};

/// Rows looked at in one read.
const CHUNK: usize = 500;
/// Most who wait at once, and for one camera: each looks at everything that is stored meanwhile.
const WAITERS_MAX: usize = 256;
/// See [`WAITERS_MAX`].
const WAITERS_PER_CAMERA_MAX: usize = 32;
/// Time before a look: what arrives meanwhile is read at once.
const PAUSE: Duration = Duration::from_millis(10);
/// Taken events that are remembered: more than can come while anybody waits for one camera's.
const TAKEN_KEPT: usize = 4_096;

/// Who waits for which event. Clones share it.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Echoes(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    /// Those who wait, in the order in which they began.
    waiters: BTreeMap<u64, Wanted>,
    taken: BTreeSet<EventId>,
}

/// The event that somebody waits for.
#[derive(Debug)]
struct Wanted {
    camera: CameraId,
    name: String,
    /// It comes after this one.
    after: EventId,
    found: Option<EventId>,
}

/// A place among those who wait, until dropped. Made before the device is asked: its event may come before
/// its answer.
#[derive(Debug)]
pub(in crate::service) struct Waiter {
    echoes: Echoes,
    number: u64,
    camera: CameraId,
    name: String,
    /// Read up to here.
    after: EventId,
}

impl Echoes {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("nothing panics while it is held")
    }

    fn begin(&self, camera: CameraId, name: String, after: EventId) -> Result<Waiter> {
        let mut waiting = self.lock();
        let of_camera = waiting.waiters.values().filter(|one| one.camera == camera).count();
        if waiting.waiters.len() >= WAITERS_MAX || of_camera >= WAITERS_PER_CAMERA_MAX {
            return Err(Error::Overloaded("too many triggers wait for their events"));
        }
        waiting.last += 1;
        let number = waiting.last;
        let wanted = Wanted { camera, name: name.clone(), after, found: None };
        waiting.waiters.insert(number, wanted);
        Ok(Waiter { echoes: self.clone(), number, camera, name, after })
    }
}

impl Waiter {
    /// Gives each of `events`, which are like its own, to whoever waits for such a one for longest and has none
    /// yet. Returns what this waiter has, by this reading or another waiter's.
    fn share(&self, events: &[EventId]) -> Option<EventId> {
        let mut waiting = self.echoes.lock();
        let Waiting { waiters, taken, .. } = &mut *waiting;
        for event in events {
            let first = waiters.values_mut().find(|one| {
                let is_like = one.camera == self.camera && one.name == self.name;
                is_like && one.found.is_none() && one.after < *event
            });
            if let Some(first) = first
                && taken.insert(*event)
            {
                first.found = Some(*event);
            }
        }
        while taken.len() > TAKEN_KEPT {
            taken.pop_first();
        }
        waiters.get(&self.number)?.found
    }

    /// Waits no longer. Returns what it was given meanwhile.
    fn end(self) -> Option<EventId> {
        self.echoes.lock().waiters.remove(&self.number)?.found
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.echoes.lock().waiters.remove(&self.number);
    }
}

impl Events {
    /// Begins to wait for an event of `camera` named `name` that is stored from now on.
    ///
    /// # Errors
    /// [`Error::Overloaded`], and the store's.
    pub(in crate::service) async fn expect_echo(
        &self,
        echoes: &Echoes,
        camera: CameraId,
        name: String,
    ) -> Result<Waiter> {
        let newest = self.core.read(|tx| Ok(tx.last_event()?)).await?;
        echoes.begin(camera, name, newest)
    }

    /// The first event that `waiter` waits for and nobody else has; none until `deadline`.
    ///
    /// Cost: the rows that are stored meanwhile, each once.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::service) async fn echo(
        &self,
        mut waiter: Waiter,
        deadline: Instant,
    ) -> Result<Option<EventId>> {
        let mut stored = self.live.watch_stored();
        let mut ended = self.live.watch_end();
        loop {
            stored.mark_unchanged();
            loop {
                let (events, is_end) = self.look(&mut waiter).await?;
                if let Some(found) = waiter.share(&events) {
                    return Ok(Some(found));
                }
                if is_end {
                    break;
                }
            }
            tokio::select! {
                _ = stored.changed() => {}
                _ = ended.wait_for(|ended| *ended) => return Ok(waiter.end()),
                () = tokio::time::sleep_until(deadline) => return Ok(waiter.end()),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads on: events like the one waited for, oldest first, and whether these are all for now.
    async fn look(&self, waiter: &mut Waiter) -> Result<(Vec<EventId>, bool)> {
        let filter = Filter {
            cameras: vec![waiter.camera],
            names: vec![waiter.name.clone()],
            ..Filter::default()
        };
        let catalogue = self.core.catalogue();
        let Some(query) = query(&Caller::local(), &filter, &catalogue)? else {
            return Ok((Vec::new(), true));
        };
        let after = waiter.after;
        let (rows, newest, next) = self
            .core
            .read(move |tx| {
                let newest = tx.last_event()?;
                let (rows, next) = tx.by_id(&query, after, CHUNK)?;
                Ok((rows, newest, next))
            })
            .await?;
        waiter.after = next.unwrap_or(newest.max(after));
        Ok((rows.iter().map(|row| row.id).collect(), next.is_none()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_for_whoever_waits_longest() {
        let echoes = Echoes::default();
        let begin =
            |camera, name: &str| echoes.begin(CameraId(camera), name.into(), EventId(0)).unwrap();
        let (first, second, other) = (begin(1, "door"), begin(1, "door"), begin(1, "gate"));
        assert_eq!(other.share(&[EventId(4)]), Some(EventId(4)), "nobody else waits for its like");
        assert_eq!(second.share(&[EventId(5)]), None, "it is the first one's");
        assert_eq!(first.share(&[EventId(5)]), Some(EventId(5)));
        drop(first);
        assert_eq!(second.share(&[EventId(5)]), None, "it was taken");
        assert_eq!(second.share(&[EventId(6)]), Some(EventId(6)));
    }

    #[test]
    fn whoever_reads_first_leaves_the_others_theirs() {
        let echoes = Echoes::default();
        let begin = |after| echoes.begin(CameraId(1), "door".into(), EventId(after)).unwrap();
        let (older, younger, late) = (begin(0), begin(0), begin(6));
        assert_eq!(younger.share(&[EventId(5), EventId(6)]), Some(EventId(6)));
        assert_eq!(late.share(&[EventId(6)]), None, "it was there before");
        assert_eq!(older.share(&[]), Some(EventId(5)));
        assert_eq!(younger.share(&[EventId(5), EventId(6), EventId(7)]), Some(EventId(6)));
        assert_eq!(late.end(), Some(EventId(7)), "read by another one");
        assert_eq!(older.end(), Some(EventId(5)));
    }

    #[test]
    fn those_who_wait_are_limited_in_all_and_by_camera() {
        let echoes = Echoes::default();
        let begin = |camera| echoes.begin(CameraId(camera), "door".into(), EventId(0));
        let mut waiters = Vec::new();
        for camera in 0..8 {
            for _ in 0..WAITERS_PER_CAMERA_MAX {
                waiters.push(begin(camera).unwrap());
            }
            assert!(begin(camera).is_err());
        }
        assert_eq!(waiters.len(), WAITERS_MAX);
        assert!(begin(8).is_err());
        waiters.pop();
        assert!(begin(8).is_ok());
    }
}

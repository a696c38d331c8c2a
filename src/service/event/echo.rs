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
    waiters: BTreeMap<u64, (CameraId, String)>,
    taken: BTreeSet<EventId>,
}

/// A place among those who wait, until dropped. Made before the device is asked: its event may come before
/// its answer.
#[derive(Debug)]
pub(in crate::service) struct Waiter {
    echoes: Echoes,
    number: u64,
    camera: CameraId,
    name: String,
    after: EventId,
}

impl Echoes {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("nothing panics while it is held")
    }

    fn begin(&self, camera: CameraId, name: String, after: EventId) -> Result<Waiter> {
        let mut waiting = self.lock();
        let of_camera = waiting.waiters.values().filter(|(known, _)| *known == camera).count();
        if waiting.waiters.len() >= WAITERS_MAX || of_camera >= WAITERS_PER_CAMERA_MAX {
            return Err(Error::Overloaded("too many triggers wait for their events"));
        }
        waiting.last += 1;
        let number = waiting.last;
        waiting.waiters.insert(number, (camera, name.clone()));
        Ok(Waiter { echoes: self.clone(), number, camera, name, after })
    }
}

impl Waiter {
    /// Takes `event` if nobody has it and nobody waits for the like of it for longer.
    fn takes(&self, event: EventId) -> bool {
        let mut waiting = self.echoes.lock();
        let is_like =
            |(camera, name): &(CameraId, String)| *camera == self.camera && *name == self.name;
        let is_first = !waiting.waiters.range(..self.number).any(|(_, waiter)| is_like(waiter));
        if !is_first || !waiting.taken.insert(event) {
            return false;
        }
        if waiting.taken.len() > TAKEN_KEPT {
            waiting.taken.pop_first();
        }
        true
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
            while let Some(more) = self.look(&mut waiter).await? {
                if let Some(found) = more {
                    return Ok(Some(found));
                }
            }
            tokio::select! {
                _ = stored.changed() => {}
                _ = ended.wait_for(|ended| *ended) => return Ok(None),
                () = tokio::time::sleep_until(deadline) => return Ok(None),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads on: what it found if there may be more, or nothing at the end.
    async fn look(&self, waiter: &mut Waiter) -> Result<Option<Option<EventId>>> {
        let filter = Filter {
            cameras: vec![waiter.camera],
            names: vec![waiter.name.clone()],
            ..Filter::default()
        };
        let catalogue = self.core.catalogue();
        let Some(query) = query(&Caller::local(), &filter, &catalogue)? else { return Ok(None) };
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
        let found = rows.iter().map(|row| row.id).find(|id| waiter.takes(*id));
        Ok(if found.is_some() || next.is_some() { Some(found) } else { None })
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
        assert!(other.takes(EventId(4)), "nobody else waits for its like");
        assert!(!second.takes(EventId(5)), "it is the first one's");
        assert!(first.takes(EventId(5)) && !first.takes(EventId(5)));
        drop(first);
        assert!(!second.takes(EventId(5)) && second.takes(EventId(6)));
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

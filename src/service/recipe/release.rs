//! Sets back what was forced on, when its time is over; also after a restart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::vendor;
use super::{Recipes, aside};
use crate::domain::recipe::{Release, Undo};
use crate::domain::{CameraId, EventTypeId, Timestamp};
use crate::service::audit::Act;
use crate::service::camera::object;

/// How often a device is asked to set something back: about four minutes with the pauses.
const TRIES_MAX: u32 = 10;

/// The camera and the type that is held.
type Key = (CameraId, EventTypeId);

/// What is held at the moment, as on disk. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Releases(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    held: Mutex<HashMap<Key, Entry>>,
    changed: Notify,
}

#[derive(Clone, Debug)]
struct Entry {
    release: Release,
    due: Instant,
    tries: u32,
    /// A task is at it.
    at_it: bool,
}

impl Releases {
    /// What was held when the server ended. It is not held longer than was asked for, even if the clock was
    /// set meanwhile.
    pub fn new(held: Vec<Release>, now: Timestamp) -> Self {
        let releases = Self::default();
        for release in held {
            releases.resume(release, now);
        }
        releases
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.0.held.lock().expect("nothing panics while it is held")
    }

    fn put(&self, release: Release, left: Duration) {
        let key = (release.camera, release.event_type);
        let due = Instant::now() + left;
        self.lock().insert(key, Entry { release, due, tries: 0, at_it: false });
        self.0.changed.notify_one();
    }

    /// Holds it for its whole time from now on.
    pub fn hold(&self, release: Release) {
        let left = Duration::from_millis(release.hold_ms.into());
        self.put(release, left);
    }

    /// Holds it for what is left of its time.
    pub fn resume(&self, release: Release, now: Timestamp) {
        let left = left(&release, now);
        self.put(release, left);
    }

    /// What is held of a type.
    pub fn get(&self, camera: CameraId, event_type: EventTypeId) -> Option<Release> {
        self.lock().get(&(camera, event_type)).map(|entry| entry.release.clone())
    }

    /// It is not held any more.
    pub fn forget(&self, camera: CameraId, event_type: EventTypeId) {
        self.lock().remove(&(camera, event_type));
    }

    /// What is due, each marked as taken on; and when the next one is.
    fn due(&self) -> (Vec<Key>, Option<Instant>) {
        let now = Instant::now();
        let (mut due, mut next) = (Vec::new(), None);
        for (key, entry) in self.lock().iter_mut().filter(|(_, entry)| !entry.at_it) {
            if entry.due <= now {
                entry.at_it = true;
                due.push(*key);
            } else {
                next = Some(next.map_or(entry.due, |next: Instant| next.min(entry.due)));
            }
        }
        (due, next)
    }

    /// What is to be done for `key` now that it is the camera's turn; nothing if it was triggered again
    /// meanwhile, or is no longer held.
    fn take_on(&self, key: Key) -> Option<Undo> {
        let mut held = self.lock();
        let entry = held.get_mut(&key)?;
        if entry.due > Instant::now() {
            entry.at_it = false;
            drop(held);
            self.0.changed.notify_one();
            return None;
        }
        Some(entry.release.undo.clone())
    }

    /// Whether it has been tried as often as it is, and was not triggered again since.
    fn is_given_up(&self, key: Key) -> bool {
        self.lock().get(&key).is_some_and(|entry| entry.tries >= TRIES_MAX)
    }

    /// It did not work. Says whether it will be tried again. What was triggered again meanwhile is held for its
    /// whole time: that is another one, which nobody is at yet.
    fn failed(&self, key: Key, pause: Duration) -> bool {
        let mut held = self.lock();
        let Some(entry) = held.get_mut(&key).filter(|entry| entry.at_it) else { return true };
        entry.tries += 1;
        if entry.tries >= TRIES_MAX {
            return false;
        }
        entry.due = Instant::now() + pause * (1 << (entry.tries - 1).min(5));
        entry.at_it = false;
        drop(held);
        self.0.changed.notify_one();
        true
    }
}

/// How much longer something is held: not longer than was asked for, whatever was done to the clock.
fn left(release: &Release, now: Timestamp) -> Duration {
    let most = Duration::from_millis(release.hold_ms.into());
    let left_us = u64::try_from(release.due_us.saturating_sub(now.0)).unwrap_or(0);
    Duration::from_micros(left_us).min(most)
}

impl Recipes {
    /// Sets back whatever is due. Does not end; may be dropped at any time.
    pub async fn run_releases(&self) {
        loop {
            let (due, next) = self.releases.due();
            for key in due {
                // Cameras do not wait for each other. What the end of the server cuts off is on disk.
                drop(aside(self.clone().release(key)));
            }
            let until_next = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = until_next => {}
                () = self.releases.0.changed.notified() => {}
            }
        }
    }

    async fn release(self, key: Key) {
        let (camera, event_type) = key;
        let name = self.core.catalogue().type_name(event_type);
        let outcome = match self.devices.turn(camera).await {
            Ok(turn) => {
                let Some(undo) = self.releases.take_on(key) else { return };
                let now = self.core.clock.now();
                let outcome = vendor::carry_out(&turn, &(&undo).into(), now).await;
                if outcome.is_ok() {
                    // Still its turn: nobody can have triggered it again.
                    self.done(key).await;
                }
                outcome
            }
            Err(failure) => Err(failure),
        };
        let Err(failure) = outcome else { return };
        let is_gone = self.core.catalogue().camera(camera).is_none();
        // The first pause is a fifth of the time of a command: 1 s, up to 32 s.
        if !is_gone && self.releases.failed(key, self.devices.within() / 5) {
            tracing::warn!(camera.id = camera.0, event.name = %name, %failure, "what a trigger forced on is not set back yet");
            return;
        }
        tracing::error!(camera.id = camera.0, event.name = %name, %failure, "what a trigger forced on could not be set back; look at the device");
        let told = Act::on("event.release", object(camera)).with(format!("{name}: {failure}"));
        if let Err(error) = self.core.note(None, told, "failed").await {
            tracing::warn!(%error, "the audit trail does not tell of it");
        }
        if is_gone || self.releases.is_given_up(key) {
            self.done(key).await;
        }
    }

    /// Forgets what is held, on disk too. If that fails, it is set back once more after the next start.
    async fn done(&self, key: Key) {
        let (camera, event_type) = key;
        self.releases.forget(camera, event_type);
        let forgotten =
            self.core.change(move |tx, _| Ok(tx.remove_release(camera, event_type)?)).await;
        if let Err(error) = forgotten {
            tracing::warn!(camera.id = camera.0, %error, "a release stays on disk");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recipe::Output;

    fn release(due_us: i64) -> Release {
        Release {
            camera: CameraId(1),
            event_type: EventTypeId(2),
            undo: Undo::Output(Output::DahuaOutput { output: 1 }),
            due_us,
            hold_ms: 5_000,
        }
    }

    /// Lets the time of everything that is held pass.
    fn pass(releases: &Releases) {
        releases.lock().values_mut().for_each(|entry| entry.due = Instant::now());
    }

    #[test]
    fn nothing_is_held_longer_than_asked_for_whatever_the_clock_says() {
        for (due_us, left_ms) in [(0, 0), (11_000_000, 1_000), (900_000_000, 5_000)] {
            let found = left(&release(due_us), Timestamp(10_000_000));
            assert_eq!(found, Duration::from_millis(left_ms), "{due_us}");
        }
    }

    #[test]
    fn a_device_is_asked_ten_times() {
        let key = (CameraId(1), EventTypeId(2));
        let releases = Releases::new(vec![release(0)], Timestamp(0));
        for tries in 1..TRIES_MAX {
            let (due, next) = releases.due();
            assert!(due == [key] && next.is_none(), "{tries}");
            assert!(releases.take_on(key).is_some());
            assert!(releases.failed(key, Duration::from_hours(1)), "{tries}");
            assert!(releases.due().0.is_empty(), "there is a pause");
            pass(&releases);
        }
        assert_eq!(releases.due().0, [key]);
        assert!(!releases.failed(key, Duration::from_secs(1)));
    }

    #[test]
    fn what_is_triggered_again_is_held_again() {
        let key = (CameraId(1), EventTypeId(2));
        let releases = Releases::new(vec![release(0)], Timestamp(0));
        assert_eq!(releases.due().0, [key]);
        releases.hold(release(0)); // in its turn, before the release has its own
        assert_eq!(releases.take_on(key), None);
        pass(&releases);
        assert_eq!(releases.due().0, [key]);
        assert!(releases.take_on(key).is_some());
    }

    #[test]
    fn a_release_that_fails_does_not_shorten_what_is_held_since() {
        let key = (CameraId(1), EventTypeId(2));
        let releases = Releases::new(vec![release(0)], Timestamp(0));
        assert_eq!(releases.due().0, [key]);
        assert!(releases.take_on(key).is_some());
        let again = Instant::now();
        releases.hold(release(0)); // after the release's turn, before it says how it went
        assert!(releases.failed(key, Duration::ZERO));
        let (due, next) = releases.due();
        assert!(due.is_empty() && next.unwrap() >= again + Duration::from_secs(5));
    }
}

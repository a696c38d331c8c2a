//! What waits for a picture from its camera: bounded for each camera and in all, and paused where a camera
//! does not give any.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use crate::domain::{CameraId, EventId};

/// Pictures of one camera that wait or are being fetched. Further ones are dropped: what happens in the
/// same moment has much the same picture.
const PER_CAMERA_MAX: usize = 2;
/// The same for all cameras together.
const WAITING_MAX: usize = 1_024;
/// Pause after a failure; it doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// How often a camera's failures are logged.
const LOG_EVERY: Duration = Duration::from_hours(1);

/// What a picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// An event that is stored.
    Event(EventId),
    /// An event of its own, to be stored with it.
    Period,
}

/// A picture that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub camera: CameraId,
    pub what: For,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Ask>,
    /// Waiting and being fetched.
    all: usize,
    cameras: HashMap<CameraId, Place>,
}

/// How it goes with one camera.
#[derive(Debug, Default)]
struct Place {
    asks: usize,
    failures: u32,
    paused_until: Duration,
    logged: Option<Duration>,
}

/// See the module. Clones share it. Times are those of `Clock::elapsed`.
#[derive(Clone, Debug, Default)]
pub struct Asks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Notify,
}

impl Asks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nothing panics while it is held")
    }

    /// Takes an ask in. `false` if there is no room for it, or its camera is paused.
    pub(super) fn push(&self, ask: Ask, now: Duration) -> bool {
        let mut state = self.state();
        let is_full = state.all >= WAITING_MAX;
        let place = state.cameras.entry(ask.camera).or_default();
        if is_full || place.asks >= PER_CAMERA_MAX || now < place.paused_until {
            return false;
        }
        place.asks += 1;
        state.all += 1;
        state.waiting.push_back(ask);
        self.0.wake.notify_one();
        true
    }

    /// The next ask, oldest first. May be dropped and called again.
    pub(super) async fn next(&self) -> Ask {
        loop {
            let next = self.state().waiting.pop_front();
            match next {
                Some(ask) => return ask,
                None => self.0.wake.notified().await,
            }
        }
    }

    /// An ask is over. Tells whether a failure is to be logged: the camera's first in an hour.
    pub(super) fn over(&self, camera: CameraId, is_well: bool, now: Duration) -> bool {
        let mut state = self.state();
        state.all = state.all.saturating_sub(1);
        let place = state.cameras.entry(camera).or_default();
        place.asks = place.asks.saturating_sub(1);
        if is_well {
            if place.asks == 0 {
                state.cameras.remove(&camera);
            } else {
                place.failures = 0;
            }
            return false;
        }
        let pause = PAUSE_MIN.saturating_mul(1 << place.failures.min(10)).min(PAUSE_MAX);
        place.failures = place.failures.saturating_add(1);
        place.paused_until = now + pause;
        let is_news = place.logged.is_none_or(|at| at + LOG_EVERY <= now);
        if is_news {
            place.logged = Some(now);
        }
        is_news
    }

    /// Forgets cameras that are gone.
    pub(super) fn keep(&self, is_there: impl Fn(CameraId) -> bool) {
        self.state().cameras.retain(|camera, place| place.asks > 0 || is_there(*camera));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn ask(camera: u32, event: u64) -> Ask {
        Ask { camera: CameraId(camera), what: For::Event(EventId(event)) }
    }

    #[tokio::test]
    async fn a_camera_has_two_and_the_others_go_on() {
        let asks = Asks::default();
        assert!(asks.push(ask(1, 1), second(0)) && asks.push(ask(1, 2), second(0)));
        assert!(!asks.push(ask(1, 3), second(0)), "a burst shares its pictures");
        assert!(asks.push(ask(2, 4), second(0)));
        assert_eq!(asks.next().await, ask(1, 1));
        assert!(!asks.push(ask(1, 5), second(0)), "one is being fetched, one waits");
        assert!(!asks.over(CameraId(1), true, second(1)));
        assert!(asks.push(ask(1, 6), second(1)));
        assert_eq!([asks.next().await, asks.next().await], [ask(1, 2), ask(2, 4)]);
    }

    #[tokio::test]
    async fn a_camera_that_gives_none_is_asked_less_and_less() {
        let asks = Asks::default();
        let mut now = second(0);
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(asks.push(ask(1, 1), now), "{now:?}");
            assert_eq!(asks.next().await, ask(1, 1));
            assert_eq!(asks.over(CameraId(1), false, now), now == second(0), "logged once");
            now += second(pause);
            assert!(!asks.push(ask(1, 1), now.saturating_sub(Duration::from_millis(1))));
        }
        assert!(asks.push(ask(1, 1), now));
        asks.next().await;
        assert!(asks.over(CameraId(1), false, second(4_000)), "an hour later");
        assert!(asks.push(ask(1, 1), second(4_060)));
        asks.over(CameraId(1), true, second(4_060));
        assert!(asks.push(ask(1, 1), second(4_060)), "one success makes all good");
    }
}

//! Pictures by the clock: the type `snapshot` with a period.

use std::collections::HashMap;
use std::sync::MutexGuard;
use std::time::Duration;

use super::{Ask, For, SNAPSHOT, Snapshots};
use crate::domain::filter::{Filter, Order, Page};
use crate::domain::{CameraId, Timestamp};
use crate::service::access::Caller;
use crate::service::error::Result;

/// When a camera's next picture is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    period: Duration,
    /// By `Clock::elapsed`.
    at: Duration,
}

impl Due {
    /// The first picture after a start, or after the period was changed: a period after the last event, so
    /// that restarts neither skip nor add any. One that should have been is due at once.
    fn first(period: Duration, last: Option<Timestamp>, now: Duration, wall: Timestamp) -> Self {
        let age_us = last.and_then(|last| u64::try_from(wall.0.saturating_sub(last.0)).ok());
        let age = age_us.map_or(period, Duration::from_micros);
        Self { period, at: now + period.saturating_sub(age) }
    }

    /// The one after this: what was missed is not made up for.
    fn next(self, now: Duration) -> Self {
        let at = self.at + self.period;
        Self { at: if at > now { at } else { now + self.period }, ..self }
    }
}

impl Snapshots {
    fn due(&self) -> MutexGuard<'_, HashMap<CameraId, Due>> {
        self.due.lock().expect("nothing panics while it is held")
    }

    /// Asks for the pictures that are due. To be called about once a second.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self) -> Result<()> {
        let catalogue = self.core.catalogue();
        let now = self.core.clock.elapsed();
        let mut wanted = Vec::new();
        for (camera, entry) in &catalogue.cameras {
            let is_on = entry.camera.enabled && entry.camera.device.snapshot_path.is_some();
            let period = entry.types.get(SNAPSHOT).map_or(0, |known| known.period);
            if is_on && period > 0 {
                wanted.push((*camera, Duration::from_secs(period.into())));
            }
        }
        self.due().retain(|camera, _| wanted.iter().any(|(wanted, _)| wanted == camera));
        self.asks.keep(|camera| catalogue.camera(camera).is_some());
        for (camera, period) in wanted {
            let known = self.due().get(&camera).copied().filter(|due| due.period == period);
            let mut due = if let Some(due) = known {
                due
            } else {
                let last = self.last(camera).await?;
                Due::first(period, last, now, self.core.clock.now())
            };
            if due.at <= now {
                self.core.ask_for_picture(&self.asks, Ask { camera, what: For::Period });
                due = due.next(now);
            }
            self.due().insert(camera, due);
        }
        Ok(())
    }

    /// When the camera's last picture of this kind was stored.
    async fn last(&self, camera: CameraId) -> Result<Option<Timestamp>> {
        let filter =
            Filter { cameras: vec![camera], names: vec![SNAPSHOT.to_owned()], ..Filter::default() };
        let page =
            Page { order: Order::Descending, limit: 1, total: Some(u64::MAX), ..Page::default() };
        let listed = self.attachments.events().list(&Caller::local(), &filter, page).await?;
        Ok(listed.events.first().map(|event| event.order_time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn periods_go_on_over_restarts_and_never_burst() {
        let wall = Timestamp(1_000_000_000);
        let ago = |s: i64| Some(Timestamp(wall.0 - s * 1_000_000));
        let first = |last| Due::first(second(60), last, second(5), wall).at;
        assert_eq!(first(None), second(5), "the first one comes at once");
        assert_eq!(first(ago(20)), second(45));
        assert_eq!(first(ago(60)), second(5));
        assert_eq!(first(ago(86_400)), second(5), "one, however long it was");
        assert_eq!(first(ago(-3_600)), second(5), "the clock was set back");
        let due = Due { period: second(60), at: second(100) };
        assert_eq!(due.next(second(101)).at, second(160), "no drift");
        assert_eq!(due.next(second(1_000)).at, second(1_060), "what was missed is not made up for");
    }
}

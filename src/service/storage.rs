//! What is stored, what it takes, and for how long the disk will do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Core;
use super::access::{Action, Caller};
use super::error::Result;
use crate::domain::time::{DAY_US, HOUR_US};
use crate::domain::{CameraId, EventTypeId, Timestamp};
use crate::store::{GroupBy, Query, ReadTx, RoomFigures, Selection, Sizes};

/// Days that the rate is taken from.
const RATE_DAYS: i64 = 7;
/// Largest database whose pages are looked at.
const PAGES_OF_MAX: u64 = 256 << 20;
/// How long what was found about them is good for, by MiB: an hour for the largest (operations.md 10).
const PAGES_FOR: Duration = Duration::from_secs(14);

/// A database that grew by half since is looked at again, by so many bytes at least.
const GROWN_MIN: u64 = 8 << 20;

/// A camera's or a type's share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share<T> {
    /// Whose.
    pub of: T,
    /// Its name.
    pub name: String,
    /// Events.
    pub count: u64,
    /// What they take, about.
    pub bytes: u64,
    /// First of them.
    pub oldest: Option<Timestamp>,
    /// Last of them.
    pub newest: Option<Timestamp>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageReport {
    /// Bytes on the disk.
    pub sizes: Sizes,
    /// Room below which events are refused.
    pub reserve: u64,
    /// Of the database's bytes, those that hold nothing now.
    pub free_inside: u64,
    /// Events.
    pub count: u64,
    /// First of them.
    pub oldest: Option<Timestamp>,
    /// Last of them.
    pub newest: Option<Timestamp>,
    /// What one takes, about.
    pub bytes_per_event: u64,
    /// Events a day, of the last week.
    pub rate_per_day: u64,
    /// Days of events that the disk holds at that rate.
    pub days_fit: Option<u64>,
    /// Days that events are kept, 0 = for ever.
    pub retention_days: u64,
    /// By camera, by id.
    pub by_camera: Vec<Share<CameraId>>,
    /// By event type, by name.
    pub by_type: Vec<Share<EventTypeId>>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Storage {
    core: Arc<Core>,
    pages: Arc<Mutex<Option<Looked>>>,
}

/// When the database's pages were looked at (elapsed time), how large it was, and how many bytes were in use;
/// `None` if that was not to be found out: then it is not tried again at once either.
type Looked = (Duration, u64, Option<u64>);

/// First and last time of some events.
type Extent = Option<(Timestamp, Timestamp)>;

/// What one reading of the tables finds.
struct Found {
    count: u64,
    extent: Extent,
    recent: u64,
    cameras: Vec<(u32, u64, Extent)>,
    types: Vec<(u32, u64, Extent)>,
}

impl Storage {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, pages: Arc::default() }
    }

    /// What is stored and what it takes.
    ///
    /// Cost: some reads per day and camera; now and then a look at every page of a small database.
    ///
    /// # Errors
    /// [`super::Error::AccessDenied`], and the store's.
    pub async fn report(&self, caller: &Caller) -> Result<StorageReport> {
        caller.may(Action::Manage)?;
        let now = self.core.clock.now();
        let found = self.core.read(move |tx| find(tx, now)).await?;
        let core = Arc::clone(&self.core);
        let sizes = super::blocking(move || Ok(core.store.sizes()?)).await?;
        let (storage, database) = (self.clone(), sizes.database);
        let used = super::blocking(move || Ok(storage.used(database))).await?;
        let free_inside = sizes.database.saturating_sub(used.unwrap_or(sizes.database));
        let stats = self.core.store.stats();
        let events_bytes = sizes.database - free_inside;
        let bytes_per_event = events_bytes.checked_div(found.count).unwrap_or(0);
        let (oldest, newest) = found.extent.unzip();
        let rate_per_day = rate(found.recent, oldest, now);
        let room = sizes.disk_free.saturating_sub(stats.min_free_bytes) + sizes.database;
        let catalogue = self.core.catalogue();
        let camera = |(id, count, extent): (u32, u64, Extent)| {
            let of = CameraId(id);
            let known = catalogue.camera(of).map(|entry| entry.camera.name.clone());
            let name = known.unwrap_or_else(|| format!("camera {id}"));
            share(of, name, count, extent, bytes_per_event)
        };
        let by_camera = found.cameras.into_iter().map(camera).collect();
        let kind = |(number, count, extent): (u32, u64, Extent)| {
            let of = EventTypeId(u16::try_from(number).unwrap_or_default());
            share(of, catalogue.type_name(of).to_string(), count, extent, bytes_per_event)
        };
        let mut by_type: Vec<_> = found.types.into_iter().map(kind).collect();
        by_type.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(StorageReport {
            sizes,
            reserve: stats.min_free_bytes,
            free_inside,
            count: found.count,
            oldest,
            newest,
            bytes_per_event,
            rate_per_day,
            days_fit: room.checked_div(rate_per_day.saturating_mul(bytes_per_event)),
            retention_days: catalogue.settings.retention_days(),
            by_camera,
            by_type,
        })
    }

    /// Room as it is now.
    ///
    /// # Errors
    /// [`super::Error::AccessDenied`].
    pub async fn room(&self, caller: &Caller) -> Result<RoomFigures> {
        caller.may(Action::Manage)?;
        let core = Arc::clone(&self.core);
        super::blocking(move || Ok(core.store.room())).await
    }

    /// Bytes of the database that are in use: known from a while ago, else looked at; `None` where that
    /// would take too long. Blocks.
    pub(super) fn used(&self, database: u64) -> Option<u64> {
        if database > PAGES_OF_MAX {
            return None;
        }
        let now = self.core.clock.elapsed();
        let good_for = PAGES_FOR * u32::try_from(database >> 20).unwrap_or(u32::MAX);
        let known = *self.pages.lock().expect("nothing panics while it is held");
        // What was found of a small database says little once it has grown.
        let is_good = |(at, size, _): &Looked| {
            now.saturating_sub(*at) < good_for && database < size + (size / 2).max(GROWN_MIN)
        };
        if let Some((.., used)) = known.filter(is_good) {
            return used;
        }
        let used = self.core.store.read_with(ReadTx::used_bytes);
        let used = used
            .inspect(|used| self.core.store.measured(*used))
            .inspect_err(|error| {
                tracing::warn!(%error, "cannot tell what is free inside the database");
            })
            .ok();
        *self.pages.lock().expect("nothing panics while it is held") = Some((now, database, used));
        used
    }
}

fn find(tx: &ReadTx, now: Timestamp) -> Result<Found> {
    let all = [i64::MIN, i64::MAX];
    let extent =
        |selection| Ok::<_, super::Error>(tx.extent(&Query { selection, ..Query::all() })?);
    let groups = |group| -> Result<BTreeMap<u32, u64>> {
        let histogram = tx.histogram(&Query::all(), &all, group)?;
        Ok(histogram.groups.into_iter().map(|(of, counts)| (of, counts.iter().sum())).collect())
    };
    let mut cameras = Vec::new();
    for (id, count) in groups(GroupBy::Camera)? {
        cameras.push((id, count, extent(Selection::Cameras(vec![CameraId(id)]))?));
    }
    let mut types = Vec::new();
    for (number, count) in groups(GroupBy::EventType)? {
        let of = EventTypeId(u16::try_from(number).unwrap_or_default());
        types.push((number, count, extent(Selection::Types(vec![of]))?));
    }
    let week = Query { start: Timestamp(now.0 - RATE_DAYS * DAY_US), end: now, ..Query::all() };
    Ok(Found {
        count: tx.count(&Query::all())?,
        extent: extent(Selection::All)?,
        recent: tx.count(&week)?,
        cameras,
        types,
    })
}

fn share<T>(of: T, name: String, count: u64, extent: Extent, bytes_per_event: u64) -> Share<T> {
    let (oldest, newest) = extent.unzip();
    Share { of, name, count, bytes: count * bytes_per_event, oldest, newest }
}

/// Events a day, of which `recent` lie in the last week; with less than an hour to go by, 0.
fn rate(recent: u64, oldest: Option<Timestamp>, now: Timestamp) -> u64 {
    let Some(oldest) = oldest else { return 0 };
    let span = (now.0 - oldest.0).min(RATE_DAYS * DAY_US);
    if span < HOUR_US {
        return 0;
    }
    let day = DAY_US.unsigned_abs();
    u64::try_from(u128::from(recent) * u128::from(day) / u128::from(span.unsigned_abs()))
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_a_week_or_of_what_there_is() {
        let now = Timestamp(100 * DAY_US);
        for (recent, age_us, expected) in [
            (700, 50 * DAY_US, 100),
            (50, DAY_US / 2, 100),
            (50, HOUR_US / 2, 0),
            (0, 50 * DAY_US, 0),
        ] {
            assert_eq!(rate(recent, Some(Timestamp(now.0 - age_us)), now), expected);
        }
        assert_eq!(rate(0, None, now), 0);
    }
}

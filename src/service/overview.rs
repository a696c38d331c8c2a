//! Cameras with how they do: last event, counts of the last day, clock, refusals, and one word for all.
//!
//! Asked for by pages every few seconds, for hundreds of cameras: counts come from counters, last
//! events from an index, and clocks are looked at once in a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::access::{Action, Caller};
use super::camera::Cameras;
use super::catalogue::CameraEntry;
use super::error::{Error, Result};
use super::refusals::Told;
use crate::domain::time::{DAY_US, MINUTE_US, QUARTER_US, SECOND_US};
use crate::domain::{CameraId, EventId, Timestamp};
use crate::store::{GroupBy, Query, ReadTx, Selection, StoredEvent};

/// Half hours of a sparkline: a day.
pub const SPARKLINE: u8 = 48;
/// Last events that a camera's clock is judged by.
pub const SKEW_SAMPLES: usize = 200;
/// Fewer than this many say nothing.
const SKEW_SAMPLES_MIN: usize = 5;
/// A clock that is further off than this is wrong.
const SKEW_MAX_US: i64 = MINUTE_US;
/// A clock that was looked at is not looked at again for so long.
const SKEW_KEPT: Duration = Duration::from_mins(1);
/// Clocks looked at for one list, 100,000 rows; of more cameras, the others have their turn in the next.
const SKEWS_PER_LIST: usize = 512;

/// How a camera does, in a word: the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is switched off.
    Disabled,
    /// Its agent is not connected, or it has none and never delivered an event.
    Offline,
    /// An event of it was refused in the last hour.
    Rejecting,
    /// Its clock is more than a minute off.
    Clock,
    /// Nothing has come for as long as its limit says.
    Quiet,
    /// None of these.
    Online,
}

/// The newest event of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEvent {
    /// Its id.
    pub id: EventId,
    /// Name of its type.
    pub name: Arc<str>,
    /// The sender's time.
    pub time: Timestamp,
}

/// How far a camera's clock is ahead (negative: behind), by its last events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    /// Median, in microseconds; `None` if too few events tell, or if they do not agree.
    pub median_us: Option<i64>,
    /// How many events were looked at.
    pub samples: usize,
}

/// A camera with how it does.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Its record and types.
    pub entry: Arc<CameraEntry>,
    /// In a word.
    pub status: Status,
    /// Its newest event.
    pub last_event: Option<LastEvent>,
    /// Events of the last 24 hours by half hours, oldest first. The last one ends at the next quarter
    /// of an hour: then they are sums of counters.
    pub sparkline: Vec<u64>,
    /// Its clock.
    pub skew: Skew,
    /// What was refused of it.
    pub refused: Told,
}

impl Overview {
    /// Events in the sparkline's day.
    pub fn count(&self) -> u64 {
        self.sparkline.iter().sum()
    }

    /// Whether it can be asked to raise an event of some type.
    pub fn can_trigger(&self) -> bool {
        self.entry.types.values().any(|known| self.entry.can_trigger(known))
    }
}

/// A camera, or what is left of one.
#[derive(Clone, Debug)]
pub enum Known {
    /// It is there.
    Here(Box<Overview>),
    /// It was removed; its name, empty if it was removed long ago.
    Removed(String),
}

impl Cameras {
    /// All cameras with how they do, by id.
    ///
    /// Cost per camera: a seek for each of its types, a row, and two or three counters; a few hundred
    /// rows more once in a minute.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] also for credentials of single cameras, and the store's.
    pub async fn overview(&self, caller: &Caller) -> Result<Vec<Overview>> {
        site_wide(caller)?;
        let entries = self.list(caller)?;
        self.look(entries, Selection::All).await
    }

    /// One camera with how it does.
    ///
    /// # Errors
    /// As [`Self::overview`]; [`Error::CameraNotFound`].
    pub async fn overview_of(&self, caller: &Caller, id: CameraId) -> Result<Known> {
        site_wide(caller)?;
        match self.get(caller, id) {
            Ok(entry) => {
                let mut one = self.look(vec![entry], Selection::Cameras(vec![id])).await?;
                Ok(Known::Here(Box::new(one.pop().ok_or(Error::CameraNotFound(id))?)))
            }
            Err(Error::CameraNotFound(id)) => {
                let removed = self.core().read(move |tx| Ok(tx.removed_camera(id)?)).await?;
                removed.map(Known::Removed).ok_or(Error::CameraNotFound(id))
            }
            Err(error) => Err(error),
        }
    }

    async fn look(
        &self,
        entries: Vec<Arc<CameraEntry>>,
        selection: Selection,
    ) -> Result<Vec<Overview>> {
        let core = Arc::clone(self.core());
        let now = core.clock.now();
        let catalogue = core.catalogue();
        self.core()
            .read(move |tx| {
                let ids: Vec<CameraId> = entries.iter().map(|entry| entry.camera.id).collect();
                let newest = tx.newest_events(&ids)?;
                let mut counts = half_hours(tx, selection, now)?;
                let skews = core.figures.skews.of(tx, &ids, &newest)?;
                let rows = entries.into_iter().zip(newest).zip(skews);
                Ok(rows
                    .map(|((entry, newest), skew)| {
                        let refused = core.figures.refusals.of(entry.camera.id, now);
                        let order_time = newest.as_ref().map(|event| event.order_time);
                        let counts = counts.remove(&entry.camera.id);
                        Overview {
                            status: status(&entry, order_time, skew, &refused, now),
                            last_event: newest.map(|event| LastEvent {
                                id: event.id,
                                name: catalogue.type_name(event.event_type),
                                time: event.time,
                            }),
                            sparkline: counts.unwrap_or_else(|| vec![0; SPARKLINE.into()]),
                            skew,
                            refused,
                            entry,
                        }
                    })
                    .collect())
            })
            .await
    }
}

/// Passes who may see the whole site: not the credentials of single cameras (operations.md 5.3).
pub(super) fn site_wide(caller: &Caller) -> Result<()> {
    caller.may(Action::ReadCameras)?;
    if caller.is_account_wide() {
        return Ok(());
    }
    Err(Error::AccessDenied("reading the site"))
}

/// Counts of the last 48 half hours by camera.
fn half_hours(
    tx: &ReadTx,
    selection: Selection,
    now: Timestamp,
) -> Result<HashMap<CameraId, Vec<u64>>> {
    let end = (now.0.div_euclid(QUARTER_US) + 1) * QUARTER_US;
    let bounds: Vec<i64> =
        (0..=i64::from(SPARKLINE)).map(|n| end - DAY_US + n * 2 * QUARTER_US).collect();
    let (start, end) = (Timestamp(end - DAY_US), Timestamp(end - 1));
    let query = Query { selection, start, end, ..Query::all() };
    let counted = tx.histogram(&query, &bounds, GroupBy::Camera)?;
    Ok(counted.groups.into_iter().map(|(camera, counts)| (CameraId(camera), counts)).collect())
}

fn status(
    entry: &CameraEntry,
    newest: Option<Timestamp>,
    skew: Skew,
    refused: &Told,
    now: Timestamp,
) -> Status {
    let camera = &entry.camera;
    let limit_us = match camera.quiet_after_s {
        0 => DAY_US,
        seconds => i64::from(seconds) * SECOND_US,
    };
    let is_here = entry.link.is_connected();
    match newest {
        _ if !camera.enabled => Status::Disabled,
        // A camera with an agent is there or not; any other is known by its events alone.
        newest if !is_here && (camera.agent.is_some() || newest.is_none()) => Status::Offline,
        _ if refused.recent => Status::Rejecting,
        _ if skew.median_us.is_some_and(|us| us.abs() > SKEW_MAX_US) => Status::Clock,
        Some(newest) if now.0 - newest.0 > limit_us => Status::Quiet,
        _ => Status::Online,
    }
}

impl Skew {
    /// Of events as time and arrival.
    ///
    /// A clock that is off is off alike on most events. Where half of them differ by more than a
    /// minute and a quarter of the median, they came late (a backlog, an import) and tell nothing.
    fn of(events: &[(Timestamp, Timestamp)]) -> Self {
        let mut ahead: Vec<i64> = events.iter().map(|(time, arrival)| time.0 - arrival.0).collect();
        ahead.sort_unstable();
        let samples = ahead.len();
        if samples < SKEW_SAMPLES_MIN {
            return Self { median_us: None, samples };
        }
        let median = ahead[samples / 2];
        let spread = ahead[samples * 3 / 4] - ahead[samples / 4];
        let agree = spread <= SKEW_MAX_US.max(median.abs() / 4);
        Self { median_us: agree.then_some(median), samples }
    }
}

/// What was found of a camera's clock, and when.
#[derive(Clone, Copy, Debug)]
struct Looked {
    at: Instant,
    newest: EventId,
    skew: Skew,
}

/// Clocks of cameras that exist, each looked at not more than once in a minute.
#[derive(Debug, Default)]
pub(super) struct Skews(Mutex<HashMap<CameraId, Looked>>);

impl Skews {
    fn lock(&self) -> MutexGuard<'_, HashMap<CameraId, Looked>> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// The clocks of `cameras`, whose newest events are `newest`.
    fn of(
        &self,
        tx: &ReadTx,
        cameras: &[CameraId],
        newest: &[Option<StoredEvent>],
    ) -> Result<Vec<Skew>> {
        let kept: Vec<Option<Looked>> = {
            let all = self.lock();
            cameras.iter().map(|camera| all.get(camera).copied()).collect()
        };
        // Those that were looked at longest ago, or never, come first.
        let mut due: Vec<usize> = (0..cameras.len())
            .filter(|at| is_due(kept[*at].as_ref(), newest[*at].as_ref().map(|event| event.id)))
            .collect();
        due.sort_by_key(|at| kept[*at].map(|looked| looked.at));
        due.truncate(SKEWS_PER_LIST);
        let known = |(looked, newest): (&Option<Looked>, &Option<StoredEvent>)| {
            looked.filter(|_| newest.is_some()).map_or_else(Skew::default, |looked| looked.skew)
        };
        let mut skews: Vec<Skew> = kept.iter().zip(newest).map(known).collect();
        for at in due {
            let Some(event) = &newest[at] else { continue };
            let skew = Skew::of(&tx.last_times(cameras[at], SKEW_SAMPLES)?);
            skews[at] = skew;
            let looked = Looked { at: Instant::now(), newest: event.id, skew };
            self.lock().insert(cameras[at], looked);
        }
        Ok(skews)
    }

    /// A camera is gone.
    pub fn forget(&self, camera: CameraId) {
        self.lock().remove(&camera);
    }
}

/// Whether a clock is to be looked at: there is something new, and either little to read or the last
/// look was a while ago.
fn is_due(kept: Option<&Looked>, newest: Option<EventId>) -> bool {
    match (kept, newest) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(looked), Some(newest)) => {
            let few = looked.skew.samples < SKEW_SAMPLES;
            looked.newest != newest && (few || looked.at.elapsed() >= SKEW_KEPT)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(ahead_s: &[i64]) -> Option<i64> {
        let events: Vec<_> =
            ahead_s.iter().map(|s| (Timestamp(s * SECOND_US), Timestamp(0))).collect();
        Skew::of(&events).median_us.map(|us| us / SECOND_US)
    }

    #[test]
    fn a_clock_is_judged_by_the_median() {
        assert_eq!(skew(&[90, 90, 91, 90]), None, "too few");
        assert_eq!(skew(&[90, 90, 91, 90, 92]), Some(90));
        assert_eq!(skew(&[0, 0, 0, 0, -7_200]), Some(0), "one came late");
        assert_eq!(skew(&[-86_400; 5]), Some(-86_400));
        let import: Vec<i64> = (0..200).map(|n| -n * 400).collect();
        assert_eq!(skew(&import), None, "a day's events at once are no clock");
    }

    #[test]
    fn a_clock_is_looked_at_when_there_is_something_new() {
        let looked = |samples, age| Looked {
            at: Instant::now().checked_sub(Duration::from_secs(age)).unwrap(),
            newest: EventId(7),
            skew: Skew { median_us: None, samples },
        };
        assert!(!is_due(None, None));
        assert!(is_due(None, Some(EventId(1))));
        assert!(!is_due(Some(&looked(5, 100)), Some(EventId(7))));
        assert!(is_due(Some(&looked(5, 0)), Some(EventId(8))));
        assert!(!is_due(Some(&looked(200, 0)), Some(EventId(8))));
        assert!(is_due(Some(&looked(200, 60)), Some(EventId(8))));
    }
}

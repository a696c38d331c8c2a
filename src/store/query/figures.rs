//! What a camera's page shows of its events: the newest, how late the last ones were, totals by type.

use crate::domain::filter::Order;
use crate::domain::{CameraId, EventTypeId, Timestamp};
use crate::store::counts;
use crate::store::error::Result;
use crate::store::key::{DayKey, SeriesKey};
use crate::store::read::{ReadTx, StoredEvent};
use crate::store::row::{self, EventRow};
use crate::store::tables::{EVENT_COUNTS, EVENTS, EVENTS_BY_SERIES};

use super::plan::Plan;
use super::walk::Walk;
use super::{Query, Selection};

impl ReadTx {
    /// The newest event of each of `cameras` by `order_time`, or `None`, in their order.
    ///
    /// Cost: a seek per camera and type that ever had an event, and a row per camera, whatever the
    /// size of the history.
    pub fn newest_events(&self, cameras: &[CameraId]) -> Result<Vec<Option<StoredEvent>>> {
        let index = self.tx.open_table(EVENTS_BY_SERIES)?;
        let rows = self.tx.open_table(EVENTS)?;
        let mut found = Vec::with_capacity(cameras.len());
        for camera in cameras {
            self.still_in_time()?;
            let mut newest: Option<(i64, u64)> = None;
            for event_type in self.types_of(camera.0)? {
                let key = |time, id| SeriesKey { camera: camera.0, event_type, time, id };
                let run = key(i64::MIN, 0)..=key(i64::MAX, u64::MAX);
                if let Some(entry) = index.range(run)?.next_back() {
                    let key = entry?.0.value();
                    newest = newest.max(Some((key.time, key.id)));
                }
            }
            found.push(match newest {
                Some((_, id)) => Self::event_in(&rows, id)?,
                None => None,
            });
        }
        Ok(found)
    }

    /// Time and arrival of a camera's last events by `order_time`, newest first, at most `limit`.
    ///
    /// Cost: a seek and `limit` rows.
    pub fn last_times(
        &self,
        camera: CameraId,
        limit: usize,
    ) -> Result<Vec<(Timestamp, Timestamp)>> {
        let query = Query { selection: Selection::Cameras(vec![camera]), ..Query::all() };
        let Some(plan) = Plan::new(self, &query)? else { return Ok(Vec::new()) };
        let mut walk = Walk::open(self, &plan, Order::Descending, None)?;
        let rows = self.tx.open_table(EVENTS)?;
        let mut times = Vec::with_capacity(limit);
        while times.len() < limit
            && let Some(entry) = walk.next()?
        {
            let Some(bytes) = rows.get(entry.id)? else { continue };
            // The tags stay where they are: hundreds of rows are read for each of hundreds of cameras.
            if let Ok(EventRow::V1(row)) = row::decode(entry.id, bytes.value()) {
                times.push((Timestamp(row.time), Timestamp(row.received_at)));
            }
        }
        Ok(times)
    }

    /// How many events of each type there are, of all cameras together.
    ///
    /// Cost: a seek per day that has events and a counter per type of that day; no event is looked at.
    pub fn totals_by_type(&self) -> Result<Vec<(EventTypeId, u64)>> {
        let table = self.tx.open_table(EVENT_COUNTS)?;
        let mut totals = std::collections::BTreeMap::<u16, u64>::new();
        let mut next = Some(0);
        while let Some(day) = next {
            self.still_in_time()?;
            let floor = DayKey { day, tag: 0, camera: 0, event_type: 0 };
            let Some(first) = table.range(floor..)?.next() else { break };
            let day = first?.0.value().day;
            let key = |event_type| DayKey { day, tag: 0, camera: 0, event_type };
            for entry in table.range(key(1)..=key(u16::MAX))? {
                let (key, value) = entry?;
                *totals.entry(key.value().event_type).or_default() += counts::total(value.value())?;
            }
            next = day.checked_add(1);
        }
        Ok(totals.into_iter().map(|(number, count)| (EventTypeId(number), count)).collect())
    }

    /// Types that ever had an event, by number.
    ///
    /// Cost: an entry per camera and type.
    pub fn types_seen(&self) -> Result<Vec<EventTypeId>> {
        let mut types: Vec<u16> =
            self.all_series()?.into_iter().map(|(_, number)| number).collect();
        types.sort_unstable();
        types.dedup();
        Ok(types.into_iter().map(EventTypeId).collect())
    }
}

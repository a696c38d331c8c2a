//! Events by arrival, which ids follow but for steps of the clock.

use std::ops::Bound;
use std::time::Instant;

use redb::ReadableTable;

use super::error::Result;
use super::read::ReadTx;
use super::row::{self, DoubtRow, EventRow};
use super::tables::{CLOCK_DOUBTS, EVENTS, STATE, state};
use super::write::WriteTx;
use crate::domain::{CameraId, EventId, EventTypeId, Timestamp};

/// Newer events in a row that are passed over before a walk ends: a clock that was ahead for a while
/// left them among older ones.
const STRAYS_MAX: usize = if cfg!(test) { 20 } else { 1_000 };
/// Rows between two looks at the clock.
const CLOCK_EVERY: usize = 1_024;

/// What [`ReadTx::arrived_before`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aged {
    /// Events and when they arrived, by id.
    pub events: Vec<(EventId, Timestamp)>,
    /// Where to go on, if there may be more.
    pub next: Option<EventId>,
}

/// Which events have been kept long enough.
pub struct Cutoffs<'c> {
    /// What arrived before this and is of this camera and type.
    pub of: &'c dyn Fn(CameraId, EventTypeId) -> Timestamp,
    /// The latest of them: what arrived since then stays, whatever it is.
    pub latest: Timestamp,
}

impl std::fmt::Debug for Cutoffs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cutoffs").field("latest", &self.latest).finish_non_exhaustive()
    }
}

impl ReadTx {
    /// Events that arrived before their cutoff and are not held, in order of id from above `after`, at most
    /// `limit`, and as many as are found until `deadline`.
    ///
    /// An event that arrived while the clock was not believed counts from when it was again, and stays until
    /// then. No clock that was right told a time before `dead`: what has such an arrival
    /// otherwise is taken to have arrived with a later event that has a better one, or just now.
    ///
    /// Cost: the rows found, those before them that are kept longer, and a bounded number more.
    pub fn arrived_before(
        &self,
        cutoffs: &Cutoffs<'_>,
        dead: Timestamp,
        after: EventId,
        limit: usize,
        deadline: Instant,
    ) -> Result<Aged> {
        let table = self.tx.open_table(EVENTS)?;
        let holds = self.holds_table()?;
        let doubts = self.clock_doubts()?;
        let mut aged = Aged::default();
        // The event by which those before it are judged, and its arrival.
        let mut witness: Option<(u64, Timestamp)> = None;
        let mut strays = 0;
        let rows = table.range((Bound::Excluded(after.0), Bound::Unbounded))?;
        for (at, entry) in rows.enumerate() {
            let (id, value) = entry?;
            let id = id.value();
            if at % CLOCK_EVERY == 0 {
                self.still_in_time()?;
                if at > 0 && Instant::now() > deadline {
                    aged.next = Some(EventId(id - 1));
                    return Ok(aged);
                }
            }
            // A damaged row stays: what its index entries are is not known.
            let Some((camera, event_type, mut arrival)) = arrival(id, value.value()) else {
                strays += 1;
                continue;
            };
            if let Some(doubt) = doubts.iter().find(|doubt| doubt.covers(EventId(id))) {
                let Some(good) = doubt.end.map(|(_, good)| good) else { continue };
                arrival = good;
            } else if arrival < dead {
                if witness.is_none_or(|(at, _)| at < id) {
                    witness = find_witness(&table, id, dead)?;
                }
                let Some((_, known)) = witness else {
                    strays += 1;
                    if strays > STRAYS_MAX {
                        return Ok(aged);
                    }
                    continue;
                };
                arrival = known;
            }
            if arrival >= cutoffs.latest {
                strays += 1;
                if strays > STRAYS_MAX {
                    return Ok(aged);
                }
                continue;
            }
            strays = 0;
            let is_held = match &holds {
                Some(holds) => holds.get(id)?.is_some(),
                None => false,
            };
            if arrival < (cutoffs.of)(camera, event_type) && !is_held {
                aged.events.push((EventId(id), arrival));
                if aged.events.len() == limit {
                    aged.next = Some(EventId(id));
                    return Ok(aged);
                }
            }
        }
        Ok(aged)
    }

    /// The oldest events that are not held, by id from above `after`, at most `limit`, with their arrival.
    ///
    /// Cost: the rows found and the held ones between them.
    pub fn oldest(&self, after: EventId, limit: usize) -> Result<Vec<(EventId, Timestamp)>> {
        let table = self.tx.open_table(EVENTS)?;
        let holds = self.holds_table()?;
        let mut found = Vec::new();
        let rows = table.range((Bound::Excluded(after.0), Bound::Unbounded))?;
        for (at, entry) in rows.enumerate() {
            if found.len() == limit {
                break;
            }
            if at % CLOCK_EVERY == 0 {
                self.still_in_time()?;
            }
            let (id, value) = entry?;
            let is_held = match &holds {
                Some(holds) => holds.get(id.value())?.is_some(),
                None => false,
            };
            if let Some((_, _, arrival)) = arrival(id.value(), value.value()).filter(|_| !is_held) {
                found.push((EventId(id.value()), arrival));
            }
        }
        Ok(found)
    }

    /// Runs of events that arrived while the clock was not believed, by id.
    pub fn clock_doubts(&self) -> Result<Vec<ClockDoubt>> {
        let table = match self.tx.open_table(CLOCK_DOUBTS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()), // none yet
            table => table?,
        };
        let mut doubts = Vec::new();
        for entry in table.iter()? {
            let (first, value) = entry?;
            let first = first.value();
            match row::decode(first, value.value()) {
                Ok(DoubtRow::V1 { end }) => doubts.push(ClockDoubt {
                    first: EventId(first),
                    end: end.map(|(last, good)| (EventId(last), Timestamp(good))),
                }),
                Err(row::Damage) => tracing::error!(first, "a row of clock doubts is damaged"),
            }
        }
        Ok(doubts)
    }
}

/// A run of events that arrived while the clock was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockDoubt {
    /// First id that it may have.
    pub first: EventId,
    /// Its last event, and when the clock became good; none while it is not.
    pub end: Option<(EventId, Timestamp)>,
}

impl ClockDoubt {
    fn covers(&self, id: EventId) -> bool {
        id >= self.first && self.end.is_none_or(|(last, _)| id <= last)
    }
}

/// An event after `id` that arrived when the clock was not dead: at twice the distance each time, since
/// that clock was dead for a while; at last the newest.
fn find_witness(
    table: &impl ReadableTable<u64, &'static [u8]>,
    id: u64,
    dead: Timestamp,
) -> Result<Option<(u64, Timestamp)>> {
    let mut distance = 1;
    loop {
        let found = table.range(id.saturating_add(distance)..)?.next();
        let is_last = found.is_none();
        let Some(entry) = found.or_else(|| table.last().transpose()) else { return Ok(None) };
        let (at, value) = entry?;
        let good = arrival(at.value(), value.value()).filter(|(.., arrival)| *arrival >= dead);
        if let Some((.., arrival)) = good {
            return Ok(Some((at.value(), arrival)));
        }
        if is_last {
            return Ok(None);
        }
        distance *= 2;
    }
}

/// Whose and of what type an event is, and when it arrived; `None` if its row is damaged.
fn arrival(id: u64, row: &[u8]) -> Option<(CameraId, EventTypeId, Timestamp)> {
    match row::decode(id, row) {
        Ok(EventRow::V1(row)) => {
            Some((CameraId(row.camera), EventTypeId(row.event_type), Timestamp(row.received_at)))
        }
        Err(row::Damage) => None,
    }
}

impl WriteTx<'_> {
    /// Remembers the time from which the clock jumped, as long as that is not settled.
    pub fn put_clock_jump(&self, from: Option<Timestamp>) -> Result<()> {
        let mut table = self.tx.open_table(STATE)?;
        match from {
            Some(from) => drop(table.insert(state::CLOCK_JUMP, from.0.max(0).unsigned_abs())?),
            None => drop(table.remove(state::CLOCK_JUMP)?),
        }
        Ok(())
    }

    /// From `first` on, events arrive while the clock is not believed. Runs that end before the oldest event
    /// are forgotten.
    pub fn begin_clock_doubt(&self, first: EventId) -> Result<()> {
        let oldest = self.tx.open_table(EVENTS)?.first()?.map_or(u64::MAX, |(id, _)| id.value());
        let mut table = self.tx.open_table(CLOCK_DOUBTS)?;
        table.retain(|first, value| {
            let Ok(DoubtRow::V1 { end: Some((last, _)) }) = row::decode(first, value) else {
                return true;
            };
            last >= oldest
        })?;
        if table.get(first.0)?.is_none() {
            table.insert(first.0, row::encode(first.0, &DoubtRow::V1 { end: None }).as_slice())?;
        }
        Ok(())
    }

    /// The clock is believed again since `good`: what arrived until now was the run.
    pub fn end_clock_doubts(&self, good: Timestamp) -> Result<()> {
        let last = self.tx.open_table(STATE)?.get(state::LAST_EVENT)?.map_or(0, |v| v.value());
        let mut table = self.tx.open_table(CLOCK_DOUBTS)?;
        let mut open = Vec::new();
        for entry in table.iter()? {
            let (first, value) = entry?;
            let first = first.value();
            if matches!(row::decode(first, value.value()), Ok(DoubtRow::V1 { end: None })) {
                open.push(first);
            }
        }
        for first in open {
            let row = DoubtRow::V1 { end: Some((last, good.0)) };
            table.insert(first, row::encode(first, &row).as_slice())?;
        }
        Ok(())
    }

    /// Makes the newest arrival no later than `now`.
    pub fn lower_last_arrival(&self, now: Timestamp) -> Result<()> {
        let mut table = self.tx.open_table(STATE)?;
        let newest = table.get(state::LAST_ARRIVAL)?.map_or(0, |value| value.value());
        table.insert(state::LAST_ARRIVAL, newest.min(now.0.max(0).unsigned_abs()))?;
        Ok(())
    }
}

//! Events by arrival, which ids follow but for steps of the clock.

use std::ops::Bound;

use redb::ReadableTable;

use super::error::Result;
use super::read::ReadTx;
use super::row::{self, EventRow};
use super::tables::{EVENTS, STATE, state};
use super::write::WriteTx;
use crate::domain::{EventId, Timestamp};

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

impl ReadTx {
    /// Events that arrived before `cutoff`, in order of id from above `after`, at most `limit`.
    ///
    /// No clock that was right told a time before `dead`: what has such an arrival is taken to have arrived
    /// with a later event that has a better one, or just now.
    ///
    /// Cost: the rows found and a bounded number more, whatever the size of the history.
    pub fn arrived_before(
        &self,
        cutoff: Timestamp,
        dead: Timestamp,
        after: EventId,
        limit: usize,
    ) -> Result<Aged> {
        let table = self.tx.open_table(EVENTS)?;
        let mut aged = Aged::default();
        // The event by which those before it are judged, and its arrival.
        let mut witness: Option<(u64, Timestamp)> = None;
        let mut strays = 0;
        let rows = table.range((Bound::Excluded(after.0), Bound::Unbounded))?;
        for (at, entry) in rows.enumerate() {
            if at % CLOCK_EVERY == 0 {
                self.still_in_time()?;
            }
            let (id, value) = entry?;
            // A damaged row stays: what its index entries are is not known.
            let mut arrival = arrival(id.value(), value.value());
            if arrival.is_some_and(|arrival| arrival < dead) {
                if witness.is_none_or(|(at, _)| at < id.value()) {
                    witness = find_witness(&table, id.value(), dead)?;
                }
                arrival = witness.map(|(_, arrival)| arrival);
            }
            if let Some(arrival) = arrival.filter(|arrival| *arrival < cutoff) {
                strays = 0;
                aged.events.push((EventId(id.value()), arrival));
                if aged.events.len() == limit {
                    aged.next = Some(EventId(id.value()));
                    return Ok(aged);
                }
            } else {
                strays += 1;
                if strays > STRAYS_MAX {
                    return Ok(aged);
                }
            }
        }
        Ok(aged)
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
        let good = arrival(at.value(), value.value()).filter(|arrival| *arrival >= dead);
        if let Some(arrival) = good {
            return Ok(Some((at.value(), arrival)));
        }
        if is_last {
            return Ok(None);
        }
        distance *= 2;
    }
}

/// When an event arrived; `None` if its row is damaged.
fn arrival(id: u64, row: &[u8]) -> Option<Timestamp> {
    match row::decode(id, row) {
        Ok(EventRow::V1(row)) => Some(Timestamp(row.received_at)),
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

    /// Makes the newest arrival no later than `now`.
    pub fn lower_last_arrival(&self, now: Timestamp) -> Result<()> {
        let mut table = self.tx.open_table(STATE)?;
        let newest = table.get(state::LAST_ARRIVAL)?.map_or(0, |value| value.value());
        table.insert(state::LAST_ARRIVAL, newest.min(now.0.max(0).unsigned_abs()))?;
        Ok(())
    }
}

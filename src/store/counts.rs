//! Packed counters: how many events a day, a quarter hour or a minute holds, by tag, camera and type.
//!
//! A day's row has 96 quarter-hour slots, so that the hours of every time zone are sums of slots;
//! an hour's row has 60 minutes. Rows change in the same transaction as the events, once per batch
//! and row. A row whose sum is 0 does not exist.

use redb::{Key, Table, Value};

use crate::domain::time::{DAY_US, HOUR_US, MINUTE_US, QUARTER_US};

use super::breath::Breath;
use super::error::{Result, StoreError};
use super::key::{DayKey, HourKey};
use super::row::{self, CountsRow, CountsV1};

/// Slots that are to grow or shrink, gathered over a batch.
#[derive(Default)]
pub(super) struct Deltas {
    days: Vec<(DayKey, u8, i64)>,
    hours: Vec<(HourKey, u8, i64)>,
}

impl Deltas {
    /// Counts an event of `camera` and `event_type` at `time`: `by` is 1 or -1.
    pub fn event(&mut self, time: i64, camera: u32, event_type: u16, by: i64) {
        let (day, quarter) = day_slot(time);
        for (camera, event_type) in [(0, 0), (0, event_type), (camera, 0), (camera, event_type)] {
            self.days.push((DayKey { day, tag: 0, camera, event_type }, quarter, by));
        }
        let (hour, minute) = hour_slot(time);
        for event_type in [0, event_type] {
            self.hours.push((HourKey { hour, event_type }, minute, by));
        }
    }

    /// Counts a tag of such an event.
    ///
    /// Rows by tag, by tag and type, by tag and series: a worker's list of one type without one tag
    /// has an exact total, and skips what is tagged, at the cost of a few rows.
    pub fn tag(&mut self, tag: u32, time: i64, camera: u32, event_type: u16, by: i64) {
        let (day, quarter) = day_slot(time);
        for (camera, event_type) in [(0, 0), (0, event_type), (camera, event_type)] {
            self.days.push((DayKey { day, tag, camera, event_type }, quarter, by));
        }
    }

    /// Day rows and their slots that were counted.
    pub fn day_slots(&self) -> impl Iterator<Item = (DayKey, u8)> {
        self.days.iter().map(|(key, slot, _)| (*key, *slot))
    }

    /// Hour rows and their slots that were counted.
    pub fn hour_slots(&self) -> impl Iterator<Item = (HourKey, u8)> {
        self.hours.iter().map(|(key, slot, _)| (*key, *slot))
    }

    /// Writes what was gathered, each row once, in key order.
    pub fn flush(
        &mut self,
        days: &mut Table<'_, DayKey, &'static [u8]>,
        hours: &mut Table<'_, HourKey, &'static [u8]>,
        breath: &mut Breath,
    ) -> Result<()> {
        flush(&mut self.days, days, breath)?;
        flush(&mut self.hours, hours, breath)
    }
}

fn flush<K>(
    deltas: &mut Vec<(K, u8, i64)>,
    table: &mut Table<'_, K, &'static [u8]>,
    breath: &mut Breath,
) -> Result<()>
where
    K: Key + for<'a> Value<SelfType<'a> = K> + Ord + Copy + 'static,
{
    deltas.sort_unstable_by_key(|(key, slot, _)| (*key, *slot));
    let mut bytes = Vec::new();
    for group in deltas.chunk_by(|a, b| a.0 == b.0) {
        breath.step();
        let key = group[0].0;
        let before = match redb::ReadableTable::get(table, key)? {
            Some(value) => read(value.value())?,
            None => CountsV1::default(),
        };
        let after = merged(&before, group.iter().map(|(_, slot, by)| (*slot, *by)));
        if after.total == 0 {
            table.remove(key)?;
        } else if after != before {
            bytes.clear();
            row::encode_into(0, &CountsRow::V1(after), &mut bytes);
            table.insert(key, bytes.as_slice())?;
        }
    }
    deltas.clear();
    Ok(())
}

/// `before` with `deltas`, which come in slot order and may repeat a slot.
fn merged(before: &CountsV1, deltas: impl Iterator<Item = (u8, i64)>) -> CountsV1 {
    let mut slots = Vec::with_capacity(before.slots.len() + 4);
    let mut old = before.slots.iter().copied().peekable();
    let mut push = |slot: u8, count: u64| {
        if count > 0 {
            slots.push((slot, count));
        }
    };
    let mut current: Option<(u8, i64)> = None;
    for (slot, by) in deltas {
        match &mut current {
            Some((at, sum)) if *at == slot => *sum += by,
            _ => {
                if let Some((at, sum)) = current.take() {
                    push(at, sum.try_into().unwrap_or(0));
                }
                while let Some(kept) = old.next_if(|(at, _)| *at < slot) {
                    push(kept.0, kept.1);
                }
                let base = old.next_if(|(at, _)| *at == slot).map_or(0, |(_, count)| count);
                current = Some((slot, i64::try_from(base).unwrap_or(i64::MAX).saturating_add(by)));
            }
        }
    }
    if let Some((at, sum)) = current {
        push(at, sum.try_into().unwrap_or(0));
    }
    for (at, count) in old {
        push(at, count);
    }
    let total = slots.iter().map(|(_, count)| count).sum();
    CountsV1 { total, slots }
}

/// Reads a counter row.
pub(super) fn read(bytes: &[u8]) -> Result<CountsV1> {
    match row::decode(0, bytes) {
        Ok(CountsRow::V1(counts)) => Ok(counts),
        Err(row::Damage) => Err(StoreError::Damaged("a counter row".into())),
    }
}

/// The total of a counter row alone.
pub(super) fn total(bytes: &[u8]) -> Result<u64> {
    row::decode_total(bytes).map_err(|row::Damage| StoreError::Damaged("a counter row".into()))
}

/// Day and quarter of an instant. Instants before 1970 count as its first.
pub(super) fn day_slot(time: i64) -> (u32, u8) {
    slot(time, DAY_US, QUARTER_US)
}

/// Hour and minute of an instant.
pub(super) fn hour_slot(time: i64) -> (u32, u8) {
    slot(time, HOUR_US, MINUTE_US)
}

fn slot(time: i64, unit: i64, step: i64) -> (u32, u8) {
    let time = time.max(0);
    let whole = u32::try_from(time / unit).unwrap_or(u32::MAX);
    (whole, u8::try_from(time % unit / step).expect("a unit has fewer than 256 steps"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn rows_follow_a_plain_map(
            batches in proptest::collection::vec(
                proptest::collection::vec((0u8..96, 0i64..4), 1..20), 1..10),
        ) {
            let mut row = CountsV1::default();
            let mut model = BTreeMap::<u8, u64>::new();
            for mut batch in batches {
                batch.sort_unstable();
                for (slot, by) in &batch {
                    *model.entry(*slot).or_default() += by.unsigned_abs();
                }
                row = merged(&row, batch.iter().copied());
                let expected: Vec<_> = model.iter().filter(|e| *e.1 > 0).map(|(s, c)| (*s, *c)).collect();
                prop_assert_eq!(&row.slots, &expected);
                prop_assert_eq!(row.total, model.values().sum::<u64>());
                let bytes = row::encode(0, &CountsRow::V1(row.clone()));
                prop_assert_eq!(total(&bytes).unwrap(), row.total);
            }
            let all: Vec<_> = model.iter().map(|(s, c)| (*s, -c.cast_signed())).collect();
            prop_assert_eq!(merged(&row, all.into_iter()), CountsV1::default());
        }
    }
}

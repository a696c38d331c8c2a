//! Applies changes to the tables: event rows in order, then indexes and counters sorted, once each.
//!
//! Applying never fails for a reason in the data: a change of a missing id is a no-op, an insert
//! that finds its id present changes no index and no counter.

use std::collections::{HashMap, HashSet};

use redb::{Key, ReadableTable, Table, Value, WriteTransaction};

use crate::domain::{Attached, Attachment, EventId, FileState, Meta};

use super::breath::Breath;
use super::change::{Change, Create};
use super::counts::Deltas;
use super::error::Result;
use super::key::{
    AgeKey, FILEMETA_EXPECTED, PICTURE_EXPECTED, PICTURE_READY, Series, SeriesKey, TagKey, TimeKey,
};
use super::row::{self, EventRow, EventV1, IdempotencyRow};
use super::tables::{
    EVENT_COUNTS, EVENT_MINUTES, EVENT_TAGS, EVENTS, EVENTS_BY_SERIES, EVENTS_BY_TIME, HOLDS,
    IDEMPOTENCY, IDEMPOTENCY_BY_AGE, SERIES, STATE, TAG_NUMBERS, state,
};

/// Tag numbers kept in memory; past this the memory starts anew.
const TAGS_REMEMBERED: usize = 10_000;

/// What the applier remembers between batches, so that it need not be read again. To be dropped
/// whenever a transaction was not committed.
#[derive(Default)]
pub(super) struct Memory {
    tags: HashMap<String, u32>,
    series: HashSet<Series>,
}

/// Index entries to write (`Some`) or remove (`None`), gathered over a batch.
struct Ops<K, V>(Vec<(K, Option<V>)>);

impl<K: Ord + Copy, V: Copy> Ops<K, V> {
    fn flush<RV>(&mut self, table: &mut Table<'_, K, RV>, breath: &mut Breath) -> Result<()>
    where
        K: Key + for<'a> Value<SelfType<'a> = K> + 'static,
        RV: for<'a> Value<SelfType<'a> = V> + 'static,
    {
        self.0.sort_by_key(|(key, _)| *key); // stable: of one key the last word counts
        for group in self.0.chunk_by(|a, b| a.0 == b.0) {
            breath.step();
            match group[group.len() - 1] {
                (key, Some(value)) => drop(table.insert(key, value)?),
                (key, None) => drop(table.remove(key)?),
            }
        }
        self.0.clear();
        Ok(())
    }
}

/// The indexes' side of a batch.
struct Indexes<'t> {
    time: Ops<TimeKey, Series>,
    series: Ops<SeriesKey, ()>,
    tags: Ops<TagKey, Series>,
    deltas: Deltas,
    tag_numbers: Table<'t, &'static str, u32>,
    state: Table<'t, &'static str, u64>,
    memory: &'t mut Memory,
}

/// Where an event stands in the indexes.
#[derive(Clone, Copy)]
struct Spot {
    id: u64,
    order: i64,
    series: Series,
}

impl Spot {
    fn of(id: u64, row: &EventV1<'_>) -> Self {
        let series = Series { camera: row.camera, event_type: row.event_type };
        Self { id, order: row.order_time.unwrap_or(row.time), series }
    }
}

impl Indexes<'_> {
    fn tag_number(&mut self, tag: &str) -> Result<u32> {
        if let Some(number) = self.memory.tags.get(tag) {
            return Ok(*number);
        }
        let known = self.tag_numbers.get(tag)?.map(|number| number.value());
        let number = if let Some(number) = known {
            number
        } else {
            let last = self.state.get(state::LAST_TAG)?.map_or(0, |v| v.value()) + 1;
            self.state.insert(state::LAST_TAG, last)?;
            let number = u32::try_from(last).unwrap_or(u32::MAX);
            self.tag_numbers.insert(tag, number)?;
            number
        };
        if self.memory.tags.len() >= TAGS_REMEMBERED {
            self.memory.tags.clear();
        }
        self.memory.tags.insert(tag.to_owned(), number);
        Ok(number)
    }

    fn event(&mut self, spot: Spot, by: i64) {
        let Spot { id, order: time, series } = spot;
        let (camera, event_type) = (series.camera, series.event_type);
        self.time.0.push((TimeKey { time, id }, (by > 0).then_some(series)));
        self.series.0.push((SeriesKey { camera, event_type, time, id }, (by > 0).then_some(())));
        self.deltas.event(time, camera, event_type, by);
    }

    fn tag(&mut self, spot: Spot, tag: &str, by: i64) -> Result<()> {
        let tag = self.tag_number(tag)?;
        self.numbered(spot, tag, by);
        Ok(())
    }

    /// A file that stands so is found as a tag is.
    fn attachment(&mut self, spot: Spot, of: Attachment, state: FileState, by: i64) {
        if let Some(number) = attachment_number(of, state) {
            self.numbered(spot, number, by);
        }
    }

    fn numbered(&mut self, spot: Spot, tag: u32, by: i64) {
        let Spot { id, order: time, series } = spot;
        self.tags.0.push((TagKey { tag, time, id }, (by > 0).then_some(series)));
        self.deltas.tag(tag, time, series.camera, series.event_type, by);
    }
}

/// The number under which the tag index has a file's state, if it has it.
pub(super) const fn attachment_number(of: Attachment, state: FileState) -> Option<u32> {
    match (of, state) {
        (Attachment::Picture, FileState::Ready) => Some(PICTURE_READY),
        (Attachment::Picture, FileState::Expected) => Some(PICTURE_EXPECTED),
        (Attachment::Filemeta, FileState::Expected) => Some(FILEMETA_EXPECTED),
        // Whether there is a metadata file is no filter.
        (Attachment::Filemeta, FileState::Ready) | (_, FileState::None | FileState::Failed) => None,
    }
}

/// What a stored row takes in all tables together, about: its weight, bytes.
pub(super) fn weight(row_bytes: usize) -> i64 {
    const INDEXED: usize = 60;
    i64::try_from(row_bytes + INDEXED).unwrap_or(i64::MAX)
}

/// Applies `changes`, whose newest record is `last_seq`, within one transaction. Returns by how much the
/// weight of all rows grew.
pub(super) fn apply<'c>(
    tx: &WriteTransaction,
    memory: &mut Memory,
    changes: impl Iterator<Item = &'c Change>,
    last_seq: u64,
) -> Result<i64> {
    let mut events = tx.open_table(EVENTS)?;
    // Opened, and so made, with the first delete.
    let mut holds: Option<Table<'_, u64, &[u8]>> = None;
    let mut grown = 0;
    let mut known_series = tx.open_table(SERIES)?;
    let mut keys = tx.open_table(IDEMPOTENCY)?;
    let mut keys_by_age = tx.open_table(IDEMPOTENCY_BY_AGE)?;
    let mut indexes = Indexes {
        time: Ops(Vec::new()),
        series: Ops(Vec::new()),
        tags: Ops(Vec::new()),
        deltas: Deltas::default(),
        tag_numbers: tx.open_table(TAG_NUMBERS)?,
        state: tx.open_table(STATE)?,
        memory,
    };
    let (mut last_event, mut last_arrival) = (0, 0);
    let mut bytes = Vec::new();
    let mut breath = Breath::default();
    for change in changes {
        breath.step();
        match change {
            Change::Create(new) => {
                last_event = last_event.max(new.id.0);
                last_arrival = last_arrival.max(new.received_at.0);
                bytes.clear();
                row::encode_into(new.id.0, &EventRow::V1(new.row()), &mut bytes);
                let there = events.insert(new.id.0, bytes.as_slice())?;
                if let Some(there) = there.map(|row| row.value().to_vec()) {
                    events.insert(new.id.0, there.as_slice())?; // its tags may have changed since
                    continue;
                }
                grown += weight(bytes.len());
                let spot = Spot::of(new.id.0, &new.row());
                indexes.event(spot, 1);
                for (tag, _) in new.meta.pairs() {
                    indexes.tag(spot, &tag, 1)?;
                }
                if indexes.memory.series.insert(spot.series) {
                    known_series.insert(spot.series, ())?;
                }
                if let Some(uid) = &new.uid {
                    remember(new, uid, &mut keys, &mut keys_by_age)?;
                }
            }
            Change::Tags { id, edits } => grown += retag(&mut events, &mut indexes, *id, edits)?,
            Change::Attachment { id, of, state } => {
                reattach(&mut events, &mut indexes, *id, (*of, *state))?;
            }
            Change::Delete { ids } => {
                if holds.is_none() {
                    holds = Some(tx.open_table(HOLDS)?);
                }
                for id in ids {
                    breath.step();
                    // Whoever asked for it may have looked before the hold was set.
                    if let Some(holds) = &holds
                        && holds.get(id.0)?.is_some()
                    {
                        continue;
                    }
                    let Some(old) = events.remove(id.0)? else { continue };
                    grown -= weight(old.value().len());
                    let Ok(EventRow::V1(row)) = row::decode(id.0, old.value()) else { continue };
                    let spot = Spot::of(id.0, &row);
                    indexes.event(spot, -1);
                    let attached = Attached::from_number(row.attached);
                    for of in Attachment::ALL {
                        indexes.attachment(spot, of, attached.state(of), -1);
                    }
                    for (tag, _) in Meta::from_stored(row.meta).pairs() {
                        indexes.tag(spot, &tag, -1)?;
                    }
                }
            }
        }
    }
    indexes.time.flush(&mut tx.open_table(EVENTS_BY_TIME)?, &mut breath)?;
    indexes.series.flush(&mut tx.open_table(EVENTS_BY_SERIES)?, &mut breath)?;
    indexes.tags.flush(&mut tx.open_table(EVENT_TAGS)?, &mut breath)?;
    let (days, hours) = (&mut tx.open_table(EVENT_COUNTS)?, &mut tx.open_table(EVENT_MINUTES)?);
    indexes.deltas.flush(days, hours, &mut breath)?;
    let last_event_before = indexes.state.get(state::LAST_EVENT)?.map_or(0, |v| v.value());
    raise(&mut indexes.state, state::LAST_EVENT, last_event)?;
    raise(&mut indexes.state, state::LAST_ARRIVAL, last_arrival.max(0).unsigned_abs())?;
    raise(&mut indexes.state, state::APPLIED_SEQ, last_seq)?;
    if grown != 0 {
        let known = indexes.state.get(state::EVENT_WEIGHT)?.map(|v| v.value());
        if let Some(known) = known.or((grown > 0 && last_event_before == 0).then_some(0)) {
            indexes.state.insert(state::EVENT_WEIGHT, known.saturating_add_signed(grown))?;
        }
    }
    Ok(grown)
}

/// Sets a counter to `value` unless it is there already or beyond.
fn raise(table: &mut Table<'_, &'static str, u64>, name: &str, value: u64) -> Result<()> {
    let now = table.get(name)?.map_or(0, |v| v.value());
    if value > now {
        table.insert(name, value)?;
    }
    Ok(())
}

fn remember(
    new: &Create,
    uid: &str,
    keys: &mut Table<'_, (u32, &'static str), &'static [u8]>,
    by_age: &mut Table<'_, AgeKey, (u32, &'static str)>,
) -> Result<()> {
    let (id, arrival) = (new.id.0, new.received_at.0);
    let row = row::encode(0, &IdempotencyRow::V1 { id, hash: new.hash, arrival });
    keys.insert((new.camera.0, uid), row.as_slice())?;
    by_age.insert(AgeKey { arrival, id }, (new.camera.0, uid))?;
    Ok(())
}

fn retag(
    events: &mut Table<'_, u64, &'static [u8]>,
    indexes: &mut Indexes<'_>,
    id: EventId,
    edits: &[(String, Option<String>)],
) -> Result<i64> {
    let Some(old) = events.get(id.0)?.map(|value| value.value().to_vec()) else { return Ok(0) };
    let Ok(EventRow::V1(row)) = row::decode(id.0, &old) else { return Ok(0) };
    let before = Meta::from_stored(row.meta);
    let Ok(after) = before.edited(edits) else { return Ok(0) };
    let new = row::encode(id.0, &EventRow::V1(EventV1 { meta: after.json(), ..row.clone() }));
    events.insert(id.0, new.as_slice())?;
    let spot = Spot::of(id.0, &row);
    let (before, after) = (before.pairs(), after.pairs());
    let has = |pairs: &[(String, String)], tag: &str| pairs.iter().any(|(t, _)| t == tag);
    for (tag, _) in before.iter().filter(|(tag, _)| !has(&after, tag)) {
        indexes.tag(spot, tag, -1)?;
    }
    for (tag, _) in after.iter().filter(|(tag, _)| !has(&before, tag)) {
        indexes.tag(spot, tag, 1)?;
    }
    Ok(weight(new.len()) - weight(old.len()))
}

fn reattach(
    events: &mut Table<'_, u64, &'static [u8]>,
    indexes: &mut Indexes<'_>,
    id: EventId,
    (of, state): (Attachment, FileState),
) -> Result<()> {
    let Some(old) = events.get(id.0)?.map(|value| value.value().to_vec()) else { return Ok(()) };
    let Ok(EventRow::V1(row)) = row::decode(id.0, &old) else { return Ok(()) };
    let attached = Attached::from_number(row.attached);
    let before = attached.state(of);
    if before == state {
        return Ok(());
    }
    let spot = Spot::of(id.0, &row);
    let new = row::encode(
        id.0,
        &EventRow::V1(EventV1 { attached: attached.with(of, state).number(), ..row }),
    );
    events.insert(id.0, new.as_slice())?;
    indexes.attachment(spot, of, before, -1);
    indexes.attachment(spot, of, state, 1);
    Ok(())
}

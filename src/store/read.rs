//! Reading: a snapshot of everything, and single rows out of it.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::apply;
use super::engine::Superseded;
use super::error::{Result, StoreError};
use super::row::{self, EventRow, EventV1, IdempotencyRow};
use super::tables::{EVENTS, IDEMPOTENCY, IDEMPOTENCY_BY_AGE, SERIES, STATE, TAG_NUMBERS, state};
use crate::domain::{Attached, CameraId, EventId, EventTypeId, Meta, Timestamp};

/// Longest time that one read may hold its snapshot (operations.md 1.10).
pub const READ_MAX: Duration = Duration::from_secs(5);

/// Rows at either end that tell the weight of all.
const WEIGHED: usize = 500;

/// Damaged rows that this process has met.
static DAMAGED_ROWS: AtomicU64 = AtomicU64::new(0);

/// How often a damaged row of an event was read since the process started.
pub fn damaged_rows() -> u64 {
    DAMAGED_ROWS.load(Ordering::Relaxed)
}

/// Reports a damaged row that is left out.
pub(super) fn left_out(error: &StoreError) {
    DAMAGED_ROWS.fetch_add(1, Ordering::Relaxed);
    tracing::error!(%error, "a row is damaged; it is left out");
}

/// An event as its row holds it: the type by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its id.
    pub id: EventId,
    /// Its camera.
    pub camera: CameraId,
    /// Number of its type's name.
    pub event_type: EventTypeId,
    /// The sender's time.
    pub time: Timestamp,
    /// What it sorts by.
    pub order_time: Timestamp,
    /// When it came in.
    pub received_at: Timestamp,
    /// The sender's idempotency key.
    pub uid: Option<String>,
    /// Tags.
    pub meta: Meta,
    /// How its picture and its metadata file stand.
    pub attached: Attached,
}

impl StoredEvent {
    pub(super) fn new(id: u64, row: &EventV1<'_>) -> Self {
        Self {
            id: EventId(id),
            camera: CameraId(row.camera),
            event_type: EventTypeId(row.event_type),
            time: Timestamp(row.time),
            order_time: Timestamp(row.order_time.unwrap_or(row.time)),
            received_at: Timestamp(row.received_at),
            uid: row.uid.map(str::to_owned),
            meta: Meta::from_stored(row.meta),
            attached: Attached::from_number(row.attached),
        }
    }
}

/// What an idempotency key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The event that was stored under it.
    pub id: EventId,
    /// Hash of the request that stored it.
    pub hash: u128,
    /// When that came in.
    pub arrival: Timestamp,
}

/// A snapshot. It blocks nobody, but holds the pages it sees: for at most five seconds.
pub struct ReadTx {
    pub(super) tx: ReadTransaction,
    pub(super) deadline: Instant,
    /// Whether what it reads may be wrong by now.
    superseded: Superseded,
    /// Keeps the database open that this reads, also after it was replaced.
    _open: Option<Arc<dyn Any + Send + Sync>>,
}

impl ReadTx {
    pub(super) fn new(tx: ReadTransaction) -> Self {
        let superseded = Superseded::default();
        Self { tx, deadline: Instant::now() + READ_MAX, superseded, _open: None }
    }

    /// The same, which keeps `open` until it is dropped, and is true until it is `superseded`.
    pub(super) fn keeping(self, open: Arc<dyn Any + Send + Sync>, superseded: Superseded) -> Self {
        Self { _open: Some(open), superseded, ..self }
    }

    /// Fails if what was read so far may be wrong: after a failure the database was opened anew, and pages of
    /// this snapshot may be used for something else by now. Cost: one atomic load.
    pub(super) fn still_true(&self) -> Result<()> {
        if self.superseded.is_so() {
            return Err(StoreError::Failed("the database was opened anew meanwhile".to_owned()));
        }
        Ok(())
    }

    /// Fails once the snapshot has been held too long, or is no longer true. To be called now and then in long
    /// walks.
    pub(super) fn still_in_time(&self) -> Result<()> {
        self.still_true()?;
        if Instant::now() > self.deadline { Err(StoreError::TooLong) } else { Ok(()) }
    }

    /// One event, or `None`. A damaged row is logged and counts as missing.
    pub fn event(&self, id: EventId) -> Result<Option<StoredEvent>> {
        Self::event_in(&self.tx.open_table(EVENTS)?, id.0)
    }

    /// Events of `ids` that are stored, damaged ones as well.
    pub fn stored(&self, ids: &[EventId]) -> Result<Vec<EventId>> {
        let table = self.tx.open_table(EVENTS)?;
        let mut stored = Vec::new();
        for id in ids {
            if table.get(id.0)?.is_some() {
                stored.push(*id);
            }
        }
        Ok(stored)
    }

    pub(super) fn event_in(
        events: &ReadOnlyTable<u64, &'static [u8]>,
        id: u64,
    ) -> Result<Option<StoredEvent>> {
        let Some(value) = events.get(id)? else { return Ok(None) };
        Ok(Self::decode(id, value.value()))
    }

    pub(super) fn decode(id: u64, bytes: &[u8]) -> Option<StoredEvent> {
        match row::decode(id, bytes) {
            Ok(EventRow::V1(row)) => Some(StoredEvent::new(id, &row)),
            Err(row::Damage) => {
                DAMAGED_ROWS.fetch_add(1, Ordering::Relaxed);
                tracing::error!(event.id = id, "the row of an event is damaged; it is left out");
                None
            }
        }
    }

    /// Newest event id ever given and applied; 0 before the first.
    pub fn last_event(&self) -> Result<EventId> {
        self.state(state::LAST_EVENT).map(EventId)
    }

    /// Newest arrival of an event.
    pub fn last_arrival(&self) -> Result<Timestamp> {
        Ok(Timestamp(self.state(state::LAST_ARRIVAL)?.cast_signed()))
    }

    /// Weight of all stored rows, see `apply::weight`. Of a database that does not hold it yet, a guess by
    /// its oldest and its newest rows.
    pub(super) fn event_weight(&self) -> Result<u64> {
        let known = self.tx.open_table(STATE)?.get(state::EVENT_WEIGHT)?.map(|v| v.value());
        if let Some(known) = known {
            return Ok(known);
        }
        let table = self.tx.open_table(EVENTS)?;
        let (mut rows, mut weight) = (0, 0);
        for entry in table.iter()?.take(WEIGHED).chain(table.iter()?.rev().take(WEIGHED)) {
            weight += apply::weight(entry?.1.value().len());
            rows += 1;
        }
        let count = redb::ReadableTableMetadata::len(&table)?;
        Ok((count * weight.unsigned_abs()).checked_div(rows).unwrap_or(0))
    }

    pub(super) fn state(&self, name: &str) -> Result<u64> {
        Ok(self.tx.open_table(STATE)?.get(name)?.map_or(0, |v| v.value()))
    }

    /// From when the clock jumped, if that is not settled.
    pub fn clock_jump(&self) -> Result<Option<Timestamp>> {
        let from = self.state(state::CLOCK_JUMP)?;
        Ok((from > 0).then(|| Timestamp(from.cast_signed())))
    }

    /// What `key` of `camera` stands for.
    pub fn remembered(&self, camera: CameraId, key: &str) -> Result<Option<Remembered>> {
        let table = self.tx.open_table(IDEMPOTENCY)?;
        let Some(value) = table.get((camera.0, key))? else { return Ok(None) };
        let Ok(IdempotencyRow::V1 { id, hash, arrival }) = row::decode(0, value.value()) else {
            return Ok(None);
        };
        Ok(Some(Remembered { id: EventId(id), hash, arrival: Timestamp(arrival) }))
    }

    /// Whether an idempotency key of an event that arrived before `before` is remembered.
    pub fn has_keys_before(&self, before: Timestamp) -> Result<bool> {
        let table = self.tx.open_table(IDEMPOTENCY_BY_AGE)?;
        let oldest = table.first()?.map(|(age, _)| age.value().arrival);
        Ok(oldest.is_some_and(|arrival| arrival < before.0))
    }

    pub(super) fn tag_number(&self, tag: &str) -> Result<Option<u32>> {
        Ok(self.tx.open_table(TAG_NUMBERS)?.get(tag)?.map(|v| v.value()))
    }

    /// Types that ever had an event on `camera`.
    pub(super) fn types_of(&self, camera: u32) -> Result<Vec<u16>> {
        use super::key::Series;
        let table = self.tx.open_table(SERIES)?;
        let all = Series { camera, event_type: 0 }..=Series { camera, event_type: u16::MAX };
        table.range(all)?.map(|entry| Ok(entry?.0.value().event_type)).collect()
    }

    /// All camera and type pairs that ever had an event, in this order.
    pub fn all_series(&self) -> Result<Vec<(u32, u16)>> {
        let table = self.tx.open_table(SERIES)?;
        table
            .iter()?
            .map(|entry| entry.map(|e| (e.0.value().camera, e.0.value().event_type)))
            .map(|pair| pair.map_err(StoreError::from))
            .collect()
    }
}

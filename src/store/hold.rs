//! Events that nothing deletes, until somebody takes the hold off.

use redb::{ReadableTable, ReadableTableMetadata};

use super::error::Result;
use super::read::ReadTx;
use super::row::{self, HoldRow};
use super::tables::HOLDS;
use super::write::WriteTx;
use crate::domain::{EventId, Hold, Timestamp};

impl ReadTx {
    /// The table, unless there never was a hold.
    pub(super) fn holds_table(&self) -> Result<Option<redb::ReadOnlyTable<u64, &'static [u8]>>> {
        match self.tx.open_table(HOLDS) {
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            table => Ok(Some(table?)),
        }
    }

    /// The hold on an event. A damaged row holds all the same, by nobody.
    pub fn hold(&self, id: EventId) -> Result<Option<Hold>> {
        let Some(table) = self.holds_table()? else { return Ok(None) };
        Ok(table.get(id.0)?.map(|value| decode(id.0, value.value())))
    }

    /// Events of `ids` that are held.
    pub fn held(&self, ids: &[EventId]) -> Result<Vec<EventId>> {
        let Some(table) = self.holds_table()? else { return Ok(Vec::new()) };
        let mut held = Vec::new();
        for id in ids {
            if table.get(id.0)?.is_some() {
                held.push(*id);
            }
        }
        Ok(held)
    }

    /// Held events by id, above `after`, at most `limit`.
    pub fn holds(&self, after: EventId, limit: usize) -> Result<Vec<(EventId, Hold)>> {
        let Some(table) = self.holds_table()? else { return Ok(Vec::new()) };
        let rows = table.range(after.0.saturating_add(1)..)?.take(limit);
        rows.map(|entry| {
            let (id, value) = entry?;
            Ok((EventId(id.value()), decode(id.value(), value.value())))
        })
        .collect()
    }

    /// How many events are held.
    pub fn hold_count(&self) -> Result<u64> {
        Ok(match self.holds_table()? {
            Some(table) => table.len()?,
            None => 0,
        })
    }
}

impl WriteTx<'_> {
    /// Holds an event, or takes the hold off. Tells whether that changed anything.
    pub fn put_hold(&self, id: EventId, hold: Option<&Hold>) -> Result<bool> {
        let mut table = self.tx.open_table(HOLDS)?;
        let was = table.get(id.0)?.is_some();
        match hold {
            Some(hold) if !was => {
                let row = HoldRow::V1 { since: hold.since.0, by: hold.by.clone() };
                table.insert(id.0, row::encode(id.0, &row).as_slice())?;
            }
            None if was => drop(table.remove(id.0)?),
            _ => {}
        }
        Ok(was != hold.is_some())
    }
}

fn decode(id: u64, bytes: &[u8]) -> Hold {
    match row::decode(id, bytes) {
        Ok(HoldRow::V1 { since, by }) => Hold { since: Timestamp(since), by },
        Err(row::Damage) => {
            tracing::error!(event.id = id, "the row of a hold is damaged; the event stays held");
            Hold { since: Timestamp(0), by: String::new() }
        }
    }
}

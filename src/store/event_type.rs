//! Event types on disk: each camera's switches, and the numbers of names.

use redb::ReadableTable;

use super::error::{Result, StoreError};
use super::key::Series;
use super::read::{ReadTx, left_out};
use super::row::{self, EventTypeRow};
use super::tables::{EVENT_TYPES, TYPE_NAMES, state};
use super::write::WriteTx;
use crate::domain::{CameraId, Caps, EventType, EventTypeId};

impl ReadTx {
    /// Every event type name with its number, types of removed cameras included.
    pub fn type_names(&self) -> Result<Vec<(EventTypeId, String)>> {
        let table = self.tx.open_table(TYPE_NAMES)?;
        let mut names = Vec::new();
        for entry in table.iter()? {
            let (number, name) = entry?;
            names.push((EventTypeId(number.value()), name.value().to_owned()));
        }
        Ok(names)
    }

    /// Every camera's event types, by camera; a damaged one is reported and left out. `names` is [`Self::type_names`].
    pub fn event_types(
        &self,
        names: &[(EventTypeId, String)],
    ) -> Result<Vec<(CameraId, EventType)>> {
        let table = self.tx.open_table(EVENT_TYPES)?;
        let mut types = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            let key = key.value();
            let damaged = || StoreError::Damaged(format!("a type of camera {}", key.camera));
            let number = EventTypeId(key.event_type);
            let name = names.iter().find(|(n, _)| *n == number);
            match (name, row::decode(salt(key), value.value())) {
                (Some((_, name)), Ok(row)) => {
                    types.push((CameraId(key.camera), event_type(number, name.clone(), row)));
                }
                _ => left_out(&damaged()),
            }
        }
        Ok(types)
    }
}

impl WriteTx<'_> {
    /// The number of a new event type name.
    pub fn new_type_number(&self, name: &str) -> Result<EventTypeId> {
        let last = self.next_u32(state::LAST_TYPE)?;
        let number = u16::try_from(last)
            .map_err(|_| StoreError::Failed("event type names are used up".into()))?;
        self.tx.open_table(TYPE_NAMES)?.insert(number, name)?;
        Ok(EventTypeId(number))
    }

    /// Writes one camera's event type, new or changed.
    pub fn put_event_type(&self, camera: CameraId, event_type: &EventType) -> Result<()> {
        let bits =
            |facts: &[bool]| facts.iter().rev().fold(0u8, |bits, fact| bits << 1 | u8::from(*fact));
        let (caps, t) = (event_type.caps, event_type);
        let row = EventTypeRow::V1 {
            caps: bits(&[
                caps.can_be_triggered,
                caps.can_record,
                caps.can_snapshot,
                caps.is_periodic,
            ]),
            switches: bits(&[
                t.notify,
                t.receive,
                t.record,
                t.snapshot,
                t.generate_images,
                t.custom,
            ]),
            period: t.period,
            alias: t.alias.clone(),
        };
        let key = Series { camera: camera.0, event_type: t.number.0 };
        let bytes = row::encode(salt(key), &row);
        self.tx.open_table(EVENT_TYPES)?.insert(key, bytes.as_slice())?;
        Ok(())
    }

    /// Removes one camera's event type. The name keeps its number, events stay.
    pub fn remove_event_type(&self, camera: CameraId, number: EventTypeId) -> Result<()> {
        let key = Series { camera: camera.0, event_type: number.0 };
        self.tx.open_table(EVENT_TYPES)?.remove(key)?;
        Ok(())
    }
}

pub(super) fn salt(key: Series) -> u64 {
    u64::from(key.camera) << 16 | u64::from(key.event_type)
}

fn event_type(number: EventTypeId, name: String, row: EventTypeRow) -> EventType {
    let EventTypeRow::V1 { caps, switches, period, alias } = row;
    let bit = |bits: u8, at: u8| bits >> at & 1 == 1;
    EventType {
        number,
        name,
        caps: Caps {
            can_be_triggered: bit(caps, 0),
            can_record: bit(caps, 1),
            can_snapshot: bit(caps, 2),
            is_periodic: bit(caps, 3),
        },
        notify: bit(switches, 0),
        receive: bit(switches, 1),
        record: bit(switches, 2),
        snapshot: bit(switches, 3),
        generate_images: bit(switches, 4),
        custom: bit(switches, 5),
        period,
        alias,
    }
}

//! What can happen to events: the records that pass through the journal.

use crate::domain::{Attachment, CameraId, EventId, EventTypeId, FileState, Meta, Timestamp};

use super::row::{self, ChangeRow, Damage, EventV1};

/// One change of events, as it is journalled and applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new event.
    Create(Create),
    /// Tags set (`Some`) or taken away (`None`), in order.
    Tags {
        /// The event; a missing one makes this a no-op.
        id: EventId,
        /// Tag and value.
        edits: Vec<(String, Option<String>)>,
    },
    /// Events deleted, by id; missing ones are passed over.
    Delete {
        /// Their ids.
        ids: Vec<EventId>,
    },
    /// An event's picture or metadata file stands otherwise.
    Attachment {
        /// The event; a missing one makes this a no-op.
        id: EventId,
        /// Which of the two.
        of: Attachment,
        /// How it stands now.
        state: FileState,
    },
}

/// A new event, complete but for its id, which the queue gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// Given when the change is queued.
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
    /// Its tags.
    pub meta: Meta,
    /// Idempotency key.
    pub uid: Option<String>,
    /// Hash of the request, kept with the key.
    pub hash: u128,
}

impl Create {
    pub(super) fn row(&self) -> EventV1<'_> {
        EventV1 {
            camera: self.camera.0,
            event_type: self.event_type.0,
            time: self.time.0,
            order_time: (self.order_time != self.time).then_some(self.order_time.0),
            received_at: self.received_at.0,
            attached: 0,
            uid: self.uid.as_deref(),
            meta: self.meta.json(),
        }
    }
}

impl Change {
    /// Appends the journal record.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let record = match self {
            Self::Create(new) => {
                ChangeRow::CreateV1 { id: new.id.0, row: new.row(), hash: new.hash }
            }
            Self::Tags { id, edits } => ChangeRow::TagsV1 {
                id: id.0,
                edits: edits.iter().map(|(t, v)| (t.as_str(), v.as_deref())).collect(),
            },
            Self::Delete { ids } => {
                ChangeRow::DeleteV1 { ids: ids.iter().map(|id| id.0).collect() }
            }
            Self::Attachment { id, of, state } => {
                let (id, state) = (id.0, state.number());
                match of {
                    Attachment::Picture => ChangeRow::PictureV1 { id, state },
                    Attachment::Filemeta => ChangeRow::FilemetaV1 { id, state },
                }
            }
        };
        row::encode_plain(&record, out);
    }

    /// Reads a journal record.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        Ok(match row::decode_plain(bytes)? {
            ChangeRow::CreateV1 { id, row, hash } => Self::Create(Create {
                id: EventId(id),
                camera: CameraId(row.camera),
                event_type: EventTypeId(row.event_type),
                time: Timestamp(row.time),
                order_time: Timestamp(row.order_time.unwrap_or(row.time)),
                received_at: Timestamp(row.received_at),
                meta: Meta::from_stored(row.meta),
                uid: row.uid.map(str::to_owned),
                hash,
            }),
            ChangeRow::TagsV1 { id, edits } => Self::Tags {
                id: EventId(id),
                edits: edits.into_iter().map(|(t, v)| (t.into(), v.map(str::to_owned))).collect(),
            },
            ChangeRow::DeleteV1 { ids } => {
                Self::Delete { ids: ids.into_iter().map(EventId).collect() }
            }
            ChangeRow::PictureV1 { id, state } => Self::attachment(id, Attachment::Picture, state),
            ChangeRow::FilemetaV1 { id, state } => {
                Self::attachment(id, Attachment::Filemeta, state)
            }
        })
    }

    fn attachment(id: u64, of: Attachment, state: u8) -> Self {
        Self::Attachment { id: EventId(id), of, state: FileState::from_number(state) }
    }

    /// About how many bytes it takes in the journal and in memory.
    pub fn bytes(&self) -> usize {
        64 + match self {
            Self::Create(new) => new.meta.json().len() + new.uid.as_ref().map_or(0, String::len),
            Self::Tags { edits, .. } => {
                edits.iter().map(|(t, v)| 8 + t.len() + v.as_ref().map_or(0, String::len)).sum()
            }
            Self::Delete { ids } => ids.len() * 8,
            Self::Attachment { .. } => 8,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::store) fn create(id: u64, camera: u32, event_type: u16, time: i64) -> Create {
        Create {
            id: EventId(id),
            camera: CameraId(camera),
            event_type: EventTypeId(event_type),
            time: Timestamp(time),
            order_time: Timestamp(time),
            received_at: Timestamp(time),
            meta: Meta::empty(),
            uid: None,
            hash: 0,
        }
    }

    proptest! {
        #[test]
        fn changes_come_back(
            id: u64, camera: u32, event_type: u16, time: i64, moved: Option<i64>, hash: u128,
            uid in proptest::option::of("[ -~]{1,40}"),
            edits in proptest::collection::vec(("\\PC{1,9}", proptest::option::of("\\PC{0,9}")), 0..5),
            ids in proptest::collection::vec(any::<u64>(), 0..20), state in 0u8..4,
        ) {
            let order_time = Timestamp(moved.unwrap_or(time));
            let new = Create { order_time, uid, hash, ..create(id, camera, event_type, time) };
            let ids = ids.into_iter().map(EventId).collect();
            let attached = Attachment::ALL.map(|of| Change::attachment(id, of, state));
            let others = [Change::Create(new), Change::Tags { id: EventId(id), edits }, Change::Delete { ids }];
            for change in others.into_iter().chain(attached) {
                let mut bytes = Vec::new();
                change.encode(&mut bytes);
                prop_assert_eq!(Change::decode(&bytes).unwrap(), change);
            }
        }
    }
}

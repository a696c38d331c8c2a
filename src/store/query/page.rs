//! The rows of a page, with as many of their tags as may be held at once.

use super::{Listed, ReadTx, Result};
use crate::domain::{EventId, Meta};
use crate::store::read::StoredEvent;
use crate::store::tables::EVENTS;

/// Tags that a page holds, in bytes, about. A page may have 1,000 events of 64 KiB; the rest of its tags
/// is read as the client takes them.
const META_BYTES: usize = 512 * 1024;

/// Rows of a page that is being read.
pub(super) struct Rows {
    events: Vec<StoredEvent>,
    whole: usize,
    bytes: usize,
}

impl Rows {
    pub fn new() -> Self {
        Self { events: Vec::new(), whole: 0, bytes: 0 }
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Adds a row; once there is no room for tags, without its tags.
    pub fn push(&mut self, event: StoredEvent) {
        self.bytes += event.meta.json().len();
        if self.bytes <= META_BYTES {
            self.whole += 1;
            self.events.push(event);
        } else {
            self.events.push(StoredEvent { meta: Meta::empty(), ..event });
        }
    }

    pub fn listed(self, total: u64, more: bool, newest: EventId) -> Listed {
        Listed { events: self.events, whole: self.whole, total, more, newest }
    }
}

impl ReadTx {
    /// The tags of events, of as many from the first as a page may hold, one at least; of one that is
    /// gone, none.
    pub fn metas(&self, ids: &[EventId]) -> Result<Vec<Meta>> {
        let rows = self.tx.open_table(EVENTS)?;
        let (mut metas, mut bytes) = (Vec::new(), 0);
        for id in ids {
            let meta = Self::event_in(&rows, id.0)?.map_or_else(Meta::empty, |event| event.meta);
            bytes += meta.json().len();
            metas.push(meta);
            if bytes > META_BYTES {
                break;
            }
        }
        Ok(metas)
    }
}

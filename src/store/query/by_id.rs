//! What matches in order of id, piece by piece: exports and feeds.

use std::ops::Bound;

use crate::domain::EventId;
use crate::store::error::Result;
use crate::store::read::{ReadTx, StoredEvent};
use crate::store::tables::EVENTS;

use super::Query;
use super::plan::Plan;

/// Tags that an export's chunk holds, in bytes, about.
const CHUNK_META_BYTES: usize = 256 * 1024;

impl ReadTx {
    /// Events that match, in order of id from above `after`, looking at `scan` rows at most (of a query
    /// that names ids, at those alone), and fewer if their tags are large. Also gives the id to go on
    /// after, or `None` at the end.
    pub fn by_id(
        &self,
        query: &Query,
        after: EventId,
        scan: usize,
    ) -> Result<(Vec<StoredEvent>, Option<EventId>)> {
        let Some(plan) = Plan::new(self, query)? else { return Ok((Vec::new(), None)) };
        let table = self.tx.open_table(EVENTS)?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        let mut seen = None;
        if !plan.query.ids.is_empty() {
            // An id that has not been given yet may be one day: a feed must not go past it.
            let newest = self.last_event()?;
            let mut ids = plan.query.ids.clone();
            ids.retain(|id| *id > after && *id <= newest);
            ids.sort_unstable();
            ids.dedup();
            for (at, id) in ids.into_iter().enumerate() {
                if at == scan || bytes > CHUNK_META_BYTES {
                    return Ok((events, seen));
                }
                seen = Some(id);
                let event = Self::event_in(&table, id.0)?;
                let Some(event) = event.filter(|event| plan.accepts(event)) else { continue };
                bytes += event.meta.json().len();
                events.push(event);
            }
            return Ok((events, None));
        }
        let last = plan.query.before_id.map_or(u64::MAX, |before| before.0);
        if last <= after.0 {
            return Ok((events, None));
        }
        let range = (Bound::Excluded(after.0), Bound::Included(last));
        for (at, entry) in table.range(range)?.enumerate() {
            if at == scan || bytes > CHUNK_META_BYTES {
                return Ok((events, seen));
            }
            let (id, value) = entry?;
            seen = Some(EventId(id.value()));
            let event = Self::decode(id.value(), value.value());
            let Some(event) = event.filter(|event| plan.accepts(event)) else { continue };
            bytes += event.meta.json().len();
            events.push(event);
        }
        Ok((events, None))
    }
}

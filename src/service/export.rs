//! Exporting events in order of id, chunk by chunk, and taking such an export in again.

use super::access::Caller;
use super::audit::Act;
use super::error::Result;
use super::event::{Events, named, query};
use crate::domain::filter::Filter;
use crate::domain::{Event, EventId};

/// Rows looked at for one chunk: a chunk holds its snapshot for milliseconds.
const CHUNK: usize = 2_000;

/// A part of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Events in order of id.
    pub events: Vec<Event>,
    /// The id to go on after, or `None` at the end.
    pub next: Option<EventId>,
}

impl Events {
    /// The events that match with an id above `after`, as many as are found among the next rows:
    /// perhaps none although more follow. Constant memory, whatever the size of the history.
    ///
    /// # Errors
    /// As for a list.
    pub async fn export(&self, caller: &Caller, filter: &Filter, after: EventId) -> Result<Chunk> {
        let catalogue = self.core().catalogue();
        let Some(query) = query(caller, filter, &catalogue)? else {
            return Ok(Chunk { events: Vec::new(), next: None });
        };
        self.core()
            .read(move |tx| {
                let (rows, next) = tx.by_id(&query, after, CHUNK)?;
                let events = rows.into_iter().map(|row| named(&catalogue, row)).collect();
                Ok(Chunk { events, next })
            })
            .await
    }

    /// Notes that an export begins: it takes data out of the house.
    ///
    /// # Errors
    /// The store's.
    pub async fn note_export(&self, caller: &Caller, filter: &Filter) -> Result<()> {
        let act = Act::on("events.export", "events").with(filter.words());
        self.core().note(Some(caller), act, "ok").await
    }

    /// Reads everything and compares it, for `watchpost check`.
    ///
    /// # Errors
    /// The store's.
    pub async fn verify(&self) -> Result<crate::store::check::Report> {
        self.core().read(|tx| Ok(tx.check()?)).await
    }
}

//! Reading events: one, a page, a count, a chunk in order of id.

use super::{Events, named};
use crate::domain::filter::{Filter, Page};
use crate::domain::{CameraId, Event, EventId, EventTypeId, Meta, Timestamp};
use crate::service::access::{Action, Caller, Scope};
use crate::service::catalogue::Catalogue;
use crate::service::error::{Error, Result};
use crate::store::{Query, Selection};

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Its events, in the order asked for.
    pub events: Vec<Event>,
    /// How many of them, from the first, have their tags; those of the others are too large to be held
    /// with them: [`Events::metas`].
    pub whole: usize,
    /// How many match, on all pages together.
    pub total: u64,
    /// Whether another page follows.
    pub more: bool,
    /// Newest event id when it was read: the anchor of the pages that follow.
    pub newest: EventId,
}

impl Events {
    /// One page of the events in the caller's scope that match.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::OutOfScope`], [`Error::Overloaded`] for a query that takes
    /// too long.
    pub async fn list(&self, caller: &Caller, filter: &Filter, page: Page) -> Result<EventPage> {
        let catalogue = self.core.catalogue();
        let query = query(caller, filter, &catalogue)?;
        let Some(query) = query else {
            let newest = self.core.read(|tx| Ok(tx.last_event()?)).await?;
            return Ok(EventPage { events: Vec::new(), whole: 0, total: 0, more: false, newest });
        };
        self.core
            .read(move |tx| {
                let listed = tx.list(&query, &page)?;
                Ok(EventPage {
                    events: listed.events.into_iter().map(|row| named(&catalogue, row)).collect(),
                    whole: listed.whole,
                    total: listed.total,
                    more: listed.more,
                    newest: listed.newest,
                })
            })
            .await
    }

    /// The tags of events of a page, of as many from the first as can be held at once, one at least.
    ///
    /// # Errors
    /// The store's.
    pub async fn metas(&self, ids: Vec<EventId>) -> Result<Vec<Meta>> {
        self.core.read(move |tx| Ok(tx.metas(&ids)?)).await
    }

    /// One event.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::EventNotFound`] also outside the scope.
    pub async fn get(&self, caller: &Caller, id: EventId) -> Result<Event> {
        self.visible(caller, Action::ReadEvents, id).await
    }

    /// One event, if the caller may do `action` with it.
    pub(in crate::service) async fn visible(
        &self,
        caller: &Caller,
        action: Action,
        id: EventId,
    ) -> Result<Event> {
        caller.may(action)?;
        let row = self.core.read(move |tx| tx.event(id)?.ok_or(Error::EventNotFound(id))).await?;
        caller.sees(id, row.camera)?;
        Ok(named(&self.core.catalogue(), row))
    }
}

/// What `filter` means within the caller's scope; `None` if nothing can match.
///
/// # Errors
/// [`Error::AccessDenied`], [`Error::OutOfScope`] for a single foreign camera; in a list foreign
/// cameras are skipped.
pub(in crate::service) fn query(
    caller: &Caller,
    filter: &Filter,
    catalogue: &Catalogue,
) -> Result<Option<Query>> {
    caller.may(Action::ReadEvents)?;
    let cameras: Option<Vec<CameraId>> = match (&caller.scope, filter.cameras.as_slice()) {
        (Scope::All, []) => None,
        (Scope::Cameras(own), []) => Some(own.clone()),
        (_, [one]) if !caller.covers(*one) => return Err(Error::OutOfScope(*one)),
        (_, some) => Some(some.iter().copied().filter(|c| caller.covers(*c)).collect()),
    };
    let Some(selection) = selection(cameras, filter, catalogue) else { return Ok(None) };
    let query = Query {
        selection,
        start: filter.start.unwrap_or(Timestamp::MIN),
        end: filter.end.unwrap_or(Timestamp::MAX),
        tags_any: filter.tags_any.clone(),
        tags_none: filter.tags_none.clone(),
        tag_values: filter.tag_values.clone(),
        has_thumb: filter.has_thumb,
        before_id: filter.before_id,
        after_id: filter.after_id,
        ids: filter.ids.clone(),
    };
    Ok(Some(query))
}

/// Cameras (`None`: all) and type names or aliases, in numbers.
fn selection(
    cameras: Option<Vec<CameraId>>,
    filter: &Filter,
    catalogue: &Catalogue,
) -> Option<Selection> {
    if filter.names.is_empty() && filter.aliases.is_empty() {
        return Some(cameras.map_or(Selection::All, Selection::Cameras));
    }
    let mut types: Vec<EventTypeId> =
        filter.names.iter().filter_map(|name| catalogue.type_number(name)).collect();
    types.sort_unstable();
    types.dedup();
    let in_scope = |camera: &CameraId| cameras.as_ref().is_none_or(|list| list.contains(camera));
    let mut aliased: Vec<(CameraId, EventTypeId)> = Vec::new();
    if !filter.aliases.is_empty() {
        for (id, entry) in catalogue.cameras.iter().filter(|(id, _)| in_scope(id)) {
            for event_type in entry.types.values() {
                let alias = event_type.alias.as_ref();
                if alias.is_some_and(|alias| filter.aliases.contains(alias)) {
                    aliased.push((*id, event_type.number));
                }
            }
        }
    }
    let selection = match cameras {
        None if aliased.is_empty() => Selection::Types(types),
        None => {
            // Removed cameras have no aliases, but may have events of the types: they are listed by
            // the ids that exist and by the pairs that the aliases add.
            let all = catalogue.cameras.keys().copied();
            Selection::Series(pairs(all.collect(), &types, aliased))
        }
        Some(list) => Selection::Series(pairs(list, &types, aliased)),
    };
    let nothing = match &selection {
        Selection::Types(list) => list.is_empty(),
        Selection::Series(list) => list.is_empty(),
        Selection::All | Selection::Cameras(_) => false,
    };
    (!nothing).then_some(selection)
}

fn pairs(
    cameras: Vec<CameraId>,
    types: &[EventTypeId],
    aliased: Vec<(CameraId, EventTypeId)>,
) -> Vec<(CameraId, EventTypeId)> {
    let mut all: Vec<_> =
        cameras.into_iter().flat_map(|c| types.iter().map(move |t| (c, *t))).collect();
    all.extend(aliased);
    all.sort_unstable();
    all.dedup();
    all
}

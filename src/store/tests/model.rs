//! What the store should answer: every event in a map, filters by hand.

use std::collections::BTreeMap;

use crate::domain::filter::{Order, Page, Place};
use crate::domain::{Attached, EventId, FileState, Meta, Timestamp};
use crate::store::{
    Change, Create, GroupBy, Histogram, Listed, Query, ReadTx, Selection, StoredEvent,
};

/// The events that there should be.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub events: BTreeMap<u64, StoredEvent>,
    pub last: u64,
}

/// An event's place in lists.
pub fn place(event: &StoredEvent) -> Place {
    Place { time: event.order_time, id: event.id }
}

fn stored(new: &Create) -> StoredEvent {
    StoredEvent {
        id: new.id,
        camera: new.camera,
        event_type: new.event_type,
        time: new.time,
        order_time: new.order_time,
        received_at: new.received_at,
        uid: new.uid.clone(),
        meta: new.meta.clone(),
        attached: Attached::default(),
    }
}

/// Whether `event` is what `query` asks for, word by word.
pub fn matches(query: &Query, event: &StoredEvent) -> bool {
    let selected = match &query.selection {
        Selection::All => true,
        Selection::Cameras(list) => list.contains(&event.camera),
        Selection::Types(list) => list.contains(&event.event_type),
        Selection::Series(list) => list.contains(&(event.camera, event.event_type)),
    };
    let has = |tag: &String| event.meta.get(tag).is_some();
    selected
        && query.start <= event.order_time
        && event.order_time <= query.end
        && (query.tags_any.is_empty() || query.tags_any.iter().any(has))
        && !query.tags_none.iter().any(has)
        && query.tag_values.iter().all(|(tag, value)| event.meta.get(tag).as_ref() == Some(value))
        && query.has_thumb.is_none_or(|has| has == (event.attached.picture == FileState::Ready))
        && query.before_id.is_none_or(|before| event.id <= before)
        && query.after_id.is_none_or(|after| event.id > after)
        && (query.ids.is_empty() || query.ids.contains(&event.id))
}

impl Model {
    /// Makes a change; a create without an id gets the next one. Returns the change as journalled.
    pub fn apply(&mut self, mut change: Change) -> Change {
        match &mut change {
            Change::Create(new) => {
                self.last += 1;
                new.id = EventId(self.last);
                self.events.insert(self.last, stored(new));
            }
            Change::Tags { id, edits } => {
                if let Some(event) = self.events.get_mut(&id.0) {
                    event.meta = event.meta.edited(edits).unwrap();
                }
            }
            Change::Attachment { id, of, state } => {
                if let Some(event) = self.events.get_mut(&id.0) {
                    event.attached = event.attached.with(*of, *state);
                }
            }
            Change::Delete { ids } => {
                for id in ids {
                    self.events.remove(&id.0);
                }
            }
        }
        change
    }

    /// What matches, oldest first.
    pub fn matching(&self, query: &Query) -> Vec<StoredEvent> {
        let mut found: Vec<StoredEvent> =
            self.events.values().filter(|event| matches(query, event)).cloned().collect();
        found.sort_by_key(place);
        found
    }

    pub fn list(&self, query: &Query, page: &Page) -> Listed {
        let mut events = self.matching(query);
        let total = events.len() as u64;
        if page.order == Order::Descending {
            events.reverse();
        }
        match page.after {
            Some(after) if page.order == Order::Ascending => events.retain(|e| place(e) > after),
            Some(after) => events.retain(|e| place(e) < after),
            None => drop(events.drain(..events.len().min(usize::try_from(page.offset).unwrap()))),
        }
        let more = events.len() > page.limit;
        events.truncate(page.limit);
        let total = page.total.unwrap_or(total);
        Listed { whole: events.len(), events, total, more, newest: EventId(self.last) }
    }

    pub fn histogram(&self, query: &Query, bounds: &[i64], group: GroupBy) -> Histogram {
        let empty = vec![0; bounds.len().saturating_sub(1)];
        let mut buckets = empty.clone();
        let mut groups = BTreeMap::new();
        for event in self.matching(query) {
            let time = event.order_time.0;
            let Some(at) = bounds.windows(2).position(|b| b[0] <= time && time < b[1]) else {
                continue;
            };
            buckets[at] += 1;
            let group = match group {
                GroupBy::Nothing => continue,
                GroupBy::Camera => event.camera.0,
                GroupBy::EventType => u32::from(event.event_type.0),
            };
            groups.entry(group).or_insert_with(|| empty.clone())[at] += 1;
        }
        Histogram { buckets, groups: groups.into_iter().collect() }
    }

    /// Fails unless every kind of read says the same as this model.
    pub fn agrees(&self, tx: &ReadTx, query: &Query, page: &Page, bounds: &[i64]) {
        let all = self.matching(query);
        let ids: Vec<EventId> = all.iter().map(|event| event.id).collect();
        assert_eq!(tx.count(query).unwrap(), all.len() as u64, "count of {query:?}");
        assert_eq!(tx.list(query, page).unwrap(), self.list(query, page), "{page:?} of {query:?}");
        for group in [GroupBy::Nothing, GroupBy::Camera, GroupBy::EventType] {
            assert_eq!(
                tx.histogram(query, bounds, group).unwrap(),
                self.histogram(query, bounds, group),
                "histogram by {group:?} over {bounds:?} of {query:?}"
            );
        }
        let extent = all.first().zip(all.last()).map(|(a, b)| (a.order_time, b.order_time));
        assert_eq!(tx.extent(query).unwrap(), extent, "extent of {query:?}");
        assert_eq!(tx.ids(query, page.limit).unwrap(), ids[..ids.len().min(page.limit)]);
        let mut by_id = Vec::new();
        let mut after = Some(EventId(0));
        while let Some(id) = after {
            let (events, next) = tx.by_id(query, id, 7).unwrap();
            by_id.extend(events.into_iter().map(|event| event.id));
            after = next;
        }
        let mut sorted = ids;
        sorted.sort_unstable();
        assert_eq!(by_id, sorted, "by id: {query:?}");
    }

    /// Fails unless `tx` holds exactly these events, and its indexes and counters agree.
    pub fn is_all_of(&self, tx: &ReadTx) {
        let report = tx.check().unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        assert_eq!(report.events, self.events.len() as u64);
        for (id, event) in &self.events {
            assert_eq!(tx.event(EventId(*id)).unwrap().as_ref(), Some(event));
        }
        assert_eq!(tx.last_event().unwrap(), EventId(self.last));
        let page = Page { limit: 10, ..Page::default() };
        self.agrees(tx, &Query::all(), &page, &[0, 946_684_800_000_000, Timestamp::MAX.0]);
    }
}

/// A new event, its id to be given.
pub fn create(camera: u32, event_type: u16, time: i64, tags: &[(&str, &str)]) -> Create {
    let pairs = tags.iter().map(|(tag, value)| ((*tag).to_owned(), (*value).to_owned()));
    Create {
        meta: Meta::from_pairs(pairs).unwrap(),
        ..crate::store::change::tests::create(0, camera, event_type, time)
    }
}

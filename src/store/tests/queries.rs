//! Reads on purpose: each way of answering, exact totals, paging while things change.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::model::{Model, create, matches, place};
use super::{DAY, open, ways, write};
use crate::domain::filter::{Order, Page};
use crate::domain::time::{DAY_US, HOUR_US, MINUTE_US, QUARTER_US};
use crate::domain::{CameraId, EventId, EventTypeId, Timestamp};
use crate::store::{Change, Create, Query, Selection, Store, StoreError, StoredEvent};

/// Numbers without a pattern, the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).unsigned_abs()).cast_signed()
    }
}

struct Home {
    _dir: TempDir,
    store: Store,
    model: Model,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        Self { _dir: dir, store, model: Model::default() }
    }

    fn write(&mut self, changes: Vec<Change>) {
        for change in &changes {
            self.model.apply(change.clone());
        }
        write(&self.store, changes).unwrap();
    }

    fn create(&mut self, events: impl IntoIterator<Item = Create>) {
        self.write(events.into_iter().map(Change::Create).collect());
    }

    fn agrees(&self, query: &Query, page: &Page, bounds: &[i64]) {
        self.model.agrees(&self.store.read().unwrap(), query, page, bounds);
    }
}

/// Events of 3 cameras and 4 types over five days, dense in one hour of each.
fn scattered(count: usize) -> Vec<Create> {
    let mut numbers = Numbers(7);
    let mut events = Vec::new();
    for _ in 0..count {
        let day = DAY + numbers.between(0, 5) * DAY_US;
        let time = match numbers.below(3) {
            0 => day + numbers.between(0, DAY_US),
            1 => day + 7 * HOUR_US + numbers.between(0, HOUR_US),
            _ => day + numbers.between(0, 96) * QUARTER_US - numbers.between(0, 2),
        };
        let (camera, event_type) = (numbers.below(3) + 1, numbers.below(4) + 1);
        let tags: &[_] = if numbers.below(3) == 0 { &[("a", "1")] } else { &[] };
        let camera = u32::try_from(camera).unwrap();
        events.push(create(camera, u16::try_from(event_type).unwrap(), time, tags));
    }
    events
}

fn selections() -> Vec<Selection> {
    let cameras: Vec<_> = (1..=3).map(CameraId).collect();
    let types: Vec<_> = (1..=4).map(EventTypeId).collect();
    let mut all = vec![Selection::All, Selection::Cameras(cameras.clone())];
    all.extend(cameras.iter().map(|camera| Selection::Cameras(vec![*camera])));
    all.extend(types.iter().map(|event_type| Selection::Types(vec![*event_type])));
    for camera in &cameras {
        all.extend(types.iter().map(|t| Selection::Series(vec![(*camera, *t)])));
    }
    all
}

#[test]
fn totals_are_exact_for_any_camera_type_and_range() {
    let mut home = Home::new();
    home.create(scattered(1_500));
    let mut numbers = Numbers(3);
    let mut ranges = vec![
        (i64::MIN, i64::MAX),
        (DAY, DAY + DAY_US - 1),
        (DAY, DAY + DAY_US),
        (DAY + QUARTER_US, DAY + 2 * QUARTER_US - 1),
        (DAY + 7 * HOUR_US + MINUTE_US, DAY + 2 * DAY_US + 7 * HOUR_US + 20 * MINUTE_US),
        (DAY + 5, DAY + 5),
    ];
    for _ in 0..12 {
        let start = DAY + numbers.between(-DAY_US, 5 * DAY_US);
        ranges.push((start, start + numbers.between(0, 3 * DAY_US)));
        let hour = DAY + 7 * HOUR_US + numbers.between(0, 4) * DAY_US;
        let start = hour + numbers.between(0, HOUR_US);
        ranges.push((start, start + numbers.between(0, HOUR_US)));
    }
    let tx = home.store.read().unwrap();
    for selection in selections() {
        for (start, end) in &ranges {
            for tags_none in [vec![], vec!["a".to_owned()]] {
                let query = Query {
                    selection: selection.clone(),
                    start: Timestamp(*start),
                    end: Timestamp(*end),
                    tags_none,
                    ..Query::all()
                };
                let page = Page { limit: 10_000, ..Page::default() };
                let walked = tx.list(&query, &page).unwrap();
                assert_eq!(walked.total, walked.events.len() as u64, "{query:?}");
                assert_eq!(walked, home.model.list(&query, &page), "{query:?}");
            }
        }
    }
}

#[test]
fn any_offset_leads_to_the_rows_that_a_walk_finds_there() {
    let mut home = Home::new();
    home.create(scattered(400));
    let tx = home.store.read().unwrap();
    for selection in selections() {
        for tags in [vec![], vec!["a".to_owned()]] {
            let query = Query { selection: selection.clone(), tags_none: tags, ..Query::all() };
            for order in [Order::Ascending, Order::Descending] {
                let total = tx.count(&query).unwrap();
                for offset in (0..total + 3).step_by(7).chain([total - 1, total]) {
                    let page = Page { order, limit: 3, offset, ..Page::default() };
                    assert_eq!(tx.list(&query, &page).unwrap(), home.model.list(&query, &page));
                }
            }
        }
    }
}

#[test]
fn an_offset_beyond_what_is_left_finds_nothing() {
    let mut home = Home::new();
    home.create(scattered(30));
    let query = Query::all();
    for (offset, rows) in [(20, 3), (29, 1), (30, 0), (35, 0), (50, 0)] {
        // The total is an earlier page's: since then events were deleted.
        let page = Page { limit: 3, offset, total: Some(100), ..Page::default() };
        let listed = home.store.read().unwrap().list(&query, &page).unwrap();
        assert_eq!((listed.events.len(), listed.total), (rows, 100), "offset {offset}");
    }
}

/// 40 minutes with events of 9 series in each; then hours with almost only tagged ones.
fn crowded() -> Vec<Create> {
    let mut events = Vec::new();
    for minute in 0..40 {
        for series in 0..12 {
            events.push(create(1 + series % 3, 1, DAY + minute * MINUTE_US, &[]));
            let series = u16::try_from(1 + series / 3).unwrap();
            events.push(create(1, series, DAY + minute * MINUTE_US + 1, &[]));
        }
    }
    for hour in 10..50 {
        events.push(create(2, 2, DAY + hour * HOUR_US, &[("a", "1"), ("b", "1")]));
    }
    events.push(create(2, 2, DAY + 60 * HOUR_US, &[]));
    for hour in 61..70 {
        events.push(create(2, 2, DAY + hour * HOUR_US, &[("a", "1")]));
        events.push(create(2, 2, DAY + hour * HOUR_US + 1, &[("a", "2")]));
    }
    for n in 0..8 {
        let tags: &[_] = if n == 6 { &[] } else { &[("a", "1")] };
        events.push(create(2, 2, DAY + 72 * HOUR_US + n, tags));
    }
    for hour in 80..90 {
        events.push(create(2, 2, DAY + hour * HOUR_US, &[("a", "1")]));
    }
    events
}

#[test]
fn every_way_of_answering_is_taken_and_right() {
    let mut home = Home::new();
    home.create(crowded());
    let tags = |list: &[&str]| -> Vec<String> { list.iter().map(|t| (*t).to_owned()).collect() };
    let one = |camera, event_type| (CameraId(camera), EventTypeId(event_type));
    let last = home.model.last;
    let at = |time: i64| Timestamp(DAY + time);
    let queries = [
        Query::all(),
        Query { selection: Selection::Types(vec![EventTypeId(2)]), ..Query::all() },
        Query { selection: Selection::Series(vec![one(2, 2), one(1, 3)]), ..Query::all() },
        Query { selection: Selection::Cameras((1..3).map(CameraId).collect()), ..Query::all() },
        Query { tags_none: tags(&["a"]), start: at(HOUR_US), ..Query::all() },
        Query { tags_none: tags(&["a"]), start: at(9 * HOUR_US + 7), ..Query::all() },
        Query { tags_any: tags(&["a", "b"]), ..Query::all() },
        Query { tags_any: tags(&["a"]), start: at(12 * HOUR_US + 1), ..Query::all() },
        Query { tags_any: tags(&["a"]), end: at(12 * HOUR_US), ..Query::all() },
        Query { tag_values: vec![("a".to_owned(), "2".to_owned())], ..Query::all() },
        Query { start: at(MINUTE_US + 1), end: at(35 * MINUTE_US), ..Query::all() },
        Query {
            selection: Selection::Cameras(vec![CameraId(1)]),
            start: at(MINUTE_US + 1),
            ..Query::all()
        },
        Query { before_id: Some(EventId(last - 5)), ..Query::all() },
        Query { before_id: Some(EventId(20)), ..Query::all() },
        Query { before_id: Some(EventId(9)), ..Query::all() },
        Query { before_id: Some(EventId(29)), after_id: Some(EventId(19)), ..Query::all() },
        Query { after_id: Some(EventId(last - 5)), ..Query::all() },
        Query { after_id: Some(EventId(20)), ..Query::all() },
        Query { ids: [7, 3, 3, 9_999].map(EventId).to_vec(), ..Query::all() },
        Query { after_id: Some(EventId(u64::MAX)), ..Query::all() },
        Query { before_id: Some(EventId(u64::MAX)), ..Query::all() },
    ];
    ways::taken();
    for query in &queries {
        for order in [Order::Ascending, Order::Descending] {
            for offset in [0, 11] {
                let page = Page { order, limit: 60, offset, ..Page::default() };
                home.agrees(query, &page, &[DAY, DAY + QUARTER_US, DAY + 5 * HOUR_US + 3]);
            }
        }
    }
    let wanted = [
        "counters less the newest rows",
        "edge by series",
        "edge by tag",
        "edge by time",
        "from the time index to series",
        "ids",
        "jump over what is tagged",
        "mixed time index",
        "newest ids",
        "oldest ids",
        "seek",
        "series runs",
        "stay in the quarter",
        "stop: all is tagged",
        "tag runs",
        "total far below the newest id",
        "total just below the newest id",
        "whole day",
        "whole minute",
        "whole quarter",
    ];
    let taken = ways::taken();
    assert_eq!(wanted.into_iter().filter(|way| !taken.contains(way)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn pages_neither_skip_nor_repeat_while_events_come_and_go() {
    for order in [Order::Ascending, Order::Descending] {
        for tags_none in [vec![], vec!["a".to_owned()]] {
            let mut home = Home::new();
            home.create(scattered(150));
            let mut numbers = Numbers(11);
            let before_id = Some(EventId(home.model.last));
            let query = Query { tags_none, before_id, ..Query::all() };
            let wanted = home.model.matching(&query);
            let mut found: BTreeMap<EventId, StoredEvent> = BTreeMap::new();
            let mut touched = Vec::new();
            let mut page = Page { order, limit: 7, ..Page::default() };
            loop {
                let listed = home.store.read().unwrap().list(&query, &page).unwrap();
                for event in listed.events {
                    page.after = Some(place(&event));
                    assert!(matches(&query, &event));
                    let before = found.insert(event.id, event);
                    assert_eq!(before, None, "listed twice");
                }
                page.total = Some(listed.total);
                if !listed.more {
                    break;
                }
                home.create(scattered(5));
                let edited = EventId(numbers.below(150) + 1);
                let deleted = EventId(numbers.below(150) + 1);
                touched.extend([edited, deleted]);
                home.write(vec![
                    Change::Tags { id: edited, edits: vec![("a".to_owned(), Some(String::new()))] },
                    Change::Delete { ids: vec![deleted] },
                ]);
            }
            assert_eq!(page.total, Some(wanted.len() as u64), "the first page's, all along");
            for event in wanted.iter().filter(|event| !touched.contains(&event.id)) {
                assert!(found.contains_key(&event.id), "{event:?} was skipped");
            }
            home.model.is_all_of(&home.store.read().unwrap());
        }
    }
}

#[test]
fn figures_of_cameras_and_types_agree_with_the_rows() {
    let mut home = Home::new();
    home.create(scattered(200));
    let gone: Vec<EventId> = (0..200).step_by(3).map(|n| EventId(n + 1)).collect();
    home.write(vec![Change::Delete { ids: gone }]);
    let tx = home.store.read().unwrap();
    let cameras: Vec<CameraId> = (0..6).map(CameraId).collect();
    let newest = tx.newest_events(&cameras).unwrap();
    for (camera, newest) in cameras.iter().zip(newest) {
        let selection = Selection::Cameras(vec![*camera]);
        let all = home.model.matching(&Query { selection, ..Query::all() });
        assert_eq!(newest.as_ref(), all.last(), "{camera:?}");
        let last = all.iter().rev().take(7).map(|event| (event.time, event.received_at));
        assert_eq!(tx.last_times(*camera, 7).unwrap(), last.collect::<Vec<_>>());
    }
    let mut totals: BTreeMap<u16, u64> = BTreeMap::new();
    for event in home.model.events.values() {
        *totals.entry(event.event_type.0).or_default() += 1;
    }
    let totals: Vec<_> = totals.into_iter().map(|(t, count)| (EventTypeId(t), count)).collect();
    assert_eq!(tx.totals_by_type().unwrap(), totals);
    let seen: Vec<EventTypeId> = totals.iter().map(|(number, _)| *number).collect();
    assert_eq!(tx.types_seen().unwrap(), seen);
}

#[test]
fn reading_on_after_the_last_possible_id_ends() {
    let mut home = Home::new();
    home.create(scattered(3));
    let tx = home.store.read().unwrap();
    assert_eq!(tx.by_id(&Query::all(), EventId(u64::MAX), 9).unwrap(), (Vec::new(), None));
}

#[test]
fn a_read_that_takes_too_long_is_given_up() {
    let mut home = Home::new();
    home.create(crowded());
    let walk = Query { tags_none: vec!["a".to_owned(), "b".to_owned()], ..Query::all() };
    let newest = Query { after_id: Some(EventId(home.model.last - 10)), ..Query::all() };
    let mut tx = home.store.read().unwrap();
    assert!(tx.count(&walk).is_ok());
    tx.deadline = Instant::now().checked_sub(Duration::from_millis(1)).unwrap();
    for query in [Query::all(), walk, newest] {
        assert!(matches!(tx.count(&query), Err(StoreError::TooLong)), "{query:?}");
    }
}

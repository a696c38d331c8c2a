//! Random changes, crashes and reads: the store answers as a plain model does.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use super::model::{Model, create, place};
use super::{DAY, commit, copy_crashed, open, write};
use crate::domain::filter::{Order, Page};
use crate::domain::time::{DAY_US, HOUR_US, MINUTE_US, QUARTER_US};
use crate::domain::{Attachment, CameraId, EventId, EventTypeId, FileState, Timestamp};
use crate::store::{Change, Create, Query, Selection, Store};

#[derive(Clone, Debug)]
enum Step {
    Create(Vec<Create>),
    Tags(u64, Vec<(String, Option<String>)>),
    Attachment(Vec<(u64, Attachment, FileState)>),
    Delete(Vec<u64>),
    DeleteMatching(Box<Query>, usize),
    Look(Box<Query>, Page, Vec<i64>),
    /// A whole list, page by page.
    Turn(Box<Query>, Order, usize),
    Commit,
    Crash,
    Reopen,
}

/// Around the edges of days, quarters of an hour and minutes; some far apart.
fn time() -> impl Strategy<Value = i64> {
    let days = select(vec![DAY, DAY + DAY_US, DAY + 40 * DAY_US]);
    let steps = select(vec![DAY + MINUTE_US, DAY + QUARTER_US, DAY + HOUR_US]);
    let far = select(vec![Timestamp::YEAR_2000.0, Timestamp::YEAR_2100.0]);
    let edge = prop_oneof![3 => days, 3 => steps, 1 => far];
    let near = prop_oneof![2 => -2i64..=2, 2 => 0..2 * MINUTE_US, 1 => 0..DAY_US];
    (edge, near).prop_map(|(edge, offset)| edge + offset)
}

fn tag() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just("a"), 1 => select(&["b", "c", "d", "e"][..])].prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    select(&["", "1", "\u{e9}\"\\"][..]).prop_map(str::to_owned)
}

fn new_event() -> impl Strategy<Value = Create> {
    (1u32..=3, 1u16..=4, time(), of(time()), vec((tag(), value()), 0..3), of("[a-z]{1,2}"))
        .prop_map(|(camera, event_type, time, moved, tags, uid)| {
            let tags: Vec<_> = tags.iter().map(|(t, v)| (t.as_str(), v.as_str())).collect();
            let order_time = Timestamp(moved.unwrap_or(time));
            Create { order_time, uid, ..create(camera, event_type, time, &tags) }
        })
}

/// Many of one series close together: what a walk should get past quickly.
fn crowd() -> impl Strategy<Value = Vec<Create>> {
    (1u32..=3, 1u16..=4, time(), any::<bool>(), 1i64..=2 * MINUTE_US, 5..40i64).prop_map(
        |(camera, event_type, start, tagged, step, count)| {
            let tags: &[_] = if tagged { &[("a", "1")] } else { &[] };
            (0..count).map(|n| create(camera, event_type, start + n * step, tags)).collect()
        },
    )
}

fn id() -> impl Strategy<Value = u64> {
    1u64..150
}

fn selection() -> impl Strategy<Value = Selection> {
    let cameras = || (0u32..=4).prop_map(CameraId);
    let types = || (0u16..=5).prop_map(EventTypeId);
    prop_oneof![
        2 => Just(Selection::All),
        1 => cameras().prop_map(|camera| Selection::Cameras(vec![camera])),
        1 => vec(cameras(), 0..5).prop_map(Selection::Cameras),
        1 => vec(types(), 0..4).prop_map(Selection::Types),
        2 => vec((cameras(), types()), 1..10).prop_map(Selection::Series),
    ]
}

prop_compose! {
    fn query()(
        selection in selection(),
        start in weighted(0.4, time()),
        end in weighted(0.4, time()),
        tags_any in few(tag().boxed()),
        tags_none in prop_oneof![few(tag().boxed()), Just(vec!["a".to_owned()])],
        tag_values in few((tag(), value()).boxed()),
        has_thumb in prop_oneof![6 => Just(None), 1 => any::<bool>().prop_map(Some)],
        before_id in weighted(0.15, id()),
        after_id in weighted(0.15, 0u64..200),
        ids in prop_oneof![9 => Just(Vec::new()), 1 => vec(id(), 0..6)],
    ) -> Query {
        let mut query = Query {
            selection, tags_any, tags_none, tag_values, has_thumb,
            before_id: before_id.map(EventId),
            after_id: after_id.map(EventId),
            ids: ids.into_iter().map(EventId).collect(),
            ..Query::all()
        };
        query.start = start.map_or(query.start, Timestamp);
        query.end = end.map_or(query.end, Timestamp);
        query
    }
}

/// Mostly none, else up to three, sometimes of a tag that no event has.
fn few<T: Clone + std::fmt::Debug + 'static>(one: BoxedStrategy<T>) -> BoxedStrategy<Vec<T>> {
    prop_oneof![7 => Just(Vec::new()), 2 => vec(one.clone(), 1), 1 => vec(one, 2..4)].boxed()
}

fn order() -> impl Strategy<Value = Order> {
    select(&[Order::Ascending, Order::Descending][..])
}

fn bounds() -> impl Strategy<Value = Vec<i64>> {
    let even = (time(), 1..3 * HOUR_US, 1..30i64)
        .prop_map(|(start, step, count)| (0..=count).map(|n| start + n * step).collect());
    let odd = vec(time(), 0..6).prop_map(|mut list| {
        list.sort_unstable();
        list.dedup();
        list
    });
    prop_oneof![even, odd]
}

fn look() -> impl Strategy<Value = Step> {
    let page =
        (order(), 1usize..20, prop_oneof![Just(0u64), 0u64..100], weighted(0.2, (time(), id())));
    (query(), page, bounds()).prop_map(|(query, (order, limit, offset, after), bounds)| {
        let after = after.map(|(time, id)| crate::domain::filter::Place {
            time: Timestamp(time),
            id: EventId(id),
        });
        Step::Look(Box::new(query), Page { order, limit, offset, after, total: None }, bounds)
    })
}

fn step() -> impl Strategy<Value = Step> {
    let boxed = || query().prop_map(Box::new);
    prop_oneof![
        4 => new_event().prop_map(|new| Step::Create(vec![new])),
        3 => vec(new_event(), 1..20).prop_map(Step::Create),
        3 => crowd().prop_map(Step::Create),
        4 => (id(), vec((tag(), of(value())), 1..4)).prop_map(|(id, edits)| Step::Tags(id, edits)),
        3 => vec((id(), select(&Attachment::ALL[..]), 0u8..4), 1..30).prop_map(|list| {
            let state = |(id, of, number)| (id, of, FileState::from_number(number));
            Step::Attachment(list.into_iter().map(state).collect())
        }),
        2 => vec(id(), 1..4).prop_map(Step::Delete),
        1 => (boxed(), 1usize..20).prop_map(|(query, limit)| Step::DeleteMatching(query, limit)),
        14 => look(),
        3 => (boxed(), order(), 1usize..9).prop_map(|(q, order, limit)| Step::Turn(q, order, limit)),
        1 => Just(Step::Commit),
        1 => Just(Step::Crash),
        1 => Just(Step::Reopen),
    ]
}

/// A store, and what it should hold.
struct Home {
    dir: TempDir,
    store: Option<Store>,
    model: Model,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Some(open(dir.path()));
        Self { dir, store, model: Model::default() }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn write(&mut self, changes: Vec<Change>) {
        let first = self.model.last + 1;
        let creates = matches!(changes.first(), Some(Change::Create(_)));
        for change in &changes {
            self.model.apply(change.clone());
        }
        let given = write(self.store(), changes).unwrap();
        assert!(!creates || given == EventId(first), "{given:?} instead of {first}");
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Create(list) => self.write(list.into_iter().map(Change::Create).collect()),
            Step::Tags(id, edits) => self.write(vec![Change::Tags { id: EventId(id), edits }]),
            Step::Attachment(list) => {
                let change = |(id, of, state)| Change::Attachment { id: EventId(id), of, state };
                self.write(list.into_iter().map(change).collect());
            }
            Step::Delete(ids) => {
                let ids = ids.into_iter().map(EventId).collect();
                self.write(vec![Change::Delete { ids }]);
            }
            Step::DeleteMatching(query, limit) => {
                let ids = self.store().read().unwrap().ids(&query, limit).unwrap();
                self.write(vec![Change::Delete { ids }]);
            }
            Step::Look(query, page, bounds) => {
                self.model.agrees(&self.store().read().unwrap(), &query, &page, &bounds);
            }
            Step::Turn(query, order, limit) => self.turn(&query, order, limit),
            Step::Commit => commit(self.store()),
            Step::Crash => {
                drop(self.store().read().unwrap());
                let dir = loop {
                    let dir = tempfile::tempdir().unwrap();
                    if copy_crashed(self.store(), dir.path()) {
                        break dir;
                    }
                };
                self.store = Some(open(dir.path()));
                self.dir = dir;
            }
            Step::Reopen => {
                self.store = None;
                self.store = Some(open(self.dir.path()));
            }
        }
    }

    fn turn(&self, query: &Query, order: Order, limit: usize) {
        let tx = self.store().read().unwrap();
        let mut wanted = self.model.matching(query);
        if order == Order::Descending {
            wanted.reverse();
        }
        let mut found = Vec::new();
        let mut page = Page { order, limit, ..Page::default() };
        loop {
            let listed = tx.list(query, &page).unwrap();
            found.extend(listed.events);
            page.total = Some(listed.total);
            page.after = found.last().map(place);
            if !listed.more {
                break;
            }
        }
        assert_eq!(found, wanted, "{page:?} of {query:?}");
    }
}

#[test]
fn the_store_answers_as_a_plain_model_does() {
    let config = ProptestConfig { cases: 64, max_shrink_time: 60_000, ..ProptestConfig::default() };
    proptest!(config, |(steps in vec(step(), 1..60))| {
        let mut home = Home::new();
        for step in steps {
            home.take(step);
        }
        home.model.is_all_of(&home.store().read().unwrap());
    });
}

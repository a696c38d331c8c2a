//! Applying the same records again, in whatever portions.

use proptest::collection::vec;
use proptest::prelude::*;
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase};

use super::DAY;
use super::model::{Model, create};
use crate::domain::{Attachment, EventId, FileState};
use crate::store::apply::{Memory, apply};
use crate::store::check::Report;
use crate::store::{Change, ReadTx, migrate};

fn database() -> Database {
    let db = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
    migrate::begin(&db).unwrap();
    db
}

fn apply_all(db: &Database, memory: &mut Memory, changes: &[Change], portion: usize) {
    for chunk in changes.chunks(portion) {
        let tx = db.begin_write().unwrap();
        apply(&tx, memory, chunk.iter(), 1).unwrap();
        tx.commit().unwrap();
    }
}

/// What is there: figures of the check, and each event with its tags in any order.
fn content(db: &Database) -> (Report, Vec<(u64, String)>) {
    let tx = ReadTx::new(db.begin_read().unwrap());
    let mut report = tx.check().unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    report.checksum = 0; // tags may stand in another order
    let all = tx.by_id(&crate::store::Query::all(), EventId(0), 10_000).unwrap().0;
    (report, all.into_iter().map(|event| (event.id.0, event.meta.canonical())).collect())
}

fn change() -> impl Strategy<Value = Change> {
    let tag = || prop::sample::select(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]);
    let edit = (tag(), prop::option::of(Just("1".to_owned())));
    prop_oneof![
        4 => (1u32..3, 1u16..3, 0i64..5, any::<bool>()).prop_map(|(camera, event_type, quarter, tagged)| {
            let tags: &[_] = if tagged { &[("a", "0"), ("b", "0")] } else { &[] };
            let time = DAY + quarter * crate::domain::time::QUARTER_US;
            Change::Create(create(camera, event_type, time, tags))
        }),
        3 => (1u64..30, vec(edit, 1..3)).prop_map(|(id, edits)| Change::Tags { id: EventId(id), edits }),
        2 => (1u64..30, any::<bool>(), 0u8..4).prop_map(|(id, picture, number)| Change::Attachment {
            id: EventId(id),
            of: if picture { Attachment::Picture } else { Attachment::Filemeta },
            state: FileState::from_number(number),
        }),
        1 => vec(1u64..30, 1..3).prop_map(|ids| Change::Delete { ids: ids.into_iter().map(EventId).collect() }),
    ]
}

proptest! {
    #[test]
    fn applying_records_again_changes_nothing(
        changes in vec(change(), 1..60), portion in 1usize..20, from: prop::sample::Index,
    ) {
        let mut model = Model::default();
        let mut journal = Vec::new();
        for change in changes {
            // An event is changed after it was created.
            let known = match &change {
                Change::Create(_) => true,
                Change::Tags { id, .. } | Change::Attachment { id, .. } => id.0 <= model.last,
                Change::Delete { ids } => ids.iter().all(|id| id.0 <= model.last),
            };
            journal.extend(known.then(|| model.apply(change)));
        }
        let changes = journal;
        let db = database();
        let mut memory = Memory::default();
        apply_all(&db, &mut memory, &changes, portion);
        let before = content(&db);
        prop_assert_eq!(before.1.len(), model.events.len());
        // Once more, by a process that remembers nothing, from anywhere on.
        let from = from.index(changes.len() + 1);
        apply_all(&db, &mut Memory::default(), &changes[from..], portion.div_ceil(2));
        prop_assert_eq!(&content(&db), &before);
        apply_all(&db, &mut memory, &changes, 1_000);
        prop_assert_eq!(&content(&db), &before);
    }
}

#[test]
fn a_create_of_an_event_that_is_there_keeps_its_tags() {
    let db = database();
    let mut memory = Memory::default();
    let mut model = Model::default();
    let edits = vec![("a".to_owned(), Some("1".to_owned()))];
    let changes = [
        model.apply(Change::Create(create(1, 1, DAY, &[]))),
        model.apply(Change::Tags { id: EventId(1), edits }),
    ];
    apply_all(&db, &mut memory, &changes, 1);
    apply_all(&db, &mut memory, &changes[..1], 1);
    model.is_all_of(&ReadTx::new(db.begin_read().unwrap()));
}

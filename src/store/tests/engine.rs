//! The engine's promises: what is acknowledged is read, limits refuse, damage is contained.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use redb::{Database, ReadableTable};

use super::model::{Model, create};
use super::{DAY, commit, copy_crashed, open, options, write};
use crate::domain::filter::Page;
use crate::domain::{CameraId, EventId, Timestamp};
use crate::store::tables::{EVENTS, IDEMPOTENCY, SCHEMA_VERSION, STATE, state};
use crate::store::{Change, Create, GroupBy, Options, Query, Selection, Store, StoreError};

pub(super) fn event(time: i64) -> Change {
    Change::Create(create(1, 1, time, &[("a", "1")]))
}

/// Keeps the applier busy until the sender is dropped.
fn busy(store: &Store) -> mpsc::Sender<()> {
    let (hold, released) = mpsc::channel::<()>();
    let (started, start) = mpsc::channel();
    let store = store.clone();
    std::thread::spawn(move || {
        let _ = store.exclusive(move |_| {
            started.send(()).unwrap();
            let _ = released.recv();
            Ok::<_, StoreError>(())
        });
    });
    start.recv().unwrap();
    hold
}

#[test]
fn senders_read_their_own_writes_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    std::thread::scope(|scope| {
        for camera in 1..=4 {
            let store = &store;
            scope.spawn(move || {
                let camera_query =
                    Query { selection: Selection::Cameras(vec![CameraId(camera)]), ..Query::all() };
                for n in 1..=40 {
                    let time = DAY + i64::from(camera) * 1_000 - n;
                    let new = create(camera, 1, time, &[("a", "1")]);
                    let id = write(store, vec![Change::Create(new)]).unwrap();
                    let tx = store.read().unwrap();
                    assert!(tx.event(id).unwrap().is_some());
                    let count = n.unsigned_abs();
                    assert_eq!(tx.count(&camera_query).unwrap(), count);
                    let page = Page { limit: 1, ..Page::default() };
                    assert_eq!(tx.list(&camera_query, &page).unwrap().events[0].id, id);
                    let bounds = [DAY, DAY + 10_000];
                    let shown = tx.histogram(&camera_query, &bounds, GroupBy::Camera).unwrap();
                    assert_eq!(shown.groups, [(camera, vec![count])]);
                    let edits = vec![("a".to_owned(), None)];
                    write(store, vec![Change::Tags { id, edits }]).unwrap();
                    let tagged = Query { tags_any: vec!["a".to_owned()], ..camera_query.clone() };
                    assert_eq!(store.read().unwrap().count(&tagged).unwrap(), 0);
                }
            });
        }
    });
    assert_eq!(store.read().unwrap().check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn ids_go_on_after_reopening_and_deleting_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..3u64 {
        let store = open(dir.path());
        assert_eq!(write(&store, vec![event(DAY), event(DAY)]).unwrap(), EventId(2 * n + 1));
        let ids = vec![EventId(2 * n + 2)];
        write(&store, vec![Change::Delete { ids }]).unwrap();
        store.close();
    }
    let store = open(dir.path());
    assert_eq!(store.stats().last_event, EventId(6));
    assert_eq!(store.read().unwrap().count(&Query::all()).unwrap(), 3);
}

#[test]
fn changes_of_missing_events_do_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut model = Model::default();
    let edits = vec![("a".to_owned(), Some("1".to_owned()))];
    let ids = vec![EventId(5), EventId(u64::MAX), EventId(0)];
    let changes = vec![event(DAY), Change::Tags { id: EventId(9), edits }, Change::Delete { ids }];
    for change in &changes {
        model.apply(change.clone());
    }
    write(&store, changes).unwrap();
    model.is_all_of(&store.read().unwrap());
}

#[test]
fn a_write_of_nothing_is_done_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, Vec::new()).unwrap();
    assert!(store.ready().is_ok());
    write(&store, vec![event(DAY)]).unwrap();
}

#[test]
fn the_writer_answers_unless_it_is_held_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let answers = || {
        while !store.writer_answers() {
            std::thread::yield_now();
        }
    };
    answers();
    answers(); // also with nothing to write
    let hold = busy(&store);
    write(&store, (0..4_000).map(|n| event(DAY + n)).collect()).unwrap();
    answers(); // it goes round while others are busy
    store.submit(vec![event(DAY)], |_| ()).unwrap(); // more than may be unapplied: it is held up
    while store.stats().queued_writes > 0 {
        std::thread::yield_now();
    }
    store.writer_answers(); // what was asked before may have been answered
    for _ in 0..100 {
        assert!(!store.writer_answers());
        std::thread::yield_now();
    }
    drop(hold);
    answers();
}

#[test]
fn too_much_that_waits_holds_senders_up_and_then_refuses_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let hold = busy(&store);
    for _ in 0..5 {
        write(&store, (0..1_000).map(|n| event(DAY + n)).collect()).unwrap(); // on disk all the same
    }
    // More than may be unapplied: the journal waits, and the queue fills up.
    let (told, tell) = mpsc::channel();
    let submit = || {
        let told = told.clone();
        store.submit(vec![event(DAY)], move |outcome| told.send(outcome).unwrap())
    };
    submit().unwrap();
    while store.stats().queued_writes > 0 {
        std::thread::yield_now();
    }
    for _ in 0..2_048 {
        submit().unwrap();
    }
    assert!(matches!(submit(), Err(StoreError::Overloaded)));
    assert!(tell.recv_timeout(Duration::from_millis(50)).is_err(), "nothing got past");
    let reader = std::thread::spawn({
        let store = store.clone();
        move || store.read().unwrap().count(&Query::all()).unwrap()
    });
    assert_eq!(store.stats().unapplied, 5_000);
    drop(hold);
    assert!(reader.join().unwrap() >= 5_000, "a read waits for what was acknowledged");
    for _ in 0..2_049 {
        tell.recv().unwrap().unwrap();
    }
    assert_eq!(store.read().unwrap().count(&Query::all()).unwrap(), 7_049);
    assert!(submit().is_ok());
}

#[test]
fn many_bytes_that_wait_hold_senders_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options { min_free_bytes: Some(128 << 20), ..options() });
    let store = store.unwrap();
    let hold = busy(&store);
    let value = "x".repeat(16 << 10);
    let tags: Vec<_> = ["a", "b", "c"].map(|tag| (tag, value.as_str())).to_vec();
    let large = || vec![Change::Create(create(1, 1, DAY, &tags)); 100];
    let (told, tell) = mpsc::channel();
    let mut taken = 0;
    for _ in 0..20 {
        let told = told.clone();
        match store.submit(large(), move |outcome| drop(told.send(outcome))) {
            Ok(_) => taken += 1,
            Err(error) => assert!(matches!(error, StoreError::Overloaded)),
        }
    }
    let acknowledged =
        std::iter::from_fn(|| tell.recv_timeout(Duration::from_secs(1)).ok()).count();
    assert!((2..8).contains(&acknowledged), "{acknowledged} × 5 MB in memory");
    drop(hold);
    for _ in acknowledged..taken {
        tell.recv().unwrap().unwrap();
    }
    assert_eq!(store.read().unwrap().count(&Query::all()).unwrap(), taken as u64 * 100);
}

#[test]
fn bytes_that_wait_are_bounded_by_the_room_that_is_kept_free() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()); // 2 MiB, the least
    let hold = busy(&store);
    write(&store, (0..4_001).map(event).collect()).unwrap();
    let large = |count: u64| Change::Delete { ids: (0..count << 17).map(EventId).collect() };
    let submit = |change| store.submit(vec![change], |_| ());
    submit(large(1)).unwrap(); // taken, and held up
    while store.stats().queued_writes > 0 {
        std::thread::yield_now();
    }
    submit(large(4)).unwrap(); // more than may wait, but alone
    assert!(matches!(submit(large(1)), Err(StoreError::Overloaded)));
    drop(hold);
    while store.stats().queued_writes > 0 {
        std::thread::yield_now();
    }
    submit(large(1)).unwrap();
    assert!(matches!(submit(large(70)), Err(StoreError::Overloaded)), "never, by itself");
}

#[test]
fn a_panic_in_a_change_of_settings_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, vec![event(DAY)]).unwrap();
    let outcome = store.exclusive(|tx| {
        tx.next_u32(state::LAST_CAMERA)?;
        assert!(tx.next_u32(state::LAST_CAMERA)? == 0, "on purpose");
        Ok::<_, StoreError>(())
    });
    assert!(matches!(outcome, Err(StoreError::Failed(_))));
    write(&store, vec![event(DAY)]).unwrap();
    let next = store.exclusive(|tx| tx.next_u32(state::LAST_CAMERA)).unwrap();
    assert_eq!((next, store.read().unwrap().count(&Query::all()).unwrap()), (1, 2));
}

#[test]
fn a_full_disk_refuses_all_but_deletes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, vec![event(DAY)]).unwrap();
    store.close();
    drop(store);
    let full = Options { min_free_bytes: Some(u64::MAX), ..options() };
    let store = Store::open(dir.path(), full).unwrap();
    assert!(matches!(write(&store, vec![event(DAY)]), Err(StoreError::Full)));
    assert!(matches!(store.ready(), Err(StoreError::Full)));
    assert!(store.stats().full);
    write(&store, vec![Change::Delete { ids: vec![EventId(1)] }]).unwrap();
    assert_eq!(store.read().unwrap().count(&Query::all()).unwrap(), 0);
}

#[test]
fn a_directory_in_use_or_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, vec![event(DAY)]).unwrap();
    assert!(matches!(Store::open(dir.path(), options()), Err(StoreError::InUse)));
    store.close();
    drop(store);
    alter(dir.path(), |tx| {
        let newer = u64::from(SCHEMA_VERSION) + 1;
        tx.open_table(STATE).unwrap().insert(state::SCHEMA, newer).unwrap();
    });
    let before = contents(dir.path());
    assert!(matches!(Store::open(dir.path(), options()), Err(StoreError::Newer { .. })));
    assert!(before == contents(dir.path()), "files were changed");
}

/// Every file of a data directory.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in [dir.to_owned(), dir.join("journal")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn alter(dir: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let db = Database::open(dir.join("watchpost.redb")).unwrap();
    let tx = db.begin_write().unwrap();
    change(&tx);
    tx.commit().unwrap();
}

#[test]
fn a_damaged_row_is_left_out_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, (0..5).map(|n| event(DAY + n)).collect()).unwrap();
    store.close();
    drop(store);
    alter(dir.path(), |tx| {
        let mut events = tx.open_table(EVENTS).unwrap();
        let mut row = events.get(3).unwrap().unwrap().value().to_vec();
        row[9] ^= 0x10;
        events.insert(3, row.as_slice()).unwrap();
    });
    let store = open(dir.path());
    let tx = store.read().unwrap();
    assert_eq!(tx.event(EventId(3)).unwrap(), None);
    let ids = [1, 2, 4, 5].map(EventId);
    assert_eq!(tx.ids(&Query::all(), 10).unwrap(), ids);
    assert_eq!(tx.by_id(&Query::all(), EventId(0), 10).unwrap().0.len(), 4);
    assert_eq!(tx.ids(&Query { ids: vec![EventId(3)], ..Query::all() }, 9).unwrap(), []);
    let report = tx.check().unwrap();
    assert!(report.problems.contains(&"event 3: its row is damaged".to_owned()), "{report:?}");
    // Changing it, or all of them, does no harm to the others.
    let edits = vec![("b".to_owned(), Some("1".to_owned()))];
    write(&store, vec![Change::Tags { id: EventId(3), edits }]).unwrap();
    let ids = vec![EventId(3), EventId(4)];
    write(&store, vec![Change::Delete { ids }]).unwrap();
    let ids = [1, 2, 5].map(EventId);
    assert_eq!(store.read().unwrap().ids(&Query::all(), 10).unwrap(), ids);
}

#[test]
fn settings_that_are_refused_make_nothing_durable() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    let mut model = Model::default();
    let mut create = |count: i64| {
        for n in 0..count {
            model.apply(event(DAY + n));
            write(&store, vec![event(DAY + n)]).unwrap();
        }
    };
    create(60); // some segments
    let refused = store.exclusive(|_| Err::<(), _>(StoreError::Failed("no".into())));
    assert!(refused.is_err());
    create(60);
    assert!(copy_crashed(&store, copy.path()));
    model.is_all_of(&open(copy.path()).read().unwrap());
}

#[test]
fn any_change_that_was_journalled_can_be_read_back() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    let mut model = Model::default();
    let edit = |n: u32| (format!("{}", n % 20), Some(String::new()));
    let changes = [
        event(DAY),
        Change::Tags { id: EventId(1), edits: (0..60_000).map(edit).collect() },
        Change::Delete { ids: (2..200_000).map(|n| EventId(n << 20)).collect() },
    ];
    for change in changes {
        model.apply(change.clone());
        write(&store, vec![change]).unwrap();
    }
    assert!(copy_crashed(&store, copy.path()));
    model.is_all_of(&open(copy.path()).read().unwrap());
}

#[test]
fn forgetting_an_old_key_leaves_its_newer_use() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let keyed = |received: i64| {
        let uid = Some("key".to_owned());
        Change::Create(Create { uid, received_at: Timestamp(received), ..create(1, 1, DAY, &[]) })
    };
    write(&store, vec![keyed(DAY)]).unwrap();
    write(&store, vec![keyed(DAY + 100)]).unwrap();
    let forget = |before| store.exclusive(move |tx| tx.forget_keys(Timestamp(before), 10)).unwrap();
    assert_eq!(forget(DAY + 50), 1);
    let remembered = store.read().unwrap().remembered(CameraId(1), "key").unwrap();
    assert_eq!(remembered.map(|key| key.id), Some(EventId(2)));
    assert_eq!((forget(DAY + 100), forget(DAY + 101)), (0, 1));
    assert_eq!(store.read().unwrap().remembered(CameraId(1), "key").unwrap(), None);
    commit(&store);
    drop(store);
    alter(dir.path(), |tx| {
        assert_eq!(tx.open_table(IDEMPOTENCY).unwrap().iter().unwrap().count(), 0);
    });
}

//! Reads across a failure of the database, which is then opened anew.

use std::time::{Duration, Instant};

use super::engine::event;
use super::{DAY, Store, StoreError, open, write};
use crate::domain::EventId;
use crate::store::Query;

/// Enough for the first pause before it is opened anew.
const PATIENCE: Duration = Duration::from_secs(30);

fn fill(store: &Store, events: i64) {
    write(store, (0..events).map(|at| event(DAY + at)).collect()).unwrap();
}

fn total(store: &Store) -> u64 {
    store.read_with(|tx| tx.count(&Query::all())).unwrap()
}

/// Waits until the database can be written again.
fn opened_anew(store: &Store) {
    let deadline = Instant::now() + PATIENCE;
    while store.exclusive(|_| Ok::<_, StoreError>(())).is_err() {
        assert!(Instant::now() < deadline, "it is not opened anew");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_read_across_an_opening_anew_is_refused_and_right_when_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 10);
    let straddles = store.read_with(|tx| {
        assert!(tx.event(EventId(1))?.is_some());
        store.fail_database();
        assert_eq!(total(&store), 10, "what failed is read on");
        assert_eq!(tx.count(&Query::all())?, 10);
        opened_anew(&store);
        tx.count(&Query::all())
    });
    assert!(matches!(straddles, Err(StoreError::Failed(_))), "{straddles:?}");
    assert_eq!(total(&store), 10);
    fill(&store, 1);
    assert_eq!(total(&store), 11);
}

#[test]
fn neither_an_error_nor_a_panic_comes_of_pages_that_are_used_for_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 1);
    let straddles = store.read_with(|_| {
        store.fail_database();
        opened_anew(&store);
        Err::<(), _>(StoreError::Damaged("a page".to_owned()))
    });
    assert!(matches!(straddles, Err(StoreError::Failed(_))), "{straddles:?}");
    let straddles = store.read_with(|_| -> Result<(), StoreError> {
        store.fail_database();
        opened_anew(&store);
        panic!("a page that makes no sense");
    });
    assert!(matches!(straddles, Err(StoreError::Failed(_))), "{straddles:?}");
    let damaged = store.read_with(|_| Err::<(), _>(StoreError::Damaged("a row".to_owned())));
    assert!(matches!(damaged, Err(StoreError::Damaged(_))), "any other error is told");
}

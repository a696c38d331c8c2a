//! Reads across a failure of the database, which is then opened anew.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::engine::event;
use super::{DAY, Store, StoreError, commit, open, write};
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

/// Closes a store whose database fails and cannot be opened again at first, with a batch that was applied in vain and
/// another that waits behind it. `false` if the second was refused, since the failure was noticed first.
fn close_with_two_batches_to_apply(store: &Store) -> bool {
    /// More than the applier takes at once.
    const BATCH: i64 = 200;
    let database = store.dir().join("watchpost.redb");
    let aside = store.dir().join("aside");
    std::fs::rename(&database, &aside).unwrap();
    std::fs::create_dir(&database).unwrap();
    store.fail_database();
    let (told, tell) = mpsc::channel();
    let submit = |first: i64, count: i64| {
        let told = told.clone();
        let events = (first..first + count).map(|at| event(DAY + at)).collect();
        store.submit(events, move |outcome| told.send(outcome).unwrap())
    };
    submit(10, BATCH).unwrap();
    while store.stats().queued_writes > 0 {
        std::hint::spin_loop(); // the journal has taken it
    }
    let is_taken = submit(10 + BATCH, 1).is_ok();
    for _ in 0..=u8::from(is_taken) {
        tell.recv().unwrap().unwrap();
    }
    std::thread::scope(|scope| {
        scope.spawn(|| store.close());
        // Between the first try to open it, a second after the failure, and what would be a second one.
        std::thread::sleep(Duration::from_millis(1_500));
        std::fs::remove_dir(&database).unwrap();
        std::fs::rename(&aside, &database).unwrap();
    });
    is_taken
}

#[test]
fn nothing_is_applied_over_what_a_closing_store_gave_up() {
    for _ in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        fill(&store, 10);
        commit(&store);
        let is_taken = close_with_two_batches_to_apply(&store);
        drop(store);
        let store = open(dir.path());
        assert_eq!(total(&store), if is_taken { 211 } else { 210 }, "all that was acknowledged");
        if is_taken {
            return;
        }
    }
    panic!("the failure was always noticed before the second batch came");
}

/// A change that waits right behind a batch is not held by the applier's hand while the batch cannot be applied.
#[test]
fn a_change_behind_a_batch_that_cannot_be_applied_is_refused_at_once() {
    // Keeps the applier busy until all are queued; the second batch is small enough to be gathered with what follows.
    const LARGE: i64 = 1_900;
    const SMALL: i64 = 50;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let database = store.dir().join("watchpost.redb");
    let aside = store.dir().join("aside");
    let events = |count: i64| (0..count).map(|at| event(DAY + at)).collect();
    store.submit(events(LARGE), |_| ()).unwrap();
    while store.stats().queued_writes > 0 {
        std::hint::spin_loop(); // the journal has taken it: the second one is a batch of its own
    }
    store.submit(events(SMALL), |_| ()).unwrap();
    let (told, tell) = mpsc::channel();
    let changing = store.clone();
    let change = std::thread::spawn(move || {
        told.send(changing.exclusive(|_| Ok::<_, StoreError>(()))).unwrap();
    });
    while store.applied_seq() < LARGE.unsigned_abs() {
        std::hint::spin_loop();
    }
    std::fs::rename(&database, &aside).unwrap();
    std::fs::create_dir(&database).unwrap();
    store.fail_database();
    let outcome = tell.recv_timeout(Duration::from_secs(10));
    std::fs::remove_dir(&database).unwrap();
    std::fs::rename(&aside, &database).unwrap();
    // Had the batch been applied before the failure, the change would be done; mostly it is refused.
    assert!(outcome.is_ok(), "{outcome:?}");
    change.join().unwrap();
    opened_anew(&store);
    assert_eq!(total(&store), (LARGE + SMALL).unsigned_abs());
    store.close();
}

//! A crash in the middle of ingest: what was acknowledged is there, once.

use std::collections::BTreeSet;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::model::create;
use super::{DAY, copy_crashed, open, options, write};
use crate::domain::EventId;
use crate::domain::time::MINUTE_US;
use crate::store::{Change, Query, Store, StoreError};

const SENDERS: u32 = 6;
const CRASHES: u64 = 8;
/// A copy that a durable commit came between is made anew, but not for ever.
const TRIES_MAX: u64 = 200;

/// Tells the senders to stop when it goes.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Each sender creates, tags and deletes; nobody sends while a copy is made, but the tables may be
/// anywhere behind the journal.
#[test]
fn acknowledged_changes_survive_a_crash_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (gate, stop) = (RwLock::new(()), AtomicBool::new(false));
    let sent = AtomicU64::new(0);
    // Per sender: ids that must be there, and how many of them are tagged.
    let kept: Vec<RwLock<(BTreeSet<EventId>, u64)>> =
        (0..SENDERS).map(|_| RwLock::default()).collect();
    std::thread::scope(|scope| {
        for (sender, kept) in (1..=SENDERS).zip(&kept) {
            let (store, gate, stop, sent) = (&store, &gate, &stop, &sent);
            scope.spawn(move || {
                for n in 0i64.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    std::thread::yield_now(); // so that the copier gets the gate
                    let _gate = gate.read().unwrap();
                    let time = DAY + n * MINUTE_US / 3;
                    let bulk = (0..=n % 5)
                        .map(|k| Change::Create(create(sender, 1, time + k, &[("sent", "1")])));
                    let count = u64::try_from(1 + n % 5).unwrap();
                    let first = write(store, bulk.collect()).unwrap();
                    let mut kept = kept.write().unwrap();
                    kept.0.extend((0..count).map(|k| EventId(first.0 + k)));
                    if n % 3 == 0 {
                        let edits = vec![("done".to_owned(), Some("1".to_owned()))];
                        write(store, vec![Change::Tags { id: first, edits }]).unwrap();
                        kept.1 += 1;
                    } else if n % 7 == 1 {
                        write(store, vec![Change::Delete { ids: vec![first] }]).unwrap();
                        kept.0.remove(&first);
                    }
                    sent.fetch_add(count, Ordering::Relaxed);
                }
            });
        }
        let _stopped = Stops(&stop); // also when an assertion fails: else the scope waits for ever
        let (mut crashes, mut tries) = (0, 0);
        while crashes < CRASHES {
            tries += 1;
            assert!(tries < TRIES_MAX, "only {crashes} whole copies in {tries} tries");
            std::thread::sleep(Duration::from_millis(30 + crashes * 17));
            let copy = tempfile::tempdir().unwrap();
            let (whole, wanted, tagged) = {
                let _alone = gate.write().unwrap();
                let whole = copy_crashed(&store, copy.path());
                let all = kept.iter().map(|kept| kept.read().unwrap());
                let (ids, tagged): (Vec<_>, Vec<_>) = all.map(|k| (k.0.clone(), k.1)).unzip();
                (whole, ids.into_iter().flatten().collect::<Vec<_>>(), tagged.iter().sum::<u64>())
            };
            if !whole {
                continue;
            }
            crashes += 1;
            let opened = open(copy.path());
            let tx = opened.read().unwrap();
            let (mut found, mut after) = (Vec::new(), Some(EventId(0)));
            while let Some(id) = after {
                let (events, next) = tx.by_id(&Query::all(), id, 1_000).unwrap();
                found.extend(events);
                after = next;
            }
            let ids: Vec<EventId> = found.iter().map(|event| event.id).collect();
            let mut wanted = wanted;
            wanted.sort_unstable();
            assert!(ids == wanted, "{} events instead of {}", ids.len(), wanted.len());
            assert_eq!(tx.count(&Query::all()).unwrap(), wanted.len() as u64);
            let done = Query { tags_any: vec!["done".to_owned()], ..Query::all() };
            assert_eq!(tx.count(&done).unwrap(), tagged);
            assert_eq!(tx.check().unwrap().problems, Vec::<String>::new());
        }
    });
    assert!(store.durable_seq() > 0, "durable commits were made meanwhile");
    assert!(sent.load(Ordering::Relaxed) > CRASHES * 10);
}

#[test]
fn what_is_no_database_is_damaged_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, vec![Change::Create(create(1, 1, DAY, &[]))]).unwrap();
    store.close();
    drop(store);
    let path = dir.path().join("watchpost.redb");
    let whole = std::fs::read(&path).unwrap();
    for bytes in [b"not a database".as_slice(), &[0; 10_000], &whole[..100], &whole[..5_000]] {
        std::fs::write(&path, bytes).unwrap();
        let error = Store::open(dir.path(), options()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{} bytes: {error:?}", bytes.len());
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

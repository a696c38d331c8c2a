//! What the parts of the store cost: codecs, journal, tables, counters, pages. `cargo bench --bench store`.
//!
//! Nothing here has HTTP in it; `benches/load` measures the whole. Run by `cargo test`, each runs once.

use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use redb::Value as _;
use tempfile::TempDir;

use watchpost::domain::filter::{Order, Page};
use watchpost::domain::{CameraId, EventId, EventTypeId, Meta, Timestamp};
use watchpost::store::journal::{self, Batch, Journal};
use watchpost::store::key::{SeriesKey, TimeKey};
use watchpost::store::row::{self, EventRow, EventV1};
use watchpost::store::{Change, Create, Options, Query, Selection, Store};

/// 2025-10-10T00:00:00Z.
const FIRST_US: i64 = 1_760_054_400_000_000;
const DAY_US: i64 = 86_400_000_000;
/// Events of the store that is asked; fewer where it only has to work.
const EVENTS: u64 = 100_000;
const EVENTS_TESTED: u64 = 3_000;
const BATCH: u64 = 1_000;
const META: &str = r#"{"Car":"0.91","Person":"0.87"}"#;

/// Event `number`: 100 cameras, 8 types, 30 days.
fn event(number: u64) -> Change {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let step = 30 * DAY_US / EVENTS.cast_signed();
    let time = Timestamp(FIRST_US + number.cast_signed() * step);
    Change::Create(Create {
        id: EventId::default(),
        camera: CameraId(u32::try_from(mixed % 100).unwrap_or(0) + 1),
        event_type: EventTypeId(u16::try_from(mixed / 100 % 8).unwrap_or(0) + 1),
        time,
        order_time: time,
        received_at: time,
        meta: if mixed.is_multiple_of(4) { Meta::from_stored(META) } else { Meta::empty() },
        uid: None,
        hash: 0,
    })
}

/// Submits, and waits until it is in the journal.
fn write(store: &Store, changes: Vec<Change>) {
    let (told, tell) = mpsc::channel();
    store.submit(changes, move |outcome| drop(told.send(outcome))).expect("room in the queue");
    tell.recv().expect("an answer").expect("a good disk");
}

/// A directory in memory, where a sync costs nothing; on the disk where there is no such place.
fn in_memory() -> TempDir {
    let shared = Path::new("/dev/shm");
    let made = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    made.expect("a scratch directory")
}

/// A directory beside what is built: on a real disk, as a temporary one need not be.
fn on_disk() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory")
}

fn open(dir: &Path) -> Store {
    let options =
        Options { min_free_bytes: Some(0), segment_bytes: Some(8 << 20), ..Options::default() };
    Store::open(dir, options).expect("a new store")
}

fn codecs(c: &mut Criterion) {
    let series = SeriesKey { camera: 7, event_type: 3, time: FIRST_US, id: 1_000_000 };
    let time = TimeKey { time: FIRST_US, id: 1_000_000 };
    let mut keys = c.benchmark_group("key");
    keys.bench_function("series/encode", |b| b.iter(|| SeriesKey::as_bytes(black_box(&series))));
    let bytes = SeriesKey::as_bytes(&series);
    keys.bench_function("series/decode", |b| b.iter(|| SeriesKey::from_bytes(black_box(&bytes))));
    keys.bench_function("time/encode", |b| b.iter(|| TimeKey::as_bytes(black_box(&time))));
    keys.finish();

    let event = EventRow::V1(EventV1 {
        camera: 7,
        event_type: 3,
        time: FIRST_US,
        order_time: None,
        received_at: FIRST_US + 1_234,
        attached: 0,
        uid: None,
        meta: META,
    });
    let mut rows = c.benchmark_group("row");
    let mut out = Vec::new();
    rows.bench_function("encode", |b| {
        b.iter(|| {
            out.clear();
            row::encode_into(black_box(9), black_box(&event), &mut out);
        });
    });
    let bytes = row::encode(9, &event);
    rows.bench_function("decode", |b| {
        b.iter(|| row::decode::<EventRow<'_>>(black_box(9), black_box(&bytes)).map(drop));
    });
    rows.finish();
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal append");
    for (place, dir) in [("synced to the disk", on_disk()), ("in memory", in_memory())] {
        for records in [1_u64, 64] {
            let within = dir.path().join(records.to_string());
            std::fs::create_dir(&within).expect("a scratch directory");
            let options = journal::Options { segment_bytes: 16 << 20, free_ahead: 2 };
            let (mut journal, _) = Journal::open(&within, 1, 0, options).expect("a new journal");
            journal.prepare().expect("room");
            let mut batch = Batch::new();
            for _ in 0..records {
                batch.push(&[7; 100]).expect("a short record");
            }
            group.throughput(Throughput::Elements(records));
            group.bench_function(format!("{records} records, {place}"), |b| {
                b.iter(|| {
                    let first = journal.append(&mut batch).expect("a good disk");
                    journal.release(first).expect("a good disk"); // else the segments pile up
                });
            });
        }
    }
    group.finish();
}

fn apply(c: &mut Criterion) {
    let dir = in_memory();
    let store = open(dir.path());
    let mut next = 0;
    let mut group = c.benchmark_group("apply");
    for events in [1, BATCH] {
        group.throughput(Throughput::Elements(events));
        group.bench_function(format!("{events} at once, in memory"), |b| {
            let changes = || {
                next += events;
                (next - events..next).map(event).collect::<Vec<_>>()
            };
            b.iter_batched(
                changes,
                |changes| {
                    write(&store, changes);
                    store.read().map(drop) // waits until they are applied
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
    store.close();
}

fn queries(c: &mut Criterion) {
    let dir = in_memory();
    let store = open(dir.path());
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let events = if is_bench { EVENTS } else { EVENTS_TESTED };
    for first in (0..events).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        write(&store, (first..first + BATCH).map(event).collect());
    }
    let day = |n: i64| Timestamp(FIRST_US + n * DAY_US + 12_345_678);
    let some = Query { start: day(3), end: day(17), ..Query::all() };
    let one = Selection::Series(vec![(CameraId(7), EventTypeId(3))]);
    let selections = [
        ("all", Query::all()),
        ("a range", some.clone()),
        (
            "a range of a camera",
            Query { selection: Selection::Cameras(vec![CameraId(7)]), ..some.clone() },
        ),
        (
            "a range of a type",
            Query { selection: Selection::Types(vec![EventTypeId(3)]), ..some.clone() },
        ),
        ("a range of a camera's type", Query { selection: one, ..some.clone() }),
        ("a tag", Query { tags_any: vec!["Car".to_owned()], ..Query::all() }),
    ];
    let page = Page { order: Order::Descending, limit: 50, offset: 0, after: None, total: None };
    let deep = Page { offset: events / 2, ..page.clone() };
    let ask = || store.read().expect("a snapshot");
    let mut counts = c.benchmark_group("count");
    for (name, query) in &selections {
        counts.bench_function(*name, |b| b.iter(|| ask().count(query).expect("a count")));
    }
    counts.finish();
    let mut pages = c.benchmark_group("page of 50 with its total");
    for (name, query) in &selections {
        pages.bench_function(*name, |b| b.iter(|| ask().list(query, &page).expect("a page")));
    }
    pages.bench_function("all, from the middle", |b| {
        b.iter(|| ask().list(&selections[0].1, &deep).expect("a page"));
    });
    pages.finish();
    store.close();
}

criterion_group!(benches, codecs, append, apply, queries);
criterion_main!(benches);

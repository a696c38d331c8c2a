//! More than the server takes at once: slow, many, large, deaf. It refuses the surplus, others do not
//! notice, and memory stays bounded.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use watchpost::domain::{CameraId, EventId, EventTypeId, Meta, Timestamp};
use watchpost::service::access::Caller;
use watchpost::service::camera::NewCamera;
use watchpost::service::clock::Clock;
use watchpost::service::{self, Error, Services};
use watchpost::store::{self, Change, Create, Store, StoreError};

use crate::common::{PATIENCE, Server, within};
use crate::limits::{BULK, EVENTS, Site};
use crate::raw::{Lost, Raw, head, memory_kib, note};

/// operations.md 3: resident under any load.
const RESIDENT_KIB_MAX: u64 = 512 * 1024;
/// Writes that may wait (operations.md 3).
const WAITING_MAX: usize = 2_048;
const MIB: usize = 1 << 20;

/// All at once, so that it takes as long as the slowest: a body has ten seconds.
#[test]
fn slow_senders_are_cut_and_others_do_not_notice() {
    let site = Site::new();
    let body = site.body(&json!({})).to_string();
    let whole = head("POST", EVENTS, &site.token, body.len()) + &body;
    let in_head = whole[..60].to_owned();
    let in_body = whole[..whole.len() - 5].to_owned();
    let chunked = format!("{}Transfer-Encoding: chunked\r\n", site.token);
    let in_chunk = head("POST", EVENTS, &chunked, 0) + "20\r\n{\"name\":";
    let in_bulk = head("POST", BULK, &site.token, body.len()) + &body[..5];
    let slow = [
        ("a head", in_head.clone(), "", ""),
        ("a dripping head", in_head, "x", ""),
        ("a body", in_body, "", "timeout"),
        ("a chunked body", in_chunk.clone(), "", "timeout"),
        ("a dripping body", in_chunk, " ", "timeout"),
        ("a bulk", in_bulk, "", "timeout"),
    ];
    let connected: Vec<Raw> = slow.iter().map(|_| site.connect()).collect();
    std::thread::scope(|scope| {
        for ((what, start, drip, code), mut raw) in slow.iter().zip(connected) {
            scope.spawn(move || {
                let began = Instant::now();
                raw.send(start.as_bytes()).unwrap();
                let drips = if drip.is_empty() { 0 } else { 9 };
                for _ in 0..drips {
                    std::thread::sleep(Duration::from_secs(1));
                    let _ = raw.send(drip.as_bytes()); // the server may have closed
                }
                let answer = raw.answer().unwrap_or_else(|lost| panic!("{what}: {lost:?}"));
                note(&format!("{what} was cut after {:?}", began.elapsed()));
                assert_eq!(answer.status, 408, "{what}: {}", answer.text);
                assert_eq!(answer.error(), *code, "{what}: {}", answer.text);
                assert!(raw.is_closed(), "{what}");
            });
        }
        for _ in 0..20 {
            site.assert_unhurt(1);
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    site.assert_unhurt(1);
}

/// Bodies that are nearly there, held back by their senders.
#[test]
fn large_bodies_at_once_are_refused_beyond_their_memory() {
    const HOSTILE: usize = 32;
    let site = Site::new();
    let body = site.body(&json!({})).to_string();
    let held = 4 * MIB;
    let start = head("POST", BULK, &site.token, held) + "[" + &" ".repeat(held - 2);
    let mut senders: Vec<Raw> = (0..HOSTILE).map(|_| site.connect()).collect();
    std::thread::scope(|scope| {
        for raw in &mut senders {
            scope.spawn(|| {
                let _ = raw.send(start.as_bytes()); // refused ones may be closed while sending
            });
        }
    });
    let resident = memory_kib(site.server.pid(), "VmHWM");
    note(&format!("{HOSTILE} bodies of 4 MiB: peak {} MiB", resident >> 10));
    assert!(resident < RESIDENT_KIB_MAX, "{resident} KiB resident");
    site.assert_unhurt(1);
    let small = site.connect().request("POST", EVENTS, &site.token, &body).unwrap();
    assert!(matches!(small.status, 201 | 503), "{}", small.text);
    let stored = 1 + u64::from(small.status == 201);

    // The last byte: those that have their memory are carried out, an empty list each.
    let (mut taken, mut refused) = (0, 0);
    for raw in &mut senders {
        let _ = raw.send(b"]");
        match raw.answer() {
            Ok(answer) if answer.status == 200 => {
                taken += 1;
                assert_eq!(answer.json()["created"], 0);
            }
            Ok(answer) => {
                refused += 1;
                assert_eq!((answer.status, answer.error().as_str()), (503, "overloaded"));
                assert_eq!(answer.header("retry-after"), Some("1"));
            }
            // A refused sender that goes on sending may be reset before it reads.
            Err(Lost::Unanswered) => refused += 1,
            Err(Lost::Torn(text)) => panic!("an answer in part: {text:?}"),
        }
    }
    assert_eq!((taken, refused), (16, HOSTILE - 16), "64 MiB hold 16 bodies of 4 MiB");
    site.post(EVENTS, &site.body(&json!({}))).ok(201);
    site.assert_unhurt(stored + 1);
}

#[test]
fn connections_are_limited_per_address_and_in_all() {
    if !may_open(3_000) {
        note("left out: this machine does not let a process open 3,000 files");
        return;
    }
    let site = Site::new();
    let base = &site.server.base;
    let from = |last: u8| Ipv4Addr::new(127, 0, 0, last);
    let alive = |source: u8| {
        let raw = Raw::connect_from(base, from(source));
        raw.map_err(|_| Lost::Unanswered).and_then(|mut r| r.request("GET", "/healthz", "", ""))
    };
    let mut open = Vec::new();
    for source in [3, 4, 5, 6] {
        for _ in 0..256 {
            // One that has never sent a request would be closed after five seconds.
            let mut raw = Raw::connect_from(base, from(source)).unwrap();
            assert_eq!(raw.request("GET", "/healthz", "", "").unwrap().status, 200);
            open.push(raw);
        }
        if source == 3 {
            assert!(is_refused(&alive(3)));
            assert_eq!(alive(2).unwrap().status, 200, "another address does not notice");
        }
    }
    eventually(|| is_refused(&alive(2))); // its former connection may still be open
    note(&format!(
        "1,024 connections: {} MiB resident",
        memory_kib(site.server.pid(), "VmRSS") >> 10
    ));
    open.truncate(1_000);
    eventually(|| matches!(alive(2), Ok(answer) if answer.status == 200));
    // An old connection is as good as ever.
    assert_eq!(open[999].request("GET", "/healthz", "", "").unwrap().status, 200);
    drop(open);
    eventually(|| matches!(alive(3), Ok(answer) if answer.status == 200));
    eventually(|| Raw::connect(base).is_ok());
    site.assert_unhurt(1);
}

fn is_refused(outcome: &Result<crate::common::Answer, Lost>) -> bool {
    match outcome {
        Ok(answer) => answer.status == 503,
        Err(Lost::Unanswered) => true,
        Err(Lost::Torn(text)) => panic!("an answer in part: {text:?}"),
    }
}

/// Raises this process's own limit of open files, which servers started from now on inherit.
fn may_open(files: u64) -> bool {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < files) {
        limit.current = Some(limit.maximum.map_or(files, |most| most.min(files)));
        let _ = setrlimit(Resource::Nofile, limit);
    }
    getrlimit(Resource::Nofile).current.is_none_or(|current| current >= files)
}

/// Waits until it is so: connections are counted by the server's threads, not by ours.
#[track_caller]
fn eventually(holds: impl FnMut() -> bool) {
    within(Duration::from_mins(1), "it comes true", holds);
}

#[test]
fn clients_that_read_nothing_cost_little_and_are_closed() {
    const DEAF: usize = 24;
    let site = Site::new();
    let meta = json!({ "a": "x".repeat(15_000), "b": "x".repeat(15_000) });
    let bulk: Vec<_> = (0..100).map(|_| site.body(&meta)).collect();
    let mut stored = 1;
    for _ in 0..4 {
        assert_eq!(site.post(BULK, &json!(bulk)).ok(200)["created"], 100);
        stored += 100;
    }
    // Who reads gets all of it, in one page and by every way to it.
    for filter in ["", "&after_id=0", "&order_by=-time", "&camid=1&events=motion"] {
        let path = format!("{EVENTS}?limit=1000&include_meta=true{filter}");
        let page = site.ask("GET", &path, &site.key, "").ok(200);
        let objects = page["objects"].as_array().unwrap();
        assert_eq!((objects.len() as u64, &page["meta"]["next"]), (stored, &Value::Null), "{path}");
        let large = objects.iter().filter(|object| object["meta"] == meta);
        assert_eq!(large.count() as u64, stored - 1, "{path}");
    }
    let export = site.ask("GET", &format!("{EVENTS}export/"), &site.key, "");
    assert_eq!(export.text.lines().count() as u64, stored);
    let sockets = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", site.server.pid())).unwrap();
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        // By name, which has the inode: the server may hold a socket twice.
        let named = targets.filter(|target| target.to_string_lossy().starts_with("socket:"));
        named.collect::<std::collections::BTreeSet<_>>().len()
    };
    std::thread::sleep(Duration::from_secs(1)); // the connections so far go
    let (idle, before) = (sockets(), memory_kib(site.server.pid(), "VmRSS"));
    let mut deaf: Vec<Raw> = (0..DEAF).map(|_| site.connect()).collect();
    for (number, raw) in deaf.iter_mut().enumerate() {
        let path = if number % 2 == 0 {
            format!("{EVENTS}export/")
        } else {
            format!("{EVENTS}?limit=400&include_meta=true")
        };
        raw.send(head("GET", &path, &site.token, 0).as_bytes()).unwrap();
    }
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(sockets(), idle + DEAF, "all are still connected");
    let after = memory_kib(site.server.pid(), "VmRSS");
    note(&format!("{DEAF} deaf clients of 12 MiB: from {} to {} MiB", before >> 10, after >> 10));
    let each = after.saturating_sub(before) / DEAF as u64;
    assert!(each < 4 * 1_024, "each costs {each} KiB: its buffer of 1 MiB and what is made for it");
    site.assert_unhurt(stored);
    let began = Instant::now();
    eventually(|| sockets() <= idle);
    note(&format!("deaf clients were closed after another {:?}", began.elapsed()));
    site.assert_unhurt(stored);
}

#[test]
fn a_camera_that_sends_too_fast_is_slowed_and_nobody_else() {
    let site = Site::with(&["--camera-rate", "1", "--camera-burst", "5"]);
    let other = site.server.camera("other");
    let other_ingest =
        format!("Authorization: Acc {}\r\n", other["ingest_token"].as_str().unwrap());
    let event = site.body(&json!({}));
    let send = |token: &str, camera: u64| {
        let mut event = event.clone();
        event["camid"] = json!(camera);
        site.ask("POST", EVENTS, token, &event.to_string())
    };
    let mut stored = 1;
    let refused = (0..20).map(|_| send(&site.ingest, site.camera)).find(|answer| {
        stored += u64::from(answer.status == 201);
        answer.status != 201
    });
    let refused = refused.expect("a burst of 5 at 1 a second ends");
    assert_eq!((refused.status, refused.error().as_str()), (429, "rate_limited"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    assert!(stored > 5, "the burst passes");
    let answer = site.ask("POST", BULK, &site.ingest, &json!([event, event]).to_string());
    assert_eq!((answer.status, answer.error().as_str()), (429, "rate_limited"));
    // Tokens that people hold are not a camera's own.
    for _ in 0..20 {
        send(&site.token, site.camera).ok(201);
        send(&site.key, site.camera).ok(201);
    }
    send(&other_ingest, other["id"].as_u64().unwrap()).ok(201);
    site.assert_unhurt(stored + 41);
}

#[test]
fn the_rate_that_comes_with_the_product_lets_2000_through_at_once() {
    let site = Site::new();
    let bulk = json!(vec![site.body(&json!({})); 1_000]).to_string();
    let mut raw = site.connect();
    let mut send = || raw.request("POST", BULK, &site.ingest, &bulk).unwrap();
    assert_eq!((send().status, send().status), (200, 200));
    let answers: Vec<u16> = (0..3).map(|_| send().status).collect();
    assert!(answers.contains(&429), "{answers:?}");
    let passed = 2 + answers.iter().filter(|status| **status == 200).count() as u64;
    site.assert_unhurt(1 + passed * 1_000);
}

fn open(dir: &Path) -> Services {
    let settings = service::Settings::default();
    Services::open(dir, store::Options::default(), settings, Clock::system()).unwrap()
}

/// Writes one event with `meta` after the other while the tables are held up: the journal then waits for
/// them, and writes for the journal, until one is refused. Gives how many were taken and how many waited.
fn flood_a_held_store(options: store::Options, meta: &Meta) -> (usize, usize) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), options).unwrap();
    let (go_on, held) = mpsc::channel::<()>();
    let (holding, holds) = mpsc::channel();
    let exclusive = std::thread::spawn({
        let store = store.clone();
        move || {
            store.exclusive(move |_| {
                holding.send(()).unwrap();
                held.recv().unwrap();
                Ok::<_, StoreError>(())
            })
        }
    });
    holds.recv().unwrap();

    let (told, outcomes) = mpsc::channel();
    let submit = || {
        let time = Timestamp(1_750_000_000_000_000);
        let create = Create {
            id: EventId::default(),
            camera: CameraId(1),
            event_type: EventTypeId(1),
            time,
            order_time: time,
            received_at: time,
            meta: meta.clone(),
            uid: None,
            hash: 0,
        };
        let told = told.clone();
        store.submit(vec![Change::Create(create)], move |outcome| told.send(outcome).unwrap())
    };
    let deadline = Instant::now() + PATIENCE;
    let (mut taken, mut refusals) = (0, 0);
    // The journal may just make room: the limit is reached once it has stopped.
    while refusals < 20 {
        assert!(Instant::now() < deadline, "{taken} writes are taken without an end");
        match submit() {
            Ok(_) => (taken, refusals) = (taken + 1, 0),
            Err(StoreError::Overloaded) => {
                refusals += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(other) => panic!("{other}"),
        }
    }
    let waiting = store.stats().queued_writes;

    go_on.send(()).unwrap();
    exclusive.join().unwrap().unwrap();
    for _ in 0..taken {
        outcomes.recv_timeout(PATIENCE).unwrap().unwrap();
    }
    submit().unwrap();
    outcomes.recv_timeout(PATIENCE).unwrap().unwrap();
    let stored = store.read().unwrap().count(&store::Query::all()).unwrap();
    assert_eq!(stored, taken as u64 + 1, "what was taken is stored, what was refused is not");
    store.close();
    (taken, waiting)
}

#[test]
fn waiting_writes_are_limited_in_number() {
    let (taken, waiting) = flood_a_held_store(store::Options::default(), &Meta::empty());
    note(&format!("{taken} writes were taken before one was refused"));
    assert_eq!(waiting, WAITING_MAX);
}

/// With little room to keep free, little may wait: 2 MiB.
#[test]
fn waiting_writes_are_limited_by_their_bytes() {
    let tags = (0..4).map(|n| (format!("tag{n}"), "x".repeat(15_000)));
    let meta = Meta::from_pairs(tags).unwrap();
    let options = store::Options { min_free_bytes: Some(1 << 20), ..store::Options::default() };
    let (taken, waiting) = flood_a_held_store(options, &meta);
    note(&format!("{taken} writes of 60 kB were taken before one was refused, {waiting} waited"));
    assert!((30..=35).contains(&waiting), "{waiting} writes of 60 kB wait");
}

/// In one process and in memory, for each camera is a transaction that waits for the disk.
#[test]
fn there_are_at_most_4096_cameras() {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let dir = dir.unwrap();
    let services = open(dir.path());
    let local = Caller::local();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let camera =
            |number: u32| NewCamera { name: format!("cam {number}"), ..NewCamera::default() };
        for number in 1..=4_096 {
            let added = services.cameras.add(&local, camera(number)).await.unwrap();
            assert_eq!(added.entry.camera.id, CameraId(number));
        }
        let refused = services.cameras.add(&local, camera(0)).await;
        assert!(matches!(refused, Err(Error::LimitReached(_))), "{refused:?}");
        // A place that becomes free is free.
        services.cameras.remove(&local, CameraId(5)).await.unwrap();
        services.cameras.add(&local, camera(0)).await.unwrap();
        assert_eq!(services.cameras.list(&local).unwrap().len(), 4_096);
    });
    note(&format!("4,096 cameras added in {:?}", began.elapsed()));
    services.close();
}

#[test]
fn a_full_disk_refuses_events_and_still_reads_and_deletes() {
    let mut site = Site::new();
    let kept = site.post(EVENTS, &site.body(&json!({}))).ok(201)["id"].as_u64().unwrap();
    assert_eq!(site.server.terminate(), 0);
    let full = Server::start_in(site.server.dir(), &["--min-free-mib", "99999999"], &[]);
    let ask = |method: &str, path: &str, token: &str, body: &str| {
        Raw::connect(&full.base).unwrap().request(method, path, token, body).unwrap()
    };
    let event = site.body(&json!({})).to_string();
    let tags = format!("{EVENTS}{kept}/meta/");
    for (path, body) in [
        (EVENTS, event.clone()),
        (BULK, format!("[{event}]")),
        (&tags, json!({ "tag": "a", "data": "b" }).to_string()),
    ] {
        let answer = ask("POST", path, &site.token, &body);
        assert_eq!((answer.status, answer.error().as_str()), (507, "storage_full"), "{path}");
        assert_eq!(answer.header("retry-after"), Some("30"), "{path}");
    }
    let ready = ask("GET", "/readyz", "", "");
    assert_eq!(ready.status, 503);
    assert!(ready.text.contains("storage_full"), "{}", ready.text);
    assert_eq!(ask("GET", "/healthz", "", "").status, 200);
    let list = ask("GET", EVENTS, &site.token, "").ok(200);
    assert_eq!(list["meta"]["total_count"], 2);
    assert_eq!(ask("DELETE", &format!("{EVENTS}{kept}/"), &site.key, "").status, 204);
    assert_eq!(ask("GET", EVENTS, &site.token, "").ok(200)["meta"]["total_count"], 1);

    // With room again the same data takes events.
    drop(full);
    site.server.restart();
    site.assert_unhurt(1);
    site.post(EVENTS, &site.body(&json!({}))).ok(201);
    site.assert_unhurt(2);
}

//! The live feed: it tells everything once, resumes, and keeps to scope and limits.

use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{PATIENCE, Server};

pub const STREAM: &str = "/api/v2/storage/events/stream/";

/// One message of a feed.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Message {
    pub id: Option<u64>,
    pub event: String,
    pub data: Value,
}

/// An open feed; its thread ends with the connection.
pub struct Feed(Receiver<Message>);

impl Feed {
    pub fn open(server: &Server, query: &str, headers: &[(&str, &str)]) -> Self {
        let (sender, receiver) = channel();
        let (base, query) = (server.base.clone(), query.to_owned());
        let headers: Vec<(String, String)> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let (ready, started) = channel();
        std::thread::spawn(move || {
            let mut request =
                ureq::Agent::new_with_defaults().get(format!("{base}{STREAM}?{query}"));
            for (name, value) in &headers {
                request = request.header(name, value);
            }
            let mut answer = request.call().unwrap();
            assert_eq!(answer.headers()["content-type"], "text/event-stream");
            let reader = answer.body_mut().with_config().limit(1 << 30).reader();
            let mut message = Message::default();
            for line in BufReader::new(reader).lines() {
                let Ok(line) = line else { break };
                if line == "retry: 2000" {
                    ready.send(()).unwrap();
                } else if let Some(id) = line.strip_prefix("id: ") {
                    message.id = Some(id.parse().unwrap());
                } else if let Some(event) = line.strip_prefix("event: ") {
                    event.clone_into(&mut message.event);
                } else if let Some(data) = line.strip_prefix("data: ") {
                    message.data = serde_json::from_str(data).unwrap();
                } else if line.is_empty()
                    && !message.event.is_empty()
                    && sender.send(std::mem::take(&mut message)).is_err()
                {
                    break;
                }
            }
        });
        started.recv_timeout(PATIENCE).unwrap();
        Self(receiver)
    }

    #[track_caller]
    pub fn next(&self) -> Message {
        self.0.recv_timeout(PATIENCE).unwrap()
    }

    fn is_quiet(&self) -> bool {
        self.0.recv_timeout(Duration::from_millis(300)) == Err(RecvTimeoutError::Timeout)
    }

    /// Waits for the end.
    fn ends(&self) {
        loop {
            match self.0.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(error) => return assert_eq!(error, RecvTimeoutError::Disconnected),
            }
        }
    }
}

fn event(camera: u64, n: u64) -> Value {
    json!({ "camid": camera, "name": "motion", "time": "2026-11-22T16:30:00", "meta": { "n": n } })
}

#[test]
fn what_happens_is_told_once_and_as_it_is() {
    let server = Server::start();
    let camera = server.camera("Gate");
    let key = server.key();
    let client = server.client(&key);
    let feed = Feed::open(&server, "", &[("Authorization", &key)]);
    let created = client.post("/api/v2/storage/events/", &event(1, 7)).ok(201);
    let told = feed.next();
    assert_eq!((told.event.as_str(), told.id), ("event", created["id"].as_u64()));
    assert_eq!(told.data, created);

    let path = format!("/api/v2/storage/events/{}/", created["id"]);
    client.post(&format!("{path}meta/"), &json!({ "tag": "seen", "data": "1" })).ok(201);
    let told = feed.next();
    assert_eq!((told.event.as_str(), told.id), ("updated", None));
    assert_eq!(told.data["meta"], json!({ "n": "7", "seen": "1" }));

    client.delete(&path).ok(204);
    let told = feed.next();
    assert_eq!((told.event.as_str(), told.data), ("removed", json!({ "id": created["id"] })));

    // A browser's EventSource sends no headers.
    let token = camera["access_tokens"]["watch"].as_str().unwrap().replace('+', "%2B");
    let own = Feed::open(&server, &format!("token={token}"), &[]);
    client.post("/api/v2/storage/events/", &event(1, 8)).ok(201);
    assert_eq!(own.next().data["meta"], json!({ "n": "8" }));
    assert_eq!(feed.next().data["meta"], json!({ "n": "8" }));
    assert!(feed.is_quiet() && own.is_quiet());
}

#[test]
fn changes_are_told_while_events_keep_coming() {
    let server = Server::start();
    server.camera("Gate");
    let key = server.key();
    let feed = Feed::open(&server, "", &[("Authorization", &key)]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let client = server.client(&key);
                let deadline = Instant::now() + PATIENCE;
                while !stop.load(Ordering::Relaxed) && Instant::now() < deadline {
                    client.post("/api/v2/storage/events/", &event(1, 0)).ok(201);
                }
            });
        }
        let first = feed.next().id.unwrap();
        let path = format!("/api/v2/storage/events/{first}/meta/");
        server.client(&key).post(&path, &json!({ "tag": "seen" })).ok(201);
        let deadline = Instant::now() + PATIENCE / 3;
        let told = std::iter::repeat_with(|| feed.next())
            .take_while(|_| Instant::now() < deadline)
            .any(|message| message.event == "updated");
        stop.store(true, Ordering::Relaxed);
        assert!(told, "the change waits for the events to end");
    });
}

#[test]
fn a_feed_resumes_across_a_power_cut_without_gap_or_repeat() {
    let mut server = Server::start();
    server.camera("Gate");
    let key = server.key();
    for n in 0..20 {
        server.client(&key).post("/api/v2/storage/events/", &event(1, n)).ok(201);
    }
    let feed = Feed::open(&server, "after_id=5", &[("Authorization", &key)]);
    let ids: Vec<u64> = (0..10).map(|_| feed.next().id.unwrap()).collect();
    assert_eq!(ids, (6..16).collect::<Vec<_>>());
    server.kill();
    server.restart();
    for n in 20..25 {
        server.client(&key).post("/api/v2/storage/events/", &event(1, n)).ok(201);
    }
    let headers = [("Authorization", key.as_str()), ("Last-Event-ID", "15")];
    let feed = Feed::open(&server, "", &headers);
    let told: Vec<Value> = (0..10).map(|_| feed.next().data["meta"]["n"].clone()).collect();
    let expected: Vec<Value> = (15..25).map(|n: u64| json!(n.to_string())).collect();
    assert_eq!(told, expected);
    assert!(feed.is_quiet());
}

#[test]
fn an_id_that_was_never_given_begins_with_a_gap() {
    let server = Server::start();
    server.camera("Gate");
    let key = server.key();
    let client = server.client(&key);
    for n in 0..3 {
        client.post("/api/v2/storage/events/", &event(1, n)).ok(201);
    }
    let feed = Feed::open(&server, "after_id=1000", &[("Authorization", &key)]);
    let told = feed.next();
    assert_eq!((told.event.as_str(), told.id), ("gap", None));
    assert_eq!(told.data, json!({ "count": 3, "from": 1, "to": 3 }));
    client.post("/api/v2/storage/events/", &event(1, 3)).ok(201);
    assert_eq!(feed.next().id, Some(4));
}

#[test]
fn a_feed_keeps_to_scope_and_filters() {
    let server = Server::start();
    let own = server.camera("Own");
    server.camera("Other");
    let key = server.key();
    let client = server.client(&key);
    let token = format!("Acc {}", own["access_tokens"]["all"].as_str().unwrap());
    let feed = Feed::open(&server, "", &[("Authorization", &token)]);
    let nets = Feed::open(&server, "events=net", &[("Authorization", &key)]);
    let foreign = client.post("/api/v2/storage/events/", &event(2, 1)).ok(201);
    let path = format!("/api/v2/storage/events/{}/", foreign["id"]);
    client.post(&format!("{path}meta/"), &json!({ "tag": "x" })).ok(201);
    client.delete(&path).ok(204);
    client.post("/api/v2/storage/events/", &event(1, 2)).ok(201);
    assert_eq!(feed.next().data["meta"], json!({ "n": "2" }));
    assert!(feed.is_quiet() && nets.is_quiet());

    let watcher = server.client(&token);
    assert_eq!(watcher.get(&format!("{STREAM}?camid=2")).error(), "out_of_scope");
    let ingest = server.client(&format!("Bearer {}", own["ingest_token"].as_str().unwrap()));
    assert_eq!(ingest.get(STREAM).status, 403);
    assert_eq!(server.client("").get(STREAM).status, 401);

    // A credential that ends takes its feeds along.
    server.cli_json(&["camera", "remove", "1"]);
    client.post("/api/v2/storage/events/", &event(2, 3)).ok(201);
    feed.ends();
}

#[test]
fn a_feed_ends_with_the_secret_it_was_opened_with() {
    let server = Server::start();
    let gate = server.camera("Gate");
    let token = format!("Acc {}", gate["access_tokens"]["all"].as_str().unwrap());
    let client = server.client(&server.key());
    let feed = Feed::open(&server, "", &[("Authorization", &token)]);
    server.cli_json(&["token", "rotate", "1", "--overlap", "1h"]);
    client.post("/api/v2/storage/events/", &event(1, 1)).ok(201);
    assert_eq!(feed.next().data["meta"], json!({ "n": "1" }), "it holds for an hour more");
    server.cli_json(&["token", "rotate", "1"]);
    client.post("/api/v2/storage/events/", &event(1, 2)).ok(201);
    feed.ends();
}

#[test]
fn feeds_are_limited_and_end_when_the_server_stops() {
    let mut server = Server::start();
    server.camera("Gate");
    let key = server.key();
    let feeds: Vec<Feed> =
        (0..32).map(|_| Feed::open(&server, "", &[("Authorization", &key)])).collect();
    let refused = server.client(&key).get(STREAM);
    assert_eq!((refused.status, refused.error().as_str()), (503, "overloaded"));
    let other = server.key();
    let kept = Feed::open(&server, "", &[("Authorization", &other)]);
    assert_eq!(server.terminate(), 0);
    kept.ends();
    feeds.iter().for_each(Feed::ends);
}

//! A server with two cameras that know nothing of each other, and what several tests do with it.

use serde_json::{Value, json};

use crate::common::{Client, Server};

/// All events.
pub const EVENTS: &str = "/api/v2/storage/events/";
/// Many events at once.
pub const BULK: &str = "/api/v2/storage/events/bulk/";

/// A camera and its secrets.
#[derive(Debug)]
pub struct Camera {
    /// Its id.
    pub id: u64,
    /// `Acc …` of its `all` token.
    pub all: String,
    /// `Acc …` of its `watch` token.
    pub watch: String,
    /// `Acc …` of its ingest token.
    pub ingest: String,
    /// What adding it printed.
    pub added: Value,
}

/// Adds a camera by the command line.
pub fn camera(server: &Server, arguments: &[&str]) -> Camera {
    let added = server.cli_json(&[&["camera", "add"], arguments].concat());
    let acc = |secret: &Value| format!("Acc {}", secret.as_str().unwrap());
    Camera {
        id: added["id"].as_u64().unwrap(),
        all: acc(&added["access_tokens"]["all"]),
        watch: acc(&added["access_tokens"]["watch"]),
        ingest: acc(&added["ingest_token"]),
        added,
    }
}

/// A server with one camera and a client with its `all` token.
pub fn site() -> (Server, Camera, Client) {
    let server = Server::start();
    let camera = camera(&server, &["--name", "Gate"]);
    let client = server.client(&camera.all);
    (server, camera, client)
}

/// The member `token` of an access token.
pub fn inner(authorization: &str) -> String {
    use base64::Engine as _;
    let text = authorization.split_once(' ').unwrap().1;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let envelope: Value = serde_json::from_slice(&bytes).unwrap();
    envelope["token"].as_str().unwrap().to_owned()
}

/// Path of a camera's event types.
pub fn types(camera: u64) -> String {
    format!("/api/v2/cameras/{camera}/event_processing/events/")
}

/// Stores an event and gives its id.
#[track_caller]
pub fn event(client: &Client, camera: u64, name: &str, time: &str, meta: &Value) -> u64 {
    let body = json!({"camid": camera, "name": name, "time": time, "meta": meta});
    client.post(EVENTS, &body).ok(201)["id"].as_u64().unwrap()
}

/// Stores `count` `motion` events, one a second from `2026-03-01T00:00:00`, and gives their ids.
pub fn fill(client: &Client, camera: u64, count: usize) -> Vec<u64> {
    let second = |n: usize| format!("2026-03-01T{:02}:{:02}:{:02}", n / 3_600, n / 60 % 60, n % 60);
    let all: Vec<usize> = (0..count).collect();
    let mut ids = Vec::new();
    for part in all.chunks(1_000) {
        let items = part.iter().map(
            |n| json!({"camid": camera, "name": "motion", "time": second(*n), "meta": {"n": n}}),
        );
        let stored = client.post(BULK, &items.collect()).ok(200);
        assert_eq!(stored["failed"], 0);
        ids.extend(stored["objects"].as_array().unwrap().iter().map(|o| o["id"].as_u64().unwrap()));
    }
    ids
}

/// The ids on a page.
pub fn ids(page: &Value) -> Vec<u64> {
    page["objects"].as_array().unwrap().iter().map(|o| o["id"].as_u64().unwrap()).collect()
}

/// How many match.
#[track_caller]
pub fn total(client: &Client, query: &str) -> u64 {
    let page = client.get(&format!("{EVENTS}?limit=1&{query}")).ok(200);
    page["meta"]["total_count"].as_u64().unwrap()
}

/// Where two values differ in their members' names and kinds; `None` if they do not. Of an array the
/// first element stands for all.
pub fn unlike(at: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let names = |of: &serde_json::Map<String, Value>| {
                let mut names: Vec<String> = of.keys().cloned().collect();
                names.sort();
                names
            };
            if names(expected) != names(found) {
                return Some(format!("{at}: {:?} and {:?}", names(expected), names(found)));
            }
            expected
                .iter()
                .find_map(|(name, value)| unlike(&format!("{at}.{name}"), value, &found[name]))
        }
        (Value::Array(expected), Value::Array(found)) => {
            match (expected.first(), found.is_empty()) {
                (Some(_), true) => Some(format!("{at}: [] instead of some")),
                (None, false) => Some(format!("{at}: some instead of []")),
                (None, true) => None,
                (Some(first), false) => found.iter().enumerate().find_map(|(n, element)| {
                    let like = expected.get(n).unwrap_or(first);
                    unlike(&format!("{at}[{n}]"), like, element)
                }),
            }
        }
        _ if kind(expected) == kind(found) => None,
        _ => Some(format!("{at}: {expected} and {found}")),
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

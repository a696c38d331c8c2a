//! A server with two cameras that know nothing of each other, and what several tests do with it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{BINARY, Client, PATIENCE, Process, Server, until};

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

/// `watchpost demo`, whose simulated cameras are connected; told to stop when dropped.
pub struct Demo {
    pub process: Process,
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// The license key that it prints.
    pub key: String,
}

impl Demo {
    /// Starts it and waits for its cameras.
    pub fn start() -> Self {
        let mut command = Command::new(BINARY);
        command.args(["demo", "--listen", "127.0.0.1:0"]).env("WATCHPOST_LOG_LEVEL", "warn");
        let mut process = Process(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
        let mut key = String::new();
        let base = lines.find_map(|line| {
            let line = line.unwrap();
            if let Some(text) = line.trim().strip_prefix("license key") {
                text.trim().clone_into(&mut key);
            }
            line.strip_prefix("listening on ").map(str::to_owned)
        });
        let demo = Self { process, base: base.unwrap(), key };
        let client = demo.client();
        until("four cameras are connected", || {
            let all = client.get("/api/v2/cameras/?detail=detail").ok(200);
            let all = all["objects"].as_array().unwrap().clone();
            all.iter().filter(|camera| camera["status"] == "active").count() == 4
        });
        until("the fourth has said what it can", || {
            client.get(&types(4)).ok(200)["objects"][0]["caps"]["can_be_triggered"] == true
        });
        demo
    }

    /// A client with its license key.
    pub fn client(&self) -> Client {
        Client::new(&self.base, &format!("LKey {}", self.key))
    }
}

impl Drop for Demo {
    /// Killed, it would leave its scratch directory.
    fn drop(&mut self) {
        let child = &mut self.process.0;
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let deadline = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
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

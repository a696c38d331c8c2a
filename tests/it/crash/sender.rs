//! Clients that write as fast as they can and remember what they were told.

use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::ledger::{Known, Notes, Open, State};
use crate::common::{Answer, Server};
use crate::raw::{Lost, Raw};

/// Senders at once.
pub const SENDERS: u32 = 64;
/// Events of one bulk.
const BULK: u32 = 5;
const EVENTS: &str = "/api/v2/storage/events/";
const BULK_PATH: &str = "/api/v2/storage/events/bulk/";

/// Cameras and credentials.
pub struct Site {
    /// Id, and header of the camera's own token.
    pub cameras: Vec<(u64, String)>,
    /// Header of a license key.
    pub key: String,
}

impl Site {
    pub fn new(server: &Server) -> Self {
        server.wait_ready();
        let cameras = (0..4).map(|i| {
            let camera = server.camera(&format!("cam {i}"));
            let token = camera["access_tokens"]["all"].as_str().unwrap();
            (camera["id"].as_u64().unwrap(), format!("Authorization: Acc {token}\r\n"))
        });
        let cameras = cameras.collect();
        Self { cameras, key: format!("Authorization: {}\r\n", server.key()) }
    }

    /// Starts all senders; each ends when its connection does. Only a kill may tear an answer.
    pub fn start_senders(
        self: &Arc<Self>,
        base: &str,
        round: u32,
        may_tear: bool,
    ) -> Vec<JoinHandle<Notes>> {
        let start = |number| {
            let (site, base) = (Arc::clone(self), base.to_owned());
            std::thread::spawn(move || {
                let Ok(raw) = Raw::connect(&base) else { return Notes::default() };
                let notes = Notes::default();
                let prefix = format!("{round}-{number}");
                Sender { site: &site, base, raw, prefix, number, round, may_tear, notes }.run()
            })
        };
        (0..SENDERS).map(start).collect()
    }
}

struct Sender<'s> {
    site: &'s Site,
    base: String,
    raw: Raw,
    /// Of its markers.
    prefix: String,
    number: u32,
    round: u32,
    may_tear: bool,
    notes: Notes,
}

/// The connection is gone.
struct Ended;

impl Sender<'_> {
    fn run(mut self) -> Notes {
        for step in 0.. {
            let done = match (step + self.number) % 8 {
                1 | 5 => self.create(step, true),
                2 => self.bulk(step, false),
                3 => self.bulk(step, true),
                6 => self.tag(step),
                7 => self.delete(),
                _ => self.create(step, false),
            };
            if done.is_err() {
                break;
            }
        }
        self.notes
    }

    fn camera(&self) -> (u64, &str) {
        let (id, token) = &self.site.cameras[self.number as usize % self.site.cameras.len()];
        (*id, token)
    }

    fn event(&self, marker: &str, step: u32) -> Value {
        let time = 1_750_000_000 + i64::from(self.round) * 3_600 + i64::from(step % 3_000);
        let time = chrono::DateTime::from_timestamp(time, 0).unwrap();
        let time = time.format("%Y-%m-%dT%H:%M:%S").to_string();
        json!({ "camid": self.camera().0, "name": "motion", "time": time, "meta": { "marker": marker } })
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<Answer, Ended> {
        match self.raw.request(method, path, headers, body) {
            Ok(answer) => {
                let found = answer.status;
                assert!((200..300).contains(&found), "{method} {path}: {found} {}", answer.text);
                assert!(found == 204 || !answer.json().is_null(), "{method} {path}: {answer:?}");
                if answer.header("connection").is_some_and(|value| value == "close") {
                    // The answer counts; without a new connection the next request will end it.
                    if let Ok(raw) = Raw::connect(&self.base) {
                        self.raw = raw;
                    }
                }
                Ok(answer)
            }
            Err(Lost::Unanswered) => Err(Ended),
            Err(Lost::Torn(_)) if self.may_tear => Err(Ended),
            Err(Lost::Torn(text)) => panic!("{method} {path}: an answer in part: {text:?}"),
        }
    }

    fn create(&mut self, step: u32, keyed: bool) -> Result<(), Ended> {
        let marker = format!("{}-{step}", self.prefix);
        let body = self.event(&marker, step).to_string();
        let mut headers = self.camera().1.to_owned();
        if keyed {
            headers.push_str(&["Idempotency-Key: ", &marker, "\r\n"].concat());
        }
        let Ok(answer) = self.send("POST", EVENTS, &headers, &body) else {
            self.open(EVENTS, headers, body, vec![marker], keyed);
            return Err(Ended);
        };
        assert_eq!(answer.status, 201, "{}", answer.text);
        let answer = answer.json();
        assert_eq!(answer["meta"]["marker"], marker.as_str());
        self.known(marker, &answer["id"]);
        Ok(())
    }

    fn bulk(&mut self, step: u32, keyed: bool) -> Result<(), Ended> {
        let markers: Vec<String> =
            (0..BULK).map(|item| format!("{}-{step}-{item}", self.prefix)).collect();
        let items = markers.iter().map(|marker| {
            let mut event = self.event(marker, step);
            if keyed {
                event["uid"] = json!(marker);
            }
            event
        });
        let body = Value::Array(items.collect()).to_string();
        let headers = self.camera().1.to_owned();
        let Ok(answer) = self.send("POST", BULK_PATH, &headers, &body) else {
            self.open(BULK_PATH, headers, body, markers, keyed);
            return Err(Ended);
        };
        let answer = answer.json();
        assert_eq!(answer["created"], BULK, "{answer}");
        for (marker, item) in markers.into_iter().zip(answer["objects"].as_array().unwrap()) {
            assert_eq!(item["status"], 201, "{answer}");
            self.known(marker, &item["id"]);
        }
        Ok(())
    }

    /// Sets a tag of the newest event of this sender.
    fn tag(&mut self, step: u32) -> Result<(), Ended> {
        let Some(at) = self.notes.known.iter().rposition(|k| k.state == State::There) else {
            return self.create(step, false);
        };
        let path = format!("{EVENTS}{}/meta/step", self.notes.known[at].id);
        let headers = self.camera().1.to_owned();
        let body = json!({ "data": step.to_string() }).to_string();
        let outcome = self.send("PUT", &path, &headers, &body);
        let known = &mut self.notes.known[at];
        if outcome.is_ok() {
            known.steps.clear();
        }
        known.steps.push(Some(step.to_string()));
        outcome.map(drop)
    }

    /// Deletes the oldest event of this sender.
    fn delete(&mut self) -> Result<(), Ended> {
        let Some(at) = self.notes.known.iter().position(|k| k.state == State::There) else {
            return Ok(());
        };
        let path = format!("{EVENTS}{}/", self.notes.known[at].id);
        let headers = self.site.key.clone();
        let outcome = self.send("DELETE", &path, &headers, "");
        let known = &mut self.notes.known[at];
        known.state = if outcome.is_ok() { State::Gone } else { State::Either };
        outcome.map(drop)
    }

    fn known(&mut self, marker: String, id: &Value) {
        let id = id.as_u64().unwrap();
        self.notes.known.push(Known { marker, id, steps: vec![None], state: State::There });
    }

    fn open(
        &mut self,
        path: &'static str,
        headers: String,
        body: String,
        markers: Vec<String>,
        keyed: bool,
    ) {
        self.notes.open.push(Open { path, headers, body, markers, keyed });
    }
}

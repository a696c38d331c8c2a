//! One camera's conversation as a state machine: messages in, messages and steps out. No I/O, no clock.
//!
//! Order (API contract 6.3): the camera's `register`, our `configure` and `hello`, its `cam_register`, our
//! `cam_hello` and `get_cam_events`; then whatever happens.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::wire::{
    Bye, CamEvent, CamHello, Configure, Declared, Envelope, Hello, Message, Nothing, Reason,
    SetCamEvent, SetCamEvents, Status, Switches, TriggerEvent, UploadPart, UploadTo, category,
};
use crate::domain::camera::AGENT_BYTES_MAX;
use crate::domain::time::SECOND_US;
use crate::domain::{Agent, Attachment, CameraId, EventId, EventType, Meta, Timestamp};
use crate::service::attachment::Upload;

/// Messages that make no sense, after which the connection ends.
const NONSENSE_MAX: u32 = 100;
/// Seconds that a camera is asked to wait before it comes back to a server that stops.
const RETRY_S: u32 = 5;
/// An event with the trigger's own time answers it; floating seconds are that exact.
const SAME_TIME_US: i64 = 1_000;
/// An event of the trigger's name with another time may answer it too, from a camera that stamps its
/// own; not further off than this.
const NEAR_TIME_US: i64 = 2 * SECOND_US;

/// What a conversation is about, and what the camera is told at its start.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub camera: CameraId,
    /// What a camera that lost its token may connect with: its token.
    pub connid: String,
    pub sid: String,
    /// IANA name of the camera's time zone.
    pub timezone: String,
    /// `http://host[:port]`, and the host alone.
    pub url: String,
    pub host: String,
    /// Whether the camera is in use.
    pub enabled: bool,
}

/// What is to be done next, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Send this.
    Say(String),
    /// The camera has begun: its other connection, if any, ends.
    Begun,
    /// The camera is there and can be spoken to.
    Ready(Agent),
    /// It announces event types; call [`Session::settle`] when they are kept.
    Declared(Vec<Declared>),
    /// Something happened; call [`Session::stored`] or [`Session::refused`] afterwards.
    Happened(CamEvent),
    /// The trigger that waits has its answer.
    Triggered(Answer),
    /// The connection ends.
    End(Bye),
}

/// How a camera answers a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It did it; the event, if it was stored.
    Done(Option<EventId>),
    /// It did not; its word for it.
    Refused(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Begun,
    Ready,
}

/// A trigger that waits for its answer.
#[derive(Debug)]
struct Pending {
    msgid: i64,
    name: String,
    time: Timestamp,
    /// An event that may have been meant, by its name.
    maybe: Option<EventId>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Session {
    about: About,
    phase: Phase,
    sent: u64,
    nonsense: u32,
    /// What the camera knows of its switches, by name: of what it announced.
    known: BTreeMap<String, Switches>,
    is_off: bool,
    pending: Option<Pending>,
}

impl Session {
    pub fn new(about: About) -> Self {
        Self {
            about,
            phase: Phase::New,
            sent: 0,
            nonsense: 0,
            known: BTreeMap::new(),
            is_off: false,
            pending: None,
        }
    }

    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// A text frame from the camera. An empty one is a keep-alive of old clients.
    pub fn hear(&mut self, text: &str) -> Vec<Step> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        let message = Message::read(text);
        let Some((message, cmd)) = message.and_then(|m| m.text("cmd").map(|cmd| (m, cmd))) else {
            return self.nonsense();
        };
        let named = message.number("cam_id");
        if named.is_some_and(|id| id != i64::from(self.about.camera.0)) && cmd != "bye" {
            return self.refuse(&message, &cmd, "CM_ERROR");
        }
        match (cmd.as_str(), self.phase) {
            ("bye", _) => vec![Step::End(Bye::Left)],
            ("register", Phase::New) => self.register(&message),
            ("cam_register", Phase::Begun) => self.cam_register(&message),
            ("done", _) => self.done(&message),
            ("report_problem", _) => Vec::new(),
            ("cam_events_conf", Phase::Ready) => self.announced(&message),
            ("cam_event", Phase::Ready) => match message.event() {
                Some(event) => vec![Step::Happened(event)],
                None => self.refuse(&message, &cmd, "MISSED_PARAM"),
            },
            ("get_direct_upload_url", Phase::Ready) => {
                let category = message.text("category").unwrap_or_else(|| "snapshot".to_owned());
                let main = UploadPart::new(&category, None);
                let body = UploadTo { event_id: None, main, extra: Vec::new() };
                vec![self.answer("direct_upload_url", message.number("msgid"), &cmd, body)]
            }
            (
                "register"
                | "cam_register"
                | "cam_events_conf"
                | "cam_event"
                | "get_direct_upload_url",
                _,
            ) => self.refuse(&message, &cmd, "CM_ERROR"),
            // An answer to what was not asked needs none.
            _ if message.number("refid").is_some() => Vec::new(),
            _ => self.refuse(&message, &cmd, "NOT_SUPPORTED"),
        }
    }

    /// A frame that is no message.
    pub fn nonsense(&mut self) -> Vec<Step> {
        self.nonsense += 1;
        if self.nonsense < NONSENSE_MAX { Vec::new() } else { vec![Step::End(Bye::Error)] }
    }

    fn register(&mut self, message: &Message) -> Vec<Step> {
        self.phase = Phase::Begun;
        let about = self.about.clone();
        let configure = Configure {
            uuid: format!("00000000-0000-4000-8000-{:012x}", about.camera.0),
            connid: &about.connid,
            pwd: &about.sid,
            tz: &about.timezone,
        };
        let upload = format!("{}/upload", about.url);
        let media = format!("{}:1935", about.host);
        let hello = Hello {
            status: "OK",
            sid: &about.sid,
            upload_uri: &upload,
            upload_url: &upload,
            media_server: &media,
            connid: &about.connid,
        };
        let configure = self.say("configure", configure);
        vec![
            Step::Begun,
            configure,
            self.answer("hello", message.number("msgid"), "register", hello),
        ]
    }

    fn cam_register(&mut self, message: &Message) -> Vec<Step> {
        self.phase = Phase::Ready;
        let told = |members: [&str; 2]| {
            let text = members.iter().find_map(|member| message.text(member));
            bounded(&text.unwrap_or_default())
        };
        let agent = Agent {
            vendor: told(["brand", "vendor"]),
            model: told(["model", "type"]),
            firmware: told(["version", "firmware"]),
        };
        let media = format!("rtmp://{}:1935", self.about.host);
        let hello = CamHello {
            path: format!("{}/", self.about.camera.0),
            media_uri: &media,
            media_url: &media,
            mode: "cloud",
            activity: self.about.enabled,
        };
        let hello = self.say("cam_hello", hello);
        vec![Step::Ready(agent), hello, self.say("get_cam_events", Nothing {})]
    }

    fn announced(&mut self, message: &Message) -> Vec<Step> {
        let declared = message.declared();
        self.is_off = message.get("enabled") == Some(false);
        self.known = declared.iter().map(|told| (told.name.clone(), told.switches)).collect();
        vec![Step::Declared(declared)]
    }

    /// Tells the camera what differs from what it knows of its switches. `types` are as they are kept.
    pub fn settle(&mut self, types: &BTreeMap<String, EventType>) -> Vec<Step> {
        let mut events = Vec::new();
        for (name, known) in &mut self.known {
            let Some(kept) = types.get(name) else { continue };
            let wanted = Switches {
                active: Some(kept.receive),
                stream: Some(kept.record && kept.caps.can_record),
                snapshot: Some(kept.snapshot && kept.caps.can_snapshot),
                period: kept.caps.is_periodic.then_some(kept.period),
            };
            let given = Switches {
                active: known.active,
                stream: Some(known.stream.unwrap_or(false)),
                snapshot: Some(known.snapshot.unwrap_or(false)),
                period: kept.caps.is_periodic.then(|| known.period.unwrap_or(0)),
            };
            if wanted != given {
                events.push(SetCamEvent { event: name.clone(), switches: wanted });
            }
            *known = wanted;
        }
        if events.is_empty() && !self.is_off {
            return Vec::new();
        }
        self.is_off = false;
        vec![self.say("set_cam_events", SetCamEvents { enabled: true, events })]
    }

    /// Asks the camera to raise an event. One at a time: what waited before is given up.
    pub fn trigger(&mut self, name: &str, time: Timestamp, meta: &Meta) -> Step {
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 until the year 2255")]
        let seconds = time.0 as f64 / SECOND_US as f64;
        let raw = RawValue::from_string(meta.json().to_owned()).ok();
        let meta = raw.as_deref().filter(|_| !meta.is_empty());
        let step = self.say("cam_trigger_event", TriggerEvent { event: name, time: seconds, meta });
        let msgid = i64::try_from(self.sent).unwrap_or(i64::MAX);
        self.pending = Some(Pending { msgid, name: name.to_owned(), time, maybe: None });
        step
    }

    /// Nobody waits for the trigger any more.
    pub fn give_up(&mut self) {
        self.pending = None;
    }

    /// An event is on disk, or was not to be stored (`id` is none). `uploads` are addresses for what the
    /// camera wants to send with it; what has none is not wanted.
    pub fn stored(
        &mut self,
        event: &CamEvent,
        id: Option<EventId>,
        uploads: &[(Attachment, Upload)],
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        steps.push(if event.wants.is_empty() {
            self.answer("done", event.msgid, "cam_event", Status { status: "OK" })
        } else {
            self.upload_to(event, id, uploads)
        });
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.name == event.name)
        else {
            return steps;
        };
        let off_us = event.time.map(|time| time.0.saturating_sub(pending.time.0).saturating_abs());
        let is_meant = event.answers == Some(pending.msgid);
        if is_meant || off_us.is_some_and(|us| us <= SAME_TIME_US) {
            self.pending = None;
            steps.push(Step::Triggered(Answer::Done(id)));
        } else if off_us.is_none_or(|us| us <= NEAR_TIME_US) {
            pending.maybe = pending.maybe.or(id);
        }
        steps
    }

    /// An event was not stored, for the reason that `status` says.
    pub fn refused(&mut self, event: &CamEvent, status: &str) -> Vec<Step> {
        vec![self.answer("done", event.msgid, "cam_event", Status { status })]
    }

    fn done(&mut self, message: &Message) -> Vec<Step> {
        let Some(pending) = &self.pending else { return Vec::new() };
        let is_meant = match message.number("refid") {
            Some(refid) => refid == pending.msgid,
            None => message.text("orig_cmd").as_deref() == Some("cam_trigger_event"),
        };
        if !is_meant {
            return Vec::new();
        }
        let maybe = pending.maybe;
        self.pending = None;
        let status = message.text("status").unwrap_or_else(|| "OK".to_owned());
        vec![Step::Triggered(match status.as_str() {
            "OK" => Answer::Done(maybe),
            _ => Answer::Refused(bounded(&status)),
        })]
    }

    /// Where to send what belongs to an event. A camera drops everything unless the first part is `OK`, so
    /// one that has an address stands there.
    fn upload_to(
        &mut self,
        event: &CamEvent,
        id: Option<EventId>,
        uploads: &[(Attachment, Upload)],
    ) -> Step {
        let upload =
            |of: Attachment| uploads.iter().find(|(for_, _)| *for_ == of).map(|(_, to)| to);
        let mut wants = event.wants.clone();
        wants.sort_by_key(|of| upload(*of).is_none());
        let mut parts = wants.into_iter().map(|of| UploadPart::new(category(of), upload(of)));
        let main = parts.next().unwrap_or_else(|| UploadPart::new("snapshot", None));
        let body = UploadTo { event_id: id.map(|id| id.0), main, extra: parts.collect() };
        self.answer("direct_upload_url", event.msgid, "cam_event", body)
    }

    fn refuse(&mut self, message: &Message, cmd: &str, status: &'static str) -> Vec<Step> {
        vec![self.answer("done", message.number("msgid"), cmd, Status { status })]
    }

    /// The last message.
    pub fn bye(&mut self, bye: Bye) -> String {
        let retry = (bye == Bye::Shutdown).then_some(RETRY_S);
        self.write("bye", None, None, Reason { reason: bye.word(), retry })
    }

    fn say<B: Serialize>(&mut self, cmd: &'static str, body: B) -> Step {
        Step::Say(self.write(cmd, None, None, body))
    }

    fn answer<B: Serialize>(
        &mut self,
        cmd: &'static str,
        refid: Option<i64>,
        orig_cmd: &str,
        body: B,
    ) -> Step {
        Step::Say(self.write(cmd, refid, Some(orig_cmd), body))
    }

    fn write<B: Serialize>(
        &mut self,
        cmd: &'static str,
        refid: Option<i64>,
        orig_cmd: Option<&str>,
        body: B,
    ) -> String {
        self.sent += 1;
        let cam_id = (self.phase == Phase::Ready).then_some(self.about.camera.0);
        let envelope = Envelope { cmd, msgid: self.sent, cam_id, refid, orig_cmd, body };
        serde_json::to_string(&envelope).expect("messages are plain values")
    }
}

/// What a camera says of itself, without control characters and not too long.
fn bounded(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.truncate(text.floor_char_boundary(AGENT_BYTES_MAX));
    text
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

//! The words on a camera's connection (API contract 6): messages as JSON, read leniently.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::domain::meta::{Sent, value_text};
use crate::domain::time::SECOND_US;
use crate::domain::{Attachment, Caps, Timestamp};
use crate::service::attachment::Upload;

/// Most event types taken from one announcement.
const DECLARED_MAX: usize = 256;
/// A time above this is in milliseconds (API contract C8).
const SECONDS_MAX: f64 = 1e11;
/// The category of a file that an upload address is for.
pub(super) const fn category(of: Attachment) -> &'static str {
    match of {
        Attachment::Picture => "snapshot",
        Attachment::Filemeta => "file_meta",
    }
}
/// Members of `…_info` objects that say something else than a tag can.
const NO_TAGS: [&str; 3] = ["snapshot_info", "file_meta_info", "motion_info"];

/// A message as it came: members that are missing or of a wrong type are as if they were not there.
#[derive(Debug)]
pub(super) struct Message(HashMap<String, Box<RawValue>>);

impl Message {
    /// Reads a text frame. `None` if it is no JSON object.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    pub fn get<T: DeserializeOwned>(&self, member: &str) -> Option<T> {
        serde_json::from_str(self.0.get(member)?.get()).ok()
    }

    pub fn text(&self, member: &str) -> Option<String> {
        self.get(member)
    }

    /// A whole number; old clients put some in quotes.
    pub fn number(&self, member: &str) -> Option<i64> {
        self.get(member).or_else(|| self.text(member)?.trim().parse().ok())
    }

    fn object(&self, member: &str) -> Option<Self> {
        self.get(member).map(Self)
    }

    /// Seconds since the epoch with a fraction, or milliseconds.
    fn time(&self) -> Option<Timestamp> {
        let told = self.get("time").or_else(|| self.text("time")?.trim().parse().ok());
        let told: f64 = told.filter(|told: &f64| told.is_finite())?;
        let seconds = if told > SECONDS_MAX { told / 1_000.0 } else { told };
        #[expect(clippy::cast_precision_loss, reason = "a million")]
        let micros = (seconds * SECOND_US as f64).round();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, and the range is checked"
        )]
        let time = Timestamp(micros as i64);
        (Timestamp::MIN..=Timestamp::MAX).contains(&time).then_some(time)
    }

    /// The event that a `cam_event` tells of. `None` without a name.
    pub fn event(&self) -> Option<CamEvent> {
        let name = self.text("event").filter(|name| !name.is_empty())?;
        let mut meta = self.get::<Sent>("meta").map(|meta| meta.0).unwrap_or_default();
        for (tag, value) in self.told_beside() {
            if !meta.iter().any(|(known, _)| *known == tag) {
                meta.push((tag, value));
            }
        }
        Some(CamEvent {
            msgid: self.number("msgid"),
            answers: self.number("refid"),
            name,
            time: self.time(),
            meta,
            wants: self.wants(),
            inline: self.inline(),
        })
    }

    /// On and off, addresses and the like, which stand beside `meta` in objects of their own.
    fn told_beside(&self) -> Vec<(String, String)> {
        let mut infos: Vec<&String> = self
            .0
            .keys()
            .filter(|name| name.ends_with("_info") && !NO_TAGS.contains(&name.as_str()))
            .collect();
        infos.sort();
        let mut tags = Vec::new();
        for info in infos {
            let Some(Self(members)) = self.object(info) else { continue };
            let scalars = members.into_iter().filter(|(_, raw)| !raw.get().starts_with(['{', '[']));
            tags.extend(scalars.map(|(name, raw)| (name, value_text(&raw))));
        }
        if self.text("status").as_deref() == Some("ERROR") {
            let what = self.text("error_description").unwrap_or_else(|| "ERROR".to_owned());
            tags.push(("error_description".to_owned(), what));
        }
        tags.sort();
        tags
    }

    /// What the camera wants upload addresses for: its picture before its metadata file.
    fn wants(&self) -> Vec<Attachment> {
        let has_size = |info| self.object(info).is_some_and(|info| info.number("size").is_some());
        let wanted =
            [(Attachment::Picture, "snapshot_info"), (Attachment::Filemeta, "file_meta_info")];
        wanted.into_iter().filter(|(_, info)| has_size(info)).map(|(of, _)| of).collect()
    }

    /// The picture in base64 that old clients put into the message.
    fn inline(&self) -> Option<Vec<u8>> {
        let text = self.object("snapshot_info")?.text("image_inline")?;
        STANDARD.decode(text.trim()).ok().filter(|bytes| !bytes.is_empty())
    }

    /// The event types that a `cam_events_conf` announces.
    pub fn declared(&self) -> Vec<Declared> {
        let events: Vec<Box<RawValue>> = self.get("events").unwrap_or_default();
        events.iter().take(DECLARED_MAX).filter_map(|raw| Declared::read(raw)).collect()
    }
}

/// An event as a camera tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CamEvent {
    /// Its message's number.
    pub msgid: Option<i64>,
    /// The command that it answers, if it says so.
    pub answers: Option<i64>,
    pub name: String,
    /// `None` if it has none that can be used.
    pub time: Option<Timestamp>,
    pub meta: Vec<(String, String)>,
    /// What it waits for upload addresses for.
    pub wants: Vec<Attachment>,
    /// Its picture, if that came with it.
    pub inline: Option<Vec<u8>>,
}

/// An event type as a camera announces it; what it leaves out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub name: String,
    pub caps: Option<Caps>,
    pub switches: Switches,
}

impl Declared {
    fn read(raw: &RawValue) -> Option<Self> {
        let told = Message::read(raw.get())?;
        let caps = told.object("caps").map(|caps| {
            let can = |member| caps.get(member).unwrap_or(false);
            Caps {
                can_be_triggered: can("trigger"),
                can_record: can("stream"),
                can_snapshot: can("snapshot"),
                is_periodic: can("periodic"),
            }
        });
        let switches = Switches {
            active: told.get("active"),
            stream: told.get("stream"),
            snapshot: told.get("snapshot"),
            period: told.get("period"),
        };
        Some(Self { name: told.text("event")?, caps, switches })
    }
}

/// The switches of an event type as the camera knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Switches {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
}

/// Why a connection ends, in the protocol's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bye {
    /// The other side broke the protocol, or was too slow with it.
    Error,
    /// The token does not hold, or holds no longer.
    AuthFailure,
    /// Another connection of the same camera took its place.
    ConnConflict,
    /// The camera was removed.
    Deleted,
    /// The server stops.
    Shutdown,
    /// The camera said it leaves: nothing is answered.
    Left,
}

impl Bye {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::AuthFailure => "AUTH_FAILURE",
            Self::ConnConflict => "CONN_CONFLICT",
            Self::Deleted => "DELETED",
            Self::Shutdown => "SHUTDOWN",
            Self::Left => "CONN_CLOSE",
        }
    }
}

/// What stands around every message from the server.
#[derive(Serialize)]
pub(super) struct Envelope<'a, B> {
    pub cmd: &'static str,
    pub msgid: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cam_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refid: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orig_cmd: Option<&'a str>,
    #[serde(flatten)]
    pub body: B,
}

#[derive(Serialize)]
pub(super) struct Nothing {}

#[derive(Serialize)]
pub(super) struct Configure<'a> {
    pub uuid: String,
    pub connid: &'a str,
    pub pwd: &'a str,
    pub tz: &'a str,
}

/// `upload_uri` and `media_server` are for cameras that insist on them: nothing is taken in there.
#[derive(Serialize)]
pub(super) struct Hello<'a> {
    pub status: &'static str,
    pub sid: &'a str,
    pub upload_uri: &'a str,
    pub upload_url: &'a str,
    pub media_server: &'a str,
    pub connid: &'a str,
}

#[derive(Serialize)]
pub(super) struct CamHello<'a> {
    pub path: String,
    pub media_uri: &'a str,
    pub media_url: &'a str,
    pub mode: &'static str,
    pub activity: bool,
}

#[derive(Serialize)]
pub(super) struct Status<'a> {
    pub status: &'a str,
}

#[derive(Serialize)]
pub(super) struct SetCamEvents {
    pub enabled: bool,
    pub events: Vec<SetCamEvent>,
}

#[derive(Serialize)]
pub(super) struct SetCamEvent {
    pub event: String,
    #[serde(flatten)]
    pub switches: Switches,
}

#[derive(Serialize)]
pub(super) struct TriggerEvent<'a> {
    pub event: &'a str,
    pub time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<&'a RawValue>,
}

/// The answer to a camera that wants to upload.
#[derive(Serialize)]
pub(super) struct UploadTo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<u64>,
    #[serde(flatten)]
    pub main: UploadPart<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<UploadPart<'a>>,
}

/// Where to send one file. Without `url` the camera drops it at once instead of waiting 20 s (API contract
/// 6.5, 6.7).
#[derive(Serialize)]
pub(super) struct UploadPart<'a> {
    pub category: &'a str,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// `20231114T222320.000`, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire: Option<String>,
    /// Always there: cameras look for it. The type of a picture is seen by its bytes.
    pub headers: Nothing,
}

impl<'a> UploadPart<'a> {
    /// Where to send a file of this category; without an address it is not wanted.
    pub fn new(category: &'a str, upload: Option<&'a Upload>) -> Self {
        Self {
            category,
            status: if upload.is_some() { "OK" } else { "NOT_SUPPORTED" },
            url: upload.map(|upload| upload.url.as_str()),
            expire: upload.map(|to| to.until.utc().format("%Y%m%dT%H%M%S%.3f").to_string()),
            headers: Nothing {},
        }
    }
}

#[derive(Serialize)]
pub(super) struct Reason {
    pub reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Option<CamEvent> {
        Message::read(text).unwrap().event()
    }

    #[test]
    fn an_event_is_read_whatever_stands_around_it() {
        let told = event(
            r#"{"cmd":"cam_event","msgid":20,"event":"net","time":1700000000.25,"net_info":{"ip":"10.0.0.1","p2p":{}},
                "meta":{"k":"v","n":1.50},"snapshot_info":{"size":5},"motion_info":{"regions":[]},"mediatm":"x"}"#,
        )
        .unwrap();
        let pair = |tag: &str, value: &str| (tag.to_owned(), value.to_owned());
        assert_eq!(told.meta, [pair("k", "v"), pair("n", "1.50"), pair("ip", "10.0.0.1")]);
        assert_eq!(told.time, Some(Timestamp(1_700_000_000_250_000)));
        assert_eq!((told.msgid, told.wants), (Some(20), vec![Attachment::Picture]));
        assert_eq!(event(r#"{"cmd":"cam_event","event":7}"#), None);
    }

    #[test]
    fn times_may_be_in_milliseconds_and_wrong_ones_are_left_out() {
        for (time, micros) in [
            ("1700000000", Some(1_700_000_000_000_000)),
            ("1700000000250", Some(1_700_000_000_250_000)),
            ("\"1700000000.5\"", Some(1_700_000_000_500_000)),
            ("-1", None),
            ("1e300", None),
            ("true", None),
        ] {
            let told = event(&format!(r#"{{"event":"motion","time":{time}}}"#)).unwrap();
            assert_eq!(told.time.map(|time| time.0), micros, "{time}");
        }
    }

    #[test]
    fn announcements_keep_what_is_well_formed() {
        let told = Message::read(
            r#"{"events":[{"event":"motion","active":true,"caps":{"trigger":true,"stream":"yes"}},7,{"active":true}]}"#,
        );
        let declared = told.unwrap().declared();
        assert_eq!(declared.len(), 1);
        let caps = Caps { can_be_triggered: true, ..Caps::default() };
        assert_eq!((declared[0].name.as_str(), declared[0].caps), ("motion", Some(caps)));
        assert_eq!(declared[0].switches.active, Some(true));
    }
}

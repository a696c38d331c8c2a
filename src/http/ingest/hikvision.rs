//! Hikvision's `EventNotificationAlert`, in XML and JSON: what cameras, recorders, door terminals and alarm panels
//! of its many brands post.

use std::time::Duration;

use roxmltree::{Document, Node};
use serde_json::Value;

use super::said::Said;
use super::{class, time, xml};
use crate::service::ingest::State;

/// An active condition that is not repeated for this long is over: many types never say `inactive`.
const ACTIVE_FOR: Duration = Duration::from_secs(5);
/// Channels of recorders' own inputs; those of cameras on the network count on from here.
const OWN_CHANNELS: u32 = 32;

/// Reads a message in XML.
pub(super) fn xml(document: &Document<'_>, zone: &str) -> Option<Vec<Said>> {
    let root = document.root_element();
    if xml::name(root) != "EventNotificationAlert" {
        return None;
    }
    Alert(Fields::Xml(root)).read(zone)
}

/// Reads a message in JSON.
pub(super) fn json(value: &Value, zone: &str) -> Option<Vec<Said>> {
    let has = |name: &str| value.get(name).is_some();
    let is_one = has("eventType")
        && ["eventState", "AccessControllerEvent", "CIDEvent"].into_iter().any(has);
    if !is_one {
        return None;
    }
    Alert(Fields::Json(value)).read(zone)
}

#[derive(Clone, Copy)]
enum Fields<'a> {
    Xml(Node<'a, 'a>),
    Json(&'a Value),
}

impl Fields<'_> {
    /// The text at the end of a path; of lists the first.
    fn get(self, path: &[&str]) -> Option<String> {
        match self {
            Self::Xml(node) => xml::text(node, path).map(str::to_owned),
            Self::Json(value) => {
                let found = path.iter().try_fold(value, |value, name| first(value)?.get(*name));
                match first(found?)? {
                    Value::String(text) => Some(text.trim().to_owned()),
                    Value::Number(number) => Some(number.to_string()),
                    Value::Bool(is) => Some(is.to_string()),
                    _ => None,
                }
            }
        }
        .filter(|text| !text.is_empty())
    }
}

/// A value; of a list its first.
fn first(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(list) => list.first(),
        other => Some(other),
    }
}

struct Alert<'a>(Fields<'a>);

impl Alert<'_> {
    fn get(&self, path: &[&str]) -> Option<String> {
        self.0.get(path)
    }

    /// The first of several paths that leads somewhere.
    fn any(&self, paths: &[&[&str]]) -> Option<String> {
        paths.iter().find_map(|path| self.0.get(path))
    }

    fn read(&self, zone: &str) -> Option<Vec<Said>> {
        let told = self.get(&["eventType"])?;
        let relation = self.get(&["DurationList", "Duration", "relationEvent"]);
        let kind = match &relation {
            Some(relation) if told.eq_ignore_ascii_case("duration") => relation.clone(),
            _ => told.clone(),
        };
        let kind = kind.to_ascii_lowercase();
        let active = match self.get(&["eventState"]).as_deref() {
            Some("active") => State::Held(ACTIVE_FOR),
            Some("inactive") => State::Stop,
            _ => State::Pulse,
        };
        let mut said = match kind.as_str() {
            "heartbeat" => return Some(Vec::new()),
            "cidevent" => match self.contact_id() {
                Some(said) => said,
                None => return Some(Vec::new()), // a heartbeat
            },
            "accesscontrollerevent" => self.access(),
            "anpr" => self.plate(),
            "vehicledetection" if self.plate_number().is_some() => self.plate(),
            "videointercom" | "doorbell" => self.doorbell(active),
            kind => Said::new(name(kind).unwrap_or("other"), active),
        };
        match said.message.name.as_str() {
            "storage" | "net" => said.tag("kind", Some(&kind)),
            "other" => said.tag("code", Some(&told)),
            _ => {}
        }
        said.tag("relation_event", relation);
        said.message.source = format!("{kind}/{}", said.message.source);
        self.common(&mut said, zone);
        Some(vec![said])
    }

    /// What every message may say: when, where, of what.
    fn common(&self, said: &mut Said, zone: &str) {
        let region = ["DetectionRegionList", "DetectionRegionEntry"];
        let of_region =
            |name| self.get(&[region[0], region[1], name]).or_else(|| self.get(&[region[0], name]));
        let (region, target) = (of_region("regionID"), of_region("detectionTarget"));
        let target =
            target.or_else(|| of_region("targetType")).or_else(|| self.get(&["targetType"]));
        let input = self.any(&[&["inputIOPortID"], &["dynInputIOPortID"]]);
        let number = |name| self.get(&[name]).and_then(|text| text.parse::<u32>().ok());
        let raw = number("channelID").or_else(|| number("dynChannelID")).unwrap_or(1);
        let channel = if raw > OWN_CHANNELS { raw - OWN_CHANNELS } else { raw.max(1) };
        said.tag("object", target.as_deref().map(class::object));
        said.tag("region", region.as_deref());
        said.tag("input", input.as_deref());
        said.channel(channel, if raw == 0 { channel } else { raw });
        said.tag("channel_name", self.get(&["channelName"]));
        said.tag("post_count", self.get(&["activePostCount"]));
        said.tag("picture_url", self.any(&[&["bkgUrl"], &["detectionPictureURL"]]));
        let current = self.any(&[&["currentEvent"], &["AccessControllerEvent", "currentEvent"]]);
        let is_replay = self.get(&["isDataRetransmission"]).as_deref() == Some("true")
            || current.as_deref() == Some("false");
        said.tag("replayed", is_replay.then_some("true"));
        let key = [Some(channel.to_string()), region, input, Some(said.message.source.clone())];
        said.message.source = key.map(Option::unwrap_or_default).join("/");
        let told = self.get(&["dateTime"]);
        said.message.time = told.map(|text| time::read(&text, zone).ok_or(text));
    }

    /// An alarm panel's message by its Contact-ID code: 1 and three digits is new, 3 and the same is over, although
    /// it is `active` both times. `None` if it has no code.
    fn contact_id(&self) -> Option<Said> {
        let of = |name| self.get(&["CIDEvent", name]);
        let code = of("standardCIDcode").or_else(|| of("code"))?;
        let digits = code.trim();
        let (qualifier, kind) = digits.split_at_checked(digits.len().saturating_sub(3))?;
        let name = match kind.as_bytes() {
            [b'1', b'3', _] => "intrusion",
            [b'1', b'0' | b'1', _] => "fire",
            _ => "other",
        };
        let state = if qualifier == "3" { State::Stop } else { State::Start };
        let mut said = Said::new(name, state);
        said.tag("cid", Some(&code));
        said.tag("zone", of("zone"));
        said.tag("type", of("type"));
        said.message.source = format!("{kind}/{}", of("zone").unwrap_or_default());
        Some(said)
    }

    /// What happened at a door. `active`, but nothing ever ends it.
    fn access(&self) -> Said {
        let of = |name| self.get(&["AccessControllerEvent", name]);
        let mut said = Said::new("access", State::Pulse);
        said.tag("major", of("majorEventType"));
        said.tag("minor", of("subEventType"));
        said.tag("door", of("doorNo"));
        said.tag("employee", of("employeeNoString").or_else(|| of("employeeNo")));
        said.tag("person", of("name"));
        said.tag("card", of("cardNo"));
        said.tag("serial_no", of("serialNo"));
        said.message.source = of("serialNo").unwrap_or_default();
        said
    }

    fn plate_number(&self) -> Option<String> {
        self.any(&[&["ANPR", "licensePlate"], &["ANPR", "originalLicensePlate"], &["licensePlate"]])
    }

    fn plate(&self) -> Said {
        let of = |name| self.get(&["ANPR", name]);
        let plate = self.plate_number();
        let mut said = Said::new("license_plate", State::Pulse);
        said.tag("plate", plate.as_deref());
        said.tag("plate_color", of("plateColor"));
        said.tag("vehicle_color", self.get(&["ANPR", "vehicleInfo", "color"]));
        said.tag("direction", of("direction"));
        said.tag("confidence", of("confidenceLevel"));
        said.tag("list", of("vehicleListName"));
        said.message.source = plate.unwrap_or_default();
        said
    }

    /// A ring begins and ends if the station says so, else it is one moment.
    fn doorbell(&self, active: State) -> Said {
        let of = |name| self.any(&[&["VideoIntercom", name], &["Doorbell", name], &[name]]);
        let status = of("status");
        let state = match status.as_deref() {
            Some("ring") => State::Held(ACTIVE_FOR),
            Some("hangUp") => State::Stop,
            _ if active == State::Stop => State::Stop,
            _ => State::Pulse,
        };
        let mut said = Said::new("doorbell", state);
        said.tag("status", status);
        said.tag("call_id", of("callID"));
        said
    }
}

/// The name of an event type; `kind` in lower case.
fn name(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "vmd" | "motiondetection" => "motion",
        "pir" | "piralarm" => "pir",
        "linedetection" => "line_crossing",
        "fielddetection" => "intrusion",
        "regionentrance" => "region_enter",
        "regionexiting" => "region_exit",
        "loitering" => "loitering",
        "unattendedbaggage" => "object_left",
        "attendedbaggage" => "object_removed",
        "facedetection" | "facesnap" | "facecapture" | "alarmresult" => "face",
        "vehicledetection" => "vehicle",
        "tamperdetection" | "shelteralarm" => "tamper",
        "scenechangedetection" => "scene_change",
        "defocus" => "defocus",
        "videoloss" => "video_loss",
        "io" | "inputio" => "digital_input",
        "audioexception" | "audiodetection" => "audio",
        "thermometry" | "tma" => "temperature",
        "firedetection" => "fire",
        "diskfull" | "diskerror" | "recordingfailure" | "nohdd" => "storage",
        "nicbroken" | "ipconflict" => "net",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;

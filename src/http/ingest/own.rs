//! Our own form: a JSON object, form fields or a query, for scripts and for cameras whose message is
//! what the administrator types.

use chrono::{NaiveDateTime, TimeZone};
use serde_json::Value;

use crate::domain::Timestamp;
use crate::service::ingest::{Message, State, epoch};

/// What a delivery without a name is.
const DEFAULT_NAME: &str = "motion";
/// What some senders put before their text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Local times without a zone, as cameras write them.
const LOCAL_FORMS: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y%m%d%H%M%S", "%d/%m/%Y %H:%M:%S"];

/// Reads a delivery out of query and body. The body's first byte decides what it is; its Content-Type is
/// often wrong. `zone` is what local times mean. `None` if it is in another form.
pub fn read(query: &str, body: &[u8], zone: &str) -> Option<Message> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body).trim_ascii();
    let mut fields: Vec<(String, String)> = pairs(query.as_bytes());
    match body.first() {
        None => {}
        Some(b'{') => fields.extend(members(body)?),
        Some(b'<' | b'[' | b'-') => return None,
        Some(_) if body.contains(&b'=') && body.is_ascii() => fields.extend(pairs(body)),
        Some(_) => return None,
    }
    message(fields, zone)
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The members of a JSON object, those of `meta` among them. `None` if it is no JSON, or has no `name`: it
/// is somebody else's then.
fn members(body: &[u8]) -> Option<Vec<(String, String)>> {
    super::super::json::check_depth(body).ok()?;
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return None };
    if !object.is_empty() && !object.contains_key("name") {
        return None;
    }
    let mut fields = Vec::new();
    for (name, value) in object {
        match value {
            Value::Object(meta) if name == "meta" => {
                fields.extend(meta.into_iter().map(|(tag, value)| (tag, text(value))));
            }
            value => fields.push((name, text(value))),
        }
    }
    Some(fields)
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn message(fields: Vec<(String, String)>, zone: &str) -> Option<Message> {
    let mut message = Message {
        name: DEFAULT_NAME.to_owned(),
        state: State::Pulse,
        time: None,
        source: String::new(),
        meta: Vec::new(),
    };
    for (field, value) in fields {
        match field.as_str() {
            "name" if !value.is_empty() => message.name = value,
            "state" => message.state = state(&value)?,
            "time" if !value.is_empty() => message.time = Some(time(&value, zone).ok_or(value)),
            "source" => message.source = value,
            // One token is one camera; what else a recorder says of its channels is kept as said.
            "camera" | "channel" if value == "1" => {}
            "camera" | "channel" => message.meta.push(("raw_channel".to_owned(), value)),
            "name" | "time" | "token" => {}
            _ => message.meta.push((field, value)),
        }
    }
    Some(message)
}

fn state(text: &str) -> Option<State> {
    match text.to_ascii_lowercase().as_str() {
        "start" | "active" | "on" | "true" | "1" => Some(State::Start),
        "stop" | "inactive" | "off" | "false" | "0" => Some(State::Stop),
        "pulse" | "" => Some(State::Pulse),
        _ => None,
    }
}

/// With a zone or an offset as it says; without one the camera's local time; or an epoch.
fn time(text: &str, zone: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(time) = epoch(text) {
        return Some(time);
    }
    let Some(local) =
        LOCAL_FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    else {
        return Timestamp::parse(text).ok();
    };
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::UTC);
    // In the hour that comes twice the first one; in the hour that is left out nothing.
    let utc = zone.from_local_datetime(&local).earliest()?;
    Some(Timestamp(utc.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "Europe/Berlin";

    /// Name, state, time as text (`? …` if it is none) and sorted tags.
    type Told = (String, State, Option<String>, Vec<(String, String)>);

    fn brief(query: &str, body: &str) -> Option<Told> {
        let mut message = read(query, body.as_bytes(), ZONE)?;
        message.meta.sort();
        let time =
            message.time.map(|t| t.map_or_else(|text| format!("? {text}"), Timestamp::rfc3339));
        Some((message.name, message.state, time, message.meta))
    }

    fn told(name: &str, state: State, time: Option<&str>, meta: &[(&str, &str)]) -> Told {
        let mut meta: Vec<_> =
            meta.iter().map(|(tag, value)| ((*tag).to_owned(), (*value).to_owned())).collect();
        meta.sort();
        (name.to_owned(), state, time.map(str::to_owned), meta)
    }

    #[test]
    fn a_delivery_is_read_by_what_it_is() {
        use State::{Pulse, Start, Stop};
        for (query, body, expected) in [
            ("", "", told("motion", Pulse, None, &[])),
            ("name=motion&state=start&camera=1", "", told("motion", Start, None, &[])),
            ("name=door&state=stop&input=2", "", told("door", Stop, None, &[("input", "2")])),
            ("", "name=pir&zone=East%20gate", told("pir", Pulse, None, &[("zone", "East gate")])),
            (
                "",
                r#"{"name":"motion","state":"start","time":"2026-05-01T10:30:00+02:00","camera":1,"meta":{"zone":"Yard"}}"#,
                told("motion", Start, Some("2026-05-01T08:30:00Z"), &[("zone", "Yard")]),
            ),
            (
                "",
                "\u{feff} {\"name\":\"pir\",\"channel\":3,\"n\":2}",
                told("pir", Pulse, None, &[("raw_channel", "3"), ("n", "2")]),
            ),
        ] {
            assert_eq!(brief(query, body), Some(expected), "{query} {body}");
        }
        for (query, body) in [
            ("", r#"{"eventType":"VMD"}"#),
            ("", "<EventNotificationAlert/>"),
            ("", "hello"),
            ("state=perhaps", ""),
        ] {
            assert_eq!(brief(query, body), None, "{query} {body}");
        }
    }

    #[test]
    fn a_local_time_is_the_cameras() {
        for (text, expected) in [
            ("2026-07-01T10:30:00", Some("2026-07-01T08:30:00Z")),
            ("2026-11-22 10:30:00.5", Some("2026-11-22T09:30:00.500000Z")),
            ("20261122103000", Some("2026-11-22T09:30:00Z")),
            ("21/12/2026 22:15:33", Some("2026-12-21T21:15:33Z")),
            ("2026-10-25T02:30:00", Some("2026-10-25T00:30:00Z")),
            ("2026-03-29T02:30:00", None),
            ("2026-11-22T10:30:00Z", Some("2026-11-22T10:30:00Z")),
            ("1777624200", Some("2026-05-01T08:30:00Z")),
            ("soon", None),
        ] {
            assert_eq!(time(text, ZONE).map(Timestamp::rfc3339).as_deref(), expected, "{text}");
        }
    }
}

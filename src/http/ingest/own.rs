//! Our own form: a JSON object, form fields or a query, for scripts and for cameras whose message is
//! what the administrator types.

use serde_json::Value;

use super::time;
use crate::service::ingest::{Message, State};

/// What a delivery without a name is.
const DEFAULT_NAME: &str = "motion";

/// Most pairs of a query or a form; those behind them are left out. An event may have fewer tags.
const PAIRS_MAX: usize = 256;

/// Names and values: of a query, or of a form.
pub(super) type Pairs = Vec<(String, String)>;

/// The pairs of a query or a form.
pub(super) fn pairs(text: &[u8]) -> Pairs {
    form_urlencoded::parse(text)
        .take(PAIRS_MAX)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Reads a JSON object, after the pairs of the query. `None` if it has members, but no `name`: it is
/// somebody else's then.
pub(super) fn json(mut fields: Pairs, object: &Value, zone: &str) -> Option<Message> {
    let Value::Object(object) = object else { return None };
    if !object.is_empty() && !object.contains_key("name") {
        return None;
    }
    for (name, value) in object {
        match value {
            Value::Object(meta) if name == "meta" => {
                fields.extend(meta.iter().map(|(tag, value)| (tag.clone(), text(value))));
            }
            value => fields.push((name.clone(), text(value))),
        }
    }
    read(fields, zone)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Reads pairs. `zone` is what local times mean. `None` if they are in another form.
pub(super) fn read(fields: Pairs, zone: &str) -> Option<Message> {
    let mut message = Message {
        name: DEFAULT_NAME.to_owned(),
        state: State::Pulse,
        time: None,
        source: String::new(),
        meta: Vec::new(),
    };
    let mut channel = None;
    for (field, value) in fields {
        match field.as_str() {
            "name" if !value.is_empty() => message.name = value,
            "state" => message.state = state(&value)?,
            "time" if !value.is_empty() => {
                message.time = Some(time::read(&value, zone).ok_or(value));
            }
            "source" => message.source = value,
            // One token is one camera; what else a recorder says of its channels is kept as said.
            "camera" | "channel" if value == "1" => {}
            "camera" | "channel" => channel = Some(value),
            "name" | "time" | "token" => {}
            _ => message.meta.push((field, value)),
        }
    }
    if let Some(channel) = channel {
        message.source = format!("{channel}/{}", message.source); // channels do not end each other's
        message.meta.push(("raw_channel".to_owned(), channel));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    const ZONE: &str = "Europe/Berlin";

    /// Name, state, time as text (`? …` if it is none) and sorted tags.
    type Told = (String, State, Option<String>, Vec<(String, String)>);

    fn brief(query: &str, body: &str) -> Option<Told> {
        let mut saids = super::super::dialect::read(None, query, None, body.as_bytes(), ZONE)?;
        assert_eq!(saids.len(), 1);
        let mut message = saids.remove(0).message;
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
}

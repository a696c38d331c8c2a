//! TP-Link VIGI: a list of events, each with one or more types. There is no stop.

use serde_json::Value;

use super::draft::{Draft, plain, text};
use super::said::{MESSAGES_READ_MAX, Said};
use crate::service::ingest::State;

/// Reads a delivery. `None` if it is none of this sender's: those have an `event_list`.
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let entries = json.get("event_list")?.as_array()?;
    let mut said = Vec::new();
    for entry in entries {
        let types = match entry.get("event_type") {
            Some(Value::Array(types)) => types.as_slice(),
            Some(alone) => std::slice::from_ref(alone),
            None => &[],
        };
        for code in types.iter().filter_map(|code| text(Some(code))) {
            if said.len() == MESSAGES_READ_MAX {
                return Some(said);
            }
            let channel = entry.get("channel").or_else(|| json.get("channel"));
            let draft = kind(&code)
                .at(text(entry.get("dateTime")), zone)
                .channel(text(channel), 1)
                .tag("device_name", text(json.get("device_name")))
                .tag("mac", text(json.get("mac")))
                .tag("ip", text(json.get("ip")));
            said.push(draft.said());
        }
    }
    Some(said)
}

fn kind(code: &str) -> Draft {
    let name = match plain(code).as_str() {
        "motion" => "motion",
        "people" | "person" | "human" => "person",
        "vehicle" => "vehicle",
        "animal" | "pet" => "animal",
        "face" => "face",
        "linecrossing" | "linecross" => "line_crossing",
        "intrusion" => "intrusion",
        "regionenter" | "regionentering" | "regionentrance" => "region_enter",
        "regionexit" | "regionexiting" => "region_exit",
        "loitering" => "loitering",
        "objectabandoned" | "objectleft" => "object_left",
        "objectremoved" | "objecttaken" => "object_removed",
        "tamper" | "tampering" => "tamper",
        "scenechange" => "scene_change",
        "audio" | "soundexception" | "audioexception" => "audio",
        "videoloss" => "video_loss",
        _ => return Draft::other(code, State::Pulse),
    };
    Draft::new(name, State::Pulse)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{json as fixture, lines, noise};
    use super::*;

    #[test]
    fn each_type_of_each_entry_is_an_event() {
        let people = include_str!("../../../tests/fixtures/ingest/vigi/people.json");
        let rest = "device_name=Backyard ip=192.168.70.3 mac=02-00-00-00-00-16";
        assert_eq!(
            lines(read(&fixture(people), "Asia/Singapore")),
            Some(vec![format!("person Pulse 2025-11-23T10:09:36Z {rest}")])
        );
        let sent = json!({"event_list": [
            {"dateTime": "20251123180936", "event_type": ["MOTION", "Line_Crossing"]},
            {"event_type": "REGIONENTER", "channel": 2},
            {"event_type": ["PARKING", null, {}]},
            {},
            7,
        ]});
        assert_eq!(
            lines(read(&sent, "UTC")).unwrap(),
            [
                "motion Pulse 2025-11-23T18:09:36Z",
                "line_crossing Pulse 2025-11-23T18:09:36Z",
                "region_enter Pulse - channel=2",
                "other Pulse - code=PARKING",
            ]
        );
        assert_eq!(read(&json!({"event_list": []}), "UTC"), Some(Vec::new()));
        assert_eq!(read(&json!({"event_list": {}}), "UTC"), None);
    }

    #[test]
    fn a_delivery_has_so_many_messages_and_no_more() {
        let sent = json!({"event_list": [{"event_type": vec!["MOTION"; MESSAGES_READ_MAX + 1]}]});
        assert_eq!(read(&sent, "UTC").unwrap().len(), MESSAGES_READ_MAX);
    }

    proptest! {
        #[test]
        fn noise_never_panics(sent in noise(&["event_list", "event_type", "dateTime", "MOTION"])) {
            let _ = read(&sent, "UTC");
            let _ = read(&json!({"event_list": [sent]}), "UTC");
        }
    }
}

//! `UniFi` Protect's Alarm Manager: one delivery for an alarm, with the triggers that set it off.
//!
//! `conditions` lists what could have set it off, and counts for nothing. There is no stop.

use serde_json::Value;

use super::draft::{Draft, list, picture, text};
use super::said::{MESSAGES_READ_MAX, Said};
use crate::service::ingest::State;

/// Reads a delivery. `None` if it is none of this sender's: those have `alarm.triggers`.
///
/// The picture of the alarm goes with the first trigger that brings none of its own.
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let alarm = json.get("alarm")?;
    let triggers = alarm.get("triggers")?.as_array()?;
    let mut shared = picture(alarm.get("thumbnail"));
    let read_one = |trigger: &Value| {
        let time = text(trigger.get("timestamp")).or_else(|| text(json.get("timestamp")));
        let own = picture(trigger.get("thumbnail"));
        kind(trigger)
            .at(time, zone)
            .key("device", text(trigger.get("device")))
            .tag("event_id", text(trigger.get("eventId")))
            .tag("alarm_name", text(alarm.get("name")))
            .tag("group", text(trigger.pointer("/group/name")))
            .tag("zones", list(trigger.pointer("/zones/zone")))
            .tag("lines", list(trigger.pointer("/zones/line")))
            .picture(own.or_else(|| shared.take()))
            .said()
    };
    Some(triggers.iter().take(MESSAGES_READ_MAX).map(read_one).collect())
}

/// A message of the right name, with what the key and the value of a trigger say.
fn kind(trigger: &Value) -> Draft {
    let key = text(trigger.get("key")).unwrap_or_default().to_ascii_lowercase();
    let value = text(trigger.get("value"));
    let named = |name| Draft::new(name, State::Pulse);
    let rest = |of: &str| key.strip_prefix(of).map(|rest| rest.trim_start_matches('_').to_owned());
    match key.as_str() {
        "motion" | "person" | "vehicle" | "animal" | "package" => named(&key).tag("value", value),
        "ring" => named("doorbell"),
        "line_crossed" => named("line_crossing"),
        "smart_loiter_detection" => named("loitering"),
        "smart_tamper_detection" => named("tamper"),
        _ => {
            if let Some(list) = rest("license_plate") {
                named("license_plate").key("plate", value).tag("list", Some(list))
            } else if let Some(list) = rest("face_") {
                named("face").tag("list", Some(list)).tag("value", value)
            } else if let Some(class) = rest("audio_alarm_").or_else(|| rest("audio_")) {
                named("audio").key("class", Some(class))
            } else {
                Draft::other(&key, State::Pulse).tag("value", value)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{jpeg, json as fixture, lines, noise};
    use super::*;

    #[test]
    fn each_trigger_is_an_event() {
        let motion = include_str!("../../../tests/fixtures/ingest/unifi/alarm_motion.json");
        assert_eq!(
            lines(read(&fixture(motion), "UTC")),
            Some(vec![
                "motion Pulse 2025-02-17T19:10:36.108000Z alarm_name=Backup Alarm Event \
                 device=02000000000F event_id=67b389ab005ec703e40075a5"
                    .to_owned()
            ])
        );
        for (trigger, expected) in [
            (json!({"key": "ring"}), "doorbell Pulse -"),
            (
                json!({"key": "line_crossed", "zones": {"line": [1, "2"]}}),
                "line_crossing Pulse - lines=1,2",
            ),
            (json!({"key": "smart_loiter_detection"}), "loitering Pulse -"),
            (
                json!({"key": "license_plate_unknown", "value": "TEST123", "group": {"name": "G"},
                    "timestamp": "2024-01-15T10:30:00.000Z"}),
                "license_plate Pulse 2024-01-15T10:30:00Z group=G list=unknown plate=TEST123",
            ),
            (json!({"key": "face_known", "value": "Ann"}), "face Pulse - list=known value=Ann"),
            (json!({"key": "audio_alarm_baby_cry"}), "audio Pulse - class=baby_cry"),
            (json!({"key": "sensor_door_opened"}), "other Pulse - code=sensor_door_opened"),
            (json!({}), "other Pulse -"),
        ] {
            let sent = json!({"alarm": {"triggers": [trigger]}});
            assert_eq!(lines(read(&sent, "UTC")), Some(vec![expected.to_owned()]), "{sent}");
        }
    }

    #[test]
    fn the_picture_goes_with_the_first_trigger() {
        let sent = fixture(
            r#"{"alarm": {"thumbnail": "data:image/jpeg;base64,{{JPEG_BASE64}}",
                "triggers": [{"key": "person", "device": "A"}, {"key": "person", "device": "B"}]}}"#,
        );
        let said = read(&sent, "UTC").unwrap();
        assert_eq!([&said[0].picture, &said[1].picture], [&jpeg(), &None]);
        assert_ne!(said[0].message.source, said[1].message.source);
    }

    #[test]
    fn an_alarm_without_triggers_is_somebody_elses() {
        for sent in [json!({}), json!([]), json!({"alarm": {"type": "MD"}})] {
            assert_eq!(read(&sent, "UTC"), None, "{sent}");
        }
        assert_eq!(read(&json!({"alarm": {"triggers": []}}), "UTC"), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn noise_never_panics(
            sent in noise(&["alarm", "triggers", "key", "zones", "zone", "thumbnail", "timestamp", "value"]),
        ) {
            let _ = read(&sent, "UTC");
            let _ = read(&json!({"alarm": {"triggers": [sent]}}), "UTC");
        }
    }
}

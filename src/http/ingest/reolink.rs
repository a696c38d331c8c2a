//! Reolink's webhook in its default body. There is no stop; the body that an administrator writes is our own form.

use serde_json::Value;

use super::draft::{Draft, text};
use super::said::Said;
use crate::service::ingest::State;

/// Reads a delivery. `None` if it is none of this sender's: those have `alarm.type` or `alarm.deviceModel`.
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let alarm = json.get("alarm")?;
    if alarm.get("type").is_none() && alarm.get("deviceModel").is_none() {
        return None;
    }
    let code = text(alarm.get("type")).unwrap_or_default();
    let name = match code.to_ascii_uppercase().as_str() {
        "TEST" => return Some(Vec::new()),
        "MD" | "MOTION" => "motion",
        "PEOPLE" | "PERSON" => "person",
        "VEHICLE" => "vehicle",
        "DOG_CAT" | "ANIMAL" | "PET" => "animal",
        "FACE" => "face",
        "PACKAGE" => "package",
        "VISITOR" => "doorbell",
        "LINE_CROSSING" => "line_crossing",
        "INTRUSION" => "intrusion",
        "LINGERING" => "loitering",
        _ => "",
    };
    let draft = match name {
        "" => Draft::other(&code, State::Pulse),
        name => Draft::new(name, State::Pulse),
    };
    let time = ["alarmTime", "time"].iter().find_map(|member| text(alarm.get(member)));
    let said = draft
        .at(time.or_else(|| text(json.get("time"))), zone)
        .channel(text(alarm.get("channel")), 0)
        .tag("channel_name", text(alarm.get("channelName")))
        .tag("device_name", text(alarm.get("device")))
        .tag("device_model", text(alarm.get("deviceModel")))
        .tag("title", text(alarm.get("title")))
        .tag("message", text(alarm.get("message")))
        .said();
    Some(vec![said])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{json as fixture, lines, noise};
    use super::*;

    #[test]
    fn a_webhook_is_an_event_and_a_test_is_none() {
        let vehicle = include_str!("../../../tests/fixtures/ingest/reolink/webhook_vehicle.json");
        assert_eq!(
            lines(read(&fixture(vehicle), "UTC")),
            Some(vec![
                "vehicle Pulse 2026-09-04T21:28:22Z channel_name=Front Gate device_model=RLC-810A \
                 device_name=Front Gate message=... title=..."
                    .to_owned()
            ])
        );
        let test = include_str!("../../../tests/fixtures/ingest/reolink/webhook_test_button.json");
        assert_eq!(read(&fixture(test), "UTC"), Some(Vec::new()));
    }

    #[test]
    fn types_become_our_names() {
        for (alarm, expected) in [
            (json!({"type": "MD", "channel": "0"}), "motion Pulse -"),
            (json!({"type": "people", "channel": 3}), "person Pulse - channel=4 raw_channel=3"),
            (json!({"type": "DOG_CAT"}), "animal Pulse -"),
            (json!({"type": "VISITOR"}), "doorbell Pulse -"),
            (
                json!({"type": "LINGERING", "time": "2026-09-04 23:28:22", "secret": "s"}),
                "loitering Pulse 2026-09-04T21:28:22Z",
            ),
            (json!({"type": "AI_OTHER"}), "other Pulse - code=AI_OTHER"),
            (json!({"deviceModel": "RLC"}), "other Pulse - device_model=RLC"),
            (json!({"type": 7, "alarmTime": "soon"}), "other Pulse ?soon code=7"),
        ] {
            let sent = json!({"alarm": alarm});
            let said = lines(read(&sent, "Europe/Berlin"));
            assert_eq!(said, Some(vec![expected.to_owned()]), "{sent}");
        }
        for sent in [json!({}), json!({"alarm": "MD"}), json!({"alarm": {"triggers": []}})] {
            assert_eq!(read(&sent, "UTC"), None, "{sent}");
        }
    }

    proptest! {
        #[test]
        fn noise_never_panics(sent in noise(&["alarm", "type", "MD", "channel", "alarmTime"])) {
            let _ = read(&sent, "UTC");
            let _ = read(&json!({"alarm": {"type": sent.clone(), "channel": sent}}), "UTC");
        }
    }
}

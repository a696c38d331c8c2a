//! Frigate's `frigate/events`, posted by a script or an automation: an object that comes, stays and goes.

use serde_json::Value;

use super::class;
use super::draft::{Draft, list, picture, text};
use super::said::Said;
use crate::service::ingest::State;

/// Reads a delivery. `None` if it is none of this sender's: those have a `type` of `new`, `update` or `end`
/// beside `before` and `after`.
///
/// An `update` says again that the object is there: it begins the event if `new` was not believed yet.
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let state = match json.get("type")?.as_str()? {
        "new" | "update" => State::Start,
        "end" => State::Stop,
        _ => return None,
    };
    json.get("before")?;
    let after = json.get("after")?;
    let of = |member: &str| text(after.get(member));
    let label = of("label")?;
    if after.get("false_positive").and_then(Value::as_bool) == Some(true) {
        return Some(Vec::new());
    }
    let (draft, class) = match class::of(&label) {
        Some(name) => (Draft::new(name, state), name),
        None => (Draft::other(&label, state), ""),
    };
    let time = if state == State::Stop {
        of("end_time").or_else(|| of("frame_time"))
    } else {
        of("start_time")
    };
    let zones = ["entered_zones", "current_zones"].iter().find_map(|zones| list(after.get(zones)));
    // The name alone; some versions send it with its score.
    let sub_label = after.get("sub_label").and_then(|sub| text(Some(sub.get(0).unwrap_or(sub))));
    let said = draft
        .at(time, zone)
        .key("camera_name", of("camera"))
        .key("event_id", of("id"))
        .tag("label", Some(label).filter(|label| label != class && !class.is_empty()))
        .tag("sub_label", sub_label)
        .tag("plate", of("recognized_license_plate"))
        .tag("confidence", of("top_score").or_else(|| of("score")))
        .tag("zones", zones)
        .picture(picture(after.get("thumbnail")))
        .said();
    Some(vec![said])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{json as fixture, lines, noise};
    use super::*;

    const NEW: &str = include_str!("../../../tests/fixtures/ingest/frigate/mqtt_events_new.json");

    #[test]
    fn an_object_comes_and_goes() {
        let mut sent = fixture(NEW);
        assert_eq!(
            lines(read(&sent, "UTC")),
            Some(vec![
                "person Start 2020-12-04T23:19:15.475377Z camera_name=front_door \
                 confidence=0.958984375 event_id=1607123955.475377-mxklsc zones=yard,driveway"
                    .to_owned()
            ])
        );
        let source = read(&sent, "UTC").unwrap().remove(0).message.source;
        sent["type"] = json!("end");
        sent["after"]["end_time"] = json!(1_607_123_960.5);
        let end = read(&sent, "UTC").unwrap().remove(0).message;
        assert_eq!((end.state, end.source), (State::Stop, source));
        assert_eq!(end.time.unwrap().unwrap().rfc3339(), "2020-12-04T23:19:20.500000Z");
        sent["after"]["false_positive"] = json!(true);
        assert_eq!(read(&sent, "UTC"), Some(Vec::new()));
    }

    #[test]
    fn labels_become_our_names() {
        for (after, expected) in [
            (
                json!({"label": "car", "sub_label": ["bakery", 0.9]}),
                "vehicle Start - label=car sub_label=bakery",
            ),
            (json!({"label": "dog", "sub_label": "Rex"}), "animal Start - label=dog sub_label=Rex"),
            (json!({"label": "bark"}), "audio Start - label=bark"),
            (
                json!({"label": "license_plate", "recognized_license_plate": "TEST123"}),
                "license_plate Start - plate=TEST123",
            ),
            (json!({"label": "umbrella"}), "other Start - code=umbrella"),
        ] {
            let sent = json!({"type": "update", "before": null, "after": after});
            assert_eq!(lines(read(&sent, "UTC")), Some(vec![expected.to_owned()]), "{sent}");
        }
        for sent in [
            json!({}),
            json!({"type": "new", "after": {"label": "person"}}),
            json!({"type": "new", "before": {}, "after": {"severity": "alert"}}),
            json!({"type": "start", "before": {}, "after": {"label": "person"}}),
        ] {
            assert_eq!(read(&sent, "UTC"), None, "{sent}");
        }
    }

    proptest! {
        #[test]
        fn noise_never_panics(
            sent in noise(&["label", "person", "sub_label", "entered_zones", "start_time", "thumbnail", "id"]),
        ) {
            let _ = read(&sent, "UTC");
            let _ = read(&json!({"type": "new", "before": {}, "after": sent}), "UTC");
        }
    }
}

//! LILIN's template for other servers: the objects that a camera sees, each with its picture. There is no stop.

use serde_json::Value;

use super::class;
use super::draft::{Draft, picture, text};
use super::said::{MESSAGES_READ_MAX, Said};
use crate::service::ingest::State;

/// Reads a delivery. `None` if it is none of this sender's: those have an `AiEngine`.
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let objects = json.get("AiEngine")?.as_array()?;
    Some(objects.iter().take(MESSAGES_READ_MAX).map(|object| read_one(object, zone)).collect())
}

fn read_one(object: &Value, zone: &str) -> Said {
    let of = |member: &str| text(object.get(member));
    let label = of("label_name").unwrap_or_default();
    let draft = match class::of(&label) {
        Some(name) => Draft::new(name, State::Pulse),
        None => Draft::other(&label, State::Pulse),
    };
    draft
        .at(of("created_at"), zone)
        .channel(of("channel_id"), 1)
        .key("object_id", of("obj_tracking_id"))
        .key("behavior", of("behavior_id"))
        .tag("confidence", of("confidence"))
        .tag("color", of("color"))
        .tag("plate", text(object.pointer("/properties/plate")))
        .tag("camera_name", of("camera_name"))
        .picture(picture(object.get("base64_img")))
        .said()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{jpeg, json as fixture, lines, noise};
    use super::*;

    #[test]
    fn each_object_is_an_event() {
        let person = include_str!("../../../tests/fixtures/ingest/lilin/template_lilin.json");
        let said = read(&fixture(person), "UTC");
        assert_eq!(
            lines(said.clone()),
            Some(vec![
                "person Pulse 2026-05-01T08:30:00Z behavior=Enter camera_name=Dock 2 confidence=87 \
                 object_id=55 +picture"
                    .to_owned()
            ])
        );
        assert_eq!(said.unwrap()[0].picture, jpeg());
        let sent = json!({"AiEngine": [
            {"label_name": "car", "channel_id": 2, "obj_tracking_id": 7, "color": "Black"},
            {"label_name": "L._Plate_TWN", "properties": {"plate": "TEST123"}},
            {"label_name": "tof_point"},
            {},
        ]});
        assert_eq!(
            lines(read(&sent, "UTC")).unwrap(),
            [
                "vehicle Pulse - channel=2 color=Black object_id=7",
                "license_plate Pulse - plate=TEST123",
                "other Pulse - code=tof_point",
                "other Pulse -",
            ]
        );
        assert_eq!(read(&json!({"AiEngine": {}}), "UTC"), None);
    }

    proptest! {
        #[test]
        fn noise_never_panics(
            sent in noise(&["AiEngine", "label_name", "person", "created_at", "properties", "base64_img"]),
        ) {
            let _ = read(&sent, "UTC");
            let _ = read(&json!({"AiEngine": [sent]}), "UTC");
        }
    }
}

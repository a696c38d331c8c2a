//! Dahua's ITSAPI: plates that traffic cameras read, with their pictures, and their signs of life.

use serde_json::Value;

use super::draft::{Draft, picture, text};
use super::said::Said;
use crate::service::ingest::State;

/// The pictures of a reading, the best one first: the whole scene before what was cut out of it.
const PICTURES: [&str; 3] = ["NormalPic", "VehiclePic", "CutoutPic"];

/// Reads a delivery. `None` if it is none of this sender's: those have `Picture.Plate`, or are a sign of
/// life (`Active` and `DeviceID`).
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let Some(sent) = json.get("Picture").filter(|sent| sent.get("Plate").is_some()) else {
        let is_sign_of_life = json.get("Active").is_some() && json.get("DeviceID").is_some();
        return is_sign_of_life.then(Vec::new);
    };
    let of = |path: &str| text(sent.pointer(path));
    let list = if is_true(sent.pointer("/SnapInfo/BlockUser")) {
        Some("block")
    } else {
        is_true(sent.pointer("/SnapInfo/AllowUser")).then_some("allow")
    };
    let time = ["/SnapInfo/AccurateTime", "/SnapInfo/SnapTime"].iter().find_map(|path| of(path));
    let said = Draft::new("license_plate", State::Pulse)
        .at(time, zone)
        // Two cars within two seconds are no repeat.
        .key("plate", of("/Plate/PlateNumber"))
        .tag("plate_color", of("/Plate/PlateColor"))
        .tag("plate_type", of("/Plate/PlateType"))
        .tag("confidence", of("/Plate/Confidence"))
        .tag("vehicle_color", of("/Vehicle/VehicleColor"))
        .tag("vehicle_type", of("/Vehicle/VehicleType"))
        .tag("vehicle_brand", of("/Vehicle/VehicleSign"))
        .tag("direction", of("/SnapInfo/Direction"))
        .tag("lane", of("/SnapInfo/LanNo"))
        .tag("list", list.map(str::to_owned))
        .tag("device_id", of("/SnapInfo/DeviceID"))
        .tag("device_name", of("/SnapInfo/DeviceName"))
        .picture(PICTURES.iter().find_map(|name| picture(sent.get(name)?.get("Content"))))
        .said();
    Some(vec![said])
}

fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{jpeg, json as fixture, lines, noise};
    use super::*;

    #[test]
    fn a_plate_is_an_event_with_the_scene_and_a_sign_of_life_is_none() {
        let plate = include_str!("../../../tests/fixtures/ingest/dahua/itsapi_tollgate.json");
        let said = read(&fixture(plate), "America/Sao_Paulo");
        assert_eq!(
            lines(said.clone()),
            Some(vec![
                "license_plate Pulse 2026-02-10T12:30:45Z confidence=90 device_id=camera_01 \
                 direction=Obverse plate=TEST123 plate_color=White vehicle_color=Black +picture"
                    .to_owned()
            ])
        );
        assert_eq!(said.unwrap()[0].picture, jpeg());
        let alive = include_str!("../../../tests/fixtures/ingest/dahua/itsapi_keepalive.json");
        assert_eq!(read(&fixture(alive), "UTC"), Some(Vec::new()));
    }

    #[test]
    fn what_is_missing_or_damaged_does_not_lose_the_plate() {
        let cutout = json!({"Content": "/9j/"});
        for (sent, expected) in [
            (json!({"Plate": {}}), "license_plate Pulse -"),
            (
                json!({"Plate": {"PlateNumber": "A"}, "NormalPic": {"Content": "?"}, "CutoutPic": cutout}),
                "license_plate Pulse - plate=A +picture",
            ),
            (
                json!({"Plate": null, "SnapInfo": {"BlockUser": true, "AllowUser": true}}),
                "license_plate Pulse - list=block",
            ),
            (
                json!({"Plate": [], "SnapInfo": {"AllowUser": true, "SnapTime": "late"}}),
                "license_plate Pulse ?late list=allow",
            ),
        ] {
            let sent = json!({"Picture": sent});
            assert_eq!(lines(read(&sent, "UTC")), Some(vec![expected.to_owned()]), "{sent}");
        }
        for sent in [json!({}), json!({"Picture": {}}), json!({"DeviceID": "1"})] {
            assert_eq!(read(&sent, "UTC"), None, "{sent}");
        }
    }

    proptest! {
        #[test]
        fn noise_never_panics(
            sent in noise(&["Picture", "Plate", "PlateNumber", "SnapInfo", "NormalPic", "Content", "Active"]),
        ) {
            let _ = read(&sent, "UTC");
            let _ = read(&json!({"Picture": {"Plate": sent.clone(), "NormalPic": sent}}), "UTC");
        }
    }
}

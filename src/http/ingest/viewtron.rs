//! What cameras and recorders by TVT post, sold as Viewtron, Provision, Q-See and many more: a state that turns
//! true and false, and data with pictures.

use roxmltree::{Document, Node};

use super::said::Said;
use super::{picture, time, xml};
use crate::service::ingest::State;

/// Reads a message: `config`, or the `DeviceInfo` that says that a camera is there.
pub(super) fn read(document: &Document<'_>, zone: &str) -> Option<Vec<Said>> {
    let root = document.root_element();
    match xml::name(root) {
        "DeviceInfo"
            if xml::child(root, "DeviceName").is_some() || xml::child(root, "SN").is_some() =>
        {
            return Some(Vec::new());
        }
        "config" => {}
        _ => return None,
    }
    let mut said: Vec<Said> = if let Some(states) = xml::child(root, "alarmStatusInfo") {
        states.children().filter(Node::is_element).flat_map(state).collect()
    } else if let Some(kind) = xml::text(root, &["smartType"]) {
        data(root, kind)
    } else {
        // Answers to subscriptions, and signs of life, have nothing else to say.
        let is_known =
            ["messageType", "deviceInfo"].iter().any(|name| xml::child(root, name).is_some());
        return is_known.then(Vec::new);
    };
    let told = ["currentTime", "dataTime"].iter().find_map(|name| xml::text(root, &[name]));
    let time = told.map(|text| time::read(text, zone).ok_or(text.to_owned()));
    let channel = xml::text(root, &["deviceInfo", "channelId"]);
    let channel = channel.and_then(|text| text.parse().ok()).unwrap_or(1);
    for said in &mut said {
        said.channel(channel, channel);
        said.message.time.clone_from(&time);
        said.message.source = format!("{channel}/{}", said.message.source);
    }
    Some(said)
}

/// A state: `<vehiceAlarm id="1">true</vehiceAlarm>`, or the same with one `item` for each id.
fn state(alarm: Node<'_, '_>) -> Vec<Said> {
    let told = xml::name(alarm);
    let name = match told {
        "motionAlarm" => "motion",
        "perimeterAlarm" => "intrusion",
        "tripwireAlarm" => "line_crossing",
        "vfdAlarm" => "face",
        "vehiceAlarm" | "vehicleAlarm" => "license_plate",
        "aoiEntryAlarm" => "region_enter",
        "aoiLeaveAlarm" => "region_exit",
        "oscAlarm" => "object_removed",
        "avdAlarm" => "scene_change",
        "cddAlarm" => "crowd",
        "sensorAlarm" | "sensorAlarmIn" => "digital_input",
        "chlOfflineAlarm" => "net",
        _ => "other",
    };
    let items: Vec<Node<'_, '_>> =
        alarm.children().filter(|node| xml::name(*node) == "item").collect();
    let items = if items.is_empty() { vec![alarm] } else { items };
    let read = |item: Node<'_, '_>| {
        let state = match xml::content(item)? {
            "true" | "1" => State::Start,
            "false" | "0" => State::Stop,
            _ => return None,
        };
        let mut said = Said::new(name, state);
        match name {
            "digital_input" => said.tag("input", xml::attribute(item, "id")),
            _ => said.tag("rule", xml::attribute(item, "id")),
        }
        match name {
            "other" => {
                said.tag("code", Some(told));
                told.clone_into(&mut said.message.source);
            }
            "digital_input" => {
                xml::attribute(item, "id").unwrap_or_default().clone_into(&mut said.message.source);
            }
            "net" => said.tag("kind", Some("offline")),
            _ => {}
        }
        Some(said)
    };
    items.into_iter().filter_map(read).collect()
}

/// Data of one detection. It joins the state of the same name, which comes before and without a picture.
fn data(root: Node<'_, '_>, kind: &str) -> Vec<Said> {
    let name = match kind.to_ascii_lowercase().as_str() {
        "pea" if xml::child(root, "tripwire").is_some() => "line_crossing",
        "pea" | "regionintrusion" | "perimeter" => "intrusion",
        "linecrossing" | "tripwire" => "line_crossing",
        "motion" => "motion",
        "vfd" | "vfd_match" | "videofacedetect" => "face",
        "vehice" | "vehicle" => return plates(root),
        "aoientry" => "region_enter",
        "aoileave" => "region_exit",
        "passlinecount" | "traffic" | "targetcountingbyline" | "targetcountingbyarea" => "counting",
        "avd" if xml::find(root, "clarityAbnormal").is_some() => "defocus",
        "avd" => "scene_change",
        "sensor" => "digital_input",
        "cdd" => "crowd",
        "osc" => "object_removed",
        "vsd" | "videometadata" | "traject" => return Vec::new(), // objects on their way, many times a second
        _ => "other",
    };
    let state = match xml::find(root, "status").and_then(xml::content) {
        Some("SMART_STOP") => State::Stop,
        Some(_) => State::Start,
        None => State::Pulse,
    };
    let mut said = Said::new(name, state);
    let below = |name| xml::find(root, name).and_then(xml::content);
    if name == "other" {
        said.tag("code", Some(kind));
        kind.clone_into(&mut said.message.source);
    }
    said.tag("event_id", below("eventId"));
    said.tag("target_id", below("targetId"));
    let target =
        xml::find(root, "targetImageData").and_then(|node| xml::text(node, &["targetType"]));
    said.tag("object", target.map(object));
    said.picture = scene(root);
    vec![said]
}

/// Plates that were read, each a moment of its own.
fn plates(root: Node<'_, '_>) -> Vec<Said> {
    let lists =
        ["licensePlateListInfo", "listInfo"].iter().filter_map(|name| xml::child(root, name));
    let items = lists.flat_map(|list| list.children().filter(|node| xml::name(*node) == "item"));
    let mut said: Vec<Said> = items
        .map(|item| {
            let plate = xml::child(item, "licensePlateAttribute").unwrap_or(item);
            let car = |name| xml::text(item, &["carAttribute", name]);
            let number = xml::find(plate, "licensePlateNumber").and_then(xml::content);
            let mut said = Said::new("license_plate", State::Pulse);
            said.tag("plate", number);
            said.tag("plate_color", xml::text(plate, &["color"]));
            said.tag("vehicle_color", car("color"));
            said.tag("vehicle_type", car("carType"));
            said.tag("vehicle_brand", car("brand"));
            said.tag("vehicle_model", car("model"));
            said.tag("target_id", xml::text(item, &["targetId"]));
            said.message.source = format!("plate {}", number.unwrap_or_default());
            said
        })
        .collect();
    if said.is_empty() {
        said.push(Said::new("license_plate", State::Pulse));
    }
    said[0].picture = scene(root);
    said
}

/// The whole picture, else the one that is cut out.
fn scene(root: Node<'_, '_>) -> Option<Vec<u8>> {
    let of = |name| picture::decode(xml::content(xml::find(root, name)?)?);
    of("sourceBase64Data").or_else(|| of("targetBase64Data"))
}

fn object(target: &str) -> &'static str {
    match target {
        "1" => "person",
        "2" | "4" => "vehicle",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::http::ingest::dialect;

    fn read(body: &str) -> Vec<Said> {
        dialect::read(None, "", None, body.as_bytes(), "Etc/GMT+5").unwrap()
    }

    #[test]
    fn what_cameras_and_recorders_post_is_read() {
        use State::{Pulse, Start};
        type Row = (
            &'static str,
            &'static str,
            State,
            &'static str,
            &'static [(&'static str, &'static str)],
        );
        let rows: [Row; 4] = [
            (
                include_str!("../../../tests/fixtures/ingest/viewtron/ipc_alarm_status_plate.xml"),
                "license_plate",
                Start,
                "2025-11-19T17:15:11Z",
                &[],
            ),
            (
                include_str!("../../../tests/fixtures/ingest/viewtron/ipc_line_crossing.xml"),
                "line_crossing",
                Start,
                "2019-07-19T09:21:46.584193Z",
                &[("object", "person"), ("event_id", "320"), ("target_id", "30")],
            ),
            (
                include_str!("../../../tests/fixtures/ingest/viewtron/nvr_alarm_status.xml"),
                "intrusion",
                Start,
                "2026-02-25T22:01:54Z",
                &[("rule", "1")],
            ),
            (
                include_str!("../../../tests/fixtures/ingest/viewtron/nvr_vehicle_lpr.xml"),
                "license_plate",
                Pulse,
                "2026-02-27T16:37:48.473Z",
                &[
                    ("plate", "TEST123"),
                    ("plate_color", "white"),
                    ("vehicle_color", "white"),
                    ("channel", "2"),
                ],
            ),
        ];
        for (body, name, state, time, meta) in rows {
            let said = read(&body.replace("{{JPEG_BASE64}}", "/9j/4A=="));
            let message = &said[0].message;
            assert_eq!((said.len(), message.name.as_str(), message.state), (1, name, state));
            assert_eq!(message.time, Some(Ok(Timestamp::parse(time).unwrap())), "{name}");
            for (tag, value) in meta {
                let pair = ((*tag).to_owned(), (*value).to_owned());
                assert!(message.meta.contains(&pair), "{name}: no {pair:?} in {:?}", message.meta);
            }
            assert_eq!(said[0].picture.is_some(), body.contains("{{JPEG_BASE64}}"), "{name}");
        }
        assert_eq!(
            read(include_str!("../../../tests/fixtures/ingest/viewtron/ipc_keepalive.xml")),
            []
        );
    }

    #[test]
    fn data_joins_the_state_that_came_before() {
        let state = read(
            "<config><alarmStatusInfo><tripwireAlarm id='1'>true</tripwireAlarm></alarmStatusInfo></config>",
        );
        let data =
            read(include_str!("../../../tests/fixtures/ingest/viewtron/ipc_line_crossing.xml"));
        let (state, data) = (&state[0].message, &data[0].message);
        assert_eq!(
            (&state.name, &state.source, state.state),
            (&data.name, &data.source, data.state)
        );
        for (body, expected) in [
            (
                "<config><alarmStatusInfo><newAlarm>false</newAlarm></alarmStatusInfo></config>",
                Some(("other", State::Stop)),
            ),
            (
                "<config><smartType>PEA</smartType><perimeter/></config>",
                Some(("intrusion", State::Pulse)),
            ),
            (
                "<config><smartType>AOIENTRY</smartType><status>SMART_STOP</status></config>",
                Some(("region_enter", State::Stop)),
            ),
            ("<config><smartType>traject</smartType></config>", None),
            ("<config><messageType>keepalive</messageType></config>", None),
        ] {
            let said = read(body);
            let said: Vec<_> =
                said.iter().map(|said| (said.message.name.as_str(), said.message.state)).collect();
            assert_eq!(said, expected.into_iter().collect::<Vec<_>>(), "{body}");
        }
        assert_eq!(dialect::read(None, "", None, b"<config><other/></config>", "UTC"), None);
    }
}

//! Tests of the words of Hikvision.

use super::*;
use crate::domain::Timestamp;
use crate::http::ingest::dialect;

const HELD: State = State::Held(ACTIVE_FOR);

fn read(body: &str) -> Vec<Said> {
    dialect::read(dialect::Dialect::named("hikvision"), "", None, body.as_bytes(), "UTC").unwrap()
}

fn alert(kind: &str, state: &str, more: &str) -> String {
    format!(
        "<EventNotificationAlert xmlns='u'><channelID>2</channelID><eventType>{kind}</eventType>\
         <eventState>{state}</eventState>{more}</EventNotificationAlert>"
    )
}

#[test]
fn what_cameras_post_is_read() {
    type Row =
        (&'static str, &'static str, State, &'static str, &'static [(&'static str, &'static str)]);
    let rows: [Row; 9] = [
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/vmd_thermal_ch2.xml"),
            "motion",
            HELD,
            "2024-11-13T19:20:52Z",
            &[("channel", "2"), ("channel_name", "Camera 02"), ("post_count", "1")],
        ),
        (
            include_str!(
                "../../../../tests/fixtures/ingest/hikvision/fielddetection_human.multipart.txt"
            ),
            "intrusion",
            HELD,
            "2022-01-31T12:53:05Z",
            &[("object", "person"), ("region", "3"), ("channel_name", "COUR NORD")],
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/fielddetection_vehicle.xml"),
            "intrusion",
            HELD,
            "2022-01-19T06:51:17Z",
            &[("object", "vehicle"), ("region", "2")],
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/duration_fielddetection.xml"),
            "intrusion",
            HELD,
            "2023-01-23T22:27:25Z",
            &[("relation_event", "fielddetection"), ("channel_name", "yard")],
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/nvr_ch34_psia.xml"),
            "intrusion",
            HELD,
            "2023-01-13T18:16:39Z",
            &[("channel", "2"), ("raw_channel", "34"), ("post_count", "174")],
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/pir.xml"),
            "pir",
            HELD,
            "2023-04-06T21:22:21Z",
            &[("channel_name", "Bedroom"), ("post_count", "4268")],
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/io_input.xml"),
            "digital_input",
            HELD,
            "2024-11-19T15:53:28Z",
            &[("input", "1"), ("channel_name", "Cam 1")],
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/acs_event_log.multipart.txt"),
            "access",
            State::Pulse,
            "2025-10-22T05:55:52Z",
            &[("major", "5"), ("minor", "22"), ("door", "1"), ("serial_no", "159")],
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/hikvision/cid_zone_alarm.json"),
            "intrusion",
            State::Start,
            "2012-01-13T02:15:14Z",
            &[("zone", "1"), ("cid", "1130")],
        ),
    ];
    for (body, name, state, time, meta) in rows {
        let said = read(body);
        let message = &said[0].message;
        assert_eq!((said.len(), message.name.as_str(), message.state), (1, name, state));
        assert_eq!(message.time, Some(Ok(Timestamp::parse(time).unwrap())), "{name}");
        for (tag, value) in meta {
            let pair = ((*tag).to_owned(), (*value).to_owned());
            assert!(message.meta.contains(&pair), "{name}: no {pair:?} in {:?}", message.meta);
        }
    }
}

#[test]
fn each_type_has_its_name_and_state() {
    let ring = "<VideoIntercom><status>ring</status></VideoIntercom>";
    let plate = "<ANPR><licensePlate>TEST1</licensePlate></ANPR>";
    for (kind, state, more, expected) in [
        ("VMD", "active", "", ("motion", HELD)),
        ("videoloss", "active", "", ("video_loss", HELD)),
        ("videoloss", "inactive", "", ("video_loss", State::Stop)),
        ("regionEntrance", "active", "", ("region_enter", HELD)),
        ("vehicleDetection", "active", "", ("vehicle", HELD)),
        ("vehicleDetection", "active", plate, ("license_plate", State::Pulse)),
        ("ANPR", "active", plate, ("license_plate", State::Pulse)),
        ("videoIntercom", "active", ring, ("doorbell", HELD)),
        ("doorbell", "active", "", ("doorbell", State::Pulse)),
        ("videoIntercom", "inactive", "<status>hangUp</status>", ("doorbell", State::Stop)),
        ("diskfull", "active", "", ("storage", HELD)),
        ("somethingNew", "active", "", ("other", HELD)),
    ] {
        let said = read(&alert(kind, state, more));
        let message = &said[0].message;
        assert_eq!((message.name.as_str(), message.state), expected, "{kind}");
    }
    let other = &read(&alert("somethingNew", "active", ""))[0].message.meta;
    assert!(other.contains(&("code".to_owned(), "somethingNew".to_owned())), "{other:?}");
    assert_eq!(read(&alert("heartBeat", "active", "")), []);
    assert_eq!(read(r#"{"eventType":"cidEvent","CIDEvent":{}}"#), []);
}

#[test]
fn a_restored_zone_ends_what_its_alarm_began() {
    let cid = |code| {
        format!(
            r#"{{"eventType":"cidEvent","eventState":"active","CIDEvent":{{"standardCIDcode":{code},"zone":4}}}}"#
        )
    };
    let (alarm, restored) = (read(&cid(1130)), read(&cid(3130)));
    let (alarm, restored) = (&alarm[0].message, &restored[0].message);
    assert_eq!((alarm.state, restored.state), (State::Start, State::Stop));
    assert_eq!((&alarm.name, &alarm.source), (&restored.name, &restored.source));
    let other = read(&cid(1130).replace(":4", ":5"));
    assert_ne!(other[0].message.source, alarm.source);
}

#[test]
fn what_was_kept_while_nobody_was_there_is_marked() {
    let said = read(&alert("VMD", "active", "<isDataRetransmission>true</isDataRetransmission>"));
    let access =
        r#"{"eventType":"AccessControllerEvent","AccessControllerEvent":{"currentEvent":false}}"#;
    for said in [said, read(access)] {
        let meta = &said[0].message.meta;
        assert!(meta.contains(&("replayed".to_owned(), "true".to_owned())), "{meta:?}");
    }
    let now = read(&alert("VMD", "active", "<isDataRetransmission>false</isDataRetransmission>"));
    assert!(now[0].message.meta.iter().all(|(tag, _)| tag != "replayed"));
}

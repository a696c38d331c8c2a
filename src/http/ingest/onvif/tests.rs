//! Tests of the words of ONVIF.

use super::*;
use crate::domain::Timestamp;
use crate::http::ingest::dialect;

fn read(body: &str) -> Vec<Said> {
    dialect::read(None, "", None, body.as_bytes(), "Europe/Berlin").unwrap()
}

/// A notification with undeclared prefixes, and `Value` before `Name`.
fn notify(topic: &str, operation: &str, item: &str, value: &str) -> String {
    format!(
        "<s:Envelope><s:Body><w:Notify><w:NotificationMessage><w:Topic>{topic}</w:Topic><w:Message>\
         <tt:Message {operation}><tt:Data><tt:SimpleItem Value='{value}' Name='{item}'/></tt:Data>\
         </tt:Message></w:Message></w:NotificationMessage></w:Notify></s:Body></s:Envelope>"
    )
}

fn brief(said: &[Said]) -> Vec<(&str, State)> {
    said.iter().map(|said| (said.message.name.as_str(), said.message.state)).collect()
}

#[test]
fn what_cameras_post_is_read() {
    use State::{Pulse, Start, Stop};
    for (body, name, state, time, tag, value) in [
        (
            include_str!("../../../../tests/fixtures/ingest/onvif/notify_motion_true.xml"),
            "motion",
            Start,
            "2026-08-06T01:02:03Z",
            "rule",
            "MyMotionDetectorRule",
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/onvif/notify_motion_false.xml"),
            "motion",
            Stop,
            "2026-08-06T01:02:11Z",
            "rule",
            "MyMotionDetectorRule",
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/onvif/notify_tapo_people.xml"),
            "person",
            Start,
            "2025-01-03T20:09:22Z",
            "rule",
            "MyPeopleDetectorRule",
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/onvif/notify_tapo_linecross.xml"),
            "line_crossing",
            Start,
            "2025-01-03T21:05:14Z",
            "rule",
            "MyLineCrossDetectorRule",
        ),
        (
            include_str!(
                "../../../../tests/fixtures/ingest/onvif/notify_line_crossed_initialized.xml"
            ),
            "line_crossing",
            Pulse,
            "2020-05-24T07:24:47Z",
            "object_id",
            "0",
        ),
        (
            include_str!("../../../../tests/fixtures/ingest/onvif/notify_digital_input.xml"),
            "digital_input",
            Start,
            "2026-08-06T02:00:00Z",
            "input",
            "DigitInputToken_2",
        ),
    ] {
        let said = read(body);
        assert_eq!(brief(&said), [(name, state)]);
        let message = &said[0].message;
        assert_eq!(message.time, Some(Ok(Timestamp::parse(time).unwrap())), "{name}");
        let pair = (tag.to_owned(), value.to_owned());
        assert!(message.meta.contains(&pair), "{name}: no {pair:?} in {:?}", message.meta);
    }
}

#[test]
fn a_state_at_the_beginning_is_news_only_if_something_is_going_on() {
    let said =
        read(include_str!("../../../../tests/fixtures/ingest/onvif/pull_reolink_initial_true.xml"));
    assert_eq!(brief(&said), [("motion", State::Start), ("person", State::Stop)]);
    assert!(said[0].message.meta.contains(&("initial".to_owned(), "true".to_owned())));
}

#[test]
fn each_topic_has_its_name_and_state() {
    use State::{Pulse, Start, Stop};
    let changed = "UtcTime='2026-08-06T02:00:00'";
    for (topic, operation, item, value, expected) in [
        ("tns1:VideoSource/MotionAlarm", changed, "State", "true", Some(("motion", Start))),
        (
            "a:RuleEngine/a:FieldDetector/a:ObjectsInside",
            changed,
            "IsInside",
            "1",
            Some(("intrusion", Start)),
        ),
        (
            "tns1:VideoSource/GlobalSceneChange/ImagingService",
            changed,
            "State",
            "false",
            Some(("scene_change", Stop)),
        ),
        (
            "tns1:RuleEngine/MyRuleDetector/Visitor",
            changed,
            "State",
            "true",
            Some(("doorbell", Start)),
        ),
        (
            "tns1:Device/Trigger/Relay",
            changed,
            "LogicalState",
            "active",
            Some(("digital_output", Start)),
        ),
        (
            "tns1:Device/tnsaxis:IO/VirtualInput",
            changed,
            "active",
            "0",
            Some(("digital_input", Stop)),
        ),
        (
            "tns1:RuleEngine/CellMotionDetector/Motion",
            "PropertyOperation='Deleted'",
            "x",
            "",
            Some(("motion", Stop)),
        ),
        (
            "tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent",
            changed,
            "IsVehicle",
            "true",
            Some(("vehicle", Start)),
        ),
        (
            "tns1:RuleEngine/CountAggregation/Counter",
            changed,
            "Count",
            "7",
            Some(("counting", Pulse)),
        ),
        ("tns1:New/Thing", changed, "Level", "7", Some(("other", Pulse))),
        ("tns1:New/Thing", changed, "State", "true", Some(("other", Start))),
        ("tns1:New/Thing", "PropertyOperation='Initialized'", "Level", "7", None),
        ("tns1:Monitoring/OperatingTime/LastReset", changed, "State", "true", None),
    ] {
        let said = read(&notify(topic, operation, item, value));
        assert_eq!(
            brief(&said),
            expected.into_iter().collect::<Vec<_>>(),
            "{topic} {item}={value}"
        );
    }
    let utc = &read(&notify("tns1:VideoSource/MotionAlarm", changed, "State", "1"))[0].message;
    assert_eq!(utc.time, Some(Ok(Timestamp::parse("2026-08-06T02:00:00Z").unwrap())));
    assert_eq!(
        dialect::read(None, "", None, b"<Envelope><Body><Fault/></Body></Envelope>", "UTC"),
        None
    );
}

//! Uniview's LAPI notifications: one alarm, which begins (`…On`), ends (`…Off`) or just happened.

use serde_json::Value;

use super::draft::{Draft, plain, text};
use super::said::Said;
use crate::service::ingest::State;

/// `AlarmSrcType` of an alarm whose `AlarmSrcID` is a channel.
const CHANNEL: &str = "8";

/// Reads a delivery. `None` if it is none of this sender's: those have an `AlarmInfo`.
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let alarm = json.get("AlarmInfo")?;
    let code = text(alarm.get("AlarmType"))?;
    let from = text(alarm.get("AlarmSrcID"));
    let of_channel = text(alarm.get("AlarmSrcType")).as_deref() == Some(CHANNEL);
    let (name, state) = kind(&code);
    let draft = match name {
        // Not by the whole code: an end says another one than its beginning.
        "" => Draft::new("other", state)
            .apart_by("code", Some(condition(&code).0))
            .tag("code", Some(code)),
        name => Draft::new(name, state),
    };
    let draft = match name {
        _ if of_channel => draft.channel(from, 1),
        "digital_input" => draft.key("input", from),
        _ => draft.key("source_id", from),
    };
    let said = draft
        .at(text(alarm.get("TimeStamp")), zone)
        .tag("alarm_seq", text(alarm.get("AlarmSeq")))
        .tag("channel_name", text(alarm.get("AlarmSrcName")))
        .said();
    Some(vec![said])
}

/// The condition that an alarm's type names, and what became of it.
fn condition(code: &str) -> (&str, State) {
    let (rest, state) = if let Some(rest) = code.strip_suffix("On") {
        (rest, State::Start)
    } else if let Some(rest) = code.strip_suffix("Off") {
        (rest, State::Stop)
    } else {
        (code, State::Pulse)
    };
    (rest.strip_suffix("Alarm").unwrap_or(rest), state)
}

/// Our name, `""` if there is none, and the state.
fn kind(code: &str) -> (&'static str, State) {
    let (condition, state) = condition(code);
    let condition = plain(condition);
    let condition = condition.strip_prefix("smart").unwrap_or(&condition);
    let condition = condition.strip_suffix("detection").unwrap_or(condition);
    let name = match condition {
        // These two say by their own words what others say by On and Off.
        "fielddetectorobjectsinside" => return ("intrusion", State::Start),
        "fielddetectorobjectsoutside" => return ("intrusion", State::Stop),
        "motion" | "videomotion" => "motion",
        "tamper" | "videotamper" | "tampering" => "tamper",
        "videoloss" => "video_loss",
        "input" | "digitalinput" | "inputswitch" | "alarminput" => "digital_input",
        "audio" => "audio",
        "crossline" | "linecross" | "linecrossing" | "linedetectorcrossed" => "line_crossing",
        "intrusion" => "intrusion",
        "accesszone" | "enterzone" | "enterarea" => "region_enter",
        "leavezone" | "leavearea" => "region_exit",
        "loitering" | "loiter" => "loitering",
        "objectleft" => "object_left",
        "objectremoved" | "objectmoved" => "object_removed",
        "face" => "face",
        "human" | "humanbody" | "humanshape" | "person" => "person",
        "vehicle" | "motorvehicle" => "vehicle",
        "scenechange" => "scene_change",
        "defocus" => "defocus",
        "crowd" | "crowddensity" => "crowd",
        "fire" => "fire",
        "temperature" => "temperature",
        "diskfull" | "diskabnormal" | "diskoffline" | "storage" => "storage",
        _ => "",
    };
    (name, state)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{json as fixture, lines, noise};
    use super::*;

    #[test]
    fn an_alarm_begins_and_ends() {
        let on = include_str!("../../../tests/fixtures/ingest/uniview/alarm_motion_on.json");
        assert_eq!(
            lines(read(&fixture(on), "UTC")),
            Some(vec![
                "motion Start 2017-03-09T06:28:14Z alarm_seq=327 channel_name=Camera1".to_owned()
            ])
        );
        for (alarm, expected) in [
            (json!({"AlarmType": "MotionAlarmOff"}), "motion Stop -"),
            (
                json!({"AlarmType": "VideoLossAlarmOn", "AlarmSrcType": 8, "AlarmSrcID": 3}),
                "video_loss Start - channel=3",
            ),
            (
                json!({"AlarmType": "InputAlarmOn", "AlarmSrcType": 3, "AlarmSrcID": 3}),
                "digital_input Start - input=3",
            ),
            (json!({"AlarmType": "FieldDetectorObjectsOutside"}), "intrusion Stop -"),
            (json!({"AlarmType": "LineDetectorCrossed"}), "line_crossing Pulse -"),
            (json!({"AlarmType": "SmartMotionDetectionOn"}), "motion Start -"),
            (json!({"AlarmType": "AccessZoneAlarmOn"}), "region_enter Start -"),
            (json!({"AlarmType": "FanAlarmOff"}), "other Stop - code=FanAlarmOff"),
            (json!({"AlarmType": "On"}), "other Start - code=On"),
        ] {
            let sent = json!({"AlarmInfo": alarm});
            assert_eq!(lines(read(&sent, "UTC")), Some(vec![expected.to_owned()]), "{sent}");
        }
        for sent in [json!({}), json!({"AlarmInfo": []}), json!({"AlarmInfo": {"AlarmType": {}}})] {
            assert_eq!(read(&sent, "UTC"), None, "{sent}");
        }
    }

    #[test]
    fn an_end_is_of_the_same_condition_as_its_beginning() {
        for (on, off) in [
            ("MotionAlarmOn", "MotionAlarmOff"),
            ("FieldDetectorObjectsInside", "FieldDetectorObjectsOutside"),
            ("FanAlarmOn", "FanAlarmOff"),
        ] {
            let of = |code| {
                let alarm = json!({"AlarmInfo": {"AlarmType": code, "AlarmSrcID": 2}});
                let message = read(&alarm, "UTC").unwrap().remove(0).message;
                (message.name, message.source)
            };
            assert_eq!(of(on), of(off));
        }
        let of = |code| read(&json!({"AlarmInfo": {"AlarmType": code}}), "UTC").unwrap();
        assert_ne!(of("FanAlarmOn")[0].message.source, of("PowerAlarmOn")[0].message.source);
    }

    proptest! {
        #[test]
        fn noise_never_panics(sent in noise(&["AlarmInfo", "AlarmType", "MotionAlarmOn", "AlarmSrcID"])) {
            let _ = read(&sent, "UTC");
            let _ = read(&json!({"AlarmInfo": {"AlarmType": sent}}), "UTC");
        }
    }
}

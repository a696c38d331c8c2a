//! Axis events in JSON: what the MQTT event bridge publishes and what the WebSocket notifies, posted by a
//! script or a bridge.
//!
//! Topics are compared without their namespaces: `onvif:` and `tns1:` are one, `axis:` and `tnsaxis:` too.

use serde_json::{Map, Value};

use super::class;
use super::draft::{Draft, plain, text};
use super::said::Said;
use crate::service::ingest::State;

/// Items of `data` that hold a state; the first one found counts. Never "the first item": Object Analytics
/// puts the classes before it.
const STATES: [&str; 13] = [
    "active",
    "state",
    "triggered",
    "LogicalState",
    "State",
    "IsMotion",
    "IsInside",
    "IsTamper",
    "IsSoundDetected",
    "Failed",
    "motion",
    "alert",
    "disruption",
];
/// How the topics begin that say nothing of what a camera sees, hears or feels.
const IGNORED: [&str; 9] = [
    "VideoSource/DayNightVision",
    "VideoSource/LiveStreamAccessed",
    "Device/Light",
    "Light",
    "PTZController",
    "Device/Status/SystemReady",
    "Monitoring",
    "RecordingConfig",
    "Media",
];

/// Reads a delivery. `None` if it is none of this sender's: those have `topic` and `message`, alone or in
/// a notification.
pub(super) fn read(json: &Value, zone: &str) -> Option<Vec<Said>> {
    let sent = match json.get("method").and_then(Value::as_str) {
        Some("events:notify") => json.pointer("/params/notification")?,
        Some(method) if method.starts_with("events:") => return Some(Vec::new()),
        _ => json,
    };
    let topic = text(sent.get("topic").filter(|topic| topic.is_string()))?;
    let message = sent.get("message")?.as_object()?;
    let parts = ["source", "key", "data"].map(|part| message.get(part)?.as_object());
    let event = Event { topic: bare(&topic), parts };
    if event.is_ignored() {
        return Some(Vec::new());
    }
    let draft = event.draft().at(text(sent.get("timestamp")), zone);
    Some(vec![draft.tag("topic", Some(topic)).said()])
}

/// A topic without the namespaces of its levels.
fn bare(topic: &str) -> String {
    let levels = topic.split('/').map(|level| level.rsplit(':').next().unwrap_or(level));
    levels.collect::<Vec<_>>().join("/")
}

struct Event<'a> {
    /// Without namespaces.
    topic: String,
    /// The items of `source`, `key` and `data`.
    parts: [Option<&'a Map<String, Value>>; 3],
}

impl Event<'_> {
    /// An item by one of its names, wherever it stands.
    fn item(&self, names: &[&str]) -> Option<String> {
        let parts = self.parts.iter().flatten();
        parts.flat_map(|part| names.iter().map(move |name| part.get(*name))).find_map(text)
    }

    fn data(&self) -> Option<&Map<String, Value>> {
        self.parts[2]
    }

    fn is_ignored(&self) -> bool {
        let is_below = |start: &str| {
            let rest = self.topic.strip_prefix(start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        IGNORED.into_iter().any(is_below) || self.topic.ends_with("/xinternal_data")
    }

    /// `Pulse` if no item says a state.
    fn state(&self) -> State {
        let data = self.data();
        let said = STATES.iter().find_map(|name| text(data?.get(*name)));
        match said.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("1" | "true" | "active" | "on") => State::Start,
            Some("0" | "false" | "inactive" | "off") => State::Stop,
            _ => State::Pulse,
        }
    }

    /// Our name by the topic, `""` if there is none.
    fn name(&self) -> &'static str {
        let levels: Vec<&str> = self.topic.split('/').collect();
        match levels.as_slice() {
            ["VideoSource", "MotionAlarm", ..]
            | ["VideoAnalytics", "MotionDetection", ..]
            | ["RuleEngine", "VMD3", ..]
            | ["RuleEngine", "MotionRegionDetector" | "CellMotionDetector", "Motion"]
            | ["CameraApplicationPlatform", "VMD" | "MotionGuard", ..] => "motion",
            ["CameraApplicationPlatform", "FenceGuard", ..]
            | ["RuleEngine", "FieldDetector", "ObjectsInside"] => "intrusion",
            ["CameraApplicationPlatform", "LoiteringGuard", ..] => "loitering",
            ["CameraApplicationPlatform", "ObjectAnalytics", ..] => self.scenario(),
            ["RuleEngine", "LineDetector", "Crossed"] => "line_crossing",
            ["Device", "Sensor", "PIR"] => "pir",
            ["Device", "IO", "Port" | "SupervisedPort" | "VirtualPort" | "VirtualInput"]
            | ["Device", "Trigger", "DigitalInput"] => "digital_input",
            ["Device", "Trigger", "Relay"] => "digital_output",
            ["AudioSource", "TriggerLevel"] | ["AudioAnalytics", ..] => "audio",
            ["Storage", "Alert" | "Disruption"]
            | ["Device", "HardwareFailure", "StorageFailure"] => "storage",
            ["VideoSource", "Tampering"] | ["Device", "Tampering", ..] => "tamper",
            ["VideoSource", "GlobalSceneChange", ..] => "scene_change",
            _ => "",
        }
    }

    /// What a scenario of Object Analytics watches for, if it says so.
    fn scenario(&self) -> &'static str {
        if self.counts() {
            return "counting";
        }
        let kind = self.item(&["scenarioType"]).unwrap_or_default();
        match plain(&kind).as_str() {
            "objectinarea" => "intrusion",
            "linecrossing" => "line_crossing",
            "timeinarea" => "loitering",
            "motion" => "motion",
            _ => "object",
        }
    }

    /// Whether it is a count: totals, and no state.
    fn counts(&self) -> bool {
        self.data().is_some_and(|data| {
            !data.contains_key("active") && data.keys().any(|item| item.starts_with("total"))
        })
    }

    fn draft(&self) -> Draft {
        let name = self.name();
        // A crossing happens, and a count is told; what they say besides is no state.
        let is_pulse = name == "counting" || self.topic.ends_with("/Crossed");
        let state = if is_pulse { State::Pulse } else { self.state() };
        let draft = Draft::new(if name.is_empty() { "other" } else { name }, state);
        let draft = self.apart(draft);
        let is_virtual = self.topic.contains("/Virtual");
        let scenario = self.topic.strip_prefix("CameraApplicationPlatform/ObjectAnalytics/");
        let classes = self.item(&["classTypes", "ClassTypes", "ObjectType"]);
        let draft = draft
            .tag("object", classes.as_deref().map(|classes| class::first(classes).to_owned()))
            .tag("object_id", self.item(&["objectId", "ObjectId"]))
            .tag("scenario", scenario.map(str::to_owned))
            .tag("rule", self.item(&["Rule", "RuleName"]))
            .tag("class", self.item(&["class", "soundClass"]).filter(|_| name == "audio"));
        match name {
            "pir" => draft.tag("sensor", self.item(&["sensor"])),
            "digital_input" => draft
                .tag("input", self.item(&["port", "InputToken"]))
                .tag("virtual", is_virtual.then(|| "1".to_owned())),
            "digital_output" => draft.tag("output", self.item(&["RelayToken", "port"])),
            "storage" => draft.tag("disk", self.item(&["disk_id", "Token"])),
            "counting" => self.totals(draft),
            _ => draft,
        }
    }

    /// What tells conditions of one name apart: topic, source and key.
    ///
    /// Video Motion Detection says each motion twice, for the profile and for any of them: that is one.
    fn apart(&self, draft: Draft) -> Draft {
        let topic = match self.topic.split_once("Profile") {
            Some((head, _)) if head.contains("/VMD/") || head.contains("Guard/") => head,
            _ => &self.topic,
        };
        let mut draft = draft.apart_by("topic", Some(topic));
        for part in self.parts[..2].iter().flatten() {
            let mut items: Vec<_> = part.iter().collect();
            items.sort_by_key(|(item, _)| *item);
            for (item, value) in items {
                draft = draft.apart_by(item, text(Some(value)).as_deref());
            }
        }
        draft
    }

    fn totals(&self, mut draft: Draft) -> Draft {
        for (item, value) in self.data().into_iter().flatten() {
            match item.as_str() {
                "total" => draft = draft.tag("total", text(Some(value))),
                _ if item.starts_with("total") && item.len() <= 32 => {
                    draft = draft
                        .tag(&format!("total_{}", item[5..].to_lowercase()), text(Some(value)));
                }
                _ => {}
            }
        }
        draft
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::draft::testing::{json as fixture, lines, noise};
    use super::*;

    #[test]
    fn what_is_published_and_what_is_notified_is_read() {
        let pir = include_str!("../../../tests/fixtures/ingest/axis/mqtt_pir.json");
        assert_eq!(
            lines(read(&fixture(pir), "UTC")),
            Some(vec![
                "pir Stop 2020-05-21T07:13:10.230000Z sensor=0 topic=onvif:Device/axis:Sensor/PIR"
                    .to_owned()
            ])
        );
        for (frame, expected) in [
            (include_str!("../../../tests/fixtures/ingest/axis/ws_configure_reply.json"), None),
            (
                include_str!("../../../tests/fixtures/ingest/axis/ws_virtual_input.json"),
                Some(
                    "digital_input Start 2024-01-01T00:00:00Z input=1 \
                     topic=tns1:Device/tnsaxis:IO/VirtualInput virtual=1",
                ),
            ),
            (
                include_str!("../../../tests/fixtures/ingest/axis/ws_object_stop.json"),
                Some(
                    "object Stop 2024-01-01T00:00:01.500000Z object=person \
                     scenario=Device1Scenario1 \
                     topic=tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario1",
                ),
            ),
        ] {
            let expected = expected.map(str::to_owned).into_iter().collect();
            assert_eq!(lines(read(&fixture(frame), "UTC")), Some(expected), "{frame}");
        }
    }

    fn event(topic: &str, data: &Value) -> Value {
        json!({"topic": topic, "message": {"source": {}, "key": {}, "data": data}})
    }

    #[test]
    fn topics_become_our_names() {
        let platform = |name: &str| format!("axis:CameraApplicationPlatform/{name}");
        for (topic, data, expected) in [
            (platform("VMD/Camera1ProfileANY"), json!({"active": "1"}), "motion Start -"),
            (platform("FenceGuard/Camera1Profile2"), json!({"active": "0"}), "intrusion Stop -"),
            (platform("LoiteringGuard/Camera1"), json!({"active": true}), "loitering Start -"),
            (
                platform("ObjectAnalytics/Device1Scenario1"),
                json!({"classTypes": "car,human", "active": "1", "objectId": "7"}),
                "object Start - object=vehicle object_id=7 scenario=Device1Scenario1",
            ),
            (
                platform("ObjectAnalytics/Device1Scenario2"),
                json!({"active": "1", "scenarioType": "objectInArea", "objectId": ""}),
                "intrusion Start - scenario=Device1Scenario2",
            ),
            (
                platform("ObjectAnalytics/Device1Scenario3"),
                json!({"total": "9", "totalHuman": "7", "reset": "0"}),
                "counting Pulse - scenario=Device1Scenario3 total=9 total_human=7",
            ),
            (
                "onvif:Device/Trigger/Relay".to_owned(),
                json!({"LogicalState": "active", "RelayToken": "3"}),
                "digital_output Start - output=3",
            ),
            (
                "tns1:RuleEngine/LineDetector/Crossed".to_owned(),
                json!({"ObjectId": "4", "State": "true", "Rule": "Fence"}),
                "line_crossing Pulse - object_id=4 rule=Fence",
            ),
            (
                "tns1:VideoSource/tnsaxis:Tampering".to_owned(),
                json!({"tampering": "1"}),
                "tamper Pulse -",
            ),
            (
                "tnsaxis:Storage/Disruption".to_owned(),
                json!({"disruption": "1"}),
                "storage Start -",
            ),
            ("axis:Device/Fan".to_owned(), json!({"state": "ON"}), "other Start -"),
            ("axis:Something".to_owned(), json!({}), "other Pulse -"),
        ] {
            let mut said = read(&event(&topic, &data), "UTC").unwrap();
            let last = said[0].message.meta.pop();
            assert_eq!(last, Some(("topic".to_owned(), topic)));
            assert_eq!(lines(Some(said)), Some(vec![expected.to_owned()]));
        }
        for topic in
            ["tns1:Device/tnsaxis:Light/Status", "PTZController/Move", "tns1:Media/ProfileChanged"]
        {
            assert_eq!(
                read(&event(topic, &json!({"state": "1"})), "UTC"),
                Some(Vec::new()),
                "{topic}"
            );
        }
        for sent in
            [json!({}), json!({"topic": "a", "message": "b"}), json!({"topic": 1, "message": {}})]
        {
            assert_eq!(read(&sent, "UTC"), None, "{sent}");
        }
    }

    #[test]
    fn a_profile_and_any_profile_are_one_condition_and_two_inputs_are_two() {
        let of = |sent: &Value| read(sent, "UTC").unwrap().remove(0).message.source;
        let vmd = |profile| {
            let topic = format!("axis:CameraApplicationPlatform/VMD/Camera1Profile{profile}");
            of(&event(&topic, &json!({"active": "1"})))
        };
        assert_eq!(vmd("1"), vmd("ANY"));
        let input = |port| {
            let message = json!({"source": {"port": port}, "data": {"active": "1"}});
            of(&json!({"topic": "axis:Device/IO/Port", "message": message}))
        };
        assert_ne!(input("1"), input("2"));
    }

    proptest! {
        #[test]
        fn noise_never_panics(
            sent in noise(&["topic", "message", "source", "data", "active", "totalHuman", "method", "events:notify"]),
        ) {
            let _ = read(&sent, "UTC");
            let topic = "axis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario1";
            let _ = read(&event(topic, &sent), "UTC");
        }
    }
}

//! ONVIF's `Notify` (WS-BaseNotification): what a camera posts to whom it was subscribed for.
//!
//! Read by local names, items by their `Name`: prefixes may be undeclared, and order, quotes, `Source` and
//! `UtcTime` vary from camera to camera.

use roxmltree::{Document, Node};

use super::said::Said;
use super::{class, time, xml};
use crate::service::ingest::State;

/// Data items that tell whether something is going on, in this order.
const STATES: [&str; 5] = ["active", "State", "triggered", "LogicalState", "Failed"];
/// Items of `Source` and `Key` that become tags, and those of `Data` after them.
const TAGS: [(&str, &str); 6] = [
    ("Rule", "rule"),
    ("InputToken", "input"),
    ("RelayToken", "output"),
    ("port", "input"),
    ("sensor", "sensor"),
    ("ObjectId", "object_id"),
];

/// Reads an envelope of notifications.
pub(super) fn read(document: &Document<'_>, _zone: &str) -> Option<Vec<Said>> {
    let root = document.root_element();
    if xml::name(root) != "Envelope" {
        return None;
    }
    // One of another kind (a fault, a reply) is not for us; an empty one says that the camera is there.
    ["Notify", "PullMessagesResponse"].iter().find_map(|name| xml::find(root, name))?;
    let is_one = |node: &Node<'_, '_>| xml::name(*node) == "NotificationMessage";
    Some(root.descendants().filter(is_one).flat_map(notification).collect())
}

/// What a topic means.
enum Means {
    /// A condition, by its state item.
    Condition(&'static str),
    /// A moment.
    Moment(&'static str),
    /// Conditions of several names in one message: item, name.
    Each(&'static [(&'static str, &'static str)]),
    /// Nothing that is an event.
    Nothing,
    /// Something that this list does not know.
    Unknown,
}

struct Item {
    name: String,
    value: String,
}

fn notification(node: Node<'_, '_>) -> Vec<Said> {
    let Some(topic) = xml::text(node, &["Topic"]).map(bare) else { return Vec::new() };
    // <wsnt:Message> holds <tt:Message>, which has the attributes.
    let Some(outer) = xml::child(node, "Message") else { return Vec::new() };
    let message = xml::child(outer, "Message").unwrap_or(outer);
    let data = items(message, "Data");
    let mut source = items(message, "Source");
    source.extend(items(message, "Key"));
    let operation = xml::attribute(message, "PropertyOperation").unwrap_or("Changed");
    let is_initial = operation == "Initialized";
    let state_of = |item: Option<bool>| match (operation, item) {
        ("Deleted", _) | (_, Some(false)) => Some(State::Stop),
        (_, Some(true)) => Some(State::Start),
        (_, None) => None,
    };
    let mut said: Vec<Said> = match means(&topic) {
        Means::Nothing => Vec::new(),
        Means::Condition(name) => {
            state_of(state(&data)).map(|state| Said::new(name, state)).into_iter().collect()
        }
        Means::Each(names) => {
            let each = names.iter().filter_map(|(item, name)| {
                let state = state_of(Some(truth(value(&data, item)?)?))?;
                Some(Said::new(name, state))
            });
            each.collect()
        }
        // A crossing marked as the state at the beginning is news all the same; a counter is not.
        Means::Moment("counting") if is_initial => Vec::new(),
        Means::Moment(name) => vec![Said::new(name, State::Pulse)],
        Means::Unknown => {
            let state = state_of(state(&data)).or((!is_initial).then_some(State::Pulse));
            let other = state.map(|state| Said::new("other", state));
            other.into_iter().collect()
        }
    };
    let told = xml::attribute(message, "UtcTime");
    let time = told.map(|text| time::read(text, "UTC").ok_or(text.to_owned()));
    for said in &mut said {
        for (item, tag) in TAGS {
            said.tag(tag, value(&source, item).or_else(|| value(&data, item)));
        }
        detail(said, &topic, &data);
        said.tag("initial", (is_initial && said.message.state == State::Start).then_some("true"));
        said.message.time.clone_from(&time);
        // Two detectors of one kind do not end each other's.
        said.message.source = source
            .iter()
            .fold(topic.clone(), |key, item| format!("{key}/{}={}", item.name, item.value));
    }
    said
}

/// What single names tell more.
fn detail(said: &mut Said, topic: &str, data: &[Item]) {
    let last = topic.rsplit('/').next().unwrap_or_default();
    match said.message.name.as_str() {
        "other" => said.tag("topic", Some(topic)),
        "counting" => said.tag("total", value(data, "Count")),
        "audio" => said.tag("class", value(data, "Type")),
        "image_quality" | "storage" => {
            let kind = topic.split('/').find(|part| part.starts_with("Image")).unwrap_or(last);
            said.tag("kind", Some(kind));
        }
        "digital_input" if matches!(last, "VirtualPort" | "VirtualInput") => {
            said.tag("virtual", Some("1"));
        }
        "object" => {
            said.tag("object", value(data, "ClassTypes").map(class::first));
            said.tag("scenario", topic.contains("ObjectAnalytics").then_some(last));
        }
        _ => {}
    }
}

/// What a topic without prefixes means: the whole of it, for leaves of vendors stand below foreign branches.
fn means(topic: &str) -> Means {
    use Means::{Condition, Each, Moment, Nothing, Unknown};
    let parts: Vec<&str> = topic.split('/').collect();
    match parts.as_slice() {
        [
            "Monitoring" | "RecordingConfig" | "Media" | "Media2" | "PTZ" | "PTZController"
            | "Configuration" | "Light",
            ..,
        ]
        | ["Device", "Light" | "Network", ..]
        | ["VideoSource", "DayNightVision", ..] => Nothing,
        ["RuleEngine", "LineDetector", "Crossed"] => Moment("line_crossing"),
        ["RuleEngine", "CountAggregation", ..] => Moment("counting"),
        ["RuleEngine", _, "TPSmartEvent" | "TpSmartEvent"] => {
            Each(&[("IsPeople", "person"), ("IsVehicle", "vehicle"), ("IsPet", "animal")])
        }
        ["VideoSource", "MotionAlarm"]
        | ["VideoAnalytics", "MotionDetection"]
        | ["CameraApplicationPlatform", "VMD", ..]
        | ["RuleEngine", "VMD3", ..]
        | ["RuleEngine", _, "Motion"] => Condition("motion"),
        ["RuleEngine", _, "LineCross"] => Condition("line_crossing"),
        ["RuleEngine", _, "ObjectsInside" | "Intrusion"] => Condition("intrusion"),
        ["RuleEngine", "ObjectDetection", "Object"]
        | ["CameraApplicationPlatform", "ObjectAnalytics", ..] => Condition("object"),
        ["RuleEngine" | "UserAlarm", .., "People" | "PeopleDetect" | "HumanShapeDetect"] => {
            Condition("person")
        }
        ["RuleEngine", .., "VehicleDetect"] => Condition("vehicle"),
        ["RuleEngine", .., "DogCatDetect"] => Condition("animal"),
        ["RuleEngine", .., "FaceDetect"] => Condition("face"),
        ["RuleEngine", .., "Package"] => Condition("package"),
        ["RuleEngine", .., "Visitor"] => Condition("doorbell"),
        ["RuleEngine", .., "Tamper"] | ["VideoSource", "Tampering", ..] => Condition("tamper"),
        ["VideoSource", "GlobalSceneChange", ..] => Condition("scene_change"),
        ["VideoSource", "ImageTooBlurry", ..] => Condition("defocus"),
        ["VideoSource", "ImageTooDark" | "ImageTooBright", ..] => Condition("image_quality"),
        ["VideoSource", "SignalLoss", ..] => Condition("video_loss"),
        ["Device", "Trigger", "DigitalInput"]
        | ["Device", "IO", "Port" | "SupervisedPort" | "VirtualPort" | "VirtualInput"] => {
            Condition("digital_input")
        }
        ["Device", "Trigger", "Relay"] => Condition("digital_output"),
        ["Device", "Sensor", "PIR"] => Condition("pir"),
        ["Device", "HardwareFailure", "StorageFailure"] | ["Storage", ..] => Condition("storage"),
        ["AudioAnalytics" | "AudioSource", ..] => Condition("audio"),
        _ => Unknown,
    }
}

/// `tns1:Device/tnsaxis:Sensor/PIR` as `Device/Sensor/PIR`.
fn bare(topic: &str) -> String {
    let parts = topic.trim().split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.map(|part| part.rsplit(':').next().unwrap_or(part)).collect();
    parts.join("/")
}

fn items(message: Node<'_, '_>, of: &str) -> Vec<Item> {
    let Some(of) = xml::child(message, of) else { return Vec::new() };
    let items = of.children().filter(|node| xml::name(*node) == "SimpleItem");
    let read = |node: Node<'_, '_>| {
        let (name, value) = (xml::attribute(node, "Name")?, xml::attribute(node, "Value")?);
        Some(Item { name: name.to_owned(), value: value.to_owned() })
    };
    items.filter_map(read).collect()
}

fn value<'a>(items: &'a [Item], name: &str) -> Option<&'a str> {
    let found = items.iter().find(|item| item.name.eq_ignore_ascii_case(name));
    found.map(|item| item.value.as_str())
}

/// Whether something is going on: by the items that are made to say so, else by one called `Is…`.
fn state(data: &[Item]) -> Option<bool> {
    let known = STATES.iter().find_map(|name| truth(value(data, name)?));
    let is = || {
        data.iter().filter(|item| item.name.starts_with("Is")).find_map(|item| truth(&item.value))
    };
    known.or_else(is)
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "active" | "on" => Some(true),
        "false" | "0" | "inactive" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

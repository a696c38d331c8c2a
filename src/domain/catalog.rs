//! The catalogue of event types: what the field's names mean and how a new type starts out.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Caps, EventType, EventTypeId};

/// `data/catalog/event-types.toml`, part of the binary.
const EVENT_TYPES: &str = include_str!("../../data/catalog/event-types.toml");

/// One entry of the catalogue.
#[expect(clippy::struct_excessive_bools, reason = "the API's switches, each on its own")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The event type's name.
    pub name: String,
    /// Label by language, `en` and `de`.
    pub label: BTreeMap<String, String>,
    /// One of the ten families that the UI colours by.
    pub family: String,
    caps: EntryCaps,
    notify: bool,
    receive: bool,
    generate_images: bool,
    #[serde(default)]
    record: bool,
    #[serde(default)]
    snapshot: bool,
    #[serde(default)]
    period: u32,
    /// A new camera has it.
    #[serde(default)]
    pub default: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "the API's four facts, each on its own")]
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryCaps {
    can_be_triggered: bool,
    can_record: bool,
    can_snapshot: bool,
    is_periodic: bool,
}

#[derive(Deserialize)]
struct Document {
    event_type: Vec<Entry>,
}

impl Entry {
    /// A built-in type with the catalogue's switches.
    pub fn event_type(&self, number: EventTypeId) -> EventType {
        EventType {
            number,
            name: self.name.clone(),
            caps: Caps {
                can_be_triggered: self.caps.can_be_triggered,
                can_record: self.caps.can_record,
                can_snapshot: self.caps.can_snapshot,
                is_periodic: self.caps.is_periodic,
            },
            notify: self.notify,
            receive: self.receive,
            record: self.record,
            snapshot: self.snapshot,
            period: self.period,
            generate_images: self.generate_images,
            custom: false,
            alias: None,
        }
    }
}

/// All entries, in the file's order.
///
/// # Panics
/// If the embedded file is not valid; a test reads it.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        toml::from_str::<Document>(EVENT_TYPES).expect("a test reads the catalogue").event_type
    })
}

/// The entry of `name`.
pub fn entry(name: &str) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_camera_has_the_three_types() {
        let names: Vec<_> = entries().iter().filter(|e| e.default).map(|e| &e.name).collect();
        assert_eq!(names, ["motion", "net", "snapshot"]);
    }

    #[test]
    fn entries_are_named_once_and_labelled() {
        let families = [
            "motion", "person", "vehicle", "boundary", "object", "sound", "access", "alarm",
            "device", "custom",
        ];
        for (at, entry) in entries().iter().enumerate() {
            assert!(!entries()[..at].iter().any(|e| e.name == entry.name), "{} twice", entry.name);
            assert!(entry.label.contains_key("en") && entry.label.contains_key("de"));
            assert!(families.contains(&entry.family.as_str()), "{}: {}", entry.name, entry.family);
            assert!(!entry.record || entry.caps.can_record, "{}", entry.name);
            assert!(!entry.snapshot || entry.caps.can_snapshot, "{}", entry.name);
        }
    }
}

//! What a detector saw, in our words.

/// The name that fits a label of a detector: `person`, `vehicle`, `animal`, `face`, `package`,
/// `license_plate`, `audio`. `None` for what has no name of its own.
pub(super) fn of(label: &str) -> Option<&'static str> {
    let label = super::draft::plain(label);
    Some(match label.as_str() {
        "person" | "people" | "human" | "humanbody" | "pedestrian" | "man" | "woman" | "child" => {
            "person"
        }
        "vehicle" | "car" | "truck" | "bus" | "motorcycle" | "motorbike" | "bicycle" | "bike"
        | "van" | "minivan" | "suv" | "pickup" | "nonmotor" | "twowheeler" | "train" | "boat" => {
            "vehicle"
        }
        "animal" | "dog" | "cat" | "dogcat" | "pet" | "bird" | "horse" | "cow" | "sheep"
        | "goat" | "bear" | "deer" | "fox" | "rabbit" | "raccoon" | "squirrel" | "elephant"
        | "zebra" | "giraffe" => "animal",
        "face" | "humanface" => "face",
        "package" | "parcel" => "package",
        "speech" | "bark" | "scream" | "yell" | "crying" | "firealarm" | "glass" | "siren"
        | "gunshot" => "audio",
        _ if label == "plate"
            || label.starts_with("licenseplate")
            || label.starts_with("lplate") =>
        {
            "license_plate"
        }
        _ => return None,
    })
}

/// The same as the value of the tag `object`: `person`, `vehicle`, `animal`, `face` or `other`.
pub(super) fn object(label: &str) -> &'static str {
    match of(label) {
        Some("license_plate") => "vehicle",
        Some(class @ ("person" | "vehicle" | "animal" | "face")) => class,
        _ => "other",
    }
}

/// The same for the first of several labels, with commas or blanks between them.
pub(super) fn first(labels: &str) -> &'static str {
    object(labels.trim_start().split([',', ' ']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_the_names_of_what_was_seen() {
        for (label, name, what) in [
            ("Human", Some("person"), "person"),
            ("TRUCK", Some("vehicle"), "vehicle"),
            ("dog_cat", Some("animal"), "animal"),
            ("L._Plate_TWN", Some("license_plate"), "vehicle"),
            ("fire_alarm", Some("audio"), "other"),
            ("umbrella", None, "other"),
            ("", None, "other"),
        ] {
            assert_eq!((of(label), object(label)), (name, what), "{label}");
        }
        assert_eq!(
            (first(" Vehicle,Human"), first("Human Face"), first("")),
            ("vehicle", "person", "other")
        );
    }
}

//! Settings that an administrator may change while the server runs: each one once, with its bounds.
//!
//! What flag, variable or file set stays as they say (`config.rs`); the others are kept in the database.

use std::fmt;

use super::{Origin, is_name};

/// A setting, and its place in [`SETTINGS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// What the site is called.
    SiteName,
    /// The site's time zone.
    SiteTimeZone,
    /// Days that events are kept.
    RetentionDays,
    /// Bytes that the database may have.
    RetentionMaxBytes,
    /// Per cent of the file system that are kept free.
    RetentionRoomPercent,
    /// Events a second of one camera.
    CameraRate,
    /// Events at once of one camera.
    CameraBurst,
    /// Where clients reach the server.
    PublicUrl,
    /// Hours after which an unused session ends.
    SessionIdleHours,
    /// Days after which every session ends.
    SessionMaxDays,
    /// Hours between two backups.
    BackupEvery,
    /// Scheduled backups that are kept.
    BackupKeep,
}

/// The form that a setting is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the page's forms")]
pub enum Form {
    Site,
    TimeZone,
    Retention,
    Limits,
    Addresses,
    LogIn,
    Backups,
}

/// What a setting's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name of 1 to 128 bytes.
    Text,
    /// A whole number, both ends allowed.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// Bytes, or 0 for none; both ends allowed.
    Bytes {
        /// Smallest but for 0.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// `http[s]://host[:port]`, or nothing.
    Url,
    /// A name of the IANA time zone database.
    Zone,
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, a URL or a zone.
    Text(String),
    /// A number.
    Integer(u64),
    /// Not set: URLs only.
    Nothing,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// Who set a value. The later in this list wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody.
    Default,
    /// An administrator, in the database.
    Settings,
    /// The configuration file.
    File,
    /// A `WATCHPOST_*` variable.
    Environment,
    /// A flag.
    Flag,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Which.
    pub key: Key,
    /// Its name, as in the file.
    pub name: &'static str,
    /// Where it is shown.
    pub form: Form,
    /// What it looks like.
    pub kind: Kind,
    /// Unit of a number.
    pub unit: Option<&'static str>,
    /// Whether a change counts from the next start on only.
    pub restart: bool,
    default: Default,
}

#[derive(Clone, Copy, Debug)]
enum Default {
    Text(&'static str),
    Integer(u64),
    Nothing,
}

/// Every setting, in order of [`Key`].
pub const SETTINGS: [Setting; 12] = [
    Setting {
        key: Key::SiteName,
        name: "site.name",
        form: Form::Site,
        kind: Kind::Text,
        unit: None,
        restart: false,
        default: Default::Text("Watchpost"),
    },
    Setting {
        key: Key::SiteTimeZone,
        name: "site.time_zone",
        form: Form::TimeZone,
        kind: Kind::Zone,
        unit: None,
        restart: false,
        default: Default::Text("UTC"),
    },
    Setting {
        key: Key::RetentionDays,
        name: "retention.days",
        form: Form::Retention,
        kind: Kind::Integer { min: 0, max: 3_650 },
        unit: Some("days"),
        restart: false,
        default: Default::Integer(0),
    },
    Setting {
        key: Key::RetentionMaxBytes,
        name: "retention.max_bytes",
        form: Form::Retention,
        kind: Kind::Bytes { min: 16 << 20, max: 1 << 44 },
        unit: Some("bytes"),
        restart: false,
        default: Default::Integer(0),
    },
    Setting {
        key: Key::RetentionRoomPercent,
        name: "retention.room_percent",
        form: Form::Retention,
        kind: Kind::Integer { min: 0, max: 50 },
        unit: Some("%"),
        restart: false,
        default: Default::Integer(10),
    },
    Setting {
        key: Key::CameraRate,
        name: "ingest.camera_rate",
        form: Form::Limits,
        kind: Kind::Integer { min: 0, max: 100_000 },
        unit: Some("events/s"),
        restart: false,
        default: Default::Integer(200),
    },
    Setting {
        key: Key::CameraBurst,
        name: "ingest.camera_burst",
        form: Form::Limits,
        kind: Kind::Integer { min: 1, max: 1_000_000 },
        unit: Some("events"),
        restart: false,
        default: Default::Integer(2_000),
    },
    Setting {
        key: Key::PublicUrl,
        name: "http.public_url",
        form: Form::Addresses,
        kind: Kind::Url,
        unit: None,
        restart: false,
        default: Default::Nothing,
    },
    Setting {
        key: Key::SessionIdleHours,
        name: "session.idle_hours",
        form: Form::LogIn,
        kind: Kind::Integer { min: 1, max: 168 },
        unit: Some("hours"),
        restart: false,
        default: Default::Integer(12),
    },
    Setting {
        key: Key::SessionMaxDays,
        name: "session.max_days",
        form: Form::LogIn,
        kind: Kind::Integer { min: 1, max: 90 },
        unit: Some("days"),
        restart: false,
        default: Default::Integer(7),
    },
    Setting {
        key: Key::BackupEvery,
        name: "backup.every",
        form: Form::Backups,
        kind: Kind::Integer { min: 0, max: 8_760 },
        unit: Some("hours"),
        restart: false,
        default: Default::Integer(0),
    },
    Setting {
        key: Key::BackupKeep,
        name: "backup.keep",
        form: Form::Backups,
        kind: Kind::Integer { min: 1, max: 500 },
        unit: Some("backups"),
        restart: false,
        default: Default::Integer(7),
    },
];

impl Key {
    /// The setting.
    pub const fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }

    /// The setting of this name.
    pub fn named(name: &str) -> Option<Self> {
        SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.key)
    }
}

impl Setting {
    /// The value where nobody set one.
    pub fn default(&self) -> Value {
        match self.default {
            Default::Text(text) => Value::Text(text.to_owned()),
            Default::Integer(number) => Value::Integer(number),
            Default::Nothing => Value::Nothing,
        }
    }

    /// `value` as it is kept: text without blanks around it, an empty URL as nothing.
    ///
    /// # Errors
    /// What the value must be, for people.
    pub fn check(&self, value: Value) -> Result<Value, String> {
        let good = match (self.kind, value) {
            (Kind::Integer { min, max }, Value::Integer(number))
                if (min..=max).contains(&number) =>
            {
                Some(Value::Integer(number))
            }
            (Kind::Bytes { min, max }, Value::Integer(number))
                if number == 0 || (min..=max).contains(&number) =>
            {
                Some(Value::Integer(number))
            }
            (Kind::Url, Value::Nothing) => Some(Value::Nothing),
            (kind, Value::Text(text)) => {
                let text = text.trim();
                let good = match kind {
                    Kind::Text => is_name(text),
                    Kind::Zone => text.parse::<chrono_tz::Tz>().is_ok(),
                    Kind::Url if text.is_empty() => return Ok(Value::Nothing),
                    Kind::Url => Origin::from_url(text).is_some(),
                    Kind::Integer { .. } | Kind::Bytes { .. } => false,
                };
                good.then(|| Value::Text(text.to_owned()))
            }
            _ => None,
        };
        good.ok_or_else(|| match self.kind {
            Kind::Integer { min, max } => format!("{} must be {min} to {max}", self.name),
            Kind::Bytes { min, max } => format!("{} must be 0, or {min} to {max}", self.name),
            Kind::Text => format!("{} must be a name of 1 to 128 bytes", self.name),
            Kind::Url => format!("{} is not a URL like http://nvr.example:8080", self.name),
            Kind::Zone => format!("{} is not a time zone like Europe/Berlin", self.name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn each_setting_stands_in_its_place_with_a_good_default() {
        for (place, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(setting.key as usize, place, "{}", setting.name);
            assert_eq!(Key::named(setting.name), Some(setting.key));
            assert_eq!(setting.check(setting.default()), Ok(setting.default()));
        }
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        for (key, good, bad) in [
            (Key::SiteName, text(" Hafen Nord "), text(" ")),
            (Key::SiteName, text("Tor \u{1f6a7}"), text("a\u{7}")),
            (Key::SiteTimeZone, text("Europe/Berlin"), text("Berlin")),
            (Key::RetentionDays, Value::Integer(0), Value::Integer(3_651)),
            (Key::RetentionDays, Value::Integer(3_650), text("90")),
            (Key::RetentionMaxBytes, Value::Integer(0), Value::Integer(500)),
            (Key::RetentionMaxBytes, Value::Integer(16 << 20), text("16 MiB")),
            (Key::RetentionRoomPercent, Value::Integer(50), Value::Integer(51)),
            (Key::SessionMaxDays, Value::Integer(90), Value::Integer(0)),
            (Key::PublicUrl, text(""), text("nvr")),
            (Key::PublicUrl, text("https://nvr.example"), Value::Integer(1)),
            (Key::CameraBurst, Value::Integer(1), Value::Nothing),
        ] {
            assert!(key.setting().check(good.clone()).is_ok(), "{key:?} {good:?}");
            assert!(key.setting().check(bad.clone()).is_err(), "{key:?} {bad:?}");
        }
        assert_eq!(Key::SiteName.setting().check(text(" x ")), Ok(text("x")));
        assert_eq!(Key::PublicUrl.setting().check(text(" ")), Ok(Value::Nothing));
    }
}

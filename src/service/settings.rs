//! Settings as they hold now: read by everyone at no cost, changed by administrators.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;

use super::Core;
use super::access::{Action, Caller};
use super::audit::{Act, By};
use super::error::{Error, Result};
use crate::domain::setting::{Key, SETTINGS, Source, Value};

/// The value of every setting, and who set it. Clones share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings(Arc<Vec<(Value, Source)>>);

impl Default for Settings {
    fn default() -> Self {
        let values = SETTINGS.iter().map(|setting| (setting.default(), Source::Default));
        Self(Arc::new(values.collect()))
    }
}

impl Settings {
    /// The defaults but for what file, variables and flags say. Their values have been checked.
    pub fn fixed(given: impl IntoIterator<Item = (Key, Value, Source)>) -> Self {
        let mut settings = Self::default();
        for (key, value, source) in given {
            settings.put(key, value, source);
        }
        settings
    }

    /// These, and what the database holds for the others. What cannot be used is reported and left out.
    pub(super) fn with_stored(mut self, rows: Vec<(String, String)>) -> Self {
        for (name, json) in rows {
            let Some(key) = Key::named(&name) else { continue }; // of a newer version
            let value = read(&json).and_then(|value| key.setting().check(value));
            match value {
                Ok(value) => self.set(key, Some(value)),
                Err(error) => {
                    tracing::error!(setting = %name, %error, "a stored setting is left out");
                }
            }
        }
        self
    }

    fn put(&mut self, key: Key, value: Value, source: Source) {
        Arc::make_mut(&mut self.0)[key as usize] = (value, source);
    }

    /// What an administrator says, or no longer says; nothing if the setting is fixed.
    fn set(&mut self, key: Key, value: Option<Value>) {
        if self.is_fixed(key) {
            return;
        }
        match value {
            Some(value) => self.put(key, value, Source::Settings),
            None => self.put(key, key.setting().default(), Source::Default),
        }
    }

    /// A setting's value.
    pub fn value(&self, key: Key) -> &Value {
        &self.0[key as usize].0
    }

    /// Who set it.
    pub fn source(&self, key: Key) -> Source {
        self.0[key as usize].1
    }

    /// Whether file, variable or flag set it, so that nobody else can.
    pub fn is_fixed(&self, key: Key) -> bool {
        self.source(key) > Source::Settings
    }

    fn text(&self, key: Key) -> Option<&str> {
        match self.value(key) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn number(&self, key: Key) -> u64 {
        match self.value(key) {
            Value::Integer(number) => *number,
            _ => 0,
        }
    }

    /// What the site is called.
    pub fn site_name(&self) -> &str {
        self.text(Key::SiteName).unwrap_or_default()
    }

    /// The site's time zone.
    pub fn time_zone(&self) -> Tz {
        self.text(Key::SiteTimeZone).and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
    }

    /// Days that events are kept, 0 = for ever.
    pub fn retention_days(&self) -> u64 {
        self.number(Key::RetentionDays)
    }

    /// Bytes that the database may have, 0 = no limit.
    pub fn retention_max_bytes(&self) -> u64 {
        self.number(Key::RetentionMaxBytes)
    }

    /// Per cent of the file system below which events go to make room, 0 = none do.
    pub fn retention_room_percent(&self) -> u64 {
        self.number(Key::RetentionRoomPercent)
    }

    /// Events a second that one camera may send itself, 0 = no limit.
    pub fn camera_rate(&self) -> u64 {
        self.number(Key::CameraRate)
    }

    /// How many it may send at once before that.
    pub fn camera_burst(&self) -> u64 {
        self.number(Key::CameraBurst)
    }

    /// Where clients reach this server, if that differs from what their requests say.
    pub fn public_url(&self) -> Option<&str> {
        self.text(Key::PublicUrl)
    }

    /// How long a session lasts that nobody uses.
    pub fn session_idle(&self) -> Duration {
        Duration::from_hours(self.number(Key::SessionIdleHours))
    }

    /// How long a session lasts at most.
    pub fn session_max(&self) -> Duration {
        Duration::from_hours(24 * self.number(Key::SessionMaxDays))
    }
}

/// What differs between two states, for the audit trail: names, and `name: before → after`.
fn differences(before: &Settings, after: &Settings) -> Vec<(&'static str, String)> {
    let keys = SETTINGS.iter().map(|setting| setting.key);
    let differs = keys.filter(|key| before.value(*key) != after.value(*key));
    differs
        .map(|key| {
            let name = key.setting().name;
            (name, format!("{name}: {} → {}", before.value(key), after.value(key)))
        })
        .collect()
}

impl Settings {
    /// Time between two scheduled backups, none = off.
    pub fn backup_every(&self) -> Option<Duration> {
        let hours = self.number(Key::BackupEvery);
        (hours > 0).then(|| Duration::from_hours(hours))
    }

    /// Scheduled backups that are kept.
    pub fn backup_keep(&self) -> usize {
        usize::try_from(self.number(Key::BackupKeep)).unwrap_or(usize::MAX)
    }
}

/// What an administrator may read and change of the settings.
#[derive(Clone, Debug)]
pub struct Administration(Arc<Core>);

impl Administration {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    /// All settings.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub fn get(&self, caller: &Caller) -> Result<Settings> {
        caller.may(Action::Manage)?;
        Ok(self.0.catalogue().settings.clone())
    }

    /// Takes what file, variables and flags say now in place of what they said at the start; what they no
    /// longer say is as administrators set it. Tells what changed.
    ///
    /// # Errors
    /// The store's.
    pub async fn reload(&self, given: Settings) -> Result<Vec<&'static str>> {
        let core = Arc::clone(&self.0);
        self.0
            .change(move |tx, next| {
                let after = given.with_stored(tx.settings()?);
                let differences = differences(&next.settings, &after);
                next.settings = after;
                let (names, words): (Vec<_>, Vec<_>) = differences.into_iter().unzip();
                if !names.is_empty() {
                    let act = Act::on("settings.reload", names.join(", ")).with(words.join("; "));
                    let by = By::caller(None, next);
                    tx.append_audit(act.entry(core.clock.now(), by, "ok"))?;
                }
                Ok(names)
            })
            .await
    }

    /// Sets each of these, or (without a value) back to its default: all or none. They count at once.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadSetting`], [`Error::SettingFixed`], and the store's.
    pub async fn change(
        &self,
        caller: &Caller,
        changes: BTreeMap<String, Option<Value>>,
    ) -> Result<Settings> {
        caller.may(Action::Manage)?;
        let now = self.get(caller)?;
        let mut checked = Vec::with_capacity(changes.len());
        let mut words = Vec::with_capacity(changes.len());
        for (name, value) in changes {
            let bad = |detail| Error::BadSetting { key: name.clone(), detail };
            let key =
                Key::named(&name).ok_or_else(|| bad(format!("there is no setting {name}")))?;
            let value = value.map(|value| key.setting().check(value)).transpose().map_err(bad)?;
            if now.is_fixed(key) {
                return Err(Error::SettingFixed { key: key.setting().name });
            }
            let after = value.clone().unwrap_or_else(|| key.setting().default());
            if *now.value(key) != after {
                words.push(format!("{name}: {} → {after}", now.value(key)));
            }
            checked.push((key, value));
        }
        if words.is_empty() {
            return Ok(now); // what is already so needs no write
        }
        let object = checked.iter().map(|(key, _)| key.setting().name);
        let object = object.collect::<Vec<_>>().join(", ");
        let act = Act { action: "settings.change", object, detail: words.join("; ") };
        self.0
            .change_as(caller, act, move |tx, next| {
                for (key, value) in checked {
                    let json = value.as_ref().map(json);
                    tx.put_setting(key.setting().name, json.as_deref())?;
                    next.settings.set(key, value);
                }
                Ok(next.settings.clone())
            })
            .await
    }
}

/// A value as JSON.
fn json(value: &Value) -> String {
    match value {
        Value::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Nothing => "null".to_owned(),
    }
}

fn read(json: &str) -> std::result::Result<Value, String> {
    match serde_json::from_str(json) {
        Ok(serde_json::Value::Null) => Ok(Value::Nothing),
        Ok(serde_json::Value::String(text)) => Ok(Value::Text(text)),
        Ok(serde_json::Value::Number(number)) => {
            number.as_u64().map(Value::Integer).ok_or_else(|| "not a whole number".to_owned())
        }
        Ok(_) => Err("neither text nor number".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::service::clock::Clock;
    use crate::service::{Services, access::Caller};
    use crate::store::Options;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn open(dir: &std::path::Path, fixed: Settings) -> Services {
        Services::open(dir, Options::default(), fixed, Clock::manual(Timestamp::YEAR_2000)).unwrap()
    }

    #[tokio::test]
    async fn a_change_counts_at_once_and_after_a_restart_unless_something_else_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let services = open(dir.path(), Settings::default());
        let local = Caller::local();
        assert_eq!(services.settings().site_name(), "Watchpost");
        let changes = [
            ("site.name", Some(text("Hafen"))),
            ("site.time_zone", Some(text("Europe/Berlin"))),
            ("retention.days", Some(Value::Integer(30))),
        ];
        let changes: BTreeMap<_, _> =
            changes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        services.administration.change(&local, changes).await.unwrap();
        assert_eq!(services.settings().site_name(), "Hafen");
        assert_eq!(services.settings().time_zone(), Tz::Europe__Berlin);
        services.close();
        drop(services);

        let fixed = Settings::fixed([(Key::RetentionDays, Value::Integer(5), Source::File)]);
        let services = open(dir.path(), fixed);
        let settings = services.settings();
        assert_eq!((settings.site_name(), settings.retention_days()), ("Hafen", 5));
        assert_eq!(settings.source(Key::SiteName), Source::Settings);
        let days = BTreeMap::from([("retention.days".to_owned(), Some(Value::Integer(9)))]);
        let refused = services.administration.change(&local, days).await;
        assert!(matches!(refused, Err(Error::SettingFixed { key: "retention.days" })));
        let fixed = Settings::fixed([(Key::CameraRate, Value::Integer(7), Source::File)]);
        services.administration.reload(fixed).await.unwrap();
        let settings = services.settings();
        assert_eq!((settings.camera_rate(), settings.retention_days()), (7, 30), "read anew");
        let back = BTreeMap::from([("site.name".to_owned(), None)]);
        let settings = services.administration.change(&local, back).await.unwrap();
        assert_eq!(settings.source(Key::SiteName), Source::Default);
        services.close();
        drop(services);
        let services = open(dir.path(), Settings::default());
        assert_eq!(services.settings().site_name(), "Watchpost");
        assert_eq!(services.settings().retention_days(), 30, "it waited below the file's");
        services.close();
    }

    #[tokio::test]
    async fn a_bad_value_among_good_ones_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let services = open(dir.path(), Settings::default());
        for (name, value) in [
            ("site.nam", text("x")),
            ("session.max_days", Value::Integer(91)),
            ("http.public_url", text("nvr")),
        ] {
            let good = ("site.name".to_owned(), Some(text("Hafen")));
            let changes = BTreeMap::from([good, (name.to_owned(), Some(value))]);
            let refused = services.administration.change(&Caller::local(), changes).await;
            assert!(matches!(refused, Err(Error::BadSetting { key, .. }) if key == name));
            assert_eq!(services.settings().site_name(), "Watchpost");
        }
        services.close();
    }
}

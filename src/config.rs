//! Every setting, once: flag, then `WATCHPOST_*` variable, then file, then default. Those of
//! `domain/setting.rs` may be changed by administrators where none of the first three is given.

mod keys;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::domain::Network;
use crate::domain::setting::{Key, SETTINGS, Source, Value};
pub use keys::Unknown;

mod tls;
pub use tls::{Tls, TlsConfig, TlsMode};

/// The configuration file that is read if it exists and none is named.
const DEFAULT_FILE: &str = "/etc/watchpost/watchpost.toml";
/// The data directory of an installed server.
const DEFAULT_DATA_DIR: &str = "/var/lib/watchpost";
/// Most networks in one setting.
const NETWORKS_MAX: usize = 64;
/// Where a server listens if nothing else is said.
const DEFAULT_LISTEN: &str = "0.0.0.0:8080";

/// What is logged: the HTTP library's own starts and stops are of no interest, and what it finds wrong
/// with a request is the sender's affair; anybody could fill the log with it.
pub const DEFAULT_LOG: &str = "info,actix_server=warn,actix_http=off";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Settings as a flag, a variable or the file gives them; what is not given is `None`.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Directory of the database, its journal and its secret key
    #[arg(long, global = true, value_name = "DIR", env = "WATCHPOST_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// HTTP settings.
    #[command(flatten)]
    pub http: Http,
    /// TLS settings.
    #[command(flatten)]
    pub tls: Tls,
    /// Storage settings.
    #[command(flatten)]
    pub storage: Storage,
    /// What cameras may send.
    #[command(flatten)]
    pub ingest: Ingest,
    /// What the server asks of cameras.
    #[command(flatten)]
    pub device: Device,
    /// The site.
    #[command(flatten)]
    pub site: Site,
    /// How long events are kept.
    #[command(flatten)]
    pub retention: Retention,
    /// Log-in.
    #[command(flatten)]
    pub session: Session,
    /// Backups.
    #[command(flatten)]
    pub backup: Backup,
    /// Log settings.
    #[command(flatten)]
    pub log: Log,
    /// Names of arguments that came from variables.
    #[arg(skip)]
    #[serde(skip)]
    pub from_variables: Vec<String>,
}

/// `[http]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address to listen on, port 0 picks one; may be repeated [default: 0.0.0.0:8080]
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        env = "WATCHPOST_LISTEN",
        value_delimiter = ','
    )]
    pub listen: Vec<SocketAddr>,
    /// Addresses and networks of proxies whose X-Forwarded-* headers count; may be repeated
    #[arg(
        long,
        global = true,
        value_name = "NETWORK",
        env = "WATCHPOST_TRUSTED_PROXIES",
        value_delimiter = ',',
        hide = true
    )]
    pub trusted_proxies: Vec<Network>,
    /// Where clients reach the server, if not by the address their requests name
    #[arg(long, global = true, value_name = "URL", env = "WATCHPOST_PUBLIC_URL", hide = true)]
    pub public_url: Option<String>,
}

/// `[storage]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Memory for database pages, MiB [default: 64]
    #[arg(long, global = true, value_name = "MIB", env = "WATCHPOST_CACHE_MIB", hide = true)]
    pub cache_mib: Option<usize>,
    /// Room below which events are refused, MiB [default: 5 % of the file system, 4 to 64]
    #[arg(long, global = true, value_name = "MIB", env = "WATCHPOST_MIN_FREE_MIB", hide = true)]
    pub min_free_mib: Option<u64>,
}

/// `[ingest]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// Address for plain HTTP that takes events in and serves nothing else; may be repeated
    #[arg(
        id = "ingest_listen",
        long = "ingest-listen",
        global = true,
        value_name = "ADDR",
        env = "WATCHPOST_INGEST_LISTEN",
        value_delimiter = ',',
        hide = true
    )]
    pub listen: Vec<SocketAddr>,
    /// Events a second that one camera may send itself, 0 = no limit [default: 200]
    #[arg(long, global = true, value_name = "N", env = "WATCHPOST_CAMERA_RATE", hide = true)]
    pub camera_rate: Option<u64>,
    /// Events that one camera may send at once beyond its rate [default: 2000]
    #[arg(long, global = true, value_name = "N", env = "WATCHPOST_CAMERA_BURST", hide = true)]
    pub camera_burst: Option<u64>,
}

/// `[device]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Device {
    /// Networks that cameras may be in although they are the machine's own, loopback or link-local; may be repeated
    #[arg(
        id = "device_allow",
        long = "device-allow",
        global = true,
        value_name = "NETWORK",
        env = "WATCHPOST_DEVICE_ALLOW",
        value_delimiter = ',',
        hide = true
    )]
    pub allow: Vec<Network>,
    /// Time that a camera has for one command, milliseconds, 100 to 5000 [default: 5000]
    #[arg(
        id = "device_timeout_ms",
        long = "device-timeout-ms",
        global = true,
        value_name = "MS",
        env = "WATCHPOST_DEVICE_TIMEOUT_MS",
        hide = true
    )]
    pub timeout_ms: Option<u64>,
}

/// `[site]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    /// What the site is called [default: Watchpost]
    #[arg(
        id = "site_name", // `camera add` has a `name` of its own
        long = "site-name",
        global = true,
        value_name = "NAME",
        env = "WATCHPOST_SITE_NAME",
        hide = true
    )]
    pub name: Option<String>,
    /// Its time zone, an IANA name [default: UTC]
    #[arg(
        id = "site_time_zone",
        long = "site-time-zone",
        global = true,
        value_name = "ZONE",
        env = "WATCHPOST_SITE_TIME_ZONE",
        hide = true
    )]
    pub time_zone: Option<String>,
}

/// `[retention]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days that events are kept, by arrival; 0 = for ever [default: 0]
    #[arg(
        id = "retention_days",
        long = "retention-days",
        global = true,
        value_name = "DAYS",
        env = "WATCHPOST_RETENTION_DAYS",
        hide = true
    )]
    pub days: Option<u64>,
    /// Bytes that the database may have, without pictures; beyond, the oldest events go; 0 = no limit [default: 0]
    #[arg(
        id = "retention_max_bytes",
        long = "retention-max-bytes",
        global = true,
        value_name = "BYTES",
        env = "WATCHPOST_RETENTION_MAX_BYTES",
        hide = true
    )]
    pub max_bytes: Option<u64>,
    /// Per cent of the file system below which the oldest events go to make room; 0 = none do [default: 10]
    #[arg(
        id = "retention_room_percent",
        long = "retention-room-percent",
        global = true,
        value_name = "PERCENT",
        env = "WATCHPOST_RETENTION_ROOM_PERCENT",
        hide = true
    )]
    pub room_percent: Option<u64>,
}

/// `[session]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// Hours after which a session ends that nobody uses [default: 12]
    #[arg(
        id = "session_idle_hours",
        long = "session-idle-hours",
        global = true,
        value_name = "HOURS",
        env = "WATCHPOST_SESSION_IDLE_HOURS",
        hide = true
    )]
    pub idle_hours: Option<u64>,
    /// Days after which every session ends [default: 7]
    #[arg(
        id = "session_max_days",
        long = "session-max-days",
        global = true,
        value_name = "DAYS",
        env = "WATCHPOST_SESSION_MAX_DAYS",
        hide = true
    )]
    pub max_days: Option<u64>,
}

/// `[backup]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Directory that the server writes backups to; on another disk, if there is one [default: `backups` in the data directory]
    #[arg(
        id = "backup_dir",
        long = "backup-dir",
        global = true,
        value_name = "DIR",
        env = "WATCHPOST_BACKUP_DIR",
        hide = true
    )]
    pub dir: Option<PathBuf>,
    /// Hours between two backups that the server makes itself, 0 = none [default: 0]
    #[arg(
        id = "backup_every",
        long = "backup-every",
        global = true,
        value_name = "HOURS",
        env = "WATCHPOST_BACKUP_EVERY",
        hide = true
    )]
    pub every: Option<u64>,
    /// How many of them are kept [default: 7]
    #[arg(
        id = "backup_keep",
        long = "backup-keep",
        global = true,
        value_name = "N",
        env = "WATCHPOST_BACKUP_KEEP",
        hide = true
    )]
    pub keep: Option<u64>,
}

/// `[log]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How log lines look [default: text]
    #[arg(
        id = "log_format", // `export` has a `format` of its own
        long = "log-format",
        global = true,
        env = "WATCHPOST_LOG_FORMAT",
        hide = true
    )]
    pub format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug, or directives per module [default: info]
    #[arg(
        id = "log_level",
        long = "log-level",
        global = true,
        env = "WATCHPOST_LOG_LEVEL",
        hide = true
    )]
    pub level: Option<String>,
}

/// Complete and checked settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The data directory.
    pub data_dir: PathBuf,
    /// Addresses to listen on, one at least.
    pub listen: Vec<SocketAddr>,
    /// Addresses for plain HTTP that takes events in and serves nothing else.
    pub ingest_listen: Vec<SocketAddr>,
    /// Proxies whose `X-Forwarded-*` headers count.
    pub trusted_proxies: Vec<Network>,
    /// How the addresses of `listen` speak TLS.
    pub tls: TlsConfig,
    /// Days for which browsers are told to use TLS alone.
    pub hsts_days: u32,
    /// Memory for database pages, bytes.
    pub cache_bytes: usize,
    /// Room below which events are refused, bytes; `None` by the file system's size.
    pub min_free_bytes: Option<u64>,
    /// Networks that cameras may be in although they are otherwise refused.
    pub device_allow: Vec<Network>,
    /// Time that a camera has for one command.
    pub device_timeout: Duration,
    /// Where backups go; `None`: in the data directory.
    pub backup_dir: Option<PathBuf>,
    /// What is said here of the settings that administrators may otherwise change.
    pub fixed: Vec<(Key, Value, Source)>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_level: String,
}

/// Why the settings cannot be used (status 2).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file cannot be understood; the text names line and key.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        source: Box<toml::de::Error>,
    },
    /// The file has keys that are no settings.
    #[error("{}", lines(path, keys))]
    Unknown {
        /// The file.
        path: PathBuf,
        /// By line, one at least.
        keys: Vec<Unknown>,
    },
    /// A value cannot be used.
    #[error("{0}")]
    Value(String),
}

/// One line for each key.
fn lines(path: &Path, keys: &[Unknown]) -> String {
    let mut text = String::new();
    for key in keys {
        let end = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{end}{}, {key}", path.display()); // writing to a String does not fail
    }
    text
}

impl Config {
    /// Merges `given` (flags and variables) with the file: `file` if named, else the default one if
    /// it exists.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(given: Settings, file: Option<&Path>) -> Result<Self, ConfigError> {
        let from_file = match file {
            Some(path) => read(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
            None => Settings::default(),
        };
        Self::merge(given, from_file)
    }

    fn merge(given: Settings, file: Settings) -> Result<Self, ConfigError> {
        let fixed = fixed(&given, &file)?;
        let (tls, hsts_days) = tls::merge(given.tls, file.tls)?;
        let proxies = [given.http.trusted_proxies, file.http.trusted_proxies];
        let ingest_listen = [given.ingest.listen, file.ingest.listen];
        let listen =
            [given.http.listen, file.http.listen].into_iter().find(|list| !list.is_empty());
        let default_listen = || vec![DEFAULT_LISTEN.parse().expect("the default is an address")];
        let cache_mib = given.storage.cache_mib.or(file.storage.cache_mib).unwrap_or(64);
        if !(4..=65_536).contains(&cache_mib) {
            return Err(ConfigError::Value("storage.cache_mib must be 4 to 65536".to_owned()));
        }
        let min_free_mib = given.storage.min_free_mib.or(file.storage.min_free_mib);
        let timeout_ms = given.device.timeout_ms.or(file.device.timeout_ms).unwrap_or(5_000);
        if !(100..=5_000).contains(&timeout_ms) {
            return Err(ConfigError::Value("device.timeout_ms must be 100 to 5000".to_owned()));
        }
        let device_allow = [given.device.allow, file.device.allow];
        let log_level = match given.log.level.or(file.log.level) {
            Some(level) if level != "info" => level,
            _ => DEFAULT_LOG.to_owned(),
        };
        if let Err(error) = log_level.parse::<tracing_subscriber::EnvFilter>() {
            return Err(ConfigError::Value(format!("log.level: {error}")));
        }
        Ok(Self {
            data_dir: given.data_dir.or(file.data_dir).unwrap_or_else(default_data_dir),
            listen: listen.unwrap_or_else(default_listen),
            ingest_listen: first_given(ingest_listen),
            trusted_proxies: networks("http.trusted_proxies", proxies)?,
            tls,
            hsts_days,
            cache_bytes: cache_mib << 20,
            min_free_bytes: min_free_mib.map(|mib| mib << 20),
            device_allow: networks("device.allow", device_allow)?,
            device_timeout: Duration::from_millis(timeout_ms),
            backup_dir: given.backup.dir.or(file.backup.dir),
            fixed,
            log_format: given.log.format.or(file.log.format).unwrap_or_default(),
            log_level,
        })
    }

    /// Keys in which this differs from what runs, of those that count from the next start on only.
    pub fn differs_at_start(&self, running: &Self) -> Vec<&'static str> {
        let differs = [
            ("data_dir", self.data_dir != running.data_dir),
            ("http.listen", self.listen != running.listen),
            ("http.trusted_proxies", self.trusted_proxies != running.trusted_proxies),
            ("tls", self.tls != running.tls),
            ("tls.hsts_days", self.hsts_days != running.hsts_days),
            ("ingest.listen", self.ingest_listen != running.ingest_listen),
            ("device.allow", self.device_allow != running.device_allow),
            ("device.timeout_ms", self.device_timeout != running.device_timeout),
            ("storage.cache_mib", self.cache_bytes != running.cache_bytes),
            ("storage.min_free_mib", self.min_free_bytes != running.min_free_bytes),
            ("backup.dir", self.backup_dir != running.backup_dir),
            ("log.format", self.log_format != running.log_format),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }
}

/// The first list that says something.
fn first_given<T>(lists: [Vec<T>; 2]) -> Vec<T> {
    lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default()
}

/// The first list that is given, of the setting `key`.
fn networks(key: &str, lists: [Vec<Network>; 2]) -> Result<Vec<Network>, ConfigError> {
    let networks = first_given(lists);
    if networks.len() > NETWORKS_MAX {
        let text = format!("{key} has more than {NETWORKS_MAX} networks");
        return Err(ConfigError::Value(text));
    }
    Ok(networks)
}

/// The settings that administrators may change, as far as they are said here.
fn fixed(given: &Settings, file: &Settings) -> Result<Vec<(Key, Value, Source)>, ConfigError> {
    let mut fixed = Vec::new();
    for setting in &SETTINGS {
        let (id, value) = given.live(setting.key);
        let found = match (value, file.live(setting.key).1) {
            (Some(value), _) if given.from_variables.iter().any(|name| name == id) => {
                Some((value, Source::Environment))
            }
            (Some(value), _) => Some((value, Source::Flag)),
            (None, value) => value.map(|value| (value, Source::File)),
        };
        if let Some((value, source)) = found {
            let value = setting.check(value).map_err(ConfigError::Value)?;
            fixed.push((setting.key, value, source));
        }
    }
    Ok(fixed)
}

impl Settings {
    /// The argument of a setting that administrators may change, and what was given.
    fn live(&self, key: Key) -> (&'static str, Option<Value>) {
        let number = |value: Option<u64>| value.map(Value::Integer);
        let text = |value: &Option<String>| value.clone().map(Value::Text);
        match key {
            Key::SiteName => ("site_name", text(&self.site.name)),
            Key::SiteTimeZone => ("site_time_zone", text(&self.site.time_zone)),
            Key::RetentionDays => ("retention_days", number(self.retention.days)),
            Key::RetentionMaxBytes => ("retention_max_bytes", number(self.retention.max_bytes)),
            Key::RetentionRoomPercent => {
                ("retention_room_percent", number(self.retention.room_percent))
            }
            Key::CameraRate => ("camera_rate", number(self.ingest.camera_rate)),
            Key::CameraBurst => ("camera_burst", number(self.ingest.camera_burst)),
            Key::PublicUrl => {
                let url = self.http.public_url.clone().filter(|url| !url.is_empty());
                ("public_url", text(&url))
            }
            Key::SessionIdleHours => ("session_idle_hours", number(self.session.idle_hours)),
            Key::SessionMaxDays => ("session_max_days", number(self.session.max_days)),
            Key::BackupEvery => ("backup_every", number(self.backup.every)),
            Key::BackupKeep => ("backup_keep", number(self.backup.keep)),
        }
    }

    /// Remembers which of them variables gave, and not flags.
    pub fn note_variables(&mut self, matches: &clap::ArgMatches) {
        let ids = SETTINGS.iter().map(|setting| self.live(setting.key).0);
        let from = |id: &&str| matches.value_source(id) == Some(ValueSource::EnvVariable);
        self.from_variables = ids.filter(from).map(str::to_owned).collect();
    }
}

fn read(path: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    let keys = keys::unknown(&text);
    if !keys.is_empty() {
        return Err(ConfigError::Unknown { path: path.into(), keys });
    }
    toml::from_str(&text)
        .map_err(|source| ConfigError::Invalid { path: path.into(), source: Box::new(source) })
}

/// `./data` in a checkout, else the installed server's.
fn default_data_dir() -> PathBuf {
    if Path::new("data/catalog").is_dir() { "data".into() } else { DEFAULT_DATA_DIR.into() }
}

#[cfg(test)]
mod tests;

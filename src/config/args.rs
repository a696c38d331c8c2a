//! Every setting once, as clap takes it from flags and variables and serde from the file.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::Tls;
use crate::domain::Network;
use crate::domain::setting::{Key, SETTINGS, Value};

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
    /// Directory that the server writes backups to, and no other server; on another disk, if there is one [default: `backups` in the data directory]
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

impl Settings {
    /// The argument of a setting that administrators may change, and what was given.
    pub(super) fn live(&self, key: Key) -> (&'static str, Option<Value>) {
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

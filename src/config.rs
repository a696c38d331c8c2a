//! Settings merged and checked: flag, then `WATCHPOST_*` variable, then file, then default. Those of
//! `domain/setting.rs` may be changed by administrators where none of the first three is given. Each is
//! declared once, in `config/args.rs`.

mod args;
mod keys;
mod tls;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::Network;
use crate::domain::setting::{Key, SETTINGS, Source, Value};
pub use args::{
    Backup, Device, Http, Ingest, Log, LogFormat, Retention, Session, Settings, Site, Storage,
};
pub use keys::Unknown;
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
        let mut listen = first_given([given.http.listen, file.http.listen]);
        if listen.is_empty() {
            listen.push(DEFAULT_LISTEN.parse().expect("the default is an address"));
        }
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
            listen,
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

//! Every setting, once: flag, then `WATCHPOST_*` variable, then file, then default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

/// The configuration file that is read if it exists and none is named.
const DEFAULT_FILE: &str = "/etc/watchpost/watchpost.toml";
/// The data directory of an installed server.
const DEFAULT_DATA_DIR: &str = "/var/lib/watchpost";
/// Where a server listens if nothing else is said.
const DEFAULT_LISTEN: &str = "0.0.0.0:8080";

/// What is logged: the HTTP library's own starts and stops are of no interest, and what it finds wrong
/// with a request is the sender's affair; anybody could fill the log with it.
const DEFAULT_LOG: &str = "info,actix_server=warn,actix_http=off";

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
    /// Storage settings.
    #[command(flatten)]
    pub storage: Storage,
    /// What cameras may send.
    #[command(flatten)]
    pub ingest: Ingest,
    /// Log settings.
    #[command(flatten)]
    pub log: Log,
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
    /// Events a second that one camera may send itself, 0 = no limit [default: 200]
    #[arg(long, global = true, value_name = "N", env = "WATCHPOST_CAMERA_RATE", hide = true)]
    pub camera_rate: Option<u32>,
    /// Events that one camera may send at once beyond its rate [default: 2000]
    #[arg(long, global = true, value_name = "N", env = "WATCHPOST_CAMERA_BURST", hide = true)]
    pub camera_burst: Option<u32>,
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
    /// Where clients reach the server, `http[s]://host[:port]`.
    pub public_url: Option<String>,
    /// Memory for database pages, bytes.
    pub cache_bytes: usize,
    /// Room below which events are refused, bytes; `None` by the file system's size.
    pub min_free_bytes: Option<u64>,
    /// Events a second of one camera.
    pub camera_rate: u32,
    /// Events at once of one camera.
    pub camera_burst: u32,
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
    /// A value cannot be used.
    #[error("{0}")]
    Value(String),
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
        let listen =
            [given.http.listen, file.http.listen].into_iter().find(|list| !list.is_empty());
        let default_listen = || vec![DEFAULT_LISTEN.parse().expect("the default is an address")];
        let public_url = given.http.public_url.or(file.http.public_url).filter(|u| !u.is_empty());
        if let Some(url) = &public_url
            && crate::domain::Origin::from_url(url).is_none()
        {
            return Err(ConfigError::Value(format!("http.public_url is not a URL: {url}")));
        }
        let cache_mib = given.storage.cache_mib.or(file.storage.cache_mib).unwrap_or(64);
        if !(4..=65_536).contains(&cache_mib) {
            return Err(ConfigError::Value("storage.cache_mib must be 4 to 65536".to_owned()));
        }
        let min_free_mib = given.storage.min_free_mib.or(file.storage.min_free_mib);
        let log_level =
            given.log.level.or(file.log.level).unwrap_or_else(|| DEFAULT_LOG.to_owned());
        if let Err(error) = log_level.parse::<tracing_subscriber::EnvFilter>() {
            return Err(ConfigError::Value(format!("log.level: {error}")));
        }
        Ok(Self {
            data_dir: given.data_dir.or(file.data_dir).unwrap_or_else(default_data_dir),
            listen: listen.unwrap_or_else(default_listen),
            public_url,
            cache_bytes: cache_mib << 20,
            min_free_bytes: min_free_mib.map(|mib| mib << 20),
            camera_rate: given.ingest.camera_rate.or(file.ingest.camera_rate).unwrap_or(200),
            camera_burst: given.ingest.camera_burst.or(file.ingest.camera_burst).unwrap_or(2_000),
            log_format: given.log.format.or(file.log.format).unwrap_or_default(),
            log_level,
        })
    }
}

fn read(path: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    toml::from_str(&text)
        .map_err(|source| ConfigError::Invalid { path: path.into(), source: Box::new(source) })
}

/// `./data` in a checkout, else the installed server's.
fn default_data_dir() -> PathBuf {
    if Path::new("data/catalog").is_dir() { "data".into() } else { DEFAULT_DATA_DIR.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Settings, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let text =
            "data_dir = '/srv/a'\n[http]\nlisten = ['127.0.0.1:1']\n[ingest]\ncamera_rate = 5\n";
        let given = Settings { data_dir: Some("/srv/b".into()), ..Settings::default() };
        let config = Config::merge(given, file(text).unwrap()).unwrap();
        assert_eq!(config.data_dir, Path::new("/srv/b"));
        assert_eq!(config.listen, ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!((config.camera_rate, config.camera_burst), (5, 2_000));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = file("[http]\nlisten = []\nport = 80\n").unwrap_err().to_string();
        assert!(error.contains("port") && error.contains("line 3"), "{error}");
    }

    #[test]
    fn unusable_values_are_refused() {
        for text in
            ["[http]\npublic_url = 'nvr'", "[storage]\ncache_mib = 1", "[log]\nlevel = 'a=b=c'"]
        {
            assert!(Config::merge(Settings::default(), file(text).unwrap()).is_err(), "{text}");
        }
    }
}

//! `[tls]`: how the server speaks TLS, and what of it is given.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::ConfigError;

/// Most names that may be given.
const NAMES_MAX: usize = 64;
/// Longest time that browsers are told to use TLS alone, days: two years.
const HSTS_DAYS_MAX: u32 = 730;

/// Where the server's certificate comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Nowhere: plain HTTP.
    #[default]
    Off,
    /// From files that somebody else writes.
    Files,
    /// From a certificate authority that the server makes for itself.
    OwnCa,
}

/// `[tls]`
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Where the server's certificate comes from: off (plain HTTP), files, own-ca [default: off]
    #[arg(
        id = "tls_mode",
        long = "tls",
        global = true,
        value_name = "MODE",
        env = "WATCHPOST_TLS"
    )]
    pub mode: Option<TlsMode>,
    /// Its certificate and those between it and the root, PEM, for mode files
    #[arg(
        id = "tls_certificate",
        long = "tls-certificate",
        global = true,
        value_name = "FILE",
        env = "WATCHPOST_TLS_CERTIFICATE",
        hide = true
    )]
    pub certificate: Option<PathBuf>,
    /// The certificate's private key, PEM without a password, for mode files
    #[arg(
        id = "tls_key",
        long = "tls-key",
        global = true,
        value_name = "FILE",
        env = "WATCHPOST_TLS_KEY",
        hide = true
    )]
    pub key: Option<PathBuf>,
    /// Further names and addresses that clients use, for mode own-ca; may be repeated
    #[arg(
        id = "tls_names",
        long = "tls-names",
        global = true,
        value_name = "NAME",
        env = "WATCHPOST_TLS_NAMES",
        value_delimiter = ',',
        hide = true
    )]
    pub names: Vec<String>,
    /// Days for which browsers are told to use TLS alone (HSTS), 0 = not at all [default: 0]
    #[arg(
        id = "tls_hsts_days",
        long = "tls-hsts-days",
        global = true,
        value_name = "DAYS",
        env = "WATCHPOST_TLS_HSTS_DAYS",
        hide = true
    )]
    pub hsts_days: Option<u32>,
}

/// The checked form of [`Tls`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TlsConfig {
    /// Plain HTTP.
    #[default]
    Off,
    /// A pair of files.
    Files {
        /// Certificate chain, PEM.
        certificate: PathBuf,
        /// Private key, PEM.
        key: PathBuf,
    },
    /// An own certificate authority.
    OwnCa {
        /// Names and addresses beside those of the machine.
        names: Vec<String>,
    },
}

impl TlsConfig {
    /// Whether the server speaks TLS.
    pub const fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// What `given` and `file` say together, and the days of HSTS.
pub(super) fn merge(given: Tls, file: Tls) -> Result<(TlsConfig, u32), ConfigError> {
    let bad = |text: String| Err(ConfigError::Value(text));
    let names = if given.names.is_empty() { file.names } else { given.names };
    if names.len() > NAMES_MAX {
        return bad(format!("tls.names has more than {NAMES_MAX} names"));
    }
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return bad(format!("tls.names: {name:?} is neither a host name nor an address"));
    }
    let hsts_days = given.hsts_days.or(file.hsts_days).unwrap_or(0);
    if hsts_days > HSTS_DAYS_MAX {
        return bad(format!("tls.hsts_days must be 0 to {HSTS_DAYS_MAX}"));
    }
    let certificate = given.certificate.or(file.certificate);
    let key = given.key.or(file.key);
    let tls = match given.mode.or(file.mode).unwrap_or_default() {
        TlsMode::Off => TlsConfig::Off,
        TlsMode::OwnCa => TlsConfig::OwnCa { names },
        TlsMode::Files => match (certificate, key) {
            (Some(certificate), Some(key)) => TlsConfig::Files { certificate, key },
            _ => {
                return bad(
                    "tls.mode = \"files\" needs tls.certificate and tls.key as well".to_owned()
                );
            }
        },
    };
    Ok((tls, hsts_days))
}

/// Whether a certificate can name it: an address, or a host name in letters, digits and hyphens.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(plain)
    };
    text.parse::<IpAddr>().is_ok()
        || (text.len() <= 253 && text.strip_prefix("*.").unwrap_or(text).split('.').all(label))
}

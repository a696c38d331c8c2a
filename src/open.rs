//! How a configuration opens a data directory: what the server and the commands share.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, TlsConfig};
use crate::domain::Origin;
use crate::service::clock::Clock;
use crate::service::device::Limits;
use crate::service::tls::{self, TlsError};
use crate::service::{self, Services};
use crate::store::{self, StoreError};

/// A failure with the status that the process ends with (operations.md 9.3).
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// 1 failed, 2 wrong usage, 3 data of a newer version, 4 damaged data, 5 in use.
    pub status: u8,
    /// One sentence for people.
    pub text: String,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        use crate::store::journal::JournalError;
        let status = match &error {
            StoreError::Newer { .. } => 3,
            StoreError::Damaged(_) | StoreError::Journal(JournalError::Damaged { .. }) => 4,
            StoreError::InUse => 5,
            _ => 1,
        };
        Self { status, text: error.to_string() }
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        Self { status: 1, text: error.to_string() }
    }
}

/// Opens the services over the configuration's data directory. Blocks.
///
/// # Errors
/// As [`Services::open`].
pub fn services(config: &Config) -> store::Result<Services> {
    let clock = Clock::system();
    let options = store::Options { now: clock.now(), ..store_options(config) };
    let settings = service::Settings::fixed(config.fixed.iter().cloned());
    let services = Services::open(&config.data_dir, options, settings, clock)?;
    let (allow, within) = (config.device_allow.clone(), config.device_timeout);
    services.devices.limit(Limits { allow, within });
    Ok(services)
}

/// Puts a backup in place of what the configuration's data directory holds. Blocks.
///
/// # Errors
/// As [`store::backup::restore`].
pub fn restore(
    config: &Config,
    file: &Path,
    passphrase: Option<String>,
) -> store::Result<store::backup::Restored> {
    let options = store::backup::RestoreOptions {
        passphrase,
        now: Clock::system().now(),
        cache_bytes: config.cache_bytes,
    };
    store::backup::restore(&config.data_dir, file, &options)
}

/// How the store of this configuration is opened.
fn store_options(config: &Config) -> store::Options {
    store::Options {
        cache_bytes: config.cache_bytes,
        min_free_bytes: config.min_free_bytes,
        backup_dir: config.backup_dir.clone(),
        on_fatal: Arc::new(|what| {
            tracing::error!("{what}; the process ends");
            std::process::exit(1);
        }),
        ..store::Options::default()
    }
}

/// The address that the command line puts into envelopes where none is set: the first one listened
/// to, a wildcard replaced by the host's name (product.md 6).
pub fn origin(config: &Config, listening: &[SocketAddr]) -> Origin {
    let address = listening.first().copied().unwrap_or_else(|| SocketAddr::from(([0; 4], 8080)));
    let host = if address.ip().is_unspecified() {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    } else if address.is_ipv6() {
        format!("[{}]", address.ip())
    } else {
        address.ip().to_string()
    };
    Origin { tls: config.tls.is_on(), host, port: Some(address.port()) }
}

/// Where the configured certificate comes from; `None` without TLS.
pub fn tls_mode(config: &Config) -> Option<tls::Mode> {
    match config.tls.clone() {
        TlsConfig::Off => None,
        TlsConfig::Files { certificate, key } => Some(tls::Mode::Files { certificate, key }),
        TlsConfig::OwnCa { names } => Some(tls::Mode::OwnCa { names }),
    }
}

/// Tests what a configuration names beside itself: the files of its certificate. Blocks.
///
/// # Errors
/// A [`Failure`].
pub fn check(config: &Config) -> Result<(), Failure> {
    if let TlsConfig::Files { certificate, key } = &config.tls {
        tls::check_files(certificate, key).map_err(Failure::from)?;
    }
    Ok(())
}

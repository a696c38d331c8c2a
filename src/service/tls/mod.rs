//! TLS: the certificate that the server shows, from files or from an authority of its own, and its
//! renewal while connections live (operations.md 6.1).

mod authority;
mod facts;
mod files;
mod machine;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use super::system::Health;
use super::{Core, Services};
use crate::domain::time::DAY_US;
use crate::domain::{Origin, Timestamp};
use crate::store::StoreError;
use authority::Authority;
pub use facts::Facts;

/// The only protocol spoken inside: HTTP/2 is not.
const PROTOCOLS: [&[u8]; 1] = [b"http/1.1"];
/// From how long before its end on somebody should look at a certificate that others write.
const ENDS_SOON_US: i64 = 14 * DAY_US;

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum Mode {
    /// From files that somebody else writes.
    Files {
        /// Certificate chain, PEM.
        certificate: PathBuf,
        /// Private key, PEM.
        key: PathBuf,
    },
    /// From an authority of the server's own.
    OwnCa {
        /// Names and addresses beside those of the machine.
        names: Vec<String>,
    },
}

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error("{}: {what}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A certificate could not be made.
    #[error("making a certificate: {0}")]
    Making(String),
    /// The data directory failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// What the server shows of its TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// `off`, `files` or `own-ca`.
    pub mode: &'static str,
    /// The certificate that clients see now.
    pub certificate: Option<Facts>,
    /// The authority behind it, if it is our own.
    pub authority: Option<Facts>,
}

/// A certificate with its key, ready to be shown.
#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    facts: Facts,
}

/// The certificate that new connections are shown: renewed in place.
#[derive(Debug, Default)]
struct Current(ArcSwapOption<Shown>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|shown| Arc::clone(&shown.key))
    }
}

#[derive(Debug)]
enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    Authority { authority: Box<Authority>, names: Vec<String> },
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Tls {
    core: Arc<Core>,
    current: Arc<Current>,
    source: Arc<OnceLock<Source>>,
    /// Held while the certificate is replaced: by a signal, or because it ends.
    renewing: Arc<Mutex<()>>,
}

impl Tls {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, current: Arc::default(), source: Arc::default(), renewing: Arc::default() }
    }

    /// Gets a certificate, and gives how connections are to be secured with it and those that follow it.
    /// To be called once. Blocks.
    ///
    /// # Errors
    /// [`TlsError`]: there is no certificate that could be shown.
    ///
    /// # Panics
    /// Never: the provider has suites for both versions.
    pub fn begin(&self, mode: Mode) -> Result<Arc<ServerConfig>, TlsError> {
        let source = match mode {
            Mode::Files { certificate, key } => Source::Files { certificate, key },
            Mode::OwnCa { names } => {
                let authority = Authority::open(self.core.store.dir(), self.core.clock.now())?;
                Source::Authority { authority: Box::new(authority), names }
            }
        };
        let source = self.source.get_or_init(|| source);
        if let Source::Authority { authority, .. } = source {
            let facts = authority.facts();
            tracing::info!(fingerprint.sha256 = %facts.fingerprint, "the own CA: {}", facts.subject);
        }
        self.renew()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }

    /// Reads the files anew, or renews the own certificate where that is due. New connections see the new
    /// one; what is wrong with it leaves the old one in place. Blocks.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn renew(&self) -> Result<(), TlsError> {
        let _alone = self.alone();
        match self.source.get() {
            None => Ok(()),
            Some(Source::Files { certificate, key }) => {
                let (key, facts) = files::load(certificate, key)?;
                let now = self.core.clock.now();
                if !(facts.not_before..facts.not_after).contains(&now) {
                    let (from, to) = (facts.not_before.rfc3339(), facts.not_after.rfc3339());
                    tracing::warn!("the certificate is good from {from} to {to}, not now");
                }
                self.show(key, facts);
                Ok(())
            }
            Some(Source::Authority { .. }) => self.renew_own(),
        }
    }

    /// Renews the own certificate where that is due; to be called now and then. Blocks for a moment.
    ///
    /// # Errors
    /// [`TlsError`]; the one shown so far goes on being shown.
    pub fn pass(&self) -> Result<(), TlsError> {
        match self.source.get() {
            Some(Source::Authority { .. }) => {
                let _alone = self.alone();
                self.renew_own()
            }
            _ => Ok(()),
        }
    }

    fn renew_own(&self) -> Result<(), TlsError> {
        let Some(Source::Authority { authority, names }) = self.source.get() else { return Ok(()) };
        let settings = self.core.catalogue().settings.clone();
        let public = settings.public_url().and_then(Origin::from_url).map(|origin| origin.host);
        let wanted = machine::names(names, public.as_deref());
        let shown = self.current.0.load();
        let (key, facts) = match shown.as_deref() {
            // The pass of every minute: what is shown is looked at, not the disk.
            Some(shown) if !authority::is_due(&shown.facts, &wanted, self.core.clock.now()) => {
                return Ok(());
            }
            _ => authority.certificate(self.core.store.dir(), &wanted, self.core.clock.now())?,
        };
        self.show(key, facts);
        Ok(())
    }

    fn show(&self, key: CertifiedKey, facts: Facts) {
        let is_new = self.current.0.load().as_ref().is_none_or(|shown| shown.facts != facts);
        if is_new {
            let (until, names) = (facts.not_after.rfc3339(), facts.names.join(", "));
            let print = &facts.fingerprint;
            tracing::info!(fingerprint.sha256 = %print, %until, "the certificate is for {names}");
            self.current.0.store(Some(Arc::new(Shown { key: Arc::new(key), facts })));
        }
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.renewing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the server shows.
    pub fn report(&self) -> Report {
        let shown = self.current.0.load();
        let (mode, authority) = match self.source.get() {
            None => ("off", None),
            Some(Source::Files { .. }) => ("files", None),
            Some(Source::Authority { authority, .. }) => ("own-ca", Some(authority.facts())),
        };
        let certificate = shown.as_ref().map(|shown| shown.facts.clone());
        Report { mode, certificate, authority: authority.cloned() }
    }

    /// How the certificate does, for people; `None` without TLS.
    pub(super) fn health(&self) -> Option<(Health, String)> {
        let shown = self.current.0.load_full()?;
        Some(health(&shown.facts, self.core.clock.now()))
    }

    /// The own authority of this data directory: what is known of it, and its certificate as PEM. Also
    /// where this process serves nothing. Blocks.
    ///
    /// # Errors
    /// [`TlsError`]: there is one and it cannot be read.
    pub fn authority(&self) -> Result<Option<(Facts, String)>, TlsError> {
        if let Some(Source::Authority { authority, .. }) = self.source.get() {
            return Ok(Some((authority.facts().clone(), authority.pem().to_owned())));
        }
        let found = Authority::read(self.core.store.dir())?;
        Ok(found.map(|authority| (authority.facts().clone(), authority.pem().to_owned())))
    }

    /// The same of the authority that this server shows, for whoever is to trust it.
    pub fn shown_authority(&self) -> Option<String> {
        match self.source.get() {
            Some(Source::Authority { authority, .. }) => Some(authority.pem().to_owned()),
            _ => None,
        }
    }
}

impl Services {
    /// [`Tls::pass`], where it may block.
    ///
    /// # Errors
    /// [`TlsError`].
    pub async fn renew_certificate(&self) -> Result<(), TlsError> {
        let tls = self.tls.clone();
        let passed = tokio::task::spawn_blocking(move || tls.pass()).await;
        passed.unwrap_or_else(|error| Err(TlsError::Making(error.to_string())))
    }

    /// [`Tls::renew`], where it may block.
    ///
    /// # Errors
    /// [`TlsError`].
    pub async fn reload_certificate(&self) -> Result<(), TlsError> {
        let tls = self.tls.clone();
        let renewed = tokio::task::spawn_blocking(move || tls.renew()).await;
        renewed.unwrap_or_else(|error| Err(TlsError::Making(error.to_string())))
    }
}

/// Tests a pair of files as the start does. Blocks.
///
/// # Errors
/// [`TlsError`].
pub fn check_files(certificate: &Path, key: &Path) -> Result<(), TlsError> {
    files::load(certificate, key).map(drop)
}

fn health(facts: &Facts, now: Timestamp) -> (Health, String) {
    let until = facts.not_after.rfc3339();
    if now >= facts.not_after {
        (Health::Fail, format!("ended {until}"))
    } else if now < facts.not_before {
        (Health::Fail, format!("is not good before {}", facts.not_before.rfc3339()))
    } else if facts.not_after.0 - now.0 < ENDS_SOON_US {
        (Health::Warn, format!("ends {until}"))
    } else {
        (Health::Ok, format!("good until {until}"))
    }
}

#[cfg(test)]
mod tests;

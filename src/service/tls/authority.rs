//! A certificate authority of this installation alone: made at its first start, its key in the data
//! directory, so that a site without any other has TLS that clients can check.

use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use super::{Facts, TlsError, files};
use crate::domain::Timestamp;
use crate::domain::time::{DAY_US, SECOND_US};
use crate::service::clock_watch::BUILT;
use crate::store::{self, TlsFile};

/// From when on the authority is good: long ago, for clients whose clock is behind.
const AUTHORITY_FROM: Timestamp = Timestamp(1_577_836_800 * SECOND_US); // 2020-01-01
/// How long the authority lasts, from its making: longer than the machine it runs on.
const AUTHORITY_LASTS_US: i64 = 20 * 365 * DAY_US;
/// How long a certificate lasts, all told: what browsers and phones accept (398 days).
const LASTS_US: i64 = 397 * DAY_US;
/// How long before its making it is good already, for clients whose clock is behind.
const BEFORE_US: i64 = 2 * DAY_US;
/// How long before its end it is renewed.
const RENEWED_BEFORE_US: i64 = 30 * DAY_US;

/// See the module.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
    facts: Facts,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Authority {
    /// The authority of this data directory, made if there is none.
    pub fn open(dir: &Path, now: Timestamp) -> Result<Self, TlsError> {
        if let Some(found) = Self::read(dir)? {
            return Ok(found);
        }
        let text = make(now)?;
        store::put_tls_file(dir, TlsFile::Authority, &text)?;
        let made = Self::parse(&text).map_err(TlsError::Making)?;
        tracing::info!("a certificate authority was made: {}", made.facts.subject);
        Ok(made)
    }

    /// The authority of this data directory, if there is one.
    pub fn read(dir: &Path) -> Result<Option<Self>, TlsError> {
        let Some(text) = store::tls_file(dir, TlsFile::Authority)? else { return Ok(None) };
        Self::parse(&text).map(Some).map_err(|what| TlsError::Unusable {
            path: dir.join(TlsFile::Authority.name()),
            what: format!(
                "{what}; bring the file back, or remove it: there is a new CA then, that every \
                 client has to be told to trust"
            ),
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (_, facts) = files::pair(text.as_bytes(), text.as_bytes()).map_err(|(_, what)| what)?;
        let der = CertificateDer::from_pem_slice(text.as_bytes())
            .map_err(|error| format!("its certificate cannot be read ({error})"))?;
        let key = KeyPair::from_pem(text).map_err(|error| format!("its key: {error}"))?;
        let issuer = Issuer::from_ca_cert_der(&der, key)
            .map_err(|error| format!("it is no certificate authority ({error})"))?;
        Ok(Self { issuer, der, pem: public(text).to_owned(), facts })
    }

    /// What is to be told of it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Its certificate, without its key: what clients are to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The certificate kept in the data directory as long as it will do, else a new one.
    pub fn certificate(
        &self,
        dir: &Path,
        names: &[String],
        now: Timestamp,
    ) -> Result<(CertifiedKey, Facts), TlsError> {
        let kept = match store::tls_file(dir, TlsFile::Certificate)? {
            None => None,
            Some(text) => match files::pair(text.as_bytes(), text.as_bytes()) {
                // One of an authority that was removed is of no use.
                Ok((pair, facts)) => (pair.cert.last() == Some(&self.der)).then_some((pair, facts)),
                Err((_, what)) => {
                    tracing::warn!("the kept certificate is left out: {what}");
                    None
                }
            },
        };
        let began = kept.as_ref().map(|(_, facts)| facts.not_before);
        match kept {
            Some((pair, facts)) if !is_due(&facts, names, now) => return Ok((pair, facts)),
            _ => {}
        }
        let text = self.issue(names, begin(began, now))?;
        store::put_tls_file(dir, TlsFile::Certificate, &text)?;
        files::pair(text.as_bytes(), text.as_bytes()).map_err(|(_, what)| TlsError::Making(what))
    }

    /// A new key and its certificate, with the authority's behind it.
    fn issue(&self, names: &[String], begin: Timestamp) -> Result<String, TlsError> {
        let mut params = CertificateParams::new(names.to_vec()).map_err(making)?;
        params.distinguished_name = named("Watchpost server");
        lasts(&mut params, begin, Timestamp(begin.0 + LASTS_US));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(making)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(making)?;
        Ok(format!("{}{}{}", key.serialize_pem(), certificate.pem(), self.pem))
    }
}

/// Whether a certificate has to be renewed: it ends, begins in the future, or lacks a name. Names that it
/// has beyond those do no harm: an address may come back.
///
/// By a clock that stands before the day of the build nothing is known of its end.
pub(super) fn is_due(facts: &Facts, names: &[String], now: Timestamp) -> bool {
    let is_time =
        now >= BUILT && (now < facts.not_before || now.0 >= facts.not_after.0 - RENEWED_BEFORE_US);
    is_time || names.iter().any(|name| !facts.names.contains(name))
}

/// From when on a new certificate is good. A clock before the day of the build is wrong: then that day
/// counts, or the begin of the one before it.
fn begin(before: Option<Timestamp>, now: Timestamp) -> Timestamp {
    if now >= BUILT {
        return Timestamp(now.0 - BEFORE_US);
    }
    before.map_or(BUILT, |before| before.max(BUILT))
}

/// A new authority: its key and its certificate, PEM.
fn make(now: Timestamp) -> Result<String, TlsError> {
    let key = KeyPair::generate().map_err(making)?;
    let digest = Sha256::digest(key.public_key_raw());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host: String = host.chars().filter(char::is_ascii_graphic).take(32).collect();
    let tail = format!("{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2]);
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("Watchpost CA {host} {tail}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lasts(&mut params, AUTHORITY_FROM, Timestamp(now.max(BUILT).0 + AUTHORITY_LASTS_US));
    let certificate = params.self_signed(&key).map_err(making)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::OrganizationName, "Watchpost");
    named.push(DnType::CommonName, name);
    named
}

fn lasts(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let since_1970 = |time: Timestamp| Duration::from_micros(time.0.max(0).unsigned_abs());
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_1970(from);
    params.not_after = epoch + since_1970(until);
}

/// The certificate of a text that has a key before it.
fn public(text: &str) -> &str {
    text.find("-----BEGIN CERTIFICATE-----").map_or("", |at| &text[at..])
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn making(error: rcgen::Error) -> TlsError {
    TlsError::Making(error.to_string())
}

//! What is to be told of a certificate.

use std::fmt::Write as _;
use std::net::IpAddr;

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use crate::domain::Timestamp;
use crate::domain::time::SECOND_US;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whom it names as its subject.
    pub subject: String,
    /// Host names and addresses that it is for, as it lists them.
    pub names: Vec<String>,
    /// From when on it is good.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// SHA-256 of it, as `AB:CD:…`: what two people compare.
    pub fingerprint: String,
}

impl Facts {
    /// Reads a certificate in DER; the error is for people.
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = parse_x509_certificate(der)
            .map_err(|error| format!("this is no X.509 certificate ({error})"))?;
        let alternatives = certificate
            .subject_alternative_name()
            .map_err(|error| format!("its names cannot be read ({error})"))?;
        let alternatives = alternatives.iter().flat_map(|found| &found.value.general_names);
        let at = |time: &x509_parser::time::ASN1Time| {
            Timestamp(time.timestamp().saturating_mul(SECOND_US))
        };
        Ok(Self {
            subject: certificate.subject().to_string(),
            names: alternatives.filter_map(name).collect(),
            not_before: at(&certificate.validity().not_before),
            not_after: at(&certificate.validity().not_after),
            fingerprint: fingerprint(der),
        })
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn fingerprint(der: &[u8]) -> String {
    let mut text = String::with_capacity(95);
    for byte in Sha256::digest(der) {
        let colon = if text.is_empty() { "" } else { ":" };
        let _ = write!(text, "{colon}{byte:02X}"); // writing to a String does not fail
    }
    text
}

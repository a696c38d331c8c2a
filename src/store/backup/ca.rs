//! The server's own certificate authority in a backup: sealed as the secret key is, and restored with it.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Manifest, hex};
use crate::store::error::Result;
use crate::store::files::{self, TlsFile};

/// What became of the certificate authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaOutcome {
    /// The backup's server had none.
    None,
    /// The one of the backup was there already.
    Same,
    /// The one in the backup is in place; there was none.
    Restored,
    /// The one in the backup is in place of another, which is with the former data.
    Replaced,
    /// Another one is there, or none, and then the next start makes one: clients have to be told to trust it.
    Other,
}

/// The authority of a data directory: its key and its certificate.
pub(super) fn of(dir: &Path) -> Result<Option<String>> {
    files::tls_file(dir, TlsFile::Authority)
}

/// What tells authorities apart: a hash of the certificate, which is public.
pub(super) fn fingerprint(text: &str) -> String {
    let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap_or_default();
    let mut hash = Sha256::new_with_prefix(b"watchpost tls-ca.pem");
    for line in text[begin..].split_ascii_whitespace() {
        hash.update(line); // however its lines end
    }
    hex(&hash.finalize()[..8])
}

/// What becomes of it, where `here` is there and `sealed` was in the backup and could be opened.
pub(super) fn outcome(manifest: &Manifest, here: Option<&str>, sealed: Option<&str>) -> CaOutcome {
    // A backup from before fingerprints does not tell: what is there is taken for its own.
    let is_known =
        |here| manifest.ca_fingerprint.is_empty() || fingerprint(here) == manifest.ca_fingerprint;
    match (here, sealed) {
        _ if !manifest.own_ca => CaOutcome::None,
        (Some(here), Some(sealed)) if here == sealed => CaOutcome::Same,
        (Some(_), Some(_)) => CaOutcome::Replaced,
        (None, Some(_)) => CaOutcome::Restored,
        (Some(here), None) if is_known(here) => CaOutcome::Same,
        (_, None) => CaOutcome::Other,
    }
}

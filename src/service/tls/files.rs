//! Certificate and key from files that somebody else writes.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::{Facts, TlsError};

/// Longest file: a chain of certificates has a few kilobytes.
const BYTES_MAX: u64 = 1 << 20;
/// Most certificates of a chain.
const CHAIN_MAX: usize = 10;

/// Reads a pair and makes sure that it is one.
pub(super) fn load(certificate: &Path, key: &Path) -> Result<(CertifiedKey, Facts), TlsError> {
    let chain = read(certificate)?;
    let secret = read(key)?;
    let open = File::open(key).and_then(|file| file.metadata());
    if open.is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0) {
        tracing::warn!(file = %key.display(), "everybody on this machine can read the private key");
    }
    pair(&chain, &secret).map_err(|(part, what)| {
        let path = if part == Part::Key { key } else { certificate };
        TlsError::Unusable { path: path.to_owned(), what }
    })
}

/// Which file is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Certificate,
    Key,
}

/// Makes a certificate with its key out of PEM texts; else which of them is wrong, and what.
pub(super) fn pair(chain: &[u8], key: &[u8]) -> Result<(CertifiedKey, Facts), (Part, String)> {
    let bad = |what: &str| (Part::Certificate, what.to_owned());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(&format!("the PEM text cannot be read ({error})")))?;
    let first = chain.first().ok_or_else(|| bad("there is no certificate in PEM form in it"))?;
    if chain.len() > CHAIN_MAX {
        return Err(bad("there are more than ten certificates in it"));
    }
    let facts = Facts::read(first).map_err(|what| bad(&what))?;
    let wrong = |what: String| (Part::Key, what);
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
        wrong(format!("there is no private key in PEM form, without a password, in it ({error})"))
    })?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|error| wrong(format!("the private key cannot be used ({error})")))?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok((pair, facts)),
        Err(Error::InconsistentKeys(_)) => {
            Err(wrong("the private key is not that of the certificate".to_owned()))
        }
        Err(error) => Err(bad(&format!("the certificate cannot be used ({error})"))),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    if bytes.len() as u64 > BYTES_MAX {
        let what = "it is too long".to_owned();
        return Err(TlsError::Unusable { path: path.to_owned(), what });
    }
    Ok(bytes)
}

//! The secret key, and the certificate authority, under a passphrase, in the age format (age-encryption.org/v1, one scrypt recipient):
//! `age --decrypt` opens it as well.
//!
//! Written here because what is needed is one recipient and one chunk; the crate that has all of the
//! format brings translations and public keys along.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::store::error::{Result, StoreError};

const VERSION_LINE: &str = "age-encryption.org/v1";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// Work of one passphrase: 64 MiB of memory, which a server with a limit of 512 MiB has.
const WORK_LOG2: u8 = 16;
/// Most work that is done to open a file: 1 GiB.
const WORK_LOG2_MAX: u8 = 20;
/// How long a passphrase may be, bytes.
pub const PASSPHRASE_BYTES: std::ops::RangeInclusive<usize> = 12..=1_024;

/// `plain` (less than 64 KiB) under `passphrase`. Costs a fifth of a second and 64 MiB.
///
/// # Errors
/// [`StoreError::Failed`]: the passphrase is too short or too long, or there are no random numbers.
pub(super) fn seal(plain: &[u8], passphrase: &str) -> Result<Vec<u8>> {
    if !PASSPHRASE_BYTES.contains(&passphrase.len()) {
        let (shortest, longest) = (PASSPHRASE_BYTES.start(), PASSPHRASE_BYTES.end());
        let text = format!("the passphrase must have {shortest} to {longest} bytes");
        return Err(StoreError::Failed(text));
    }
    let (mut salt, mut file_key, mut nonce) = ([0; 16], [0; 16], [0; 16]);
    for bytes in [&mut salt, &mut file_key, &mut nonce] {
        getrandom::fill(bytes)
            .map_err(|error| StoreError::Failed(format!("no random numbers: {error}")))?;
    }
    let wrap = wrapping_key(passphrase, &salt, WORK_LOG2)?;
    let wrapped = cipher(&wrap).encrypt(&Nonce::default(), file_key.as_slice()).map_err(sealing)?;
    let head = format!(
        "{VERSION_LINE}\n-> scrypt {} {WORK_LOG2}\n{}\n---",
        BASE64.encode(salt),
        BASE64.encode(wrapped)
    );
    let mac = mac(&file_key, head.as_bytes()).finalize().into_bytes();
    let mut sealed = format!("{head} {}\n", BASE64.encode(mac)).into_bytes();
    sealed.extend(nonce);
    let payload = cipher(&derived(&file_key, &nonce, b"payload"));
    sealed.extend(payload.encrypt(&last_chunk(), plain).map_err(sealing)?);
    Ok(sealed)
}

/// What was sealed; `None` if the passphrase is another one.
///
/// # Errors
/// [`StoreError::Damaged`].
pub(super) fn open(sealed: &[u8], passphrase: &str) -> Result<Option<Vec<u8>>> {
    let damaged = || StoreError::Damaged("what is sealed cannot be read".to_owned());
    let mut lines = sealed.splitn(5, |byte| *byte == b'\n');
    let mut line = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let (Some(version), Some(stanza), Some(body), Some(end)) = (line(), line(), line(), line())
    else {
        return Err(damaged());
    };
    let mut words = stanza.strip_prefix("-> scrypt ").ok_or_else(damaged)?.split(' ');
    let salt = words.next().and_then(|salt| BASE64.decode(salt).ok()).ok_or_else(damaged)?;
    let work: u8 = words.next().and_then(|work| work.parse().ok()).ok_or_else(damaged)?;
    let wrapped = BASE64.decode(body).map_err(|_| damaged())?;
    let told = end.strip_prefix("--- ").and_then(|mac| BASE64.decode(mac).ok());
    let told = told.ok_or_else(damaged)?;
    let rest = lines.next().filter(|rest| rest.len() > 16).ok_or_else(damaged)?;
    if version != VERSION_LINE || salt.len() != 16 || work > WORK_LOG2_MAX {
        return Err(damaged());
    }
    let wrap = wrapping_key(passphrase, &salt, work)?;
    let Ok(file_key) = cipher(&wrap).decrypt(&Nonce::default(), wrapped.as_slice()) else {
        return Ok(None);
    };
    let head_bytes = sealed.len() - rest.len() - (end.len() + 1) + 3;
    mac(&file_key, &sealed[..head_bytes]).verify_slice(&told).map_err(|_| damaged())?;
    let (nonce, chunk) = rest.split_at(16);
    let payload = cipher(&derived(&file_key, nonce, b"payload"));
    payload.decrypt(&last_chunk(), chunk).map(Some).map_err(|_| damaged())
}

fn wrapping_key(passphrase: &str, salt: &[u8], work: u8) -> Result<[u8; 32]> {
    let salt = [SCRYPT_LABEL, salt].concat();
    let params = scrypt::Params::new(work, 8, 1).map_err(|_| sealing("work"))?;
    let mut key = [0; 32];
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut key).map_err(sealing)?;
    Ok(key)
}

fn mac(file_key: &[u8], head: &[u8]) -> Hmac<Sha256> {
    let key = derived(file_key, &[], b"header");
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key)
        .expect("HMAC takes keys of any length");
    mac.update(head);
    mac
}

fn derived(file_key: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), file_key)
        .expand(info, &mut key)
        .expect("32 bytes can be derived");
    key
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*key).into())
}

/// Nonce of the only chunk: number 0, and the last one.
fn last_chunk() -> Nonce {
    let mut nonce = [0; 12];
    nonce[11] = 1;
    nonce.into()
}

fn sealing(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("sealing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_only() {
        let sealed = seal(&[7; 32], "a long passphrase").unwrap();
        assert_eq!(open(&sealed, "a long passphrase").unwrap(), Some(vec![7; 32]));
        assert_eq!(open(&sealed, "a long passphrasE").unwrap(), None);
        assert!(seal(&[7; 32], "short").is_err());
    }

    #[test]
    fn a_changed_byte_opens_nothing() {
        let sealed = seal(b"key", "a long passphrase").unwrap();
        // Those whose change is found before the passphrase is worked on, and some others.
        for at in (0..sealed.len()).filter(|at| *at < 30 || at % 23 == 0) {
            let mut bad = sealed.clone();
            bad[at] ^= 2;
            assert!(!matches!(open(&bad, "a long passphrase"), Ok(Some(_))), "byte {at}");
        }
        for length in 0..30 {
            assert!(open(&sealed[..length], "a long passphrase").is_err());
        }
    }
}

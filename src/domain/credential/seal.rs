//! Passwords of cameras: what must be read again to be used, sealed with the installation's own key.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::Mac;

use super::SecretKey;
use crate::domain::CameraId;

/// Random bytes of one sealing; with so many, chance never repeats them.
pub type SealNonce = [u8; 24];

/// What sets the key of camera passwords apart from everything else that is made of `secret.key`. No
/// credential's message begins like this.
const LABEL: &[u8] = b"watchpost camera password, format 1";

/// A password of a camera, as its device takes it. Shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraPassword(pub String);

/// A camera's password as it is stored: `nonce: 24 bytes | ciphertext | tag: 16 bytes`
/// (XChaCha20-Poly1305), good for that camera only.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl SecretKey {
    /// Seals a camera's password. `nonce` must be random.
    #[expect(clippy::missing_panics_doc, reason = "the cipher takes whatever fits into memory")]
    pub fn seal(&self, camera: CameraId, nonce: &SealNonce, password: &CameraPassword) -> Sealed {
        let payload = Payload { msg: password.0.as_bytes(), aad: &camera.0.to_be_bytes() };
        let sealed = self
            .sealer()
            .encrypt(&XNonce::from(*nonce), payload)
            .expect("a password is shorter than 256 GiB");
        Sealed([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Self::seal`] made for the same camera; `None` if it was made with another
    /// installation's key, for another camera, or is damaged.
    pub fn unseal(&self, camera: CameraId, sealed: &Sealed) -> Option<CameraPassword> {
        let (nonce, text) = sealed.0.split_first_chunk::<24>()?;
        let payload = Payload { msg: text, aad: &camera.0.to_be_bytes() };
        let opened = self.sealer().decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(opened).ok().map(CameraPassword)
    }

    fn sealer(&self) -> XChaCha20Poly1305 {
        let mut mac = self.0.clone();
        mac.update(LABEL);
        let key: [u8; 32] = mac.finalize().into_bytes().into();
        XChaCha20Poly1305::new(&key.into())
    }
}

impl fmt::Debug for CameraPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CameraPassword(..)")
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_with_its_key_for_its_camera_only() {
        let (key, password) = (SecretKey::new([7; 32]), CameraPassword("geh heim ☂".into()));
        let sealed = key.seal(CameraId(3), &[1; 24], &password);
        assert_eq!(key.unseal(CameraId(3), &sealed), Some(password.clone()));
        assert_eq!(key.unseal(CameraId(4), &sealed), None);
        assert_eq!(SecretKey::new([8; 32]).unseal(CameraId(3), &sealed), None);
        assert_ne!(key.seal(CameraId(3), &[2; 24], &password), sealed);
        let plain = password.0.as_bytes();
        assert!(!sealed.0.windows(plain.len()).any(|bytes| bytes == plain));
    }

    #[test]
    fn a_damaged_one_does_not_open() {
        let key = SecretKey::new([7; 32]);
        let sealed = key.seal(CameraId(3), &[1; 24], &CameraPassword("secret".into()));
        for at in 0..sealed.0.len() {
            let mut bytes = sealed.0.clone();
            bytes[at] ^= 1;
            assert_eq!(key.unseal(CameraId(3), &Sealed(bytes)), None, "{at}");
            assert_eq!(key.unseal(CameraId(3), &Sealed(sealed.0[..at].to_vec())), None, "{at}");
        }
    }

    #[test]
    fn nothing_shows_it() {
        let password = CameraPassword("secret".into());
        let sealed = SecretKey::new([7; 32]).seal(CameraId(3), &[1; 24], &password);
        assert_eq!(format!("{password:?} {sealed:?}"), "CameraPassword(..) Sealed(..)");
    }
}

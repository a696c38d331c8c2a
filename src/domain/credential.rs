//! Credentials: secrets that are derived, not stored, and the envelopes that carry them.

mod seal;

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::attachment::{self, Purpose};
use super::{CameraId, EventId, Timestamp};
pub use seal::{CameraPassword, SealNonce, Sealed};

/// Characters of a secret's MAC: 22 base62 digits hold 128 bits.
const MAC_CHARS: usize = 22;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a credential stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One camera's access or ingest token.
    Token,
    /// A group of cameras.
    Group,
    /// The whole account.
    Key,
}

impl Kind {
    /// `t`, `g` or `k`, as in a secret.
    pub const fn letter(self) -> char {
        match self {
            Self::Token => 't',
            Self::Group => 'g',
            Self::Key => 'k',
        }
    }
}

/// What a credential lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Everything on its cameras.
    All,
    /// Reading.
    Watch,
    /// Delivering events of one camera, nothing else.
    Ingest,
    /// Reading `/metrics`, nothing else.
    Metrics,
}

impl Access {
    /// The word on the wire and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Watch => "watch",
            Self::Ingest => "ingest",
            Self::Metrics => "metrics",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::All, Self::Watch, Self::Ingest, Self::Metrics].into_iter().find(|a| a.word() == word)
    }
}

/// Random bytes of a credential's row; a new one makes a new secret.
pub type Nonce = [u8; 16];

/// A credential's row: everything but the secret, which is derived from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// What it stands for.
    pub kind: Kind,
    /// Its number, unique over all kinds, never reused.
    pub id: u32,
    /// What it allows.
    pub access: Access,
    /// What its secret is derived from.
    pub nonce: Nonce,
    /// The nonce before a rotation, and when the secret from it ends.
    pub former: Option<(Nonce, Timestamp)>,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    /// Name of a group or a key; empty for a token.
    pub name: String,
    /// A token's camera, a group's cameras; empty for a key.
    pub cameras: Vec<CameraId>,
}

/// When a credential was last used, to the minute, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// The address that the request came from.
    pub from: Option<IpAddr>,
}

/// The installation's own secret, `secret.key` in the data directory.
///
/// Kept as HMAC's state behind the key, 320 bytes: every request proves a credential, and half of such a
/// short message's cost is the key.
#[derive(Clone)]
pub struct SecretKey(Hmac<Sha256>);

impl SecretKey {
    /// Takes 32 random bytes.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&bytes).expect("HMAC takes a key of any length"))
    }

    /// The secret of a credential: `wp.<kind><id>.<mac>`, mac = the first 128 bits of
    /// HMAC-SHA-256(key, kind ‖ id ‖ access ‖ nonce) in base62 (product.md 6).
    pub fn secret(&self, kind: Kind, id: u32, access: Access, nonce: &Nonce) -> String {
        let mac = self.mac(kind, id, access, nonce);
        format!("wp.{}{id}.{}", kind.letter(), base62(mac))
    }

    /// Whether `claim` is the secret of this credential, in constant time.
    pub fn proves(&self, claim: &Claim, access: Access, nonce: &Nonce) -> bool {
        let mac = self.mac(claim.kind, claim.id, access, nonce);
        bool::from(mac.to_be_bytes().ct_eq(&claim.mac.to_be_bytes()))
    }

    /// The signature of an address of an event's picture or metadata file.
    pub fn file_signature(&self, id: EventId, purpose: Purpose, until: Timestamp) -> String {
        base62(self.head_of(&[attachment::signed_text(id, purpose, until).as_bytes()]))
    }

    /// Whether `signature` is that of this address, in constant time. When it ends is the caller's to ask.
    pub fn proves_file(
        &self,
        signature: &str,
        id: EventId,
        purpose: Purpose,
        until: Timestamp,
    ) -> bool {
        let wanted = self.file_signature(id, purpose, until);
        bool::from(wanted.as_bytes().ct_eq(signature.as_bytes()))
    }

    fn mac(&self, kind: Kind, id: u32, access: Access, nonce: &Nonce) -> u128 {
        let letter = [kind.letter() as u8];
        self.head_of(&[&letter, &id.to_be_bytes(), access.word().as_bytes(), nonce])
    }

    /// The first 128 bits of HMAC-SHA-256(key, parts in a row).
    fn head_of(&self, parts: &[&[u8]]) -> u128 {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        let bytes = mac.finalize().into_bytes();
        let mut head = [0; 16];
        head.copy_from_slice(&bytes[..16]);
        u128::from_be_bytes(head)
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// The member of an envelope that counts.
#[derive(Deserialize)]
struct Carrier {
    token: String,
}

/// What a presented secret says it is; proven by [`SecretKey::proves`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The kind of credential.
    pub kind: Kind,
    /// Its row.
    pub id: u32,
    mac: u128,
}

impl Claim {
    /// Reads a presented credential: a bare secret, or the base64 envelope around one.
    ///
    /// A blank in base64 is a `+` that a query string lost.
    pub fn read(presented: &str) -> Option<Self> {
        let presented = presented.trim();
        if presented.starts_with("wp.") {
            return Self::parse(presented);
        }
        let text = presented.replace(' ', "+");
        let json = STANDARD.decode(text).ok()?;
        Self::parse(&serde_json::from_slice::<Carrier>(&json).ok()?.token)
    }

    fn parse(secret: &str) -> Option<Self> {
        let (head, mac) = secret.strip_prefix("wp.")?.split_once('.')?;
        let mut chars = head.chars();
        let letter = chars.next()?;
        let kind =
            [Kind::Token, Kind::Group, Kind::Key].into_iter().find(|k| k.letter() == letter)?;
        let id = chars.as_str();
        let canonical =
            !id.is_empty() && !id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit());
        let id = canonical.then(|| id.parse().ok()).flatten()?;
        Some(Self { kind, id, mac: from_base62(mac)? })
    }
}

/// VXG's access token: JSON that says where the API is and for which camera, in standard base64.
///
/// Members and their readers: API contract 1.2. Without `camid` it is a group token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Envelope {
    /// The secret.
    pub token: String,
    /// The camera; absent in a group token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camid: Option<u32>,
    /// VXG's camera manager; always the camera's own number here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmngrid: Option<u32>,
    /// `all` or `watch`.
    pub access: &'static str,
    /// Host of the API, no scheme, no port.
    pub api: String,
    /// HTTP port of the API; absent where it is TLS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_p: Option<u16>,
    /// HTTPS port of the API; absent where there is no TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_sp: Option<u16>,
    /// Host of the camera WebSocket.
    pub cam: String,
    /// WebSocket port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cam_p: Option<u16>,
    /// TLS WebSocket port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cam_sp: Option<u16>,
}

/// Where clients reach the server: what an envelope and absolute URLs are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `https` rather than `http`.
    pub tls: bool,
    /// Host name or address, IPv6 in brackets.
    pub host: String,
    /// Port, if it is not the scheme's own.
    pub port: Option<u16>,
}

impl Origin {
    /// Reads `http[s]://host[:port][/…]`.
    pub fn from_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let tls = match scheme {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        Self::from_authority(tls, rest.split('/').next()?)
    }

    /// Reads `host[:port]`, as in a `Host` header.
    pub fn from_authority(tls: bool, authority: &str) -> Option<Self> {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            _ => (authority, None),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._[]:%".contains(c);
        let is_host = !host.is_empty() && host.len() <= 255 && host.chars().all(plain);
        is_host.then(|| Self { tls, host: host.to_owned(), port })
    }

    /// Whether both name the same server in the same way; a port left out is the scheme's own.
    pub fn is_same(&self, other: &Self) -> bool {
        let port = |origin: &Self| origin.port.unwrap_or(if origin.tls { 443 } else { 80 });
        self.tls == other.tls
            && self.host.eq_ignore_ascii_case(&other.host)
            && port(self) == port(other)
    }

    /// `http[s]://host[:port]`, without a final slash.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }
}

impl Envelope {
    /// The envelope around a credential's secret, for clients that reach the server at `origin`.
    pub fn new(credential: &Credential, secret: String, origin: &Origin) -> Self {
        let camera = match credential.kind {
            Kind::Token => credential.cameras.first().map(|camera| camera.0),
            Kind::Group | Kind::Key => None,
        };
        let port = origin.port.unwrap_or(if origin.tls { 443 } else { 80 });
        let (plain, tls) = if origin.tls { (None, Some(port)) } else { (Some(port), None) };
        Self {
            token: secret,
            camid: camera,
            cmngrid: camera,
            access: credential.access.word(),
            api: origin.host.clone(),
            api_p: plain,
            api_sp: tls,
            cam: origin.host.clone(),
            cam_p: plain,
            cam_sp: tls,
        }
    }

    /// Standard base64 with padding, as clients decode it.
    ///
    /// # Panics
    /// Never: strings and numbers always have a JSON form.
    pub fn encode(&self) -> String {
        STANDARD.encode(serde_json::to_vec(self).expect("an envelope always has a JSON form"))
    }
}

fn base62(mut value: u128) -> String {
    let mut digits = [b'0'; MAC_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[usize::try_from(value % 62).expect("a remainder of 62 fits")];
        value /= 62;
    }
    String::from_utf8_lossy(&digits).into_owned()
}

fn from_base62(text: &str) -> Option<u128> {
    if text.len() != MAC_CHARS {
        return None;
    }
    text.bytes().try_fold(0u128, |sum, byte| {
        let digit = BASE62.iter().position(|b| *b == byte)?;
        sum.checked_mul(62)?.checked_add(digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SecretKey {
        SecretKey::new([7; 32])
    }

    #[test]
    fn a_secret_proves_only_its_own_row() {
        let nonce = [1; 16];
        let secret = key().secret(Kind::Token, 12, Access::All, &nonce);
        let claim = Claim::read(&secret).unwrap();
        assert_eq!((claim.kind, claim.id), (Kind::Token, 12));
        assert!(key().proves(&claim, Access::All, &nonce));
        assert!(!key().proves(&claim, Access::Watch, &nonce));
        assert!(!key().proves(&claim, Access::All, &[2; 16]));
        assert!(!SecretKey::new([8; 32]).proves(&claim, Access::All, &nonce));
    }

    #[test]
    fn both_spellings_are_read() {
        let secret = key().secret(Kind::Group, 3, Access::Watch, &[0; 16]);
        let envelope = Envelope {
            token: secret.clone(),
            camid: None,
            cmngrid: None,
            access: "watch",
            api: "nvr>>>???.local".into(),
            api_p: Some(8080),
            api_sp: None,
            cam: "nvr.local".into(),
            cam_p: Some(8080),
            cam_sp: None,
        };
        let text = envelope.encode();
        assert_eq!(Claim::read(&text), Claim::read(&secret));
        assert_eq!(Claim::read(&text.replace('+', " ")), Claim::read(&secret));
    }

    #[test]
    fn origins_are_read_from_urls_and_hosts() {
        let url = |text| Origin::from_url(text).map(|origin| origin.url());
        assert_eq!(url("https://nvr.local/x"), Some("https://nvr.local".into()));
        assert_eq!(url("http://[::1]:8080"), Some("http://[::1]:8080".into()));
        assert_eq!(url("ftp://nvr"), None);
        let host = |text| Origin::from_authority(false, text).map(|origin| origin.url());
        assert_eq!(host("10.0.0.5:8080"), Some("http://10.0.0.5:8080".into()));
        assert_eq!(host("[fe80::1]"), Some("http://[fe80::1]".into()));
        assert_eq!(host("a b"), None);
        assert_eq!(host("nvr:x"), None);
    }

    #[test]
    fn other_texts_are_no_claims() {
        let digits = "0".repeat(22);
        for text in [
            "",
            "wp",
            "wp.",
            "wp.t1",
            "wp.t1.",
            "wp.x1.0000000000000000000000",
            "bm8=",
            "{}",
            &format!("wp.t01.{digits}"),
            &format!("wp.t+1.{digits}"),
            &format!("wp.t1.{digits}0"),
            &format!("wp.t4294967296.{digits}"),
            &format!("wp.t1.{}", "z".repeat(22)),
        ] {
            assert_eq!(Claim::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn base62_is_exact(value: u128) {
            prop_assert_eq!(from_base62(&base62(value)), Some(value));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = Claim::read(&text);
        }
    }
}

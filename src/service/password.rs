//! Passwords: which are taken, and their hashes, at most two of them made at once (operations.md 5.1).

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::blocking;
use super::error::{Error, Result};
use crate::domain::user::PasswordHash;
use crate::store::StoreError;

/// Shortest and longest password, in characters.
pub const CHARS_MIN: usize = 12;
/// See [`CHARS_MIN`].
pub const CHARS_MAX: usize = 256;
/// The product's name, which is no password.
const PRODUCT: &str = "watchpost";
/// Memory of one hash, KiB; passes over it; lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Hashes at once: each takes 19 MiB and a core.
const HASHES_MAX: usize = 2;
/// Hashes that may wait.
const WAITING_MAX: usize = 32;
/// How long one waits at most.
const WAIT: Duration = Duration::from_secs(5);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Fewer than 12 characters.
    TooShort,
    /// More than 256 characters.
    TooLong,
    /// One of those that everybody tries.
    Common,
    /// The name of the user or of the product.
    IsName,
}

impl Refusal {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Common => "common",
            Self::IsName => "is_name",
        }
    }

    /// One sentence for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooShort => "a password has 12 characters at least",
            Self::TooLong => "a password has 256 characters at most",
            Self::Common => "this password is one of those that everybody tries",
            Self::IsName => "this password is the name of the user or of the product",
        }
    }
}

/// Passes if `password` may be the one of the user `name`.
///
/// # Errors
/// [`Error::PasswordRefused`].
pub(super) fn check(password: &str, name: &str) -> Result<()> {
    let refusal = match password.chars().take(CHARS_MAX + 1).count() {
        ..CHARS_MIN => Some(Refusal::TooShort),
        CHARS_MIN..=CHARS_MAX if is_common(password) => Some(Refusal::Common),
        CHARS_MIN..=CHARS_MAX => {
            let is_name = is_made_of(password, name) || is_made_of(password, PRODUCT);
            is_name.then_some(Refusal::IsName)
        }
        _ => Some(Refusal::TooLong),
    };
    refusal.map_or(Ok(()), |refusal| Err(Error::PasswordRefused(refusal)))
}

fn is_common(password: &str) -> bool {
    static COMMON: OnceLock<HashSet<&str>> = OnceLock::new();
    let common = COMMON.get_or_init(|| {
        let list = include_str!("../../data/catalog/common-passwords.txt");
        list.lines().filter(|line| !line.starts_with("# ") && !line.is_empty()).collect()
    });
    common.contains(password.to_lowercase().as_str())
}

/// Whether the letters of `password` are those of `name`, once or over and over: `m.krause-1234`.
fn is_made_of(password: &str, name: &str) -> bool {
    let letters = |text: &str| {
        text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect::<String>()
    };
    let (password, name) = (letters(password), letters(name));
    !name.is_empty() && !password.is_empty() && password.replace(&name, "").is_empty()
}

/// Makes and checks hashes.
#[derive(Debug)]
pub(super) struct Hasher {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    made: AtomicU64,
}

impl Default for Hasher {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(HASHES_MAX));
        Self { places, waiting: AtomicUsize::new(0), made: AtomicU64::new(0) }
    }
}

/// Takes itself off the waiting ones, also if the request goes away.
struct Waiting<'h>(&'h AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hasher {
    /// The hash of a password, with a new salt.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub async fn hash(&self, password: &str) -> Result<PasswordHash> {
        let mut salt = [0; 16];
        random(&mut salt)?;
        let (memory_kib, passes, lanes) = COST;
        let empty = PasswordHash { memory_kib, passes, lanes, salt, hash: [0; 32] };
        let hash = self.run(password, empty.clone()).await?;
        Ok(PasswordHash { hash, ..empty })
    }

    /// Whether `password` is the one of `stored`. Without `stored` it is not, after the same time.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub async fn verify(&self, password: &str, stored: Option<&PasswordHash>) -> Result<bool> {
        let (memory_kib, passes, lanes) = COST;
        let nobody = PasswordHash { memory_kib, passes, lanes, salt: [7; 16], hash: [0; 32] };
        let hash = self.run(password, stored.unwrap_or(&nobody).clone()).await?;
        let right = stored.map_or(nobody.hash, |stored| stored.hash);
        Ok(bool::from(hash.ct_eq(&right)) && stored.is_some())
    }

    /// Hashes that were made, for tests: time itself says little on a busy machine.
    #[cfg(test)]
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    async fn run(&self, password: &str, with: PasswordHash) -> Result<[u8; 32]> {
        const BUSY: Error = Error::Overloaded("too many passwords are being checked");
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            return Err(BUSY);
        }
        let place = tokio::time::timeout(WAIT, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| BUSY)?.map_err(|_| BUSY)?;
        drop(waiting);
        self.made.fetch_add(1, Ordering::Relaxed);
        let password = password.as_bytes().to_vec();
        // The place moves along: a request that goes away does not make room for another hash.
        blocking(move || {
            let _place = place;
            let failed = |error: argon2::Error| {
                Error::StorageFailed(StoreError::Failed(format!("hashing: {error}")))
            };
            let params = Params::new(with.memory_kib, with.passes, with.lanes, Some(32));
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(failed)?);
            let mut hash = [0; 32];
            argon.hash_password_into(&password, &with.salt, &mut hash).map_err(failed)?;
            Ok(hash)
        })
        .await
    }
}

/// Fills `bytes` from the system's source of random numbers.
///
/// # Errors
/// [`Error::StorageFailed`] if there is none.
pub(super) fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| {
        Error::StorageFailed(StoreError::Failed(format!("no random numbers: {error}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(password: &str, name: &str) -> Option<&'static str> {
        match check(password, name) {
            Ok(()) => None,
            Err(Error::PasswordRefused(refusal)) => Some(refusal.word()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn passwords_are_long_and_not_obvious() {
        for (password, wanted) in [
            ("short-pass1", Some("too_short")),
            ("ääääääääööö", Some("too_short")),
            ("rhubarb-7-lantern", None),
            ("twelve chars", None),
            ("Password1234", Some("common")),
            ("QWERTYUIOP123", Some("common")),
            ("m.krause-1234567", Some("is_name")),
            ("KrauseKrause", None),
            ("Watchpost-2031!", Some("is_name")),
            ("watchpostwatchpost", Some("common")),
            ("314159265358979", None),
        ] {
            assert_eq!(refusal(password, "M.Krause"), wanted, "{password}");
        }
        assert_eq!(refusal(&"aß".repeat(128), "m"), None);
        assert_eq!(refusal(&"aß".repeat(129), "m"), Some("too_long"));
    }

    #[test]
    fn the_list_is_as_long_as_it_must_be() {
        let list = include_str!("../../data/catalog/common-passwords.txt");
        let long = list.lines().filter(|line| line.chars().count() >= CHARS_MIN).count();
        assert!(long > 3_000, "{long}");
        assert!(list.lines().all(|line| line.starts_with("# ") || line == line.to_lowercase()));
    }

    #[tokio::test]
    async fn an_unknown_user_takes_as_many_hashes_as_a_known_one() {
        let hasher = Hasher::default();
        let stored = hasher.hash("rhubarb-7-lantern").await.unwrap();
        assert_eq!(hasher.made(), 1);
        assert!(hasher.verify("rhubarb-7-lantern", Some(&stored)).await.unwrap());
        assert_eq!(hasher.made(), 2);
        assert!(!hasher.verify("rhubarb-7-lanterns", Some(&stored)).await.unwrap());
        assert_eq!(hasher.made(), 3);
        assert!(!hasher.verify("rhubarb-7-lantern", None).await.unwrap());
        assert_eq!(hasher.made(), 4);
        let again = hasher.hash("rhubarb-7-lantern").await.unwrap();
        assert_ne!((again.salt, again.hash), (stored.salt, stored.hash));
    }
}

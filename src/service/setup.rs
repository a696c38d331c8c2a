//! The first start: a code that only the machine's owner can read makes the first admin (operations.md 4).

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use subtle::ConstantTimeEq;

use super::Core;
use super::audit::{Act, By};
use super::error::{Error, Result};
use super::session::{self, Begun};
use super::{password, user};
use crate::domain::time::HOUR_US;
use crate::domain::{Role, User};
use crate::store;

/// Wrong codes until the code is void.
const TRIES: u32 = 10;
/// How long a code counts, microseconds.
const COUNTS_US: i64 = HOUR_US;
/// Digits of a code: 26 × 5 bits hold its 128.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many there are, and how many stand together.
const LENGTH: usize = 26;
/// See [`LENGTH`].
const TOGETHER: usize = 5;

/// See the module.
#[derive(Clone, Debug)]
pub struct Setup {
    core: Arc<Core>,
    code: Arc<Mutex<Option<Code>>>,
}

struct Code {
    /// Without hyphens.
    text: String,
    tries_left: u32,
    /// Steady time at which it was made.
    made: i64,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code").field("tries_left", &self.tries_left).finish_non_exhaustive()
    }
}

impl Setup {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, code: Arc::default() }
    }

    /// Makes a code if there is no admin: into its file, and returned for the log. Blocks.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(&self) -> Result<Option<String>> {
        if self.core.catalogue().has_admin() {
            store::remove_setup_code(self.core.store.dir())?;
            return Ok(None);
        }
        let mut bytes = [0; 16];
        password::random(&mut bytes)?;
        let text = digits(u128::from_be_bytes(bytes));
        let shown = grouped(&text);
        store::put_setup_code(self.core.store.dir(), &shown)?;
        let made = self.core.clock.steady_us();
        *self.lock() = Some(Code { text, tries_left: TRIES, made });
        Ok(Some(shown))
    }

    /// Whether a code counts.
    ///
    /// # Errors
    /// [`Error::NotFound`] once there is an admin.
    pub fn is_open(&self) -> Result<bool> {
        self.required()?;
        Ok(self.live(&mut self.lock()).is_ok())
    }

    /// Whether there is no admin yet.
    pub fn is_required(&self) -> bool {
        !self.core.catalogue().has_admin()
    }

    /// Makes the first admin and logs him in. Of two at once one wins.
    ///
    /// # Errors
    /// [`Error::NotFound`] once there is an admin; [`Error::WrongCode`], [`Error::CodeVoid`],
    /// [`Error::BadParameter`], [`Error::PasswordRefused`], [`Error::Overloaded`].
    pub async fn finish(
        &self,
        code: &str,
        name: String,
        new_password: &str,
        from: Option<IpAddr>,
    ) -> Result<Begun> {
        self.required()?;
        if let Err(error) = self.prove(code) {
            if matches!(error, Error::WrongCode { .. }) {
                self.core.figures.counters.auth_failed();
                let by = By { who: "unknown user".to_owned(), from };
                self.core.note_by(by, Act::on("setup.failed", "server"), "failed").await?;
            }
            return Err(error);
        }
        user::check(&name, new_password)?;
        let hash = self.core.hasher.hash(new_password).await?;
        let (shared, now) = (Arc::clone(&self.core), self.core.clock.now());
        let begun = self
            .core
            .change(move |tx, next| {
                if next.has_admin() {
                    return Err(DONE);
                }
                let user = user::add(tx, next, name, hash, Role::Admin, now)?;
                let user = User { last_login: Some(now), ..user };
                tx.put_user(&user)?;
                next.put_user(user.clone());
                let by = By { who: user.name.clone(), from };
                tx.append_audit(Act::on("setup.done", user::object(&user)).entry(now, by, "ok"))?;
                session::begin(&shared, tx, next, &user, from)
            })
            .await?;
        *self.lock() = None;
        self.core.end_setup_with_an_admin();
        Ok(begun)
    }

    /// Takes the file away when its code has ended; to be called now and then.
    pub fn expire(&self) {
        let ended = {
            let mut code = self.lock();
            code.is_some() && self.live(&mut code).is_err()
        };
        if ended {
            self.take_file();
        }
    }

    fn prove(&self, given: &str) -> Result<()> {
        let outcome = {
            let mut slot = self.lock();
            let code = self.live(&mut slot)?;
            if bool::from(code.text.as_bytes().ct_eq(normal(given).as_bytes())) {
                return Ok(());
            }
            code.tries_left -= 1;
            Error::WrongCode { tries_left: code.tries_left }
        };
        if matches!(outcome, Error::WrongCode { tries_left: 0 }) {
            self.take_file();
        }
        Err(outcome)
    }

    fn live<'c>(&self, code: &'c mut Option<Code>) -> Result<&'c mut Code> {
        let now = self.core.clock.steady_us();
        let live = |code: &&mut Code| code.tries_left > 0 && now - code.made < COUNTS_US;
        code.as_mut().filter(live).ok_or(Error::CodeVoid)
    }

    fn required(&self) -> Result<()> {
        if self.is_required() { Ok(()) } else { Err(DONE) }
    }

    fn take_file(&self) {
        if let Err(error) = store::remove_setup_code(self.core.store.dir()) {
            tracing::warn!(%error, "the set-up code counts no longer, but its file stays");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Code>> {
        self.code.lock().expect("nothing panics while it is held")
    }
}

const DONE: Error = Error::NotFound("the set-up");

/// 128 bits as digits that are not mistaken for each other (Crockford's base 32).
fn digits(mut value: u128) -> String {
    let mut text = [b'0'; LENGTH];
    for digit in text.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(value & 31).expect("five bits fit")];
        value >>= 5;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The digits five by five, the last six.
fn grouped(text: &str) -> String {
    let (head, tail) = text.split_at(LENGTH - LENGTH % TOGETHER - TOGETHER);
    let groups = head.as_bytes().chunks(TOGETHER).map(String::from_utf8_lossy);
    let groups: Vec<String> = groups.map(std::borrow::Cow::into_owned).collect();
    format!("{}-{tail}", groups.join("-"))
}

/// What was typed, as it is compared: case, hyphens, blanks and look-alikes do not matter.
fn normal(given: &str) -> String {
    let given = given.chars().filter(|c| !c.is_whitespace() && *c != '-').take(LENGTH + 1);
    given
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = digits(u128::MAX - 12_345);
        assert_eq!((code.len(), grouped(&code).len()), (26, 30));
        assert_eq!(normal(&grouped(&code).to_lowercase()), code);
        assert_eq!(normal(" o-I l "), "011");
        assert_eq!(digits(0), "0".repeat(26));
        assert_ne!(digits(1), digits(32));
    }
}

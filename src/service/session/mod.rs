//! Sessions: logging in and out, and what a cookie proves (operations.md 5.4, 5.5).

mod live;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Core;
use super::access::Caller;
use super::audit::{Act, By};
use super::catalogue::Catalogue;
use super::error::{Error, Result};
use super::password;
use super::settings::Settings;
use crate::domain::time::MINUTE_US;
use crate::domain::user::{SessionHash, folded};
use crate::domain::{Role, Session, Timestamp, User};

pub use live::LiveSession;
use live::{SECRET_BYTES, caller};
pub(super) use live::{begin, end};

/// How far the stored time of last use may be behind.
const SEEN_KEPT_US: i64 = 10 * MINUTE_US;
/// A session that has just begun.
#[derive(Debug)]
pub struct Begun {
    /// The caller that it proves.
    pub caller: Caller,
    /// What goes into the cookie, and nowhere else.
    pub secret: String,
}

/// A session as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub id: u64,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used.
    pub last_seen: Timestamp,
    /// Where it was begun.
    pub address: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A user in his session.
#[derive(Clone, Debug)]
pub struct Me {
    /// The user.
    pub user: Arc<User>,
    /// When the session ends if it is not used again.
    pub idle_until: Timestamp,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<Core>);

impl Sessions {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    /// The caller that a cookie proves. Reads no database.
    ///
    /// # Errors
    /// [`Error::InvalidAuth`].
    pub fn authenticate(&self, secret: &str, from: Option<IpAddr>) -> Result<Caller> {
        let core = &self.0;
        let hash = hash_of(secret).ok_or(Error::InvalidAuth)?;
        let catalogue = core.catalogue();
        let (entry, user) = core.session(&catalogue, &hash).ok_or(Error::InvalidAuth)?;
        entry.seen.store(core.clock.steady_us(), Ordering::Relaxed);
        Ok(caller(user, hash, from))
    }

    /// Logs a user in: a new session, whatever there was before.
    ///
    /// # Errors
    /// [`Error::WrongLogin`], after the same time whether there is such a user or not;
    /// [`Error::TooManyAttempts`], [`Error::Overloaded`], and the store's.
    pub async fn begin(&self, name: &str, password: &str, from: Option<IpAddr>) -> Result<Begun> {
        let core = &self.0;
        let known = core.catalogue().user(name).cloned();
        let right = core.is_password(name, password, known.as_deref(), from).await?;
        let Some(user) = known.clone().filter(|_| right) else {
            // Who mistypes may have typed the password into the field of the name: it is not kept.
            let who = known.map_or_else(|| "unknown user".to_owned(), |user| user.name.clone());
            let act = Act::on("session.failed", "session");
            core.note_by(By { who, from }, act, "failed").await?;
            return Err(Error::WrongLogin);
        };
        let now = core.clock.now();
        let core_in = Arc::clone(core);
        core.change(move |tx, next| {
            let current = next.users.get(&user.id).filter(|now| now.password == user.password);
            let mut user = User::clone(current.ok_or(Error::WrongLogin)?);
            user.last_login = Some(now);
            tx.put_user(&user)?;
            next.put_user(user.clone());
            begin(&core_in, tx, next, &user, from)
        })
        .await
    }

    /// The user of a session.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for a caller without one.
    pub fn me(&self, caller: &Caller) -> Result<Me> {
        let core = &self.0;
        let catalogue = core.catalogue();
        let (entry, user) = caller
            .session
            .and_then(|hash| core.session(&catalogue, &hash))
            .ok_or(Error::AccessDenied("this is for people who have logged in"))?;
        let left = entry.left_us(&core.catalogue().settings, core.clock.steady_us());
        Ok(Me { user: Arc::clone(user), idle_until: Timestamp(core.clock.now().0 + left) })
    }

    /// Logs out.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for a caller without a session, and the store's.
    pub async fn end(&self, caller: &Caller) -> Result<()> {
        self.me(caller)?;
        let own = caller.session;
        self.end_where(caller, move |session| Some(session.hash) == own).await
    }

    /// Ends all sessions of the caller but the one that it came with.
    ///
    /// # Errors
    /// As [`Self::end`].
    pub async fn end_others(&self, caller: &Caller) -> Result<()> {
        let (own, user) = (caller.session, self.me(caller)?.user.id);
        self.end_where(caller, move |session| session.user == user && Some(session.hash) != own)
            .await
    }

    async fn end_where(
        &self,
        caller: &Caller,
        which: impl Fn(&Session) -> bool + Send + 'static,
    ) -> Result<()> {
        self.0
            .change_told(caller, move |tx, next| {
                let ended = end(tx, next, which)?;
                Ok(((), Act::on("session.delete", numbered(&ended))))
            })
            .await
    }

    /// The caller's sessions, newest first.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for a caller without one.
    pub fn list(&self, caller: &Caller) -> Result<Vec<Shown>> {
        let core = &self.0;
        let user = self.me(caller)?.user.id;
        let (now, steady) = (core.clock.now().0, core.clock.steady_us());
        let catalogue = core.catalogue();
        let mut all: Vec<Shown> = catalogue
            .sessions
            .values()
            .filter(|entry| {
                entry.session.user == user && entry.left_us(&catalogue.settings, steady) > 0
            })
            .map(|entry| Shown {
                id: entry.session.id,
                created: entry.session.created,
                last_seen: Timestamp(now - (steady - entry.seen())),
                address: entry.session.address.clone(),
                current: Some(entry.session.hash) == caller.session,
            })
            .collect();
        all.sort_by_key(|shown| std::cmp::Reverse(shown.id));
        Ok(all)
    }

    /// Changes the caller's own password: his other sessions end, and this one gets a new secret.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::PasswordRefused`], [`Error::TooManyAttempts`],
    /// [`Error::Overloaded`], [`Error::AccessDenied`] for a caller without a session.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: &str,
        new: &str,
    ) -> Result<Begun> {
        let core = &self.0;
        let user = self.me(caller)?.user;
        if !core.is_password(&user.name, current, Some(&user), caller.from).await? {
            let act = Act::on("user.password", format!("user {}", user.name));
            core.note(Some(caller), act, "failed").await?;
            return Err(Error::WrongPassword);
        }
        password::check(new, &user.name)?;
        let new = core.hasher.hash(new).await?;
        let (core_in, by, now) = (Arc::clone(core), caller.clone(), core.clock.now());
        core.change(move |tx, next| {
            if !core_in.holds(&by) {
                return Err(Error::InvalidAuth); // ended while the password was checked
            }
            let told = By::caller(Some(&by), next);
            let current = next.users.get(&user.id).filter(|now| now.password == user.password);
            let mut user = User::clone(current.ok_or(Error::WrongPassword)?);
            user.password = new;
            tx.put_user(&user)?;
            next.put_user(user.clone());
            end(tx, next, |session| session.user == user.id)?;
            let act = Act::on("user.password", format!("user {}", user.name));
            tx.append_audit(act.entry(now, told, "ok"))?;
            begin(&core_in, tx, next, &user, by.from)
        })
        .await
    }

    /// Stores when sessions were last used, where that is ten minutes behind, and gives up those that
    /// have ended. Writes nothing where nothing changed.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep(&self) -> Result<()> {
        let core = Arc::clone(&self.0);
        let steady = core.clock.steady_us();
        let wants = move |entry: &LiveSession, settings: &Settings| {
            entry.left_us(settings, steady) <= 0
                || entry.seen() - entry.kept.load(Ordering::Relaxed) >= SEEN_KEPT_US
        };
        let catalogue = core.catalogue();
        if !catalogue.sessions.values().any(|entry| wants(entry, &catalogue.settings)) {
            return Ok(());
        }
        let now = core.clock.now().0;
        core.change(move |tx, next| {
            let (all, settings) = (next.sessions.clone(), next.settings.clone());
            for entry in all.values().filter(|entry| wants(entry, &settings)) {
                if entry.left_us(&settings, steady) <= 0 {
                    tx.remove_session(entry.session.id)?;
                    next.sessions.remove(&entry.session.hash);
                    continue;
                }
                let seen = entry.seen();
                let last_seen = Timestamp(now - (steady - seen).max(0));
                tx.put_session(&Session { last_seen, ..entry.session.clone() })?;
                entry.kept.store(seen, Ordering::Relaxed);
            }
            Ok(())
        })
        .await
    }
}

impl Core {
    /// The session of this hash and its user, if it has not ended.
    pub(super) fn session<'c>(
        &self,
        catalogue: &'c Catalogue,
        hash: &SessionHash,
    ) -> Option<(&'c Arc<LiveSession>, &'c Arc<User>)> {
        let entry = catalogue.sessions.get(hash)?;
        let lives = entry.left_us(&catalogue.settings, self.clock.steady_us()) > 0;
        let user = catalogue.users.get(&entry.session.user)?;
        lives.then_some((entry, user))
    }

    /// Whether this is the user's password; guessing is slowed down.
    async fn is_password(
        &self,
        name: &str,
        password: &str,
        user: Option<&User>,
        from: Option<IpAddr>,
    ) -> Result<bool> {
        // Whatever no user can be called counts as one name: texts in memory are short.
        let name =
            if crate::domain::user::is_user_name(name) { folded(name) } else { String::new() };
        let begun = self.clock.steady_us();
        let failed = || self.figures.counters.auth_failed();
        self.attempts.begin(&name, from, begun).inspect_err(|_| failed())?;
        let right = self.hasher.verify(password, user.map(|user| &user.password)).await;
        if matches!(right, Ok(false)) {
            failed();
        } else {
            self.attempts.succeeded(&name, from, begun);
        }
        right
    }
}

fn hash_of(secret: &str) -> Option<SessionHash> {
    let mut bytes = [0; SECRET_BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(secret, &mut bytes).ok()?;
    (length == SECRET_BYTES).then(|| Sha256::digest(bytes).into())
}

fn numbered(sessions: &[Session]) -> String {
    let numbers: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
    match numbers.len() {
        0 => "no session".to_owned(),
        1 => format!("session {}", numbers[0]),
        _ => format!("sessions {}", numbers.join(" ")),
    }
}

/// Whether a session's caller still is who it was, with the same role.
pub(super) fn holds(core: &Core, caller: &Caller, role: Role) -> bool {
    let catalogue = core.catalogue();
    caller
        .session
        .and_then(|hash| core.session(&catalogue, &hash))
        .is_some_and(|(_, user)| user.role == role)
}

//! Users: who there is, and what each may do.

use std::sync::Arc;

use super::Core;
use super::access::{Action, Caller, Who};
use super::audit::Act;
use super::catalogue::Catalogue;
use super::error::{Error, Result};
use super::password;
use super::session;
use crate::domain::user::{PasswordHash, USERS_MAX, is_user_name};
use crate::domain::{Role, Timestamp, User, UserId};
use crate::store::{self, WriteTx};

/// A user as admins see it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The user.
    pub user: Arc<User>,
    /// Sessions that live.
    pub sessions: usize,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Users(Arc<Core>);

impl Users {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    /// All users, by name.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub fn list(&self, caller: &Caller) -> Result<Vec<Listed>> {
        caller.may(Action::Govern)?;
        let catalogue = self.0.catalogue();
        let mut all: Vec<Listed> =
            catalogue.users.values().map(|user| self.listed(&catalogue, user)).collect();
        all.sort_by(|a, b| a.user.name.cmp(&b.user.name));
        Ok(all)
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`] for the name, [`Error::PasswordRefused`],
    /// [`Error::UserExists`], [`Error::LimitReached`], [`Error::Overloaded`].
    pub async fn add(
        &self,
        caller: &Caller,
        name: String,
        password: &str,
        role: Role,
    ) -> Result<Listed> {
        caller.may(Action::Govern)?;
        check(&name, password)?;
        if self.0.catalogue().user(&name).is_some() {
            return Err(Error::UserExists); // no hash for what cannot be
        }
        let password = self.0.hasher.hash(password).await?;
        let now = self.0.clock.now();
        let user = self
            .0
            .change_told(caller, move |tx, next| {
                let user = add(tx, next, name, password, role, now)?;
                let act = Act::on("user.create", object(&user)).with(role.word());
                Ok((user, act))
            })
            .await?;
        self.0.end_setup_with_an_admin();
        Ok(self.listed(&self.0.catalogue(), &Arc::new(user)))
    }

    /// Changes a user's role, or sets a new password: the user's sessions end. Nobody sets his own
    /// password this way, without the current one.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`], [`Error::LastAdmin`],
    /// [`Error::PasswordRefused`], [`Error::Overloaded`].
    pub async fn change(
        &self,
        caller: &Caller,
        name: &str,
        role: Option<Role>,
        password: Option<&str>,
    ) -> Result<Listed> {
        caller.may(Action::Govern)?;
        let known = self.get(name)?;
        let hash = match password {
            Some(_) if caller.who == Who::User(known.id) => {
                return Err(Error::AccessDenied(
                    "changing one's own password without the current one",
                ));
            }
            Some(password) => {
                password::check(password, &known.name)?;
                Some(self.0.hasher.hash(password).await?)
            }
            None => None,
        };
        if role.is_none() && hash.is_none() {
            return Ok(self.listed(&self.0.catalogue(), &known));
        }
        let id = known.id;
        let told = match (role, hash.is_some()) {
            (Some(role), true) => format!("{}, new password", role.word()),
            (Some(role), false) => role.word().to_owned(),
            (None, _) => "new password".to_owned(),
        };
        let act = Act::on("user.change", object(&known)).with(told);
        let user = self
            .0
            .change_as(caller, act, move |tx, next| {
                let mut user = User::clone(next.users.get(&id).ok_or(MISSING)?);
                if role.is_some_and(|role| role != Role::Admin) {
                    another_admin(next, id)?;
                }
                user.role = role.unwrap_or(user.role);
                user.password = hash.unwrap_or(user.password);
                tx.put_user(&user)?;
                next.put_user(user.clone());
                session::end(tx, next, |session| session.user == id)?;
                Ok(user)
            })
            .await?;
        self.0.end_setup_with_an_admin();
        Ok(self.listed(&self.0.catalogue(), &Arc::new(user)))
    }

    /// Removes a user: the sessions end at once.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`], [`Error::LastAdmin`].
    pub async fn remove(&self, caller: &Caller, name: &str) -> Result<()> {
        caller.may(Action::Govern)?;
        let known = self.get(name)?;
        let id = known.id;
        self.0
            .change_as(caller, Act::on("user.remove", object(&known)), move |tx, next| {
                if !next.users.contains_key(&id) {
                    return Err(MISSING);
                }
                another_admin(next, id)?;
                session::end(tx, next, |session| session.user == id)?;
                next.users.remove(&id);
                Ok(tx.remove_user(id)?)
            })
            .await
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`].
    pub async fn end_sessions(&self, caller: &Caller, name: &str) -> Result<()> {
        caller.may(Action::Govern)?;
        let known = self.get(name)?;
        let id = known.id;
        self.0
            .change_told(caller, move |tx, next| {
                let count = session::end(tx, next, |session| session.user == id)?.len();
                let act = Act::on("session.delete", format!("{count} sessions"));
                Ok(((), act.with(object(&known))))
            })
            .await
    }

    fn get(&self, name: &str) -> Result<Arc<User>> {
        self.0.catalogue().user(name).cloned().ok_or(MISSING)
    }

    fn listed(&self, catalogue: &Catalogue, user: &Arc<User>) -> Listed {
        let steady = self.0.clock.steady_us();
        let sessions = catalogue.sessions.values().filter(|entry| {
            entry.session.user == user.id && entry.left_us(&catalogue.settings, steady) > 0
        });
        Listed { user: Arc::clone(user), sessions: sessions.count() }
    }
}

const MISSING: Error = Error::NotFound("the user");

/// Passes if these can be a new user's.
///
/// # Errors
/// [`Error::BadParameter`], [`Error::PasswordRefused`].
pub(super) fn check(name: &str, password: &str) -> Result<()> {
    if !is_user_name(name) {
        return Err(Error::BadParameter(
            "name must have 1 to 64 bytes, no control character, no slash and no blank at its ends"
                .to_owned(),
        ));
    }
    password::check(password, name)
}

/// Adds a user in a change.
pub(super) fn add(
    tx: &WriteTx<'_>,
    next: &mut Catalogue,
    name: String,
    password: PasswordHash,
    role: Role,
    now: Timestamp,
) -> Result<User> {
    if next.user(&name).is_some() {
        return Err(Error::UserExists);
    }
    if next.users.len() >= USERS_MAX {
        return Err(Error::LimitReached("no more users can be added"));
    }
    let id = tx.new_user_id()?;
    let user = User { id, name, role, password, created: now, last_login: None };
    tx.put_user(&user)?;
    next.put_user(user.clone());
    Ok(user)
}

/// A user as the audit trail names it.
pub(super) fn object(user: &User) -> String {
    format!("user {}", user.name)
}

/// Passes if there is an admin other than `id`, or `id` is none.
fn another_admin(next: &Catalogue, id: UserId) -> Result<()> {
    let is_admin = next.users.get(&id).is_some_and(|user| user.role == Role::Admin);
    let others = next.users.values().filter(|user| user.role == Role::Admin && user.id != id);
    if is_admin && others.count() == 0 { Err(Error::LastAdmin) } else { Ok(()) }
}

impl Core {
    /// Takes the file with the set-up code away once there is an admin.
    pub(super) fn end_setup_with_an_admin(&self) {
        if self.catalogue().has_admin()
            && let Err(error) = store::remove_setup_code(self.store.dir())
        {
            tracing::warn!(%error, "the set-up code counts no longer, but its file stays");
        }
    }
}

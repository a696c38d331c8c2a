//! Credentials: proving a caller, and issuing and revoking tokens, groups and license keys.

mod token;

use std::net::IpAddr;
use std::sync::Arc;

use super::Core;
use super::access::{Action, Caller, Rights, Scope, Who};
use super::audit::Act;
use super::error::{Error, Result};
use super::password::random;
use crate::domain::credential::Claim;
use crate::domain::{Access, CameraId, Credential, Kind, Nonce, Timestamp, is_name};
use crate::store::WriteTx;

/// Most credentials of one installation.
const CREDENTIALS_MAX: usize = 65_536;

/// How a credential was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// In a header, after `Acc`, `SI` or `Bearer`.
    Header,
    /// In a header, after `LKey`.
    KeyHeader,
    /// In a query string.
    Query,
}

/// A row of a license key or a group, with its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The row.
    pub credential: Credential,
    /// Its secret, derived.
    pub secret: String,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Credentials(Arc<Core>);

impl Credentials {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    /// The caller that a presented text proves: a bare secret or an envelope around one.
    ///
    /// A license key counts only after `LKey`; a token counts after any word. No database is read.
    ///
    /// # Errors
    /// [`Error::InvalidAuth`].
    pub fn authenticate(&self, text: &str, presented: Presented) -> Result<Caller> {
        let proven = self.prove(text, presented);
        proven.inspect_err(|_| self.0.figures.counters.auth_failed())
    }

    fn prove(&self, text: &str, presented: Presented) -> Result<Caller> {
        let claim = Claim::read(text).ok_or(Error::InvalidAuth)?;
        if claim.kind == Kind::Key && presented != Presented::KeyHeader {
            return Err(Error::InvalidAuth);
        }
        let catalogue = self.0.catalogue();
        let row = catalogue.credentials.get(&(claim.kind, claim.id)).ok_or(Error::InvalidAuth)?;
        let now = self.0.clock.now();
        let former = row.former.filter(|(_, end)| now < *end);
        let proven = self.0.key.proves(&claim, row.access, &row.nonce)
            || former.is_some_and(|(nonce, _)| self.0.key.proves(&claim, row.access, &nonce));
        if !proven || row.expires.is_some_and(|end| now >= end) {
            return Err(Error::InvalidAuth);
        }
        let (who, scope) = match claim.kind {
            Kind::Key => (Who::Key(row.id), Scope::All),
            Kind::Token => (Who::Token(row.id), Scope::Cameras(row.cameras.clone())),
            Kind::Group => (Who::Group(row.id), Scope::Cameras(row.cameras.clone())),
        };
        Ok(Caller::new(who, Rights::Access(row.access), scope))
    }

    /// What somebody who presented an unknown token is told: guessing is slowed down (operations.md 5.5).
    pub fn refusal(&self, token: &str, from: Option<IpAddr>) -> Error {
        self.0.unknown.refusal(token, from, self.0.clock.steady_us())
    }

    /// The secret of a credential's row.
    pub fn secret(&self, row: &Credential) -> String {
        self.0.key.secret(row.kind, row.id, row.access, &row.nonce)
    }

    /// All credentials of a kind, by id.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub fn list(&self, caller: &Caller, kind: Kind) -> Result<Vec<Arc<Credential>>> {
        caller.may(needed(kind))?;
        let catalogue = self.0.catalogue();
        Ok(catalogue.credentials.values().filter(|c| c.kind == kind).cloned().collect())
    }

    /// One credential.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`].
    pub fn get(&self, caller: &Caller, kind: Kind, id: u32) -> Result<Arc<Credential>> {
        caller.may(needed(kind))?;
        self.0.catalogue().credentials.get(&(kind, id)).cloned().ok_or_else(|| missing(kind))
    }

    /// Makes another token for a camera, or (without one) a metrics token.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::LimitReached`].
    pub async fn create_token(
        &self,
        caller: &Caller,
        camera: Option<CameraId>,
        access: Access,
        expires: Option<Timestamp>,
    ) -> Result<Issued> {
        caller.may(Action::Manage)?;
        if camera.is_none() != (access == Access::Metrics) {
            return Err(Error::BadParameter(
                "a metrics token has no camera, every other token has one".to_owned(),
            ));
        }
        let cameras = camera.into_iter().collect();
        self.issue(caller, Kind::Token, access, cameras, String::new(), expires).await
    }

    /// Makes a license key.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], [`Error::LimitReached`].
    pub async fn create_key(&self, caller: &Caller, name: String) -> Result<Issued> {
        caller.may(needed(Kind::Key))?;
        check_name(&name)?;
        self.issue(caller, Kind::Key, Access::All, Vec::new(), name, None).await
    }

    /// Makes a group token.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], [`Error::OutOfScope`] for an unknown
    /// camera, [`Error::LimitReached`].
    pub async fn create_group(
        &self,
        caller: &Caller,
        name: String,
        cameras: Vec<CameraId>,
        access: Access,
    ) -> Result<Issued> {
        caller.may(Action::Manage)?;
        check_name(&name)?;
        if !matches!(access, Access::All | Access::Watch) {
            return Err(Error::BadParameter("a group's access is all or watch".to_owned()));
        }
        self.issue(caller, Kind::Group, access, cameras, name, None).await
    }

    /// Renames a group, or replaces its set of cameras.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`], [`Error::BadParameter`],
    /// [`Error::OutOfScope`] for an unknown camera.
    pub async fn change_group(
        &self,
        caller: &Caller,
        id: u32,
        name: Option<String>,
        cameras: Option<Vec<CameraId>>,
    ) -> Result<Issued> {
        caller.may(Action::Manage)?;
        if let Some(name) = &name {
            check_name(name)?;
        }
        let credential = self
            .0
            .change_told(caller, move |tx, next| {
                let row = next.credentials.get(&(Kind::Group, id));
                let mut row = Credential::clone(row.ok_or_else(|| missing(Kind::Group))?);
                if let Some(cameras) = cameras {
                    row.cameras = sorted(cameras);
                    for camera in &row.cameras {
                        next.camera(*camera).ok_or(Error::OutOfScope(*camera))?;
                    }
                }
                row.name = name.unwrap_or(row.name);
                tx.put_credential(&row)?;
                next.put_credential(row.clone());
                let act = Act::on("group.change", object(Kind::Group, id)).with(described(&row));
                Ok((row, act))
            })
            .await?;
        Ok(Issued { secret: self.secret(&credential), credential })
    }

    /// Revokes a credential: its secret holds no longer.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`].
    pub async fn revoke(&self, caller: &Caller, kind: Kind, id: u32) -> Result<()> {
        caller.may(needed(kind))?;
        let action = match kind {
            Kind::Token => "token.revoke",
            Kind::Group => "group.remove",
            Kind::Key => "key.revoke",
        };
        self.0
            .change_told(caller, move |tx, next| {
                let row = next.credentials.remove(&(kind, id)).ok_or_else(|| missing(kind))?;
                tx.remove_credential(kind, id)?;
                Ok(((), Act::on(action, object(kind, id)).with(described(&row))))
            })
            .await
            .inspect(|()| self.0.figures.uses.forget(id))
    }

    async fn issue(
        &self,
        caller: &Caller,
        kind: Kind,
        access: Access,
        cameras: Vec<CameraId>,
        name: String,
        expires: Option<Timestamp>,
    ) -> Result<Issued> {
        let now = self.0.clock.now();
        let credential = self
            .0
            .change_told(caller, move |tx, next| {
                if next.credentials.len() >= CREDENTIALS_MAX {
                    return Err(Error::LimitReached("no more credentials can be made"));
                }
                let cameras = sorted(cameras);
                for camera in &cameras {
                    next.camera(*camera).ok_or(match kind {
                        Kind::Token => Error::CameraNotFound(*camera),
                        _ => Error::OutOfScope(*camera),
                    })?;
                }
                let row = make(tx, kind, access, cameras, name, now)?;
                let row = Credential { expires, ..row };
                tx.put_credential(&row)?;
                next.put_credential(row.clone());
                let action = match kind {
                    Kind::Token => "token.create",
                    Kind::Group => "group.create",
                    Kind::Key => "key.create",
                };
                let act = Act::on(action, object(kind, row.id)).with(described(&row));
                Ok((row, act))
            })
            .await?;
        Ok(Issued { secret: self.secret(&credential), credential })
    }
}

/// What a caller must be allowed who lists, makes or revokes credentials of a kind.
const fn needed(kind: Kind) -> Action {
    match kind {
        Kind::Token | Kind::Group => Action::Manage,
        Kind::Key => Action::Govern,
    }
}

/// A credential as the audit trail names it.
pub(super) fn object(kind: Kind, id: u32) -> String {
    match kind {
        Kind::Token => format!("token {id}"),
        Kind::Group => format!("group {id}"),
        Kind::Key => format!("license key {id}"),
    }
}

/// What the audit trail tells of a credential: its name, access and cameras.
fn described(row: &Credential) -> String {
    let mut words = Vec::new();
    if !row.name.is_empty() {
        words.push(row.name.clone());
    }
    if row.kind != Kind::Key {
        words.push(row.access.word().to_owned());
        let cameras: Vec<String> = row.cameras.iter().map(|id| id.0.to_string()).collect();
        words.push(format!("cameras {}", cameras.join(" ")));
    }
    words.join(", ")
}

/// Writes a new credential's row.
pub(super) fn make(
    tx: &WriteTx<'_>,
    kind: Kind,
    access: Access,
    cameras: Vec<CameraId>,
    name: String,
    now: Timestamp,
) -> Result<Credential> {
    let id = tx.new_credential_id()?;
    let row = Credential {
        kind,
        id,
        access,
        nonce: nonce()?,
        former: None,
        expires: None,
        created: now,
        name,
        cameras,
    };
    tx.put_credential(&row)?;
    Ok(row)
}

fn nonce() -> Result<Nonce> {
    let mut nonce = Nonce::default();
    random(&mut nonce)?;
    Ok(nonce)
}

fn sorted(mut cameras: Vec<CameraId>) -> Vec<CameraId> {
    cameras.sort_unstable();
    cameras.dedup();
    cameras
}

fn check_name(name: &str) -> Result<()> {
    if is_name(name) {
        return Ok(());
    }
    Err(Error::BadParameter("name must have 1 to 128 bytes and no control characters".to_owned()))
}

const fn missing(kind: Kind) -> Error {
    Error::NotFound(match kind {
        Kind::Token => "the token",
        Kind::Group => "the group",
        Kind::Key => "the license key",
    })
}

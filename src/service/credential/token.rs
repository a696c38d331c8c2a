//! A token's days: shown, rotated, used.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Credentials, Issued, missing, nonce, object};
use crate::domain::time::SECOND_US;
use crate::domain::{CameraId, Credential, Kind, LastUse, Nonce, Timestamp};
use crate::service::access::{Action, Caller, Who};
use crate::service::audit::Act;
use crate::service::error::{Error, Result};
use crate::service::{Core, blocking};

/// Longest time that a former secret holds beside the new one: 7 days.
pub const OVERLAP_S_MAX: u64 = 604_800;

impl Credentials {
    /// The tokens of a camera, by id.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`].
    pub fn tokens_of(&self, caller: &Caller, camera: CameraId) -> Result<Vec<Arc<Credential>>> {
        caller.may_at(Action::Manage, camera)?;
        let catalogue = self.0.catalogue();
        catalogue.camera(camera).ok_or(Error::CameraNotFound(camera))?;
        Ok(catalogue.tokens_of(camera).cloned().collect())
    }

    /// A token's secret, once more. It stands in the audit before it is shown.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`].
    pub async fn show(&self, caller: &Caller, id: u32) -> Result<Issued> {
        caller.may(Action::Manage)?;
        let credential = self
            .0
            .change_as(caller, Act::on("token.show", object(Kind::Token, id)), move |_, next| {
                let row = next.credentials.get(&(Kind::Token, id));
                Ok(Credential::clone(row.ok_or_else(|| missing(Kind::Token))?))
            })
            .await?;
        Ok(Issued { secret: self.secret(&credential), credential })
    }

    /// Gives a token a new secret. The former one holds for `overlap_s` seconds more; one that was
    /// former until now ends at once.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`], [`Error::BadParameter`] for more than 7
    /// days.
    pub async fn rotate(&self, caller: &Caller, id: u32, overlap_s: u64) -> Result<Issued> {
        caller.may(Action::Manage)?;
        let seconds = i64::try_from(overlap_s).ok().filter(|_| overlap_s <= OVERLAP_S_MAX);
        let seconds = seconds
            .ok_or_else(|| Error::BadParameter("an overlap is at most 7 days".to_owned()))?;
        let until = Timestamp(self.0.clock.now().0 + seconds * SECOND_US);
        let act = Act::on("token.rotate", object(Kind::Token, id))
            .with(format!("former secret holds {overlap_s} s"));
        let credential = self
            .0
            .change_as(caller, act, move |tx, next| {
                let row = next.credentials.get(&(Kind::Token, id));
                let mut row = Credential::clone(row.ok_or_else(|| missing(Kind::Token))?);
                let former = std::mem::replace(&mut row.nonce, nonce()?);
                row.former = (seconds > 0).then_some((former, until));
                tx.put_credential(&row)?;
                next.put_credential(row.clone());
                Ok(row)
            })
            .await?;
        Ok(Issued { secret: self.secret(&credential), credential })
    }

    /// Notes that a proven caller's credential was used from `peer`. Costs next to nothing.
    pub fn used(&self, caller: &Caller, peer: Option<IpAddr>) {
        if let Who::Token(id) | Who::Group(id) | Who::Key(id) = caller.who {
            self.0.figures.uses.note(id, self.0.clock.now(), peer);
        }
    }

    /// When a credential was last used, whatever its kind, and from where.
    pub fn last_use(&self, id: u32) -> Option<LastUse> {
        self.0.figures.uses.of(id)
    }

    /// Keeps the last uses on disk, if there are new ones.
    ///
    /// # Errors
    /// The store's.
    pub async fn save_uses(&self) -> Result<()> {
        let core = Arc::clone(&self.0);
        blocking(move || core.save_uses()).await
    }
}

impl Core {
    /// What the secret of a caller's token is derived from now; `None` without a token.
    pub(in crate::service) fn nonce(&self, caller: &Caller) -> Option<Nonce> {
        let Who::Token(id) = caller.who else { return None };
        self.catalogue().credentials.get(&(Kind::Token, id)).map(|row| row.nonce)
    }

    /// Whether a secret from `nonce` has ended by a rotation since: what stays open ends then.
    pub(in crate::service) fn is_rotated_away(&self, caller: &Caller, nonce: Nonce) -> bool {
        let Who::Token(id) = caller.who else { return false };
        let catalogue = self.catalogue();
        let Some(row) = catalogue.credentials.get(&(Kind::Token, id)) else { return true };
        let former = row.former.filter(|(_, end)| self.clock.now() < *end);
        row.nonce != nonce && former.is_none_or(|(former, _)| former != nonce)
    }
}

//! The tokens that answers show: VXG's clients read a camera's tokens out of its record.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::HttpRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{origin, services};
use super::error::ApiError;
use crate::domain::{Access, CameraId, Credential, Envelope, Kind, Origin, Role};
use crate::service::access::{Action, Caller, Rights, Who};
use crate::service::credential::Credentials;

/// A camera's two tokens, each a base64 envelope (API contract 1.2).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessTokens {
    /// The token for everything on this camera; null if there is none.
    all: Option<String>,
    /// The token for reading; null if there is none.
    watch: Option<String>,
}

/// All tokens at one moment, ready to be shown to one request.
pub(super) struct Tokens {
    credentials: Credentials,
    origin: Origin,
    own: Option<Arc<Credential>>,
    rows: BTreeMap<(CameraId, Access), Arc<Credential>>,
}

impl Tokens {
    /// Looks through all credentials once; `caller` decides what [`Self::own`] shows.
    pub fn new(request: &HttpRequest, caller: &Caller) -> Self {
        let services = services(request);
        let catalogue = services.catalogue();
        let now = services.clock().now();
        let mut rows: BTreeMap<_, Arc<Credential>> = BTreeMap::new();
        for row in catalogue.credentials.values().filter(|row| row.kind == Kind::Token) {
            let Some(camera) = row.cameras.first() else { continue };
            if row.expires.is_some_and(|end| end <= now) {
                continue;
            }
            let place = rows.entry((*camera, row.access)).or_insert_with(|| Arc::clone(row));
            // The first one, but rather one without an end.
            if place.expires.is_some() && row.expires.is_none() {
                *place = Arc::clone(row);
            }
        }
        let own = match caller.who {
            Who::Token(id) => catalogue.credentials.get(&(Kind::Token, id)).cloned(),
            Who::Group(_) | Who::Key(_) | Who::User(_) | Who::Local => None,
        };
        Self { credentials: services.credentials.clone(), origin: origin(request), own, rows }
    }

    /// The same for an answer that shows those of `list` to whoever may manage them: the audit trail
    /// tells so.
    ///
    /// # Errors
    /// The store's.
    pub async fn shown(
        request: &HttpRequest,
        caller: &Caller,
        list: impl Into<String>,
    ) -> Result<Self, ApiError> {
        // A group's caller is shown tokens of single cameras; a token's only what it came with.
        if caller.may(Action::Manage).is_ok() || matches!(caller.who, Who::Group(_)) {
            services(request).audit.note_shown(caller, list.into()).await?;
        }
        Ok(Self::new(request, caller))
    }

    /// Both tokens of a camera, for account-wide callers.
    pub fn both(&self, camera: CameraId) -> AccessTokens {
        AccessTokens { all: self.of(camera, Access::All), watch: self.of(camera, Access::Watch) }
    }

    /// The camera's token that allows what the caller may: its own one if it came with a camera's
    /// token, so that no token yields one that lasts longer.
    pub fn own(&self, caller: &Caller, camera: CameraId) -> Option<String> {
        match &self.own {
            Some(row) => Some(self.envelope(row)),
            None => match caller.rights {
                Rights::Access(access) => self.of(camera, access),
                Rights::Role(Role::Admin) => self.of(camera, Access::All),
                // A token outlives the session and the role.
                Rights::Role(Role::Operator | Role::Viewer) => None,
            },
        }
    }

    /// The base64 envelope around a credential's secret.
    pub fn envelope(&self, row: &Credential) -> String {
        Envelope::new(row, self.credentials.secret(row), &self.origin).encode()
    }

    fn of(&self, camera: CameraId, access: Access) -> Option<String> {
        self.rows.get(&(camera, access)).map(|row| self.envelope(row))
    }
}

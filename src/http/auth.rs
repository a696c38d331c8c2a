//! Who calls: credentials out of a request, and extractors that prove a permission.
//!
//! A route without one of these extractors in its signature is open to everyone.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::error::ApiError;
use crate::domain::Origin;
use crate::service::Services;
use crate::service::access::{Action, Caller};
use crate::service::credential::Presented;
use crate::service::error::Error;

/// The services that a request is answered by.
///
/// # Panics
/// If the server was mounted without them.
pub(super) fn services(request: &HttpRequest) -> &Services {
    request.app_data::<Data<Services>>().expect("configure() is used with services")
}

/// The caller of a request, whose use of its credential is noted.
///
/// # Errors
/// [`Error::InvalidAuth`].
pub(super) fn caller(request: &HttpRequest) -> Result<Caller, Error> {
    let caller = prove(request)?;
    let peer = request.peer_addr().map(|address| address.ip());
    services(request).credentials.used(&caller, peer);
    Ok(caller)
}

/// Proves the caller of a request (API contract 1.1).
///
/// A header decides if there is one, whatever the query says: some clients send both. The scheme
/// word counts in any case, with any number of blanks after it.
///
/// # Errors
/// [`Error::InvalidAuth`].
fn prove(request: &HttpRequest) -> Result<Caller, Error> {
    let credentials = &services(request).credentials;
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        let header = header.to_str().map_err(|_| Error::InvalidAuth)?.trim();
        let (scheme, text) = header.split_once(' ').ok_or(Error::InvalidAuth)?;
        let presented = if scheme.eq_ignore_ascii_case("LKey") {
            Presented::KeyHeader
        } else if ["Acc", "SI", "Bearer"].iter().any(|word| scheme.eq_ignore_ascii_case(word)) {
            Presented::Header
        } else {
            return Err(Error::InvalidAuth);
        };
        return credentials.authenticate(text, presented);
    }
    let token = form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, value)| name == "token" && !value.is_empty());
    match token {
        Some((_, token)) => credentials.authenticate(&token, Presented::Query),
        None => Err(Error::InvalidAuth),
    }
}

/// Where this caller reaches the server: the public address if one is set, else the `Host` that the
/// request names.
pub(super) fn origin(request: &HttpRequest) -> Origin {
    let set = services(request).public_url().and_then(Origin::from_url);
    let info = || {
        let host = request.headers().get("host")?.to_str().ok()?;
        Origin::from_authority(false, host)
    };
    set.or_else(info).unwrap_or_else(|| Origin { tls: false, host: "localhost".into(), port: None })
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident => $action:ident;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name(pub Caller);

        impl Deref for $name {
            type Target = Caller;
            fn deref(&self) -> &Caller {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let proven = caller(request).and_then(|caller| {
                    caller.may(Action::$action)?;
                    Ok(Self(caller))
                });
                ready(proven.map_err(ApiError::from))
            }
        }
    )+};
}

permissions! {
    /// A caller who may read events.
    MayReadEvents => ReadEvents;
    /// A caller who may create events.
    MayCreateEvents => CreateEvents;
    /// A caller who may change tags of events.
    MayChangeEvents => ChangeEvents;
    /// A caller who may delete events.
    MayDeleteEvents => DeleteEvents;
    /// A caller who may read cameras and event types.
    MayReadCameras => ReadCameras;
    /// A caller who may change event types, or cameras in its scope.
    MayChangeCameras => ChangeCameras;
    /// A caller who may trigger events.
    MayTrigger => Trigger;
    /// A caller who may manage cameras and credentials.
    MayManage => Manage;
}

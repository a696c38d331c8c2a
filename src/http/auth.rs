//! Who calls: credentials out of a request, and extractors that prove a permission.
//!
//! A route without one of these extractors in its signature is open to everyone.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, TRANSFER_ENCODING,
};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

pub(super) use super::edge::peer;
use super::edge::{self, is_tls};
use super::error::ApiError;
use crate::domain::Origin;
use crate::service::Services;
use crate::service::access::{Action, Caller, Who};
use crate::service::credential::Presented;
use crate::service::error::Error;

/// The cookie of a session.
const SESSION_COOKIE: &str = "wp_session";
/// The same on TLS: a browser takes it only encrypted, and from this very host.
const SECURE_COOKIE: &str = "__Host-wp_session";

/// The services that a request is answered by.
///
/// # Panics
/// If the server was mounted without them.
pub(super) fn services(request: &HttpRequest) -> &Services {
    request.app_data::<Data<Services>>().expect("configure() is used with services")
}

/// Proves the caller of a request (API contract 1.1).
///
/// A header decides if there is one, whatever the query says: some clients send both. The scheme
/// word counts in any case, with any number of blanks after it. A session's cookie counts where
/// neither header nor query has a credential.
///
/// # Errors
/// [`Error::InvalidAuth`]; [`Error::TooManyAttempts`] for one of many unknown tokens;
/// [`ApiError::Csrf`] and [`ApiError::ContentType`] with a cookie.
pub(super) fn caller(request: &HttpRequest) -> Result<Caller, ApiError> {
    let caller = any_caller(request)?;
    // What comes unencrypted where only cameras should be is taken from them alone.
    if edge::via(request).ingest_only && !matches!(caller.who, Who::Token(_)) {
        return Err(Error::InvalidAuth.into());
    }
    Ok(caller)
}

fn any_caller(request: &HttpRequest) -> Result<Caller, ApiError> {
    let proven = match presented(request)? {
        Some((text, presented)) => {
            let credentials = &services(request).credentials;
            credentials.authenticate(&text, presented).map_err(|error| match error {
                Error::InvalidAuth => credentials.refusal(&text, peer(request)),
                other => other,
            })?
        }
        None => return in_session(request),
    };
    let caller = Caller { from: peer(request), ..proven };
    services(request).credentials.used(&caller, caller.from);
    Ok(caller)
}

/// The credential of a request's header or query.
fn presented(request: &HttpRequest) -> Result<Option<(Cow<'_, str>, Presented)>, Error> {
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
        return Ok(Some((text.into(), presented)));
    }
    let token = form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, value)| name == "token" && !value.is_empty());
    Ok(token.map(|(_, token)| (token, Presented::Query)))
}

/// The caller of a session's cookie. What may change something must come from a page of our own.
fn in_session(request: &HttpRequest) -> Result<Caller, ApiError> {
    let secret = cookie(request).ok_or(Error::InvalidAuth)?;
    let caller = services(request).sessions.authenticate(secret, peer(request))?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        if !is_own_page(request) {
            return Err(ApiError::Csrf);
        }
        check_content_type(request)?;
    }
    Ok(caller)
}

/// The session's secret, if the request has its cookie: on TLS the secure one, which nobody but this server
/// can have set.
fn cookie(request: &HttpRequest) -> Option<&str> {
    let wanted = if is_tls(request) { SECURE_COOKIE } else { SESSION_COOKIE };
    let cookies = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// `Set-Cookie` for a session. It ends with the browser, or when the server says so.
pub(super) fn set_cookie(request: &HttpRequest, secret: &str) -> String {
    cookie_line(request, secret, "")
}

/// `Set-Cookie` that takes the session's cookie away.
pub(super) fn clear_cookie(request: &HttpRequest) -> String {
    cookie_line(request, "", " Max-Age=0;")
}

fn cookie_line(request: &HttpRequest, secret: &str, ends: &str) -> String {
    let (name, secure) =
        if is_tls(request) { (SECURE_COOKIE, " Secure;") } else { (SESSION_COOKIE, "") };
    format!("{name}={secret};{ends}{secure} HttpOnly; SameSite=Strict; Path=/")
}

/// Passes unless the browser says that the page of another server sends this: for what needs no
/// cookie, such as logging in.
///
/// # Errors
/// [`ApiError::Csrf`], [`ApiError::ContentType`].
pub(super) fn check_not_foreign(request: &HttpRequest) -> Result<(), ApiError> {
    let says = |name| request.headers().contains_key(name);
    if (says("origin") || says("sec-fetch-site")) && !is_own_page(request) {
        return Err(ApiError::Csrf);
    }
    check_content_type(request)
}

/// Whether the browser says that a page of this server sends this.
fn is_own_page(request: &HttpRequest) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header("sec-fetch-site") {
        Some("same-origin") => return true,
        Some("cross-site" | "same-site") => return false,
        _ => {}
    }
    let Some(sender) = header("origin").and_then(Origin::from_url) else { return false };
    let host = edge::host(request).and_then(|host| Origin::from_authority(is_tls(request), host));
    let set = services(request).public_origin();
    [host, set].iter().flatten().any(|own| own.is_same(&sender))
}

/// What another origin's page cannot send without asking first is JSON.
fn check_content_type(request: &HttpRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let has_body = length.is_some_and(|length| length.trim() != "0")
        || headers.contains_key(TRANSFER_ENCODING);
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    let is_json = ["application/json", "application/x-ndjson"];
    if has_body && !is_json.iter().any(|json| kind.eq_ignore_ascii_case(json)) {
        return Err(ApiError::ContentType);
    }
    Ok(())
}

/// Where this caller reaches the server: the public address if one is set, else the `Host` that the
/// request names.
pub(super) fn origin(request: &HttpRequest) -> Origin {
    let tls = is_tls(request);
    // Who comes unencrypted, where cameras do that cannot help it, would not reach the public address.
    let set = services(request).public_origin().filter(|_| !edge::via(request).ingest_only);
    let named = || Origin::from_authority(tls, edge::host(request)?);
    set.or_else(named).unwrap_or_else(|| Origin { tls, host: "localhost".into(), port: None })
}

/// Whether a path, as it is registered, is for people in a session and not for credentials
/// (operations.md 5.3). Jobs are for whoever started them.
pub(super) fn is_for_people(path: &str) -> bool {
    path.starts_with("/api/admin/v1/") && !path.starts_with("/api/admin/v1/jobs")
}

/// Passes unless a credential asks for what is for people.
fn check_door(request: &HttpRequest, caller: &Caller) -> Result<(), Error> {
    // What is not known to be for credentials is not for them.
    let for_people = request.match_pattern().is_none_or(|path| is_for_people(&path));
    if for_people && caller.session.is_none() { caller.may(Action::UseAdmin) } else { Ok(()) }
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
                    check_door(request, &caller)?;
                    caller.may(Action::$action)?;
                    Ok(Self(caller))
                });
                ready(proven)
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
    /// A caller who may manage cameras and their credentials.
    MayManage => Manage;
    /// A caller who may manage users and license keys, and read the audit trail.
    MayGovern => Govern;
    /// A caller who may read the figures for a monitoring system.
    MayReadMetrics => ReadMetrics;
    /// A user of any role: whoever may see the administration at all.
    AnyUser => UseAdmin;
}

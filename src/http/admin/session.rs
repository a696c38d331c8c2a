//! Logging in and out, one's own password and sessions.

use actix_web::http::header::SET_COOKIE;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::user::RoleWord;
use crate::http::auth::{AnyUser, check_not_foreign, clear_cookie, peer, set_cookie};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json, read_json_of_anybody};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::session::{Begun, Me, Shown};
use crate::service::system::{self, NoticeLevel};

const SESSION: &str = "/api/admin/v1/session/";
const PASSWORD: &str = "/api/admin/v1/session/password/";
const SESSIONS: &str = "/api/admin/v1/session/sessions/";

/// Who is logged in, and where.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionBody {
    /// The user.
    user: SessionUser,
    /// The site.
    site: SessionSite,
    /// The server's time, RFC 3339.
    time: String,
    /// What every page has to say.
    notices: Vec<Notice>,
    /// When the session ends if it is not used again, RFC 3339.
    idle_until: String,
}

/// The user of a session.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionUser {
    /// The name.
    #[schema(example = "m.krause")]
    name: String,
    /// What the user may do.
    role: RoleWord,
}

/// The site of a session.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionSite {
    /// Its name.
    #[schema(example = "Hafen Nord")]
    name: String,
    /// IANA name of its time zone.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
}

/// Something that everybody should know.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Notice {
    /// What: `storage_full`, `storage_failed`, `clock_suspect`.
    code: &'static str,
    /// How bad it is: `danger` or `warn`.
    level: &'static str,
    /// Figures for its text.
    #[schema(value_type = Object)]
    params: Map<String, Value>,
}

impl From<system::Notice> for Notice {
    fn from(notice: system::Notice) -> Self {
        let level = match notice.level {
            NoticeLevel::Danger => "danger",
            NoticeLevel::Warn => "warn",
        };
        Self { code: notice.code, level, params: notice.params }
    }
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LogIn {
    /// The user's name; case does not count.
    name: String,
    /// The user's password.
    password: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewPassword {
    /// The password so far.
    current: String,
    /// The password from now on: 12 to 256 characters.
    new: String,
}

/// The sessions of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct OwnSessions {
    /// Newest first.
    objects: Vec<OwnSession>,
}

/// A session of the user who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct OwnSession {
    /// Its number.
    id: u64,
    /// When it began, RFC 3339.
    created: String,
    /// When it was last used, RFC 3339.
    last_seen: String,
    /// The address that it was begun from.
    address: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionBody {
    fn new(services: &Services, me: &Me) -> Self {
        let site = services.site();
        Self {
            user: SessionUser { name: me.user.name.clone(), role: me.user.role.into() },
            site: SessionSite { name: site.name, time_zone: site.time_zone },
            time: services.clock().now().rfc3339(),
            notices: services.notices().into_iter().map(Notice::from).collect(),
            idle_until: me.idle_until.rfc3339(),
        }
    }
}

impl From<Shown> for OwnSession {
    fn from(shown: Shown) -> Self {
        Self {
            id: shown.id,
            created: shown.created.rfc3339(),
            last_seen: shown.last_seen.rfc3339(),
            address: shown.address,
            current: shown.current,
        }
    }
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(PASSWORD, [(Method::PUT, web::to(change_password))]))
        .service(resource(
            SESSIONS,
            [(Method::GET, web::to(list)), (Method::DELETE, web::to(end_others))],
        ))
        .service(resource(
            SESSION,
            [
                (Method::GET, web::to(get)),
                (Method::POST, web::to(log_in)),
                (Method::DELETE, web::to(log_out)),
            ],
        ));
}

/// Show who is logged in. Needs a session.
#[utoipa::path(get, path = SESSION, tag = "sessions",
    responses(
        (status = 200, body = SessionBody),
        (status = 403, body = ErrorBody, description = "`access_deny`: a license key is nobody")))]
pub(in crate::http) async fn get(
    caller: AnyUser,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let me = services.sessions.me(&caller)?;
    Ok(private(StatusCode::OK, SessionBody::new(&services, &me)))
}

/// Log in. The answer sets the session's cookie.
///
/// Five failures of a user from one address, or twenty from one address, within 15 minutes: further ones
/// from there have to wait.
#[utoipa::path(post, path = SESSION, tag = "sessions", request_body = LogIn, security(()),
    responses(
        (status = 200, body = SessionBody),
        (status = 401, body = ErrorBody, description = "`wrong_login`"),
        (status = 403, body = ErrorBody, description = "`csrf`"),
        (status = 415, body = ErrorBody, description = "`content_type`"),
        (status = 429, body = ErrorBody, description = "`too_many_attempts`, with `Retry-After`"),
        (status = 503, body = ErrorBody, description = "`overloaded`")))]
pub(in crate::http) async fn log_in(
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    check_not_foreign(&request)?;
    let wanted = "an object with name and password is needed";
    let given = read_json_of_anybody::<LogIn>(&request, payload, wanted).await?.into_inner();
    let begun = services.sessions.begin(&given.name, &given.password, peer(&request)).await?;
    logged_in(&request, &services, &begun)
}

/// The answer to whoever has just logged in.
///
/// # Errors
/// The session has ended already.
pub(super) fn logged_in(
    request: &HttpRequest,
    services: &Services,
    begun: &Begun,
) -> Result<HttpResponse, ApiError> {
    let me = services.sessions.me(&begun.caller)?;
    let mut response = private(StatusCode::OK, SessionBody::new(services, &me));
    put_cookie(&mut response, &set_cookie(request, &begun.secret));
    Ok(response)
}

fn put_cookie(response: &mut HttpResponse, cookie: &str) {
    let value = cookie.parse().expect("base64 and our own words fit into a header");
    response.headers_mut().insert(SET_COOKIE, value);
}

/// Log out: the session ends at once, and streams opened with it.
#[utoipa::path(delete, path = SESSION, tag = "sessions",
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`csrf`; `access_deny`: a license key is nobody")))]
pub(in crate::http) async fn log_out(
    caller: AnyUser,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    services.sessions.end(&caller).await?;
    let mut response = HttpResponse::NoContent().finish();
    put_cookie(&mut response, &clear_cookie(&request));
    Ok(response)
}

/// Change one's own password. One's other sessions end, and this one gets a new cookie.
#[utoipa::path(put, path = PASSWORD, tag = "sessions", request_body = NewPassword,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody, description = "`password_refused`, with `reason`"),
        (status = 403, body = ErrorBody,
            description = "`wrong_password`; `csrf`; `access_deny`: a license key is nobody"),
        (status = 429, body = ErrorBody, description = "`too_many_attempts`, with `Retry-After`"),
        (status = 503, body = ErrorBody, description = "`overloaded`")))]
pub(in crate::http) async fn change_password(
    caller: AnyUser,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    services.sessions.me(&caller)?; // whoever has none need not send a password
    let given = read_json::<NewPassword>(&request, payload, Empty::IsError).await?.into_inner();
    let begun = services.sessions.change_password(&caller, &given.current, &given.new).await?;
    let mut response = HttpResponse::NoContent().finish();
    put_cookie(&mut response, &set_cookie(&request, &begun.secret));
    Ok(response)
}

/// List one's own sessions.
#[utoipa::path(get, path = SESSIONS, tag = "sessions",
    responses(
        (status = 200, body = OwnSessions),
        (status = 403, body = ErrorBody, description = "`access_deny`: a license key is nobody")))]
pub(in crate::http) async fn list(
    caller: AnyUser,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let objects = services.sessions.list(&caller)?.into_iter().map(OwnSession::from).collect();
    Ok(private(StatusCode::OK, OwnSessions { objects }))
}

/// End all of one's own sessions but this one.
#[utoipa::path(delete, path = SESSIONS, tag = "sessions",
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`csrf`; `access_deny`: a license key is nobody")))]
pub(in crate::http) async fn end_others(
    caller: AnyUser,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    services.sessions.end_others(&caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

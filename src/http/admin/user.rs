//! People who may log in.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Role;
use crate::http::auth::MayGovern;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::user::Listed;

const USERS: &str = "/api/admin/v1/users/";
const USER: &str = "/api/admin/v1/users/{name}/";
const SESSIONS: &str = "/api/admin/v1/users/{name}/sessions/";

/// What a user may do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum RoleWord {
    /// Everything.
    Admin,
    /// Read, tag and trigger.
    Operator,
    /// Read.
    Viewer,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Operator => Self::Operator,
            Role::Viewer => Self::Viewer,
        }
    }
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Admin => Self::Admin,
            RoleWord::Operator => Self::Operator,
            RoleWord::Viewer => Self::Viewer,
        }
    }
}

/// All users.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct UsersBody {
    /// By name.
    objects: Vec<UserBody>,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct UserBody {
    /// The name.
    #[schema(example = "m.krause")]
    name: String,
    /// What the user may do.
    role: RoleWord,
    /// When the user was made, RFC 3339.
    created: String,
    /// When the user last logged in, RFC 3339; null if never.
    last_login: Option<String>,
    /// Sessions that live.
    sessions: usize,
}

/// A user to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewUser {
    /// The name: 1 to 64 bytes, no slash. No two differ only in case.
    name: String,
    /// The password: 12 to 256 characters.
    password: String,
    /// What the user may do.
    role: RoleWord,
}

/// What to change of a user; members left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct UserChanges {
    /// What the user may do.
    role: Option<RoleWord>,
    /// A new password: 12 to 256 characters.
    password: Option<String>,
}

impl From<Listed> for UserBody {
    fn from(listed: Listed) -> Self {
        Self {
            name: listed.user.name.clone(),
            role: listed.user.role.into(),
            created: listed.user.created.rfc3339(),
            last_login: listed.user.last_login.map(crate::domain::Timestamp::rfc3339),
            sessions: listed.sessions,
        }
    }
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(USERS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(
            USER,
            [(Method::PUT, web::to(change)), (Method::DELETE, web::to(remove))],
        ))
        .service(resource(SESSIONS, [(Method::DELETE, web::to(end_sessions))]));
}

/// List users, by name.
#[utoipa::path(get, path = USERS, tag = "people",
    responses(
        (status = 200, body = UsersBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn list(
    caller: MayGovern,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let objects = services.users.list(&caller)?.into_iter().map(UserBody::from).collect();
    Ok(private(StatusCode::OK, UsersBody { objects }))
}

/// Add a user.
#[utoipa::path(post, path = USERS, tag = "people", request_body = NewUser,
    responses(
        (status = 201, body = UserBody),
        (status = 400, body = ErrorBody,
            description = "`password_refused`, with `reason`; `bad_parameter`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`, `csrf`"),
        (status = 409, body = ErrorBody, description = "`exists`"),
        (status = 503, body = ErrorBody, description = "`overloaded`")))]
pub(in crate::http) async fn add(
    caller: MayGovern,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let new = read_json::<NewUser>(&request, payload, Empty::IsError).await?.into_inner();
    let added = services.users.add(&caller, new.name, &new.password, new.role.into()).await?;
    Ok(private(StatusCode::CREATED, UserBody::from(added)))
}

/// Change a user's role, or set a new password. The user's sessions end.
#[utoipa::path(put, path = USER, tag = "people", request_body = UserChanges,
    params(("name" = String, Path, description = "The user")),
    responses(
        (status = 200, body = UserBody, description = "As it is now"),
        (status = 400, body = ErrorBody,
            description = "`password_refused`, with `reason`; `bad_parameter`"),
        (status = 403, body = ErrorBody,
            description = "`access_deny`, also for one's own password: that takes the current one; `csrf`"),
        (status = 404, body = ErrorBody, description = "`not_found`"),
        (status = 409, body = ErrorBody, description = "`last_admin`"),
        (status = 503, body = ErrorBody, description = "`overloaded`")))]
pub(in crate::http) async fn change(
    caller: MayGovern,
    services: Data<Services>,
    name: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let changes = read_json::<UserChanges>(&request, payload, Empty::IsObject).await?.into_inner();
    let (role, password) = (changes.role.map(Role::from), changes.password.as_deref());
    let user = services.users.change(&caller, &name, role, password).await?;
    Ok(private(StatusCode::OK, UserBody::from(user)))
}

/// Remove a user. The user's sessions end.
#[utoipa::path(delete, path = USER, tag = "people",
    params(("name" = String, Path, description = "The user")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`, `csrf`"),
        (status = 404, body = ErrorBody, description = "`not_found`"),
        (status = 409, body = ErrorBody, description = "`last_admin`")))]
pub(in crate::http) async fn remove(
    caller: MayGovern,
    services: Data<Services>,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    services.users.remove(&caller, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End all sessions of a user.
#[utoipa::path(delete, path = SESSIONS, tag = "people",
    params(("name" = String, Path, description = "The user")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`, `csrf`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(in crate::http) async fn end_sessions(
    caller: MayGovern,
    services: Data<Services>,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    services.users.end_sessions(&caller, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}

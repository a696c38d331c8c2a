//! The first start: the set-up code makes the first admin.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::{SessionBody, logged_in};
use crate::http::auth::{check_not_foreign, peer};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::read_json_of_anybody;
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;

const SETUP: &str = "/api/admin/v1/setup/";

/// How the set-up stands.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SetupBody {
    /// Always true: afterwards there is nothing here.
    required: bool,
    /// Whether a code counts. If not, a restart makes a new one.
    code_valid: bool,
}

/// The first admin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewAdmin {
    /// The set-up code, from the log or the file `setup-code` in the data directory. Case, hyphens and
    /// blanks do not matter.
    code: String,
    /// Name of the admin, 1 to 64 bytes.
    name: String,
    /// Password of the admin, 12 to 256 characters.
    password: String,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(SETUP, [(Method::GET, web::to(get)), (Method::POST, web::to(finish))]));
}

/// Show how the set-up stands. Once there is an admin, this is not found.
#[utoipa::path(get, path = SETUP, tag = "sessions", security(()),
    responses(
        (status = 200, body = SetupBody),
        (status = 404, body = ErrorBody, description = "`not_found`: there is an admin")))]
pub(in crate::http) async fn get(services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let code_valid = services.setup.is_open()?;
    Ok(private(StatusCode::OK, SetupBody { required: true, code_valid }))
}

/// Make the first admin and log in. Once there is one, this is not found.
#[utoipa::path(post, path = SETUP, tag = "sessions", request_body = NewAdmin, security(()),
    responses(
        (status = 200, body = SessionBody, description = "Done; the cookie is the session"),
        (status = 400, body = ErrorBody, description = "`password_refused`; `bad_parameter`: the name"),
        (status = 403, body = ErrorBody, description = "`wrong_code`; `csrf`"),
        (status = 404, body = ErrorBody, description = "`not_found`: there is an admin"),
        (status = 410, body = ErrorBody, description = "`code_void`"),
        (status = 415, body = ErrorBody, description = "`content_type`"),
        (status = 503, body = ErrorBody, description = "`overloaded`")))]
pub(in crate::http) async fn finish(
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    services.setup.is_open()?; // not found, whatever the body is
    check_not_foreign(&request)?;
    let wanted = "an object with code, name and password is needed";
    let new = read_json_of_anybody::<NewAdmin>(&request, payload, wanted).await?.into_inner();
    let begun = services.setup.finish(&new.code, new.name, &new.password, peer(&request)).await?;
    logged_in(&request, &services, &begun)
}

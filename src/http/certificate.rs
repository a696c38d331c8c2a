//! The own certificate authority, for whoever is to trust it: browsers, phones, cameras.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};

use super::error::{ApiError, ErrorBody};
use super::route::resource;
use crate::service::{Error, Services};

/// Short, for it is typed on phones; `.crt`, for that is what systems know.
pub(super) const AUTHORITY: &str = "/ca.crt";
/// What makes a phone offer to install it.
const CONTENT_TYPE: &str = "application/x-x509-ca-cert";
const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"watchpost-ca.crt\"");

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(AUTHORITY, [(Method::GET, web::to(get))]));
}

/// Download the server's own certificate authority, as PEM. It holds nothing secret; compare its SHA-256
/// fingerprint with what the server's log, `watchpost ca` or the System page say before trusting it.
#[utoipa::path(get, path = AUTHORITY, operation_id = "get_ca", tag = "running", security(()),
    responses(
        (status = 200, content_type = "application/x-x509-ca-cert", body = String),
        (status = 404, body = ErrorBody, description = "`not_found`: the server has none")))]
pub(super) async fn get(services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let pem = services.tls.shown_authority().ok_or(Error::NotFound("a CA of the server's own"))?;
    Ok(HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .insert_header((CONTENT_DISPOSITION, FILE))
        .body(pem))
}

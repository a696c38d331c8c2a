//! Whether the process lives and the server is ready: for supervisors and load balancers, without log-in.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use super::route::resource;
use crate::service::Services;
use crate::service::health::Trouble;

const HEALTHZ: &str = "/healthz";
const READYZ: &str = "/readyz";

/// State of the server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthBody {
    /// The check that fails: `storage_full`, `storage_failed` or `stopping`.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    /// `ok`, or `unavailable`.
    #[schema(example = "ok")]
    status: &'static str,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(HEALTHZ, [(Method::GET, web::to(alive))]))
        .service(resource(READYZ, [(Method::GET, web::to(ready))]));
}

/// Whether the process answers. Touches no disk.
#[utoipa::path(get, path = HEALTHZ, tag = "health", security(()),
    responses((status = 200, body = HealthBody)))]
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(HealthBody { check: None, status: "ok" })
}

/// Whether events can be stored now.
#[utoipa::path(get, path = READYZ, tag = "health", security(()), responses(
    (status = 200, body = HealthBody),
    (status = 503, body = HealthBody, description = "Not ready; `check` says why")))]
pub(super) async fn ready(services: Data<Services>) -> HttpResponse {
    let check = match services.ready() {
        Ok(()) => return HttpResponse::Ok().json(HealthBody { check: None, status: "ok" }),
        Err(Trouble::StorageFull) => "storage_full",
        Err(Trouble::StorageFailed) => "storage_failed",
        Err(Trouble::Stopping) => "stopping",
    };
    let body = HealthBody { check: Some(check), status: "unavailable" };
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).json(body)
}

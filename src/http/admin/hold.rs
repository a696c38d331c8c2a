//! Holding events: nothing deletes what is held.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{EventId, Hold};
use crate::http::auth::{MayDeleteEvents, MayReadEvents};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::Params;
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;

const HOLD: &str = "/api/admin/v1/events/{id}/hold/";
const HOLDS: &str = "/api/admin/v1/holds/";

pub(super) fn configure(config: &mut ServiceConfig) {
    let routes = [
        (Method::GET, web::to(get)),
        (Method::PUT, web::to(put)),
        (Method::DELETE, web::to(delete)),
    ];
    config.service(resource(HOLD, routes)).service(resource(HOLDS, [(Method::GET, web::to(list))]));
}

/// Whether an event is held.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldBody {
    /// The event.
    id: u64,
    /// Whether it is held: then nothing deletes it.
    held: bool,
    /// Since when.
    #[schema(example = "2026-11-22T21:14:07Z")]
    since: Option<String>,
    /// Who said so, as the audit trail names him.
    by: Option<String>,
}

/// Held events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldsBody {
    /// How many events are held in all.
    #[schema(example = 3)]
    total_count: u64,
    /// By id.
    objects: Vec<HoldBody>,
}

fn body(id: EventId, hold: Option<Hold>) -> HoldBody {
    let is_held = hold.is_some();
    let (since, by) = hold.map(|hold| (hold.since.rfc3339(), hold.by)).unzip();
    HoldBody { id: id.0, held: is_held, since, by }
}

/// Read whether an event is held.
#[utoipa::path(get, path = HOLD, operation_id = "get_hold", tag = "running",
    params(("id" = u64, Path, description = "Event")), responses(
    (status = 200, body = HoldBody),
    (status = 403, body = ErrorBody, description = "`access_deny`"),
    (status = 404, body = ErrorBody, description = "`event_not_found`")))]
pub(in crate::http) async fn get(
    caller: MayReadEvents,
    services: Data<Services>,
    id: Path<u64>,
) -> Result<HttpResponse, ApiError> {
    let id = EventId(*id);
    let hold = services.events.held(&caller, id).await?;
    Ok(private(StatusCode::OK, body(id, hold)))
}

/// Hold an event: neither retention nor a person deletes it until the hold is taken off.
///
/// Deleting it by its id is answered `event_held`; a bulk delete passes it over. An event that is held
/// stays as it is.
#[utoipa::path(put, path = HOLD, operation_id = "put_hold", tag = "running",
    params(("id" = u64, Path, description = "Event")), responses(
    (status = 200, body = HoldBody),
    (status = 400, body = ErrorBody, description = "`limit_reached`: 100,000 events are held"),
    (status = 403, body = ErrorBody, description = "`access_deny`"),
    (status = 404, body = ErrorBody, description = "`event_not_found`")))]
pub(in crate::http) async fn put(
    caller: MayDeleteEvents,
    services: Data<Services>,
    id: Path<u64>,
) -> Result<HttpResponse, ApiError> {
    let id = EventId(*id);
    let hold = services.events.hold(&caller, id).await?;
    Ok(private(StatusCode::OK, body(id, Some(hold))))
}

/// Take the hold off an event.
#[utoipa::path(delete, path = HOLD, operation_id = "delete_hold", tag = "running",
    params(("id" = u64, Path, description = "Event")), responses(
    (status = 204),
    (status = 403, body = ErrorBody, description = "`access_deny`"),
    (status = 404, body = ErrorBody, description = "`event_not_found`")))]
pub(in crate::http) async fn delete(
    caller: MayDeleteEvents,
    services: Data<Services>,
    id: Path<u64>,
) -> Result<HttpResponse, ApiError> {
    services.events.release(&caller, EventId(*id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List held events, by id.
#[utoipa::path(get, path = HOLDS, operation_id = "list_holds", tag = "running",
    params(("after_id" = Option<u64>, Query, description = "Go on behind this event"),
        ("limit" = Option<u64>, Query, description = "1 to 1000, else 20")),
    responses(
        (status = 200, body = HoldsBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn list(
    caller: MayDeleteEvents,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(request.query_string());
    let after = EventId(params.number("after_id")?.unwrap_or(0));
    let (total_count, holds) = services.events.holds(&caller, after, params.limit()?).await?;
    let objects = holds.into_iter().map(|(id, hold)| body(id, Some(hold))).collect();
    Ok(private(StatusCode::OK, HoldsBody { total_count, objects }))
}

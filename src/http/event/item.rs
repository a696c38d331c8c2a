//! One event.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::attachment::Links;
use super::list::EventShape;
use super::{EVENT, EventBody, Shown, event_id};
use crate::domain::meta::Sent;
use crate::http::auth::{MayChangeEvents, MayDeleteEvents, MayReadEvents};
use crate::http::body::{JSON_BYTES_MAX, read_body};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, parse_json};
use crate::http::params::Params;
use crate::service::Services;

/// Read an event.
#[utoipa::path(
    get,
    path = EVENT,
    operation_id = "get_event",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id"), EventShape),
    responses(
        (status = 200, body = EventBody),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
    )
)]
pub(in crate::http) async fn get(
    caller: MayReadEvents,
    services: Data<Services>,
    id: Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let shown = Shown::of(&Params::parse(req.query_string()));
    let links = Links::of(&req, &services);
    let event = services.events.get(&caller, event_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(EventBody::listed(&event, shown).with_files(&links, &event, shown)))
}

/// Set tags of an event; its other tags stay.
#[utoipa::path(
    put,
    path = EVENT,
    operation_id = "set_event_tags",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id")),
    request_body(
        content = std::collections::HashMap<String, String>,
        description = "Tags and their values; what is not a string is stored as its JSON text"
    ),
    responses(
        (status = 200, body = EventBody, description = "`meta` is always there"),
        (status = 400, body = ErrorBody, description = "`bad_json`, `bad_parameter`, `meta_limit`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn put(
    caller: MayChangeEvents,
    services: Data<Services>,
    id: Path<String>,
    req: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let id = event_id(&id)?;
    let body = read_body(&req, payload, JSON_BYTES_MAX).await?;
    let Sent(pairs) = parse_json(&body, Empty::IsError)?;
    let edits = pairs.into_iter().map(|(tag, value)| (tag, Some(value))).collect();
    let event = services.events.edit_tags(&caller, id, edits).await?;
    let links = Links::of(&req, &services);
    let body = EventBody::with_meta(&event).with_files(&links, &event, Shown::default());
    Ok(HttpResponse::Ok().json(body))
}

/// Delete an event: for account-wide credentials only.
#[utoipa::path(
    delete,
    path = EVENT,
    operation_id = "delete_event",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn delete(
    caller: MayDeleteEvents,
    services: Data<Services>,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    services.events.delete(&caller, event_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

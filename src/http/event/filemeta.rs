//! Metadata files of events: sent with a credential or to a signed address, loaded from a signed address.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::attachment::{self, Signed};
use super::{EventBody, event_id};
use crate::domain::Attachment;
use crate::domain::attachment::Purpose;
use crate::http::error::{ApiError, ErrorBody};
use crate::service::Services;

/// An event's metadata file.
pub(super) const FILEMETA: &str = "/api/v2/storage/events/{id}/filemeta/";

/// Load an event's metadata file.
///
/// By the address in `filemeta.download`, which needs no credential, or with a credential. While the file is
/// on its way the answer is 202.
#[utoipa::path(
    get,
    path = FILEMETA,
    operation_id = "get_event_filemeta",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id"), Signed),
    responses(
        (status = 200, content_type = "application/json", body = serde_json::Value,
            description = "The JSON as it was sent",
            headers(("ETag" = String, description = "Of these bytes"))),
        (status = 202, description = "It is expected"),
        (status = 304, description = "It is the one that `If-None-Match` names"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`bad_signature`, `access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found` without a metadata file, \
            `event_not_found`, also out of scope"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn get(
    services: Data<Services>,
    id: Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    attachment::show(&services, &req, event_id(&id)?, Purpose::Filemeta, attachment::expected).await
}

/// Give an event its metadata file, or another one. It is on disk when this answers.
///
/// The body is the file: any JSON, whatever `Content-Type` says. To a signed address (`of=upload_filemeta`)
/// it can be sent once, and without a credential.
#[utoipa::path(
    put,
    path = FILEMETA,
    operation_id = "put_event_filemeta",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id"), Signed),
    request_body(content = serde_json::Value, content_type = "application/json",
        description = "JSON of at most 1 MiB"),
    responses(
        (status = 200, body = EventBody, description = "The event, with `filemeta`"),
        (status = 400, body = ErrorBody, description = "`bad_json`, `bad_body`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`bad_signature`, `access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
        (status = 413, body = ErrorBody, description = "`body_too_large`, over 1 MiB"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
        (status = 507, body = ErrorBody, description = "`storage_full`"),
    )
)]
pub(in crate::http) async fn put(
    services: Data<Services>,
    id: Path<String>,
    req: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let id = event_id(&id)?;
    attachment::take(&services, &req, id, Attachment::Filemeta, payload).await
}

//! Pictures of events: sent with a credential or to a signed address, shown by a signed address.

use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::attachment::{self, Signed};
use super::{EventBody, event_id};
use crate::domain::Attachment;
use crate::domain::attachment::Purpose;
use crate::http::error::{ApiError, ErrorBody};
use crate::service::Services;
use crate::service::attachment::placeholder;

/// An event's picture.
pub(super) const THUMB: &str = "/api/v2/storage/events/{id}/thumb/";

/// Look at an event's picture.
///
/// By an address out of `thumb`, which needs no credential, or with a credential. While the picture is
/// on its way the answer is 202: a placeholder for browsers, else JSON.
#[utoipa::path(
    get,
    path = THUMB,
    operation_id = "get_event_thumb",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id"), Signed),
    responses(
        (status = 200, content_type = "image/jpeg", body = String,
            description = "The picture; as it was sent it may also be `image/png` or `image/webp`",
            headers(("ETag" = String, description = "Of these bytes"))),
        (status = 202, description = "It is expected"),
        (status = 304, description = "It is the one that `If-None-Match` names"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`bad_signature`, `access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found` without a picture, \
            `event_not_found`, also out of scope"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn get(
    services: Data<Services>,
    id: Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let accept = req.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_shown = accept.is_some_and(|accept| accept.contains("image/"));
    attachment::show(&services, &req, event_id(&id)?, Purpose::Thumb, |mut answer| {
        if is_shown {
            return answer.content_type("image/png").body(placeholder());
        }
        attachment::expected(answer)
    })
    .await
}

/// Give an event its picture, or another one. It is on disk when this answers.
///
/// The body is the picture: a JPEG, PNG or WebP by its bytes, whatever `Content-Type` says. To a signed
/// address (`of=upload`) it can be sent once, and without a credential.
#[utoipa::path(
    put,
    path = THUMB,
    operation_id = "put_event_thumb",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id"), Signed),
    request_body(content = String, content_type = "image/jpeg",
        description = "The picture's bytes, at most 10 MiB, 24 megapixels and 16,384 pixels a side"),
    responses(
        (status = 200, body = EventBody, description = "The event, with `thumb`"),
        (status = 400, body = ErrorBody, description = "`picture_refused`, with `reason`: `type`, \
            `dimensions` or `damaged`; `bad_body`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`bad_signature`, `access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
        (status = 413, body = ErrorBody, description = "`body_too_large`, over 10 MiB"),
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
    attachment::take(&services, &req, id, Attachment::Picture, payload).await
}

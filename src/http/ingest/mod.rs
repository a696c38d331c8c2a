//! `/i/{token}`: events in the words of cameras and scripts.
//!
//! The token stands in the path, since many cameras' pages have one field for an address and none for
//! a header. What was understood is on disk before the answer; what was not is answered 200 as well, for
//! cameras repeat, or give up on a host, that refuses them (and a repeat would not be better understood).

mod own;

use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::auth::peer;
use super::body::{UPLOAD_BYTES_MAX, read_body};
use super::error::{ApiError, ErrorBody};
use super::route::resource;
use crate::service::credential::Presented;
use crate::service::ingest::Received;
use crate::service::{Error, Services};

const INGEST: &str = "/i/{token}";
/// The same, when no guessing is wanted.
const INGEST_OWN: &str = "/i/{token}/event";

pub(super) fn configure(config: &mut ServiceConfig) {
    for path in [INGEST, INGEST_OWN] {
        let methods = [Method::GET, Method::POST, Method::PUT];
        config.service(resource(path, methods.map(|method| (method, web::to(deliver)))));
    }
}

/// Deliver an event with an address alone: for cameras' own pages and for scripts.
///
/// `name`, `state` (`start`, `stop`, `pulse`), `time` and `source` come from the query, a form or a JSON
/// object; whatever else is there becomes tags. Nothing at all is a `motion`. A name that the camera did
/// not have becomes one of its event types. `start` stores an event, its repeats store nothing, `stop` adds
/// `end_time` and `duration_ms` to it. An `all` or ingest token of one camera is needed.
#[utoipa::path(
    method(get, post, put),
    path = INGEST,
    operation_id = "deliver_event",
    tag = "events",
    security(()),
    params(
        ("token" = String, Path, description = "An ingest token"),
        ("name" = Option<String>, Query, description = "Name of the event type; `motion` if left out"),
        ("state" = Option<String>, Query, description = "`start`, `stop` or `pulse`; `pulse` if left out"),
        ("time" = Option<String>, Query, description = "When it happened: RFC 3339, local time of the camera, or an epoch; now if left out"),
        ("source" = Option<String>, Query, description = "Rule, region or input that tells conditions of one name apart")),
    responses(
        (status = 200, description = "Taken in: what was stored is on disk. No body"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such token"),
        (status = 413, body = ErrorBody, description = "`body_too_large`"),
        (status = 429, body = ErrorBody, description = "`rate_limited`; `too_many_attempts` after many unknown tokens"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
        (status = 507, body = ErrorBody, description = "`storage_full`")))]
pub(super) async fn deliver(
    req: HttpRequest,
    services: Data<Services>,
    token: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let from = peer(&req);
    let caller = services.credentials.authenticate(&token, Presented::Query);
    let mut caller = caller.map_err(|_| match services.credentials.refusal(&token, from) {
        Error::InvalidAuth => ApiError::NotFound,
        slowed_down => slowed_down.into(),
    })?;
    caller.from = from;
    services.credentials.used(&caller, caller.from);
    let zone = services.ingest.zone(&caller).map_err(|_| ApiError::NotFound)?;
    let body = read_body(&req, payload, UPLOAD_BYTES_MAX).await?;
    let message = own::read(req.query_string(), &body, &zone);
    drop(body); // its share of the budget is free while the disk works
    let outcome = match message {
        Some(message) => services.ingest.receive(&caller, message, None).await,
        None => Err(Error::BadParameter("the message was not understood".to_owned())),
    };
    match outcome {
        Ok(Received::Stored(_) | Received::Completed(_) | Received::Ignored) => {}
        Ok(Received::SwitchedOff) => {
            services.events.refused(&caller, None, "receive_off", 1);
        }
        // The sender cannot mend it, and repeating would not either.
        Err(error @ (Error::BadParameter(_) | Error::MetaLimit(_) | Error::LimitReached(_))) => {
            // A camera in a foreign tongue speaks all day: the log tells once, the page counts.
            if services.events.refused(&caller, None, "not_understood", 1) {
                tracing::warn!(%error, caller = ?caller.who, "a delivery was left out");
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").finish())
}

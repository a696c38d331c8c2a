//! `/i/{token}`: events in the words of cameras and scripts.
//!
//! The token stands in the path, since many cameras' pages have one field for an address and none for
//! a header. What was understood is on disk before the answer; what was not is answered 200 as well, for
//! cameras repeat, or give up on a host, that refuses them (and a repeat would not be better understood).
//!
//! `dialect` finds out whose words they are; each make has a file of its own, which only reads.

mod axis;
mod class;
mod dialect;
mod draft;
mod frigate;
mod hikvision;
mod itsapi;
mod lilin;
mod milesight;
mod onvif;
mod own;
mod parts;
mod picture;
mod reolink;
mod said;
mod time;
mod unifi;
mod uniview;
mod viewtron;
mod vigi;
mod xml;

use actix_web::http::{Method, header};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use self::dialect::Dialect;
use self::said::Said;
use super::auth::peer;
use super::body::{UPLOAD_BYTES_MAX, read_body};
use super::error::{ApiError, ErrorBody};
use super::route::resource;
use crate::service::access::Caller;
use crate::service::credential::Presented;
use crate::service::ingest::Received;
use crate::service::{Error, Services};

const INGEST: &str = "/i/{token}";
/// Longest body that is read on the worker that took it, which others wait for: one of 8 MiB with a picture in
/// base64 takes 35 ms, one of 10 MiB that is made to be slow 90 ms (measured, 2026-11).
const READ_HERE_BYTES_MAX: usize = 64 << 10;
/// The same, when no guessing is wanted.
const INGEST_DIALECT: &str = "/i/{token}/{dialect}";

pub(super) fn configure(config: &mut ServiceConfig) {
    let methods = [Method::GET, Method::POST, Method::PUT];
    config.service(resource(INGEST, methods.clone().map(|method| (method, web::to(deliver)))));
    config.service(resource(INGEST_DIALECT, methods.map(|method| (method, web::to(deliver_as)))));
}

/// Deliver an event with an address alone: for cameras' own pages and for scripts.
///
/// `name`, `state` (`start`, `stop`, `pulse`), `time` and `source` come from the query, a form or a JSON
/// object; whatever else is there becomes tags. Nothing at all is a `motion`. A name that the camera did
/// not have becomes one of its event types. `start` stores an event, its repeats store nothing, `stop` adds
/// `end_time` and `duration_ms` to it. A body that is a JPEG, PNG or WebP, or has one as a further part of a
/// form, brings the event's picture.
///
/// What cameras of several makes post is known by its looks: Hikvision, ONVIF `Notify`, Viewtron and those
/// that are listed at `/i/{token}/{dialect}`. An `all` or ingest token of one camera is needed.
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
    take(&req, &services, &token, None, payload).await
}

/// Deliver events in the words of a known make.
///
/// As `/i/{token}`, but without guessing: what is not in the words of this make is not understood.
#[utoipa::path(
    method(get, post, put),
    path = INGEST_DIALECT,
    operation_id = "deliver_events_as",
    tag = "events",
    security(()),
    params(
        ("token" = String, Path, description = "An ingest token"),
        ("dialect" = inline(Dialect), Path, description = "Whose words they are; `event` is our own form")),
    responses(
        (status = 200, description = "Taken in: what was stored is on disk. No body"),
        (status = 404, body = ErrorBody, description = "`not_found`: no such token, or no such make"),
        (status = 413, body = ErrorBody, description = "`body_too_large`"),
        (status = 429, body = ErrorBody, description = "`rate_limited`; `too_many_attempts` after many unknown tokens"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
        (status = 507, body = ErrorBody, description = "`storage_full`")))]
pub(super) async fn deliver_as(
    req: HttpRequest,
    services: Data<Services>,
    path: Path<(String, String)>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (token, dialect) = path.into_inner();
    let dialect = Dialect::named(&dialect).ok_or(ApiError::NotFound)?;
    take(&req, &services, &token, Some(dialect), payload).await
}

/// Takes in a delivery. If the server fails at one of its messages, the others are stored and the sender is told:
/// it sends all of them again, and those that are there count as repeats.
async fn take(
    req: &HttpRequest,
    services: &Services,
    token: &str,
    only: Option<Dialect>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let from = peer(req);
    let caller = services.credentials.authenticate(token, Presented::Query);
    let mut caller = caller.map_err(|_| match services.credentials.refusal(token, from) {
        Error::InvalidAuth => ApiError::NotFound,
        slowed_down => slowed_down.into(),
    })?;
    caller.from = from;
    services.credentials.used(&caller, caller.from);
    let zone = services.ingest.zone(&caller).map_err(|_| ApiError::NotFound)?;
    let body = read_body(req, payload, UPLOAD_BYTES_MAX).await?;
    let kind = req.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let (said, body) = if body.len() <= READ_HERE_BYTES_MAX {
        (dialect::read(only, req.query_string(), kind, &body, &zone), body)
    } else {
        let (query, kind) = (req.query_string().to_owned(), kind.map(str::to_owned));
        let read = move || (dialect::read(only, &query, kind.as_deref(), &body, &zone), body);
        web::block(read).await.map_err(|_| ApiError::Internal)?
    };
    let Some(said) = said else {
        let line = (req.method().as_str(), req.query_string());
        services.ingest.keep_not_understood(&caller, line, kind, &body);
        let error = Error::BadParameter("the message was not understood".to_owned());
        left_out(services, &caller, &error);
        return Ok(taken());
    };
    if said.iter().all(|said| said.picture.is_none()) {
        drop(body); // its share of the budget is free while the disk works
    }
    let mut failed = None;
    for Said { message, picture } in said {
        match services.ingest.receive(&caller, message, picture).await {
            Ok(Received::Stored(_) | Received::Completed(_) | Received::Ignored) => {}
            Ok(Received::SwitchedOff) => {
                services.events.refused(&caller, None, "receive_off", 1);
            }
            // The sender cannot mend it, and repeating would not either.
            Err(
                error @ (Error::BadParameter(_) | Error::MetaLimit(_) | Error::LimitReached(_)),
            ) => left_out(services, &caller, &error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or_else(|| Ok(taken()), |error| Err(error.into()))
}

fn taken() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").finish()
}

/// A camera in a foreign tongue speaks all day: the log tells once, the page counts.
fn left_out(services: &Services, caller: &Caller, error: &Error) {
    if services.events.refused(caller, None, "not_understood", 1) {
        tracing::warn!(%error, caller = ?caller.who, "a delivery was left out");
    }
}

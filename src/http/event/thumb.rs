//! Pictures of events: sent with a credential or to a signed address, shown by a signed address.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{EventBody, Shown, event_id};
use crate::domain::picture::Purpose;
use crate::domain::{Event, EventId, PictureState};
use crate::http::auth;
use crate::http::body::{Body, UPLOAD_BYTES_MAX, read_body};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::Params;
use crate::service::access::Action;
use crate::service::picture::{self, Admitted, Sent, placeholder};
use crate::service::{Error, Services};

/// An event's picture.
pub(super) const THUMB: &str = "/api/v2/storage/events/{id}/thumb/";

/// How long a browser shows a picture without asking again; then its `ETag` saves it from loading it.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=300");
/// Whatever a browser takes the bytes for, they may do nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
/// Seconds after which an expected picture may have come.
const EXPECTED_RETRY_S: u64 = 2;

/// Where an event's picture is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct ThumbBody {
    /// Until when the addresses are good, UTC.
    #[schema(example = "2021-09-24T17:00:00")]
    expire: String,
    /// The picture as it was sent: absolute, needs no credential.
    full_url: String,
    /// `ready`, or `expected` as long as it is on its way; the addresses answer 202 then.
    #[schema(example = "ready")]
    state: &'static str,
    /// The same as a JPEG of at most 320 pixels' width.
    url: String,
}

/// Makes addresses of pictures as this client reaches the server.
#[derive(Clone)]
pub(in crate::http) struct Links {
    origin: String,
    services: Data<Services>,
}

impl Links {
    pub fn of(req: &HttpRequest, services: &Data<Services>) -> Self {
        Self { origin: auth::origin(req).url(), services: services.clone() }
    }

    /// The addresses, if there is a picture or one is on its way.
    pub fn thumb(&self, event: &Event) -> Option<ThumbBody> {
        if !matches!(event.picture, PictureState::Ready | PictureState::Expected) {
            return None;
        }
        let at = |purpose| self.services.pictures.shown_at(event.id, purpose);
        let (small, full) = (at(Purpose::Thumb), at(Purpose::Full));
        Some(ThumbBody {
            expire: small.until.vxg(),
            full_url: format!("{}{}", self.origin, full.target),
            state: event.picture.word(),
            url: format!("{}{}", self.origin, small.target),
        })
    }
}

/// What a signed address carries. Addresses are taken from `thumb`, not made.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string; here it is documented")]
pub(in crate::http) struct Signed {
    /// `thumb`, `full` or `upload`: what it is good for. With a credential, `full` asks for the picture
    /// as it was sent.
    of: Option<String>,
    /// When it ends, in seconds since 1970.
    expire: Option<u64>,
    /// Its signature; without one a credential is needed.
    sign: Option<String>,
}

/// A body that is kept, with its share of the budget, until the picture is on disk.
struct Bytes(Body);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The proof of a signed address, if the request is for one.
fn admitted(services: &Services, id: EventId, params: &Params) -> Result<Option<Admitted>, Error> {
    let Some(signature) = params.get("sign") else { return Ok(None) };
    let purpose = params.get("of").and_then(Purpose::from_word).ok_or(Error::BadSignature)?;
    let expire = params.get("expire").and_then(|text| text.parse().ok());
    let expire = expire.ok_or(Error::BadSignature)?;
    services.pictures.admit(id, purpose, expire, signature).map(Some)
}

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
    let id = event_id(&id)?;
    let params = Params::parse(req.query_string());
    let shown = if let Some(admitted) = admitted(&services, id, &params)? {
        services.pictures.show(admitted).await?
    } else {
        let caller = auth::caller(&req)?;
        let thumb = params.get("of") != Some(Purpose::Full.word());
        services.pictures.show_to(&caller, id, thumb).await?
    };
    let file = match shown {
        picture::Shown::File(file) => file,
        picture::Shown::Expected => return Ok(expected(&req)),
    };
    let tag = format!("\"{:08x}-{:x}\"", file.crc, file.bytes.len());
    let known = req.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| {
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*")
    });
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, CACHE))
        .insert_header((header::CONTENT_SECURITY_POLICY, SANDBOX))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"));
    if is_known {
        return Ok(answer.finish());
    }
    Ok(answer.content_type(file.kind.media_type()).body(file.bytes))
}

/// What is told of a picture that is on its way: a picture to those who look for one.
fn expected(req: &HttpRequest) -> HttpResponse {
    let accept = req.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let mut answer = HttpResponse::Accepted();
    answer
        .insert_header((header::RETRY_AFTER, EXPECTED_RETRY_S))
        .insert_header((header::CONTENT_SECURITY_POLICY, SANDBOX));
    if accept.is_some_and(|accept| accept.contains("image/")) {
        return answer.content_type("image/png").body(placeholder());
    }
    answer.json(StateBody { state: PictureState::Expected.word() })
}

/// How a picture stands.
#[derive(Serialize)]
struct StateBody {
    state: &'static str,
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
    let pictures = &services.pictures;
    let params = Params::parse(req.query_string());
    let event = if let Some(admitted) = admitted(&services, id, &params)? {
        admitted.may_upload()?;
        pictures.upload(admitted, read(&req, payload).await?).await?
    } else {
        let caller = auth::caller(&req)?;
        caller.may(Action::ChangeEvents)?;
        pictures.may_attach(&caller, id).await?;
        pictures.attach(&caller, id, read(&req, payload).await?).await?
    };
    let body = EventBody::listed(&event, Shown { meta: false, detail: false });
    Ok(HttpResponse::Ok().json(body.with_thumb(&Links::of(&req, &services), &event)))
}

async fn read(req: &HttpRequest, payload: Payload) -> Result<Sent, ApiError> {
    Ok(Arc::new(Bytes(read_body(req, payload, UPLOAD_BYTES_MAX).await?)))
}

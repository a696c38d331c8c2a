//! What pictures and metadata files of events share over HTTP: signed addresses, answers, bodies.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{EventBody, Shown};
use crate::domain::attachment::Purpose;
use crate::domain::{Attachment, Event, EventId, FileState};
use crate::http::auth;
use crate::http::body::{Body, read_body};
use crate::http::error::ApiError;
use crate::http::params::Params;
use crate::http::reply::is_fresh;
use crate::service::access::Action;
use crate::service::attachment::{self, Admitted, Sent};
use crate::service::{Error, Services};

/// How long a browser shows a file without asking again; then its `ETag` saves it from loading it.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=300");
/// Whatever a browser takes the bytes for, they may do nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
/// Seconds after which an expected file may have come.
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

/// Where an event's metadata file is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct FilemetaBody {
    /// Only when it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    download: Option<DownloadBody>,
    /// `ready`; with `detail=detail` also `expected` while it is on its way, and `failed` if it did not come.
    #[schema(example = "ready")]
    state: &'static str,
}

/// An address to load a file from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct DownloadBody {
    /// Until when the address is good, UTC.
    #[schema(example = "2021-09-24T17:00:00")]
    expire: String,
    /// Absolute, needs no credential; answers the JSON as it was sent.
    url: String,
}

/// Makes addresses of events' files as this client reaches the server.
#[derive(Clone)]
pub(in crate::http) struct Links {
    origin: String,
    services: Data<Services>,
}

impl Links {
    pub fn of(req: &HttpRequest, services: &Data<Services>) -> Self {
        Self { origin: auth::origin(req).url(), services: services.clone() }
    }

    /// The address, and when it ends.
    fn at(&self, event: &Event, purpose: Purpose) -> (String, String) {
        let address = self.services.attachments.shown_at(event.id, purpose);
        (format!("{}{}", self.origin, address.target), address.until.vxg())
    }

    /// The addresses, if there is a picture or one is on its way.
    pub fn thumb(&self, event: &Event) -> Option<ThumbBody> {
        let state = event.attached.picture;
        if !matches!(state, FileState::Ready | FileState::Expected) {
            return None;
        }
        let ((url, expire), (full_url, _)) =
            (self.at(event, Purpose::Thumb), self.at(event, Purpose::Full));
        Some(ThumbBody { expire, full_url, state: state.word(), url })
    }

    /// The address, if there is a metadata file and `shown` is asked for it. Only in detail it is told how
    /// one that is not there stands: clients load whatever has an address.
    pub fn filemeta(&self, event: &Event, shown: Shown) -> Option<FilemetaBody> {
        let state = event.attached.filemeta;
        let told = match state {
            FileState::None => false,
            FileState::Ready => shown.detail || shown.filemeta,
            FileState::Expected | FileState::Failed => shown.detail,
        };
        let download = (state == FileState::Ready).then(|| {
            let (url, expire) = self.at(event, Purpose::Filemeta);
            DownloadBody { expire, url }
        });
        told.then_some(FilemetaBody { download, state: state.word() })
    }
}

/// What a signed address carries. Addresses are taken from events, not made.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string; here it is documented")]
pub(in crate::http) struct Signed {
    /// What it is good for: `thumb`, `full` or `upload` of a picture, `filemeta` or `upload_filemeta`. With a
    /// credential, `full` asks for the picture as it was sent.
    of: Option<String>,
    /// When it ends, in seconds since 1970.
    expire: Option<u64>,
    /// Its signature; without one a credential is needed.
    sign: Option<String>,
}

/// A body that is kept, with its share of the budget, until the file is on disk.
struct Bytes(Body);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The proof of a signed address, if the request is for one.
fn admitted(
    services: &Services,
    id: EventId,
    of: Attachment,
    params: &Params,
) -> Result<Option<Admitted>, Error> {
    let Some(signature) = params.get("sign") else { return Ok(None) };
    let purpose = params.get("of").and_then(Purpose::from_word).ok_or(Error::BadSignature)?;
    let expire = params.get("expire").and_then(|text| text.parse().ok());
    let expire = expire.ok_or(Error::BadSignature)?;
    services.attachments.admit(id, of, purpose, expire, signature).map(Some)
}

/// Answers with a file, by a signed address or with a credential, which asks for `otherwise` unless `of` says
/// something else. `expected` makes the answer while it is on its way.
pub(super) async fn show(
    services: &Services,
    req: &HttpRequest,
    id: EventId,
    otherwise: Purpose,
    expected: impl FnOnce(HttpResponseBuilder) -> HttpResponse,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(req.query_string());
    let of = otherwise.attachment();
    let shown = if let Some(admitted) = admitted(services, id, of, &params)? {
        services.attachments.show(admitted).await?
    } else {
        let caller = auth::caller(req)?;
        let asked = params.get("of").and_then(Purpose::from_word);
        let asked = asked.filter(|asked| asked.attachment() == of && !asked.is_upload());
        services.attachments.show_to(&caller, id, asked.unwrap_or(otherwise)).await?
    };
    let file = match shown {
        attachment::Shown::File(file) => file,
        attachment::Shown::Expected => {
            let mut answer = HttpResponse::Accepted();
            answer
                .insert_header((header::RETRY_AFTER, EXPECTED_RETRY_S))
                .insert_header((header::CONTENT_SECURITY_POLICY, SANDBOX));
            return Ok(expected(answer));
        }
    };
    let tag = format!("\"{:08x}-{:x}\"", file.crc, file.bytes.len());
    let is_known = is_fresh(req, &tag);
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

/// How a file stands that is on its way.
#[derive(Serialize)]
struct StateBody {
    state: &'static str,
}

/// What programs are told of a file that is on its way.
pub(super) fn expected(mut answer: HttpResponseBuilder) -> HttpResponse {
    answer.json(StateBody { state: FileState::Expected.word() })
}

/// Takes a file of at most [`Attachment::bytes_max`], at a signed address or with a credential, and answers the event.
pub(super) async fn take(
    services: &Data<Services>,
    req: &HttpRequest,
    id: EventId,
    of: Attachment,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let max = of.bytes_max();
    let attachments = &services.attachments;
    let params = Params::parse(req.query_string());
    let event = if let Some(admitted) = admitted(services, id, of, &params)? {
        admitted.may_upload()?;
        attachments.upload(admitted, read(req, payload, max).await?).await?
    } else {
        let caller = auth::caller(req)?;
        caller.may(Action::ChangeEvents)?;
        attachments.may_attach(&caller, id).await?;
        attachments.attach(&caller, id, of, read(req, payload, max).await?).await?
    };
    let shown = Shown { filemeta: of == Attachment::Filemeta, ..Shown::default() };
    let links = Links::of(req, services);
    Ok(HttpResponse::Ok().json(EventBody::listed(&event, shown).with_files(&links, &event, shown)))
}

async fn read(req: &HttpRequest, payload: Payload, max: usize) -> Result<Sent, ApiError> {
    Ok(Arc::new(Bytes(read_body(req, payload, max).await?)))
}

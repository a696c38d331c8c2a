//! Recorded video and pictures, as clients of the API look for them: there are none.
//!
//! Only events are stored here. The lists are there and empty, so that clients show events without
//! an alert; they take the parameters of the API and ignore most.

use actix_web::http::Method;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::MayReadEvents;
use super::error::{ApiError, ErrorBody};
use super::paging::EnvelopeMeta;
use super::query::cameras;
use super::reply::PageRequest;
use super::route::resource;
use crate::domain::CameraId;
use crate::domain::Timestamp;
use crate::domain::time::HOUR_US;
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::error::Error;

/// Lists of recorded things; the first stands for all in the code, the document has each.
pub(super) const LISTS: [&str; 13] = [
    CLIPS,
    "/api/v2/storage/data/",
    "/api/v2/storage/records/",
    "/api/v2/storage/images/",
    "/api/v2/storage/thumbnails/",
    "/api/v2/storage/activity/",
    "/api/v4/storage/clips/",
    "/api/v4/storage/data/",
    "/api/v4/storage/records/",
    "/api/v4/storage/images/",
    "/api/v4/storage/thumbnails/",
    "/api/v4/storage/activity/",
    "/api/v4/storage/timeline/",
];
/// See [`LISTS`].
pub(super) const CLIPS: &str = "/api/v2/storage/clips/";
const TIMELINE: &str = "/api/v2/storage/timeline/{camid}/";

/// A list of recorded things: always empty.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingList {
    /// Where this page stands.
    meta: RecordingMeta,
    /// Nothing.
    objects: Vec<RecordingBody>,
}

/// Where a page stands in its list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingMeta {
    /// Until when addresses in the list would be good, UTC.
    #[schema(example = "2021-09-23T17:30:00")]
    expire: String,
    #[serde(flatten)]
    page: EnvelopeMeta,
}

/// A recorded thing, as the API has it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingBody {
    /// Its address.
    url: String,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    for path in LISTS {
        config.service(resource(path, [(Method::GET, web::to(list))]));
    }
    config.service(resource(TIMELINE, [(Method::GET, web::to(timeline))]));
}

/// Recorded video and pictures: an empty list. Only events are stored here.
#[utoipa::path(get, path = CLIPS, tag = "video",
    params(
        ("camid" = Option<String>, Query, description = "Comma list of cameras"),
        ("limit" = Option<usize>, Query, description = "Rows of a page: 20 if left out, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = RecordingList, description = "Always empty"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`, `out_of_scope`")))]
pub(super) async fn list(
    caller: MayReadEvents,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = PageRequest::new(&request);
    in_scope(&caller, &cameras(&asked.params)?)?;
    nothing(&services, &asked)
}

/// When a camera has recorded: an empty list. Only events are stored here.
#[utoipa::path(get, path = TIMELINE, tag = "video",
    params(
        ("camid" = u32, Path, description = "The camera"),
        ("limit" = Option<usize>, Query, description = "Rows of a page: 20 if left out, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = RecordingList, description = "Always empty"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn timeline(
    caller: MayReadEvents,
    services: Data<Services>,
    camera: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    services.cameras.get(&caller, CameraId(*camera))?;
    nothing(&services, &PageRequest::new(&request))
}

/// One foreign camera is refused, like one that does not exist; in a list it is skipped.
fn in_scope(caller: &Caller, cameras: &[CameraId]) -> Result<(), Error> {
    match cameras {
        [camera] if !caller.covers(*camera) => Err(Error::OutOfScope(*camera)),
        _ => Ok(()),
    }
}

fn nothing(services: &Services, asked: &PageRequest<'_>) -> Result<HttpResponse, ApiError> {
    let page = asked.page(&[], Vec::new(), |thing: RecordingBody| thing)?;
    let expire = Timestamp(services.clock().now().micros() + HOUR_US).vxg();
    let meta = RecordingMeta { expire, page: page.meta };
    Ok(HttpResponse::Ok().json(RecordingList { meta, objects: page.objects }))
}

//! Cameras: list, add, one, change, remove.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::auth::{MayChangeCameras, MayManage, MayReadCameras};
use super::camera_parts::{Degrees, access, degrees, status, stream_url, tags};
use super::error::{ApiError, ErrorBody};
use super::json::{Empty, read_json};
use super::paging::Envelope;
use super::params::Params;
use super::reply::{PageRequest, private};
use super::route::resource;
use crate::domain::CameraId;
use crate::domain::meta::Sent;
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::camera::{CameraChange, NewCamera};
use crate::service::catalogue::CameraEntry;
use crate::service::error::Error;

const CAMERAS: &str = "/api/v2/cameras/";
const CAMERA: &str = "/api/v2/cameras/{id}/";
const MOTION: &str = "/api/v2/cameras/{id}/motion_detection/";
const REGIONS: &str = "/api/v2/cameras/{id}/motion_detection/regions/";

/// A camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraBody {
    /// What the caller may do with it: `all` or `watch`.
    #[schema(value_type = Vec<String>, example = json!(["all"]))]
    access: [&'static str; 1],
    /// VXG's camera manager: always the camera's own number.
    cmngrid: u32,
    /// When its record was made, UTC.
    #[schema(example = "2021-09-23T16:30:00")]
    created: String,
    /// Whether it is in use.
    enabled: bool,
    /// Its number, `camid` of its events.
    id: u32,
    /// Degrees north, null if not known.
    #[schema(value_type = Option<f64>)]
    latitude: Option<Box<RawValue>>,
    /// Degrees east, null if not known.
    #[schema(value_type = Option<f64>)]
    longitude: Option<Box<RawValue>>,
    /// Its own tags; only with `include_meta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<BTreeMap<String, String>>,
    /// Its name.
    name: String,
    /// Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded.
    rec_mode: String,
    /// `active`: its agent is connected; `offline`: it is not; `inactive`: switched off.
    status: &'static str,
    /// IANA name of its time zone.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// Address of its own stream, null if not known; without its password for callers that only read.
    url: Option<String>,
}

impl CameraBody {
    fn new(caller: &Caller, entry: &CameraEntry, with_meta: bool) -> Self {
        let camera = &entry.camera;
        Self {
            access: [access(caller)],
            cmngrid: camera.id.0,
            created: camera.created.vxg(),
            enabled: camera.enabled,
            id: camera.id.0,
            latitude: degrees(camera.latitude.as_ref()),
            longitude: degrees(camera.longitude.as_ref()),
            meta: with_meta.then(|| camera.meta.clone()),
            name: camera.name.clone(),
            rec_mode: camera.rec_mode.clone(),
            status: status(entry),
            timezone: camera.timezone.clone(),
            url: stream_url(caller, camera),
        }
    }
}

/// A camera to add, or what to change of one: members left out or null stay as they are.
#[derive(Deserialize, ToSchema)]
pub(super) struct CameraInput {
    /// Its name: 1 to 128 bytes. Required for a new camera.
    name: Option<String>,
    /// IANA name of its time zone; `UTC` if left out.
    timezone: Option<String>,
    /// Whether it is in use.
    enabled: Option<bool>,
    /// Recording mode: `on`, `off` or `by_event`.
    rec_mode: Option<String>,
    /// Address of its own stream; `""` takes it away.
    url: Option<String>,
    /// Degrees north.
    #[schema(value_type = Option<f64>)]
    latitude: Option<Degrees>,
    /// Degrees east.
    #[schema(value_type = Option<f64>)]
    longitude: Option<Degrees>,
    /// All its tags.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    meta: Option<Sent>,
}

impl From<CameraInput> for CameraChange {
    fn from(input: CameraInput) -> Self {
        Self {
            name: input.name,
            timezone: input.timezone,
            enabled: input.enabled,
            rec_mode: input.rec_mode,
            url: input.url,
            login: None,
            latitude: input.latitude.map(|degrees| degrees.0),
            longitude: input.longitude.map(|degrees| degrees.0),
            meta: input.meta.map(tags),
            ..Self::default()
        }
    }
}

/// A region in which a camera looks for motion.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegionBody {
    /// Its number.
    id: u32,
    /// Its name.
    name: String,
    /// Its cells, packed.
    map: String,
    /// Whether it is in use.
    enabled: bool,
    /// How easily it reports.
    sensitivity: u32,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(CAMERAS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(
            CAMERA,
            [
                (Method::GET, web::to(get)),
                (Method::PUT, web::to(change)),
                (Method::DELETE, web::to(remove)),
            ],
        ))
        .service(resource(MOTION, [(Method::GET, web::to(motion))]))
        .service(resource(REGIONS, [(Method::GET, web::to(regions))]));
}

/// List the cameras that the caller can see, by id.
#[utoipa::path(get, path = CAMERAS, tag = "cameras",
    params(
        ("include_meta" = Option<bool>, Query, description = "Show each camera's own tags"),
        ("detail" = Option<String>, Query, description = "Taken and ignored: records are always complete"),
        ("limit" = Option<usize>, Query, description = "Rows of a page: 20 if left out, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = Envelope<CameraBody>),
        (status = 400, body = ErrorBody, description = "`bad_parameter`")))]
pub(super) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let cameras = services.cameras.list(&caller)?;
    let asked = PageRequest::new(&request);
    let with_meta = asked.params.flag("include_meta");
    let show = |entry: Arc<CameraEntry>| CameraBody::new(&caller, &entry, with_meta);
    Ok(private(StatusCode::OK, asked.page(&["include_meta", "detail"], cameras, show)?))
}

/// Add a camera with the three event types that every camera has.
#[utoipa::path(post, path = CAMERAS, tag = "cameras", request_body = CameraInput,
    responses(
        (status = 201, body = CameraBody),
        (status = 400, body = ErrorBody,
            description = "`missing_field`, `bad_parameter`, `meta_limit`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(super) async fn add(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let mut input = read_json::<CameraInput>(&request, payload, Empty::IsError).await?.into_inner();
    let name = input.name.take().ok_or(Error::MissingField("name"))?;
    let new = NewCamera { id: None, name, change: input.into() };
    let added = services.cameras.add(&caller, new).await?;
    Ok(private(StatusCode::CREATED, CameraBody::new(&caller, &added.entry, true)))
}

/// Show a camera.
#[utoipa::path(get, path = CAMERA, tag = "cameras",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("include_meta" = Option<bool>, Query, description = "Show its own tags")),
    responses(
        (status = 200, body = CameraBody),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn get(
    caller: MayReadCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let entry = services.cameras.get(&caller, CameraId(*id))?;
    let with_meta = Params::parse(request.query_string()).flag("include_meta");
    Ok(private(StatusCode::OK, CameraBody::new(&caller, &entry, with_meta)))
}

/// Change a camera's record.
#[utoipa::path(put, path = CAMERA, tag = "cameras", request_body = CameraInput,
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = CameraBody, description = "As it is now"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`, `meta_limit`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn change(
    caller: MayChangeCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let input = read_json::<CameraInput>(&request, payload, Empty::IsObject).await?.into_inner();
    let entry = services.cameras.change(&caller, CameraId(*id), input.into()).await?;
    Ok(private(StatusCode::OK, CameraBody::new(&caller, &entry, true)))
}

/// Remove a camera: its types and tokens end at once, its events stay unless `purge=true`.
///
/// If the connection ends while events are deleted, the same request again deletes the rest.
#[utoipa::path(delete, path = CAMERA, tag = "cameras",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("purge" = Option<bool>, Query, description = "Delete its events too")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn remove(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = CameraId(*id);
    let purge = Params::parse(request.query_string()).boolean("purge")?.unwrap_or(false);
    let removed = services.cameras.remove(&caller, id).await;
    match removed {
        Ok(()) if purge => drop(services.events.purge(&caller, id).await?),
        Err(Error::CameraNotFound(_)) if purge && services.events.purge(&caller, id).await? > 0 => {
        }
        other => other?,
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Settings of motion detection: none, since cameras keep them themselves.
#[utoipa::path(get, path = MOTION, tag = "cameras",
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = Envelope<RegionBody>, description = "Always empty"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn motion(
    caller: MayReadCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    no_regions(&caller, &services, *id, &request)
}

/// Regions of motion detection: none, since cameras keep them themselves.
#[utoipa::path(get, path = REGIONS, tag = "cameras",
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = Envelope<RegionBody>, description = "Always empty"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn regions(
    caller: MayReadCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    no_regions(&caller, &services, *id, &request)
}

fn no_regions(
    caller: &Caller,
    services: &Services,
    id: u32,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    services.cameras.get(caller, CameraId(id))?;
    let page = PageRequest::new(request).page(&[], Vec::new(), |region: RegionBody| region)?;
    Ok(HttpResponse::Ok().json(page))
}

//! A camera seen by its own token: `/api/v4/channel/`.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::ChannelInput;
use crate::domain::CameraId;
use crate::http::auth::{MayChangeCameras, MayReadCameras};
use crate::http::camera_parts::{status, stream_url};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::params::Params;
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::catalogue::CameraEntry;
use crate::service::error::Error;

const CHANNEL: &str = "/api/v4/channel/";
const LIVE: &str = "/api/v4/live/watch/";

/// A camera as its own token sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct OwnChannelBody {
    /// Its number, `camid` of its events.
    id: u32,
    /// Its own tags; after GET only with `include_meta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<BTreeMap<String, String>>,
    /// Its name.
    name: String,
    /// Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded.
    rec_mode: String,
    /// Whether video is being recorded: never.
    recording: bool,
    /// `active`: its agent is connected; `offline`: it is not; `inactive`: switched off.
    status: &'static str,
    /// Whether it streams: never.
    streaming: bool,
    /// IANA name of its time zone.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
}

impl OwnChannelBody {
    fn new(entry: &CameraEntry, with_meta: bool) -> Self {
        let camera = &entry.camera;
        Self {
            id: camera.id.0,
            meta: with_meta.then(|| camera.meta.clone()),
            name: camera.name.clone(),
            rec_mode: camera.rec_mode.clone(),
            recording: false,
            status: status(entry),
            streaming: false,
            timezone: camera.timezone.clone(),
        }
    }
}

/// Where a camera's stream is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct LiveBody {
    /// The address once more, if it is one of RTSP.
    #[serde(skip_serializing_if = "Option::is_none")]
    rtsp: Option<String>,
    /// The camera's own address; without the password in it for callers that only read.
    url: String,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(CHANNEL, [(Method::GET, web::to(get)), (Method::PUT, web::to(change))]))
        .service(resource(LIVE, [(Method::GET, web::to(live))]));
}

/// Show the camera that the token is for.
#[utoipa::path(get, path = CHANNEL, tag = "channels", operation_id = "get_own_channel",
    params(("include_meta" = Option<bool>, Query, description = "Show its own tags")),
    responses(
        (status = 200, body = OwnChannelBody),
        (status = 403, body = ErrorBody, description = "`access_deny`: the credential is not for one camera")))]
pub(in crate::http) async fn get(
    caller: MayReadCameras,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let entry = services.cameras.get(&caller, own(&caller)?)?;
    let with_meta = Params::parse(request.query_string()).flag("include_meta");
    Ok(private(StatusCode::OK, OwnChannelBody::new(&entry, with_meta)))
}

/// Change the camera that the token is for.
#[utoipa::path(put, path = CHANNEL, tag = "channels", operation_id = "change_own_channel",
    request_body = ChannelInput,
    responses(
        (status = 200, body = OwnChannelBody, description = "As it is now"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`, `meta_limit`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn change(
    caller: MayChangeCameras,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let id = own(&caller)?;
    let input = read_json::<ChannelInput>(&request, payload, Empty::IsObject).await?.into_inner();
    let entry = services.cameras.change(&caller, id, input.into()).await?;
    Ok(private(StatusCode::OK, OwnChannelBody::new(&entry, true)))
}

/// Where the camera's own stream is. This server relays no video.
#[utoipa::path(get, path = LIVE, tag = "video",
    responses(
        (status = 200, body = LiveBody),
        (status = 403, body = ErrorBody, description = "`access_deny`: the credential is not for one camera"),
        (status = 404, body = ErrorBody, description = "`not_found`: its record has no address")))]
pub(in crate::http) async fn live(
    caller: MayReadCameras,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let entry = services.cameras.get(&caller, own(&caller)?)?;
    let url = stream_url(&caller, &entry.camera).ok_or(Error::NotFound("a stream address"))?;
    let is_rtsp = ["rtsp://", "rtsps://"].iter().any(|scheme| url.starts_with(scheme));
    Ok(private(StatusCode::OK, LiveBody { rtsp: is_rtsp.then(|| url.clone()), url }))
}

fn own(caller: &Caller) -> Result<CameraId, Error> {
    caller.only_camera().ok_or(Error::AccessDenied("this path is for the token of one camera"))
}

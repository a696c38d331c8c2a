//! The cameras that a credential covers: `/api/v5/channels/`.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::matching;
use crate::domain::CameraId;
use crate::http::auth::MayReadCameras;
use crate::http::camera_parts::status;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::paging::Envelope;
use crate::http::params::Params;
use crate::http::reply::{PageRequest, private};
use crate::http::route::resource;
use crate::http::tokens::Tokens;
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::catalogue::CameraEntry;

const CHANNELS: &str = "/api/v5/channels/";
const CHANNEL: &str = "/api/v5/channels/{id}/";

/// A camera as a holder of a group token sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ScopeChannelBody {
    /// Its number, `camid` of its events.
    id: u32,
    /// Its own tags; only with `include_meta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<BTreeMap<String, String>>,
    /// Its name.
    name: String,
    /// Its last picture: null, there is none.
    preview: Option<PreviewBody>,
    /// Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded.
    rec_mode: String,
    /// Whether video is being recorded: never.
    recording: bool,
    /// `active`: its agent is connected; `offline`: it is not; `inactive`: switched off.
    status: &'static str,
    /// IANA name of its time zone.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// A token of this camera with the caller's own rights, a base64 envelope; null if there is none.
    token: Option<String>,
}

/// A picture of a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct PreviewBody {
    /// Its address.
    url: String,
}

impl ScopeChannelBody {
    fn new(caller: &Caller, entry: &CameraEntry, tokens: &Tokens, with_meta: bool) -> Self {
        let camera = &entry.camera;
        Self {
            id: camera.id.0,
            meta: with_meta.then(|| camera.meta.clone()),
            name: camera.name.clone(),
            preview: None,
            rec_mode: camera.rec_mode.clone(),
            recording: false,
            status: status(entry),
            timezone: camera.timezone.clone(),
            token: tokens.own(caller, camera.id),
        }
    }
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(CHANNELS, [(Method::GET, web::to(list))]))
        .service(resource(CHANNEL, [(Method::GET, web::to(get))]));
}

/// List the cameras that the credential covers, by id, each with a token of its own.
#[utoipa::path(get, path = CHANNELS, tag = "channels", operation_id = "list_covered_channels",
    params(
        ("include_meta" = Option<bool>, Query, description = "Show each camera's own tags"),
        ("meta" = Option<String>, Query, description = "Comma list of tags: cameras with any of them"),
        ("meta_not" = Option<String>, Query, description = "Comma list of tags: cameras with none of them"),
        ("limit" = Option<usize>, Query, description = "Rows of a page: 20 if left out, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = Envelope<ScopeChannelBody>),
        (status = 400, body = ErrorBody, description = "`bad_parameter`")))]
pub(in crate::http) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = PageRequest::new(&request);
    let with_meta = asked.params.flag("include_meta");
    let cameras = matching(&services.cameras.list(&caller)?, &asked.params)?;
    let tokens = Tokens::shown(&request, &caller, "channels").await?;
    let show = |entry: Arc<CameraEntry>| ScopeChannelBody::new(&caller, &entry, &tokens, with_meta);
    let page = asked.page(&["include_meta", "meta", "meta_not"], cameras, show)?;
    Ok(private(StatusCode::OK, page))
}

/// Show one of the cameras that the credential covers.
#[utoipa::path(get, path = CHANNEL, tag = "channels", operation_id = "get_covered_channel",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("include_meta" = Option<bool>, Query, description = "Show its own tags")),
    responses(
        (status = 200, body = ScopeChannelBody),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn get(
    caller: MayReadCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let entry = services.cameras.get(&caller, CameraId(*id))?;
    let with_meta = Params::parse(request.query_string()).flag("include_meta");
    let tokens = Tokens::shown(&request, &caller, format!("camera {id}")).await?;
    Ok(private(StatusCode::OK, ScopeChannelBody::new(&caller, &entry, &tokens, with_meta)))
}

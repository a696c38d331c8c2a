//! Channels: what VXG's later API calls a camera. v3 for the account, [`own`] (v4) for a camera's own
//! token, [`scope`] (v5) for what a credential covers.

mod body;
pub(super) mod meta;
pub(super) mod own;
pub(super) mod scope;

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::auth::{MayChangeCameras, MayManage, MayReadCameras};
use super::error::{ApiError, ErrorBody};
use super::json::{Empty, read_json};
use super::paging::Envelope;
use super::params::Params;
use super::reply::{PageRequest, private};
use super::route::resource;
use super::tokens::Tokens;
use crate::domain::CameraId;
use crate::service::Services;
use crate::service::camera::NewCamera;
use crate::service::catalogue::CameraEntry;
use crate::service::error::Error;
use body::{ChannelBody, ChannelInput};

const CHANNELS: &str = "/api/v3/channels/";
const CHANNEL: &str = "/api/v3/channels/{id}/";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(CHANNELS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(
            CHANNEL,
            [
                (Method::GET, web::to(get)),
                (Method::PUT, web::to(change)),
                (Method::DELETE, web::to(remove)),
            ],
        ))
        .configure(meta::configure)
        .configure(own::configure)
        .configure(scope::configure);
}

/// List channels, by id; with their tokens for account-wide callers.
#[utoipa::path(get, path = CHANNELS, tag = "channels",
    params(
        ("include_meta" = Option<bool>, Query, description = "Show each camera's own tags"),
        ("meta" = Option<String>, Query, description = "Comma list of tags: cameras with any of them"),
        ("meta_not" = Option<String>, Query, description = "Comma list of tags: cameras with none of them"),
        ("detail" = Option<String>, Query, description = "Taken and ignored: records are always complete"),
        ("limit" = Option<usize>, Query, description = "Rows of a page: 20 if left out, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = Envelope<ChannelBody>),
        (status = 400, body = ErrorBody, description = "`bad_parameter`")))]
pub(super) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = PageRequest::new(&request);
    let with_meta = asked.params.flag("include_meta");
    let cameras = body::matching(&services.cameras.list(&caller)?, &asked.params)?;
    let tokens = Tokens::shown(&request, &caller, "channels").await?;
    let show = |entry: Arc<CameraEntry>| ChannelBody::new(&caller, &entry, &tokens, with_meta);
    let page = asked.page(&["include_meta", "meta", "meta_not", "detail"], cameras, show)?;
    Ok(private(StatusCode::OK, page))
}

/// Add a channel, that is a camera, and show its tokens.
#[utoipa::path(post, path = CHANNELS, tag = "channels", request_body = ChannelInput,
    responses(
        (status = 201, body = ChannelBody),
        (status = 400, body = ErrorBody,
            description = "`missing_field`, `bad_parameter`, `meta_limit`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(super) async fn add(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let mut input =
        read_json::<ChannelInput>(&request, payload, Empty::IsError).await?.into_inner();
    let name = input.name.take().ok_or(Error::MissingField("name"))?;
    let new = NewCamera { id: None, name, change: input.into() };
    let added = services.cameras.add(&caller, new).await?;
    let tokens = Tokens::new(&request, &caller);
    let body = ChannelBody::new(&caller, &added.entry, &tokens, true);
    Ok(private(StatusCode::CREATED, body))
}

/// Show a channel.
#[utoipa::path(get, path = CHANNEL, tag = "channels",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("include_meta" = Option<bool>, Query, description = "Show its own tags")),
    responses(
        (status = 200, body = ChannelBody),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn get(
    caller: MayReadCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let entry = services.cameras.get(&caller, CameraId(*id))?;
    let with_meta = Params::parse(request.query_string()).flag("include_meta");
    let tokens = Tokens::shown(&request, &caller, format!("camera {id}")).await?;
    Ok(private(StatusCode::OK, ChannelBody::new(&caller, &entry, &tokens, with_meta)))
}

/// Change a channel.
#[utoipa::path(put, path = CHANNEL, tag = "channels", request_body = ChannelInput,
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = ChannelBody, description = "As it is now"),
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
    let input = read_json::<ChannelInput>(&request, payload, Empty::IsObject).await?.into_inner();
    let entry = services.cameras.change(&caller, CameraId(*id), input.into()).await?;
    let tokens = Tokens::new(&request, &caller);
    Ok(private(StatusCode::OK, ChannelBody::new(&caller, &entry, &tokens, true)))
}

/// Remove a channel, that is the camera: its tokens end at once, its events stay.
#[utoipa::path(delete, path = CHANNEL, tag = "channels",
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn remove(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
) -> Result<HttpResponse, ApiError> {
    services.cameras.remove(&caller, CameraId(*id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

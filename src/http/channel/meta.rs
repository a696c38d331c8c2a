//! Tags of a camera itself.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::domain::{CameraId, meta};
use crate::http::auth::{MayChangeCameras, MayReadCameras};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::paging::Envelope;
use crate::http::reply::{PageRequest, private};
use crate::http::route::resource;
use crate::service::Services;
use crate::service::error::Error;

const TAGS: &str = "/api/v3/channels/{id}/meta/";
const TAG: &str = "/api/v3/channels/{id}/meta/{tag}/";

/// A tag and its text.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChannelTagBody {
    /// The text; may be empty.
    data: String,
    /// The tag.
    #[schema(example = "location")]
    tag: String,
}

/// A tag to add.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct NewChannelTag {
    /// The tag: 1 to 128 bytes. Required.
    #[schema(required)]
    tag: Option<String>,
    /// Its text, empty if left out. A value of another kind is kept as its JSON text.
    #[schema(value_type = Option<String>)]
    data: Option<Box<RawValue>>,
}

/// A tag's new text.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct ChannelTagData {
    /// The text; may be empty. Required. A value of another kind is kept as its JSON text.
    #[schema(value_type = String)]
    data: Option<Box<RawValue>>,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(TAGS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(
            TAG,
            [
                (Method::GET, web::to(get)),
                (Method::PUT, web::to(set)),
                (Method::DELETE, web::to(remove)),
            ],
        ));
}

/// List a camera's own tags, by tag. Without `limit` all are on one page.
#[utoipa::path(get, path = TAGS, tag = "channels",
    operation_id = "list_channel_tags",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("limit" = Option<usize>, Query, description = "Rows of a page, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = Envelope<ChannelTagBody>),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let entry = services.cameras.get(&caller, CameraId(*id))?;
    let tags = entry.camera.meta.clone().into_iter().collect();
    let show = |(tag, data)| ChannelTagBody { data, tag };
    Ok(private(StatusCode::OK, PageRequest::new(&request).whole(tags, show)?))
}

/// Add a tag to a camera. One that it has already is left alone: 400.
#[utoipa::path(post, path = TAGS, tag = "channels", request_body = NewChannelTag,
    operation_id = "add_channel_tag",
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 201, body = ChannelTagBody),
        (status = 400, body = ErrorBody,
            description = "`already_exists`, `missing_field`, `meta_limit`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn add(
    caller: MayChangeCameras,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let new = read_json::<NewChannelTag>(&request, payload, Empty::IsError).await?.into_inner();
    let tag = new.tag.ok_or(Error::MissingField("tag"))?;
    let data = new.data.map(|raw: Box<RawValue>| meta::value_text(&raw)).unwrap_or_default();
    services.cameras.add_tag(&caller, CameraId(*id), tag.clone(), data.clone()).await?;
    Ok(private(StatusCode::CREATED, ChannelTagBody { data, tag }))
}

/// Show one of a camera's own tags.
#[utoipa::path(get, path = TAG, tag = "channels",
    operation_id = "get_channel_tag",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("tag" = String, Path, description = "The tag")),
    responses(
        (status = 200, body = ChannelTagBody),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `not_found`")))]
pub(in crate::http) async fn get(
    caller: MayReadCameras,
    services: Data<Services>,
    path: Path<(u32, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, tag) = path.into_inner();
    let entry = services.cameras.get(&caller, CameraId(id))?;
    let data = entry.camera.meta.get(&tag).cloned().ok_or(Error::NotFound("the tag"))?;
    Ok(private(StatusCode::OK, ChannelTagBody { data, tag }))
}

/// Change the text of a tag that the camera has.
#[utoipa::path(put, path = TAG, tag = "channels", request_body = ChannelTagData,
    operation_id = "set_channel_tag",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("tag" = String, Path, description = "The tag")),
    responses(
        (status = 200, body = ChannelTagBody),
        (status = 400, body = ErrorBody, description = "`missing_field`, `meta_limit`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `not_found`")))]
pub(in crate::http) async fn set(
    caller: MayChangeCameras,
    services: Data<Services>,
    path: Path<(u32, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (id, tag) = path.into_inner();
    let new = read_json::<ChannelTagData>(&request, payload, Empty::IsError).await?.into_inner();
    let data = meta::value_text(&new.data.ok_or(Error::MissingField("data"))?);
    services.cameras.set_tag(&caller, CameraId(id), tag.clone(), Some(data.clone())).await?;
    Ok(private(StatusCode::OK, ChannelTagBody { data, tag }))
}

/// Take a tag away from a camera.
#[utoipa::path(delete, path = TAG, tag = "channels",
    operation_id = "remove_channel_tag",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("tag" = String, Path, description = "The tag")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `not_found`")))]
pub(in crate::http) async fn remove(
    caller: MayChangeCameras,
    services: Data<Services>,
    path: Path<(u32, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, tag) = path.into_inner();
    services.cameras.set_tag(&caller, CameraId(id), tag, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

//! Groups of channels: a set of cameras with one token, VXG's `SI`.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::MayManage;
use super::error::{ApiError, ErrorBody};
use super::json::{Empty, read_json};
use super::paging::Envelope;
use super::params::bad;
use super::reply::{PageRequest, private};
use super::route::resource;
use super::tokens::Tokens;
use crate::domain::{Access, CameraId, Credential, Kind};
use crate::service::Services;
use crate::service::error::Error;

const GROUPS: &str = "/api/v3/channel_groups/";
const GROUP: &str = "/api/v3/channel_groups/{id}/";

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupBody {
    /// Its cameras, ascending.
    channels: Vec<u32>,
    /// Its number.
    id: u32,
    /// Its name.
    name: String,
    /// Its token, a base64 envelope: `Authorization: SI <token>`.
    token: String,
}

impl GroupBody {
    fn new(row: &Credential, tokens: &Tokens) -> Self {
        Self {
            channels: row.cameras.iter().map(|camera| camera.0).collect(),
            id: row.id,
            name: row.name.clone(),
            token: tokens.envelope(row),
        }
    }
}

/// A group to add.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewGroup {
    /// Its name: 1 to 128 bytes. Required.
    #[schema(required)]
    name: Option<String>,
    /// Its cameras; none if left out.
    channels: Option<Vec<u32>>,
    /// What its token allows: `all`, which is meant if left out, or `watch`.
    access: Option<String>,
}

/// What to change of a group; members left out or null stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct GroupChanges {
    /// Its name: 1 to 128 bytes.
    name: Option<String>,
    /// All its cameras.
    channels: Option<Vec<u32>>,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(GROUPS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(
            GROUP,
            [
                (Method::GET, web::to(get)),
                (Method::PUT, web::to(change)),
                (Method::DELETE, web::to(remove)),
            ],
        ));
}

/// List groups with their tokens, by id.
#[utoipa::path(get, path = GROUPS, tag = "channel groups",
    params(
        ("limit" = Option<usize>, Query, description = "Rows of a page: 20 if left out, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = Envelope<GroupBody>),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(super) async fn list(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let rows = services.credentials.list(&caller, Kind::Group)?;
    let tokens = Tokens::shown(&request, &caller, "groups").await?;
    let page = PageRequest::new(&request).page(&[], rows, |row| GroupBody::new(&row, &tokens))?;
    Ok(private(StatusCode::OK, page))
}

/// Add a group and show its token.
#[utoipa::path(post, path = GROUPS, tag = "channel groups", request_body = NewGroup,
    responses(
        (status = 201, body = GroupBody),
        (status = 400, body = ErrorBody,
            description = "`missing_field`, `bad_parameter`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`; `out_of_scope`: no such camera")))]
pub(super) async fn add(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let new = read_json::<NewGroup>(&request, payload, Empty::IsError).await?.into_inner();
    let name = new.name.ok_or(Error::MissingField("name"))?;
    let access = match &new.access {
        Some(word) => Access::from_word(word).ok_or_else(|| bad("access", "all or watch"))?,
        None => Access::All,
    };
    let cameras = cameras(new.channels.unwrap_or_default());
    let issued = services.credentials.create_group(&caller, name, cameras, access).await?;
    let tokens = Tokens::new(&request, &caller);
    Ok(private(StatusCode::CREATED, GroupBody::new(&issued.credential, &tokens)))
}

/// Show a group with its token.
#[utoipa::path(get, path = GROUP, tag = "channel groups",
    params(("id" = u32, Path, description = "The group")),
    responses(
        (status = 200, body = GroupBody),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(super) async fn get(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let row = services.credentials.get(&caller, Kind::Group, *id)?;
    let tokens = Tokens::shown(&request, &caller, format!("group {id}")).await?;
    Ok(private(StatusCode::OK, GroupBody::new(&row, &tokens)))
}

/// Rename a group, or replace its set of cameras. Its token stays.
#[utoipa::path(put, path = GROUP, tag = "channel groups", request_body = GroupChanges,
    params(("id" = u32, Path, description = "The group")),
    responses(
        (status = 200, body = GroupBody, description = "As it is now"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`; `out_of_scope`: no such camera"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(super) async fn change(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let changes = read_json::<GroupChanges>(&request, payload, Empty::IsObject).await?.into_inner();
    let cameras = changes.channels.map(cameras);
    let issued = services.credentials.change_group(&caller, *id, changes.name, cameras).await?;
    let tokens = Tokens::new(&request, &caller);
    Ok(private(StatusCode::OK, GroupBody::new(&issued.credential, &tokens)))
}

/// Remove a group: its token ends at once.
#[utoipa::path(delete, path = GROUP, tag = "channel groups",
    params(("id" = u32, Path, description = "The group")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(super) async fn remove(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
) -> Result<HttpResponse, ApiError> {
    services.credentials.revoke(&caller, Kind::Group, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn cameras(ids: Vec<u32>) -> Vec<CameraId> {
    ids.into_iter().map(CameraId).collect()
}

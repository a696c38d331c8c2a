//! Tags of an event: clients set and remove them in parallel, and again.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::create::string;
use super::object::Object;
use super::{TAG, TAGS, event_id};
use crate::domain::meta::value_text;
use crate::http::auth::{MayChangeEvents, MayReadEvents};
use crate::http::body::{JSON_BYTES_MAX, read_body};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, parse_json};
use crate::http::paging::{Envelope, Links};
use crate::http::params::Params;
use crate::service::{Error, Services};

/// A tag and its value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct TagBody {
    /// The tag.
    #[schema(example = "process")]
    tag: String,
    /// Its value, perhaps empty.
    #[schema(example = "not_handled")]
    data: String,
}

/// A tag to set.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct AddTag<'a> {
    /// The tag, 1 to 128 bytes.
    #[serde(borrow, default)]
    #[schema(value_type = String, required = true, example = "process")]
    tag: Option<&'a RawValue>,
    /// Its value, empty if left out; what is not a string is stored as its JSON text.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "not_handled")]
    data: Option<&'a RawValue>,
}

/// The value of a tag to set.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct SetTag<'a> {
    /// The value, empty if left out; what is not a string is stored as its JSON text.
    #[serde(borrow, default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "in_progress")]
    data: Option<&'a RawValue>,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string by `http::params`; here it is documented")]
pub(in crate::http) struct TagPaging {
    /// Page size, 1 to 1,000; 0 is 1,000.
    #[param(default = 20)]
    limit: Option<u32>,
    /// Tags to leave out first.
    offset: Option<u64>,
}

/// `null` is a value like any other, unlike a member that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

fn value(data: Option<&RawValue>) -> String {
    data.map(value_text).unwrap_or_default()
}

/// List an event's tags.
#[utoipa::path(
    get,
    path = TAGS,
    operation_id = "list_event_tags",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id"), TagPaging),
    responses(
        (status = 200, body = Envelope<TagBody>),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
    )
)]
pub(in crate::http) async fn list(
    caller: MayReadEvents,
    services: Data<Services>,
    id: Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(req.query_string());
    let (limit, offset) = (params.limit()?, params.offset()?);
    let pairs = services.events.get(&caller, event_id(&id)?).await?.meta.pairs();
    let total_count = pairs.len() as u64;
    let links = Links { path: req.path(), echo: &[], limit, offset, total_count };
    let page = pairs.into_iter().skip(usize::try_from(offset).unwrap_or(usize::MAX)).take(limit);
    let objects: Vec<_> = page.map(|(tag, data)| TagBody { tag, data }).collect();
    Ok(HttpResponse::Ok().json(Envelope { meta: links.plain(objects.len()), objects }))
}

/// Set a tag of an event, new or not.
#[utoipa::path(
    post,
    path = TAGS,
    operation_id = "add_event_tag",
    tag = "events",
    params(("id" = u64, Path, description = "The event's id")),
    request_body = AddTag,
    responses(
        (status = 201, body = TagBody),
        (status = 400, body = ErrorBody, description = "`missing_field`, `bad_parameter`, \
            `bad_json`, `meta_limit`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn add(
    caller: MayChangeEvents,
    services: Data<Services>,
    id: Path<String>,
    req: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let id = event_id(&id)?;
    let body = read_body(&req, payload, JSON_BYTES_MAX).await?;
    let Object(sent) = parse_json::<Object<AddTag<'_>>>(&body, Empty::IsError)?;
    let tag = string("tag", sent.tag.ok_or(Error::MissingField("tag"))?)?.into_owned();
    let body = TagBody { tag, data: value(sent.data) };
    services
        .events
        .edit_tags(&caller, id, vec![(body.tag.clone(), Some(body.data.clone()))])
        .await?;
    Ok(HttpResponse::Created().json(body))
}

/// Read one tag of an event.
#[utoipa::path(
    get,
    path = TAG,
    operation_id = "get_event_tag",
    tag = "events",
    params(
        ("id" = u64, Path, description = "The event's id"),
        ("tag" = String, Path, description = "The tag, percent-encoded, a slash too"),
    ),
    responses(
        (status = 200, body = TagBody),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, `not_found`"),
    )
)]
pub(in crate::http) async fn get(
    caller: MayReadEvents,
    services: Data<Services>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, tag) = path.into_inner();
    let event = services.events.get(&caller, event_id(&id)?).await?;
    let data = event.meta.get(&tag).ok_or(Error::NotFound("the tag"))?;
    Ok(HttpResponse::Ok().json(TagBody { tag, data }))
}

/// Set the value of a tag of an event, new or not.
#[utoipa::path(
    put,
    path = TAG,
    operation_id = "set_event_tag",
    tag = "events",
    params(
        ("id" = u64, Path, description = "The event's id"),
        ("tag" = String, Path, description = "The tag, percent-encoded, a slash too"),
    ),
    request_body = SetTag,
    responses(
        (status = 200, body = TagBody),
        (status = 400, body = ErrorBody, description = "`bad_json`, `bad_parameter`, `meta_limit`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn put(
    caller: MayChangeEvents,
    services: Data<Services>,
    path: Path<(String, String)>,
    req: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (id, tag) = path.into_inner();
    let id = event_id(&id)?;
    let body = read_body(&req, payload, JSON_BYTES_MAX).await?;
    let Object(sent) = parse_json::<Object<SetTag<'_>>>(&body, Empty::IsObject)?;
    let body = TagBody { tag, data: value(sent.data) };
    services
        .events
        .edit_tags(&caller, id, vec![(body.tag.clone(), Some(body.data.clone()))])
        .await?;
    Ok(HttpResponse::Ok().json(body))
}

/// Take a tag from an event; also if it has none such.
#[utoipa::path(
    delete,
    path = TAG,
    operation_id = "remove_event_tag",
    tag = "events",
    params(
        ("id" = u64, Path, description = "The event's id"),
        ("tag" = String, Path, description = "The tag, percent-encoded, a slash too"),
    ),
    responses(
        (status = 204, description = "The event does not have it"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`event_not_found`, also out of scope"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn delete(
    caller: MayChangeEvents,
    services: Data<Services>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, tag) = path.into_inner();
    services.events.edit_tags(&caller, event_id(&id)?, vec![(tag, None)]).await?;
    Ok(HttpResponse::NoContent().finish())
}

//! Other names of event types.

use std::collections::BTreeSet;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::MayReadCameras;
use super::error::{ApiError, ErrorBody};
use super::paging::Envelope;
use super::reply::{PageRequest, private};
use super::route::resource;
use crate::service::Services;

const ALIASES: &str = "/api/v3/aliases/";

/// One alias.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AliasBody {
    /// The name.
    #[schema(example = "Front door")]
    alias_name: String,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(ALIASES, [(Method::GET, web::to(list))]));
}

/// List the aliases of the caller's cameras' event types: each once, by name.
///
/// Without `limit` all are on one page.
#[utoipa::path(get, path = ALIASES, tag = "event types",
    params(
        ("limit" = Option<usize>, Query, description = "Rows of a page, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = Envelope<AliasBody>),
        (status = 401, body = ErrorBody, description = "`invalid_auth`")))]
pub(super) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let cameras = services.cameras.list(&caller)?;
    let types = cameras.iter().flat_map(|entry| entry.types.values());
    let names: BTreeSet<&String> = types.filter_map(|known| known.alias.as_ref()).collect();
    let names = names.into_iter().cloned().collect();
    let page = PageRequest::new(&request).whole(names, |alias_name| AliasBody { alias_name })?;
    Ok(private(StatusCode::OK, page))
}

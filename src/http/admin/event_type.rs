//! Event types by name, over the whole site.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::catalog;
use crate::http::auth::MayReadCameras;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::event_type::KnownType;

const TYPES: &str = "/api/admin/v1/event-types/";
/// The family of names that the catalogue does not have.
const OTHER: &str = "custom";

/// All event types.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SiteTypes {
    /// By name.
    objects: Vec<SiteType>,
}

/// An event type's name, as people read it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SiteType {
    /// The name, as in events.
    #[schema(example = "motion")]
    name: String,
    /// What people read.
    label: Label,
    /// One of ten: `motion`, `person`, `vehicle`, `boundary`, `object`, `sound`, `access`, `alarm`,
    /// `device`, `custom`.
    #[schema(example = "motion")]
    family: &'static str,
    /// It was made over the API, on every camera that has it.
    custom: bool,
    /// How many events there are.
    #[schema(example = 123)]
    count: u64,
}

/// A label by language.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Label {
    /// English.
    #[schema(example = "Motion")]
    en: String,
    /// German.
    #[schema(example = "Bewegung")]
    de: String,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(TYPES, [(Method::GET, web::to(list))]));
}

/// List every event type that a camera has or an event was ever stored of.
#[utoipa::path(get, path = TYPES, tag = "site",
    responses(
        (status = 200, body = SiteTypes),
        (status = 403, body = ErrorBody, description = "`access_deny`: also for a camera's own tokens")))]
pub(in crate::http) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let known = services.event_types.known(&caller).await?;
    let objects = known.into_iter().map(SiteType::from).collect();
    Ok(private(StatusCode::OK, SiteTypes { objects }))
}

impl From<KnownType> for SiteType {
    fn from(known: KnownType) -> Self {
        let entry = catalog::entry(&known.name);
        let label = |language| {
            let label = entry.and_then(|entry| entry.label.get(language));
            label.map_or_else(|| known.name.to_string(), Clone::clone)
        };
        Self {
            label: Label { en: label("en"), de: label("de") },
            family: entry.map_or(OTHER, |entry| &entry.family),
            name: known.name.to_string(),
            custom: known.custom,
            count: known.count,
        }
    }
}

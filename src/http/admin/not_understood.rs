//! What a camera delivered and nobody could read, for whoever connects it.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::CameraId;
use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::not_understood::Delivery;

const NOT_UNDERSTOOD: &str = "/api/admin/v1/cameras/{id}/not-understood/";

/// Deliveries that were not understood.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeliveriesBody {
    /// Newest first, at most five that differ.
    objects: Vec<DeliveryBody>,
}

/// A delivery to `/i/{token}` that was not understood, as it came.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeliveryBody {
    /// When it came, UTC; the last time, if it came often.
    #[schema(example = "2026-03-01T10:00:00Z")]
    received: String,
    /// How often this came since it is kept.
    #[schema(example = 3)]
    count: u64,
    /// The address that it came from; null if not known.
    #[schema(example = "10.20.4.31")]
    from: Option<String>,
    /// `GET`, `POST` or `PUT`.
    #[schema(example = "POST")]
    method: String,
    /// The address's query, at most 512 bytes.
    #[schema(example = "")]
    query: String,
    /// The `Content-Type`, at most 512 bytes; null without one.
    #[schema(example = "application/xml")]
    content_type: Option<String>,
    /// Length of the body in bytes.
    #[schema(example = 612)]
    bytes: usize,
    /// How the body begins, at most 4,096 bytes. What is no UTF-8 stands as `U+FFFD`.
    #[schema(example = "<Alarm><Kind>17</Kind></Alarm>")]
    text: String,
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> Self {
        Self {
            received: delivery.received.rfc3339(),
            count: delivery.count,
            from: delivery.from.map(|from| from.to_canonical().to_string()),
            method: delivery.method,
            query: delivery.query,
            content_type: delivery.content_type,
            bytes: delivery.bytes,
            text: delivery.text,
        }
    }
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(NOT_UNDERSTOOD, [(Method::GET, web::to(list))]));
}

/// List what a camera delivered last that was not understood.
///
/// Of the last 24 hours, at most five of a camera that differ, of at most 200 cameras. Forgotten when the server stops.
#[utoipa::path(get, path = NOT_UNDERSTOOD, tag = "site", operation_id = "list_not_understood",
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = DeliveriesBody),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn list(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
) -> Result<HttpResponse, ApiError> {
    let kept = services.ingest.not_understood(&caller, CameraId(*id))?;
    let objects = kept.into_iter().map(DeliveryBody::from).collect();
    Ok(private(StatusCode::OK, DeliveriesBody { objects }))
}

//! Deleting events by age: what it does, and what a number of days would do.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::Params;
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::retention::State;

const RETENTION: &str = "/api/admin/v1/retention/";
const PREVIEW: &str = "/api/admin/v1/retention/preview/";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(PREVIEW, [(Method::GET, web::to(preview))]))
        .service(resource(RETENTION, [(Method::GET, web::to(get))]));
}

/// What deleting by age does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RetentionBody {
    /// What it does now.
    state: RetentionState,
    /// When it last deleted something.
    #[schema(example = "2026-11-22T21:14:07Z")]
    last_run: Option<String>,
    /// How many events that pass has deleted.
    last_deleted: u64,
}

/// What deleting by age does now.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RetentionState {
    /// Events are kept for ever.
    Off,
    /// Nothing is old enough.
    Idle,
    /// It deletes.
    Running,
    /// The clock is not believed.
    StoppedByClock,
}

/// What a number of days would delete now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RetentionPreviewBody {
    /// Days that events are kept, 0 = for ever.
    #[schema(example = 90)]
    days: u64,
    /// Events that arrived before this go.
    #[schema(example = "2026-08-24T21:14:07Z")]
    cutoff: String,
    /// How many.
    #[schema(example = 120_431)]
    count: u64,
    /// Whether each was looked at. If that would take too long, the count is that of their own times.
    exact: bool,
    /// When the first of them arrived.
    oldest: Option<String>,
    /// When the last of them arrived; null where the count is not exact.
    newest: Option<String>,
}

/// Read what deleting by age does.
#[utoipa::path(get, path = RETENTION, tag = "running",
    responses(
        (status = 200, body = RetentionBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let report = services.retention.report(&caller)?;
    let body = RetentionBody {
        state: match report.state {
            State::Off => RetentionState::Off,
            State::Idle => RetentionState::Idle,
            State::Running => RetentionState::Running,
            State::StoppedByClock => RetentionState::StoppedByClock,
        },
        last_run: report.last_run.map(Timestamp::rfc3339),
        last_deleted: report.last_deleted,
    };
    Ok(private(StatusCode::OK, body))
}

/// Count what keeping events for a number of days would delete now. Deletes nothing.
#[utoipa::path(get, path = PREVIEW, tag = "running",
    params(("days" = Option<u64>, Query, description = "0 to 3650; as set if left out")),
    responses(
        (status = 200, body = RetentionPreviewBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn preview(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let days = Params::parse(request.query_string()).number("days")?;
    let (days, preview) = services.retention.preview(&caller, days).await?;
    let body = RetentionPreviewBody {
        days,
        cutoff: preview.cutoff.rfc3339(),
        count: preview.count,
        exact: preview.exact,
        oldest: preview.oldest.map(Timestamp::rfc3339),
        newest: preview.newest.map(Timestamp::rfc3339),
    };
    Ok(private(StatusCode::OK, body))
}

//! Retention: what it does, what other settings would do, and for which events it differs.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::retention::Rule;
use crate::domain::{CameraId, Timestamp};
use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::params::Params;
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::retention::{Asked, Preview, State};

const RETENTION: &str = "/api/admin/v1/retention/";
const PREVIEW: &str = "/api/admin/v1/retention/preview/";
const RULES: &str = "/api/admin/v1/retention/rules/";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(
            PREVIEW,
            [(Method::GET, web::to(preview)), (Method::POST, web::to(try_out))],
        ))
        .service(resource(
            RULES,
            [(Method::GET, web::to(rules)), (Method::PUT, web::to(put_rules))],
        ))
        .service(resource(RETENTION, [(Method::GET, web::to(get))]));
}

/// What retention does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RetentionBody {
    /// What it does now.
    state: RetentionState,
    /// When it last deleted something.
    #[schema(example = "2026-11-22T21:14:07Z")]
    last_run: Option<String>,
    /// How many events that pass has deleted.
    last_deleted: u64,
    /// How many events were deleted since the server started.
    deleted_total: u64,
    /// What may still be stored, in bytes: free on the disk and inside the database.
    room: u64,
    /// Bytes of the database that are in use, about.
    used: u64,
}

/// What retention does now.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RetentionState {
    /// Events are kept for ever.
    Off,
    /// Nothing has to go.
    Idle,
    /// It deletes.
    Running,
    /// The clock is not believed: nothing goes by age.
    StoppedByClock,
}

/// What some settings would delete now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RetentionPreviewBody {
    /// Days that events are kept, 0 = for ever.
    #[schema(example = 90)]
    days: u64,
    /// Events that arrived before this go.
    #[schema(example = "2026-08-24T21:14:07Z")]
    cutoff: String,
    /// How many go in all, oldest first.
    #[schema(example = 120_431)]
    count: u64,
    /// Of these, those that were kept long enough.
    by_age: u64,
    /// How many of the oldest have to go for the size of the database, about.
    by_size: u64,
    /// How many of the oldest have to go to make room, about.
    by_room: u64,
    /// Whether each of `by_age` was looked at. If that would take too long, the count is that of their own times.
    exact: bool,
    /// When the first of them arrived.
    oldest: Option<String>,
    /// When the last of them arrived; null where that was not found.
    newest: Option<String>,
}

/// Days that some events are kept, whatever holds for the rest. One of `camid` and `name` is there at least.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleBody {
    /// Events of this camera; of every camera if null.
    #[serde(default)]
    camid: Option<u32>,
    /// Events of this type; of every type if null.
    #[serde(default)]
    #[schema(example = "motion")]
    name: Option<String>,
    /// 1 to 3650, 0 = for ever.
    days: u64,
}

/// Which events are kept longer or shorter than the rest. Of several that fit, the one for camera and type
/// counts, then the one for the camera, then the one for the type.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesBody {
    /// At most 1,000.
    objects: Vec<RuleBody>,
}

/// Settings and rules to try. What is left out or null is as it is set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryBody {
    /// 0 to 3650.
    #[serde(default)]
    days: Option<u64>,
    /// As the setting.
    #[serde(default)]
    max_bytes: Option<u64>,
    /// 0 to 50.
    #[serde(default)]
    room_percent: Option<u64>,
    /// All rules there would be, at most 1,000.
    #[serde(default)]
    rules: Option<Vec<RuleBody>>,
}

/// Read what retention does.
#[utoipa::path(get, path = RETENTION, tag = "running",
    responses(
        (status = 200, body = RetentionBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let report = services.retention.report(&caller)?;
    let figures = services.storage.room(&caller).await?;
    let body = RetentionBody {
        state: match report.state {
            State::Off => RetentionState::Off,
            State::Idle => RetentionState::Idle,
            State::Running => RetentionState::Running,
            State::StoppedByClock => RetentionState::StoppedByClock,
        },
        last_run: report.last_run.map(Timestamp::rfc3339),
        last_deleted: report.last_deleted,
        deleted_total: report.deleted_total,
        room: figures.room,
        used: figures.used,
    };
    Ok(private(StatusCode::OK, body))
}

/// Count what other settings would delete now. Deletes nothing.
#[utoipa::path(get, path = PREVIEW, tag = "running",
    params(("days" = Option<u64>, Query, description = "0 to 3650; as set if left out"),
        ("max_bytes" = Option<u64>, Query, description = "As the setting; as set if left out"),
        ("room_percent" = Option<u64>, Query, description = "0 to 50; as set if left out")),
    responses(
        (status = 200, body = RetentionPreviewBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn preview(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(request.query_string());
    let asked = Asked {
        days: params.number("days")?,
        max_bytes: params.number("max_bytes")?,
        room_percent: params.number("room_percent")?,
        rules: None,
    };
    Ok(private(StatusCode::OK, preview_body(services.retention.preview(&caller, asked).await?)))
}

/// Count what other settings and rules would delete now. Deletes and changes nothing.
#[utoipa::path(post, path = PREVIEW, operation_id = "try_retention", tag = "running",
    request_body = TryBody,
    responses(
        (status = 200, body = RetentionPreviewBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`, `missing_field`, \
            `limit_reached`, `already_exists` (two rules about the same)"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn try_out(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_json::<TryBody>(&request, payload, Empty::IsObject).await?.into_inner();
    let asked = Asked {
        days: body.days,
        max_bytes: body.max_bytes,
        room_percent: body.room_percent,
        rules: body.rules.map(|rules| rules.into_iter().map(rule).collect()),
    };
    Ok(private(StatusCode::OK, preview_body(services.retention.preview(&caller, asked).await?)))
}

fn preview_body(preview: Preview) -> RetentionPreviewBody {
    RetentionPreviewBody {
        days: preview.days,
        cutoff: preview.cutoff.rfc3339(),
        count: preview.count,
        by_age: preview.by_age,
        by_size: preview.by_size,
        by_room: preview.by_room,
        exact: preview.exact,
        oldest: preview.oldest.map(Timestamp::rfc3339),
        newest: preview.newest.map(Timestamp::rfc3339),
    }
}

fn rule(body: RuleBody) -> Rule {
    Rule { camera: body.camid.map(CameraId), event_type: body.name, days: body.days }
}

fn rules_body(rules: Vec<Rule>) -> RulesBody {
    let object = |rule: Rule| RuleBody {
        camid: rule.camera.map(|id| id.0),
        name: rule.event_type,
        days: rule.days,
    };
    RulesBody { objects: rules.into_iter().map(object).collect() }
}

/// Read which events are kept longer or shorter than the rest.
#[utoipa::path(get, path = RULES, operation_id = "get_retention_rules", tag = "running",
    responses(
        (status = 200, body = RulesBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn rules(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    Ok(private(StatusCode::OK, rules_body(services.retention.rules(&caller)?)))
}

/// Say which events are kept longer or shorter than the rest: these rules take the place of all others.
#[utoipa::path(put, path = RULES, operation_id = "put_retention_rules", tag = "running",
    request_body = RulesBody,
    responses(
        (status = 200, body = RulesBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`, `missing_field`, \
            `limit_reached`, `already_exists` (two rules about the same)"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn put_rules(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_json::<RulesBody>(&request, payload, Empty::IsError).await?.into_inner();
    let rules = body.objects.into_iter().map(rule).collect();
    let rules = services.retention.set_rules(&caller, rules).await?;
    Ok(private(StatusCode::OK, rules_body(rules)))
}

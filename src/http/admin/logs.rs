//! The newest lines of the log.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::{Params, bad};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::log::{LINES_MAX, Level, Line, Lines, LogQuery};

const LOGS: &str = "/api/admin/v1/logs/";
/// Lines of an answer if `limit` is left out.
const LIMIT: u64 = 500;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(LOGS, [(Method::GET, web::to(get))]));
}

/// Lines of the log, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogBody {
    /// What `after` must be to go on.
    #[schema(example = 1_204)]
    last: u64,
    /// The lines.
    objects: Vec<LineBody>,
}

/// A line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineBody {
    /// Its number, within this run of the server.
    seq: u64,
    /// When it was written.
    #[schema(example = "2026-11-22T21:14:07.123456Z")]
    time: String,
    /// How much it matters.
    level: LogLevel,
    /// The part of the program.
    #[schema(example = "watchpost::store::engine")]
    target: String,
    /// Text and fields; secrets are blanked.
    message: String,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

impl From<Line> for LineBody {
    fn from(line: Line) -> Self {
        let level = match line.level {
            Level::Error => LogLevel::Error,
            Level::Warn => LogLevel::Warn,
            Level::Info => LogLevel::Info,
            Level::Debug => LogLevel::Debug,
        };
        let Line { seq, time, target, message, .. } = line;
        Self { seq, time: time.rfc3339(), level, target, message }
    }
}

impl From<Lines> for LogBody {
    fn from(lines: Lines) -> Self {
        Self { last: lines.last, objects: lines.lines.into_iter().map(Into::into).collect() }
    }
}

/// Read the newest lines of the log: the last 1,000 are kept in memory.
#[utoipa::path(get, path = LOGS, tag = "running",
    params(
        ("level" = Option<String>, Query, description = "`error`, `warn`, `info` or `debug`, and worse; all if left out"),
        ("q" = Option<String>, Query, description = "Only lines with this text"),
        ("after" = Option<u64>, Query, description = "Only lines above this number, the oldest first `limit`; else the newest"),
        ("limit" = Option<u64>, Query, description = "Most lines, 500 if left out, at most 1,000")),
    responses(
        (status = 200, body = LogBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(request.query_string());
    let level = match params.get("level") {
        None | Some("debug") => Level::Debug,
        Some("error") => Level::Error,
        Some("warn") => Level::Warn,
        Some("info") => Level::Info,
        Some(_) => return Err(bad("level", "error, warn, info or debug").into()),
    };
    let limit = params.number("limit")?.unwrap_or(LIMIT).clamp(1, LINES_MAX as u64);
    let query = LogQuery {
        level,
        text: params.get("q").unwrap_or_default().to_owned(),
        after: params.number("after")?,
        limit: usize::try_from(limit).unwrap_or(LINES_MAX),
    };
    Ok(private(StatusCode::OK, LogBody::from(services.system.logs(&caller, &query)?)))
}

//! What the server is and how its parts do.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::system::{BUILD, Health, SystemReport, VERSION};
use crate::service::tls::Facts;

const SYSTEM: &str = "/api/admin/v1/system/";
const CLOCK: &str = "/api/admin/v1/system/clock/";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(SYSTEM, [(Method::GET, web::to(get))]))
        .service(resource(CLOCK, [(Method::POST, web::to(confirm_clock))]));
}

/// What the server is and how its parts do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SystemBody {
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Which build of it.
    #[schema(example = "unpackaged")]
    build: &'static str,
    /// When it started.
    #[schema(example = "2026-11-22T21:14:07Z")]
    started_at: String,
    /// For how long it has been running.
    uptime_s: u64,
    /// Its parts.
    checks: Vec<CheckBody>,
    /// How it speaks TLS.
    tls: TlsBody,
}

/// How the server speaks TLS.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TlsBody {
    /// Where its certificate comes from: `off` (plain HTTP), `files` or `own-ca`.
    #[schema(example = "own-ca")]
    mode: &'static str,
    /// What clients are shown; null without TLS.
    certificate: Option<CertificateBody>,
    /// The own certificate authority, to be downloaded from `/ca.crt`; null without one.
    ca: Option<CertificateBody>,
}

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificateBody {
    /// Whom it names.
    #[schema(example = "O=Watchpost, CN=Watchpost server")]
    subject: String,
    /// Host names and addresses that it is for.
    names: Vec<String>,
    /// Until when it is good.
    #[schema(example = "2027-12-22T21:14:07Z")]
    not_after: String,
    /// SHA-256 of it, in hexadecimal bytes with colons between.
    fingerprint_sha256: String,
}

impl From<Facts> for CertificateBody {
    fn from(facts: Facts) -> Self {
        Self {
            subject: facts.subject,
            names: facts.names,
            not_after: facts.not_after.rfc3339(),
            fingerprint_sha256: facts.fingerprint,
        }
    }
}

/// One part.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckBody {
    /// `writes`, `disk`, `clock`, `records` (whether any was damaged), `index`, and with
    /// TLS `certificate`.
    #[schema(example = "writes")]
    name: &'static str,
    /// How it does.
    state: CheckState,
    /// Since when, to ten seconds.
    #[schema(example = "2026-11-22T21:14:07Z")]
    since: String,
    /// More about it, for people; the wording may change.
    #[schema(example = "events are stored")]
    detail: String,
}

/// How a part does.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CheckState {
    /// It works.
    Ok,
    /// Somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

impl From<SystemReport> for SystemBody {
    fn from(report: SystemReport) -> Self {
        let checks = report.checks.into_iter().map(|check| CheckBody {
            name: check.name,
            state: match check.health {
                Health::Ok => CheckState::Ok,
                Health::Warn => CheckState::Warn,
                Health::Fail => CheckState::Fail,
            },
            since: check.since.rfc3339(),
            detail: check.detail,
        });
        Self {
            version: VERSION,
            build: BUILD,
            started_at: report.started_at.rfc3339(),
            uptime_s: report.uptime.as_secs(),
            checks: checks.collect(),
            tls: TlsBody {
                mode: report.tls.mode,
                certificate: report.tls.certificate.map(CertificateBody::from),
                ca: report.tls.authority.map(CertificateBody::from),
            },
        }
    }
}

/// Read what the server is and how its parts do.
#[utoipa::path(get, path = SYSTEM, tag = "running",
    responses(
        (status = 200, body = SystemBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let report = services.system.report(&caller).await?;
    Ok(private(StatusCode::OK, SystemBody::from(report)))
}

/// Say that the clock is right, where the server doubts it: events are deleted by age again.
#[utoipa::path(post, path = CLOCK, tag = "running",
    responses(
        (status = 200, body = SystemBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn confirm_clock(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    services.clock_watch.confirm(&caller).await?;
    let report = services.system.report(&caller).await?;
    Ok(private(StatusCode::OK, SystemBody::from(report)))
}

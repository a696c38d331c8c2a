//! Long-running work, watched and stopped by whoever started it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::MayDeleteEvents;
use super::error::{ApiError, ErrorBody};
use super::params::number;
use super::route::resource;
use crate::service::Services;
use crate::service::job::{Job, JobId, State};

/// All jobs.
const JOBS: &str = "/api/admin/v1/jobs/";
/// One job.
pub(super) const JOB: &str = "/api/admin/v1/jobs/{id}/";

/// Registers the paths of jobs.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource(JOBS, [(Method::GET, web::to(list))]));
    cfg.service(resource(JOB, [(Method::GET, web::to(get)), (Method::DELETE, web::to(stop))]));
}

/// Where a job is found.
pub(super) fn path(id: JobId) -> String {
    JOB.replace("{id}", &id.0.to_string())
}

/// A job.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct JobBody {
    /// Its number, within this run of the server.
    #[schema(example = 1)]
    id: u64,
    /// Items done.
    #[schema(example = 1500)]
    done: u64,
    /// Items that there were when it began.
    #[schema(example = 20_000)]
    total: u64,
    /// Where it stands.
    state: JobState,
}

/// Jobs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct JobsBody {
    /// By number.
    objects: Vec<JobBody>,
}

/// Where a job stands. What it did stays done.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum JobState {
    /// It works.
    Running,
    /// It did all.
    Done,
    /// It was stopped.
    Stopped,
    /// It failed; the log says why.
    Failed,
}

impl From<Job> for JobBody {
    fn from(job: Job) -> Self {
        let state = match job.state {
            State::Running => JobState::Running,
            State::Done => JobState::Done,
            State::Stopped => JobState::Stopped,
            State::Failed => JobState::Failed,
        };
        Self { id: job.id.0, done: job.done, total: job.total, state }
    }
}

/// List jobs: one's own; all of them for the whole account. Of finished ones the last 100.
#[utoipa::path(
    get,
    path = JOBS,
    operation_id = "list_jobs",
    tag = "jobs",
    responses(
        (status = 200, body = JobsBody),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
    )
)]
pub(super) async fn list(
    caller: MayDeleteEvents,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let objects = services.jobs.list(&caller).into_iter().map(JobBody::from).collect();
    Ok(HttpResponse::Ok().json(JobsBody { objects }))
}

/// Read how far a job is. Only for the credential that started it.
#[utoipa::path(
    get,
    path = JOB,
    operation_id = "get_job",
    tag = "jobs",
    params(("id" = u64, Path, description = "The job's number")),
    responses(
        (status = 200, body = JobBody),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`"),
    )
)]
pub(super) async fn get(
    caller: MayDeleteEvents,
    services: Data<Services>,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let job = services.jobs.get(&caller, job_id(&id)?)?;
    Ok(HttpResponse::Ok().json(JobBody::from(job)))
}

/// Stop a job. Only for the credential that started it.
///
/// It ends after the step it is at: `state` becomes `stopped` then.
#[utoipa::path(
    delete,
    path = JOB,
    operation_id = "stop_job",
    tag = "jobs",
    params(("id" = u64, Path, description = "The job's number")),
    responses(
        (status = 200, body = JobBody),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`"),
    )
)]
pub(super) async fn stop(
    caller: MayDeleteEvents,
    services: Data<Services>,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let job = services.jobs.stop(&caller, job_id(&id)?)?;
    Ok(HttpResponse::Ok().json(JobBody::from(job)))
}

fn job_id(segment: &str) -> Result<JobId, ApiError> {
    number(segment).map(JobId).ok_or(ApiError::NotFound)
}

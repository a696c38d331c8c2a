//! Deleting what matches.

use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::EVENTS;
use super::list::EventFilter;
use crate::http::auth::MayDeleteEvents;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::job::{self, JobBody};
use crate::http::params::Params;
use crate::http::query;
use crate::service::Services;
use crate::service::event::Deleted;

/// How many events are gone.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeletedBody {
    /// How many.
    deleted: u64,
}

/// Delete the events that match: for account-wide credentials only.
///
/// Up to 1,000 are gone when this answers; more become a job, which can be watched and stopped where
/// `Location` says. Without any filter nothing is deleted.
#[utoipa::path(
    delete,
    path = EVENTS,
    operation_id = "delete_events",
    tag = "events",
    params(EventFilter),
    responses(
        (status = 200, body = DeletedBody),
        (status = 202, body = JobBody, description = "More than 1,000 events: a job deletes them",
            headers(("Location" = String, description = "Path of the job"))),
        (status = 400, body = ErrorBody, description = "`bad_parameter`, also without a filter"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn delete(
    caller: MayDeleteEvents,
    services: Data<Services>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let filter = query::filter(&Params::parse(req.query_string()))?;
    match services.events.delete_many(&caller, &filter).await? {
        Deleted::Now(deleted) => Ok(HttpResponse::Ok().json(DeletedBody { deleted })),
        Deleted::Job(id) => {
            let job = services.jobs.get(&caller, id)?;
            let location = (LOCATION, job::path(id));
            Ok(HttpResponse::Accepted().insert_header(location).json(JobBody::from(job)))
        }
    }
}

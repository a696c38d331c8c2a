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
use crate::http::params::{Params, bad};
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
/// Unlike elsewhere, an unknown or empty parameter is refused: ignoring a misspelt filter would delete
/// more than was meant. Up to 1,000 events are gone when this answers; more become a job, which can be watched and stopped where
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
    refuse_what_would_widen(req.query_string())?;
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

/// Parameters that a delete takes: every filter, and the credential.
const TAKEN: [&str; 15] = [
    "camid",
    "events",
    "type",
    "aliases",
    "start",
    "end",
    "meta",
    "meta_not",
    "tag",
    "has_thumb",
    "before_id",
    "after_id",
    "ids",
    "token",
    "_",
];

/// Refuses parameters that lists ignore.
fn refuse_what_would_widen(query: &str) -> Result<(), ApiError> {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !TAKEN.contains(&name.as_ref()) {
            return Err(bad(&name, "not a filter of a delete").into());
        }
        if value.is_empty() {
            return Err(bad(&name, "empty, which a delete does not take for \"any\"").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::refuse_what_would_widen as refuse;

    #[test]
    fn a_misspelt_or_empty_filter_is_refused() {
        for query in ["evnts=motion&camid=1", "camid=&events=motion", "limit=5&camid=1"] {
            assert!(refuse(query).is_err(), "{query}");
        }
        assert!(refuse("camid=1&events=motion&tag=a%3Db&token=x").is_ok());
    }
}

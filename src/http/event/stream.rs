//! Events as they happen: Server-Sent Events (HTML standard, section 9.2), resumable.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Serialize;
use utoipa::IntoParams;

use super::attachment::Links;
use super::list::EventFilter;
use super::{EventBody, STREAM, Shown, unwritten};
use crate::domain::EventId;
use crate::http::auth::MayReadEvents;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::{Params, bad, number};
use crate::http::query;
use crate::service::event::{Feed, Item};
use crate::service::{self, Services};

/// How often something is sent when nothing happens (product.md 6).
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What a browser waits before it connects again, and what opens the stream.
const HELLO: &str = "retry: 2000\n\n";

/// Where a stream begins.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read from the query string; here it is documented")]
pub(in crate::http) struct StreamStart {
    /// `detail` adds `received_at`, `order_time`, `uid` and `picture` to each event.
    #[param(example = "detail")]
    detail: Option<String>,
}

/// The ids that a `gap` leaves out.
#[derive(Serialize)]
struct GapBody {
    count: u64,
    from: u64,
    to: u64,
}

/// The id of an event that was deleted.
#[derive(Serialize)]
struct RemovedBody {
    id: u64,
}

/// Follow events as they happen.
///
/// Server-Sent Events: `event` (with its id) for each one stored, `updated` when its tags, its picture or its metadata file change,
/// `removed` with `{"id"}`. Without `Last-Event-ID` or `after_id` it begins now; with one of them it goes
/// on behind that event, without gap or repeat. If that is more than 100,000 ids ago, or no id that was
/// given, it begins with `gap` and `{"from","to","count"}`. A comment comes every 15 s.
#[utoipa::path(
    get,
    path = STREAM,
    operation_id = "follow_events",
    tag = "events",
    params(EventFilter, StreamStart, (
        "Last-Event-ID" = Option<u64>,
        Header,
        description = "Id of the last event that was received; browsers send it by themselves"
    )),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
            description = "The stream, until either side ends it",
            example = "id: 33794128\nevent: event\ndata: {\"camid\":1,\"id\":33794128,\"name\":\"motion\",\"time\":\"2021-09-23T16:30:00\"}\n\n"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`out_of_scope`, `access_deny`"),
        (status = 503, body = ErrorBody, description = "`overloaded`: 256 streams are open, or 32 of this credential"),
    )
)]
pub(in crate::http) async fn stream(
    caller: MayReadEvents,
    services: Data<Services>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(req.query_string());
    let mut filter = query::filter(&params)?;
    let shown = Shown { meta: true, ..Shown::of(&params) };
    let after = last_event_id(req.headers())?.or(filter.after_id.take());
    let links = Links::of(&req, &services);
    let feed = services.events.follow(&caller, filter, after).await?;
    let body = stream::try_unfold((Some(HELLO), feed), move |(hello, mut feed)| {
        let links = links.clone();
        async move {
            if let Some(hello) = hello {
                return Ok(Some((Bytes::from_static(hello.as_bytes()), (None, feed))));
            }
            let part = part(&mut feed, shown, &links).await.inspect_err(ApiError::log)?;
            Ok::<_, ApiError>(part.map(|text| (Bytes::from(text), (None, feed))))
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body))
}

fn last_event_id(headers: &HeaderMap) -> service::Result<Option<EventId>> {
    let Some(header) = headers.get("Last-Event-ID").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let id = header.to_str().ok().and_then(number);
    id.map(EventId).map(Some).ok_or_else(|| bad("Last-Event-ID", "an event's id"))
}

/// The next piece of the stream, or `None` at its end.
async fn part(feed: &mut Feed, shown: Shown, links: &Links) -> Result<Option<String>, ApiError> {
    Ok(match feed.next(KEEP_ALIVE).await? {
        None => None,
        Some(Item::Quiet) => Some(": keep-alive\n\n".to_owned()),
        Some(Item::Stored(event)) => {
            let body = EventBody::listed(&event, shown).with_files(links, &event, shown);
            let text = message("event", &body)?;
            Some(format!("id: {}\n{text}", event.id.0))
        }
        Some(Item::Updated(event)) => {
            let body = EventBody::listed(&event, shown).with_files(links, &event, shown);
            Some(message("updated", &body)?)
        }
        Some(Item::Removed(id)) => Some(message("removed", &RemovedBody { id: id.0 })?),
        Some(Item::Gap { from, to, count }) => {
            Some(message("gap", &GapBody { count, from: from.0, to: to.0 })?)
        }
    })
}

/// JSON has no line ends of its own, so it is one `data` line.
fn message<T: Serialize>(name: &str, data: &T) -> Result<String, ApiError> {
    let data = serde_json::to_string(data).map_err(unwritten)?;
    Ok(format!("event: {name}\ndata: {data}\n\n"))
}

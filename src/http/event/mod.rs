//! Events over HTTP: paths, and the event as it goes out.

mod attachment;
pub(super) mod bulk;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod export;
pub(super) mod filemeta;
pub(super) mod histogram;
pub(super) mod item;
pub(super) mod list;
mod object;
pub(super) mod stream;
pub(super) mod tags;
#[cfg(test)]
mod tests;
pub(super) mod thumb;

use actix_web::http::Method;
use actix_web::{Route, web};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::error::ApiError;
use super::params::{Params, number};
use super::route::{resource, spelled};
use crate::domain::{Event, EventId, Meta};

/// All events.
pub(super) const EVENTS: &str = "/api/v2/storage/events/";
/// Several events at once.
pub(super) const BULK: &str = "/api/v2/storage/events/bulk/";
/// Counts per time bucket.
pub(super) const HISTOGRAM: &str = "/api/v2/storage/events/histogram/";
/// Everything that matches, as a stream.
pub(super) const EXPORT: &str = "/api/v2/storage/events/export/";
/// Events as they happen.
pub(super) const STREAM: &str = "/api/v2/storage/events/stream/";
/// One event.
pub(super) const EVENT: &str = "/api/v2/storage/events/{id}/";
/// An event's tags.
pub(super) const TAGS: &str = "/api/v2/storage/events/{id}/meta/";
/// One tag of an event.
pub(super) const TAG: &str = "/api/v2/storage/events/{id}/meta/{tag}/";

/// Registers the paths that most requests come by, before all others.
pub(super) fn configure_first(cfg: &mut web::ServiceConfig) {
    cfg.service(spelled(EVENTS, events())).service(spelled(BULK, bulk()));
}

fn events() -> [(Method, Route); 3] {
    [
        (Method::GET, web::to(list::list)),
        (Method::POST, web::to(create::create)),
        (Method::DELETE, web::to(delete::delete)),
    ]
}

fn bulk() -> [(Method, Route); 1] {
    [(Method::POST, web::to(bulk::create_many))]
}

/// Registers the paths of events. Whatever else lies below [`EVENTS`] must come before.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource(EVENTS, events()))
        .service(resource(BULK, bulk()))
        .service(resource(HISTOGRAM, [(Method::GET, web::to(histogram::histogram))]))
        .service(resource(EXPORT, [(Method::GET, web::to(export::export))]))
        .service(resource(STREAM, [(Method::GET, web::to(stream::stream))]))
        .service(resource(
            EVENT,
            [
                (Method::GET, web::to(item::get)),
                (Method::PUT, web::to(item::put)),
                (Method::DELETE, web::to(item::delete)),
            ],
        ))
        .service(resource(
            thumb::THUMB,
            [(Method::GET, web::to(thumb::get)), (Method::PUT, web::to(thumb::put))],
        ))
        .service(resource(
            filemeta::FILEMETA,
            [(Method::GET, web::to(filemeta::get)), (Method::PUT, web::to(filemeta::put))],
        ))
        .service(resource(
            TAGS,
            [(Method::GET, web::to(tags::list)), (Method::POST, web::to(tags::add))],
        ))
        .service(resource(
            TAG,
            [
                (Method::GET, web::to(tags::get)),
                (Method::PUT, web::to(tags::put)),
                (Method::DELETE, web::to(tags::delete)),
            ],
        ));
}

/// One event. What is not always there appears where it is asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct EventBody<'a> {
    /// The camera it happened on.
    #[schema(example = 1)]
    camid: u32,
    /// Its metadata file, if there is one. Only with `include_filemeta_download` or `detail=detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    filemeta: Option<attachment::FilemetaBody>,
    /// Its number: grows by one per stored event, never reused, below 2^53.
    #[schema(example = 33_794_128)]
    id: u64,
    /// Its tags. In lists and single events only with `include_meta`, and if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = std::collections::HashMap<String, String>, required = false, example = json!({ "Person": "" }))]
    meta: Option<&'a RawValue>,
    /// Name of its event type.
    #[schema(example = "motion")]
    name: &'a str,
    /// What it is sorted and filtered by, UTC; `time` unless that is unbelievable. Only with
    /// `detail=detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2021-09-23T16:30:00")]
    order_time: Option<String>,
    /// State of its picture: `none`, `expected`, `ready`, or `failed` if it did not come. Only with
    /// `detail=detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "none")]
    picture: Option<&'static str>,
    /// When the server took it in, UTC. Only with `detail=detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "2021-09-23T16:30:00.120000")]
    received_at: Option<String>,
    /// Its picture, if there is one or one is on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    thumb: Option<attachment::ThumbBody>,
    /// When it happened, UTC without a zone; six fraction digits if the fraction is not zero.
    #[schema(example = "2021-09-23T16:30:00")]
    time: String,
    /// The sender's idempotency key, if one was given. Only with `detail=detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    uid: Option<&'a str>,
}

/// What an [`EventBody`] shows beyond camera, id, name and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Tags, if there are any.
    pub meta: bool,
    /// Everything there is to know, but for the tags.
    pub detail: bool,
    /// The address of the metadata file, if there is one.
    pub filemeta: bool,
}

impl Shown {
    /// What `include_meta`, `detail=detail` and `include_filemeta_download` ask for.
    pub fn of(params: &Params) -> Self {
        let detail = params.get("detail");
        Self {
            meta: params.flag("include_meta"),
            detail: detail.is_some_and(|value| value.eq_ignore_ascii_case("detail")),
            filemeta: params.flag("include_filemeta_download"),
        }
    }
}

impl<'a> EventBody<'a> {
    /// The event as a list shows it.
    pub fn listed(event: &'a Event, shown: Shown) -> Self {
        Self {
            camid: event.camera.0,
            filemeta: None,
            id: event.id.0,
            meta: (shown.meta && !event.meta.is_empty()).then(|| raw(&event.meta)).flatten(),
            name: &event.name,
            order_time: shown.detail.then(|| event.order_time.vxg()),
            picture: shown.detail.then(|| event.attached.picture.word()),
            received_at: shown.detail.then(|| event.received_at.vxg()),
            thumb: None,
            time: event.time.vxg(),
            uid: event.uid.as_deref().filter(|_| shown.detail),
        }
    }

    /// With the addresses of the event's picture and, if `shown` wants it, of its metadata file.
    pub fn with_files(mut self, links: &attachment::Links, event: &Event, shown: Shown) -> Self {
        self.thumb = links.thumb(event);
        self.filemeta = links.filemeta(event, shown);
        self
    }

    /// The event as the reply to a create or a change shows it: `meta` always, `{}` if there is none.
    pub fn with_meta(event: &'a Event) -> Self {
        let plain = Self::listed(event, Shown::default());
        Self { meta: raw(&event.meta), ..plain }
    }
}

/// The stored text as it goes out: checked to be JSON, not built up again. `None` if it is damaged.
fn raw(meta: &Meta) -> Option<&RawValue> {
    serde_json::from_str(meta.json()).ok()
}

/// The event that a path segment names. What is not a number names nothing.
fn event_id(segment: &str) -> Result<EventId, ApiError> {
    number(segment).map(EventId).ok_or(ApiError::NotFound)
}

/// Writing to memory does not fail: a defect if it does.
fn unwritten(error: impl std::fmt::Display) -> ApiError {
    tracing::error!(%error, "an event could not be written");
    ApiError::Internal
}

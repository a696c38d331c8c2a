//! Listing events.

use std::vec;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use utoipa::IntoParams;

use super::attachment::Links;
use super::{EVENTS, EventBody, Shown, unwritten};
use crate::domain::Event;
use crate::domain::filter::Place;
use crate::http::auth::MayReadEvents;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::paging::{self, Anchor, Envelope, EnvelopeMeta};
use crate::http::query::ListParams;
use crate::service::Services;
use crate::service::event::EventPage;

/// Which events. A parameter that is left out or empty means "any"; unknown ones are ignored.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string by `http::query`; here it is documented")]
pub(in crate::http) struct EventFilter {
    /// Cameras, a comma list. One outside the credential's scope is refused, in a list it is skipped.
    #[param(example = "1,2")]
    camid: Option<String>,
    /// Names of event types, a comma list.
    #[param(example = "motion,sound")]
    events: Option<String>,
    /// One name of an event type, an older spelling of `events`.
    r#type: Option<String>,
    /// Aliases of event types, a comma list; together with `events` a union.
    aliases: Option<String>,
    /// Not before this time, UTC unless a zone is given.
    #[param(example = "2021-09-23T16:30:00")]
    start: Option<String>,
    /// Not after this time, UTC unless a zone is given.
    #[param(example = "2021-09-24T16:30:00")]
    end: Option<String>,
    /// Tags, a comma list: the event has at least one of them.
    #[param(example = "Person,Car")]
    meta: Option<String>,
    /// Tags, a comma list: the event has none of them.
    meta_not: Option<String>,
    /// `NAME=VALUE`: the event has this tag with this value. May be repeated; all must match.
    #[param(example = "process=not_handled")]
    tag: Option<Vec<String>>,
    /// Whether the event has a picture: one that is there, not one that is on its way.
    has_thumb: Option<bool>,
    /// Ids up to this one.
    before_id: Option<u64>,
    /// Ids above this one.
    after_id: Option<u64>,
    /// Ids, a comma list.
    #[param(example = "1,2,3")]
    ids: Option<String>,
}

/// What an event in an answer carries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string by `http::query`; here it is documented")]
pub(in crate::http) struct EventShape {
    /// Whether `meta` is given where there are tags.
    include_meta: Option<bool>,
    /// `detail` adds `received_at`, `order_time`, `uid`, `picture` and `filemeta`.
    #[param(example = "detail")]
    detail: Option<String>,
    /// Whether `filemeta` is given where there is a metadata file.
    include_filemeta_download: Option<bool>,
}

/// Which page of a list. To read on, follow `next`, which also holds `after` and `total`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string by `http::query`; here it is documented")]
pub(in crate::http) struct EventPaging {
    /// `time` or `-time`; ties are broken by id, the same way.
    #[param(example = "-time")]
    order_by: Option<String>,
    /// Page size, 1 to 1,000; 0 is 1,000.
    #[param(default = 20)]
    limit: Option<u32>,
    /// Events to leave out first.
    offset: Option<u64>,
    /// From `next`: the place behind which the page begins.
    after: Option<String>,
    /// From `next`: the total that the first page found.
    total: Option<u64>,
}

/// List events.
///
/// Pages that follow `next` until it is null neither repeat nor skip an event, whatever is stored,
/// tagged or deleted meanwhile.
#[utoipa::path(
    get,
    path = EVENTS,
    operation_id = "list_events",
    tag = "events",
    params(EventFilter, EventShape, EventPaging),
    responses(
        (status = 200, body = Envelope<EventBody>),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`out_of_scope`, `access_deny`"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn list(
    caller: MayReadEvents,
    services: Data<Services>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = ListParams::parse(req.query_string())?;
    let page = services.events.list(&caller, &params.filter, params.page.clone()).await?;
    let own_anchor = params.filter.before_id;
    let last = page.events.last().filter(|_| page.more);
    let next = last.map(|event| Anchor {
        before_id: own_anchor.unwrap_or(page.newest),
        after: Place { time: event.order_time, id: event.id },
    });
    let links = paging::Links {
        path: req.path(),
        echo: &params.echo,
        limit: params.page.limit,
        offset: params.page.offset,
        total_count: page.total,
    };
    let shown = Shown {
        meta: params.include_meta,
        detail: params.detail,
        filemeta: params.include_filemeta,
    };
    let files = Links::of(&req, &services);
    let meta = links.anchored(page.events.len(), next, own_anchor);
    if shown.meta && page.whole < page.events.len() {
        return streamed(services, &meta, page, shown, files);
    }
    Ok(HttpResponse::Ok().json(Envelope {
        meta,
        objects: page
            .events
            .iter()
            .map(|event| EventBody::listed(event, shown).with_files(&files, event, shown))
            .collect(),
    }))
}

/// A page whose tags are too large to be held: they are read as the client takes them.
fn streamed(
    services: Data<Services>,
    meta: &EnvelopeMeta,
    page: EventPage,
    shown: Shown,
    files: Links,
) -> Result<HttpResponse, ApiError> {
    let mut text = br#"{"meta":"#.to_vec();
    serde_json::to_writer(&mut text, meta).map_err(unwritten)?;
    text.extend_from_slice(br#","objects":["#);
    let mut events = page.events.into_iter();
    for (at, event) in events.by_ref().take(page.whole).enumerate() {
        object(&mut text, at == 0, &event, shown, &files)?;
    }
    let is_first = page.whole == 0;
    let rest = Rest { services, events, shown, files, is_first };
    let body = stream::try_unfold((Some(text), rest), async |(text, mut rest)| {
        let text = match text {
            Some(text) => text,
            None if rest.events.as_slice().is_empty() => return Ok(None),
            None => rest.part().await.inspect_err(ApiError::log)?,
        };
        Ok::<_, ApiError>(Some((Bytes::from(text), (None, rest))))
    });
    let json = (CONTENT_TYPE, "application/json");
    Ok(HttpResponse::Ok().insert_header(json).streaming(body))
}

/// What is still to be written of a page.
struct Rest {
    services: Data<Services>,
    /// Events without their tags.
    events: vec::IntoIter<Event>,
    shown: Shown,
    files: Links,
    is_first: bool,
}

impl Rest {
    async fn part(&mut self) -> Result<Vec<u8>, ApiError> {
        let ids = self.events.as_slice().iter().map(|event| event.id).collect();
        let metas = self.services.events.metas(ids).await?;
        let mut text = Vec::new();
        for (event, meta) in self.events.by_ref().take(metas.len()).zip(metas) {
            let event = Event { meta, ..event };
            object(&mut text, self.is_first, &event, self.shown, &self.files)?;
            self.is_first = false;
        }
        if self.events.as_slice().is_empty() {
            text.extend_from_slice(b"]}");
        }
        Ok(text)
    }
}

fn object(
    text: &mut Vec<u8>,
    is_first: bool,
    event: &Event,
    shown: Shown,
    files: &Links,
) -> Result<(), ApiError> {
    if !is_first {
        text.push(b',');
    }
    let body = EventBody::listed(event, shown).with_files(files, event, shown);
    serde_json::to_writer(text, &body).map_err(unwritten)
}

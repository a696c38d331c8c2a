//! Creating several events at once, each on its own.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::BULK;
use super::create::{CreateEvent, parse_event, refuse_key};
use super::object::Object;
use crate::domain::event::BULK_MAX;
use crate::http::auth::MayCreateEvents;
use crate::http::body::{BULK_BYTES_MAX, read_body};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, parse_json};
use crate::http::params::bad;
use crate::service::Services;

/// Media types of one JSON text per line.
const LINES: [&str; 4] =
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// What some senders put before their JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Events to store, at most 1,000.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "the shape for the API document; the items are read one by one")]
pub(in crate::http) struct CreateEvents<'a> {
    /// The events; of idempotency keys only `uid` counts here.
    #[serde(borrow)]
    objects: Vec<CreateEvent<'a>>,
}

/// What became of each event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct BulkResult {
    /// How many are stored, those included that were stored before under the same `uid`.
    created: usize,
    /// How many are not.
    failed: usize,
    /// One result per event, in the order sent.
    objects: Vec<BulkItem>,
}

/// What became of one event.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum BulkItem {
    /// It is on disk.
    Stored {
        /// 201, or 200 if it was stored before under the same `uid`.
        #[schema(example = 201)]
        status: u16,
        /// Its id.
        #[schema(example = 33_794_128)]
        id: u64,
    },
    /// It is not stored; the same words as of an answer of its own.
    Failed(ErrorBody),
}

/// Create up to 1,000 events. A bad one does not stop the others.
///
/// All that are stored are on disk when this answers. The body is an array of events, an object with
/// the array as `objects`, or one event per line (`application/x-ndjson`).
#[utoipa::path(
    post,
    path = BULK,
    operation_id = "create_events",
    tag = "events",
    request_body(
        content(
            (CreateEvents = "application/json"),
            (String = "application/x-ndjson"),
        ),
        description = "At most 4 MiB; an `Idempotency-Key` is refused, give events their `uid`"
    ),
    responses(
        (status = 200, body = BulkResult, description = "Also if some or all failed"),
        (status = 400, body = ErrorBody, description = "`bad_json`, `bad_parameter`, \
            `missing_field`, `json_too_deep`; nothing is stored"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 413, body = ErrorBody, description = "`body_too_large`, over 4 MiB or 1,000 events"),
        (status = 429, body = ErrorBody, description = "`rate_limited`, with `Retry-After`"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
        (status = 507, body = ErrorBody, description = "`storage_full`"),
    )
)]
pub(in crate::http) async fn create_many(
    caller: MayCreateEvents,
    services: Data<Services>,
    req: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    refuse_key(req.headers())?;
    let note = |error: &ApiError| {
        if let Some(reason) = error.refusal() {
            services.events.refused(&caller, None, reason, 1);
        }
    };
    let body = read_body(&req, payload, BULK_BYTES_MAX).await.inspect_err(note)?;
    let items = items(&body, is_lines(req.content_type())).inspect_err(note)?;
    let (mut good, mut refused) = (Vec::with_capacity(items.len()), Vec::new());
    for (at, item) in items.into_iter().map(parse_event).enumerate() {
        match item {
            Ok(new) => good.push(Ok(new)),
            Err(error) => {
                note(&error);
                refused.push((at, error));
            }
        }
    }
    drop(body); // its share of the budget is free while the disk works
    let recorded = services.events.record_many(&caller, good).await?;
    let mut objects: Vec<BulkItem> = recorded
        .into_iter()
        .map(|result| match result {
            Ok(recorded) => {
                let status = if recorded.replayed { StatusCode::OK } else { StatusCode::CREATED };
                BulkItem::Stored { status: status.as_u16(), id: recorded.event.id.0 }
            }
            Err(error) => failed(&error.into()),
        })
        .collect();
    let created = objects.iter().filter(|item| matches!(item, BulkItem::Stored { .. })).count();
    for (at, error) in refused {
        objects.insert(at, failed(&error)); // in order, so that each finds its place
    }
    Ok(HttpResponse::Ok().json(BulkResult { created, failed: objects.len() - created, objects }))
}

fn failed(error: &ApiError) -> BulkItem {
    error.log();
    BulkItem::Failed(error.body())
}

fn is_lines(content_type: &str) -> bool {
    LINES.iter().any(|kind| content_type.trim().eq_ignore_ascii_case(kind))
}

/// The JSON text of each item, as it stands in the body.
///
/// A body that is not announced as lines is taken for them if its first line is an object and
/// another one follows; one object without `objects` is one event.
fn items(body: &[u8], lines: bool) -> Result<Vec<&[u8]>, ApiError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if lines {
        return split(body);
    }
    if body.trim_ascii_start().first() == Some(&b'{') {
        let (first, rest) = first_line(body.trim_ascii_start());
        if !rest.trim_ascii().is_empty()
            && parse_json::<Object<IgnoredAny>>(first, Empty::IsError).is_ok()
        {
            return split(body);
        }
        let Object(sent) = parse_json::<Object<Wrapped<'_>>>(body, Empty::IsError)?;
        let Some(objects) = sent.objects else { return Ok(vec![body]) };
        return array(objects.get().as_bytes())
            .map_err(|_| bad("objects", "an array").into())
            .and_then(few);
    }
    array(body).and_then(few)
}

/// `{"objects": …}`.
#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow, default)]
    objects: Option<&'a RawValue>,
}

/// The first items of an array, and how many there are.
struct Items<'a> {
    first: Vec<&'a [u8]>,
    count: usize,
}

fn array(text: &[u8]) -> Result<Items<'_>, ApiError> {
    parse_json(text, Empty::IsError)
}

fn few(items: Items<'_>) -> Result<Vec<&[u8]>, ApiError> {
    if items.count > BULK_MAX {
        return Err(ApiError::TooManyItems { max: BULK_MAX });
    }
    Ok(items.first)
}

/// Lines that are not blank.
fn split(body: &[u8]) -> Result<Vec<&[u8]>, ApiError> {
    let lines = || body.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    few(Items { first: lines().take(BULK_MAX).collect(), count: lines().count() })
}

fn first_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| *b == b'\n').unwrap_or(text.len());
    text.split_at(end)
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of events")
            }

            /// Keeps no more than are taken, however many `,` a body holds.
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Items { first: Vec::new(), count: 0 };
                while items.first.len() < BULK_MAX {
                    let Some(raw) = seq.next_element::<&RawValue>()? else { return Ok(items) };
                    items.first.push(raw.get().as_bytes());
                    items.count += 1;
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    items.count += 1;
                }
                Ok(items)
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::Code;

    fn texts(body: &str, lines: bool) -> Vec<&str> {
        let items = items(body.as_bytes(), lines).unwrap();
        items.into_iter().map(|item| std::str::from_utf8(item).unwrap().trim()).collect()
    }

    #[test]
    fn items_are_found_in_every_form() {
        let two = [r#"{"a":1}"#, r#"{"b":"\n"}"#];
        assert_eq!(texts(r#" [{"a":1}, {"b":"\n"}]"#, false), two);
        assert_eq!(texts(r#"{"x":0,"objects":[{"a":1},{"b":"\n"}]}"#, false), two);
        assert_eq!(texts("{\n \"objects\": [\n{\"a\":1}\n,{\"b\":\"\\n\"}]}\n", false), two);
        let lines = "{\"a\":1}\r\n\n{\"b\":\"\\n\"}\n";
        assert_eq!(texts(lines, true), two);
        assert_eq!(texts(lines, false), two);
        assert_eq!(texts("{\n\"a\":1}", false), ["{\n\"a\":1}"]);
        assert_eq!(texts("{\"a\":1}\nx\n", false), ["{\"a\":1}", "x"]);
        assert_eq!(texts("[1,\"x\",null]", false), ["1", "\"x\"", "null"]);
        assert_eq!(texts("\u{feff}{\"objects\":[1]}", false), ["1"]);
        assert!(texts("[]", false).is_empty());
        assert!(texts("\n", true).is_empty());
    }

    #[test]
    fn what_is_no_list_of_events_is_refused() {
        let many = |item: &str, between: &str, n: usize| vec![item; n].join(between);
        for (body, lines, code) in [
            (String::new(), false, Code::BadJson),
            ("[1".to_owned(), false, Code::BadJson),
            ("{\"a\":1}}".to_owned(), false, Code::BadJson),
            ("7".to_owned(), false, Code::BadParameter),
            ("{\"objects\":{}}".to_owned(), false, Code::BadParameter),
            (format!("[{}]", many("{}", ",", 1_001)), false, Code::BodyTooLarge),
            (format!("{{\"objects\":[{}]}}", many("1", ",", 1_001)), false, Code::BodyTooLarge),
            (many("{}", "\n", 1_001), true, Code::BodyTooLarge),
            (format!("[{}]", "[".repeat(70)), false, Code::JsonTooDeep),
        ] {
            let error = items(body.as_bytes(), lines).unwrap_err();
            assert_eq!(error.parts().1, code, "{body:.40}");
        }
        assert_eq!(texts(&format!("[{}]", many("{}", ",", 1_000)), false).len(), 1_000);
    }

    #[test]
    fn lines_are_known_by_their_type() {
        assert!(is_lines("application/X-NDJSON"));
        assert!(!is_lines("application/json"));
    }
}

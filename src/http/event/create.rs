//! Creating one event, and reading an event from JSON.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::attachment::Links;
use super::object::Object;
use super::{EVENTS, EventBody, Shown};
use crate::domain::attachment::FILEMETA_BYTES_MAX;
use crate::domain::meta::Sent;
use crate::domain::{CameraId, FileState, Meta, NAME_BYTES_MAX, NewEvent, Timestamp, When};
use crate::http::auth::MayCreateEvents;
use crate::http::body::{Body, JSON_BYTES_MAX, UPLOAD_BYTES_MAX, read_body};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, parse_json};
use crate::http::multipart;
use crate::http::params::{bad, number};
use crate::service::attachment::{Sent as SentFile, SentFiles};
use crate::service::{self, Error, Services};

/// Header that makes a request happen once, as `uid` in the body does.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Largest form: a picture, a metadata file, an event and what is around them.
const FORM_BYTES_MAX: usize = UPLOAD_BYTES_MAX + FILEMETA_BYTES_MAX + JSON_BYTES_MAX + 16 * 1024;
/// Header of the answer to a request that had happened before.
const IDEMPOTENT_REPLAYED: &str = "Idempotent-Replayed";

/// An event to store. Members that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::http) struct CreateEvent<'a> {
    /// The camera it happened on; may be left out by a credential that names one camera.
    #[serde(borrow, default)]
    #[schema(value_type = Option<u32>, example = 1)]
    camid: Option<&'a RawValue>,
    /// Name of an event type of that camera.
    #[serde(borrow, default)]
    #[schema(value_type = String, required = true, example = "motion")]
    name: Option<&'a RawValue>,
    /// When it happened, UTC unless a zone is given. Either this or `age_ms`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "2021-09-23T16:30:00")]
    time: Option<&'a RawValue>,
    /// How many milliseconds ago it happened, for senders without a clock. Either this or `time`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<u64>, example = 1500)]
    age_ms: Option<&'a RawValue>,
    /// Tags and their values; what is not a string is stored as its JSON text. At most 64 tags.
    #[serde(borrow, default)]
    #[schema(value_type = Option<std::collections::HashMap<String, String>>, example = json!({ "Person": "" }))]
    meta: Option<&'a RawValue>,
    /// Idempotency key, 1 to 128 printable ASCII characters: with it, the event exists once per
    /// camera.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "9f3c-17")]
    uid: Option<&'a RawValue>,
    /// Its picture, a JPEG, PNG or WebP in base64. With this body's 256 KiB it has 190 KB at most; a
    /// larger one goes as `multipart/form-data`, or by PUT to the event's `thumb/`. Not in bulk.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    picture: Option<&'a RawValue>,
}

/// An event to store as a form, with a picture of up to 10 MiB and a metadata file of up to 1 MiB.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the shape for the API document; the parts are read one by one")]
pub(in crate::http) struct CreateEventForm<'a> {
    /// The event as JSON, without `picture`.
    event: CreateEvent<'a>,
    /// The picture's bytes.
    #[schema(value_type = Option<String>, format = Binary)]
    picture: &'a [u8],
    /// The metadata file: JSON.
    #[schema(value_type = Option<String>, format = Binary)]
    filemeta: &'a [u8],
}

/// An event that was sent, perhaps with files.
struct WithFiles {
    new: NewEvent,
    files: SentFiles,
}

/// Create an event. It is on disk when this answers.
#[utoipa::path(
    post,
    path = EVENTS,
    operation_id = "create_event",
    tag = "events",
    params((
        "Idempotency-Key" = Option<String>,
        Header,
        description = "The same as `uid` in the body; if both are given they must be equal"
    )),
    request_body(content(
        (CreateEvent = "application/json"),
        (CreateEventForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = EventBody, description = "Stored; `meta` is always there"),
        (status = 200, body = EventBody, description = "Stored before, under the same key",
            headers(("Idempotent-Replayed" = String, description = "`true`"))),
        (status = 400, body = ErrorBody, description = "`missing_field`, `bad_parameter`, \
            `bad_json`, `unknown_event_type`, `meta_limit`, `json_too_deep`, `picture_refused`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`out_of_scope`, `access_deny`"),
        (status = 413, body = ErrorBody, description = "`body_too_large`, JSON over 256 KiB, \
            a picture over 10 MiB, a metadata file over 1 MiB"),
        (status = 422, body = ErrorBody, description = "`idempotency_mismatch`"),
        (status = 429, body = ErrorBody, description = "`rate_limited`, with `Retry-After`"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
        (status = 507, body = ErrorBody, description = "`storage_full`"),
    )
)]
pub(in crate::http) async fn create(
    caller: MayCreateEvents,
    services: Data<Services>,
    req: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let WithFiles { new, files } = read_event(&req, payload).await.inspect_err(|error| {
        if let Some(reason) = error.refusal() {
            services.events.refused(&caller, None, reason, 1);
        }
    })?;
    let recorded = if files.is_empty() {
        services.events.record(&caller, new).await?
    } else {
        let camera = new.camera;
        services.attachments.record(&caller, new, files).await.inspect_err(|error| {
            let reason = match error {
                Error::PictureRefused(_) => "picture_refused",
                Error::FilemetaRefused(_) => "bad_json",
                _ => return,
            };
            services.events.refused(&caller, camera, reason, 1);
        })?
    };
    let mut answer = if recorded.replayed { HttpResponse::Ok() } else { HttpResponse::Created() };
    if recorded.replayed {
        answer.insert_header((IDEMPOTENT_REPLAYED, "true"));
    }
    let event = &recorded.event;
    let mut body = EventBody::with_meta(event);
    if event.attached.picture == FileState::Ready || event.attached.filemeta == FileState::Ready {
        let shown = Shown { filemeta: true, ..Shown::default() };
        body = body.with_files(&Links::of(&req, &services), event, shown);
    }
    Ok(answer.json(body))
}

async fn read_event(req: &HttpRequest, payload: Payload) -> Result<WithFiles, ApiError> {
    if let Some(boundary) = form_boundary(req) {
        let body = read_body(req, payload, FORM_BYTES_MAX).await?;
        return read_form(req.headers(), &boundary, body);
    }
    let body = read_body(req, payload, JSON_BYTES_MAX).await?;
    let Object(sent) = parse_json::<Object<CreateEvent<'_>>>(&body, Empty::IsError)?;
    let picture = sent.picture.map(base64_picture).transpose()?;
    let mut new = NewEvent::try_from(sent)?; // the body's share of the budget is free while the disk works
    new.uid = key(req.headers(), new.uid)?;
    let picture = picture.map(|bytes| Arc::new(bytes) as SentFile);
    Ok(WithFiles { new, files: SentFiles { picture, filemeta: None } })
}

/// The boundary of a form's parts, if the body is one.
fn form_boundary(req: &HttpRequest) -> Option<String> {
    let kind = req.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    multipart::boundary(kind).map(str::to_owned)
}

/// Reads a form: the part `event` is JSON, `picture` and `filemeta` are bytes.
fn read_form(headers: &HeaderMap, boundary: &str, body: Body) -> Result<WithFiles, ApiError> {
    let parts = multipart::parts(boundary, &body).ok_or(ApiError::BadBody)?;
    let content = |name| parts.iter().find(|part| part.name == name).map(|part| part.content);
    let event = content("event").ok_or(Error::MissingField("the part event"))?;
    if event.len() > JSON_BYTES_MAX {
        return Err(ApiError::BodyTooLarge { max: JSON_BYTES_MAX });
    }
    let mut new = parse_event(event)?;
    new.uid = key(headers, new.uid)?;
    let file = |name, max| match content(name).filter(|bytes| !bytes.is_empty()) {
        Some(bytes) if bytes.len() > max => Err(ApiError::BodyTooLarge { max }),
        bytes => Ok(bytes.map(|bytes| body.slice_ref(bytes))),
    };
    let picture = file("picture", UPLOAD_BYTES_MAX)?;
    let filemeta = file("filemeta", FILEMETA_BYTES_MAX)?;
    let body = Arc::new(body);
    let sent = |bytes| Arc::new(PartOf { bytes, _body: Arc::clone(&body) }) as SentFile;
    Ok(WithFiles {
        new,
        files: SentFiles { picture: picture.map(sent), filemeta: filemeta.map(sent) },
    })
}

/// A part of a body, which is kept with its share of the budget.
struct PartOf {
    bytes: Bytes,
    _body: Arc<Body>,
}

impl AsRef<[u8]> for PartOf {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The bytes of a picture in base64, with or without the head of a `data:` URL.
fn base64_picture(raw: &RawValue) -> service::Result<Vec<u8>> {
    let text = string("picture", raw)?;
    let text = match text.split_once(";base64,") {
        Some((head, text)) if head.starts_with("data:") => text,
        _ => &text,
    };
    STANDARD.decode(text.trim()).map_err(|_| bad("picture", "a picture's bytes in base64"))
}

/// Reads one event from JSON text.
///
/// # Errors
/// Those of [`parse_json`]; `missing_field`, `bad_parameter` with the member's name, `meta_limit`.
pub(super) fn parse_event(text: &[u8]) -> Result<NewEvent, ApiError> {
    let Object(sent) = parse_json::<Object<CreateEvent<'_>>>(text, Empty::IsError)?;
    if sent.picture.is_some() {
        return Err(bad("picture", "not here; send it to the event's thumb/").into());
    }
    Ok(NewEvent::try_from(sent)?)
}

impl TryFrom<CreateEvent<'_>> for NewEvent {
    type Error = Error;

    fn try_from(sent: CreateEvent<'_>) -> service::Result<Self> {
        let name = string("name", sent.name.ok_or(Error::MissingField("name"))?)?;
        if name.len() > NAME_BYTES_MAX {
            return Err(bad("name", &format!("at most {NAME_BYTES_MAX} bytes")));
        }
        Ok(Self {
            camera: sent.camid.map(camera).transpose()?,
            name: name.into_owned(),
            when: when(sent.time, sent.age_ms)?,
            meta: sent.meta.map_or_else(|| Ok(Meta::empty()), meta)?,
            uid: sent.uid.map(|raw| string("uid", raw).map(Cow::into_owned)).transpose()?,
        })
    }
}

/// An integer too large for an id stands for the largest, which no camera reaches: it is unknown.
fn camera(raw: &RawValue) -> service::Result<CameraId> {
    let id = number(raw.get()).ok_or_else(|| bad("camid", "a camera's id, a whole number"))?;
    Ok(CameraId(u32::try_from(id).unwrap_or(u32::MAX)))
}

fn when(time: Option<&RawValue>, age_ms: Option<&RawValue>) -> service::Result<When> {
    match (time, age_ms) {
        (None, None) => Err(Error::MissingField("time (or age_ms)")),
        (Some(_), Some(_)) => Err(Error::MissingField("a single time (not time and age_ms both)")),
        (Some(time), None) => {
            let time = Timestamp::parse(&string("time", time)?);
            Ok(When::At(time.map_err(|error| bad("time", &error.to_string()))?))
        }
        (None, Some(age)) => {
            let ms = number(age.get()).ok_or_else(|| bad("age_ms", "a whole number from 0"))?;
            Ok(When::AgoMs(ms))
        }
    }
}

fn meta(raw: &RawValue) -> service::Result<Meta> {
    let sent: Sent = serde_json::from_str(raw.get())
        .map_err(|error| bad("meta", &format!("an object of tags: {error}")))?;
    Ok(Meta::from_pairs(sent.0)?)
}

/// The content of a JSON string, borrowed if nothing in it is escaped.
///
/// # Errors
/// `bad_parameter` with the member's `name` if it is something else.
pub(super) fn string<'a>(name: &str, raw: &'a RawValue) -> service::Result<Cow<'a, str>> {
    let quoted = raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    if let Some(plain) = quoted.filter(|text| !text.contains('\\')) {
        return Ok(Cow::Borrowed(plain));
    }
    serde_json::from_str(raw.get()).map(Cow::Owned).map_err(|_| bad(name, "a string"))
}

/// The idempotency key out of header and body.
fn key(headers: &HeaderMap, uid: Option<String>) -> service::Result<Option<String>> {
    let Some(header) = headers.get(IDEMPOTENCY_KEY) else { return Ok(uid) };
    let header = header.to_str().map_err(|_| bad(IDEMPOTENCY_KEY, "printable ASCII characters"))?;
    match uid {
        Some(uid) if uid != header => {
            Err(Error::BadParameter("Idempotency-Key and uid are different".to_owned()))
        }
        _ => Ok(Some(header.to_owned())),
    }
}

/// Refuses a header that cannot count for several events at once.
pub(super) fn refuse_key(headers: &HeaderMap) -> service::Result<()> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(bad(IDEMPOTENCY_KEY, "not with several events; give each its uid"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::Code;

    fn code(text: &str) -> (Code, String) {
        let error = parse_event(text.as_bytes()).unwrap_err();
        (error.parts().1, error.to_string())
    }

    #[test]
    fn an_event_is_read_from_its_members() {
        let text = r#" {"camid":7,"name":"mo\u0074ion","time":"2021-09-23T16:30:00","x":[1],
            "meta":{"a":"1","n":2},"uid":"k","age_ms":null}"#;
        let expected = NewEvent {
            camera: Some(CameraId(7)),
            name: "motion".to_owned(),
            when: When::At(Timestamp(1_632_414_600_000_000)),
            meta: Meta::from_stored(r#"{"a":"1","n":"2"}"#),
            uid: Some("k".to_owned()),
        };
        assert_eq!(parse_event(text.as_bytes()).unwrap(), expected);
        let least = parse_event(br#"{"name":"net","age_ms":5,"meta":null,"uid":null}"#).unwrap();
        assert_eq!((least.camera, least.when), (None, When::AgoMs(5)));
        assert!(least.meta.is_empty() && least.uid.is_none());
        let unknown = parse_event(br#"{"camid":99999999999,"name":"n","age_ms":0}"#).unwrap();
        assert_eq!(unknown.camera, Some(CameraId(u32::MAX)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let time = r#""time":"2021-09-23T16:30:00""#;
        for (text, expected, word) in [
            (format!(r"{{{time}}}"), Code::MissingField, "name"),
            (format!(r#"{{"name":null,{time}}}"#), Code::MissingField, "name"),
            (r#"{"name":"n"}"#.to_owned(), Code::MissingField, "time"),
            (format!(r#"{{"name":"n","age_ms":1,{time}}}"#), Code::MissingField, "age_ms"),
            (format!(r#"{{"name":1,{time}}}"#), Code::BadParameter, "name"),
            (format!(r#"{{"name":"{}",{time}}}"#, "n".repeat(129)), Code::BadParameter, "name"),
            (format!(r#"{{"name":"\ud800",{time}}}"#), Code::BadParameter, "name"),
            (format!(r#"{{"name":"n","camid":"1",{time}}}"#), Code::BadParameter, "camid"),
            (format!(r#"{{"name":"n","camid":1.0,{time}}}"#), Code::BadParameter, "camid"),
            (format!(r#"{{"name":"n","camid":-1,{time}}}"#), Code::BadParameter, "camid"),
            (r#"{"name":"n","time":1632414600}"#.to_owned(), Code::BadParameter, "time"),
            (r#"{"name":"n","time":"soon"}"#.to_owned(), Code::BadParameter, "time"),
            (r#"{"name":"n","age_ms":"1"}"#.to_owned(), Code::BadParameter, "age_ms"),
            (r#"{"name":"n","age_ms":-1}"#.to_owned(), Code::BadParameter, "age_ms"),
            (format!(r#"{{"name":"n","meta":[],{time}}}"#), Code::BadParameter, "meta"),
            (format!(r#"{{"name":"n","meta":"x",{time}}}"#), Code::BadParameter, "meta"),
            (format!(r#"{{"name":"n","meta":{{"":1}},{time}}}"#), Code::MetaLimit, "tag"),
            (format!(r#"{{"name":"n","uid":1,{time}}}"#), Code::BadParameter, "uid"),
            (format!(r#"{{"name":"a","name":"b",{time}}}"#), Code::BadParameter, "name"),
            (r#"[1,"n","2021-09-23T16:30:00"]"#.to_owned(), Code::BadParameter, "object"),
            ("7".to_owned(), Code::BadParameter, "7"),
            (String::new(), Code::BadJson, "line 1"),
            (r#"{"name":"n""#.to_owned(), Code::BadJson, "line 1"),
        ] {
            let (found, detail) = code(&text);
            assert_eq!(found, expected, "{text}: {detail}");
            assert!(detail.contains(word), "{text}: {detail}");
        }
    }

    #[test]
    fn a_key_stands_in_header_or_body() {
        let mut headers = HeaderMap::new();
        assert_eq!(key(&headers, None).unwrap(), None);
        assert_eq!(key(&headers, Some("b".into())).unwrap().as_deref(), Some("b"));
        assert!(refuse_key(&headers).is_ok());
        let name = "idempotency-key".parse().unwrap();
        headers.insert(name, "h".parse().unwrap());
        assert_eq!(key(&headers, None).unwrap().as_deref(), Some("h"));
        assert_eq!(key(&headers, Some("h".into())).unwrap().as_deref(), Some("h"));
        assert!(matches!(key(&headers, Some("b".into())), Err(Error::BadParameter(_))));
        assert!(refuse_key(&headers).is_err());
    }
}

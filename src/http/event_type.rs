//! Event types of a camera: list, one, add, change, remove, trigger.

use std::fmt;

use actix_web::http::Method;
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::{MayChangeCameras, MayReadCameras, MayTrigger};
use super::error::{ApiError, ErrorBody};
use super::json::{Empty, read_json};
use super::paging::Envelope;
use super::params::{Params, bad};
use super::reply::PageRequest;
use super::route::resource;
use crate::domain::event_type::EventTypeChange;
use crate::domain::meta::Sent;
use crate::domain::{CameraId, Caps, EventId, EventType, Meta, Timestamp};
use crate::service::Services;
use crate::service::error::Error;
use crate::service::recipe::{Trigger, Triggered};

const TYPES: &str = "/api/v2/cameras/{id}/event_processing/events/";
const TYPE: &str = "/api/v2/cameras/{id}/event_processing/events/{name}/";
const TRIGGER: &str = "/api/v2/cameras/{id}/event_processing/events/{name}/trigger/";

/// A named kind of event on one camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventTypeBody {
    /// Another name that clients may show and filter by; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    /// What the camera can do.
    caps: CapsBody,
    /// True on types made over the API, absent on others.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<bool>,
    /// The server makes pictures for it; absent on custom types.
    #[serde(skip_serializing_if = "Option::is_none")]
    generate_images: Option<bool>,
    /// Its name, `name` of its events.
    #[schema(example = "motion")]
    name: String,
    /// Notifications are sent for it.
    notify: bool,
    /// Seconds between periodic events, 0 = off; only with the cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    /// Events that the camera itself delivers are stored.
    receive: bool,
    /// The camera records when it happens; only with the cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<bool>,
    /// The camera attaches a picture; only with the cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<bool>,
}

/// What a camera can do for an event type.
#[expect(clippy::struct_excessive_bools, reason = "the API's four facts, each on its own")]
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CapsBody {
    /// The server can ask the camera to raise it.
    can_be_triggered: bool,
    /// The camera can record video when it happens.
    can_record: bool,
    /// The camera can attach a picture.
    can_snapshot: bool,
    /// The camera can raise it by the clock.
    is_periodic: bool,
}

impl From<Caps> for CapsBody {
    fn from(caps: Caps) -> Self {
        let Caps { can_be_triggered, can_record, can_snapshot, is_periodic } = caps;
        Self { can_be_triggered, can_record, can_snapshot, is_periodic }
    }
}

impl From<EventType> for EventTypeBody {
    fn from(known: EventType) -> Self {
        let caps = known.caps;
        Self {
            alias: known.alias,
            caps: caps.into(),
            custom: known.custom.then_some(true),
            generate_images: (!known.custom).then_some(known.generate_images),
            name: known.name,
            notify: known.notify,
            period: caps.is_periodic.then_some(known.period),
            receive: known.receive,
            record: caps.can_record.then_some(known.record),
            snapshot: caps.can_snapshot.then_some(known.snapshot),
        }
    }
}

/// A custom event type to add.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewEventType {
    /// Its name: 1 to 128 bytes, no comma, no slash. Required.
    #[schema(required, example = "door_open")]
    name: Option<String>,
    /// Whether notifications are sent for it; false if left out.
    notify: Option<bool>,
}

/// What to change; members left out or null stay as they are, `alias` aside.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct EventTypeChanges {
    /// Another name that clients may show and filter by; `""` or null takes it away.
    #[expect(clippy::option_option, reason = "absent, null and a text are three things")]
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    alias: Option<Option<String>>,
    /// The server makes pictures for it; not on custom types.
    generate_images: Option<bool>,
    /// Notifications are sent for it.
    notify: Option<bool>,
    /// Seconds between periodic events; without the cap left alone.
    period: Option<u32>,
    /// Events that the camera itself delivers are stored.
    receive: Option<bool>,
    /// The camera records when it happens; without the cap left alone.
    record: Option<bool>,
    /// The camera attaches a picture; without the cap left alone.
    snapshot: Option<bool>,
}

/// Changes as they come: the object, or a bare boolean that means `notify` (a known client sends it).
#[derive(Debug)]
struct SentChanges(EventTypeChanges);

/// An event to raise.
#[derive(Deserialize, ToSchema)]
pub(super) struct TriggerRequest {
    /// When it happens; now if left out.
    #[schema(example = "2021-09-23T16:30:00")]
    time: Option<String>,
    /// Its tags.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    meta: Option<Sent>,
    /// True: the caller means it. Needed where the type's recipe asks for it, such as for doors and sirens.
    confirm: Option<bool>,
}

/// What became of a trigger.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriggerBody {
    /// `done`, or `sent` with `wait=0`.
    #[schema(example = "done")]
    status: &'static str,
    /// The event that the camera raised; null if it confirmed without one, or the type's `receive` is
    /// off. Absent with `wait=0`.
    #[expect(clippy::option_option, reason = "absent, null and a number are three things")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, required = false, example = 33_794_128)]
    event_id: Option<Option<u64>>,
    /// True if the device did as it was asked by recipe, and no event came of it in time; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    no_echo: Option<bool>,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(TYPES, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(
            TYPE,
            [
                (Method::GET, web::to(get)),
                (Method::PUT, web::to(change)),
                (Method::DELETE, web::to(remove)),
            ],
        ))
        .service(resource(TRIGGER, [(Method::POST, web::to(trigger))]));
}

/// List a camera's event types: built-in ones by name, then custom ones by name.
///
/// Without `limit` all are on one page.
#[utoipa::path(get, path = TYPES, tag = "event types",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("limit" = Option<usize>, Query, description = "Rows of a page, at most 1,000"),
        ("offset" = Option<u64>, Query, description = "Rows to leave out")),
    responses(
        (status = 200, body = Envelope<EventTypeBody>),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
    camera: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let types = services.event_types.list(&caller, CameraId(*camera))?;
    Ok(HttpResponse::Ok().json(PageRequest::new(&request).whole(types, EventTypeBody::from)?))
}

/// Show one event type.
#[utoipa::path(get, path = TYPE, tag = "event types",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("name" = String, Path, description = "The event type")),
    responses(
        (status = 200, body = EventTypeBody),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `event_type_not_found`")))]
pub(super) async fn get(
    caller: MayReadCameras,
    services: Data<Services>,
    path: Path<(u32, String)>,
) -> Result<HttpResponse, ApiError> {
    let known = services.event_types.get(&caller, CameraId(path.0), &path.1)?;
    Ok(HttpResponse::Ok().json(EventTypeBody::from(known)))
}

/// Add a custom event type. Its events come over the API only.
#[utoipa::path(post, path = TYPES, tag = "event types", request_body = NewEventType,
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 201, body = EventTypeBody),
        (status = 400, body = ErrorBody,
            description = "`already_exists`, `missing_field`, `bad_parameter`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(super) async fn add(
    caller: MayChangeCameras,
    services: Data<Services>,
    camera: Path<u32>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let new = read_json::<NewEventType>(&request, payload, Empty::IsError).await?.into_inner();
    let name = new.name.ok_or(Error::MissingField("name"))?;
    let notify = new.notify.unwrap_or_default();
    let known = services.event_types.add(&caller, CameraId(*camera), name, notify).await?;
    Ok(HttpResponse::Created().json(EventTypeBody::from(known)))
}

/// Change an event type's switches. A bare boolean as the body means `notify`.
#[utoipa::path(put, path = TYPE, tag = "event types", request_body = EventTypeChanges,
    params(
        ("id" = u32, Path, description = "The camera"),
        ("name" = String, Path, description = "The event type")),
    responses(
        (status = 200, body = EventTypeBody, description = "As it is now"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `event_type_not_found`")))]
pub(super) async fn change(
    caller: MayChangeCameras,
    services: Data<Services>,
    path: Path<(u32, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (camera, name) = path.into_inner();
    let changes = read_json::<SentChanges>(&request, payload, Empty::IsObject).await?.into_inner();
    let change = changes.0.into();
    let known = services.event_types.change(&caller, CameraId(camera), name, change).await?;
    Ok(HttpResponse::Ok().json(EventTypeBody::from(known)))
}

/// Remove a custom event type. Its events stay.
#[utoipa::path(delete, path = TYPE, tag = "event types",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("name" = String, Path, description = "The event type")),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody, description = "`built_in`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `event_type_not_found`")))]
pub(super) async fn remove(
    caller: MayChangeCameras,
    services: Data<Services>,
    path: Path<(u32, String)>,
) -> Result<HttpResponse, ApiError> {
    let (camera, name) = path.into_inner();
    services.event_types.remove(&caller, CameraId(camera), name).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask the camera to raise an event of this type itself, and wait for it.
///
/// If its agent is connected, by `/ctl/NEW/{token}/`, the agent is asked: it has 10 s to answer, the wait for
/// earlier triggers of the same camera included. Else the device is asked over HTTP, if the type has a
/// recipe: it has 5 s, and then its event has as long as the recipe says, 10 s at most. The event arrives
/// like any other. One trigger at a time is at a camera, on different cameras any number.
#[utoipa::path(post, path = TRIGGER, tag = "event types", request_body = Option<TriggerRequest>,
    params(
        ("id" = u32, Path, description = "The camera"),
        ("name" = String, Path, description = "The event type"),
        ("wait" = Option<u8>, Query, description = "0: do not wait for the camera's answer")),
    responses(
        (status = 200, body = TriggerBody, description = "The camera did it"),
        (status = 202, body = TriggerBody, description = "With `wait=0`: it is on its way"),
        (status = 400, body = ErrorBody, description = "`not_triggerable`, `bad_parameter`, `meta_limit`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `event_type_not_found`"),
        (status = 409, body = ErrorBody,
            description = "`camera_offline`, `camera_not_set_up`, `confirmation_required`"),
        (status = 502, body = ErrorBody, description = "`camera_refused`: the camera said no"),
        (status = 503, body = ErrorBody, description = "`overloaded`: 16 triggers wait for this camera"),
        (status = 504, body = ErrorBody, description = "`camera_timeout`: no answer within 10 s")))]
pub(super) async fn trigger(
    caller: MayTrigger,
    services: Data<Services>,
    path: Path<(u32, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let wait = Params::parse(request.query_string()).boolean("wait")?.unwrap_or(true);
    let sent = read_json::<TriggerRequest>(&request, payload, Empty::IsObject).await?.into_inner();
    let time = match &sent.time {
        Some(text) => Timestamp::parse(text).map_err(|error| bad("time", &error.to_string()))?,
        None => services.clock().now(),
    };
    let pairs = sent.meta.map(|meta| meta.0).unwrap_or_default();
    let meta = Meta::from_pairs(pairs).map_err(Error::from)?;
    let (camera, name) = path.into_inner();
    let confirmed = sent.confirm.unwrap_or_default();
    let camera = CameraId(camera);
    let trigger = Trigger { camera, name, time, meta, waits: wait, confirmed };
    let done = |id: Option<EventId>, no_echo| {
        let event_id = Some(id.map(|id| id.0));
        HttpResponse::Ok().json(TriggerBody { status: "done", event_id, no_echo })
    };
    Ok(match services.recipes.trigger(&caller, trigger).await? {
        Triggered::Done(id) => done(id, None),
        Triggered::NoEcho => done(None, Some(true)),
        Triggered::Sent => HttpResponse::Accepted().json(TriggerBody {
            status: "sent",
            event_id: None,
            no_echo: None,
        }),
    })
}

impl From<EventTypeChanges> for EventTypeChange {
    fn from(changes: EventTypeChanges) -> Self {
        let EventTypeChanges { alias, generate_images, notify, period, receive, record, snapshot } =
            changes;
        let alias = alias.map(|alias| alias.filter(|alias| !alias.is_empty()));
        Self { notify, receive, record, snapshot, period, generate_images, alias }
    }
}

impl<'de> Deserialize<'de> for SentChanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectOrBool;

        impl<'de> Visitor<'de> for ObjectOrBool {
            type Value = SentChanges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of switches, or a boolean")
            }

            fn visit_bool<E: de::Error>(self, notify: bool) -> Result<SentChanges, E> {
                Ok(SentChanges(EventTypeChanges { notify: Some(notify), ..Default::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SentChanges, A::Error> {
                EventTypeChanges::deserialize(MapAccessDeserializer::new(map)).map(SentChanges)
            }
        }

        deserializer.deserialize_any(ObjectOrBool)
    }
}

/// A member that is there: null is a value of its own.
#[expect(clippy::option_option, reason = "absent, null and a text are three things")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

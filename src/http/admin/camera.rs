//! Cameras as the site's page shows them: the record, and how each one does.

use std::collections::BTreeMap;

use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::domain::filter::Filter;
use crate::domain::{Agent, CameraId, CameraPassword};
use crate::http::auth::{MayManage, MayReadCameras};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::job::{self, JobBody};
use crate::http::json::{Empty, read_json};
use crate::http::params::{Params, bad};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::access::{Action, Caller};
use crate::service::camera::{CameraChange, NewCamera};
use crate::service::device::settings::DeviceChange;
use crate::service::error::Error;
use crate::service::event::Deleted;
use crate::service::overview::{Known, LastEvent, Overview, Status};
use crate::service::{self, Services};

const CAMERAS: &str = "/api/admin/v1/cameras/";
const CAMERA: &str = "/api/admin/v1/cameras/{id}/";

/// All cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SiteCameras {
    /// By id.
    objects: Vec<SiteCamera>,
}

/// A camera and how it does.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SiteCamera {
    /// Its number, `camid` of its events.
    #[schema(example = 7)]
    id: u32,
    /// Its name.
    #[schema(example = "Gate North")]
    name: String,
    /// IANA name of its time zone.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// How it does: the first that holds.
    status: StatusBody,
    /// Whether it is in use.
    enabled: bool,
    /// How its events come.
    connection: Connection,
    /// Since when it is connected; null while it is not.
    #[schema(example = "2026-03-01T10:00:00Z")]
    connected_since: Option<String>,
    /// The address that it is connected from. Only while it is, and for those who may manage cameras.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "10.20.4.31")]
    connected_from: Option<String>,
    /// Who made it; null if not known.
    vendor: Option<String>,
    /// Which model it is; null if not known.
    model: Option<String>,
    /// Version of its firmware; null if not known.
    firmware: Option<String>,
    /// Host name or IP address, null if not set. Only for those who may manage cameras.
    #[expect(clippy::option_option, reason = "absent, null and a text are three things")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "10.20.4.31")]
    address: Option<Option<String>>,
    /// How the server speaks to the device. Only for those who may manage cameras.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    device: Option<DeviceBody>,
    /// Its newest event, null if there is none.
    last_event: Option<LastEventBody>,
    /// Events of the last 24 hours: the sum of `sparkline`.
    #[schema(example = 6_453)]
    count_24h: u64,
    /// Events of the last 48 half hours, oldest first. The last one ends at the next quarter of an hour.
    #[schema(min_items = 48, max_items = 48)]
    sparkline: Vec<u64>,
    /// How far its clock is ahead, in milliseconds (negative: behind): the median of its last events.
    /// Null under 5 events, or if they do not agree.
    #[schema(example = 200)]
    skew_ms: Option<i64>,
    /// How many events that is by, at most 200.
    skew_samples: usize,
    /// Seconds without an event after which it is `quiet`; 0 = a day.
    #[schema(example = 7_200)]
    quiet_after_s: u32,
    /// Events that were refused in the last 24 hours, by `errorType`. Forgotten when the server stops.
    #[schema(value_type = std::collections::HashMap<String, u64>, example = json!({ "rate_limited": 3 }))]
    rejected_24h: BTreeMap<&'static str, u64>,
    /// Whether it can be asked to raise an event.
    can_trigger: bool,
}

/// How the server speaks to a camera's device. The password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeviceBody {
    /// Its port for HTTP; null = 80.
    #[schema(example = 8080)]
    port: Option<u16>,
    /// Who the server logs in as; null if not set.
    #[schema(example = "watchpost")]
    username: Option<String>,
    /// Whether a password is kept.
    has_password: bool,
    /// When it was set; null without one.
    #[schema(example = "2026-03-01T10:00:00Z")]
    password_set: Option<String>,
    /// Where it shows a picture of now; null if not set.
    #[schema(example = "/cgi-bin/snapshot.cgi?channel=1")]
    snapshot_path: Option<String>,
}

impl From<&crate::domain::Device> for DeviceBody {
    fn from(device: &crate::domain::Device) -> Self {
        Self {
            port: device.port,
            username: device.username.clone(),
            has_password: device.password.is_some(),
            password_set: device.password.as_ref().map(|password| password.set_at.rfc3339()),
            snapshot_path: device.snapshot_path.clone(),
        }
    }
}

/// How a camera does: the first that holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum StatusBody {
    /// Switched off.
    Disabled,
    /// Its agent is not connected; or it has none, and no event has ever come.
    Offline,
    /// An event was refused in the last hour.
    Rejecting,
    /// Its clock is more than a minute off.
    Clock,
    /// No event for longer than `quiet_after_s`.
    Quiet,
    /// None of these.
    Online,
}

/// How a camera's events come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Connection {
    /// By its agent's connection, whether it is there at the moment or not.
    Agent,
    /// Over HTTP, each on its own.
    Http,
    /// None has come yet.
    None,
}

/// The newest event of a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct LastEventBody {
    /// Its id.
    id: u64,
    /// Name of its type.
    #[schema(example = "motion")]
    name: String,
    /// When it happened, RFC 3339.
    #[schema(example = "2026-03-01T10:00:00Z")]
    time: String,
}

/// What is left of a removed camera.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RemovedCamera {
    /// Its number.
    id: u32,
    /// Its name; empty if an older version of the server removed it.
    name: String,
    /// Always true.
    removed: bool,
}

/// A camera to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewSiteCamera {
    /// Its name: 1 to 128 bytes. Required.
    #[schema(required, example = "Gate North")]
    name: Option<String>,
    /// IANA name of its time zone; the site's if left out.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// Host name or IP address.
    address: Option<String>,
    /// Seconds without an event after which it is `quiet`, at most 30 days; 0 = a day.
    quiet_after_s: Option<u32>,
    /// The device's port for HTTP; 80 if left out.
    port: Option<u16>,
    /// Who the server logs in as at the device: at most 128 bytes, no colon.
    username: Option<String>,
    /// With which password, at most 256 bytes. Stored sealed, and never shown again.
    password: Option<String>,
    /// Path of a picture of now at the device, or its URL there: with it the server fetches pictures of events
    /// whose type has `snapshot` on.
    #[schema(example = "/cgi-bin/snapshot.cgi?channel=1")]
    snapshot_path: Option<String>,
}

/// What to change of a camera: members left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SiteCameraChanges {
    /// Its name: 1 to 128 bytes.
    name: Option<String>,
    /// IANA name of its time zone.
    time_zone: Option<String>,
    /// Host name or IP address; `""` or null takes it away.
    #[expect(clippy::option_option, reason = "absent, null and a text are three things")]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    address: Option<Option<String>>,
    /// Seconds without an event after which it is `quiet`, at most 30 days; 0 = a day.
    quiet_after_s: Option<u32>,
    /// Whether it is in use. Of one that is not, what its own credentials create is refused.
    enabled: Option<bool>,
    /// The device's port for HTTP; 0 = 80.
    port: Option<u16>,
    /// Who the server logs in as at the device: at most 128 bytes, no colon; `""` or null takes it away.
    #[expect(clippy::option_option, reason = "absent, null and a text are three things")]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    /// With which password, at most 256 bytes; `""` or null takes it away. Stored sealed, and never shown
    /// again. A change of `address` or `port` takes it away too, unless it comes with the change.
    #[expect(clippy::option_option, reason = "absent, null and a text are three things")]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    password: Option<Option<String>>,
    /// Path of a picture of now at the device, or its URL there; `""` or null takes it away.
    #[expect(clippy::option_option, reason = "absent, null and a text are three things")]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    snapshot_path: Option<Option<String>>,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(CAMERAS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(
            CAMERA,
            [
                (Method::GET, web::to(get)),
                (Method::PUT, web::to(change)),
                (Method::DELETE, web::to(remove)),
            ],
        ));
}

impl SiteCamera {
    fn new(caller: &Caller, shown: Overview) -> Self {
        let (count_24h, can_trigger) = (shown.count(), shown.can_trigger());
        let camera = &shown.entry.camera;
        let connected = shown.entry.link.connected();
        let may_manage = caller.may(Action::Manage).is_ok();
        let told = |member: fn(&Agent) -> &String| {
            let text = camera.agent.as_ref().map(member).filter(|text| !text.is_empty());
            text.cloned()
        };
        Self {
            id: camera.id.0,
            name: camera.name.clone(),
            time_zone: camera.timezone.clone(),
            status: shown.status.into(),
            enabled: camera.enabled,
            connection: match (&camera.agent, shown.last_event.is_some()) {
                (Some(_), _) => Connection::Agent,
                (None, true) => Connection::Http,
                (None, false) => Connection::None,
            },
            connected_since: connected.map(|connected| connected.since.rfc3339()),
            connected_from: may_manage
                .then(|| connected.and_then(|connected| connected.from))
                .flatten()
                .map(|from| from.to_canonical().to_string()),
            vendor: told(|agent| &agent.vendor),
            model: told(|agent| &agent.model),
            firmware: told(|agent| &agent.firmware),
            address: may_manage.then(|| camera.address.clone()),
            device: may_manage.then(|| DeviceBody::from(&camera.device)),
            last_event: shown.last_event.map(LastEventBody::from),
            count_24h,
            sparkline: shown.sparkline,
            skew_ms: shown.skew.median_us.map(|us| us / 1_000),
            skew_samples: shown.skew.samples,
            quiet_after_s: camera.quiet_after_s,
            rejected_24h: shown.refused.counts,
            can_trigger,
        }
    }
}

impl From<LastEvent> for LastEventBody {
    fn from(event: LastEvent) -> Self {
        Self { id: event.id.0, name: event.name.to_string(), time: event.time.rfc3339() }
    }
}

impl From<Status> for StatusBody {
    fn from(status: Status) -> Self {
        match status {
            Status::Disabled => Self::Disabled,
            Status::Offline => Self::Offline,
            Status::Rejecting => Self::Rejecting,
            Status::Clock => Self::Clock,
            Status::Quiet => Self::Quiet,
            Status::Online => Self::Online,
        }
    }
}

/// List the cameras and how each one does.
#[utoipa::path(get, path = CAMERAS, tag = "site",
    responses(
        (status = 200, body = SiteCameras),
        (status = 403, body = ErrorBody, description = "`access_deny`: also for a camera's own tokens")))]
pub(in crate::http) async fn list(
    caller: MayReadCameras,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let all = services.cameras.overview(&caller).await?;
    let objects = all.into_iter().map(|shown| SiteCamera::new(&caller, shown)).collect();
    Ok(private(StatusCode::OK, SiteCameras { objects }))
}

/// Add a camera with the three event types that every camera has.
#[utoipa::path(post, path = CAMERAS, tag = "site", request_body = NewSiteCamera,
    responses(
        (status = 201, body = SiteCamera),
        (status = 400, body = ErrorBody, description = "`missing_field`, `bad_parameter`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn add(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let sent = read_json::<NewSiteCamera>(&request, payload, Empty::IsError).await?.into_inner();
    let name = sent.name.ok_or(Error::MissingField("name"))?;
    let change = CameraChange {
        timezone: sent.time_zone,
        address: sent.address,
        quiet_after_s: sent.quiet_after_s,
        device: DeviceChange {
            port: sent.port,
            username: sent.username,
            password: sent.password.map(CameraPassword),
            snapshot_path: sent.snapshot_path,
        },
        ..CameraChange::default()
    };
    let added = services.cameras.add(&caller, NewCamera { id: None, name, change }).await?;
    let shown = here(&caller, &services, added.entry.camera.id).await?;
    Ok(private(StatusCode::CREATED, shown))
}

/// Show a camera and how it does; of one that was removed, its name.
#[utoipa::path(get, path = CAMERA, tag = "site",
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = SiteCamera, description = "Of a removed camera only `id`, `name` and `removed`"),
        (status = 403, body = ErrorBody, description = "`access_deny`: also for a camera's own tokens"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn get(
    caller: MayReadCameras,
    services: Data<Services>,
    id: Path<u32>,
) -> Result<HttpResponse, ApiError> {
    Ok(match services.cameras.overview_of(&caller, CameraId(*id)).await? {
        Known::Here(shown) => private(StatusCode::OK, SiteCamera::new(&caller, *shown)),
        Known::Removed(name) => {
            private(StatusCode::OK, RemovedCamera { id: *id, name, removed: true })
        }
    })
}

/// Change a camera's record.
#[utoipa::path(put, path = CAMERA, tag = "site", request_body = SiteCameraChanges,
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = SiteCamera, description = "As it is now"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn change(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let sent =
        read_json::<SiteCameraChanges>(&request, payload, Empty::IsObject).await?.into_inner();
    let change = CameraChange {
        name: sent.name,
        timezone: sent.time_zone,
        enabled: sent.enabled,
        address: sent.address.map(Option::unwrap_or_default),
        quiet_after_s: sent.quiet_after_s,
        device: DeviceChange {
            port: sent.port,
            username: sent.username.map(Option::unwrap_or_default),
            password: sent.password.map(Option::unwrap_or_default).map(CameraPassword),
            snapshot_path: sent.snapshot_path.map(Option::unwrap_or_default),
        },
        ..CameraChange::default()
    };
    services.cameras.change(&caller, CameraId(*id), change).await?;
    Ok(private(StatusCode::OK, here(&caller, &services, CameraId(*id)).await?))
}

/// Remove a camera: its types and tokens end at once; its events stay, or go with it.
#[utoipa::path(delete, path = CAMERA, tag = "site",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("events" = Option<String>, Query, description = "`keep` (if left out) or `delete`")),
    responses(
        (status = 204),
        (status = 202, body = JobBody, description = "It is gone; a job deletes its events",
            headers(("Location" = String, description = "Path of the job"))),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn remove(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let id = CameraId(*id);
    let with_events = with_events(&Params::parse(request.query_string()))?;
    services.cameras.remove(&caller, id).await?;
    if with_events {
        let filter = Filter { cameras: vec![id], ..Filter::default() };
        if let Deleted::Job(id) = services.events.delete_many(&caller, &filter).await? {
            let body = JobBody::from(services.jobs.get(&caller, id)?);
            return Ok(HttpResponse::Accepted()
                .insert_header((LOCATION, job::path(id)))
                .json(body));
        }
    }
    Ok(HttpResponse::NoContent().finish())
}

fn with_events(params: &Params) -> service::Result<bool> {
    match params.get("events") {
        None | Some("keep") => Ok(false),
        Some("delete") => Ok(true),
        Some(_) => Err(bad("events", "keep or delete")),
    }
}

/// A camera that is there, as an answer to its change.
async fn here(caller: &Caller, services: &Services, id: CameraId) -> Result<SiteCamera, ApiError> {
    match services.cameras.overview_of(caller, id).await? {
        Known::Here(shown) => Ok(SiteCamera::new(caller, *shown)),
        Known::Removed(_) => Err(Error::CameraNotFound(id).into()), // by somebody else, just now
    }
}

/// A member that is there: null is a value of its own.
#[expect(clippy::option_option, reason = "absent, null and a text are three things")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

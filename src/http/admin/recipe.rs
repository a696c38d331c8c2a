//! Trigger recipes: how an event type of a camera without an agent is triggered over HTTP.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::CameraId;
use crate::domain::recipe::{
    BodyType, Command, ECHO_WAIT_MS_MAX, HOLD_MS_USUAL, Message, NoEcho, Output, Recipe,
};
use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::error::Error;

const RECIPE: &str = "/api/admin/v1/cameras/{id}/event-types/{name}/recipe/";
/// Path of the device service where none is given; nearly every device has it there.
const ONVIF_PATH: &str = "/onvif/device_service";

/// How one event type of one camera is triggered over HTTP.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RecipeBody {
    /// What the device understands.
    kind: KindBody,
    /// Of `generic`, where it is required: what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<MessageBody>,
    /// Of `generic`: what is sent after `hold_ms`, to take the effect back.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<MessageBody>,
    /// Number of the port, input or output, 1 to 64; of all but `generic` and `onvif_relay`, where it is
    /// required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    output: Option<u16>,
    /// Of `onvif_relay`, where it is required: the relay's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<String>,
    /// Of `onvif_relay`: path of the device service; `/onvif/device_service` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Milliseconds after which the state is set back, 100 to 3,600,000, also if the server is restarted
    /// meanwhile; 5,000 if left out. Of `generic` only with `release`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 5_000)]
    hold_ms: Option<u32>,
    /// Whoever triggers it must send `"confirm": true`, and each trigger stands in the audit trail. If left
    /// out, true for outputs and relays (they may be doors or sirens), else false.
    confirm: Option<bool>,
    /// Name of the event that the camera raises then; that of the type if left out or null.
    #[schema(example = "digital_input")]
    echo_event: Option<String>,
    /// Milliseconds that the event is waited for, at most 10,000, which it is if left out.
    #[schema(example = 10_000)]
    echo_wait_ms: Option<u32>,
    /// What if no event comes: `report` (if left out) or `store`, the server stores it itself.
    no_echo: Option<NoEchoBody>,
}

/// What a device understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum KindBody {
    /// Requests of your own.
    Generic,
    /// Axis: a virtual input.
    AxisVirtualInput,
    /// Axis: an output port.
    AxisOutput,
    /// Hikvision: an alarm output.
    HikvisionOutput,
    /// Dahua: an alarm output; the first one is 1.
    DahuaOutput,
    /// ONVIF: a relay output.
    OnvifRelay,
}

/// What happens if no event comes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum NoEchoBody {
    /// The answer says so.
    Report,
    /// The server stores the event itself.
    Store,
}

/// A request. `{name}`, `{time}` and `{meta.TAG}` stand for the trigger's values, escaped by where they stand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MessageBody {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    #[schema(example = "GET")]
    method: String,
    /// Path and query: the host is always the camera's address.
    #[schema(example = "/cgi-bin/door?open={name}&by={meta.who}")]
    path: String,
    /// Headers; not those of the connection, nor of the log-in, which the server does by itself.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body; none if left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    /// How the body is written: `json` (if left out), `xml`, `form` or `text`.
    body_type: Option<BodyTypeBody>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum BodyTypeBody {
    /// JSON; placeholders stand inside strings.
    Json,
    /// XML; placeholders stand in text or in quoted attributes.
    Xml,
    /// `a=b&c=d`.
    Form,
    /// Text, as it is.
    Text,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(
        RECIPE,
        [
            (Method::GET, web::to(get)),
            (Method::PUT, web::to(set)),
            (Method::DELETE, web::to(remove)),
        ],
    ));
}

/// Show how an event type is triggered over HTTP.
#[utoipa::path(get, path = RECIPE, tag = "site",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("name" = String, Path, description = "The event type")),
    responses(
        (status = 200, body = RecipeBody),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody,
            description = "`camera_not_found`, `event_type_not_found`; `not_found`: it has no recipe")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
    path: Path<(u32, String)>,
) -> Result<HttpResponse, ApiError> {
    let recipe = services.recipes.get(&caller, CameraId(path.0), &path.1)?;
    Ok(private(StatusCode::OK, RecipeBody::from(&*recipe)))
}

/// Set how an event type is triggered over HTTP: its `can_be_triggered` is true from now on.
#[utoipa::path(put, path = RECIPE, tag = "site", request_body = RecipeBody,
    params(
        ("id" = u32, Path, description = "The camera"),
        ("name" = String, Path, description = "The event type")),
    responses(
        (status = 200, body = RecipeBody, description = "As it is now"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`, `missing_field`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`, `event_type_not_found`")))]
pub(in crate::http) async fn set(
    caller: MayManage,
    services: Data<Services>,
    path: Path<(u32, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let sent = read_json::<RecipeBody>(&request, payload, Empty::IsError).await?.into_inner();
    let (camera, name) = path.into_inner();
    let recipe = services.recipes.set(&caller, CameraId(camera), name, sent.recipe()?).await?;
    Ok(private(StatusCode::OK, RecipeBody::from(&*recipe)))
}

/// Remove how an event type is triggered over HTTP. What a trigger holds is still set back.
#[utoipa::path(delete, path = RECIPE, tag = "site",
    params(
        ("id" = u32, Path, description = "The camera"),
        ("name" = String, Path, description = "The event type")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody,
            description = "`camera_not_found`, `event_type_not_found`, `not_found`")))]
pub(in crate::http) async fn remove(
    caller: MayManage,
    services: Data<Services>,
    path: Path<(u32, String)>,
) -> Result<HttpResponse, ApiError> {
    let (camera, name) = path.into_inner();
    services.recipes.remove(&caller, CameraId(camera), name).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl RecipeBody {
    fn recipe(self) -> Result<Recipe, Error> {
        let is_generic = self.kind == KindBody::Generic;
        let is_relay = self.kind == KindBody::OnvifRelay;
        let strays = [
            ("request", self.request.is_some() && !is_generic),
            ("release", self.release.is_some() && !is_generic),
            ("output", self.output.is_some() && (is_generic || is_relay)),
            ("relay", self.relay.is_some() && !is_relay),
            ("path", self.path.is_some() && !is_relay),
        ];
        if let Some((member, _)) = strays.iter().find(|(_, stray)| *stray) {
            return Err(Error::BadParameter(format!("this kind of recipe has no {member}")));
        }
        let number = || self.output.ok_or(Error::MissingField("output"));
        let command = match self.kind {
            KindBody::Generic => Command::Generic {
                request: self.request.ok_or(Error::MissingField("request"))?.into(),
                release: self.release.map(Message::from),
            },
            KindBody::AxisVirtualInput => {
                Command::Output(Output::AxisVirtualInput { port: number()? })
            }
            KindBody::AxisOutput => Command::Output(Output::AxisOutput { port: number()? }),
            KindBody::HikvisionOutput => {
                Command::Output(Output::HikvisionOutput { output: number()? })
            }
            KindBody::DahuaOutput => Command::Output(Output::DahuaOutput { output: number()? }),
            KindBody::OnvifRelay => Command::Output(Output::OnvifRelay {
                token: self.relay.ok_or(Error::MissingField("relay"))?,
                path: self.path.unwrap_or_else(|| ONVIF_PATH.to_owned()),
            }),
        };
        let (holds, is_physical) = match &command {
            Command::Generic { release, .. } => (release.is_some(), false),
            Command::Output(output) => (true, output.is_physical()),
        };
        Ok(Recipe {
            command,
            hold_ms: self.hold_ms.unwrap_or(if holds { HOLD_MS_USUAL } else { 0 }),
            confirm: self.confirm.unwrap_or(is_physical),
            echo_event: self.echo_event,
            echo_wait_ms: self.echo_wait_ms.unwrap_or(ECHO_WAIT_MS_MAX),
            no_echo: match self.no_echo {
                None | Some(NoEchoBody::Report) => NoEcho::Report,
                Some(NoEchoBody::Store) => NoEcho::Store,
            },
        })
    }
}

impl From<&Recipe> for RecipeBody {
    fn from(recipe: &Recipe) -> Self {
        let mut body = Self {
            kind: KindBody::Generic,
            request: None,
            release: None,
            output: None,
            relay: None,
            path: None,
            hold_ms: (recipe.hold_ms > 0).then_some(recipe.hold_ms),
            confirm: Some(recipe.confirm),
            echo_event: recipe.echo_event.clone(),
            echo_wait_ms: Some(recipe.echo_wait_ms),
            no_echo: Some(match recipe.no_echo {
                NoEcho::Report => NoEchoBody::Report,
                NoEcho::Store => NoEchoBody::Store,
            }),
        };
        match &recipe.command {
            Command::Generic { request, release } => {
                body.request = Some(request.into());
                body.release = release.as_ref().map(MessageBody::from);
            }
            Command::Output(output) => match output {
                Output::AxisVirtualInput { port } => {
                    (body.kind, body.output) = (KindBody::AxisVirtualInput, Some(*port));
                }
                Output::AxisOutput { port } => {
                    (body.kind, body.output) = (KindBody::AxisOutput, Some(*port));
                }
                Output::HikvisionOutput { output } => {
                    (body.kind, body.output) = (KindBody::HikvisionOutput, Some(*output));
                }
                Output::DahuaOutput { output } => {
                    (body.kind, body.output) = (KindBody::DahuaOutput, Some(*output));
                }
                Output::OnvifRelay { token, path } => {
                    body.kind = KindBody::OnvifRelay;
                    (body.relay, body.path) = (Some(token.clone()), Some(path.clone()));
                }
            },
        }
        body
    }
}

impl From<MessageBody> for Message {
    fn from(body: MessageBody) -> Self {
        Self {
            method: body.method,
            target: body.path,
            headers: body.headers.into_iter().collect(),
            body: body.body,
            body_type: match body.body_type {
                None | Some(BodyTypeBody::Json) => BodyType::Json,
                Some(BodyTypeBody::Xml) => BodyType::Xml,
                Some(BodyTypeBody::Form) => BodyType::Form,
                Some(BodyTypeBody::Text) => BodyType::Text,
            },
        }
    }
}

impl From<&Message> for MessageBody {
    fn from(message: &Message) -> Self {
        Self {
            method: message.method.clone(),
            path: message.target.clone(),
            headers: message.headers.iter().cloned().collect(),
            body: message.body.clone(),
            body_type: Some(match message.body_type {
                BodyType::Json => BodyTypeBody::Json,
                BodyType::Xml => BodyTypeBody::Xml,
                BodyType::Form => BodyTypeBody::Form,
                BodyType::Text => BodyTypeBody::Text,
            }),
        }
    }
}

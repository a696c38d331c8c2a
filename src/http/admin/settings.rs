//! Settings: read by administrators, changed while the server runs.

use std::collections::BTreeMap;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::domain::setting::{Form, Kind, SETTINGS, Source, Value};
use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::{Error, Services, Settings};

pub(super) const SETTINGS_PATH: &str = "/api/admin/v1/settings/";

pub(super) fn configure(config: &mut ServiceConfig) {
    let routes = [(Method::GET, web::to(get)), (Method::PUT, web::to(put))];
    config.service(resource(SETTINGS_PATH, routes));
}

/// All settings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsBody {
    /// One after the other, in the order of their forms.
    objects: Vec<SettingBody>,
}

/// A setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingBody {
    /// Its key, as in the configuration file.
    #[schema(example = "retention.days")]
    key: &'static str,
    /// The form that it is shown in.
    form: SettingForm,
    /// What its value looks like.
    kind: SettingKind,
    /// Its value: text or a number; null where an address is not set.
    #[schema(value_type = Object, example = 90)]
    value: Json,
    /// The value where nobody set one.
    #[schema(value_type = Object, example = 0)]
    default: Json,
    /// Unit of a number.
    unit: Option<&'static str>,
    /// Smallest number.
    min: Option<u64>,
    /// Largest number.
    max: Option<u64>,
    /// Who set it. What `file`, `environment` and `flag` set cannot be changed here.
    source: SettingSource,
    /// Whether a change counts from the next start on only.
    restart: bool,
}

/// The form that a setting is shown in.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SettingForm {
    Site,
    TimeZone,
    Retention,
    Limits,
    Addresses,
    LogIn,
    Backups,
}

/// What a setting's value looks like.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SettingKind {
    Text,
    Integer,
    /// A number of bytes; 0 stands for no limit, whatever the smallest.
    Bytes,
    Url,
    Zone,
}

/// Who set a setting.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SettingSource {
    /// Nobody.
    Default,
    /// An administrator.
    Settings,
    /// The configuration file.
    File,
    /// A flag of the command line.
    Flag,
    /// A `WATCHPOST_*` variable.
    Environment,
}

impl From<&Settings> for SettingsBody {
    fn from(settings: &Settings) -> Self {
        let body = |setting: &crate::domain::setting::Setting| {
            let (kind, min, max) = match setting.kind {
                Kind::Text => (SettingKind::Text, None, None),
                Kind::Integer { min, max } => (SettingKind::Integer, Some(min), Some(max)),
                Kind::Bytes { min, max } => (SettingKind::Bytes, Some(min), Some(max)),
                Kind::Url => (SettingKind::Url, None, None),
                Kind::Zone => (SettingKind::Zone, None, None),
            };
            SettingBody {
                key: setting.name,
                form: match setting.form {
                    Form::Site => SettingForm::Site,
                    Form::TimeZone => SettingForm::TimeZone,
                    Form::Retention => SettingForm::Retention,
                    Form::Limits => SettingForm::Limits,
                    Form::Addresses => SettingForm::Addresses,
                    Form::LogIn => SettingForm::LogIn,
                    Form::Backups => SettingForm::Backups,
                },
                kind,
                value: json(settings.value(setting.key)),
                default: json(&setting.default()),
                unit: setting.unit,
                min,
                max,
                source: match settings.source(setting.key) {
                    Source::Default => SettingSource::Default,
                    Source::Settings => SettingSource::Settings,
                    Source::File => SettingSource::File,
                    Source::Flag => SettingSource::Flag,
                    Source::Environment => SettingSource::Environment,
                },
                restart: setting.restart,
            }
        };
        Self { objects: SETTINGS.iter().map(body).collect() }
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Nothing => Json::Null,
    }
}

/// A value as sent; null is back to the default.
fn value(key: &str, json: Json) -> Result<Option<Value>, ApiError> {
    let bad = || Error::BadSetting {
        key: key.to_owned(),
        detail: format!("{key} must be text, a whole number from 0, or null"),
    };
    Ok(match json {
        Json::Null => None,
        Json::String(text) => Some(Value::Text(text)),
        Json::Number(number) => Some(Value::Integer(number.as_u64().ok_or_else(bad)?)),
        _ => return Err(bad().into()),
    })
}

/// Read all settings that can be changed while the server runs.
#[utoipa::path(get, path = SETTINGS_PATH, tag = "running",
    responses(
        (status = 200, body = SettingsBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let settings = services.administration.get(&caller)?;
    Ok(private(StatusCode::OK, SettingsBody::from(&settings)))
}

/// Change settings: any of them, all or none. They count at once; null is back to the default.
///
/// `bad_parameter` and `setting_fixed` name the setting in a member `key`.
#[utoipa::path(put, path = SETTINGS_PATH, tag = "running",
    request_body(content = Object, description = "Key and value of each setting to change",
        example = json!({"site.name": "Hafen Nord", "retention.days": 90})),
    responses(
        (status = 200, body = SettingsBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`: an unknown key, or out of range"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 409, body = ErrorBody, description = "`setting_fixed`: file, variable or flag set it")))]
pub(in crate::http) async fn put(
    caller: MayManage,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_json::<BTreeMap<String, Json>>(&request, payload, Empty::IsError).await?;
    let mut changes = BTreeMap::new();
    for (key, given) in body.into_inner() {
        let value = value(&key, given)?;
        changes.insert(key, value);
    }
    let settings = services.administration.change(&caller, changes).await?;
    Ok(private(StatusCode::OK, SettingsBody::from(&settings)))
}

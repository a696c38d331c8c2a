//! License keys: account-wide credentials for integrations.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Kind;
use crate::http::auth::MayGovern;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;

const KEYS: &str = "/api/admin/v1/keys/";
const KEY: &str = "/api/admin/v1/keys/{id}/";

/// All license keys.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct KeysBody {
    /// By number.
    objects: Vec<KeyBody>,
}

/// A license key without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct KeyBody {
    /// Its number.
    #[schema(example = 1)]
    key_id: u32,
    /// Its name.
    #[schema(example = "Archive")]
    name: String,
    /// When it was made, RFC 3339.
    created: String,
    /// When it was last used, RFC 3339; null if never.
    last_used: Option<String>,
    /// The address that it was last used from; null if never.
    last_used_from: Option<String>,
}

/// A license key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewKey {
    /// Its name: 1 to 128 bytes.
    name: String,
}

/// A new license key, with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct MadeKey {
    /// Its number.
    #[schema(example = 1)]
    key_id: u32,
    /// Its name.
    name: String,
    /// The key: `Authorization: LKey <license_key>`.
    license_key: String,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(KEYS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(KEY, [(Method::DELETE, web::to(revoke))]));
}

/// List license keys, without their secrets.
#[utoipa::path(get, path = KEYS, tag = "people",
    responses(
        (status = 200, body = KeysBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn list(
    caller: MayGovern,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let rows = services.credentials.list(&caller, Kind::Key)?;
    let objects = rows
        .iter()
        .map(|row| {
            let last = services.credentials.last_use(row.id);
            KeyBody {
                key_id: row.id,
                name: row.name.clone(),
                created: row.created.rfc3339(),
                last_used: last.map(|last| last.at.rfc3339()),
                last_used_from: last.and_then(|last| last.from).map(|from| from.to_string()),
            }
        })
        .collect();
    Ok(private(StatusCode::OK, KeysBody { objects }))
}

/// Make a license key and show it.
#[utoipa::path(post, path = KEYS, tag = "people", request_body = NewKey,
    responses(
        (status = 201, body = MadeKey),
        (status = 400, body = ErrorBody, description = "`bad_parameter`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`, `csrf`")))]
pub(in crate::http) async fn add(
    caller: MayGovern,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let new = read_json::<NewKey>(&request, payload, Empty::IsError).await?.into_inner();
    let issued = services.credentials.create_key(&caller, new.name).await?;
    let (row, license_key) = (issued.credential, issued.secret);
    Ok(private(StatusCode::CREATED, MadeKey { key_id: row.id, name: row.name, license_key }))
}

/// Revoke a license key: it ends at once.
#[utoipa::path(delete, path = KEY, tag = "people",
    params(("id" = u32, Path, description = "The key")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`, `csrf`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(in crate::http) async fn revoke(
    caller: MayGovern,
    services: Data<Services>,
    id: Path<u32>,
) -> Result<HttpResponse, ApiError> {
    services.credentials.revoke(&caller, Kind::Key, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

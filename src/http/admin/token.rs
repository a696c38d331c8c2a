//! Tokens of cameras: list, make, show, rotate, revoke.

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::time::SECOND_US;
use crate::domain::{Access, CameraId, Credential, Envelope, Kind, Timestamp};
use crate::http::auth::{MayManage, origin};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::json::{Empty, read_json};
use crate::http::params::bad;
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::credential::Issued;
use crate::service::error::Error;

const TOKENS: &str = "/api/admin/v1/cameras/{id}/tokens/";
const TOKEN: &str = "/api/admin/v1/tokens/{id}/";
const SHOW: &str = "/api/admin/v1/tokens/{id}/show/";
const ROTATE: &str = "/api/admin/v1/tokens/{id}/rotate/";

/// How long a former secret may hold beside the new one, in seconds: not at all, an hour, a day, a week.
const OVERLAPS_S: [u64; 4] = [0, 3_600, 86_400, 604_800];

/// A camera's tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SiteTokens {
    /// By number.
    objects: Vec<SiteToken>,
}

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SiteToken {
    /// Its number.
    #[schema(example = 3)]
    token_id: u32,
    /// What it allows: `all`, `watch` or `ingest`.
    #[schema(example = "watch")]
    access: &'static str,
    /// When it was made, RFC 3339.
    created: String,
    /// When it ends by itself, RFC 3339; null if never.
    expires: Option<String>,
    /// Until when its former secret holds too; null if it has none.
    former_until: Option<String>,
    /// The minute in which it was last used; null if never.
    last_used: Option<String>,
    /// The address that it was last used from.
    #[schema(example = "10.20.4.31")]
    last_used_from: Option<String>,
}

/// A token with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ShownToken {
    /// Its number.
    #[schema(example = 3)]
    token_id: u32,
    /// What it allows: `all`, `watch` or `ingest`.
    #[schema(example = "ingest")]
    access: &'static str,
    /// The secret: of `all` and `watch` in VXG's envelope.
    token: String,
    /// When it ends by itself, RFC 3339; null if never.
    expires: Option<String>,
    /// Until when its former secret holds too; only after a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    former_until: Option<String>,
    /// Where the camera may send events in its own format; only for `ingest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "http://10.20.4.1:8080/i/wp.t3.2Rwn2uYUKoF5Fa0PR3aXjI")]
    ingest_url: Option<String>,
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewToken {
    /// What it allows: `all`, `watch` or `ingest`. Required.
    #[schema(required, example = "watch")]
    access: Option<String>,
    /// Seconds from now after which it ends, 1 or more; never if left out.
    expires_s: Option<u64>,
}

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Rotation {
    /// Seconds for which the former secret holds too: 0, 3600, 86400 or 604800. Required.
    #[schema(required, example = 3_600)]
    overlap_s: Option<u64>,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(TOKENS, [(Method::GET, web::to(list)), (Method::POST, web::to(add))]))
        .service(resource(TOKEN, [(Method::DELETE, web::to(revoke))]))
        .service(resource(SHOW, [(Method::POST, web::to(show))]))
        .service(resource(ROTATE, [(Method::POST, web::to(rotate))]));
}

/// List a camera's tokens, without their secrets.
#[utoipa::path(get, path = TOKENS, tag = "site",
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 200, body = SiteTokens),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn list(
    caller: MayManage,
    services: Data<Services>,
    camera: Path<u32>,
) -> Result<HttpResponse, ApiError> {
    let now = services.clock().now();
    let tokens = services.credentials.tokens_of(&caller, CameraId(*camera))?;
    let objects = tokens
        .iter()
        .map(|row| {
            let used = services.credentials.last_use(row.id);
            SiteToken {
                token_id: row.id,
                access: row.access.word(),
                created: row.created.rfc3339(),
                expires: row.expires.map(Timestamp::rfc3339),
                former_until: former_until(row, now),
                last_used: used.map(|used| used.at.rfc3339()),
                last_used_from: used.and_then(|used| used.from).map(|from| from.to_string()),
            }
        })
        .collect();
    Ok(private(StatusCode::OK, SiteTokens { objects }))
}

/// Make another token for a camera.
#[utoipa::path(post, path = TOKENS, tag = "site", request_body = NewToken,
    params(("id" = u32, Path, description = "The camera")),
    responses(
        (status = 201, body = ShownToken),
        (status = 400, body = ErrorBody, description = "`missing_field`, `bad_parameter`, `limit_reached`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`camera_not_found`")))]
pub(in crate::http) async fn add(
    caller: MayManage,
    services: Data<Services>,
    camera: Path<u32>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let sent = read_json::<NewToken>(&request, payload, Empty::IsError).await?.into_inner();
    let word = sent.access.ok_or(Error::MissingField("access"))?;
    let access = Access::from_word(&word)
        .filter(|access| *access != Access::Metrics)
        .ok_or_else(|| bad("access", "all, watch or ingest"))?;
    if sent.expires_s == Some(0) {
        return Err(bad("expires_s", "1 or more").into());
    }
    let now = services.clock().now();
    let expires = sent.expires_s.map(|seconds| {
        let us = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
        Timestamp(now.0.saturating_add(us).min(Timestamp::MAX.0))
    });
    let camera = Some(CameraId(*camera));
    let issued = services.credentials.create_token(&caller, camera, access, expires).await?;
    Ok(private(StatusCode::CREATED, shown(&request, issued)))
}

/// Show a token's secret again. It is written down who asked.
#[utoipa::path(post, path = SHOW, tag = "site",
    params(("id" = u32, Path, description = "The token's number")),
    responses(
        (status = 200, body = ShownToken),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(in crate::http) async fn show(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let issued = services.credentials.show(&caller, *id).await?;
    Ok(private(StatusCode::OK, shown(&request, issued)))
}

/// Give a token a new secret. The former one holds for as long as is said.
#[utoipa::path(post, path = ROTATE, tag = "site", request_body = Rotation,
    params(("id" = u32, Path, description = "The token's number")),
    responses(
        (status = 200, body = ShownToken, description = "With the new secret"),
        (status = 400, body = ErrorBody, description = "`missing_field`, `bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(in crate::http) async fn rotate(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let sent = read_json::<Rotation>(&request, payload, Empty::IsError).await?.into_inner();
    let overlap_s = sent.overlap_s.ok_or(Error::MissingField("overlap_s"))?;
    if !OVERLAPS_S.contains(&overlap_s) {
        return Err(bad("overlap_s", "0, 3600, 86400 or 604800").into());
    }
    let issued = services.credentials.rotate(&caller, *id, overlap_s).await?;
    let former_until = issued.credential.former.map(|(_, end)| end.rfc3339());
    let shown = ShownToken { former_until, ..shown(&request, issued) };
    Ok(private(StatusCode::OK, shown))
}

/// Revoke a token: its secrets hold no longer.
#[utoipa::path(delete, path = TOKEN, tag = "site",
    params(("id" = u32, Path, description = "The token's number")),
    responses(
        (status = 204),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(in crate::http) async fn revoke(
    caller: MayManage,
    services: Data<Services>,
    id: Path<u32>,
) -> Result<HttpResponse, ApiError> {
    services.credentials.revoke(&caller, Kind::Token, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn former_until(row: &Credential, now: Timestamp) -> Option<String> {
    row.former.filter(|(_, end)| now < *end).map(|(_, end)| end.rfc3339())
}

fn shown(request: &HttpRequest, issued: Issued) -> ShownToken {
    let Issued { credential: row, secret } = issued;
    let origin = origin(request);
    let ingest_url = (row.access == Access::Ingest).then(|| format!("{}/i/{secret}", origin.url()));
    let token = match row.access {
        Access::All | Access::Watch => Envelope::new(&row, secret, &origin).encode(),
        Access::Ingest | Access::Metrics => secret,
    };
    ShownToken {
        token_id: row.id,
        access: row.access.word(),
        token,
        expires: row.expires.map(Timestamp::rfc3339),
        former_until: None,
        ingest_url,
    }
}

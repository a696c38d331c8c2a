//! Backups of the server's folder: listed, made, downloaded, deleted. For admins alone.

use std::io::Read;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Bytes, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::http::auth::MayGovern;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::job::{self, JobBody};
use crate::http::json::{Empty, read_json};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::backup::{Backup, Overview, Reason, Wanted};

const BACKUPS: &str = "/api/admin/v1/backups/";
const BACKUP: &str = "/api/admin/v1/backups/{name}/";
/// Read from the file at a time.
const PART_BYTES: usize = 256 << 10;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(BACKUPS, [(Method::GET, web::to(list)), (Method::POST, web::to(start))]));
    config.service(resource(
        BACKUP,
        [(Method::GET, web::to(download)), (Method::DELETE, web::to(delete))],
    ));
}

/// The server's folder of backups.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackupsBody {
    /// Newest first.
    objects: Vec<BackupBody>,
    /// Files named like backups that cannot be read as such.
    unreadable: Vec<String>,
    /// The one that is being made.
    running: Option<RunningBody>,
    /// Why the last try failed; null once one did not.
    failure: Option<FailureBody>,
    /// The folder, on the server.
    #[schema(example = "/var/lib/watchpost/backups")]
    folder: String,
    /// When the next one is made by itself; null where none is.
    next: Option<String>,
}

/// A backup.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackupBody {
    /// Name of its file.
    #[schema(example = "watchpost-20261123T052731Z-manual.backup")]
    name: String,
    /// Its moment: what was acknowledged before is in it.
    created: String,
    /// Why it was made.
    reason: BackupReason,
    /// Length of its file.
    bytes: u64,
    /// Events in it.
    events: u64,
    /// When the first of them happened.
    oldest: Option<String>,
    /// When the last of them happened.
    newest: Option<String>,
    /// Whether pictures and metadata files are part of it.
    with_pictures: bool,
    /// Pictures in it.
    pictures: u64,
    /// Metadata files in it.
    filemeta: u64,
    /// Whether the secret key is in it, sealed: without it a restore on another machine needs new tokens.
    with_key: bool,
    /// Whether the server's own certificate authority is in it, sealed: without it a restore on another machine
    /// makes a new one, which clients must be told to trust. Null if the server had none.
    with_ca: Option<bool>,
    /// The version that wrote it.
    version: String,
}

/// Why a backup was made.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum BackupReason {
    /// Somebody asked for it.
    Manual,
    /// By `backup.every`.
    Scheduled,
    /// Before a newer version changed the format.
    PreUpgrade,
}

/// The backup that is being made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunningBody {
    /// Items written.
    done: u64,
    /// Items that there were when it began, about.
    total: u64,
}

/// A try that failed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FailureBody {
    /// When it was begun.
    time: String,
    /// What went wrong, for people.
    text: String,
}

impl From<Backup> for BackupBody {
    fn from(backup: Backup) -> Self {
        let manifest = backup.manifest;
        let text = |us: Option<i64>| us.map(|us| Timestamp(us).rfc3339());
        Self {
            name: backup.name,
            created: manifest.created().rfc3339(),
            reason: match manifest.reason {
                Reason::Manual => BackupReason::Manual,
                Reason::Scheduled => BackupReason::Scheduled,
                Reason::PreUpgrade => BackupReason::PreUpgrade,
            },
            bytes: backup.bytes,
            events: manifest.events,
            oldest: text(manifest.oldest_us),
            newest: text(manifest.newest_us),
            with_pictures: manifest.with_pictures,
            pictures: manifest.pictures,
            filemeta: manifest.filemeta,
            with_key: manifest.has_key(),
            with_ca: manifest.own_ca.then(|| manifest.has_ca()),
            version: manifest.version,
        }
    }
}

impl From<Overview> for BackupsBody {
    fn from(overview: Overview) -> Self {
        Self {
            objects: overview.backups.into_iter().map(BackupBody::from).collect(),
            unreadable: overview.unreadable,
            running: (overview.running)
                .map(|running| RunningBody { done: running.done, total: running.total }),
            failure: (overview.failure)
                .map(|(time, text)| FailureBody { time: time.rfc3339(), text }),
            folder: overview.folder.display().to_string(),
            next: overview.next.map(Timestamp::rfc3339),
        }
    }
}

/// What a backup is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StartBackup {
    /// Whether pictures and metadata files are part of it.
    #[schema(default = true)]
    pictures: bool,
    /// Seals the secret key into it (age format), 12 to 1,024 bytes; without one the key stays out.
    passphrase: Option<String>,
}

impl Default for StartBackup {
    fn default() -> Self {
        Self { pictures: true, passphrase: None }
    }
}

/// List the backups of the server's folder, and what goes on.
#[utoipa::path(get, path = BACKUPS, tag = "running",
    responses(
        (status = 200, body = BackupsBody),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn list(
    caller: MayGovern,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let overview = services.backups.list(&caller).await?;
    Ok(private(StatusCode::OK, BackupsBody::from(overview)))
}

/// Start a backup into the server's folder. It is a job: read and stopped at `Location`.
#[utoipa::path(post, path = BACKUPS, tag = "running", request_body = StartBackup,
    responses(
        (status = 202, body = JobBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 409, body = ErrorBody, description = "`backup_running`")))]
pub(in crate::http) async fn start(
    caller: MayGovern,
    services: Data<Services>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_json::<StartBackup>(&request, payload, Empty::IsObject).await?.into_inner();
    let wanted = Wanted { with_pictures: body.pictures, passphrase: body.passphrase };
    let id = services.backups.start(&caller, wanted).await?;
    let job = services.jobs.get(&caller, id)?;
    let mut answer = private(StatusCode::ACCEPTED, JobBody::from(job));
    if let Ok(location) = job::path(id).parse() {
        answer.headers_mut().insert(LOCATION, location);
    }
    Ok(answer)
}

/// Download a backup.
#[utoipa::path(get, path = BACKUP, tag = "running",
    params(("name" = String, Path, description = "Name of its file")),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = String),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(in crate::http) async fn download(
    caller: MayGovern,
    services: Data<Services>,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (file, bytes) = services.backups.open(&caller, &name).await?;
    let body = stream::try_unfold(file, async |mut file| {
        let read = web::block(move || {
            let mut part = vec![0; PART_BYTES];
            let count = file.read(&mut part)?;
            part.truncate(count);
            Ok::<_, std::io::Error>((part, file))
        });
        let (part, file) = read.await.map_err(|_| ApiError::Internal)?.map_err(|error| {
            tracing::error!(%error, "a backup could not be read to its end");
            ApiError::Internal
        })?;
        Ok::<_, ApiError>((!part.is_empty()).then(|| (Bytes::from(part), file)))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .no_chunking(bytes)
        .streaming(body))
}

/// Delete a backup.
#[utoipa::path(delete, path = BACKUP, tag = "running",
    params(("name" = String, Path, description = "Name of its file")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 404, body = ErrorBody, description = "`not_found`")))]
pub(in crate::http) async fn delete(
    caller: MayGovern,
    services: Data<Services>,
    name: Path<String>,
) -> Result<HttpResponse, ApiError> {
    services.backups.delete(&caller, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}

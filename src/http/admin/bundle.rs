//! What support needs to know of a server, in one file: nothing secret, and no event.

use std::io::{Cursor, Write};

use actix_web::HttpResponse;
use actix_web::http::{Method, header};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::settings::SettingsBody;
use super::storage::StorageBody;
use super::system::SystemBody;
use crate::domain::Timestamp;
use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::route::resource;
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::log::{LINES_MAX, Level, LogQuery};

const BUNDLE: &str = "/api/admin/v1/support-bundle/";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(BUNDLE, [(Method::GET, web::to(get))]));
}

/// A camera, without its address, log-in or tokens.
#[derive(Serialize)]
struct CameraInBundle<'c> {
    id: u32,
    name: &'c str,
    time_zone: &'c str,
    enabled: bool,
    created: String,
    event_types: Vec<&'c str>,
}

/// Download what support needs to know: version, settings, checks, storage, cameras and the log's end.
/// No secret and no event is in it.
#[utoipa::path(get, path = BUNDLE, tag = "running",
    responses(
        (status = 200, description = "A ZIP archive", content_type = "application/zip", body = String),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let files = files(&caller, &services).await?;
    let archive = web::block(move || pack(&files)).await.map_err(|_| ApiError::Internal)?;
    let archive = archive.map_err(|error| {
        tracing::error!(%error, "the support bundle could not be packed");
        ApiError::Internal
    })?;
    let day = services.clock().now().rfc3339();
    let name = format!("watchpost-support-{}.zip", day.split('T').next().unwrap_or_default());
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(archive))
}

/// Name and text of each file. A part that fails is replaced by why.
async fn files(
    caller: &Caller,
    services: &Services,
) -> Result<Vec<(&'static str, String)>, ApiError> {
    let system = services.system.report(caller).await?;
    let settings = services.administration.get(caller)?;
    let storage = match services.storage.report(caller).await {
        Ok(report) => pretty(&StorageBody::from(report)),
        Err(error) => error.to_string(),
    };
    let entries = services.cameras.list(caller)?;
    let cameras: Vec<CameraInBundle<'_>> = entries
        .iter()
        .map(|entry| CameraInBundle {
            id: entry.camera.id.0,
            name: &entry.camera.name,
            time_zone: &entry.camera.timezone,
            enabled: entry.camera.enabled,
            created: entry.camera.created.rfc3339(),
            event_types: entry.types.keys().map(String::as_str).collect(),
        })
        .collect();
    let everything =
        LogQuery { level: Level::Debug, text: String::new(), after: None, limit: LINES_MAX };
    let lines = services.system.logs(caller, &everything)?.lines;
    let log = lines.iter().map(|line| {
        let level = format!("{:?}", line.level).to_lowercase();
        format!("{} {level:5} {} {}\n", Timestamp::rfc3339(line.time), line.target, line.message)
    });
    Ok(vec![
        ("system.json", pretty(&SystemBody::from(system))),
        ("settings.json", pretty(&SettingsBody::from(&settings))),
        ("storage.json", storage),
        ("cameras.json", pretty(&cameras)),
        ("log.txt", log.collect()),
    ])
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string())
}

fn pack(files: &[(&'static str, String)]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, options)?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_can_be_read_again() {
        let text = "line\n".repeat(1_000);
        let bytes = pack(&[("a.json", "{}".to_owned()), ("log.txt", text.clone())]).unwrap();
        assert!(bytes.len() < text.len() / 4, "{} bytes", bytes.len());
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut found = String::new();
        archive.by_name("log.txt").unwrap().read_to_string(&mut found).unwrap();
        assert_eq!(found, text);
    }
}

//! What is stored and what it takes.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::http::auth::MayManage;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;
use crate::service::storage::StorageReport;

const STORAGE: &str = "/api/admin/v1/storage/";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(STORAGE, [(Method::GET, web::to(get))]));
}

/// What is stored and what it takes. Sizes are in bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StorageBody {
    /// The file system of the data directory.
    disk: DiskBody,
    /// The data directory.
    files: FilesBody,
    /// All events.
    events: EventsBody,
    /// Events a day, of the last week by their own times; 0 with less than an hour to go by.
    rate_per_day: u64,
    /// Days of events that the disk holds at that rate; null where there is none.
    days_fit: Option<u64>,
    /// Days that events are kept, 0 = for ever.
    retention_days: u64,
    /// By camera, those included that were removed and still have events.
    by_camera: Vec<CameraShareBody>,
    /// By event type.
    by_type: Vec<TypeShareBody>,
}

/// A file system.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DiskBody {
    /// Its size.
    total: u64,
    /// What the server may still write.
    free: u64,
    /// Room below which events are refused.
    reserve: u64,
}

/// What the data directory takes on the disk.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FilesBody {
    /// The database, but for what is free inside it.
    events: u64,
    /// Pictures and metadata files; for a while after a start, those that have been looked at.
    pictures: u64,
    /// The journal.
    journal: u64,
    /// Everything else.
    other: u64,
    /// Of the database's file, what holds nothing now and will be used again, about.
    free_inside: u64,
}

/// All events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventsBody {
    /// How many.
    count: u64,
    /// When the first one happened.
    oldest: Option<String>,
    /// When the last one happened.
    newest: Option<String>,
    /// What one takes with its index entries, about; 0 without any.
    bytes_per_event: u64,
}

/// A camera's share.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraShareBody {
    /// The camera.
    camid: u32,
    /// Its name.
    name: String,
    /// Its events.
    count: u64,
    /// What they take, about.
    bytes: u64,
    /// When the first one happened.
    oldest: Option<String>,
    /// When the last one happened.
    newest: Option<String>,
}

/// An event type's share, on all cameras together.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TypeShareBody {
    /// The event type.
    name: String,
    /// Its events.
    count: u64,
    /// What they take, about.
    bytes: u64,
    /// When the first one happened.
    oldest: Option<String>,
    /// When the last one happened.
    newest: Option<String>,
}

impl From<StorageReport> for StorageBody {
    fn from(report: StorageReport) -> Self {
        let text = |time: Option<Timestamp>| time.map(Timestamp::rfc3339);
        let sizes = report.sizes;
        Self {
            disk: DiskBody {
                total: sizes.disk_total,
                free: sizes.disk_free,
                reserve: report.reserve,
            },
            files: FilesBody {
                events: sizes.database - report.free_inside,
                pictures: sizes.pictures,
                journal: sizes.journal,
                other: sizes.other,
                free_inside: report.free_inside,
            },
            events: EventsBody {
                count: report.count,
                oldest: text(report.oldest),
                newest: text(report.newest),
                bytes_per_event: report.bytes_per_event,
            },
            rate_per_day: report.rate_per_day,
            days_fit: report.days_fit,
            retention_days: report.retention_days,
            by_camera: (report.by_camera.into_iter())
                .map(|share| CameraShareBody {
                    camid: share.of.0,
                    name: share.name,
                    count: share.count,
                    bytes: share.bytes,
                    oldest: text(share.oldest),
                    newest: text(share.newest),
                })
                .collect(),
            by_type: (report.by_type.into_iter())
                .map(|share| TypeShareBody {
                    name: share.name,
                    count: share.count,
                    bytes: share.bytes,
                    oldest: text(share.oldest),
                    newest: text(share.newest),
                })
                .collect(),
        }
    }
}

/// Read what is stored and what it takes.
#[utoipa::path(get, path = STORAGE, tag = "running",
    responses(
        (status = 200, body = StorageBody),
        (status = 403, body = ErrorBody, description = "`access_deny`"),
        (status = 503, body = ErrorBody, description = "`overloaded`: it takes too long")))]
pub(in crate::http) async fn get(
    caller: MayManage,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let report = services.storage.report(&caller).await?;
    Ok(private(StatusCode::OK, StorageBody::from(report)))
}

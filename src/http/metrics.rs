//! `/metrics`: figures for a monitoring system, in Prometheus's text format.

use std::fmt::Write as _;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};

use super::auth::MayReadMetrics;
use super::error::{ApiError, ErrorBody};
use super::route::resource;
use crate::domain::Timestamp;
use crate::domain::durations::{BOUNDS_US, Distribution, Durations};
use crate::service::Services;
use crate::service::metrics::Snapshot;

const METRICS: &str = "/metrics";
/// Version 0.0.4 of the text format: every Prometheus reads it, and what reads Prometheus.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Classes of statuses, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Requests of this process, by route and class.
static REQUESTS: [[Durations; CLASSES.len()]; Route::ALL.len()] =
    [const { [const { Durations::new() }; CLASSES.len()] }; Route::ALL.len()];

/// What a request is counted under: a few words of our own, whatever path a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Reading events: lists, counts, export, the begin of a live feed.
    EventsRead,
    /// Creating, changing and deleting events.
    EventsWrite,
    /// Cameras in their own words.
    Ingest,
    /// The rest of the compatible API.
    Api,
    /// The administration.
    Admin,
    /// The page, health, this.
    Other,
}

impl Route {
    const ALL: [Self; 6] =
        [Self::EventsRead, Self::EventsWrite, Self::Ingest, Self::Api, Self::Admin, Self::Other];

    /// Where a request belongs.
    pub fn of(method: &Method, path: &str) -> Self {
        if path.starts_with("/i/") || path.starts_with("/ctl/") {
            Self::Ingest
        } else if path.starts_with("/api/admin/") {
            Self::Admin
        } else if path.starts_with("/api/v2/storage/events")
            || (path.starts_with("/api/v2/cameras/") && path.contains("/event_processing/events"))
        {
            let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
            if reads { Self::EventsRead } else { Self::EventsWrite }
        } else if path.starts_with("/api/v") {
            Self::Api
        } else {
            Self::Other
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::EventsRead => "events_read",
            Self::EventsWrite => "events_write",
            Self::Ingest => "ingest",
            Self::Api => "api",
            Self::Admin => "admin",
            Self::Other => "other",
        }
    }
}

/// Counts a request: the time from its head to the head of its answer.
pub(super) fn answered(route: Route, status: u16, took: Duration) {
    let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
    REQUESTS[route as usize][class].add(took);
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(METRICS, [(Method::GET, web::to(get))]));
}

/// Figures for a monitoring system, in Prometheus's text format.
///
/// For a metrics token (`watchpost token create --access metrics`) and an admin. A series whose figure
/// is not known now is left out.
#[utoipa::path(get, path = METRICS, tag = "health", responses(
    (status = 200, body = String, content_type = "text/plain; version=0.0.4"),
    (status = 401, body = ErrorBody, description = "`invalid_auth`"),
    (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(super) async fn get(
    caller: MayReadMetrics,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    let snapshot = services.metrics.read(&caller).await?;
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(text(&snapshot)))
}

/// The whole answer: at most some 600 series.
fn text(now: &Snapshot) -> String {
    let mut page = Page(String::with_capacity(64 << 10));
    let stored = now.stored.iter().map(|(word, count)| ([("source", *word)], *count));
    page.counters("events_stored_total", "Events stored, by the way they came in.", stored);
    let rejected = now.rejected.iter().map(|(word, count)| ([("reason", *word)], *count));
    page.counters("events_rejected_total", "Events not stored, by reason.", rejected);
    let fetched = now.fetched.iter().map(|(word, count)| ([("result", *word)], *count));
    let help = "Pictures to be fetched from cameras, by what became of them.";
    page.counters("snapshots_total", help, fetched);
    page.head("commit_seconds", "histogram", "Time to write and sync a batch of the journal.");
    page.histogram("commit_seconds", &[], &now.commits);
    page.requests();
    page.gauge("write_queue", "Writes that wait for the journal.", now.queued_writes);
    page.gauge(
        "unapplied_records",
        "Stored records that are not in the indexes yet.",
        now.unapplied,
    );
    if let Some(sizes) = now.sizes {
        page.gauge("db_bytes", "Bytes of the database on the disk.", sizes.database);
        page.gauge("journal_bytes", "Bytes of the journal on the disk.", sizes.journal);
        page.gauge("disk_bytes", "Bytes of the data directory's file system.", sizes.disk_total);
        page.gauge("disk_free_bytes", "Bytes that may still be written.", sizes.disk_free);
    }
    if let Some(free) = now.free_inside {
        page.gauge("db_free_bytes", "Bytes inside the database that hold nothing now.", free);
    }
    page.gauge("disk_reserve_bytes", "Free bytes below which events are refused.", now.reserve);
    let help = "Bytes that may still be stored: free on the disk and inside the database.";
    page.gauge("room_bytes", help, now.room);
    let deleted = now.deleted.iter().map(|(word, count)| ([("reason", *word)], *count));
    page.counters("retention_deleted_total", "Events deleted by retention, by reason.", deleted);
    if let Some(oldest) = now.oldest {
        let help = "Time of the oldest stored event.";
        page.gauge("oldest_event_timestamp_seconds", help, seconds(oldest));
    }
    if let Some(last) = now.last_backup {
        let help = "When the newest backup was begun.";
        page.gauge("last_backup_timestamp_seconds", help, seconds(last));
    }
    let help = "Backups into the folder of backups that failed.";
    page.counters("backup_failures_total", help, [([("", ""); 0], now.backup_failures)]);
    page.gauge("streams", "Open live feeds.", now.streams);
    let help = "Wrong credentials, log-ins and set-up codes.";
    page.counters("auth_failures_total", help, [([("", ""); 0], now.auth_failures)]);
    let help = "1 while the clock is not believed: no event is deleted by age.";
    page.gauge("clock_suspect", help, u8::from(now.clock_suspect));
    let help = "How often a damaged record was met.";
    page.counters("corrupt_records_total", help, [([("", ""); 0], now.corrupt_records)]);
    page.gauge("ready", "1 while events can be stored.", u8::from(now.ready));
    page.gauge("cameras", "Cameras.", now.cameras);
    page.gauge("sessions", "People's sessions that have not ended.", now.sessions);
    page.gauge("start_timestamp_seconds", "When the server started.", seconds(now.started_at));
    page.head("build_info", "gauge", "1, with the version.");
    page.line("build_info", &[("version", now.version), ("build", now.build)], 1);
    page.0
}

fn seconds(at: Timestamp) -> String {
    micros(at.0.unsigned_abs(), if at.0 < 0 { "-" } else { "" })
}

fn micros(us: u64, sign: &str) -> String {
    format!("{sign}{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// A bound as Prometheus spells it: `0.0005`, `10.0`.
fn bound(us: u64) -> String {
    let text = micros(us, "");
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

/// The text as it grows.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP watchpost_{name} {help}\n# TYPE watchpost_{name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let _ = write!(self.0, "watchpost_{name}");
        for (at, (label, word)) in labels.iter().enumerate() {
            let begin = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{begin}{label}=\"{}\"", escaped(word));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.line(name, &[], value);
    }

    fn counters<'a, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        counts: impl IntoIterator<Item = ([(&'a str, &'a str); N], u64)>,
    ) {
        self.head(name, "counter", help);
        for (labels, count) in counts {
            self.line(name, &labels, count);
        }
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], read: &Distribution) {
        let bucket = format!("{name}_bucket");
        let mut so_far = 0;
        let bounds = BOUNDS_US.map(bound);
        let bounds = bounds.iter().map(String::as_str).chain(["+Inf"]);
        for (bound, count) in bounds.zip(read.counts) {
            so_far += count;
            self.line(&bucket, &[labels, &[("le", bound)]].concat(), so_far);
        }
        self.line(&format!("{name}_sum"), labels, micros(read.sum_us, ""));
        self.line(&format!("{name}_count"), labels, so_far);
    }

    /// Classes that were never met are left out, but for the last: the first failure of the server
    /// must be seen to come.
    fn requests(&mut self) {
        let name = "http_request_seconds";
        self.head(name, "histogram", "Time from a request's head to the head of its answer.");
        for route in Route::ALL {
            for (durations, class) in REQUESTS[route as usize].iter().zip(CLASSES) {
                let read = durations.read();
                if read.count() > 0 || class == "5xx" {
                    self.histogram(name, &[("route", route.word()), ("status", class)], &read);
                }
            }
        }
    }
}

/// A label's value as the format wants it.
fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_under_few_words() {
        for (method, path, route) in [
            (Method::POST, "/i/wp.t1.secret", Route::Ingest),
            (Method::GET, "/ctl/NEW/wp.t1.secret/", Route::Ingest),
            (Method::GET, "/api/v2/storage/events/", Route::EventsRead),
            (Method::POST, "/api/v2/storage/events/bulk/", Route::EventsWrite),
            (Method::GET, "/api/v2/cameras/", Route::Api),
            (Method::GET, "/api/v4/storage/records/", Route::Api),
            (Method::POST, "/api/admin/v1/session/", Route::Admin),
            (Method::GET, "/api/openapi.json", Route::Other),
            (Method::GET, "/<script>", Route::Other),
        ] {
            assert_eq!(Route::of(&method, path), route, "{method} {path}");
        }
        for (at, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!(route as usize, at);
        }
    }

    #[test]
    fn a_histogram_adds_up_its_buckets() {
        let durations = Durations::new();
        for us in [400, 700, 30_000_000] {
            durations.add(Duration::from_micros(us));
        }
        let mut page = Page(String::new());
        page.histogram("x_seconds", &[("of", "a\"b")], &durations.read());
        let lines: Vec<&str> = page.0.lines().collect();
        assert_eq!(lines[0], r#"watchpost_x_seconds_bucket{of="a\"b",le="0.0005"} 1"#);
        assert_eq!(lines[1], r#"watchpost_x_seconds_bucket{of="a\"b",le="0.001"} 2"#);
        assert_eq!(lines[12], r#"watchpost_x_seconds_bucket{of="a\"b",le="10.0"} 2"#);
        assert_eq!(lines[13], r#"watchpost_x_seconds_bucket{of="a\"b",le="+Inf"} 3"#);
        assert_eq!(lines[14], r#"watchpost_x_seconds_sum{of="a\"b"} 30.001100"#);
        assert_eq!(lines[15], r#"watchpost_x_seconds_count{of="a\"b"} 3"#);
    }

    #[test]
    fn times_before_the_epoch_have_their_sign() {
        assert_eq!(seconds(Timestamp(-1_500_000)), "-1.500000");
        assert_eq!(seconds(Timestamp(1_777_624_200_250_000)), "1777624200.250000");
    }
}

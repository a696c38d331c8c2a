//! Counts per time bucket, for timelines: seconds, or local hours, days, weeks and months.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::access::Caller;
use super::error::{Error, Result};
use super::event::{Events, query};
use crate::domain::filter::Filter;
use crate::domain::time::{HOUR_US, SECOND_US};
use crate::domain::{CameraId, EventTypeId, Timestamp};
pub use crate::store::GroupBy;
use crate::store::Query;

/// Most buckets of one histogram (product.md 6).
pub const BUCKETS_MAX: usize = 5_000;
/// Most counts of one histogram, over buckets and groups: they are all in memory.
const CELLS_MAX: usize = 1_000_000;

/// How wide a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// So many seconds, aligned to the epoch.
    Seconds(u32),
    /// A local hour.
    Hour,
    /// A local day; 23 or 25 hours at a change of the clocks.
    Day,
    /// A local week from Monday.
    Week,
    /// A local month.
    Month,
}

/// What histogram to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Width of the buckets.
    pub bucket: Bucket,
    /// Zone whose hours and days they are.
    pub zone: Tz,
    /// How counts are split.
    pub group: GroupBy,
    /// Whether empty buckets are given too.
    pub fill: bool,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its start, RFC 3339 with the zone's offset.
    pub time: String,
    /// Events in it.
    pub count: u64,
    /// Count by camera id (as text) or type name; empty without a group.
    pub groups: Vec<(String, u64)>,
}

/// A histogram: its buckets' counts add up to the list's total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Events in all buckets.
    pub total: u64,
    /// Buckets in order of time.
    pub buckets: Vec<Counted>,
}

impl Events {
    /// Counts what matches per bucket, from the filter's start to its end, or from the first match
    /// to the last.
    ///
    /// # Errors
    /// As for a list; [`Error::BadParameter`] for more than [`BUCKETS_MAX`] buckets.
    pub async fn histogram(
        &self,
        caller: &Caller,
        filter: &Filter,
        request: Request,
    ) -> Result<Histogram> {
        let catalogue = self.core().catalogue();
        let Some(query) = query(caller, filter, &catalogue)? else {
            return Ok(Histogram::default());
        };
        let (start, end) = (filter.start, filter.end);
        self.core()
            .read(move |tx| {
                let (start, end) = match (start, end) {
                    (Some(start), Some(end)) => (start, end),
                    _ => match tx.extent(&query)? {
                        Some((first, last)) => (start.unwrap_or(first), end.unwrap_or(last)),
                        None => return Ok(Histogram::default()),
                    },
                };
                let bounds = bounds(start, end, request)?;
                let groups = match request.group {
                    GroupBy::Nothing => 1,
                    GroupBy::Camera => catalogue.cameras.len(),
                    GroupBy::EventType => catalogue.type_count(),
                };
                if bounds.len() * groups > CELLS_MAX {
                    return Err(Error::BadParameter(
                        "too many buckets for so many groups; use wider ones or a shorter range"
                            .into(),
                    ));
                }
                let query =
                    Query { start: query.start.max(start), end: query.end.min(end), ..query };
                let counts = tx.histogram(&query, &bounds, request.group)?;
                let label = |group: u32| match request.group {
                    GroupBy::EventType => catalogue
                        .type_name(EventTypeId(u16::try_from(group).unwrap_or(0)))
                        .to_string(),
                    GroupBy::Camera | GroupBy::Nothing => CameraId(group).0.to_string(),
                };
                let mut histogram = Histogram::default();
                for (at, count) in counts.buckets.iter().enumerate() {
                    if *count == 0 && !request.fill {
                        continue;
                    }
                    histogram.total += count;
                    histogram.buckets.push(Counted {
                        time: local(bounds[at], request.zone).to_rfc3339(),
                        count: *count,
                        groups: counts
                            .groups
                            .iter()
                            .filter(|(_, list)| list[at] > 0)
                            .map(|(group, list)| (label(*group), list[at]))
                            .collect(),
                    });
                }
                Ok(histogram)
            })
            .await
    }
}

/// Starts of the buckets that cover `start..=end`, and the end of the last one.
fn bounds(start: Timestamp, end: Timestamp, request: Request) -> Result<Vec<i64>> {
    if start > end {
        return Ok(Vec::new());
    }
    let mut bounds = Vec::new();
    let mut at = floor(start.0, request);
    bounds.push(at);
    while at <= end.0 {
        if bounds.len() > BUCKETS_MAX {
            return Err(Error::BadParameter(format!(
                "more than {BUCKETS_MAX} buckets; use wider ones or a shorter range"
            )));
        }
        at = following(at, request);
        bounds.push(at);
    }
    Ok(bounds)
}

/// The start of the bucket that holds `micros`.
fn floor(micros: i64, request: Request) -> i64 {
    let date = || local(micros, request.zone).date_naive();
    match request.bucket {
        Bucket::Seconds(seconds) => {
            let width = i64::from(seconds.max(1)) * SECOND_US;
            micros.div_euclid(width) * width
        }
        Bucket::Hour => {
            let offset = local(micros, request.zone).offset().fix().local_minus_utc();
            let offset = i64::from(offset) * SECOND_US;
            (micros + offset).div_euclid(HOUR_US) * HOUR_US - offset
        }
        Bucket::Day => midnight(date(), request.zone),
        Bucket::Week => {
            let date = date();
            let monday = date - Days::new(u64::from(date.weekday().num_days_from_monday()));
            midnight(monday, request.zone)
        }
        Bucket::Month => midnight(date().with_day(1).unwrap_or_else(date), request.zone),
    }
}

/// The start of the bucket after the one that starts at `micros`.
fn following(micros: i64, request: Request) -> i64 {
    let date = local(micros, request.zone).date_naive();
    match request.bucket {
        Bucket::Seconds(seconds) => micros + i64::from(seconds.max(1)) * SECOND_US,
        Bucket::Hour => {
            // At a change by less than an hour the next local hour is not an hour away.
            let next = floor(micros + HOUR_US, request);
            if next > micros { next } else { micros + HOUR_US }
        }
        Bucket::Day => midnight(date + Days::new(1), request.zone),
        Bucket::Week => midnight(date + Days::new(7), request.zone),
        Bucket::Month => midnight(date + Months::new(1), request.zone),
    }
}

fn local(micros: i64, zone: Tz) -> DateTime<Tz> {
    DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default().with_timezone(&zone)
}

/// The first instant of a local day: where midnight does not exist, the one after the gap.
fn midnight(date: NaiveDate, zone: Tz) -> i64 {
    let naive: NaiveDateTime =
        date.and_hms_opt(0, 0, 0).expect("every day has a midnight on paper");
    (0..=24 * 4)
        .find_map(|quarter| {
            let at = naive + chrono::TimeDelta::minutes(15 * quarter);
            zone.from_local_datetime(&at).earliest()
        })
        .map_or_else(|| naive.and_utc().timestamp_micros(), |at| at.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(bucket: Bucket, zone: &str, start: &str, end: &str) -> Vec<String> {
        let zone = zone.parse().unwrap();
        let request = Request { bucket, zone, group: GroupBy::Nothing, fill: true };
        let (start, end) = (Timestamp::parse(start).unwrap(), Timestamp::parse(end).unwrap());
        let bounds = bounds(start, end, request).unwrap();
        bounds.iter().map(|at| local(*at, zone).to_rfc3339()).collect()
    }

    #[test]
    fn local_days_have_23_and_25_hours() {
        assert_eq!(
            starts(Bucket::Day, "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            ["2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"]
        );
        let hours =
            |day: &str, next: &str| starts(Bucket::Hour, "Europe/Berlin", day, next).len() - 1;
        assert_eq!(hours("2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"), 23);
        assert_eq!(hours("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"), 25);
    }

    #[test]
    fn half_hour_zones_have_their_own_hours() {
        assert_eq!(
            starts(Bucket::Hour, "Asia/Kolkata", "2026-01-01T00:10:00Z", "2026-01-01T00:40:00Z"),
            ["2026-01-01T05:00:00+05:30", "2026-01-01T06:00:00+05:30", "2026-01-01T07:00:00+05:30"]
                [..]
                .iter()
                .map(|s| (*s).to_owned())
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        assert_eq!(
            starts(Bucket::Week, "UTC", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
            ["2026-11-16T00:00:00+00:00", "2026-11-23T00:00:00+00:00"]
        );
        assert_eq!(
            starts(Bucket::Month, "UTC", "2026-01-31T10:00:00Z", "2026-02-01T11:00:00Z"),
            ["2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"]
        );
    }

    #[test]
    fn too_many_buckets_are_refused() {
        let request = Request {
            bucket: Bucket::Seconds(1),
            zone: Tz::UTC,
            group: GroupBy::Nothing,
            fill: false,
        };
        assert_eq!(
            bounds(Timestamp(0), Timestamp(4_999 * SECOND_US), request).unwrap().len(),
            5_001
        );
        assert!(bounds(Timestamp(0), Timestamp(5_000 * SECOND_US), request).is_err());
        assert!(bounds(Timestamp::MIN, Timestamp::MAX, request).is_err());
    }
}

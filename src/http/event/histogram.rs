//! Counts per time bucket.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use super::HISTOGRAM;
use super::list::EventFilter;
use crate::http::auth::MayReadEvents;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::{Params, bad, number};
use crate::http::query;
use crate::service::histogram::{Bucket, Counted, GroupBy, Request};
use crate::service::{self, Error, Services};

/// How to count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string; here it is documented")]
pub(in crate::http) struct HistogramQuery {
    /// Width of a bucket: seconds, `hour`, `day`, `week` or `month`. At most 5,000 buckets.
    #[param(example = "day")]
    bucket: String,
    /// IANA name of the zone whose hours, days, weeks and months they are.
    #[param(default = "UTC", example = "Europe/Berlin")]
    tz: Option<String>,
    /// `camid` or `name`: split each count.
    #[param(example = "name")]
    group_by: Option<String>,
    /// Whether empty buckets are given too.
    fill: Option<bool>,
}

/// Counts per time bucket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct HistogramBody {
    /// What was counted.
    meta: HistogramMeta,
    /// Buckets in order of time.
    objects: Vec<BucketBody>,
}

/// What was counted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct HistogramMeta {
    /// Width of a bucket: seconds, or a word.
    #[schema(value_type = String, example = "day")]
    bucket: Width,
    /// Zone of the buckets.
    #[schema(value_type = String, example = "Europe/Berlin")]
    tz: &'static str,
    /// All matches; the counts add up to it.
    total_count: u64,
}

/// One bucket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct BucketBody {
    /// Its start, RFC 3339 with the offset of the zone.
    #[schema(example = "2021-09-23T00:00:00+02:00")]
    time: String,
    /// Events in it.
    count: u64,
    /// Count by name or camera id; only with `group_by`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "object")]
    #[schema(value_type = std::collections::HashMap<String, u64>, required = false, example = json!({ "motion": 3 }))]
    groups: Option<Vec<(String, u64)>>,
}

/// A width as it came: a number of seconds is a number.
#[derive(Clone, Copy, Debug)]
struct Width(Bucket);

impl Serialize for Width {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Bucket::Seconds(seconds) => serializer.serialize_u32(seconds),
            Bucket::Hour => serializer.serialize_str("hour"),
            Bucket::Day => serializer.serialize_str("day"),
            Bucket::Week => serializer.serialize_str("week"),
            Bucket::Month => serializer.serialize_str("month"),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde gives a reference to the member")]
fn object<S: Serializer>(
    groups: &Option<Vec<(String, u64)>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(groups.iter().flatten().map(|(group, count)| (group, count)))
}

/// Count events per time bucket.
///
/// Without `start` and `end` from the first match to the last.
#[utoipa::path(
    get,
    path = HISTOGRAM,
    operation_id = "count_events",
    tag = "events",
    params(HistogramQuery, EventFilter),
    responses(
        (status = 200, body = HistogramBody),
        (status = 400, body = ErrorBody, description = "`missing_field`, `bad_parameter`, also \
            for more than 5,000 buckets"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`out_of_scope`, `access_deny`"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn histogram(
    caller: MayReadEvents,
    services: Data<Services>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(req.query_string());
    let (filter, request) = (query::filter(&params)?, request(&params)?);
    let counted = services.events.histogram(&caller, &filter, request).await?;
    let grouped = request.group != GroupBy::Nothing;
    let bucket = |Counted { time, count, groups }| BucketBody {
        time,
        count,
        groups: grouped.then_some(groups),
    };
    let meta = HistogramMeta {
        bucket: Width(request.bucket),
        tz: request.zone.name(),
        total_count: counted.total,
    };
    let objects = counted.buckets.into_iter().map(bucket).collect();
    Ok(HttpResponse::Ok().json(HistogramBody { meta, objects }))
}

fn request(params: &Params) -> service::Result<Request> {
    let bucket = match params.get("bucket").map(str::trim) {
        None => return Err(Error::MissingField("bucket")),
        Some("hour") => Bucket::Hour,
        Some("day") => Bucket::Day,
        Some("week") => Bucket::Week,
        Some("month") => Bucket::Month,
        Some(text) => {
            let seconds = number(text).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
            let form = "seconds from 1, or hour, day, week or month";
            Bucket::Seconds(seconds.ok_or_else(|| bad("bucket", form))?)
        }
    };
    let zone = match params.get("tz") {
        None => Tz::UTC,
        // No name has a blank: it is the `+` of `Etc/GMT+1`.
        Some(text) => text
            .trim()
            .replace(' ', "+")
            .parse()
            .map_err(|_| bad("tz", "an IANA name such as Europe/Berlin"))?,
    };
    let group = match params.get("group_by").map(str::trim) {
        None => GroupBy::Nothing,
        Some("camid") => GroupBy::Camera,
        Some("name") => GroupBy::EventType,
        Some(_) => return Err(bad("group_by", "camid or name")),
    };
    Ok(Request { bucket, zone, group, fill: params.boolean("fill")?.unwrap_or(false) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> service::Result<Request> {
        request(&Params::parse(query))
    }

    #[test]
    fn a_request_is_read_from_its_parameters() {
        let plain = Request {
            bucket: Bucket::Seconds(60),
            zone: Tz::UTC,
            group: GroupBy::Nothing,
            fill: false,
        };
        assert_eq!(read("bucket=60&tz=&group_by=").unwrap(), plain);
        let full = read("bucket=week&tz=Etc/GMT+1&group_by=name&fill=1").unwrap();
        let zone = Tz::Etc__GMTPlus1;
        let group = GroupBy::EventType;
        assert_eq!(full, Request { bucket: Bucket::Week, zone, group, fill: true });
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(matches!(read("bucket="), Err(Error::MissingField("bucket"))));
        for query in ["bucket=0", "bucket=-1", "bucket=year", "bucket=4294967296"] {
            assert!(matches!(read(query), Err(Error::BadParameter(_))), "{query}");
        }
        for query in ["tz=Mars", "group_by=time", "fill=maybe"] {
            let query = format!("bucket=day&{query}");
            assert!(matches!(read(&query), Err(Error::BadParameter(_))), "{query}");
        }
    }
}

//! The parameters of event lists.

use super::params::{Params, bad, number};
use crate::domain::filter::{Filter, LIST_VALUES_MAX, Order, Page, Place};
use crate::domain::{CameraId, EventId, Timestamp};
use crate::service::Result;

/// Parameters of event lists that `next` repeats as they came. No credential, and no paging.
const LIST_ECHO: [&str; 16] = [
    "camid",
    "events",
    "type",
    "aliases",
    "start",
    "end",
    "order_by",
    "include_meta",
    "include_filemeta_download",
    "meta",
    "meta_not",
    "tag",
    "has_thumb",
    "after_id",
    "detail",
    "ids",
];
/// What an event list (and count, histogram, export, bulk delete) is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListParams {
    /// Which events.
    pub filter: Filter,
    /// Which page of them.
    pub page: Page,
    /// Whether objects carry `meta`.
    pub include_meta: bool,
    /// Whether objects carry the address of their metadata file.
    pub include_filemeta: bool,
    /// Whether objects carry everything there is (`detail=detail`).
    pub detail: bool,
    /// The filters as they came, for `next` and `previous`: no credential, no paging, nothing unknown.
    pub echo: Vec<(String, String)>,
}

impl ListParams {
    /// Reads the raw query string. Unknown parameters are ignored.
    ///
    /// # Errors
    /// `bad_parameter`, naming the parameter.
    pub fn parse(query: &str) -> Result<Self> {
        Self::from_params(&Params::parse(query))
    }

    /// Like [`Self::parse`], from pairs that are decoded already.
    ///
    /// # Errors
    /// `bad_parameter`, naming the parameter.
    pub fn from_params(params: &Params) -> Result<Self> {
        let echo = params.echo(&LIST_ECHO);
        let (after, total) = (after(params)?, params.number("total")?);
        Ok(Self {
            filter: filter(params)?,
            page: Page {
                order: order(params)?,
                limit: params.limit()?,
                offset: params.offset()?,
                after,
                total: total.filter(|_| after.is_some()), // the first page counts itself
            },
            include_meta: params.flag("include_meta"),
            include_filemeta: params.flag("include_filemeta_download"),
            detail: params.get("detail").is_some_and(|value| value.eq_ignore_ascii_case("detail")),
            echo,
        })
    }
}

/// The filters of the list; histogram, export, stream and bulk delete take the same.
///
/// # Errors
/// `bad_parameter`, naming the parameter.
pub fn filter(params: &Params) -> Result<Filter> {
    let mut names = owned(params.list("events")?);
    names.extend(owned(params.list("type")?));
    if names.len() > LIST_VALUES_MAX {
        return Err(bad("events", &format!("at most {LIST_VALUES_MAX} values")));
    }
    Ok(Filter {
        cameras: cameras(params)?,
        names,
        aliases: owned(params.list("aliases")?),
        start: params.time("start")?,
        end: params.time("end")?,
        tags_any: owned(params.raw_list("meta")?),
        tags_none: owned(params.raw_list("meta_not")?),
        tag_values: tag_values(params)?,
        has_thumb: params.boolean("has_thumb")?,
        before_id: params.number("before_id")?.map(EventId),
        after_id: params.number("after_id")?.map(EventId),
        ids: ids(params)?,
    })
}

/// `camid`, a comma list.
///
/// A number too large for an id stands for the largest, which no camera reaches: it is unknown, not unreadable.
///
/// # Errors
/// `bad_parameter` if one of them is not a number.
pub fn cameras(params: &Params) -> Result<Vec<CameraId>> {
    let ids = params.list("camid")?.into_iter().map(|text| {
        let id = number(text).ok_or_else(|| bad("camid", "camera ids, separated by commas"))?;
        Ok(CameraId(u32::try_from(id).unwrap_or(u32::MAX)))
    });
    ids.collect()
}

fn ids(params: &Params) -> Result<Vec<EventId>> {
    let ids = params.list("ids")?.into_iter().map(|text| {
        number(text).map(EventId).ok_or_else(|| bad("ids", "event ids, separated by commas"))
    });
    ids.collect()
}

fn order(params: &Params) -> Result<Order> {
    match params.get("order_by").map(str::trim) {
        None | Some("time") => Ok(Order::Ascending),
        Some("-time") => Ok(Order::Descending),
        Some(_) => Err(bad("order_by", "time or -time")),
    }
}

fn after(params: &Params) -> Result<Option<Place>> {
    let parse = |text: &str| {
        let (time, id) = text.trim().rsplit_once('-')?;
        Some(Place { time: Timestamp(time.parse().ok()?), id: EventId(number(id)?) })
    };
    let form = "as it stands in a page's next";
    params.get("after").map(|text| parse(text).ok_or_else(|| bad("after", form))).transpose()
}

fn tag_values(params: &Params) -> Result<Vec<(String, String)>> {
    let pairs = params.get_all("tag").map(|pair| match pair.split_once('=') {
        Some((tag, value)) if !tag.is_empty() => Ok((tag.to_owned(), value.to_owned())),
        _ => Err(bad("tag", "NAME=VALUE")),
    });
    pairs.collect()
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::params::OFFSET_MAX;
    use crate::service::Error;

    fn parse(query: &str) -> ListParams {
        ListParams::parse(query).unwrap()
    }

    #[test]
    fn nothing_asked_is_the_first_page_of_everything() {
        for query in ["", "camid=&events=&aliases=&start=&limit=&tag=", "_=1&tz=x&token=s&&=&x"] {
            let list = parse(query);
            assert!(list.filter.is_empty(), "{query}");
            assert_eq!(list.page, Page { limit: 20, ..Page::default() }, "{query}");
            assert!(!list.include_meta && !list.detail && list.echo.is_empty(), "{query}");
        }
    }

    #[test]
    fn every_filter_is_read() {
        let list = parse(
            "camid=1,2%2C3&events=motion,sound&type=net&aliases=Door&start=2021-09-23T16:30:00\
             &end=2021-09-23T18:30:00+02:00&meta=Person,Big+Car&meta_not=x&tag=a=b=c&tag=d=\
             &has_thumb=False&before_id=9&after_id=2&ids=4,5&order_by=-time&limit=7&offset=14\
             &include_meta=true&include_meta=True&detail=detail&after=1632414600000000-8&total=70",
        );
        let at = Timestamp(1_632_414_600_000_000);
        let text = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let expected = Filter {
            cameras: vec![CameraId(1), CameraId(2), CameraId(3)],
            names: text(&["motion", "sound", "net"]),
            aliases: text(&["Door"]),
            start: Some(at),
            end: Some(at),
            tags_any: text(&["Person", "Big Car"]),
            tags_none: text(&["x"]),
            tag_values: vec![("a".into(), "b=c".into()), ("d".into(), String::new())],
            has_thumb: Some(false),
            before_id: Some(EventId(9)),
            after_id: Some(EventId(2)),
            ids: vec![EventId(4), EventId(5)],
        };
        assert_eq!(list.filter, expected);
        let after = Some(Place { time: at, id: EventId(8) });
        let page = Page { order: Order::Descending, limit: 7, offset: 14, after, total: Some(70) };
        assert_eq!(list.page, page);
        assert!(list.include_meta && list.detail);
    }

    #[test]
    fn limits_are_vxgs() {
        for (query, limit) in
            [("limit=0", 1000), ("limit=1000", 1000), ("limit=5000", 1000), ("limit=1", 1)]
        {
            assert_eq!(parse(query).page.limit, limit, "{query}");
        }
        assert_eq!(parse("limit=99999999999999999999999").page.limit, 1000);
        assert_eq!(parse("offset=99999999999999999999999").page.offset, OFFSET_MAX);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        let many = format!("camid={}", vec!["1"; 1001].join(","));
        for (query, name) in [
            ("limit=-1", "limit"),
            ("limit=x", "limit"),
            ("offset=-1", "offset"),
            ("offset=1.5", "offset"),
            ("order_by=name", "order_by"),
            ("start=yesterday", "start"),
            ("end=1632414600", "end"),
            ("camid=abc", "camid"),
            ("camid=1,-2", "camid"),
            ("ids=x", "ids"),
            ("tag=novalue", "tag"),
            ("tag==x", "tag"),
            ("has_thumb=maybe", "has_thumb"),
            ("after=12", "after"),
            ("total=x", "total"),
            ("before_id=x", "before_id"),
            (many.as_str(), "camid"),
        ] {
            match ListParams::parse(query) {
                Err(Error::BadParameter(text)) => {
                    assert!(text.starts_with(&format!("{name}:")), "{query}: {text}");
                }
                other => panic!("{query}: {other:?}"),
            }
        }
        assert_eq!(parse(&many[..many.len() - 2]).filter.cameras.len(), 1000);
    }

    #[test]
    fn a_number_beyond_ids_is_an_unknown_camera() {
        assert_eq!(parse("camid=4294967296").filter.cameras, [CameraId(u32::MAX)]);
    }

    #[test]
    fn the_echo_holds_filters_only() {
        let list = parse(
            "token=s&camid=1&limit=5&offset=5&after=1-1&total=3&before_id=2&_=9&x=y&events=a%2Cb",
        );
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(list.echo, [pair("camid", "1"), pair("events", "a,b")]);
    }

    #[test]
    fn the_last_of_repeated_values_counts() {
        assert!(parse("include_meta=false&include_meta=true").include_meta);
        assert!(parse("include_meta=true&include_meta=").include_meta);
        assert_eq!(parse("limit=1&limit=2").page.limit, 2);
    }

    #[test]
    fn damaged_encoding_is_read_as_well_as_it_goes() {
        let list = parse("events=%zz,%ff,%&camid=1");
        assert_eq!(list.filter.names, ["%zz", "\u{fffd}", "%"]);
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "\\PC{0,80}") {
            let _ = ListParams::parse(&query);
        }
    }
}

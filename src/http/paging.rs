//! The envelope of lists, and links from page to page.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::EventId;
use crate::domain::filter::Place;

/// What is encoded in a link: all but what is safe in a query and good to read.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b':');

/// A list as VXG's clients expect it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// Where this page stands.
    pub meta: EnvelopeMeta,
    /// The page.
    pub objects: Vec<T>,
}

/// Where a page stands in its list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EnvelopeMeta {
    /// The page size really applied.
    pub limit: usize,
    /// Path and query of the next page, relative to the host; null at the end.
    pub next: Option<String>,
    /// Rows before this page.
    pub offset: u64,
    /// Path and query of the page before; null at the start.
    pub previous: Option<String>,
    /// All matches.
    pub total_count: u64,
}

/// One page of a list, for its links.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// The request's path, as it came.
    pub path: &'a str,
    /// The filters to carry along ([`super::query::ListParams::echo`]); never a credential.
    pub echo: &'a [(String, String)],
    /// The page size applied.
    pub limit: usize,
    /// Rows before this page.
    pub offset: u64,
    /// All matches.
    pub total_count: u64,
}

/// What holds an event list still while it is paged through.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    /// Newest id at the first page, inclusive: the request's own `before_id` if it has one.
    pub before_id: EventId,
    /// The page's last row.
    pub after: Place,
}

impl Links<'_> {
    /// The `meta` of a plain list, such as cameras: pages go by `limit` and `offset`.
    pub fn plain(&self, rows: usize) -> EnvelopeMeta {
        let end = self.offset.saturating_add(rows as u64);
        let next = (rows > 0 && end < self.total_count).then(|| self.link(&[], end));
        self.meta(next, None)
    }

    /// The `meta` of an event list.
    ///
    /// `next` stands behind this page, null at the end; `before_id` is the request's own one, if any,
    /// and bounds `previous` as well. `offset` comes last in links: a known client cuts them there.
    pub fn anchored(
        &self,
        rows: usize,
        next: Option<Anchor>,
        before_id: Option<EventId>,
    ) -> EnvelopeMeta {
        let next = next.map(|anchor| {
            let place = format!("{}-{}", anchor.after.time.micros(), anchor.after.id.0);
            let more = [
                ("before_id", anchor.before_id.0.to_string()),
                ("after", place),
                ("total", self.total_count.to_string()),
            ];
            self.link(&more, self.offset.saturating_add(rows as u64))
        });
        self.meta(next, before_id)
    }

    fn meta(&self, next: Option<String>, before_id: Option<EventId>) -> EnvelopeMeta {
        let before_id = before_id.map(|id| ("before_id", id.0.to_string()));
        let previous = (self.offset > 0).then(|| {
            self.link(before_id.as_slice(), self.offset.saturating_sub(self.limit as u64))
        });
        EnvelopeMeta {
            limit: self.limit,
            next,
            offset: self.offset,
            previous,
            total_count: self.total_count,
        }
    }

    /// Path, filters, `more`, `limit` and last `offset`.
    fn link(&self, more: &[(&str, String)], offset: u64) -> String {
        let mut link = self.path.to_owned();
        link.push('?');
        let echo = self.echo.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in echo.chain(more.iter().map(|(name, value)| (*name, value.as_str()))) {
            link.extend(utf8_percent_encode(name, ENCODED));
            link.push('=');
            link.extend(utf8_percent_encode(value, ENCODED));
            link.push('&');
        }
        let _ = write!(link, "limit={}&offset={offset}", self.limit); // writing to a String does not fail
        link
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Timestamp;
    use crate::http::params::Params;
    use crate::http::query::ListParams;

    const PATH: &str = "/api/v2/storage/events/";

    fn links(echo: &[(String, String)], limit: usize, offset: u64, total_count: u64) -> Links<'_> {
        Links { path: PATH, echo, limit, offset, total_count }
    }

    #[test]
    fn a_plain_list_has_null_at_its_ends() {
        let echo = [("detail".to_owned(), "detail".to_owned())];
        let link = |offset| format!("{PATH}?detail=detail&limit=20&offset={offset}");
        let first = links(&echo, 20, 0, 45).plain(20);
        assert_eq!((first.next, first.previous), (Some(link(20)), None));
        let middle = links(&echo, 20, 20, 45).plain(20);
        assert_eq!((middle.next, middle.previous), (Some(link(40)), Some(link(0))));
        let last = links(&echo, 20, 40, 45).plain(5);
        assert_eq!((last.next, last.previous), (None, Some(link(20))));
        let beyond = links(&echo, 20, 60, 45).plain(0);
        assert_eq!((beyond.next, beyond.previous), (None, Some(link(40))));
    }

    #[test]
    fn an_anchored_next_is_read_back_and_ends_in_the_offset() {
        let query = "camid=1,2&meta=a%26b%3Dc&start=2021-09-23T18:30:00%2B02:00&token=s&limit=3";
        let first = ListParams::parse(query).unwrap();
        let after = Place { time: Timestamp(1_632_414_600_000_000), id: EventId(8) };
        let anchor = Anchor { before_id: EventId(9), after };
        let meta = links(&first.echo, 3, 0, 7).anchored(3, Some(anchor), None);
        let next = meta.next.unwrap();
        assert_eq!(meta.previous, None);
        assert!(next.ends_with("&total=7&limit=3&offset=3"), "{next}");
        assert!(!next.contains("token"), "{next}");

        let second = ListParams::parse(next.split_once('?').unwrap().1).unwrap();
        assert_eq!(second.filter.tags_any, ["a&b=c"]);
        assert_eq!(second.filter.start, first.filter.start);
        assert_eq!(second.filter.before_id, Some(EventId(9)));
        assert_eq!(second.page.after, Some(after));
        assert_eq!((second.page.total, second.page.limit, second.page.offset), (Some(7), 3, 3));

        let meta = links(&second.echo, 3, 3, 7).anchored(3, None, second.filter.before_id);
        assert_eq!(meta.next, None);
        assert!(meta.previous.unwrap().ends_with("&before_id=9&limit=3&offset=0"));
    }

    #[test]
    fn the_envelope_has_vxgs_members() {
        let envelope = Envelope { meta: links(&[], 20, 0, 1).plain(1), objects: vec![1] };
        assert_eq!(
            serde_json::to_string(&envelope).unwrap(),
            r#"{"meta":{"limit":20,"next":null,"offset":0,"previous":null,"total_count":1},"objects":[1]}"#
        );
    }

    proptest! {
        #[test]
        fn every_value_survives_a_link(value in "\\PC{1,30}") {
            let echo = [("tag".to_owned(), value.clone())];
            let meta = links(&echo, 1, 0, 2).plain(1);
            let next = meta.next.unwrap();
            let params = Params::parse(next.split_once('?').unwrap().1);
            prop_assert_eq!(params.get("tag"), Some(value.as_str()));
        }
    }
}

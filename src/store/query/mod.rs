//! Queries over events: pages, exact totals, histograms, ids to delete, rows to export.

mod by_id;
mod count;
mod figures;
mod page;
mod plan;
mod walk;

use std::ops::Bound;

use super::error::Result;
use super::read::{ReadTx, StoredEvent};
use super::tables::EVENTS;
use crate::domain::filter::{Order, Page};
use crate::domain::{CameraId, EventId, EventTypeId, Timestamp};
use page::Rows;
use plan::Plan;
use walk::{Entry, Walk};

/// How many ids above `before_id` or `after_id`, or of a range, are looked at one by one rather than
/// by walking.
const NEAR_IDS: u64 = if cfg!(test) { 12 } else { 50_000 };

/// Rows or index entries between two looks at the clock.
const CLOCK_EVERY: usize = if cfg!(test) { 8 } else { 1_024 };

/// Tells the tests which way a read takes: they must see each one taken.
#[cfg(test)]
use super::tests::ways::add as takes;
#[cfg(not(test))]
const fn takes(_way: &'static str) {}

/// Which cameras and event types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every event.
    All,
    /// Every event of these cameras.
    Cameras(Vec<CameraId>),
    /// Every event of these types.
    Types(Vec<EventTypeId>),
    /// Every event of these pairs.
    Series(Vec<(CameraId, EventTypeId)>),
}

/// What to look for: a filter in numbers, within a caller's scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Cameras and types.
    pub selection: Selection,
    /// `order_time` at or after.
    pub start: Timestamp,
    /// `order_time` at or before.
    pub end: Timestamp,
    /// At least one of these tags, unless empty.
    pub tags_any: Vec<String>,
    /// None of these tags.
    pub tags_none: Vec<String>,
    /// All of these tags with these values.
    pub tag_values: Vec<(String, String)>,
    /// With (or without) a picture.
    pub has_thumb: Option<bool>,
    /// Id at most this one.
    pub before_id: Option<EventId>,
    /// Id greater than this one.
    pub after_id: Option<EventId>,
    /// Id among these, unless empty.
    pub ids: Vec<EventId>,
}

impl Query {
    /// Every event.
    pub fn all() -> Self {
        Self {
            selection: Selection::All,
            start: Timestamp(i64::MIN),
            end: Timestamp(i64::MAX),
            tags_any: Vec::new(),
            tags_none: Vec::new(),
            tag_values: Vec::new(),
            has_thumb: None,
            before_id: None,
            after_id: None,
            ids: Vec::new(),
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its rows, in the order asked for.
    pub events: Vec<StoredEvent>,
    /// How many of them, from the first, have their tags; of the others only the tags are missing.
    pub whole: usize,
    /// How many events match, on all pages together.
    pub total: u64,
    /// Whether a row follows the last one.
    pub more: bool,
    /// Newest event id when the page was read.
    pub newest: EventId,
}

/// How a histogram's counts are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Not at all.
    Nothing,
    /// By camera.
    Camera,
    /// By event type.
    EventType,
}

/// A histogram's counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Count of each bucket.
    pub buckets: Vec<u64>,
    /// Group (camera or type number) and its count of each bucket; empty without a group.
    pub groups: Vec<(u32, Vec<u64>)>,
}

impl ReadTx {
    /// One page of the events that match, and how many match in all.
    ///
    /// Cost: without tags, or with one, totals and offsets come from counters, and a page is a seek
    /// and `limit` entries, whatever the size of the history. Otherwise an index is walked, at most
    /// five seconds long.
    pub fn list(&self, query: &Query, page: &Page) -> Result<Listed> {
        let newest = self.last_event()?;
        let nothing = Rows::new().listed(0, false, newest);
        let Some(plan) = Plan::new(self, query)? else { return Ok(nothing) };
        if let Some(rows) = self.near(&plan, newest)? {
            return self.listed_of(rows, page, newest);
        }
        let total = match page.total {
            Some(total) => total,
            None => self.total(&plan, newest)?,
        };
        let mut skip = if page.after.is_some() { 0 } else { page.offset };
        let mut from = page.after;
        if page.after.is_none() && skip >= total {
            return Ok(Listed { total, ..nothing });
        }
        if skip > 0 && plan.counted() && plan.takes_ids_to(newest) {
            match count::seek(self, &plan, page.order, skip)? {
                Some((place, rest)) => (from, skip) = (Some(place), rest),
                None => return Ok(Listed { total, ..nothing }),
            }
        }
        let mut walk = Walk::open(self, &plan, page.order, from)?;
        let rows = self.tx.open_table(EVENTS)?;
        let mut events = Rows::new();
        let mut more = false;
        while let Some(entry) = walk.next()? {
            if skip > 0 && !plan.needs_row() {
                skip -= 1;
                continue;
            }
            if events.len() == page.limit && !plan.needs_row() {
                more = true;
                break;
            }
            let Some(event) = Self::event_in(&rows, entry.id)? else { continue };
            if plan.needs_row() {
                if !plan.accepts_row(&event) {
                    continue;
                }
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                if events.len() == page.limit {
                    more = true;
                    break;
                }
            }
            events.push(event);
        }
        Ok(events.listed(total, more, newest))
    }

    /// How many events match. Cost as for [`Self::list`].
    pub fn count(&self, query: &Query) -> Result<u64> {
        let newest = self.last_event()?;
        let Some(plan) = Plan::new(self, query)? else { return Ok(0) };
        match self.near(&plan, newest)? {
            Some(rows) => Ok(rows.len() as u64),
            None => self.total(&plan, newest),
        }
    }

    /// Counts per bucket. `bounds` are the buckets' starts and the last one's end (exclusive), in
    /// microseconds, ascending. Events outside are not counted.
    ///
    /// Cost: a few reads per day and group where counters answer; else a walk of what matches.
    pub fn histogram(&self, query: &Query, bounds: &[i64], group: GroupBy) -> Result<Histogram> {
        let newest = self.last_event()?;
        let mut histogram = count::Totals::new(bounds, group);
        if let Some(plan) = Plan::new(self, query)? {
            if let Some(rows) = self.near(&plan, newest)? {
                for entry in rows {
                    histogram.add(entry.time, entry.series.camera, entry.series.event_type, 1);
                }
            } else if plan.counted() && plan.takes_ids_near(newest) {
                count::fold(self, &plan, &mut histogram)?;
                let last = plan.query.before_id.unwrap_or(newest);
                if last < newest {
                    takes("counters less the newest rows");
                }
                self.rows_between(last, newest, |event| {
                    let event = event.filter(|event| plan.accepts_apart_from_ids(event));
                    if let Some(entry) = event.as_ref().map(Entry::of) {
                        histogram.add(entry.time, entry.series.camera, entry.series.event_type, -1);
                    }
                })?;
            } else {
                self.walk_all(&plan, |entry| {
                    histogram.add(entry.time, entry.series.camera, entry.series.event_type, 1);
                })?;
            }
        }
        Ok(histogram.finish())
    }

    /// Earliest and latest `order_time` among what matches, or `None` if nothing does.
    pub fn extent(&self, query: &Query) -> Result<Option<(Timestamp, Timestamp)>> {
        let page = |order| Page { order, limit: 1, total: Some(u64::MAX), ..Page::default() };
        let first = self.list(query, &page(Order::Ascending))?.events.pop();
        let last = self.list(query, &page(Order::Descending))?.events.pop();
        Ok(first.zip(last).map(|(a, b)| (a.order_time, b.order_time)))
    }

    /// Ids of what matches, oldest first, at most `limit`.
    pub fn ids(&self, query: &Query, limit: usize) -> Result<Vec<EventId>> {
        let page = Page { limit, total: Some(u64::MAX), ..Page::default() };
        Ok(self.list(query, &page)?.events.into_iter().map(|event| event.id).collect())
    }

    /// Where what matches stands, oldest first, if the query names ids or bounds them to a few: then
    /// looking at each row is cheaper than any index.
    fn near(&self, plan: &Plan<'_>, newest: EventId) -> Result<Option<Vec<Entry>>> {
        let table = self.tx.open_table(EVENTS)?;
        let mut found = Vec::new();
        let mut look = |event: Option<StoredEvent>| {
            found.extend(event.filter(|event| plan.accepts(event)).as_ref().map(Entry::of));
        };
        if plan.query.ids.is_empty() {
            let after = plan.query.after_id.unwrap_or_default();
            let last = plan.query.before_id.unwrap_or(newest).min(newest);
            let newest_only = plan.query.after_id.is_some();
            let oldest_only = newest.0 - last.0 > NEAR_IDS;
            if last.0.saturating_sub(after.0) > NEAR_IDS || !(newest_only || oldest_only) {
                return Ok(None);
            }
            takes(if newest_only { "newest ids" } else { "oldest ids" });
            self.rows_between(after, last, look)?;
        } else {
            takes("ids");
            let mut ids = plan.query.ids.clone();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                look(Self::event_in(&table, id.0)?);
            }
        }
        found.sort_unstable();
        Ok(Some(found))
    }

    /// Calls `look` with every row above `after` up to `last`, in order of id.
    fn rows_between(
        &self,
        after: EventId,
        last: EventId,
        mut look: impl FnMut(Option<StoredEvent>),
    ) -> Result<()> {
        if after >= last {
            return Ok(());
        }
        let range = (Bound::Excluded(after.0), Bound::Included(last.0));
        for (at, entry) in self.tx.open_table(EVENTS)?.range(range)?.enumerate() {
            if at % CLOCK_EVERY == 0 {
                self.still_in_time()?;
            }
            let (id, value) = entry?;
            look(Self::decode(id.value(), value.value()));
        }
        Ok(())
    }

    fn total(&self, plan: &Plan<'_>, newest: EventId) -> Result<u64> {
        if !plan.counted() {
            let mut total = 0;
            self.walk_all(plan, |_| total += 1)?;
            return Ok(total);
        }
        let total = count::total(self, plan)?;
        let Some(before) = plan.query.before_id.filter(|before| before.0 < newest.0) else {
            return Ok(total);
        };
        if newest.0 - before.0 > NEAR_IDS {
            takes("total far below the newest id");
            let mut total = 0;
            self.walk_all(plan, |_| total += 1)?;
            return Ok(total);
        }
        takes("total just below the newest id");
        let mut newer = 0;
        self.rows_between(before, newest, |event| {
            newer += u64::from(event.is_some_and(|event| plan.accepts_apart_from_ids(&event)));
        })?;
        Ok(total.saturating_sub(newer))
    }

    /// Calls `each` with every index entry that matches, rows looked at where they must be.
    fn walk_all(&self, plan: &Plan<'_>, mut each: impl FnMut(&Entry)) -> Result<()> {
        let rows = self.tx.open_table(EVENTS)?;
        let mut walk = Walk::open(self, plan, Order::Ascending, None)?;
        while let Some(entry) = walk.next()? {
            if plan.needs_row() {
                let event = Self::event_in(&rows, entry.id)?;
                if !event.is_some_and(|event| plan.accepts_row(&event)) {
                    continue;
                }
            }
            each(&entry);
        }
        Ok(())
    }

    /// A page of entries that are all known, in ascending order.
    fn listed_of(&self, mut all: Vec<Entry>, page: &Page, newest: EventId) -> Result<Listed> {
        let total = page.total.unwrap_or(all.len() as u64);
        if page.order == Order::Descending {
            all.reverse();
        }
        let skip = match page.after {
            Some(after) if page.order == Order::Ascending => {
                all.partition_point(|entry| entry.place() <= after)
            }
            Some(after) => all.partition_point(|entry| entry.place() >= after),
            None => usize::try_from(page.offset).unwrap_or(usize::MAX).min(all.len()),
        };
        let more = all.len() - skip > page.limit;
        let rows = self.tx.open_table(EVENTS)?;
        let mut events = Rows::new();
        for entry in all.iter().skip(skip).take(page.limit) {
            if let Some(event) = Self::event_in(&rows, entry.id)? {
                events.push(event);
            }
        }
        Ok(events.listed(total, more, newest))
    }
}

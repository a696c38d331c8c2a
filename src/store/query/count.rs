//! Sums of packed counters over ranges of time, exact to the microsecond at the edges.

use std::collections::BTreeMap;
use std::ops::Range;

use redb::ReadOnlyTable;

use crate::domain::filter::{Order, Place};
use crate::domain::time::{DAY_US, HOUR_US, MINUTE_US, QUARTER_US};
use crate::domain::{EventId, Timestamp};
use crate::store::counts::{self, day_slot, hour_slot};
use crate::store::error::Result;
use crate::store::key::{DayKey, HourKey, SeriesKey, TagKey, TimeKey};
use crate::store::read::ReadTx;
use crate::store::tables::{
    EVENT_COUNTS, EVENT_MINUTES, EVENT_TAGS, EVENTS_BY_SERIES, EVENTS_BY_TIME,
};

use super::plan::{Pattern, Plan};
use super::{GroupBy, Histogram, takes};

/// Counts per bucket while they are being added up.
pub(super) struct Totals {
    bounds: Vec<i64>,
    group: GroupBy,
    buckets: Vec<i64>,
    groups: BTreeMap<u32, Vec<i64>>,
}

impl Totals {
    pub fn new(bounds: &[i64], group: GroupBy) -> Self {
        let buckets = vec![0; bounds.len().saturating_sub(1)];
        Self { bounds: bounds.to_vec(), group, buckets, groups: BTreeMap::new() }
    }

    /// Counts `by` events at `time`, if a bucket holds it.
    pub fn add(&mut self, time: i64, camera: u32, event_type: u16, by: i64) {
        let at = self.bounds.partition_point(|bound| *bound <= time);
        if at > 0 && at < self.bounds.len() {
            self.add_to(at - 1, camera, event_type, by);
        }
    }

    fn add_to(&mut self, bucket: usize, camera: u32, event_type: u16, by: i64) {
        self.buckets[bucket] += by;
        let group = match self.group {
            GroupBy::Nothing => return,
            GroupBy::Camera => camera,
            GroupBy::EventType => u32::from(event_type),
        };
        let count = self.buckets.len();
        self.groups.entry(group).or_insert_with(|| vec![0; count])[bucket] += by;
    }

    pub fn finish(self) -> Histogram {
        let counts = |list: Vec<i64>| list.into_iter().map(|n| n.max(0).unsigned_abs()).collect();
        let groups = self.groups.into_iter().filter(|(_, list)| list.iter().any(|n| *n > 0));
        Histogram {
            buckets: counts(self.buckets),
            groups: groups.map(|(group, list)| (group, counts(list))).collect(),
        }
    }
}

/// The counter tables of one snapshot.
struct Tables {
    days: ReadOnlyTable<DayKey, &'static [u8]>,
    minutes: ReadOnlyTable<HourKey, &'static [u8]>,
}

/// Where buckets and the query's own range begin and end: between two edges nothing changes.
struct Edges(Vec<i64>);

impl Edges {
    fn new(bounds: &[i64], clip: &Range<i64>) -> Self {
        let mut edges = bounds.to_vec();
        edges.extend([clip.start, clip.end]);
        edges.sort_unstable();
        edges.dedup();
        Self(edges)
    }

    /// Whether no edge lies inside `range`, so that all of it goes to one place.
    fn leave_whole(&self, range: &Range<i64>) -> bool {
        let at = self.0.partition_point(|edge| *edge <= range.start);
        self.0.get(at).is_none_or(|edge| *edge >= range.end)
    }
}

/// The query's range, end exclusive, cut to what `bounds` cover.
fn clip(plan: &Plan<'_>, bounds: &[i64]) -> Range<i64> {
    let start = plan.query.start.0.max(bounds.first().copied().unwrap_or(i64::MAX));
    let end = plan.query.end.0.saturating_add(1).min(bounds.last().copied().unwrap_or(i64::MIN));
    start..end.max(start)
}

/// Days between `from` and `to` (inclusive) that have events, ascending.
fn days(table: &ReadOnlyTable<DayKey, &'static [u8]>, from: u32, to: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let mut next = Some(from);
    while let Some(day) = next {
        let floor = DayKey { day, tag: 0, camera: 0, event_type: 0 };
        let Some(entry) = table.range(floor..)?.next() else { break };
        let day = entry?.0.value().day;
        if day > to {
            break;
        }
        found.push(day);
        next = day.checked_add(1);
    }
    Ok(found)
}

/// The next day that has events after `day`, or the last one before it.
fn neighbour(
    table: &ReadOnlyTable<DayKey, &'static [u8]>,
    day: u32,
    order: Order,
) -> Result<Option<u32>> {
    let floor = |day| DayKey { day, tag: 0, camera: 0, event_type: 0 };
    let entry = match order {
        Order::Ascending => match day.checked_add(1) {
            Some(next) => table.range(floor(next)..)?.next(),
            None => None,
        },
        Order::Descending => table.range(..floor(day))?.next_back(),
    };
    Ok(entry.transpose()?.map(|(key, _)| key.value().day))
}

/// Adds what matches to `totals`, from counters. The plan must be counted.
pub(super) fn fold(tx: &ReadTx, plan: &Plan<'_>, totals: &mut Totals) -> Result<()> {
    let clip = clip(plan, &totals.bounds);
    if clip.is_empty() {
        return Ok(());
    }
    let edges = Edges::new(&totals.bounds, &clip);
    let tables =
        Tables { days: tx.tx.open_table(EVENT_COUNTS)?, minutes: tx.tx.open_table(EVENT_MINUTES)? };
    let days = days(&tables.days, day_slot(clip.start).0, day_slot(clip.end - 1).0)?;
    for (patterns, sign) in [(&plan.plus, 1), (&plan.minus, -1)] {
        for pattern in split(tx, plan, patterns, totals.group)? {
            tx.still_in_time()?;
            for day in &days {
                fold_day(tx, &tables, pattern, *day, &edges, &clip, &mut |time, count| {
                    totals.add(time, pattern.camera, pattern.event_type, sign * count);
                })?;
            }
        }
    }
    Ok(())
}

/// `patterns`, each cut into the groups that the histogram asks for.
fn split(
    tx: &ReadTx,
    plan: &Plan<'_>,
    patterns: &[Pattern],
    group: GroupBy,
) -> Result<Vec<Pattern>> {
    let fine = |p: &Pattern| match group {
        GroupBy::Nothing => true,
        GroupBy::Camera => p.camera != 0,
        GroupBy::EventType => p.event_type != 0,
    };
    if patterns.iter().all(fine) {
        return Ok(patterns.to_vec());
    }
    let tag = patterns.first().map_or(0, |p| p.tag);
    let mut parts: Vec<Pattern> = plan
        .series(tx)?
        .into_iter()
        .map(|(camera, event_type)| match group {
            GroupBy::EventType if plan.selects_all() => Pattern { tag, camera: 0, event_type },
            GroupBy::Camera if plan.selects_all() && tag == 0 => {
                Pattern { tag, camera, event_type: 0 }
            }
            _ => Pattern { tag, camera, event_type },
        })
        .collect();
    parts.sort_unstable_by_key(|p| (p.camera, p.event_type));
    parts.dedup();
    Ok(parts)
}

/// Hands out one pattern's counts of one day, each with an instant of the bucket it belongs to.
fn fold_day(
    tx: &ReadTx,
    tables: &Tables,
    pattern: Pattern,
    day: u32,
    edges: &Edges,
    clip: &Range<i64>,
    add: &mut dyn FnMut(i64, i64),
) -> Result<()> {
    let Pattern { tag, camera, event_type } = pattern;
    let Some(row) = tables.days.get(DayKey { day, tag, camera, event_type })? else {
        return Ok(());
    };
    let start = i64::from(day) * DAY_US;
    if edges.leave_whole(&(start..start + DAY_US)) {
        takes("whole day");
        if clip.contains(&start) {
            add(start, counts::total(row.value())?.cast_signed());
        }
        return Ok(());
    }
    for (slot, count) in &counts::read(row.value())?.slots {
        let start = start + i64::from(*slot) * QUARTER_US;
        let quarter = start..start + QUARTER_US;
        if edges.leave_whole(&quarter) {
            takes("whole quarter");
            if clip.contains(&start) {
                add(start, count.cast_signed());
            }
        } else if tag == 0 && camera == 0 {
            fold_minutes(tx, tables, pattern, quarter, edges, clip, add)?;
        } else {
            walk(tx, pattern, quarter, clip, add)?;
        }
    }
    Ok(())
}

fn fold_minutes(
    tx: &ReadTx,
    tables: &Tables,
    pattern: Pattern,
    quarter: Range<i64>,
    edges: &Edges,
    clip: &Range<i64>,
    add: &mut dyn FnMut(i64, i64),
) -> Result<()> {
    let hour = hour_slot(quarter.start).0;
    let key = HourKey { hour, event_type: pattern.event_type };
    let Some(row) = tables.minutes.get(key)? else { return Ok(()) };
    for (slot, count) in counts::read(row.value())?.slots {
        let start = i64::from(hour) * HOUR_US + i64::from(slot) * MINUTE_US;
        if !quarter.contains(&start) {
            continue;
        }
        let minute = start..start + MINUTE_US;
        if !edges.leave_whole(&minute) {
            walk(tx, pattern, minute, clip, add)?;
        } else if clip.contains(&start) {
            takes("whole minute");
            add(start, count.cast_signed());
        }
    }
    Ok(())
}

/// Counts one pattern's entries in `range` one by one: at most a quarter of an hour.
fn walk(
    tx: &ReadTx,
    pattern: Pattern,
    range: Range<i64>,
    clip: &Range<i64>,
    add: &mut dyn FnMut(i64, i64),
) -> Result<()> {
    let range = range.start.max(clip.start)..range.end.min(clip.end);
    if range.is_empty() {
        return Ok(());
    }
    let Pattern { tag, camera, event_type } = pattern;
    if tag != 0 {
        takes("edge by tag");
        let key = |time| TagKey { tag, time, id: 0 };
        let table = tx.tx.open_table(EVENT_TAGS)?;
        for entry in table.range(key(range.start)..key(range.end))? {
            let (key, series) = entry?;
            let series = series.value();
            if (camera == 0 || series.camera == camera)
                && (event_type == 0 || series.event_type == event_type)
            {
                add(key.value().time, 1);
            }
        }
    } else if camera == 0 {
        takes("edge by time");
        let key = |time| TimeKey { time, id: 0 };
        let table = tx.tx.open_table(EVENTS_BY_TIME)?;
        for entry in table.range(key(range.start)..key(range.end))? {
            let (key, series) = entry?;
            if event_type == 0 || series.value().event_type == event_type {
                add(key.value().time, 1);
            }
        }
    } else {
        takes("edge by series");
        let types = if event_type == 0 { tx.types_of(camera)? } else { vec![event_type] };
        let table = tx.tx.open_table(EVENTS_BY_SERIES)?;
        for event_type in types {
            let key = |time| SeriesKey { camera, event_type, time, id: 0 };
            for entry in table.range(key(range.start)..key(range.end))? {
                add(entry?.0.value().time, 1);
            }
        }
    }
    Ok(())
}

/// How many events match, from counters. The plan must be counted.
pub(super) fn total(tx: &ReadTx, plan: &Plan<'_>) -> Result<u64> {
    let bounds = [plan.query.start.0, plan.query.end.0.saturating_add(1)];
    let mut totals = Totals::new(&bounds, GroupBy::Nothing);
    fold(tx, plan, &mut totals)?;
    Ok(totals.finish().buckets[0])
}

/// Counts of the equal steps from `range.start` to `range.end`.
fn steps(tx: &ReadTx, plan: &Plan<'_>, range: Range<i64>, step: i64) -> Result<Vec<(i64, u64)>> {
    let count = (range.end - range.start) / step;
    let bounds: Vec<i64> = (0..=count).map(|n| range.start + n * step).collect();
    between(tx, plan, &bounds)
}

/// Start and count of what lies between each two neighbours of `bounds`.
fn between(tx: &ReadTx, plan: &Plan<'_>, bounds: &[i64]) -> Result<Vec<(i64, u64)>> {
    let mut totals = Totals::new(bounds, GroupBy::Nothing);
    fold(tx, plan, &mut totals)?;
    Ok(bounds.iter().copied().zip(totals.finish().buckets).collect())
}

/// Where to start a walk that leaves out `skip` matches, and how many it must still leave out.
/// `None` if there are no more than `skip`.
///
/// Cost: that of a total, and two rows more; then the walk is within a quarter of an hour, or within
/// a minute where no camera and no tag is asked for.
pub(super) fn seek(
    tx: &ReadTx,
    plan: &Plan<'_>,
    order: Order,
    mut skip: u64,
) -> Result<Option<(Place, u64)>> {
    takes("seek");
    let mut skip_to = |mut list: Vec<(i64, u64)>| {
        if order == Order::Descending {
            list.reverse();
        }
        for (start, count) in list {
            if skip < count {
                return Some((start, skip));
            }
            skip -= count;
        }
        None
    };
    let table = tx.tx.open_table(EVENT_COUNTS)?;
    let all = days(&table, day_slot(plan.query.start.0).0, day_slot(plan.query.end.0).0)?;
    let starts = all.iter().map(|day| i64::from(*day) * DAY_US);
    let mut bounds: Vec<i64> = starts.flat_map(|start| [start, start + DAY_US]).collect();
    bounds.dedup();
    let Some((mut start, mut rest)) = skip_to(between(tx, plan, &bounds)?) else { return Ok(None) };
    let mut width = DAY_US;
    let by_minute = plan.plus.iter().chain(&plan.minus).all(|p| p.tag == 0 && p.camera == 0);
    for step in if by_minute { &[QUARTER_US, MINUTE_US][..] } else { &[QUARTER_US] } {
        let list = steps(tx, plan, start..start + width, *step)?;
        let Some(found) = skip_to(list) else { break };
        (start, rest) = found;
        width = *step;
    }
    Ok(Some((edge(order, start, width), rest)))
}

/// The place just before the first entry of `start..start + width`, in walking order.
fn edge(order: Order, start: i64, width: i64) -> Place {
    match order {
        Order::Ascending => Place { time: Timestamp(start - 1), id: EventId(u64::MAX) },
        Order::Descending => Place { time: Timestamp(start + width), id: EventId(0) },
    }
}

/// Where to go on when all near `time` is left out by its tag: `None` if its quarter hour holds a
/// match, else the place before the next quarter that does (`Some(None)` if there is none).
#[expect(clippy::option_option, reason = "stay, go on there, or stop: told apart by the caller")]
pub(super) fn skip_empty(
    tx: &ReadTx,
    plan: &Plan<'_>,
    order: Order,
    time: i64,
) -> Result<Option<Option<Place>>> {
    let quarter = time.div_euclid(QUARTER_US) * QUARTER_US;
    if steps(tx, plan, quarter..quarter + QUARTER_US, QUARTER_US)?[0].1 > 0 {
        return Ok(None);
    }
    let table = tx.tx.open_table(EVENT_COUNTS)?;
    let edges = day_slot(plan.query.start.0).0..=day_slot(plan.query.end.0).0;
    let today = day_slot(time).0;
    let mut next = Some(today);
    while let Some(day) = next.filter(|day| edges.contains(day)) {
        tx.still_in_time()?;
        next = neighbour(&table, day, order)?;
        let start = i64::from(day) * DAY_US;
        if day != today && steps(tx, plan, start..start + DAY_US, DAY_US)?[0].1 == 0 {
            continue;
        }
        let mut quarters = steps(tx, plan, start..start + DAY_US, QUARTER_US)?;
        if order == Order::Descending {
            quarters.reverse();
        }
        let ahead = |start: i64| match order {
            Order::Ascending => start > quarter,
            Order::Descending => start < quarter,
        };
        if let Some((start, _)) = quarters.into_iter().find(|(s, n)| *n > 0 && ahead(*s)) {
            return Ok(Some(Some(edge(order, start, QUARTER_US))));
        }
    }
    Ok(Some(None))
}

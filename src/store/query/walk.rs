//! Walking an index in order of time, past what a query leaves out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use redb::{Range, ReadOnlyTable};

use crate::domain::filter::{Order, Place};
use crate::domain::time::QUARTER_US;
use crate::domain::{EventId, Timestamp};
use crate::store::error::Result;
use crate::store::key::{PICTURE_READY, Series, SeriesKey, TagKey, TimeKey};
use crate::store::read::{ReadTx, StoredEvent};
use crate::store::tables::{EVENT_TAGS, EVENTS_BY_SERIES, EVENTS_BY_TIME};

use super::plan::Plan;
use super::{CLOCK_EVERY, count, takes};

/// Up to this many series are merged at once; of more, the time index is tried first.
const MERGE_AT_ONCE: usize = if cfg!(test) { 3 } else { 16 };
/// Entries of other series that a walk of the time index may pass, and for each one it takes.
const PASS_FREE: u64 = if cfg!(test) { 4 } else { 512 };
const PASS_PER_TAKEN: u64 = if cfg!(test) { 1 } else { 32 };
/// Entries in a row that a tag leaves out, before counters are asked where to go on.
const LEFT_OUT_MAX: u32 = if cfg!(test) { 3 } else { 128 };

/// An index entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub time: i64,
    pub id: u64,
    pub series: Series,
}

impl Entry {
    pub fn of(event: &StoredEvent) -> Self {
        let series = Series { camera: event.camera.0, event_type: event.event_type.0 };
        Self { time: event.order_time.0, id: event.id.0, series }
    }

    pub fn place(&self) -> Place {
        Place { time: Timestamp(self.time), id: EventId(self.id) }
    }
}

/// One index's run of entries.
enum Run {
    Time(Range<'static, TimeKey, Series>),
    Series(Series, Range<'static, SeriesKey, ()>),
    Tag(Range<'static, TagKey, Series>),
}

impl Run {
    fn next(&mut self, order: Order) -> Result<Option<Entry>> {
        /// The next item, from the end that `order` starts at.
        fn step<I: DoubleEndedIterator>(iter: &mut I, order: Order) -> Option<I::Item> {
            match order {
                Order::Ascending => iter.next(),
                Order::Descending => iter.next_back(),
            }
        }
        Ok(match self {
            Self::Time(range) => match step(range, order).transpose()? {
                Some((key, series)) => {
                    let key = key.value();
                    Some(Entry { time: key.time, id: key.id, series: series.value() })
                }
                None => None,
            },
            Self::Series(series, range) => match step(range, order).transpose()? {
                Some((key, _)) => {
                    let key = key.value();
                    Some(Entry { time: key.time, id: key.id, series: *series })
                }
                None => None,
            },
            Self::Tag(range) => match step(range, order).transpose()? {
                Some((key, series)) => {
                    let key = key.value();
                    Some(Entry { time: key.time, id: key.id, series: series.value() })
                }
                None => None,
            },
        })
    }
}

/// Where entries come from.
#[expect(clippy::large_enum_variant, reason = "a read has one or two")]
enum Source {
    /// One run.
    One(Run),
    /// Several, merged; an entry in more than one comes once.
    Merged {
        runs: Vec<Run>,
        rising: BinaryHeap<Reverse<(Entry, usize)>>,
        falling: BinaryHeap<(Entry, usize)>,
        last: Option<u64>,
    },
}

/// A walk of what matches (rows not looked at), in order.
pub(super) struct Walk<'p, 'q> {
    tx: &'p ReadTx,
    plan: &'p Plan<'q>,
    order: Order,
    source: Source,
    /// The source is the time index, which holds other series too.
    mixed: bool,
    tags: ReadOnlyTable<TagKey, Series>,
    taken: u64,
    passed: u64,
    left_out: u32,
    /// Quarter hour known to hold a match: not to be asked for again.
    kept_quarter: Option<i64>,
    until_clock: usize,
}

impl<'p, 'q> Walk<'p, 'q> {
    /// Starts behind `from`, or at the range's edge.
    pub fn open(
        tx: &'p ReadTx,
        plan: &'p Plan<'q>,
        order: Order,
        from: Option<Place>,
    ) -> Result<Self> {
        let mut walk = Self {
            tx,
            plan,
            order,
            source: Source::One(Run::Time(empty(tx)?)),
            mixed: false,
            tags: tx.tx.open_table(EVENT_TAGS)?,
            taken: 0,
            passed: 0,
            left_out: 0,
            kept_quarter: None,
            until_clock: CLOCK_EVERY,
        };
        walk.restart(from)?;
        Ok(walk)
    }

    fn restart(&mut self, from: Option<Place>) -> Result<()> {
        let Some(span) = Span::new(self.plan, self.order, from) else {
            self.mixed = false;
            self.source = Source::One(Run::Time(empty(self.tx)?));
            return Ok(());
        };
        self.mixed = false;
        if !self.plan.tags_any.is_empty() {
            takes("tag runs");
            let mut runs = Vec::new();
            for tag in &self.plan.tags_any {
                runs.push(Run::Tag(self.tags.range(span.tag(*tag))?));
            }
            return self.merge(runs);
        }
        if !self.plan.selects_all() {
            let series = self.plan.series(self.tx)?;
            if series.len() <= MERGE_AT_ONCE || self.passed > 0 {
                return self.merge_series(&series, &span);
            }
            takes("mixed time index");
            self.mixed = true;
        }
        let table = self.tx.tx.open_table(EVENTS_BY_TIME)?;
        self.source = Source::One(Run::Time(table.range(span.time())?));
        Ok(())
    }

    fn merge_series(&mut self, series: &[(u32, u16)], span: &Span) -> Result<()> {
        takes("series runs");
        let table = self.tx.tx.open_table(EVENTS_BY_SERIES)?;
        let mut runs = Vec::with_capacity(series.len());
        for (camera, event_type) in series {
            let series = Series { camera: *camera, event_type: *event_type };
            runs.push(Run::Series(series, table.range(span.series(series))?));
        }
        self.merge(runs)
    }

    fn merge(&mut self, mut runs: Vec<Run>) -> Result<()> {
        if runs.len() == 1 {
            self.source = Source::One(runs.remove(0));
            return Ok(());
        }
        let (mut rising, mut falling) = (BinaryHeap::new(), BinaryHeap::new());
        for (at, run) in runs.iter_mut().enumerate() {
            if let Some(entry) = run.next(self.order)? {
                match self.order {
                    Order::Ascending => rising.push(Reverse((entry, at))),
                    Order::Descending => falling.push((entry, at)),
                }
            }
        }
        self.source = Source::Merged { runs, rising, falling, last: None };
        Ok(())
    }

    /// The next match.
    pub fn next(&mut self) -> Result<Option<Entry>> {
        while let Some(entry) = self.source.next(self.order)? {
            self.until_clock -= 1;
            if self.until_clock == 0 {
                self.tx.still_in_time()?;
                self.until_clock = CLOCK_EVERY;
            }
            if !self.plan.selects(entry.series) {
                self.passed += 1;
                if self.mixed && self.passed > PASS_FREE + PASS_PER_TAKEN * self.taken {
                    takes("from the time index to series");
                    self.restart(Some(entry.place()))?;
                }
                continue;
            }
            if !self.plan.accepts_id(entry.id) {
                continue;
            }
            if self.plan.with_picture && !self.has_tag(PICTURE_READY, entry)? {
                continue;
            }
            if self.has_unwanted_tag(entry)? {
                self.left_out += 1;
                if self.left_out >= LEFT_OUT_MAX && !self.jump(entry)? {
                    return Ok(None);
                }
                continue;
            }
            self.left_out = 0;
            self.taken += 1;
            return Ok(Some(entry));
        }
        Ok(None)
    }

    fn has_unwanted_tag(&self, entry: Entry) -> Result<bool> {
        for tag in &self.plan.tags_none {
            if self.has_tag(*tag, entry)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_tag(&self, tag: u32, entry: Entry) -> Result<bool> {
        let key = TagKey { tag, time: entry.time, id: entry.id };
        Ok(redb::ReadableTable::get(&self.tags, key)?.is_some())
    }

    /// Skips quarters of an hour that hold nothing untagged. `false` if nothing is left at all.
    fn jump(&mut self, entry: Entry) -> Result<bool> {
        let quarter = entry.time.div_euclid(QUARTER_US);
        if self.kept_quarter == Some(quarter) || self.plan.minus.is_empty() {
            return Ok(true);
        }
        self.left_out = 0;
        match count::skip_empty(self.tx, self.plan, self.order, entry.time)? {
            None => {
                takes("stay in the quarter");
                self.kept_quarter = Some(quarter);
            }
            Some(None) => {
                takes("stop: all is tagged");
                return Ok(false);
            }
            Some(Some(place)) => {
                takes("jump over what is tagged");
                self.restart(Some(place))?;
            }
        }
        Ok(true)
    }
}

impl Source {
    fn next(&mut self, order: Order) -> Result<Option<Entry>> {
        let (runs, rising, falling, last) = match self {
            Self::One(run) => return run.next(order),
            Self::Merged { runs, rising, falling, last } => (runs, rising, falling, last),
        };
        loop {
            let top = match order {
                Order::Ascending => rising.pop().map(|Reverse(top)| top),
                Order::Descending => falling.pop(),
            };
            let Some((entry, at)) = top else { return Ok(None) };
            if let Some(next) = runs[at].next(order)? {
                match order {
                    Order::Ascending => rising.push(Reverse((next, at))),
                    Order::Descending => falling.push((next, at)),
                }
            }
            if last.replace(entry.id) != Some(entry.id) {
                return Ok(Some(entry));
            }
        }
    }
}

/// The inclusive bounds of a walk.
struct Span {
    low: (i64, u64),
    high: (i64, u64),
}

impl Span {
    fn new(plan: &Plan<'_>, order: Order, from: Option<Place>) -> Option<Self> {
        let mut low = (plan.query.start.0, 0);
        let mut high = (plan.query.end.0, u64::MAX);
        if let Some(from) = from {
            let (time, id) = (from.time.0, from.id.0);
            match order {
                Order::Ascending => low = low.max(after(time, id)?),
                Order::Descending => high = high.min(before(time, id)?),
            }
        }
        (low <= high).then_some(Self { low, high })
    }

    fn time(&self) -> std::ops::RangeInclusive<TimeKey> {
        let key = |(time, id)| TimeKey { time, id };
        key(self.low)..=key(self.high)
    }

    fn series(&self, series: Series) -> std::ops::RangeInclusive<SeriesKey> {
        let Series { camera, event_type } = series;
        let key = |(time, id)| SeriesKey { camera, event_type, time, id };
        key(self.low)..=key(self.high)
    }

    fn tag(&self, tag: u32) -> std::ops::RangeInclusive<TagKey> {
        let key = |(time, id)| TagKey { tag, time, id };
        key(self.low)..=key(self.high)
    }
}

fn after(time: i64, id: u64) -> Option<(i64, u64)> {
    id.checked_add(1).map(|id| (time, id)).or_else(|| Some((time.checked_add(1)?, 0)))
}

fn before(time: i64, id: u64) -> Option<(i64, u64)> {
    id.checked_sub(1).map(|id| (time, id)).or_else(|| Some((time.checked_sub(1)?, u64::MAX)))
}

fn empty(tx: &ReadTx) -> Result<Range<'static, TimeKey, Series>> {
    let key = TimeKey { time: i64::MAX, id: u64::MAX };
    Ok(tx.tx.open_table(EVENTS_BY_TIME)?.range(key..key)?)
}

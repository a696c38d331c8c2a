//! What some settings of retention would delete now, before they are set.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Retention, cutoff, rules};
use crate::domain::retention::Rule;
use crate::domain::setting::{Key, Value};
use crate::domain::{CameraId, EventId, EventTypeId, Timestamp};
use crate::service::access::{Action, Caller};
use crate::service::clock_watch::BUILT;
use crate::service::error::{Error, Result};
use crate::service::retention::rules::Ages;
use crate::store::{Cutoffs, Query, ReadTx, Selection};

/// Longest time that a preview counts one by one.
const COUNT_MAX: Duration = Duration::from_secs(1);
/// Events that a preview looks at between two looks at the clock.
const COUNT_STEP: usize = 10_000;

/// Settings and rules to try; as they are set where nothing is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// See `retention.days`.
    pub days: Option<u64>,
    /// See `retention.max_bytes`.
    pub max_bytes: Option<u64>,
    /// See `retention.room_percent`.
    pub room_percent: Option<u64>,
    /// Rules for single cameras and types, all there would be.
    pub rules: Option<Vec<Rule>>,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Days that were asked about.
    pub days: u64,
    /// Events that arrived before go, unless a rule says otherwise.
    pub cutoff: Timestamp,
    /// How many go in all.
    pub count: u64,
    /// Of these, those that were kept long enough.
    pub by_age: u64,
    /// How many of the oldest would have to go for the database's size, about.
    pub by_size: u64,
    /// How many of the oldest would have to go to make room, about.
    pub by_room: u64,
    /// Whether those that go for their age were counted one by one; else their own times were asked instead
    /// of arrivals.
    pub exact: bool,
    /// Arrival of the first of them.
    pub oldest: Option<Timestamp>,
    /// Arrival of the last, if it was found.
    pub newest: Option<Timestamp>,
}

/// Events that go for their age.
#[derive(Default)]
struct Aged {
    count: u64,
    exact: bool,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
}

impl Retention {
    /// What these settings and rules would delete now. Deletes nothing. One counts at a time, the others wait.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], those of [`Self::set_rules`], and the store's.
    pub async fn preview(&self, caller: &Caller, asked: Asked) -> Result<Preview> {
        caller.may(Action::Manage)?;
        let catalogue = self.core.catalogue();
        let take = |key: Key, given: Option<u64>, name: &str| -> Result<u64> {
            let value = match given {
                None => catalogue.settings.value(key).clone(),
                Some(number) => Value::Integer(number),
            };
            match key.setting().check(value) {
                Ok(Value::Integer(number)) => Ok(number),
                Ok(_) => Ok(0),
                Err(what) => Err(Error::BadParameter(format!("{name}: {what}"))),
            }
        };
        let days = take(Key::RetentionDays, asked.days, "days")?;
        let max_bytes = take(Key::RetentionMaxBytes, asked.max_bytes, "max_bytes")?;
        let percent = take(Key::RetentionRoomPercent, asked.room_percent, "room_percent")?;
        let now = self.core.clock.now();
        let rules = asked.rules.as_deref().unwrap_or(&catalogue.rules);
        rules::check(rules)?;
        let ages = Ages::new(&catalogue, rules, days, now);
        let cutoff = if days == 0 { Timestamp::MIN } else { cutoff(now, days) };
        let core = std::sync::Arc::clone(&self.core);
        let alone = std::sync::Arc::clone(&self.previewing).lock_owned().await;
        self.core
            .read(move |tx| {
                let total = tx.count(&Query::all())?;
                let old = ages.map_or(Ok(Aged { exact: true, ..Aged::default() }), |ages| {
                    count_aged(tx, &ages)
                })?;
                let figures = core.store.room();
                let each = (figures.used / total.max(1)).max(1);
                let for_bytes = |bytes: u64| bytes.div_ceil(each).min(total);
                let by_size = match max_bytes {
                    0 => 0,
                    most => for_bytes(figures.used.saturating_sub(most)),
                };
                let wanted = figures.disk_total / 100 * percent;
                let by_room = for_bytes(wanted.saturating_sub(figures.room));
                let (by_age, others) = (old.count, by_size.max(by_room));
                // The oldest go, whatever for.
                let (mut oldest, mut newest) = (old.oldest, old.newest);
                if others > by_age {
                    oldest = tx.oldest(EventId(0), 1)?.first().map(|(_, arrival)| *arrival);
                    let at_once = usize::try_from(others).unwrap_or(usize::MAX);
                    newest = None;
                    if at_once <= COUNT_STEP {
                        newest = tx.oldest(EventId(0), at_once)?.last().map(|(_, at)| *at);
                    }
                }
                let (count, exact) = (by_age.max(others), old.exact);
                drop(alone); // it counts on even if whoever asked is gone
                Ok(Preview { days, cutoff, count, by_age, by_size, by_room, exact, oldest, newest })
            })
            .await
    }
}

fn count_aged(tx: &ReadTx, ages: &Ages) -> Result<Aged> {
    let deadline = Instant::now() + COUNT_MAX;
    let of = |camera, event_type| ages.of(camera, event_type);
    let cutoffs = Cutoffs { of: &of, latest: ages.latest() };
    let mut found = Aged { exact: true, ..Aged::default() };
    let mut next = Some(EventId(0));
    while let Some(after) = next {
        let step = tx.arrived_before(&cutoffs, BUILT, after, COUNT_STEP, deadline)?;
        found.count += step.events.len() as u64;
        let arrivals = || step.events.iter().map(|(_, arrival)| *arrival);
        found.oldest = found.oldest.or_else(|| arrivals().next());
        found.newest = arrivals().next_back().or(found.newest);
        next = step.next;
        if next.is_some() && Instant::now() > deadline {
            let counted = match count_by_own_time(tx, ages) {
                Err(Error::Overloaded(_)) => 0, // what was found is the least
                counted => counted?,
            };
            found.count = counted.max(found.count);
            (found.exact, found.newest) = (false, None);
            break;
        }
    }
    Ok(found)
}

/// How many events go if each arrived when its sender says: from counters, one question for all and two for
/// each age that rules give.
pub(super) fn count_by_own_time(tx: &ReadTx, ages: &Ages) -> Result<u64> {
    let before = |selection: Selection, cutoff: Timestamp| match cutoff {
        Timestamp::MIN => Ok(0),
        _ => tx.count(&Query { selection, end: Timestamp(cutoff.0 - 1), ..Query::all() }),
    };
    let mut count = before(Selection::All, ages.rest())?;
    if ages.is_plain() {
        return Ok(count);
    }
    let mut series: BTreeMap<Timestamp, Vec<(CameraId, EventTypeId)>> = BTreeMap::new();
    for (camera, event_type) in tx.all_series()? {
        let (camera, event_type) = (CameraId(camera), EventTypeId(event_type));
        let cutoff = ages.of(camera, event_type);
        if cutoff != ages.rest() {
            series.entry(cutoff).or_default().push((camera, event_type));
        }
    }
    for (cutoff, alike) in series {
        let as_the_rest = before(Selection::Series(alike.clone()), ages.rest())?;
        count = count.saturating_sub(as_the_rest) + before(Selection::Series(alike), cutoff)?;
    }
    Ok(count)
}

//! Proves that rows, indexes and counters say the same: `watchpost check`.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::apply::attachment_number;
use super::counts::{self, Deltas};
use super::error::Result;
use super::key::{DayKey, HourKey, SeriesKey, TagKey, TimeKey};
use super::read::{ReadTx, damaged_rows};
use super::row::{self, EventRow};
use super::tables::{
    EVENT_COUNTS, EVENT_MINUTES, EVENT_TAGS, EVENTS, EVENTS_BY_SERIES, EVENTS_BY_TIME, SERIES,
};
use crate::domain::{Attached, Attachment, Meta};

/// Problems that are described; further ones are only counted.
const DESCRIBED_MAX: usize = 20;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Event rows read.
    pub events: u64,
    /// Index entries read.
    pub index_entries: u64,
    /// Counter rows compared.
    pub counter_rows: u64,
    /// Entries of the audit trail followed.
    pub audit_entries: u64,
    /// Files of pictures read.
    pub pictures: u64,
    /// Metadata files read.
    pub filemeta: u64,
    /// CRC-32C over all event rows in order of id, to compare two databases.
    pub checksum: u32,
    /// How many things are wrong.
    pub problem_count: u64,
    /// The first of them, described.
    pub problems: Vec<String>,
}

impl Report {
    pub(super) fn problem(&mut self, what: impl FnOnce() -> String) {
        self.problem_count += 1;
        if self.problems.len() < DESCRIBED_MAX {
            self.problems.push(what());
        }
    }
}

impl ReadTx {
    /// Reads everything about events and the audit trail, and compares it. Holds its snapshot as long as it takes.
    ///
    /// Cost: memory for one counter row per day, camera, type and tag; time for the whole database.
    pub fn check(&self) -> Result<Report> {
        let mut report = Report::default();
        let by_time = self.tx.open_table(EVENTS_BY_TIME)?;
        let by_series = self.tx.open_table(EVENTS_BY_SERIES)?;
        let by_tag = self.tx.open_table(EVENT_TAGS)?;
        let known = self.tx.open_table(SERIES)?;
        let mut expected = Expected::default();
        let (mut times, mut tags) = (0, 0);
        for entry in self.tx.open_table(EVENTS)?.iter()? {
            let (id, value) = entry?;
            let (id, bytes) = (id.value(), value.value());
            report.events += 1;
            report.checksum = crc32c::crc32c_append(report.checksum, bytes);
            let Ok(EventRow::V1(row)) = row::decode(id, bytes) else {
                report.problem(|| format!("event {id}: its row is damaged"));
                continue;
            };
            let time = row.order_time.unwrap_or(row.time);
            let series = super::key::Series { camera: row.camera, event_type: row.event_type };
            let (camera, event_type) = (row.camera, row.event_type);
            times += 1;
            if by_time.get(TimeKey { time, id })?.map(|v| v.value()) != Some(series) {
                report.problem(|| format!("event {id}: not in the time index"));
            }
            if by_series.get(SeriesKey { camera, event_type, time, id })?.is_none() {
                report.problem(|| format!("event {id}: not in the series index"));
            }
            if known.get(series)?.is_none() {
                report.problem(|| format!("event {id}: its series is not listed"));
            }
            expected.event(time, camera, event_type);
            let mut numbers = Vec::new();
            let attached = Attached::from_number(row.attached);
            for of in Attachment::ALL {
                let number = attachment_number(of, attached.state(of));
                numbers.extend(number.map(|number| (number, format!("({})", of.noun()))));
            }
            for (tag, _) in Meta::from_stored(row.meta).pairs() {
                numbers.push((self.tag_number(&tag)?.unwrap_or(0), tag));
            }
            for (number, tag) in numbers {
                tags += 1;
                let found = by_tag.get(TagKey { tag: number, time, id })?.map(|v| v.value());
                if found != Some(series) {
                    report.problem(|| format!("event {id}: tag {tag:?} is not in the tag index"));
                }
                expected.tag(number, time, camera, event_type);
            }
        }
        for (name, found, wanted) in [
            ("time index", count(&by_time)?, times),
            ("series index", count(&by_series)?, times),
            ("tag index", count(&by_tag)?, tags),
        ] {
            report.index_entries += found;
            if found != wanted {
                report.problem(|| format!("the {name} has {found} entries instead of {wanted}"));
            }
        }
        self.check_counters(&mut report, expected)?;
        let before = damaged_rows();
        let names = self.type_names()?;
        let rows = self.cameras()?.len() + self.credentials()?.len() + self.users()?.len();
        let _rows = rows + self.event_types(&names)?.len() + self.sessions()?.len();
        for _ in before..damaged_rows() {
            report.problem(|| "a row of a camera, type, credential or user is damaged".to_owned());
        }
        let trail = self.follow_audit(None, usize::MAX)?;
        report.audit_entries = trail.entries;
        if let Some(problem) = trail.problem {
            report.problem(|| problem);
        }
        Ok(report)
    }

    fn check_counters(&self, report: &mut Report, mut expected: Expected) -> Result<()> {
        for entry in self.tx.open_table(EVENT_COUNTS)?.iter()? {
            let (key, value) = entry?;
            let wanted = expected.days.remove(&key.value()).unwrap_or_default();
            compare(report, &format!("{:?}", key.value()), value.value(), &wanted);
        }
        for entry in self.tx.open_table(EVENT_MINUTES)?.iter()? {
            let (key, value) = entry?;
            let wanted = expected.hours.remove(&key.value()).unwrap_or_default();
            compare(report, &format!("{:?}", key.value()), value.value(), &wanted);
        }
        for key in expected.days.keys() {
            report.problem(|| format!("no counter row {key:?}"));
        }
        for key in expected.hours.keys() {
            report.problem(|| format!("no counter row {key:?}"));
        }
        Ok(())
    }
}

fn compare(report: &mut Report, key: &str, bytes: &[u8], wanted: &BTreeMap<u8, u64>) {
    report.counter_rows += 1;
    let same = counts::read(bytes).is_ok_and(|row| {
        row.total == wanted.values().sum::<u64>()
            && row.slots.iter().copied().eq(wanted.iter().map(|(slot, count)| (*slot, *count)))
    });
    if !same {
        report.problem(|| format!("counter row {key} is wrong"));
    }
}

fn count<K: redb::Key + 'static, V: redb::Value + 'static>(
    table: &redb::ReadOnlyTable<K, V>,
) -> Result<u64> {
    Ok(redb::ReadableTableMetadata::len(table)?)
}

/// Counters as the rows say they should be.
#[derive(Default)]
struct Expected {
    days: BTreeMap<DayKey, BTreeMap<u8, u64>>,
    hours: BTreeMap<HourKey, BTreeMap<u8, u64>>,
}

impl Expected {
    fn event(&mut self, time: i64, camera: u32, event_type: u16) {
        let mut deltas = Deltas::default();
        deltas.event(time, camera, event_type, 1);
        self.take(&deltas);
    }

    fn tag(&mut self, tag: u32, time: i64, camera: u32, event_type: u16) {
        let mut deltas = Deltas::default();
        deltas.tag(tag, time, camera, event_type, 1);
        self.take(&deltas);
    }

    fn take(&mut self, deltas: &Deltas) {
        for (key, slot) in deltas.day_slots() {
            *self.days.entry(key).or_default().entry(slot).or_default() += 1;
        }
        for (key, slot) in deltas.hour_slots() {
            *self.hours.entry(key).or_default().entry(slot).or_default() += 1;
        }
    }
}

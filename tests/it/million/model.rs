//! A million events by formula, and what the server must say of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Days, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use serde_json::json;

use crate::raw::Raw;

pub const CAMERAS: usize = 100;
pub const EVENTS: usize = 1_000_000;
/// The first three come with every camera.
pub const NAMES: [&str; 8] =
    ["motion", "net", "snapshot", "person", "vehicle", "line_crossing", "sound", "door_open"];
/// 2025-10-10T00:00:00Z: in the 30 days from here, Berlin has one day of 25 hours.
const FIRST_S: i64 = 1_760_054_400;
const SPAN_S: i64 = 30 * 86_400;
const BULK: usize = 1_000;
/// Connections that load at once.
const LOADERS: usize = 4;

#[derive(Clone, Copy)]
struct Row {
    id: u64,
    /// From 1.
    camera: usize,
    name: usize,
    time_s: i64,
    person: bool,
    car: bool,
}

/// What is asked; an empty list is any.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub cameras: Vec<usize>,
    pub names: Vec<usize>,
    pub start_s: Option<i64>,
    pub end_s: Option<i64>,
    pub any: Option<&'static str>,
    pub none: Option<&'static str>,
}

/// The events, in the order of their numbers.
pub struct Model(Vec<Row>);

impl Row {
    /// The event with this number; the same in every run.
    fn new(number: usize) -> Self {
        let mut mixed = (number as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^= mixed >> 32;
        let mut take = |below: u64| {
            let part = mixed % below;
            mixed /= below;
            part
        };
        let mut pick = |below: usize| usize::try_from(take(below as u64)).unwrap();
        let (camera, name) = (pick(CAMERAS) + 1, pick(NAMES.len()));
        // As cameras send: in order of time, but for some that come up to two hours late.
        let late = if take(8) == 0 { i64::try_from(take(7_200)).unwrap() } else { 0 };
        let now = i64::try_from(number).unwrap() * SPAN_S / i64::try_from(EVENTS).unwrap();
        let time_s = FIRST_S + (now - late).max(0);
        Self { id: 0, camera, name, time_s, person: take(10) == 0, car: take(20) == 0 }
    }

    fn write(&self, out: &mut String) {
        let (camera, name, time) = (self.camera, NAMES[self.name], form(self.time_s));
        let meta = match (self.person, self.car) {
            (false, false) => "",
            (true, false) => r#","meta":{"Person":"1"}"#,
            (false, true) => r#","meta":{"Car":"1"}"#,
            (true, true) => r#","meta":{"Person":"1","Car":"2"}"#,
        };
        write!(out, r#"{{"camid":{camera},"name":"{name}","time":"{time}"{meta}}}"#).unwrap();
    }

    fn has(&self, tag: &str) -> bool {
        if tag == "Person" { self.person } else { self.car }
    }

    fn matches(&self, query: &Query) -> bool {
        (query.cameras.is_empty() || query.cameras.contains(&self.camera))
            && (query.names.is_empty() || query.names.contains(&self.name))
            && query.start_s.is_none_or(|start| self.time_s >= start)
            && query.end_s.is_none_or(|end| self.time_s <= end)
            && query.any.is_none_or(|tag| self.has(tag))
            && query.none.is_none_or(|tag| !self.has(tag))
    }
}

impl Model {
    /// Adds the cameras and their types and stores every event.
    pub fn load(base: &str, key: &str) -> Self {
        let mut raw = Raw::connect(base).unwrap();
        let mut post = |path: &str, body: &serde_json::Value| {
            raw.request("POST", path, key, &body.to_string()).unwrap().ok(201)
        };
        for camera in 1..=CAMERAS {
            let added = post("/api/v3/channels/", &json!({ "name": format!("cam {camera}") }));
            assert_eq!(added["id"], camera);
            for name in &NAMES[3..] {
                let path = format!("/api/v2/cameras/{camera}/event_processing/events/");
                post(&path, &json!({ "name": name }));
            }
        }
        let next = AtomicUsize::new(0);
        let mut rows: Vec<Row> = std::thread::scope(|scope| {
            let load = || load(base, key, &next);
            let loaders: Vec<_> = (0..LOADERS).map(|_| scope.spawn(load)).collect();
            loaders.into_iter().flat_map(|loader| loader.join().unwrap()).collect()
        });
        rows.sort_unstable_by_key(|row| row.id);
        assert!(rows.windows(2).all(|pair| pair[0].id < pair[1].id), "an id was given twice");
        Self(rows)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn matching<'m>(&'m self, query: &'m Query) -> impl Iterator<Item = &'m Row> {
        self.0.iter().filter(|row| row.matches(query))
    }

    pub fn count(&self, query: &Query) -> u64 {
        self.matching(query).count() as u64
    }

    /// Ids of what matches, by time and then id.
    pub fn ids_by_time(&self, query: &Query) -> Vec<u64> {
        let mut found: Vec<_> = self.matching(query).map(|row| (row.time_s, row.id)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Local days that hold a match, with their starts as the server writes them.
    pub fn days(&self, query: &Query, zone: Tz) -> Vec<(String, u64)> {
        // The offset per second is looked up once an hour: zones change on whole hours of UTC here.
        let mut offsets = BTreeMap::new();
        let mut days = BTreeMap::new();
        for row in self.matching(query) {
            let offset = *offsets.entry(row.time_s.div_euclid(1_800)).or_insert_with(|| {
                let at = DateTime::from_timestamp(row.time_s, 0).unwrap();
                i64::from(at.with_timezone(&zone).offset().fix().local_minus_utc())
            });
            *days.entry((row.time_s + offset).div_euclid(86_400)).or_insert(0) += 1;
        }
        let epoch = DateTime::from_timestamp(0, 0).unwrap().date_naive();
        let start = |day: i64| {
            let date = epoch + Days::new(u64::try_from(day).unwrap());
            let start = zone.from_local_datetime(&date.and_time(NaiveTime::MIN)).unwrap();
            start.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
        };
        days.into_iter().map(|(day, count)| (start(day), count)).collect()
    }
}

/// Stores bulks until none is left; gives the events with their ids.
fn load(base: &str, key: &str, next: &AtomicUsize) -> Vec<Row> {
    let mut raw = Raw::connect(base).unwrap();
    let mut loaded = Vec::new();
    loop {
        let first = next.fetch_add(BULK, Ordering::Relaxed);
        if first >= EVENTS {
            return loaded;
        }
        let mut rows: Vec<Row> = (first..(first + BULK).min(EVENTS)).map(Row::new).collect();
        let mut body = String::with_capacity(rows.len() * 100);
        for row in &rows {
            body.push(if body.is_empty() { '[' } else { ',' });
            row.write(&mut body);
        }
        body.push(']');
        let answer = raw.request("POST", "/api/v2/storage/events/bulk/", key, &body).unwrap();
        let answer = answer.ok(200);
        assert_eq!(answer["created"], rows.len(), "{answer}");
        for (row, stored) in rows.iter_mut().zip(answer["objects"].as_array().unwrap()) {
            row.id = stored["id"].as_u64().unwrap();
        }
        loaded.extend(rows);
    }
}

impl Query {
    /// Camera × type × time range × tags, each sometimes left open.
    pub fn random(random: &mut fastrand::Rng) -> Self {
        let mut some = |most: usize, all: usize| -> Vec<usize> {
            (0..random.usize(..=most)).map(|_| random.usize(..all)).collect()
        };
        let cameras = some(3, CAMERAS).into_iter().map(|index| index + 1).collect();
        let mut query = Self { cameras, names: some(3, NAMES.len()), ..Self::default() };
        let mut moments = [random.i64(0..SPAN_S), random.i64(0..SPAN_S)];
        moments.sort_unstable();
        query.start_s = random.bool().then_some(FIRST_S + moments[0]);
        query.end_s = random.bool().then_some(FIRST_S + moments[1]);
        query.any = [None, None, Some("Person"), Some("Car")][random.usize(..4)];
        query.none = [None, None, Some("Person"), Some("Car")][random.usize(..4)];
        query
    }

    /// As parameters, each with `&` before it.
    pub fn text(&self) -> String {
        let list = |name: &str, values: Vec<String>| {
            if values.is_empty() { String::new() } else { format!("&{name}={}", values.join(",")) }
        };
        let one = |value: Option<String>| value.into_iter().collect::<Vec<_>>();
        [
            list("camid", self.cameras.iter().map(usize::to_string).collect()),
            list("events", self.names.iter().map(|name| NAMES[*name].to_owned()).collect()),
            list("start", one(self.start_s.map(form))),
            list("end", one(self.end_s.map(form))),
            list("meta", one(self.any.map(str::to_owned))),
            list("meta_not", one(self.none.map(str::to_owned))),
        ]
        .concat()
    }
}

/// As clients write times.
fn form(time_s: i64) -> String {
    let (day, second) =
        ((time_s - FIRST_S).div_euclid(86_400), (time_s - FIRST_S).rem_euclid(86_400));
    // From 2025-10-10, for at most 52 days.
    let (month, day) = if day < 22 { (10, 10 + day) } else { (11, day - 21) };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("2025-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

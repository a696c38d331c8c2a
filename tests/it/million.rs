//! A million events: counts are exact, pages complete, and the process small. Times are noted, not judged.

mod model;

use std::time::{Duration, Instant};

use chrono_tz::Tz;
use serde_json::Value;

use crate::common::Server;
use crate::raw::{Raw, memory_kib, note};
use model::{CAMERAS, Model, NAMES, Query};

const EVENTS: &str = "/api/v2/storage/events/";
/// How often a page is read to find the median.
const SAMPLES: usize = 21;
/// operations.md 3: resident with a million events at 64 connections.
const RESIDENT_KIB_MAX: u64 = 256 * 1024;

/// One test, for loading takes longer than all the rest.
#[test]
fn a_million_events_are_counted_paged_and_found_again() {
    let mut server = Server::start();
    server.wait_ready();
    let key = format!("Authorization: {}\r\n", server.key());
    let began = Instant::now();
    let model = Model::load(&server.base, &key);
    let loaded = began.elapsed();
    note(&format!("{} events loaded in {loaded:?}", model.len()));
    let made = server.cli_json(&["token", "create", "--access", "metrics"]);
    let metrics = format!("Authorization: Bearer {}\r\n", made["token"].as_str().unwrap());
    let mut site = Site { raw: Raw::connect(&server.base).unwrap(), key, metrics };

    totals_are_exact(&mut site, &model);
    pages_are_complete(&mut site, &model);
    histograms_add_up(&mut site, &model);
    deep_pages_are_right(&mut site, &model);
    metrics_are_noted(&mut site);
    with_64_connections(&server.base, &site.key);
    let (now, peak) = (memory_kib(server.pid(), "VmRSS"), memory_kib(server.pid(), "VmHWM"));
    note(&format!("resident after loading and queries {} MiB, peak {} MiB", now >> 10, peak >> 10));
    assert!(now < RESIDENT_KIB_MAX, "{now} KiB resident");

    server.kill();
    let start = server.restart();
    with_64_connections(&server.base, &site.key);
    let resident = memory_kib(server.pid(), "VmRSS");
    note(&format!("start to ready after a kill {start:?}, resident then {} MiB", resident >> 10));
    assert!(resident < RESIDENT_KIB_MAX, "{resident} KiB resident");
    site.raw = Raw::connect(&server.base).unwrap();
    assert_eq!(site.total(""), model.len() as u64);
}

struct Site {
    raw: Raw,
    key: String,
    metrics: String,
}

impl Site {
    fn get(&mut self, path: &str) -> Value {
        self.raw.request("GET", path, &self.key, "").unwrap().ok(200)
    }

    fn total(&mut self, filter: &str) -> u64 {
        let list = self.get(&format!("{EVENTS}?limit=1{filter}"));
        list["meta"]["total_count"].as_u64().unwrap()
    }
}

fn totals_are_exact(site: &mut Site, model: &Model) {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..60 {
        let query = Query::random(&mut random);
        let filter = query.text();
        assert_eq!(site.total(&filter), model.count(&query), "{filter}");
    }
}

/// Following `next` visits every match once, in order of time.
fn pages_are_complete(site: &mut Site, model: &Model) {
    let one_camera = Query { cameras: vec![7], names: vec![0, 3], ..Query::default() };
    let one_tag = Query { any: Some("Car"), cameras: vec![1, 2, 3], ..Query::default() };
    for (query, order) in [(&one_camera, "time"), (&one_camera, "-time"), (&one_tag, "-time")] {
        let mut expected = model.ids_by_time(query);
        if order == "-time" {
            expected.reverse();
        }
        assert!(expected.len() > 1_000, "the filter matches {} events", expected.len());
        let mut next = format!("{EVENTS}?limit=173&order_by={order}{}", query.text());
        let mut visited = Vec::new();
        loop {
            let page = site.get(&next);
            assert_eq!(page["meta"]["total_count"], expected.len());
            let objects = page["objects"].as_array().unwrap();
            visited.extend(objects.iter().map(|object| object["id"].as_u64().unwrap()));
            match page["meta"]["next"].as_str() {
                Some(path) => path.clone_into(&mut next),
                None => break,
            }
        }
        assert!(visited == expected, "{}: pages skip, repeat or disorder", query.text());
    }
}

/// What it takes is in the log: walking a table would take seconds.
fn metrics_are_noted(site: &mut Site) {
    let mut times: Vec<Duration> = (0..SAMPLES)
        .map(|_| {
            let began = Instant::now();
            let answer = site.raw.request("GET", "/metrics", &site.metrics, "").unwrap();
            assert_eq!(answer.status, 200);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    note(&format!("metrics {:?}, at most {:?}", times[SAMPLES / 2], times[SAMPLES - 1]));
}

/// In three zones, one of which changes its clocks meanwhile: each local day counts what it holds.
fn histograms_add_up(site: &mut Site, model: &Model) {
    for zone in [chrono_tz::UTC, chrono_tz::Asia::Kolkata, chrono_tz::Europe::Berlin] {
        let queries = [
            Query::default(),
            Query { cameras: vec![4, 5], names: vec![1, 2, 6], ..Query::default() },
            Query { cameras: vec![9], any: Some("Person"), ..Query::default() },
        ];
        for query in queries {
            let (filter, total) = (query.text(), model.count(&query));
            let expected = model.days(&query, zone);
            let days = buckets(site, "day", zone, &filter, total);
            assert_eq!(days, expected, "{zone} {filter}");
            let hours = buckets(site, "hour", zone, &filter, total);
            assert!(hours.windows(2).all(|pair| pair[0].0 != pair[1].0), "{zone}: an hour twice");
        }
    }
}

/// Buckets as (local start, count); their counts, and their groups, must add up to `total`.
fn buckets(site: &mut Site, width: &str, zone: Tz, filter: &str, total: u64) -> Vec<(String, u64)> {
    let path = format!("{EVENTS}histogram/?bucket={width}&tz={zone}&group_by=name{filter}");
    let histogram = site.get(&path);
    assert_eq!(histogram["meta"]["total_count"], total, "{path}");
    let objects = histogram["objects"].as_array().unwrap();
    let mut buckets = Vec::new();
    for object in objects {
        let count = object["count"].as_u64().unwrap();
        let groups = object["groups"].as_object().unwrap();
        assert_eq!(groups.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), count, "{path}");
        buckets.push((object["time"].as_str().unwrap().to_owned(), count));
    }
    assert_eq!(buckets.iter().map(|(_, count)| count).sum::<u64>(), total, "{path}");
    buckets
}

/// What they cost is in the log: stepping over all before would cost hundreds of times the first.
fn deep_pages_are_right(site: &mut Site, model: &Model) {
    let by_time = model.ids_by_time(&Query::default());
    let mut medians = [Duration::ZERO; 2];
    for (median, offset) in medians.iter_mut().zip([0, 900_000]) {
        let path = format!("{EVENTS}?limit=50&offset={offset}&order_by=time");
        let expected: Vec<_> = by_time.iter().skip(offset).take(50).copied().collect();
        let mut times = Vec::new();
        for _ in 0..SAMPLES {
            let began = Instant::now();
            let page = site.get(&path);
            times.push(began.elapsed());
            let objects = page["objects"].as_array().unwrap();
            let ids: Vec<_> = objects.iter().map(|object| object["id"].as_u64().unwrap()).collect();
            assert_eq!(ids, expected, "{path}");
        }
        times.sort();
        *median = times[SAMPLES / 2];
    }
    let [first, deep] = medians;
    let factor = deep.as_secs_f64() / first.as_secs_f64();
    note(&format!("50 at offset 0 {first:?}, at offset 900,000 {deep:?}: factor {factor:.2}"));
}

/// Every connection asks for pages and counts of its own.
fn with_64_connections(base: &str, key: &str) {
    std::thread::scope(|scope| {
        for number in 0..64 {
            scope.spawn(move || {
                let raw = Raw::connect(base).unwrap();
                let mut site = Site { raw, key: key.to_owned(), metrics: String::new() };
                let camera = number % CAMERAS + 1;
                let name = NAMES[number % NAMES.len()];
                site.get(&format!("{EVENTS}?camid={camera}&limit=1000&include_meta=true"));
                site.get(&format!("{EVENTS}?events={name}&offset={}&limit=200", number * 1_000));
                site.get(&format!("{EVENTS}histogram/?bucket=hour&camid={camera}"));
            });
        }
    });
}

//! Told to stop in the middle of everything: who asked has a whole answer or none, feeds have their end, and
//! what was acknowledged is there, once.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::Server;
use crate::crash::ledger::{Ledger, Notes};
use crate::crash::sender::{SENDERS, Site};
use crate::raw::{Raw, head, note};
use crate::stream::STREAM;

/// How often a server is told to stop, in all.
const STOPS: u32 = 50;
/// Data directories, each with a server of its own: a stop is mostly waiting, and two can wait at once.
const SITES: u32 = 2;
/// Feeds at each server.
const FEEDS: usize = 20;
/// In how long a server must have stopped (operations.md 9.2).
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Another run has other moments, unless `TEST_SEED` says which.
#[test]
fn a_stop_under_load_loses_and_tears_nothing() {
    let seed = std::env::var("TEST_SEED").ok().map(|text| text.parse().unwrap());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    note(&format!("stops under load: TEST_SEED={seed}"));
    let sites = (0..SITES).map(|site| {
        let random = fastrand::Rng::with_seed(seed.wrapping_add(site.into()));
        std::thread::spawn(move || stop_again_and_again(random))
    });
    for site in sites.collect::<Vec<_>>() {
        site.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

fn stop_again_and_again(mut random: fastrand::Rng) {
    let mut server = Server::start();
    let site = Arc::new(Site::new(&server));
    let mut ledger = Ledger::default();
    let (mut slowest, mut told) = (Duration::ZERO, 0);
    for round in 1..=STOPS / SITES {
        let feeds: Vec<_> = (0..FEEDS).map(|_| listen(&server.base, &site.key)).collect();
        let senders = site.start_senders(&server.base, round, false);
        let moment = Duration::from_millis(random.u64(0..250));
        std::thread::sleep(moment);
        let began = Instant::now();
        server.signal("TERM");
        assert_eq!(server.wait_end(STOP_WITHIN), 0, "round {round}, after {moment:?}");
        slowest = slowest.max(began.elapsed());
        // A sender fails on an answer that is there only in part, a feed on an end that is none.
        let notes: Vec<Notes> = senders.into_iter().map(|s| s.join().unwrap()).collect();
        let feeds: Vec<_> = feeds.into_iter().map(|feed| feed.join().unwrap()).collect();
        server.restart();
        let stored = ledger.settle(&site, &server.base, notes);
        assert_eq!(ledger.kept_unanswered(), 0, "round {round}: carried out and not answered");
        for (id, marker) in feeds.iter().flatten() {
            assert_eq!(ledger.owner(*id), Some(marker.as_str()), "round {round}: a feed told {id}");
        }
        told += feeds.iter().map(Vec::len).sum::<usize>();
        if round % 5 == 0 {
            let checked = server.cli_json(&["check"]);
            assert_eq!(checked["problem_count"], 0, "round {round}: {checked}");
            assert_eq!(checked["events"], stored, "round {round}: {checked}");
        }
    }
    note(&format!(
        "{} stops under {SENDERS} senders and {FEEDS} feeds, which told {told} times of an event: {}; \
         slowest stop {slowest:?}",
        STOPS / SITES,
        ledger.summary()
    ));
}

/// Opens a feed and reads it to its end: the ids it tells of, and their markers.
fn listen(base: &str, key: &str) -> JoinHandle<Vec<(u64, String)>> {
    let mut raw = Raw::connect(base).unwrap();
    raw.send(head("GET", STREAM, key, 0).as_bytes()).unwrap();
    assert!(raw.has_head(), "the feed begins");
    std::thread::spawn(move || {
        let feed = raw.answer().unwrap_or_else(|lost| panic!("a feed is cut: {lost:?}"));
        assert_eq!(feed.status, 200, "{}", feed.text);
        assert_eq!(feed.header("transfer-encoding"), Some("chunked"), "that has an end");
        assert!(raw.is_closed(), "nothing follows");
        assert!(feed.text.ends_with("\n\n"), "the last message is whole: {:?}", feed.text);
        let mut events = Vec::new();
        for message in feed.text.split_terminator("\n\n") {
            let line = |name| message.lines().find_map(|line| line.strip_prefix(name));
            if line("event: ") != Some("event") {
                continue;
            }
            let id = line("id: ").unwrap().parse().unwrap();
            let data: Value = serde_json::from_str(line("data: ").unwrap()).unwrap();
            assert!(events.last().is_none_or(|(last, _)| *last < id), "{id} is out of order");
            events.push((id, data["meta"]["marker"].as_str().unwrap().to_owned()));
        }
        events
    })
}

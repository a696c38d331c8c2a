//! Killed in the middle of ingest: what was acknowledged is there, once, and stays.

pub mod ledger;
pub mod sender;

use std::sync::Arc;
use std::time::Duration;

use crate::common::{PATIENCE, Server};
use crate::raw::note;
use ledger::{Ledger, Notes};
use sender::{SENDERS, Site};

/// How often the server is killed on one growing data directory.
const KILLS: u32 = 20;

#[test]
fn acknowledged_events_survive_being_killed() {
    let mut server = Server::start();
    let site = Arc::new(Site::new(&server));
    let mut ledger = Ledger::default();
    let mut random = fastrand::Rng::with_seed(7);
    let mut starts = Vec::new();
    for round in 1..=KILLS {
        let moment = Duration::from_millis(random.u64(50..400));
        let senders = site.start_senders(&server.base, round, true);
        std::thread::sleep(moment);
        server.kill();
        let notes: Vec<Notes> = senders.into_iter().map(|s| s.join().unwrap()).collect();
        starts.push(server.restart());
        let count = ledger.settle(&site, &server.base, notes);
        if round % 5 == 0 {
            let checked = server.cli_json(&["check"]);
            assert_eq!(checked["problem_count"], 0, "round {round}: {checked}");
            assert_eq!(checked["events"], count, "round {round}: {checked}");
        }
    }
    assert_eq!(server.terminate(), 0);
    let checked = server.cli_json(&["check"]);
    assert_eq!(checked["problem_count"], 0, "after the last round: {checked}");

    starts.sort();
    let slowest = starts[starts.len() - 1];
    note(&format!(
        "{KILLS} kills under {SENDERS} senders: {}; start to ready median {:?}, slowest {slowest:?}",
        ledger.summary(),
        starts[starts.len() / 2],
    ));
    assert!(slowest < PATIENCE);
}

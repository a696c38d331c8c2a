//! Deleting by age through the binary: data that is old by the clock it was written with.

use std::time::{Duration, Instant};

use serde_json::json;
use watchpost::domain::{CameraId, Meta, NewEvent, Timestamp, When};
use watchpost::service::access::Caller;
use watchpost::service::clock::Clock;
use watchpost::service::{Services, Settings};
use watchpost::store::{Options, StoreError};

use crate::common::{PATIENCE, Server, until};
use crate::site::{camera, event, total};

pub const RETENTION: &str = "/api/admin/v1/retention/";
pub const DAY_US: i64 = 86_400_000_000;

/// Stores `count` events of camera 1 in a server's stopped data, as if it had been `days` ago.
pub fn store(server: &Server, days: i64, count: usize) {
    let then = Timestamp(Clock::system().now().0 - days * DAY_US);
    let deadline = Instant::now() + PATIENCE;
    // A process that another test is starting holds a copy of every lock until it runs its program.
    let services = loop {
        let (options, settings) = (Options::default(), Settings::default());
        match Services::open(server.dir(), options, settings, Clock::manual(then)) {
            Err(StoreError::InUse) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => break opened.unwrap(),
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for part in (0..count).collect::<Vec<_>>().chunks(1_000) {
        let new = |_| {
            Ok(NewEvent {
                camera: Some(CameraId(1)),
                name: "motion".to_owned(),
                when: When::AgoMs(0),
                meta: Meta::empty(),
                uid: None,
            })
        };
        let items = part.iter().map(new).collect();
        let stored = runtime.block_on(services.events.record_many(&Caller::local(), items));
        assert!(stored.unwrap().iter().all(Result::is_ok));
    }
    services.close();
}

/// A stopped server that had one camera and so many events, the first part 100 days ago.
fn old_site(old: usize, young: usize) -> (Server, String) {
    let mut server = Server::start();
    camera(&server, &["--name", "Gate"]);
    let key = server.key();
    assert_eq!(server.terminate(), 0);
    store(&server, 100, old);
    store(&server, 10, young);
    (server, key)
}

#[test]
fn old_events_go_and_young_ones_stay_while_others_arrive() {
    let (mut server, _) = old_site(1_700, 300);
    server.restart_with(&["--retention-days", "30"]);
    let client = server.admin();
    let deadline = Instant::now() + PATIENCE;
    let mut added = 0;
    while client.get(RETENTION).ok(200)["last_deleted"] != 1_700 {
        assert!(Instant::now() < deadline, "{}", client.get(RETENTION).text);
        event(&client, 1, "motion", "2026-03-01T00:00:00", &json!({}));
        added += 1;
    }
    assert_eq!(total(&client, ""), 300 + added);
    let report = client.get(RETENTION).ok(200);
    assert!(report["last_run"].is_string() && report["state"] != "off", "{report}");
    assert_eq!(server.terminate(), 0);
    assert!(server.cli(&["check"]).status.success());
}

#[test]
fn a_kill_amid_deleting_leaves_everything_in_agreement() {
    let (mut server, key) = old_site(20_000, 100);
    server.restart_with(&["--retention-days", "30"]);
    until("some are deleted", || total(&server.client(&key), "") < 20_100);
    server.kill();
    let checked = server.cli(&["check"]);
    assert!(checked.status.success(), "{checked:?}");
    server.restart(); // without retention: what is left stays
    let client = server.admin();
    let left = total(&client, "");
    assert!((100..20_100).contains(&left), "{left}");
    let preview = client.get(&format!("{RETENTION}preview/?days=30")).ok(200);
    assert_eq!(preview["count"], left - 100);
    assert_eq!(client.get(RETENTION).ok(200)["state"], "off");
    assert_eq!(server.terminate(), 0, "also amid a pass");
}

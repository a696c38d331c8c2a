//! A clock that is wrong for the whole process: faked, so that nothing of the server is in on it.

use serde_json::json;

use crate::common::Server;
use crate::fault::{cannot, until};
use crate::site::{EVENTS, camera, event, fill, total};

/// The library that fakes a process's clock, if it is here.
fn library() -> Option<&'static str> {
    let known = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib64/faketime/libfaketimeMT.so.1",
    ];
    let found = known.into_iter().find(|path| std::path::Path::new(path).exists());
    if found.is_none() {
        cannot("a clock that is wrong: faketime is missing");
    }
    found
}

/// Starts a server over data that are there, by another clock.
fn start_at(dir: &std::path::Path, arguments: &[&str], clock: &str) -> Option<Server> {
    let library = library()?;
    let variables = [
        ("LD_PRELOAD", library),
        ("FAKETIME", clock),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_NO_CACHE", "1"),
    ];
    Some(Server::start_in(dir, arguments, &variables))
}

#[test]
fn a_server_that_starts_in_2001_stores_events_and_deletes_none() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start_in(dir.path(), &[], &[]);
    let gate = camera(&server, &["--name", "Gate"]);
    fill(&server.admin(), gate.id, 100);
    assert_eq!(server.terminate(), 0);
    drop(server);

    let keep = ["--retention-days", "1"];
    let Some(mut server) = start_at(dir.path(), &keep, "@2001-02-03 04:05:06") else { return };
    let client = server.admin();
    until("it notices", crate::common::PATIENCE, || {
        client.get("/metrics").text.contains("watchpost_clock_suspect 1")
    });
    let new = json!({"camid": gate.id, "name": "motion", "time": "2026-03-09T00:00:00"});
    let id = client.post(EVENTS, &new).ok(201)["id"].as_u64().unwrap();
    let stored = client.get(&format!("{EVENTS}{id}/?detail=detail")).ok(200);
    assert!(stored["received_at"].as_str().unwrap().starts_with("2001-02-03"), "{stored}");
    assert_eq!(stored["order_time"], "2026-03-09T00:00:00", "the sender knows better");
    let retention = client.get("/api/admin/v1/retention/").ok(200);
    assert_eq!(retention["state"], "stopped_by_clock");
    assert_eq!(total(&client, ""), 101);
    assert_eq!(server.terminate(), 0);
    drop(server);

    let mut server = Server::start_in(dir.path(), &keep, &[]);
    let client = server.admin();
    assert_eq!(total(&client, ""), 101, "back in time, what came in 2001 is not 20 years old");
    event(&client, gate.id, "motion", "2026-03-09T00:00:00", &json!({}));
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_clock_that_is_years_ahead_ages_nothing_once_it_is_right_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start_in(dir.path(), &[], &[]);
    let gate = camera(&server, &["--name", "Gate"]);
    fill(&server.admin(), gate.id, 10);
    assert_eq!(server.terminate(), 0);
    drop(server);
    let Some(mut server) = start_at(dir.path(), &[], "+3y") else { return };
    let client = server.admin();
    event(&client, gate.id, "motion", "2026-03-09T00:00:00", &json!({}));
    assert_eq!(server.terminate(), 0);
    drop(server);

    let keep = ["--retention-days", "30"];
    let mut server = Server::start_in(dir.path(), &keep, &[]);
    let client = server.admin();
    until("it notices", crate::common::PATIENCE, || {
        client.get("/metrics").text.contains("watchpost_clock_suspect 1")
    });
    assert_eq!(total(&client, ""), 11);
    client.post("/api/admin/v1/system/clock/", &json!({}));
    until("it is believed", crate::common::PATIENCE, || {
        client.get("/metrics").text.contains("watchpost_clock_suspect 0")
    });
    assert_eq!(total(&client, ""), 11, "an administrator's word deletes nothing young");
    assert_eq!(server.terminate(), 0);
}

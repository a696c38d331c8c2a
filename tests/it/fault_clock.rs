//! A clock that is wrong for the whole process: faked, so that nothing of the server is in on it.

use chrono::NaiveDateTime;
use serde_json::{Value, json};
use watchpost::service::clock::Clock;

use crate::common::{Client, Server, until};
use crate::fault::cannot;
use crate::retention::{DAY_US, RETENTION, store};
use crate::site::{EVENTS, camera, event, total};

const KEEP: [&str; 2] = ["--retention-days", "30"];

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

/// A stopped server's data: a camera, `old` events that came 100 days ago, and 50 that came just now.
fn site(old: usize) -> Server {
    let mut server = Server::start();
    camera(&server, &["--name", "Gate"]);
    assert_eq!(server.terminate(), 0);
    store(&server, 100, old);
    store(&server, 0, 50);
    server
}

fn is_suspect(client: &Client) -> bool {
    let page = client.get("/metrics").text;
    let series = page.lines().find_map(|line| line.strip_prefix("watchpost_clock_suspect "));
    series.unwrap() == "1"
}

fn last_deleted(client: &Client) -> Value {
    client.get(RETENTION).ok(200)["last_deleted"].clone()
}

/// Starts over data to which an event came by a wrong clock: nothing goes until somebody says that this clock
/// is right, then what is old and not that event.
#[track_caller]
fn by_the_right_clock_again(site: &Server, came_meanwhile: u64) {
    let mut server = Server::start_in(site.dir(), &KEEP, &[]);
    let client = server.admin();
    until("it doubts", || is_suspect(&client));
    assert_eq!(client.get(RETENTION).ok(200)["state"], "stopped_by_clock");
    assert_eq!(total(&client, ""), 81);
    client.post("/api/admin/v1/system/clock/", &json!({}));
    until("it is believed", || !is_suspect(&client));
    until("what is old goes", || last_deleted(&client) == 30);
    assert_eq!(total(&client, ""), 51, "nothing young goes");
    assert_eq!(client.get(&format!("{EVENTS}{came_meanwhile}/")).status, 200);
    assert_eq!(server.terminate(), 0);
}

/// The control of the others: with the same data, settings and library, what is old goes.
#[test]
fn a_clock_that_is_right_is_believed_and_events_go_by_age() {
    let site = site(30);
    let mut server = Server::start_in(site.dir(), &KEEP, &[]);
    let client = server.admin();
    until("what is old goes", || last_deleted(&client) == 30);
    assert_eq!(total(&client, ""), 50);
    assert!(!is_suspect(&client));
    until("the pass ends", || client.get(RETENTION).ok(200)["state"] == "idle");
    assert_eq!(server.terminate(), 0);
    drop(server);

    let Some(mut server) = start_at(site.dir(), &KEEP, "+40d") else { return };
    let client = server.admin();
    until("by the other clock the rest is old", || last_deleted(&client) == 50);
    assert!(!is_suspect(&client), "it was off for 40 days, as far as it knows");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_server_that_starts_in_2001_stores_events_and_deletes_none() {
    let site = site(30);
    let Some(mut server) = start_at(site.dir(), &KEEP, "@2001-02-03 04:05:06") else { return };
    let client = server.admin();
    until("it notices", || is_suspect(&client));
    let new = json!({"camid": 1, "name": "motion", "time": "2026-03-09T00:00:00"});
    let id = client.post(EVENTS, &new).ok(201)["id"].as_u64().unwrap();
    let stored = client.get(&format!("{EVENTS}{id}/?detail=detail")).ok(200);
    assert!(stored["received_at"].as_str().unwrap().starts_with("2001-02-03"), "{stored}");
    assert_eq!(stored["order_time"], "2026-03-09T00:00:00", "the sender knows better");
    assert_eq!(client.get(RETENTION).ok(200)["state"], "stopped_by_clock");
    assert_eq!(total(&client, ""), 81);
    assert_eq!(server.terminate(), 0);
    drop(server);

    by_the_right_clock_again(&site, id);
}

#[test]
fn a_clock_that_is_years_ahead_ages_nothing_once_it_is_right_again() {
    let site = site(30);
    let Some(mut server) = start_at(site.dir(), &[], "+3y") else { return };
    let client = server.admin();
    let ahead = event(&client, 1, "motion", "2026-03-09T00:00:00", &json!({}));
    let stored = client.get(&format!("{EVENTS}{ahead}/?detail=detail")).ok(200);
    let received: NaiveDateTime = stored["received_at"].as_str().unwrap().parse().unwrap();
    let days = (received.and_utc().timestamp_micros() - Clock::system().now().0) / DAY_US;
    assert!(days > 1_000, "{stored}");
    assert_eq!(server.terminate(), 0);
    drop(server);

    by_the_right_clock_again(&site, ahead);
}

//! The site's cameras and tokens through the real binary.

use serde_json::{Value, json};

use crate::common::{Server, until};
use crate::site::{EVENTS, camera, event, fill, inner, total};

const CAMERAS: &str = "/api/admin/v1/cameras/";

#[test]
fn cameras_are_run_from_one_place() {
    let server = Server::start();
    let key = server.admin();
    let sent = json!({"name": "Gate North", "time_zone": "Europe/Berlin", "address": "10.20.4.31"});
    let added = key.post(CAMERAS, &sent).ok(201);
    assert_eq!((&added["status"], &added["connection"]), (&json!("offline"), &json!("none")));
    let gate = added["id"].as_u64().unwrap();
    let path = format!("{CAMERAS}{gate}/");
    for _ in 0..3 {
        key.post(EVENTS, &json!({"camid": gate, "name": "motion", "age_ms": 0})).ok(201);
    }
    let list = key.get(CAMERAS);
    assert_eq!(list.header("cache-control"), Some("no-store"));
    let shown = list.ok(200)["objects"][0].clone();
    assert_eq!(key.get(&path).ok(200), shown);
    assert_eq!((&shown["status"], &shown["count_24h"]), (&json!("online"), &json!(3)));
    assert_eq!((&shown["sparkline"][47], &shown["last_event"]["id"]), (&json!(3), &json!(3)));
    assert_eq!(shown["sparkline"].as_array().unwrap().len(), 48);
    let time = shown["last_event"]["time"].as_str().unwrap();
    assert!(time.ends_with('Z'), "{time}");

    // No page of another origin may read this, however it asks.
    for (method, path) in [("GET", CAMERAS), ("OPTIONS", CAMERAS), ("GET", path.as_str())] {
        let origin = [("Origin", "https://portal.example")];
        let answer = key.send(method, path, &origin, None);
        let cors = |(name, _): &(String, String)| name.starts_with("access-control");
        assert!(!answer.headers.iter().any(cors), "{method} {path}: {:?}", answer.headers);
    }
    // The record is the one of VXG's paths.
    key.put(&path, &json!({"name": "Gate", "enabled": false})).ok(200);
    let record = key.get(&format!("/api/v2/cameras/{gate}/")).ok(200);
    assert_eq!((&record["name"], &record["status"]), (&json!("Gate"), &json!("inactive")));
    assert_eq!(record["timezone"], "Europe/Berlin");
}

#[test]
fn a_camera_that_is_off_is_refused_until_it_is_on() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.admin();
    let group = ["group", "create", "--name", "G", "--camera", "1"];
    let group = format!("SI {}", server.cli_json(&group)["group_token"].as_str().unwrap());
    let own = [&gate.all, &gate.ingest, &group];
    let new = json!({"camid": 1, "name": "motion", "age_ms": 0});
    key.put(&format!("{CAMERAS}1/"), &json!({"enabled": false})).ok(200);
    for secret in own {
        assert_eq!(server.client(secret).post(EVENTS, &new).error(), "camera_disabled");
    }
    key.post(EVENTS, &new).ok(201);
    assert_eq!(total(&server.client(&gate.watch), ""), 1, "it can still be read");
    let shown = key.get(&format!("{CAMERAS}1/")).ok(200);
    assert_eq!((&shown["status"], &shown["enabled"]), (&json!("disabled"), &json!(false)));
    assert_eq!(shown["rejected_24h"], json!({"camera_disabled": 3}));
    key.put(&format!("{CAMERAS}1/"), &json!({"enabled": true})).ok(200);
    for secret in own {
        server.client(secret).post(EVENTS, &new).ok(201);
    }
    let shown = key.get(&format!("{CAMERAS}1/")).ok(200);
    assert_eq!(shown["status"], "rejecting", "until an hour has passed");
}

#[test]
fn a_camera_that_sends_too_fast_shows() {
    let server = Server::start_with(&["--camera-rate", "1", "--camera-burst", "2"]);
    let gate = camera(&server, &["--name", "Gate"]);
    let (key, own) = (server.admin(), server.client(&gate.ingest));
    let new = json!({"name": "motion", "age_ms": 0});
    let refused = (0..20).filter(|_| own.post(EVENTS, &new).status == 429).count();
    assert!(refused > 10);
    let shown = key.get(&format!("{CAMERAS}1/")).ok(200);
    assert_eq!(shown["rejected_24h"], json!({"rate_limited": refused}));
    assert_eq!(shown["status"], "rejecting");
}

#[test]
fn a_camera_goes_with_its_events_or_without() {
    let server = Server::start();
    let key = server.admin();
    for name in ["Keep", "Few", "Many"] {
        camera(&server, &["--name", name]);
    }
    event(&key, 1, "motion", "2026-03-01T10:00:00", &json!({}));
    event(&key, 2, "motion", "2026-03-01T10:00:00", &json!({}));
    fill(&key, 3, 2_000);
    assert_eq!(key.delete(&format!("{CAMERAS}1/")).status, 204);
    assert_eq!(total(&key, "camid=1"), 1);
    assert_eq!(key.delete(&format!("{CAMERAS}2/?events=delete")).status, 204);
    assert_eq!(total(&key, "camid=2"), 0);
    let started = key.delete(&format!("{CAMERAS}3/?events=delete"));
    assert_eq!(started.ok(202)["total"], 2_000);
    let job = started.header("location").unwrap().to_owned();
    until("the job ends", || key.get(&job).ok(200)["state"] != "running");
    assert_eq!(total(&key, "camid=3"), 0);
    let removed = key.get(&format!("{CAMERAS}3/")).ok(200);
    assert_eq!(removed, json!({"id": 3, "name": "Many", "removed": true}));
    assert_eq!(key.get(CAMERAS).ok(200), json!({"objects": []}));
}

#[test]
fn the_last_use_of_a_token_outlives_a_restart() {
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let tokens = format!("{CAMERAS}{}/tokens/", gate.id);
    let listed =
        |server: &Server| -> Value { server.admin().get(&tokens).ok(200)["objects"].clone() };
    server.client(&gate.watch).get(EVENTS).ok(200);
    let before = listed(&server);
    assert_eq!(before[1]["last_used_from"], "127.0.0.1");
    assert!(before[1]["last_used"].is_string());
    assert_eq!(
        (&before[0]["last_used"], &before[0]["last_used_from"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(server.terminate(), 0);
    server.restart();
    assert_eq!(listed(&server), before);
}

#[test]
fn a_token_is_rotated_from_the_command_line() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let id = gate.added["tokens"][0]["token_id"].to_string();
    let rotate = |more: &[&str]| {
        let rotated = server.cli_json(&[&["token", "rotate", &id], more].concat());
        format!("Acc {}", rotated["token"].as_str().unwrap())
    };
    let second = rotate(&["--overlap", "1h"]);
    assert_ne!(inner(&second), inner(&gate.all));
    for secret in [&gate.all, &second] {
        server.client(secret).get(EVENTS).ok(200);
    }
    let third = rotate(&[]);
    for secret in [&gate.all, &second] {
        assert_eq!(server.client(secret).get(EVENTS).error(), "invalid_auth");
    }
    server.client(&third).get(EVENTS).ok(200);
    let refused = server.cli(&["token", "rotate", &id, "--overlap", "8d"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused = server.cli(&["token", "rotate", "99"]);
    assert_eq!(refused.status.code(), Some(1));
}

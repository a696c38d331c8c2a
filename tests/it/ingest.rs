//! `/i/{token}`: deliveries with an address alone.

use serde_json::json;

use crate::common::{Answer, Client};
use crate::site::{Camera, EVENTS, site, total};

fn deliver(client: &Client, token: &str, query: &str, body: Option<&str>) -> Answer {
    let method = if body.is_some() { "POST" } else { "GET" };
    client.send(method, &format!("/i/{token}{query}"), &[], body.map(str::as_bytes))
}

fn secret(camera: &Camera) -> &str {
    camera.ingest.strip_prefix("Acc ").unwrap()
}

#[test]
fn an_address_is_enough_to_deliver() {
    let (server, camera, client) = site();
    let anyone = server.client("");
    for (query, body) in [
        ("", None),
        ("/event?name=motion&state=pulse&source=2", None),
        ("?name=door_open&camera=1&door=2", None),
        ("", Some(r#"{"name":"pir","meta":{"zone":"Yard"}}"#)),
        ("", Some("name=tamper&kind=covered")),
    ] {
        let answer = deliver(&anyone, secret(&camera), query, body);
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{query} {body:?}");
    }
    let listed = client.get(&format!("{EVENTS}?include_meta=true&order_by=time")).ok(200);
    let names: Vec<_> = listed["objects"].as_array().unwrap().iter().map(|e| &e["name"]).collect();
    assert_eq!(names, ["motion", "motion", "door_open", "pir", "tamper"]);
    assert_eq!(listed["objects"][3]["meta"], json!({"zone": "Yard"}));
    // A name that the camera sends itself becomes one of its types, without `custom`.
    let path = format!("/api/v2/cameras/{}/event_processing/events/door_open/", camera.id);
    let made = client.get(&path).ok(200);
    assert_eq!((&made["receive"], &made["custom"]), (&json!(true), &json!(null)));
}

#[test]
fn a_start_is_stored_once_and_its_stop_completes_it() {
    let (server, camera, client) = site();
    let anyone = server.client("");
    for query in [
        "?name=motion&state=stop",
        "?name=motion&state=start&source=1",
        "?name=motion&state=start&source=1",
        "?name=motion&state=start&source=2",
        "?name=motion&state=start&source=1",
        "?name=motion&state=stop&source=1",
        "?name=motion&state=stop&source=1",
    ] {
        assert_eq!(deliver(&anyone, secret(&camera), query, None).status, 200, "{query}");
    }
    let listed = client.get(&format!("{EVENTS}?include_meta=true&order_by=time")).ok(200);
    assert_eq!(listed["meta"]["total_count"], 2);
    let first = &listed["objects"][0]["meta"];
    assert!(first["end_time"].as_str().unwrap().ends_with('Z'), "{first}");
    assert!(first["duration_ms"].as_str().unwrap().parse::<u64>().is_ok(), "{first}");
    assert!(listed["objects"][1].get("meta").is_none(), "still open: nothing to tell");
}

#[test]
fn what_is_switched_off_or_not_understood_is_taken_and_not_stored() {
    let (server, camera, client) = site();
    let anyone = server.client("");
    let types = format!("/api/v2/cameras/{}/event_processing/events/motion/", camera.id);
    client.put(&types, &json!({"receive": false})).ok(200);
    let long = format!("?name={}", "n".repeat(129));
    for (query, body) in [
        ("?name=motion", None),
        ("", Some("<EventNotificationAlert/>")),
        ("", Some(r#"{"eventType":"VMD"}"#)),
        ("", Some("not a message")),
        (long.as_str(), None),
    ] {
        let answer = deliver(&anyone, secret(&camera), query, body);
        assert_eq!(answer.status, 200, "{query} {body:?}: {}", answer.text);
    }
    assert_eq!(total(&client, ""), 0);
}

#[test]
fn what_was_not_understood_is_shown_to_whoever_connects_the_camera() {
    let (mut server, camera, _) = site();
    let client = server.admin();
    let anyone = server.client("");
    let path = format!("/api/admin/v1/cameras/{}/not-understood/", camera.id);
    assert_eq!(client.get(&path).ok(200), json!({"objects": []}));
    let send = |query: &str, body: &str| {
        assert_eq!(deliver(&anyone, secret(&camera), query, Some(body)).status, 200);
    };
    let long = format!("<{}", "x".repeat(9_999));
    send("?a=b", &long);
    for _ in 0..3 {
        send("", "<Alarm>17</Alarm>");
    }
    send("?name=motion", ""); // this one is
    let shown = client.get(&path).ok(200);
    let [alarm, cut] = shown["objects"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    assert_eq!(
        (&alarm["text"], &alarm["count"], &alarm["bytes"], &alarm["method"], &alarm["query"]),
        (&json!("<Alarm>17</Alarm>"), &json!(3), &json!(17), &json!("POST"), &json!(""))
    );
    assert_eq!(alarm["from"], "127.0.0.1");
    assert!(alarm["received"].as_str().unwrap().ends_with('Z'), "{alarm}");
    assert_eq!((&cut["text"], &cut["bytes"]), (&json!(&long[..4_096]), &json!(10_000)));
    assert_eq!((&cut["query"], &cut["count"]), (&json!("a=b"), &json!(1)));

    let refused = server.client(&format!("Bearer {}", secret(&camera))).get(&path);
    assert_eq!((refused.status, refused.error().as_str()), (403, "access_deny"));
    let unknown = client.get("/api/admin/v1/cameras/77/not-understood/");
    assert_eq!((unknown.status, unknown.error().as_str()), (404, "camera_not_found"));
    assert_eq!(server.terminate(), 0);
    server.restart();
    assert_eq!(server.admin().get(&path).ok(200), json!({"objects": []}), "kept in memory");
}

/// What is long is read elsewhere than what is short.
#[test]
fn a_long_delivery_is_read_as_a_short_one() {
    let (server, camera, client) = site();
    let anyone = server.client("");
    for note in [10, 1 << 20] {
        let body = json!({"name": "door", "state": "start", "source": "x".repeat(note)});
        let body = body.to_string();
        for _ in 0..2 {
            assert_eq!(deliver(&anyone, secret(&camera), "?zone=east", Some(&body)).status, 200);
        }
    }
    let listed = client.get(&format!("{EVENTS}?include_meta=true")).ok(200);
    assert_eq!(listed["meta"]["total_count"], 2, "of each the second is a repeat");
    assert_eq!(listed["objects"][0]["meta"]["zone"], "east");
    let unread = format!("<{}", "x".repeat(1 << 20));
    assert_eq!(deliver(&anyone, secret(&camera), "", Some(&unread)).status, 200);
    let path = format!("/api/admin/v1/cameras/{}/not-understood/", camera.id);
    assert_eq!(server.admin().get(&path).ok(200)["objects"][0]["bytes"], unread.len());
}

#[test]
fn a_time_that_cannot_be_is_kept_as_a_tag() {
    let (server, camera, client) = site();
    let body = r#"{"name":"motion","time":"2001-01-01T00:00:00Z"}"#;
    assert_eq!(deliver(&server.client(""), secret(&camera), "", Some(body)).status, 200);
    let listed = client.get(&format!("{EVENTS}?include_meta=true")).ok(200);
    assert_eq!(listed["objects"][0]["meta"], json!({"device_time": "2001-01-01T00:00:00Z"}));
}

#[test]
fn refusals_have_codes() {
    let (server, camera, _) = site();
    let anyone = server.client("");
    let huge = "x".repeat(10 * 1024 * 1024 + 1);
    for (status, code, answer) in [
        (404, "not_found", deliver(&anyone, "wp.t1.AAAAAAAAAAAAAAAAAAAAAA", "", None)),
        (404, "not_found", deliver(&anyone, "x", "", None)),
        (404, "not_found", deliver(&anyone, secret(&camera), "/fridge", None)),
        (405, "method_not_allowed", anyone.delete(&format!("/i/{}", secret(&camera)))),
        (413, "body_too_large", deliver(&anyone, secret(&camera), "", Some(&huge))),
    ] {
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{}", answer.text);
    }
}

#[test]
fn many_unknown_tokens_are_slowed_down_and_a_valid_one_is_not() {
    let (server, camera, _) = site();
    let anyone = server.client("");
    let guess = |n: u32| deliver(&anyone, &format!("wp.t{n}.{}", "A".repeat(22)), "", None);
    let errors: Vec<String> = (1_000..1_070).map(|n| guess(n).error()).collect();
    assert!(errors[..60].iter().all(|error| error == "not_found"), "{errors:?}");
    assert!(errors[60..].iter().all(|error| error == "too_many_attempts"), "{errors:?}");
    assert_eq!(deliver(&anyone, secret(&camera), "", None).status, 200);
}

#[test]
fn what_a_source_is_called_takes_no_memory() {
    let (server, camera, client) = site();
    let anyone = server.client("");
    let rss_mib = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
    };
    let before = rss_mib();
    let long = "s".repeat(6 << 20);
    for n in [0, 0].into_iter().chain(1..30) {
        let body = format!("name=motion&state=start&source={long}{n}");
        assert_eq!(deliver(&anyone, secret(&camera), "", Some(&body)).status, 200);
    }
    assert_eq!(total(&client, ""), 30, "each is a condition of its own");
    let after = rss_mib();
    assert!(after < before + 100, "{before} MiB, then {after} MiB");
}

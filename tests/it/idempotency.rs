//! The same key, the same camera: the event exists once, and the first answer comes again.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::common::{Answer, Client};
use crate::site::{BULK, Camera, EVENTS, site, total, types};

const HEADER: &str = "Idempotency-Key";
const REPLAYED: &str = "idempotent-replayed";

fn send(client: &Client, key: &str, body: &Value) -> Answer {
    client.send("POST", EVENTS, &[(HEADER, key)], Some(body.to_string().as_bytes()))
}

fn motion(camera: &Camera) -> Value {
    json!({
        "camid": camera.id, "name": "motion", "time": "2026-03-01T10:00:00.25",
        "meta": {"b": "1", "a": 2}
    })
}

#[test]
fn the_first_answer_comes_again() {
    let (_server, camera, client) = site();
    let new = motion(&camera);
    let first = send(&client, "k 1", &new);
    assert_eq!((first.status, first.header(REPLAYED)), (201, None));
    for body in [
        new.clone(),
        // White space, order of members, the zone's spelling: not another request.
        serde_json::from_str(&format!(
            r#"{{ "meta": {{"a": 2, "b": "1"}}, "time": "2026-03-01T11:00:00.250+01:00",
                "name": "motion", "camid": {} }}"#,
            camera.id
        ))
        .unwrap(),
    ] {
        let again = send(&client, "k 1", &body);
        assert_eq!((again.status, again.header(REPLAYED)), (200, Some("true")), "{}", again.text);
        assert_eq!(again.json(), first.json());
    }
    let uid = json!({"uid": "k 1"});
    let mut with_uid = new.clone();
    with_uid.as_object_mut().unwrap().extend(uid.as_object().unwrap().clone());
    let again = client.post(EVENTS, &with_uid);
    assert_eq!(
        (again.status, again.json()),
        (200, first.json()),
        "`uid` is the same as the header"
    );
    assert_eq!(send(&client, "k 1", &with_uid).status, 200);
    assert_eq!(total(&client, ""), 1);
    let listed = client.get(&format!("{EVENTS}?detail=detail")).ok(200);
    assert_eq!(listed["objects"][0]["uid"], "k 1");
}

#[test]
fn another_request_under_the_key_is_refused() {
    let (server, camera, client) = site();
    send(&client, "k", &motion(&camera)).ok(201);
    for change in [
        json!({"name": "net"}),
        json!({"time": "2026-03-01T10:00:01"}),
        json!({"meta": {"a": "2"}}),
        json!({"meta": {"a": "2", "b": "2"}}),
    ] {
        let mut other = motion(&camera);
        other.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = send(&client, "k", &other);
        assert_eq!((refused.status, refused.error().as_str()), (422, "idempotency_mismatch"));
    }
    let mut with_uid = motion(&camera);
    with_uid["uid"] = json!("u");
    assert_eq!(send(&client, "k", &with_uid).error(), "bad_parameter");
    let long = "x".repeat(129);
    for bad in ["", &long, "\u{7f}", "schlüssel"] {
        let mut with_uid = motion(&camera);
        with_uid["uid"] = json!(bad);
        assert_eq!(client.post(EVENTS, &with_uid).error(), "bad_parameter", "{bad:?}");
    }
    assert_eq!(total(&client, ""), 1);
    // The key belongs to its camera: another one may use it too.
    let yard = crate::site::camera(&server, &["--name", "Yard"]);
    send(&server.client(&yard.all), "k", &motion(&yard)).ok(201);
}

/// Sends the same request from many threads at the same moment.
fn at_once(client: &Client, key: &str, body: &Value) -> Vec<Answer> {
    const SENDERS: usize = 20;
    let start = Barrier::new(SENDERS);
    std::thread::scope(|scope| {
        let sender = |_| {
            let (client, start) = (client.clone(), &start);
            scope.spawn(move || {
                start.wait();
                send(&client, key, body)
            })
        };
        let senders: Vec<_> = (0..SENDERS).map(sender).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    })
}

#[test]
fn twenty_at_once_are_one_event() {
    let (_server, camera, client) = site();
    let answers = at_once(&client, "at once", &motion(&camera));
    let stored = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(stored, 1, "{answers:?}");
    for answer in &answers {
        assert!(answer.status == 201 || answer.header(REPLAYED) == Some("true"), "{answer:?}");
        assert_eq!(answer.json(), answers[0].json());
    }
    assert_eq!(total(&client, ""), 1);
}

#[test]
fn twenty_refused_at_once_are_told_why() {
    let (_server, camera, client) = site();
    let unknown = json!({"camid": camera.id, "name": "no_such_type", "age_ms": 0});
    for answer in at_once(&client, "k", &unknown) {
        assert_eq!(answer.error(), "unknown_event_type", "{answer:?}");
    }
    send(&client, "k", &motion(&camera)).ok(201);
}

#[test]
fn a_key_is_remembered_across_a_kill_and_a_stop() {
    let (mut server, camera, client) = site();
    let first = send(&client, "kept", &motion(&camera)).ok(201);
    server.kill();
    server.restart();
    let client = server.client(&camera.all);
    let again = send(&client, "kept", &motion(&camera));
    assert_eq!((again.status, again.json()), (200, first.clone()));
    assert_eq!(server.terminate(), 0);
    server.restart();
    let client = server.client(&camera.all);
    assert_eq!(send(&client, "kept", &motion(&camera)).ok(200), first);
    assert_eq!(total(&client, ""), 1);
}

/// The answer is rebuilt from the request: later changes of the event do not change it.
#[test]
fn the_first_answer_outlives_tags_and_the_event() {
    let (server, camera, client) = site();
    let first = send(&client, "k", &motion(&camera)).ok(201);
    let path = format!("{EVENTS}{}/", first["id"]);
    client.post(&format!("{path}meta/"), &json!({"tag": "late", "data": "1"})).ok(201);
    assert_eq!(send(&client, "k", &motion(&camera)).ok(200), first);
    assert_eq!(server.client(&server.key()).delete(&path).status, 204);
    assert_eq!(send(&client, "k", &motion(&camera)).ok(200), first);
    assert_eq!(total(&client, ""), 0, "a repeat does not bring back what was deleted");
}

/// Nor does it matter that such an event could not be stored any more.
#[test]
fn the_first_answer_outlives_the_event_type() {
    let (_server, camera, client) = site();
    let types = types(camera.id);
    client.post(&types, &json!({"name": "door"})).ok(201);
    let mut door = motion(&camera);
    door["name"] = json!("door");
    let first = send(&client, "k", &door).ok(201);
    assert_eq!(client.delete(&format!("{types}door/")).status, 204);
    assert_eq!(send(&client, "k", &door).ok(200), first);
    assert_eq!(send(&client, "another", &door).error(), "unknown_event_type");
}

/// A sender without a clock repeats with another age: it means the same moment.
#[test]
fn a_repeat_by_age_is_the_same_event() {
    let (_server, camera, client) = site();
    let aged = |age: u64| json!({"camid": camera.id, "name": "motion", "age_ms": age});
    let first = send(&client, "k", &aged(1_000)).ok(201);
    let again = send(&client, "k", &aged(31_000));
    assert_eq!((again.status, again.json()), (200, first.clone()));
    let at = json!({"camid": camera.id, "name": "motion", "time": first["time"]});
    let exact = send(&client, "k", &at);
    assert!(matches!(exact.status, 200 | 422), "{}", exact.text);
    assert_eq!(total(&client, ""), 1);
    for (body, code) in [
        (json!({"camid": camera.id, "name": "motion"}), "missing_field"),
        (
            json!({"camid": camera.id, "name": "motion", "age_ms": 1, "time": "2026-03-01T10:00:00"}),
            "missing_field",
        ),
        (json!({"camid": camera.id, "name": "motion", "age_ms": -1}), "bad_parameter"),
        (json!({"camid": camera.id, "name": "motion", "age_ms": "1"}), "bad_parameter"),
    ] {
        assert_eq!(client.post(EVENTS, &body).error(), code, "{body}");
    }
}

#[test]
fn in_bulk_each_item_has_its_own_key() {
    let (_server, camera, client) = site();
    let item = |uid: &str, name: &str| json!({"camid": camera.id, "name": name, "time": "2026-03-01T10:00:00", "uid": uid});
    let first = client.post(BULK, &json!([item("a", "motion"), item("b", "motion")])).ok(200);
    assert_eq!((&first["created"], &first["failed"]), (&json!(2), &json!(0)));
    let second = json!({"objects": [
        item("a", "motion"), item("b", "net"), item("c", "motion"), item("c", "motion"), {"name": "motion"},
    ]});
    let result = client.post(BULK, &second).ok(200);
    assert_eq!((&result["created"], &result["failed"]), (&json!(3), &json!(2)), "{result}");
    let objects = result["objects"].as_array().unwrap();
    assert_eq!(objects[0], json!({"status": 200, "id": first["objects"][0]["id"]}));
    assert_eq!(objects[1]["errorType"], "idempotency_mismatch");
    let mut statuses = [objects[2]["status"].as_u64(), objects[3]["status"].as_u64()];
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(200), Some(201)], "twice in one request is once");
    assert_eq!(objects[2]["id"], objects[3]["id"]);
    assert_eq!(objects[4]["errorType"], "missing_field");
    assert_eq!(total(&client, ""), 3);
    let refused = client.send("POST", BULK, &[(HEADER, "k")], Some(b"[]"));
    assert_eq!(refused.error(), "bad_parameter");

    // The same as lines.
    let lines = format!("{}\n\n{}\n", item("a", "motion"), item("d", "motion"));
    let kind = [("Content-Type", "application/x-ndjson")];
    let result = client.send("POST", BULK, &kind, Some(lines.as_bytes())).ok(200);
    let statuses: Vec<&Value> =
        result["objects"].as_array().unwrap().iter().map(|o| &o["status"]).collect();
    assert_eq!(statuses, [200, 201]);
}

//! Metadata files of events: sent, loaded, refused, and gone with their events.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Server, until};
use crate::pictures::{TIME, files, get, jpeg, raw};
use crate::site::{EVENTS, camera, event, site};
use crate::stream::Feed;

/// What an analysis found, as the web client of VXG reads it.
fn found() -> Value {
    json!({"Labels": [{"Name": "Person", "Instances": [{"BoundingBox": {"Left": 0.1, "Top": 0.25, "Width": 0.5, "Height": 0.5}}]}]})
}

fn filemeta(id: u64) -> String {
    format!("{EVENTS}{id}/filemeta/")
}

fn stored(server: &Server) -> Vec<PathBuf> {
    files(&server.dir().join("filemeta"))
}

/// The address in an event that was asked for with `include_filemeta_download`.
fn download(event: &Value) -> &str {
    event["filemeta"]["download"]["url"].as_str().unwrap()
}

#[test]
fn a_metadata_file_can_be_sent_and_loaded() {
    let (server, gate, client) = site();
    let id = event(&client, gate.id, "motion", TIME, &json!({}));
    let query = "include_filemeta_download=true";
    let feed = Feed::open(&server, query, &[("Authorization", &gate.all)]);
    let answer = client.put(&filemeta(id), &found()).ok(200);
    let told = feed.next();
    assert_eq!(told.event, "updated");
    let item = client.get(&format!("{EVENTS}{id}/?{query}")).ok(200);
    let listed = client.get(&format!("{EVENTS}?{query}")).ok(200);
    for event in [&answer, &told.data, &item, &listed["objects"][0]] {
        assert_eq!((&event["filemeta"]["state"], event.get("thumb")), (&json!("ready"), None));
        assert!(download(event).starts_with(&server.base), "absolute: {event}");
        assert_eq!(download(event), download(&item), "the same for a while");
    }
    let plain = client.get(&format!("{EVENTS}{id}/")).ok(200);
    assert_eq!(plain.get("filemeta"), None, "only who asks for it is told");

    let loaded = get(download(&item), &[("Origin", "http://elsewhere.example")]);
    assert_eq!((loaded.status, loaded.header("content-type")), (200, "application/json"));
    assert_eq!(loaded.bytes, found().to_string().as_bytes(), "as it was sent");
    assert_eq!(loaded.header("access-control-allow-origin"), "*");
    let known = get(download(&item), &[("If-None-Match", loaded.header("etag"))]);
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    assert_eq!(server.client(&gate.watch).get(&filemeta(id)).ok(200), found());

    // Another one in its place.
    client.put(&filemeta(id), &json!([])).ok(200);
    assert_eq!(get(download(&item), &[]).bytes, b"[]");
    assert_eq!((feed.next().event.as_str(), stored(&server).len()), ("updated", 1));
    let checked = server.cli_json(&["check"]);
    assert_eq!((&checked["filemeta"], &checked["problem_count"]), (&json!(1), &json!(0)));
    let storage = server.admin().get("/api/admin/v1/storage/").ok(200);
    assert_eq!(storage["files"]["pictures"], std::fs::metadata(&stored(&server)[0]).unwrap().len());
}

/// A form of an event and files.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, content) in parts {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--x--\r\n");
    form
}

#[test]
fn an_event_can_be_created_with_both_its_files() {
    let (server, gate, client) = site();
    let event = json!({"name": "motion", "time": TIME, "uid": "k"}).to_string();
    let (event, picture, found) = (event.as_bytes(), jpeg(), found().to_string());
    let post = |parts: &[(&str, &[u8])]| {
        let head = [("Content-Type", "multipart/form-data; boundary=x")];
        let form = form(parts);
        let answer = raw(&server, "POST", EVENTS, &gate.ingest, &head, &form, form.len());
        let (status, body) = (answer[9..12].to_owned(), answer.split_once("\r\n\r\n").unwrap().1);
        (status, serde_json::from_str::<Value>(body).unwrap())
    };
    // What is refused stores nothing.
    let large = vec![b' '; 1024 * 1024 + 1];
    for (status, code, filemeta) in
        [("400", "bad_json", b"<html>".as_slice()), ("413", "body_too_large", &large)]
    {
        let parts = [("event", event), ("picture", &picture), ("filemeta", filemeta)];
        let (found, refusal) = post(&parts);
        assert_eq!((found.as_str(), &refusal["errorType"]), (status, &json!(code)));
    }
    assert_eq!(client.get(EVENTS).ok(200)["meta"]["total_count"], 0);
    assert_eq!((stored(&server).len(), files(&server.dir().join("pictures")).len()), (0, 0));
    let (status, first) = post(&[("event", event), ("filemeta", found.as_bytes())]);
    assert_eq!((status.as_str(), &first["filemeta"]["state"]), ("201", &json!("ready")));
    assert_eq!((first.get("thumb"), &first["meta"]), (None, &json!({})));
    assert_eq!(get(download(&first), &[]).bytes, found.as_bytes());
    // A retry brings what the first request did not.
    let (status, again) =
        post(&[("event", event), ("picture", &picture), ("filemeta", found.as_bytes())]);
    assert_eq!((status.as_str(), &again["id"]), ("200", &first["id"]));
    assert_eq!(
        (&again["thumb"]["state"], &again["filemeta"]["state"]),
        (&json!("ready"), &json!("ready"))
    );
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

#[test]
fn what_is_no_metadata_file_is_refused_and_leaves_nothing() {
    let (server, gate, client) = site();
    let id = event(&client, gate.id, "motion", TIME, &json!({}));
    let put = |body: &[u8]| client.send("PUT", &filemeta(id), &[], Some(body));
    for body in
        [b"".as_slice(), b"{", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\"\xff\"", &jpeg()]
    {
        let answer = put(body);
        assert_eq!((answer.status, answer.error().as_str()), (400, "bad_json"), "{}", answer.text);
    }
    let said = raw(&server, "PUT", &filemeta(id), &gate.all, &[], b"", 1024 * 1024 + 1);
    assert!(said.starts_with("HTTP/1.1 413") && said.contains("body_too_large"), "{said}");
    let half = raw(&server, "PUT", &filemeta(id), &gate.all, &[], b"[1,", 100);
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 400"), "{half}");
    for (credential, status) in [(&gate.watch, 403), (&gate.ingest, 403), (&String::new(), 401)] {
        assert_eq!(server.client(credential).put(&filemeta(id), &json!({})).status, status);
    }
    let yard = camera(&server, &["--name", "Yard"]);
    assert_eq!(server.client(&yard.all).put(&filemeta(id), &json!({})).error(), "event_not_found");
    assert_eq!(server.client(&yard.all).get(&filemeta(id)).error(), "event_not_found");
    assert_eq!(client.get(&filemeta(id)).error(), "not_found");
    let forged =
        format!("{}?of=filemeta&expire=9999999999&sign=xxxxxxxxxxxxxxxxxxxxxx", filemeta(id));
    assert_eq!(server.client("").get(&forged).error(), "bad_signature");
    assert_eq!(stored(&server), Vec::<PathBuf>::new());
}

#[test]
fn they_go_with_their_events_and_a_check_finds_what_is_wrong() {
    let (mut server, gate, client) = site();
    let ids: Vec<u64> = (0..4)
        .map(|n| {
            let id =
                event(&client, gate.id, "motion", &format!("2026-03-01T10:00:0{n}"), &json!({}));
            client.put(&filemeta(id), &found()).ok(200);
            id
        })
        .collect();
    let key = server.client(&server.key());
    key.delete(&format!("{EVENTS}{}/", ids[0])).ok(204);
    assert_eq!(stored(&server).len(), 3);

    // As a crash leaves it: a deleted event's file, one that is half written, and one that is lost.
    server.kill();
    let folder = server.dir().join("filemeta/000000");
    std::fs::copy(folder.join(ids[1].to_string()), folder.join(ids[0].to_string())).unwrap();
    std::fs::write(server.dir().join("filemeta/tmp/5"), b"x").unwrap();
    std::fs::remove_file(folder.join(ids[3].to_string())).unwrap();
    let output = server.cli(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = report["problems"].to_string();
    assert_eq!(report["problem_count"], 2, "{report}");
    assert!(
        said.contains("its metadata file is missing") && said.contains("which has none"),
        "{said}"
    );
    server.restart();
    until("the orphan goes", || stored(&server).len() == 2);
    let client = server.client(&gate.all);
    assert_eq!(client.get(&filemeta(ids[1])).ok(200), found(), "what was answered is there");
    assert_eq!(client.get(&filemeta(ids[3])).error(), "not_found");
    let deleted =
        server.client(&server.key()).delete(&format!("{EVENTS}?camid={}", gate.id)).ok(200);
    assert_eq!(deleted["deleted"], 3);
    assert_eq!(stored(&server), Vec::<PathBuf>::new());
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

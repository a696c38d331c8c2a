//! What known clients of VXG Cloud VMS do, as they do it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::Server;
use crate::site::{BULK, EVENTS, event, fill, ids, inner, site, total, types};

/// The Python samples: everything with `?token=` and no header.
#[test]
fn scripts_work_with_a_token_in_the_query() {
    let (server, camera, _) = site();
    let (client, token) = (server.client(""), inner(&camera.all));
    let types = types(camera.id);
    client
        .post(&format!("{types}?token={token}"), &json!({"name": "sound", "notify": true}))
        .ok(201);
    let both = json!({"record": true, "snapshot": true});
    let changed = client.put(&format!("{types}motion/?token={token}"), &both).ok(200);
    assert_eq!((&changed["record"], &changed["snapshot"]), (&json!(true), &json!(true)));
    // Without the caps the switches are passed over.
    let net = client.put(&format!("{types}net/?token={token}"), &both).ok(200);
    assert_eq!((net.get("record"), net.get("snapshot")), (None, None));
    let mode = json!({"rec_mode": "by_event"});
    let path = format!("/api/v2/cameras/{}/?token={token}", camera.id);
    assert_eq!(client.put(&path, &mode).ok(200)["rec_mode"], "by_event");

    for name in ["motion", "sound", "net"] {
        let new = json!({"camid": camera.id, "name": name, "time": "2021-09-23T16:30:00"});
        client.post(&format!("{EVENTS}?token={token}"), &new).ok(201);
    }
    for list in ["motion,sound", "motion%2Csound", "motion,%20sound,"] {
        let page =
            client.get(&format!("{EVENTS}?events={list}&order_by=time&token={token}")).ok(200);
        assert_eq!(page["meta"]["total_count"], 2, "{list}");
    }
    for path in ["/api/v4/storage/records/", "/api/v2/storage/data/"] {
        let page = client.get(&format!("{path}?token={token}&start=2021-09-23T16:30:00")).ok(200);
        assert_eq!((&page["meta"]["total_count"], &page["objects"]), (&json!(0), &json!([])));
        assert!(page["meta"]["expire"].is_string());
    }
}

/// The Python administration samples: a license key on v3.
#[test]
fn an_account_is_managed_with_a_license_key() {
    let server = Server::start();
    let key = server.client(&server.key());
    let channel = json!({
        "name": "Door", "rec_mode": "on", "timezone": "Europe/Berlin", "meta": {"floor": "1"},
        "source": {"url": "rtsp://10.0.0.2/1", "login": "viewer", "password": "secret"}
    });
    let added = key.post("/api/v3/channels/", &channel);
    assert!(!added.text.contains("secret"));
    let added = added.ok(201);
    let id = added["id"].as_u64().unwrap();
    let token = added["access_tokens"]["all"].as_str().unwrap();
    assert!(added["access_tokens"]["watch"].is_string() && added["created"].is_string());
    server.client(&format!("Acc {token}")).get(EVENTS).ok(200);

    let listed = key.get("/api/v3/channels?limit=1000&include_meta=true&detail=detail").ok(200);
    assert_eq!(listed["objects"][0]["meta"], json!({"floor": "1"}));
    assert_eq!(listed["objects"][0]["access_tokens"]["all"], token);

    let tags = format!("/api/v3/channels/{id}/meta/");
    let tag = json!({"tag": "cloud_two", "data": "17"});
    key.post(&tags, &tag).ok(201);
    assert_eq!(key.post(&tags, &tag).ok(400)["errorType"], "already_exists");
    key.put(&format!("{tags}cloud_two/"), &json!({"data": "18"})).ok(200);
    let listed = key.get(&tags).ok(200);
    assert_eq!(listed["objects"][0], json!({"tag": "cloud_two", "data": "18"}));

    let group = key.post("/api/v3/channel_groups/", &json!({"name": "AI"})).ok(201);
    let group_path = format!("/api/v3/channel_groups/{}/", group["id"]);
    let changed = key.put(&group_path, &json!({"channels": [id]})).ok(200);
    assert_eq!((&changed["channels"], &changed["token"]), (&json!([id]), &group["token"]));
    let si = server.client(&format!("SI {}", group["token"].as_str().unwrap()));
    let covered = si.get("/api/v5/channels/?include_meta=true&preview=true&limit=10").ok(200);
    assert_eq!(covered["meta"]["total_count"], 1);
    assert_eq!(covered["objects"][0]["id"], id);
    let own = format!("Acc {}", covered["objects"][0]["token"].as_str().unwrap());
    server.client(&own).get("/api/v4/channel/").ok(200);

    key.put(&format!("/api/v3/channels/{id}"), &json!({"name": "Front door"})).ok(200);
    let gone = key.delete(&format!("/api/v3/channels/{id}"));
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(key.get(&format!("/api/v3/channels/{id}/")).error(), "camera_not_found");
    assert_eq!(si.get("/api/v5/channels/").ok(200)["meta"]["total_count"], 0);
}

/// The web client's PHP: it stops at an empty body or `{}` after PUT, and at anything but 204 after DELETE.
#[test]
fn event_types_are_set_as_the_web_client_sets_them() {
    let (_server, camera, client) = site();
    let types = types(camera.id);
    for name in ["motion", "post_object_and_scene_detection"] {
        let added = client.post(&types, &json!({"name": name, "notify": true}));
        assert_eq!(added.status, if name == "motion" { 400 } else { 201 }, "{}", added.text);
    }
    let motion = format!("{types}motion/");
    for (body, notify) in [("false", false), ("true", true), (r#"{"notify":false}"#, false)] {
        let changed = client.send("PUT", &motion, &[], Some(body.as_bytes())).ok(200);
        assert_eq!((&changed["notify"], &changed["name"]), (&json!(notify), &json!("motion")));
        assert_eq!(changed["receive"], true);
        assert_eq!(client.get(&motion).ok(200), changed);
    }
    let old = json!({"name": "motion", "receive": false, "record": false, "snapshot": false, "notify": true});
    let changed = client.put(&motion, &old).ok(200);
    for (member, value) in old.as_object().unwrap() {
        assert_eq!(&changed[member], value, "{member}");
    }
    assert_eq!(
        client.put(&format!("{types}snapshot"), &json!({"period": 60})).ok(200)["period"],
        60
    );
    let custom = format!("{types}post_object_and_scene_detection/");
    let gone = client.delete(&custom);
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(client.delete(&custom).error(), "event_type_not_found");
    assert_eq!(client.delete(&motion).error(), "built_in");
    assert_eq!(client.get(&format!("{types}sound/")).error(), "event_type_not_found");
}

/// The recognition worker: take 20, tag them, ask again, until nothing is left.
#[test]
fn a_worker_tags_events_until_none_is_left() {
    let (_server, camera, client) = site();
    client.post(&types(camera.id), &json!({"name": "facedetection"})).ok(201);
    let items = (0..65).map(|n| {
        let name = if n % 5 == 0 { "motion" } else { "facedetection" };
        json!({"camid": camera.id, "name": name, "time": format!("2026-03-01T00:{n:02}:00")
            .replace("00:60", "01:00").replace("00:61", "01:01").replace("00:62", "01:02")
            .replace("00:63", "01:03").replace("00:64", "01:04")})
    });
    assert_eq!(client.post(BULK, &items.collect()).ok(200)["failed"], 0);
    let (mut done, mut left) = (BTreeSet::new(), 52);
    loop {
        let list = format!("{EVENTS}?type=facedetection&meta_not=analysed,failed&limit=20");
        let page = client.get(&list).ok(200);
        assert_eq!(page["meta"]["total_count"], left);
        if left == 0 {
            break;
        }
        for id in ids(&page) {
            assert!(done.insert(id), "{id} came twice");
            let tags = format!("{EVENTS}{id}/meta/");
            client.post(&tags, &json!({"tag": "analysed", "data": ""})).ok(201);
            left -= 1;
        }
    }
    assert_eq!(done.len(), 52);
    let id = done.first().unwrap();
    let one = client.get(&format!("{EVENTS}{id}/?include_meta=true")).ok(200);
    assert_eq!(one["meta"], json!({"analysed": ""}));
    assert_eq!(client.delete(&format!("{EVENTS}{id}/meta/analysed/")).status, 204);
    let one = client.get(&format!("{EVENTS}{id}/?include_meta=true")).ok(200);
    assert_eq!(one.get("meta"), None);
    assert_eq!(total(&client, "type=facedetection&meta_not=analysed,failed"), 1);
}

/// The older web client: page 1, then all others at once by offset.
#[test]
fn pages_are_read_in_parallel_by_offset() {
    let (_server, camera, client) = site();
    let stored = fill(&client, camera.id, 2_500);
    let first = client.get(&format!("{EVENTS}?limit=1&offset=0")).ok(200);
    assert_eq!(ids(&first), stored[..1], "the default order is the oldest first");
    let query = format!("camid={}&start=2026-03-01T00:00:00&end=2026-03-02T00:00:00", camera.id);
    let pages: Vec<_> = [0, 1_000, 2_000]
        .map(|offset| {
            let (client, query) = (client.clone(), query.clone());
            std::thread::spawn(move || {
                let path = format!("{EVENTS}?{query}&limit=1000&offset={offset}");
                let page = client.get(&path).ok(200);
                assert_eq!(page["meta"]["limit"], 1_000);
                assert_eq!(page["meta"]["offset"], offset);
                assert_eq!(page["meta"]["total_count"], 2_500);
                ids(&page)
            })
        })
        .into_iter()
        .flat_map(|reader| reader.join().unwrap())
        .collect();
    assert_eq!(pages, stored);
}

/// A data pipeline: follows `next` by cutting the number behind `offset` out of it.
#[test]
fn next_can_be_cut_at_its_offset() {
    let (_server, camera, client) = site();
    let stored = fill(&client, camera.id, 250);
    let (mut offset, mut seen) = ("0".to_owned(), Vec::new());
    loop {
        let path =
            format!("{EVENTS}?camid={}&limit=100&offset={offset}&include_meta=true", camera.id);
        let page = client.get(&path).ok(200);
        seen.extend(ids(&page));
        let Some(next) = page["meta"]["next"].as_str() else { break };
        assert!(next.starts_with('/') && next.contains('?'), "{next}");
        offset = next.split("offset").nth(1).unwrap().split('=').nth(1).unwrap().to_owned();
        // Another client adds to `next` what it holds already.
        let again = client.get(&format!("{next}&include_meta=true")).ok(200);
        assert_eq!(again["objects"][0]["meta"]["n"], seen.len().to_string());
    }
    assert_eq!(seen, stored);
}

/// The event processing window: many tags of one event at once; one failure fails the whole.
#[test]
fn tags_change_in_parallel() {
    let (_server, camera, client) = site();
    let id = event(
        &client,
        camera.id,
        "motion",
        "2026-03-01T10:00:00",
        &json!({"status_not_handled": ""}),
    );
    let tags = format!("{EVENTS}{id}/meta");
    for round in 0..3 {
        let set = [
            ("POST", String::new(), json!({"tag": "status_in_progress", "data": ""})),
            ("POST", "/".to_owned(), json!({"tag": "process", "data": "in_progress"})),
            ("POST", "/".to_owned(), json!({"tag": "user_a_AT_b_DOT_c", "data": ""})),
            ("POST", "/".to_owned(), json!({"tag": "description", "data": "{\"text\": \"ä\"}"})),
            ("PUT", "/user_id".to_owned(), json!({"data": "17"})),
            ("PUT", "/start_time/".to_owned(), json!({"data": "2026-03-01T10:00:00.000Z"})),
            ("PUT", "/big%20dog".to_owned(), json!({"data": "yes"})),
            ("DELETE", "/status_not_handled".to_owned(), Value::Null),
            ("DELETE", "/never_there/".to_owned(), Value::Null),
            ("DELETE", "/never_there_either".to_owned(), Value::Null),
        ];
        let calls = set.map(|(method, path, body)| {
            let (client, path) = (client.clone(), format!("{tags}{path}"));
            std::thread::spawn(move || {
                let body = (!body.is_null()).then(|| body.to_string());
                let answer = client.send(method, &path, &[], body.as_ref().map(String::as_bytes));
                let expected = match method {
                    "POST" => 201,
                    "PUT" => 200,
                    _ => 204,
                };
                assert_eq!(answer.status, expected, "{round}: {method} {path}: {}", answer.text);
            })
        });
        for call in calls {
            call.join().unwrap();
        }
    }
    let all = json!({
        "status_in_progress": "", "process": "in_progress", "user_a_AT_b_DOT_c": "",
        "description": "{\"text\": \"ä\"}", "user_id": "17",
        "start_time": "2026-03-01T10:00:00.000Z", "big dog": "yes"
    });
    let one = client.get(&format!("{EVENTS}{id}/?include_meta=true&order_by=-time")).ok(200);
    assert_eq!(one["meta"], all);
    let listed = client.get(&format!("{tags}/?limit=1000")).ok(200);
    let pairs = listed["objects"].as_array().unwrap().iter();
    let listed: serde_json::Map<String, Value> = pairs
        .map(|pair| (pair["tag"].as_str().unwrap().to_owned(), pair["data"].clone()))
        .collect();
    assert_eq!(Value::Object(listed), all);
    // Found by any of the spellings that the search field makes, and by value.
    assert_eq!(total(&client, "meta=Process,process,PROCESS"), 1);
    assert_eq!(total(&client, "meta=big%20dog"), 1);
    assert_eq!(total(&client, "tag=process%3Din_progress&tag=user_id%3D17"), 1);
    assert_eq!(total(&client, "tag=process%3Din_progress&tag=user_id%3D18"), 0);
    assert_eq!(total(&client, "meta=status_not_handled"), 0);
}

#[test]
fn pages_of_other_origins_may_call() {
    let (server, camera, client) = site();
    for path in [
        EVENTS.to_owned(),
        types(camera.id),
        "/api/v5/channels/".into(),
        format!("{EVENTS}1/meta/x"),
    ] {
        let asked = [
            ("Origin", "https://portal.example"),
            ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "authorization,content-type"),
        ];
        let answer = server.client("").send("OPTIONS", &path, &asked, None);
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        let allows = |header: &str, word: &str| {
            let value = answer.header(header).unwrap_or_default().to_lowercase();
            assert!(value.split(',').any(|w| w.trim() == word), "{path}: {header}: {value}");
        };
        for method in ["get", "post", "put", "delete", "options"] {
            allows("access-control-allow-methods", method);
        }
        allows("access-control-allow-headers", "authorization");
        allows("access-control-allow-headers", "content-type");
        allows("access-control-allow-origin", "*");
    }
    for (client, path) in
        [(&client, EVENTS), (&server.client(""), EVENTS), (&client, "/api/v2/nothing/")]
    {
        let answer = client.send("GET", path, &[("Origin", "https://portal.example")], None);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let admin =
        client.send("GET", "/api/admin/v1/jobs/1/", &[("Origin", "https://portal.example")], None);
    assert_eq!(admin.header("access-control-allow-origin"), None);
}

/// Every answer but 204 is JSON, and no success has what clients take for a failure.
#[test]
fn every_answer_is_json() {
    let (server, camera, client) = site();
    let id = event(&client, camera.id, "motion", "2026-03-01T10:00:00", &json!({}));
    for path in [
        EVENTS.to_owned(),
        format!("{EVENTS}{id}"),
        format!("{EVENTS}{id}/meta/"),
        types(camera.id),
        "/api/v2/cameras".into(),
        "/api/v3/aliases".into(),
        "/api/v4/channel".into(),
        "/api/v5/channels".into(),
        "/api/v2/storage/clips/?event_time=x&order_by=-event_time".into(),
        "/api/v2/storage/thumbnails".into(),
        format!("/api/v2/storage/timeline/{}", camera.id),
        "/api/v2/storage/activity/?daysincamtz=".into(),
        "/api/v4/storage/images/".into(),
    ] {
        let answer = client.get(&path);
        let json = answer.ok(200);
        assert!(json.is_object() && json.get("errorDetail").is_none(), "{path}: {json}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    }
    for (path, status) in [("/api/v2/nothing/", 404), (&format!("{EVENTS}0/") as &str, 404)] {
        let refused = client.get(path);
        let json = refused.ok(status);
        let names: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["errorDetail", "errorType", "status"], "{path}");
        assert_eq!(json["status"], status);
    }
    for (path, body) in [
        (EVENTS.to_owned(), json!([camera.id, "motion", "2026-03-01T10:00:00"])),
        (types(camera.id), json!(["door", true])),
        (format!("{}motion/trigger/", types(camera.id)), json!([])),
        (format!("{EVENTS}{id}/meta/"), json!(["tag", "data"])),
        (format!("/api/v3/channels/{}/meta/", camera.id), json!(["tag", "data"])),
    ] {
        assert_eq!(client.post(&path, &body).error(), "bad_parameter", "{path}: an array");
    }
    let refused = server.client("").get(EVENTS).ok(401);
    assert_eq!(refused["errorType"], "invalid_auth");
    let wrong = client.send("PATCH", EVENTS, &[], None);
    assert_eq!((wrong.status, wrong.error().as_str()), (405, "method_not_allowed"));
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, POST, DELETE"));
}

//! Events over HTTP, from the request to the disk and back.

mod server;
mod thumb;

use actix_web::http::Method;
use serde_json::{Value, json};

use super::{BULK, EVENTS, EXPORT, HISTOGRAM};
use server::{Server, TIME};

fn ids(list: &Value) -> Vec<u64> {
    list["objects"].as_array().unwrap().iter().map(|o| o["id"].as_u64().unwrap()).collect()
}

#[actix_web::test]
async fn a_create_answers_with_vxgs_members() {
    let server = Server::new().await;
    let body = json!({ "camid": 1, "name": "motion", "time": "2026-01-01T13:30:00.5+01:00",
        "meta": { "a": "1", "n": 2 } });
    let answer = server.post("/api/v2/storage/events", &body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.text,
        r#"{"camid":1,"id":1,"meta":{"a":"1","n":"2"},"name":"motion","time":"2026-01-01T12:30:00.500000"}"#
    );
    let sent = json!({ "name": "motion", "age_ms": 1500 }).to_string();
    let own = [("authorization", server.ingest.as_str())];
    let answer = server.send(Method::POST, EVENTS, &own, sent).await;
    assert_eq!(
        answer.text,
        r#"{"camid":1,"id":2,"meta":{},"name":"motion","time":"2026-01-01T11:59:58.500000"}"#
    );
}

#[actix_web::test]
async fn a_repeated_key_gets_the_first_answer() {
    let server = Server::new().await;
    let body = json!({ "camid": 1, "name": "motion", "time": TIME }).to_string();
    let key = [("idempotency-key", "k1")];
    let first = server.send(Method::POST, EVENTS, &key, body.clone()).await;
    let again = server.send(Method::POST, EVENTS, &key, body).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.text, again.text);
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(again.header("idempotent-replayed"), "true");
    let by_uid = json!({ "camid": 1, "name": "motion", "time": TIME, "uid": "k1" });
    assert_eq!(server.post(EVENTS, &by_uid).await.text, first.text);
    let other = json!({ "camid": 1, "name": "net", "time": TIME, "uid": "k1" });
    assert_eq!(server.post(EVENTS, &other).await.status, 422);
    let answer = server.send(Method::POST, EVENTS, &key, by_uid.to_string()).await;
    assert_eq!(answer.status, 200);
    let two = [("idempotency-key", "k2")];
    let answer = server.send(Method::POST, EVENTS, &two, by_uid.to_string()).await;
    assert_eq!((answer.status, &answer.json()["errorType"]), (400, &json!("bad_parameter")));
    assert_eq!(server.get(EVENTS).await.json()["meta"]["total_count"], 1);
}

#[actix_web::test]
async fn refusals_have_codes() {
    let server = Server::new().await;
    let id = server.event(2, "motion", 0, json!({})).await;
    let one = format!("{EVENTS}{id}/");
    let event = |camid: u32, name: &str| json!({ "camid": camid, "name": name, "time": TIME });
    let text = |value: Value| value.to_string();
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let (key, watch, ingest) = (&server.key, &server.watch, &server.ingest);
    for (method, path, credential, body, status, code) in [
        (&post, EVENTS, key, text(json!({ "name": "motion", "time": TIME })), 400, "missing_field"),
        (&post, EVENTS, key, text(event(1, "nothing")), 400, "unknown_event_type"),
        (&post, EVENTS, key, text(event(9, "motion")), 403, "out_of_scope"),
        (&post, EVENTS, ingest, text(event(2, "motion")), 403, "out_of_scope"),
        (&post, EVENTS, watch, text(event(1, "motion")), 403, "access_deny"),
        (&post, EVENTS, &"Acc x".to_owned(), text(event(1, "motion")), 401, "invalid_auth"),
        (&post, EVENTS, key, "{".to_owned(), 400, "bad_json"),
        (&post, EVENTS, key, format!("\"{}\"", "x".repeat(300_000)), 413, "body_too_large"),
        (&get, EVENTS, ingest, String::new(), 403, "access_deny"),
        (&get, "/api/v2/storage/events/?camid=2", watch, String::new(), 403, "out_of_scope"),
        (&get, "/api/v2/storage/events/?limit=-1", key, String::new(), 400, "bad_parameter"),
        (&get, "/api/v2/storage/events/x/", key, String::new(), 404, "not_found"),
        (&get, "/api/v2/storage/events/77", key, String::new(), 404, "event_not_found"),
        (&get, &one, watch, String::new(), 404, "event_not_found"),
        (&put, &one, key, "[]".to_owned(), 400, "bad_parameter"),
        (&put, EVENTS, key, String::new(), 405, "method_not_allowed"),
        (&get, BULK, key, String::new(), 405, "method_not_allowed"),
        (&delete, EVENTS, key, String::new(), 400, "bad_parameter"),
        (&delete, "/api/v2/storage/events/?camid=1", watch, String::new(), 403, "access_deny"),
        (&delete, &one, ingest, String::new(), 403, "access_deny"),
        (&get, "/api/admin/v1/jobs/1/", key, String::new(), 404, "not_found"),
        (&get, HISTOGRAM, key, String::new(), 400, "missing_field"),
        (&get, "/api/v2/storage/events/export/?format=x", key, String::new(), 400, "bad_parameter"),
    ] {
        let headers = [("authorization", credential.as_str())];
        let answer = server.send(method.clone(), path, &headers, body).await;
        let json = answer.json();
        assert_eq!((answer.status, &json["errorType"]), (status, &json!(code)), "{path} {json}");
        assert_eq!(json["status"], status);
    }
    assert_eq!(server.send(put, BULK, &[], String::new()).await.header("allow"), "POST");
}

#[actix_web::test]
async fn pages_that_follow_next_neither_repeat_nor_skip() {
    for order in ["time", "-time"] {
        let server = Server::new().await;
        server.event(2, "net", 0, json!({})).await;
        let mut expected = Vec::new();
        for second in 0..7 {
            expected.push(server.event(1, "motion", 10 + 2 * second, json!({})).await);
        }
        if order == "-time" {
            expected.reverse();
        }
        let (mut seen, mut page) = (Vec::new(), 0);
        let mut next = format!("{EVENTS}?camid=1&order_by={order}&limit=3&token=x");
        loop {
            let answer = server.get(&next).await.json();
            let meta = &answer["meta"];
            seen.extend(ids(&answer));
            assert_eq!((&meta["total_count"], &meta["limit"]), (&json!(7), &json!(3)));
            assert_eq!(meta["offset"], 3 * page);
            assert_eq!(meta["previous"].is_null(), page == 0);
            let Some(link) = meta["next"].as_str() else { break };
            assert!(!link.contains("token") && link.starts_with(EVENTS), "{link}");
            next = link.to_owned();
            // Among those that were seen, and among those to come.
            server.event(1, "motion", 11, json!({})).await;
            server.event(1, "motion", 21, json!({})).await;
            if page == 0 {
                let path = format!("{EVENTS}{}", seen[0]);
                server.send(Method::DELETE, &path, &[], String::new()).await;
            }
            page += 1;
        }
        assert_eq!(seen, expected, "{order}");
    }
}

#[actix_web::test]
async fn lists_show_what_was_asked_for() {
    let server = Server::new().await;
    let first = server.event(1, "motion", 1, json!({ "Person": "x" })).await;
    let body = json!({ "camid": 1, "name": "motion", "time": "2026-01-01T12:00:02", "uid": "u" });
    let second = server.post(EVENTS, &body).await.json()["id"].as_u64().unwrap();
    let plain = json!({ "camid": 1, "id": first, "name": "motion", "time": "2026-01-01T12:00:01" });
    let list = server.get(EVENTS).await.json();
    assert_eq!(list["objects"][0], plain);
    assert_eq!(server.get(&format!("{EVENTS}{first}")).await.json(), plain);

    let list = server.get(&format!("{EVENTS}?include_meta=True")).await.json();
    assert_eq!(list["objects"][0]["meta"], json!({ "Person": "x" }));
    assert!(list["objects"][1].get("meta").is_none());

    let detailed = server.get(&format!("{EVENTS}{second}/?detail=detail&include_meta=1")).await;
    let times = json!({ "camid": 1, "id": second, "name": "motion", "uid": "u",
        "picture": "none", "order_time": "2026-01-01T12:00:02", "received_at": TIME, "time": "2026-01-01T12:00:02" });
    assert_eq!(detailed.json(), times);
    assert_eq!(ids(&server.get(&format!("{EVENTS}?meta_not=Person")).await.json()), [second]);
    assert_eq!(ids(&server.get(&format!("{EVENTS}?tag=Person=x")).await.json()), [first]);
}

#[actix_web::test]
async fn tags_are_set_and_removed_over_their_paths() {
    let server = Server::new().await;
    let id = server.event(1, "motion", 1, json!({ "a": "1" })).await;
    let (tags, event) = (format!("{EVENTS}{id}/meta/"), format!("{EVENTS}{id}/?include_meta=true"));
    for (sent, answered) in [
        (json!({ "tag": "empty", "data": "" }), json!({ "tag": "empty", "data": "" })),
        (json!({ "tag": "bare" }), json!({ "tag": "bare", "data": "" })),
        (json!({ "tag": "a", "data": 5 }), json!({ "tag": "a", "data": "5" })),
        (json!({ "tag": "b c/d%", "data": null }), json!({ "tag": "b c/d%", "data": "null" })),
    ] {
        let answer = server.post(&tags, &sent).await;
        assert_eq!((answer.status, answer.json()), (201, answered));
    }
    let odd = format!("{EVENTS}{id}/meta/b%20c%2Fd%25");
    assert_eq!(server.get(&odd).await.json(), json!({ "tag": "b c/d%", "data": "null" }));
    let put = server.send(Method::PUT, &odd, &[], r#"{"data":"x"}"#.to_owned()).await;
    assert_eq!((put.status, put.json()), (200, json!({ "tag": "b c/d%", "data": "x" })));

    let list = server.get(&format!("{tags}?limit=2&offset=1")).await.json();
    assert_eq!(list["meta"]["total_count"], 4);
    assert_eq!(list["meta"]["next"], format!("{tags}?limit=2&offset=3"));
    assert_eq!(list["objects"][0], json!({ "tag": "empty", "data": "" }));

    for path in [format!("{tags}bare"), format!("{tags}bare/"), odd.clone()] {
        let answer = server.send(Method::DELETE, &path, &[], String::new()).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    assert_eq!(server.get(&odd).await.json()["errorType"], "not_found");
    let put = server.send(Method::PUT, &event, &[], r#"{"z":true,"a":"2"}"#.to_owned()).await;
    let meta = json!({ "a": "2", "empty": "", "z": "true" });
    assert_eq!((put.status, &put.json()["meta"]), (200, &meta));
    assert_eq!(server.get(&event).await.json()["meta"], meta);

    for (body, code) in [
        (json!({}), "missing_field"),
        (json!({ "tag": 1 }), "bad_parameter"),
        (json!(["t"]), "bad_parameter"),
        (json!({ "tag": "" }), "meta_limit"),
    ] {
        let answer = server.post(&tags, &body).await;
        assert_eq!((answer.status, &answer.json()["errorType"]), (400, &json!(code)), "{body}");
    }
    let gone = server.post(&format!("{EVENTS}99/meta/"), &json!({ "tag": "t" })).await;
    assert_eq!(gone.json()["errorType"], "event_not_found");
}

#[actix_web::test]
async fn in_bulk_a_bad_item_does_not_stop_the_others() {
    let server = Server::new().await;
    let good = json!({ "camid": 1, "name": "motion", "time": TIME, "uid": "u" });
    let items = json!([good, { "camid": 1 }, { "camid": 9, "name": "motion", "time": TIME }, 7,
        { "camid": 2, "name": "net", "age_ms": 0 }]);
    let answer = server.post(BULK, &json!({ "objects": items })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!((&body["created"], &body["failed"]), (&json!(2), &json!(3)));
    let results = body["objects"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|r| r["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 400, 403, 400, 201]);
    assert_eq!(results[1]["errorType"], "missing_field");
    assert_eq!(results[2]["errorType"], "out_of_scope");
    assert_eq!(results[0].as_object().unwrap().len(), 2);

    let lines = format!("{good}\n{{\"camid\":\n\n{}\n", items[4]);
    let kind = [("content-type", "application/x-ndjson")];
    let body = server.send(Method::POST, BULK, &kind, lines).await.json();
    assert_eq!((&body["created"], &body["failed"]), (&json!(2), &json!(1)));
    assert_eq!(body["objects"][0], json!({ "status": 200, "id": results[0]["id"] }));
    assert_eq!(body["objects"][1]["errorType"], "bad_json");
    assert_eq!(server.get(EVENTS).await.json()["meta"]["total_count"], 3);

    let key = [("idempotency-key", "k")];
    let refused = server.send(Method::POST, BULK, &key, "[]".to_owned()).await;
    assert_eq!(refused.json()["errorType"], "bad_parameter");
    let many = Value::Array(vec![json!({}); 1_001]);
    assert_eq!(server.post(BULK, &many).await.json()["errorType"], "body_too_large");
    let none = json!({ "created": 0, "failed": 0, "objects": [] });
    assert_eq!(server.post(BULK, &json!([])).await.json(), none);
}

#[actix_web::test]
async fn a_histogram_adds_up() {
    let server = Server::new().await;
    for (camera, name, second) in [(1, "motion", 0), (1, "motion", 5), (2, "net", 21)] {
        server.event(camera, name, second, json!({})).await;
    }
    let path = format!("{HISTOGRAM}?bucket=10&tz=Europe/Berlin&group_by=camid&fill=true");
    assert_eq!(
        server.get(&path).await.text,
        concat!(
            r#"{"meta":{"bucket":10,"tz":"Europe/Berlin","total_count":3},"objects":["#,
            r#"{"time":"2026-01-01T13:00:00+01:00","count":2,"groups":{"1":2}},"#,
            r#"{"time":"2026-01-01T13:00:10+01:00","count":0,"groups":{}},"#,
            r#"{"time":"2026-01-01T13:00:20+01:00","count":1,"groups":{"2":1}}]}"#
        )
    );
    let day = server.get(&format!("{HISTOGRAM}?bucket=day&events=motion")).await.json();
    let objects = json!([{ "time": "2026-01-01T00:00:00+00:00", "count": 2 }]);
    assert_eq!((&day["meta"]["bucket"], &day["objects"]), (&json!("day"), &objects));
    let range = "start=2026-01-01T00:00:00&end=2026-01-02T00:00:00";
    let answer = server.get(&format!("{HISTOGRAM}?bucket=1&{range}")).await;
    assert_eq!(answer.json()["errorType"], "bad_parameter");
}

#[actix_web::test]
async fn an_export_can_be_taken_up_again() {
    let server = Server::new().await;
    let first = server.event(1, "motion", 5, json!({ "q": "a\"b" })).await;
    let second = server.event(1, "motion", 3, json!({})).await;
    let third = server.event(2, "net", 4, json!({})).await;
    let answer = server.get(&format!("{EXPORT}?detail=x")).await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert!(answer.header("content-disposition").contains("events.ndjson"));
    let lines: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listed: Vec<_> = lines.iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert_eq!(listed, [first, second, third]);
    assert_eq!(lines[0]["meta"], json!({ "q": "a\"b" }));
    assert!(lines[1].get("meta").is_none() && lines[1].get("received_at").is_none());

    let rest = server.get(&format!("{EXPORT}?after_id={first}&camid=1&detail=detail")).await;
    let line: Value = serde_json::from_str(&rest.text).unwrap();
    assert_eq!((&line["id"], &line["received_at"]), (&json!(second), &json!(TIME)));
    assert_eq!(server.get(&format!("{EXPORT}?after_id={third}")).await.text, "");

    let table = server.get(&format!("{EXPORT}?format=csv&ids={first}")).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let row = r#"1,1,"Gate, ""north""",motion,2026-01-01T12:00:05Z,2026-01-01T12:00:00Z,"{""q"":""a\""b""}""#;
    let head = "id,camid,camera,name,time,received_at,meta\r\n";
    assert_eq!(table.text, format!("{head}{row}\r\n"));
    assert_eq!(server.get(&format!("{EXPORT}?format=csv&ids=99")).await.text, head);
}

#[actix_web::test]
async fn a_large_delete_becomes_a_job() {
    let server = Server::new().await;
    let one = server.event(2, "motion", 0, json!({})).await;
    let path = format!("{EVENTS}{one}");
    let gone = server.send(Method::DELETE, &path, &[], String::new()).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(server.get(&path).await.status, 404);

    let item = json!({ "camid": 1, "name": "motion", "time": TIME });
    let many = Value::Array(vec![item; 1_000]);
    for _ in 0..3 {
        assert_eq!(server.post(BULK, &many).await.json()["created"], 1_000);
    }
    let exported = server.get(&format!("{EXPORT}?format=csv")).await.text; // in several chunks
    let exported = exported.lines().skip(1).map(|row| row.split(',').next().unwrap());
    let expected: Vec<String> = (1..=3_000).map(|n| (one + n).to_string()).collect();
    assert!(exported.eq(expected.iter().map(String::as_str)));
    let half = format!("{EVENTS}?before_id={}", one + 900);
    let few = server.send(Method::DELETE, &half, &[], String::new()).await;
    assert_eq!((few.status, few.text.as_str()), (200, r#"{"deleted":900}"#));

    let all = format!("{EVENTS}?camid=1");
    let job = server.send(Method::DELETE, &all, &[], String::new()).await;
    assert_eq!((job.status, &job.json()["total"]), (202, &json!(2_100)));
    let path = job.header("location");
    assert_eq!(path, format!("/api/admin/v1/jobs/{}/", job.json()["id"]));
    let state = loop {
        let state = server.get(path).await.json();
        if state["state"] != "running" {
            break state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert_eq!((&state["state"], &state["done"]), (&json!("done"), &json!(2_100)));
    assert_eq!(server.send(Method::DELETE, path, &[], String::new()).await.json(), state);
    assert_eq!(server.get(EVENTS).await.json()["meta"]["total_count"], 0);
}

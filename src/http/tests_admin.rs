//! Cameras, event types and tokens as the site's page sees them, with a clock that is moved by hand.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::tests_camera::{Answer, Server};
use crate::domain::time::{DAY_US, HOUR_US, MINUTE_US};

const EVENTS: &str = "/api/v2/storage/events/";
const CAMERAS: &str = "/api/admin/v1/cameras/";
const GATE: &str = "/api/admin/v1/cameras/1/";
const TYPES: &str = "/api/admin/v1/event-types/";
const TOKENS: &str = "/api/admin/v1/cameras/1/tokens/";

impl Server {
    fn advance(&self, us: i64) {
        self.services.clock().advance_us(us);
    }

    /// Stores an event of the first camera, `age` microseconds before now (negative: after).
    async fn event(&self, name: &str, age: i64) -> u64 {
        let time = crate::domain::Timestamp(self.services.clock().now().0 - age).rfc3339();
        let body = json!({ "camid": 1, "name": name, "time": time });
        let stored = self.post(EVENTS, &self.key, &body.to_string()).await;
        assert_eq!(stored.0, 201, "{}", stored.1);
        stored.1["id"].as_u64().unwrap()
    }

    async fn gate(&self) -> Value {
        let Answer(status, body, _) = self.get(GATE, &self.log_in().await).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn status(&self) -> String {
        self.gate().await["status"].as_str().unwrap().to_owned()
    }
}

#[actix_web::test]
async fn a_camera_tells_how_it_does() {
    let server = Server::new().await;
    let mut sparkline = vec![0; 48];
    let mut expected = json!({
        "id": 1, "name": "Gate", "time_zone": "UTC", "status": "offline", "enabled": true,
        "device": {"port": null, "username": null, "has_password": false, "password_set": null,
            "snapshot_path": null},
        "connection": "none", "connected_since": null, "vendor": null, "model": null,
        "firmware": null, "address": null, "last_event": null, "count_24h": 0,
        "sparkline": sparkline, "skew_ms": null, "skew_samples": 0, "quiet_after_s": 0,
        "rejected_24h": {}, "can_trigger": false
    });
    expected["can_trigger"] = server.gate().await["can_trigger"].clone(); // as the catalogue has it
    server.get(GATE, &server.admin).await.is(200, &expected);
    server.get(CAMERAS, &server.admin).await.is(200, &json!({ "objects": [expected] }));

    // It is 16:30: the last half hour ends at 16:45, the first begins at 16:45 the day before.
    server.event("motion", 24 * HOUR_US).await;
    server.event("net", 24 * HOUR_US - 15 * MINUTE_US).await;
    server.event("motion", 16 * MINUTE_US).await;
    let last = server.event("net", 500_000).await;
    (sparkline[0], sparkline[46], sparkline[47]) = (1, 1, 1);
    expected["sparkline"] = json!(sparkline);
    expected["count_24h"] = json!(3);
    expected["connection"] = json!("http");
    expected["skew_samples"] = json!(4);
    expected["status"] = json!("online");
    expected["last_event"] =
        json!({ "id": last, "name": "net", "time": "2021-09-23T16:29:59.500000Z" });
    server.get(GATE, &server.admin).await.is(200, &expected);
    server.get(CAMERAS, &server.admin).await.is(200, &json!({ "objects": [expected] }));

    server
        .services
        .events
        .delete(&crate::service::access::Caller::local(), crate::domain::EventId(last))
        .await
        .unwrap();
    let gate = server.gate().await;
    assert_eq!((&gate["last_event"]["name"], &gate["count_24h"]), (&json!("motion"), &json!(2)));
}

#[actix_web::test]
async fn the_status_is_the_first_that_holds() {
    let server = Server::new().await;
    assert_eq!(server.status().await, "offline");
    server.event("motion", 0).await;
    assert_eq!(server.status().await, "online");
    server.advance(DAY_US + 1);
    assert_eq!(server.status().await, "quiet", "without a limit after a day");
    server.event("motion", 0).await;
    server.put(GATE, &server.log_in().await, r#"{"quiet_after_s":60}"#).await;
    server.advance(MINUTE_US);
    assert_eq!(server.status().await, "online");
    server.advance(1);
    assert_eq!(server.status().await, "quiet");

    for _ in 0..9 {
        server.event("motion", -90_000_000).await;
    }
    let gate = server.gate().await;
    assert_eq!((&gate["status"], &gate["skew_ms"]), (&json!("clock"), &json!(90_000)));
    assert_eq!(gate["skew_samples"], 11);

    let unknown = r#"{"name":"nothing","age_ms":0}"#;
    server.post(EVENTS, &server.all, unknown).await.refuses(400, "unknown_event_type");
    assert_eq!(server.status().await, "rejecting");
    server.put(GATE, &server.log_in().await, r#"{"enabled":false}"#).await;
    assert_eq!(server.status().await, "disabled");
    server.put(GATE, &server.log_in().await, r#"{"enabled":true}"#).await;
    server.advance(HOUR_US);
    assert_eq!(server.status().await, "clock", "an hour later refusals are forgiven");
    assert_eq!(server.gate().await["rejected_24h"], json!({ "unknown_event_type": 1 }));
    server.advance(DAY_US);
    assert_eq!(server.gate().await["rejected_24h"], json!({}));
}

#[actix_web::test]
async fn refusals_are_counted_where_the_camera_is_known() {
    let server = Server::new().await;
    for (who, body) in [
        (&server.all, r#"{"name":"motion""#),
        (&server.all, r#"{"name":"motion"}"#),
        (&server.all, r#"{"name":"motion","time":"yesterday"}"#),
        (&server.admin, r#"{"camid":1,"name":"nothing","age_ms":0}"#),
        (&server.admin, r#"{"camid":2,"name":"nothing","age_ms":0}"#),
        (&server.admin, r#"{"name":"motion","age_ms":0}"#),
        (&server.watch, r#"{"name":"motion","age_ms":0}"#),
    ] {
        assert!(server.post(EVENTS, who, body).await.0 >= 400, "{body}");
    }
    let items = r#"[{"name":"motion","age_ms":0},{"name":"x","age_ms":0},{"name":1}]"#;
    assert_eq!(server.post(&format!("{EVENTS}bulk/"), &server.all, items).await.1["failed"], 2);
    let tag = "t".repeat(129);
    let keyed = format!(r#"[{{"name":"motion","age_ms":0,"uid":"k","meta":{{"{tag}":""}}}}]"#);
    server.post(&format!("{EVENTS}bulk/"), &server.all, &keyed).await;
    server.post(&format!("{EVENTS}bulk/"), &server.all, "[").await.refuses(400, "bad_json");
    assert_eq!(
        server.gate().await["rejected_24h"],
        json!({ "bad_json": 2, "missing_field": 1, "bad_parameter": 2, "unknown_event_type": 2,
            "meta_limit": 1 })
    );
}

#[actix_web::test]
async fn cameras_are_added_and_changed() {
    let server = Server::new().await;
    let key = &server.admin;
    let sent = r#"{"name":"Yard","time_zone":"Europe/Berlin","address":"10.20.4.31","quiet_after_s":7200}"#;
    let Answer(status, added, _) = server.post(CAMERAS, key, sent).await;
    assert_eq!((status, &added["id"], &added["status"]), (201, &json!(2), &json!("offline")));
    assert_eq!(
        (&added["time_zone"], &added["address"], &added["quiet_after_s"]),
        (&json!("Europe/Berlin"), &json!("10.20.4.31"), &json!(7_200))
    );
    let yard = format!("{CAMERAS}2/");
    let changed = server.put(&yard, key, r#"{"address":"yard.local","name":"Back"}"#).await.1;
    assert_eq!(
        (&changed["name"], &changed["address"], &changed["quiet_after_s"]),
        (&json!("Back"), &json!("yard.local"), &json!(7_200))
    );
    for none in [r#"{"address":null}"#, r#"{"address":""}"#] {
        server.put(&yard, key, r#"{"address":"::1"}"#).await;
        assert_eq!(server.put(&yard, key, none).await.1["address"], json!(null));
    }
    for (body, code) in [
        (r#"{"name":""}"#, "bad_parameter"),
        (r#"{"time_zone":"Mars"}"#, "bad_parameter"),
        (r#"{"address":"http://x/"}"#, "bad_parameter"),
        (r#"{"quiet_after_s":2592001}"#, "bad_parameter"),
        (r#"{"quiet_after_s":-1}"#, "bad_parameter"),
        (r#"{"colour":"red"}"#, "bad_parameter"),
        ("{", "bad_json"),
    ] {
        server.put(&yard, key, body).await.refuses(400, code);
        server
            .post(CAMERAS, key, &body.replacen('{', r#"{"name":"N","#, 1))
            .await
            .refuses(400, code);
    }
    server.post(CAMERAS, key, "{}").await.refuses(400, "missing_field");
    server
        .post(CAMERAS, key, r#"{"name":"N","enabled":false}"#)
        .await
        .refuses(400, "bad_parameter");
    server.put(&format!("{CAMERAS}9/"), key, "{}").await.refuses(404, "camera_not_found");
    let both = server.get(CAMERAS, key).await.1;
    assert_eq!(both["objects"].as_array().unwrap().len(), 2);

    server.delete(&format!("{yard}?events=some"), key).await.refuses(400, "bad_parameter");
    assert_eq!(server.delete(&yard, key).await.0, 204);
    server.get(&yard, key).await.is(200, &json!({ "id": 2, "name": "Back", "removed": true }));
    server.delete(&yard, key).await.refuses(404, "camera_not_found");
    server.get(&format!("{CAMERAS}3/"), key).await.refuses(404, "camera_not_found");
}

#[actix_web::test]
async fn of_a_camera_that_is_off_only_the_account_creates() {
    let server = Server::new().await;
    let body = r#"{"camid":1,"name":"motion","age_ms":0}"#;
    server.put(GATE, &server.admin, r#"{"enabled":false}"#).await;
    let refused = server.post(EVENTS, &server.all, body).await;
    refused.refuses(403, "camera_disabled");
    let items = format!("[{body}]");
    let many = server.post(&format!("{EVENTS}bulk/"), &server.all, &items).await.1;
    assert_eq!(many["objects"][0]["errorType"], "camera_disabled");
    assert_eq!(server.post(EVENTS, &server.admin, body).await.0, 201);
    assert_eq!(server.get(EVENTS, &server.all).await.1["meta"]["total_count"], 1);
    let own = "/api/v2/cameras/1/";
    server.put(own, &server.all, r#"{"enabled":true}"#).await.refuses(403, "access_deny");
    assert_eq!(server.put(own, &server.all, r#"{"enabled":false}"#).await.0, 200);
    assert_eq!(server.gate().await["rejected_24h"], json!({ "camera_disabled": 2 }));
    server.put(GATE, &server.admin, r#"{"enabled":true}"#).await;
    assert_eq!(server.post(EVENTS, &server.all, body).await.0, 201);
}

#[actix_web::test]
async fn every_type_of_the_site_has_a_label_and_a_count() {
    let server = Server::new().await;
    let types = "/api/v2/cameras/1/event_processing/events/";
    for name in ["person", "forklift", "gone", "never"] {
        server.post(types, &server.admin, &json!({ "name": name }).to_string()).await;
    }
    for name in ["motion", "motion", "forklift", "gone"] {
        server.event(name, 40 * DAY_US).await;
    }
    server.event("motion", 0).await;
    for name in ["gone", "never"] {
        assert_eq!(server.delete(&format!("{types}{name}/"), &server.admin).await.0, 204);
    }
    let known = server.get(TYPES, &server.admin).await.1;
    let known: Vec<Value> = known["objects"].as_array().unwrap().clone();
    let names: Vec<&str> = known.iter().map(|k| k["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["forklift", "gone", "motion", "net", "person", "snapshot"]);
    assert_eq!(
        known[0],
        json!({ "name": "forklift", "label": { "en": "forklift", "de": "forklift" },
            "family": "custom", "custom": true, "count": 1 })
    );
    assert_eq!((&known[1]["custom"], &known[1]["count"]), (&json!(true), &json!(1)));
    assert_eq!(
        known[2],
        json!({ "name": "motion", "label": { "en": "Motion", "de": "Bewegung" },
            "family": "motion", "custom": false, "count": 3 })
    );
    assert_eq!((&known[3]["count"], &known[4]["family"]), (&json!(0), &json!("person")));
    assert_eq!(known[4]["custom"], true);
}

#[actix_web::test]
async fn a_rotated_token_holds_twice_for_a_while() {
    let server = Server::new().await;
    let key = &server.admin;
    let Answer(status, made, _) =
        server.post(TOKENS, key, r#"{"access":"watch","expires_s":86400}"#).await;
    assert_eq!((status, &made["access"]), (201, &json!("watch")));
    assert_eq!(made["expires"], "2021-09-24T16:30:00Z");
    assert!(made.get("ingest_url").is_none() && made.get("former_until").is_none());
    let (id, first) = (&made["token_id"], format!("Acc {}", made["token"].as_str().unwrap()));
    let token = format!("/api/admin/v1/tokens/{id}/");
    let shown = server.post(&format!("{token}show/"), key, "").await;
    shown.is(200, &made);

    let rotate = format!("{token}rotate/");
    let Answer(status, second, _) = server.post(&rotate, key, r#"{"overlap_s":3600}"#).await;
    assert_eq!((status, &second["former_until"]), (200, &json!("2021-09-23T17:30:00Z")));
    let second = format!("Acc {}", second["token"].as_str().unwrap());
    assert_ne!(first, second);
    let holds = async |secret: &str| server.get(EVENTS, secret).await.0 == 200;
    assert!(holds(&first).await && holds(&second).await);
    let listed = server.get(TOKENS, key).await.1["objects"][3].clone();
    assert_eq!(listed["former_until"], "2021-09-23T17:30:00Z");
    server.advance(HOUR_US);
    assert!(!holds(&first).await && holds(&second).await);
    assert_eq!(server.get(TOKENS, key).await.1["objects"][3]["former_until"], json!(null));

    let third = server.post(&rotate, key, r#"{"overlap_s":0}"#).await.1;
    let third = format!("Acc {}", third["token"].as_str().unwrap());
    assert!(!holds(&second).await && holds(&third).await);
    for (body, code) in [
        (r#"{"overlap_s":5}"#, "bad_parameter"),
        ("{}", "missing_field"),
        (r#"{"overlap_s":0,"now":true}"#, "bad_parameter"),
    ] {
        server.post(&rotate, key, body).await.refuses(400, code);
    }
    assert_eq!(server.delete(&token, key).await.0, 204);
    assert!(!holds(&third).await);
    for path in [format!("{token}show/"), rotate] {
        server.post(&path, key, r#"{"overlap_s":0}"#).await.refuses(404, "not_found");
    }
    server.delete(&token, key).await.refuses(404, "not_found");
}

#[actix_web::test]
async fn tokens_tell_when_they_were_used() {
    let server = Server::new().await;
    let listed = async || server.get(TOKENS, &server.admin).await.1["objects"].clone();
    let unused = json!({
        "token_id": 2, "access": "all", "created": "2021-09-23T16:30:00Z", "expires": null,
        "former_until": null, "last_used": null, "last_used_from": null
    });
    assert_eq!(listed().await[0], unused);
    server.get(EVENTS, &server.all).await;
    server.advance(59_000_000);
    server.get(EVENTS, &server.all).await;
    assert_eq!(listed().await[0]["last_used"], "2021-09-23T16:30:00Z");
    server.advance(1_000_000);
    server.get(EVENTS, &server.all).await;
    assert_eq!(listed().await[0]["last_used"], "2021-09-23T16:31:00Z");
    assert_eq!(listed().await[1]["last_used"], json!(null));

    let ingest = server.post(TOKENS, &server.admin, r#"{"access":"ingest"}"#).await.1;
    let secret = ingest["token"].as_str().unwrap();
    assert!(secret.starts_with("wp.t"), "bare: {secret}");
    assert_eq!(ingest["ingest_url"], format!("http://nvr.local:8080/i/{secret}"));
    for (body, code) in [
        (r#"{"access":"metrics"}"#, "bad_parameter"),
        (r#"{"access":"ingest","expires_s":0}"#, "bad_parameter"),
        (r#"{"access":"ingest","name":"x"}"#, "bad_parameter"),
        ("{}", "missing_field"),
    ] {
        server.post(TOKENS, &server.admin, body).await.refuses(400, code);
    }
    let foreign = "/api/admin/v1/cameras/9/tokens/";
    server.get(foreign, &server.admin).await.refuses(404, "camera_not_found");
    server
        .post(foreign, &server.admin, r#"{"access":"all"}"#)
        .await
        .refuses(404, "camera_not_found");
}

#[actix_web::test]
async fn credentials_do_not_run_the_site() {
    let server = Server::new().await;
    for who in [&server.key, &server.all, &server.watch] {
        for (method, path) in [
            (Method::GET, CAMERAS),
            (Method::POST, CAMERAS),
            (Method::GET, GATE),
            (Method::PUT, GATE),
            (Method::DELETE, GATE),
            (Method::GET, TYPES),
            (Method::GET, TOKENS),
            (Method::POST, TOKENS),
            (Method::POST, "/api/admin/v1/tokens/2/show/"),
            (Method::POST, "/api/admin/v1/tokens/2/rotate/"),
            (Method::DELETE, "/api/admin/v1/tokens/2/"),
            (Method::GET, "/api/%61dmin/v1/cameras/"),
            (Method::GET, "/api/admin/v1/jobs/"),
        ] {
            if path.ends_with("/jobs/") && who == &server.key {
                continue; // its own jobs, which deleting events made
            }
            let answer = server.ask(method.clone(), path, who, Some("{}")).await;
            answer.refuses(403, "access_deny");
        }
    }
    server.get(CAMERAS, "").await.refuses(401, "invalid_auth");
}

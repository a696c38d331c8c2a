//! Pictures that were announced: the address to send them to, and what is shown meanwhile.

use std::sync::Arc;

use actix_web::http::Method;
use serde_json::json;

use super::server::{Answer, Server};
use crate::domain::{Attachment, EventId, Origin};
use crate::service::access::Caller;
use crate::service::attachment::placeholder;

const MINUTE_US: i64 = 60_000_000;

fn origin() -> Origin {
    Origin { tls: false, host: "recorder.example".to_owned(), port: Some(8080) }
}

/// Path and query of a URL.
fn target(url: &str) -> &str {
    url.strip_prefix("http://recorder.example:8080").unwrap_or_else(|| panic!("{url}"))
}

impl Server {
    /// Sends without a credential.
    async fn anonymous(&self, method: Method, target: &str, body: &[u8]) -> Answer {
        let headers = [("authorization", "")];
        self.send(method, target, &headers, body.to_vec()).await
    }

    async fn event_1(&self) -> serde_json::Value {
        self.get("/api/v2/storage/events/1/?detail=detail").await.json()
    }
}

#[actix_web::test]
async fn an_expected_picture_comes_once_to_its_address() {
    let server = Server::new().await;
    server.event(1, "motion", 0, json!({})).await;
    assert_eq!(server.event_1().await.get("thumb"), None);
    let upload = server
        .services
        .attachments
        .expect(EventId(1), Attachment::Picture, &origin())
        .await
        .unwrap();
    let event = server.event_1().await;
    assert_eq!(
        (&event["picture"], &event["thumb"]["state"]),
        (&json!("expected"), &json!("expected"))
    );
    assert_eq!(
        server.get("/api/v2/storage/events/?has_thumb=true").await.json()["objects"],
        json!([])
    );
    let shown = event["thumb"]["url"].as_str().unwrap();
    let shown = shown.strip_prefix("http://localhost:8080").unwrap_or(shown);
    let shown = &shown[shown.find("/api").unwrap()..];
    let waiting = server.anonymous(Method::GET, shown, b"").await;
    assert_eq!((waiting.status, waiting.json()), (202, json!({ "state": "expected" })));
    let browser = [("authorization", ""), ("accept", "image/avif,image/webp,*/*;q=0.8")];
    let waiting = server.send(Method::GET, shown, &browser, "").await;
    assert_eq!((waiting.status, waiting.header("content-type")), (202, "image/png"));

    // What is no picture does not use the address up.
    let to = target(&upload.url);
    let refused = server.anonymous(Method::PUT, to, b"<svg/>").await;
    assert_eq!((refused.status, &refused.json()["reason"]), (400, &json!("type")));
    // An address for looking is none for sending, nor the other way round.
    for (method, target) in [(Method::PUT, shown), (Method::GET, to)] {
        let refused = server.anonymous(method, target, placeholder()).await;
        assert_eq!(refused.json()["errorType"], "bad_signature");
    }
    let sent = server.anonymous(Method::PUT, to, placeholder()).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    let again = server.anonymous(Method::PUT, to, placeholder()).await;
    assert_eq!(again.status, 200, "its answer may have been lost");
    let other = crate::service::attachment::jpeg(&[9; 48], (4, 4)).unwrap();
    let refused = server.anonymous(Method::PUT, to, &other).await;
    assert_eq!((refused.status, &refused.json()["errorType"]), (403, &json!("bad_signature")));
    assert_eq!(server.event_1().await["picture"], "ready");
    let answer = server.anonymous(Method::GET, shown, b"").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    let listed = server.get("/api/v2/storage/events/?has_thumb=true").await.json();
    assert_eq!(listed["meta"]["total_count"], 1);
}

#[actix_web::test]
async fn addresses_end_and_hold_for_one_event_only() {
    let server = Server::new().await;
    server.event(1, "motion", 0, json!({})).await;
    server.event(2, "motion", 0, json!({})).await;
    let upload = server
        .services
        .attachments
        .expect(EventId(1), Attachment::Picture, &origin())
        .await
        .unwrap();
    let to = target(&upload.url);
    let foreign = to.replace("/events/1/", "/events/2/");
    let longer = to.replace("expire=", "expire=9");
    let shorter = &to[..to.len() - 1];
    let strange = "/api/v2/storage/events/1/thumb/?of=upload&expire=x&sign=y";
    for wrong in [foreign.as_str(), &longer, shorter, strange] {
        let refused = server.anonymous(Method::PUT, wrong, placeholder()).await;
        assert_eq!((refused.status, &refused.json()["errorType"]), (403, &json!("bad_signature")));
    }
    let shown = server.event_1().await["thumb"]["url"].as_str().unwrap().to_owned();
    let shown = &shown[shown.find("/api").unwrap()..];
    server.services.clock().advance_us(11 * MINUTE_US);
    let refused = server.anonymous(Method::PUT, to, placeholder()).await;
    assert_eq!(refused.status, 403);
    assert_eq!(server.anonymous(Method::GET, shown, b"").await.status, 202);
    // What did not come is given up.
    server.services.attachments.pass().await.unwrap();
    assert_eq!(server.event_1().await["picture"], "failed");
    assert_eq!(server.event_1().await.get("thumb"), None);
    assert_eq!(server.anonymous(Method::GET, shown, b"").await.status, 404);
    // It may still be brought by hand.
    let put = server.send(Method::PUT, "/api/v2/storage/events/1/thumb/", &[], placeholder()).await;
    assert_eq!(put.status, 200, "{}", put.text);
    assert_eq!(server.anonymous(Method::GET, shown, b"").await.status, 200);
    server.services.clock().advance_us(26 * 60 * MINUTE_US);
    assert_eq!(server.anonymous(Method::GET, shown, b"").await.status, 403);
}

#[actix_web::test]
async fn a_deleted_event_has_no_files_any_more() {
    let server = Server::new().await;
    let me = Caller::local();
    for second in 0..3 {
        server.event(1, "motion", second, json!({})).await;
    }
    let attachments = &server.services.attachments;
    for id in 1..=3 {
        for (of, sent) in [(Attachment::Picture, placeholder()), (Attachment::Filemeta, b"{}")] {
            attachments.attach(&me, EventId(id), of, Arc::new(sent)).await.unwrap();
        }
    }
    let shown = server.event_1().await["thumb"]["url"].as_str().unwrap().to_owned();
    let shown = &shown[shown.find("/api").unwrap()..];
    let report = attachments.verify().await.unwrap();
    let found = (report.pictures, report.filemeta, report.problem_count);
    assert_eq!(found, (3, 3, 0), "{:?}", report.problems);
    let gone = server.send(Method::DELETE, "/api/v2/storage/events/1/", &[], "").await;
    assert_eq!(gone.status, 204);
    assert_eq!(
        server.anonymous(Method::GET, shown, b"").await.json()["errorType"],
        "event_not_found"
    );
    let many = server.send(Method::DELETE, "/api/v2/storage/events/?has_thumb=true", &[], "").await;
    assert_eq!(many.json(), json!({ "deleted": 2 }));
    let report = attachments.verify().await.unwrap();
    let found = (report.events, report.pictures, report.filemeta, report.problem_count);
    assert_eq!(found, (0, 0, 0, 0));
}

#[actix_web::test]
async fn a_metadata_file_is_awaited_and_comes_once_to_its_address() {
    let server = Server::new().await;
    server.event(1, "motion", 0, json!({})).await;
    let attachments = &server.services.attachments;
    let upload = attachments.expect(EventId(1), Attachment::Filemeta, &origin()).await.unwrap();
    let to = target(&upload.url);
    let item = "/api/v2/storage/events/1/?include_filemeta_download=true";
    assert_eq!(
        server.get(item).await.json().get("filemeta"),
        None,
        "clients load what has an address"
    );
    let event = server.event_1().await;
    assert_eq!(
        (&event["filemeta"], &event["picture"]),
        (&json!({"state": "expected"}), &json!("none"))
    );
    let waiting = server.get("/api/v2/storage/events/1/filemeta/").await;
    assert_eq!((waiting.status, waiting.json()), (202, json!({ "state": "expected" })));
    // It is no address for pictures, nor for this one elsewhere.
    for wrong in [
        to.replace("/filemeta/", "/thumb/"),
        to.replace("upload_filemeta", "upload"),
        to.replace("/1/", "/2/"),
    ] {
        let refused = server.anonymous(Method::PUT, &wrong, b"{}").await;
        assert_eq!(refused.json()["errorType"], "bad_signature", "{wrong}");
    }
    for no_json in [b"".as_slice(), b"{", b"<svg/>", b"\"\xff\"", b"{} {}"] {
        let refused = server.anonymous(Method::PUT, to, no_json).await;
        assert_eq!((refused.status, &refused.json()["errorType"]), (400, &json!("bad_json")));
    }
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    for (status, body) in [(200, deep.as_str()), (200, &deep), (403, "{}")] {
        assert_eq!(server.anonymous(Method::PUT, to, body.as_bytes()).await.status, status);
    }
    let told = server.get(item).await.json();
    assert_eq!(told["filemeta"]["state"], "ready");
    let shown = told["filemeta"]["download"]["url"].as_str().unwrap().to_owned();
    let loaded = server.anonymous(Method::GET, &shown[shown.find("/api").unwrap()..], b"").await;
    assert_eq!((loaded.status, loaded.text.as_str()), (200, deep.as_str()));
    assert_eq!(loaded.header("content-type"), "application/json");
    // Another one that does not come.
    server.event(1, "motion", 1, json!({})).await;
    attachments.expect(EventId(2), Attachment::Filemeta, &origin()).await.unwrap();
    attachments.expect(EventId(2), Attachment::Picture, &origin()).await.unwrap();
    server.services.clock().advance_us(11 * MINUTE_US);
    attachments.pass().await.unwrap();
    let event = server.get("/api/v2/storage/events/2/?detail=detail").await.json();
    assert_eq!(
        (&event["filemeta"]["state"], &event["picture"]),
        (&json!("failed"), &json!("failed"))
    );
    assert_eq!(attachments.verify().await.unwrap().problem_count, 0);
}

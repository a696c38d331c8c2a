//! What a request may be: each limit refuses with its status and code, stores nothing, and the server
//! goes on. What many requests at once may be is in `overload`.
//!
//! Rows of the table of limits that belong to one thing are tested with it: `/i/` in `ingest`, pictures in
//! `pictures`, the `Content-Type` of a cookie's session in `people`, event streams in `stream`.

use serde_json::{Value, json};

use crate::common::{Answer, Server};
use crate::raw::{Lost, Raw, head};

pub const EVENTS: &str = "/api/v2/storage/events/";
pub const BULK: &str = "/api/v2/storage/events/bulk/";
const KIB: usize = 1024;

/// A server with one camera and one event.
pub struct Site {
    pub server: Server,
    pub camera: u64,
    /// Header line of the camera's token for everything.
    pub token: String,
    /// The same of its ingest token.
    pub ingest: String,
    /// The same of a license key.
    pub key: String,
    /// The event.
    pub event: u64,
}

impl Site {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(arguments: &[&str]) -> Self {
        let server = Server::start_with(arguments);
        server.wait_ready();
        let camera = server.camera("gate");
        let line = |scheme: &str, secret: &Value| {
            format!("Authorization: {scheme} {}\r\n", secret.as_str().unwrap())
        };
        let mut site = Self {
            camera: camera["id"].as_u64().unwrap(),
            token: line("Acc", &camera["access_tokens"]["all"]),
            ingest: line("Acc", &camera["ingest_token"]),
            key: format!("Authorization: {}\r\n", server.key()),
            event: 0,
            server,
        };
        site.event = site.post(EVENTS, &site.body(&json!({}))).ok(201)["id"].as_u64().unwrap();
        site
    }

    pub fn connect(&self) -> Raw {
        Raw::connect(&self.server.base).unwrap()
    }

    /// One request on a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        self.connect().request(method, path, headers, body).unwrap()
    }

    /// POST with the camera's token.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &self.token, &body.to_string())
    }

    pub fn body(&self, meta: &Value) -> Value {
        let camera = self.camera;
        json!({ "camid": camera, "name": "motion", "time": "2025-06-01T12:00:00", "meta": meta })
    }

    pub fn total(&self) -> u64 {
        let list = self.ask("GET", &format!("{EVENTS}?limit=1"), &self.key, "").ok(200);
        list["meta"]["total_count"].as_u64().unwrap()
    }

    /// The server is well and has as many events as it should.
    #[track_caller]
    pub fn assert_unhurt(&self, events: u64) {
        assert_eq!(self.total(), events, "nothing is stored of what is refused");
        assert_eq!(self.ask("GET", "/healthz", "", "").status, 200);
        assert_eq!(self.ask("GET", "/readyz", "", "").status, 200);
    }
}

/// Status, code (empty if the parser answered) and what to say if it is otherwise.
#[track_caller]
fn assert_refused(answer: &Result<Answer, Lost>, status: u16, code: &str, what: &str) {
    let Ok(answer) = answer else { panic!("{what}: {answer:?}") };
    assert_eq!(answer.status, status, "{what}: {}", answer.text);
    assert_eq!(answer.error(), code, "{what}: {}", answer.text);
    if !code.is_empty() {
        assert_eq!(answer.json()["status"], status, "{what}");
        assert!(answer.json()["errorDetail"].is_string(), "{what}");
    }
}

#[test]
fn heads_that_are_too_large_or_malformed_are_refused_and_closed() {
    let site = Site::new();
    let body = site.body(&json!({})).to_string();
    let length = format!("Content-Length: {}\r\n", body.len());
    let filler = "y".repeat(17 * KIB);
    let with = |headers: &str, body: &str| {
        format!("POST {EVENTS} HTTP/1.1\r\nHost: x\r\n{}{headers}\r\n{body}", site.token)
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    let chunk = format!("{:x}\r\n{body}", body.len());
    let at_target = with(&length, &body).replace(EVENTS, &format!("{EVENTS}?_={filler}"));
    for (what, request, status, code) in [
        (
            "17 KiB header",
            with(&format!("X: {filler}\r\n{length}"), &body),
            431,
            "headers_too_large",
        ),
        ("17 KiB target", at_target, 431, "headers_too_large"),
        ("97 headers", with(&("X: y\r\n".repeat(94) + &length), &body), 431, ""),
        ("a head without an end", with(&"X: y\r\n".repeat(30_000), ""), 431, ""),
        ("two framings", with(&format!("{length}{chunked}"), &body), 400, ""),
        (
            "two framings, chunked",
            with(&format!("{chunked}{length}"), &(chunk.clone() + "\r\n0\r\n\r\n")),
            400,
            "",
        ),
        ("two lengths", with(&format!("{length}Content-Length: 1\r\n"), &body), 400, ""),
        ("a length that is no number", with("Content-Length: +9\r\n", &body), 400, ""),
        ("NUL in a header", with(&format!("X: a\0b\r\n{length}"), &body), 400, ""),
        ("CR in a header", with(&format!("X: a\rb\r\n{length}"), &body), 400, ""),
        ("a folded header", with(&format!("X: a\r\n b\r\n{length}"), &body), 400, ""),
        ("a blank before the colon", with(&format!("X : a\r\n{length}"), &body), 400, ""),
        ("a chunk of no size", with(chunked, "zz\r\nab\r\n0\r\n\r\n"), 400, "bad_body"),
        ("a chunk of 2^72", with(chunked, "fffffffffffffffffff\r\nab\r\n"), 400, "bad_body"),
        ("a chunk without its end", with(chunked, &(chunk + "0\r\n\r\n")), 400, "bad_body"),
    ] {
        let mut raw = site.connect();
        let _ = raw.send(request.as_bytes()); // the server may close while we send
        assert_refused(&raw.answer(), status, code, what);
        assert!(raw.is_closed(), "{what}: the connection is closed");
    }
    // The limit itself passes.
    let fits = "X: y\r\n".repeat(93 - 1) + &length;
    let mut raw = site.connect();
    raw.send(with(&fits, &body).as_bytes()).unwrap();
    raw.answer().unwrap().ok(201);
    site.assert_unhurt(2);
}

/// A second request hidden in the first one's body is never carried out.
#[test]
fn a_smuggled_request_is_not_carried_out() {
    let site = Site::new();
    let hidden = site.body(&json!({ "hidden": "1" })).to_string();
    let hidden = head("POST", EVENTS, &site.token, hidden.len()) + &hidden;
    for framing in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", hidden.len() + 5),
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n".to_owned(),
    ] {
        let mut raw = site.connect();
        let request = format!("POST {EVENTS} HTTP/1.1\r\nHost: x\r\n{}{framing}\r\n", site.token);
        let _ = raw.send(format!("{request}0\r\n\r\n{hidden}").as_bytes());
        assert_refused(&raw.answer(), 400, "", &framing);
        assert!(raw.is_closed(), "no second answer");
    }
    site.assert_unhurt(1);
}

#[test]
fn bodies_that_are_too_large_are_refused_and_the_largest_pass() {
    let site = Site::new();
    let (json_max, bulk_max) = (256 * KIB, 4 * KIB * KIB);
    let event = site.body(&json!({})).to_string();
    let padded = |text: &str, bytes: usize| text.to_owned() + &" ".repeat(bytes - text.len());
    let chunked = |body: &str| {
        let parts = body.as_bytes().chunks(64 * KIB);
        let parts =
            parts.map(|part| format!("{:x}\r\n{}\r\n", part.len(), str::from_utf8(part).unwrap()));
        parts.collect::<Vec<_>>().concat() + "0\r\n\r\n"
    };
    let tags = format!("{EVENTS}{}/meta/", site.event);
    let types = format!("/api/v2/cameras/{}/event_processing/events/", site.camera);
    let channels = "/api/v3/channels/";
    for (path, method, max) in [
        (EVENTS, "POST", json_max),
        (&tags, "POST", json_max),
        (&types, "POST", json_max),
        (&format!("{types}motion/"), "PUT", json_max),
        (channels, "POST", json_max),
        (BULK, "POST", bulk_max),
    ] {
        let token = if path == channels { &site.key } else { &site.token };
        // Announced: refused before a byte of the body is read.
        let mut raw = site.connect();
        raw.send(head(method, path, token, max + 1).as_bytes()).unwrap();
        assert_refused(&raw.answer(), 413, "body_too_large", path);
        assert!(raw.is_closed(), "{path}");
        // Announced and sent all the same: the answer arrives.
        let body = padded(&event, max + 1);
        let answer = site.connect().request(method, path, token, &body);
        assert_refused(&answer, 413, "body_too_large", path);
        // Not announced.
        let mut raw = site.connect();
        let headers = format!("{token}Transfer-Encoding: chunked\r\n");
        let _ = raw.send((head(method, path, &headers, 0) + &chunked(&body)).as_bytes());
        assert_refused(&raw.answer(), 413, "body_too_large", path);
    }
    let many = |count: usize| format!("[{}]", vec![event.as_str(); count].join(","));
    let lines = format!("{}Content-Type: application/x-ndjson\r\n", site.token);
    for (what, headers, body) in [
        ("array", &site.token, many(1_001)),
        ("objects", &site.token, format!("{{\"objects\":{}}}", many(1_001))),
        ("lines", &lines, vec![event.as_str(); 1_001].join("\n")),
    ] {
        let answer = site.connect().request("POST", BULK, headers, &body);
        assert_refused(&answer, 413, "body_too_large", what);
    }
    site.assert_unhurt(1);
    site.ask("POST", EVENTS, &site.token, &padded(&event, json_max)).ok(201);
    let answer = site.ask("POST", BULK, &site.token, &padded(&many(1_000), bulk_max)).ok(200);
    assert_eq!(answer["created"], 1_000);
    site.assert_unhurt(1_002);
}

#[test]
fn encoded_bodies_are_refused_before_they_are_read() {
    let site = Site::new();
    for encoding in ["gzip", "deflate", "br", "identity, gzip", "GZIP"] {
        for path in [EVENTS, BULK] {
            let headers = format!("{}Content-Encoding: {encoding}\r\n", site.token);
            let mut raw = site.connect();
            raw.send(head("POST", path, &headers, 100).as_bytes()).unwrap();
            assert_refused(&raw.answer(), 415, "encoding_not_supported", encoding);
        }
    }
    let headers = format!("{}Content-Encoding: identity\r\n", site.token);
    site.ask("POST", EVENTS, &headers, &site.body(&json!({})).to_string()).ok(201);
    site.assert_unhurt(2);
}

#[test]
fn json_that_is_too_deep_and_tags_beyond_their_limits_are_refused() {
    let site = Site::new();
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let deep = |levels: usize| {
        // The event and its meta are two levels.
        let body = site.body(&json!({ "deep": "X" })).to_string();
        body.replace("\"X\"", &nested(levels - 2))
    };
    let answer = site.connect().request("POST", EVENTS, &site.token, &deep(65));
    assert_refused(&answer, 400, "json_too_deep", "65 levels");
    let million = nested(100_000);
    let answer = site.connect().request("POST", EVENTS, &site.token, &million);
    assert_refused(&answer, 400, "json_too_deep", "100,000 levels");
    let bulk = format!("[{}]", deep(64));
    let answer = site.connect().request("POST", BULK, &site.token, &bulk);
    assert_refused(&answer, 400, "json_too_deep", "65 levels in a bulk");
    site.ask("POST", EVENTS, &site.token, &deep(64)).ok(201);

    let tags = |count: usize| -> Value {
        Value::Object((0..count).map(|i| (format!("t{i}"), json!("v"))).collect())
    };
    let large: serde_json::Map<String, Value> =
        (0..5).map(|i| (format!("t{i}"), json!("v".repeat(14 * KIB)))).collect();
    let long_tag = "t".repeat(129);
    let refused = [
        tags(65),
        json!({ &long_tag: "v" }),
        json!({ "": "v" }),
        json!({ "t": "v".repeat(16 * KIB + 1) }),
        Value::Object(large),
    ];
    for meta in &refused {
        let what: String = meta.to_string().chars().take(40).collect();
        assert_refused(&Ok(site.post(EVENTS, &site.body(meta))), 400, "meta_limit", &what);
        // In a bulk it is the item that is refused.
        let answer = site.post(BULK, &json!([site.body(meta)])).ok(200);
        assert_eq!(answer["failed"], 1, "{what}: {answer}");
        assert_eq!(answer["objects"][0]["status"], 400, "{what}: {answer}");
        assert_eq!(answer["objects"][0]["errorType"], "meta_limit", "{what}: {answer}");
    }
    site.assert_unhurt(2);

    let full = site.post(EVENTS, &site.body(&tags(64))).ok(201)["id"].as_u64().unwrap();
    let path = format!("{EVENTS}{full}/meta/");
    let one_more = json!({ "tag": "more", "data": "v" });
    assert_refused(&Ok(site.post(&path, &one_more)), 400, "meta_limit", "the 65th tag");
    site.post(&path, &json!({ "tag": "t1", "data": "v".repeat(16 * KIB) })).ok(201);
    let long = json!({ "tag": "t1", "data": "v".repeat(16 * KIB + 1) });
    assert_refused(&Ok(site.post(&path, &long)), 400, "meta_limit", "a long value");
    let long = json!({ "tag": long_tag, "data": "v" });
    assert_refused(&Ok(site.post(&path, &long)), 400, "meta_limit", "a long tag");
    let item = site.ask("GET", &format!("{EVENTS}{full}/?include_meta=true"), &site.token, "");
    let meta = &item.ok(200)["meta"];
    assert_eq!(meta.as_object().unwrap().len(), 64);
    assert_eq!(
        meta["t1"].as_str().unwrap().len(),
        16 * KIB,
        "the refused value did not replace it"
    );
    site.post(EVENTS, &site.body(&json!({ "t".repeat(128): "v" }))).ok(201);
    site.assert_unhurt(4);
}

#[test]
fn names_counts_and_lists_have_their_limits() {
    let site = Site::new();
    let types = format!("/api/v2/cameras/{}/event_processing/events/", site.camera);
    let (fits, long) = ("n".repeat(128), "n".repeat(129));
    let refuse = |path: &str, token: &str, body: &Value, code: &str| {
        let answer = site.connect().request("POST", path, token, &body.to_string());
        assert_refused(&answer, 400, code, path);
    };
    refuse(&types, &site.token, &json!({ "name": long }), "bad_parameter");
    refuse("/api/v2/cameras/", &site.key, &json!({ "name": long }), "bad_parameter");
    refuse("/api/v3/channels/", &site.key, &json!({ "name": long }), "bad_parameter");
    let added = site.server.cli(&["camera", "add", "--name", &long]);
    assert_eq!(added.status.code(), Some(1), "{added:?}");
    site.post(&types, &json!({ "name": fits })).ok(201);
    let named = json!({ "name": fits }).to_string();
    site.ask("POST", "/api/v3/channels/", &site.key, &named).ok(201);

    // Three types came with the camera, one is the long name.
    let mut raw = site.connect();
    for number in 5..=256 {
        let body = json!({ "name": format!("type {number}") }).to_string();
        raw.request("POST", &types, &site.token, &body).unwrap().ok(201);
    }
    refuse(&types, &site.token, &json!({ "name": "one more" }), "limit_reached");
    let list = raw.request("GET", &types, &site.token, "").unwrap().ok(200);
    assert_eq!(list["meta"]["total_count"], 256);

    for name in ["camid", "events", "type", "aliases", "meta", "meta_not", "ids"] {
        let list = |count: usize| {
            let path = format!("{EVENTS}?{name}={}", vec!["1"; count].join(","));
            site.connect().request("GET", &path, &site.key, "")
        };
        assert_refused(&list(1_001), 400, "bad_parameter", name);
        list(1_000).unwrap().ok(200);
    }
    site.assert_unhurt(1);
}

#[test]
fn unknown_paths_and_wrong_methods_are_told_apart() {
    let site = Site::new();
    let item = format!("{EVENTS}{}/", site.event);
    for path in ["/nothing", "/api/v2/", "/api/v2/storage/event/", "/api/v9/x/", "/../etc/passwd"] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = site.connect().request(method, path, &site.key, "");
            assert_refused(&answer, 404, "not_found", path);
        }
    }
    for (method, path, allowed) in [
        ("PUT", EVENTS, "GET, HEAD, POST, DELETE"),
        ("GET", BULK, "POST"),
        ("POST", item.as_str(), "GET, HEAD, PUT, DELETE"),
        ("POST", "/healthz", "GET, HEAD"),
        ("PATCH", "/api/v2/cameras/", "GET, HEAD, POST"),
    ] {
        let answer = site.connect().request(method, path, &site.key, "");
        assert_refused(&answer, 405, "method_not_allowed", path);
        assert_eq!(answer.unwrap().header("allow"), Some(allowed), "{method} {path}");
    }
    site.assert_unhurt(1);
}

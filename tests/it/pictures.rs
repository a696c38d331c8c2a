//! Pictures of events: sent, shown, refused, and gone with their events.

use std::io::{Cursor, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::common::{Client, PATIENCE, Server, until};
use crate::site::{EVENTS, camera, event, site};
use crate::stream::Feed;

pub const TIME: &str = "2026-03-01T10:00:00";

/// A picture of so many pixels, not all of one colour.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let shade = |x: u32, y: u32| u8::try_from((x * 7 + y * 13) % 256).unwrap();
    let drawn = RgbImage::from_fn(width, height, |x, y| Rgb([shade(x, y), shade(y, x), 90]));
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(drawn).write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// A small photograph, so to speak.
pub fn jpeg() -> Vec<u8> {
    picture(640, 480, ImageFormat::Jpeg)
}

pub fn thumb(id: u64) -> String {
    format!("{EVENTS}{id}/thumb/")
}

/// An answer with its bytes.
pub struct Got {
    pub status: u16,
    headers: ureq::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// GET of an address, without a credential.
pub fn get(url: &str, headers: &[(&str, &str)]) -> Got {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = ureq::Agent::new_with_config(config.timeout_global(Some(PATIENCE)).build());
    let mut request = agent.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.call().unwrap();
    let bytes = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
    Got { status: answer.status().as_u16(), headers: answer.headers().clone(), bytes }
}

/// The files of pictures, and whatever else is there.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn stored(server: &Server) -> Vec<PathBuf> {
    files(&server.dir().join("pictures"))
}

fn with_picture(client: &Client, camera: u64, time: &str) -> u64 {
    let id = event(client, camera, "motion", time, &json!({}));
    client.send("PUT", &thumb(id), &[], Some(&jpeg())).ok(200);
    id
}

#[test]
fn a_picture_can_be_sent_and_looked_at() {
    let (server, gate, client) = site();
    let id = event(&client, gate.id, "motion", TIME, &json!({}));
    let feed = Feed::open(&server, "detail=detail", &[("Authorization", &gate.all)]);
    let sent = [
        (jpeg(), "image/jpeg"),
        (picture(2_000, 1_000, ImageFormat::Png), "image/png"),
        (picture(33, 44, ImageFormat::WebP), "image/webp"),
    ];
    for (bytes, media_type) in sent {
        let answer = client.send("PUT", &thumb(id), &[], Some(&bytes)).ok(200);
        assert_eq!(answer["thumb"]["state"], "ready");
        let told = feed.next();
        assert_eq!((told.event.as_str(), &told.data["picture"]), ("updated", &json!("ready")));

        let item = client.get(&format!("{EVENTS}{id}/")).ok(200);
        let listed = client.get(EVENTS).ok(200)["objects"][0].clone();
        assert_eq!(item["thumb"]["url"], listed["thumb"]["url"], "the same for a while");
        let url = |member: &str| item["thumb"][member].as_str().unwrap().to_owned();
        assert!(url("url").starts_with(&server.base), "absolute: {}", url("url"));

        let full = get(&url("full_url"), &[]);
        assert_eq!((full.status, full.header("content-type")), (200, media_type));
        assert_eq!(full.bytes, bytes, "as it was sent");
        let small = get(&url("url"), &[("Origin", "http://elsewhere.example")]);
        assert_eq!((small.status, small.header("content-type")), (200, "image/jpeg"));
        let drawn = image::load_from_memory(&small.bytes).unwrap();
        assert!(drawn.width() <= 320 && drawn.height() > 0);
        assert_eq!(small.header("access-control-allow-origin"), "*");
        assert_eq!(small.header("x-content-type-options"), "nosniff");
        assert!(small.header("content-security-policy").starts_with("sandbox"));
        let known = get(&url("url"), &[("If-None-Match", small.header("etag"))]);
        assert_eq!((known.status, known.bytes.len()), (304, 0));
        assert_eq!(stored(&server).len(), 1);
    }
    let storage = server.admin().get("/api/admin/v1/storage/").ok(200);
    let size = std::fs::metadata(&stored(&server)[0]).unwrap().len();
    assert_eq!(storage["files"]["pictures"], size);
    let checked = server.cli_json(&["check"]);
    assert_eq!((&checked["pictures"], &checked["problem_count"]), (&json!(1), &json!(0)));
}

#[test]
fn an_event_can_be_created_with_its_picture() {
    let (server, gate, client) = site();
    let small = picture(64, 48, ImageFormat::Jpeg);
    let text = base64::engine::general_purpose::STANDARD.encode(&small);
    for (n, text) in [text.clone(), format!("data:image/jpeg;base64,{text}")].iter().enumerate() {
        let uid = format!("k{n}");
        let body = json!({"name": "motion", "time": TIME, "picture": text, "uid": uid});
        let first = client.post(EVENTS, &body).ok(201);
        let url = first["thumb"]["full_url"].as_str().unwrap();
        assert_eq!(get(url, &[]).bytes, small);
        let again = client.post(EVENTS, &body).ok(200);
        assert_eq!(again["id"], first["id"]);
        // A retry may come to an event whose picture did not arrive.
    }
    let bare = json!({"name": "motion", "time": TIME, "uid": "k9"});
    let id = client.post(EVENTS, &bare).ok(201)["id"].clone();
    let mut retry = bare.clone();
    retry["picture"] = text.into();
    let retried = client.post(EVENTS, &retry).ok(200);
    assert_eq!((&retried["id"], &retried["thumb"]["state"]), (&id, &json!("ready")));

    // As a form, from a camera: the picture may be larger than JSON may be.
    let large = picture(1_600, 1_200, ImageFormat::Png);
    assert!(large.len() > 256 * 1024);
    let mut form = b"--x\r\nContent-Disposition: form-data; name=\"event\"\r\n\r\n".to_vec();
    form.extend_from_slice(json!({"name": "motion", "time": TIME}).to_string().as_bytes());
    form.extend_from_slice(
        b"\r\n--x\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a\"",
    );
    form.extend_from_slice(b"\r\nContent-Type: text/html\r\n\r\n");
    form.extend_from_slice(&large);
    form.extend_from_slice(b"\r\n--x--\r\n");
    let head = [("Content-Type", "multipart/form-data; boundary=x")];
    let answer = raw(&server, "POST", EVENTS, &gate.ingest, &head, &form, form.len());
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let cut =
        raw(&server, "POST", EVENTS, &gate.ingest, &head, &form[..form.len() - 9], form.len() - 9);
    assert!(cut.starts_with("HTTP/1.1 400") && cut.contains("bad_body"), "{cut}");
    assert_eq!(client.get(&format!("{EVENTS}?has_thumb=true")).ok(200)["meta"]["total_count"], 4);
    assert_eq!(
        client.get(EVENTS).ok(200)["meta"]["total_count"],
        4,
        "what is refused stores no event"
    );
    let bulk = json!([{"name": "motion", "time": TIME, "picture": "eA=="}]);
    let bulk = client.post(&format!("{EVENTS}bulk/"), &bulk).ok(200);
    assert_eq!(bulk["objects"][0]["errorType"], "bad_parameter");
}

/// One request, with the `Content-Length` that is told; then the connection ends. Gives the answer.
pub fn raw(
    server: &Server,
    method: &str,
    path: &str,
    authorization: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    length: usize,
) -> String {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: {authorization}\r\nContent-Length: {length}\r\n"
    );
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    let _ = stream.write_all(body); // a refusal may come before its end
    if !body.is_empty() && body.len() < length {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_is_no_picture_is_refused_and_leaves_nothing() {
    let (server, gate, client) = site();
    let id = event(&client, gate.id, "motion", TIME, &json!({}));
    let mut bomb = picture(1, 1, ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let sum = {
        let step = |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
            })
        };
        !bomb[12..29].iter().fold(u32::MAX, step)
    };
    bomb[29..33].copy_from_slice(&sum.to_be_bytes());
    let good = jpeg();
    let disguised = [b"\x89PNG\r\n\x1a\n".as_slice(), b"<svg onload='alert(1)'/>"].concat();
    for (reason, body) in [
        ("type", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec()),
        ("type", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("type", b"GIF89a".to_vec()),
        ("type", Vec::new()),
        ("damaged", disguised),
        ("damaged", good[..good.len() / 2].to_vec()),
        ("dimensions", bomb),
        ("dimensions", picture(16_385, 1, ImageFormat::Png)),
    ] {
        let answer = client.send("PUT", &thumb(id), &[("Content-Type", "image/jpeg")], Some(&body));
        assert_eq!((answer.status, answer.error().as_str()), (400, "picture_refused"), "{reason}");
        assert_eq!(answer.json()["reason"], reason);
        if body.len() < 100_000 {
            let text = base64::engine::general_purpose::STANDARD.encode(&body);
            let new = json!({"name": "motion", "time": TIME, "picture": text});
            assert_eq!(client.post(EVENTS, &new).error(), "picture_refused");
        }
    }
    let mut large = good.clone();
    large.resize(10 * 1024 * 1024 + 1, 0);
    let answer = client.send("PUT", &thumb(id), &[], Some(&large));
    assert!(answer.status == 413 || answer.status == 0, "{}", answer.text);
    let said = raw(&server, "PUT", &thumb(id), &gate.all, &[], b"", large.len());
    assert!(said.starts_with("HTTP/1.1 413") && said.contains("body_too_large"), "{said}");
    // Half of it, and the sender is gone.
    let half = raw(&server, "PUT", &thumb(id), &gate.all, &[], &good[..good.len() / 2], good.len());
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 400"), "{half}");
    for (credential, status) in [(&gate.watch, 403), (&gate.ingest, 403), (&String::new(), 401)] {
        let answer = server.client(credential).send("PUT", &thumb(id), &[], Some(&good));
        assert_eq!(answer.status, status);
    }
    let yard = camera(&server, &["--name", "Yard"]);
    for (method, body) in [("PUT", Some(good.as_slice())), ("GET", None)] {
        let answer = server.client(&yard.all).send(method, &thumb(id), &[], body);
        assert_eq!(answer.error(), "event_not_found");
    }
    assert_eq!(client.get(&thumb(id)).error(), "not_found");
    assert_eq!(stored(&server), Vec::<PathBuf>::new());
    assert_eq!(client.get(EVENTS).ok(200)["meta"]["total_count"], 1);
    let gone = client.send("PUT", &thumb(99), &[], Some(&good));
    assert_eq!(gone.error(), "event_not_found");
    let signed = format!("{}?of=thumb&expire=9999999999&sign=xxxxxxxxxxxxxxxxxxxxxx", thumb(id));
    assert_eq!(server.client("").get(&signed).error(), "bad_signature");
    let trail = thumb(id) + "..%2f..%2f..%2fsecret.key";
    assert_eq!(client.get(&trail).status, 404);
}

#[test]
fn has_thumb_is_exact_everywhere() {
    let (server, gate, _) = site();
    let client = server.client(&server.key());
    let mut with = Vec::new();
    for n in 0..12 {
        let time = format!("2026-03-01T10:00:{n:02}");
        let tags = if n % 2 == 0 { json!({"even": ""}) } else { json!({}) };
        let id = event(&client, gate.id, "motion", &time, &tags);
        if n % 3 == 0 {
            client.send("PUT", &thumb(id), &[], Some(&jpeg())).ok(200);
            with.push(id);
        }
    }
    let listed = |query: &str| -> Vec<u64> {
        let list = client.get(&format!("{EVENTS}?{query}")).ok(200);
        let ids: Vec<u64> =
            list["objects"].as_array().unwrap().iter().map(|o| o["id"].as_u64().unwrap()).collect();
        assert_eq!(list["meta"]["total_count"], ids.len(), "{query}");
        let histogram = client.get(&format!("{EVENTS}histogram/?bucket=hour&{query}")).ok(200);
        assert_eq!(histogram["meta"]["total_count"], ids.len(), "{query}");
        let export = client.get(&format!("{EVENTS}export/?{query}")).text;
        assert_eq!(export.lines().count(), ids.len(), "{query}");
        ids
    };
    let all: Vec<u64> = (1..=12).collect();
    let without: Vec<u64> = all.iter().copied().filter(|id| !with.contains(id)).collect();
    assert_eq!(listed("has_thumb=true"), with);
    assert_eq!(listed("has_thumb=false"), without);
    assert_eq!(listed("has_thumb=true&meta=even"), [1, 7]);
    assert_eq!(listed("has_thumb=true&meta_not=even"), [4, 10]);
    assert_eq!(listed("has_thumb=false&meta=even"), [3, 5, 9, 11]);
    assert_eq!(listed("has_thumb=true&camid=2").len(), 0);
    assert_eq!(listed("has_thumb=true&ids=1,2,4"), [1, 4]);
    let page = client.get(&format!("{EVENTS}?has_thumb=true&limit=2")).ok(200);
    let next = client.get(page["meta"]["next"].as_str().unwrap()).ok(200);
    assert_eq!(next["objects"][1]["id"], with[3]);

    let feed = Feed::open(&server, "has_thumb=true", &[("Authorization", &gate.all)]);
    let late = event(&client, gate.id, "motion", TIME, &json!({}));
    client.send("PUT", &thumb(late), &[], Some(&jpeg())).ok(200);
    let told = feed.next();
    assert_eq!((told.event.as_str(), &told.data["id"]), ("updated", &json!(late)));
    assert!(told.data["thumb"]["url"].is_string());

    let deleted = client.delete(&format!("{EVENTS}?has_thumb=true")).ok(200);
    assert_eq!(deleted["deleted"], 5);
    assert_eq!(listed(""), without);
    assert_eq!(stored(&server), Vec::<PathBuf>::new());
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

#[test]
fn files_go_with_their_events_and_a_check_finds_what_is_wrong() {
    let (mut server, gate, _) = site();
    let mut client = server.admin();
    let ids: Vec<u64> =
        (0..4).map(|n| with_picture(&client, gate.id, &format!("2026-03-01T10:00:0{n}"))).collect();
    client.delete(&format!("{EVENTS}{}/", ids[0])).ok(204);
    assert_eq!(stored(&server).len(), 3);
    let url = client.get(&format!("{EVENTS}{}/", ids[1])).ok(200)["thumb"]["url"].clone();
    let kept = std::fs::read(&stored(&server)[0]).unwrap();

    // As a crash leaves it between the journal and the files: an orphan, and a file half written.
    server.kill();
    let folder = server.dir().join("pictures/000000");
    std::fs::write(folder.join("1"), &kept).unwrap();
    std::fs::write(folder.join("77"), b"x").unwrap();
    std::fs::write(server.dir().join("pictures/tmp/5"), b"x").unwrap();
    let output = server.cli(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["problem_count"], &report["pictures"]), (&json!(2), &json!(3)));
    server.restart();
    client = server.admin();
    until("orphans go", || stored(&server).len() == 3);
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
    let path = url.as_str().unwrap().split_once("/api").unwrap().1;
    assert_eq!(
        get(&format!("{}/api{path}", server.base), &[]).status,
        200,
        "addresses outlive a start"
    );
    let size: u64 = stored(&server).iter().map(|path| path.metadata().unwrap().len()).sum();
    let storage = client.get("/api/admin/v1/storage/").ok(200);
    assert_eq!(storage["files"]["pictures"], size);

    // Missing and damaged ones are told; their events are listed all the same.
    std::fs::remove_file(folder.join(ids[1].to_string())).unwrap();
    let damaged = folder.join(ids[2].to_string());
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let output = server.cli(&["check"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["problem_count"], 2, "{report}");
    let said = report["problems"].to_string();
    assert!(said.contains("missing") && said.contains("damaged"), "{said}");
    assert_eq!(client.get(&thumb(ids[1])).error(), "not_found");
    assert_eq!(client.get(&format!("{}?of=full", thumb(ids[2]))).error(), "not_found");
    assert_eq!(client.get(&format!("{EVENTS}?has_thumb=true")).ok(200)["meta"]["total_count"], 3);

    let purged = server.cli(&["camera", "remove", &gate.id.to_string(), "--purge"]);
    assert!(purged.status.success(), "{purged:?}");
    assert_eq!(stored(&server), Vec::<PathBuf>::new());
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

#[test]
fn what_was_answered_survives_a_crash() {
    let (mut server, gate, client) = site();
    let ids: Vec<u64> =
        (0..5).map(|n| with_picture(&client, gate.id, &format!("2026-03-01T10:00:0{n}"))).collect();
    server.kill();
    server.restart();
    let client = server.client(&gate.all);
    for id in ids {
        let item = client.get(&format!("{EVENTS}{id}/?detail=detail")).ok(200);
        assert_eq!(item["picture"], "ready");
        assert_eq!(get(item["thumb"]["full_url"].as_str().unwrap(), &[]).bytes, jpeg());
    }
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

//! `/i/{token}` in the words of the makes: what their cameras were seen to post, byte for byte, and what is stored.

use std::path::Path;

use base64::Engine as _;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::common::{Answer, Client, Server};
use crate::raw::Raw;
use crate::site::{Camera, EVENTS, camera, site, total};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ingest").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn jpeg_base64() -> String {
    String::from_utf8(fixture("_common/tiny_jpeg.b64.txt")).unwrap().trim().to_owned()
}

fn jpeg() -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(jpeg_base64()).unwrap()
}

/// A fixture as it is sent: with the picture and the token where it leaves room for them.
fn filled(name: &str, token: &str) -> Vec<u8> {
    let jpeg = jpeg();
    let mut bytes = fixture(name);
    for (mark, value) in [
        ("{{JPEG_BASE64}}", jpeg_base64().into_bytes()),
        ("{{JPEG_LEN}}", jpeg.len().to_string().into_bytes()),
        ("{{JPEG}}", jpeg),
        ("CAMERATOKEN", token.as_bytes().to_vec()),
    ] {
        while let Some(at) = bytes.windows(mark.len()).position(|part| part == mark.as_bytes()) {
            bytes.splice(at..at + mark.len(), value.iter().copied());
        }
    }
    bytes
}

fn token(camera: &Camera) -> &str {
    camera.ingest.strip_prefix("Acc ").unwrap()
}

/// Sends bytes as they are, and reads the answer.
fn send(server: &Server, bytes: &[u8]) -> Answer {
    let mut raw = Raw::connect(&server.base).unwrap();
    raw.send(bytes).unwrap();
    raw.answer().unwrap()
}

/// A POST without anything that was not asked for.
fn post(target: &str, content_type: Option<&str>, body: &[u8]) -> Vec<u8> {
    let kind = content_type.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
    let length = body.len();
    let head =
        format!("POST {target} HTTP/1.1\r\nHost: nvr\r\n{kind}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn deliver(server: &Server, camera: &Camera, more: &str, body: &[u8]) {
    let answer = send(server, &post(&format!("/i/{}{more}", token(camera)), None, body));
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
}

fn events(client: &Client) -> Vec<Value> {
    let path = format!("{EVENTS}?include_meta=true&order_by=time");
    client.get(&path).ok(200)["objects"].as_array().unwrap().clone()
}

/// The IANA name of an offset; its sign is the other way round there.
fn zone(offset: &Value) -> String {
    let Some(offset) = offset.as_str() else { return "UTC".to_owned() };
    let (sign, hours) = offset.split_at(1);
    let hours: u32 = hours.strip_suffix(":00").unwrap().parse().unwrap();
    format!("Etc/GMT{}{hours}", if sign == "+" { "-" } else { "+" })
}

#[test]
fn what_each_make_posts_is_stored_as_it_was_meant() {
    let server = Server::start();
    let index: Value = serde_json::from_slice(&fixture("index.json")).unwrap();
    let index = index.as_array().unwrap();
    assert!(index.len() > 20);
    for entry in index {
        let file = entry["file"].as_str().unwrap();
        let camera = camera(&server, &["--name", file, "--timezone", &zone(&entry["camera_tz"])]);
        let bytes = filled(file, token(&camera));
        let request = if entry["raw_request"] == true {
            // One vendor prints a blank inside of the target. No server takes that; what reaches us is encoded.
            let text = String::from_utf8(bytes).unwrap();
            let (target, rest) = text.split_once(" HTTP/1.").unwrap();
            let (method, target) = target.split_once(' ').unwrap();
            format!("{method} {} HTTP/1.{rest}", target.replace(' ', "%20")).into_bytes()
        } else {
            let path = entry["transport"]["path"].as_str().unwrap_or_default();
            let origin = if path.starts_with("http://") { server.base.as_str() } else { "" };
            let target = format!("{origin}/i/{}", token(&camera));
            post(&target, entry["transport"]["content_type"].as_str(), &bytes)
        };
        let answer = send(&server, &request);
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{file}");
        let client = server.client(&camera.all);
        let stored = events(&client);
        let expected = entry["expect"].as_array().unwrap().iter();
        let expected: Vec<&Value> =
            expected.filter(|one| one["event"].is_string() && one["state"] != "stop").collect();
        assert_eq!(stored.len(), expected.len(), "{file}: {stored:?}");
        for (event, expected) in stored.iter().zip(expected) {
            check(file, event, expected);
        }
    }
}

/// Compares an event with what the index says of its message.
fn check(file: &str, event: &Value, expected: &Value) {
    let meta = &event["meta"];
    assert_eq!(event["name"], expected["event"], "{file}");
    for (tag, value) in expected["meta"].as_object().unwrap() {
        assert_eq!(&meta[tag], value, "{file}: {tag} in {meta}");
    }
    if expected["channel"] != 1 {
        assert_eq!(meta["channel"], expected["channel"].to_string(), "{file}: {meta}");
    }
    // The messages are old: what the camera said is kept as a tag, and the time of arrival counts.
    let time = expected["time"].as_str().unwrap();
    if time != "received" {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap();
        let told = meta["device_time"].as_str().unwrap_or_else(|| panic!("{file}: {event}"));
        assert_eq!(at(told), at(time), "{file}");
    } else if expected["meta"].get("device_time").is_none() {
        assert_eq!(meta.get("device_time"), None, "{file}");
    }
    let has_picture = event["thumb"].is_object();
    assert_eq!(has_picture, expected["image"] == "yes", "{file}: {event}");
    assert!(meta.as_object().is_none_or(|meta| meta.len() <= 31), "{file}: {meta}");
}

#[test]
fn a_condition_of_a_make_is_stored_once_and_completed_by_its_end() {
    let (server, camera, client) = site();
    let on = fixture("onvif/notify_motion_true.xml");
    let off = fixture("onvif/notify_motion_false.xml");
    for body in [&off, &on, &on, &off, &off] {
        deliver(&server, &camera, "", body);
    }
    let stored = events(&client);
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert!(stored[0]["meta"]["duration_ms"].is_string(), "{stored:?}");

    let alarm = String::from_utf8(fixture("hikvision/fielddetection_vehicle.xml")).unwrap();
    let over = alarm.replace("<eventState>active", "<eventState>inactive");
    for body in [&alarm, &alarm, &over, &alarm] {
        deliver(&server, &camera, "/hikvision", body.as_bytes());
    }
    let stored = events(&client);
    assert_eq!(stored.len(), 3, "{stored:?}");
    assert!(
        stored[1]["meta"]["end_time"].is_string() && stored[2]["meta"].get("end_time").is_none()
    );
}

#[test]
fn a_heartbeat_makes_no_event_and_no_type() {
    let (server, camera, client) = site();
    let types = format!("/api/v2/cameras/{}/event_processing/events/", camera.id);
    let before = client.get(&types).ok(200)["meta"]["total_count"].clone();
    let beat = "<EventNotificationAlert><eventType>videoloss</eventType><eventState>inactive</eventState>\
        </EventNotificationAlert>";
    deliver(&server, &camera, "", beat.as_bytes());
    deliver(&server, &camera, "", &fixture("viewtron/ipc_keepalive.xml"));
    assert_eq!(total(&client, ""), 0);
    assert_eq!(client.get(&types).ok(200)["meta"]["total_count"], before);
}

#[test]
fn a_picture_comes_with_its_message_or_with_a_repeat() {
    let (server, camera, client) = site();
    let with = filled("hikvision/fielddetection_human.multipart.txt", "");
    let text = String::from_utf8_lossy(&with).into_owned();
    let alone = text[text.find("<EventN").unwrap()..].split("\r\n\r\n").next().unwrap().to_owned();
    deliver(&server, &camera, "", alone.as_bytes());
    assert!(!events(&client)[0]["thumb"].is_object());
    deliver(&server, &camera, "", &with);
    deliver(&server, &camera, "", &with);
    let stored = events(&client);
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert!(stored[0]["thumb"].is_object(), "{stored:?}");

    // A body that is a picture, and one that only begins like one.
    deliver(&server, &camera, "?name=person", &jpeg());
    deliver(&server, &camera, "?name=face", b"\xff\xd8\xff and no more");
    let stored = events(&client);
    let brief: Vec<_> =
        stored.iter().map(|e| (e["name"].clone(), e["thumb"].is_object())).collect();
    let expected = [("intrusion", true), ("person", true), ("face", false)];
    assert_eq!(brief, expected.map(|(name, has)| (json!(name), has)));
}

#[test]
fn several_messages_of_one_delivery_are_each_stored() {
    let (server, camera, client) = site();
    let one = |topic: &str| {
        format!(
            "<w:NotificationMessage><w:Topic>tns1:{topic}</w:Topic><w:Message><tt:Message><tt:Data><tt:SimpleItem \
             Name='State' Value='true'/></tt:Data></tt:Message></w:Message></w:NotificationMessage>"
        )
    };
    let messages =
        [one("VideoSource/MotionAlarm"), one(&"n/".repeat(40)), one("Device/Sensor/PIR")].concat();
    let body = format!("<s:Envelope><s:Body><w:Notify>{messages}</w:Notify></s:Body></s:Envelope>");
    deliver(&server, &camera, "/onvif", body.as_bytes());
    let names: Vec<_> = events(&client).iter().map(|event| event["name"].clone()).collect();
    assert_eq!(names, ["motion", "other", "pir"]);
}

#[test]
fn an_address_that_names_a_make_takes_nothing_else() {
    let (server, camera, client) = site();
    let vmd = fixture("hikvision/vmd_thermal_ch2.xml");
    deliver(&server, &camera, "/onvif", &vmd);
    deliver(&server, &camera, "/event", &vmd);
    assert_eq!(total(&client, ""), 0);
    deliver(&server, &camera, "/hikvision/", &vmd);
    assert_eq!(total(&client, ""), 1);
    for target in [format!("/i/{}/Hikvision", token(&camera)), "/i/wp.t1.x/hikvision".to_owned()] {
        let answer = send(&server, &post(&target, None, &vmd));
        assert_eq!((answer.status, answer.error().as_str()), (404, "not_found"), "{target}");
    }
}

#[test]
fn senders_may_ask_before_they_send() {
    let (server, camera, client) = site();
    let body = fixture("hikvision/pir.xml");
    let head = format!(
        "POST /i/{} HTTP/1.1\r\nHost: nvr\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        token(&camera),
        body.len(),
    );
    let mut raw = Raw::connect(&server.base).unwrap();
    raw.send(head.as_bytes()).unwrap();
    assert_eq!(raw.answer().unwrap().status, 100);
    raw.send(&body).unwrap();
    assert_eq!(raw.answer().unwrap().status, 200);
    assert_eq!(total(&client, ""), 1);
}

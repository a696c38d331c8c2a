//! Pictures that the server fetches from cameras: for events that came without one, and by the clock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};

use crate::common::{Client, Server, until};
use crate::device::{Device, Does, Login, PASSWORD, USER};
use crate::pictures::{files, get, jpeg, picture};
use crate::site::{BULK, Camera, EVENTS, camera, ids, total, types};
use crate::stream::Feed;

const PATH: &str = "/cgi-bin/snapshot.cgi?channel=1";

/// A server that may speak to stand-ins, and does so for two seconds at most.
fn server() -> Server {
    Server::start_with(&["--device-allow", "127.0.0.0/8", "--device-timeout-ms", "2000"])
}

fn shows(picture: &[u8]) -> Does {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        picture.len()
    );
    Does::Raw([head.as_bytes(), picture].concat())
}

/// A camera whose pictures are at `device`, with `snapshot` on for `motion`.
fn camera_at(server: &Server, key: &Client, device: &Device) -> Camera {
    let gate = camera(server, &["--name", "Gate"]);
    let place = json!({"address": "127.0.0.1", "port": device.port, "username": USER, "password": PASSWORD,
        "snapshot_path": PATH});
    key.put(&format!("/api/admin/v1/cameras/{}/", gate.id), &place).ok(200);
    let motion = format!("{}motion/", types(gate.id));
    assert_eq!(key.put(&motion, &json!({"snapshot": true})).ok(200)["snapshot"], true);
    gate
}

fn happened(client: &Client, name: &str) -> u64 {
    let stored = client.post(EVENTS, &json!({"name": name, "age_ms": 0})).ok(201);
    assert_eq!(stored.get("thumb"), None, "the answer waits for no camera");
    stored["id"].as_u64().unwrap()
}

fn counted(key: &Client, result: &str) -> u64 {
    let line = format!("watchpost_snapshots_total{{result=\"{result}\"}} ");
    let page = key.get("/metrics").text;
    page.lines().find_map(|text| text.strip_prefix(&line)).unwrap().parse().unwrap()
}

#[test]
fn an_event_without_a_picture_gets_one_from_its_camera() {
    let server = server();
    let key = server.admin();
    let device = Device::start(Login::Md5AndBasic, |_| shows(&jpeg()));
    let gate = camera_at(&server, &key, &device);
    let client = server.client(&gate.all);
    let feed = Feed::open(&server, "detail=detail", &[("Authorization", &gate.all)]);
    let id = happened(&client, "motion");
    let told = std::iter::repeat_with(|| feed.next()).find(|told| told.data["picture"] == "ready");
    assert_eq!(told.map(|told| told.event).as_deref(), Some("updated"));
    assert_eq!(total(&client, "has_thumb=true"), 1);
    let event = client.get(&format!("{EVENTS}{id}/")).ok(200);
    assert_eq!(get(event["thumb"]["full_url"].as_str().unwrap(), &[]).bytes, jpeg());
    let asked = device.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("GET", PATH));

    // However it came: many at once, to an address, of a type that the camera has no cap for.
    let bulk = json!([{"name": "motion", "age_ms": 0}, {"name": "nothing", "age_ms": 0}]);
    assert_eq!(client.post(BULK, &bulk).ok(200)["created"], 1);
    until("the second", || total(&client, "has_thumb=true") == 2);
    let token = gate.ingest.strip_prefix("Acc ").unwrap();
    let delivered = server.client("").get(&format!("/i/{token}?name=door_open"));
    assert_eq!(delivered.status, 200, "{}", delivered.text);
    assert_eq!(total(&client, "events=door_open"), 1);
    let door = format!("{}door_open/", types(gate.id));
    let shown = client.put(&door, &json!({"snapshot": true})).ok(200);
    assert_eq!((&shown["snapshot"], &shown["caps"]["can_snapshot"]), (&json!(true), &json!(true)));
    server.client("").get(&format!("/i/{token}?name=door_open&source=2")).ok(200);
    until("the third", || total(&client, "has_thumb=true&events=door_open") == 1);

    // Not for what has a picture, what is off, nor what happened long ago.
    let with = json!({"name": "motion", "age_ms": 0, "picture": base64(&picture(64, 48, ImageFormat::Jpeg))});
    client.post(EVENTS, &with).ok(201);
    client.post(EVENTS, &json!({"name": "motion", "age_ms": 180_000})).ok(201);
    client.put(&door, &json!({"snapshot": false})).ok(200);
    happened(&client, "door_open");
    happened(&client, "motion");
    until("the last", || total(&client, "has_thumb=true") == 5);
    assert_eq!(device.asked().len(), 4);
    let results = ["stored", "failed", "dropped"].map(|result| counted(&key, result));
    assert_eq!(results, [4, 0, 0]);
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn what_is_no_picture_leaves_the_event_as_it_was() {
    let server = server();
    let key = server.admin();
    let bomb = {
        let mut png = std::io::Cursor::new(Vec::new());
        DynamicImage::new_luma8(20_000, 1).write_to(&mut png, ImageFormat::Png).unwrap();
        png.into_inner()
    };
    let redirect = b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let answers = [
        (Login::Open, Does::Answer(500, "broken".into())),
        (Login::Open, Does::Answer(200, "<html>log in</html>".into())),
        (Login::Open, Does::Answer(200, "<svg xmlns='http://www.w3.org/2000/svg'/>".into())),
        (Login::Open, Does::Raw(redirect.to_vec())),
        (Login::Open, Does::Endless),
        (Login::Open, Does::Hang),
        (Login::Open, shows(&jpeg()[..1_000])),
        (Login::Open, shows(&bomb)),
        (Login::Never, shows(&jpeg())),
    ];
    for (n, (login, does)) in answers.into_iter().enumerate() {
        let hangs = matches!(does, Does::Hang);
        let device = Device::start(login, move |_| does.clone());
        let gate = camera_at(&server, &key, &device);
        let id = happened(&server.client(&gate.all), "motion");
        let item = format!("{EVENTS}{id}/?detail=detail");
        let stands = |word: &str| key.get(&item).ok(200)["picture"] == word;
        if hangs {
            until("it is expected meanwhile", || stands("expected"));
        }
        until("it is counted", || counted(&key, "failed") == n as u64 + 1);
        assert!(stands("none"), "{n}");
    }
    assert_eq!(files(&server.dir().join("pictures")), Vec::<std::path::PathBuf>::new());
    assert_eq!(counted(&key, "stored"), 0);
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

#[test]
fn a_burst_has_few_pictures_and_a_camera_is_asked_one_at_a_time() {
    const BURST: u64 = 20;
    let server = server();
    let key = server.admin();
    let (at_it, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let (counting, highest) = (Arc::clone(&at_it), Arc::clone(&most));
    let device = Device::start(Login::Open, move |_| {
        highest.fetch_max(counting.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let _ = released.lock().unwrap().recv();
        counting.fetch_sub(1, Ordering::SeqCst);
        shows(&jpeg())
    });
    let gate = camera_at(&server, &key, &device);
    let client = server.client(&gate.all);
    let first = happened(&client, "motion");
    device.wait_for(1);
    let items: Vec<Value> = (1..BURST).map(|_| json!({"name": "motion", "age_ms": 0})).collect();
    assert_eq!(client.post(BULK, &items.into()).ok(200)["created"], BURST - 1);
    assert_eq!(counted(&key, "dropped"), BURST - 2, "one is fetched, one waits");
    for _ in 0..2 {
        release.send(()).unwrap();
    }
    until("both come", || total(&client, "has_thumb=true") == 2);
    assert_eq!(ids(&client.get(&format!("{EVENTS}?has_thumb=true")).ok(200)), [first, first + 1]);
    assert_eq!((most.load(Ordering::SeqCst), device.asked().len()), (1, 2));
    let waiting = client.get(&format!("{EVENTS}?detail=detail&limit=100")).ok(200);
    let states = waiting["objects"].as_array().unwrap().iter().filter(|o| o["picture"] == "none");
    assert_eq!(states.count() as u64, BURST - 2);
}

#[test]
fn a_period_makes_events_of_its_own_and_outlives_a_restart() {
    let mut server = server();
    let key = server.admin();
    let device = Device::start(Login::Open, |_| shows(&jpeg()));
    let gate = camera_at(&server, &key, &device);
    let snapshot = format!("{}snapshot/", types(gate.id));
    let began = std::time::Instant::now();
    assert_eq!(key.put(&snapshot, &json!({"period": 1, "snapshot": true})).ok(200)["period"], 1);
    let count = |client: &Client| total(client, "events=snapshot&has_thumb=true");
    until("some come", || count(&key) >= 2);
    server.kill();
    server.restart_with(&["--device-allow", "127.0.0.0/8"]);
    let key = server.admin();
    let before = count(&key);
    until("they go on", || count(&key) >= before + 2);
    let made = total(&key, "events=snapshot");
    let seconds = began.elapsed().as_secs(); // asked after them: each server's first, then one a second
    assert!(made <= seconds + 2, "{made} in {seconds} seconds");
    assert_eq!(total(&key, "events=snapshot&has_thumb=false"), 0, "none without a picture");
    key.put(&snapshot, &json!({"period": 0})).ok(200);
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

#[test]
fn where_a_camera_shows_pictures_can_be_set() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.admin();
    let path = format!("/api/admin/v1/cameras/{}/", gate.id);
    let set = |snapshot_path: Value| key.put(&path, &json!({"snapshot_path": snapshot_path}));
    let shown = || key.get(&path).ok(200)["device"]["snapshot_path"].clone();
    assert_eq!(shown(), Value::Null);
    key.put(&path, &json!({"address": "10.0.0.7", "snapshot_path": PATH})).ok(200);
    assert_eq!(shown(), PATH);
    set(json!("http://10.0.0.7/onvif/snapshot?ch=1")).ok(200);
    assert_eq!(shown(), "/onvif/snapshot?ch=1");
    for bad in ["snap.jpg", "http://10.0.0.8/a", "https://10.0.0.7/a", "/a b", "/a\r\nHost: x"] {
        assert_eq!(set(json!(bad)).error(), "bad_parameter", "{bad}");
    }
    assert_eq!(shown(), "/onvif/snapshot?ch=1");
    set(Value::Null).ok(200);
    assert_eq!(shown(), Value::Null);
    let id = gate.id.to_string();
    let by_cli =
        server.cli_json(&["camera", "device", &id, "--snapshot-path", "/axis-cgi/jpg/image.cgi"]);
    assert_eq!(
        (&by_cli["snapshot_path"], shown()),
        (&json!("/axis-cgi/jpg/image.cgi"), json!("/axis-cgi/jpg/image.cgi"))
    );
    let seen = server.client(&gate.watch).get(&path);
    assert!(!seen.text.contains("axis-cgi"), "{}", seen.text);
}

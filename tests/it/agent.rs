//! Cameras that keep a connection: the agent's protocol over a real WebSocket, and triggers over it.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::stream::MaybeTlsStream;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::common::{Answer, Client, PATIENCE, Server, until};
use crate::device::{Device, Does, Login};
use crate::raw::memory_kib;
use crate::site::{Camera, Demo, EVENTS, camera, inner, site, total, types};

/// A camera with an agent.
pub struct Cam {
    pub socket: WebSocket<MaybeTlsStream<TcpStream>>,
    msgid: u64,
    pub id: Value,
}

impl Cam {
    /// Opens the WebSocket and says nothing yet.
    pub fn open(server: &Server, path: &str) -> Self {
        let url = format!("{}{path}", server.base.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        let protocol = "vxg-message-protocol".parse().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let (socket, answer) = tungstenite::connect(request).unwrap();
        assert_eq!(answer.headers()["Sec-WebSocket-Protocol"], "vxg-message-protocol");
        let MaybeTlsStream::Plain(tcp) = socket.get_ref() else { unreachable!("no TLS here") };
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_nodelay(true).unwrap();
        Self { socket, msgid: 0, id: Value::Null }
    }

    /// Connects and goes through the start sequence up to `get_cam_events`.
    pub fn connect(server: &Server, token: &str) -> Self {
        let mut cam = Self::open(server, &format!("/ctl/NEW/{token}/"));
        let register = cam.say(json!({"cmd":"register","ver":"1","tz":"UTC","vendor":"v","pwd":"",
            "prev_sid":"","reg_token":token,"media_protocols":["rtmp"]}));
        assert_eq!(cam.hear()["cmd"], "configure");
        let hello = cam.hear();
        assert_eq!((&hello["cmd"], &hello["refid"]), (&json!("hello"), &json!(register)));
        cam.say(json!({"cmd":"cam_register","ip":"1.2.3.4","uuid":"u","brand":"Acme","model":"C1",
            "sn":"n","version":"1.2.3","type":"t"}));
        let hello = cam.hear();
        assert_eq!(hello["cmd"], "cam_hello");
        cam.id = hello["cam_id"].clone();
        assert_eq!(cam.hear()["cmd"], "get_cam_events");
        cam
    }

    /// The same, and announces what it can do.
    pub fn announce(server: &Server, token: &str, events: &Value) -> Self {
        let mut cam = Self::connect(server, token);
        let id = cam.id.clone();
        cam.say(json!({"cmd":"cam_events_conf","refid":4,"orig_cmd":"get_cam_events","cam_id":id,
            "enabled":true,"events":events}));
        cam.sync();
        cam
    }

    /// Waits until everything said so far has been done: an event that is refused is answered last.
    pub fn sync(&mut self) -> Vec<Value> {
        let msgid = self.say(json!({"cmd":"cam_event","cam_id":self.id}));
        let mut heard = Vec::new();
        loop {
            let message = self.hear();
            if message["refid"] == msgid {
                return heard;
            }
            heard.push(message);
        }
    }

    pub fn say(&mut self, mut message: Value) -> u64 {
        self.msgid += 1;
        message["msgid"] = self.msgid.into();
        self.socket.send(Message::text(message.to_string())).unwrap();
        self.msgid
    }

    /// The next message; `null` when the connection has ended.
    pub fn hear(&mut self) -> Value {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).unwrap(),
                Ok(Message::Close(_)) | Err(_) => return Value::Null,
                Ok(_) => {}
            }
        }
    }

    fn event(&mut self, name: &str, time: &Value, meta: &Value) -> u64 {
        self.say(json!({"cmd":"cam_event","cam_id":self.id,"event":name,"time":time,"status":"OK",
            "meta":meta}))
    }

    /// Answers one trigger as the agent does: the event, then `done`.
    fn answer_trigger(&mut self) -> Value {
        let asked = self.hear();
        assert_eq!(asked["cmd"], "cam_trigger_event", "{asked}");
        self.event(asked["event"].as_str().unwrap(), &asked["time"], &asked["meta"]);
        self.done(&asked, "OK");
        asked
    }

    fn done(&mut self, asked: &Value, status: &str) {
        self.say(json!({"cmd":"done","cam_id":self.id,"refid":asked["msgid"],
            "orig_cmd":asked["cmd"],"status":status}));
    }

    /// `bye` and the end, after whatever comes before.
    pub fn ends(&mut self) -> Option<String> {
        let mut reason = None;
        loop {
            match self.hear() {
                Value::Null => return reason,
                message if message["cmd"] == "bye" => {
                    reason = message["reason"].as_str().map(str::to_owned);
                }
                _ => {}
            }
        }
    }
}

fn door() -> Value {
    json!([{"event":"door_open","active":true,"stream":false,"snapshot":false,
        "caps":{"stream":false,"snapshot":false,"periodic":false,"trigger":true}}])
}

pub fn secret(camera: &Camera) -> &str {
    camera.ingest.strip_prefix("Acc ").unwrap()
}

fn trigger(client: &Client, camera: u64, name: &str, body: &Value) -> Answer {
    client.post(&format!("{}{name}/trigger/", types(camera)), body)
}

/// Triggers from another thread, so that the camera can answer from this one.
fn triggering(client: &Client, camera: u64, body: Value) -> std::thread::JoinHandle<Answer> {
    let client = client.clone();
    std::thread::spawn(move || trigger(&client, camera, "door_open", &body))
}

#[test]
fn a_camera_connects_announces_and_delivers() {
    let (server, camera, client) = site();
    let key = server.admin();
    let page = format!("/api/admin/v1/cameras/{}/", camera.id);
    assert_eq!(key.get(&page).ok(200)["connection"], "none");
    let mut cam = Cam::announce(
        &server,
        secret(&camera),
        &json!([
            {"event":"motion","active":true,"stream":true,"snapshot":true,
                "caps":{"stream":true,"snapshot":true,"periodic":false,"trigger":true}},
            {"event":"qos-report","active":true,"stream":false,"snapshot":false,"period":600,
                "caps":{"stream":false,"snapshot":false,"periodic":true,"trigger":false}},
        ]),
    );
    assert_eq!(cam.id, camera.id);
    let kept = client.get(&format!("{}qos-report/", types(camera.id))).ok(200);
    assert_eq!((&kept["receive"], &kept["custom"]), (&json!(true), &Value::Null));
    assert_eq!((&kept["period"], &kept["caps"]["is_periodic"]), (&json!(600), &json!(true)));
    let motion = client.get(&format!("{}motion/", types(camera.id))).ok(200);
    assert_eq!(motion["caps"]["can_be_triggered"], true);

    let shown = key.get(&page).ok(200);
    assert_eq!(
        (&shown["connection"], &shown["status"], &shown["can_trigger"]),
        (&json!("agent"), &json!("online"), &json!(true))
    );
    assert_eq!(
        (&shown["vendor"], &shown["model"], &shown["firmware"], &shown["connected_from"]),
        (&json!("Acme"), &json!("C1"), &json!("1.2.3"), &json!("127.0.0.1"))
    );
    assert!(shown["connected_since"].as_str().unwrap().ends_with('Z'));
    let status =
        || client.get(&format!("/api/v2/cameras/{}/", camera.id)).ok(200)["status"].clone();
    assert_eq!(status(), "active");

    let msgid = cam.event("motion", &json!(1_632_414_600.25), &json!({"k": "v", "n": 1.50}));
    let done = cam.hear();
    assert_eq!((&done["refid"], &done["status"]), (&json!(msgid), &json!("OK")), "{done}");
    cam.event("net", &json!(1_632_414_601_500_i64), &json!({})); // milliseconds
    cam.event("brand_new", &Value::Null, &json!({}));
    cam.sync();
    let query = format!("{EVENTS}?include_meta=true&order_by=time&end=2022-01-01T00:00:00");
    let listed = client.get(&query).ok(200);
    assert_eq!(listed["objects"][0]["time"], "2021-09-23T16:30:00.250000");
    assert_eq!(listed["objects"][0]["meta"], json!({"k": "v", "n": "1.5"}));
    assert_eq!(listed["objects"][1]["time"], "2021-09-23T16:30:01.500000");
    assert_eq!(total(&client, "events=brand_new"), 1);

    // Gone, and remembered.
    drop(cam);
    until("it comes about", || status() == "offline");
    let shown = key.get(&page).ok(200);
    assert_eq!(
        (&shown["connection"], &shown["status"], &shown["can_trigger"], &shown["vendor"]),
        (&json!("agent"), &json!("offline"), &json!(true), &json!("Acme"))
    );
    assert_eq!(shown["connected_since"], Value::Null);
    assert_eq!(trigger(&client, camera.id, "motion", &json!({})).error(), "camera_offline");
    // Coming and going were events.
    until("it comes about", || total(&client, "events=net&start=2025-01-01T00:00:00") == 2);
    let net = client
        .get(&format!(
            "{EVENTS}?events=net&include_meta=true&order_by=time&start=2025-01-01T00:00:00"
        ))
        .ok(200);
    assert_eq!(net["objects"][0]["meta"], json!({"status": "online", "ip": "127.0.0.1"}));
    assert_eq!(net["objects"][1]["meta"], json!({"status": "offline", "ip": ""}));
}

#[test]
fn a_trigger_comes_back_as_an_event() {
    let (server, camera, client) = site();
    let mut cam = Cam::announce(&server, secret(&camera), &door());
    let mut fastest = Duration::MAX;
    for n in 0..20 {
        let body = json!({"time": "2021-09-23T19:15:00", "meta": {"tag1": format!("value{n}")}});
        let began = Instant::now();
        let answer = triggering(&client, camera.id, body.clone());
        let asked = cam.answer_trigger();
        assert_eq!((&asked["time"], &asked["meta"]), (&json!(1_632_424_500.0), &body["meta"]));
        let answer = answer.join().unwrap().ok(200);
        fastest = fastest.min(began.elapsed());
        assert_eq!(answer["status"], "done");
        cam.sync();
        let item = format!("{EVENTS}{}/?include_meta=true", answer["event_id"]);
        let stored = client.get(&item).ok(200);
        assert_eq!((&stored["name"], &stored["meta"]), (&json!("door_open"), &body["meta"]));
        assert_eq!(stored["time"], "2021-09-23T19:15:00");
    }
    crate::raw::note(&format!("trigger to answer, fastest of 20: {fastest:?}"));
    // Without a time the server's own is sent; a confirmation may come without an event.
    let answer = triggering(&client, camera.id, json!({}));
    let asked = cam.hear();
    assert!(asked["time"].as_f64().unwrap() > 1.6e9 && asked.get("meta").is_none(), "{asked}");
    cam.done(&asked, "OK");
    assert_eq!(answer.join().unwrap().ok(200), json!({"status": "done", "event_id": null}));
    // Nobody waits.
    let path = format!("{}door_open/trigger/?wait=0", types(camera.id));
    assert_eq!(client.post(&path, &json!({})).ok(202), json!({"status": "sent"}));
    cam.answer_trigger();
    cam.sync();
    assert_eq!(total(&client, "events=door_open"), 21);
}

#[test]
fn an_agent_is_asked_before_the_device() {
    let server = Server::start_with(&["--device-allow", "127.0.0.1"]);
    let gate = camera(&server, &["--name", "Gate"]);
    let (client, key) = (server.client(&gate.all), server.admin());
    let mut cam = Cam::announce(&server, secret(&gate), &door());
    let device = Device::start(Login::Open, |_| Does::Answer(200, String::new()));
    let base = format!("/api/admin/v1/cameras/{}/", gate.id);
    key.put(&base, &json!({"address": "127.0.0.1", "port": device.port})).ok(200);
    let recipe = json!({"kind": "generic", "request": {"method": "GET", "path": "/open"},
        "echo_wait_ms": 0, "no_echo": "store"});
    key.put(&format!("{base}event-types/door_open/recipe/"), &recipe).ok(200);
    let answer = triggering(&client, gate.id, json!({}));
    cam.answer_trigger();
    assert_eq!(answer.join().unwrap().ok(200)["status"], "done");
    assert!(device.asked().is_empty());
    drop(cam);
    until("it comes about", || key.get(&base).ok(200)["connected_since"] == Value::Null);
    assert_eq!(trigger(&client, gate.id, "door_open", &json!({})).ok(200)["status"], "done");
    assert_eq!(device.asked().len(), 1);
}

#[test]
fn triggers_that_fail_have_codes() {
    let (server, camera, client) = site();
    let refusal = trigger(&client, camera.id, "motion", &json!({}));
    assert_eq!((refusal.status, refusal.error().as_str()), (400, "not_triggerable"));
    let mut cam = Cam::announce(&server, secret(&camera), &door());
    let answer = triggering(&client, camera.id, json!({}));
    let asked = cam.hear();
    cam.done(&asked, "INVALID_PARAM");
    let answer = answer.join().unwrap();
    assert_eq!((answer.status, answer.error().as_str()), (502, "camera_refused"));
    // Two at once: the second waits for the first, and goes when that had its time.
    let first = triggering(&client, camera.id, json!({"meta": {"n": "1"}}));
    let asked = cam.hear();
    assert_eq!(asked["meta"]["n"], "1");
    std::thread::sleep(Duration::from_secs(2));
    let second = triggering(&client, camera.id, json!({"meta": {"n": "2"}}));
    let began = Instant::now();
    let first = first.join().unwrap();
    assert_eq!((first.status, first.error().as_str()), (504, "camera_timeout"));
    assert!(began.elapsed() > Duration::from_secs(5) && began.elapsed() < Duration::from_secs(12));
    assert_eq!(cam.answer_trigger()["meta"]["n"], "2");
    second.join().unwrap().ok(200);
    // The camera goes away with the question.
    let answer = triggering(&client, camera.id, json!({}));
    until("it comes about", || cam.hear()["cmd"] == "cam_trigger_event");
    drop(cam);
    let answer = answer.join().unwrap();
    assert_eq!((answer.status, answer.error().as_str()), (409, "camera_offline"));
    let watcher = trigger(&server.client(&camera.watch), camera.id, "door_open", &json!({}));
    assert_eq!((watcher.status, watcher.error().as_str()), (403, "access_deny"));
}

#[test]
fn tokens_decide_who_may_connect_and_stay() {
    let (server, camera, _) = site();
    for token in ["wp.t1.x", "nonsense", &inner(&camera.watch)] {
        let mut cam = Cam::open(&server, &format!("/ctl/NEW/{token}/"));
        assert_eq!(cam.ends().as_deref(), Some("AUTH_FAILURE"), "{token}");
    }
    let plain = server.client("").get(&format!("/ctl/NEW/{}/", secret(&camera)));
    assert_eq!((plain.status, plain.error().as_str()), (400, "bad_parameter"));
    // The second wins; with the connection's id too.
    let mut first = Cam::connect(&server, &inner(&camera.all));
    let mut second = Cam::connect(&server, secret(&camera));
    assert_eq!(first.ends().as_deref(), Some("CONN_CONFLICT"));
    second.sync();
    let mut third = Cam::open(&server, &format!("/ctl/{}/", secret(&camera)));
    third.say(json!({"cmd":"register"}));
    let connid = third.hear()["connid"].clone();
    assert_eq!(connid, secret(&camera));
    assert_eq!(second.ends().as_deref(), Some("CONN_CONFLICT"));
    drop(third);
    // A token that ends takes its connection along; so does a camera that goes.
    let made = server.cli_json(&["token", "create", "--camera", "1", "--access", "ingest"]);
    let mut cam = Cam::connect(&server, made["token"].as_str().unwrap());
    server.cli_json(&["token", "revoke", &made["token_id"].to_string()]);
    assert_eq!(cam.ends().as_deref(), Some("AUTH_FAILURE"));
    let mut cam = Cam::connect(&server, secret(&camera));
    server.cli_json(&["camera", "remove", "1"]);
    assert_eq!(cam.ends().as_deref(), Some("DELETED"));
}

#[test]
fn switches_go_to_the_camera() {
    let (server, camera, client) = site();
    let told = json!([{"event":"motion","active":true,"stream":true,"snapshot":true,
        "caps":{"stream":true,"snapshot":true,"periodic":false,"trigger":false}}]);
    let mut cam = Cam::announce(&server, secret(&camera), &told);
    let path = format!("{}motion/", types(camera.id));
    client.put(&path, &json!({"notify": false, "alias": "x"})).ok(200);
    client.put(&path, &json!({"receive": false, "snapshot": false})).ok(200);
    let set = cam.hear();
    assert_eq!((&set["cmd"], &set["enabled"]), (&json!("set_cam_events"), &json!(true)));
    let off = json!([{"event":"motion","active":false,"stream":true,"snapshot":false}]);
    assert_eq!(set["events"], off);
    // An event that is sent nevertheless is counted, not stored.
    cam.event("motion", &json!(1_700_000_000.0), &json!({}));
    assert_eq!(cam.hear()["status"], "OK");
    assert_eq!(total(&client, "events=motion"), 0);
    let key = server.admin();
    let shown = key.get(&format!("/api/admin/v1/cameras/{}/", camera.id)).ok(200);
    assert_eq!(shown["rejected_24h"], json!({"receive_off": 1}));
    // What was set stays when the camera comes back and says otherwise, and it is told. Its coming and
    // going are no events any more.
    client.put(&format!("{}net/", types(camera.id)), &json!({"receive": false})).ok(200);
    drop(cam);
    let mut cam = Cam::connect(&server, secret(&camera));
    let id = cam.id.clone();
    cam.say(json!({"cmd":"cam_events_conf","cam_id":id,"enabled":true,"events":told}));
    assert_eq!(cam.hear()["events"], off);
    assert_eq!(client.get(&path).ok(200)["receive"], false);
    assert_eq!(total(&client, "events=net"), 1);
}

#[test]
fn what_is_out_of_order_is_refused_or_ends() {
    let (server, camera, client) = site();
    let other = crate::site::camera(&server, &["--name", "Yard"]);
    let mut cam = Cam::connect(&server, secret(&camera));
    cam.say(json!({"cmd":"cam_event","cam_id":other.id,"event":"motion","time":1}));
    assert_eq!(cam.hear()["status"], "CM_ERROR");
    let many: serde_json::Map<String, Value> =
        (0..65).map(|n| (n.to_string(), json!("x"))).collect();
    cam.event("motion", &json!(1), &many.into());
    assert_eq!(cam.hear()["status"], "INVALID_PARAM");
    for text in ["", "\n", "hello", "[]", &"[".repeat(100_000)] {
        cam.socket.send(Message::text(text)).unwrap();
    }
    cam.socket.send(Message::binary(vec![1, 2, 3])).unwrap();
    cam.socket.send(Message::Ping(vec![7].into())).unwrap();
    cam.sync();
    cam.say(json!({"cmd":"cam_event","cam_id":cam.id,"event":"motion","time":1_700_000_000.0,
        "snapshot_info":{"image_time":"x","width":8,"height":6,"size":512}}));
    let answer = cam.hear();
    assert_eq!(answer["cmd"], "direct_upload_url");
    assert_eq!((&answer["status"], &answer["category"]), (&json!("OK"), &json!("snapshot")));
    assert!(answer["event_id"].is_u64());
    assert_eq!(total(&client, "events=motion"), 1);
    let _ = cam.socket.send(Message::text("x".repeat(300_000)));
    assert_eq!(cam.ends(), None);
    assert_eq!(server.client("").get("/healthz").status, 200);
    let mut cam = Cam::connect(&server, secret(&camera));
    cam.say(json!({"cmd":"bye","reason":"CONN_CLOSE"}));
    assert_eq!(cam.ends(), None);
}

#[test]
fn a_fast_camera_is_read_slower_and_loses_nothing() {
    const SENT: u64 = 250;
    let server = Server::start_with(&["--camera-rate", "100", "--camera-burst", "50"]);
    let camera = camera(&server, &["--name", "Gate"]);
    let client = server.client(&camera.all);
    let mut cam = Cam::announce(&server, secret(&camera), &door());
    let began = Instant::now();
    for n in 0..SENT {
        cam.event("door_open", &json!(1_700_000_000 + n), &json!({}));
    }
    cam.sync();
    assert!(began.elapsed() > Duration::from_millis(1_900), "{:?}", began.elapsed());
    assert_eq!(total(&client, "events=door_open"), SENT);
    let key = server.admin();
    let shown = key.get(&format!("/api/admin/v1/cameras/{}/", camera.id)).ok(200);
    assert_eq!(shown["rejected_24h"], json!({}));
}

#[test]
fn a_stop_says_bye_and_is_quick() {
    let (mut server, camera, client) = site();
    let mut cam = Cam::announce(&server, secret(&camera), &door());
    let waiting = triggering(&client, camera.id, json!({}));
    assert_eq!(cam.hear()["cmd"], "cam_trigger_event");
    let began = Instant::now();
    assert_eq!(server.terminate(), 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(cam.ends().as_deref(), Some("SHUTDOWN"));
    assert_eq!(waiting.join().unwrap().error(), "camera_offline");
    // Stopping is not the camera's going away; coming back is.
    server.restart();
    let client = server.client(&camera.all);
    assert_eq!(total(&client, "events=net"), 1);
    drop(Cam::connect(&server, secret(&camera)));
    until("it comes about", || total(&client, "events=net") == 3);
}

/// Two hundred cameras at once, each triggered, then all gone and back.
#[test]
fn two_hundred_cameras_at_once() {
    const CAMERAS: usize = 200;
    let server = Server::start();
    let key = server.admin();
    let cameras: Vec<(u64, String)> = (0..CAMERAS)
        .map(|n| {
            let made = key.post("/api/v3/channels/", &json!({"name": format!("c{n}")})).ok(201);
            let token = made["access_tokens"]["all"].as_str().unwrap().to_owned();
            (made["id"].as_u64().unwrap(), inner(&format!("Acc {token}")))
        })
        .collect();
    let idle = memory_kib(server.pid(), "VmRSS");
    let connect_all = || -> Vec<Cam> {
        std::thread::scope(|scope| {
            let parts = cameras.chunks(CAMERAS / 8).map(|part| {
                let server = &server;
                scope.spawn(move || {
                    part.iter()
                        .map(|(_, token)| Cam::announce(server, token, &door()))
                        .collect::<Vec<_>>()
                })
            });
            let parts: Vec<_> = parts.collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        })
    };
    let began = Instant::now();
    let mut cams = connect_all();
    crate::raw::note(&format!(
        "{CAMERAS} cameras connected for the first time: {:?}",
        began.elapsed()
    ));
    let each = memory_kib(server.pid(), "VmRSS").saturating_sub(idle) / CAMERAS as u64;
    crate::raw::note(&format!("memory of an idle camera connection: {each} KiB"));
    assert!(each < 512, "{each} KiB");

    let path = |id: u64| format!("{}door_open/trigger/?wait=0", types(id));
    let began = Instant::now();
    for (id, _) in &cameras {
        key.post(&path(*id), &json!({})).ok(202);
    }
    for cam in &mut cams {
        cam.answer_trigger();
    }
    until("it comes about", || total(&key, "events=door_open") == CAMERAS as u64);
    crate::raw::note(&format!("a trigger to each of {CAMERAS}: {:?}", began.elapsed()));

    drop(cams);
    let began = Instant::now();
    let cams = connect_all();
    let took = began.elapsed();
    crate::raw::note(&format!("{CAMERAS} cameras came back: {took:?}"));
    assert!(took < Duration::from_secs(20), "{took:?}");
    let online = key.get("/api/admin/v1/cameras/").ok(200);
    let online = online["objects"].as_array().unwrap().iter().filter(|c| c["status"] == "online");
    assert_eq!(online.count(), CAMERAS);
    drop(cams);
}

/// The simulated camera, as an integrator runs it.
#[test]
fn a_simulated_camera_speaks_the_protocol() {
    let (server, camera, client) = site();
    let simulate = |token: &str, rest: &[&str]| {
        let mut command = std::process::Command::new(crate::common::BINARY);
        command.args(["simulate-camera", "--json", "--server", &server.base, "--token", token]);
        command
            .args(rest)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let sender = [
        "--count",
        "300",
        "--rate",
        "1000",
        "--type",
        "door_open",
        "--type",
        "pir",
        "--no-pictures",
    ];
    let ended = simulate(secret(&camera), &sender).wait_with_output().unwrap();
    let done: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(
        done,
        json!({"sent": 300, "acknowledged": 300, "triggered": 0, "pictures": 0}),
        "{ended:?}"
    );
    assert_eq!(total(&client, "events=door_open,pir"), 300);

    // A camera that is in no hurry sends a picture with each event.
    let ended =
        simulate(secret(&camera), &["--count", "3", "--rate", "2"]).wait_with_output().unwrap();
    let done: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((&done["acknowledged"], &done["pictures"]), (&json!(3), &json!(3)), "{ended:?}");
    assert_eq!(total(&client, "events=motion&has_thumb=true"), 3);

    let mut waiting =
        simulate(secret(&camera), &["--rate", "0", "--type", "door_open", "--no-pictures"]);
    let page = format!("/api/v2/cameras/{}/", camera.id);
    until("it comes about", || client.get(&page).ok(200)["status"] == "active");
    let mut fastest = Duration::MAX;
    for n in 0..20 {
        let body = json!({"meta": {"n": n.to_string()}});
        let began = Instant::now();
        let answer = trigger(&client, camera.id, "door_open", &body).ok(200);
        fastest = fastest.min(began.elapsed());
        assert!(answer["event_id"].is_u64(), "{answer}");
    }
    crate::raw::note(&format!("trigger of a simulated camera, fastest of 20: {fastest:?}"));
    assert_eq!(total(&client, "events=door_open&tag=n=7"), 1);
    waiting.kill().unwrap();
    waiting.wait().unwrap();

    let refused = simulate("wp.t1.x", &[]).wait_with_output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("AUTH_FAILURE"), "{refused:?}");
}

/// A newcomer presses trigger on the demonstration site and sees the event come back.
#[test]
fn a_trigger_of_the_demonstration_comes_back() {
    let mut demo = Demo::start();
    let client = demo.client();
    let answer = trigger(&client, 4, "digital_input", &json!({"meta": {"who": "me"}})).ok(200);
    let stored = client.get(&format!("{EVENTS}{}/?include_meta=true", answer["event_id"])).ok(200);
    assert_eq!(stored["meta"], json!({"who": "me"}));
    let ready = format!("has_thumb=true&ids={}", answer["event_id"]);
    until("it comes about", || total(&client, &ready) == 1); // it has its picture
    until("it comes about", || total(&client, "") > 5_005); // and cameras go on by themselves
    let began = Instant::now();
    std::process::Command::new("kill").arg(demo.process.0.id().to_string()).status().unwrap();
    assert!(demo.process.0.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

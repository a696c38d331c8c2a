//! Cameras that are asked over HTTP: their passwords, recipes, and what becomes of a trigger.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Answer, Client, PATIENCE, Server, cli_with, printed, until};
use crate::device::{Asked, Device, Does, Login, PASSWORD, USER};
use crate::people::{Person, user};
use crate::site::{Camera, EVENTS, camera, total, types};

const CAMERAS: &str = "/api/admin/v1/cameras/";

/// A server that may speak to stand-ins, one camera, and a license key.
struct Site {
    server: Server,
    gate: Camera,
    key: Client,
}

impl Site {
    fn start() -> Self {
        Self::start_with(&["--device-allow", "127.0.0.0/8", "--device-timeout-ms", "1500"])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let server = Server::start_with(arguments);
        let gate = camera(&server, &["--name", "Gate"]);
        let key = server.admin();
        key.post(&types(gate.id), &json!({"name": "door"})).ok(201);
        Self { server, gate, key }
    }

    /// Says where the camera's device is, with its log-in.
    fn is_at(&self, port: u16) {
        self.is(
            &json!({"address": "127.0.0.1", "port": port, "username": USER, "password": PASSWORD}),
        );
    }

    fn is(&self, device: &Value) {
        self.key.put(&format!("{CAMERAS}{}/", self.gate.id), device).ok(200);
    }

    fn recipe_path(&self) -> String {
        format!("{CAMERAS}{}/event-types/door/recipe/", self.gate.id)
    }

    #[track_caller]
    fn recipe(&self, recipe: &Value) -> Value {
        self.key.put(&self.recipe_path(), recipe).ok(200)
    }

    /// A recipe that does not wait for an event, and has the server store it.
    fn open_door(&self) {
        let request = json!({"method": "GET", "path": "/open"});
        self.recipe(
            &json!({"kind": "generic", "request": request, "echo_wait_ms": 0, "no_echo": "store"}),
        );
    }

    fn trigger(&self, body: &Value) -> Answer {
        self.server
            .client(&self.gate.all)
            .post(&format!("{}door/trigger/", types(self.gate.id)), body)
    }
}

fn yes(_: &Asked) -> Does {
    Does::Answer(200, "OK".into())
}

/// A port at which nothing listens.
fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Fails if a file below `dir` holds `secret`.
#[track_caller]
fn is_nowhere(dir: &Path, secret: &str) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            is_nowhere(&path, secret);
        } else if let Ok(bytes) = std::fs::read(&path) {
            assert!(
                !String::from_utf8_lossy(&bytes).contains(secret),
                "{} holds the password",
                path.display()
            );
        }
    }
}

#[track_caller]
fn device(key: &Client, camera: u64) -> Value {
    key.get(&format!("{CAMERAS}{camera}/")).ok(200)["device"].clone()
}

#[test]
fn a_cameras_password_is_set_and_never_shown() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.admin();
    let path = format!("{CAMERAS}{}/", gate.id);
    assert_eq!(device(&key, gate.id)["has_password"], false);
    let set =
        json!({"address": "10.0.0.7", "port": 8080, "username": "watch", "password": PASSWORD});
    let answer = key.put(&path, &set);
    assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
    let shown = answer.ok(200)["device"].clone();
    assert_eq!((&shown["port"], &shown["username"]), (&json!(8080), &json!("watch")));
    assert!(shown["has_password"] == true && shown["password_set"].is_string(), "{shown}");
    // It goes with the place that it was given for.
    key.put(&path, &json!({"address": "10.0.0.7", "username": "root"})).ok(200);
    assert_eq!(device(&key, gate.id)["has_password"], true, "nothing but the name changed");
    key.put(&path, &json!({"address": "10.0.0.8"})).ok(200);
    assert_eq!(device(&key, gate.id)["has_password"], false);
    key.put(&path, &json!({"address": "10.0.0.9", "password": PASSWORD})).ok(200);
    assert_eq!(device(&key, gate.id)["has_password"], true);
    key.put(&path, &json!({"port": 81})).ok(200);
    assert_eq!(device(&key, gate.id)["has_password"], false);
    // The command line takes it from where no list of processes shows it.
    let id = gate.id.to_string();
    let device_of = ["camera", "device", id.as_str()];
    let by_stdin = [&device_of[..], &["--password-stdin"]].concat();
    let by_stdin = |line| printed(&cli_with(server.dir(), &by_stdin, line));
    let set = by_stdin(PASSWORD);
    assert_eq!((&set["has_password"], &set["port"]), (&json!(true), &json!(81)));
    assert_eq!(by_stdin("\n")["has_password"], false);
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let by_file = ["--password-file", file.to_str().unwrap(), "--username", "watch"];
    let by_file = server.cli_json(&[&device_of[..], &by_file].concat());
    assert_eq!((&by_file["has_password"], &by_file["username"]), (&json!(true), &json!("watch")));
    assert_eq!(device(&key, gate.id)["has_password"], true);

    for path in [CAMERAS, &path, "/api/v2/cameras/", "/api/admin/v1/logs/", "/api/v3/channels/"] {
        assert!(!key.get(path).text.contains(PASSWORD), "{path}");
    }
    // Who may not manage cameras is not told who the server is at them, nor may he say it.
    let own = server.client(&gate.all);
    assert_eq!(own.put(&path, &json!({"password": "x"})).error(), "access_deny");
    for bad in [
        json!({"username": "a:b"}),
        json!({"password": "a\nb"}),
        json!({"password": "x".repeat(257)}),
    ] {
        assert_eq!(key.put(&path, &bad).error(), "bad_parameter", "{bad}");
    }
    is_nowhere(server.dir(), PASSWORD);
}

#[test]
fn a_trigger_reaches_the_device_and_its_event_comes_back() {
    let site = Site::start();
    // The device raises the event itself, before it answers.
    let way: Arc<OnceLock<(Client, u64)>> = Arc::default();
    let back = Arc::clone(&way);
    let device = Device::start(Login::Md5AndBasic, move |_| {
        let (client, camera) = back.get().unwrap();
        let event =
            json!({"camid": camera, "name": "door", "age_ms": 0, "meta": {"own": "1", "who": "x"}});
        client.post(EVENTS, &event).ok(201);
        Does::Answer(204, String::new())
    });
    way.set((site.server.client(&site.gate.ingest), site.gate.id)).ok().unwrap();
    let own = site.server.client(&site.gate.all);
    let door = format!("{}door/", types(site.gate.id));
    assert_eq!(own.get(&door).ok(200)["caps"]["can_be_triggered"], false);
    assert_eq!(site.trigger(&json!({})).error(), "not_triggerable");
    site.is_at(device.port);
    let request = json!({
        "method": "POST", "path": "/raise/{name}?at={time}&who={meta.who}", "headers": {"X-Who": "{meta.who}"},
        "body": "{\"who\": \"{meta.who}\", \"what\": {}}",
    });
    let shown = site.recipe(&json!({"kind": "generic", "request": request}));
    assert_eq!(site.key.get(&site.recipe_path()).ok(200), shown);
    assert_eq!((&shown["confirm"], &shown["echo_wait_ms"]), (&json!(false), &json!(10_000)));
    assert_eq!(own.get(&door).ok(200)["caps"]["can_be_triggered"], true);
    assert_eq!(site.key.get(&format!("{CAMERAS}{}/", site.gate.id)).ok(200)["can_trigger"], true);

    let sent =
        json!({"time": "2026-03-01T10:00:00", "meta": {"who": "Ann \"A\" & Co", "why": "post"}});
    let done = site.trigger(&sent).ok(200);
    assert_eq!(done["status"], "done");
    let event = own.get(&format!("{EVENTS}{}/?include_meta=true", done["event_id"])).ok(200);
    let meta = json!({"own": "1", "who": "Ann \"A\" & Co", "why": "post", "triggered": "true"});
    assert_eq!((&event["name"], &event["meta"]), (&json!("door"), &meta));
    assert_eq!(total(&own, ""), 1, "nobody else stored one");
    let asked = device.asked().remove(0);
    assert_eq!(asked.method, "POST");
    let who = "Ann%20%22A%22%20%26%20Co";
    assert_eq!(asked.target, format!("/raise/door?at=2026-03-01T10%3A00%3A00Z&who={who}"));
    assert_eq!(asked.header("x-who"), Some("Ann \"A\" & Co"));
    assert_eq!(asked.header("host"), Some(format!("127.0.0.1:{}", device.port).as_str()));
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body, json!({"who": "Ann \"A\" & Co", "what": {}}));
    // Digest is offered, so nothing went in clear.
    let answers = [device.asked(), device.refused()].concat();
    let clear =
        |asked: &Asked| asked.header("authorization").is_some_and(|v| v.starts_with("Basic"));
    assert!(!answers.iter().any(clear), "{answers:?}");

    // Nobody waits: it is done all the same.
    let path = format!("{door}trigger/?wait=0");
    assert_eq!(own.post(&path, &json!({})).ok(202)["status"], "sent");
    device.wait_for(2);
    // Without the recipe it cannot be triggered any more; types and cameras take theirs with them.
    site.key.delete(&site.recipe_path()).ok(204);
    assert_eq!(site.key.delete(&site.recipe_path()).error(), "not_found");
    assert_eq!(site.trigger(&json!({})).error(), "not_triggerable");
    site.open_door();
    own.delete(&door).ok(204);
    own.post(&types(site.gate.id), &json!({"name": "door"})).ok(201);
    assert_eq!(site.key.get(&site.recipe_path()).error(), "not_found");
}

#[test]
fn a_recipe_outlives_a_restart() {
    let mut site = Site::start();
    let device = Device::start(Login::Open, yes);
    site.is_at(device.port);
    site.open_door();
    let shown = site.key.get(&site.recipe_path()).ok(200);
    assert_eq!(site.server.terminate(), 0);
    site.server.restart_with(&["--device-allow", "127.0.0.1"]);
    let key = site.server.admin();
    assert_eq!(key.get(&site.recipe_path()).ok(200), shown);
    site.trigger(&json!({})).ok(200);
    assert_eq!(device.asked().len(), 1);
}

#[test]
fn the_server_logs_in_as_the_device_wants() {
    let site = Site::start();
    site.open_door();
    for login in [Login::Open, Login::Basic, Login::Md5AndBasic, Login::Sha256, Login::Stale] {
        let device = Device::start(login, yes);
        site.is_at(device.port);
        assert_eq!(site.trigger(&json!({})).ok(200)["status"], "done", "{login:?}");
        assert_eq!(device.asked().len(), 1, "{login:?}");
    }
    let refused = |answer: Answer| {
        let body = answer.ok(502);
        assert_eq!(
            (&body["errorType"], &body["reason"]),
            (&json!("camera_refused"), &json!("login_refused"))
        );
    };
    let device = Device::start(Login::Never, yes);
    site.is_at(device.port);
    refused(site.trigger(&json!({})));
    assert_eq!(device.refused().len(), 2, "it is not tried for ever");
    let device = Device::start(Login::Md5AndBasic, yes);
    site.is(&json!({"port": device.port, "username": ""}));
    refused(site.trigger(&json!({})));
    site.is(&json!({"username": USER, "password": "wrong"}));
    refused(site.trigger(&json!({})));
    assert!(device.asked().is_empty());
}

#[test]
fn what_a_device_answers_wrongly_is_bounded() {
    let site = Site::start();
    site.open_door();
    let elsewhere = Device::start(Login::Open, yes);
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/open\r\nContent-Length: 0\r\n\r\n",
        elsewhere.port
    );
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Y: z\r\n".repeat(100_000));
    let raw = |text: &str| Does::Raw(text.as_bytes().to_vec());
    for (does, status, code, reason) in [
        (raw(&redirect), 502, "camera_refused", "redirected"),
        (Does::Hang, 504, "camera_timeout", "timeout"),
        (Does::Endless, 502, "camera_refused", "too_long"),
        (
            raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"),
            502,
            "camera_refused",
            "too_long",
        ),
        (
            raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"),
            502,
            "camera_refused",
            "bad_answer",
        ),
        (raw("RTSP/1.0 200 OK\r\n\r\n"), 502, "camera_refused", "bad_answer"),
        (raw(""), 502, "camera_refused", "bad_answer"),
        (raw(&headers), 502, "camera_refused", "bad_answer"),
        (Does::Answer(404, String::new()), 502, "camera_refused", "status"),
        (Does::Answer(503, "busy".into()), 502, "camera_refused", "status"),
    ] {
        let told = format!("{does:?}").chars().take(60).collect::<String>();
        let device = Device::start(Login::Open, move |_| does.clone());
        site.is_at(device.port);
        let body = site.trigger(&json!({})).ok(status);
        assert_eq!((&body["errorType"], &body["reason"]), (&json!(code), &json!(reason)), "{told}");
        assert_eq!(device.asked().len(), 1, "{told}");
    }
    assert!(elsewhere.asked().is_empty(), "a redirect was followed");
    site.is_at(closed_port());
    let body = site.trigger(&json!({})).ok(409);
    assert_eq!(
        (&body["errorType"], &body["reason"]),
        (&json!("camera_offline"), &json!("unreachable"))
    );
    assert_eq!(total(&site.key, ""), 0, "nothing was stored");
}

#[test]
fn only_the_registered_address_is_spoken_to_and_never_the_machine_itself() {
    let site = Site::start_with(&[]);
    let device = Device::start(Login::Open, yes);
    site.open_door();
    assert_eq!(site.trigger(&json!({})).ok(409)["reason"], "no_address");
    for address in
        ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0"]
    {
        site.is(&json!({"address": address, "port": device.port}));
        let body = site.trigger(&json!({})).ok(409);
        assert_eq!(
            (&body["errorType"], &body["reason"]),
            (&json!("camera_not_set_up"), &json!("address_refused")),
            "{address}"
        );
    }
    assert!(device.asked().is_empty() && device.refused().is_empty());
    // A recipe has no say in it.
    for path in ["http://127.0.0.1/", "//127.0.0.1/", "127.0.0.1", "/a b", "/x\r\nHost: y"] {
        let recipe = json!({"kind": "generic", "request": {"method": "GET", "path": path}});
        assert_eq!(site.key.put(&site.recipe_path(), &recipe).error(), "bad_parameter", "{path}");
    }
    let request = json!({"method": "GET", "path": "/", "headers": {"Host": "evil"}});
    let recipe = json!({"kind": "generic", "request": request});
    assert_eq!(site.key.put(&site.recipe_path(), &recipe).error(), "bad_parameter");
}

/// What a maker's device is asked, and how it says yes and no.
struct Maker {
    recipe: Value,
    on: (&'static str, &'static str, &'static str),
    off: (&'static str, &'static str, &'static str),
    yes: &'static str,
    no: &'static str,
}

#[test]
fn each_maker_is_asked_in_its_own_words_and_set_back() {
    let site = Site::start();
    let axis = "/axis-cgi/virtualinput/";
    let activate = "/axis-cgi/virtualinput/activate.cgi?schemaversion=1&port=3";
    let deactivate = "/axis-cgi/virtualinput/deactivate.cgi?schemaversion=1&port=3";
    assert!(activate.starts_with(axis) && deactivate.starts_with(axis));
    let hikvision = "/ISAPI/System/IO/outputs/2/trigger";
    let dahua = "/cgi-bin/configManager.cgi?action=setConfig&AlarmOut[0].Mode=";
    for maker in [
        Maker {
            recipe: json!({"kind": "axis_virtual_input", "output": 3}),
            on: ("GET", activate, ""),
            off: ("GET", deactivate, ""),
            yes: "<VirtualInputResponse><Success><ActivateSuccess><StateChanged>true</StateChanged>",
            no: "<VirtualInputResponse><GeneralError><ErrorCode>20</ErrorCode>",
        },
        Maker {
            recipe: json!({"kind": "axis_output", "output": 1}),
            on: ("GET", "/axis-cgi/io/port.cgi?action=1%3A%2F", ""),
            off: ("GET", "/axis-cgi/io/port.cgi?action=1%3A%5C", ""),
            yes: "",
            no: "Error: port 1 is not an output",
        },
        Maker {
            recipe: json!({"kind": "hikvision_output", "output": 2}),
            on: ("PUT", hikvision, "<outputState>high</outputState>"),
            off: ("PUT", hikvision, "<outputState>low</outputState>"),
            yes: "<ResponseStatus version=\"2.0\"><statusCode>1</statusCode></ResponseStatus>",
            no: "<ResponseStatus version=\"2.0\"><statusCode>4</statusCode></ResponseStatus>",
        },
        Maker {
            recipe: json!({"kind": "dahua_output", "output": 1}),
            on: ("GET", "1", ""),
            off: ("GET", "0", ""),
            yes: "OK\r\n",
            no: "Error\r\nErrorID=1\r\n",
        },
    ] {
        let mut recipe = maker.recipe.clone();
        for (member, value) in [
            ("hold_ms", json!(100)),
            ("echo_wait_ms", json!(0)),
            ("no_echo", json!("store")),
            ("confirm", json!(false)),
        ] {
            recipe[member] = value;
        }
        site.recipe(&recipe);
        let device = Device::start(Login::Sha256, move |_| Does::Answer(200, maker.yes.into()));
        site.is_at(device.port);
        assert_eq!(site.trigger(&json!({})).ok(200)["status"], "done", "{recipe}");
        let asked = device.wait_for(2);
        for (asked, (method, target, body)) in asked.iter().zip([maker.on, maker.off]) {
            assert_eq!(asked.method, method);
            let is_dahua = target.len() == 1 && asked.target == format!("{dahua}{target}");
            assert!(is_dahua || asked.target == target, "{asked:?}");
            assert!(asked.body.contains(body), "{asked:?}");
        }
        let device = Device::start(Login::Open, move |_| Does::Answer(200, maker.no.into()));
        site.is_at(device.port);
        let body = site.trigger(&json!({})).ok(502);
        assert_eq!(
            (&body["errorType"], &body["reason"]),
            (&json!("camera_refused"), &json!("denied"))
        );
    }
}

#[test]
fn an_onvif_relay_is_set_by_its_token_at_the_devices_time() {
    let site = Site::start();
    site.recipe(&json!({"kind": "onvif_relay", "relay": "R<1>", "hold_ms": 100, "echo_wait_ms": 0,
        "no_echo": "store", "confirm": false}));
    // One takes the digest in the message, one wants HTTP's as well.
    for login in [Login::Open, Login::Md5AndBasic] {
        let device = Device::start(login, |asked| {
            if asked.body.contains("GetSystemDateAndTime") {
                let time = "<tt:UTCDateTime><tt:Time><tt:Hour>3</tt:Hour><tt:Minute>4</tt:Minute>\
                    <tt:Second>5</tt:Second></tt:Time><tt:Date><tt:Year>2012</tt:Year>\
                    <tt:Month>1</tt:Month><tt:Day>2</tt:Day></tt:Date></tt:UTCDateTime>";
                return Does::Answer(200, format!("<s:Envelope>{time}</s:Envelope>"));
            }
            Does::Answer(200, "<tds:SetRelayOutputStateResponse/>".into())
        });
        site.is_at(device.port);
        assert_eq!(site.trigger(&json!({})).ok(200)["status"], "done", "{login:?}");
        let asked = device.wait_for(4);
        let set: Vec<&Asked> =
            asked.iter().filter(|asked| asked.body.contains("SetRelayOutputState")).collect();
        for (asked, state) in set.iter().zip(["active", "inactive"]) {
            assert_eq!(
                (asked.method.as_str(), asked.target.as_str()),
                ("POST", "/onvif/device_service")
            );
            let state = format!("<LogicalState>{state}</LogicalState>");
            for part in ["R&lt;1&gt;", &state, "PasswordDigest", "2012-01-02T03:04:05Z"] {
                assert!(asked.body.contains(part), "{part} in {asked:?}");
            }
            assert!(!asked.body.contains(PASSWORD), "{asked:?}");
        }
        assert_eq!(set.len(), 2);
    }
    let device = Device::start(Login::Open, |_| Does::Answer(400, "<s:Fault/>".into()));
    site.is_at(device.port);
    assert_eq!(site.trigger(&json!({})).ok(502)["reason"], "status");
}

/// A generic recipe that opens at `/on` and closes at `/off`.
fn on_and_off(hold_ms: u32) -> Value {
    json!({"kind": "generic", "request": {"method": "GET", "path": "/on"},
        "release": {"method": "GET", "path": "/off?{meta.who}"},
        "hold_ms": hold_ms, "echo_wait_ms": 0, "no_echo": "store"})
}

#[test]
fn what_is_forced_on_is_set_back_after_a_crash() {
    let mut site = Site::start();
    let device = Device::start(Login::Md5AndBasic, yes);
    site.is_at(device.port);
    // A slow machine may need longer from the answer to the crash than a short hold lasts.
    for hold_ms in [1_000, 4_000, 16_000] {
        site.recipe(&on_and_off(hold_ms));
        site.trigger(&json!({"meta": {"who": "a/b"}})).ok(200);
        site.server.kill();
        if device.asked().len() == 1 {
            break;
        }
        site.server.restart_with(&["--device-allow", "127.0.0.0/8"]);
        let key = site.server.admin();
        site.key = key;
        device.forget();
    }
    assert_eq!(device.asked().len(), 1, "it is still held");
    // Neither the recipe nor the trigger's tags are needed for it any more.
    site.server.restart_with(&["--device-allow", "127.0.0.0/8"]);
    let key = site.server.admin();
    site.key = key;
    site.key.delete(&site.recipe_path()).ok(204);
    let asked = device.wait_for(2);
    assert_eq!(asked[1].target, "/off?a%2Fb");
    // Once is enough, unless the crash came before that was on disk. What is due after a start has its turn
    // before a new trigger.
    site.open_door();
    let offs = || device.asked().iter().filter(|asked| asked.target.starts_with("/off")).count();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let before = offs();
        site.server.kill();
        site.server.restart_with(&["--device-allow", "127.0.0.0/8"]);
        site.trigger(&json!({})).ok(200);
        if offs() == before {
            break;
        }
        assert!(Instant::now() < deadline, "it is set back again and again");
    }
    is_nowhere(site.server.dir(), PASSWORD);
}

#[test]
fn a_release_that_fails_is_tried_again_and_given_up_with_a_word() {
    let site = Site::start_with(&["--device-allow", "127.0.0.1", "--device-timeout-ms", "200"]);
    user(&site.server, "chief", "admin");
    site.recipe(&on_and_off(100));
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let device = Device::start(Login::Open, move |asked| {
        let fails = asked.target.starts_with("/off") && counted.fetch_add(1, Ordering::SeqCst) < 2;
        Does::Answer(if fails { 500 } else { 200 }, String::new())
    });
    site.is_at(device.port);
    site.trigger(&json!({})).ok(200);
    assert_eq!(device.wait_for(4)[3].target, "/off?");
    let mut chief = Person::logged_in(&site.server, "chief");
    let failed = "/api/admin/v1/audit/?action=event.release";
    assert_eq!(chief.get(failed).ok(200)["objects"], json!([]));

    let device = Device::start(Login::Open, |asked| {
        Does::Answer(if asked.target.starts_with("/off") { 500 } else { 200 }, String::new())
    });
    site.is_at(device.port);
    site.trigger(&json!({})).ok(200);
    let mut told = json!([]);
    until("somebody is told", || {
        told = chief.get(failed).ok(200)["objects"].clone();
        told != json!([])
    });
    let told = &told[0];
    assert_eq!((&told["result"], &told["who"]), (&json!("failed"), &json!("server")));
    assert_eq!(device.asked().len(), 11, "on, and ten times off");
}

#[test]
fn a_door_needs_a_confirmation_and_stands_in_the_trail() {
    let site = Site::start();
    user(&site.server, "chief", "admin");
    user(&site.server, "guard", "operator");
    let device = Device::start(Login::Md5AndBasic, yes);
    site.is_at(device.port);
    let recipe =
        json!({"kind": "dahua_output", "output": 1, "echo_wait_ms": 0, "no_echo": "store"});
    assert_eq!(site.recipe(&recipe)["confirm"], true, "an output may be a door");
    let answer = site.trigger(&json!({}));
    assert_eq!((answer.status, answer.error().as_str()), (409, "confirmation_required"));
    assert_eq!(site.trigger(&json!({"confirm": false})).error(), "confirmation_required");
    assert!(device.asked().is_empty());
    let mut guard = Person::logged_in(&site.server, "guard");
    let path = format!("{}door/trigger/", types(site.gate.id));
    let done = guard.send("POST", &path, Some(&json!({"confirm": true}))).ok(200);
    assert_eq!(done["status"], "done");
    // Who triggers does not set up.
    assert_eq!(guard.send("PUT", &site.recipe_path(), Some(&recipe)).error(), "access_deny");
    assert_eq!(guard.get(&site.recipe_path()).error(), "access_deny");
    assert_eq!(site.server.client(&site.gate.all).get(&site.recipe_path()).error(), "access_deny");
    assert_eq!(site.server.client(&site.gate.watch).post(&path, &json!({})).error(), "access_deny");
    site.is_at(closed_port());
    assert_eq!(site.trigger(&json!({"confirm": true})).error(), "camera_offline");

    let mut chief = Person::logged_in(&site.server, "chief");
    let trail = chief.get("/api/admin/v1/audit/?action=event.trigger").ok(200)["objects"].clone();
    let told: Vec<(&Value, &Value)> =
        trail.as_array().unwrap().iter().map(|entry| (&entry["who"], &entry["result"])).collect();
    assert_eq!(told.len(), 3, "{trail}");
    assert_eq!(told[2], (&json!("guard"), &json!("ok")));
    assert_eq!((told[1].1, told[0].1), (&json!("ok"), &json!("failed")));
    let set = chief.get("/api/admin/v1/audit/?action=recipe.set").ok(200);
    assert_eq!(set["objects"].as_array().unwrap().len(), 1);
}

#[test]
fn a_device_that_raises_nothing_is_told_apart() {
    let site = Site::start();
    let device = Device::start(Login::Open, yes);
    site.is_at(device.port);
    let request = json!({"method": "GET", "path": "/open"});
    let mut recipe = json!({"kind": "generic", "request": request, "echo_wait_ms": 100});
    site.recipe(&recipe);
    let done = site.trigger(&json!({})).ok(200);
    assert_eq!(done, json!({"status": "done", "event_id": null, "no_echo": true}));
    assert_eq!(total(&site.key, ""), 0);
    recipe["no_echo"] = json!("store");
    site.recipe(&recipe);
    let sent = json!({"time": "2026-03-01T10:00:00", "meta": {"who": "Ann"}});
    let done = site.trigger(&sent).ok(200);
    let event = site.key.get(&format!("{EVENTS}{}/?include_meta=true", done["event_id"])).ok(200);
    assert_eq!(event["meta"], json!({"who": "Ann", "triggered": "true"}));
    assert_eq!((&event["time"], &event["name"]), (&json!("2026-03-01T10:00:00"), &json!("door")));
}

#[test]
fn no_password_of_a_camera_gets_out() {
    let level = "warn,watchpost=trace,hyper=trace,http_auth=trace";
    let mut site = Site::start_with(&["--device-allow", "127.0.0.1", "--log-level", level]);
    site.open_door();
    for login in [Login::Basic, Login::Sha256, Login::Never] {
        let device = Device::start(login, yes);
        site.is_at(device.port);
        let answer = site.trigger(&json!({}));
        assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
    }
    user(&site.server, "chief", "admin");
    let mut chief = Person::logged_in(&site.server, "chief");
    for path in [
        "/api/admin/v1/logs/",
        "/api/admin/v1/audit/",
        "/api/admin/v1/cameras/",
        "/api/admin/v1/system/",
        "/api/v2/cameras/",
        "/metrics",
    ] {
        let text = chief.get(path).text;
        assert!(!text.is_empty() && !text.contains(PASSWORD), "{path}");
    }
    is_nowhere(site.server.dir(), PASSWORD);
    assert_eq!(site.server.terminate(), 0);
    is_nowhere(site.server.dir(), PASSWORD);
}

#[test]
fn a_device_does_one_thing_at_a_time() {
    let site = Site::start();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let device = Device::start(Login::Open, move |_| {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20)); // as long as a slow one takes
        now.fetch_sub(1, Ordering::SeqCst);
        Does::Answer(200, String::new())
    });
    site.is_at(device.port);
    site.open_door();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| site.trigger(&json!({})).ok(200));
        }
    });
    assert_eq!((device.asked().len(), most.load(Ordering::SeqCst)), (8, 1));
}

#[test]
fn each_trigger_has_an_event_of_its_own() {
    let site = Site::start();
    let way: Arc<OnceLock<(Client, u64)>> = Arc::default();
    let back = Arc::clone(&way);
    // The camera's own name for it is another.
    let device = Device::start(Login::Open, move |_| {
        let (client, camera) = back.get().unwrap();
        client.post(EVENTS, &json!({"camid": camera, "name": "motion", "age_ms": 0})).ok(201);
        Does::Answer(200, String::new())
    });
    way.set((site.server.client(&site.gate.ingest), site.gate.id)).ok().unwrap();
    site.is_at(device.port);
    let request = json!({"method": "GET", "path": "/open"});
    site.recipe(&json!({"kind": "generic", "request": request, "echo_event": "motion"}));
    let events: Vec<Value> = std::thread::scope(|scope| {
        let triggers: Vec<_> = (0..6)
            .map(|n| {
                let meta = json!({"meta": {"n": n.to_string()}});
                let site = &site;
                scope.spawn(move || site.trigger(&meta).ok(200)["event_id"].clone())
            })
            .collect();
        triggers.into_iter().map(|trigger| trigger.join().unwrap()).collect()
    });
    let mut ids: Vec<u64> = events.iter().map(|id| id.as_u64().unwrap()).collect();
    for (n, id) in ids.iter().enumerate() {
        let event = site.key.get(&format!("{EVENTS}{id}/?include_meta=true")).ok(200);
        assert_eq!(event["meta"], json!({"n": n.to_string(), "triggered": "true"}));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

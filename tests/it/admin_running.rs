//! Running a server through `/api/admin/v1`: settings, retention, storage, system, log, support bundle.

use std::io::{Read as _, Write as _};
use std::process::Command;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::common::{BINARY, Client, Server};
use crate::site::{camera, event, fill};

const SETTINGS: &str = "/api/admin/v1/settings/";
const RETENTION: &str = "/api/admin/v1/retention/";
const PREVIEW: &str = "/api/admin/v1/retention/preview/";
const STORAGE: &str = "/api/admin/v1/storage/";
const SYSTEM: &str = "/api/admin/v1/system/";
const CLOCK: &str = "/api/admin/v1/system/clock/";
const LOGS: &str = "/api/admin/v1/logs/";
const BUNDLE: &str = "/api/admin/v1/support-bundle/";

/// A setting by its key.
fn setting(answer: &Value, key: &str) -> Value {
    let objects = answer["objects"].as_array().unwrap();
    objects.iter().find(|object| object["key"] == key).unwrap().clone()
}

fn admin() -> (Server, Client) {
    let server = Server::start();
    let client = server.admin();
    (server, client)
}

#[test]
fn only_administrators_are_answered_and_nobody_keeps_the_answer() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.admin();
    for path in [SETTINGS, RETENTION, PREVIEW, STORAGE, SYSTEM, LOGS, BUNDLE] {
        assert_eq!(server.client("").get(path).status, 401, "{path}");
        for token in [&gate.all, &gate.watch, &gate.ingest] {
            let answer = server.client(token).get(path);
            assert_eq!((answer.status, answer.error()), (403, "access_deny".into()), "{path}");
        }
        for path in [path, path.trim_end_matches('/')] {
            let answer = key.send("GET", path, &[("Origin", "http://elsewhere.example")], None);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        }
    }
    let watch = server.client(&gate.watch);
    assert_eq!(watch.put(SETTINGS, &json!({"site.name": "x"})).status, 403);
    assert_eq!(watch.post(CLOCK, &json!({})).status, 403);
    assert_eq!(key.post(CLOCK, &json!({})).ok(200)["checks"][2]["state"], "ok");
}

#[test]
fn settings_are_listed_changed_at_once_and_kept() {
    let (mut server, client) = admin();
    let before = client.get(SETTINGS).ok(200);
    assert_eq!(before["objects"].as_array().unwrap().len(), 12);
    assert_eq!(
        setting(&before, "retention.days"),
        json!({"key": "retention.days", "form": "retention", "kind": "integer", "value": 0,
            "default": 0, "unit": "days", "min": 0, "max": 3650, "source": "default",
            "restart": false})
    );
    assert_eq!(setting(&before, "http.public_url")["value"], Value::Null);

    let change = json!({"site.name": "Hafen Nord", "site.time_zone": "Europe/Berlin",
        "session.idle_hours": 8, "http.public_url": "https://nvr.example:8443"});
    let after = client.put(SETTINGS, &change).ok(200);
    assert_eq!(after, client.get(SETTINGS).ok(200), "a change answers with all of them");
    for (key, value) in change.as_object().unwrap() {
        let setting = setting(&after, key);
        assert_eq!((&setting["value"], &setting["source"]), (value, &json!("settings")));
    }
    let gate = server.camera("Gate");
    let all = format!("Acc {}", gate["access_tokens"]["all"].as_str().unwrap());
    let envelope = base64::engine::general_purpose::STANDARD.decode(&all[4..]).unwrap();
    let envelope: Value = serde_json::from_slice(&envelope).unwrap();
    assert_eq!((&envelope["api"], &envelope["api_sp"]), (&json!("nvr.example"), &json!(8443)));

    server.kill();
    server.restart();
    let client = server.admin();
    let kept = client.get(SETTINGS).ok(200);
    assert_eq!(setting(&kept, "site.name")["value"], "Hafen Nord", "it was on disk");
    let back = client.put(SETTINGS, &json!({"site.name": null, "http.public_url": ""})).ok(200);
    assert_eq!(setting(&back, "site.name")["source"], "default");
    assert_eq!(setting(&back, "http.public_url")["value"], Value::Null);
}

#[test]
fn a_refused_change_names_its_setting_and_changes_nothing() {
    let (_server, client) = admin();
    for (change, key) in [
        (json!({"site.name": "x", "site.colour": "red"}), "site.colour"),
        (json!({"site.name": "x", "retention.days": 3651}), "retention.days"),
        (json!({"site.name": "x", "retention.days": -1}), "retention.days"),
        (json!({"site.name": "x", "retention.days": 1.5}), "retention.days"),
        (json!({"site.name": "x", "retention.days": "90"}), "retention.days"),
        (json!({"site.name": "x", "session.idle_hours": 0}), "session.idle_hours"),
        (json!({"site.name": "x", "site.time_zone": "Mars/Olympus"}), "site.time_zone"),
        (json!({"site.name": "x", "http.public_url": "nvr"}), "http.public_url"),
        (json!({"site.name": ["x"]}), "site.name"),
        (json!({"site.name": "  "}), "site.name"),
    ] {
        let answer = client.put(SETTINGS, &change);
        let body = answer.ok(400);
        assert_eq!((&body["errorType"], &body["key"]), (&json!("bad_parameter"), &json!(key)));
        assert_eq!(setting(&client.get(SETTINGS).ok(200), "site.name")["source"], "default");
    }
    assert_eq!(client.put(SETTINGS, &json!([])).status, 400);
    assert_eq!(client.send("PUT", SETTINGS, &[], Some(b"{")).error(), "bad_json");
    assert_eq!(client.put(SETTINGS, &json!({})).status, 200, "nothing to change is no error");
}

#[test]
fn what_flag_variable_and_file_say_stays() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[site]\nname = 'Vom Amt'\n[retention]\ndays = 30\n").unwrap();
    let path = file.path().to_str().unwrap();
    let server = Server::start_with(&["--config", path, "--retention-days", "60"]);
    let client = server.admin();
    let settings = client.get(SETTINGS).ok(200);
    for (key, value, source) in
        [("site.name", json!("Vom Amt"), "file"), ("retention.days", json!(60), "flag")]
    {
        let setting = setting(&settings, key);
        assert_eq!((&setting["value"], &setting["source"]), (&value, &json!(source)));
        let refused = client.put(SETTINGS, &json!({ key: setting["value"] })).ok(409);
        assert_eq!(refused["errorType"], "setting_fixed");
        assert_eq!((&refused["key"], &refused["status"]), (&json!(key), &json!(409)));
    }
}

#[test]
fn a_bad_file_is_told_by_check_config() {
    let check = |text: &str, variable: Option<&str>| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut command = Command::new(BINARY);
        command.args(["serve", "--check-config", "--config"]).arg(file.path());
        if let Some(days) = variable {
            command.env("WATCHPOST_RETENTION_DAYS", days);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(check("[site]\nname = 'Hafen'\n[session]\nmax_days = 7\n", Some("90")).0, Some(0));
    for (text, variable, named) in [
        ("[retention]\ndays = 4000\n", None, "retention.days"),
        ("[retention]\n", Some("4000"), "retention.days"),
        ("[site]\ntime_zone = 'Berlin'\n", None, "site.time_zone"),
        ("[site]\ncolour = 1\n", None, "colour"),
    ] {
        let (status, output) = check(text, variable);
        assert_eq!(status, Some(2), "{text}");
        assert!(output.contains(named), "{output}");
    }
}

#[test]
fn the_rate_of_a_camera_can_be_changed_while_it_sends() {
    let (server, client) = admin();
    let gate = camera(&server, &["--name", "Gate"]);
    let ingest = server.client(&gate.ingest);
    let body = json!({"camid": gate.id, "name": "motion", "age_ms": 0});
    let send = || ingest.post("/api/v2/storage/events/", &body).status;
    assert_eq!(send(), 201);
    client.put(SETTINGS, &json!({"ingest.camera_rate": 1, "ingest.camera_burst": 1})).ok(200);
    assert!((0..5).any(|_| send() == 429));
    client.put(SETTINGS, &json!({"ingest.camera_rate": 0})).ok(200);
    assert!((0..5).all(|_| send() == 201));
}

#[test]
fn retention_says_what_it_does_and_what_it_would_do() {
    let (server, client) = admin();
    let gate = camera(&server, &["--name", "Gate"]);
    fill(&client, gate.id, 3);
    let report = client.get(RETENTION).ok(200);
    assert_eq!((&report["state"], &report["last_run"]), (&json!("off"), &Value::Null));
    assert_eq!((&report["last_deleted"], &report["deleted_total"]), (&json!(0), &json!(0)));
    assert!(report["room"].as_u64() > report["used"].as_u64(), "{report}");
    // What happened long ago arrived just now: age is by arrival.
    let preview = client.get(&format!("{PREVIEW}?days=90")).ok(200);
    assert_eq!((&preview["days"], &preview["count"]), (&json!(90), &json!(0)));
    assert_eq!((&preview["exact"], &preview["oldest"]), (&json!(true), &Value::Null));
    assert!(preview["cutoff"].as_str().unwrap().ends_with('Z'));
    for days in ["3651", "-1", "many"] {
        assert_eq!(client.get(&format!("{PREVIEW}?days={days}")).error(), "bad_parameter");
    }
    client.put(SETTINGS, &json!({"retention.days": 90})).ok(200);
    assert_eq!(client.get(RETENTION).ok(200)["state"], "idle");
    assert_eq!(client.get(PREVIEW).ok(200)["days"], 90, "without a number, what is set");
    let all = client.get(&format!("{PREVIEW}?days=0&max_bytes=0&room_percent=0")).ok(200);
    assert_eq!(
        (&all["by_age"], &all["by_size"], &all["by_room"]),
        (&json!(0), &json!(0), &json!(0))
    );
    assert_eq!(client.get(&format!("{PREVIEW}?max_bytes=5")).error(), "bad_parameter");

    let rules = "/api/admin/v1/retention/rules/";
    assert_eq!(client.get(rules).ok(200), json!({"objects": []}));
    let set = json!({"objects": [{"camid": gate.id, "name": null, "days": 30},
        {"camid": null, "name": "net", "days": 0}]});
    assert_eq!(client.put(rules, &set).ok(200), set);
    assert_eq!(client.get(rules).ok(200), set);
    for (status, code, bad) in [
        (400, "missing_field", json!({"objects": [{"days": 3}]})),
        (400, "bad_parameter", json!({"objects": [{"camid": 1, "days": 4000}]})),
        (
            400,
            "already_exists",
            json!({"objects": [{"camid": 1, "days": 4}, {"camid": 1, "days": 5}]}),
        ),
        (400, "bad_parameter", json!({"objects": [{"camera": 1, "days": 4}]})),
    ] {
        let answer = client.put(rules, &bad);
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{}", answer.text);
        // What would be refused is refused when it is tried.
        let answer = client.post(PREVIEW, &json!({"rules": bad["objects"]}));
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{}", answer.text);
    }
    let tried = client.post(PREVIEW, &json!({"days": 7, "rules": set["objects"]})).ok(200);
    assert_eq!((&tried["days"], &tried["count"]), (&json!(7), &json!(0)), "{tried}");
    assert_eq!(client.post(PREVIEW, &json!({})).ok(200)["days"], 90, "as it is set");
    assert_eq!(client.get(rules).ok(200), set, "trying changes nothing");
}

#[test]
fn an_event_on_hold_is_not_deleted() {
    let (server, client) = admin();
    let gate = camera(&server, &["--name", "Gate"]);
    let ids = fill(&client, gate.id, 3);
    let hold = format!("/api/admin/v1/events/{}/hold/", ids[1]);
    let free = json!({"id": ids[1], "held": false, "since": null, "by": null});
    assert_eq!(client.get(&hold).ok(200), free);
    let answer = client.put(&hold, &Value::Null).ok(200);
    assert_eq!((&answer["held"], &answer["by"]), (&json!(true), &json!("test-admin")), "{answer}");
    let all = json!({"total_count": 1, "objects": [answer]});
    assert_eq!(client.get("/api/admin/v1/holds/").ok(200), all);
    let event = format!("/api/v2/storage/events/{}/", ids[1]);
    let refused = client.delete(&event);
    assert_eq!((refused.status, refused.error().as_str()), (409, "event_held"));
    let others = client.delete(&format!("/api/v2/storage/events/?camid={}", gate.id));
    assert_eq!(others.ok(200)["deleted"], 2);
    assert_eq!(client.delete(&hold).status, 204);
    assert_eq!(client.get(&hold).ok(200), free);
    assert_eq!(client.delete(&event).status, 204);
    assert_eq!(client.get(&hold).error(), "event_not_found");
    assert_eq!(client.put(&hold, &Value::Null).error(), "event_not_found");
    let watch = server.client(&gate.watch);
    assert_eq!(watch.put(&hold, &Value::Null).error(), "access_deny");
}

#[test]
fn storage_adds_up() {
    let (server, client) = admin();
    let gate = camera(&server, &["--name", "Gate"]);
    let yard = camera(&server, &["--name", "Yard"]);
    let empty = client.get(STORAGE).ok(200);
    assert_eq!(
        empty["events"],
        json!({"count": 0, "oldest": null, "newest": null, "bytes_per_event": 0})
    );
    assert_eq!((&empty["days_fit"], &empty["by_camera"]), (&Value::Null, &json!([])));
    fill(&client, gate.id, 1_500);
    event(&client, yard.id, "net", "2026-02-01T00:00:00", &json!({}));
    let full = client.get(STORAGE).ok(200);
    assert_eq!(full["events"]["count"], 1_501);
    assert_eq!(full["events"]["oldest"], "2026-02-01T00:00:00Z");
    assert_eq!(full["events"]["newest"], "2026-03-01T00:24:59Z");
    let (disk, files) = (&full["disk"], &full["files"]);
    assert!(disk["free"].as_u64() <= disk["total"].as_u64() && disk["reserve"].as_u64() > Some(0));
    assert!(files["events"].as_u64() > Some(0) && files["journal"].as_u64() > Some(0), "{files}");
    assert!(full["events"]["bytes_per_event"].as_u64() > Some(0), "{full}");
    assert_eq!(full["by_camera"].as_array().unwrap().len(), 2);
    assert_eq!(full["by_camera"][0]["count"], 1_500);
    assert_eq!(full["by_camera"][1]["name"], "Yard");
    assert_eq!(full["by_camera"][1]["oldest"], full["by_camera"][1]["newest"]);
    let types: Vec<_> = full["by_type"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(types, ["motion", "net"]);
}

#[test]
fn the_system_tells_of_its_parts() {
    let (_server, client) = admin();
    let system = client.get(SYSTEM).ok(200);
    assert_eq!(system["version"], env!("CARGO_PKG_VERSION"));
    let checks = system["checks"].as_array().unwrap();
    let names: Vec<_> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["writes", "disk", "clock", "records", "index", "backup"]);
    assert!(checks.iter().all(|check| check["state"] == "ok"), "{system}");
    assert!(system["uptime_s"].as_u64() < Some(60));
}

#[test]
fn the_log_is_read_by_level_and_text_and_followed() {
    let (_server, client) = admin();
    let all = client.get(LOGS).ok(200);
    let objects = all["objects"].as_array().unwrap();
    assert!(objects.iter().any(|line| line["level"] == "info"), "{all}");
    let last = all["last"].as_u64().unwrap();
    assert_eq!(
        client.get(&format!("{LOGS}?after={last}&level=warn")).ok(200)["objects"],
        json!([])
    );
    let found = client.get(&format!("{LOGS}?q=LISTENING&limit=1")).ok(200);
    assert_eq!(found["objects"].as_array().unwrap().len(), 1, "{all}");
    assert_eq!(client.get(&format!("{LOGS}?level=loud")).error(), "bad_parameter");
}

/// Every secret of the server, asked for in the log and in the bundle.
#[test]
fn the_support_bundle_has_what_helps_and_nothing_secret() {
    let server = Server::start_with(&["--log-level", "debug"]);
    let key = server.key();
    let client = server.admin();
    let cookie = client.header("Cookie");
    let gate = camera(&server, &["--name", "Gate"]);
    let token = crate::site::inner(&gate.all);
    client.get(&format!("/api/v2/storage/events/?token={token}"));
    client.get(&format!("/i/{token}"));
    let path = tempfile::tempdir().unwrap();
    let file = path.path().join("bundle.zip");
    let output = Command::new("curl")
        .args(["-sS", "--fail", "-D", "-", "-H", &format!("Cookie: {cookie}"), "-o"])
        .arg(&file)
        .arg(format!("{}{BUNDLE}", server.base))
        .output()
        .unwrap();
    let head = String::from_utf8_lossy(&output.stdout).to_lowercase();
    assert!(head.contains("content-type: application/zip"), "{head}");
    assert!(head.contains("content-disposition: attachment; filename=\"watchpost-support-"));
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    let mut all = String::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        all.extend(["\n== ", &file.name().unwrap(), "\n"]);
        file.read_to_string(&mut all).unwrap();
    }
    for name in ["system.json", "settings.json", "storage.json", "cameras.json", "log.txt"] {
        assert!(all.contains(&format!("== {name}\n")), "{all}");
    }
    assert!(all.contains("\"Gate\"") && all.contains("site.name"), "{all}");
    assert!(all.contains("/i/***"), "{all}");
    let log = client.get(&format!("{LOGS}?level=debug&limit=1000")).text;
    let mac = |secret: &str| secret.rsplit('.').next().unwrap().to_owned();
    let session = cookie.split_once('=').unwrap().1.to_owned();
    for secret in [mac(&token), mac(&gate.ingest), mac(&key), gate.all[4..].to_owned(), session] {
        assert!(secret.len() > 16);
        assert!(!all.contains(&secret) && !log.contains(&secret), "{secret}");
    }
}

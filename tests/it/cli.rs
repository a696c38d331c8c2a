//! The command line: the same answers with the server running and without it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{BINARY, Client, Process, Server, cli};
use crate::site::{EVENTS, camera, event, unlike};

/// Runs a command that must work; gives what it printed.
#[track_caller]
pub fn works(dir: &Path, arguments: &[&str]) -> Value {
    let output = cli(dir, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {text}"))
}

/// Runs a command that must fail; gives what it said.
#[track_caller]
pub fn fails(dir: &Path, arguments: &[&str]) -> String {
    let output = cli(dir, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
    text
}

/// Without `--json`, and without a data directory.
fn bare(arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command.args(arguments).env_remove("WATCHPOST_DATA_DIR").stdin(Stdio::null()).output().unwrap()
}

/// What a command printed.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every command with its answer; ids are those of a new data directory.
fn commands(file: &str) -> Vec<(Vec<&str>, Value)> {
    let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
    let tokens = json!([
        {"token_id": 1, "access": "all"}, {"token_id": 2, "access": "watch"},
        {"token_id": 3, "access": "ingest"}
    ]);
    let added = |id: u32, name: &str| {
        json!({
            "id": id, "name": name, "access_tokens": {"all": "t", "watch": "t"},
            "ingest_token": "t", "tokens": tokens
        })
    };
    let token = |access: &str, expires: Value| json!({"token_id": 1, "token": "t", "access": access, "camid": 1, "expires": expires});
    let listed = |id: u32, name: &str, zone: &str| json!({"id": id, "name": name, "timezone": zone, "enabled": true});
    let group = |access: &str, cameras: Value| {
        json!({
            "group_id": 1, "name": "G", "group_token": "t", "access": access, "cameras": cameras
        })
    };
    let checked = json!({
        "events": 0, "index_entries": 0, "counter_rows": 0, "audit_entries": 0, "pictures": 0, "filemeta": 0,
        "checksum": "x", "problem_count": 0, "problems": []
    });
    vec![
        (words("camera add --name Gate"), added(1, "Gate")),
        (words("camera add --name Yard --timezone Europe/Berlin --id 40"), added(40, "Yard")),
        (
            words("camera list"),
            json!({"objects": [
                listed(1, "Gate", "UTC"), listed(40, "Yard", "Europe/Berlin")
            ]}),
        ),
        (words("token create --camera 1 --access all"), token("all", Value::Null)),
        (words("token create --camera 1 --access watch --expires 30d"), token("watch", json!("t"))),
        (
            words("token create --camera 1 --access ingest --expires 90s"),
            token("ingest", json!("t")),
        ),
        (
            words("token list"),
            json!({"objects": [
                {"token_id": 1, "access": "all", "camid": 1, "expires": null},
                {"token_id": 2, "access": "watch", "camid": 1, "expires": null},
                {"token_id": 3, "access": "ingest", "camid": 1, "expires": null},
                {"token_id": 4, "access": "all", "camid": 40, "expires": null},
                {"token_id": 5, "access": "watch", "camid": 40, "expires": null},
                {"token_id": 6, "access": "ingest", "camid": 40, "expires": null},
                {"token_id": 7, "access": "all", "camid": 1, "expires": null},
                {"token_id": 8, "access": "watch", "camid": 1, "expires": "t"},
                {"token_id": 9, "access": "ingest", "camid": 1, "expires": "t"}
            ]}),
        ),
        (words("token rotate 7"), token("all", Value::Null)),
        (words("token rotate 8 --overlap 1h"), token("watch", json!("t"))),
        (words("token revoke 8"), json!({})),
        (words("key create --name Desk"), json!({"key_id": 1, "license_key": "t"})),
        (words("key list"), json!({"objects": [{"key_id": 1, "name": "Desk", "created": "t"}]})),
        (words("group create --name G --camera 1 --camera 40"), group("all", json!([1, 40]))),
        (words("group create --name G --camera 1,40 --access watch"), group("watch", json!([1]))),
        (
            words("group list"),
            json!({"objects": [
                {"group_id": 1, "name": "G", "access": "all", "cameras": [1, 40]}
            ]}),
        ),
        (vec!["import", file], json!({"imported": 2, "replayed": 0, "failed": 0, "errors": []})),
        (words("check"), checked),
        (words("camera remove 40"), json!({})),
        (words("camera remove 1 --purge"), json!({"deleted": 2})),
        (words("camera list"), json!({"objects": []})),
    ]
}

#[test]
fn every_command_answers_alike_with_the_server_and_without() {
    let lines = concat!(
        r#"{"camid":1,"name":"motion","time":"2026-03-01T10:00:00Z","meta":{"a":"1"}}"#,
        "\n\n",
        r#"{"camid":1,"name":"door","time":"2026-03-01T10:00:00.5","id":7}"#,
        "\n",
    );
    let stopped = TempDir::new().unwrap();
    let file = stopped.path().join("events.ndjson");
    std::fs::write(&file, lines).unwrap();
    let file = file.to_str().unwrap();
    let running = Server::start();
    for (arguments, expected) in commands(file) {
        let answers = [works(stopped.path(), &arguments), works(running.dir(), &arguments)];
        for answer in &answers {
            if let Some(difference) = unlike("answer", &expected, answer) {
                panic!("{arguments:?}: {difference}");
            }
        }
        if matches!(arguments[..], ["camera" | "token" | "group", "list"] | ["import", _]) {
            let plain = |answer: &Value| {
                let text = answer.to_string();
                let rows = answer["objects"].as_array().cloned().unwrap_or_default();
                let ends: Vec<&str> =
                    rows.iter().filter_map(|row| row["expires"].as_str()).collect();
                let text = ends.iter().fold(text, |text, end| text.replace(end, "t"));
                serde_json::from_str::<Value>(&text).unwrap()
            };
            assert_eq!(plain(&answers[0]), plain(&answers[1]), "{arguments:?}");
        }
    }
}

/// An empty list on the socket does not say of what it is one.
#[test]
fn an_empty_list_names_what_was_asked_for_with_the_server_and_without() {
    let (stopped, running) = (TempDir::new().unwrap(), Server::start());
    for dir in [stopped.path(), running.dir()] {
        for (command, said) in [
            ("camera", "0 cameras\n"),
            ("token", "0 tokens\n"),
            ("key", "0 license keys\n"),
            ("group", "0 groups\n"),
            ("user", "0 users\n"),
        ] {
            let output = bare(&[command, "list", "--data-dir", dir.to_str().unwrap()]);
            assert_eq!(text(&output), said, "{output:?}");
        }
    }
}

#[test]
fn a_camera_added_before_the_start_can_send_at_once() {
    let dir = TempDir::new().unwrap();
    let added = works(dir.path(), &["camera", "add", "--name", "Gate"]);
    let mut child = Command::new(BINARY)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .env("WATCHPOST_LOG_LEVEL", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let ingest = format!("Acc {}", added["ingest_token"].as_str().unwrap());
    let new = json!({"name": "motion", "age_ms": 0});
    Client::new(&base, &ingest).post(EVENTS, &new).ok(201);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(works(dir.path(), &["check"])["events"], 1);
}

#[test]
fn what_is_revoked_ends_at_once() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let token = server.cli_json(&[
        "token",
        "create",
        "--camera",
        "1",
        "--access",
        "watch",
        "--expires",
        "12h",
    ]);
    let group = server.cli_json(&["group", "create", "--name", "G", "--camera", "1"]);
    let key = server.cli_json(&["key", "create", "--name", "K"]);
    let word = |answer: &Value, member: &str| answer[member].as_str().unwrap().to_owned();
    assert!(word(&token, "expires").ends_with('Z'));
    for (authorization, revoke) in [
        (format!("Acc {}", word(&token, "token")), vec!["token", "revoke"]),
        (format!("SI {}", word(&group, "group_token")), vec!["group", "remove"]),
        (format!("LKey {}", word(&key, "license_key")), vec!["key", "revoke"]),
    ] {
        let client = server.client(&authorization);
        client.get(EVENTS).ok(200);
        let id = match revoke[0] {
            "token" => &token["token_id"],
            "group" => &group["group_id"],
            _ => &key["key_id"],
        };
        let id = id.to_string();
        let arguments = [revoke.as_slice(), &[id.as_str()]].concat();
        assert_eq!(works(server.dir(), &arguments), json!({}));
        assert_eq!(client.get(EVENTS).error(), "invalid_auth", "{arguments:?}");
        fails(server.dir(), &arguments);
    }
    let first = gate.added["tokens"][0]["token_id"].to_string();
    works(server.dir(), &["token", "revoke", &first]);
    assert_eq!(server.client(&gate.all).get(EVENTS).error(), "invalid_auth");
    server.client(&gate.watch).get(EVENTS).ok(200);
}

#[test]
fn ids_of_cameras_are_not_used_again() {
    let server = Server::start();
    assert_eq!(camera(&server, &["--name", "a"]).id, 1);
    assert_eq!(camera(&server, &["--name", "b", "--id", "9"]).id, 9);
    works(server.dir(), &["camera", "remove", "9", "--purge"]);
    assert_eq!(camera(&server, &["--name", "c"]).id, 10);
    for id in ["9", "1", "0"] {
        fails(server.dir(), &["camera", "add", "--name", "d", "--id", id]);
    }
    assert_eq!(server.cli_json(&["camera", "list"])["objects"].as_array().unwrap().len(), 2);
}

/// A byte of an event that the disk changed is found.
#[test]
fn check_finds_a_changed_byte() {
    const MARK: &str = "QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.client(&gate.all);
    event(&client, gate.id, "motion", "2026-03-01T10:00:00", &json!({"mark": MARK}));
    assert_eq!(works(server.dir(), &["check"])["problem_count"], 0);
    assert_eq!(server.terminate(), 0);
    assert_eq!(works(server.dir(), &["check"])["events"], 1);
    let mut changed = 0;
    for entry in std::fs::read_dir(server.dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "redb") {
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let places: Vec<usize> = (0..bytes.len().saturating_sub(MARK.len()))
            .filter(|at| bytes[*at..].starts_with(MARK.as_bytes()))
            .collect();
        for at in places {
            bytes[at + 5] = b'R';
            changed += 1;
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(changed > 0, "the event is in the database file");
    let output = cli(server.dir(), &["check"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["problem_count"].as_u64().unwrap() > 0, "{report}");
    assert!(!report["problems"].as_array().unwrap().is_empty());

    // It is left out of lists, and the server lives.
    server.restart();
    let client = server.client(&gate.all);
    assert_eq!(client.get(EVENTS).ok(200)["objects"], json!([]));
    event(&client, gate.id, "motion", "2026-03-01T10:00:01", &json!({}));
}

#[test]
fn the_exit_status_says_what_happened() {
    let server = Server::start();
    for wrong in [
        vec!["camera", "remove", "7"],
        vec!["token", "create", "--camera", "7", "--access", "all"],
        vec!["token", "revoke", "7"],
        vec!["group", "create", "--name", "G", "--camera", "7"],
        vec!["camera", "add", "--name", ""],
        vec!["camera", "add", "--name", "Gate", "--timezone", "Mars/Phobos"],
    ] {
        fails(server.dir(), &wrong);
    }
    for usage in [
        vec!["camera", "ad"],
        vec!["camera", "add"],
        vec!["camera", "list", "--colour"],
        vec!["token", "create", "--access", "all"],
        vec!["token", "create", "--camera", "1", "--access", "everything"],
        vec!["token", "create", "--camera", "1", "--access", "all", "--expires", "soon"],
        vec!["export", "--format", "xml"],
        vec!["serve", "--listen", "everywhere"],
    ] {
        let output = cli(server.dir(), &usage);
        assert_eq!(output.status.code(), Some(2), "{usage:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{usage:?}");
    }
    let second = cli(server.dir(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(5), "{second:?}");
    let nowhere = server.dir().join("nowhere");
    assert_eq!(cli(&nowhere, &["camera", "list"]).status.code(), Some(1));
}

#[test]
fn an_unknown_key_of_the_configuration_is_named_with_its_line() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("watchpost.toml");
    std::fs::write(&file, "# ours\n[http]\nlisten = [\"127.0.0.1:0\"]\ncolour = \"red\"\n")
        .unwrap();
    let arguments = ["serve", "--check-config", "--config", file.to_str().unwrap()];
    let output = cli(dir.path(), &arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("line 4") && said.contains("colour"), "{said}");
    std::fs::write(&file, "[http]\nlisten = [\"127.0.0.1:0\"]\n").unwrap();
    assert_eq!(cli(dir.path(), &arguments).status.code(), Some(0));
}

/// What needs no data directory.
#[test]
fn the_binary_describes_itself() {
    let document: Value = serde_json::from_str(&text(&bare(&["openapi"]))).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&bare(&["completions", shell]));
        assert!(script.contains("watchpost") && script.contains("camera"), "{shell}");
    }
    let page = text(&bare(&["man"]));
    assert!(page.contains(".TH watchpost 1") && page.contains("camera"), "{page:.200}");
    let help = text(&bare(&["--help"]));
    for command in
        ["serve", "demo", "camera", "token", "key", "group", "status", "check", "export", "import"]
    {
        assert!(help.contains(&format!("\n  {command}")), "{help}");
    }
    let version = text(&bare(&["--version"]));
    assert_eq!(version.trim(), concat!("watchpost ", env!("CARGO_PKG_VERSION")));
}

/// What a newcomer sees first.
#[test]
fn the_demonstration_answers_with_what_it_prints() {
    let child = Command::new(BINARY)
        .args(["demo", "--listen", "127.0.0.1:0"])
        .env("WATCHPOST_LOG_LEVEL", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Process(child);
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut printed = Vec::new();
    for line in lines {
        let last = line.starts_with("listening on ");
        printed.push(line);
        if last {
            break;
        }
    }
    let word = |label: &str| {
        let line = printed.iter().find(|line| line.trim_start().starts_with(label));
        let line = line.unwrap_or_else(|| panic!("{label} is not in {printed:?}"));
        line.split_whitespace().last().unwrap().to_owned()
    };
    let client = Client::new(&word("listening on"), &format!("LKey {}", word("license key")));
    let page = client.get(&format!("{EVENTS}?order_by=-time&limit=5&include_meta=true")).ok(200);
    assert!(page["meta"]["total_count"].as_u64().unwrap() >= 1_000, "{page}");
    assert_eq!(page["objects"].as_array().unwrap().len(), 5);
    assert_eq!(client.get("/api/v2/cameras/").ok(200)["meta"]["total_count"], 4);
    let log_in = json!({"name": "admin", "password": word("log-in")});
    let page = Client::new(&word("listening on"), "");
    page.post("/api/admin/v1/session/", &log_in).ok(200);
    // The command line that it prints works as it stands.
    let at = printed.iter().position(|line| line.trim_start().starts_with("curl")).unwrap();
    let line = printed[at..at + 2].join("\n");
    let output = Command::new("sh").args(["-c", &format!("{line} -sS")]).output().unwrap();
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(page["objects"].as_array().unwrap().len(), 3);
    Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

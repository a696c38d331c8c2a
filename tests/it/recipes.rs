//! Cameras that are asked over HTTP: their passwords, recipes, and what becomes of a trigger.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::{BINARY, Client, Server};
use crate::device::PASSWORD;
use crate::site::camera;

const CAMERAS: &str = "/api/admin/v1/cameras/";

/// Fails if a file below `dir` holds `secret`.
#[track_caller]
fn is_nowhere(dir: &Path, secret: &str) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            is_nowhere(&path, secret);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} holds the password", path.display());
        }
    }
}

#[track_caller]
fn device(key: &Client, camera: u64) -> Value {
    key.get(&format!("{CAMERAS}{camera}/")).ok(200)["device"].clone()
}

/// Runs a command with `input` on standard input.
fn cli_with(server: &Server, arguments: &[&str], input: &str) -> Value {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .args(["--json", "--data-dir"])
        .arg(server.dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
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
    let by_stdin = cli_with(&server, &[&device_of[..], &["--password-stdin"]].concat(), PASSWORD);
    assert_eq!((&by_stdin["has_password"], &by_stdin["port"]), (&json!(true), &json!(81)));
    let gone = cli_with(&server, &[&device_of[..], &["--password-stdin"]].concat(), "\n");
    assert_eq!(gone["has_password"], false);
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

//! `watchpost status`: how the server is, on one screen and as one object; and how far a backup is.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::common::{BINARY, PATIENCE, Process, Server, cli};
use crate::site::{EVENTS, camera, event, site, unlike};

/// What it prints for people; with its exit status.
fn screen(dir: &Path) -> (String, i32) {
    let mut command = Command::new(BINARY);
    command.arg("status").arg("--data-dir").arg(dir).env_remove("WATCHPOST_DATA_DIR");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() <= 24, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    (text, output.status.code().unwrap())
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// What `--json` prints; the exit status is as the object says.
fn status(dir: &Path) -> Value {
    let output = cli(dir, &["status"]);
    let report = object(&output);
    let is_well = report["problems"].as_array().unwrap().is_empty();
    assert_eq!(output.status.code(), Some(i32::from(!is_well)), "{report:#}");
    report
}

fn codes(report: &Value) -> Vec<&str> {
    let problems = report["problems"].as_array().unwrap();
    problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect()
}

/// The status once there is a problem of this code.
fn wait_for(dir: &Path, code: &str) -> Value {
    let ends = Instant::now() + PATIENCE;
    loop {
        let report = status(dir);
        if codes(&report).contains(&code) {
            return report;
        }
        assert!(Instant::now() < ends, "{code} does not come: {report:#}");
    }
}

/// Every member, of a server that does well.
fn shape() -> Value {
    json!({
        "running": true, "version": "t", "build": "t", "started_at": "t", "uptime_s": 0,
        "listening": ["t"], "data_dir": "t",
        "events": {
            "count": 0, "oldest": "t", "newest": "t", "since_start": {
                "stored": 0, "refused": 0, "refused_by_reason": {},
                "recent_stored": 0, "recent_s": 0.0, "recent_per_s": 0.0,
            },
        },
        "journal": {"queued": 0, "unapplied": 0, "commits": 0, "commit_mean_s": 0.0},
        "connections": {"open": 0, "streams": 0, "agents": 0, "sessions": 0},
        "cameras": {
            "total": 0, "online": 0, "quiet": 0, "offline": 0, "rejecting": 0, "clock": 0,
            "disabled": 0,
        },
        "storage": {
            "database_bytes": 0, "journal_bytes": 0, "pictures_bytes": 0, "other_bytes": 0,
            "disk_bytes": 0, "disk_free_bytes": 0, "room_bytes": 0, "reserve_bytes": 0,
        },
        "retention": {
            "days": 0, "max_bytes": 0, "room_percent": 0, "rules": 0, "state": "t",
            "deleted_since_start": 0,
        },
        "backup": {"last": null, "next": null, "overdue": false, "failure": null, "running": null},
        "tls": {"mode": "t", "not_after": null},
        "problems": [],
    })
}

#[test]
fn it_tells_what_is_stored_and_what_came_since_the_start() {
    let (server, gate, client) = site();
    let new = json!({"camid": gate.id, "name": "motion", "age_ms": 0});
    let stored: Vec<Value> = (0..3).map(|_| client.post(EVENTS, &new).ok(201)).collect();
    let report = status(server.dir());
    if let Some(difference) = unlike("status", &shape(), &report) {
        panic!("{difference}: {report:#}");
    }
    assert_eq!(codes(&report), [""; 0]);
    assert_eq!(report["listening"], json!([server.base]));
    assert_eq!(report["data_dir"], json!(server.dir()));
    let events = &report["events"];
    assert_eq!(events["count"], 3);
    let same = |text: &Value, event: &Value| {
        let seconds = |text: &Value| text.as_str().unwrap()[..19].to_owned();
        assert_eq!(seconds(text), seconds(&event["time"]), "{events} {event}");
    };
    same(&events["oldest"], &stored[0]);
    same(&events["newest"], &stored[2]);
    let since = &events["since_start"];
    assert_eq!((&since["stored"], &since["recent_stored"]), (&json!(3), &json!(3)), "{since}");
    assert!(since["recent_per_s"].as_f64().unwrap() > 0.0, "{since}");
    assert_eq!(
        report["cameras"],
        json!({
            "total": 1, "online": 1, "quiet": 0, "offline": 0, "rejecting": 0, "clock": 0, "disabled": 0,
        })
    );
    assert!(report["journal"]["commits"].as_u64().unwrap() > 0);
    let storage = &report["storage"];
    let free = storage["disk_free_bytes"].as_u64().unwrap();
    assert!(free > 0 && free < storage["disk_bytes"].as_u64().unwrap(), "{storage}");
    assert_eq!(report["tls"], json!({"mode": "off", "not_after": null}));

    let (text, code) = screen(server.dir());
    assert_eq!(code, 0, "{text}");
    for part in [", running for ", &server.base, "3 stored, from ", "online", "no problems"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The exit status of each is that of a problem: [`status`] looks.
#[test]
fn what_somebody_should_see_to_is_a_problem() {
    let (server, gate, client) = site();
    let quiet = camera(&server, &["--name", "Cellar"]);
    event(&server.client(&quiet.all), quiet.id, "motion", "2026-03-01T10:00:00", &json!({}));
    let report = status(server.dir());
    assert_eq!(codes(&report), ["cameras_quiet"], "one that never sent is just new");
    let text = report["problems"][0]["text"].as_str().unwrap();
    assert!(text.contains("1 camera") && text.contains("Cellar"), "{text}");
    assert_eq!(
        (&report["cameras"]["quiet"], &report["cameras"]["offline"]),
        (&json!(1), &json!(1))
    );

    let unknown = json!({"camid": gate.id, "name": "x".repeat(1_000), "age_ms": 0});
    assert!(client.post(EVENTS, &unknown).status >= 400);
    let report = status(server.dir());
    let since = &report["events"]["since_start"];
    assert_eq!(since["refused"], 1, "{since}");
    let by_reason = since["refused_by_reason"].as_object().unwrap();
    assert_eq!(by_reason.values().collect::<Vec<_>>(), [&json!(1)], "{since}");
    let (text, code) = screen(server.dir());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("1 since the start: ") && text.contains("\n  cameras_quiet "), "{text}");
}

#[test]
fn a_backup_that_fails_and_too_little_room_are_problems() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let folder = file.join("backups");
    let (data, folder) = (scratch.path().join("data"), folder.to_str().unwrap());
    std::fs::create_dir(&data).unwrap();
    let variables = [("WATCHPOST_BACKUP_EVERY", "1"), ("WATCHPOST_BACKUP_DIR", folder)];
    let server = Server::start_in(&data, &[], &variables);
    let report = wait_for(&data, "backup_overdue");
    assert_eq!(codes(&report), ["backup_overdue"]);
    assert_eq!(report["problems"][0]["level"], "warn");
    assert!(report["problems"][0]["since"].is_string() && report["backup"]["next"].is_string());
    assert_eq!(report["backup"]["overdue"], true);
    assert!(report["backup"]["failure"].as_str().unwrap().contains(folder), "{report:#}");
    drop(server);

    let server = Server::start_in(&data, &["--min-free-mib", "900000000"], &[]);
    let report = status(&data);
    assert_eq!(codes(&report), ["storage_full"]);
    assert_eq!(report["problems"][0]["level"], "danger");
    drop(server);
}

#[test]
fn a_stopped_server_is_a_problem_and_its_data_are_told() {
    let (mut server, gate, client) = site();
    event(&client, gate.id, "motion", "2026-03-01T10:00:00", &json!({}));
    event(&client, gate.id, "motion", "2026-03-01T11:00:00", &json!({}));
    let file = server.dir().join("backups").join("by-hand.backup");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    let made = server.cli_json(&["backup", file.to_str().unwrap()]);
    assert_eq!(status(server.dir())["backup"]["last"], made["created"]);
    assert_eq!(server.terminate(), 0);
    let report = status(server.dir());
    assert_eq!(codes(&report), ["not_running"], "nothing else is wrong with what is stopped");
    assert_eq!(report["running"], false);
    for unknown in ["started_at", "uptime_s", "listening", "journal", "connections", "tls"] {
        assert_eq!(report[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(
        report["events"],
        json!({
            "count": 2, "oldest": "2026-03-01T10:00:00Z", "newest": "2026-03-01T11:00:00Z",
            "since_start": null,
        })
    );
    assert_eq!(report["backup"]["last"], made["created"]);
    assert_eq!(
        (&report["cameras"]["total"], &report["cameras"]["quiet"]),
        (&json!(1), &Value::Null)
    );
    let (text, code) = screen(server.dir());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("NOT RUNNING") && text.contains("2 stored, from 2026-03-01T10"),
        "{text}"
    );
}

/// Every question to the file system is held up by strace, for longer than the test takes. Where it is
/// missing, the test says so.
#[test]
fn a_disk_that_hangs_does_not_hold_the_answer_up() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        writeln!(std::io::stderr(), "!!! strace is not here: a hanging disk was NOT tried")
            .unwrap();
        return;
    }
    let server = Server::start();
    assert_eq!(codes(&status(server.dir())), [""; 0]);
    let pid = server.pid().to_string();
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-f", "-o", "/dev/null", "-e", "trace=statx,statfs,fstatfs"]);
    strace.args(["-e", "inject=statx,statfs,fstatfs:delay_enter=120000000", "-p", &pid]);
    let strace = Process(strace.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let ends = Instant::now() + PATIENCE;
    let is_traced = |line: &str| line.starts_with("TracerPid:") && !line.ends_with("\t0");
    while !std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap().lines().any(is_traced) {
        assert!(Instant::now() < ends, "strace does not hold the server");
        std::thread::yield_now();
    }
    let report = status(server.dir());
    assert_eq!(codes(&report)[0], "data_unreachable", "{report:#}");
    assert_eq!((&report["running"], &report["storage"]), (&json!(true), &Value::Null));
    assert!(report["uptime_s"].is_u64() && report["listening"].is_array(), "{report:#}");
    drop(strace); // first: what it holds up cannot be killed
}

/// What a terminal's bar is made of; without a terminal nothing of it is shown.
#[test]
fn a_server_tells_how_far_a_backup_is() {
    let (server, gate, client) = site();
    event(&client, gate.id, "motion", "2026-03-01T10:00:00", &json!({}));
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("a.backup");
    let request = json!({"backup": {"file": file, "with_pictures": true, "passphrase": null}});
    let mut connection = UnixStream::connect(server.dir().join("control.sock")).unwrap();
    writeln!(connection, "{request}").unwrap();
    let lines = BufReader::new(connection).lines();
    let frames: Vec<Value> =
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let (end, told) = frames.split_last().unwrap();
    assert_eq!(end["done"]["events"], 1, "{end}");
    assert!(!told.is_empty(), "{end}");
    let mut before = 0;
    for frame in told {
        let (done, total) = (&frame["progress"]["done"], &frame["progress"]["total"]);
        let done = done.as_u64().unwrap();
        assert!(done >= before && total.as_u64().unwrap() > 0, "{told:?}");
        before = done;
    }
    let other = scratch.path().join("b.backup");
    let output = server.cli(&["backup", other.to_str().unwrap()]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

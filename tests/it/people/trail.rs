//! The audit trail: what it tells, that it shows tampering, and that no secret gets out.

use std::path::Path;
use std::process::Stdio;

use redb::{Database, ReadableTable, TableDefinition};
use serde_json::{Value, json};

use super::{ADMIN, PASSWORD, Person, staffed};
use crate::common::{cli, serve};
use crate::site::{EVENTS, camera, event, types};

const AUDIT: &str = "/api/admin/v1/audit/";

fn actions(page: &Value) -> Vec<&str> {
    page["objects"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect()
}

#[test]
fn everything_that_matters_is_told() {
    let mut server = staffed();
    let gate = camera(&server, &["--name", "Gate"]);
    let mut boss = Person::logged_in(&server, "admin");
    boss.log_in("viewer", "not-the-password");
    boss.log_in("admin", PASSWORD).ok(200);
    let own = server.client(&gate.all);
    let stored = event(&own, gate.id, "motion", "2026-03-01T10:00:00", &json!({}));
    boss.send("PUT", &format!("/api/v2/cameras/{}/", gate.id), Some(&json!({"rec_mode": "on"})));
    boss.send("POST", &types(gate.id), Some(&json!({"name": "bell"}))).ok(201);
    boss.get(&format!("{EVENTS}export/?camid={}", gate.id));
    assert_eq!(boss.send("DELETE", &format!("{EVENTS}{stored}/"), None).status, 204);
    let key = boss.send("POST", &format!("{ADMIN}/keys/"), Some(&json!({"name": "Archive"})));
    let id = key.ok(201)["key_id"].as_u64().unwrap();
    assert_eq!(boss.send("DELETE", &format!("{ADMIN}/keys/{id}/"), None).status, 204);
    let group = json!({"name": "Yard", "channels": [gate.id]});
    let group = boss.send("POST", "/api/v3/channel_groups/", Some(&group)).ok(201);
    boss.send("DELETE", &format!("/api/v3/channel_groups/{}/", group["id"]), None);
    boss.send("DELETE", &format!("/api/v2/cameras/{}/", gate.id), None);

    let page = boss.get(AUDIT).ok(200);
    let told = [
        "camera.remove",
        "group.remove",
        "group.create",
        "key.revoke",
        "key.create",
        "events.delete",
        "events.export",
        "type.create",
        "camera.change",
        "session.create",
        "session.failed",
        "session.create",
        "camera.create",
        "user.create",
        "user.create",
        "user.create",
        "server.start",
    ];
    assert_eq!(actions(&page), told);
    assert_eq!(page["meta"]["total_count"], told.len());
    assert_eq!(page["meta"]["chain"], json!({"entries": told.len(), "whole": true}));
    let first = &page["objects"][0];
    assert_eq!((&first["who"], &first["from"]), (&json!("admin"), &json!("127.0.0.1")));
    assert_eq!(first["object"], format!("camera {}", gate.id));
    assert_eq!((&first["result"], &first["detail"]), (&json!("ok"), &json!("Gate")));
    let failed = &page["objects"][10];
    assert_eq!((&failed["who"], &failed["result"]), (&json!("viewer"), &json!("failed")));
    assert_eq!(page["objects"][12]["who"], "command line");

    // Filters and pages.
    let mut count = |query: &str| {
        boss.get(&format!("{AUDIT}?{query}")).ok(200)["meta"]["total_count"].as_u64().unwrap()
    };
    assert_eq!(count("action=user.create"), 3);
    assert_eq!(count("who=viewer"), 1);
    assert_eq!(count("q=ARCHIVE"), 2);
    assert_eq!(count("to=2020-01-01T00:00:00Z"), 0);
    assert_eq!(count("from=2020-01-01T00:00:00Z"), told.len() as u64);
    let mut seen = Vec::new();
    let mut before = String::new();
    loop {
        let page = boss.get(&format!("{AUDIT}?limit=5{before}")).ok(200);
        let objects = page["objects"].as_array().unwrap();
        let Some(last) = objects.last() else { break };
        before = format!("&before={}", last["id"]);
        seen.extend(objects.iter().map(|entry| entry["id"].as_u64().unwrap()));
    }
    assert_eq!(seen, (1..=told.len() as u64).rev().collect::<Vec<_>>());
    assert_eq!(boss.get(&format!("{AUDIT}?from=yesterday")).error(), "bad_parameter");
    let table = boss.get(&format!("{AUDIT}export/?action=user.create"));
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"audit.csv\""));
    let lines: Vec<&str> = table.text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (4, "id,time,who,from,action,object,result,detail"));
    assert!(lines[3].contains(",command line,,user.create,user admin,ok,admin"), "{}", lines[3]);
    assert_eq!(boss.send("DELETE", AUDIT, None).status, 405);

    // A kill shows, a proper stop does not; at rest nothing is written.
    server.kill();
    server.restart();
    let mut boss = Person::logged_in(&server, "admin");
    let page = boss.get(&format!("{AUDIT}?limit=3")).ok(200);
    assert_eq!(actions(&page), ["session.create", "server.start", "server.unclean"]);
    assert_eq!(server.terminate(), 0);
    server.restart();
    let mut boss = Person::logged_in(&server, "admin");
    let page = boss.get(&format!("{AUDIT}?limit=3")).ok(200);
    assert_eq!(actions(&page), ["session.create", "server.start", "session.create"]);
    let checked = server.cli_json(&["check"]);
    assert_eq!(checked["problem_count"], 0);
    assert_eq!(checked["audit_entries"], page["meta"]["chain"]["entries"]);
}

#[test]
fn who_is_shown_tokens_is_told() {
    let server = staffed();
    let gate = camera(&server, &["--name", "Gate"]);
    let mut boss = Person::logged_in(&server, "admin");
    let mut shown = || {
        let page = boss.get(&format!("{AUDIT}?action=token.show")).ok(200);
        page["meta"]["total_count"].as_u64().unwrap()
    };
    let channel = format!("/api/v3/channels/{}/", gate.id);
    for path in ["/api/v3/channels/", "/api/v5/channels/", &channel] {
        server.client(&gate.watch).get(path).ok(200);
        server.client(&gate.all).get(path).ok(200);
        Person::logged_in(&server, "viewer").get(path).ok(200);
    }
    assert_eq!(shown(), 0);
    let key = server.client(&server.key());
    for _ in 0..3 {
        key.get("/api/v3/channels/").ok(200);
        key.get(&channel).ok(200);
    }
    assert_eq!(shown(), 2, "each list once a day");
    let mut other = Person::logged_in(&server, "admin");
    other.get("/api/v3/channels/").ok(200);
    assert_eq!(shown(), 3);
}

#[test]
fn tampering_is_found_by_check() {
    let mut server = staffed();
    assert_eq!(server.terminate(), 0);
    let checked = server.cli(&["check"]);
    assert!(checked.status.success(), "{checked:?}");
    forge(server.dir());
    let checked = cli(server.dir(), &["check"]);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let found: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(found["problems"], json!(["audit entry 4 does not follow the one before"]));
    server.restart();
    let mut boss = Person::logged_in(&server, "admin");
    assert_eq!(boss.get(AUDIT).ok(200)["meta"]["chain"]["whole"], false);
}

/// Changes an entry as somebody would who knows the format: its checksum is right again.
fn forge(dir: &Path) {
    const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
    let id = 3_u64; // the operator's making
    let db = Database::open(dir.join("watchpost.redb")).unwrap();
    let tx = db.begin_write().unwrap();
    {
        let mut table = tx.open_table(AUDIT).unwrap();
        let mut row = table.get(id).unwrap().unwrap().value().to_vec();
        let at = row.windows(8).position(|part| part == b"operator").unwrap();
        row[at] = b'0';
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&id.to_le_bytes()), &row[4..]);
        row[..4].copy_from_slice(&checksum.to_le_bytes());
        table.insert(id, row.as_slice()).unwrap();
    }
    tx.commit().unwrap();
}

#[test]
fn no_secret_gets_into_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut child = serve(dir.path())
        .args(["--log-level", "trace"])
        .stdout(Stdio::piped())
        .stderr(log.reopen().unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let code = std::fs::read_to_string(dir.path().join("setup-code")).unwrap();
    let client = crate::common::Client::new(&base, "");
    let body = json!({"code": code.trim(), "name": "boss", "password": PASSWORD});
    let begun = client.post(&format!("{ADMIN}/setup/"), &body);
    begun.ok(200);
    let cookie = begun.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let headers = [("Cookie", cookie.as_str()), ("Origin", base.as_str())];
    let wrong = json!({"name": PASSWORD, "password": "another-secret-9"}).to_string();
    client.send("POST", &format!("{ADMIN}/session/"), &[], Some(wrong.as_bytes()));
    let change = json!({"current": PASSWORD, "new": "lantern-7-rhubarb"}).to_string();
    let path = format!("{ADMIN}/session/password/");
    let changed = client.send("PUT", &path, &headers, Some(change.as_bytes()));
    assert_eq!(changed.status, 204, "{}", changed.text);
    let next = changed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let headers = [("Cookie", next.as_str()), ("Origin", base.as_str())];
    let key = client.send("POST", &format!("{ADMIN}/keys/"), &headers, Some(br#"{"name":"k"}"#));
    let key = key.ok(201)["license_key"].as_str().unwrap().to_owned();
    let audit = client.send("GET", AUDIT, &headers, None);
    child.kill().unwrap();
    child.wait().unwrap();
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains(code.trim()), "the set-up code is for the log");
    let secrets = [PASSWORD, "lantern-7-rhubarb", "another-secret-9", &key];
    let cookies = [&cookie, &next].map(|pair| pair.strip_prefix("wp_session=").unwrap());
    for secret in secrets.into_iter().chain(cookies) {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!audit.text.contains(secret), "{secret} is in the audit trail");
    }
}

//! Backups under load, restores that are refused or killed, the schedule, and the way over HTTP.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{BINARY, Client, Process, Server, cli, cli_json, printed, until};
use crate::fault::cannot;
use crate::raw::note;

const EVENTS: &str = "/api/v2/storage/events/";
const BULK: &str = "/api/v2/storage/events/bulk/";
const BACKUPS: &str = "/api/admin/v1/backups/";
/// Backups under load.
const ROUNDS: u32 = 20;
/// Events a second meanwhile.
const RATE: u32 = 500;
/// From so many senders.
const SENDERS: u32 = 10;
/// Restores that are killed.
const KILLS: u32 = 20;

/// Ids and tags of all events of a data directory that no server uses.
fn stored(dir: &Path) -> BTreeMap<u64, String> {
    let output = cli(dir, &["export"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["id"].as_u64().unwrap(), row["meta"]["n"].as_str().unwrap_or_default().to_owned())
    };
    text.lines().map(row).collect()
}

/// Fills a server with `count` events.
fn fill(client: &Client, count: usize) {
    let one =
        |n: usize| json!({"camid": 1, "name": "motion", "age_ms": 0, "meta": {"n": n.to_string()}});
    for chunk in (0..count).collect::<Vec<_>>().chunks(1_000) {
        let body = Value::Array(chunk.iter().map(|n| one(*n)).collect());
        assert_eq!(client.post(BULK, &body).ok(200)["failed"], 0);
    }
}

/// Run as root, commands become the owner of the data directory; what root keeps for itself is read before.
#[test]
fn a_passphrase_that_only_root_can_read_seals_the_owners_backup() {
    const OWNER: u32 = 65_534;
    let scratch = tempfile::tempdir().unwrap();
    if std::fs::metadata(scratch.path()).unwrap().uid() != 0 {
        note("not run as root: that root's passphrase file is read was NOT tried");
        return;
    }
    std::fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let (data, passphrase) = (scratch.path().join("data"), scratch.path().join("passphrase"));
    std::fs::create_dir(&data).unwrap();
    chown(&data, Some(OWNER), Some(OWNER)).unwrap();
    std::fs::write(&passphrase, "rhubarb lantern 77\n").unwrap();
    std::fs::set_permissions(&passphrase, PermissionsExt::from_mode(0o600)).unwrap();
    let file = data.join("a.backup");
    let sealed = ["--passphrase-file", passphrase.to_str().unwrap()];
    let made = cli(&data, &[&["backup", file.to_str().unwrap()], &sealed[..]].concat());
    assert_eq!(printed(&made)["with_key"], true);
    assert_eq!(std::fs::metadata(&file).unwrap().uid(), OWNER);
    let restored = cli(&data, &[&["restore", file.to_str().unwrap()], &sealed[..]].concat());
    assert_eq!(printed(&restored)["key"], "restored");
}

#[test]
fn a_backup_under_load_is_an_exact_prefix_of_what_was_acknowledged() {
    let server = Server::start();
    server.wait_ready();
    server.camera("Gate");
    let key = server.key();
    let client = server.client(&key);
    fill(&client, 5_000);
    // What each id was acknowledged with, and the newest id that all below are acknowledged to.
    let sent: Arc<Mutex<BTreeMap<u64, String>>> = Arc::default();
    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (client, sent) = (server.client(&key), Arc::clone(&sent));
            let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
            std::thread::spawn(move || {
                let begun = Instant::now();
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let due = begun + Duration::from_secs(1) / (RATE / SENDERS) * number;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let text = format!("live {sender} {number}");
                    let body =
                        json!({"camid": 1, "name": "motion", "age_ms": 0, "meta": {"n": text}});
                    let id = client.post(EVENTS, &body).ok(201)["id"].as_u64().unwrap();
                    sent.lock().unwrap().insert(id, text);
                    acknowledged.fetch_max(id, Ordering::AcqRel);
                    number += 1;
                }
                (number, begun.elapsed())
            })
        })
        .collect();
    let scratch = tempfile::tempdir().unwrap();
    let mut backups = Vec::new();
    for round in 0..ROUNDS {
        let file = scratch.path().join(format!("{round}.backup"));
        let before = acknowledged.load(Ordering::Acquire);
        let done = server.cli_json(&["backup", file.to_str().unwrap()]);
        let after = acknowledged.load(Ordering::Acquire);
        backups.push((file, before, done, after));
    }
    stop.store(true, Ordering::Relaxed);
    let ended: Vec<(u32, Duration)> = senders.into_iter().map(|s| s.join().unwrap()).collect();
    let count: u32 = ended.iter().map(|(count, _)| count).sum();
    note(&format!("{ROUNDS} backups while {count} events were sent in {:?}", ended[0].1));
    let sent = sent.lock().unwrap();
    for (round, (file, before, done, after)) in backups.iter().enumerate() {
        let dir = scratch.path().join(format!("restored-{round}"));
        std::fs::create_dir(&dir).unwrap();
        let restored = cli_json(&dir, &["restore", file.to_str().unwrap()]);
        assert_eq!(restored["backup"]["events"], done["events"]);
        let found = stored(&dir);
        let last = found.keys().next_back().copied().unwrap();
        assert!(found.keys().copied().eq(1..=last), "round {round}: ids have a gap");
        assert!(last >= *before, "round {round}: {last} lacks what was acknowledged, {before}");
        let on_the_way = u64::from(SENDERS);
        assert!(last <= after + on_the_way, "round {round}: {last} was not sent then, {after}");
        for (id, text) in found.iter().filter(|(id, _)| **id > 5_000) {
            assert_eq!(sent.get(id), Some(text), "round {round}: event {id}");
        }
        let checked = cli_json(&dir, &["check"]);
        assert_eq!((&checked["problem_count"], &checked["events"]), (&json!(0), &json!(last)));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn a_restore_killed_at_any_moment_leaves_the_old_or_the_new() {
    let mut server = Server::start();
    server.wait_ready();
    server.camera("Gate");
    let key = server.key();
    fill(&server.client(&key), 3_000);
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("a.backup");
    let file = file.to_str().unwrap();
    server.cli_json(&["backup", file]);
    fill(&server.client(&key), 1_000);
    assert_eq!(server.terminate(), 0);
    let copy = |to: &Path| {
        // The journal's free segments are zeros: holes will do.
        let arguments = ["-a", "--sparse=always"];
        let status = Command::new("cp").args(arguments).args([server.dir(), to]).status().unwrap();
        assert!(status.success());
    };
    let spawn = |dir: &Path| {
        let mut command = Command::new(BINARY);
        command.args(["restore", file, "--data-dir"]).arg(dir).env_remove("WATCHPOST_DATA_DIR");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Process(command.spawn().unwrap())
    };
    let check = |dir: &Path, round: u32| {
        let checked = cli_json(dir, &["check"]);
        assert_eq!(checked["problem_count"], 0, "round {round}: {checked}");
        checked["events"].as_u64().unwrap()
    };
    // How long one takes that is left alone.
    let whole = {
        let dir = scratch.path().join("whole");
        copy(&dir);
        let begun = Instant::now();
        assert!(spawn(&dir).0.wait().unwrap().success());
        let elapsed = begun.elapsed();
        assert_eq!(check(&dir, 0), 3_000);
        elapsed
    };
    // Every other kill comes when the one becomes the other. The rest come later than one that left the old
    // data and sooner than one that left the new: so they gather there as well.
    let (mut old, mut new, mut too_late) = (0, 0, 0);
    let mut random = fastrand::Rng::with_seed(11);
    let mut moment = whole.mul_f64(0.7);
    for round in 1..=KILLS {
        let dir = scratch.path().join(format!("{round}"));
        copy(&dir);
        let mut restoring = spawn(&dir);
        if round % 2 == 0 {
            let marker = dir.join("restoring"); // there while the data change places
            while !marker.exists() && restoring.0.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(100));
            }
            std::thread::sleep(Duration::from_micros(random.u64(0..3_000)));
        } else {
            std::thread::sleep(moment);
        }
        let _ = restoring.0.kill();
        let is_killed = restoring.0.wait().unwrap().signal().is_some();
        let (count, later) = match (check(&dir, round), is_killed) {
            (4_000, true) => (&mut old, 1.05 + 0.1 * random.f64()),
            (3_000, true) => (&mut new, 0.98 - 0.04 * random.f64()),
            (3_000, false) => (&mut too_late, 0.7 - 0.2 * random.f64()),
            other => panic!("round {round}: {other:?} events and whether it was killed"),
        };
        *count += 1;
        if round % 2 == 1 {
            moment = moment.mul_f64(later);
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
    note(&format!(
        "{KILLS} restores killed, each takes {whole:?}: old {old} times, new {new} times, over before the \
         kill {too_late} times"
    ));
    for (count, side) in [(old, "before the data change places"), (new, "after that")] {
        if count == 0 {
            cannot(&format!("a restore that is killed {side}: no kill of {KILLS} hit that"));
        }
    }
}

#[test]
fn a_damaged_backup_is_refused_and_the_data_stays() {
    let mut server = Server::start();
    server.wait_ready();
    server.camera("Gate");
    let key = server.key();
    fill(&server.client(&key), 50);
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("a.backup");
    server.cli_json(&["backup", file.to_str().unwrap()]);
    let running = server.cli(&["restore", file.to_str().unwrap()]);
    assert_eq!(running.status.code(), Some(5), "not under a server: {running:?}");
    assert_eq!(server.terminate(), 0);
    let good = std::fs::read(&file).unwrap();
    let bad_file = scratch.path().join("bad.backup");
    for at in [0, 8, 300, good.len() / 2, good.len() - 400, good.len() - 45, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&bad_file, bad).unwrap();
        let refused = server.cli(&["restore", bad_file.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(4), "byte {at}: {refused:?}");
    }
    let missing = server.cli(&["restore", "/nowhere/a.backup"]);
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert_eq!(stored(server.dir()).len(), 50);
    server.restart();
    assert_eq!(
        server.client(&key).get(&format!("{EVENTS}?limit=1")).ok(200)["meta"]["total_count"],
        50
    );
}

#[test]
fn a_restored_server_knows_its_tokens_pictures_and_people() {
    let mut server = Server::start();
    server.wait_ready();
    let camera = server.camera("Gate");
    let acc = format!("Acc {}", camera["access_tokens"]["all"].as_str().unwrap());
    let key = server.key();
    let client = server.client(&key);
    fill(&client, 3);
    let picture = crate::pictures::jpeg();
    let sent = ureq::put(format!("{}{EVENTS}2/thumb/", server.base))
        .header("Authorization", &key)
        .header("Content-Type", "image/jpeg")
        .send(&picture[..])
        .unwrap();
    assert!(sent.status().is_success());
    let sent = ureq::put(format!("{}{EVENTS}3/filemeta/", server.base))
        .header("Authorization", &key)
        .header("Content-Type", "application/json")
        .send(r#"{"plate": "B-WP 1"}"#)
        .unwrap();
    assert!(sent.status().is_success());
    let revoked = server.cli_json(&["key", "create", "--name", "gone"]);
    let scratch = tempfile::tempdir().unwrap();
    let secret = scratch.path().join("passphrase");
    std::fs::write(&secret, "rhubarb lantern 77\n").unwrap();
    let file = scratch.path().join("a.backup");
    let (file, secret) = (file.to_str().unwrap(), secret.to_str().unwrap());
    let done = server.cli_json(&["backup", file, "--passphrase-file", secret]);
    assert_eq!((&done["events"], &done["pictures"]), (&json!(3), &json!(1)));
    assert_eq!(done["filemeta"], 1);
    assert_eq!(done["with_key"], true);
    server.cli_json(&["key", "revoke", &revoked["key_id"].to_string()]);
    fill(&client, 2);
    assert_eq!(server.terminate(), 0);

    // Over the former data: what was revoked stays so.
    let restored = server.cli_json(&["restore", file]);
    assert_eq!((&restored["key"], &restored["revocations_kept"]), (&json!("same"), &json!(1)));
    assert_eq!(restored["next_after"], 5);
    server.restart();
    let gone = format!("LKey {}", revoked["license_key"].as_str().unwrap());
    assert_eq!(server.client(&gone).get(EVENTS).status, 401);
    assert_eq!(server.client(&acc).get(EVENTS).ok(200)["meta"]["total_count"], 3);
    let event = server.client(&key).get(&format!("{EVENTS}2/?detail=detail")).ok(200);
    assert!(event["thumb"].to_string().contains("http"), "{event}");
    let next = json!({"camid": 1, "name": "motion", "age_ms": 0});
    assert_eq!(server.client(&key).post(EVENTS, &next).ok(201)["id"], 6);
    let checked = server.cli_json(&["check"]);
    assert_eq!((&checked["problem_count"], &checked["pictures"]), (&json!(0), &json!(1)));
    assert_eq!(checked["filemeta"], 1);
    assert_eq!(server.terminate(), 0);

    // On another machine, with the passphrase: all tokens hold.
    let other = tempfile::tempdir().unwrap();
    let restored = cli_json(other.path(), &["restore", file, "--passphrase-file", secret]);
    assert_eq!(restored["key"], "restored");
    assert_eq!((&restored["filemeta"], &restored["filemeta_missing"]), (&json!(1), &json!(0)));
    assert!(restored["doubtful"].as_array().unwrap().len() >= 4, "{restored}");
    assert_eq!(stored(other.path()).len(), 3);
    // And without it, on a third: they must be issued again.
    let third = tempfile::tempdir().unwrap();
    assert_eq!(cli_json(third.path(), &["restore", file])["key"], "other");
}

#[test]
fn backups_over_http_are_for_admins_and_are_whole() {
    let server = Server::start();
    server.wait_ready();
    server.camera("Gate");
    let key = server.key();
    fill(&server.client(&key), 20);
    for (method, path) in [
        ("GET", BACKUPS.to_owned()),
        ("POST", BACKUPS.to_owned()),
        ("GET", format!("{BACKUPS}a.backup/")),
        ("DELETE", format!("{BACKUPS}a.backup/")),
    ] {
        assert_eq!(server.client(&key).send(method, &path, &[], None).error(), "access_deny");
        assert_eq!(server.client("").send(method, &path, &[], None).error(), "invalid_auth");
    }
    crate::people::user(&server, "admin", "admin");
    let mut admin = crate::people::Person::logged_in(&server, "admin");
    let empty = admin.get(BACKUPS).ok(200);
    assert_eq!((&empty["objects"], &empty["running"]), (&json!([]), &Value::Null));
    for bad in [json!({"passphrase": "short"}), json!({"picture": true})] {
        assert_eq!(admin.send("POST", BACKUPS, Some(&bad)).status, 400, "{bad}");
    }
    let started = admin.send("POST", BACKUPS, Some(&json!({})));
    let job = started.ok(202);
    let location = started.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/api/admin/v1/jobs/{}/", job["id"]));
    until("the job ends", || admin.get(&location).ok(200)["state"] != "running");
    let job = admin.get(&location).ok(200);
    assert_eq!((&job["state"], &job["done"]), (&json!("done"), &job["total"]), "{job}");
    let list = admin.get(BACKUPS).ok(200);
    let backup = &list["objects"][0];
    assert_eq!((&backup["events"], &backup["reason"]), (&json!(20), &json!("manual")));
    let name = backup["name"].as_str().unwrap();
    let file = server.dir().join("backups").join(name);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), backup["bytes"].as_u64().unwrap());
    // What is downloaded is the file.
    let mut answer = ureq::get(format!("{}{BACKUPS}{name}/", server.base))
        .header("Cookie", &admin.cookie)
        .call()
        .unwrap();
    let got = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
    assert_eq!(got, std::fs::read(&file).unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let downloaded = scratch.path().join("b.backup");
    std::fs::write(&downloaded, got).unwrap();
    let data = scratch.path().join("data");
    std::fs::create_dir(&data).unwrap();
    cli_json(&data, &["restore", downloaded.to_str().unwrap()]);
    assert_eq!(stored(&data).len(), 20);
    for bad in ["..%2Fsecret.key", "secret.key", "%2e%2e", "x.backup"] {
        let path = format!("{BACKUPS}{bad}/");
        assert_eq!(admin.get(&path).status, 404, "{bad}");
        assert_eq!(admin.send("DELETE", &path, None).status, 404, "{bad}");
    }
    assert_eq!(admin.send("DELETE", &format!("{BACKUPS}{name}/"), None).status, 204);
    assert!(!file.exists());
    let trail = admin.get("/api/admin/v1/audit/?q=backup.").ok(200).to_string();
    for act in ["backup.create", "backup.download", "backup.delete"] {
        assert!(trail.contains(act), "{act}: {trail}");
    }
}

#[test]
fn the_schedule_makes_keeps_and_forgets() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("elsewhere");
    let folder_text = folder.to_str().unwrap().to_owned();
    let arguments =
        ["--backup-every", "1", "--backup-keep", "2", "--backup-dir", folder_text.as_str()];
    let mut server = Server::start_with(&arguments);
    server.wait_ready();
    server.camera("Gate");
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| name.ends_with(".backup"));
        names.sort();
        names
    };
    until("the first is made", || names().len() == 1);
    let first = names().remove(0);
    assert!(first.ends_with("-scheduled.backup"), "{first}");
    let made = server.cli_json(&["token", "create", "--access", "metrics"]);
    let reader = format!("Bearer {}", made["token"].as_str().unwrap());
    let metrics = server.client(&reader).get("/metrics").text;
    assert!(metrics.contains("\nwatchpost_last_backup_timestamp_seconds "), "{metrics}");
    assert!(metrics.contains("\nwatchpost_backup_failures_total 0\n"));
    // One that is an hour old is not needed twice; a start looks at the folder.
    assert_eq!(server.terminate(), 0);
    server.restart_with(&arguments);
    let admin = server.admin();
    let system = || admin.get("/api/admin/v1/system/").ok(200).to_string();
    until("the folder was looked at", || system().contains("the last one is of"));
    assert_eq!(names(), [first]);
    assert_eq!(server.terminate(), 0);

    // A folder that cannot be written: told everywhere, and events go on.
    let file = scratch.path().join("file");
    std::fs::write(&file, "").unwrap();
    let bad = file.join("folder");
    server.restart_with(&["--backup-every", "1", "--backup-dir", bad.to_str().unwrap()]);
    let metrics = || server.client(&reader).get("/metrics").text;
    until("it fails", || metrics().contains("\nwatchpost_backup_failures_total 1\n"));
    let system = server.admin().get("/api/admin/v1/system/").ok(200).to_string();
    assert!(system.contains("the last backup failed"), "{system}");
    fill(&server.client(&server.key()), 3);
}

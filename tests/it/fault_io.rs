//! Writes and syncs that fail: told to the sender, mended without a restart, or the end of the process.

use std::time::Duration;

use serde_json::json;

use crate::common::{Server, until};
use crate::fault::Injected;
use crate::site::{EVENTS, camera, event, fill, total};

#[test]
fn a_failed_sync_of_the_journal_is_told_and_the_next_event_is_stored() {
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    fill(&client, gate.id, 10);
    let journal = server.dir().join("journal");
    let new = json!({"camid": gate.id, "name": "motion", "time": "2026-03-01T00:00:00"});
    let segments: Vec<_> =
        std::fs::read_dir(&journal).unwrap().map(|e| e.unwrap().path()).collect();
    let current = segments.iter().find(|p| p.to_str().unwrap().contains("seg-")).unwrap();
    let Some(fault) = Injected::into(server.pid(), Some(current), "fdatasync:error=EIO") else {
        return;
    };
    let failed = client.post(EVENTS, &new);
    assert_eq!(
        (failed.status, failed.error().as_str()),
        (503, "storage_failed"),
        "{}",
        failed.text
    );
    assert!(fault.count() > 0, "the fault was there");
    // The segment that failed is left; the next one is another file, where nothing fails.
    let mut stored = 10;
    until("events are stored again", || {
        let is_stored = client.post(EVENTS, &new).status == 201;
        stored += u64::from(is_stored);
        is_stored
    });
    drop(fault);
    assert_eq!(total(&client, ""), stored);
    server.kill();
    server.restart();
    let client = server.admin();
    assert_eq!(total(&client, ""), stored, "what was refused is not there");
    assert_eq!(server.terminate(), 0);
    assert!(server.cli(&["check"]).status.success());
}

#[test]
fn a_database_that_fails_is_read_meanwhile_and_opened_anew() {
    for inject in ["pwrite64:error=EIO", "fdatasync,fsync:error=EIO"] {
        let mut server = Server::start();
        let gate = camera(&server, &["--name", "Gate"]);
        let client = server.admin();
        fill(&client, gate.id, 3_000);
        let database = server.dir().join("watchpost.redb");
        let Some(fault) = Injected::into(server.pid(), Some(&database), inject) else { return };
        let refused = client.post("/api/v2/cameras/", &json!({"name": "Yard"}));
        assert_eq!((refused.status, refused.error().as_str()), (503, "storage_failed"), "{inject}");
        assert!(fault.count() > 0, "the fault was there");
        assert!(client.get("/readyz").text.contains("storage_failed"), "{inject}");
        assert_eq!(client.get("/healthz").status, 200);
        assert_eq!(total(&client, ""), 3_000, "{inject}: it can be read");
        let page = client.get(&format!("{EVENTS}?limit=100&include_meta=true")).ok(200);
        assert_eq!(page["objects"].as_array().unwrap().len(), 100);
        let new = json!({"camid": gate.id, "name": "motion", "time": "2026-03-01T00:00:00"});
        assert_eq!(client.post(EVENTS, &new).status, 503);
        drop(fault);
        server.wait_ready();
        event(&client, gate.id, "motion", "2026-03-01T00:00:00", &json!({}));
        client.post("/api/v2/cameras/", &json!({"name": "Yard"})).ok(201);
        assert_eq!(total(&client, ""), 3_001, "{inject}");
        server.kill();
        server.restart();
        assert_eq!(total(&server.admin(), ""), 3_001, "{inject}: after a crash");
        assert_eq!(server.cli_json(&["camera", "list"])["objects"].as_array().unwrap().len(), 2);
        assert_eq!(server.terminate(), 0);
        assert!(server.cli(&["check"]).status.success(), "{inject}");
    }
}

#[test]
fn no_answer_is_wrong_while_the_database_is_opened_anew_again_and_again() {
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    fill(&client, gate.id, 3_000);
    let database = server.dir().join("watchpost.redb");
    // Opening syncs once and succeeds; the commit that follows has written its pages and then fails.
    let every_other = "fdatasync,fsync:error=EIO:when=1+2";
    let Some(fault) = Injected::into(server.pid(), Some(&database), every_other) else { return };
    assert_eq!(client.post("/api/v2/cameras/", &json!({"name": "Yard"})).status, 503);
    let mut answers = 0;
    until("it has failed again twice", || {
        let page = client.get(&format!("{EVENTS}?limit=1000"));
        if page.status == 200 {
            answers += 1;
            assert_eq!(page.json()["meta"]["total_count"], 3_000, "all that was acknowledged");
        } else {
            assert_eq!((page.status, page.error().as_str()), (503, "storage_failed"));
        }
        fault.count() >= 3
    });
    assert!(answers > 0, "it is read meanwhile");
    assert_eq!(total(&client, ""), 3_000);
    drop(fault);
    server.wait_ready();
    event(&client, gate.id, "motion", "2026-03-01T00:00:00", &json!({}));
    assert_eq!(total(&client, ""), 3_001);
    assert_eq!(server.terminate(), 0);
    assert!(server.cli(&["check"]).status.success());
}

#[test]
fn a_database_that_fails_for_good_ends_the_process_and_loses_nothing() {
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.key();
    let client = server.client(&key);
    fill(&client, gate.id, 1_000);
    let database = server.dir().join("watchpost.redb");
    let Some(fault) = Injected::into(server.pid(), Some(&database), "pwrite64:error=EIO") else {
        return;
    };
    assert_eq!(client.post("/api/v2/cameras/", &json!({"name": "Yard"})).status, 503);
    assert_eq!(server.wait_end(Duration::from_secs(90)), 1, "after five tries in 31 seconds");
    assert!(fault.count() >= 5, "{}", fault.count());
    drop(fault);
    server.restart();
    assert_eq!(total(&server.client(&key), ""), 1_000);
    assert_eq!(server.terminate(), 0);
    assert!(server.cli(&["check"]).status.success());
}

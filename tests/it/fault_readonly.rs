//! A data directory that cannot be written, at the start or all of a sudden.

use serde_json::json;

use crate::common::{PATIENCE, Server, refused_start, until};
use crate::fault::{Mount, cannot};
use crate::site::{EVENTS, camera, fill, total};

#[test]
fn a_missing_or_read_only_data_directory_ends_the_start_with_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let (status, said) = refused_start(&dir.path().join("nowhere"));
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("does not exist") && said.trim().lines().count() == 1, "{said}");

    let Some(mount) = Mount::tmpfs() else { return };
    let mut server = Server::start_in(mount.path(), &[], &[]);
    camera(&server, &["--name", "Gate"]);
    assert_eq!(server.terminate(), 0);
    assert!(mount.remount("ro"));
    assert!(std::fs::write(mount.path().join("x"), "x").is_err(), "it is read-only");
    let (status, said) = refused_start(mount.path());
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(mount.remount("rw"));
    server.restart();
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_disk_that_turns_read_only_is_read_on() {
    let Some(mount) = Mount::ext4() else { return };
    let mut server = Server::start_in(mount.path(), &[], &[]);
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    fill(&client, gate.id, 2_000);
    // Once read, they are in the tables. What only the journal has when the tables fail is read after that.
    assert_eq!(total(&client, ""), 2_000);
    if !mount.remount("abort") {
        return cannot("a disk that turns read-only: ext4 here does not give up when told to");
    }
    assert!(std::fs::write(mount.path().join("x"), "x").is_err(), "it is read-only");
    let new = json!({"camid": gate.id, "name": "motion", "time": "2026-03-01T00:00:00"});
    let failed = client.post(EVENTS, &new);
    assert_eq!(
        (failed.status, failed.error().as_str()),
        (503, "storage_failed"),
        "{}",
        failed.text
    );
    until("it says so", || client.get("/readyz").text.contains("storage_failed"));
    assert_eq!(total(&client, ""), 2_000, "it can be read");
    let page = client.get(&format!("{EVENTS}?limit=10&order_by=-time")).ok(200);
    assert_eq!(page["objects"].as_array().unwrap().len(), 10);
    assert_eq!(server.wait_end(3 * PATIENCE), 1, "it gives up at last");
}

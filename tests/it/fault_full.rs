//! A full disk: what is refused, what goes on, and that it ends.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Server, within};
use crate::fault::Mount;
use crate::site::{BULK, EVENTS, camera, event, fill, total};

const MIB: u64 = 1 << 20;
/// The contract's bound for taking writes again (operations.md 1.7).
const AGAIN: Duration = Duration::from_secs(30);

/// An event of 8 kB.
fn large(camera: u64) -> Value {
    let meta = json!({"note": "x".repeat(8_000)});
    json!({"camid": camera, "name": "motion", "time": "2026-03-01T00:00:00", "meta": meta})
}

#[test]
fn a_full_disk_refuses_what_is_new_and_goes_on_by_itself_when_there_is_room() {
    let Some(mount) = Mount::tmpfs() else { return };
    let server = Server::start_in(mount.path(), &[], &[]);
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    fill(&client, gate.id, 1_000);
    let reserve = mount.path().join("reserve");
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 4 * MIB);
    assert_eq!(client.get("/readyz").status, 200);

    mount.fill(3 * MIB);
    assert!(mount.free() < 4 * MIB, "the disk is full by the rule");
    within(AGAIN, "it notices", || client.get("/readyz").status == 503);
    assert!(client.get("/readyz").text.contains("storage_full"));
    let new = json!({"camid": gate.id, "name": "motion", "time": "2026-03-01T00:00:00"});
    let refused = client.post(EVENTS, &new);
    assert_eq!((refused.status, refused.error().as_str()), (507, "storage_full"));
    assert_eq!(refused.header("retry-after"), Some("30"));
    for (path, body) in [
        ("/api/v2/cameras/", json!({"name": "Yard"})),
        ("/api/admin/v1/retention/rules/", json!({"objects": []})),
        ("/api/v3/channel_groups/", json!({"name": "all", "channels": [gate.id]})),
    ] {
        let method = if path.contains("retention") { "PUT" } else { "POST" };
        let answer = client.send(method, path, &[], Some(body.to_string().as_bytes()));
        assert_eq!((answer.status, answer.error().as_str()), (507, "storage_full"), "{path}");
    }
    let added = server.cli(&["camera", "add", "--name", "Yard"]);
    assert_eq!(added.status.code(), Some(1), "{added:?}");
    assert!(String::from_utf8_lossy(&added.stderr).contains("the disk is full"), "{added:?}");
    assert_eq!(total(&client, ""), 1_000, "it can be read");
    assert_eq!(client.delete(&format!("{EVENTS}1/")).status, 204, "and made empty");
    assert!(reserve.exists(), "there is room to delete");

    mount.fill(0);
    assert!(mount.free() < MIB, "not a block is left");
    within(AGAIN, "the reserve goes", || {
        client.get("/readyz");
        !reserve.exists()
    });
    assert!(mount.free() > 3 * MIB);
    mount.fill(MIB);
    for id in 2..=50 {
        assert_eq!(client.delete(&format!("{EVENTS}{id}/")).status, 204, "{id}");
    }
    assert_eq!(total(&client, ""), 950);
    assert_eq!(client.post(EVENTS, &new).status, 507);

    mount.empty();
    within(AGAIN, "it takes events again", || client.post(EVENTS, &new).status == 201);
    assert_eq!(client.get("/readyz").status, 200);
    within(AGAIN, "the reserve is made anew", || {
        client.get("/readyz");
        reserve.exists()
    });
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

#[test]
fn a_disk_that_others_fill_to_the_last_block_loses_nothing_that_was_acknowledged() {
    let Some(mount) = Mount::tmpfs() else { return };
    // No room is kept free: writes run into the wall.
    let mut server = Server::start_in(mount.path(), &["--min-free-mib", "0"], &[]);
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    mount.fill(6 * MIB);
    let item = large(gate.id);
    let items = json!(vec![item.clone(); 100]);
    let (mut stored, mut refused) = (0, 0);
    while refused < 3 {
        let answer = client.post(BULK, &items);
        match answer.status {
            200 => stored += 100,
            status => {
                assert_eq!(status, 507, "{}", answer.text);
                refused += 1;
            }
        }
        assert!(stored < 5_000, "it never fills up");
    }
    assert!(mount.free() < MIB, "{}", mount.free());
    assert_eq!(total(&client, ""), stored, "it can be read");
    mount.empty();
    within(AGAIN, "it takes events again", || client.post(EVENTS, &item).status == 201);
    assert_eq!(total(&client, ""), stored + 1);
    assert_eq!(server.terminate(), 0);
    let checked = server.cli_json(&["check"]);
    assert_eq!((&checked["problem_count"], &checked["events"]), (&json!(0), &json!(stored + 1)));
}

#[test]
fn a_server_whose_disk_is_full_ends_when_it_is_told_to() {
    let Some(mount) = Mount::tmpfs() else { return };
    let mut server = Server::start_in(mount.path(), &["--min-free-mib", "0"], &[]);
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    let item = large(gate.id);
    let items = json!(vec![item; 100]);
    mount.fill(6 * MIB);
    let mut stored = 0;
    while client.post(BULK, &items).status == 200 {
        stored += 100;
        assert!(stored < 5_000, "it never fills up");
    }
    mount.fill(0);
    client.post(BULK, &items);
    server.terminate(); // with whatever status: it could not write all
    mount.empty();
    server.restart();
    assert_eq!(total(&server.admin(), ""), stored, "the journal had it");
    assert_eq!(server.terminate(), 0);
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

#[test]
fn room_inside_the_database_counts() {
    let Some(mount) = Mount::tmpfs() else { return };
    let server = Server::start_in(mount.path(), &[], &[]);
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    let item = large(gate.id);
    let items = json!(vec![item.clone(); 200]);
    let mut stored = 0;
    while client.post(BULK, &items).status == 200 {
        stored += 200;
        assert!(stored < 10_000, "it never fills up");
    }
    // What is stored and not yet indexed counts several times over: by and by there is a little more room.
    let few = json!(vec![item.clone(); 20]);
    let mut refused = 0;
    while refused < 20 {
        if client.post(BULK, &few).status == 200 {
            (stored, refused) = (stored + 20, 0);
        } else {
            refused += 1;
            total(&client, ""); // waits until all is indexed
        }
        assert!(stored < 10_000, "it never fills up");
    }
    assert_eq!(client.post(EVENTS, &item).error(), "storage_full");
    let blocks = || std::fs::metadata(mount.path().join("watchpost.redb")).unwrap().blocks() * 512;
    let before = blocks();
    let job = client.delete(&format!("{EVENTS}?before_id={}", stored / 2));
    assert!([200, 202].contains(&job.status), "{}", job.text);
    within(AGAIN, "it takes events again", || client.post(EVENTS, &item).status == 201);
    within(AGAIN, "the old ones are gone", || total(&client, "") <= stored / 2 + 100);
    let mut again = 0;
    while again < stored / 4 {
        within(AGAIN, "there is room for more", || client.post(BULK, &few).status == 200);
        again += 20;
    }
    total(&client, "");
    let grown = blocks().saturating_sub(before);
    assert!(grown < again * 8_000 / 2, "{again} events went into {grown} new bytes");
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
    event(&client, gate.id, "motion", "2026-03-01T00:00:00", &json!({}));
}

//! Bits that have turned over on the disk: reported, left out, and never the end of the process.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::common::{Server, refused_start};
use crate::site::{EVENTS, camera, event, fill, total};

/// Turns bits over at an offset of a file.
fn flip(path: &Path, offset: u64, bits: u8) {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ bits], offset).unwrap();
}

/// Where `needle` stands in a file, everywhere.
fn places(path: &Path, needle: &[u8]) -> Vec<u64> {
    let bytes = std::fs::read(path).unwrap();
    let found = bytes.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle);
    found.map(|(at, _)| at as u64).collect()
}

/// Turns bits over in the first byte of `needle`, wherever it stands in a file: a page that is no longer used
/// may have it too. Gives how often it stood there.
fn flip_all(path: &Path, needle: &[u8], bits: u8) -> usize {
    let found = places(path, needle);
    for at in &found {
        flip(path, *at, bits);
    }
    assert_eq!(places(path, needle), Vec::<u64>::new(), "the bits are turned over");
    found.len()
}

#[test]
fn a_damaged_event_is_left_out_and_reported() {
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.key();
    let client = server.client(&key);
    fill(&client, gate.id, 500);
    let meta = json!({"note": "the one that is hit"});
    let id = event(&client, gate.id, "motion", "2026-03-02T00:00:00", &meta);
    assert_eq!(server.terminate(), 0);
    assert!(server.cli(&["check"]).status.success(), "nothing is wrong yet");
    let database = server.dir().join("watchpost.redb");
    assert!(flip_all(&database, b"the one that is hit", 0x04) > 0);
    let checked = server.cli(&["check"]);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    server.restart();
    let client = server.client(&key);
    let page = client.get(&format!("{EVENTS}?order_by=-time&limit=10")).ok(200);
    let listed = page["objects"].as_array().unwrap();
    assert!(listed.iter().all(|object| object["id"] != id), "{page}");
    assert_eq!(client.get(&format!("{EVENTS}{id}/")).status, 404);
    assert_eq!(client.get(&format!("{EVENTS}500/")).status, 200, "the others are there");
    let metrics = server.admin().get("/metrics").text;
    let series =
        metrics.lines().find(|l| l.starts_with("watchpost_corrupt_records_total")).unwrap();
    assert!(!series.ends_with(" 0"), "{series}");
    assert_eq!(server.cli(&["check"]).status.code(), Some(1), "also while it runs");
    event(&client, gate.id, "motion", "2026-03-03T00:00:00", &json!({}));
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_damaged_camera_is_left_out_and_the_others_work() {
    let mut server = Server::start();
    let hit = camera(&server, &["--name", "TheCameraThatIsHit"]);
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.key();
    assert_eq!(server.terminate(), 0);
    let database = server.dir().join("watchpost.redb");
    assert!(flip_all(&database, b"TheCameraThatIsHit", 0x01) > 0);
    server.restart();
    let client = server.client(&key);
    assert_eq!(client.get(&format!("/api/v2/cameras/{}/", hit.id)).status, 404);
    event(&client, gate.id, "motion", "2026-03-03T00:00:00", &json!({}));
    assert_eq!(total(&client, ""), 1);
    assert_eq!(server.cli(&["check"]).status.code(), Some(1));
    assert_eq!(server.terminate(), 0);
}

#[test]
fn any_page_that_is_hit_is_found_by_the_check() {
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    fill(&client, gate.id, 3_000);
    assert_eq!(server.terminate(), 0);
    let database = server.dir().join("watchpost.redb");
    let good = std::fs::read(&database).unwrap();
    let found = places(&database, b"\"n\":\"");
    let mut random = fastrand::Rng::with_seed(11);
    let mut seen = 0;
    for _ in 0..12 {
        // Somewhere in the pages of event rows: others may hold nothing now.
        let at = found[random.usize(..found.len())] + random.u64(..5);
        flip(&database, at, 1 << random.u8(..8));
        let checked = server.cli(&["check"]);
        assert!([Some(0), Some(1)].contains(&checked.status.code()), "{at}: {checked:?}");
        seen += usize::from(checked.status.code() == Some(1));
        std::fs::write(&database, &good).unwrap();
    }
    assert!(seen >= 6, "only {seen} of 12 lay in pages that are in use");
    let checked = server.cli(&["check"]);
    assert!(checked.status.success(), "and nothing was changed by looking: {checked:?}");
}

#[test]
fn a_damaged_journal_stops_the_start_and_is_left_as_it_is() {
    let mut server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.admin();
    for n in 0..20 {
        let meta = json!({"note": format!("journalled event {n}")});
        event(&client, gate.id, "motion", "2026-03-01T00:00:00", &meta);
    }
    server.kill(); // the database does not have them yet
    let journal = server.dir().join("journal");
    let segments: Vec<_> =
        std::fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path()).collect();
    let hits = |needle: &[u8]| -> Vec<(&Path, u64)> {
        let in_one = |path| places(path, needle).into_iter().map(move |at| (path, at));
        segments.iter().map(PathBuf::as_path).flat_map(in_one).collect()
    };
    let hit = hits(b"journalled event 3");
    assert!(!hit.is_empty(), "it is in the journal");
    let turn_over = || hit.iter().for_each(|(segment, at)| flip(segment, *at, 0x10));
    turn_over();
    assert!(hits(b"journalled event 3").is_empty(), "the bits are turned over");
    let bytes = || segments.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>();
    let before = bytes();
    let checked = server.cli(&["check"]);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let (status, said) = refused_start(server.dir());
    assert_eq!(status, Some(4), "{said}");
    assert!(bytes() == before, "nothing was changed");
    turn_over();
    server.restart();
    let client = server.admin();
    assert_eq!(total(&client, ""), 20, "turned back, it is whole");
}

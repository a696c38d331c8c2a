//! Starting and stopping.

use std::fs::File;
use std::time::Duration;

use crate::common::{Server, refused_start};

#[test]
fn a_server_starts_is_ready_and_stops_with_status_0() {
    let mut server = Server::start();
    server.wait_ready();
    assert_eq!(server.client("").get("/healthz").status, 200);
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_data_directory_has_one_server() {
    let server = Server::start();
    let (status, said) = refused_start(server.dir());
    assert_eq!(status, Some(5), "{said}");
    assert_eq!(server.client("").get("/readyz").status, 200, "the first one goes on");
}

/// A command that opens the data while a server restarts does not keep the server down.
#[test]
fn a_start_waits_for_whoever_has_the_data_and_is_no_server() {
    let dir = tempfile::tempdir().unwrap();
    let lock = File::create(dir.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let holder = std::thread::spawn(move || {
        // Longer than a lock outlives its holder by accident.
        std::thread::sleep(Duration::from_secs(2));
        drop(lock);
    });
    let mut server = Server::start_in(dir.path(), &[], &[]);
    assert!(holder.is_finished(), "it had to wait");
    holder.join().unwrap();
    server.wait_ready();
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_missing_data_directory_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let (status, said) = refused_start(&dir.path().join("missing"));
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

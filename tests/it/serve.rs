//! Starting and stopping.

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

#[test]
fn a_missing_data_directory_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let (status, said) = refused_start(&dir.path().join("missing"));
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

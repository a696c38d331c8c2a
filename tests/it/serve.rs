//! Starting and stopping.

use crate::common::{Server, cli};

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
    let second = cli(server.dir(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(5), "{second:?}");
}

#[test]
fn a_missing_data_directory_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let answer = cli(&dir.path().join("missing"), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(answer.status.code(), Some(1));
    let text = String::from_utf8_lossy(&answer.stderr);
    assert_eq!(text.lines().count(), 1, "{text}");
}

//! What a service manager sees: readiness, the watchdog, reloads, sockets it hands over.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::{BINARY, Client, PATIENCE, Process, ROOM, cli_json, until};
use crate::fault::Injected;

/// Ten times as long as from one feeding of the watchdog to the next in these tests.
const SILENCE: Duration = Duration::from_secs(1);

/// A server, and the messages that it sends to its manager.
struct Managed {
    process: Process,
    messages: UnixDatagram,
    dir: tempfile::TempDir,
    /// Where it listens, in the order of its lines.
    addresses: Vec<String>,
}

impl Managed {
    /// Starts it with these variables; `listeners` lines are waited for.
    fn start(variables: &[(&str, &str)], listeners: usize) -> Self {
        let mut command = Command::new(BINARY);
        command.envs(variables.iter().copied());
        Self::run(command, Stdio::null(), listeners)
    }

    fn run(mut command: Command, stdin: Stdio, listeners: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("notify");
        let messages = UnixDatagram::bind(&socket).unwrap();
        messages.set_read_timeout(Some(PATIENCE)).unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(config(dir.path()), "[log]\nlevel = 'warn'\n").unwrap();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&data)
            .arg("--config")
            .arg(config(dir.path()))
            .env("NOTIFY_SOCKET", &socket)
            .env(ROOM.0, ROOM.1)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let process = Process(child);
        let address = |line: String| line.strip_prefix("listening on ").unwrap().to_owned();
        let addresses = (0..listeners).map(|_| address(lines.next().unwrap().unwrap())).collect();
        Self { process, messages, dir, addresses }
    }

    /// The next message.
    fn message(&self) -> String {
        let mut bytes = [0; 1_024];
        let length = self.messages.recv(&mut bytes).expect("a message comes");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// The messages up to the first that has this line, that one last.
    fn until(&self, line: &str) -> Vec<String> {
        let mut messages = vec![self.message()];
        while !messages.last().unwrap().lines().any(|found| found == line) {
            messages.push(self.message());
        }
        messages
    }

    /// Reads away what has come.
    fn drain(&self) {
        self.messages.set_nonblocking(true).unwrap();
        while self.messages.recv(&mut [0; 1_024]).is_ok() {}
        self.messages.set_nonblocking(false).unwrap();
    }

    /// Whether no message comes for a while, in which several are due if the server feeds its watchdog.
    fn is_silent(&self) -> bool {
        self.drain();
        self.messages.set_read_timeout(Some(SILENCE)).unwrap();
        let silent = self.messages.recv(&mut [0; 1_024]).is_err();
        self.messages.set_read_timeout(Some(PATIENCE)).unwrap();
        silent
    }

    fn signal(&self, name: &str) {
        let pid = self.process.0.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }
}

fn config(dir: &Path) -> std::path::PathBuf {
    dir.join("watchpost.toml")
}

#[test]
fn the_manager_is_told_of_readiness_and_of_the_stop() {
    let mut server = Managed::start(&[], 1);
    let messages = server.until("READY=1");
    let more_time = messages.iter().any(|message| message.contains("EXTEND_TIMEOUT_USEC="));
    assert!(more_time, "while the data are opened: {messages:?}");
    assert_eq!(Client::new(&server.addresses[0], "").get("/readyz").status, 200);
    server.signal("TERM");
    let messages = server.until("STOPPING=1");
    assert!(messages.iter().all(|message| !message.contains("WATCHDOG")), "none was asked for");
    assert!(server.process.0.wait().unwrap().success());
}

#[test]
fn the_watchdog_is_fed_again_and_again() {
    let server = Managed::start(&[("WATCHDOG_USEC", "600000")], 1);
    server.until("READY=1");
    for _ in 0..5 {
        server.until("WATCHDOG=1");
    }
}

/// The disk is made to hang: strace holds up each `fdatasync`. Where it is missing, the test says so.
#[test]
fn the_watchdog_is_not_fed_while_the_disk_hangs() {
    let server = Managed::start(&[("WATCHDOG_USEC", "600000")], 1); // fed each tenth of a second
    server.until("WATCHDOG=1");
    assert!(!server.is_silent());
    let camera = cli_json(&server.dir.path().join("data"), &["camera", "add", "--name", "Gate"]);
    let token = format!("Acc {}", camera["access_tokens"]["all"].as_str().unwrap());
    let pid = server.process.0.id();
    let hang = "fdatasync:delay_enter=5000000";
    let Some(hang) = Injected::into(pid, None, hang) else { return };
    let address = server.addresses[0].clone();
    let sender = std::thread::spawn(move || {
        let event = serde_json::json!({"camid": 1, "name": "motion", "age_ms": 0});
        Client::new(&address, &token).post("/api/v2/storage/events/", &event).status
    });
    let complains = || server.log().contains("the journal's thread does not answer");
    until("the watchdog's loop complains", complains);
    assert!(server.is_silent(), "it is fed while the disk hangs");
    assert!(!sender.is_finished() && hang.count() == 0, "the disk hangs still");
    assert_eq!(sender.join().unwrap(), 201, "it hung, and did not fail");
    assert!(hang.count() > 0, "the fault was there");
    drop(hang);
    server.drain();
    server.until("WATCHDOG=1");
}

#[test]
fn a_reload_changes_the_log_level_and_what_the_file_fixes() {
    let server = Managed::start(&[], 1);
    server.until("READY=1");
    let settings = "[log]\nlevel = 'info'\n[site]\nname = 'Hafen'\n[storage]\ncache_mib = 8\n";
    std::fs::write(config(server.dir.path()), settings).unwrap();
    server.signal("HUP");
    let messages = server.until("READY=1");
    assert!(messages[0].starts_with("RELOADING=1\nMONOTONIC_USEC="), "{messages:?}");
    let log = server.log();
    assert!(log.contains("settings were read anew"), "at level info: {log}");
    assert!(log.contains("storage.cache_mib"), "it needs a restart: {log}");

    std::fs::write(config(server.dir.path()), "[log]\nlevle = 'warn'\n").unwrap();
    server.signal("HUP");
    server.until("READY=1");
    let log = server.log();
    assert!(log.contains("settings stay as they were"), "{log}");
    assert!(log.contains("line 2: `log.levle` is not a setting; did you mean `log.level`?"));
    assert_eq!(Client::new(&server.addresses[0], "").get("/healthz").status, 200);
}

#[test]
fn sockets_that_were_handed_over_are_served_beside_its_own() {
    let ours = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ours.local_addr().unwrap();
    // Descriptor 3, and the number of the process that is to take it: a shell knows both.
    let script = "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, BINARY]);
    let server = Managed::run(command, Stdio::from(OwnedFd::from(ours)), 2);
    assert_eq!(server.addresses[0], format!("http://{address}"));
    for address in &server.addresses {
        assert_eq!(Client::new(address, "").get("/healthz").status, 200);
    }
}

#[test]
fn what_is_handed_over_and_is_no_listening_socket_is_refused() {
    let script = "exec 3</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve --data-dir \"$1\"";
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script, BINARY]).arg(dir.path());
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("handed over"), "{output:?}");
}

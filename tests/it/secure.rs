//! A server that speaks TLS, told so by its configuration file, and clients that check its certificate.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Answer, BINARY, PATIENCE, Process, ROOM, cli_json, cli_with, printed, until};

/// The password of every user here.
pub const PASSWORD: &str = "rhubarb-7-lantern";

/// A server process with its folder: `data`, `watchpost.toml`, and whatever a test puts there.
pub struct Site {
    folder: TempDir,
    process: Option<Process>,
    /// Where it listens, as it said: `https://127.0.0.1:PORT` and so on.
    pub listening: Vec<String>,
}

/// A command of the binary that no variable of this process tells anything.
fn command() -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WATCHPOST_")) {
        command.env_remove(name);
    }
    command.env(ROOM.0, ROOM.1).stdin(Stdio::null());
    command
}

impl Site {
    /// A folder, with nothing running.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        Self { folder, process: None, listening: Vec::new() }
    }

    /// Starts a server with this `[tls]` table and further text, on ports of its own.
    pub fn with(text: &str) -> Self {
        let mut site = Self::new();
        site.configure(text);
        site.start();
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes the configuration file: where to listen, then `text`.
    pub fn configure(&self, text: &str) {
        let text = text.replace("$FOLDER", self.folder.path().to_str().unwrap());
        std::fs::write(self.path("watchpost.toml"), text).unwrap();
    }

    /// `watchpost serve` with the configuration as it is, to its end: for what does not start.
    pub fn serve(&self, arguments: &[&str]) -> Output {
        let mut command = command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(self.path("watchpost.toml")).arg("--data-dir").arg(self.data());
        command.args(arguments).output().unwrap()
    }

    pub fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log"));
        let mut command = command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(self.path("watchpost.toml")).arg("--data-dir").arg(self.data());
        let mut child = command.stdout(Stdio::piped()).stderr(log.unwrap()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        self.process = Some(Process(child));
        let text = std::fs::read_to_string(self.path("watchpost.toml")).unwrap();
        let count = if text.contains("[ingest]\nlisten") { 2 } else { 1 };
        let lines = out.lines().take(count).map(|line| line.unwrap());
        self.listening = lines
            .map(|line| {
                let place = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
                place.split(' ').next().unwrap().to_owned()
            })
            .collect();
        assert_eq!(self.listening.len(), count, "{}", self.log());
    }

    pub fn signal(&self, name: &str) {
        let pid = self.process.as_ref().unwrap().0.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(status.unwrap().success());
    }

    /// SIGTERM; gives the exit status.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for the end; gives the exit status.
    pub fn ended(&mut self) -> Option<i32> {
        let mut process = self.process.take().unwrap();
        until("the server ends", || process.0.try_wait().unwrap().is_some());
        process.0.wait().unwrap().code()
    }

    /// What the server logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits until the log has `text` so many times.
    pub fn wait_log(&self, text: &str, times: usize) {
        until(&format!("{text:?} in the log"), || self.log().matches(text).count() >= times);
    }

    pub fn cli(&self, arguments: &[&str]) -> Value {
        cli_json(&self.data(), arguments)
    }

    pub fn add_user(&self, name: &str, role: &str) {
        let add = ["user", "add", name, "--role", role, "--password-stdin"];
        printed(&cli_with(&self.data(), &add, PASSWORD));
    }

    pub fn address(&self, place: usize) -> SocketAddr {
        self.listening[place].split("://").nth(1).unwrap().parse().unwrap()
    }

    /// What trusts the site's own CA.
    pub fn own_ca(&self) -> Trust {
        Trust::in_pem(self.cli(&["ca"])["pem"].as_str().unwrap())
    }

    /// A connection over TLS to the first listener, whose certificate must be for `name`.
    pub fn connect(&self, trust: &Trust, name: &str) -> io::Result<Tls> {
        trust.connect(self.address(0), name)
    }

    /// The same for 127.0.0.1 and one request.
    #[track_caller]
    pub fn ask(&self, trust: &Trust, method: &str, path: &str, head: &str, body: &str) -> Answer {
        let mut tls = self.connect(trust, "127.0.0.1").unwrap();
        ask(&mut tls, method, path, head, body)
    }

    /// One request over plain HTTP to a listener.
    pub fn ask_plain(
        &self,
        place: usize,
        method: &str,
        path: &str,
        head: &str,
        body: &str,
    ) -> Answer {
        let mut stream = TcpStream::connect(self.address(place)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        ask(&mut stream, method, path, head, body)
    }
}

/// A connection over TLS.
pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Whom a client trusts, and what it speaks.
#[derive(Clone)]
pub struct Trust {
    roots: Arc<RootCertStore>,
    versions: Vec<&'static SupportedProtocolVersion>,
}

impl Trust {
    /// In the certificates of a PEM text.
    pub fn in_pem(pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let versions = rustls::ALL_VERSIONS.to_vec();
        Self { roots: Arc::new(roots), versions }
    }

    pub fn only(&self, version: &'static SupportedProtocolVersion) -> Self {
        Self { versions: vec![version], ..self.clone() }
    }

    /// Connects and shakes hands.
    pub fn connect(&self, address: SocketAddr, name: &str) -> io::Result<Tls> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut tls = StreamOwned::new(client, stream);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        Ok(tls)
    }
}

/// Sends a request and reads its answer; `head` holds whole lines. An answer that does not come has status 0.
pub fn ask(
    stream: &mut (impl Read + Write),
    method: &str,
    path: &str,
    head: &str,
    body: &str,
) -> Answer {
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
    };
    let host = if head.contains("Host:") { "" } else { "Host: nvr.example\r\n" };
    let request = format!("{method} {path} HTTP/1.1\r\n{host}{head}{length}\r\n{body}");
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.flush()); // reading tells
    answer(stream).unwrap_or_else(|error| Answer {
        status: 0,
        headers: Vec::new(),
        text: error.to_string(),
    })
}

fn answer(stream: &mut impl Read) -> io::Result<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let headers: Vec<(String, String)> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok(Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() })
}

/// A certificate that nobody signed but itself, and its key, in files of a folder.
pub fn self_signed(folder: &Path, host: &str) -> String {
    let made = rcgen::generate_simple_self_signed([host.to_owned(), "127.0.0.1".to_owned()]);
    let made = made.unwrap();
    let pem = made.cert.pem();
    std::fs::write(folder.join("cert.pem"), &pem).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    pem
}

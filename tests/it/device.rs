//! A stand-in for a camera's own HTTP interface: answers as told, checks log-ins for real, remembers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::common::PATIENCE;

/// Who may speak to the stand-in.
pub const USER: &str = "watch";
/// With which password.
pub const PASSWORD: &str = "Geheim-7731-Tor";

/// A request that the stand-in took.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path and query as they stood in the request line.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Asked {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// How the stand-in asks for a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    Open,
    /// Password in clear.
    Basic,
    /// Digest with MD5; Basic is offered too, first.
    Md5AndBasic,
    /// Digest with SHA-256 and MD5.
    Sha256,
    /// Digest whose first nonce has run out when it is used.
    Stale,
    /// Nothing is ever right.
    Never,
}

/// What the stand-in does with a request that may come in.
#[derive(Clone, Debug)]
pub enum Does {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Writes these bytes and hangs up.
    Raw(Vec<u8>),
    /// Says nothing until the other side gives up.
    Hang,
    /// Sends a body without end.
    Endless,
}

/// See the module.
pub struct Device {
    /// Its port on 127.0.0.1.
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    refused: Arc<Mutex<Vec<Asked>>>,
}

impl Device {
    /// Starts one that does what `does` says with every request that logged in.
    pub fn start(login: Login, does: impl Fn(&Asked) -> Does + Send + Sync + 'static) -> Self {
        Self::start_at(0, login, does)
    }

    /// The same at a given port.
    pub fn start_at(
        port: u16,
        login: Login,
        does: impl Fn(&Asked) -> Does + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, refused) = (Arc::default(), Arc::default());
        let device = Self { port, asked: Arc::clone(&asked), refused: Arc::clone(&refused) };
        let does = Arc::new(does);
        let nonces = Arc::new(Mutex::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (does, nonces) = (Arc::clone(&does), Arc::clone(&nonces));
                let (asked, refused) = (Arc::clone(&asked), Arc::clone(&refused));
                std::thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(PATIENCE));
                    let Some(request) = read(&stream) else { return };
                    if !admits(login, &request, *nonces.lock().unwrap()) {
                        refused.lock().unwrap().push(request.clone());
                        let mut number = nonces.lock().unwrap();
                        *number += 1;
                        let stale = login == Login::Stale && *number == 2;
                        let _ = (&stream).write_all(challenge(login, *number, stale).as_bytes());
                        return;
                    }
                    asked.lock().unwrap().push(request.clone());
                    answer(&stream, does(&request));
                });
            }
        });
        device
    }

    /// What came in and was let through, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Forgets what came in so far.
    pub fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }

    /// What came in without a log-in that holds.
    pub fn refused(&self) -> Vec<Asked> {
        self.refused.lock().unwrap().clone()
    }

    /// Waits until so many requests were let through, and gives them.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Asked> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let asked = self.asked();
            if asked.len() >= count {
                return asked;
            }
            assert!(Instant::now() < deadline, "only {asked:?} came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked { method, target, headers, body: String::new() };
    let length = asked.header("content-length").map_or(0, |text| text.parse().unwrap());
    reader.take(length).read_to_string(&mut asked.body).ok()?;
    Some(asked)
}

fn answer(mut stream: &TcpStream, does: Does) {
    match does {
        Does::Answer(status, body) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.as_bytes());
        }
        Does::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Does::Hang => {
            let _ = stream.read(&mut [0]); // ends when the other side hangs up
        }
        Does::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
            let _ = stream.set_write_timeout(Some(PATIENCE));
            while stream.write_all(&[b'x'; 4_096]).is_ok() {}
        }
    }
}

fn challenge(login: Login, nonce: u32, stale: bool) -> String {
    let digest = |algorithm: &str| {
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "WWW-Authenticate: Digest realm=\"cam\", nonce=\"n{nonce}\", opaque=\"o\", qop=\"auth\", \
             algorithm={algorithm}{stale}\r\n"
        )
    };
    let basic = "WWW-Authenticate: Basic realm=\"cam\"\r\n".to_owned();
    let asks = match login {
        Login::Open => String::new(),
        Login::Basic => basic,
        Login::Md5AndBasic | Login::Never => basic + &digest("MD5"),
        Login::Stale => digest("MD5"),
        Login::Sha256 => digest("MD5") + &digest("SHA-256"),
    };
    format!("HTTP/1.1 401 X\r\n{asks}Content-Length: 0\r\nConnection: close\r\n\r\n")
}

/// Whether a request carries what the stand-in asks for; `nonce` is the number of the last one given.
fn admits(login: Login, asked: &Asked, nonce: u32) -> bool {
    let Some(value) = asked.header("authorization") else { return login == Login::Open };
    match login {
        Login::Open => true,
        Login::Never => false,
        Login::Basic => {
            let wanted =
                base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
            value == format!("Basic {wanted}")
        }
        Login::Stale if nonce < 2 => false,
        Login::Md5AndBasic | Login::Stale => proves(value, asked, nonce, "MD5", md5),
        Login::Sha256 => proves(value, asked, nonce, "SHA-256", sha256),
    }
}

/// RFC 7616, 3.4.1 with `qop=auth`.
fn proves(value: &str, asked: &Asked, nonce: u32, algorithm: &str, h: fn(&str) -> String) -> bool {
    let Some(parts) = value.strip_prefix("Digest ") else { return false };
    let part = |name: &str| {
        let found = parts
            .split(',')
            .map(str::trim)
            .find_map(|part| part.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')));
        found.unwrap_or_default().trim_matches('"').to_owned()
    };
    let a1 = h(&format!("{USER}:cam:{PASSWORD}"));
    let a2 = h(&format!("{}:{}", asked.method, asked.target));
    let wanted = format!("{a1}:n{nonce}:{}:{}:auth:{a2}", part("nc"), part("cnonce"));
    part("username") == USER
        && part("nonce") == format!("n{nonce}")
        && part("uri") == asked.target
        && part("algorithm").eq_ignore_ascii_case(algorithm)
        && !part("cnonce").is_empty()
        && part("response") == h(&wanted)
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

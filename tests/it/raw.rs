//! HTTP by hand: for requests that no client library sends, for load, and to tell a torn answer from
//! none at all.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::common::{Answer, PATIENCE};

/// Writes a line for whoever reads the test's log; the harness swallows `println` of tests that pass.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}");
}

/// One connection.
pub struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Lost {
    /// The connection ended before the first byte of an answer.
    Unanswered,
    /// It ended inside of one.
    Torn(String),
}

impl Raw {
    /// Connects to `http://ADDRESS`.
    pub fn connect(base: &str) -> io::Result<Self> {
        Self::over(TcpStream::connect(address(base))?)
    }

    /// The same from another address of this machine.
    pub fn connect_from(base: &str, source: Ipv4Addr) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        socket.connect_timeout(&address(base).into(), PATIENCE)?;
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a request and reads its answer. `headers` are whole lines.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<Answer, Lost> {
        let head = head(method, path, headers, body.len());
        let _ = self.send(&[head.as_bytes(), body.as_bytes()].concat()); // reading tells
        self.answer()
    }

    /// Whether the head of an answer comes; waits for that. [`Raw::answer`] still gives all of it.
    pub fn has_head(&mut self) -> bool {
        while find(&self.unread, b"\r\n\r\n").is_none() {
            if !self.more() {
                return false;
            }
        }
        true
    }

    /// Reads one answer.
    pub fn answer(&mut self) -> Result<Answer, Lost> {
        if !self.has_head() {
            return Err(self.lost());
        }
        let end = find(&self.unread, b"\r\n\r\n").map_or(0, |at| at + 4);
        let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let Some(status) = status else { return Err(self.lost()) };
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let value = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let body = if matches!(status, 100..200 | 204 | 304) {
            Some((Vec::new(), end))
        } else if value("transfer-encoding").is_some() {
            self.chunks(end)
        } else {
            let length = value("content-length").and_then(|text| text.parse::<usize>().ok());
            if let Some(length) = length {
                let whole = self.until(end + length);
                whole.then(|| (self.unread[end..end + length].to_vec(), end + length))
            } else {
                while self.more() {}
                Some((self.unread[end..].to_vec(), self.unread.len()))
            }
        };
        let Some((body, end)) = body else { return Err(self.lost()) };
        self.unread.drain(..end);
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status, headers, text })
    }

    /// Whether the server has closed the connection, without another byte; waits for that.
    pub fn is_closed(&mut self) -> bool {
        !self.more()
            && self.unread.is_empty()
            && self.stream.peek(&mut [0]).map_or(true, |n| n == 0)
    }

    fn chunks(&mut self, start: usize) -> Option<(Vec<u8>, usize)> {
        let (mut body, mut at) = (Vec::new(), start);
        loop {
            let line = loop {
                if let Some(length) = find(&self.unread[at..], b"\r\n") {
                    break length;
                }
                if !self.more() {
                    return None;
                }
            };
            let size = String::from_utf8_lossy(&self.unread[at..at + line]).into_owned();
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let data = at + line + 2;
            if !self.until(data + size + 2) {
                return None;
            }
            body.extend_from_slice(&self.unread[data..data + size]);
            at = data + size + 2;
            if size == 0 {
                return Some((body, at));
            }
        }
    }

    fn until(&mut self, length: usize) -> bool {
        while self.unread.len() < length {
            if !self.more() {
                return false;
            }
        }
        true
    }

    /// Reads a little; false at the end, on a reset, and when patience is over.
    fn more(&mut self) -> bool {
        let mut part = [0; 16 * 1024];
        match self.stream.read(&mut part) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&part[..count]);
                true
            }
        }
    }

    fn lost(&self) -> Lost {
        if self.unread.is_empty() {
            Lost::Unanswered
        } else {
            Lost::Torn(String::from_utf8_lossy(&self.unread).into_owned())
        }
    }
}

/// Request line and headers. `headers` are whole lines.
pub fn head(method: &str, path: &str, headers: &str, body_bytes: usize) -> String {
    let length = if body_bytes == 0 {
        String::new()
    } else {
        format!("Content-Type: application/json\r\nContent-Length: {body_bytes}\r\n")
    };
    format!("{method} {path} HTTP/1.1\r\nHost: watchpost\r\n{headers}{length}\r\n")
}

fn address(base: &str) -> SocketAddr {
    base.trim_start_matches("http://").parse().unwrap()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// A figure in KiB from the process's status, such as `VmRSS` or `VmHWM`.
pub fn memory_kib(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

//! A keep-alive HTTP/1.1 client of one connection: as little work as possible beside what is measured.

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// One connection and what has been read of it.
pub struct Client {
    address: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    body: Vec<u8>,
}

/// An answer; its body is [`Client::body`].
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
}

/// What the head says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    end: usize,
    length: Option<usize>,
    chunked: bool,
    close: bool,
}

impl Client {
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, buffer: Vec::new(), body: Vec::new() }
    }

    /// Connects, so that the first request need not.
    pub async fn connect(&mut self) -> anyhow::Result<()> {
        let stream = TcpStream::connect(&self.address).await.context("connecting")?;
        stream.set_nodelay(true)?;
        self.stream = Some(stream);
        self.buffer.clear();
        Ok(())
    }

    /// The last answer's body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Sends a whole request and reads its answer. After an error the next one connects anew.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        if self.stream.is_none() {
            self.connect().await?;
        }
        let answer = self.exchange(request).await;
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.as_mut().context("not connected")?.write_all(request).await?;
        let head = loop {
            if let Some(head) = head(&self.buffer)? {
                break head;
            }
            self.read().await?;
        };
        self.buffer.drain(..head.end);
        self.body.clear();
        if head.chunked {
            self.read_chunks().await?;
        } else {
            let length = head.length.unwrap_or(0);
            while self.buffer.len() < length {
                self.read().await?;
            }
            self.body.extend(self.buffer.drain(..length));
        }
        if head.close {
            self.stream = None;
        }
        Ok(Answer { status: head.status })
    }

    async fn read_chunks(&mut self) -> anyhow::Result<()> {
        loop {
            let line = loop {
                match self.buffer.windows(2).position(|end| end == b"\r\n") {
                    Some(at) => break at,
                    None => self.read().await?,
                }
            };
            let size = std::str::from_utf8(&self.buffer[..line])?.split(';').next().unwrap_or("");
            let size = usize::from_str_radix(size.trim(), 16).context("a chunk's size")?;
            let end = line + 2 + size + 2;
            while self.buffer.len() < end {
                self.read().await?;
            }
            self.body.extend_from_slice(&self.buffer[line + 2..line + 2 + size]);
            self.buffer.drain(..end);
            if size == 0 {
                return Ok(());
            }
        }
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        let stream = self.stream.as_mut().context("not connected")?;
        self.buffer.reserve(CHUNK);
        if stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// The head at the start of `bytes`, once it is whole.
fn head(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end])?;
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap_or("").split(' ').nth(1).unwrap_or("");
    let status = status.parse().context("a status line")?;
    let mut head = Head { status, end: end + 4, length: None, chunked: false, close: false };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            head.length = Some(value.parse().context("a content length")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            head.chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            head.close = value.eq_ignore_ascii_case("close");
        }
    }
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_how_long_the_body_is() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
        let text = b"HTTP/1.1 201 Created\r\ncontent-length: 12\r\nConnection: close\r\n\r\n{";
        let expected = Head {
            status: 201,
            end: text.len() - 1,
            length: Some(12),
            chunked: false,
            close: true,
        };
        assert_eq!(head(text).unwrap(), Some(expected));
        let chunked =
            head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap().unwrap();
        assert!(chunked.chunked && chunked.length.is_none());
    }
}

//! One HTTP request of a simulated camera: the PUT of a picture, as simply as a camera would do it.

use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

/// Time for all of it.
const WITHIN: Duration = Duration::from_secs(20);
/// How much of the answer is looked at: its first line is all that counts.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// Sends `body` to an `http` URL with further headers, and gives the status.
///
/// # Errors
/// The URL is none, or the server cannot be reached or does not answer in time.
pub(super) async fn put(
    url: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> anyhow::Result<u16> {
    let uri: Uri = url.parse().context("the upload's URL")?;
    let (host, port) = (uri.host().context("the upload's host")?, uri.port_u16().unwrap_or(80));
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut head = format!(
        "PUT {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    let is_plain = |text: &str| !text.contains(['\r', '\n']);
    for (name, value) in headers.iter().filter(|(name, value)| is_plain(name) && is_plain(value)) {
        if !name.eq_ignore_ascii_case("content-length") {
            head.extend([name, ": ", value, "\r\n"]);
        }
    }
    head.push_str("\r\n");
    let exchange = async {
        let mut socket = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        socket.write_all(head.as_bytes()).await?;
        socket.write_all(body).await?;
        let mut answer = Vec::new();
        socket.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(WITHIN, exchange).await.context("no answer in time")??;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.filter(|_| answer.starts_with("HTTP/1.")).context("the answer is no HTTP")
}

//! One request to a device over HTTP: its own connection, no redirects, everything bounded.

use std::net::SocketAddr;
use std::pin::pin;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::http::request;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::login::Challenge;
use super::{Failure, Place, reach};
use crate::domain::Network;

/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Most headers of an answer.
const HEADERS_MAX: usize = 64;

/// What to ask a device.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, as they stand in the request line: begins with `/`, no blanks.
    pub target: String,
    /// Headers beside those that the connection needs.
    pub headers: HeaderMap,
    /// The body, empty for none.
    pub body: Vec<u8>,
    /// Longest body of an answer that is taken; a longer one is [`Failure::TooLong`].
    pub answer_bytes_max: usize,
}

impl Request {
    /// A GET.
    pub fn get(target: impl Into<String>, answer_bytes_max: usize) -> Self {
        Self {
            method: Method::GET,
            target: target.into(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            answer_bytes_max,
        }
    }

    /// A request that sends something, of this `Content-Type`.
    ///
    /// # Panics
    /// If the type cannot stand in a header.
    pub fn with_body(
        method: Method,
        target: impl Into<String>,
        content_type: &'static str,
        body: impl Into<Vec<u8>>,
        answer_bytes_max: usize,
    ) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        Self {
            method,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, content_type)]),
            body: body.into(),
            ..Self::get(target, answer_bytes_max)
        }
    }
}

/// What a device answered: a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status, 200 to 299.
    pub status: u16,
    /// What the body is, as the device says.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks the device at `place`. May take for ever: the caller bounds it.
pub(super) async fn ask(
    place: &Place,
    allow: &[Network],
    request: &Request,
) -> Result<Answer, Failure> {
    let addresses = reach::resolve(&place.host, place.port, allow).await?;
    let mut answered = send(place, &addresses, allow, request, None).await?;
    // Twice at most: the second time only for a nonce that has run out.
    for _ in 0..2 {
        let Answered::Unauthorized(challenge) = answered else { break };
        let Some(login) = &place.login else { return Err(Failure::LoginRefused) };
        let mut challenge = challenge?;
        let value = challenge.answer(login, request)?;
        answered = send(place, &addresses, allow, request, Some(&value)).await?;
        if let Answered::Unauthorized(next) = &answered
            && !next.as_ref().is_ok_and(Challenge::is_stale)
        {
            return Err(Failure::LoginRefused);
        }
    }
    match answered {
        Answered::Unauthorized(_) => Err(Failure::LoginRefused),
        Answered::Done(answer) => Ok(answer),
    }
}

/// How one exchange ended.
enum Answered {
    /// With a success.
    Done(Answer),
    /// The device wants a log-in, of this kind.
    Unauthorized(Result<Challenge, Failure>),
}

async fn send(
    place: &Place,
    addresses: &[SocketAddr],
    allow: &[Network],
    request: &Request,
    authorization: Option<&str>,
) -> Result<Answered, Failure> {
    let stream = connect(addresses, allow).await?;
    let wire = wire(place, request, authorization)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .ignore_invalid_headers_in_responses(true) // devices send what they like
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|_| Failure::BadAnswer)?;
    let exchange = async move {
        let response = sender.send_request(wire).await.map_err(|_| Failure::BadAnswer)?;
        judge(response, request.answer_bytes_max).await
    };
    let (mut connection, mut exchange) = (pin!(connection), pin!(exchange));
    tokio::select! {
        biased;
        answered = &mut exchange => answered,
        // What came before the end is still to be read.
        _ = &mut connection => exchange.await,
    }
}

/// Connects to the first address that answers. The machine's own is told by where the connection begins.
async fn connect(addresses: &[SocketAddr], allow: &[Network]) -> Result<TcpStream, Failure> {
    let mut failure = Failure::Unresolved;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let is_own = stream.local_addr().is_ok_and(|own| own.ip() == address.ip());
                if is_own && !allow.iter().any(|network| network.contains(address.ip())) {
                    return Err(Failure::AddressRefused);
                }
                let _ = stream.set_nodelay(true); // only faster
                return Ok(stream);
            }
            Err(error) => failure = Failure::Unreachable(error.kind()),
        }
    }
    Err(failure)
}

fn wire(
    place: &Place,
    request: &Request,
    authorization: Option<&str>,
) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let host = match place.host.parse::<std::net::Ipv6Addr>() {
        Ok(v6) => format!("[{v6}]"),
        Err(_) => place.host.clone(),
    };
    let mut parts: request::Builder = hyper::Request::builder()
        .method(request.method.clone())
        .uri(&request.target)
        .header(HOST, if place.port == 80 { host } else { format!("{host}:{}", place.port) })
        .header(CONNECTION, "close");
    for (name, value) in &request.headers {
        parts = parts.header(name, value);
    }
    if let Some(value) = authorization {
        parts = parts.header(AUTHORIZATION, value);
    }
    let body = Full::new(Bytes::copy_from_slice(&request.body));
    parts.body(body).map_err(|_| Failure::BadAnswer) // targets and headers are checked before
}

async fn judge(response: Response<Incoming>, bytes_max: usize) -> Result<Answered, Failure> {
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
        return Ok(Answered::Unauthorized(Challenge::read(
            headers.filter_map(|header| header.to_str().ok()),
        )));
    }
    if status.is_redirection() {
        return Err(Failure::Redirected);
    }
    if !status.is_success() {
        return Err(Failure::Status(status.as_u16()));
    }
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut incoming = response.into_body();
    if incoming.size_hint().lower() > bytes_max as u64 {
        return Err(Failure::TooLong);
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Failure::BadAnswer)?;
        let Some(data) = frame.data_ref() else { continue }; // trailers
        if body.len() + data.len() > bytes_max {
            return Err(Failure::TooLong);
        }
        body.extend_from_slice(data);
    }
    Ok(Answered::Done(Answer { status: status.as_u16(), content_type, body }))
}

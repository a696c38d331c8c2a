//! What holds for every request: the size of its head, a body that nobody reads, a handler that
//! panics, headers of every answer, CORS, the access log.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, RequestHead, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures_util::{FutureExt, Stream, StreamExt};

use super::body::content_length;
use super::connections::{Busy, Connection};
use super::edge;
use super::error::ApiError;
use super::metrics::{self, Route};
use super::redact::redact;
use crate::service;

/// Largest request line and headers together (operations.md 3).
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers. The parser has the same limit and answers first.
pub const HEADERS_MAX: usize = 96;
/// Of a body that its handler did not read, what is read away so that the connection can be kept.
const DRAIN_BYTES_MAX: u64 = 64 * 1024;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_millis(100);
/// Paths with CORS: the API that pages of other origins call. Never `/api/admin`.
const CORS_PATHS: [&str; 4] = ["/api/v2/", "/api/v3/", "/api/v4/", "/api/v5/"];
/// Sent with every answer, unless the handler has set its own.
const EVERYWHERE: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
/// Sent with every answer on [`CORS_PATHS`]. `*`, so never with credentials.
const CORS: [(HeaderName, HeaderValue); 2] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Idempotent-Replayed, Retry-After, Location"),
    ),
];
/// Sent with a preflight's answer in addition.
const PREFLIGHT: [(HeaderName, HeaderValue); 3] = [
    (
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS"),
    ),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id"),
    ),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
];

/// The outermost middleware: `App::new().wrap(from_fn(limits::guard))`.
///
/// Every answer goes through it, also those to unknown paths. A handler that panics ends in a 500
/// (actix alone would drop the connection without an answer).
///
/// # Errors
/// None in practice: errors of inner services become answers here.
pub async fn guard<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let line = tracing::enabled!(tracing::Level::DEBUG).then(|| request_line(req.head()));
    let route = Route::of(req.method(), req.path());
    let cors = CORS_PATHS.iter().any(|prefix| req.path().starts_with(prefix));
    let hsts = edge::hsts(req.request());
    if let Some(mut response) = refusal(&req, cors) {
        decorate(response.headers_mut(), cors, hsts);
        log(line, route, response.status().as_u16(), started);
        return Ok(req.into_response(response));
    }
    let busy = req.conn_data::<Connection>().and_then(Connection::begin);
    let mut unread = Unread::hold(&mut req);
    let outcome = AssertUnwindSafe(next.call(req)).catch_unwind().await;
    let (request, mut response) = match outcome {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            (Some(request), response.map_into_boxed_body())
        }
        Ok(Err(error)) => (None, error.error_response()),
        Err(_) => (None, ApiError::Internal.error_response()), // the panic hook has logged it
    };
    decorate(response.headers_mut(), cors, hsts);
    log(line, route, response.status().as_u16(), started);
    if let Some(rest) = &unread {
        let closes = response.head().connection_type() == ConnectionType::Close;
        if closes || !rest.drain().await {
            response.head_mut().set_connection_type(ConnectionType::Close);
        } else {
            unread = None;
        }
    }
    if busy.is_some() || unread.is_some() {
        let holding = |_: &mut _, body| Holding { body, _unread: unread, _busy: busy }.boxed();
        response = response.map_body(holding);
    }
    match request {
        Some(request) => Ok(ServiceResponse::new(request, response)),
        // The request went down with the handler; an error carries the finished answer out.
        None => Err(InternalError::from_response("the handler failed", response).into()),
    }
}

/// Answers that need no handler.
fn refusal(req: &ServiceRequest, cors: bool) -> Option<HttpResponse> {
    if req.conn_data::<Connection>().is_some_and(Connection::is_refused) {
        let mut response =
            ApiError::from(service::Error::Overloaded("too many connections are open"))
                .error_response();
        response.head_mut().set_connection_type(ConnectionType::Close);
        return Some(response);
    }
    if head_is_too_large(req.head()) {
        return Some(ApiError::HeadersTooLarge.error_response());
    }
    if edge::via(req.request()).ingest_only
        && !edge::is_ingest(req.method().as_str(), req.path(), req.query_string())
    {
        return Some(ApiError::NotFound.error_response());
    }
    (cors && req.method() == Method::OPTIONS).then(|| {
        let mut response = HttpResponse::NoContent();
        for header in PREFLIGHT {
            response.insert_header(header);
        }
        response.finish()
    })
}

fn head_is_too_large(head: &RequestHead) -> bool {
    const LINE: usize = " HTTP/1.1\r\n".len() + 1 + "\r\n".len();
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = head.method.as_str().len() + target + LINE;
    let headers = head.headers.iter();
    let headers: usize = headers.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    line + headers > HEAD_BYTES_MAX || head.headers.len() > HEADERS_MAX
}

fn decorate(headers: &mut HeaderMap, cors: bool, hsts: Option<(HeaderName, HeaderValue)>) {
    for (name, value) in EVERYWHERE.into_iter().chain(hsts) {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    if cors {
        for (name, value) in CORS {
            headers.insert(name, value);
        }
    }
}

fn request_line(head: &RequestHead) -> String {
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    format!("{} {}", head.method, redact(target))
}

/// Counts an answer, and logs it where that is wanted.
fn log(line: Option<String>, route: Route, status: u16, started: Instant) {
    metrics::answered(route, status, started.elapsed());
    if let Some(line) = line {
        let duration_ms = started.elapsed().as_millis();
        tracing::debug!(http.status = status, %duration_ms, "{}", line.escape_debug());
    }
}

/// A request's body, shared between its handler and this middleware.
///
/// actix reads a chunked body that was dropped to its end, however long it gets. Held until the answer
/// has been sent, it makes actix close the connection instead, after reading on for the time of
/// [`super::listen::DISCONNECT_TIMEOUT`], so that the answer reaches a client that is still sending.
#[derive(Clone)]
struct Unread(Rc<RefCell<State>>);

struct State {
    payload: Payload,
    announced: u64,
    ended: bool,
}

impl Unread {
    /// Puts itself between the request and its body, if it has one.
    fn hold(req: &mut ServiceRequest) -> Option<Self> {
        let announced = content_length(req);
        let chunked = req.headers().contains_key(header::TRANSFER_ENCODING);
        let upgrades = req.headers().contains_key(header::UPGRADE);
        if upgrades || !(chunked || announced.is_some_and(|bytes| bytes > 0)) {
            return None;
        }
        let (payload, announced) = (req.take_payload(), announced.unwrap_or(0));
        let unread = Self(Rc::new(RefCell::new(State { payload, announced, ended: false })));
        req.set_payload(Payload::Stream { payload: Box::pin(unread.clone()) });
        Some(unread)
    }

    /// Whether the body has been read to its end, after reading away what little may be left of it.
    async fn drain(&self) -> bool {
        if self.0.borrow().ended {
            return true;
        }
        if self.0.borrow().announced > DRAIN_BYTES_MAX {
            return false;
        }
        let mut rest = self.clone();
        let to_the_end = async {
            let mut bytes = 0;
            while let Some(chunk) = rest.next().await {
                bytes += chunk.map_or(DRAIN_BYTES_MAX, |chunk| chunk.len() as u64);
                if bytes >= DRAIN_BYTES_MAX {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(DRAIN_TIME, to_the_end).await.unwrap_or(false)
    }
}

impl Stream for Unread {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.borrow_mut();
        let polled = Pin::new(&mut state.payload).poll_next(cx);
        state.ended |= matches!(polled, Poll::Ready(None));
        polled
    }
}

/// An answer's body that keeps, until it has been sent, its connection busy and a request body unread.
struct Holding {
    body: BoxBody,
    _unread: Option<Unread>,
    _busy: Option<Busy>,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;

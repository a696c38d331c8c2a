//! Request bodies, read under limits of size, time and memory (operations.md 3).

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;

use super::error::ApiError;
use crate::service::Error;

/// Largest JSON body.
pub const JSON_BYTES_MAX: usize = 256 * 1024;
/// Largest bulk body.
pub const BULK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest body of `/i/` and of a picture.
pub const UPLOAD_BYTES_MAX: usize = crate::domain::attachment::PICTURE_BYTES_MAX;
/// Most bytes of request bodies in memory, all together.
pub const BUDGET_BYTES: usize = 64 * 1024 * 1024;
/// An announced body beyond this many bytes reserves all its memory first.
const RESERVE_FIRST_BYTES: usize = 256 * 1024;
/// Time that every body has.
const TIME_BASE: Duration = Duration::from_secs(10);
/// Announced bytes that earn a body one more second.
const BYTES_PER_SECOND: u64 = 64 * 1024;
/// Time after which a body is given up, whatever it announced.
const TIME_MAX: Duration = Duration::from_mins(1);

/// Memory for request bodies, shared by all workers: one value, cloned into each worker's app data.
#[derive(Clone, Debug)]
pub struct BodyBudget(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    used: AtomicUsize,
    max: usize,
}

impl BodyBudget {
    /// A budget of `max` bytes; [`BUDGET_BYTES`] in the product.
    pub fn new(max: usize) -> Self {
        Self(Arc::new(Budget { used: AtomicUsize::new(0), max }))
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    fn reserve(&self, bytes: usize) -> Result<Reservation, ApiError> {
        let mut reservation = Reservation { budget: self.0.clone(), bytes: 0 };
        reservation.grow_to(bytes)?;
        Ok(reservation)
    }
}

impl Default for BodyBudget {
    fn default() -> Self {
        Self::new(BUDGET_BYTES)
    }
}

/// A part of the budget; given back when dropped.
#[derive(Debug)]
struct Reservation {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Reservation {
    fn grow_to(&mut self, bytes: usize) -> Result<(), ApiError> {
        let more = bytes.saturating_sub(self.bytes);
        let take = |used: usize| used.checked_add(more).filter(|sum| *sum <= self.budget.max);
        self.budget
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map_err(|_| Error::Overloaded("too many request bodies in memory"))?;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A body in memory. Its share of the budget is held until it is dropped.
#[derive(Debug)]
pub struct Body {
    bytes: Bytes,
    _reservation: Reservation,
}

impl Deref for Body {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

/// Reads the whole body, at most `limit` bytes of it.
///
/// Prove the caller's right first: what is refused here or before is not read, and the connection closes.
///
/// # Errors
/// `encoding_not_supported` and `body_too_large` by what the headers announce, before anything is read;
/// `overloaded` if the budget has no room; `body_too_large`, `timeout`, `bad_body` while it arrives.
pub async fn read_body(
    req: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Body, ApiError> {
    if is_encoded(req) {
        return Err(ApiError::EncodingNotSupported);
    }
    let announced = content_length(req);
    let too_large = ApiError::BodyTooLarge { max: limit };
    if announced.is_some_and(|bytes| bytes > limit as u64) {
        return Err(too_large);
    }
    let Some(budget) = req.app_data::<Data<BodyBudget>>() else {
        tracing::error!("no BodyBudget in the app data");
        return Err(ApiError::Internal);
    };
    let expected = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    let first = if expected > RESERVE_FIRST_BYTES { expected } else { 0 };
    let reservation = budget.reserve(first)?;
    let time = time_for(announced.unwrap_or(0));
    tokio::time::timeout(time, collect(payload, limit, expected, reservation))
        .await
        .map_err(|_| ApiError::Timeout)?
}

async fn collect(
    mut payload: Payload,
    limit: usize,
    expected: usize,
    mut reservation: Reservation,
) -> Result<Body, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::BadBody)?;
        let sum = bytes.len() + chunk.len();
        if sum > limit {
            return Err(ApiError::BodyTooLarge { max: limit });
        }
        reservation.grow_to(sum)?;
        if bytes.is_empty() {
            bytes.reserve_exact(expected.max(chunk.len())); // at most what is reserved, or 256 KiB
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body { bytes: bytes.into(), _reservation: reservation })
}

/// Refuses a body that is not announced as `application/json`: asked of cookie sessions only, whose
/// requests a foreign page could otherwise forge with a form. Cameras mislabel theirs.
///
/// # Errors
/// [`ApiError::ContentType`].
pub fn require_json(req: &HttpRequest) -> Result<(), ApiError> {
    let kind = req.content_type().trim();
    if kind.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(ApiError::ContentType) }
}

/// What `Content-Length` announces.
pub(super) fn content_length(req: &impl HttpMessage) -> Option<u64> {
    req.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn is_encoded(req: &HttpRequest) -> bool {
    req.headers()
        .get_all(header::CONTENT_ENCODING)
        .any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

fn time_for(announced: u64) -> Duration {
    TIME_BASE.saturating_add(Duration::from_secs(announced / BYTES_PER_SECOND)).min(TIME_MAX)
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;

    use super::*;

    async fn read(request: TestRequest, limit: usize) -> Result<Body, ApiError> {
        read_within(BodyBudget::new(1_000), request, limit).await
    }

    async fn read_within(
        budget: BodyBudget,
        request: TestRequest,
        limit: usize,
    ) -> Result<Body, ApiError> {
        let (req, mut payload) = request.app_data(Data::new(budget)).to_http_parts();
        let payload = Payload::from_request(&req, &mut payload).await.unwrap();
        read_body(&req, payload, limit).await
    }

    #[actix_web::test]
    async fn a_body_within_its_limit_is_read() {
        let budget = BodyBudget::new(1_000);
        let request = TestRequest::post().set_payload("x".repeat(500));
        let body = read_within(budget.clone(), request, 500).await.unwrap();
        assert_eq!((body.len(), budget.used()), (500, 500));
        drop(body);
        assert_eq!(budget.used(), 0);
        assert!(read(TestRequest::post(), 5).await.unwrap().is_empty());
    }

    #[actix_web::test]
    async fn refusals_have_reasons() {
        let post = TestRequest::post;
        let streamed = read(post().set_payload("x".repeat(6)), 5).await;
        assert!(matches!(streamed, Err(ApiError::BodyTooLarge { max: 5 })));
        let announced = read(post().insert_header(("content-length", "6")), 5).await;
        assert!(matches!(announced, Err(ApiError::BodyTooLarge { max: 5 })));
        let encoded = read(post().insert_header(("content-encoding", "gzip")), 5).await;
        assert!(matches!(encoded, Err(ApiError::EncodingNotSupported)));
        let plain = read(post().insert_header(("content-encoding", "Identity")), 5).await;
        assert!(plain.is_ok());
        let full = read(post().set_payload("x".repeat(2_000)), 3_000).await;
        assert!(matches!(full, Err(ApiError::Service(Error::Overloaded(_)))));
        let reserved = post().insert_header(("content-length", "300000"));
        let reserved = read(reserved, 300_000).await;
        assert!(matches!(reserved, Err(ApiError::Service(Error::Overloaded(_)))));
    }

    #[test]
    fn the_budget_is_given_back() {
        let budget = BodyBudget::new(10);
        let mut a = budget.reserve(6).unwrap();
        assert!(budget.reserve(5).is_err());
        assert!(a.grow_to(11).is_err());
        a.grow_to(10).unwrap();
        assert_eq!(budget.used(), 10);
        drop(a);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn time_grows_with_what_is_announced() {
        assert_eq!(time_for(0), Duration::from_secs(10));
        assert_eq!(time_for(1024 * 1024), Duration::from_secs(26));
        assert_eq!(time_for(u64::MAX), TIME_MAX);
    }
}

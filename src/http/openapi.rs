//! The API's description: OpenAPI 3.1, as `data/openapi.json` holds it.

use std::io::Read;
use std::sync::OnceLock;

use actix_web::http::{Method, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use flate2::read::GzDecoder;

use super::encoding::{self, Coding};
use super::route::resource;

#[cfg(test)]
mod made;

const DOCUMENT: &str = "/api/openapi.json";

/// `data/openapi.json`, packed by `build.rs`: 30 KiB of 500.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(DOCUMENT, [(Method::GET, web::to(show))]));
}

/// This document.
#[utoipa::path(get, path = DOCUMENT, tag = "document", operation_id = "openapi", security(()),
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)))]
pub(super) async fn show(request: HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "Accept-Encoding"))
        .content_type("application/json");
    if encoding::accepted(request.headers()).any(|coding| coding == Coding::Gzip) {
        answer.insert_header((header::CONTENT_ENCODING, Coding::Gzip.word()));
        return answer.body(PACKED);
    }
    answer.body(text())
}

/// The whole document, JSON.
///
/// # Panics
/// If the program itself is damaged.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = String::new();
        GzDecoder::new(PACKED).read_to_string(&mut text).expect("what build.rs packed unpacks");
        text
    })
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn whoever_takes_gzip_gets_it_as_it_is() {
        let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, "gzip, br"));
        let answer = show(request.to_http_request()).await;
        assert_eq!(answer.headers().get(header::CONTENT_ENCODING).unwrap(), "gzip");
        assert_eq!(to_bytes(answer.into_body()).await.unwrap(), PACKED);
        let answer = show(TestRequest::default().to_http_request()).await;
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
        let plain = to_bytes(answer.into_body()).await.unwrap();
        assert_eq!(plain, include_str!("../../data/openapi.json"));
    }
}

//! The pages compiled into the binary. A fixed table: no request path reaches the file system.

use std::borrow::Cow;

use actix_web::http::{Method, header};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::ApiError;
use super::route::resource;

/// What a page may load and do (operations.md 6.2): only what comes from here, nothing inline.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// The pages and the address of each.
const PAGES: [(&str, &str); 2] = [("/", "index.html"), ("/docs/", "docs.html")];
/// What pages load.
const ASSETS: &str = "/assets/{file}";

#[derive(RustEmbed)]
#[folder = "web/landing"]
struct Landing;

/// Registers the pages and what they load.
pub fn configure(config: &mut ServiceConfig) {
    for (path, name) in PAGES {
        let page = move |req: HttpRequest| async move { serve(&req, name) };
        config.service(resource(path, [(Method::GET, web::to(page))]));
    }
    config.service(resource(ASSETS, [(Method::GET, web::to(asset))]));
}

async fn asset(req: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let is_page = PAGES.iter().any(|(_, page)| *page == name.as_str());
    // The table is asked first: a debug build reads the files from the disk.
    if is_page || !Landing::iter().any(|known| known == name.as_str()) {
        return Err(ApiError::NotFound);
    }
    serve(&req, &name)
}

fn serve(req: &HttpRequest, name: &str) -> Result<HttpResponse, ApiError> {
    let file = Landing::get(name).ok_or(ApiError::NotFound)?;
    let etag = etag(&file);
    let fresh = is_fresh(req, &etag);
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
    if fresh {
        return Ok(response.finish());
    }
    Ok(response.content_type(content_type(name)).body(bytes(file)))
}

/// Whether the client has this very file.
fn is_fresh(req: &HttpRequest, etag: &str) -> bool {
    let known = req.headers().get_all(header::IF_NONE_MATCH);
    let mut known = known.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    known.any(|known| {
        let known = known.trim();
        known == "*" || known.trim_start_matches("W/") == etag
    })
}

/// Strong: the first 128 bits of the content's SHA-256.
fn etag(file: &EmbeddedFile) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
    }
    text.push('"');
    text
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(), // debug builds
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, http::StatusCode};

    use super::*;

    #[actix_web::test]
    async fn only_what_the_table_has_is_served() {
        let app = init_service(App::new().configure(configure)).await;
        for (path, status, kind) in [
            ("/", 200, "text/html; charset=utf-8"),
            ("/docs/", 200, "text/html; charset=utf-8"),
            ("/docs", 200, "text/html; charset=utf-8"),
            ("/assets/style.css", 200, "text/css; charset=utf-8"),
            ("/assets/docs.js", 200, "text/javascript; charset=utf-8"),
            ("/assets/index.html", 404, ""),
            ("/assets/..%2f..%2fREADME.md", 404, ""),
            ("/assets/../../Cargo.toml", 404, ""),
            ("/assets/", 404, ""),
        ] {
            let response = call_service(&app, TestRequest::with_uri(path).to_request()).await;
            assert_eq!(response.status().as_u16(), status, "{path}");
            if status == 200 {
                let headers = response.headers();
                assert_eq!(headers.get("content-type").unwrap(), kind);
                let policy = headers.get("content-security-policy").unwrap();
                assert_eq!(policy, CONTENT_SECURITY_POLICY);
                assert!(!read_body(response).await.is_empty());
            }
        }
    }

    #[actix_web::test]
    async fn a_known_file_is_not_sent_again() {
        let app = init_service(App::new().configure(configure)).await;
        let first = call_service(&app, TestRequest::with_uri("/").to_request()).await;
        let etag = first.headers().get("etag").unwrap().clone();
        let again = TestRequest::with_uri("/").insert_header(("if-none-match", etag)).to_request();
        let again = call_service(&app, again).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(read_body(again).await.is_empty());
    }
}

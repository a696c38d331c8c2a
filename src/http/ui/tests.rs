//! What the pages are answered with.

use actix_web::App;
use actix_web::dev::ServiceResponse;
use actix_web::test::{TestRequest, call_service, init_service, read_body};

use super::*;

/// A built page as small as it gets.
#[derive(RustEmbed)]
#[folder = "tests/fixtures/ui"]
struct Fixture;

const FIXTURE: Option<Table> = Some(Table::of::<Fixture>());

async fn ask(ui: Option<Table>, path: &str, headers: &[(&'static str, &str)]) -> ServiceResponse {
    let not_found = move |req: HttpRequest| async move { or_not_found(&req, ui) };
    let app = App::new().configure(|config| mount(config, ui)).default_service(web::to(not_found));
    let app = init_service(app).await;
    let mut request = TestRequest::with_uri(path);
    for (name, value) in headers {
        request = request.insert_header((*name, *value));
    }
    call_service(&app, request.to_request()).await
}

fn header<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn only_what_the_table_has_is_served() {
    for (ui, path, status, kind) in [
        (None, "/", 200, "text/html; charset=utf-8"),
        (None, "/events", 404, ""),
        (None, "/assets/index-Ab3_x9Yz.js", 404, ""),
        (FIXTURE, "/docs/", 200, "text/html; charset=utf-8"),
        (FIXTURE, "/docs", 200, "text/html; charset=utf-8"),
        (FIXTURE, "/docs/style.css", 200, "text/css; charset=utf-8"),
        (FIXTURE, "/docs/docs.js", 200, "text/javascript; charset=utf-8"),
        (FIXTURE, "/docs/index.html", 404, ""),
        (FIXTURE, "/assets/index-Ab3_x9Yz.js", 200, "text/javascript; charset=utf-8"),
        (FIXTURE, "/theme.js", 200, "text/javascript; charset=utf-8"),
        (FIXTURE, "/assets/style.css", 404, ""),
        (FIXTURE, "/assets/..%2findex.html", 404, ""),
        (FIXTURE, "/assets/../../../Cargo.toml", 404, ""),
        (FIXTURE, "/assets/%2e%2e/%2e%2e/%2e%2e/Cargo.toml", 404, ""),
        (FIXTURE, "/assets/", 404, ""),
        (FIXTURE, "/assets//etc/passwd", 404, ""),
        (FIXTURE, "/index.html", 404, ""),
    ] {
        let response = ask(ui, path, &[]).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        if status == 200 {
            assert_eq!(header(&response, "content-type"), kind, "{path}");
            let policy = header(&response, "content-security-policy");
            assert_eq!(policy, CONTENT_SECURITY_POLICY);
            assert!(!read_body(response).await.is_empty());
        }
    }
}

#[actix_web::test]
async fn every_view_is_the_page() {
    for path in VIEWS {
        let path = path.replace("{id}", "12").replace("{part}", "users");
        for path in [format!("{path}?zone=utc"), format!("{}/", path.trim_end_matches('/'))] {
            let response = ask(FIXTURE, &path, &[]).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&response, "cache-control"), "no-cache");
            assert!(read_body(response).await.starts_with(b"<!doctype html>"), "{path}");
        }
    }
}

#[actix_web::test]
async fn who_finds_nothing_gets_the_page_in_a_browser_and_an_error_elsewhere() {
    let browser = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    for (path, headers, is_page) in [
        ("/nothing/here", &browser[..], true),
        ("/ievents", &browser, true),
        ("/nothing/here", &[("accept", "*/*")], false),
        ("/nothing/here", &[], false),
        ("/api/v9/x", &browser, false),
        ("/api", &browser, false),
        ("/i/wp.x", &browser, false),
        ("/assets/gone-12345678.js", &browser, false),
    ] {
        let response = ask(FIXTURE, path, headers).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let body = read_body(response).await;
        assert_eq!(body.starts_with(b"<!doctype html>"), is_page, "{path} {headers:?}");
        if !is_page {
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["errorType"], "not_found");
        }
    }
}

#[actix_web::test]
async fn parts_are_sent_as_they_were_packed_and_kept_for_ever() {
    let path = "/assets/index-Ab3_x9Yz.js";
    let mut etags = std::collections::HashSet::new();
    for (accept, coding, start) in
        [("br, gzip", "br", b"BR".as_slice()), ("gzip", "gzip", b"GZ"), ("identity", "", b"//")]
    {
        let response = ask(FIXTURE, path, &[("accept-encoding", accept)]).await;
        assert_eq!(header(&response, "content-encoding"), coding);
        assert_eq!(header(&response, "vary"), "Accept-Encoding");
        assert_eq!(header(&response, "cache-control"), FOR_EVER);
        assert_eq!(header(&response, "content-type"), "text/javascript; charset=utf-8");
        assert!(etags.insert(header(&response, "etag").to_owned()), "one for each");
        assert!(read_body(response).await.starts_with(start), "{accept}");
    }
    let response = ask(FIXTURE, "/theme.js", &[("accept-encoding", "br")]).await;
    assert_eq!((header(&response, "vary"), header(&response, "content-encoding")), ("", ""));
    assert_eq!(header(&response, "cache-control"), "no-cache");
}

#[actix_web::test]
async fn a_known_file_is_not_sent_again() {
    for ui in [None, FIXTURE] {
        let first = ask(ui, "/", &[]).await;
        let etag = header(&first, "etag").to_owned();
        let again = ask(ui, "/", &[("if-none-match", &etag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(read_body(again).await.is_empty());
    }
}

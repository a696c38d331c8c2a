//! The pages compiled into the binary: the web page for people, the API reference, and a landing page
//! where the first was not built. Fixed tables: no request path reaches the file system.

use std::borrow::Cow;

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::encoding::{self, Coding};
use super::error::ApiError;
use super::reply::is_fresh;
use super::route::resource;

/// What a page may load and do (operations.md 6.2): only what comes from here, nothing inline.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Addresses of the web page: it shows what each stands for.
const VIEWS: [&str; 14] = [
    "/",
    "/setup",
    "/login",
    "/events",
    "/events/{id}",
    "/live",
    "/cameras",
    "/cameras/{id}",
    "/access",
    "/access/{part}",
    "/account",
    "/settings",
    "/storage",
    "/system",
];
/// Where programs ask: what is not there is said in JSON, whoever asks.
const PROGRAMS: [&str; 9] =
    ["/api", "/i", "/ctl", "/ca.crt", "/healthz", "/readyz", "/metrics", "/docs", "/assets"];
/// The web page's one document.
const PAGE: &str = "index.html";
/// Where the web page's parts lie; their names change with what is in them.
const ASSETS: &str = "/assets/{file:.*}";
/// The API reference and what it loads.
const DOCS: &str = "/docs/";
const DOCS_FILES: &str = "/docs/{file}";

/// Its parts carry a hash of what is in them in their names: a browser need not ask again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// To be asked about each time; the answer is mostly 304.
const ASK_AGAIN: &str = "no-cache";

#[cfg(feature = "ui")]
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Ui;

#[derive(RustEmbed)]
#[folder = "web/landing"]
struct Landing;

/// A table of embedded files.
#[derive(Clone, Copy)]
struct Table {
    has: fn(&str) -> bool,
    get: fn(&str) -> Option<EmbeddedFile>,
}

impl Table {
    const LANDING: Self = Self::of::<Landing>();

    const fn of<T: RustEmbed>() -> Self {
        // The list is asked first: a debug build reads the files from the disk.
        Self { has: |name| T::iter().any(|known| known == name), get: T::get }
    }

    /// The web page, if it was built.
    fn ui() -> Option<Self> {
        #[cfg(feature = "ui")]
        return Some(Self::of::<Ui>()).filter(|table| (table.has)(PAGE));
        #[cfg(not(feature = "ui"))]
        None
    }

    fn get(self, name: &str) -> Option<EmbeddedFile> {
        if (self.has)(name) { (self.get)(name) } else { None }
    }

    /// A file as the client can take it: compressed at build time, if that was done and is accepted.
    fn get_for(self, req: &HttpRequest, name: &str) -> Option<Found> {
        let plain = self.get(name)?;
        let packed = |coding: Coding| self.get(&format!("{name}.{}", coding.suffix()));
        let varies = Coding::ALL.into_iter().any(|coding| packed(coding).is_some());
        let best = encoding::accepted(req.headers())
            .find_map(|coding| packed(coding).map(|file| (file, Some(coding))));
        let (file, coding) = best.unwrap_or((plain, None));
        Some(Found { file, coding, varies })
    }
}

/// A file of a table, and how it is packed.
struct Found {
    file: EmbeddedFile,
    coding: Option<Coding>,
    /// Whether another client would get other bytes.
    varies: bool,
}

/// Registers the pages and what they load.
pub fn configure(config: &mut ServiceConfig) {
    mount(config, Table::ui());
}

fn mount(config: &mut ServiceConfig, ui: Option<Table>) {
    let documents = [("/", "index.html"), (DOCS, "docs.html")];
    for (path, name) in documents.into_iter().skip(usize::from(ui.is_some())) {
        let page = move |req: HttpRequest| async move {
            answer(&req, Table::LANDING, name, StatusCode::OK, ASK_AGAIN)
        };
        config.service(resource(path, [(Method::GET, web::to(page))]));
    }
    let part = async |req: HttpRequest, name: web::Path<String>| {
        // The documents have addresses of their own.
        let name = if name.contains(".html") { "" } else { &name };
        answer(&req, Table::LANDING, name, StatusCode::OK, ASK_AGAIN)
    };
    config.service(resource(DOCS_FILES, [(Method::GET, web::to(part))]));
    let Some(ui) = ui else { return };
    for path in VIEWS {
        let page = move |req: HttpRequest| async move {
            answer(&req, ui, PAGE, StatusCode::OK, ASK_AGAIN)
        };
        config.service(resource(path, [(Method::GET, web::to(page))]));
    }
    let part = move |req: HttpRequest, name: web::Path<String>| async move {
        answer(&req, ui, &format!("assets/{name}"), StatusCode::OK, FOR_EVER)
    };
    config.service(resource(ASSETS, [(Method::GET, web::to(part))]));
}

/// Answers paths that no route has: a file at the web page's root; to a person's browser the page, which
/// says that there is nothing here; to everybody else the error.
///
/// # Errors
/// [`ApiError::NotFound`].
pub async fn not_found(req: HttpRequest) -> Result<HttpResponse, ApiError> {
    or_not_found(&req, Table::ui())
}

fn or_not_found(req: &HttpRequest, ui: Option<Table>) -> Result<HttpResponse, ApiError> {
    let path = req.path();
    let of_programs = PROGRAMS.iter().any(|start| {
        path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let reads = matches!(*req.method(), Method::GET | Method::HEAD);
    let Some(ui) = ui.filter(|_| reads && !of_programs) else { return Err(ApiError::NotFound) };
    let name = path.trim_start_matches('/');
    if !name.contains('/') && name != PAGE && (ui.has)(name) {
        return answer(req, ui, name, StatusCode::OK, ASK_AGAIN);
    }
    let accept = req.headers().get_all(header::ACCEPT);
    let is_person = accept.filter_map(|value| value.to_str().ok()).any(|v| v.contains("text/html"));
    if !is_person {
        return Err(ApiError::NotFound);
    }
    answer(req, ui, PAGE, StatusCode::NOT_FOUND, ASK_AGAIN)
}

fn answer(
    req: &HttpRequest,
    table: Table,
    name: &str,
    status: StatusCode,
    keep: &'static str,
) -> Result<HttpResponse, ApiError> {
    let Found { file, coding, varies } = table.get_for(req, name).ok_or(ApiError::NotFound)?;
    let etag = etag(&file);
    let known = status == StatusCode::OK && is_fresh(req, &etag);
    let mut response = HttpResponse::build(if known { StatusCode::NOT_MODIFIED } else { status });
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, keep))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
    if varies {
        response.insert_header((header::VARY, "Accept-Encoding"));
    }
    if known {
        return Ok(response.finish());
    }
    if let Some(coding) = coding {
        response.insert_header((header::CONTENT_ENCODING, coding.word()));
    }
    Ok(response.content_type(content_type(name)).body(bytes(file)))
}

/// Strong: the first 128 bits of the content's SHA-256; a packed file has its own.
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
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;

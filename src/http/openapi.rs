//! stub
use utoipa::OpenApi;
#[derive(OpenApi)]
struct Document;
/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

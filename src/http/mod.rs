//! Extract, call one service, shape the answer.

mod auth;
pub mod body;
pub mod connections;
pub mod error;
pub mod json;
pub mod limits;
pub mod listen;
pub mod openapi;
pub mod paging;
pub mod params;
pub mod query;
pub mod redact;
pub mod route;
pub mod ui;

use actix_web::web::{self, ServiceConfig};

/// Every route.
pub fn configure(config: &mut ServiceConfig) {
    config.configure(ui::configure).default_service(web::to(route::not_found));
}

//! Extract, call one service, shape the answer.
//!
//! Every route is registered below [`configure`]; permissions are extractors of `auth` in the
//! handlers' signatures.

mod admin;
mod alias;
mod auth;
pub mod body;
mod camera;
mod camera_parts;
mod certificate;
mod channel;
mod channel_group;
pub mod connections;
mod ctl;
pub mod edge;
mod encoding;
pub mod error;
mod event;
mod event_type;
mod health;
mod ingest;
mod job;
pub mod json;
pub mod limits;
pub mod listen;
mod metrics;
pub mod multipart;
pub mod openapi;
pub mod paging;
pub mod params;
pub mod query;
mod recording;
pub mod redact;
mod reply;
pub mod route;
pub mod serve;
#[cfg(test)]
mod tests_admin;
#[cfg(test)]
mod tests_camera;
mod tokens;
pub mod ui;

use actix_web::web::{self, PathConfig, QueryConfig, ServiceConfig};

use crate::service::Error;
use error::ApiError;

/// Every route, and what holds for all of them.
///
/// Needs `Data<Services>` and `Data<BodyBudget>` in the app data; the app also wraps itself into
/// [`limits::guard`].
pub fn configure(config: &mut ServiceConfig) {
    config
        // An id that is not a number names nothing.
        .app_data(PathConfig::default().error_handler(|_, _| ApiError::NotFound.into()))
        .app_data(QueryConfig::default().error_handler(|error, _| {
            ApiError::from(Error::BadParameter(error.to_string())).into()
        }))
        .configure(event::configure_first)
        .configure(health::configure)
        .configure(metrics::configure)
        .configure(ingest::configure)
        .configure(ctl::configure)
        .configure(event::configure)
        .configure(recording::configure)
        .configure(event_type::configure)
        .configure(camera::configure)
        .configure(channel::configure)
        .configure(channel_group::configure)
        .configure(alias::configure)
        .configure(admin::configure)
        .configure(job::configure)
        .configure(certificate::configure)
        .configure(openapi::configure)
        .configure(ui::configure)
        .default_service(web::to(ui::not_found));
}

//! What VXG's API has no word for: the paths below `/api/admin/v1`.
//!
//! Bodies with an unknown member are refused: a misspelt option must not pass silently.

pub(super) mod audit;
pub(super) mod backup;
pub(super) mod bundle;
pub(super) mod camera;
pub(super) mod event_type;
pub(super) mod hold;
pub(super) mod key;
pub(super) mod logs;
pub(super) mod not_understood;
pub(super) mod recipe;
pub(super) mod retention;
pub(super) mod session;
pub(super) mod settings;
pub(super) mod setup;
pub(super) mod site;
pub(super) mod storage;
pub(super) mod system;
pub(super) mod token;
pub(super) mod user;

use actix_web::web::ServiceConfig;

/// Registers the paths.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(camera::configure)
        .configure(event_type::configure)
        .configure(recipe::configure)
        .configure(not_understood::configure)
        .configure(token::configure)
        .configure(site::configure)
        .configure(setup::configure)
        .configure(session::configure)
        .configure(user::configure)
        .configure(key::configure)
        .configure(audit::configure)
        .configure(backup::configure)
        .configure(settings::configure)
        .configure(retention::configure)
        .configure(hold::configure)
        .configure(storage::configure)
        .configure(system::configure)
        .configure(logs::configure)
        .configure(bundle::configure);
}

//! What everybody may know of the site before he has logged in.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::Services;

const SITE: &str = "/api/admin/v1/site/";

/// The site, as the page before the log-in shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SiteBody {
    /// Its name.
    #[schema(example = "Hafen Nord")]
    name: String,
    /// Whether there is no admin yet, so that the set-up comes first.
    setup_required: bool,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(resource(SITE, [(Method::GET, web::to(get))]));
}

/// Show the site's name, and whether it has to be set up.
#[utoipa::path(get, path = SITE, tag = "sessions", security(()),
    responses((status = 200, body = SiteBody)))]
pub(in crate::http) async fn get(services: Data<Services>) -> HttpResponse {
    let (name, setup_required) = (services.site().name, services.setup.is_required());
    private(StatusCode::OK, SiteBody { name, setup_required })
}

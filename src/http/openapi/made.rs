//! The document made from the handlers and their types. Only tests do it: the code that describes them takes
//! a tenth of a program, and says the same each time.

use actix_web::http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, Ref, RefOr, Response, ResponseBuilder, Server,
};

use crate::http::auth::is_for_people;
use crate::http::error::{Code, ErrorBody};
use crate::http::{
    admin, alias, camera, certificate, channel, channel_group, ctl, event, event_type, health,
    ingest, job, metrics, openapi, recording,
};

/// Version of the API, not of the product: everybody may read this, and nobody who has not logged in
/// is told what runs here (operations.md 6.4).
const API_VERSION: &str = "2";

const DESCRIPTION: &str = "\
An event server for video recorders. The paths below `/api/v2` to `/api/v5` are those that VXG Cloud VMS clients call.

- Every path is answered with and without its final slash. Unknown parameters and members are ignored.
- Lists are `{\"meta\":{limit,next,offset,previous,total_count},\"objects\":[…]}`; `next` is path and query of the next \
page, null at the end. `limit` is 20 if left out, at most 1,000, and 0 means 1,000.
- Times are `2021-09-23T16:30:00` in UTC, with six fraction digits if the fraction is not zero.
- A camera outside the credential's scope looks like one that does not exist: 404 in a path, 403 `out_of_scope` in a \
query or body.
- Every error is JSON with `errorType` (a stable code), `errorDetail` (a text for people) and `status`.";

#[derive(OpenApi)]
#[openapi(
    paths(
        event::list::list,
        event::create::create,
        event::delete::delete,
        event::bulk::create_many,
        event::histogram::histogram,
        event::export::export,
        event::stream::stream,
        event::item::get,
        event::item::put,
        event::item::delete,
        event::tags::list,
        event::tags::add,
        event::tags::get,
        event::tags::put,
        event::tags::delete,
        event::thumb::get,
        event::thumb::put,
        event::filemeta::get,
        event::filemeta::put,
        camera::list, camera::add, camera::get, camera::change, camera::remove,
        camera::motion, camera::regions,
        event_type::list, event_type::add, event_type::get, event_type::change,
        event_type::remove, event_type::trigger,
        channel::list, channel::add, channel::get, channel::change, channel::remove,
        channel::meta::list, channel::meta::add, channel::meta::get, channel::meta::set,
        channel::meta::remove,
        channel::own::get, channel::own::change, channel::own::live,
        channel::scope::list, channel::scope::get,
        channel_group::list, channel_group::add, channel_group::get, channel_group::change,
        channel_group::remove,
        alias::list,
        recording::list, recording::timeline,
        admin::camera::list, admin::camera::add, admin::camera::get, admin::camera::change,
        admin::camera::remove,
        admin::event_type::list,
        admin::not_understood::list,
        admin::recipe::get,
        admin::recipe::set,
        admin::recipe::remove,
        admin::token::list, admin::token::add, admin::token::show, admin::token::rotate,
        admin::token::revoke,
        job::list,
        admin::site::get,
        admin::setup::get, admin::setup::finish,
        admin::session::get, admin::session::log_in, admin::session::log_out,
        admin::session::change_password, admin::session::list, admin::session::end_others,
        admin::user::list, admin::user::add, admin::user::change, admin::user::remove,
        admin::user::end_sessions,
        admin::key::list, admin::key::add, admin::key::revoke,
        admin::audit::list, admin::audit::export,
        job::get,
        job::stop,
        ingest::deliver, ingest::deliver_as,
        admin::settings::get, admin::settings::put,
        admin::retention::get, admin::retention::preview, admin::retention::rules,
        admin::retention::try_out, admin::retention::put_rules,
        admin::hold::get, admin::hold::put, admin::hold::delete, admin::hold::list,
        admin::storage::get,
        admin::backup::list, admin::backup::start, admin::backup::download, admin::backup::delete,
        admin::system::get, admin::system::confirm_clock,
        admin::logs::get,
        admin::bundle::get,
        certificate::get,
        ctl::connect,
        health::alive, health::ready,
        metrics::get,
        openapi::show,
    ),
    components(schemas(ErrorBody, Code)),
    tags(
        (name = "events", description = "What happened: create, list, count, export, tag, delete"),
        (name = "event types", description = "Named kinds of events of a camera, and triggers"),
        (name = "cameras", description = "Devices that report events"),
        (name = "channels", description = "Cameras under the name of VXG's later API, with tokens and tags"),
        (name = "channel groups", description = "Sets of cameras with one token"),
        (name = "site", description = "For those who run the site: cameras and how they do, their tokens"),
        (name = "sessions", description = "Setting up, logging in and out; what a session's cookie is for"),
        (name = "people", description = "Users, license keys, and what was done by whom"),
        (name = "running", description = "Settings, storage, log and state of the server, for administrators"),
        (name = "jobs", description = "Long-running work"),
        (name = "video", description = "Answers for clients that look for video; none is stored here"),
        (name = "health", description = "For supervisors and load balancers"),
        (name = "document", description = "This document"),
    ),
)]
struct Document;

/// The whole document.
fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.info = Info::new("Watchpost", API_VERSION);
    document.info.description = Some(DESCRIPTION.to_owned());
    document.servers = Some(vec![Server::new("/")]);
    add_security(document.components.get_or_insert_with(Components::new));
    let schemes = SCHEMES.iter().map(|(name, ..)| *name).chain([COOKIE]);
    document.security = Some(schemes.map(|name| SecurityRequirement::new(name, [""; 0])).collect());
    let paths = &mut document.paths.paths;
    if let Some(item) = paths.get(recording::CLIPS).cloned() {
        paths.extend(recording::LISTS.map(|path| (path.to_owned(), item.clone())));
    }
    for (path, item) in paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            finish_responses(operation);
            if is_for_people(path) && operation.security.is_none() {
                operation.security = Some(vec![SecurityRequirement::new(COOKIE, [""; 0])]);
            }
        }
    }
    document
}

/// Ways to present a credential: name, header (else query parameter), what it is.
const SCHEMES: [(&str, bool, &str); 5] = [
    ("Acc", true, "`Acc ` and the access token of a camera."),
    ("SI", true, "`SI ` and the token of a group of cameras."),
    ("LKey", true, "`LKey ` and a license key, for the whole account."),
    ("Bearer", true, "`Bearer ` and any token, for tools that know no other word."),
    ("token", false, "A token where no header can be sent. Never a license key."),
];

/// The way of the page: the cookie of a session.
const COOKIE: &str = "session";

fn add_security(components: &mut Components) {
    let text = "A session, from POST `/api/admin/v1/session/`: the rights of its user's role. What changes \
        something needs `Origin` or `Sec-Fetch-Site` to say that a page of this server sends it. On TLS the \
        cookie is `__Host-wp_session`.";
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description("wp_session", text));
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(cookie));
    for (name, in_header, text) in SCHEMES {
        let key = if in_header {
            ApiKey::Header(ApiKeyValue::with_description("Authorization", text))
        } else {
            ApiKey::Query(ApiKeyValue::with_description("token", text))
        };
        components.add_security_scheme(name, SecurityScheme::ApiKey(key));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", item.get.as_mut()),
        ("post", item.post.as_mut()),
        ("put", item.put.as_mut()),
        ("delete", item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// `get` and `/api/v2/cameras/{id}/` as `get_api_v2_cameras_id`: once in the document.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |id, word| format!("{id}_{word}"))
}

/// Adds the refusal of a missing credential, missing descriptions, and an example to each error.
fn finish_responses(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    let needs_credential = operation.security.is_none();
    if needs_credential {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody")));
        let response = ResponseBuilder::new()
            .description("`invalid_auth`")
            .content("application/json", content.build());
        responses.entry("401".to_owned()).or_insert_with(|| RefOr::T(response.build()));
    }
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            response.description = reason(status);
        }
        if let Some(example) = error_example(status, response)
            && let Some(RefOr::T(content)) = response.content.get_mut("application/json")
        {
            content.example = Some(example);
        }
    }
}

/// `200` as `OK`: the specification wants a description everywhere.
fn reason(status: &str) -> String {
    let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
    status.and_then(|status| status.canonical_reason()).unwrap_or_default().to_owned()
}

/// The body with the first code that the response's description names.
fn error_example(status: &str, response: &Response) -> Option<serde_json::Value> {
    let status: u16 = status.parse().ok().filter(|status| *status >= 400)?;
    let code = response.description.split('`').nth(1)?;
    let members: [(&str, serde_json::Value); 3] = [
        ("errorType", code.into()),
        ("errorDetail", code.replace('_', " ").into()),
        ("status", status.into()),
    ];
    Some(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    /// A change of the API shows in review. With `UPDATE_DOCS=1` the file is written instead.
    #[test]
    fn the_file_is_what_the_handlers_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/openapi.json");
        let made = document().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, made).unwrap();
            return;
        }
        let found = std::fs::read_to_string(path).unwrap();
        let line = found.lines().zip(made.lines()).position(|(found, made)| found != made);
        assert!(
            found == made,
            "line {line:?} differs: run with UPDATE_DOCS=1 and look at the difference"
        );
    }

    #[test]
    fn the_document_is_3_1_and_its_references_hold() {
        let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document.pointer("/components/schemas/BTreeMap").is_none(), "an alias got in");
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn every_operation_is_described_and_named_once() {
        let mut document = document();
        let mut ids = HashSet::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                assert!(operation.summary.is_some(), "{method} {path}");
                assert!(operation.tags.as_ref().is_some_and(|tags| tags.len() == 1), "{path}");
                for (status, response) in &operation.responses.responses {
                    let described = matches!(response, RefOr::T(r) if !r.description.is_empty());
                    assert!(described, "{method} {path} {status}");
                }
                let id = operation.operation_id.clone().unwrap();
                assert!(ids.insert(id.clone()), "{id} twice");
                for placeholder in path.split('{').skip(1) {
                    let name = placeholder.split('}').next().unwrap();
                    let known = operation
                        .parameters
                        .iter()
                        .flatten()
                        .any(|p| matches!(p, RefOr::T(p) if p.name == name));
                    assert!(known, "{method} {path}: {name}");
                }
            }
        }
        assert!(ids.contains("get_api_v4_storage_records"));
    }

    #[test]
    fn errors_have_examples() {
        let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
        let pointer =
            "/paths/~1api~1v2~1cameras~1{id}~1/get/responses/404/content/application~1json/example";
        assert_eq!(document.pointer(pointer).unwrap()["errorType"], "camera_not_found");
        assert_eq!(document.pointer(pointer).unwrap()["status"], 404);
    }
}

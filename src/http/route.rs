//! Routes: one way to register a path, so that wrong methods, `HEAD` and final slashes behave alike.

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::{Resource, Route, guard, web};

use super::error::ApiError;

/// A path with its methods.
///
/// - `path` may hold `{name}` parameters; it matches with and without its final slash, never by redirect.
/// - Each route is `web::to(handler)`, without a method of its own: the method stands beside it.
/// - `GET` routes answer `HEAD` too (actix leaves the body out).
/// - Any other method gets 405 `method_not_allowed` with `Allow`.
///
/// Routes are tried in order of registration: `…/events/stream/` must come before `…/events/{id}/`.
///
/// ```text
/// config.service(route::resource(EVENTS, [
///     (Method::GET, web::to(list)),
///     (Method::POST, web::to(create)),
/// ]));
/// ```
///
/// # Panics
/// Never: the names of methods fit into a header.
pub fn resource(path: &str, routes: impl IntoIterator<Item = (Method, Route)>) -> Resource {
    let bare = path.trim_end_matches('/');
    let resource = if bare.is_empty() {
        web::resource("/")
    } else {
        web::resource([bare.to_owned(), format!("{bare}/")])
    };
    with_routes(resource, routes)
}

/// A much used path without parameters, spelled as it stands and no other way; register it before everything
/// else, and [`resource`] as well, for the other spelling.
///
/// One spelling is compared as text. Two are a regular expression each, as are parameters, and every one that is
/// registered before costs a request some microseconds.
pub fn spelled(path: &str, routes: impl IntoIterator<Item = (Method, Route)>) -> Resource {
    with_routes(web::resource(path), routes)
}

fn with_routes(
    mut resource: Resource,
    routes: impl IntoIterator<Item = (Method, Route)>,
) -> Resource {
    let mut allow = Vec::new();
    for (method, route) in routes {
        allow.push(method.to_string());
        if method == Method::GET {
            allow.push(Method::HEAD.to_string());
        }
        let accepts = move |given: &Method| {
            *given == method || (*given == Method::HEAD && method == Method::GET)
        };
        resource =
            resource.route(route.guard(guard::fn_guard(move |ctx| accepts(&ctx.head().method))));
    }
    let allow = HeaderValue::from_str(&allow.join(", ")).expect("methods are tokens");
    resource.default_service(web::to(move || {
        let allow = allow.clone();
        async move { Err::<&str, _>(ApiError::MethodNotAllowed { allow }) }
    }))
}

/// Answers paths that nobody knows: `App::default_service(web::to(route::not_found))`.
///
/// # Errors
/// [`ApiError::NotFound`], always.
pub fn not_found() -> std::future::Ready<Result<&'static str, ApiError>> {
    std::future::ready(Err(ApiError::NotFound))
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpResponse};

    use super::*;

    async fn item(path: web::Path<(u32, String)>) -> HttpResponse {
        HttpResponse::Ok().body(format!("{} {}", path.0, path.1))
    }

    #[actix_web::test]
    async fn paths_match_with_and_without_slash_and_methods_are_told() {
        let routes = [(Method::GET, web::to(item)), (Method::PUT, web::to(item))];
        let app = App::new()
            .service(resource("/a/{id}/meta/{tag}/", routes))
            .service(resource("/", [(Method::GET, web::to(async || "root"))]))
            .default_service(web::to(not_found));
        let app = init_service(app).await;
        for (method, path, status, text) in [
            (Method::GET, "/a/7/meta/big%20car/", 200, "7 big car"),
            (Method::PUT, "/a/7/meta/x", 200, "7 x"),
            (Method::HEAD, "/a/7/meta/x", 200, "7 x"),
            (Method::GET, "/", 200, "root"),
            (Method::POST, "/a/7/meta/x", 405, ""),
            (Method::GET, "/a/7/meta/x//", 404, ""),
            (Method::GET, "/b", 404, ""),
        ] {
            let request = TestRequest::with_uri(path).method(method.clone()).to_request();
            let response = call_service(&app, request).await;
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            let allow = response.headers().get("allow").map(|v| v.to_str().unwrap().to_owned());
            assert_eq!(allow.as_deref(), (status == 405).then_some("GET, HEAD, PUT"));
            let body = read_body(response).await;
            if status == 200 {
                assert_eq!(body, text);
            } else {
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(body["status"], status);
            }
        }
    }
}

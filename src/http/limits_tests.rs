//! The limits over real sockets: what actix does below them counts as well.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use actix_server::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpRequest};

use super::guard;
use crate::http::body::{BodyBudget, read_body};
use crate::http::connections::Connections;
use crate::http::edge::Edge;
use crate::http::error::ApiError;
use crate::http::serve::{Door, Times, serve as serve_doors};
use crate::http::{listen, route};

struct Server {
    address: SocketAddr,
    connections: Connections,
    handle: ServerHandle,
}

async fn take(req: HttpRequest, payload: Payload) -> Result<String, ApiError> {
    Ok(read_body(&req, payload, 1_000).await?.len().to_string())
}

async fn panics() -> &'static str {
    panic!("as the test asks")
}

fn serve(connections: Connections) -> Server {
    let socket = listen::listener("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let budget = BodyBudget::default();
    let app = move || {
        App::new()
            .wrap(from_fn(guard))
            .app_data(Data::new(budget.clone()))
            .route("/take", web::post().to(take))
            .route("/panics", web::get().to(panics))
            .default_service(web::to(route::not_found))
    };
    let times = Times {
        // actix counts from the last tick of its clock, half a second ago at most. A time that is over by then
        // never wakes it: shorter ones than that leave connections open.
        head: Duration::from_secs(1),
        disconnect: Duration::from_secs(1),
    };
    let builder = actix_server::Server::build().workers(1).disable_signals();
    let doors = vec![Door { socket, tls: None, ingest_only: false }];
    let server = serve_doors(builder, doors, &connections, times, app).unwrap();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Server { address, connections, handle }
}

/// Sends `request` and returns all that comes back until the server closes, which a busy machine may
/// take its time for.
async fn exchange(address: SocketAddr, request: String) -> (String, bool) {
    exchange_until(address, request, Duration::from_secs(10)).await
}

/// The same, until the server closes or is silent for so long.
async fn exchange_until(address: SocketAddr, request: String, silence: Duration) -> (String, bool) {
    let talk = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(silence)).unwrap();
        let _ = stream.write_all(request.as_bytes());
        let (mut answer, mut part) = (Vec::new(), [0; 4096]);
        loop {
            match stream.read(&mut part) {
                Ok(0) => return (String::from_utf8_lossy(&answer).into_owned(), true),
                Ok(count) => answer.extend_from_slice(&part[..count]),
                Err(_) => return (String::from_utf8_lossy(&answer).into_owned(), false),
            }
        }
    };
    web::block(talk).await.unwrap()
}

#[actix_web::test]
async fn hostile_requests_get_their_answers() {
    let server = serve(Connections::default());
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n");
    let post =
        |more: &str, body: &str| format!("POST /take HTTP/1.1\r\nHost: x\r\n{more}\r\n{body}");
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let chunked = "Transfer-Encoding: chunked\r\n";
    let filler = "y".repeat(17_000);
    for (request, status, text, closed) in [
        (get("/none", ""), "404", "not_found", false),
        (get("/panics", ""), "500", "\"internal\"", false),
        (get(&format!("/{filler}"), ""), "431", "headers_too_large", true),
        (get("/", &format!("A: {filler}\r\n")), "431", "headers_too_large", true),
        (get("/", &"A: b\r\n".repeat(97)), "431", "", true),
        (get("/", "A: b\0\r\n"), "400", "", true),
        (String::from("GET / HTTP/1.1\r\nHost"), "408", "", true),
        (post("Content-Length: 5\r\n", "12345"), "200", "5", false),
        (post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400", "", true),
        (post("Content-Length: 5\r\nContent-Length: 6\r\n", "12345"), "400", "", true),
        (post("Content-Length: 900000\r\n", "123"), "413", "body_too_large", true),
        (
            post("Content-Length: 5\r\nContent-Encoding: gzip\r\n", "12345"),
            "415",
            "encoding",
            false,
        ),
        (post(chunked, "5\r\n12345\r\n0\r\n\r\n"), "200", "5", false),
        (post(chunked, "zz\r\n12345\r\n"), "400", "bad_body", true),
        (post(chunked, &chunk.repeat(200)), "413", "body_too_large", true),
        (get("/none", "Content-Length: 3\r\n") + "abc", "404", "not_found", false),
    ] {
        let head: String = request.chars().take(60).collect();
        let silence = Duration::from_secs(if closed { 10 } else { 2 });
        let (answer, was_closed) = exchange_until(server.address, request, silence).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head:?}: {answer:?}");
        assert!(answer.contains(text), "{head:?}: {answer:?}");
        assert_eq!(was_closed, closed, "{head:?}: {answer:?}");
    }
    for _ in 0..50 {
        if server.connections.count() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections.count(), 0, "every connection was given back");
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn a_connection_over_the_limit_is_told_so() {
    let server = serve(Connections::new(10, 1, Edge::default()));
    let first = TcpStream::connect(server.address).unwrap();
    while server.connections.count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (answer, closed) = exchange(server.address, String::new()).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("overloaded"), "{answer:?}");
    assert!(closed);
    drop(first);
    while server.connections.count() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned();
    assert!(exchange(server.address, request).await.0.starts_with("HTTP/1.1 404 "));
    server.handle.stop(false).await;
}

#[actix_web::test]
async fn headers_are_everywhere_and_cors_where_it_belongs() {
    let server = serve(Connections::default());
    let request = |method: &str, path: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    };
    for path in ["/api/v2/x", "/api/admin/v1/x", "/"] {
        let (answer, _) = exchange(server.address, request("GET", path)).await;
        for header in ["nosniff", "no-referrer", "no-store"] {
            assert!(answer.contains(header), "{path}: {answer}");
        }
        assert_eq!(answer.contains("access-control-"), path == "/api/v2/x", "{answer}");
    }
    let (answer, _) = exchange(server.address, request("OPTIONS", "/api/v5/channels/")).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    for header in ["allow-origin: *", "DELETE", "idempotency-key", "max-age"] {
        assert!(answer.contains(header), "{header}: {answer}");
    }
    let (answer, _) = exchange(server.address, request("OPTIONS", "/api/admin/v1/x")).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let (answer, _) = exchange(server.address, request("HEAD", "/api/v2/x")).await;
    assert!(answer.ends_with("\r\n\r\n"), "a HEAD answer has no body: {answer}");
    server.handle.stop(false).await;
}

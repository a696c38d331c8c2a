//! Where a request really comes from and how it got here: the listener's kind, and what a proxy in front
//! of the server says that is trusted to say it (operations.md 5.7).
//!
//! Only `X-Forwarded-*` counts, not RFC 7239's `Forwarded`: a proxy that knows one of the two passes the
//! other on as a client sent it.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY};
use actix_web::web::Data;

use crate::domain::Network;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Most hops that are looked through.
const HOPS_MAX: usize = 16;

/// What kind of listener a connection came to. Part of the connection's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Via {
    /// It is encrypted.
    pub tls: bool,
    /// Events are taken in there and nothing else is served.
    pub ingest_only: bool,
}

/// What is known of the way to the server. Part of the app data; without it nothing is trusted.
#[derive(Clone, Debug, Default)]
pub struct Edge(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    proxies: Vec<Network>,
    hsts: Option<HeaderValue>,
}

impl Edge {
    /// `proxies` may say for whom they ask; with `hsts_days` browsers are told to use TLS alone for so long.
    ///
    /// # Panics
    /// Never: a number fits into a header.
    pub fn new(proxies: Vec<Network>, hsts_days: u32) -> Self {
        let value = format!("max-age={}", u64::from(hsts_days) * 86_400);
        let hsts = (hsts_days > 0)
            .then(|| HeaderValue::from_str(&value).expect("a number fits into a header"));
        Self(Arc::new(Known { proxies, hsts }))
    }

    /// Whether this is a proxy that is trusted.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.proxies.iter().any(|network| network.contains(address))
    }

    /// The right-most hop that is no proxy of ours. What is not an address ends the search: whoever wrote
    /// it is the last that is known.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let lines: Vec<&HeaderValue> = headers.get_all(FOR).collect();
        let hops = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS_MAX) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = std::str::from_utf8(hop).ok().and_then(address) else { break };
            client = address;
        }
        client
    }
}

/// An address as proxies write it: bare, with brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    bare().or_else(with_port).map(|address| address.to_canonical())
}

/// The address that a request comes from.
pub(super) fn peer(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let client = edge(request).map(|edge| edge.client(peer, request.headers()));
    Some(client.unwrap_or(peer))
}

/// Whether the client's side of the way is encrypted.
pub(super) fn is_tls(request: &HttpRequest) -> bool {
    let said = || said(request, &PROTO).is_some_and(|word| word.eq_ignore_ascii_case("https"));
    via(request).tls || said()
}

/// The `Host` that the client named.
pub(super) fn host(request: &HttpRequest) -> Option<&str> {
    let named = || request.headers().get("host")?.to_str().ok();
    said(request, &HOST).or_else(named)
}

/// The kind of listener that a request came to.
pub(super) fn via(request: &HttpRequest) -> Via {
    request.conn_data::<Via>().copied().unwrap_or_default()
}

/// The header that tells browsers to use TLS alone, where that is wanted.
pub(super) fn hsts(request: &HttpRequest) -> Option<(HeaderName, HeaderValue)> {
    let value = edge(request)?.0.hsts.clone()?;
    is_tls(request).then_some((STRICT_TRANSPORT_SECURITY, value))
}

/// Whether the listener that takes events in and serves nothing else serves this.
///
/// Deliveries and camera connections; events created over the API, for cameras that can send a header but
/// no TLS; and pictures and metadata files to the signed addresses that a camera was told.
pub(super) fn is_ingest(method: &str, path: &str, query: &str) -> bool {
    let path = path.trim_end_matches('/');
    let is_file = || {
        path.strip_prefix("/api/v2/storage/events/")
            .and_then(|rest| rest.strip_suffix("/thumb").or_else(|| rest.strip_suffix("/filemeta")))
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
            && query.split('&').any(|pair| pair.starts_with("sign="))
    };
    match method {
        "GET" | "HEAD" => path.starts_with("/i/") || path.starts_with("/ctl/"),
        "POST" => {
            path.starts_with("/i/")
                || path == "/api/v2/storage/events"
                || path == "/api/v2/storage/events/bulk"
        }
        "PUT" => path.starts_with("/i/") || is_file(),
        _ => false,
    }
}

/// What a trusted proxy says last in a header.
fn said<'r>(request: &'r HttpRequest, name: &HeaderName) -> Option<&'r str> {
    let edge = edge(request)?;
    if !edge.trusts(request.peer_addr()?.ip()) {
        return None;
    }
    let line = request.headers().get_all(name).last()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim).filter(|word| !word.is_empty())
}

fn edge(request: &HttpRequest) -> Option<&Edge> {
    request.app_data::<Data<Edge>>().map(Data::get_ref)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use actix_web::test::TestRequest;

    use super::*;

    fn edge() -> Edge {
        Edge::new(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()], 1)
    }

    fn request(from: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let peer = SocketAddr::new(from.parse().unwrap(), 4_711);
        let mut request = TestRequest::default().peer_addr(peer).app_data(Data::new(edge()));
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        request.to_http_request()
    }

    #[test]
    fn the_client_is_the_right_most_hop_that_is_no_proxy_of_ours() {
        for (from, said, client) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            // What a client says of itself, readable or not, stands to the left of what our proxy says.
            ("10.0.0.1", &["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["127.0.0.1", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["\u{e9}, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, \u{e9}, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.7, 10.9.9.9"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7:5000"], "198.51.100.7"),
            ("::1", &["[2001:db8::7]:5000"], "2001:db8::7"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            let headers: Vec<_> = said.iter().map(|line| ("X-Forwarded-For", *line)).collect();
            let found = peer(&request(from, &headers)).unwrap();
            assert_eq!(found.to_string(), client, "{from} {said:?}");
        }
    }

    #[test]
    fn scheme_and_host_count_from_a_proxy_of_ours_alone() {
        let headers = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "nvr.example")];
        let trusted = request("10.0.0.1", &headers);
        assert!(is_tls(&trusted) && hsts(&trusted).is_some());
        assert_eq!(host(&trusted), Some("nvr.example"));
        let foreign = request("192.0.2.1", &headers);
        assert!(!is_tls(&foreign) && hsts(&foreign).is_none());
        assert_eq!(host(&foreign), None);
        let forged = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")];
        assert!(!is_tls(&request("10.0.0.1", &forged)), "the proxy's own word comes last");
    }

    #[test]
    fn nothing_but_events_is_taken_in_by_an_ingest_listener() {
        for (method, target, served) in [
            ("POST", "/i/secret", true),
            ("GET", "/i/secret/event?name=x", true),
            ("PUT", "/i/secret", true),
            ("GET", "/ctl/NEW/secret/", true),
            ("POST", "/api/v2/storage/events/", true),
            ("POST", "/api/v2/storage/events/bulk", true),
            ("PUT", "/api/v2/storage/events/7/thumb/?of=upload&expire=1&sign=x", true),
            ("PUT", "/api/v2/storage/events/7/filemeta/?of=upload_filemeta&expire=1&sign=x", true),
            ("PUT", "/api/v2/storage/events/7/thumb/", false),
            ("PUT", "/api/v2/storage/events/7/filemeta/", false),
            ("PUT", "/api/v2/storage/events/7/meta/?sign=x", false),
            ("GET", "/api/v2/storage/events/7/filemeta/?of=filemeta&sign=x", false),
            ("GET", "/api/v2/storage/events/7/thumb/?of=full&sign=x", false),
            ("GET", "/api/v2/storage/events/", false),
            ("DELETE", "/api/v2/storage/events/", false),
            ("OPTIONS", "/api/v2/storage/events/", false),
            ("POST", "/api/v2/storage/events/7/", false),
            ("POST", "/api/admin/v1/session/", false),
            ("GET", "/i", false),
            ("GET", "/", false),
            ("GET", "/healthz", false),
            ("GET", "/metrics", false),
            ("GET", "/ca.crt", false),
            ("DELETE", "/i/secret", false),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(is_ingest(method, path, query), served, "{method} {target}");
        }
    }
}

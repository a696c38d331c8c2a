//! The web page as the binary serves it.

use crate::common::{Client, Server};

/// A server and a client, unless this build is without the page.
fn page() -> Option<(Server, Client)> {
    if cfg!(not(feature = "ui")) {
        eprintln!("SKIPPED: built with --no-default-features, so there is no web page to ask for");
        return None;
    }
    let server = Server::start();
    let client = server.client("");
    Some((server, client))
}

/// Addresses that a document loads from its server.
fn loads(document: &str) -> Vec<&str> {
    let values = document.split("src=\"").skip(1).chain(document.split("href=\"").skip(1));
    let values = values.filter_map(|rest| rest.split('"').next());
    values.filter(|address| address.starts_with('/')).collect()
}

#[test]
fn the_page_and_all_that_it_loads_are_there_and_nothing_is_from_elsewhere() {
    let Some((_server, client)) = page() else { return };
    let answer = client.get("/");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!answer.text.contains("src=\"http"), "{}", answer.text);
    let parts = loads(&answer.text);
    assert!(parts.iter().any(|part| part.starts_with("/assets/")), "{}", answer.text);
    for part in parts {
        let answer = client.get(part);
        assert_eq!(answer.status, 200, "{part}");
        let keep = answer.header("cache-control").unwrap();
        assert_eq!(keep.contains("immutable"), part.starts_with("/assets/"), "{part}: {keep}");
    }
}

#[test]
fn a_part_is_packed_as_the_client_asks_and_not_sent_twice() {
    let Some((_server, client)) = page() else { return };
    let document = client.get("/").text;
    let parts = loads(&document);
    let part = parts.iter().find(|part| part.starts_with("/assets/") && part.contains(".js"));
    let part = part.expect("a script");
    for (accept, coding) in [("gzip, deflate, br", "br"), ("gzip", "gzip")] {
        let answer = client.send("HEAD", part, &[("Accept-Encoding", accept)], None);
        assert_eq!(answer.header("content-encoding"), Some(coding), "{part}");
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
    }
    let answer = client.send("GET", part, &[("Accept-Encoding", "identity")], None);
    assert_eq!(answer.header("content-encoding"), None);
    let etag = answer.header("etag").unwrap();
    let headers = [("Accept-Encoding", "identity"), ("If-None-Match", etag)];
    assert_eq!(client.send("GET", part, &headers, None).status, 304);
}

#[test]
fn deep_links_open_and_what_is_nothing_is_said_to_each_in_his_way() {
    let Some((_server, client)) = page() else { return };
    let document = client.get("/").text;
    for path in
        ["/events?camid=1", "/events/12", "/cameras/7", "/access/users", "/system", "/live/"]
    {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.text == document), (200, true), "{path}");
    }
    let html = [("Accept", "text/html,*/*;q=0.8")];
    let lost = client.send("GET", "/no/such/page", &html, None);
    assert_eq!((lost.status, lost.text == document), (404, true));
    for path in ["/api/v2/nothing/", "/assets/none.js", "/i", "/docs/none.js"] {
        assert_eq!(client.send("GET", path, &html, None).error(), "not_found", "{path}");
    }
    assert_eq!(client.get("/no/such/page").error(), "not_found");
    assert_eq!(client.send("POST", "/no/such/page", &html, Some(b"{}")).error(), "not_found");
}

#[test]
fn the_reference_has_its_own_parts() {
    let server = Server::start();
    let client = server.client("");
    let document = client.get("/docs/").text;
    let parts = loads(&document);
    assert!(parts.contains(&"/docs/docs.js") && parts.contains(&"/docs/style.css"), "{parts:?}");
    for part in parts {
        assert_eq!(client.get(part).status, 200, "{part}");
    }
}

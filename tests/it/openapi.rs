//! The API document: what it says is there, and nothing else is.

use std::process::Command;

use serde_json::Value;

use crate::common::{BINARY, Server};
use crate::site::{EVENTS, camera, event};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];

/// What `watchpost openapi` prints.
pub fn document() -> String {
    let output = Command::new(BINARY).arg("openapi").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A documented path at the first camera or event.
#[track_caller]
pub fn filled(template: &str, token: &str) -> String {
    let path = template
        .replace("{id}", "1")
        .replace("{camid}", "1")
        .replace("{name}", "motion")
        .replace("{tag}", "t")
        .replace("{dialect}", "onvif")
        .replace("{token}", token);
    assert!(!path.contains('{'), "{template}");
    path
}

#[test]
fn the_server_gives_the_same_document() {
    let server = Server::start();
    assert_eq!(server.client("").get("/api/openapi.json").text, document());
}

/// Each documented method is answered by a handler; each other one by 405 that names the documented.
#[test]
fn paths_have_the_documented_methods_and_no_others() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.client(&server.key());
    let watch = server.client(&gate.watch);
    event(&key, gate.id, "motion", "2026-03-01T10:00:00", &serde_json::json!({"t": "1"}));
    let document: Value = serde_json::from_str(&document()).unwrap();
    for (template, item) in document["paths"].as_object().unwrap() {
        let path = filled(template, gate.ingest.trim_start_matches("Acc "));
        let documented = |method: &&str| item.get(method.to_lowercase()).is_some();
        let allow: Vec<&str> = METHODS.into_iter().filter(documented).collect();
        for method in METHODS {
            // Only reading is done for good; of the rest it is enough that a handler refuses it.
            let client = if method == "GET" { &key } else { &watch };
            for path in [path.as_str(), path.trim_end_matches('/')] {
                let body = (method != "GET").then_some(b"{}".as_slice());
                // A feed would not end; one that is refused does.
                let query = if template.ends_with("/stream/") { "?after_id=x" } else { "" };
                let answer = client.send(method, &format!("{path}{query}"), &[], body);
                let about = format!("{method} {path}: {} {:.300}", answer.status, answer.text);
                if allow.contains(&method) {
                    assert!((200..500).contains(&answer.status) && answer.status != 405, "{about}");
                    assert!(!answer.text.contains("nothing at this path"), "{about}");
                } else {
                    assert_eq!(answer.error(), "method_not_allowed", "{about}");
                    let named = answer.header("allow").unwrap().split(", ");
                    assert!(named.filter(|m| *m != "HEAD").eq(allow.iter().copied()), "{about}");
                }
            }
        }
    }
    assert_eq!(
        key.get(EVENTS).ok(200)["meta"]["total_count"],
        2,
        "no refused request did anything; the delivery by address did"
    );
}

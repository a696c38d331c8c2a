//! The examples of the documentation, run as they stand.
//!
//! A block that starts with ```` ```sh run ```` is run by bash, in the order of the page, against a real
//! server with one camera. Where a ```` ```json ```` block follows, the answer has the same members, of
//! the same kinds. ```` ```sh refused ```` is an example of an error.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{BINARY, Server};
use crate::site::{camera, unlike};

/// One example.
#[derive(Debug)]
struct Example {
    line: usize,
    script: String,
    refused: bool,
    answer: Option<Value>,
}

/// The blocks of a page: where each begins, how it is marked, its text.
fn blocks(page: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (n, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(mark)) => open = Some((n + 1, mark.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, _, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block has no end");
    found
}

fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut last_was_example = false;
    for (line, mark, text) in blocks(page) {
        match mark.as_str() {
            "sh run" | "sh refused" => {
                let refused = mark == "sh refused";
                found.push(Example { line, script: text, refused, answer: None });
            }
            "json" if last_was_example => {
                let answer = serde_json::from_str(&text)
                    .unwrap_or_else(|error| panic!("line {line}: not JSON: {error}"));
                found.last_mut().unwrap().answer = Some(answer);
            }
            _ => {}
        }
        last_was_example = mark.starts_with("sh ");
    }
    found
}

fn run(page: &str, least: usize) {
    run_on(page, least, &Server::start(), "");
}

/// Runs the examples of a page. `$EVENT` is the id of the event that was answered last.
fn run_on(page: &str, least: usize, server: &Server, plain: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let examples = examples(&text);
    assert!(examples.len() >= least, "{page} has {} examples", examples.len());
    let gate = camera(server, &["--name", "Gate"]);
    let yard = camera(server, &["--name", "Yard"]);
    let key = server.key();
    let session = if server.base.starts_with("https:") {
        String::new() // no page with TLS has an example that needs one
    } else {
        server.admin().header("Cookie").split_once('=').unwrap().1.to_owned()
    };
    let mut event = String::new();
    let scratch = tempfile::tempdir().unwrap();
    let binaries = Path::new(BINARY).parent().unwrap();
    let search = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let secret = |text: &str| text.split_once(' ').unwrap().1.to_owned();
    for example in examples {
        let flags = if example.refused { "-sS" } else { "-sS --fail-with-body" };
        let script = format!("curl() {{ command curl {flags} \"$@\"; }}\n{}", example.script);
        let output = Command::new("bash")
            .args(["-eu", "-o", "pipefail", "-c", &script])
            .current_dir(scratch.path())
            .env("PATH", &search)
            .env("WATCHPOST_DATA_DIR", server.dir())
            .env("WP", &server.base)
            .env("PLAIN", plain)
            .env("KEY", secret(&key))
            .env("SESSION", &session)
            .env("TOKEN", secret(&gate.all))
            .env("INGEST", secret(&gate.ingest))
            .env("CAM", gate.id.to_string())
            .env("CAM2", yard.id.to_string())
            .env("EVENT", &event)
            .output()
            .unwrap();
        let about = format!("{page}:{}: {}", example.line, example.script);
        assert!(output.status.success(), "{about}{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        if let Some(expected) = &example.answer {
            let answer = answer.as_ref().unwrap_or_else(|| panic!("{about}no JSON: {text}"));
            if let Some(difference) = unlike("answer", expected, answer) {
                panic!("{about}{difference}\n{answer:#}");
            }
            if example.refused {
                assert_eq!(answer["errorType"], expected["errorType"], "{about}");
                assert_eq!(answer["status"], expected["status"], "{about}");
            }
        }
        if let Some(answer) = answer.filter(|answer| answer.get("camid").is_some()) {
            event = answer["id"].to_string();
        }
    }
}

#[test]
fn the_examples_of_the_api_reference_work() {
    run("docs/ref/api.md", 25);
}

#[test]
fn the_examples_of_the_metrics_reference_work() {
    run("docs/ref/metrics.md", 1);
}

#[test]
fn the_examples_of_the_guide_work() {
    run("docs/guide/getting-started.md", 5);
}

#[test]
fn the_examples_of_the_guide_to_tls_work() {
    let own_ca = ["--tls", "own-ca", "--ingest-listen", "127.0.0.1:0"];
    let mut server = Server::start_with(&own_ca);
    let line = server.line().trim().to_owned();
    let plain = line.strip_prefix("listening on ").and_then(|rest| rest.split(' ').next());
    run_on("docs/guide/tls.md", 4, &server, plain.unwrap());
}

#[test]
fn the_commands_of_the_troubleshooting_guide_work() {
    run("docs/guide/troubleshooting.md", 1);
}

#[test]
fn the_examples_of_the_backup_guide_work() {
    run("docs/guide/backup.md", 3);
}

/// Every code that the server can answer with is in the reference, and no other.
#[test]
fn the_reference_has_every_error_code() {
    let document: Value = serde_json::from_str(&crate::openapi::document()).unwrap();
    let codes = document["components"]["schemas"]["Code"]["enum"].as_array().unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ref/api.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = page.split("\n## Errors\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| row.split('`').next())
        .collect();
    for code in codes {
        let code = code.as_str().unwrap();
        assert!(listed.contains(&code), "`{code}` is not in the table of errors");
    }
    for code in listed {
        assert!(codes.iter().any(|known| known == code), "`{code}` is not an error code");
    }
}

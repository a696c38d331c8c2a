//! The layers and the habits, held by tests: one crate, so the compiler does not hold them.
//!
//! [`LAYERS`] says who may not name whom. Change it only together with ARCHITECTURE.md.
//! Comments and string literals do not count; `use` groups are taken apart first.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A part of `src/`, and what it may not name. A final `*` stands for any rest of the word.
struct Layer {
    /// A file or a folder, without `.rs`.
    path: &'static str,
    may_not_name: &'static [&'static str],
}

/// Knowledge flows one way: `domain` ← `store` ← `service` ← `http` and `cli`; `app` ties them.
const LAYERS: &[Layer] = &[
    Layer {
        path: "src/domain",
        may_not_name: &[
            "redb",
            "bincode",
            "actix*",
            "tokio*",
            "crate::app",
            "crate::store",
            "crate::service",
            "crate::http",
            "crate::cli",
            "crate::task",
        ],
    },
    Layer {
        path: "src/store",
        may_not_name: &[
            "actix*",
            "tokio*",
            "utoipa",
            "crate::app",
            "crate::service",
            "crate::http",
            "crate::cli",
            "crate::task",
        ],
    },
    Layer {
        path: "src/service",
        may_not_name: &[
            "actix*",
            "utoipa",
            "redb",
            "bincode",
            "crate::app",
            "crate::http",
            "crate::cli",
        ],
    },
    Layer { path: "src/http", may_not_name: &["redb", "bincode", "crate::store", "crate::cli"] },
    Layer { path: "src/cli", may_not_name: &["redb", "bincode", "crate::http"] },
    Layer {
        path: "src/task",
        may_not_name: &["actix*", "redb", "bincode", "crate::http", "crate::cli"],
    },
];

/// What has one home: the name, and the only file that may say it.
const HOMES: &[(&str, &str)] = &[
    ("bincode", "src/store/row.rs"),
    ("Utc::now", "src/service/clock.rs"),
    ("Local::now", "src/service/clock.rs"),
];

/// Text that would tie the project to the machine it was written on.
const NOT_OURS: &[&str] = &[
    concat!("..", "/shared"),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

/// Where a file usually holds two things; said, not refused.
const LINES_USUALLY_MAX: usize = 400;

const FAMILIES: &[&str] = &[
    "motion", "person", "vehicle", "boundary", "object", "sound", "access", "alarm", "device",
    "custom",
];

#[test]
fn layers_name_only_what_lies_below_them() {
    let mut found = Vec::new();
    for file in rust_sources() {
        let names = names(&read(&file));
        for layer in LAYERS.iter().filter(|layer| file.is_in(layer.path)) {
            for forbidden in layer.may_not_name {
                for name in names.iter().filter(|name| name.mentions(forbidden)) {
                    found.push(format!(
                        "{}:{}: {} may not name `{forbidden}` (`{}`)",
                        file.name, name.line, layer.path, name.path
                    ));
                }
            }
        }
    }
    refuse(&found);
}

#[test]
fn what_has_one_home_is_named_only_there() {
    let mut found = Vec::new();
    for file in rust_sources() {
        let names = names(&read(&file));
        for (thing, home) in HOMES.iter().filter(|(_, home)| file.name != *home) {
            for name in names.iter().filter(|name| name.mentions(thing)) {
                found.push(format!(
                    "{}:{}: `{thing}` belongs to {home} alone",
                    file.name, name.line
                ));
            }
        }
    }
    refuse(&found);
}

#[test]
fn the_project_stands_alone() {
    let mut found = Vec::new();
    for file in all_files() {
        let Ok(text) = std::fs::read_to_string(&file.path) else { continue }; // not text
        for (index, line) in text.lines().enumerate() {
            for foreign in NOT_OURS.iter().filter(|foreign| line.contains(**foreign)) {
                found.push(format!("{}:{}: mentions `{foreign}`", file.name, index + 1));
            }
        }
    }
    refuse(&found);
}

#[test]
fn long_files_are_pointed_out() {
    for file in rust_sources() {
        let lines = read(&file).lines().count();
        if lines > LINES_USUALLY_MAX {
            // Straight to the handle: the test harness keeps what a passing test prints to itself.
            writeln!(std::io::stderr(), "note: {} has {lines} lines", file.name)
                .expect("standard error is open");
        }
    }
}

#[test]
fn the_catalogue_of_event_types_is_well_formed() {
    let file = root().join("data/catalog/event-types.toml");
    let text = std::fs::read_to_string(file).expect("the catalogue is in the repository");
    let catalogue: toml::Table = text.parse().expect("the catalogue is TOML");
    let types = catalogue["event_type"].as_array().expect("a list of types");
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for entry in types {
        let name = entry["name"].as_str().expect("a name");
        let mut must = |right: bool, what: &str| {
            if !right {
                found.push(format!("{name}: {what}"));
            }
        };
        must(seen.insert(name), "is there twice");
        must((1..=128).contains(&name.len()), "name is 1 to 128 bytes");
        for language in ["en", "de"] {
            let label = entry["label"].get(language).and_then(toml::Value::as_str);
            must(label.is_some_and(|label| !label.is_empty()), "has a label in en and de");
        }
        let family = entry["family"].as_str().unwrap_or_default();
        must(FAMILIES.contains(&family), "family is one of the ten");
        for switch in ["notify", "receive", "generate_images"] {
            must(entry.get(switch).is_some_and(toml::Value::is_bool), "has the three switches");
        }
        must(entry["caps"].get("can_be_triggered").is_some(), "says can_be_triggered");
        for (cap, switch) in
            [("can_record", "record"), ("can_snapshot", "snapshot"), ("is_periodic", "period")]
        {
            let can = entry["caps"].get(cap).and_then(toml::Value::as_bool);
            must(can == Some(entry.get(switch).is_some()), "has a switch exactly where a cap is");
        }
    }
    let defaults =
        types.iter().filter(|t| t.get("default").is_some_and(|d| d.as_bool() == Some(true)));
    let defaults: Vec<_> = defaults.filter_map(|t| t["name"].as_str()).collect();
    assert_eq!(defaults, ["motion", "net", "snapshot"], "what a new camera starts with, in order");
    refuse(&found);
}

#[test]
fn the_scanner_sees_paths_and_nothing_else() {
    let text = r##"
        //! redb in a comment, /* nested */ crate::http
        use crate::{domain::{Camera, Event}, service as s};
        const TEXT: &str = "redb::Database \" bincode"; /* actix_web /* redb */ */
        const RAW: &str = r#"tokio " bincode"#;
        fn quoted<'a>(c: char) -> bool { c == '"' || c == '\'' || actix_web::rt::is(c) }
        fn stamp() { chrono::Utc::now(); my_redb::x(); super::super::cli::run(); }
    "##;
    let names = names(text);
    for (wanted, line) in [
        ("crate::service", Some(3)),
        ("crate::domain::Event", Some(3)),
        ("actix*", Some(6)),
        ("Utc::now", Some(7)),
        ("crate::cli", Some(7)),
        ("redb", None),
        ("bincode", None),
        ("tokio*", None),
        ("crate::http", None),
    ] {
        let seen = names.iter().find(|name| name.mentions(wanted)).map(|name| name.line);
        assert_eq!(seen, line, "{wanted}");
    }
}

// ---- What is scanned ----

struct File {
    path: PathBuf,
    /// Relative to the repository, with `/`.
    name: String,
}

impl File {
    /// `src/store` holds `src/store.rs` and everything under `src/store/`.
    fn is_in(&self, layer: &str) -> bool {
        let rest = self.name.strip_prefix(layer);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &File) -> String {
    std::fs::read_to_string(&file.path).expect("a source file is readable text")
}

fn rust_sources() -> Vec<File> {
    let mut files = all_files();
    files.retain(|file| {
        file.name.starts_with("src/") && file.path.extension().is_some_and(|end| end == "rs")
    });
    assert!(!files.is_empty(), "no sources under {}", root().display());
    files
}

/// Every file that belongs to the repository, in order of name: what is built, fetched or written by a run is left out.
fn all_files() -> Vec<File> {
    let (mut folders, mut files) = (vec![root().to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).expect("a folder of the repository is readable");
        for path in entries.map(|entry| entry.expect("readable").path()) {
            let below = path.strip_prefix(root()).expect("under the root");
            let name = below.to_string_lossy().replace('\\', "/");
            if path.is_symlink() {
                continue;
            }
            let ours = match name.split_once('/') {
                None => !matches!(&*name, ".git" | "target"),
                Some(("benches", rest)) => !matches!(rest, "load/target" | "__pycache__"),
                Some(("data", rest)) => rest == "catalog" || rest.starts_with("catalog/"),
                Some(("web", rest)) => !matches!(rest, "node_modules" | "dist"),
                Some(("tests", rest)) => {
                    !matches!(rest, "web/node_modules" | "web/results" | "web/shots")
                }
                Some(_) => true,
            };
            match (ours, path.is_dir()) {
                (false, _) => {}
                (true, true) => folders.push(path),
                (true, false) => files.push(File { path, name }),
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn refuse(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

// ---- How it is read ----

/// A path as the code spells it (`crate::store::Store`, `redb`), and its line.
struct Name {
    path: String,
    line: usize,
}

impl Name {
    /// Whether the path holds `wanted` as whole words in a row.
    fn mentions(&self, wanted: &str) -> bool {
        let words: Vec<&str> = self.path.split("::").collect();
        let wanted: Vec<&str> = wanted.split("::").collect();
        words.windows(wanted.len()).any(|window| {
            window.iter().zip(&wanted).all(|(word, wanted)| match wanted.strip_suffix('*') {
                Some(start) => word.starts_with(start),
                None => word == wanted,
            })
        })
    }
}

/// The paths in a source text; `a::{b, c::d}` gives `a`, `a::b` and `a::c::d`.
fn names(text: &str) -> Vec<Name> {
    let code = code_only(text);
    let (mut names, mut prefixes) = (Vec::new(), Vec::<String>::new());
    let (mut path, mut line) = (String::new(), 1);
    let mut joined = false; // the last thing seen was `::`, so the next word continues the path
    let mut rest = code.as_str();
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if word > 0 {
            if !joined {
                push(&mut names, &mut path, line);
                path = prefixes.last().cloned().unwrap_or_default();
            }
            path.push_str(&rest[..word]);
            (rest, joined) = (&rest[word..], false);
            continue;
        }
        if let Some(after) = rest.strip_prefix("::") {
            path.push_str("::");
            (rest, joined) = (after, true);
            continue;
        }
        match c {
            '{' if joined => {
                prefixes.push(path.clone());
                path.truncate(path.len() - "::".len());
                push(&mut names, &mut path, line);
                joined = false;
            }
            // An ordinary block inside no group; inside one, the group's end.
            '}' if !prefixes.is_empty() => {
                push(&mut names, &mut path, line);
                prefixes.pop();
            }
            c if c.is_whitespace() => {}
            _ => {
                push(&mut names, &mut path, line);
                joined = false;
            }
        }
        if c == '\n' {
            if !joined {
                push(&mut names, &mut path, line);
            }
            line += 1;
        }
        rest = &rest[c.len_utf8()..];
    }
    push(&mut names, &mut path, line);
    names
}

/// Takes the path up; one that climbs out by `super::super` is read as beginning at the root.
fn push(names: &mut Vec<Name>, path: &mut String, line: usize) {
    let path = std::mem::take(path);
    let above = path.trim_start_matches("super::");
    match path.len() - above.len() {
        0 if path.is_empty() => {}
        climbed if climbed >= 2 * "super::".len() => {
            names.push(Name { path: format!("crate::{above}"), line });
        }
        _ => names.push(Name { path, line }),
    }
}

/// The text with comments and the insides of literals blanked; lines stay where they are.
fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '"' {
            1 + quoted(&rest[1..], '"')
        } else if !after_word && let Some(length) = raw_string(rest) {
            length
        } else if c == '\'' && is_char(rest) {
            1 + quoted(&rest[1..], '\'')
        } else {
            0
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let here = &text.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Length up to and with the closing `quote`, which a backslash may hide.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && c == quote {
            return at + c.len_utf8();
        }
        escaped = !escaped && c == '\\';
    }
    text.len()
}

/// Length of `r"…"`, `r#"…"#`, `br#"…"#`, if one starts here.
fn raw_string(text: &str) -> Option<usize> {
    let body = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = body.find(|c| c != '#')?;
    let body = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end)? + end.len();
    Some(text.len() - body.len() + length)
}

/// A character literal, not a lifetime: `'a'`, `'\n'`, `'"'`.
fn is_char(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

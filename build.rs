//! Packs the API's document, and builds the web page in `web/` where its sources are newer than what was
//! built of them.
//!
//! The page needs Node.js; `--no-default-features` builds a server without it. A fresh page costs a look
//! at the times of its sources. Two builds at once take turns.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The API's document; `src/http/openapi.rs` embeds what is packed of it.
const DOCUMENT: &str = "data/openapi.json";
/// What the build makes, and what says when.
const PAGE: &str = "web/dist/index.html";
const PACKAGE: &str = "web/package.json";
/// In `web/`, but no source of the page.
const NOT_SOURCES: [&str; 5] = ["dist", "node_modules", "landing", "tests", "README.md"];
/// Lines of a failed command that are shown.
const LINES_SHOWN: usize = 40;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DOCUMENT}");
    if let Err(error) = pack_document() {
        println!("cargo::error={DOCUMENT}: {error}");
        return ExitCode::FAILURE;
    }
    if std::env::var_os("CARGO_FEATURE_UI").is_none() {
        return ExitCode::SUCCESS;
    }
    println!("cargo::rerun-if-changed={PACKAGE}");
    if !Path::new(PACKAGE).exists() {
        return ExitCode::SUCCESS; // no page yet: the server shows its landing page
    }
    println!("cargo::rerun-if-changed={PAGE}");
    for source in sources() {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    match build_if_stale() {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            for line in text.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The document as gzip in the folder for what is built.
fn pack_document() -> std::io::Result<()> {
    let target = std::env::var_os("OUT_DIR").unwrap_or_default();
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&fs::read(DOCUMENT)?)?;
    fs::write(Path::new(&target).join("openapi.json.gz"), packed.finish()?)
}

/// Files and folders that the page is made of.
fn sources() -> Vec<PathBuf> {
    let entries = fs::read_dir("web").into_iter().flatten().flatten();
    let mut sources: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // The bundler writes its configuration's copy beside it for a moment.
            !(NOT_SOURCES.contains(&&*name)
                || name.starts_with('.')
                || name.contains(".timestamp-"))
        })
        .map(|entry| entry.path())
        .collect();
    sources.sort();
    sources
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// The newest time in `paths`, folders and what is in them included.
fn newest(paths: Vec<PathBuf>) -> Option<SystemTime> {
    let mut waiting = paths;
    let mut newest = None;
    while let Some(path) = waiting.pop() {
        newest = newest.max(modified(&path));
        if path.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            waiting.extend(entries.map(|entry| entry.path()));
        }
    }
    newest
}

fn is_fresh() -> bool {
    modified(Path::new(PAGE)).is_some_and(|built| Some(built) >= newest(sources()))
}

fn build_if_stale() -> Result<(), String> {
    if is_fresh() {
        return Ok(());
    }
    // Held until the process ends: another build waits here, and then finds the page fresh.
    let lock = File::open(PACKAGE).map_err(|error| format!("{PACKAGE}: {error}"))?;
    lock.lock().map_err(|error| format!("locking {PACKAGE}: {error}"))?;
    if is_fresh() {
        return Ok(());
    }
    let sources_of = newest(sources());
    if Command::new("npm").arg("--version").output().is_err() {
        if Path::new(PAGE).exists() {
            println!(
                "cargo::warning=web/dist is older than web/src and is used as it is: npm is not here"
            );
            return Ok(());
        }
        return Err(
            "the web page is built with Node.js 20.19 or later and its npm, which are not here.\n\
            Debian 13: sudo apt-get install nodejs npm; elsewhere: https://nodejs.org\n\
            A server without the page: cargo build --no-default-features"
                .to_owned(),
        );
    }
    // What is installed already and fits the lock file is not fetched again.
    let installed = modified(Path::new("web/node_modules/.package-lock.json"));
    if installed.is_none() || installed < modified(Path::new("web/package-lock.json")) {
        npm(&["ci", "--no-audit", "--no-fund"])?;
    }
    npm(&["run", "build"])?;
    let page = File::options().append(true).open(PAGE);
    let page = page.map_err(|error| format!("`npm run build` made no {PAGE}: {error}"))?;
    // As old as its sources: what cargo compares with its own last look does not seem new.
    if let Some(time) = sources_of {
        page.set_modified(time).map_err(|error| format!("{PAGE}: {error}"))?;
    }
    Ok(())
}

/// Runs npm in `web/`; its output is shown only if it fails.
fn npm(arguments: &[&str]) -> Result<(), String> {
    let line = format!("npm {} in web/", arguments.join(" "));
    let output = Command::new("npm")
        .args(arguments)
        .current_dir("web")
        .env("npm_config_update_notifier", "false")
        .output()
        .map_err(|error| format!("{line}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n");
    Err(format!("{line} failed ({})\n{last}", output.status))
}

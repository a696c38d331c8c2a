//! The commands of the documentation, run as they stand.
//!
//! Each block says what becomes of it, in the words behind its ```` ```sh ````:
//!
//! | mark | |
//! |---|---|
//! | `run` | run by bash, in the order of the page, against a real server with two cameras. Where a ```` ```json ```` block follows, the answer has the same members, of the same kinds |
//! | `refused` | the same for an example of an error |
//! | `serve` | ends with a server that runs until it is told to stop |
//! | `demo` | run against the demonstration |
//! | `packaged` | done by `tests/packaging/inside`, in a system of its own |
//! | `manual` | a step for people; no test does it |

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{BINARY, Client, Process, ROOM, Server};
use crate::device::{Device, Does, Login};
use crate::site::{Demo, camera, types, unlike};

/// How a block of commands is marked; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Run,
    Refused,
    Serve,
    Demo,
    Packaged,
    Manual,
}

impl Mark {
    /// `None` for a block that is none of commands.
    fn of(info: &str) -> Option<Result<Self, String>> {
        let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
        if !["sh", "bash", "shell", "console", ""].contains(&language) {
            return None;
        }
        Some(match (language, mark) {
            ("sh", "run") => Ok(Self::Run),
            ("sh", "refused") => Ok(Self::Refused),
            ("sh", "serve") => Ok(Self::Serve),
            ("sh", "demo") => Ok(Self::Demo),
            ("sh", "packaged") => Ok(Self::Packaged),
            ("sh", "manual") => Ok(Self::Manual),
            _ => Err(format!("```{info}: not marked as run, nor as a manual step")),
        })
    }
}

/// One example.
#[derive(Debug)]
struct Example {
    line: usize,
    mark: Mark,
    script: String,
    answer: Option<Value>,
}

fn read(page: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap()
}

/// The blocks of a page: where each begins, what stands behind its fence, its text.
fn blocks(page: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    let mut indent = 0;
    for (n, line) in page.lines().enumerate() {
        let text = line.trim_start();
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(info)) => {
                indent = line.len() - text.len(); // in a list
                open = Some((n + 1, info.trim().to_owned(), String::new()));
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, _, block)), None) => {
                block.push_str(line.get(indent..).unwrap_or_default());
                block.push('\n');
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
    for (line, info, text) in blocks(page) {
        let mark = Mark::of(&info);
        if let Some(mark) = &mark {
            let mark = mark.clone().unwrap_or_else(|why| panic!("line {line}: {why}"));
            found.push(Example { line, mark, script: text, answer: None });
        } else if info == "json" && last_was_example {
            let answer = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("line {line}: not JSON: {error}"));
            found.last_mut().unwrap().answer = Some(answer);
        }
        last_was_example = mark.is_some();
    }
    found
}

/// The address that pages for newcomers spell out.
const ADDRESS: &str = "http://127.0.0.1:8080";
/// The license key on such pages.
const KEY: &str = "LKey KEY";

/// What the commands of a page meet.
struct Stage {
    _server: Server,
    scratch: TempDir,
    /// Names and values that pages use.
    variables: Vec<(&'static str, String)>,
    /// What pages spell out, and what is put in for it.
    spelt_out: Vec<(&'static str, String)>,
    demo: Option<Demo>,
    _device: Device,
}

impl Stage {
    fn of(page: &str, text: &str) -> Self {
        let own_ca = ["--tls", "own-ca", "--ingest-listen", "127.0.0.1:0"];
        let is_tls = page.ends_with("/tls.md");
        let devices = ["--device-allow", "127.0.0.0/8"];
        let mut server = Server::start_with(if is_tls { &own_ca } else { &devices });
        let plain = if is_tls { server.line() } else { String::new() };
        let plain = plain.trim().strip_prefix("listening on ").and_then(|it| it.split(' ').next());
        let gate = camera(&server, &["--name", "Gate"]);
        let yard = camera(&server, &["--name", "Yard"]);
        let secret = |text: &str| text.split_once(' ').unwrap().1.to_owned();
        let (key, token) = (secret(&server.key()), secret(&gate.all));
        // Else the page's own commands make the first administrator.
        let session = text.contains("$SESSION").then(|| server.admin());
        if page.ends_with("/trigger-outputs.md") {
            set_up_a_door(&server);
        }
        let session = session.map(|it| it.header("Cookie").split_once('=').unwrap().1.to_owned());
        let device = Device::start(Login::Open, |_| Does::Answer(200, "OK".to_owned()));
        let place = format!("--address 127.0.0.1 --port {}", device.port);
        let spelt_out = vec![
            (ADDRESS, server.base.clone()),
            (KEY, format!("LKey {key}")),
            ("Acc TOKEN", format!("Acc {token}")),
            ("--address 10.20.4.31", place),
        ];
        let variables = vec![
            ("WATCHPOST_DATA_DIR", server.dir().to_str().unwrap().to_owned()),
            ("WP", server.base.clone()),
            ("PLAIN", plain.unwrap_or_default().to_owned()),
            ("KEY", key),
            ("SESSION", session.unwrap_or_default()),
            ("TOKEN", token),
            ("INGEST", secret(&gate.ingest)),
            ("CAM", gate.id.to_string()),
            ("CAM2", yard.id.to_string()),
            ("EVENT", String::new()),
        ];
        let scratch = tempfile::tempdir().unwrap();
        Self { _server: server, scratch, variables, spelt_out, demo: None, _device: device }
    }

    /// An example as bash is to run it.
    fn bash(&mut self, prelude: &str, example: &Example) -> Command {
        let mut script = format!("{prelude}\n{}", example.script);
        if example.mark == Mark::Demo {
            let demo = self.demo.get_or_insert_with(Demo::start);
            script =
                script.replace(ADDRESS, &demo.base).replace(KEY, &format!("LKey {}", demo.key));
        }
        for (there, here) in &self.spelt_out {
            script = script.replace(there, here);
        }
        let binaries = Path::new(BINARY).parent().unwrap();
        let search = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["-eu", "-o", "pipefail", "-c", &script]).current_dir(self.scratch.path());
        command.env("PATH", &search).env("WATCHPOST_LOG_LEVEL", "warn").stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&mut self, about: &str, example: &Example) {
        let flags = if example.mark == Mark::Refused { "-sS" } else { "-sS --fail-with-body" };
        let curl = format!("curl() {{ command curl {flags} \"$@\"; }}");
        let output = self.bash(&curl, example).output().unwrap();
        assert!(output.status.success(), "{about}{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        if let Some(expected) = &example.answer {
            let answer = answer.as_ref().unwrap_or_else(|| panic!("{about}no JSON: {text}"));
            if let Some(difference) = unlike("answer", expected, answer) {
                panic!("{about}{difference}\n{answer:#}");
            }
            if example.mark == Mark::Refused {
                assert_eq!(answer["errorType"], expected["errorType"], "{about}");
                assert_eq!(answer["status"], expected["status"], "{about}");
            }
        }
        // `$EVENT` is the event that was answered last.
        if let Some(answer) = answer.filter(|answer| answer.get("camid").is_some()) {
            let event = self.variables.iter_mut().find(|(name, _)| *name == "EVENT");
            event.unwrap().1 = answer["id"].to_string();
        }
    }

    /// Runs a block whose last command is a server, until that serves; then stops it.
    fn serve(&mut self, about: &str, example: &Example) {
        let mut command = self.bash("watchpost() { exec watchpost \"$@\"; }", example);
        command.env("WATCHPOST_LISTEN", "127.0.0.1:0").env(ROOM.0, ROOM.1);
        let mut server = Process(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line.trim().strip_prefix("listening on ");
        let base = base.unwrap_or_else(|| panic!("{about}{line:?}"));
        assert_eq!(Client::new(base, "").get("/healthz").status, 200, "{about}");
        let pid = server.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(server.0.wait().unwrap().code(), Some(0), "{about}");
    }
}

/// What the page on triggers tells people to click together.
fn set_up_a_door(server: &Server) {
    let admin = server.admin();
    admin.post(&types(1), &json!({"name": "door_open", "notify": true})).ok(201);
    let recipe = json!({"kind": "dahua_output", "output": 1, "echo_wait_ms": 0,
        "no_echo": "store", "confirm": true});
    admin.put("/api/admin/v1/cameras/1/event-types/door_open/recipe/", &recipe).ok(200);
}

fn run(page: &str) {
    let text = read(page);
    let mut stage = Stage::of(page, &text);
    let mut done = 0;
    for example in examples(&text) {
        let about = format!("{page}:{}: {}", example.line, example.script);
        match example.mark {
            Mark::Run | Mark::Refused | Mark::Demo => stage.run(&about, &example),
            Mark::Serve => stage.serve(&about, &example),
            Mark::Packaged | Mark::Manual => continue,
        }
        done += 1;
    }
    assert!(done > 0, "{page} has nothing to run");
}

/// A test for each page that has something to run.
macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        /// The pages of these tests.
        const RUN: &[&str] = &[$($page),*];
        $(#[test]
        fn $test() {
            run($page);
        })*
    };
}

pages! {
    the_commands_of_the_readme_work: "README.md",
    the_commands_of_the_first_steps_work: "docs/guide/getting-started.md",
    the_commands_of_the_guide_to_tls_work: "docs/guide/tls.md",
    the_commands_of_the_troubleshooting_guide_work: "docs/guide/troubleshooting.md",
    the_commands_of_the_backup_guide_work: "docs/guide/backup.md",
    the_commands_of_the_guide_to_pictures_work: "docs/guide/pictures.md",
    the_commands_of_the_guide_to_cameras_work: "docs/guide/cameras.md",
    the_commands_of_the_guide_to_triggers_work: "docs/guide/trigger-outputs.md",
    the_examples_of_the_api_reference_work: "docs/ref/api.md",
    the_examples_of_the_metrics_reference_work: "docs/ref/metrics.md",
}

/// All pages, by their path in the repository.
fn all_pages() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["", "docs/guide/", "docs/ref/", "docs/design/"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                found.push(format!("{folder}{name}"));
            }
        }
    }
    assert!(found.iter().any(|page| page == "README.md") && found.len() > 10, "{found:?}");
    found
}

#[test]
fn every_block_of_commands_is_run_or_marked_as_a_manual_step() {
    let mut unmarked = Vec::new();
    for page in all_pages() {
        let blocks = blocks(&read(&page));
        let mut is_run = false;
        for (line, info, _) in &blocks {
            match Mark::of(info) {
                Some(Err(why)) => unmarked.push(format!("{page}:{line}: {why}")),
                Some(Ok(Mark::Packaged | Mark::Manual)) | None => {}
                Some(Ok(_)) => is_run = true,
            }
        }
        assert_eq!(
            is_run,
            RUN.contains(&page.as_str()),
            "{page}: has it a test, and needs it one?"
        );
    }
    assert!(unmarked.is_empty(), "{}", unmarked.join("\n"));
}

/// The words of a command that the script must have in one line, in their order; not the package's name.
fn essence(command: &str) -> Vec<&str> {
    let command = command.split(" #").next().unwrap();
    let words = command.split_whitespace().filter(|word| *word != "sudo");
    let words = words.filter(|word| !word.contains("watchpost_") && !word.contains("watchpost-"));
    words.map(|word| word.rsplit('/').next().unwrap()).collect()
}

#[test]
fn what_is_marked_as_packaged_is_done_in_the_test_of_the_packages() {
    let script = read("tests/packaging/inside");
    let has = |line: &str, words: &[&str]| {
        let mut rest = line;
        words.iter().all(|word| match rest.split_once(word) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    let mut count = 0;
    for page in all_pages() {
        for (line, info, text) in blocks(&read(&page)) {
            if !matches!(Mark::of(&info), Some(Ok(Mark::Packaged))) {
                continue;
            }
            for command in text.lines() {
                let words = essence(command);
                assert!(words.len() > 1, "{page}:{line}: {command}");
                let done = script.lines().any(|line| has(line, &words));
                assert!(done, "{page}:{line}: tests/packaging/inside has no {words:?}");
                count += 1;
            }
        }
    }
    assert!(count > 5, "{count}");
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

//! A real server in a scratch directory, and a client for it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A process of a test's own that does not outlive it.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_watchpost");
/// Room on the disk under the tests is not their affair, but of those that say so.
pub const ROOM: (&str, &str) = ("WATCHPOST_RETENTION_ROOM_PERCENT", "0");
/// The longest that anything here waits.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until it is so.
#[track_caller]
pub fn until(what: &str, is_so: impl FnMut() -> bool) {
    within(PATIENCE, what, is_so);
}

/// The same with other patience.
#[track_caller]
pub fn within(patience: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Where a server's data are.
enum Folder {
    /// In a directory that goes with the server.
    Scratch(TempDir),
    /// In one that somebody else sees to.
    Given(PathBuf),
}

/// A server process over a scratch data directory; killed when dropped.
pub struct Server {
    dir: Folder,
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// `http://127.0.0.1:PORT`
    pub base: String,
}

impl Server {
    /// Starts a server over a new data directory, on a free port.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with further arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (child, stdout, base) = spawn(dir.path(), arguments, &[]);
        Self { dir: Folder::Scratch(dir), child, stdout, base }
    }

    /// Starts a server over a directory that is there, with further arguments and variables.
    pub fn start_in(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (child, stdout, base) = spawn(dir, arguments, variables);
        Self { dir: Folder::Given(dir.to_owned()), child, stdout, base }
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        match &self.dir {
            Folder::Scratch(dir) => dir.path(),
            Folder::Given(dir) => dir,
        }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// Kills the process at once, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts a new process over the same data; the old one must have ended. Gives the time from
    /// start to ready.
    pub fn restart(&mut self) -> Duration {
        self.restart_with(&[])
    }

    /// The same with further arguments.
    pub fn restart_with(&mut self, arguments: &[&str]) -> Duration {
        let started = Instant::now();
        (self.child, self.stdout, self.base) = spawn(self.dir(), arguments, &[]);
        self.wait_ready();
        started.elapsed()
    }

    /// Waits until `/readyz` answers 200.
    pub fn wait_ready(&self) {
        until("the server is ready", || self.client("").get("/readyz").status == 200);
    }

    /// Sends SIGTERM and gives the exit status.
    pub fn terminate(&mut self) -> i32 {
        self.signal("TERM");
        self.wait_end(PATIENCE)
    }

    /// Waits until the process ends by itself and gives the exit status.
    pub fn wait_end(&mut self, patience: Duration) -> i32 {
        within(patience, "the server ends", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Runs a command of the binary on this data directory, with `--json`.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        cli(self.dir(), arguments)
    }

    /// The same, which must work; gives what it printed.
    pub fn cli_json(&self, arguments: &[&str]) -> Value {
        cli_json(self.dir(), arguments)
    }

    /// Adds a camera by the command line and gives what that printed.
    pub fn camera(&self, name: &str) -> Value {
        self.cli_json(&["camera", "add", "--name", name])
    }

    /// Makes a license key.
    pub fn key(&self) -> String {
        let key = self.cli_json(&["key", "create", "--name", "test"]);
        format!("LKey {}", key["license_key"].as_str().unwrap())
    }

    /// A client in the session of an administrator, who is made by the first call.
    pub fn admin(&self) -> Client {
        let password = "rhubarb-7-lantern";
        let add = ["user", "add", "test-admin", "--role", "admin", "--password-stdin"];
        cli_with(self.dir(), &add, password); // refused when it is there
        let mut client = self.client("");
        client.headers.push(("Origin".into(), self.base.clone()));
        let body = json!({"name": "test-admin", "password": password});
        let answer = client.post("/api/admin/v1/session/", &body);
        let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{}", answer.text));
        client.headers.push(("Cookie".into(), cookie.split(';').next().unwrap().to_owned()));
        client
    }

    /// A client with an `Authorization` header, or none if it is empty.
    pub fn client(&self, authorization: &str) -> Client {
        Client::new(&self.base, authorization)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(
    dir: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = serve(dir)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").map(str::to_owned);
    let Some(base) = base else {
        let _ = child.kill();
        panic!("the server did not start: {line:?}, {:?}", child.wait());
    };
    (child, stdout, base)
}

/// A server over a data directory, on a free port, not started yet.
pub fn serve(dir: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir);
    command.env("WATCHPOST_LOG_LEVEL", "warn").env_remove("WATCHPOST_DATA_DIR");
    command.env(ROOM.0, ROOM.1).stdin(Stdio::null());
    command
}

/// Starts a server that is not to start: its status, and what it said.
pub fn refused_start(dir: &Path) -> (Option<i32>, String) {
    let said = tempfile::NamedTempFile::new().unwrap();
    let mut command = serve(dir);
    command.stdout(Stdio::null()).stderr(said.reopen().unwrap());
    let mut server = Process(command.spawn().unwrap());
    until("the start is refused", || server.0.try_wait().unwrap().is_some());
    let status = server.0.wait().unwrap();
    (status.code(), std::fs::read_to_string(said.path()).unwrap())
}

/// Runs a command of the binary on a data directory, with `--json`.
pub fn cli(dir: &Path, arguments: &[&str]) -> Output {
    cli_with(dir, arguments, "")
}

/// The same with a text on standard input.
pub fn cli_with(dir: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(BINARY);
    command.args(arguments).arg("--json").arg("--data-dir").arg(dir);
    command.env_remove("WATCHPOST_DATA_DIR").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()); // it may have ended
    child.wait_with_output().unwrap()
}

/// [`cli`] that must work; gives what it printed.
#[track_caller]
pub fn cli_json(dir: &Path, arguments: &[&str]) -> Value {
    printed(&cli(dir, arguments))
}

/// What a command printed that must have worked.
#[track_caller]
pub fn printed(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// `errorType` of an error.
    pub fn error(&self) -> String {
        self.json()["errorType"].as_str().unwrap_or_default().to_owned()
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

/// A keep-alive client.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    headers: Vec<(String, String)>,
}

impl Client {
    /// A client of the server at `base`.
    pub fn new(base: &str, authorization: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build();
        let agent = ureq::Agent::new_with_config(config);
        let headers = match authorization {
            "" => Vec::new(),
            text => vec![("Authorization".to_owned(), text.to_owned())],
        };
        Self { agent, base: base.to_owned(), headers }
    }

    /// A header that it sends with every request.
    pub fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(n, _)| n == name).unwrap().1
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// POST of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(body.to_string().as_bytes()))
    }

    /// PUT of JSON.
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], Some(body.to_string().as_bytes()))
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    /// Anything. An answer that does not come has status 0.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        };
        match answer {
            Ok(mut answer) => Answer {
                status: answer.status().as_u16(),
                headers: answer
                    .headers()
                    .iter()
                    .map(|(n, v)| (n.as_str().to_owned(), v.to_str().unwrap_or("").to_owned()))
                    .collect(),
                text: answer
                    .body_mut()
                    .with_config()
                    .limit(1 << 30)
                    .read_to_string()
                    .unwrap_or_else(|error| format!("<{error}>")),
            },
            Err(error) => Answer { status: 0, headers: Vec::new(), text: error.to_string() },
        }
    }
}

//! The socket in the data directory through which commands reach a running server.
//!
//! One request a connection: a line of JSON, the lines of an import behind it; answered by lines of
//! frames, the last of which says how it went. The socket's mode is 0600: who can open it could
//! open the database as well.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::execute::{Host, Streams, execute};
use super::reply::{Frame, Reply};
use super::request::Request;
use crate::domain::Origin;
use crate::service::Services;

/// The socket's name in the data directory.
const NAME: &str = "control.sock";

/// How long a command that does not read is waited for before it is told no more of how far its work is.
const READS_WITHIN: Duration = Duration::from_millis(200);

/// Where the socket of a data directory is.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

/// What a running server knows of itself beside its services.
#[derive(Clone)]
pub struct Serving {
    /// URLs that it listens to, those that serve everything first.
    pub listening: Vec<String>,
    /// How many connections are open.
    pub connections: Arc<dyn Fn() -> usize + Send + Sync>,
}

/// A server's end of the socket. Dropping it removes the socket.
#[derive(Debug)]
pub struct Listening {
    path: PathBuf,
    ended: Arc<AtomicBool>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = UnixStream::connect(&self.path); // wakes the thread
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Answers commands on a thread of its own, a thread for each connection.
///
/// # Errors
/// The socket cannot be made.
pub fn listen(
    services: &Services,
    data_dir: &Path,
    origin: Origin,
    serving: Serving,
) -> std::io::Result<Listening> {
    let path = path(data_dir);
    let _ = std::fs::remove_file(&path); // of a server that was killed: the lock is ours
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let ended = Arc::new(AtomicBool::new(false));
    let listening = Listening { path, ended: Arc::clone(&ended) };
    let services = services.clone();
    std::thread::Builder::new().name("control".to_owned()).spawn(move || {
        for connection in listener.incoming() {
            if ended.load(Ordering::Relaxed) {
                break;
            }
            match connection {
                Ok(connection) => {
                    let (services, origin) = (services.clone(), origin.clone());
                    let serving = serving.clone();
                    let answer = move || {
                        let host = Host { origin: &origin, serving: Some(&serving) };
                        if let Err(error) = answer(&services, host, &connection) {
                            tracing::debug!(%error, "a command went away");
                        }
                    };
                    let _ = std::thread::Builder::new().name("command".to_owned()).spawn(answer);
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket");
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
    })?;
    Ok(listening)
}

fn answer(services: &Services, host: Host<'_>, connection: &UnixStream) -> std::io::Result<()> {
    let mut input = BufReader::new(connection);
    let mut line = String::new();
    input.read_line(&mut line)?;
    let out = RefCell::new(BufWriter::new(connection));
    let outcome = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let mut output = |text| send(&mut *out.borrow_mut(), &Frame::Output(text));
            let mut reads = true;
            let mut progress = |done, total| {
                // What was begun is finished, also for somebody who went away or reads no more.
                if !reads {
                    return;
                }
                let mut out = out.borrow_mut();
                let _ = connection.set_write_timeout(Some(READS_WITHIN));
                // What was written in part is still in the buffer: the next frame follows it whole.
                let told = send(&mut *out, &Frame::Progress { done, total });
                reads = told.and_then(|()| out.flush()).is_ok();
                let _ = connection.set_write_timeout(None);
            };
            let streams =
                Streams { input: &mut input, output: &mut output, progress: &mut progress };
            let outcome = runtime.block_on(execute(services, request, host, streams));
            runtime.shutdown_background(); // a disk that does not answer is waited for no longer
            outcome
        }
        Err(error) => Err(format!("the server does not understand the command: {error}")),
    };
    let end = match outcome {
        Ok(reply) => Frame::Done(reply),
        Err(text) => Frame::Failed(text),
    };
    let mut out = out.into_inner();
    send(&mut out, &end)?;
    out.flush()
}

fn send(out: &mut impl Write, frame: &Frame) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, frame)?;
    out.write_all(b"\n")
}

/// Asks a running server. `input` is sent behind the request; `output` takes pieces of an export, `progress`
/// how many items of how many are done.
///
/// # Errors
/// A text for people; the outer one if no server answers.
pub(super) fn ask(
    connection: &UnixStream,
    request: &Request,
    input: Option<&mut (dyn BufRead + Send)>,
    output: &mut dyn FnMut(String) -> std::io::Result<()>,
    progress: &mut dyn FnMut(u64, u64),
) -> std::io::Result<Result<Reply, String>> {
    let mut to = BufWriter::new(connection);
    serde_json::to_writer(&mut to, request)?;
    to.write_all(b"\n")?;
    to.flush()?;
    std::thread::scope(|scope| {
        let sent = scope.spawn(move || {
            if let Some(input) = input {
                std::io::copy(input, &mut to)?;
                to.flush()?;
            }
            connection.shutdown(std::net::Shutdown::Write)
        });
        for line in BufReader::new(connection).lines() {
            match serde_json::from_str(&line?)? {
                Frame::Output(text) => output(text)?,
                Frame::Progress { done, total } => progress(done, total),
                Frame::Done(reply) => return Ok(Ok(reply)),
                Frame::Failed(text) => return Ok(Err(text)),
            }
        }
        if let Ok(Err(error)) = sent.join() {
            return Err(error);
        }
        Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the server stopped"))
    })
}

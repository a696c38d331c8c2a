//! Runs a command: through the socket of a running server, or on the data directory itself.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

use super::execute::{Host, Streams, execute};
use super::progress::{Items, Progress};
use super::reply::{Checked, Reply};
use super::request::{Password, Request};
use super::{CameraCommand, DataCommand, UserCommand, print, recovery, socket};
use crate::config::Config;
use crate::open::{self, Failure};
use crate::store::{self, StoreError};

/// How long a command waits for a server that holds the data directory but does not answer yet.
const WAIT: Duration = Duration::from_mins(1);

/// Most bytes that are read as a password or passphrase: more than one can have.
const SECRET_BYTES_MAX: u64 = 4_096;

/// Runs `command` and prints its answer. `false` if it worked but found something wrong.
///
/// # Errors
/// What went wrong, for people.
pub fn run(command: &DataCommand, config: &Config, json: bool) -> anyhow::Result<bool> {
    let owner = owner_of(&config.data_dir)?;
    let secret = secret_of(command)?; // its file may be root's alone
    become_owner(owner)?;
    if let DataCommand::Restore { file, .. } = command {
        let reply = recovery::restore(config, file, secret)?;
        return finish(command, &reply, json);
    }
    let mut request = Request::from(command);
    if let Some(secret) = secret {
        request.fill(secret);
    }
    let mut output = |text: String| io::stdout().lock().write_all(text.as_bytes());
    let mut items = Items::new();
    let mut progress = |done, total| items.tell(done, total);
    let deadline = Instant::now() + WAIT;
    let reply = loop {
        if let Ok(connection) = UnixStream::connect(socket::path(&config.data_dir)) {
            let mut input = input(command)?;
            let input = input.as_mut().map(|input| &mut **input as &mut (dyn BufRead + Send));
            let asked = socket::ask(&connection, &request, input, &mut output, &mut progress);
            break asked.context("the running server")?.map_err(anyhow::Error::msg)?;
        }
        if matches!(request, Request::Check) {
            // What is damaged is reported, not opened.
            match store::verify(&config.data_dir) {
                Ok(problems) if problems.is_empty() => {}
                Ok(problems) => break Reply::Checked(Checked::broken(problems)),
                Err(StoreError::InUse) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(100));
                    continue;
                }
                Err(error) => return Err(Failure::from(error).into()),
            }
        }
        match open::services(config) {
            Ok(services) => {
                let mut input = input(command)?.unwrap_or_else(|| Box::new(io::empty()));
                let streams =
                    Streams { input: &mut *input, output: &mut output, progress: &mut progress };
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let origin = open::origin(config, &config.listen);
                let host = Host { origin: &origin, serving: None };
                let outcome = runtime.block_on(execute(&services, request, host, streams));
                services.close();
                break outcome.map_err(anyhow::Error::msg)?;
            }
            Err(StoreError::InUse) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(error) => {
                let failure = Failure::from(error);
                if failure.status == 4 && matches!(request, Request::Check) {
                    break Reply::Checked(Checked::broken(vec![failure.text]));
                }
                return Err(failure.into());
            }
        }
    };
    drop(items); // its line ends before the answer begins
    finish(command, &reply, json)
}

/// Prints an answer; `false` if it says that something is wrong.
fn finish(command: &DataCommand, reply: &Reply, json: bool) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    let is_export = matches!(command, DataCommand::Export { .. });
    if json && !is_export {
        serde_json::to_writer(&mut out, reply)?;
        writeln!(out)?;
    } else {
        print::reply(&mut out, command, reply)?;
    }
    out.flush()?;
    Ok(match reply {
        Reply::Checked(checked) => checked.problem_count == 0,
        Reply::Status(report) => report.problems.is_empty(),
        Reply::Imported(imported) => imported.failed == 0,
        _ => true,
    })
}

/// The password or passphrase that a command wants, from the file that it names or from standard input.
fn secret_of(command: &DataCommand) -> anyhow::Result<Option<Password>> {
    let (file, from_input) = match command {
        DataCommand::Camera(CameraCommand::Device(device)) => {
            (device.password_file.as_deref(), device.password_stdin)
        }
        DataCommand::Backup { passphrase_file, .. }
        | DataCommand::Restore { passphrase_file, .. } => (passphrase_file.as_deref(), false),
        DataCommand::User(UserCommand::Add { .. } | UserCommand::Passwd { .. }) => (None, true),
        _ => (None, false),
    };
    let secret = match file {
        Some(file) => {
            let first = File::open(file).and_then(|file| first_line(&mut BufReader::new(file)));
            Some(first.with_context(|| file.display().to_string())?)
        }
        None if from_input => {
            let first = first_line(&mut io::stdin().lock());
            Some(first.context("reading the password from standard input")?)
        }
        None => None,
    };
    Ok(secret)
}

fn first_line(input: &mut dyn BufRead) -> io::Result<Password> {
    let mut line = String::new();
    input.take(SECRET_BYTES_MAX).read_line(&mut line)?;
    Ok(Password(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What an import reads.
fn input(command: &DataCommand) -> anyhow::Result<Option<Box<dyn BufRead + Send>>> {
    Ok(match command {
        DataCommand::Import { file } if file == Path::new("-") => {
            Some(Box::new(BufReader::with_capacity(1 << 20, Progress::new(io::stdin(), None))))
        }
        DataCommand::Import { file } => {
            let opened = File::open(file).with_context(|| file.display().to_string())?;
            let bytes = opened.metadata().ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
            Some(Box::new(BufReader::with_capacity(1 << 20, Progress::new(opened, bytes))))
        }
        _ => None,
    })
}

/// User and group that own the data directory.
fn owner_of(data_dir: &Path) -> anyhow::Result<(Uid, Gid)> {
    let meta = std::fs::metadata(data_dir)
        .with_context(|| format!("data directory {}", data_dir.display()))?;
    if !meta.is_dir() {
        bail!("data directory {} is not a directory", data_dir.display());
    }
    Ok((Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid())))
}

/// Run as root, becomes the owner of the data directory, so that no file in it is left to root.
fn become_owner((user, group): (Uid, Gid)) -> anyhow::Result<()> {
    if Uid::effective().is_root() && !user.is_root() {
        setgroups(&[group]).and_then(|()| setgid(group)).context("changing the group")?;
        setuid(user).context("changing the user")?;
    }
    Ok(())
}

//! Runs a command: through the socket of a running server, or on the data directory itself.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::execute::{Streams, execute};
use super::progress::Progress;
use super::request::{Checked, Password, Reply, Request};
use super::{CameraCommand, DataCommand, print, recovery, socket};
use crate::config::Config;
use crate::open::{self, Failure};
use crate::store::{self, StoreError};

/// How long a command waits for a server that holds the data directory but does not answer yet.
const WAIT: Duration = Duration::from_mins(1);

/// Most bytes that are read as a password: more than one can have.
const PASSWORD_BYTES_MAX: u64 = 4_096;

/// Runs `command` and prints its answer. `false` if it worked but found something wrong.
///
/// # Errors
/// What went wrong, for people.
pub fn run(command: &DataCommand, config: &Config, json: bool) -> anyhow::Result<bool> {
    become_owner(&config.data_dir)?;
    if let DataCommand::Restore { file, passphrase_file } = command {
        let reply = recovery::restore(config, file, passphrase_file.as_deref())?;
        return finish(command, &reply, json);
    }
    let mut request = Request::from(command);
    if let (
        Request::Backup { passphrase, .. },
        DataCommand::Backup { passphrase_file: Some(file), .. },
    ) = (&mut request, command)
    {
        *passphrase = Some(Password(recovery::passphrase(file)?));
    }
    if let Some(password) = request.password() {
        *password = password_of(command)?;
    }
    let mut output = |text: String| io::stdout().lock().write_all(text.as_bytes());
    let deadline = Instant::now() + WAIT;
    let reply = loop {
        if let Ok(connection) = UnixStream::connect(socket::path(&config.data_dir)) {
            let mut input = input(command)?;
            let input = input.as_mut().map(|input| &mut **input as &mut (dyn BufRead + Send));
            let asked = socket::ask(&connection, &request, input, &mut output);
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
                let streams = Streams { input: &mut *input, output: &mut output };
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let origin = open::origin(config, &config.listen);
                let outcome = runtime.block_on(execute(&services, request, &origin, streams));
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
        Reply::Imported(imported) => imported.failed == 0,
        _ => true,
    })
}

/// The password that a command wants, from a file if it names one, else from standard input.
fn password_of(command: &DataCommand) -> anyhow::Result<Password> {
    if let DataCommand::Camera(CameraCommand::Device(device)) = command
        && let Some(file) = &device.password_file
    {
        let opened = File::open(file).with_context(|| file.display().to_string())?;
        return read_password(&mut BufReader::new(opened))
            .with_context(|| format!("reading the password from {}", file.display()));
    }
    read_password(&mut io::stdin().lock()).context("reading the password from standard input")
}

/// A password: the first line.
fn read_password(input: &mut dyn BufRead) -> io::Result<Password> {
    let mut line = String::new();
    input.take(PASSWORD_BYTES_MAX).read_line(&mut line)?;
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

/// Run as root, becomes the owner of the data directory, so that no file in it is left to root.
fn become_owner(data_dir: &Path) -> anyhow::Result<()> {
    use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
    let meta = std::fs::metadata(data_dir)
        .with_context(|| format!("data directory {}", data_dir.display()))?;
    if !meta.is_dir() {
        bail!("data directory {} is not a directory", data_dir.display());
    }
    if Uid::effective().is_root() && meta.uid() != 0 {
        let group = Gid::from_raw(meta.gid());
        setgroups(&[group]).and_then(|()| setgid(group)).context("changing the group")?;
        setuid(Uid::from_raw(meta.uid())).context("changing the user")?;
    }
    Ok(())
}

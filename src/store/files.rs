//! Files of the data directory other than database and journal: the lock, the secret key, TLS.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{Result, StoreError, io};
use crate::domain::SecretKey;

/// Held while a process uses the data directory.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "locked until dropped")] File);

/// How long a lock that somebody has is asked for again: a process that another one has just started shares
/// that one's lock until it runs its own program, so that a lock may outlive its holder by a moment.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
const LOCK_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Takes the data directory for this process. Waits half a second at most.
///
/// # Errors
/// [`StoreError::InUse`] if another process has it.
pub fn lock(dir: &Path) -> Result<Lock> {
    let path = dir.join("lock");
    let what = || format!("opening {}", path.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(io(what()))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(LOCK_AGAIN_AFTER);
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => return Err(io(what())(error)),
        }
    }
}

/// The installation's secret key, made at first start (`secret.key`, mode 0600).
pub fn secret_key(dir: &Path) -> Result<SecretKey> {
    if let Some(bytes) = key_bytes(dir)? {
        return Ok(SecretKey::new(bytes));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Failed(format!("no random numbers: {error}")))?;
    replace(dir, SECRET_KEY, &bytes)?;
    Ok(SecretKey::new(bytes))
}

/// The secret key's file.
pub(super) const SECRET_KEY: &str = "secret.key";

/// What the secret key's file holds, if it is there.
pub(super) fn key_bytes(dir: &Path) -> Result<Option<[u8; 32]>> {
    let path = dir.join(SECRET_KEY);
    let mut bytes = [0; 32];
    match File::open(&path) {
        Ok(mut file) => {
            let damaged = |_| StoreError::Damaged(format!("{} is too short", path.display()));
            file.read_exact(&mut bytes).map_err(damaged)?;
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io(format!("opening {}", path.display()))(error)),
    }
}

/// Makes a folder with mode 0700 if it is not there.
pub(super) fn make_dir(path: &Path) -> Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(io(format!("making {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

/// Writes a small file so that it is there whole or not at all, mode 0600.
pub(super) fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = dir.join(format!("{name}.new"));
    let what = || format!("writing {}", dir.join(name).display());
    let write = || -> std::io::Result<()> {
        let _ = fs::remove_file(&temporary);
        let mut file =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, dir.join(name))?;
        File::open(dir)?.sync_all()
    };
    write().map_err(io(what()))
}

/// There while a server runs over the data directory, and after one that did not end properly.
const RUNNING: &str = "running";

/// Notes that a server runs. Tells whether the one before did not end properly.
pub fn begin_run(dir: &Path) -> Result<bool> {
    if is_running(dir) {
        return Ok(true);
    }
    replace(dir, RUNNING, b"")?;
    Ok(false)
}

/// Notes that the server has ended properly.
pub fn end_run(dir: &Path) -> Result<()> {
    remove(dir, RUNNING)
}

/// The code that makes the first admin, for whoever may read the data directory.
const SETUP_CODE: &str = "setup-code";

/// Writes the set-up code's file, mode 0600.
pub fn put_setup_code(dir: &Path, code: &str) -> Result<()> {
    replace(dir, SETUP_CODE, format!("{code}\n").as_bytes())
}

/// Removes the set-up code's file, if it is there.
pub fn remove_setup_code(dir: &Path) -> Result<()> {
    remove(dir, SETUP_CODE)
}

/// Files of the server's own TLS: keys and certificates as PEM, each whole in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFile {
    /// The own certificate authority.
    Authority,
    /// The certificate that it made last.
    Certificate,
}

impl TlsFile {
    /// Its name in the data directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authority => "tls-ca.pem",
            Self::Certificate => "tls-server.pem",
        }
    }
}

/// Reads a file of the server's own TLS, if it is there.
pub fn tls_file(dir: &Path, file: TlsFile) -> Result<Option<String>> {
    let path = dir.join(file.name());
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io(format!("reading {}", path.display()))(error)),
    }
}

/// Writes a file of the server's own TLS, mode 0600.
pub fn put_tls_file(dir: &Path, file: TlsFile, text: &str) -> Result<()> {
    replace(dir, file.name(), text.as_bytes())
}

/// Removes a file, if it is there.
fn remove(dir: &Path, name: &str) -> Result<()> {
    match fs::remove_file(dir.join(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io(format!("removing {}", dir.join(name).display()))(error))
        }
        _ => Ok(()),
    }
}

/// Bytes that an unprivileged process may still write to the file system of `dir`.
pub fn free_bytes(dir: &Path) -> Result<u64> {
    disk_bytes(dir).map(|(free, _)| free)
}

/// Size of the file system of `dir`, in bytes.
pub fn total_bytes(dir: &Path) -> Result<u64> {
    disk_bytes(dir).map(|(_, total)| total)
}

/// Both: what may still be written to the file system of `dir`, and its size.
pub(super) fn disk_bytes(dir: &Path) -> Result<(u64, u64)> {
    let stat = rustix::fs::statvfs(dir)
        .map_err(|error| io(format!("asking for room in {}", dir.display()))(error.into()))?;
    Ok((stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize))
}

/// Whether a server ran that did not end properly, or runs.
pub(super) fn is_running(dir: &Path) -> bool {
    dir.join(RUNNING).exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Access, Kind};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let secret = |key: &SecretKey| key.secret(Kind::Key, 1, Access::All, &[0; 16]);
        let first = secret_key(dir.path()).unwrap();
        assert_eq!(secret(&secret_key(dir.path()).unwrap()), secret(&first));
        let mode = fs::metadata(dir.path().join("secret.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_directory_has_one_user() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        assert!(matches!(lock(dir.path()), Err(StoreError::InUse)));
        drop(held);
        assert!(lock(dir.path()).is_ok());
    }
}

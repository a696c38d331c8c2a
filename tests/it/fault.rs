//! Faults that are really there: full and read-only file systems, calls that fail, another clock.
//!
//! Each needs a tool or a right that a machine may lack: then the test says so and passes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::{PATIENCE, until};

/// Says loudly what cannot be tested here.
pub fn cannot(what: &str) {
    // Also where the test runner keeps what passing tests print.
    let _ = writeln!(std::io::stderr().lock(), "\n!!! NOT TESTED on this machine: {what}\n");
}

/// Whether a program can be run here.
pub fn have(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    found.is_ok_and(|output| output.status.success())
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success())
}

/// A file system of its own. It is unmounted when this is dropped, also by a panic; whatever uses it is to
/// be dropped before.
pub struct Mount {
    at: PathBuf,
    _scratch: TempDir,
}

impl Mount {
    /// 64 MiB in memory. `None`, loudly, where nothing can be mounted.
    pub fn tmpfs() -> Option<Self> {
        Self::new(|at, _| run("mount", &["-t", "tmpfs", "-o", "size=64m", "watchpost-test", at]))
    }

    /// An ext4 of 64 MiB in a file, which turns read-only when it is told to give up.
    pub fn ext4() -> Option<Self> {
        Self::new(|at, scratch| {
            let image = scratch.join("image");
            let image = image.to_str().unwrap();
            run("truncate", &["-s", "64M", image])
                && run("mkfs.ext4", &["-q", image])
                && run("mount", &["-o", "loop,errors=remount-ro", image, at])
        })
    }

    fn new(mount: impl FnOnce(&str, &Path) -> bool) -> Option<Self> {
        let scratch = tempfile::tempdir().unwrap();
        let at = scratch.path().join("mount");
        std::fs::create_dir(&at).unwrap();
        if !mount(at.to_str().unwrap(), scratch.path()) {
            cannot("file systems of its own: that needs root, mount and mkfs.ext4");
            return None;
        }
        Some(Self { at, _scratch: scratch })
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Mounts it once more with other options.
    pub fn remount(&self, options: &str) -> bool {
        run("mount", &["-o", &format!("remount,{options}"), self.at.to_str().unwrap()])
    }

    /// Bytes that may still be written.
    pub fn free(&self) -> u64 {
        watchpost::store::free_bytes(&self.at).unwrap()
    }

    /// Writes a file that leaves `left` bytes, or as many as can be.
    pub fn fill(&self, left: u64) {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.at.join("filler"))
            .unwrap();
        let piece = vec![0x46; 64 << 10];
        loop {
            let more = self.free().saturating_sub(left);
            let step = usize::try_from(more).unwrap().min(piece.len());
            if step < 4_096 || file.write_all(&piece[..step]).is_err() {
                return;
            }
        }
    }

    /// Removes that file.
    pub fn empty(&self) {
        std::fs::remove_file(self.at.join("filler")).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let at = self.at.to_str().unwrap();
        if !run("umount", &[at]) {
            run("umount", &["-l", at]);
        }
    }
}

/// Calls of a running server that fail, until this is dropped.
pub struct Injected {
    strace: Child,
    log: PathBuf,
    _scratch: TempDir,
}

impl Injected {
    /// Lets a process's calls, on the file `path` or on all, fail or hang as strace's `inject=` says. `None`,
    /// loudly, where strace is missing or may not attach.
    pub fn into(pid: u32, path: Option<&Path>, inject: &str) -> Option<Self> {
        if !have("strace") {
            cannot("calls that fail: strace is missing");
            return None;
        }
        let scratch = tempfile::tempdir().unwrap();
        let log = scratch.path().join("log");
        let calls = inject.split(':').next().unwrap();
        let mut command = Command::new("strace");
        command.args(["-f", "-p", &pid.to_string()]);
        if let Some(path) = path {
            command.arg("-P").arg(path);
        }
        command.arg("-e").arg(format!("trace={calls}")).arg("-e").arg(format!("inject={inject}"));
        command.arg("-o").arg(&log).stdin(Stdio::null());
        let messages = scratch.path().join("messages");
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&messages).unwrap());
        let mut strace = command.spawn().unwrap();
        let said = || std::fs::read_to_string(&messages).unwrap_or_default();
        until("strace attaches or ends", || {
            said().contains("attached") || strace.try_wait().unwrap().is_some()
        });
        if strace.try_wait().unwrap().is_some() {
            cannot(&format!("calls that fail: {}", said()));
            return None;
        }
        Some(Self { strace, log, _scratch: scratch })
    }

    /// How many calls have failed so, or hung and returned: proof that there was a fault.
    pub fn count(&self) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.matches("(INJECTED)").count() + log.matches("(DELAYED)").count()
    }
}

impl Drop for Injected {
    fn drop(&mut self) {
        // Killed, it would leave the server stopped.
        run("kill", &["-TERM", &self.strace.id().to_string()]);
        let deadline = Instant::now() + PATIENCE;
        while self.strace.try_wait().is_ok_and(|status| status.is_none()) {
            if Instant::now() > deadline {
                let _ = self.strace.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

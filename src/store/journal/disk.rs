//! The few things the journal does to a file system: each names itself in its error.
//!
//! In tests every one of them first asks `sim`, which can refuse it, and which remembers it in
//! order to tell what a power cut would have left.

use super::error::{JournalError, Result};
#[cfg(test)]
use super::sim;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A file open for writing, with its name.
#[derive(Debug)]
pub(super) struct DiskFile {
    file: File,
    path: PathBuf,
}

impl DiskFile {
    /// Makes a file that must not exist yet.
    pub fn create(path: PathBuf) -> Result<Self> {
        #[cfg(test)]
        sim::create(&path).map_err(JournalError::io("create", &path))?;
        let opened = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = opened.map_err(JournalError::io("create", &path))?;
        Ok(Self { file, path })
    }

    /// Opens a file to write over it.
    pub fn open(path: PathBuf) -> Result<Self> {
        let opened = OpenOptions::new().write(true).open(&path);
        let file = opened.map_err(JournalError::io("open", &path))?;
        Ok(Self { file, path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of `bytes` at `offset`.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        #[cfg(test)]
        sim::write(&self.path, bytes, offset).map_err(JournalError::io("write", &self.path))?;
        self.file.write_all_at(bytes, offset).map_err(JournalError::io("write", &self.path))
    }

    /// Returns when what was written, and the length, are on disk (`fdatasync`).
    pub fn sync(&self) -> Result<()> {
        #[cfg(test)]
        if !sim::sync(&self.path).map_err(JournalError::io("sync", &self.path))? {
            return Ok(());
        }
        self.file.sync_data().map_err(JournalError::io("sync", &self.path))
    }

    /// Gives the file another name.
    pub fn rename(&mut self, to: PathBuf) -> Result<()> {
        rename(&self.path, &to)?;
        self.path = to;
        Ok(())
    }
}

/// Renames a file within the directory.
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    #[cfg(test)]
    sim::rename(from, to).map_err(JournalError::io("rename", from))?;
    fs::rename(from, to).map_err(JournalError::io("rename", from))
}

/// Deletes a file.
pub(super) fn remove(path: &Path) -> Result<()> {
    #[cfg(test)]
    sim::remove(path).map_err(JournalError::io("delete", path))?;
    fs::remove_file(path).map_err(JournalError::io("delete", path))
}

/// Returns when names made, changed and removed in `dir` are on disk.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    #[cfg(test)]
    if !sim::sync_dir().map_err(JournalError::io("sync", dir))? {
        return Ok(());
    }
    File::open(dir).and_then(|d| d.sync_all()).map_err(JournalError::io("sync", dir))
}

/// A random number for salts and names.
pub(super) fn random(dir: &Path) -> Result<u64> {
    getrandom::u64().map_err(|e| {
        JournalError::io("get a random number for", dir)(std::io::Error::other(e.to_string()))
    })
}

//! What can go wrong in the journal.

use std::io;
use std::path::{Path, PathBuf};

/// Why the journal refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system said no. During `append` the journal then waits for
    /// [`recover_after_failure`](super::Journal::recover_after_failure).
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried: a verb, as in "cannot sync /data/journal/…".
        what: &'static str,
        /// The file or directory it was tried on.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Records that were acknowledged cannot be read back. Nothing was changed on disk.
    #[error("journal segment {} is damaged at record {seq}: {what}", segment.display())]
    Damaged {
        /// The segment in which the first unreadable record should be.
        segment: PathBuf,
        /// Sequence number of the first record that is missing.
        seq: u64,
        /// What was found instead.
        what: &'static str,
    },
    /// A segment was written by a version of Watchpost that this one does not know.
    #[error("journal segment {} has format {version}, this program knows format {known}", segment.display())]
    UnknownFormat {
        /// The segment.
        segment: PathBuf,
        /// The format its header names.
        version: u32,
        /// The format of this program.
        known: u32,
    },
    /// The record does not fit into the batch, which keeps what it had.
    #[error("a batch of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes the batch would have had with the record.
        bytes: usize,
        /// Bytes a batch may have.
        limit: usize,
    },
    /// A record or a batch without content was given; nothing was written.
    #[error("nothing to write: empty record or batch")]
    Empty,
    /// An append failed earlier and `recover_after_failure` has not succeeded since.
    #[error("the journal failed earlier and has not recovered")]
    NotRecovered,
}

impl JournalError {
    /// Wraps a system error; for `map_err`.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }

    /// Whether the cause is a full disk or an exhausted quota.
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }
}

/// The journal's own result.
pub(super) type Result<T> = std::result::Result<T, JournalError>;

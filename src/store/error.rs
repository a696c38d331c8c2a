//! What can go wrong on disk, in the store's words.

use std::io::ErrorKind;

use super::journal::JournalError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory is held by another process (status 5).
    #[error("the data directory is in use by another process")]
    InUse,
    /// The data was written by a newer version (status 3).
    #[error("the data has format {found}, this version reads up to {known}")]
    Newer {
        /// Format found on disk.
        found: u32,
        /// Newest format this version knows.
        known: u32,
    },
    /// Something that was written and synced cannot be read back (status 4).
    #[error("damaged: {0}")]
    Damaged(String),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The database failed.
    #[error("database: {0}")]
    Database(Box<redb::Error>),
    /// A file of the data directory failed.
    #[error("{what}: {source}")]
    Io {
        /// What was done to which file.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Writing stopped after an earlier failure; see the log.
    #[error("storage failed: {0}")]
    Failed(String),
    /// Too many writes wait already.
    #[error("too many writes are waiting")]
    Overloaded,
    /// Less than `storage.min_free` is left.
    #[error("the disk is full")]
    Full,
    /// Another backup is being made.
    #[error("a backup is being made already")]
    Busy,
    /// What is to be written would not fit.
    #[error("there is too little room on the disk: {needed} bytes are needed, {free} are free")]
    NoRoom {
        /// Bytes that it would take, at most.
        needed: u64,
        /// Bytes that may be written.
        free: u64,
    },
    /// It was told to stop.
    #[error("it was stopped")]
    Stopped,
    /// A read would have taken longer than its bound.
    #[error("the query takes too long; narrow its time range")]
    TooLong,
}

impl StoreError {
    /// Whether no room was found on the disk.
    pub fn is_full(&self) -> bool {
        let io = |error: &std::io::Error| {
            use std::io::ErrorKind::{QuotaExceeded, StorageFull};
            matches!(error.kind(), StorageFull | QuotaExceeded)
        };
        match self {
            Self::Full => true,
            Self::Io { source, .. } | Self::Journal(JournalError::Io { source, .. }) => io(source),
            Self::Database(error) => matches!(&**error, redb::Error::Io(source) if io(source)),
            _ => false,
        }
    }
}

/// Result of a store function.
pub type Result<T> = std::result::Result<T, StoreError>;

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        }
    )*};
}
from_redb!(StorageError, TableError, TransactionError, CommitError, SetDurabilityError);

impl From<redb::DatabaseError> for StoreError {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Self::InUse,
            redb::DatabaseError::Storage(redb::StorageError::Corrupted(what)) => {
                Self::Damaged(format!("database: {what}"))
            }
            // No database at all, or only the beginning of one.
            redb::DatabaseError::Storage(redb::StorageError::Io(error))
                if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
            {
                Self::Damaged(format!("database: {error}"))
            }
            other => Self::Database(Box::new(other.into())),
        }
    }
}

/// Names what was done, for an I/O error.
pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> StoreError {
    |source| StoreError::Io { what: what.into(), source }
}

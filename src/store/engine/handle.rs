//! The open database: what reads and writes go through until it fails.

use std::path::{Path, PathBuf};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::file::{self, Failure};
use crate::store::error::{Result, StoreError};
use crate::store::tables::STATE;

/// See the module.
pub(super) struct Handle {
    db: Database,
    failure: Failure,
    path: PathBuf,
    cache_bytes: usize,
}

impl Handle {
    /// Opens the database's file, or makes it.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self> {
        let (db, failure) = file::open(path, cache_bytes)?;
        Ok(Self { db, failure, path: path.to_owned(), cache_bytes })
    }

    /// The same file, opened once more. This handle goes on reading.
    pub fn open_anew(&self) -> Result<Self> {
        Self::open(&self.path, self.cache_bytes)
    }

    pub fn database(&self) -> &Database {
        &self.db
    }

    pub fn begin_read(&self) -> Result<ReadTransaction> {
        Ok(self.db.begin_read()?)
    }

    pub fn begin_write(&self) -> Result<WriteTransaction> {
        match self.failure.get() {
            Some(error) => Err(error),
            None => Ok(self.db.begin_write()?),
        }
    }

    /// Commits. With an error nothing counts as durable since the last commit that was.
    pub fn commit(&self, tx: WriteTransaction) -> Result<()> {
        let committed = tx.commit();
        match self.failure.get() {
            Some(error) => Err(error),
            None => Ok(committed?),
        }
    }

    /// Why it is to be replaced, if it is.
    pub fn failure(&self) -> Option<StoreError> {
        self.failure.get()
    }

    /// A number of the store itself; 0 if it is not there.
    pub fn state(&self, name: &str) -> Result<u64> {
        Ok(self.db.begin_read()?.open_table(STATE)?.get(name)?.map_or(0, |value| value.value()))
    }
}

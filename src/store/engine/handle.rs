//! The open database: what reads and writes go through until it fails.

use std::path::{Path, PathBuf};

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::file::{self, Failure, Superseded};
use crate::store::error::{Result, StoreError};
use crate::store::tables::STATE;

/// See the module.
pub(super) struct Handle {
    db: Database,
    failure: Failure,
    superseded: Superseded,
    path: PathBuf,
    cache_bytes: usize,
}

impl Handle {
    /// Opens the database's file, or makes it. `doubted`: what the system has of it in memory may not be on the
    /// disk.
    pub fn open(path: &Path, cache_bytes: usize, doubted: bool) -> Result<Self> {
        Self::open_after(path, cache_bytes, doubted, None)
    }

    fn open_after(
        path: &Path,
        cache_bytes: usize,
        doubted: bool,
        former: Option<Superseded>,
    ) -> Result<Self> {
        let (db, failure) = file::open(path, cache_bytes, doubted, former)?;
        let superseded = Superseded::default();
        Ok(Self { db, failure, superseded, path: path.to_owned(), cache_bytes })
    }

    /// The same file, opened once more. This handle must have failed or been given up; it goes on reading until
    /// it is superseded, which is when the new one writes its first page.
    pub fn open_anew(&self, doubted: bool) -> Result<Self> {
        Self::open_after(&self.path, self.cache_bytes, doubted, Some(self.superseded.clone()))
    }

    /// Whether what is read through it may be wrong by now.
    pub fn superseded(&self) -> &Superseded {
        &self.superseded
    }

    /// From now on nothing of what this handle does reaches the file: another one is going to write it.
    pub fn give_up(&self, why: &StoreError) {
        self.failure.give_up(why);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn put(handle: &Handle, value: u64, durability: redb::Durability) -> Result<()> {
        let mut tx = handle.begin_write()?;
        tx.set_durability(durability)?;
        tx.open_table(STATE)?.insert("test", value)?;
        handle.commit(tx)
    }

    #[test]
    fn a_handle_is_superseded_by_the_first_page_that_the_next_one_writes() {
        let dir = tempfile::tempdir().unwrap();
        let old = Handle::open(&dir.path().join("db"), 1 << 20, false).unwrap();
        put(&old, 1, redb::Durability::Immediate).unwrap();
        old.give_up(&StoreError::Full);
        let new = old.open_anew(true).unwrap();
        assert!(!old.superseded().is_so(), "opening alone writes none");
        put(&new, 2, redb::Durability::Immediate).unwrap();
        assert!(old.superseded().is_so() && !new.superseded().is_so());
    }

    #[test]
    fn what_a_failed_commit_wrote_is_read_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let handle = Handle::open(&dir.path().join("db"), 1 << 20, false).unwrap();
        let tx = handle.begin_write().unwrap();
        tx.open_table(STATE).unwrap().insert("test", 7).unwrap();
        handle.give_up(&StoreError::Full); // as a write does that finds no block
        assert!(handle.commit(tx).is_err());
        assert_eq!(handle.state("test").unwrap(), 7);
    }

    #[test]
    fn what_was_given_up_writes_no_more_and_leaves_the_next_one_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let old = Handle::open(&path, 1 << 20, false).unwrap();
        put(&old, 1, redb::Durability::Immediate).unwrap();
        put(&old, 2, redb::Durability::None).unwrap();
        old.give_up(&StoreError::Damaged("a counter row".to_owned()));
        assert!(put(&old, 3, redb::Durability::Immediate).is_err());
        assert_eq!(old.state("test").unwrap(), 2, "it is read on");

        let new = old.open_anew(true).unwrap();
        assert_eq!(new.state("test").unwrap(), 1, "what was not durable is not there");
        put(&new, 4, redb::Durability::Immediate).unwrap();
        drop(old); // would make its own state durable, had it not been given up
        drop(new);
        let again = Handle::open(&path, 1 << 20, false).unwrap();
        assert_eq!(again.state("test").unwrap(), 4);
        assert!(Database::check_integrity(&mut { again.db }).unwrap());
    }
}

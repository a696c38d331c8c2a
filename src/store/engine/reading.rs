//! Reading, also while the database fails and is opened anew.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, PoisonError};

use super::queue::Item;
use super::{ReadTx, Result, Store, StoreError};

impl Store {
    /// What `f` answers from a snapshot as [`Self::read`] gives it. Blocks.
    ///
    /// # Errors
    /// Those of `f`, and [`StoreError::Failed`] where the database failed and was opened anew meanwhile: the answer
    /// may then be wrong, and so may an error or a panic. Asked again, it is right.
    pub fn read_with<T, E: From<StoreError>>(
        &self,
        f: impl FnOnce(&ReadTx) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let tx = self.read()?;
        let answer = catch_unwind(AssertUnwindSafe(|| f(&tx)));
        tx.still_true()?;
        answer.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// A snapshot that holds everything acknowledged before this call. Blocks until it does:
    /// normally not at all, under load for one batch. What is read from it is sure only as long as the
    /// database does not fail, so [`Self::read_with`] is the way to answer anybody.
    pub fn read(&self) -> Result<ReadTx> {
        self.0.progress.wait_applied();
        let mut handle = self.0.handle.load_full();
        if handle.superseded().is_so() {
            // The next one comes in a moment.
            drop(self.0.reopening.lock().unwrap_or_else(PoisonError::into_inner));
            handle = self.0.handle.load_full();
        }
        if handle.failure().is_some() && self.0.progress.check().is_ok() && self.0.queue.len() == 0
        {
            // A page could not be read, and nobody who writes has noticed yet.
            let _ = self.0.queue.push_exclusive(Item::Exclusive(Box::new(|_| false)));
        }
        let tx = ReadTx::new(handle.begin_read()?);
        let superseded = handle.superseded().clone();
        Ok(tx.keeping(handle, superseded))
    }

    /// What tells whether the database is still the one that it was at this call. After a failure it is opened anew,
    /// and whoever reads from it as it was may find pages that are used for something else by now.
    pub(in crate::store) fn same_database(&self) -> impl Fn() -> Result<()> + use<> {
        let (handle, now) = (self.0.handle.load_full(), Arc::clone(&self.0.handle));
        move || match handle.failure() {
            None if Arc::ptr_eq(&handle, &now.load()) => Ok(()),
            _ => Err(StoreError::Failed("the database failed meanwhile".to_owned())),
        }
    }
}

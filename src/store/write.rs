//! Writing settings: one transaction that is durable before anyone hears of it.

use redb::{ReadableTable, WriteTransaction};

use super::error::{Result, StoreError};
use super::key::AgeKey;
use super::row::{self, IdempotencyRow};
use super::tables::{IDEMPOTENCY, IDEMPOTENCY_BY_AGE, STATE};
use crate::domain::Timestamp;

/// A transaction on everything that is not an event. Made by `Store::exclusive` only.
pub struct WriteTx<'t> {
    pub(super) tx: &'t WriteTransaction,
}

impl WriteTx<'_> {
    /// One more than the last number of `counter`, which it becomes.
    pub(super) fn next_u32(&self, counter: &str) -> Result<u32> {
        let mut table = self.tx.open_table(STATE)?;
        let next = table.get(counter)?.map_or(0, |v| v.value()) + 1;
        table.insert(counter, next)?;
        u32::try_from(next).map_err(|_| StoreError::Failed(format!("{counter} is used up")))
    }

    /// A single value of the store itself.
    pub(super) fn number(&self, name: &str) -> Result<u64> {
        Ok(self.tx.open_table(STATE)?.get(name)?.map_or(0, |v| v.value()))
    }

    /// Makes `counter` at least `value`.
    pub(super) fn raise(&self, counter: &str, value: u64) -> Result<()> {
        let mut table = self.tx.open_table(STATE)?;
        let now = table.get(counter)?.map_or(0, |v| v.value());
        table.insert(counter, now.max(value))?;
        Ok(())
    }

    /// Forgets idempotency keys of events that arrived before `before`, at most `limit`; a key that
    /// was used again since stays. Returns how many uses were forgotten.
    pub fn forget_keys(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut keys = self.tx.open_table(IDEMPOTENCY)?;
        let mut by_age = self.tx.open_table(IDEMPOTENCY_BY_AGE)?;
        let mut old = Vec::new();
        for entry in by_age.range(..AgeKey { arrival: before.0, id: 0 })?.take(limit) {
            let (age, key) = entry?;
            let (camera, key) = key.value();
            old.push((age.value(), camera, key.to_owned()));
        }
        for (age, camera, key) in &old {
            by_age.remove(*age)?;
            let key = (*camera, key.as_str());
            let newer = keys.get(key)?.is_some_and(|row| {
                row::decode(0, row.value()).is_ok_and(|IdempotencyRow::V1 { id, .. }| id != age.id)
            });
            if !newer {
                keys.remove(key)?;
            }
        }
        Ok(old.len())
    }
}

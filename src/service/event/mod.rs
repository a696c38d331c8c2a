//! Events: store them, read them, tag them, delete them.

mod delete;
mod echo;
mod feed;
mod hold;
mod read;
mod record;
mod tag;

use std::sync::Arc;

use super::Core;
use super::idempotency::Pending;
use super::job::Jobs;
use super::live::Live;
use super::rate::Rate;
use super::snapshot::Asks;
use crate::domain::time::DAY_US;
use crate::domain::{Event, Timestamp};
use crate::service::catalogue::Catalogue;
use crate::service::error::Result;
use crate::store::StoredEvent;

pub use delete::Deleted;
pub(super) use delete::rest;
pub(super) use echo::Echoes;
pub use feed::{Feed, Item};
pub use read::EventPage;
pub(super) use read::query;
pub(super) use record::Picture;
pub use record::Recorded;

/// Locks that changes of one event share; which one is by its id.
const EVENT_LOCKS: usize = 256;
/// How long an idempotency key is remembered (operations.md 1.5).
const KEYS_KEPT_US: i64 = 7 * DAY_US;
/// Keys forgotten in one transaction.
const KEYS_PER_STEP: usize = 1_000;

/// See the module.
#[derive(Clone, Debug)]
pub struct Events {
    core: Arc<Core>,
    pending: Pending,
    rate: Arc<Rate>,
    locks: Arc<Vec<Arc<tokio::sync::Mutex<()>>>>,
    jobs: Jobs,
    live: Live,
    /// Pictures that are to be fetched for events.
    asks: Asks,
}

impl Events {
    pub(super) fn new(core: Arc<Core>, jobs: Jobs, live: Live, asks: Asks) -> Self {
        let locks = (0..EVENT_LOCKS).map(|_| Arc::default()).collect();
        Self {
            core,
            pending: Pending::default(),
            rate: Arc::default(),
            locks: Arc::new(locks),
            jobs,
            live,
            asks,
        }
    }

    pub(super) fn live(&self) -> &Live {
        &self.live
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Forgets idempotency keys that are older than a week, in bounded steps.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_keys(&self) -> Result<()> {
        let before = Timestamp(self.core.clock.now().0 - KEYS_KEPT_US);
        loop {
            let old = self.core.read(move |tx| Ok(tx.has_keys_before(before)?)).await?;
            if !old {
                return Ok(());
            }
            self.core.change(move |tx, _| Ok(tx.forget_keys(before, KEYS_PER_STEP)?)).await?;
        }
    }
}

/// A stored row with its type's name.
pub(super) fn named(catalogue: &Catalogue, row: StoredEvent) -> Event {
    let StoredEvent { id, camera, event_type, time, order_time, received_at, uid, meta, attached } =
        row;
    let name = catalogue.type_name(event_type);
    Event { id, camera, event_type, name, time, order_time, received_at, meta, uid, attached }
}

//! What is counted in memory beside the store: refused events, uses of credentials, clocks of cameras.

use std::sync::Arc;

use super::metrics::Counters;
use super::not_understood::Deliveries;
use super::overview::Skews;
use super::pace::Pace;
use super::refusals::Refusals;
use super::uses::Uses;
use crate::domain::CameraId;
use crate::store::{self, ReadTx};

/// See the module.
#[derive(Debug)]
pub(super) struct Figures {
    pub refusals: Refusals,
    pub not_understood: Deliveries,
    pub uses: Uses,
    pub skews: Skews,
    pub counters: Arc<Counters>,
    pub pace: Pace,
}

impl Figures {
    /// Empty, but for what was kept of the uses.
    pub fn load(tx: &ReadTx) -> store::Result<Self> {
        let uses = Uses::new(tx.credential_uses()?);
        let (refusals, skews) = (Refusals::default(), Skews::default());
        let not_understood = Deliveries::default();
        Ok(Self {
            refusals,
            not_understood,
            uses,
            skews,
            counters: Arc::default(),
            pace: Pace::default(),
        })
    }

    /// A camera is gone, and with it what was counted for it.
    pub fn forget_camera(&self, camera: CameraId) {
        self.refusals.forget(camera);
        self.not_understood.forget(camera);
        self.skews.forget(camera);
    }
}

//! Triggers: the camera is asked to raise an event itself, and its answer is waited for.

use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::link::Ask;
use crate::domain::{CameraId, Meta, Timestamp};
use crate::service::access::{Action, Caller};
use crate::service::error::{Error, Result};
use crate::service::event_type::EventTypes;
use crate::service::recipe::Triggered;

/// Time that a camera has to answer, the wait for its earlier triggers included (product.md 6).
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

impl EventTypes {
    /// Asks the camera to raise an event of this type itself, and waits for its answer unless told not
    /// to. One trigger at a time is at a camera; a few more may wait for it.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::EventTypeNotFound`],
    /// [`Error::NotTriggerable`], [`Error::CameraOffline`], [`Error::CameraRefused`],
    /// [`Error::CameraTimeout`], [`Error::Overloaded`].
    pub async fn trigger(
        &self,
        caller: &Caller,
        camera: CameraId,
        name: String,
        time: Timestamp,
        meta: Meta,
        waits: bool,
    ) -> Result<Triggered> {
        let entry = self.camera(caller, Action::Trigger, camera)?;
        let Some(known) = entry.types.get(&name) else {
            return Err(Error::EventTypeNotFound(name));
        };
        if !known.caps.can_be_triggered {
            return Err(Error::NotTriggerable);
        }
        let asks = entry.link.asks().ok_or(Error::CameraOffline)?;
        let (reply, answer) = oneshot::channel();
        let reply = waits.then_some(reply);
        let deadline = Instant::now() + ANSWER_WITHIN;
        asks.try_send(Ask { name, time, meta, reply, deadline }).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded("too many triggers wait for this camera"),
            TrySendError::Closed(_) => Error::CameraOffline,
        })?;
        drop(asks);
        if !waits {
            return Ok(Triggered::Sent);
        }
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer.map(Triggered::Done),
            Ok(Err(_)) => Err(Error::CameraOffline), // the connection went away with it
            Err(_) => Err(Error::CameraTimeout),
        }
    }
}

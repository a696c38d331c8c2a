//! Files of a camera's events: within the message, or where they are to be sent.

use std::sync::Arc;

use super::connection::Connection;
use super::wire::CamEvent;
use crate::domain::{Attachment, EventId};
use crate::service::attachment::Upload;

impl Connection {
    /// Keeps a picture that came within the message, as old clients send it.
    pub(super) async fn keep_inline(&self, event: &CamEvent, id: Option<EventId>) {
        let (Some(id), Some(bytes)) = (id, &event.inline) else { return };
        let sent = Arc::new(bytes.clone());
        if let Err(error) = self.agents.attachments.give(id, Attachment::Picture, sent).await {
            tracing::debug!(camera.id = self.camera.0, event.id = id.0, %error, "a picture is not taken");
        }
    }

    /// Where the camera is to send an event's picture and metadata file, if it has them to send.
    pub(super) async fn expect_files(
        &self,
        event: &CamEvent,
        id: Option<EventId>,
    ) -> Vec<(Attachment, Upload)> {
        let mut uploads = Vec::new();
        let Some(id) = id else { return uploads };
        for of in event.wants.iter().copied() {
            match self.agents.attachments.expect(id, of, &self.origin).await {
                Ok(upload) => uploads.push((of, upload)),
                Err(error) => {
                    let (camera, event) = (self.camera.0, id.0);
                    tracing::warn!(camera.id = camera, event.id = event, %error, "a {} is not taken", of.noun());
                }
            }
        }
        uploads
    }
}

//! Files of a camera's events: where they are to be sent.

use super::connection::Connection;
use super::wire::CamEvent;
use crate::domain::{Attachment, EventId};
use crate::service::attachment::Upload;

impl Connection {
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

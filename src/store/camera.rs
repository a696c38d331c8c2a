//! Camera records on disk.

use redb::ReadableTable;

use super::error::{Result, StoreError};
use super::read::ReadTx;
use super::row::{self, CameraRow};
use super::tables::{CAMERAS, REMOVED_CAMERA_NAMES, REMOVED_CAMERAS, state};
use super::write::WriteTx;
use crate::domain::{Agent, Camera, CameraId, Timestamp};

impl ReadTx {
    /// All cameras, by id.
    pub fn cameras(&self) -> Result<Vec<Camera>> {
        let table = self.tx.open_table(CAMERAS)?;
        let mut cameras = Vec::new();
        for entry in table.iter()? {
            let (id, value) = entry?;
            cameras.push(decode(id.value(), value.value())?);
        }
        Ok(cameras)
    }

    /// The name of a camera that was removed, empty if format 1 removed it; `None` for any other id.
    pub fn removed_camera(&self, id: CameraId) -> Result<Option<String>> {
        if self.tx.open_table(REMOVED_CAMERAS)?.get(id.0)?.is_none() {
            return Ok(None);
        }
        let name = self.tx.open_table(REMOVED_CAMERA_NAMES)?.get(id.0)?;
        Ok(Some(name.map_or_else(String::new, |name| name.value().to_owned())))
    }
}

impl WriteTx<'_> {
    /// The next camera id, or `wanted`, which must be free.
    pub fn new_camera_id(&self, wanted: Option<CameraId>) -> Result<CameraId> {
        let id = match wanted {
            Some(id) => {
                self.raise(state::LAST_CAMERA, u64::from(id.0))?;
                id.0
            }
            None => self.next_u32(state::LAST_CAMERA)?,
        };
        Ok(CameraId(id))
    }

    /// Writes a camera's record, new or changed.
    pub fn put_camera(&self, camera: &Camera) -> Result<()> {
        let row = CameraRow::V3 {
            name: camera.name.clone(),
            timezone: camera.timezone.clone(),
            enabled: camera.enabled,
            created: camera.created.0,
            rec_mode: camera.rec_mode.clone(),
            url: camera.url.clone(),
            login: camera.login.clone(),
            latitude: camera.latitude.clone(),
            longitude: camera.longitude.clone(),
            meta: camera.meta.clone().into_iter().collect(),
            address: camera.address.clone(),
            quiet_after_s: camera.quiet_after_s,
            agent: camera
                .agent
                .clone()
                .map(|Agent { vendor, model, firmware }| (vendor, model, firmware)),
        };
        let bytes = row::encode(u64::from(camera.id.0), &row);
        self.tx.open_table(CAMERAS)?.insert(camera.id.0, bytes.as_slice())?;
        Ok(())
    }

    /// Removes a camera's record. Its id is not used again; its events and its name stay.
    pub fn remove_camera(&self, id: CameraId, name: &str) -> Result<()> {
        self.tx.open_table(CAMERAS)?.remove(id.0)?;
        self.tx.open_table(REMOVED_CAMERAS)?.insert(id.0, ())?;
        self.tx.open_table(REMOVED_CAMERA_NAMES)?.insert(id.0, name)?;
        Ok(())
    }

    /// Whether a camera with this id was removed.
    pub fn was_removed(&self, id: CameraId) -> Result<bool> {
        Ok(self.tx.open_table(REMOVED_CAMERAS)?.get(id.0)?.is_some())
    }
}

fn decode(id: u32, bytes: &[u8]) -> Result<Camera> {
    let row = row::decode(u64::from(id), bytes)
        .map_err(|row::Damage| StoreError::Damaged(format!("the record of camera {id}")))?;
    let id = CameraId(id);
    Ok(match row {
        CameraRow::V1 {
            name,
            timezone,
            enabled,
            created,
            rec_mode,
            url,
            login,
            latitude,
            longitude,
            meta,
        } => Camera {
            id,
            name,
            timezone,
            enabled,
            created: Timestamp(created),
            rec_mode,
            url,
            login,
            latitude,
            longitude,
            meta: meta.into_iter().collect(),
            address: None,
            quiet_after_s: 0,
            agent: None,
        },
        CameraRow::V2 {
            name,
            timezone,
            enabled,
            created,
            rec_mode,
            url,
            login,
            latitude,
            longitude,
            meta,
            address,
            quiet_after_s,
        } => Camera {
            id,
            name,
            timezone,
            enabled,
            created: Timestamp(created),
            rec_mode,
            url,
            login,
            latitude,
            longitude,
            meta: meta.into_iter().collect(),
            address,
            quiet_after_s,
            agent: None,
        },
        CameraRow::V3 {
            name,
            timezone,
            enabled,
            created,
            rec_mode,
            url,
            login,
            latitude,
            longitude,
            meta,
            address,
            quiet_after_s,
            agent,
        } => Camera {
            id,
            name,
            timezone,
            enabled,
            created: Timestamp(created),
            rec_mode,
            url,
            login,
            latitude,
            longitude,
            meta: meta.into_iter().collect(),
            address,
            quiet_after_s,
            agent: agent.map(|(vendor, model, firmware)| Agent { vendor, model, firmware }),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_from_before_agents_is_read() {
        let row = CameraRow::V2 {
            name: "Gate".to_owned(),
            timezone: "UTC".to_owned(),
            enabled: true,
            created: 1,
            rec_mode: "off".to_owned(),
            url: None,
            login: None,
            latitude: None,
            longitude: None,
            meta: Vec::new(),
            address: Some("10.0.0.7".to_owned()),
            quiet_after_s: 60,
        };
        let camera = decode(7, &row::encode(7, &row)).unwrap();
        assert_eq!((camera.address.as_deref(), camera.quiet_after_s), (Some("10.0.0.7"), 60));
        assert_eq!(camera.agent, None);
    }
}

//! Camera records on disk.

use redb::ReadableTable;

use super::error::{Result, StoreError};
use super::read::{ReadTx, left_out};
use super::row::{self, CameraAdded, CameraDevice, CameraRow, CameraV1};
use super::tables::{CAMERAS, REMOVED_CAMERA_NAMES, REMOVED_CAMERAS, state};
use super::write::WriteTx;
use crate::domain::{Agent, Camera, CameraId, Device, DevicePassword, Sealed, Timestamp};

impl ReadTx {
    /// All cameras, by id. A damaged one is reported and left out.
    pub fn cameras(&self) -> Result<Vec<Camera>> {
        let table = self.tx.open_table(CAMERAS)?;
        let mut cameras = Vec::new();
        for entry in table.iter()? {
            let (id, value) = entry?;
            match decode(id.value(), value.value()) {
                Ok(camera) => cameras.push(camera),
                Err(error) => left_out(&error),
            }
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
        let row = encode(camera);
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

fn encode(camera: &Camera) -> CameraRow {
    let first = CameraV1 {
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
    };
    let agent = camera.agent.clone();
    let added = CameraAdded {
        address: camera.address.clone(),
        quiet_after_s: camera.quiet_after_s,
        agent: agent.map(|Agent { vendor, model, firmware }| (vendor, model, firmware)),
    };
    let Device { port, username, password, snapshot_path } = camera.device.clone();
    let password = password.map(|password| (password.sealed.0, password.set_at.0));
    CameraRow::V3(first, added, CameraDevice { port, username, password, snapshot_path })
}

fn decode(id: u32, bytes: &[u8]) -> Result<Camera> {
    let row = row::decode(u64::from(id), bytes)
        .map_err(|row::Damage| StoreError::Damaged(format!("the record of camera {id}")))?;
    let (first, added, device) = match row {
        CameraRow::V1(first) => (first, CameraAdded::default(), CameraDevice::default()),
        CameraRow::V2(first, added) => (first, added, CameraDevice::default()),
        CameraRow::V3(first, added, device) => (first, added, device),
    };
    Ok(Camera {
        id: CameraId(id),
        name: first.name,
        timezone: first.timezone,
        enabled: first.enabled,
        created: Timestamp(first.created),
        rec_mode: first.rec_mode,
        url: first.url,
        login: first.login,
        latitude: first.latitude,
        longitude: first.longitude,
        meta: first.meta.into_iter().collect(),
        address: added.address,
        quiet_after_s: added.quiet_after_s,
        agent: added.agent.map(|(vendor, model, firmware)| Agent { vendor, model, firmware }),
        device: Device {
            port: device.port,
            username: device.username,
            password: device.password.map(|(sealed, set_at)| DevicePassword {
                sealed: Sealed(sealed),
                set_at: Timestamp(set_at),
            }),
            snapshot_path: device.snapshot_path,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_comes_back_with_everything() {
        let camera = Camera {
            id: CameraId(7),
            name: "Gate".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
            enabled: false,
            created: Timestamp(5),
            rec_mode: "on".to_owned(),
            url: Some("rtsp://gate".to_owned()),
            login: Some("viewer".to_owned()),
            latitude: Some("53.5".to_owned()),
            longitude: Some("9.99".to_owned()),
            meta: [("a".to_owned(), "b".to_owned())].into(),
            address: Some("10.0.0.7".to_owned()),
            quiet_after_s: 60,
            agent: Some(Agent {
                vendor: "V".to_owned(),
                model: "M".to_owned(),
                firmware: "1".to_owned(),
            }),
            device: Device {
                port: Some(8080),
                username: Some("root".to_owned()),
                password: Some(DevicePassword { sealed: Sealed(vec![1, 2]), set_at: Timestamp(9) }),
                snapshot_path: Some("/snap.jpg".to_owned()),
            },
        };
        assert_eq!(decode(7, &row::encode(7, &encode(&camera))).unwrap(), camera);
        let CameraRow::V3(first, added, _) = encode(&camera) else { unreachable!("it is V3") };
        let older = row::encode(7, &CameraRow::V2(first, added));
        assert_eq!(decode(7, &older).unwrap(), Camera { device: Device::default(), ..camera });
    }
}

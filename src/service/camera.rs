//! Cameras: add, change, remove.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Core;
use super::access::{Action, Caller};
use super::audit::Act;
use super::catalogue::CameraEntry;
use super::credential;
use super::device::settings::{self as device, DeviceChange};
use super::error::{Error, Result};
use crate::domain::camera::{CAMERA_META_MAX, CAMERAS_MAX, QUIET_AFTER_S_MAX, is_address};
use crate::domain::{Access, Camera, CameraId, Credential, Device, Kind, catalog, is_name, meta};

/// A camera to add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCamera {
    /// The id it is to have, for sites that keep theirs.
    pub id: Option<CameraId>,
    /// Its name.
    pub name: String,
    /// Everything else that is given.
    pub change: CameraChange,
}

/// What to change of a camera; `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CameraChange {
    /// See [`Camera::name`].
    pub name: Option<String>,
    /// See [`Camera::timezone`].
    pub timezone: Option<String>,
    /// See [`Camera::enabled`].
    pub enabled: Option<bool>,
    /// See [`Camera::rec_mode`].
    pub rec_mode: Option<String>,
    /// See [`Camera::url`].
    pub url: Option<String>,
    /// See [`Camera::login`].
    pub login: Option<String>,
    /// See [`Camera::latitude`].
    pub latitude: Option<String>,
    /// See [`Camera::longitude`].
    pub longitude: Option<String>,
    /// All tags of the camera.
    pub meta: Option<BTreeMap<String, String>>,
    /// See [`Camera::address`]; empty takes it away.
    pub address: Option<String>,
    /// See [`Camera::quiet_after_s`].
    pub quiet_after_s: Option<u32>,
    /// How the server speaks to the device.
    pub device: DeviceChange,
}

/// A camera that was added, with its credentials.
#[derive(Clone, Debug)]
pub struct AddedCamera {
    /// Its record and types.
    pub entry: Arc<CameraEntry>,
    /// Its `all`, `watch` and `ingest` tokens.
    pub tokens: Vec<Credential>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Cameras(Arc<Core>);

impl Cameras {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    /// The cameras that the caller can see, by id.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub fn list(&self, caller: &Caller) -> Result<Vec<Arc<CameraEntry>>> {
        caller.may(Action::ReadCameras)?;
        let catalogue = self.0.catalogue();
        Ok(catalogue.cameras.values().filter(|c| caller.covers(c.camera.id)).cloned().collect())
    }

    /// One camera.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`].
    pub fn get(&self, caller: &Caller, id: CameraId) -> Result<Arc<CameraEntry>> {
        caller.may_at(Action::ReadCameras, id)?;
        self.0.catalogue().camera(id).cloned().ok_or(Error::CameraNotFound(id))
    }

    /// Adds a camera with the catalogue's default event types and three tokens.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], [`Error::LimitReached`], [`Error::Exists`]
    /// for an id that is or was in use.
    pub async fn add(&self, caller: &Caller, new: NewCamera) -> Result<AddedCamera> {
        caller.may(Action::Manage)?;
        check(&new.change)?;
        check_name(&new.name)?;
        let now = self.0.clock.now();
        let core = Arc::clone(&self.0);
        self.0
            .change_told(caller, move |tx, next| {
                if next.cameras.len() >= CAMERAS_MAX {
                    return Err(Error::LimitReached("no more cameras can be added"));
                }
                if let Some(id) = new.id
                    && (id.0 == 0 || next.cameras.contains_key(&id) || tx.was_removed(id)?)
                {
                    return Err(Error::Exists("a camera with this id"));
                }
                let mut camera = Camera {
                    id: tx.new_camera_id(new.id)?,
                    name: new.name,
                    timezone: next.settings.time_zone().name().to_owned(),
                    enabled: true,
                    created: now,
                    rec_mode: "off".to_owned(),
                    url: None,
                    login: None,
                    latitude: None,
                    longitude: None,
                    meta: BTreeMap::new(),
                    address: None,
                    quiet_after_s: 0,
                    agent: None,
                    device: Device::default(),
                };
                apply(&core, &mut camera, new.change)?;
                let mut types = BTreeMap::new();
                for entry in catalog::entries().iter().filter(|entry| entry.default) {
                    let number = next.number_of(tx, &entry.name)?;
                    let event_type = entry.event_type(number);
                    tx.put_event_type(camera.id, &event_type)?;
                    types.insert(entry.name.clone(), event_type);
                }
                tx.put_camera(&camera)?;
                let mut tokens = Vec::new();
                for access in [Access::All, Access::Watch, Access::Ingest] {
                    let token = credential::make(
                        tx,
                        Kind::Token,
                        access,
                        vec![camera.id],
                        String::new(),
                        now,
                    )?;
                    tokens.push(token.clone());
                    next.put_credential(token);
                }
                let id = camera.id;
                next.put_camera(CameraEntry::new(camera, types));
                let entry = next.camera(id).cloned().ok_or(Error::CameraNotFound(id))?;
                let act = Act::on("camera.create", object(id)).with(entry.camera.name.clone());
                Ok((AddedCamera { entry, tokens }, act))
            })
            .await
    }

    /// Changes a camera's record and returns it as it is then. A camera that is off is not switched on
    /// by its own credentials: what they create is refused for a reason.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::BadParameter`].
    pub async fn change(
        &self,
        caller: &Caller,
        id: CameraId,
        change: CameraChange,
    ) -> Result<Arc<CameraEntry>> {
        caller.may_at(Action::ChangeCameras, id)?;
        check(&change)?;
        let account_wide = caller.is_account_wide();
        let core = Arc::clone(&self.0);
        let act = Act::on("camera.change", object(id)).with(told(&change));
        self.edit(caller, act, id, move |camera| {
            if change.enabled == Some(true) && !camera.enabled && !account_wide {
                return Err(Error::AccessDenied("switching a camera on again"));
            }
            apply(&core, camera, change)
        })
        .await
    }

    /// Adds a tag to a camera.
    ///
    /// # Errors
    /// As [`Self::change`]; [`Error::Exists`] if the camera has the tag (API contract C7).
    pub async fn add_tag(
        &self,
        caller: &Caller,
        id: CameraId,
        tag: String,
        data: String,
    ) -> Result<()> {
        caller.may_at(Action::ChangeCameras, id)?;
        meta::check_tag(&tag)?;
        meta::check_value(&data)?;
        let act = Act::on("camera.change", object(id)).with(format!("tag {tag}"));
        self.edit(caller, act, id, move |camera| {
            if camera.meta.contains_key(&tag) {
                return Err(Error::Exists("the tag"));
            }
            camera.meta.insert(tag, data);
            check_meta(&camera.meta)
        })
        .await
        .map(drop)
    }

    /// Sets a tag that a camera has, or takes it away.
    ///
    /// # Errors
    /// As [`Self::change`]; [`Error::NotFound`] if the camera has no such tag.
    pub async fn set_tag(
        &self,
        caller: &Caller,
        id: CameraId,
        tag: String,
        data: Option<String>,
    ) -> Result<()> {
        caller.may_at(Action::ChangeCameras, id)?;
        if let Some(data) = &data {
            meta::check_value(data)?;
        }
        let act = Act::on("camera.change", object(id)).with(format!("tag {tag}"));
        self.edit(caller, act, id, move |camera| {
            let known = match data {
                Some(data) => camera.meta.get_mut(&tag).map(|slot| *slot = data).is_some(),
                None => camera.meta.remove(&tag).is_some(),
            };
            if known { check_meta(&camera.meta) } else { Err(Error::NotFound("the tag")) }
        })
        .await
        .map(drop)
    }

    async fn edit(
        &self,
        caller: &Caller,
        act: Act,
        id: CameraId,
        f: impl FnOnce(&mut Camera) -> Result<()> + Send + 'static,
    ) -> Result<Arc<CameraEntry>> {
        self.0
            .change_as(caller, act, move |tx, next| {
                let mut entry =
                    CameraEntry::clone(next.camera(id).ok_or(Error::CameraNotFound(id))?);
                f(&mut entry.camera)?;
                tx.put_camera(&entry.camera)?;
                next.put_camera(entry);
                next.camera(id).cloned().ok_or(Error::CameraNotFound(id))
            })
            .await
    }

    /// Removes a camera: its types and tokens end at once, its events stay. Its id is not used again.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`].
    pub async fn remove(&self, caller: &Caller, id: CameraId) -> Result<()> {
        caller.may_at(Action::Manage, id)?;
        let removed = self
            .0
            .change_told(caller, move |tx, next| {
                let entry = next.cameras.remove(&id).ok_or(Error::CameraNotFound(id))?;
                tx.remove_camera(id, &entry.camera.name)?;
                for event_type in entry.types.values() {
                    tx.remove_event_type(id, event_type.number)?;
                    tx.remove_recipe(id, event_type.number)?;
                }
                let touched: Vec<Credential> = next
                    .credentials
                    .values()
                    .filter(|c| c.cameras.contains(&id))
                    .map(|c| Credential::clone(c))
                    .collect();
                for mut credential in touched {
                    if credential.kind == Kind::Token {
                        tx.remove_credential(credential.kind, credential.id)?;
                        next.credentials.remove(&(credential.kind, credential.id));
                    } else {
                        credential.cameras.retain(|camera| *camera != id);
                        tx.put_credential(&credential)?;
                        next.put_credential(credential);
                    }
                }
                let act = Act::on("camera.remove", object(id)).with(entry.camera.name.clone());
                Ok(((), act))
            })
            .await;
        if removed.is_ok() {
            self.0.figures.forget_camera(id);
        }
        removed
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.0
    }
}

/// A camera as the audit trail names it.
pub(super) fn object(id: CameraId) -> String {
    format!("camera {}", id.0)
}

/// What of a camera changes, for the audit trail: no values, an address may hold a password.
fn told(change: &CameraChange) -> String {
    let members = [
        ("name", change.name.is_some()),
        ("timezone", change.timezone.is_some()),
        ("enabled", change.enabled.is_some()),
        ("rec_mode", change.rec_mode.is_some()),
        ("url", change.url.is_some()),
        ("login", change.login.is_some()),
        ("latitude", change.latitude.is_some()),
        ("longitude", change.longitude.is_some()),
        ("meta", change.meta.is_some()),
        ("address", change.address.is_some()),
        ("quiet_after_s", change.quiet_after_s.is_some()),
        ("port", change.device.port.is_some()),
        ("username", change.device.username.is_some()),
        ("password", change.device.password.is_some()),
        ("snapshot_path", change.device.snapshot_path.is_some()),
    ];
    let given: Vec<&str> = members.iter().filter(|(_, given)| *given).map(|(n, _)| *n).collect();
    given.join(", ")
}

fn apply(core: &Core, camera: &mut Camera, change: CameraChange) -> Result<()> {
    let CameraChange {
        name,
        timezone,
        enabled,
        rec_mode,
        url,
        login,
        latitude,
        longitude,
        meta,
        address,
        quiet_after_s,
        device,
    } = change;
    let former = (camera.address.clone(), camera.device.port);
    camera.name = name.unwrap_or_else(|| std::mem::take(&mut camera.name));
    camera.timezone = timezone.unwrap_or_else(|| std::mem::take(&mut camera.timezone));
    camera.enabled = enabled.unwrap_or(camera.enabled);
    camera.rec_mode = rec_mode.unwrap_or_else(|| std::mem::take(&mut camera.rec_mode));
    camera.url = url.or_else(|| camera.url.take()).filter(|url| !url.is_empty());
    camera.login = login.or_else(|| camera.login.take()).filter(|login| !login.is_empty());
    camera.latitude = latitude.or_else(|| camera.latitude.take());
    camera.longitude = longitude.or_else(|| camera.longitude.take());
    camera.meta = meta.unwrap_or_else(|| std::mem::take(&mut camera.meta));
    camera.address = address.or_else(|| camera.address.take()).filter(|text| !text.is_empty());
    camera.quiet_after_s = quiet_after_s.unwrap_or(camera.quiet_after_s);
    device::apply(core, camera, &former, device)
}

fn check(change: &CameraChange) -> Result<()> {
    let bad = |what: &str| Err(Error::BadParameter(what.to_owned()));
    if let Some(name) = &change.name {
        check_name(name)?;
    }
    if let Some(zone) = &change.timezone
        && zone.parse::<chrono_tz::Tz>().is_err()
    {
        return bad("timezone is not an IANA time zone name");
    }
    if let Some(mode) = &change.rec_mode
        && !["on", "off", "by_event"].contains(&mode.as_str())
    {
        return bad("rec_mode is none of on, off, by_event");
    }
    if [&change.url, &change.login].into_iter().flatten().any(|text| text.len() > 2_048) {
        return bad("url or login is too long");
    }
    if change.address.as_ref().is_some_and(|text| !text.is_empty() && !is_address(text)) {
        return bad("address is not a host name or an IP address of at most 255 bytes");
    }
    if change.quiet_after_s.is_some_and(|seconds| seconds > QUIET_AFTER_S_MAX) {
        return bad("quiet_after_s is more than 2592000 (30 days)");
    }
    device::check(&change.device)?;
    change.meta.as_ref().map_or(Ok(()), check_meta)
}

fn check_name(name: &str) -> Result<()> {
    if is_name(name) {
        return Ok(());
    }
    Err(Error::BadParameter("name must have 1 to 128 bytes and no control characters".to_owned()))
}

fn check_meta(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > CAMERA_META_MAX {
        return Err(meta::MetaLimit::Tags.into());
    }
    for (tag, value) in tags {
        meta::check_tag(tag)?;
        meta::check_value(value)?;
    }
    let bytes: usize = tags.iter().map(|(tag, value)| tag.len() + value.len() + 6).sum();
    if bytes > meta::META_BYTES_MAX { Err(meta::MetaLimit::All.into()) } else { Ok(()) }
}

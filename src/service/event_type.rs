//! Event types of a camera: list, add, change, remove. Triggers are in `agent` and `recipe`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Core;
use super::access::{Action, Caller};
use super::audit::Act;
use super::camera::object;
use super::catalogue::{CameraEntry, Catalogue};
use super::error::{Error, Result};
use super::overview::site_wide;
use crate::domain::event_type::{EVENT_TYPES_MAX, EventTypeChange};
use crate::domain::{CameraId, EventType, catalog, is_name};
use crate::store::WriteTx;

/// An event type's name as the whole site knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownType {
    /// The name.
    pub name: Arc<str>,
    /// On every camera that has it, it was made over the API.
    pub custom: bool,
    /// How many events there are.
    pub count: u64,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct EventTypes(Arc<Core>);

impl EventTypes {
    pub(super) const fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    pub(super) const fn core(&self) -> &Arc<Core> {
        &self.0
    }

    /// A camera's event types: built-in and declared ones by name, then custom ones by name.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`].
    pub fn list(&self, caller: &Caller, camera: CameraId) -> Result<Vec<EventType>> {
        let entry = self.camera(caller, Action::ReadCameras, camera)?;
        let mut types: Vec<EventType> =
            entry.types.values().map(|known| entry.shown(known)).collect();
        types.sort_by(|a, b| (a.custom, &a.name).cmp(&(b.custom, &b.name)));
        Ok(types)
    }

    /// Every event type that a camera has or an event was ever stored of, by name, with how many events
    /// there are.
    ///
    /// Cost: a few counters per day that has events.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] also for credentials of single cameras, and the store's.
    pub async fn known(&self, caller: &Caller) -> Result<Vec<KnownType>> {
        site_wide(caller)?;
        let catalogue = self.0.catalogue();
        self.0
            .read(move |tx| {
                let mut known: BTreeMap<Arc<str>, KnownType> = BTreeMap::new();
                let mut at = |number, custom: Option<bool>, count| {
                    let name = catalogue.type_name(number);
                    let place = known.entry(Arc::clone(&name)).or_insert_with(|| {
                        // Of what no camera has any more, the catalogue decides.
                        let custom = custom.unwrap_or_else(|| catalog::entry(&name).is_none());
                        KnownType { name, custom, count: 0 }
                    });
                    place.custom &= custom.unwrap_or(true);
                    place.count += count;
                };
                for entry in catalogue.cameras.values() {
                    for known in entry.types.values() {
                        at(known.number, Some(known.custom), 0);
                    }
                }
                for number in tx.types_seen()? {
                    at(number, None, 0);
                }
                for (number, count) in tx.totals_by_type()? {
                    at(number, None, count);
                }
                Ok(known.into_values().collect())
            })
            .await
    }

    /// One event type.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::EventTypeNotFound`].
    pub fn get(&self, caller: &Caller, camera: CameraId, name: &str) -> Result<EventType> {
        let entry = self.camera(caller, Action::ReadCameras, camera)?;
        let known = entry.types.get(name);
        let known = known.ok_or_else(|| Error::EventTypeNotFound(name.to_owned()))?;
        Ok(entry.shown(known))
    }

    /// Adds a custom event type: no caps, `receive` off.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::BadParameter`],
    /// [`Error::Exists`], [`Error::LimitReached`].
    pub async fn add(
        &self,
        caller: &Caller,
        camera: CameraId,
        name: String,
        notify: bool,
    ) -> Result<EventType> {
        caller.may_at(Action::ChangeCameras, camera)?;
        check_name(&name)?;
        let act = Act::on("type.create", object(camera)).with(name.clone());
        self.0
            .change_as(caller, act, move |tx, next| {
                let entry = next.camera(camera).ok_or(Error::CameraNotFound(camera))?;
                if entry.types.contains_key(&name) {
                    return Err(Error::Exists("the event type"));
                }
                check_room(entry)?;
                let number = next.number_of(tx, &name)?;
                put(tx, next, camera, EventType::custom(number, name, notify))
            })
            .await
    }

    /// Changes an event type's switches and returns it as it is then.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::EventTypeNotFound`],
    /// [`Error::BadParameter`].
    pub async fn change(
        &self,
        caller: &Caller,
        camera: CameraId,
        name: String,
        change: EventTypeChange,
    ) -> Result<EventType> {
        caller.may_at(Action::ChangeCameras, camera)?;
        if let Some(Some(alias)) = &change.alias
            && (!is_name(alias) || alias.contains(','))
        {
            return Err(Error::BadParameter("alias must have 1 to 128 bytes and no comma".into()));
        }
        let act = Act::on("type.change", object(camera)).with(name.clone());
        self.0
            .change_as(caller, act, move |tx, next| {
                let entry = next.camera(camera).cloned().ok_or(Error::CameraNotFound(camera))?;
                let known = entry.types.get(&name).ok_or(Error::EventTypeNotFound(name))?;
                let mut event_type = entry.shown(known);
                event_type.apply(&change);
                event_type.caps = known.caps; // what is kept is what the camera itself can do
                Ok(entry.shown(&put(tx, next, camera, event_type)?))
            })
            .await
    }

    /// Removes a custom event type. Its events stay.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::EventTypeNotFound`],
    /// [`Error::BuiltIn`].
    pub async fn remove(&self, caller: &Caller, camera: CameraId, name: String) -> Result<()> {
        caller.may_at(Action::ChangeCameras, camera)?;
        let act = Act::on("type.remove", object(camera)).with(name.clone());
        self.0
            .change_as(caller, act, move |tx, next| {
                let entry = next.camera(camera).ok_or(Error::CameraNotFound(camera))?;
                let mut entry = CameraEntry::clone(entry);
                match entry.types.remove(&name) {
                    None => Err(Error::EventTypeNotFound(name)),
                    Some(event_type) if !event_type.custom => Err(Error::BuiltIn),
                    Some(event_type) => {
                        tx.remove_event_type(camera, event_type.number)?;
                        tx.remove_recipe(camera, event_type.number)?;
                        entry.recipes.remove(&event_type.name);
                        next.put_camera(entry);
                        Ok(())
                    }
                }
            })
            .await
    }

    /// Whether the camera's own events of this name are stored. A name new to the camera becomes one of
    /// its types first, since it sent it itself (product.md 6).
    ///
    /// # Errors
    /// [`Error::CameraNotFound`], [`Error::BadParameter`], [`Error::LimitReached`], and the store's.
    pub(super) async fn declared(&self, camera: CameraId, name: &str) -> Result<bool> {
        let entry = self.0.catalogue().camera(camera).cloned();
        let entry = entry.ok_or(Error::CameraNotFound(camera))?;
        if let Some(known) = entry.types.get(name) {
            return Ok(known.receive);
        }
        check_name(name)?;
        let name = name.to_owned();
        self.0
            .change(move |tx, next| {
                let entry = next.camera(camera).ok_or(Error::CameraNotFound(camera))?;
                if let Some(known) = entry.types.get(&name) {
                    return Ok(known.receive);
                }
                check_room(entry)?;
                let number = next.number_of(tx, &name)?;
                Ok(put(tx, next, camera, EventType::declared(number, name))?.receive)
            })
            .await
    }

    pub(super) fn camera(
        &self,
        caller: &Caller,
        action: Action,
        id: CameraId,
    ) -> Result<Arc<CameraEntry>> {
        caller.may_at(action, id)?;
        self.0.catalogue().camera(id).cloned().ok_or(Error::CameraNotFound(id))
    }
}

pub(super) fn check_name(name: &str) -> Result<()> {
    if is_name(name) && !name.contains(',') && !name.contains('/') {
        return Ok(());
    }
    Err(Error::BadParameter(
        "name must have 1 to 128 bytes, no control characters, no comma and no slash".into(),
    ))
}

pub(super) fn check_room(entry: &CameraEntry) -> Result<()> {
    if entry.types.len() < EVENT_TYPES_MAX {
        return Ok(());
    }
    Err(Error::LimitReached("this camera has as many event types as it can"))
}

pub(super) fn put(
    tx: &WriteTx<'_>,
    next: &mut Catalogue,
    camera: CameraId,
    event_type: EventType,
) -> Result<EventType> {
    let entry = next.camera(camera).ok_or(Error::CameraNotFound(camera))?;
    let mut entry = CameraEntry::clone(entry);
    tx.put_event_type(camera, &event_type)?;
    let shown = entry.shown(&event_type);
    entry.types.insert(event_type.name.clone(), event_type);
    next.put_camera(entry);
    Ok(shown)
}

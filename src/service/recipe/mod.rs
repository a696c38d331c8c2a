//! Triggers of cameras without an agent: recipes, carried out over HTTP (camera-ingest.md 6).
//!
//! `trigger` is a trigger from the question to the event that came of it, `vendor` and `onvif` are what
//! makers understand, `release` sets back what was forced on.

mod onvif;
mod release;
mod trigger;
mod vendor;

use std::sync::Arc;

use super::Core;
use super::access::{Action, Caller};
use super::audit::Act;
use super::camera::object;
use super::catalogue::{CameraEntry, Catalogue};
use super::device::Devices;
use super::error::{Error, Result};
use super::event::{Echoes, Events};
use super::event_type::EventTypes;
use crate::domain::recipe::{Recipe, Release};
use crate::domain::{CameraId, EventTypeId};
use release::Releases;

pub use trigger::{Trigger, Triggered};

/// Longest answer of a device that is read (operations.md 7).
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Runs something beside whoever asked for it: one trigger or one release, which ends by itself.
#[expect(clippy::disallowed_methods, reason = "it is no loop, and its time is bounded")]
fn aside<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(work)
}

/// A camera's entry, to be changed, and the number of its type `name`.
fn entry(next: &Catalogue, camera: CameraId, name: &str) -> Result<(CameraEntry, EventTypeId)> {
    let entry = next.camera(camera).ok_or(Error::CameraNotFound(camera))?;
    let known = entry.types.get(name);
    let number = known.ok_or_else(|| Error::EventTypeNotFound(name.to_owned()))?.number;
    Ok((CameraEntry::clone(entry), number))
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Recipes {
    core: Arc<Core>,
    events: Events,
    event_types: EventTypes,
    devices: Devices,
    echoes: Echoes,
    releases: Releases,
}

impl Recipes {
    /// `held` is what was held when the server ended.
    pub(super) fn new(
        core: Arc<Core>,
        events: Events,
        event_types: EventTypes,
        devices: Devices,
        held: Vec<Release>,
    ) -> Self {
        let releases = Releases::new(held, core.clock.now());
        Self { core, events, event_types, devices, echoes: Echoes::default(), releases }
    }

    /// The recipe of a camera's type.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::EventTypeNotFound`],
    /// [`Error::NotFound`].
    pub fn get(&self, caller: &Caller, camera: CameraId, name: &str) -> Result<Arc<Recipe>> {
        let entry = self.event_types.camera(caller, Action::Manage, camera)?;
        if !entry.types.contains_key(name) {
            return Err(Error::EventTypeNotFound(name.to_owned()));
        }
        entry.recipes.get(name).cloned().ok_or(Error::NotFound("the recipe"))
    }

    /// Sets the recipe of a camera's type: from now on the type can be triggered.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::EventTypeNotFound`],
    /// [`Error::BadParameter`].
    pub async fn set(
        &self,
        caller: &Caller,
        camera: CameraId,
        name: String,
        recipe: Recipe,
    ) -> Result<Arc<Recipe>> {
        caller.may_at(Action::Manage, camera)?;
        recipe.check().map_err(Error::BadParameter)?;
        let act = Act::on("recipe.set", object(camera)).with(name.clone());
        self.core
            .change_as(caller, act, move |tx, next| {
                let (mut entry, number) = entry(next, camera, &name)?;
                tx.put_recipe(camera, number, &recipe)?;
                let recipe = Arc::new(recipe);
                entry.recipes.insert(name, Arc::clone(&recipe));
                next.put_camera(entry);
                Ok(recipe)
            })
            .await
    }

    /// Removes the recipe of a camera's type. What is held is still set back.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`], [`Error::EventTypeNotFound`],
    /// [`Error::NotFound`].
    pub async fn remove(&self, caller: &Caller, camera: CameraId, name: String) -> Result<()> {
        caller.may_at(Action::Manage, camera)?;
        let act = Act::on("recipe.remove", object(camera)).with(name.clone());
        self.core
            .change_as(caller, act, move |tx, next| {
                let (mut entry, number) = entry(next, camera, &name)?;
                if entry.recipes.remove(&name).is_none() {
                    return Err(Error::NotFound("the recipe"));
                }
                tx.remove_recipe(camera, number)?;
                next.put_camera(entry);
                Ok(())
            })
            .await
    }
}

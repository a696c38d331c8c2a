//! Cameras, event types and credentials in memory: what every request is checked against.
//!
//! A value is never changed: a change makes a new one and puts it in place of the old, after it is
//! durable in the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::agent::Link;
use super::clock::Clock;
use super::device::Queue;
use super::session::LiveSession;
use super::settings::Settings;
use crate::domain::recipe::Recipe;
use crate::domain::retention::Rule;
use crate::domain::user::{SessionHash, folded};
use crate::domain::{
    Camera, CameraId, Credential, EventType, EventTypeId, Kind, Role, User, UserId,
};
use crate::store::{self, ReadTx, WriteTx};

/// A camera and its event types by name.
#[derive(Clone, Debug)]
pub struct CameraEntry {
    /// Its record.
    pub camera: Camera,
    /// Its event types, by name.
    pub types: BTreeMap<String, EventType>,
    /// How types are triggered over HTTP, by name.
    pub recipes: BTreeMap<String, Arc<Recipe>>,
    /// The connection of its agent; one and the same in every copy.
    pub link: Link,
    /// Where commands to the device wait; one and the same in every copy.
    pub queue: Queue,
}

impl CameraEntry {
    /// A camera whose agent is not connected.
    pub fn new(camera: Camera, types: BTreeMap<String, EventType>) -> Self {
        let (recipes, link, queue) = (BTreeMap::new(), Link::default(), Queue::default());
        Self { camera, types, recipes, link, queue }
    }

    /// Whether the camera can be asked to raise events of this type: its agent says so, or there is a recipe.
    pub fn can_trigger(&self, known: &EventType) -> bool {
        known.caps.can_be_triggered || self.recipes.contains_key(&known.name)
    }

    /// A type as it is shown: with what the server itself can do in its caps. Where it can fetch a picture, any
    /// type can have one, whatever the camera itself can do.
    pub fn shown(&self, known: &EventType) -> EventType {
        let mut shown = known.clone();
        shown.caps.can_be_triggered = self.can_trigger(known);
        shown.caps.can_snapshot |= self.camera.device.snapshot_path.is_some();
        shown
    }
}

/// Everything that changes rarely.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Cameras by id.
    pub cameras: BTreeMap<CameraId, Arc<CameraEntry>>,
    /// Credentials by kind and id.
    pub credentials: BTreeMap<(Kind, u32), Arc<Credential>>,
    /// Users by id.
    pub users: BTreeMap<UserId, Arc<User>>,
    /// Sessions by the hash of their secret.
    pub sessions: BTreeMap<SessionHash, Arc<LiveSession>>,
    /// Settings.
    pub settings: Settings,
    /// Which events are kept longer or shorter than the rest.
    pub rules: Arc<[Rule]>,
    names: HashMap<EventTypeId, Arc<str>>,
    numbers: HashMap<Arc<str>, EventTypeId>,
}

impl Catalogue {
    /// Reads it from the store.
    ///
    /// # Errors
    /// A damaged record.
    pub fn load(tx: &ReadTx, clock: &Clock) -> store::Result<Self> {
        let mut catalogue = Self::default();
        let names = tx.type_names()?;
        let mut types: BTreeMap<CameraId, BTreeMap<String, EventType>> = BTreeMap::new();
        for (camera, event_type) in tx.event_types(&names)? {
            types.entry(camera).or_default().insert(event_type.name.clone(), event_type);
        }
        for (number, name) in names {
            catalogue.name(number, &name);
        }
        let mut recipes = tx.recipes()?;
        for camera in tx.cameras()? {
            let types = types.remove(&camera.id).unwrap_or_default();
            let mut entry = CameraEntry::new(camera, types);
            for (_, number, recipe) in recipes.extract_if(.., |(id, ..)| *id == entry.camera.id) {
                entry.recipes.insert(catalogue.type_name(number).to_string(), Arc::new(recipe));
            }
            catalogue.put_camera(entry);
        }
        for credential in tx.credentials()? {
            catalogue.put_credential(credential);
        }
        for user in tx.users()? {
            catalogue.put_user(user);
        }
        for session in tx.sessions()? {
            let session = LiveSession::new(session, clock);
            catalogue.sessions.insert(session.session.hash, Arc::new(session));
        }
        Ok(catalogue)
    }

    /// The camera, if it exists.
    pub fn camera(&self, id: CameraId) -> Option<&Arc<CameraEntry>> {
        self.cameras.get(&id)
    }

    /// The name of a type number, `""` for one that never was.
    pub fn type_name(&self, number: EventTypeId) -> Arc<str> {
        self.names.get(&number).cloned().unwrap_or_else(|| "".into())
    }

    /// The number of a type name that some camera has or had.
    pub fn type_number(&self, name: &str) -> Option<EventTypeId> {
        self.numbers.get(name).copied()
    }

    /// How many type names there are.
    pub fn type_count(&self) -> usize {
        self.names.len()
    }

    /// The number of a type name, given now if it has none yet.
    pub(super) fn number_of(&mut self, tx: &WriteTx<'_>, name: &str) -> store::Result<EventTypeId> {
        if let Some(number) = self.type_number(name) {
            return Ok(number);
        }
        let number = tx.new_type_number(name)?;
        self.name(number, name);
        Ok(number)
    }

    /// Adds a type name.
    pub(super) fn name(&mut self, number: EventTypeId, name: &str) {
        let name: Arc<str> = name.into();
        self.names.insert(number, Arc::clone(&name));
        self.numbers.insert(name, number);
    }

    /// Adds or replaces a camera.
    pub(super) fn put_camera(&mut self, entry: CameraEntry) {
        self.cameras.insert(entry.camera.id, Arc::new(entry));
    }

    /// Adds or replaces a credential.
    pub(super) fn put_credential(&mut self, credential: Credential) {
        self.credentials.insert((credential.kind, credential.id), Arc::new(credential));
    }

    /// Adds or replaces a user.
    pub(super) fn put_user(&mut self, user: User) {
        self.users.insert(user.id, Arc::new(user));
    }

    /// The user of this name, in any case.
    pub fn user(&self, name: &str) -> Option<&Arc<User>> {
        let name = folded(name);
        self.users.values().find(|user| folded(&user.name) == name)
    }

    /// Whether somebody can manage this server.
    pub fn has_admin(&self) -> bool {
        self.users.values().any(|user| user.role == Role::Admin)
    }

    /// Tokens of a camera, by id.
    pub fn tokens_of(&self, camera: CameraId) -> impl Iterator<Item = &Arc<Credential>> {
        self.credentials
            .values()
            .filter(move |c| c.kind == Kind::Token && c.cameras.first() == Some(&camera))
    }
}

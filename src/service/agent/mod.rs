//! Cameras that keep a connection (VXG's embedded agent, API contract 6), and triggers over it.
//!
//! `session` is the conversation as a state machine, `wire` its words. `connection` does what the session
//! asks for; whoever owns the socket feeds it text frames and sends what it says. `link` is where the rest
//! of the services meets a connection.

mod connection;
mod declare;
mod files;
mod link;
mod session;
pub mod trigger;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;

use super::access::{Action, Caller, Rights, Scope, Who};
use super::attachment::Attachments;
use super::credential::{Credentials, Presented};
use super::error::{Error, Result};
use super::event::Events;
use super::event_type::EventTypes;
use super::{Core, Kind};
use crate::domain::{Access, Origin};
pub use connection::{Connection, Out};
pub use link::{Connected, Link};
pub use wire::Bye;

/// See the module.
#[derive(Clone, Debug)]
pub struct Agents {
    core: Arc<Core>,
    events: Events,
    event_types: EventTypes,
    attachments: Attachments,
}

impl Agents {
    pub(super) const fn new(
        core: Arc<Core>,
        events: Events,
        event_types: EventTypes,
        attachments: Attachments,
    ) -> Self {
        Self { core, events, event_types, attachments }
    }

    /// Opens a camera's connection, from `peer`, to a server that it reaches at `origin`.
    ///
    /// # Errors
    /// [`Error::InvalidAuth`] unless `token` is one of a single camera that may create events.
    pub fn open(&self, token: &str, peer: Option<IpAddr>, origin: &Origin) -> Result<Connection> {
        let credentials = Credentials::new(Arc::clone(&self.core));
        let proven = credentials.authenticate(token, Presented::Query)?;
        let Who::Token(id) = proven.who else { return Err(Error::InvalidAuth) };
        let camera = proven.only_camera().ok_or(Error::InvalidAuth)?;
        proven.may(Action::CreateEvents).map_err(|_| Error::InvalidAuth)?;
        credentials.used(&proven, peer);
        let catalogue = self.core.catalogue();
        let entry = catalogue.camera(camera).ok_or(Error::InvalidAuth)?;
        let row = catalogue.credentials.get(&(Kind::Token, id)).ok_or(Error::InvalidAuth)?;
        // Its rate is kept by reading slower, whatever the token; as an `all` token none is refused.
        let scope = Scope::Cameras(vec![camera]);
        let mut caller = Caller::new(proven.who, Rights::Access(Access::All), scope);
        caller.from = peer;
        let about = session::About {
            camera,
            connid: credentials.secret(row),
            sid: format!("{:032x}", random()?),
            timezone: entry.camera.timezone.clone(),
            url: origin.url(),
            host: origin.host.clone(),
            enabled: entry.camera.enabled,
        };
        Ok(Connection::new(self.clone(), caller, about, origin.clone(), entry))
    }
}

fn random() -> Result<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Overloaded("no random numbers"))?;
    Ok(u128::from_le_bytes(bytes))
}

//! A trigger: by the camera's agent if it is connected, else by the type's recipe; and what came of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::vendor::{self, Step};
use super::{Recipes, aside};
use crate::domain::recipe::{Command, NoEcho, Recipe, Release, Undo, Values};
use crate::domain::{CameraId, EventId, EventTypeId, Meta, NewEvent, Timestamp, When};
use crate::service::access::{Action, Caller};
use crate::service::audit::Act;
use crate::service::camera::object;
use crate::service::device::Failure;
use crate::service::error::{Error, Result};
use crate::service::event::Picture;
use crate::service::metrics::Source;

/// The tag of an event that was asked for.
const TRIGGERED: &str = "triggered";

/// What is asked of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The camera.
    pub camera: CameraId,
    /// The event type.
    pub name: String,
    /// When it happens.
    pub time: Timestamp,
    /// Its tags.
    pub meta: Meta,
    /// Whether the caller waits for what becomes of it.
    pub waits: bool,
    /// Whether the caller says that he means it.
    pub confirmed: bool,
}

/// What became of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triggered {
    /// The camera did it; its event, if one was stored.
    Done(Option<EventId>),
    /// The device did it, and no event came of it.
    NoEcho,
    /// It was sent, and nobody waits.
    Sent,
}

/// Everything that a trigger by recipe sends, filled.
struct Plan {
    event_type: EventTypeId,
    start: Step,
    undo: Option<Undo>,
    recipe: Arc<Recipe>,
}

impl Recipes {
    /// Asks a camera to raise an event itself. Its agent is asked if it is connected, else the device, if
    /// the type has a recipe.
    ///
    /// # Errors
    /// Those of [`crate::service::event_type::EventTypes::trigger`];
    /// [`Error::ConfirmationRequired`], [`Error::DeviceFailed`], [`Error::BadParameter`] for values that
    /// the recipe cannot take.
    pub async fn trigger(&self, caller: &Caller, trigger: Trigger) -> Result<Triggered> {
        let entry = self.event_types.camera(caller, Action::Trigger, trigger.camera)?;
        let recipe = entry.recipes.get(&trigger.name).cloned();
        let is_guarded = recipe.as_ref().is_some_and(|recipe| recipe.confirm);
        if is_guarded && !trigger.confirmed {
            return Err(Error::ConfirmationRequired);
        }
        let by_agent = entry.link.is_connected()
            && entry.types.get(&trigger.name).is_some_and(|known| known.caps.can_be_triggered);
        let (Some(recipe), false) = (recipe, by_agent) else {
            if is_guarded {
                self.core.note(Some(caller), act(&trigger), "ok").await?;
            }
            let Trigger { camera, name, time, meta, waits, .. } = trigger;
            return self.event_types.trigger(caller, camera, name, time, meta, waits).await;
        };
        let known = entry.types.get(&trigger.name);
        let event_type =
            known.ok_or_else(|| Error::EventTypeNotFound(trigger.name.clone()))?.number;
        let plan = Plan::of(recipe, event_type, &trigger)?;
        // It goes on even if the caller goes away: what was begun is seen through.
        let (waits, camera) = (trigger.waits, trigger.camera);
        let (recipes, caller) = (self.clone(), caller.clone());
        let run = aside(async move {
            let outcome = recipes.run(caller, trigger, plan).await;
            if let (false, Err(error)) = (waits, &outcome) {
                tracing::warn!(camera.id = camera.0, %error, "a trigger that nobody waits for failed");
            }
            outcome
        });
        if !waits {
            return Ok(Triggered::Sent);
        }
        match run.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Error::Overloaded("the server is stopping")),
        }
    }

    async fn run(self, caller: Caller, trigger: Trigger, plan: Plan) -> Result<Triggered> {
        let Plan { event_type, start, undo, recipe } = plan;
        let camera = trigger.camera;
        let turn = self.devices.turn(camera).await?;
        let echo_name = recipe.echo_event.clone().unwrap_or_else(|| trigger.name.clone());
        let waiter = self.events.expect_echo(&self.echoes, camera, echo_name).await?;
        // On disk before anything is sent: a state that is forced on is set back whatever happens.
        let former = self.releases.get(camera, event_type);
        let release = undo.map(|undo| Release {
            camera,
            event_type,
            undo,
            due_us: self.core.clock.now().0.saturating_add(i64::from(recipe.hold_ms) * 1_000),
            hold_ms: recipe.hold_ms,
        });
        let told = recipe.confirm.then(|| act(&trigger));
        self.prepare(&caller, told, release.as_ref()).await?;
        if let Some(release) = &release {
            self.releases.hold(release.clone());
        }
        let sent = vendor::carry_out(&turn, &start, self.core.clock.now()).await;
        if let Err(failure) = sent {
            if recipe.confirm {
                let told = act(&trigger).with(format!("{}: {failure}", trigger.name));
                self.core.note(Some(&caller), told, "failed").await?;
            }
            if let Some(release) = release
                && is_certainly_not_done(&failure)
            {
                self.take_back(&release, former).await?;
            }
            return Err(failure.into());
        }
        if let Some(release) = &release {
            self.releases.hold(release.clone()); // from now on
        }
        drop(turn);
        let deadline = Instant::now() + Duration::from_millis(recipe.echo_wait_ms.into());
        match (self.events.echo(waiter, deadline).await?, recipe.no_echo) {
            (Some(id), _) => {
                self.mark(id, &trigger.meta).await;
                Ok(Triggered::Done(Some(id)))
            }
            (None, NoEcho::Report) => Ok(Triggered::NoEcho),
            (None, NoEcho::Store) => self.store(trigger).await.map(Triggered::Done),
        }
    }

    /// Writes the audit trail's entry and what is to be set back, together.
    async fn prepare(
        &self,
        caller: &Caller,
        told: Option<Act>,
        release: Option<&Release>,
    ) -> Result<()> {
        if told.is_none() && release.is_none() {
            return Ok(());
        }
        let release = release.cloned();
        let write = move |tx: &crate::store::WriteTx<'_>| match &release {
            Some(release) => Ok(tx.put_release(release)?),
            None => Ok(()),
        };
        match told {
            Some(told) => self.core.change_as(caller, told, move |tx, _| write(tx)).await,
            None => self.core.change(move |tx, _| write(tx)).await,
        }
    }

    /// Nothing was forced on: what was held before is held as before.
    async fn take_back(&self, release: &Release, former: Option<Release>) -> Result<()> {
        let (camera, event_type) = (release.camera, release.event_type);
        if let Some(former) = former {
            let kept = former.clone();
            self.core.change(move |tx, _| Ok(tx.put_release(&kept)?)).await?;
            self.releases.resume(former, self.core.clock.now());
        } else {
            self.core.change(move |tx, _| Ok(tx.remove_release(camera, event_type)?)).await?;
            self.releases.forget(camera, event_type);
        }
        Ok(())
    }

    /// Gives the camera's event the caller's tags. They may be too many together; the event stays then.
    async fn mark(&self, id: EventId, meta: &Meta) {
        let mut edits: Vec<_> =
            meta.pairs().into_iter().map(|(tag, value)| (tag, Some(value))).collect();
        edits.retain(|(tag, _)| tag != TRIGGERED);
        edits.push((TRIGGERED.to_owned(), Some("true".to_owned())));
        let caller = Caller::local();
        if let Err(error) = self.events.edit_tags(&caller, id, edits).await {
            tracing::warn!(event.id = id.0, %error, "a triggered event does not have its caller's tags");
        }
    }

    async fn store(&self, trigger: Trigger) -> Result<Option<EventId>> {
        let tag = [(TRIGGERED.to_owned(), Some("true".to_owned()))];
        let new = NewEvent {
            camera: Some(trigger.camera),
            name: trigger.name,
            when: When::At(trigger.time),
            meta: trigger.meta.edited(&tag)?,
            uid: None,
        };
        let caller = Caller::local();
        let stored = self.events.record_from(&caller, new, Source::Local, Picture::Lacks).await?;
        Ok(Some(stored.event.id))
    }
}

/// Whether a device cannot have done what it was asked: it was not reached, or said no.
const fn is_certainly_not_done(failure: &Failure) -> bool {
    match failure {
        Failure::Timeout | Failure::BadAnswer | Failure::TooLong | Failure::Status(500..) => false,
        Failure::NoAddress
        | Failure::AddressRefused
        | Failure::PasswordUnreadable
        | Failure::Unresolved
        | Failure::Unreachable(_)
        | Failure::LoginRefused
        | Failure::LoginUnsupported
        | Failure::Redirected
        | Failure::Status(_)
        | Failure::Denied
        | Failure::Busy => true,
    }
}

fn act(trigger: &Trigger) -> Act {
    Act::on("event.trigger", object(trigger.camera)).with(trigger.name.clone())
}

impl Plan {
    fn of(recipe: Arc<Recipe>, event_type: EventTypeId, trigger: &Trigger) -> Result<Self> {
        let values = Values::new(trigger.name.clone(), trigger.time, &trigger.meta);
        let fill = |message: &crate::domain::recipe::Message| {
            message.filled(&values).map_err(|error| Error::BadParameter(error.to_string()))
        };
        let (start, undo) = match &recipe.command {
            Command::Generic { request, release } => {
                let undo = release.as_ref().map(fill).transpose()?.map(Undo::Message);
                (Step::Message(fill(request)?), undo)
            }
            Command::Output(output) => {
                (Step::Output(output.clone(), true), Some(Undo::Output(output.clone())))
            }
        };
        Ok(Self { event_type, start, undo, recipe })
    }
}

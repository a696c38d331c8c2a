//! A camera's connection: does what the session asks for, and tells the session what became of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::Agents;
use super::link::{Ask, Connected, Link, Taken};
use super::session::{About, Answer, Session, Step};
use super::wire::{Bye, CamEvent};
use crate::domain::{Agent, Attachment, CameraId, EventId, Meta, NewEvent, Nonce, Origin, When};
use crate::service::access::{Caller, Who};
use crate::service::catalogue::CameraEntry;
use crate::service::error::{Error, Result};
use crate::service::event::Picture;
use crate::service::metrics::Source;

/// Time for the start of a conversation, up to `cam_register`.
const START_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked whether a token has ended by its time.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How often an event is tried again while the server cannot take it, and for how long.
const RETRY_EVERY: Duration = Duration::from_millis(250);
/// See [`RETRY_EVERY`]. Meanwhile the camera's socket is not read.
const RETRY_FOR: Duration = Duration::from_secs(10);
/// The event type of going away and coming back.
const NET: &str = "net";

/// What the owner of the socket is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Send a text frame.
    Text(String),
    /// Close.
    Close(Bye),
}

/// See the module.
#[derive(Debug)]
pub struct Connection {
    pub(super) agents: Agents,
    caller: Caller,
    /// Of the token, as it was.
    nonce: Option<Nonce>,
    pub(super) camera: CameraId,
    /// Where it reaches the server.
    pub(super) origin: Origin,
    session: Session,
    link: Link,
    taken: Option<Taken>,
    /// The trigger that the camera is at.
    current: Option<Current>,
    start_by: Instant,
    /// When it is looked next; a camera that never pauses does not put it off.
    look_at: Instant,
    /// What the camera was told its switches by.
    settled: Option<Arc<CameraEntry>>,
    changed: watch::Receiver<u64>,
    stopped: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Current {
    reply: Option<oneshot::Sender<Result<Option<EventId>>>>,
    deadline: Instant,
}

/// What [`Connection::next`] waits for.
enum Woken {
    Stopped,
    Replaced,
    Changed,
    Asked(Ask),
    Late,
    Look,
}

impl Connection {
    pub(super) fn new(
        agents: Agents,
        caller: Caller,
        about: About,
        origin: Origin,
        entry: &CameraEntry,
    ) -> Self {
        Self {
            nonce: agents.core.nonce(&caller),
            camera: about.camera,
            origin,
            session: Session::new(about),
            link: entry.link.clone(),
            taken: None,
            current: None,
            start_by: Instant::now() + START_WITHIN,
            look_at: Instant::now() + LOOK_EVERY,
            settled: None,
            changed: agents.core.changes.subscribe(),
            stopped: agents.events.live().watch_end(),
            caller,
            agents,
        }
    }

    /// The camera.
    pub const fn camera(&self) -> CameraId {
        self.camera
    }

    /// Takes in a text frame. Events are on disk when this returns; a camera over its rate waits here.
    pub async fn receive(&mut self, text: &str) -> Vec<Out> {
        let steps = self.session.hear(text);
        self.take(steps).await
    }

    /// Takes in a frame that is no message: binary, or nested too deep.
    pub async fn receive_nonsense(&mut self) -> Vec<Out> {
        let steps = self.session.nonsense();
        self.take(steps).await
    }

    /// Waits until there is something to tell the camera. May be dropped and called again.
    pub async fn next(&mut self) -> Vec<Out> {
        loop {
            let out = match self.wake().await {
                Woken::Stopped => self.end(Bye::Shutdown),
                Woken::Replaced => self.end(Bye::ConnConflict),
                Woken::Look if !self.session.is_ready() && Instant::now() >= self.start_by => {
                    self.end(Bye::Error)
                }
                Woken::Changed | Woken::Look => self.look(),
                Woken::Asked(ask) => self.ask(ask),
                Woken::Late => {
                    self.session.give_up();
                    if let Some(reply) = self.current.take().and_then(|current| current.reply) {
                        let _ = reply.send(Err(Error::CameraTimeout)); // it waited as long
                    }
                    Vec::new()
                }
            };
            if !out.is_empty() {
                return out;
            }
        }
    }

    async fn wake(&mut self) -> Woken {
        let start_by = (!self.session.is_ready()).then_some(self.start_by);
        let look_at = start_by.map_or(self.look_at, |start_by| self.look_at.min(start_by));
        let late_at = self.current.as_ref().map_or(look_at, |current| current.deadline);
        let (is_waiting, is_ready) = (self.current.is_some(), self.session.is_ready());
        let taken = async {
            let Some(taken) = &mut self.taken else { return std::future::pending().await };
            tokio::select! {
                _ = taken.replaced.wait_for(|replaced| *replaced) => Woken::Replaced,
                ask = taken.asks.recv(), if is_ready && !is_waiting => {
                    ask.map_or(Woken::Replaced, Woken::Asked)
                }
            }
        };
        tokio::select! {
            _ = self.stopped.wait_for(|stopped| *stopped) => Woken::Stopped,
            woken = taken => woken,
            _ = self.changed.changed() => Woken::Changed,
            () = tokio::time::sleep_until(late_at), if is_waiting => Woken::Late,
            () = tokio::time::sleep_until(look_at) => Woken::Look,
        }
    }

    /// Looks whether the camera and the token are still there, and whether switches were changed.
    fn look(&mut self) -> Vec<Out> {
        self.look_at = Instant::now() + LOOK_EVERY;
        let core = &self.agents.core;
        let catalogue = core.catalogue();
        let Some(entry) = catalogue.camera(self.camera) else { return self.end(Bye::Deleted) };
        let rotated = self.nonce.is_some_and(|nonce| core.is_rotated_away(&self.caller, nonce));
        if rotated || !core.holds(&self.caller) {
            return self.end(Bye::AuthFailure);
        }
        let entry = Arc::clone(entry);
        if self.settled.as_ref().is_none_or(|settled| Arc::ptr_eq(settled, &entry)) {
            return Vec::new();
        }
        self.settle(entry)
    }

    fn settle(&mut self, entry: Arc<CameraEntry>) -> Vec<Out> {
        let steps = self.session.settle(&entry.types);
        self.settled = Some(entry);
        said(steps)
    }

    fn ask(&mut self, ask: Ask) -> Vec<Out> {
        let given_up = ask.reply.as_ref().is_some_and(oneshot::Sender::is_closed);
        if given_up || Instant::now() >= ask.deadline {
            return Vec::new();
        }
        let step = self.session.trigger(&ask.name, ask.time, &ask.meta);
        self.current = Some(Current { reply: ask.reply, deadline: ask.deadline });
        said(vec![step])
    }

    fn end(&mut self, bye: Bye) -> Vec<Out> {
        vec![Out::Text(self.session.bye(bye)), Out::Close(bye)]
    }

    async fn take(&mut self, steps: Vec<Step>) -> Vec<Out> {
        let mut out = Vec::new();
        for step in steps {
            match step {
                Step::Say(text) => out.push(Out::Text(text)),
                Step::Begun => self.taken = Some(self.link.take()),
                Step::Ready(agent) => self.ready(agent).await,
                Step::Declared(declared) => {
                    if let Err(error) = self.agents.event_types.merge(self.camera, declared).await {
                        tracing::warn!(camera.id = self.camera.0, %error, "what a camera announced was not kept");
                    }
                    let entry = self.agents.core.catalogue().camera(self.camera).cloned();
                    out.extend(entry.map(|entry| self.settle(entry)).unwrap_or_default());
                }
                Step::Happened(event) => {
                    let steps = self.happened(event).await;
                    out.extend(self.answered(steps));
                }
                Step::End(Bye::Left) => out.push(Out::Close(Bye::Left)),
                Step::End(bye) => out.extend(self.end(bye)),
                step @ Step::Triggered(_) => out.extend(self.answered(vec![step])),
            }
        }
        out
    }

    /// Passes answers of triggers to those who wait, and gives what is to be said.
    fn answered(&mut self, steps: Vec<Step>) -> Vec<Out> {
        let mut rest = Vec::new();
        for step in steps {
            let Step::Triggered(answer) = step else {
                rest.push(step);
                continue;
            };
            let Some(reply) = self.current.take().and_then(|current| current.reply) else {
                continue;
            };
            // Who asked may be gone.
            let _ = reply.send(match answer {
                Answer::Done(id) => Ok(id),
                Answer::Refused(status) => Err(Error::CameraRefused(status)),
            });
        }
        said(rest)
    }

    async fn ready(&mut self, agent: Agent) {
        let since = self.agents.core.clock.now();
        let Some(taken) = &self.taken else { return };
        taken.connect(Connected { since, from: self.caller.from });
        tracing::info!(camera.id = self.camera.0, "a camera's agent is connected");
        let is_news = !taken.took_over;
        if let Err(error) = self.agents.event_types.introduce(self.camera, agent).await {
            tracing::warn!(camera.id = self.camera.0, %error, "what a camera said of itself was not kept");
        }
        if is_news {
            self.tell_net(true).await;
        }
    }

    /// Stores an event and tells the camera.
    async fn happened(&mut self, event: CamEvent) -> Vec<Step> {
        let Agents { core, .. } = &self.agents;
        if let Who::Token(id) = self.caller.who {
            core.figures.uses.note(id, core.clock.now(), self.caller.from);
        }
        let mut stopped = self.stopped.clone();
        let stored = tokio::select! {
            stored = self.store(&event) => stored,
            _ = stopped.wait_for(|stopped| *stopped) => {
                Err(Error::Overloaded("the server is stopping"))
            }
        };
        match stored {
            Ok(id) => {
                self.keep_inline(&event, id).await;
                let uploads = self.expect_files(&event, id).await;
                self.session.stored(&event, id, &uploads)
            }
            Err(error) => {
                tracing::debug!(camera.id = self.camera.0, %error, "a camera's event was not stored");
                self.session.refused(&event, status(&error))
            }
        }
    }

    /// Stores an event if the type's `receive` is on. What the server cannot take at the moment is tried
    /// again for a while, and the camera is not read meanwhile.
    async fn store(&self, event: &CamEvent) -> Result<Option<EventId>> {
        let Agents { core, events, event_types, .. } = &self.agents;
        events.pace(self.camera).await;
        let is_received = event_types.declared(self.camera, &event.name).await;
        if !is_received.inspect_err(|error| self.note(error))? {
            events.refused(&self.caller, Some(self.camera), "receive_off", 1);
            return Ok(None);
        }
        let meta = Meta::from_pairs(event.meta.clone()).map_err(Error::from);
        let new = NewEvent {
            camera: Some(self.camera),
            name: event.name.clone(),
            when: event.time.map_or(When::At(core.clock.now()), When::At),
            meta: meta.inspect_err(|error| self.note(error))?,
            uid: None,
        };
        let brings = event.wants.contains(&Attachment::Picture) || event.inline.is_some();
        let picture = if brings { Picture::Comes } else { Picture::Lacks };
        let started = Instant::now();
        loop {
            match events.record_from(&self.caller, new.clone(), Source::Agent, picture).await {
                Ok(recorded) => return Ok(Some(recorded.event.id)),
                Err(Error::Overloaded(_) | Error::StorageFull | Error::StorageFailed(_))
                    if started.elapsed() < RETRY_FOR =>
                {
                    tokio::time::sleep(RETRY_EVERY).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Counts an event that was refused before it got to where that is done.
    fn note(&self, error: &Error) {
        if let Some(reason) = error.refusal() {
            self.agents.events.refused(&self.caller, Some(self.camera), reason, 1);
        }
    }

    /// Notes that the camera is there, or gone, as an event of its own if that is wanted.
    async fn tell_net(&self, is_there: bool) {
        let Agents { core, events, .. } = &self.agents;
        let catalogue = core.catalogue();
        let wanted = catalogue.camera(self.camera).is_some_and(|entry| {
            entry.camera.enabled && entry.types.get(NET).is_some_and(|known| known.receive)
        });
        if !wanted {
            return;
        }
        let address = self.caller.from.filter(|_| is_there).map(|from| from.to_canonical());
        let tags = [
            ("status".to_owned(), if is_there { "online" } else { "offline" }.to_owned()),
            ("ip".to_owned(), address.map(|address| address.to_string()).unwrap_or_default()),
        ];
        let new = NewEvent {
            camera: Some(self.camera),
            name: NET.to_owned(),
            when: When::At(core.clock.now()),
            meta: Meta::from_pairs(tags).unwrap_or_default(),
            uid: None,
        };
        if let Err(error) =
            events.record_from(&self.caller, new, Source::Agent, Picture::Lacks).await
        {
            tracing::warn!(camera.id = self.camera.0, %error, "a camera's coming or going was not stored");
        }
    }

    /// The socket is gone. That is an event, unless the server stops or another connection took over.
    pub async fn close(self) {
        let was_there = self.taken.as_ref().is_some_and(Taken::leave);
        if was_there {
            tracing::info!(camera.id = self.camera.0, "a camera's agent is gone");
        }
        if was_there && !*self.stopped.borrow() {
            self.tell_net(false).await;
        }
    }
}

fn said(steps: Vec<Step>) -> Vec<Out> {
    let text = |step| if let Step::Say(text) = step { Some(Out::Text(text)) } else { None };
    steps.into_iter().filter_map(text).collect()
}

/// The protocol's word for an event that was not stored.
fn status(error: &Error) -> &'static str {
    match error {
        Error::BadParameter(_) | Error::MetaLimit(_) | Error::UnknownEventType(_) => {
            "INVALID_PARAM"
        }
        Error::LimitReached(_) => "TOO_MANY",
        Error::Overloaded(_) => "RETRY",
        Error::StorageFull | Error::StorageFailed(_) => "SYSTEM_ERROR",
        _ => "CM_ERROR",
    }
}

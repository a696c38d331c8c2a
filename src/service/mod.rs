//! What the product does: rules and transactions. Knows nothing of HTTP.

pub mod access;
pub mod agent;
pub mod attachment;
mod attempts;
pub mod audit;
pub mod backup;
pub mod camera;
pub mod catalogue;
pub mod clock;
pub mod clock_watch;
pub mod credential;
pub mod device;
pub mod error;
pub mod event;
pub mod event_type;
pub mod export;
mod figures;
pub mod health;
pub mod histogram;
mod idempotency;
pub mod ingest;
pub mod job;
mod kept;
pub mod live;
pub mod log;
pub mod metrics;
pub mod not_understood;
pub mod overview;
pub mod pace;
pub mod password;
mod rate;
pub mod recipe;
mod refusals;
pub mod retention;
pub mod session;
pub mod settings;
pub mod setup;
pub mod site;
pub mod snapshot;
pub mod status;
pub mod storage;
pub mod system;
pub mod tls;
pub mod user;
mod uses;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;

use crate::domain::{Kind, Origin, SecretKey};
use crate::store::{self, ReadTx, Store, StoreError, WriteTx};
use access::{Caller, Rights, Scope, Who};
use audit::{Act, By};
use catalogue::Catalogue;
use clock::Clock;
pub use error::{Error, Result};
pub use settings::Settings;

/// All services over one data directory. Clones share it.
#[derive(Clone, Debug)]
pub struct Services {
    /// Events: create, read, tag, delete.
    pub events: event::Events,
    /// Pictures and metadata files of events.
    pub attachments: attachment::Attachments,
    /// Pictures that the server fetches from cameras.
    pub snapshots: snapshot::Snapshots,
    /// Cameras.
    pub cameras: camera::Cameras,
    /// Event types of cameras.
    pub event_types: event_type::EventTypes,
    /// Cameras that keep a connection.
    pub agents: agent::Agents,
    /// Requests to cameras themselves.
    pub devices: device::Devices,
    /// Triggers, and how cameras without an agent are triggered.
    pub recipes: recipe::Recipes,
    /// What cameras deliver in their own words.
    pub ingest: ingest::Ingest,
    /// Tokens, groups, license keys.
    pub credentials: credential::Credentials,
    /// People who log in.
    pub users: user::Users,
    /// What they are logged in to.
    pub sessions: session::Sessions,
    /// The way to the first admin.
    pub setup: setup::Setup,
    /// What was done by whom.
    pub audit: audit::Audit,
    /// Long-running work.
    pub jobs: job::Jobs,
    /// Whether the clock can be believed.
    pub clock_watch: clock_watch::ClockWatch,
    /// Deleting events by age.
    pub retention: retention::Retention,
    /// Copies of everything.
    pub backups: backup::Backups,
    /// What is stored and what it takes.
    pub storage: storage::Storage,
    /// What the server is and how it does.
    pub system: system::System,
    /// Figures for a monitoring system.
    pub metrics: metrics::Metrics,
    /// The certificate that the server shows.
    pub tls: tls::Tls,
    /// The settings, for administrators.
    pub administration: settings::Administration,
    core: Arc<Core>,
}

/// What the services share.
#[derive(Debug)]
pub(crate) struct Core {
    store: Store,
    key: SecretKey,
    clock: Clock,
    catalogue: ArcSwap<Catalogue>,
    /// Counts its changes, so that live feeds look whether their caller still holds.
    changes: tokio::sync::watch::Sender<u64>,
    /// Held shared from the check of a create to its place in the queue, and alone by changes of
    /// settings: what was checked is still so when it is stored.
    gate: Arc<tokio::sync::RwLock<()>>,
    stopping: AtomicBool,
    /// The clock is not believed; `clock_watch` says when.
    clock_suspect: AtomicBool,
    figures: figures::Figures,
    hasher: password::Hasher,
    attempts: attempts::Attempts,
    unknown: attempts::UnknownTokens,
}

impl Services {
    /// Opens the services over a data directory. Blocks.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(
        dir: &Path,
        options: store::Options,
        settings: Settings,
        clock: Clock,
    ) -> store::Result<Self> {
        let folder = options.backup_dir.clone().unwrap_or_else(|| store::backup::folder(dir));
        let store = Store::open(dir, options)?;
        let key = store::secret_key(dir)?;
        let tx = store.read()?; // nothing writes yet
        let mut catalogue = Catalogue::load(&tx, &clock)?;
        catalogue.settings = settings.with_stored(tx.settings()?);
        let figures = figures::Figures::load(&tx)?;
        catalogue.rules = retention::stored_rules(&tx)?.into();
        let jumped_from = tx.clock_jump()?;
        let (held, last_event) = (tx.releases()?, tx.last_event()?);
        let doubted = tx.clock_doubts()?.iter().any(|doubt| doubt.end.is_none());
        drop(tx);
        let core = Arc::new(Core {
            store,
            key,
            clock,
            catalogue: ArcSwap::from_pointee(catalogue),
            changes: tokio::sync::watch::Sender::new(0),
            gate: Arc::default(),
            stopping: AtomicBool::new(false),
            clock_suspect: AtomicBool::new(false),
            hasher: password::Hasher::default(),
            attempts: attempts::Attempts::default(),
            unknown: attempts::UnknownTokens::default(),
            figures,
        });
        let (jobs, live) = (job::Jobs::default(), live::Live::new());
        let asks = snapshot::Asks::default();
        let events =
            event::Events::new(Arc::clone(&core), jobs.clone(), live.clone(), asks.clone());
        let event_types = event_type::EventTypes::new(Arc::clone(&core));
        let attachments = attachment::Attachments::new(Arc::clone(&core), events.clone());
        let agents = agent::Agents::new(
            Arc::clone(&core),
            events.clone(),
            event_types.clone(),
            attachments.clone(),
        );
        let devices = device::Devices::new(Arc::clone(&core));
        let recipes = recipe::Recipes::new(
            Arc::clone(&core),
            events.clone(),
            event_types.clone(),
            devices.clone(),
            held,
        );
        let ingest = ingest::Ingest::new(Arc::clone(&core), &attachments, &event_types);
        let clock_watch =
            clock_watch::ClockWatch::new(Arc::clone(&core), jumped_from, doubted, last_event);
        let storage = storage::Storage::new(Arc::clone(&core));
        let tls = tls::Tls::new(Arc::clone(&core));
        let retention = retention::Retention::new(
            Arc::clone(&core),
            events.clone(),
            clock_watch.clone(),
            storage.clone(),
        );
        let snapshots =
            snapshot::Snapshots::new(Arc::clone(&core), attachments.clone(), devices.clone(), asks);
        let backups =
            backup::Backups::new(Arc::clone(&core), jobs.clone(), clock_watch.clone(), folder);
        let system = system::System::new(
            Arc::clone(&core),
            clock_watch.clone(),
            tls.clone(),
            backups.clone(),
        );
        Ok(Self {
            snapshots,
            metrics: metrics::Metrics::new(
                Arc::clone(&core),
                backups.clone(),
                live,
                clock_watch.clone(),
                retention.clone(),
                storage.clone(),
            ),
            retention,
            storage,
            system,
            tls,
            backups,
            clock_watch,
            attachments,
            events,
            cameras: camera::Cameras::new(Arc::clone(&core)),
            event_types,
            agents,
            devices,
            recipes,
            ingest,
            credentials: credential::Credentials::new(Arc::clone(&core)),
            users: user::Users::new(Arc::clone(&core)),
            sessions: session::Sessions::new(Arc::clone(&core)),
            setup: setup::Setup::new(Arc::clone(&core)),
            audit: audit::Audit::new(Arc::clone(&core)),
            jobs,
            administration: settings::Administration::new(Arc::clone(&core)),
            core,
        })
    }

    /// Cameras, event types and credentials as they are now.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.core.catalogue.load_full()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.core.clock
    }

    /// The settings as they hold now. Costs nothing; to be asked each time.
    pub fn settings(&self) -> Settings {
        self.core.catalogue().settings.clone()
    }

    /// Where clients reach this server, if it was set.
    pub fn public_origin(&self) -> Option<Origin> {
        self.core.catalogue().settings.public_url().and_then(Origin::from_url)
    }

    /// The server stops: readiness says so, and jobs end after their step.
    pub fn stopping(&self) {
        self.core.stopping.store(true, std::sync::atomic::Ordering::Relaxed);
        self.jobs.stop_all();
        self.events.live().end();
    }

    /// Lets queued writes finish, commits and closes the data directory. Blocks.
    pub fn close(&self) {
        if let Err(error) = self.core.save_uses() {
            tracing::warn!(%error, "when credentials were last used could not be kept");
        }
        self.core.store.close();
    }
}

impl Core {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.load_full()
    }

    /// Whether a caller's credential still holds, with the same scope.
    fn holds(&self, caller: &Caller) -> bool {
        let key = match caller.who {
            Who::Local => return true,
            Who::Token(id) => (Kind::Token, id),
            Who::Group(id) => (Kind::Group, id),
            Who::Key(id) => (Kind::Key, id),
            Who::User(_) => {
                let Rights::Role(role) = caller.rights else { return false };
                return session::holds(self, caller, role);
            }
        };
        let catalogue = self.catalogue();
        catalogue.credentials.get(&key).is_some_and(|row| {
            let same_scope = match &caller.scope {
                Scope::All => row.kind == Kind::Key,
                Scope::Cameras(cameras) => row.cameras == *cameras,
            };
            same_scope && row.expires.is_none_or(|end| self.clock.now() < end)
        })
    }

    /// Reads a snapshot on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&ReadTx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        blocking(move || store.read_with(f)).await
    }

    /// Changes settings as [`Self::change`] does, for `caller`; the audit trail tells `act` with the
    /// change or not at all.
    async fn change_as<T: Send + 'static>(
        self: &Arc<Self>,
        caller: &Caller,
        act: Act,
        f: impl FnOnce(&WriteTx<'_>, &mut Catalogue) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.change_told(caller, move |tx, next| Ok((f(tx, next)?, act))).await
    }

    /// The same where only the change knows what to tell, such as the id of what it made.
    async fn change_told<T: Send + 'static>(
        self: &Arc<Self>,
        caller: &Caller,
        f: impl FnOnce(&WriteTx<'_>, &mut Catalogue) -> Result<(T, Act)> + Send + 'static,
    ) -> Result<T> {
        let (core, caller, now) = (Arc::clone(self), caller.clone(), self.clock.now());
        self.change(move |tx, next| {
            // A body may take a minute to arrive: who began it may have lost his place meanwhile.
            if !core.holds(&caller) {
                return Err(Error::InvalidAuth);
            }
            let by = By::caller(Some(&caller), next);
            let (value, act) = f(tx, next)?;
            if act.takes_room() {
                core.store.ready()?;
            }
            tx.append_audit(act.entry(now, by, "ok"))?;
            Ok(value)
        })
        .await
    }

    /// Changes settings: `f` writes to the transaction and to the catalogue that follows. Durable
    /// when this returns; an error changes nothing.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&WriteTx<'_>, &mut Catalogue) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let core = Arc::clone(self);
        let alone = Arc::clone(&self.gate).write_owned().await;
        // What was begun is finished even if the caller goes away: the gate moves along.
        blocking(move || {
            let mut next = Catalogue::clone(&core.catalogue());
            let (value, next) = core.store.exclusive(move |tx| {
                let value = f(tx, &mut next)?;
                Ok::<_, Error>((value, next))
            })?;
            core.catalogue.store(Arc::new(next));
            core.changes.send_modify(|count| *count = count.wrapping_add(1));
            drop(alone);
            Ok(value)
        })
        .await
    }
}

/// Runs `f` where it may block. A panic inside is a panic outside.
async fn blocking<T: Send + 'static>(f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(f).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::StorageFailed(StoreError::Failed("the server is stopping".into()))),
    }
}

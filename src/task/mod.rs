//! Background loops: named, stopped together, and never dead unnoticed.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::service::Services;

/// How often old idempotency keys are forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(1);
/// How often the last uses of credentials are kept on disk.
const SAVE_USES_EVERY: Duration = Duration::from_hours(1);
/// How often sessions that ended are given up, and those in use are noted.
const SESSIONS_EVERY: Duration = Duration::from_mins(10);
/// How often audit entries that are too old are given up.
const FORGET_AUDIT_EVERY: Duration = Duration::from_hours(24);
/// How often the clock is looked at.
const CLOCK_EVERY: Duration = Duration::from_secs(10);
/// How often events are looked for that are old enough to go, or have to make room.
const RETENTION_EVERY: Duration = Duration::from_secs(10);
/// How often it is looked whether a backup is due.
const BACKUPS_EVERY: Duration = Duration::from_mins(1);
/// How often pictures and metadata files that did not come are given up.
const ATTACHMENTS_EVERY: Duration = Duration::from_secs(30);
/// How often it is looked whether conditions are over of which nothing is heard any more.
const CONDITIONS_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether cameras' periodic pictures are due.
const SNAPSHOTS_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether the own certificate has to be renewed.
const CERTIFICATE_EVERY: Duration = Duration::from_mins(1);
/// Time that loops have to end.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// All background loops. They run on the local task set that they were started from.
#[derive(Debug)]
pub struct Tasks {
    set: JoinSet<&'static str>,
    cancel: CancellationToken,
}

impl Tasks {
    /// Starts the loops that every server has.
    pub fn start(services: &Services) -> Self {
        let mut tasks = Self { set: JoinSet::new(), cancel: CancellationToken::new() };
        let shared = services.clone();
        tasks.every("forget-keys", FORGET_EVERY, move || {
            let services = shared.clone();
            async move { services.forget_keys().await }
        });
        let shared = services.clone();
        tasks.every("save-uses", SAVE_USES_EVERY, move || {
            let services = shared.clone();
            async move { services.credentials.save_uses().await }
        });
        let shared = services.clone();
        tasks.every("sessions", SESSIONS_EVERY, move || {
            let services = shared.clone();
            services.setup.expire();
            async move { services.sessions.keep().await }
        });
        let shared = services.clone();
        tasks.every("forget-audit", FORGET_AUDIT_EVERY, move || {
            let services = shared.clone();
            async move { services.forget_audit().await }
        });
        let shared = services.clone();
        tasks.every("clock", CLOCK_EVERY, move || {
            let services = shared.clone();
            async move { services.look().await }
        });
        let shared = services.clone();
        tasks.every("retention", RETENTION_EVERY, move || {
            let services = shared.clone();
            async move { services.retention.pass().await }
        });
        let shared = services.clone();
        tasks.every("backups", BACKUPS_EVERY, move || {
            let services = shared.clone();
            async move { services.backups.pass().await }
        });
        let shared = services.clone();
        tasks.every("attachments", ATTACHMENTS_EVERY, move || {
            let services = shared.clone();
            async move { services.attachments.pass().await }
        });
        let shared = services.clone();
        tasks.every("conditions", CONDITIONS_EVERY, move || {
            let services = shared.clone();
            async move {
                services.ingest.pass().await;
                Ok::<(), Infallible>(())
            }
        });
        let shared = services.clone();
        tasks.every("snapshot-periods", SNAPSHOTS_EVERY, move || {
            let services = shared.clone();
            async move { services.snapshots.tick().await }
        });
        let shared = services.clone();
        tasks.run("snapshots", async move { shared.snapshots.run().await });
        let shared = services.clone();
        tasks.run("releases", async move { shared.recipes.run_releases().await });
        let shared = services.clone();
        tasks.every("certificate", CERTIFICATE_EVERY, move || {
            let services = shared.clone();
            async move { services.renew_certificate().await }
        });
        tasks
    }

    /// Runs a loop of its own making, which does not end, until it is told to.
    fn run(&mut self, name: &'static str, work: impl Future<Output = ()> + 'static) {
        let cancel = self.cancel.clone();
        self.set.spawn_local(async move {
            cancel.run_until_cancelled(work).await;
            name
        });
    }

    /// Runs a pass now and then again after each pause. A pass that fails is logged and tried again.
    pub fn every<F, E>(
        &mut self,
        name: &'static str,
        pause: Duration,
        mut pass: impl FnMut() -> F + 'static,
    ) where
        F: Future<Output = Result<(), E>> + 'static,
        E: Display,
    {
        let cancel = self.cancel.clone();
        self.set.spawn_local(async move {
            loop {
                if let Err(error) = pass().await {
                    tracing::warn!(task = name, %error, "a pass failed; it will be tried again");
                }
                tokio::select! {
                    () = cancel.cancelled() => return name,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }

    /// Waits until a loop ends that should not, and names it.
    pub async fn died(&mut self) -> String {
        match self.set.join_next().await {
            Some(Ok(name)) => name.to_owned(),
            Some(Err(error)) => error.to_string(),
            None => std::future::pending().await,
        }
    }

    /// Tells all loops to end and waits for them.
    pub async fn stop(mut self) {
        self.cancel.cancel();
        let all = async { while self.set.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
            tracing::warn!("background tasks did not end in time");
        }
    }
}

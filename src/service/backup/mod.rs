//! Backups: made on request and by schedule, listed, handed out, deleted.

mod folder;
mod schedule;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::access::{Action, Caller};
use super::audit::Act;
use super::clock_watch::ClockWatch;
use super::error::{Error, Result};
use super::job::{JobId, Jobs, Progress};
use super::{Core, blocking};
use crate::domain::Timestamp;
use crate::store::StoreError;
pub use crate::store::backup::Reason;
use crate::store::backup::{self, BackupOptions, EXTENSION, Manifest, PASSPHRASE_BYTES};
pub use folder::Backup;
use folder::{gone_or_failed, is_backup_name, make_folder, read};

/// How often it is told how far a backup is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// What a backup is to be, as somebody asked for it.
#[derive(Clone)]
pub struct Wanted {
    /// Whether pictures and metadata files are part of it.
    pub with_pictures: bool,
    /// Seals the secret key into it; without one the key stays out.
    pub passphrase: Option<String>,
}

impl fmt::Debug for Wanted {
    /// Without the passphrase.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_pictures = &self.with_pictures;
        f.debug_struct("Wanted").field("with_pictures", with_pictures).finish_non_exhaustive()
    }
}

/// The backup that is being made.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// Items written.
    pub done: u64,
    /// Items that there were when it began, about.
    pub total: u64,
}

/// The folder and what goes on.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Newest first.
    pub backups: Vec<Backup>,
    /// Files named like backups that are none, or damaged at their ends.
    pub unreadable: Vec<String>,
    /// The one that is being made.
    pub running: Option<Running>,
    /// When the last try in the folder failed and why, unless a later one did not.
    pub failure: Option<(Timestamp, String)>,
    /// The folder.
    pub folder: PathBuf,
    /// When the next one is made by itself.
    pub next: Option<Timestamp>,
}

#[derive(Default)]
struct State {
    /// Its items and how far it is.
    running: Option<(u64, Progress)>,
    /// When the newest backup was begun, whatever its reason.
    newest: Option<Timestamp>,
    /// The same of scheduled ones.
    newest_scheduled: Option<Timestamp>,
    failure: Option<(Timestamp, String)>,
    failures_total: u64,
    /// Not before this much time has elapsed.
    again_at: Duration,
    /// Whether the folder was looked at since the start.
    looked: bool,
}

/// See the module.
#[derive(Clone)]
pub struct Backups {
    core: Arc<Core>,
    jobs: Jobs,
    clock: ClockWatch,
    folder: Arc<PathBuf>,
    started_at: Timestamp,
    state: Arc<Mutex<State>>,
}

/// A backup is being made until this is dropped.
struct UnderWay<'b>(&'b Mutex<State>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).running = None;
    }
}

impl fmt::Debug for Backups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backups").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Backups {
    pub(super) fn new(core: Arc<Core>, jobs: Jobs, clock: ClockWatch, folder: PathBuf) -> Self {
        let started_at = core.clock.now();
        Self { core, jobs, clock, folder: Arc::new(folder), started_at, state: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is held")
    }

    /// What is there and what goes on. Cost: the ends of at most 1,000 files.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub async fn list(&self, caller: &Caller) -> Result<Overview> {
        caller.may(Action::Govern)?;
        let folder = Arc::clone(&self.folder);
        let (backups, unreadable) = blocking(move || Ok(read(&folder))).await?;
        let mut state = self.lock();
        state.look(&backups);
        let running = state
            .running
            .as_ref()
            .map(|(total, progress)| Running { done: progress.done(), total: *total });
        let failure = state.failure.clone();
        let scheduled = state.newest_scheduled;
        drop(state);
        let next = self.every().map(|every| match scheduled {
            Some(at) => after(at, every),
            None => self.core.clock.now(),
        });
        let folder = self.folder.to_path_buf();
        Ok(Overview { backups, unreadable, running, failure, folder, next })
    }

    /// Starts a backup into the folder, as a job.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BackupRunning`], [`Error::BadParameter`].
    pub async fn start(&self, caller: &Caller, wanted: Wanted) -> Result<JobId> {
        caller.may(Action::Govern)?;
        let length = wanted.passphrase.as_ref().map(String::len);
        if length.is_some_and(|length| !PASSPHRASE_BYTES.contains(&length)) {
            let (shortest, longest) = (PASSPHRASE_BYTES.start(), PASSPHRASE_BYTES.end());
            let text = format!("passphrase must have {shortest} to {longest} bytes");
            return Err(Error::BadParameter(text));
        }
        if self.lock().running.is_some() {
            return Err(Error::BackupRunning);
        }
        let total = self.items(&wanted).await?;
        let backups = self.clone();
        let who = caller.clone();
        let path = self.new_path("manual");
        Ok(self.jobs.start(caller.who, total, move |progress| {
            Box::pin(async move {
                let made = backups.make(
                    Some(&who),
                    path,
                    wanted,
                    Reason::Manual,
                    (total, progress.clone()),
                );
                match made.await {
                    Err(Error::StorageFailed(StoreError::Stopped)) if progress.is_stopped() => {
                        Ok(())
                    }
                    made => made.map(drop),
                }
            })
        }))
    }

    /// Writes a backup to any file that the server may write. Gives what it holds, and its length. `tell`
    /// is told how far it is, at once and then every half second.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BackupRunning`], and the store's.
    pub async fn write(
        &self,
        caller: &Caller,
        path: PathBuf,
        wanted: Wanted,
        tell: &mut dyn FnMut(Running),
    ) -> Result<(Manifest, u64)> {
        caller.may(Action::Govern)?;
        let total = self.items(&wanted).await?;
        let progress = Progress::default();
        let of = (total, progress.clone());
        let mut made = pin!(self.make(Some(caller), path, wanted, Reason::Manual, of));
        let mut ticks = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                biased;
                made = &mut made => return made,
                _ = ticks.tick() => tell(Running { done: progress.done(), total }),
            }
        }
    }

    /// Deletes a backup of the folder.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`], [`Error::StorageFailed`].
    pub async fn delete(&self, caller: &Caller, name: &str) -> Result<()> {
        caller.may(Action::Govern)?;
        let path = self.path_of(name)?;
        blocking(move || std::fs::remove_file(&path).map_err(gone_or_failed("removing", &path)))
            .await?;
        self.core.note(Some(caller), Act::on("backup.delete", format!("backup {name}")), "ok").await
    }

    /// A backup's file, to be handed out; with its length.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::NotFound`], [`Error::StorageFailed`].
    pub async fn open(&self, caller: &Caller, name: &str) -> Result<(File, u64)> {
        caller.may(Action::Govern)?;
        let path = self.path_of(name)?;
        let opened = blocking(move || {
            let file = File::open(&path).map_err(gone_or_failed("opening", &path))?;
            let bytes = file.metadata().map_or(0, |meta| meta.len());
            Ok((file, bytes))
        })
        .await?;
        let act = Act::on("backup.download", format!("backup {name}"));
        self.core.note(Some(caller), act, "ok").await?;
        Ok(opened)
    }

    /// Makes one; the audit trail and the state tell how it went.
    async fn make(
        &self,
        caller: Option<&Caller>,
        path: PathBuf,
        wanted: Wanted,
        reason: Reason,
        (total, progress): (u64, Progress),
    ) -> Result<(Manifest, u64)> {
        {
            let mut state = self.lock();
            if state.running.is_some() {
                return Err(Error::BackupRunning);
            }
            state.running = Some((total, progress.clone()));
        }
        let under_way = UnderWay(&self.state);
        let created = self.core.clock.now();
        let object = format!("backup {}", path.display());
        let is_own = self.is_own(&path);
        let options = BackupOptions {
            path,
            with_pictures: wanted.with_pictures,
            passphrase: wanted.passphrase,
            reason,
            created,
            gentle: true,
        };
        let (core, folder) = (Arc::clone(&self.core), Arc::clone(&self.folder));
        let made = blocking(move || {
            if is_own {
                make_folder(&folder)?;
            }
            let mut watch = |items| {
                progress.add(items);
                !progress.is_stopped() && !core.stopping.load(Ordering::Relaxed)
            };
            Ok(core.store.backup(&options, &mut watch)?)
        })
        .await;
        let act = Act::on("backup.create", object);
        drop(under_way);
        let (act, result) = {
            let mut state = self.lock();
            match &made {
                Ok((manifest, bytes)) => {
                    if is_own {
                        state.failure = None;
                    }
                    state.newest = state.newest.max(Some(created));
                    if reason == Reason::Scheduled {
                        state.newest_scheduled = Some(created);
                    }
                    (act.with(format!("{} events, {bytes} bytes", manifest.events)), "ok")
                }
                Err(Error::StorageFailed(StoreError::Stopped)) => (act.with("stopped"), "failed"),
                Err(error) => {
                    let text = text(error);
                    tracing::error!(error = %text, "a backup failed");
                    // A file that a command named says nothing of the server's own folder.
                    if is_own {
                        state.failures_total += 1;
                        state.failure = Some((created, text.clone()));
                    }
                    (act.with(text), "failed")
                }
            }
        };
        if let Err(error) = self.core.note(caller, act, result).await {
            tracing::warn!(%error, "the audit trail does not tell of a backup");
        }
        made
    }

    async fn items(&self, wanted: &Wanted) -> Result<u64> {
        let (core, with_pictures) = (Arc::clone(&self.core), wanted.with_pictures);
        blocking(move || Ok(core.store.backup_items(with_pictures)?)).await
    }

    fn every(&self) -> Option<Duration> {
        self.core.catalogue().settings.backup_every()
    }

    /// Whether a file is one of the folder.
    fn is_own(&self, path: &Path) -> bool {
        let absolute = |path: &Path| std::path::absolute(path).ok();
        path.parent().and_then(absolute) == absolute(&self.folder)
    }

    /// A new name in the folder.
    fn new_path(&self, word: &str) -> PathBuf {
        let stamp = backup::stamp(self.core.clock.now());
        self.folder.join(format!("watchpost-{stamp}-{word}.{EXTENSION}"))
    }

    /// The path of a backup named in a request. No part of a request becomes more than a name.
    fn path_of(&self, name: &str) -> Result<PathBuf> {
        if is_backup_name(name) {
            Ok(self.folder.join(name))
        } else {
            Err(Error::NotFound("the backup"))
        }
    }

    /// When the newest backup was begun, as far as it is known.
    pub fn newest(&self) -> Option<Timestamp> {
        self.lock().newest
    }

    /// Backups into the folder that failed since the start.
    pub fn failures_total(&self) -> u64 {
        self.lock().failures_total
    }
}

/// `at` and some time.
fn after(at: Timestamp, pause: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX)))
}

/// What went wrong, for administrators.
fn text(error: &Error) -> String {
    match error {
        Error::StorageFailed(source) => source.to_string(),
        other => other.to_string(),
    }
}

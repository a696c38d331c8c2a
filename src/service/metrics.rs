//! Figures for a monitoring system: what was counted since the start, and how things stand now.
//!
//! Counting costs an addition to an atomic number. Asking walks no table: what needs the disk is
//! bounded, and where it takes too long the last known figure is given.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::access::{Action, Caller, Who};
use super::backup::Backups;
use super::clock_watch::ClockWatch;
use super::error::{Error, Result};
use super::kept::Kept;
use super::live::Live;
use super::retention::Retention;
use super::storage::Storage;
use super::{Core, system};
use crate::domain::Timestamp;
use crate::domain::durations::Distribution;
use crate::domain::filter::{Order, Page};
use crate::store::{self, Query, Sizes, StoreError};

/// Reasons that are told from the start, so that the first refusal is seen to come. Others join when
/// they are met; all of them are words of the code.
const REASONS: [&str; 14] = [
    "bad_json",
    "bad_parameter",
    "body_too_large",
    "camera_disabled",
    "meta_limit",
    "missing_field",
    "not_understood",
    "out_of_scope",
    "overloaded",
    "rate_limited",
    "receive_off",
    "storage_failed",
    "storage_full",
    "unknown_event_type",
];

/// The way that an event came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One by one over the API.
    Api,
    /// Many at once over the API.
    Bulk,
    /// To an address: `/i/TOKEN`.
    Ingest,
    /// Over a camera's own connection.
    Agent,
    /// By a command on the machine itself.
    Local,
}

impl Source {
    const ALL: [Self; 5] = [Self::Api, Self::Bulk, Self::Ingest, Self::Agent, Self::Local];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Bulk => "bulk",
            Self::Ingest => "ingest",
            Self::Agent => "agent",
            Self::Local => "local",
        }
    }

    /// The same, unless the caller is on the machine itself.
    pub(super) fn of(self, caller: &Caller) -> Self {
        if caller.who == Who::Local { Self::Local } else { self }
    }
}

/// What became of a picture that the server was to fetch from a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// It is on disk.
    Stored,
    /// The camera did not give it.
    Failed,
    /// It was not asked for: too many were, or the camera had just not given one.
    Dropped,
}

impl Fetched {
    const ALL: [Self; 3] = [Self::Stored, Self::Failed, Self::Dropped];

    const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// What is counted since the start.
#[derive(Debug)]
pub(super) struct Counters {
    /// In the order of [`Source::ALL`].
    stored: [AtomicU64; Source::ALL.len()],
    rejected: Mutex<BTreeMap<&'static str, u64>>,
    /// In the order of [`Fetched::ALL`].
    fetched: [AtomicU64; Fetched::ALL.len()],
    auth_failures: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        let rejected = REASONS.into_iter().map(|reason| (reason, 0)).collect();
        Self {
            stored: Default::default(),
            rejected: Mutex::new(rejected),
            fetched: Default::default(),
            auth_failures: AtomicU64::new(0),
        }
    }
}

impl Counters {
    /// Events are on disk.
    pub fn stored(&self, source: Source, count: usize) {
        self.stored[source as usize].fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Events were not stored, for a reason of the code.
    pub fn rejected(&self, reason: &'static str, count: usize) {
        *self.rejections().entry(reason).or_default() += count as u64;
    }

    /// A picture was to be fetched from a camera.
    pub fn fetched(&self, outcome: Fetched) {
        self.fetched[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Events stored, whatever way they came in.
    pub fn stored_total(&self) -> u64 {
        self.stored.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// A credential, a log-in or a set-up code was wrong.
    pub fn auth_failed(&self) {
        self.auth_failures.fetch_add(1, Ordering::Relaxed);
    }

    fn rejections(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.rejected.lock().expect("nothing panics while it is held")
    }
}

impl Error {
    /// The word under which an event that was not stored is counted, as in `errorType`, whoever's fault
    /// it is.
    pub(super) fn rejection(&self) -> &'static str {
        match self {
            Self::AccessDenied(_) => "access_deny",
            Self::OutOfScope(_) => "out_of_scope",
            Self::LimitReached(_) => "limit_reached",
            Self::Overloaded(_) => "overloaded",
            Self::StorageFull => "storage_full",
            Self::StorageFailed(_) => "storage_failed",
            other => other.refusal().unwrap_or("other"),
        }
    }
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The product's version.
    pub version: &'static str,
    /// Which build of it.
    pub build: &'static str,
    /// When the server started.
    pub started_at: Timestamp,
    /// Whether events can be stored.
    pub ready: bool,
    /// Events stored, by source.
    pub stored: Vec<(&'static str, u64)>,
    /// Events not stored, by reason.
    pub rejected: Vec<(&'static str, u64)>,
    /// Pictures to be fetched from cameras, by what became of them.
    pub fetched: Vec<(&'static str, u64)>,
    /// How long the journal's batches took.
    pub commits: Distribution,
    /// Writes that wait for the journal.
    pub queued_writes: usize,
    /// Records on disk that the tables do not hold yet.
    pub unapplied: u64,
    /// Bytes on the disk, if they are known.
    pub sizes: Option<Sizes>,
    /// Room below which events are refused.
    pub reserve: u64,
    /// Bytes of the database that hold nothing now; not known of a large one.
    pub free_inside: Option<u64>,
    /// When the newest backup was begun.
    pub last_backup: Option<Timestamp>,
    /// Backups that failed since the start.
    pub backup_failures: u64,
    /// Events that retention deleted, by reason.
    pub deleted: Vec<(&'static str, u64)>,
    /// What may still be stored.
    pub room: u64,
    /// First of the stored events.
    pub oldest: Option<Timestamp>,
    /// Open live feeds.
    pub streams: usize,
    /// Wrong credentials, log-ins and set-up codes.
    pub auth_failures: u64,
    /// Whether the clock is not believed.
    pub clock_suspect: bool,
    /// How often a damaged record was met.
    pub corrupt_records: u64,
    /// Cameras.
    pub cameras: usize,
    /// People's sessions.
    pub sessions: usize,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Metrics {
    core: Arc<Core>,
    backups: Backups,
    live: Live,
    clock: ClockWatch,
    retention: Retention,
    storage: Storage,
    started_at: Timestamp,
    sizes: Kept<Sizes>,
    free_inside: Kept<u64>,
    oldest: Kept<Timestamp>,
}

impl Metrics {
    pub(super) fn new(
        core: Arc<Core>,
        backups: Backups,
        live: Live,
        clock: ClockWatch,
        retention: Retention,
        storage: Storage,
    ) -> Self {
        let started_at = core.clock.now();
        let (sizes, free_inside, oldest) = (Kept::default(), Kept::default(), Kept::default());
        Self {
            core,
            backups,
            live,
            clock,
            retention,
            storage,
            started_at,
            sizes,
            free_inside,
            oldest,
        }
    }

    /// How things stand. Takes 40 ms at most, also while the disk does not answer.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub async fn read(&self, caller: &Caller) -> Result<Snapshot> {
        caller.may(Action::ReadMetrics)?;
        let core = &self.core;
        let store = core.store.clone();
        let sizes = self.sizes.look(move || store.sizes().ok()).await;
        let (storage, database) = (self.storage.clone(), sizes.map_or(0, |sizes| sizes.database));
        let free_inside = self
            .free_inside
            .look(move || storage.used(database).map(|used| database.saturating_sub(used)));
        let store = core.store.clone();
        let oldest = self.oldest.look(move || oldest(&store).ok().flatten());
        let (free_inside, oldest) = futures_util::future::join(free_inside, oldest).await;
        Ok(Snapshot { sizes, free_inside, oldest, ..self.counted() })
    }

    /// The same without what lies on the disk: does not wait for it.
    pub(super) fn counted(&self) -> Snapshot {
        let core = &self.core;
        let (stats, counters) = (core.store.stats(), &core.figures.counters);
        let (catalogue, steady) = (core.catalogue(), core.clock.steady_us());
        let stored = |source: Source| {
            (source.word(), counters.stored[source as usize].load(Ordering::Relaxed))
        };
        let fetched =
            |of: Fetched| (of.word(), counters.fetched[of as usize].load(Ordering::Relaxed));
        Snapshot {
            version: system::VERSION,
            build: system::BUILD,
            started_at: self.started_at,
            ready: core.store.ready().is_ok(),
            stored: Source::ALL.map(stored).to_vec(),
            rejected: counters.rejections().iter().map(|(word, count)| (*word, *count)).collect(),
            fetched: Fetched::ALL.map(fetched).to_vec(),
            commits: core.store.commits(),
            queued_writes: stats.queued_writes,
            unapplied: stats.unapplied,
            sizes: None,
            reserve: stats.min_free_bytes,
            free_inside: None,
            last_backup: self.backups.newest(),
            backup_failures: self.backups.failures_total(),
            deleted: self.retention.deleted_total(),
            room: stats.room,
            oldest: None,
            streams: self.live.count(),
            auth_failures: counters.auth_failures.load(Ordering::Relaxed),
            clock_suspect: self.clock.doubt().is_some(),
            corrupt_records: store::damaged_rows(),
            cameras: catalogue.cameras.len(),
            sessions: catalogue
                .sessions
                .values()
                .filter(|session| session.left_us(&catalogue.settings, steady) > 0)
                .count(),
        }
    }
}

/// Time of the first event by `order_time`. A seek, once what was stored before is in the tables.
fn oldest(store: &store::Store) -> std::result::Result<Option<Timestamp>, StoreError> {
    // A total that is given is not counted.
    let page = Page { order: Order::Ascending, limit: 1, total: Some(u64::MAX), ..Page::default() };
    let first = store.read_with(|tx| tx.list(&Query::all(), &page))?.events.pop();
    Ok(first.map(|event| event.order_time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Access;
    use crate::service::access::{Rights, Scope};
    use crate::service::clock::Clock;
    use crate::service::{Services, Settings};
    use crate::store::Options;

    #[tokio::test]
    async fn it_is_for_metrics_tokens_and_for_those_who_may_do_everything() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { min_free_bytes: Some(0), ..Options::default() };
        let services =
            Services::open(dir.path(), options, Settings::default(), Clock::system()).unwrap();
        let metrics =
            Caller::new(Who::Token(1), Rights::Access(Access::Metrics), Scope::Cameras(vec![]));
        let read = services.metrics.read(&metrics).await.unwrap();
        assert!(read.ready && read.oldest.is_none(), "{read:?}");
        assert_eq!(read.stored.iter().map(|(_, count)| count).sum::<u64>(), 0);
        let all = Caller { rights: Rights::Access(Access::All), ..metrics };
        assert!(matches!(services.metrics.read(&all).await, Err(Error::AccessDenied(_))));
    }

    #[test]
    fn sources_are_counted_under_their_own_word() {
        let counters = Counters::default();
        for (at, source) in Source::ALL.into_iter().enumerate() {
            assert_eq!(source as usize, at);
            counters.stored(source, at);
        }
        assert_eq!(counters.stored[Source::Agent as usize].load(Ordering::Relaxed), 3);
        assert_eq!(Source::Bulk.of(&Caller::local()), Source::Local);
    }
}

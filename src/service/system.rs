//! What the server is, whether its parts work and since when, and what everybody should be told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};

use super::access::{Action, Caller};
use super::backup::Backups;
use super::clock_watch::ClockWatch;
use super::error::Result;
use super::health::Trouble;
use super::tls::{self, Tls};
use super::{Core, Services};
use crate::domain::Timestamp;
use crate::store::{self, StoreError};

/// The product's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Which build this is; a package sets it.
pub const BUILD: &str = match option_env!("WATCHPOST_BUILD") {
    Some(build) => build,
    None => "unpackaged",
};
/// Journal records waiting to be applied from which on the indexes lag behind.
const LAG_MAX: u64 = 2_000;
/// The disk is nearly full below so many times the room at which events are refused.
const NEARLY_FULL: u64 = 4;

/// How a part of the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Ok,
    /// Somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// One part of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `writes`, `disk`, `clock`, `records`, `index`, `backup`, and with TLS `certificate`.
    pub name: &'static str,
    /// How it does.
    pub health: Health,
    /// Since when.
    pub since: Timestamp,
    /// More about it, for people.
    pub detail: String,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemReport {
    /// When the server started.
    pub started_at: Timestamp,
    /// How long ago.
    pub uptime: Duration,
    /// Its parts.
    pub checks: Vec<Check>,
    /// Its TLS.
    pub tls: tls::Report,
}

/// How urgent a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeLevel {
    /// Events are lost.
    Danger,
    /// Events will be lost, or something is not done.
    Warn,
}

/// What everybody who has logged in should be told, as long as it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `storage_full`, `storage_failed`, `clock_suspect`, `retention_cut` or `backup_overdue`.
    pub code: &'static str,
    /// How urgent.
    pub level: NoticeLevel,
    /// More for its text.
    pub params: Map<String, Value>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct System {
    core: Arc<Core>,
    clock: ClockWatch,
    tls: Tls,
    backups: Backups,
    started_at: Timestamp,
    started: Duration,
    /// Each part's health and since when.
    since: Arc<Mutex<BTreeMap<&'static str, (Health, Timestamp)>>>,
}

impl System {
    pub(super) fn new(core: Arc<Core>, clock: ClockWatch, tls: Tls, backups: Backups) -> Self {
        let (started_at, started) = (core.clock.now(), core.clock.elapsed());
        Self { core, clock, tls, backups, started_at, started, since: Arc::default() }
    }

    /// What the server is and how it does.
    ///
    /// # Errors
    /// [`super::Error::AccessDenied`].
    pub async fn report(&self, caller: &Caller) -> Result<SystemReport> {
        caller.may(Action::Manage)?;
        let system = self.clone();
        let checks = super::blocking(move || Ok(system.look())).await?;
        let uptime = self.core.clock.elapsed().saturating_sub(self.started);
        let tls = self.tls.report();
        Ok(SystemReport { started_at: self.started_at, uptime, checks, tls })
    }

    /// When the server started.
    pub(super) const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The same by elapsed time.
    pub(super) const fn began(&self) -> Duration {
        self.started
    }

    /// Looks at every part, and remembers since when each is as it is. Blocks for a moment.
    pub(super) fn look(&self) -> Vec<Check> {
        let now = self.core.clock.now();
        let mut since = self.since.lock().expect("nothing panics while it is held");
        let checks = [
            ("writes", self.writes()),
            ("disk", self.disk()),
            ("clock", self.clock_check()),
            ("records", records()),
            ("index", self.index()),
            ("backup", self.backups.check()),
        ];
        let certificate = self.tls.health().map(|found| ("certificate", found));
        let check = |(name, (health, detail))| {
            let known = since.entry(name).or_insert((health, now));
            if known.0 != health {
                *known = (health, now);
            }
            Check { name, health, since: known.1, detail }
        };
        checks.into_iter().chain(certificate).map(check).collect()
    }

    fn writes(&self) -> (Health, String) {
        match self.core.store.ready() {
            Ok(()) => (Health::Ok, "events are stored".to_owned()),
            Err(StoreError::Full) => (Health::Fail, "refused: the disk is full".to_owned()),
            Err(_) => (Health::Fail, "storage failed and is tried again; see the log".to_owned()),
        }
    }

    fn disk(&self) -> (Health, String) {
        let stats = self.core.store.stats();
        match store::free_bytes(self.core.store.dir()) {
            Ok(free) => {
                let health = if stats.full || free < stats.min_free_bytes {
                    Health::Fail
                } else if free < stats.min_free_bytes.saturating_mul(NEARLY_FULL) {
                    Health::Warn
                } else {
                    Health::Ok
                };
                (health, format!("{} free", readable(free)))
            }
            Err(_) => (Health::Fail, "the data directory does not answer".to_owned()),
        }
    }

    fn clock_check(&self) -> (Health, String) {
        match self.clock.doubt() {
            None => (Health::Ok, "plausible".to_owned()),
            Some(doubt) => (Health::Warn, format!("{}; no event is deleted by age", doubt.text())),
        }
    }

    fn index(&self) -> (Health, String) {
        let stats = self.core.store.stats();
        if stats.failed {
            (Health::Fail, "the database failed and is tried again; see the log".to_owned())
        } else if stats.unapplied > LAG_MAX {
            (Health::Warn, format!("{} stored records are not in it yet", stats.unapplied))
        } else {
            (Health::Ok, "every stored event is in it".to_owned())
        }
    }
}

/// A number of bytes as people say it: `37.5 GiB`.
pub fn readable(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut tenths, mut unit) = (bytes.saturating_mul(10) >> 10, UNITS[0]);
    for larger in &UNITS[1..] {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths >> 10, *larger);
    }
    if tenths < 1_000 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

fn records() -> (Health, String) {
    match store::damaged_rows() {
        0 => (Health::Ok, "no damaged record was met since the start".to_owned()),
        count => {
            (Health::Warn, format!("damaged records were met {count} times; run `watchpost check`"))
        }
    }
}

impl Services {
    /// Looks at the clock and every part, so that each is known to be as it is since when; notes how many
    /// events there were.
    ///
    /// # Errors
    /// The store's.
    pub async fn look(&self) -> Result<()> {
        self.note_pace();
        let outcome = self.clock_watch.look().await.map(drop);
        let system = self.system.clone();
        super::blocking(move || Ok(system.look())).await?;
        outcome
    }

    /// Gives up idempotency keys that are old enough; nothing by a clock that is not believed.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_keys(&self) -> Result<()> {
        match self.clock_watch.look().await? {
            Some(_) => self.events.forget_keys().await,
            None => Ok(()),
        }
    }

    /// The same of the audit trail.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_audit(&self) -> Result<()> {
        match self.clock_watch.look().await? {
            Some(now) => self.audit.forget(now).await,
            None => Ok(()),
        }
    }

    /// What everybody should be told now, worst first. No I/O beyond a look at the disk's room.
    pub fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut tell = |code, level, params| notices.push(Notice { code, level, params });
        match self.ready() {
            Err(Trouble::StorageFull) => tell("storage_full", NoticeLevel::Danger, Map::new()),
            Err(Trouble::StorageFailed) => tell("storage_failed", NoticeLevel::Danger, Map::new()),
            Err(Trouble::Stopping) | Ok(()) => {}
        }
        if let Some(doubt) = self.clock_watch.doubt() {
            let params = Map::from_iter([("reason".to_owned(), doubt.word().into())]);
            tell("clock_suspect", NoticeLevel::Warn, params);
        }
        if self.retention.is_cut() {
            tell("retention_cut", NoticeLevel::Warn, Map::new());
        }
        if self.backups.is_overdue() {
            tell("backup_overdue", NoticeLevel::Warn, Map::new());
        }
        notices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{DAY_US, SECOND_US};
    use crate::service::Settings;
    use crate::service::clock::Clock;
    use crate::store::Options;

    fn codes(services: &Services) -> Vec<&'static str> {
        services.notices().into_iter().map(|notice| notice.code).collect()
    }

    async fn check(services: &Services, name: &str) -> Check {
        let report = services.system.report(&Caller::local()).await.unwrap();
        report.checks.into_iter().find(|check| check.name == name).unwrap()
    }

    #[tokio::test]
    async fn a_clock_that_is_not_believed_is_told_and_since_when() {
        let dir = tempfile::tempdir().unwrap();
        let start = Timestamp(1_790_000_000 * SECOND_US);
        let clock = Clock::manual(start);
        let options = Options { min_free_bytes: Some(0), ..Options::default() };
        let services =
            Services::open(dir.path(), options, Settings::default(), clock.clone()).unwrap();
        services.look().await.unwrap();
        assert_eq!(codes(&services), [""; 0]);
        clock.advance_us(60 * SECOND_US);
        let good = check(&services, "clock").await;
        assert_eq!((good.health, good.since), (Health::Ok, start));
        clock.step_us(40 * DAY_US);
        services.look().await.unwrap();
        let stepped = clock.now();
        clock.advance_us(60 * SECOND_US);
        assert_eq!(codes(&services), ["clock_suspect"]);
        assert_eq!(services.notices()[0].params["reason"], "jumped");
        let bad = check(&services, "clock").await;
        assert_eq!((bad.health, bad.since), (Health::Warn, stepped));
        let report = services.system.report(&Caller::local()).await.unwrap();
        assert_eq!(report.uptime, Duration::from_mins(2), "whatever the clock says");
    }

    #[test]
    fn room_is_told_in_units_that_people_read() {
        for (bytes, text) in [
            (0, "0.0 KiB"),
            (1_023 << 10, "1023 KiB"),
            (512 << 20, "512 MiB"),
            (38_442 << 20, "37.5 GiB"),
            (3 << 40, "3.0 TiB"),
        ] {
            assert_eq!(readable(bytes), text);
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { min_free_bytes: Some(u64::MAX), ..Options::default() };
        let services =
            Services::open(dir.path(), options, Settings::default(), Clock::system()).unwrap();
        assert_eq!(codes(&services), ["storage_full"]);
        assert_eq!(services.notices()[0].level, NoticeLevel::Danger);
        for name in ["writes", "disk"] {
            assert_eq!(check(&services, name).await.health, Health::Fail, "{name}");
        }
        assert_eq!(check(&services, "index").await.health, Health::Ok);
    }
}

//! How everything is at a glance: what `watchpost status` shows, and what somebody should see to.

use std::path::PathBuf;
use std::time::Duration;

use super::access::{Action, Caller};
use super::backup;
use super::error::{Error, Result};
use super::health::Trouble;
use super::metrics::Snapshot;
use super::overview::{self, Overview};
use super::pace::Recent;
use super::system::{Check, Health, NoticeLevel, SystemReport};
use super::{Services, Settings, retention};
use crate::domain::Timestamp;
use crate::store::{Query, Sizes};

/// Longest wait for what lies on the disk, twice: how things stand is told also where it does not answer.
const DISK_WITHIN: Duration = Duration::from_secs(3);
/// Cameras that a problem names.
const NAMED_MAX: usize = 3;

/// What somebody should see to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// For programs; stays as it is: `not_running`, `storage_full`, `storage_failed`, `data_unreachable`,
    /// `disk_full`, `disk_nearly_full`, `database_failed`, `index_behind`, `damaged_records`,
    /// `clock_suspect`, `retention_cut`, `backup_overdue`, `backups_unreachable`, `certificate_ends`, `cameras_quiet`,
    /// `cameras_offline`, `cameras_rejecting` or `cameras_clock`.
    pub code: &'static str,
    /// How urgent.
    pub level: NoticeLevel,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
    /// What it is, for people.
    pub text: String,
}

impl Problem {
    fn new(code: &'static str, level: NoticeLevel, text: String) -> Self {
        Self { code, level, since: None, text }
    }
}

/// Cameras by how they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CameraCounts {
    /// Nothing is wrong.
    pub online: usize,
    /// Nothing has come for too long.
    pub quiet: usize,
    /// Not connected, or never heard of.
    pub offline: usize,
    /// Events of them were refused in the last hour.
    pub rejecting: usize,
    /// Their clocks are wrong.
    pub clock: usize,
    /// Switched off.
    pub disabled: usize,
}

/// Events that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// How many.
    pub count: u64,
    /// First and last, by `order_time`.
    pub extent: Option<(Timestamp, Timestamp)>,
}

/// See the module. What the disk did not give in time is `None`.
#[derive(Clone, Debug)]
pub struct Status {
    /// The data directory.
    pub dir: PathBuf,
    /// What the server is and how its parts do.
    pub system: Option<SystemReport>,
    /// What is counted; nothing in it that lies on the disk.
    pub counted: Option<Snapshot>,
    /// When the server, or this process, started.
    pub started_at: Timestamp,
    /// For how long it has been running.
    pub uptime: Duration,
    /// Events stored in the last minute.
    pub recent: Recent,
    /// Events that are stored.
    pub stored: Option<Stored>,
    /// Bytes on the disk.
    pub sizes: Option<Sizes>,
    /// How many cameras there are.
    pub camera_count: usize,
    /// Cameras by how they do.
    pub cameras: Option<CameraCounts>,
    /// Cameras whose own connection is open.
    pub agents: usize,
    /// Backups.
    pub backups: Option<backup::Overview>,
    /// When the newest backup was begun.
    pub last_backup: Option<Timestamp>,
    /// Whether it is too long ago, or the last try failed.
    pub backup_overdue: bool,
    /// What retention does.
    pub retention: retention::Report,
    /// Rules for single cameras and types.
    pub retention_rules: usize,
    /// The settings.
    pub settings: Settings,
    /// What somebody should see to, worst first.
    pub problems: Vec<Problem>,
}

impl Services {
    /// How everything is. Takes six seconds at most, also while the disk does not answer. `is_serving`
    /// tells whether this process is the server: else cameras are not judged, for nothing can come of them.
    ///
    /// Cost: some reads per day of events, and those of [`Cameras::overview`](super::camera::Cameras::overview).
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub async fn status(&self, caller: &Caller, is_serving: bool) -> Result<Status> {
        caller.may(Action::Manage)?;
        // Before anything is read, for that waits for what is behind. Even this asks the file system for its room.
        let services = self.clone();
        let counted = super::blocking(move || {
            let is_full = services.ready() == Err(Trouble::StorageFull);
            Ok((services.metrics.counted(), is_full))
        });
        let counted = within(DISK_WITHIN, counted).await;
        let is_full = counted.as_ref().is_ok_and(|(_, is_full)| *is_full);
        let stored = self.core.read(|tx| {
            let query = Query::all();
            Ok(Stored { count: tx.count(&query)?, extent: tx.extent(&query)? })
        });
        let store = self.core.store.clone();
        let sizes = super::blocking(move || Ok(store.sizes()?));
        let (system, stored, sizes, cameras, backups) = futures_util::future::join5(
            within(DISK_WITHIN, self.system.report(caller)),
            within(DISK_WITHIN, stored),
            within(DISK_WITHIN, sizes),
            within(DISK_WITHIN, self.cameras.overview(caller)),
            within(DISK_WITHIN, self.backups.list(caller)),
        )
        .await;
        let late = [
            counted.as_ref().err(),
            system.as_ref().err(),
            stored.as_ref().err(),
            sizes.as_ref().err(),
            cameras.as_ref().err(),
        ];
        let late = late.into_iter().flatten().next();
        let mut problems = Vec::new();
        if !is_serving {
            let text = "the server is not running: no event is taken".to_owned();
            problems.push(Problem::new("not_running", NoticeLevel::Danger, text));
        }
        if let Some(text) = late {
            problems.push(Problem::new("data_unreachable", NoticeLevel::Danger, text.clone()));
        }
        if let Err(text) = &backups {
            let text = format!("the folder of backups: {text}");
            problems.push(Problem::new("backups_unreachable", NoticeLevel::Warn, text));
        }
        let checks = system.as_ref().map_or(&[][..], |system| &system.checks);
        problems.extend(of_checks(checks, is_full, is_serving));
        if self.retention.is_cut() {
            let text = "events went earlier than they were to, for want of room".to_owned();
            problems.push(Problem::new("retention_cut", NoticeLevel::Warn, text));
        }
        if is_serving {
            problems.extend(of_cameras(cameras.as_deref().unwrap_or_default()));
        }
        problems.sort_by_key(|problem| problem.level == NoticeLevel::Warn); // stable
        let (catalogue, dir) = (self.core.catalogue(), self.core.store.dir());
        Ok(Status {
            dir: std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()),
            system: system.ok(),
            started_at: self.system.started_at(),
            counted: counted.ok().map(|(counted, _)| counted),
            uptime: self.core.clock.elapsed().saturating_sub(self.system.began()),
            recent: self.recent(),
            stored: stored.ok(),
            sizes: sizes.ok(),
            camera_count: catalogue.cameras.len(),
            cameras: cameras.ok().map(|cameras| CameraCounts::of(&cameras)),
            agents: catalogue.cameras.values().filter(|entry| entry.link.is_connected()).count(),
            backups: backups.ok(),
            last_backup: self.backups.newest(),
            backup_overdue: self.backups.is_overdue(),
            retention: self.retention.report(caller)?,
            retention_rules: catalogue.rules.len(),
            settings: catalogue.settings.clone(),
            problems,
        })
    }

    /// Notes how many events were stored so far, for [`Self::recent`].
    pub(super) fn note_pace(&self) {
        let figures = &self.core.figures;
        figures.pace.note(self.core.clock.elapsed(), figures.counters.stored_total());
    }

    fn recent(&self) -> Recent {
        let (figures, now) = (&self.core.figures, self.core.clock.elapsed());
        figures.pace.recent(self.system.began(), now, figures.counters.stored_total())
    }
}

/// What is waited for not too long. The error is for people.
async fn within<T>(
    longest: Duration,
    asked: impl Future<Output = Result<T>>,
) -> std::result::Result<T, String> {
    match tokio::time::timeout(longest, asked).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(Error::StorageFailed(error))) => Err(format!("the data cannot be read: {error}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the disk does not answer".to_owned()),
    }
}

/// What the checks of the parts find wrong, each thing once.
fn of_checks(checks: &[Check], is_full: bool, is_serving: bool) -> Vec<Problem> {
    let code = |check: &Check| match (check.name, check.health) {
        (_, Health::Ok) => None,
        ("writes", _) if is_full => Some("storage_full"),
        ("writes", _) => Some("storage_failed"),
        ("disk", Health::Warn) => Some("disk_nearly_full"),
        ("disk", Health::Fail) if is_full => None, // told by `writes`
        ("disk", Health::Fail) => Some("disk_full"),
        ("clock", _) => Some("clock_suspect"),
        ("records", _) => Some("damaged_records"),
        ("index", Health::Fail) => Some("database_failed"),
        ("index", Health::Warn) => Some("index_behind"),
        ("backup", _) => Some("backup_overdue"),
        ("certificate", _) => Some("certificate_ends"),
        (other, _) => Some(other),
    };
    let problem = |check: &Check| {
        let level =
            if check.health == Health::Fail { NoticeLevel::Danger } else { NoticeLevel::Warn };
        let since = is_serving.then_some(check.since);
        let text = format!("{}: {}", check.name, check.detail);
        Some(Problem { code: code(check)?, level, since, text })
    };
    checks.iter().filter_map(problem).collect()
}

impl CameraCounts {
    fn of(cameras: &[Overview]) -> Self {
        let mut counts = Self::default();
        for camera in cameras {
            *match camera.status {
                overview::Status::Online => &mut counts.online,
                overview::Status::Quiet => &mut counts.quiet,
                overview::Status::Offline => &mut counts.offline,
                overview::Status::Rejecting => &mut counts.rejecting,
                overview::Status::Clock => &mut counts.clock,
                overview::Status::Disabled => &mut counts.disabled,
            } += 1;
        }
        counts
    }
}

/// Cameras that somebody should see to. One that was never heard of and never connected is just new.
fn of_cameras(cameras: &[Overview]) -> Vec<Problem> {
    let kinds = [
        (overview::Status::Quiet, "cameras_quiet", "no event for too long from"),
        (overview::Status::Offline, "cameras_offline", "no connection to"),
        (overview::Status::Rejecting, "cameras_rejecting", "events refused in the last hour of"),
        (overview::Status::Clock, "cameras_clock", "a clock more than a minute off at"),
    ];
    let problem = |(status, code, what): (overview::Status, &'static str, &str)| {
        let is_it = |camera: &&Overview| {
            let is_new = status == overview::Status::Offline && camera.entry.camera.agent.is_none();
            camera.status == status && !is_new
        };
        let names: Vec<&str> =
            cameras.iter().filter(is_it).map(|c| c.entry.camera.name.as_str()).collect();
        let mut text = format!("{what} {}: ", cameras_of(names.len()));
        text.push_str(&names[..names.len().min(NAMED_MAX)].join(", "));
        if names.len() > NAMED_MAX {
            text.push_str(", …");
        }
        (!names.is_empty()).then(|| Problem::new(code, NoticeLevel::Warn, text))
    };
    kinds.into_iter().filter_map(problem).collect()
}

/// `1 camera`, `2 cameras`.
fn cameras_of(count: usize) -> String {
    format!("{count} camera{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{DAY_US, SECOND_US};
    use crate::service::clock::Clock;
    use crate::store::Options;

    fn open(dir: &std::path::Path, min_free_bytes: u64, clock: &Clock) -> Services {
        let options = Options { min_free_bytes: Some(min_free_bytes), ..Options::default() };
        Services::open(dir, options, Settings::default(), clock.clone()).unwrap()
    }

    async fn codes(services: &Services, is_serving: bool) -> Vec<&'static str> {
        let status = services.status(&Caller::local(), is_serving).await.unwrap();
        assert!(status.stored.is_some() && status.sizes.is_some() && status.system.is_some());
        status.problems.iter().map(|problem| problem.code).collect()
    }

    #[tokio::test]
    async fn each_problem_is_told_once_and_the_worst_first() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp(1_790_000_000 * SECOND_US));
        let services = open(dir.path(), u64::MAX, &clock);
        assert_eq!(codes(&services, true).await, ["storage_full"]);
        services.look().await.unwrap();
        clock.step_us(40 * DAY_US);
        services.look().await.unwrap();
        assert_eq!(codes(&services, true).await, ["storage_full", "clock_suspect"]);
        assert_eq!(codes(&services, false).await[0], "not_running");
    }

    #[tokio::test]
    async fn a_server_that_does_well_has_no_problem() {
        let dir = tempfile::tempdir().unwrap();
        let services = open(dir.path(), 0, &Clock::system());
        assert_eq!(codes(&services, true).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_disk_that_does_not_answer_is_not_waited_for() {
        let never = within(Duration::ZERO, std::future::pending::<Result<()>>()).await;
        assert_eq!(never.unwrap_err(), "the disk does not answer");
    }
}

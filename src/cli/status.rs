//! `status`: how the server is. The object that `--json` prints: sizes in bytes, spans in seconds, times in
//! RFC 3339; null is what is not known, so what only a running server knows while none runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::execute::{On, text};
use super::reply::Reply;
use super::socket::Serving;
use crate::domain::Timestamp;
use crate::service::metrics::Snapshot;
use crate::service::pace::Recent;
use crate::service::retention::State;
use crate::service::status::{Problem, Status};
use crate::service::system::{BUILD, NoticeLevel, VERSION};

/// How everything is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    /// Whether a server answered.
    pub running: bool,
    pub version: String,
    pub build: String,
    pub started_at: Option<String>,
    pub uptime_s: Option<u64>,
    /// URLs, those that serve everything first.
    pub listening: Option<Vec<String>>,
    pub data_dir: PathBuf,
    pub events: Events,
    pub journal: Option<Journal>,
    pub connections: Option<Connections>,
    pub cameras: Cameras,
    pub storage: Option<Storage>,
    pub retention: Retention,
    pub backup: Backup,
    pub tls: Option<Tls>,
    /// Worst first; none if the exit status is 0.
    pub problems: Vec<ProblemLine>,
}

/// Events in the data, and those that came since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Events {
    pub count: Option<u64>,
    pub oldest: Option<String>,
    pub newest: Option<String>,
    pub since_start: Option<SinceStart>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SinceStart {
    pub stored: u64,
    pub refused: u64,
    /// By the word of the reason; those that were met.
    pub refused_by_reason: BTreeMap<String, u64>,
    /// Of the last `recent_s` seconds: a minute or so.
    pub recent_stored: u64,
    pub recent_s: f64,
    pub recent_per_s: f64,
}

/// What is on disk and on its way into the tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    /// Writes that wait for the disk.
    pub queued: usize,
    /// Records that were acknowledged and are not in the tables yet.
    pub unapplied: u64,
    /// Batches since the start, and how long one took on average.
    pub commits: u64,
    pub commit_mean_s: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Connections {
    pub open: usize,
    /// Live feeds.
    pub streams: usize,
    /// Cameras with a connection of their own.
    pub agents: usize,
    /// People's sessions.
    pub sessions: usize,
}

/// How many there are; how they do is known to a running server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cameras {
    pub total: usize,
    pub online: Option<usize>,
    pub quiet: Option<usize>,
    pub offline: Option<usize>,
    pub rejecting: Option<usize>,
    pub clock: Option<usize>,
    pub disabled: Option<usize>,
}

#[expect(clippy::struct_field_names, reason = "the names that --json prints")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Storage {
    pub database_bytes: u64,
    pub journal_bytes: u64,
    /// Pictures and metadata files; counted by a running server alone.
    pub pictures_bytes: Option<u64>,
    pub other_bytes: u64,
    /// The file system, and what of it the server may still write.
    pub disk_bytes: u64,
    pub disk_free_bytes: u64,
    /// What may still be stored, and the room below which events are refused.
    pub room_bytes: u64,
    pub reserve_bytes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    /// 0 = for ever.
    pub days: u64,
    /// 0 = no limit.
    pub max_bytes: u64,
    /// Per cent of the file system below which events go to make room, 0 = none do.
    pub room_percent: u64,
    /// Rules for single cameras and types.
    pub rules: usize,
    /// `off`, `idle`, `running` or `stopped_by_clock`.
    pub state: String,
    pub deleted_since_start: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    /// When the newest one in the folder, or made since the start, was begun.
    pub last: Option<String>,
    /// When the next one is due; null without a schedule.
    pub next: Option<String>,
    pub overdue: bool,
    /// What the last try in the folder failed of.
    pub failure: Option<String>,
    /// Items written and to be written by one that is being made.
    pub running: Option<(u64, u64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    /// `off`, `files` or `own-ca`.
    pub mode: String,
    /// Until when the certificate is good.
    pub not_after: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProblemLine {
    /// For programs; stays as it is.
    pub code: String,
    /// `danger` or `warn`.
    pub level: String,
    pub since: Option<String>,
    pub text: String,
}

impl On<'_> {
    pub(super) async fn status(&self) -> Result<Reply, String> {
        let is_serving = self.serving.is_some();
        let found = self.services.status(&self.caller, is_serving).await.map_err(text)?;
        Ok(Reply::Status(Box::new(report(found, self.serving))))
    }
}

fn report(found: Status, serving: Option<&Serving>) -> Report {
    let is_serving = serving.is_some();
    let system = found.system.as_ref().filter(|_| is_serving);
    let counted = found.counted.as_ref().filter(|_| is_serving);
    Report {
        running: is_serving,
        version: VERSION.to_owned(),
        build: BUILD.to_owned(),
        started_at: is_serving.then(|| found.started_at.rfc3339()),
        uptime_s: is_serving.then_some(found.uptime.as_secs()),
        listening: serving.map(|serving| serving.listening.clone()),
        events: Events {
            count: found.stored.map(|stored| stored.count),
            oldest: found.stored.and_then(|stored| time(stored.extent.map(|(first, _)| first))),
            newest: found.stored.and_then(|stored| time(stored.extent.map(|(_, last)| last))),
            since_start: counted.map(|counted| since_start(counted, found.recent)),
        },
        journal: counted.map(|counted| {
            let commits = counted.commits.count();
            let sum = Duration::from_micros(counted.commits.sum_us);
            Journal {
                queued: counted.queued_writes,
                unapplied: counted.unapplied,
                commits,
                commit_mean_s: per(sum.as_secs_f64(), commits),
            }
        }),
        connections: serving.zip(counted).map(|(serving, counted)| Connections {
            open: (serving.connections)(),
            streams: counted.streams,
            agents: found.agents,
            sessions: counted.sessions,
        }),
        cameras: {
            let known = found.cameras.filter(|_| is_serving);
            Cameras {
                total: found.camera_count,
                online: known.map(|counts| counts.online),
                quiet: known.map(|counts| counts.quiet),
                offline: known.map(|counts| counts.offline),
                rejecting: known.map(|counts| counts.rejecting),
                clock: known.map(|counts| counts.clock),
                disabled: known.map(|counts| counts.disabled),
            }
        },
        storage: found.sizes.zip(found.counted.as_ref()).map(|(sizes, counted)| Storage {
            database_bytes: sizes.database,
            journal_bytes: sizes.journal,
            pictures_bytes: is_serving.then_some(sizes.pictures),
            other_bytes: sizes.other,
            disk_bytes: sizes.disk_total,
            disk_free_bytes: sizes.disk_free,
            room_bytes: counted.room,
            reserve_bytes: counted.reserve,
        }),
        retention: Retention {
            days: found.settings.retention_days(),
            max_bytes: found.settings.retention_max_bytes(),
            room_percent: found.settings.retention_room_percent(),
            rules: found.retention_rules,
            state: match found.retention.state {
                State::Off => "off",
                State::Idle => "idle",
                State::Running => "running",
                State::StoppedByClock => "stopped_by_clock",
            }
            .to_owned(),
            deleted_since_start: is_serving.then_some(found.retention.deleted_total),
        },
        backup: Backup {
            last: time(found.last_backup),
            next: time(found.backups.as_ref().and_then(|backups| backups.next)),
            overdue: found.backup_overdue,
            failure: found
                .backups
                .as_ref()
                .and_then(|backups| Some(backups.failure.as_ref()?.1.clone())),
            running: found
                .backups
                .as_ref()
                .and_then(|backups| backups.running.map(|running| (running.done, running.total))),
        },
        tls: system.map(|system| Tls {
            mode: system.tls.mode.to_owned(),
            not_after: time(system.tls.certificate.as_ref().map(|facts| facts.not_after)),
        }),
        problems: found.problems.into_iter().map(ProblemLine::from).collect(),
        data_dir: found.dir,
    }
}

fn since_start(counted: &Snapshot, recent: Recent) -> SinceStart {
    let sum = |counts: &[(&str, u64)]| counts.iter().map(|(_, count)| count).sum();
    let met = counted.rejected.iter().filter(|(_, count)| *count > 0);
    SinceStart {
        stored: sum(&counted.stored),
        refused: sum(&counted.rejected),
        refused_by_reason: met.map(|(word, count)| ((*word).to_owned(), *count)).collect(),
        recent_stored: recent.events,
        recent_s: recent.over.as_secs_f64(),
        recent_per_s: recent.per_second(),
    }
}

impl From<Problem> for ProblemLine {
    fn from(problem: Problem) -> Self {
        let level = match problem.level {
            NoticeLevel::Danger => "danger",
            NoticeLevel::Warn => "warn",
        };
        Self {
            code: problem.code.to_owned(),
            level: level.to_owned(),
            since: time(problem.since),
            text: problem.text,
        }
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::rfc3339)
}

/// `sum` of `count` things by each; 0 of none.
#[expect(clippy::cast_precision_loss, reason = "a mean of fewer than 2^53")]
fn per(sum: f64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { sum / count as f64 }
}

#[cfg(test)]
impl Report {
    /// Of a server that does well, with every figure.
    pub fn example() -> Self {
        let at = |time: &str| Some(time.to_owned());
        Self {
            running: true,
            version: "0.1.0".to_owned(),
            build: "unpackaged".to_owned(),
            started_at: at("2026-11-20T04:30:01Z"),
            uptime_s: Some(3 * 86_400 + 4 * 3_600 + 59),
            listening: Some(vec!["http://0.0.0.0:8080".to_owned()]),
            data_dir: "/var/lib/watchpost".into(),
            events: Events {
                count: Some(1_204_331),
                oldest: at("2026-08-25T08:31:00.5Z"),
                newest: at("2026-11-23T08:30:59.999999Z"),
                since_start: Some(SinceStart {
                    stored: 80_221,
                    refused: 3,
                    refused_by_reason: [("bad_json".to_owned(), 1), ("rate_limited".to_owned(), 2)]
                        .into(),
                    recent_stored: 126,
                    recent_s: 60.0,
                    recent_per_s: 2.1,
                }),
            },
            journal: Some(Journal {
                commits: 70_000,
                commit_mean_s: 0.001_25,
                ..Journal::default()
            }),
            connections: Some(Connections { open: 12, streams: 3, agents: 4, sessions: 1 }),
            cameras: Cameras {
                total: 40,
                online: Some(38),
                quiet: Some(0),
                offline: Some(1),
                rejecting: Some(0),
                clock: Some(0),
                disabled: Some(1),
            },
            storage: Some(Storage {
                database_bytes: 1_200 << 20,
                journal_bytes: 64 << 20,
                pictures_bytes: Some(3_400 << 20),
                other_bytes: 4_096,
                disk_bytes: 465 << 30,
                disk_free_bytes: 120 << 30,
                room_bytes: 119 << 30,
                reserve_bytes: 64 << 20,
            }),
            retention: Retention {
                days: 90,
                max_bytes: 10 << 30,
                room_percent: 10,
                rules: 2,
                state: "idle".to_owned(),
                deleted_since_start: Some(1_200),
            },
            backup: Backup {
                last: at("2026-11-23T02:00:00.1Z"),
                next: at("2026-11-24T02:00:00.1Z"),
                ..Backup::default()
            },
            tls: Some(Tls { mode: "own-ca".to_owned(), not_after: at("2027-12-22T21:14:07Z") }),
            problems: vec![],
        }
    }
}

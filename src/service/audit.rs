//! The audit trail: what was done, written with the change itself (operations.md 8.1).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use super::access::{Action, Caller, Who};
use super::catalogue::Catalogue;
use super::error::Result;
use super::{Core, blocking};
use crate::domain::audit::{AUDIT_KEPT_US, AuditEntry, AuditFilter, Audited, ChainPoint};
use crate::domain::time::DAY_US;
use crate::domain::{Kind, Timestamp};
use crate::store;

/// Entries followed with one snapshot.
const FOLLOW_STEP: usize = 5_000;
/// Entries given up in one transaction.
const FORGET_STEP: usize = 1_000;

/// Something that was done, as the audit trail tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    /// `noun.verb`.
    pub action: &'static str,
    /// On what, such as `camera 7`.
    pub object: String,
    /// More, for people. Never a secret.
    pub detail: String,
}

impl Act {
    /// Whether it makes or changes something, and so is refused while the disk is full. Log-in, what ends or
    /// removes something and what the server notes by itself go on (operations.md 1.7).
    pub(super) fn takes_room(&self) -> bool {
        let (of, done) = self.action.split_once('.').unwrap_or_default();
        matches!(done, "create" | "change" | "rotate") && of != "session"
    }

    /// An act without detail.
    pub fn on(action: &'static str, object: impl Into<String>) -> Self {
        Self { action, object: object.into(), detail: String::new() }
    }

    /// The same with detail.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The entry for it.
    pub(super) fn entry(self, time: Timestamp, by: By, result: &str) -> AuditEntry {
        AuditEntry {
            time,
            who: by.who,
            from: by.from.map(|address| address.to_string()).unwrap_or_default(),
            action: self.action.to_owned(),
            object: self.object,
            result: result.to_owned(),
            detail: self.detail,
        }
    }
}

/// Who did something, in words, and from where.
#[derive(Clone, Debug)]
pub(super) struct By {
    pub who: String,
    pub from: Option<IpAddr>,
}

impl By {
    /// A caller; without one the server itself.
    pub fn caller(caller: Option<&Caller>, catalogue: &Catalogue) -> Self {
        let named = |kind, id: u32, word: &str| {
            let name = catalogue.credentials.get(&(kind, id)).map(|row| row.name.as_str());
            match name.filter(|name| !name.is_empty()) {
                Some(name) => format!("{word} {id} ({name})"),
                None => format!("{word} {id}"),
            }
        };
        let who = match caller.map(|caller| caller.who) {
            None => "server".to_owned(),
            Some(Who::Local) => "command line".to_owned(),
            Some(Who::Token(id)) => named(Kind::Token, id, "token"),
            Some(Who::Group(id)) => named(Kind::Group, id, "group"),
            Some(Who::Key(id)) => named(Kind::Key, id, "license key"),
            Some(Who::User(id)) => match catalogue.users.get(&id) {
                Some(user) => user.name.clone(),
                None => format!("user {}", id.0),
            },
        };
        Self { who, from: caller.and_then(|caller| caller.from) }
    }
}

/// Whether the chain holds, as far as it has been followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Entries that there are.
    pub entries: u64,
    /// Whether each of them follows the one before.
    pub whole: bool,
}

/// Entries of the trail.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// Newest first.
    pub entries: Vec<Audited>,
    /// How many match in all.
    pub total_count: u64,
}

/// How long it is not told again that lists showed somebody their tokens: integrations read them often.
const SHOWN_AGAIN_US: i64 = DAY_US;
/// Callers and lists that are remembered for it.
const SHOWN_MAX: usize = 4_096;

/// What following found so far: only what came since has to be followed again.
#[derive(Debug, Default)]
struct Followed {
    reached: Option<ChainPoint>,
    broken: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Audit {
    core: Arc<Core>,
    followed: Arc<Mutex<Followed>>,
    /// Which lists with tokens were shown to whom, and when (steady).
    shown: Arc<Mutex<HashMap<(Who, String), i64>>>,
}

impl Audit {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, followed: Arc::default(), shown: Arc::default() }
    }

    /// Notes something that is no change of settings; by the server itself without a caller.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn note(
        &self,
        caller: Option<&Caller>,
        act: Act,
        result: &'static str,
    ) -> Result<()> {
        self.core.note(caller, act, result).await
    }

    /// Notes that the server starts, and that the one before did not end properly if so.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_run(&self, version: &str) -> Result<()> {
        let dir = self.core.store.dir().to_owned();
        if blocking(move || Ok(store::begin_run(&dir)?)).await? {
            self.note(None, Act::on("server.unclean", "server"), "failed").await?;
        }
        let act = Act::on("server.start", "server").with(format!("version {version}"));
        self.note(None, act, "ok").await
    }

    /// Notes that the server ends properly, on disk only: the next start would tell otherwise.
    pub fn end_run(&self) {
        if let Err(error) = store::end_run(self.core.store.dir()) {
            tracing::warn!(%error, "the next start will take this stop for an unclean one");
        }
    }

    /// Entries with an id below `before` that match, newest first.
    ///
    /// # Errors
    /// [`super::Error::AccessDenied`], and the store's.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<AuditPage> {
        caller.may(Action::Govern)?;
        self.core
            .read(move |tx| {
                let (entries, total_count) = tx.audit(&filter, before, limit)?;
                Ok(AuditPage { entries, total_count })
            })
            .await
    }

    /// Notes that a list shows its tokens to a caller; once a day for the same list.
    ///
    /// # Errors
    /// The store's.
    pub async fn note_shown(&self, caller: &Caller, list: String) -> Result<()> {
        let now = self.core.clock.steady_us();
        if !self.is_news((caller.who, list.clone()), now) {
            return Ok(());
        }
        self.note(Some(caller), Act::on("token.show", list), "ok").await
    }

    /// Remembers that a list was shown; whether that is to be told.
    fn is_news(&self, key: (Who, String), now: i64) -> bool {
        let mut shown = self.shown.lock().expect("nothing panics while it is held");
        if shown.get(&key).is_some_and(|at| now - at < SHOWN_AGAIN_US) {
            return false;
        }
        if shown.len() >= SHOWN_MAX {
            shown.clear(); // to be told once more is no harm
        }
        shown.insert(key, now);
        true
    }

    /// Notes that the trail itself is exported.
    ///
    /// # Errors
    /// The store's.
    pub async fn note_export(&self, caller: &Caller) -> Result<()> {
        self.note(Some(caller), Act::on("audit.export", "audit trail"), "ok").await
    }

    /// Whether the chain holds. The first time it is followed from its start, later from where that
    /// ended; what was found broken stays so until the next start.
    ///
    /// # Errors
    /// The store's.
    pub async fn chain(&self) -> Result<Chain> {
        loop {
            let (from, broken) = {
                let followed = self.followed();
                (followed.reached, followed.broken)
            };
            let step = if broken { 0 } else { FOLLOW_STEP };
            let walk = self.core.read(move |tx| Ok(tx.follow_audit(from, step)?)).await?;
            if broken {
                return Ok(Chain { entries: walk.entries, whole: false });
            }
            let mut followed = self.followed();
            if let Some(problem) = &walk.problem {
                tracing::error!(%problem, "the audit trail is not whole");
                followed.broken = true;
            } else if followed.reached.is_none_or(|reached| reached.id < walk.reached.id) {
                followed.reached = Some(walk.reached);
            }
            if walk.complete || walk.problem.is_some() {
                return Ok(Chain { entries: walk.entries, whole: walk.problem.is_none() });
            }
        }
    }

    fn followed(&self) -> std::sync::MutexGuard<'_, Followed> {
        self.followed.lock().expect("nothing panics while it is held")
    }

    /// Gives up entries that are older than 400 days at `now`, in bounded steps.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn forget(&self, now: Timestamp) -> Result<()> {
        let before = Timestamp(now.0 - AUDIT_KEPT_US);
        while self.core.read(move |tx| Ok(tx.has_audit_before(before)?)).await? {
            let core = Arc::clone(&self.core);
            let step =
                move || core.store.exclusive(move |tx| Ok(tx.forget_audit(before, FORGET_STEP)?));
            if blocking(step).await? == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl Core {
    /// See [`Audit::note`].
    pub(super) async fn note(
        self: &Arc<Self>,
        caller: Option<&Caller>,
        act: Act,
        result: &'static str,
    ) -> Result<()> {
        self.note_by(By::caller(caller, &self.catalogue()), act, result).await
    }

    /// The same by somebody who is no caller yet.
    pub(super) async fn note_by(
        self: &Arc<Self>,
        by: By,
        act: Act,
        result: &'static str,
    ) -> Result<()> {
        let core = Arc::clone(self);
        let entry = act.entry(self.clock.now(), by, result);
        blocking(move || {
            core.store.exclusive(move |tx| {
                tx.append_audit(entry)?;
                Ok(())
            })
        })
        .await
    }
}

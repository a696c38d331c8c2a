//! Sessions in memory: their ages, and how they begin and end within a change.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Begun;
use crate::domain::user::SessionHash;
use crate::domain::{Session, Timestamp, User, UserId};
use crate::service::access::{Caller, Rights, Scope, Who};
use crate::service::audit::{Act, By};
use crate::service::catalogue::Catalogue;
use crate::service::clock::Clock;
use crate::service::error::Result;
use crate::service::settings::Settings;
use crate::service::{Core, password};
use crate::store::WriteTx;

/// Most sessions, in all and of one user; the one that idled longest gives way.
const SESSIONS_MAX: usize = 4_096;
/// See [`SESSIONS_MAX`].
const SESSIONS_PER_USER_MAX: usize = 64;
/// Random bytes of a session's secret.
pub(super) const SECRET_BYTES: usize = 32;

/// A session in memory. Its ages go by the steady clock while the process lives.
#[derive(Debug)]
pub struct LiveSession {
    /// As it is stored.
    pub session: Session,
    /// Steady time at which it was begun.
    begun: i64,
    /// Steady time of its last use.
    pub(super) seen: AtomicI64,
    /// The last use that is stored.
    pub(super) kept: AtomicI64,
}

impl LiveSession {
    pub(in crate::service) fn new(session: Session, clock: &Clock) -> Self {
        let (now, steady) = (clock.now().0, clock.steady_us());
        let at = |time: Timestamp| steady - (now - time.0).max(0);
        let (begun, seen) = (at(session.created), at(session.last_seen));
        Self { session, begun, seen: AtomicI64::new(seen), kept: AtomicI64::new(seen) }
    }

    /// Microseconds until it ends if it is not used again; none left, it has ended.
    pub(in crate::service) fn left_us(&self, settings: &Settings, steady: i64) -> i64 {
        let us = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let idle = us(settings.session_idle()) - (steady - self.seen());
        idle.min(us(settings.session_max()) - (steady - self.begun))
    }

    pub(super) fn seen(&self) -> i64 {
        self.seen.load(Ordering::Relaxed)
    }
}

/// Begins a session of `user` in a change, and tells the audit trail.
pub(in crate::service) fn begin(
    core: &Core,
    tx: &WriteTx<'_>,
    next: &mut Catalogue,
    user: &User,
    from: Option<IpAddr>,
) -> Result<Begun> {
    make_room(tx, next, user.id)?;
    let mut secret = [0; SECRET_BYTES];
    password::random(&mut secret)?;
    let now = core.clock.now();
    let session = Session {
        id: tx.new_session_id()?,
        hash: Sha256::digest(secret).into(),
        user: user.id,
        created: now,
        last_seen: now,
        address: from.map(|address| address.to_string()).unwrap_or_default(),
    };
    tx.put_session(&session)?;
    let act = Act::on("session.create", format!("session {}", session.id));
    let by = By { who: user.name.clone(), from };
    tx.append_audit(act.entry(now, by, "ok"))?;
    let caller = caller(user, session.hash, from);
    next.sessions.insert(session.hash, Arc::new(LiveSession::new(session, &core.clock)));
    Ok(Begun { caller, secret: URL_SAFE_NO_PAD.encode(secret) })
}

/// Ends the sessions that `which` names, in a change. Returns them.
pub(in crate::service) fn end(
    tx: &WriteTx<'_>,
    next: &mut Catalogue,
    which: impl Fn(&Session) -> bool,
) -> Result<Vec<Session>> {
    let ended: Vec<Session> =
        next.sessions.values().map(|e| &e.session).filter(|s| which(s)).cloned().collect();
    for session in &ended {
        tx.remove_session(session.id)?;
        next.sessions.remove(&session.hash);
    }
    Ok(ended)
}

/// Gives up the sessions that idled longest where there are too many.
fn make_room(tx: &WriteTx<'_>, next: &mut Catalogue, user: UserId) -> Result<()> {
    let mut by_use: Vec<_> = next.sessions.values().cloned().collect();
    by_use.sort_by_key(|entry| entry.seen());
    let own = by_use.iter().filter(|entry| entry.session.user == user);
    let too_many_own = (own.clone().count() + 1).saturating_sub(SESSIONS_PER_USER_MAX);
    let mut given_up: Vec<_> = own.take(too_many_own).cloned().collect();
    if given_up.is_empty() {
        let too_many = (by_use.len() + 1).saturating_sub(SESSIONS_MAX);
        given_up.extend(by_use.into_iter().take(too_many));
    }
    for entry in given_up {
        tx.remove_session(entry.session.id)?;
        next.sessions.remove(&entry.session.hash);
    }
    Ok(())
}

/// What a session of `user` proves.
pub(in crate::service) fn caller(user: &User, hash: SessionHash, from: Option<IpAddr>) -> Caller {
    let rights = Rights::Role(user.role);
    Caller { session: Some(hash), from, ..Caller::new(Who::User(user.id), rights, Scope::All) }
}

//! Sessions over services of their own, with a clock that is moved.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::domain::setting::Value;
use crate::domain::time::{DAY_US, HOUR_US, MINUTE_US};
use crate::domain::{Role, Timestamp};
use crate::service::access::Caller;
use crate::service::clock::Clock;
use crate::service::error::Error;
use crate::service::{Services, Settings};
use crate::store::Options;

const PASSWORD: &str = "rhubarb-7-lantern";

struct Site {
    services: Services,
    clock: Clock,
    dir: tempfile::TempDir,
}

impl Site {
    fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::parse("2026-01-01T12:00:00").unwrap());
        let services = open(dir.path(), &clock);
        Self { services, clock, dir }
    }

    async fn new() -> Self {
        let site = Self::empty();
        site.add("m.krause", Role::Admin).await;
        site
    }

    async fn add(&self, name: &str, role: Role) {
        let users = &self.services.users;
        users.add(&Caller::local(), name.to_owned(), PASSWORD, role).await.unwrap();
    }

    async fn log_in(&self) -> String {
        self.services.sessions.begin("m.krause", PASSWORD, None).await.unwrap().secret
    }

    fn lives(&self, secret: &str) -> bool {
        self.services.sessions.authenticate(secret, None).is_ok()
    }

    fn later(&self, by_us: i64) {
        self.clock.advance_us(by_us);
    }

    fn stored(&self) -> usize {
        self.services.core.store.read().unwrap().sessions().unwrap().len()
    }

    fn reopen(&mut self) {
        self.services.close();
        let other = tempfile::tempdir().unwrap();
        self.services = open(other.path(), &self.clock); // drops what holds the lock
        self.services = open(self.dir.path(), &self.clock);
    }
}

fn open(dir: &std::path::Path, clock: &Clock) -> Services {
    let mut options = Options::default();
    (options.min_free_bytes, options.segment_bytes) = (Some(0), Some(1 << 20));
    Services::open(dir, options, Settings::default(), clock.clone()).unwrap()
}

const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 5)));

#[tokio::test]
async fn a_session_ends_when_it_idles_and_when_it_is_old() {
    let mut site = Site::new().await;
    let (used, idle) = (site.log_in().await, site.log_in().await);
    site.later(11 * HOUR_US);
    assert!(site.lives(&used));
    site.later(HOUR_US);
    assert!(site.lives(&used) && !site.lives(&idle));
    for _ in 0..14 {
        site.later(11 * HOUR_US);
        assert!(site.lives(&used));
    }
    site.later(11 * HOUR_US); // 7 days and 9 hours in all
    assert!(!site.lives(&used));
    assert_eq!(site.stored(), 2);
    site.services.sessions.keep().await.unwrap();
    assert_eq!(site.stored(), 0);

    let secret = site.log_in().await;
    let hour = BTreeMap::from([
        ("session.idle_hours".to_owned(), Some(Value::Integer(1))),
        ("session.max_days".to_owned(), Some(Value::Integer(1))),
    ]);
    site.services.administration.change(&Caller::local(), hour).await.unwrap();
    site.later(50 * MINUTE_US);
    assert!(site.lives(&secret));
    site.services.sessions.keep().await.unwrap();
    site.reopen();
    site.later(50 * MINUTE_US);
    assert!(site.lives(&secret), "the last use is stored");
    site.later(HOUR_US);
    assert!(!site.lives(&secret));
}

#[tokio::test]
async fn last_uses_are_written_every_ten_minutes_at_most() {
    let site = Site::new().await;
    let secret = site.log_in().await;
    let last_seen = || site.services.core.store.read().unwrap().sessions().unwrap()[0].last_seen;
    let begun = last_seen();
    for _ in 0..9 {
        site.later(MINUTE_US);
        assert!(site.lives(&secret));
        site.services.sessions.keep().await.unwrap();
        assert_eq!(last_seen(), begun);
    }
    site.later(MINUTE_US);
    assert!(site.lives(&secret));
    site.services.sessions.keep().await.unwrap();
    assert_eq!(last_seen().0, begun.0 + 10 * MINUTE_US);
}

#[tokio::test]
async fn a_user_has_so_many_sessions_and_the_one_that_idled_longest_gives_way() {
    let site = Site::new().await;
    let mut secrets = Vec::new();
    for _ in 0..64 {
        secrets.push(site.log_in().await);
        site.later(1_000);
    }
    assert!(site.lives(&secrets[0]));
    site.later(1_000);
    let newest = site.log_in().await;
    assert!(site.lives(&secrets[0]) && site.lives(&newest) && !site.lives(&secrets[1]));
    assert_eq!(site.stored(), 64);
}

#[tokio::test]
async fn known_and_unknown_users_cost_the_same_and_a_waiting_one_nothing() {
    let site = Site::new().await;
    let sessions = &site.services.sessions;
    let hashes = || site.services.core.hasher.made();
    let mut before = hashes();
    for name in ["m.krause", "nobody", "not/a/name", ""] {
        let outcome = sessions.begin(name, "wrong-password", HERE).await;
        assert!(matches!(outcome, Err(Error::WrongLogin)), "{name}");
        assert_eq!(hashes(), before + 1, "{name}");
        before = hashes();
    }
    for _ in 0..4 {
        let _ = sessions.begin("m.krause", "wrong-password", HERE).await;
    }
    before = hashes();
    let outcome = sessions.begin("m.krause", PASSWORD, HERE).await;
    assert!(matches!(outcome, Err(Error::TooManyAttempts { retry_after_s: 1..=900 })));
    assert_eq!(hashes(), before);
    site.later(15 * MINUTE_US);
    sessions.begin("m.krause", PASSWORD, HERE).await.unwrap();
}

#[tokio::test]
async fn many_log_ins_at_once_are_no_way_around_the_limit() {
    let site = Site::new().await;
    let sessions = &site.services.sessions;
    let tries = (0..30).map(|_| sessions.begin("m.krause", "wrong-password", HERE));
    let outcomes = futures_util::future::join_all(tries).await;
    let judged = outcomes.iter().filter(|o| matches!(o, Err(Error::WrongLogin))).count();
    assert_eq!(judged, 5);
}

#[tokio::test]
async fn hashes_wait_for_each_other_within_bounds() {
    let site = Site::new().await;
    let hasher = &site.services.core.hasher;
    let many = (0..60).map(|_| hasher.hash(PASSWORD));
    let outcomes = futures_util::future::join_all(many).await;
    let refused = outcomes.iter().filter(|o| matches!(o, Err(Error::Overloaded(_)))).count();
    assert!(refused > 0 && refused < 60, "{refused}");
    hasher.hash(PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_set_up_code_counts_for_an_hour() {
    let site = Site::empty();
    let setup = &site.services.setup;
    let first = setup.begin().unwrap().unwrap();
    assert!(setup.is_open().unwrap());
    site.later(HOUR_US);
    assert!(!setup.is_open().unwrap());
    let outcome = setup.finish(&first, "m".to_owned(), PASSWORD, None).await;
    assert!(matches!(outcome, Err(Error::CodeVoid)));
    setup.expire();
    assert!(!site.dir.path().join("setup-code").exists());
    let second = setup.begin().unwrap().unwrap();
    setup.finish(&second, "m".to_owned(), PASSWORD, None).await.unwrap();
    assert!(matches!(setup.is_open(), Err(Error::NotFound(_))));
    assert!(setup.begin().unwrap().is_none());
}

#[tokio::test]
async fn audit_entries_are_kept_for_400_days() {
    let site = Site::new().await;
    let caller = Caller::local();
    let count = async || {
        let chain = site.services.audit.chain().await.unwrap();
        assert!(chain.whole);
        chain.entries
    };
    site.log_in().await;
    assert_eq!(count().await, 2);
    site.later(400 * DAY_US);
    site.services.forget_audit().await.unwrap();
    assert_eq!(count().await, 2);
    site.clock.step_us(40 * DAY_US);
    site.services.forget_audit().await.unwrap();
    assert_eq!(count().await, 3, "a jump is told, and nothing is given up for it");
    site.services.clock_watch.confirm(&caller).await.unwrap();
    site.services.forget_audit().await.unwrap();
    assert_eq!(count().await, 2, "the jump and who says that it is right");
    site.later(401 * DAY_US);
    site.services.forget_audit().await.unwrap();
    assert_eq!(count().await, 0);
    site.services.users.end_sessions(&caller, "m.krause").await.unwrap();
    assert_eq!(count().await, 1);
    let report = site.services.events.verify().await.unwrap();
    assert_eq!((report.problem_count, report.audit_entries), (0, 1));
}

#[tokio::test]
async fn a_role_that_changed_ends_the_session_of_a_caller() {
    let site = Site::new().await;
    site.add("j.roth", Role::Operator).await;
    let begun = site.services.sessions.begin("j.roth", PASSWORD, HERE).await.unwrap();
    assert!(site.services.core.holds(&begun.caller));
    let local = Caller::local();
    site.services.users.change(&local, "j.roth", Some(Role::Viewer), None).await.unwrap();
    assert!(!site.services.core.holds(&begun.caller) && !site.lives(&begun.secret));
    let gone = site.services.users.change(&local, "m.krause", Some(Role::Viewer), None).await;
    assert!(matches!(gone, Err(Error::LastAdmin)));
}

#[tokio::test]
async fn who_has_lost_his_place_changes_nothing_any_more() {
    let site = Site::new().await;
    let services = &site.services;
    site.add("other", Role::Admin).await;
    let secret = site.log_in().await;
    let admin = services.sessions.authenticate(&secret, None).unwrap(); // and then sends its body
    let local = Caller::local();
    services.users.change(&local, "m.krause", Some(Role::Viewer), None).await.unwrap();
    let added = services.users.add(&admin, "friend".to_owned(), PASSWORD, Role::Admin).await;
    assert!(matches!(added, Err(Error::InvalidAuth)), "{added:?}");
    let removed = services.users.remove(&admin, "other").await;
    assert!(matches!(removed, Err(Error::InvalidAuth)), "{removed:?}");
    assert_eq!(services.users.list(&local).unwrap().len(), 2);

    let secret = site.log_in().await;
    let viewer = services.sessions.authenticate(&secret, None).unwrap();
    let changed = services.sessions.change_password(&viewer, PASSWORD, "lantern-7-rhubarb");
    let (changed, ended) = tokio::join!(changed, services.users.end_sessions(&local, "m.krause"));
    ended.unwrap();
    assert!(matches!(changed, Err(Error::InvalidAuth)), "{changed:?}");
    assert_eq!(site.stored(), 0, "and gets no new session");
}

//! Events by age, with a clock that tests move and set wrong.

use super::*;
use crate::domain::retention::Rule;
use crate::domain::time::{HOUR_US, MINUTE_US};
use crate::domain::{Attachment, CameraId, Meta, NewEvent, When};
use crate::service::Error;
use crate::service::camera::NewCamera;
use crate::service::clock::Clock;
use crate::service::clock_watch::Doubt;
use crate::service::{Services, Settings};
use crate::store::{FileKind, NewFile, Options, Query, ReadTx, RoomFigures};

mod hold;

/// 2026-09-21.
const START: Timestamp = Timestamp(1_790_000_000_000_000);

struct Site {
    running: Option<Services>,
    clock: Clock,
    dir: tempfile::TempDir,
}

impl Site {
    async fn new(days: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let running = Some(open(dir.path(), &clock));
        let site = Self { running, clock, dir };
        let gate = NewCamera { name: "Gate".to_owned(), ..NewCamera::default() };
        site.services().cameras.add(&Caller::local(), gate).await.unwrap();
        site.keep(days).await;
        site
    }

    fn services(&self) -> &Services {
        self.running.as_ref().unwrap()
    }

    fn restart(&mut self) {
        self.running = None; // the last one to go closes the store
        self.running = Some(open(self.dir.path(), &self.clock));
    }

    async fn keep(&self, days: u64) {
        self.set("retention.days", days).await;
        self.set("retention.room_percent", 0).await; // the disk under the test is not its affair
    }

    async fn set(&self, key: &str, value: u64) {
        use crate::domain::setting::Value;
        let change = [(key.to_owned(), Some(Value::Integer(value)))].into();
        self.services().administration.change(&Caller::local(), change).await.unwrap();
    }

    async fn preview(&self, asked: Asked) -> Preview {
        self.services().retention.preview(&Caller::local(), asked).await.unwrap()
    }

    /// Stores events that arrive now.
    async fn arrive(&self, count: usize) {
        self.arrive_as(1, "motion", count).await;
    }

    /// The same of another camera or type.
    async fn arrive_as(&self, camera: u32, name: &str, count: usize) {
        for part in (0..count).collect::<Vec<_>>().chunks(1_000) {
            let new = |_| {
                Ok(NewEvent {
                    camera: Some(CameraId(camera)),
                    name: name.to_owned(),
                    when: When::AgoMs(0),
                    meta: Meta::empty(),
                    uid: None,
                })
            };
            let items = part.iter().map(new).collect();
            let stored = self.services().events.record_many(&Caller::local(), items).await.unwrap();
            assert!(stored.iter().all(Result::is_ok), "{:?}", stored[0]);
        }
    }

    fn days(&self, days: i64) {
        self.clock.advance_us(days * DAY_US);
    }

    async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&ReadTx) -> Result<T> + Send + 'static,
    ) -> T {
        self.services().core.read(f).await.unwrap()
    }

    async fn count(&self) -> u64 {
        self.read(|tx| Ok(tx.count(&Query::all())?)).await
    }

    async fn pass(&self) -> Report {
        self.services().retention.pass().await.unwrap();
        self.services().retention.report(&Caller::local()).unwrap()
    }
}

fn open(dir: &std::path::Path, clock: &Clock) -> Services {
    let options =
        Options { min_free_bytes: Some(0), segment_bytes: Some(1 << 20), ..Options::default() };
    Services::open(dir, options, Settings::default(), clock.clone()).unwrap()
}

#[tokio::test]
async fn events_go_when_they_have_been_kept_long_enough() {
    let site = Site::new(30).await;
    site.arrive(1_200).await;
    site.days(10);
    site.arrive(5).await;
    assert_eq!(site.pass().await.last_run, None, "nothing is old enough");
    let preview = site.preview(Asked::default()).await;
    assert_eq!((preview.days, preview.count, preview.exact), (30, 0, true));

    site.days(20);
    assert_eq!(site.pass().await.last_deleted, 0, "kept for thirty days to the microsecond");
    site.clock.advance_us(1);
    let preview = site.preview(Asked::default()).await;
    assert_eq!((preview.count, preview.oldest, preview.newest), (1_200, Some(START), Some(START)));
    let report = site.pass().await;
    assert_eq!((report.state, report.last_deleted), (State::Idle, 1_200));
    assert_eq!(report.last_run, Some(site.clock.now()));
    assert_eq!(site.count().await, 5);
    let check = site.read(|tx| Ok(tx.check()?)).await;
    assert_eq!(check.problems, [""; 0], "rows, indexes and counters agree");

    site.days(400);
    site.pass().await;
    assert_eq!(site.count().await, 0);
}

#[tokio::test]
async fn nothing_goes_while_it_is_off() {
    let site = Site::new(0).await;
    site.arrive(3).await;
    site.days(3_000);
    assert_eq!(site.pass().await.state, State::Off);
    assert_eq!(site.count().await, 3);
    let local = Caller::local();
    let preview = site.preview(Asked { days: Some(90), ..Asked::default() }).await;
    assert_eq!(preview.count, 3, "asking deletes nothing");
    for wrong in [
        Asked { days: Some(4_000), ..Asked::default() },
        Asked { max_bytes: Some(1_000), ..Asked::default() },
        Asked { room_percent: Some(51), ..Asked::default() },
    ] {
        assert!(site.services().retention.preview(&local, wrong).await.is_err());
    }
    site.keep(90).await;
    assert_eq!(site.pass().await.last_deleted, 3);
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_deletes_nothing_until_it_is_right_or_confirmed() {
    let site = Site::new(30).await;
    site.arrive(3).await;
    site.pass().await;
    site.clock.step_us(5 * 365 * DAY_US);
    for _ in 0..3 {
        assert_eq!(site.pass().await.state, State::StoppedByClock);
        assert_eq!(site.services().clock_watch.doubt(), Some(Doubt::Jumped));
        assert_eq!(site.count().await, 3);
        site.clock.advance_us(HOUR_US); // it does not become right by waiting
    }
    site.clock.step_us(-5 * 365 * DAY_US);
    assert_eq!(site.pass().await.state, State::StoppedByClock, "right, but not for long");
    site.clock.advance_us(10 * MINUTE_US);
    assert_eq!(site.pass().await.state, State::Idle);
    assert_eq!(site.count().await, 3);

    site.clock.step_us(40 * DAY_US);
    assert_eq!(site.pass().await.state, State::StoppedByClock);
    site.services().clock_watch.confirm(&Caller::local()).await.unwrap();
    assert_eq!(site.pass().await.last_deleted, 3, "an administrator says it is right");
}

#[tokio::test]
async fn a_clock_behind_the_newest_arrival_deletes_nothing_also_after_a_restart() {
    let mut site = Site::new(30).await;
    site.arrive(2).await;
    site.pass().await;
    site.days(40);
    site.clock.step_us(300 * DAY_US);
    site.arrive(1).await; // before anybody looked
    site.clock.step_us(-300 * DAY_US);
    assert_eq!(site.pass().await.state, State::StoppedByClock);
    site.restart();
    site.clock.advance_us(HOUR_US);
    assert_eq!(site.pass().await.state, State::StoppedByClock);
    assert_eq!(site.services().clock_watch.doubt(), Some(Doubt::BehindArrivals));
    assert_eq!(site.count().await, 3);
    site.services().clock_watch.confirm(&Caller::local()).await.unwrap();
    assert_eq!(site.pass().await.last_deleted, 2);
    site.restart();
    assert_eq!(site.pass().await.state, State::Idle, "the confirmation was kept");
}

#[tokio::test]
async fn a_few_events_of_a_clock_that_was_ahead_do_not_hold_up_the_others() {
    let site = Site::new(30).await;
    site.arrive(2).await;
    site.clock.step_us(5 * HOUR_US);
    site.arrive(3).await;
    site.clock.step_us(-5 * HOUR_US);
    site.arrive(600).await;
    site.days(30);
    site.clock.advance_us(HOUR_US);
    assert_eq!(site.pass().await.last_deleted, 602);
    assert_eq!(site.count().await, 3);
}

#[tokio::test]
async fn a_pass_ends_early_when_the_server_stops() {
    let site = Site::new(30).await;
    site.arrive(3).await;
    site.days(31);
    site.services().stopping();
    site.pass().await;
    assert_eq!(site.count().await, 3);
}

#[tokio::test]
async fn a_jump_is_not_forgotten_by_a_restart() {
    let mut site = Site::new(30).await;
    site.arrive(3).await;
    site.pass().await;
    site.clock.step_us(5 * 365 * DAY_US);
    assert_eq!(site.pass().await.state, State::StoppedByClock);
    site.restart();
    site.clock.advance_us(HOUR_US);
    assert_eq!(site.pass().await.state, State::StoppedByClock);
    assert_eq!(site.services().clock_watch.doubt(), Some(Doubt::Jumped));
    assert_eq!(site.count().await, 3);

    site.clock.step_us(-5 * 365 * DAY_US);
    site.pass().await;
    site.clock.advance_us(10 * MINUTE_US);
    assert_eq!(site.pass().await.state, State::Idle);
    site.restart();
    assert_eq!(site.pass().await.state, State::Idle, "that it is right was kept");

    site.clock.step_us(40 * DAY_US);
    site.pass().await;
    site.restart();
    site.services().clock_watch.confirm(&Caller::local()).await.unwrap();
    assert_eq!(site.pass().await.last_deleted, 3, "an administrator says it is right");
    site.restart();
    assert_eq!(site.pass().await.state, State::Idle, "the confirmation was kept");
}

#[tokio::test]
async fn what_arrived_by_a_dead_clock_is_kept_as_long_as_what_came_after() {
    let site = Site::new(30).await;
    site.clock.step_us(HOUR_US - START.0); // a machine without a battery: 1970
    site.arrive(600).await;
    site.clock.step_us(START.0 - HOUR_US);
    assert_eq!(site.pass().await.last_deleted, 0);
    site.arrive(1).await;
    site.days(30);
    assert_eq!(site.pass().await.last_deleted, 0);
    site.clock.advance_us(HOUR_US);
    let preview = site.preview(Asked::default()).await;
    assert_eq!((preview.count, preview.oldest), (601, Some(START)));
    assert_eq!(site.pass().await.last_deleted, 601);
    let check = site.read(|tx| Ok(tx.check()?)).await;
    assert_eq!(check.problems, [""; 0]);
}

#[tokio::test]
async fn rules_for_a_camera_or_a_type_go_before_the_rest() {
    let mut site = Site::new(30).await;
    let local = Caller::local();
    let yard = NewCamera { name: "Yard".to_owned(), ..NewCamera::default() };
    site.services().cameras.add(&local, yard).await.unwrap();
    let rule = |camera: Option<u32>, name: Option<&str>, days| Rule {
        camera: camera.map(CameraId),
        event_type: name.map(str::to_owned),
        days,
    };
    let rules = vec![
        rule(Some(1), None, 0),
        rule(None, Some("net"), 5),
        rule(Some(1), Some("net"), 10),
        rule(None, Some("never seen"), 1),
    ];
    site.services().retention.set_rules(&local, rules.clone()).await.unwrap();
    for (camera, name) in [(1, "motion"), (1, "net"), (2, "motion"), (2, "net")] {
        site.arrive_as(camera, name, 700).await;
    }
    for (days, left) in [(5, 2_800), (1, 2_100), (5, 1_400), (20, 700), (4_000, 700)] {
        site.days(days);
        let before = site.count().await;
        assert_eq!(site.preview(Asked::default()).await.count, before - left, "{days} {left}");
        let same = Asked { rules: Some(rules.clone()), ..Asked::default() };
        assert_eq!(site.preview(same).await.count, before - left, "rules that are tried");
        if let Some(ages) = site.services().retention.ages(site.clock.now()) {
            let counted = site.read(move |tx| preview::count_by_own_time(tx, &ages)).await;
            assert_eq!(counted, before - left, "from counters");
        }
        site.pass().await;
        assert_eq!(site.count().await, left);
    }
    site.restart();
    assert_eq!(site.services().retention.rules(&local).unwrap(), rules, "they are kept");
    for bad in [
        vec![rule(None, None, 5)],
        vec![rule(Some(1), None, 3_651)],
        vec![rule(Some(1), None, 5), rule(Some(1), None, 6)],
        vec![rule(Some(1), None, 5); 1_001],
    ] {
        let asked = Asked { rules: Some(bad.clone()), ..Asked::default() };
        assert!(site.services().retention.preview(&local, asked).await.is_err());
        assert!(site.services().retention.set_rules(&local, bad).await.is_err());
    }
    // What is left is of camera 1 and kept for ever; without its rule it would not be.
    let without = site.preview(Asked { rules: Some(Vec::new()), ..Asked::default() }).await;
    assert_eq!((without.count, site.count().await), (700, 700), "asking deletes nothing");
    let never = Asked { days: Some(0), rules: Some(Vec::new()), ..Asked::default() };
    assert_eq!(site.preview(never).await.count, 0);
}

#[tokio::test]
async fn the_oldest_go_when_the_database_is_too_large_whatever_the_clock_says() {
    let site = Site::new(0).await;
    let note = [("note".to_owned(), "x".repeat(4_000))];
    let meta = Meta::from_pairs(note).unwrap();
    for _ in 0..6_000 / 500 {
        let new = |_| {
            let (camera, name) = (Some(CameraId(1)), "motion".to_owned());
            Ok(NewEvent { camera, name, when: When::AgoMs(0), meta: meta.clone(), uid: None })
        };
        let items = (0..500).map(new).collect();
        let stored = site.services().events.record_many(&Caller::local(), items).await.unwrap();
        assert!(stored.iter().all(Result::is_ok));
    }
    site.count().await;
    let used = site.services().core.store.room().used;
    assert!(used > 18 << 20, "{used}");
    assert_eq!(site.pass().await.last_deleted, 0);
    site.clock.step_us(-400 * DAY_US);
    site.services().clock_watch.look().await.unwrap();
    assert!(site.services().clock_watch.doubt().is_some());
    let most = 16 << 20;
    let preview = site.preview(Asked { max_bytes: Some(most), ..Asked::default() }).await;
    assert_eq!((preview.by_age, preview.by_room), (0, 0));
    site.set("retention.max_bytes", most).await;
    let report = site.pass().await;
    assert!(report.last_deleted.abs_diff(preview.by_size) < 1_000, "{report:?} {preview:?}");
    assert!(site.services().core.store.room().used <= most);
    let left = site.read(|tx| Ok(tx.oldest(EventId(0), 1)?)).await;
    assert_eq!(left[0].0, EventId(report.last_deleted + 1), "oldest first");
    let by_reason = site.services().retention.deleted_total();
    assert_eq!(by_reason, [("age", 0), ("size", report.last_deleted), ("room", 0)]);
}

#[tokio::test]
async fn events_of_a_time_when_the_clock_was_not_believed_age_from_its_end() {
    let mut site = Site::new(30).await;
    site.arrive(2).await;
    site.pass().await;
    site.clock.step_us(-2 * DAY_US); // behind what has arrived
    site.arrive(1).await; // nobody has looked yet
    site.services().clock_watch.look().await.unwrap();
    assert_eq!(site.services().clock_watch.doubt(), Some(Doubt::BehindArrivals));
    let sent = Timestamp(START.0 + 2 * DAY_US);
    let new = NewEvent {
        camera: Some(CameraId(1)),
        name: "motion".to_owned(),
        when: When::At(sent),
        meta: Meta::empty(),
        uid: None,
    };
    let local = Caller::local();
    let stored = site.services().events.record(&local, new).await.unwrap().event;
    assert_eq!(stored.order_time, sent, "the sender knows better");
    site.restart();
    site.clock.step_us(2 * DAY_US);
    site.pass().await;
    site.clock.advance_us(10 * MINUTE_US);
    assert_eq!(site.pass().await.state, State::Idle);
    site.arrive(1).await;
    let doubts = site.read(|tx| Ok(tx.clock_doubts()?)).await;
    assert_eq!(doubts.len(), 1);
    assert_eq!(doubts[0].first, EventId(3));
    assert_eq!(doubts[0].end, Some((EventId(4), Timestamp(START.0 + 10 * MINUTE_US))));
    site.days(30);
    site.pass().await;
    assert_eq!(site.count().await, 3, "the first two are old enough");
    site.clock.advance_us(1);
    site.pass().await;
    assert_eq!(site.count().await, 0, "ten minutes later all the others");
}

#[tokio::test]
async fn what_goes_before_its_days_are_over_is_told() {
    let site = Site::new(30).await;
    site.arrive(10).await;
    let told = || site.services().notices().iter().any(|notice| notice.code == "retention_cut");
    let always = |_: RoomFigures, _: &Core| true;
    site.services().retention.make_room(Reason::Room, 1, always, &mut 0).await.unwrap();
    assert!(told());
    site.days(1);
    assert!(!told(), "for a day");
    site.arrive(10).await;
    site.days(31);
    site.services().retention.make_room(Reason::Room, 1, always, &mut 0).await.unwrap();
    assert!(!told(), "these were due anyway");
}

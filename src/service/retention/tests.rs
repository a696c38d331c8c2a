//! Events by age, with a clock that tests move and set wrong.

use super::*;
use crate::domain::time::{HOUR_US, MINUTE_US};
use crate::domain::{CameraId, Meta, NewEvent, When};
use crate::service::camera::NewCamera;
use crate::service::clock::Clock;
use crate::service::clock_watch::Doubt;
use crate::service::{Services, Settings};
use crate::store::{Options, ReadTx};

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
        use crate::domain::setting::Value;
        let change = [("retention.days".to_owned(), Some(Value::Integer(days)))].into();
        self.services().administration.change(&Caller::local(), change).await.unwrap();
    }

    /// Stores events that arrive now.
    async fn arrive(&self, count: usize) {
        for part in (0..count).collect::<Vec<_>>().chunks(1_000) {
            let new = |_| {
                Ok(NewEvent {
                    camera: Some(CameraId(1)),
                    name: "motion".to_owned(),
                    when: When::AgoMs(0),
                    meta: Meta::empty(),
                    uid: None,
                })
            };
            let items = part.iter().map(new).collect();
            let stored = self.services().events.record_many(&Caller::local(), items).await.unwrap();
            assert!(stored.iter().all(Result::is_ok));
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
    let (days, preview) = site.services().retention.preview(&Caller::local(), None).await.unwrap();
    assert_eq!((days, preview.count, preview.exact), (30, 0, true));

    site.days(20);
    assert_eq!(site.pass().await.last_deleted, 0, "kept for thirty days to the microsecond");
    site.clock.advance_us(1);
    let (_, preview) = site.services().retention.preview(&Caller::local(), None).await.unwrap();
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
    let (_, preview) = site.services().retention.preview(&local, Some(90)).await.unwrap();
    assert_eq!(preview.count, 3, "asking deletes nothing");
    assert!(site.services().retention.preview(&local, Some(4_000)).await.is_err());
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
    let (_, preview) = site.services().retention.preview(&Caller::local(), None).await.unwrap();
    assert_eq!((preview.count, preview.oldest), (601, Some(START)));
    assert_eq!(site.pass().await.last_deleted, 601);
    let check = site.read(|tx| Ok(tx.check()?)).await;
    assert_eq!(check.problems, [""; 0]);
}

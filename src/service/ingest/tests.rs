//! Tests of the state machine.

use super::*;
use crate::domain::Access;
use crate::service::access::{Rights, Scope, Who};
use crate::service::camera::{CameraChange, NewCamera};
use crate::service::clock::Clock;
use crate::service::{Services, Settings};
use crate::store::Options;

async fn gate() -> (tempfile::TempDir, Services, Caller) {
    let dir = tempfile::tempdir().unwrap();
    let (options, settings) = (Options::default(), Settings::default());
    let services = Services::open(dir.path(), options, settings, Clock::system()).unwrap();
    let new = NewCamera { id: None, name: "Gate".to_owned(), change: CameraChange::default() };
    let added = services.cameras.add(&Caller::local(), new).await.unwrap();
    let scope = Scope::Cameras(vec![added.entry.camera.id]);
    let caller = Caller::new(Who::Token(1), Rights::Access(Access::All), scope);
    (dir, services, caller)
}

fn message(state: State) -> Message {
    let (name, source) = ("motion".to_owned(), String::new());
    Message { name, state, time: None, source, meta: Vec::new() }
}

fn stored(received: Received) -> EventId {
    let Received::Stored(id) = received else { panic!("{received:?}") };
    id
}

#[tokio::test]
async fn a_stop_that_could_not_be_stored_can_be_said_again() {
    let (_dir, services, caller) = gate().await;
    let ingest = &services.ingest;
    stored(ingest.receive(&caller, message(State::Start), None).await.unwrap());
    services.close();
    assert!(ingest.receive(&caller, message(State::Stop), None).await.is_err());
    let mut open = 0;
    for shard in &*ingest.shards {
        open += shard.lock().await.len();
    }
    assert_eq!(open, 1);
}

#[tokio::test]
async fn what_is_not_repeated_any_more_is_over() {
    let (_dir, services, caller) = gate().await;
    let ingest = &services.ingest;
    let end = async |id| {
        let event = services.events.get(&caller, id).await.unwrap();
        event.meta.pairs().into_iter().find(|(tag, _)| tag == "end_reason").map(|(_, why)| why)
    };
    let held = |lasts| message(State::Held(lasts));
    let first = stored(ingest.receive(&caller, held(Duration::ZERO), None).await.unwrap());
    let second = stored(ingest.receive(&caller, held(Duration::ZERO), None).await.unwrap());
    assert_eq!(end(first).await.as_deref(), Some("timeout"), "another one has begun");
    // Said once, it may be one of those that only say when it is over.
    ingest.pass().await;
    assert_eq!(end(second).await, None);
    let stopped = ingest.receive(&caller, message(State::Stop), None).await.unwrap();
    assert_eq!((stopped, end(second).await), (Received::Completed(second), None));

    let third = stored(ingest.receive(&caller, held(OPEN_FOR), None).await.unwrap());
    let again = ingest.receive(&caller, held(OPEN_FOR), None).await.unwrap();
    assert_eq!(again, Received::Ignored);
    ingest.pass().await;
    assert_eq!(end(third).await, None, "it is going on");
    for shard in &*ingest.shards {
        for known in shard.lock().await.values_mut() {
            known.state = State::Held(Duration::ZERO);
        }
    }
    ingest.pass().await;
    assert_eq!(end(third).await.as_deref(), Some("timeout"));
}

#[tokio::test]
async fn what_was_kept_for_later_has_nothing_to_do_with_what_goes_on() {
    let (_dir, services, caller) = gate().await;
    let old = |ago_us: i64| {
        let time = Timestamp(services.ingest.core.clock.now().0 - ago_us);
        let meta = vec![(REPLAYED.to_owned(), "true".to_owned())];
        Message { time: Some(Ok(time)), meta, ..message(State::Start) }
    };
    let hour = crate::domain::time::HOUR_US;
    for message in [message(State::Start), old(hour), old(2 * hour)] {
        let time = message.time.clone();
        let id = stored(services.ingest.receive(&caller, message, None).await.unwrap());
        let event = services.events.get(&caller, id).await.unwrap();
        assert_eq!(event.time, time.map_or(event.time, |time| time.unwrap()));
    }
}

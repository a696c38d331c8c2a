//! Held events stay, and so do their files.

use super::*;

#[tokio::test]
async fn what_is_held_stays_whatever_deletes_the_rest() {
    let site = Site::new(30).await;
    let local = Caller::local();
    site.arrive(1_500).await;
    let events = &site.services().events;
    for id in [1, 700, 1_500] {
        events.hold(&local, EventId(id)).await.unwrap();
        events.hold(&local, EventId(id)).await.unwrap(); // once is enough
    }
    assert!(matches!(
        events.hold(&local, EventId(9_999)).await,
        Err(Error::EventNotFound(EventId(9_999)))
    ));
    let held = events.delete(&local, EventId(700)).await;
    assert!(matches!(held, Err(Error::EventHeld(EventId(700)))));
    events.delete(&local, EventId(2)).await.unwrap();
    site.days(31);
    assert_eq!(site.preview(Asked::default()).await.count, 1_496);
    assert_eq!(site.pass().await.last_deleted, 1_496);
    assert_eq!(site.count().await, 3);
    let purged = events.purge(&local, CameraId(1)).await.unwrap();
    assert_eq!((purged, site.count().await), (0, 3));

    events.release(&local, EventId(700)).await.unwrap();
    let (total, held) = events.holds(&local, EventId(0), 10).await.unwrap();
    assert_eq!(total, 2);
    assert_eq!(held.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [1, 1_500]);
    assert_eq!(held[0].1.by, "command line");
    site.pass().await;
    assert_eq!(site.count().await, 2);
    let check = site.read(|tx| Ok(tx.check()?)).await;
    assert_eq!(check.problems, [""; 0]);
}

#[tokio::test]
async fn a_delete_on_its_way_passes_over_what_is_held_meanwhile() {
    let site = Site::new(0).await;
    site.arrive(3).await;
    site.services().events.hold(&Caller::local(), EventId(2)).await.unwrap();
    let ids = vec![EventId(1), EventId(2), EventId(3)];
    site.services().events.delete_aged(ids).await.unwrap(); // whoever asks has looked before
    assert_eq!(site.count().await, 1);
}

#[tokio::test]
async fn a_hold_that_came_in_between_keeps_the_event_and_its_files() {
    let site = Site::new(30).await;
    site.arrive(2).await;
    let services = site.services();
    let (held, other) = (EventId(1), EventId(2));
    let pictures = services.core.store.attachments(Attachment::Picture);
    for id in [held, other] {
        let new = NewFile { full: b"a", kind: FileKind::Jpeg, size: (1, 1), thumb: b"" };
        pictures.place(&pictures.write(&new).unwrap(), id).unwrap();
    }
    services.events.hold(&Caller::local(), held).await.unwrap();
    // As a step that looked before the hold was set.
    let gone = services.events.delete_aged(vec![held, other]).await.unwrap();
    assert_eq!((gone, site.count().await), (1, 1));
    assert!(pictures.read(held, false).unwrap().is_some());
    assert!(pictures.read(other, false).unwrap().is_none());
}

/// The delete has passed over it, and the hold goes before the delete looks which files are nobody's.
#[tokio::test]
async fn a_hold_that_goes_while_a_delete_passes_by_keeps_both_or_none() {
    const EVENTS: u64 = 40;
    let site = Site::new(30).await;
    let events = &site.services().events;
    let local = Caller::local();
    site.arrive(usize::try_from(EVENTS).unwrap()).await;
    let pictures = site.services().core.store.attachments(Attachment::Picture);
    for id in (1..=EVENTS).map(EventId) {
        let new = NewFile { full: b"a", kind: FileKind::Jpeg, size: (1, 1), thumb: b"" };
        pictures.place(&pictures.write(&new).unwrap(), id).unwrap();
        events.hold(&local, id).await.unwrap();
        let (gone, released) =
            tokio::join!(events.delete_aged(vec![id]), events.release(&local, id));
        released.unwrap();
        let is_there = site.read(move |tx| Ok(tx.event(id)?.is_some())).await;
        assert_eq!(gone.unwrap(), u64::from(!is_there));
        assert_eq!(pictures.read(id, false).unwrap().is_some(), is_there, "event {}", id.0);
    }
}

use serde_json::{Value, json};

use super::*;
use crate::domain::{Caps, EventTypeId};

fn session() -> Session {
    Session::new(About {
        camera: CameraId(7),
        connid: "c".into(),
        sid: "s".into(),
        timezone: "UTC".into(),
        url: "http://h:8080".into(),
        host: "h".into(),
        enabled: true,
    })
}

fn said(steps: &[Step]) -> Vec<Value> {
    let text = |step: &Step| match step {
        Step::Say(text) => Some(serde_json::from_str(text).unwrap()),
        _ => None,
    };
    steps.iter().filter_map(text).collect()
}

fn hear(session: &mut Session, message: &Value) -> Vec<Step> {
    session.hear(&message.to_string())
}

/// A session after the start sequence.
fn ready() -> Session {
    let mut session = session();
    hear(&mut session, &json!({"cmd":"register","msgid":2}));
    hear(&mut session, &json!({"cmd":"cam_register","msgid":4}));
    assert!(session.is_ready());
    session
}

fn event(steps: Vec<Step>) -> CamEvent {
    match steps.into_iter().next() {
        Some(Step::Happened(event)) => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_start_has_its_order() {
    let mut session = session();
    let early = hear(&mut session, &json!({"cmd":"cam_register","msgid":1}));
    assert_eq!(said(&early)[0]["status"], "CM_ERROR");
    let steps = hear(
        &mut session,
        &json!({"cmd":"register","msgid":2,"ver":"1","tz":"UTC","vendor":"v","pwd":"","prev_sid":"s",
            "reg_token":"share","media_protocols":["rtmp"]}),
    );
    assert_eq!(steps[0], Step::Begun);
    let messages = said(&steps);
    assert_eq!(messages[0]["cmd"], "configure");
    let hello = &messages[1];
    assert_eq!(
        (&hello["cmd"], &hello["refid"], &hello["orig_cmd"], &hello["status"]),
        (&json!("hello"), &json!(2), &json!("register"), &json!("OK"))
    );
    assert_eq!(hello["upload_uri"], hello["upload_url"]);
    assert!(hello["sid"].is_string() && hello["connid"].is_string());
    assert!(hello.get("cam_id").is_none(), "{hello}");
    let steps = hear(
        &mut session,
        &json!({"cmd":"cam_register","msgid":4,"ip":"1.2.3.4","brand":"b","model":"m","version":"f\n"}),
    );
    let agent = Agent { vendor: "b".into(), model: "m".into(), firmware: "f".into() };
    assert_eq!(steps[0], Step::Ready(agent));
    let messages = said(&steps);
    assert_eq!((&messages[0]["cmd"], &messages[0]["cam_id"]), (&json!("cam_hello"), &json!(7)));
    assert_eq!(messages[0]["media_uri"], messages[0]["media_url"]);
    assert_eq!(
        (&messages[1]["cmd"], &messages[1]["cam_id"]),
        (&json!("get_cam_events"), &json!(7))
    );
    let again = hear(&mut session, &json!({"cmd":"register","msgid":9}));
    assert_eq!(said(&again)[0]["status"], "CM_ERROR");
}

/// The sequence of the oldest clients: no `refid`, empty keep-alives, times in milliseconds, numbers in
/// quotes, base64 pictures in the message.
#[test]
fn old_clients_are_understood() {
    let mut session = session();
    assert!(session.hear("").is_empty());
    let hello = hear(&mut session, &json!({"cmd":"register","msgid":"1","ver":"1","tz":"UTC"}));
    assert_eq!(said(&hello)[1]["refid"], 1);
    let online =
        hear(&mut session, &json!({"cmd":"cam_register","msgid":2,"vendor":"v","type":"t"}));
    let agent = Agent { vendor: "v".into(), model: "t".into(), firmware: String::new() };
    assert_eq!(online[0], Step::Ready(agent));
    assert!(said(&online)[0]["media_url"].as_str().is_some_and(|url| url.starts_with("rtmp://")));
    assert!(session.hear(" \n").is_empty());
    let conf = hear(
        &mut session,
        &json!({"cmd":"cam_events_conf","msgid":3,"cam_id":7,"enabled":true,
            "events":[{"event":"motion","active":true}]}),
    );
    assert!(matches!(&conf[0], Step::Declared(told) if told[0].name == "motion"));
    let told = hear(
        &mut session,
        &json!({"cmd":"cam_event","msgid":4,"cam_id":"7","event":"net","time":1_700_000_000_250_i64,
            "net_info":{"ip":""},"snapshot_info":{"image_inline":"aGVsbG8="}}),
    );
    let told = event(told);
    assert_eq!(told.time, Some(Timestamp(1_700_000_000_250_000)));
    assert_eq!((told.meta.len(), told.wants), (1, Vec::new()));
    assert_eq!(told.inline.as_deref(), Some(b"hello".as_slice()));
}

#[test]
fn a_camera_that_wants_to_upload_is_told_at_once_where_or_that_it_cannot() {
    let mut session = ready();
    let told = event(hear(
        &mut session,
        &json!({"cmd":"cam_event","msgid":20,"cam_id":7,"event":"motion","time":1.0,
            "snapshot_info":{"image_time":"x","width":8,"height":6,"size":512}}),
    ));
    let answer = &said(&session.stored(&told, Some(EventId(5)), &[]))[0];
    assert_eq!(
        (&answer["cmd"], &answer["refid"], &answer["status"], &answer["event_id"]),
        (&json!("direct_upload_url"), &json!(20), &json!("NOT_SUPPORTED"), &json!(5))
    );
    assert!(answer.get("url").is_none() && answer["headers"].is_object());
    let until = Timestamp(1_700_000_600_000_000);
    let upload = Upload { url: "http://h/up".to_owned(), until };
    let answer =
        &said(&session.stored(&told, Some(EventId(6)), &[(Attachment::Picture, upload.clone())]))
            [0];
    assert_eq!(
        (&answer["status"], &answer["url"], &answer["expire"], &answer["category"]),
        (&json!("OK"), &json!("http://h/up"), &json!("20231114T222320.000"), &json!("snapshot"))
    );
    assert!(answer["headers"].is_object() && answer.get("extra").is_none());
    // Two files: the first part must be one that is taken.
    let both = event(hear(
        &mut session,
        &json!({"cmd":"cam_event","msgid":22,"event":"motion","time":1.0,
            "snapshot_info":{"size":512},"file_meta_info":{"size":900}}),
    ));
    let of = |at: Attachment| (at, upload.clone());
    for (uploads, first, second) in [
        (vec![of(Attachment::Picture), of(Attachment::Filemeta)], "snapshot", "OK"),
        (vec![of(Attachment::Filemeta)], "file_meta", "NOT_SUPPORTED"),
    ] {
        let answer = &said(&session.stored(&both, Some(EventId(7)), &uploads))[0];
        assert_eq!((&answer["category"], &answer["status"]), (&json!(first), &json!("OK")));
        assert_eq!(
            (answer["extra"].as_array().unwrap().len(), &answer["extra"][0]["status"]),
            (1, &json!(second))
        );
        assert!(answer["extra"][0]["headers"].is_object());
    }
    assert!(
        hear(&mut session, &json!({"cmd":"done","refid":9,"status":"MISSED_PARAM"})).is_empty()
    );
    let asked = hear(
        &mut session,
        &json!({"cmd":"get_direct_upload_url","msgid":21,"cam_id":7,"category":"record"}),
    );
    let answer = &said(&asked)[0];
    assert_eq!((&answer["refid"], &answer["category"]), (&json!(21), &json!("record")));
}

#[test]
fn what_is_foreign_or_unknown_is_refused() {
    let mut session = ready();
    for (message, status) in [
        (json!({"cmd":"cam_event","msgid":5,"cam_id":8,"event":"motion"}), "CM_ERROR"),
        (json!({"cmd":"cam_event","msgid":5,"cam_id":7}), "MISSED_PARAM"),
        (json!({"cmd":"get_moon","msgid":5,"cam_id":7}), "NOT_SUPPORTED"),
    ] {
        let answer = &said(&hear(&mut session, &message))[0];
        assert_eq!((&answer["cmd"], &answer["refid"]), (&json!("done"), &json!(5)));
        assert_eq!(answer["status"], status, "{message}");
    }
    for silent in [
        json!({"cmd":"stream_caps","msgid":5,"refid":1}),
        json!({"cmd":"done","refid":3,"orig_cmd":"get_cam_events","status":"CM_ERROR"}),
        json!({"cmd":"report_problem","reason":"x"}),
    ] {
        assert!(hear(&mut session, &silent).is_empty(), "{silent}");
    }
    assert_eq!(hear(&mut session, &json!({"cmd":"bye"})), [Step::End(Bye::Left)]);
    let mut nonsense = ready();
    let ended = (0..NONSENSE_MAX).map(|_| nonsense.hear("[1]")).find(|steps| !steps.is_empty());
    assert_eq!(ended, Some(vec![Step::End(Bye::Error)]));
}

fn types(receive: bool) -> BTreeMap<String, EventType> {
    let mut motion = EventType::declared(EventTypeId(1), "motion".into());
    motion.caps = Caps { can_record: true, can_snapshot: true, ..Caps::default() };
    (motion.record, motion.receive) = (true, receive);
    BTreeMap::from([("motion".to_owned(), motion)])
}

#[test]
fn a_camera_is_told_what_differs() {
    let mut session = ready();
    assert!(session.settle(&types(false)).is_empty(), "it has not announced anything");
    let conf = json!({"cmd":"cam_events_conf","cam_id":7,"enabled":true,"events":[
        {"event":"motion","active":true,"stream":true,"snapshot":false}]});
    hear(&mut session, &conf);
    assert!(session.settle(&types(true)).is_empty());
    let told = &said(&session.settle(&types(false)))[0];
    assert_eq!(told["cmd"], "set_cam_events");
    assert_eq!(
        told["events"],
        json!([{"event":"motion","active":false,"stream":true,"snapshot":false}])
    );
    assert!(session.settle(&types(false)).is_empty(), "it knows");
    let off = json!({"cmd":"cam_events_conf","enabled":false,"events":[]});
    hear(&mut session, &off);
    assert_eq!(said(&session.settle(&types(false)))[0]["enabled"], true);
}

#[test]
fn a_trigger_is_answered_by_its_event_or_by_done() {
    let meta = Meta::from_pairs([("tag1".to_owned(), "value1".to_owned())]).unwrap();
    let time = Timestamp(1_632_424_500_123_456);
    let mut session = ready();
    let ask = |session: &mut Session| {
        let message = said(&[session.trigger("door", time, &meta)]).remove(0);
        assert_eq!(
            (&message["event"], &message["meta"]["tag1"]),
            (&json!("door"), &json!("value1"))
        );
        assert!((message["time"].as_f64().unwrap() - 1_632_424_500.123_456).abs() < 1e-6);
        message
    };
    // The event, then done.
    let asked = ask(&mut session);
    let told = event(hear(
        &mut session,
        &json!({"cmd":"cam_event","msgid":8,"event":"door","time":asked["time"],"meta":asked["meta"]}),
    ));
    let steps = session.stored(&told, Some(EventId(9)), &[]);
    assert_eq!(steps.last(), Some(&Step::Triggered(Answer::Done(Some(EventId(9))))));
    let late = json!({"cmd":"done","refid":asked["msgid"],"status":"OK"});
    assert!(hear(&mut session, &late).is_empty());
    // Done alone, without and with refid; of another command it means nothing.
    ask(&mut session);
    let other = json!({"cmd":"done","orig_cmd":"set_cam_events","status":"CM_ERROR"});
    assert!(hear(&mut session, &other).is_empty());
    let done = json!({"cmd":"done","orig_cmd":"cam_trigger_event","status":"OK"});
    assert_eq!(hear(&mut session, &done), [Step::Triggered(Answer::Done(None))]);
    let asked = ask(&mut session);
    let refused = json!({"cmd":"done","refid":asked["msgid"],"status":"INVALID_PARAM"});
    let answer = Answer::Refused("INVALID_PARAM".into());
    assert_eq!(hear(&mut session, &refused), [Step::Triggered(answer)]);
    // An event of the name with the camera's own time counts when the camera confirms; an older one not.
    for (seconds, found) in [(1.5, Some(EventId(3))), (-60.0, None)] {
        let asked = ask(&mut session);
        let at = asked["time"].as_f64().unwrap() + seconds;
        let told = event(hear(&mut session, &json!({"cmd":"cam_event","event":"door","time":at})));
        assert_eq!(said(&session.stored(&told, Some(EventId(3)), &[])).len(), 1);
        let done = json!({"cmd":"done","refid":asked["msgid"],"status":"OK"});
        assert_eq!(hear(&mut session, &done), [Step::Triggered(Answer::Done(found))]);
    }
}

//! Tests of finding out whose words a delivery is in.

use proptest::prelude::*;

use super::*;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a small one";
const LARGE: &[u8] = b"\xff\xd8\xff\xe0 a somewhat larger one";
const VMD: &[u8] =
    b"<EventNotificationAlert><eventType>VMD</eventType><eventState>active</eventState>\
    </EventNotificationAlert>";

const WORDS: [&str; 20] = [
    "eventType",
    "eventState",
    "channelID",
    "dateTime",
    "activePostCount",
    "DurationList",
    "ANPR",
    "CIDEvent",
    "Topic",
    "Message",
    "Message><Message><Data><SimpleItem/></Data></Message></Message><Topic",
    "alarmStatusInfo><perimeterAlarm/></alarmStatusInfo><a",
    "smartType",
    "currentTime",
    "dataTime",
    "deviceInfo",
    "tripwire",
    "status",
    "listInfo><item/></listInfo><a",
    "sourceBase64Data",
];

fn names(said: Option<Vec<Said>>) -> Option<Vec<String>> {
    Some(said?.into_iter().map(|said| said.message.name).collect())
}

#[test]
fn an_address_can_say_whose_words_they_are() {
    for (_, dialect) in Dialect::NAMES {
        assert!(READERS.iter().any(|(known, _)| known == dialect) || dialect.is_own());
    }
    assert_eq!(Dialect::named("fridge"), None);
    let json = br#"{"eventType":"PIR","eventState":"active","name":"own"}"#;
    for (only, body, name) in [
        (None, VMD, Some("motion")),
        (Dialect::named("hikvision"), VMD, Some("motion")),
        (Dialect::named("onvif"), VMD, None),
        (Dialect::named("event"), VMD, None),
        (None, json.as_slice(), Some("pir")),
        (Dialect::named("event"), json.as_slice(), Some("own")),
        (Dialect::named("viewtron"), json.as_slice(), None),
        (Dialect::named("hikvision"), b"name=own".as_slice(), None),
    ] {
        let name = name.map(|name| vec![name.to_owned()]);
        assert_eq!(names(read(only, "", None, body, "UTC")), name, "{only:?}");
    }
}

#[test]
fn no_two_makes_take_the_same_json() {
    for (dialect, body) in [
        ("unifi", include_str!("../../../../tests/fixtures/ingest/unifi/alarm_motion.json")),
        ("reolink", include_str!("../../../../tests/fixtures/ingest/reolink/webhook_vehicle.json")),
        ("vigi", include_str!("../../../../tests/fixtures/ingest/vigi/people.json")),
        ("uniview", include_str!("../../../../tests/fixtures/ingest/uniview/alarm_motion_on.json")),
        ("dahua", include_str!("../../../../tests/fixtures/ingest/dahua/itsapi_tollgate.json")),
        ("dahua", include_str!("../../../../tests/fixtures/ingest/dahua/itsapi_keepalive.json")),
        ("lilin", include_str!("../../../../tests/fixtures/ingest/lilin/template_lilin.json")),
        ("axis", include_str!("../../../../tests/fixtures/ingest/axis/mqtt_pir.json")),
        ("axis", include_str!("../../../../tests/fixtures/ingest/axis/ws_virtual_input.json")),
        ("frigate", include_str!("../../../../tests/fixtures/ingest/frigate/mqtt_events_new.json")),
        (
            "hikvision",
            include_str!("../../../../tests/fixtures/ingest/hikvision/cid_zone_alarm.json"),
        ),
    ] {
        let takers = Dialect::NAMES
            .iter()
            .filter(|(_, only)| read(Some(*only), "", None, body.as_bytes(), "UTC").is_some());
        let takers: Vec<_> = takers.map(|(name, _)| *name).collect();
        assert_eq!(takers, [dialect]);
    }
}

#[test]
fn pictures_come_with_the_message_before_them() {
    let part = |head: &str, content: &[u8]| {
        let head = format!("--b\r\n{head}\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].concat()
    };
    let kind = Some("multipart/form-data; boundary=b");
    let body = [
        part("Content-Type: text/plain", VMD),
        part("", JPEG),
        part("Content-Disposition: form-data; name=\"Pic\"", LARGE),
        part("", JPEG),
        part("", b"{\"eventType\":\"PIR\",\"eventState\":\"active\"}"),
        part("Content-Type: application/json", JPEG),
    ]
    .concat();
    let said = read(None, "", kind, &body, "UTC").unwrap();
    let brief: Vec<_> =
        said.iter().map(|said| (said.message.name.as_str(), said.picture.as_deref())).collect();
    assert_eq!(brief, [("motion", Some(LARGE)), ("pir", Some(JPEG))]);

    let alone = read(None, "name=person", None, JPEG, "UTC").unwrap();
    let form =
        [part("Content-Disposition: form-data; name=name", b"person"), part("", JPEG)].concat();
    let form = read(None, "", None, &form, "UTC").unwrap();
    for said in [alone, form] {
        assert_eq!(
            (said[0].message.name.as_str(), said[0].picture.as_deref()),
            ("person", Some(JPEG))
        );
    }
}

#[test]
fn text_in_another_encoding_is_read_as_far_as_it_goes() {
    let body = b"\xef\xbb\xbf \n<EventNotificationAlert><eventType>VMD</eventType>\
        <channelName>Stra\xdfe</channelName></EventNotificationAlert>\0";
    let said = read(None, "", None, body, "UTC").unwrap();
    let name = ("channel_name".to_owned(), "Stra\u{fffd}e".to_owned());
    assert!(said[0].message.meta.contains(&name), "{said:?}");
}

proptest! {
    #[test]
    fn noise_never_panics(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        start in prop::sample::select(vec!["", "<", "{", "--b\r\n", "[", "\u{feff}", "a="]),
    ) {
        let body = [start.as_bytes(), &body].concat();
        let _ = read(None, "a=b", None, &body, "UTC");
        let _ = read(None, "", Some("multipart/form-data; boundary=b"), &body, "UTC");
    }

    #[test]
    fn known_words_in_any_order_never_panic(
        root in prop::sample::select(vec![
            "EventNotificationAlert", "Envelope><Notify><NotificationMessage", "config", "DeviceInfo",
        ]),
        words in proptest::collection::vec((prop::sample::select(WORDS.to_vec()), "[\\PC]{0,6}|active|[0-9]{1,14}|1130"), 0..12),
    ) {
        let ends: Vec<&str> = root.split("><").collect();
        let ends: String = ends.into_iter().rev().fold(String::new(), |ends, name| format!("{ends}</{name}>"));
        let words = words.into_iter().fold(String::new(), |text, (word, value)| {
            let value = value.replace(['<', '&', '"'], "");
            let end = word.rsplit(['<', '/']).next().unwrap_or(word);
            format!("{text}<{word} Name=\"{value}\" Value=\"true\" UtcTime=\"{value}\">{value}</{end}>")
        });
        let body = format!("<{root}>{words}{ends}");
        let said = read(None, "", None, body.as_bytes(), "Europe/Berlin");
        prop_assert!(said.iter().flatten().all(|said| said.message.meta.len() <= 30));
    }

    #[test]
    fn a_torn_message_never_panics(cut in 0..100_usize) {
        let _ = read(None, "", None, &VMD[..cut.min(VMD.len())], "UTC");
    }
}

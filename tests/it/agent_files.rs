//! Files of the events of cameras with an agent: sent to signed addresses; and cameras of older make.

use base64::Engine as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::agent::{Cam, secret};
use crate::common::until;
use crate::pictures::{files, jpeg, raw};
use crate::site::{Camera, EVENTS, inner, site, total, types};

/// API contract 6.5, 6.7: the event, the address, the file sent there, and only 200 will do.
#[test]
fn a_camera_sends_the_files_of_its_event_to_the_addresses_it_is_told() {
    let (server, gate, client) = site();
    let mut cam =
        Cam::announce(&server, &inner(&gate.all), &json!([{"event":"motion","active":true}]));
    let picture = jpeg();
    let msgid = cam.say(json!({"cmd":"cam_event","cam_id":cam.id,"event":"motion","time":1_772_359_200.0,
        "snapshot_info":{"image_time":"20260301T100000.000","width":640,"height":480,"size":picture.len()}}));
    let told = cam.hear();
    assert_eq!(
        (&told["cmd"], &told["refid"]),
        (&json!("direct_upload_url"), &json!(msgid)),
        "{told}"
    );
    assert_eq!((&told["status"], &told["category"]), (&json!("OK"), &json!("snapshot")));
    let path = format!("{EVENTS}{}/?detail=detail", told["event_id"]);
    assert_eq!(client.get(&path).ok(200)["picture"], "expected");

    let address = told["url"].as_str().unwrap().strip_prefix(&server.base).unwrap();
    let kind = [("Content-Type", "image/jpeg")];
    let answer = server.client("").send("PUT", address, &kind, Some(&picture));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown = client.get(&path).ok(200);
    assert_eq!(shown["picture"], "ready");
    let full = shown["thumb"]["full_url"].as_str().unwrap().strip_prefix(&server.base).unwrap();
    assert_eq!(server.client("").get(full).header("content-type"), Some("image/jpeg"));

    // A metadata file has an address of its own, beside the picture's or alone.
    for (n, infos) in [
        json!({"snapshot_info":{"size":picture.len()}, "file_meta_info":{"size":2}}),
        json!({"file_meta_info":{"size":2}}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut message = json!({"cmd":"cam_event","cam_id":cam.id,"event":"motion",
            "time":1_772_359_260.0 + f64::from(u8::try_from(n).unwrap())});
        message.as_object_mut().unwrap().extend(infos.as_object().unwrap().clone());
        cam.say(message);
        let told = cam.hear();
        let part = if n == 0 { &told["extra"][0] } else { &told };
        assert_eq!(
            (&told["status"], &part["category"]),
            (&json!("OK"), &json!("file_meta")),
            "{told}"
        );
        let address = part["url"].as_str().unwrap().strip_prefix(&server.base).unwrap();
        let event =
            |query: &str| client.get(&format!("{EVENTS}{}/?{query}", told["event_id"])).ok(200);
        assert_eq!(event("detail=detail")["filemeta"], json!({"state": "expected"}));
        assert_eq!(server.client("").send("PUT", address, &[], Some(b"{}")).status, 200);
        let loaded = event("include_filemeta_download=true")["filemeta"]["download"]["url"].clone();
        let loaded = loaded.as_str().unwrap().strip_prefix(&server.base).unwrap();
        assert_eq!(server.client("").get(loaded).ok(200), json!({}));
    }
    // What there is no place for is said at once, so that the camera does not wait for it.
    cam.say(json!({"cmd":"get_direct_upload_url","cam_id":cam.id,"category":"record"}));
    let told = cam.hear();
    assert_eq!((&told["status"], told.get("url")), (&json!("NOT_SUPPORTED"), None), "{told}");
}

/// Announces `motion` and sends an event of it that has a picture; gives the address for that.
fn address(cam: &mut Cam, base: &str) -> (Value, String) {
    cam.say(json!({"cmd":"cam_event","cam_id":cam.id,"event":"motion","time":1_772_359_200.0,
        "snapshot_info":{"image_time":"x","width":640,"height":480,"size":1000}}));
    let told = cam.hear();
    let address = told["url"].as_str().unwrap().strip_prefix(base).unwrap().to_owned();
    (told["event_id"].clone(), address)
}

#[test]
fn an_address_is_for_one_picture_of_one_event_and_nothing_else() {
    let (server, gate, client) = site();
    let mut cam = Cam::announce(&server, secret(&gate), &json!([{"event":"motion","active":true}]));
    let (first, to) = address(&mut cam, &server.base);
    let (second, _) = address(&mut cam, &server.base);
    let anyone = server.client("");
    let put = |target: &str, body: &[u8]| anyone.send("PUT", target, &[], Some(body));
    // Another event's, a longer one, one for looking, one for the other file, one without its signature.
    let other = to.replace(&format!("/{first}/"), &format!("/{second}/"));
    let (path, query) = to.split_once('?').unwrap();
    let expired = query.split('&').map(|pair| match pair.split_once('=') {
        Some(("expire", _)) => "expire=1700000000".to_owned(),
        _ => pair.to_owned(),
    });
    let expired = format!("{path}?{}", expired.collect::<Vec<_>>().join("&"));
    for wrong in [
        other,
        expired,
        to.replace("expire=", "expire=9"),
        to.replace("of=upload", "of=thumb"),
        to.replace("/thumb/", "/filemeta/"),
        to.replace("sign=", "sign=x"),
    ] {
        let refused = put(&wrong, &jpeg());
        assert_eq!((refused.status, refused.error().as_str()), (403, "bad_signature"), "{wrong}");
    }
    assert_eq!(put(path, &jpeg()).status, 401);
    for (reason, body) in [
        ("type", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec()),
        ("type", b"<!doctype html>".to_vec()),
        ("damaged", jpeg()[..2_000].to_vec()),
    ] {
        let refused = put(&to, &body);
        assert_eq!(
            (refused.error().as_str(), &refused.json()["reason"]),
            ("picture_refused", &json!(reason))
        );
    }
    let half = raw(&server, "PUT", &to, "", &[], &jpeg()[..1_000], jpeg().len());
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 400"), "{half}");
    let large = raw(&server, "PUT", &to, "", &[], b"", 10 * 1024 * 1024 + 1);
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    assert_eq!(files(&server.dir().join("pictures")), Vec::<std::path::PathBuf>::new());
    // None of that has used it up; then it is.
    assert_eq!(put(&to, &jpeg()).status, 200);
    assert_eq!(put(&to, &jpeg()).status, 200, "an answer may be lost");
    let another = crate::pictures::picture(64, 48, image::ImageFormat::Png);
    assert_eq!(put(&to, &another).error(), "bad_signature");
    assert_eq!(total(&client, "has_thumb=true"), 1);
    assert_eq!(files(&server.dir().join("pictures")).len(), 1);
    assert_eq!(server.cli_json(&["check"])["problem_count"], 0);
}

/// What the clients of before (contract 6, "CVP") say and need: no sub-protocol words beside it, no `refid`,
/// empty keep-alives, numbers in quotes, times in milliseconds, pictures within the message.
#[test]
fn a_camera_of_older_make_is_served() {
    let (server, gate, client) = site();
    let Camera { id, .. } = gate;
    let mut cam = Cam::open(&server, &format!("/ctl/NEW/{}/", inner(&gate.all)));
    cam.socket.send(Message::text("")).unwrap();
    cam.say(json!({"cmd":"register","ver":"1","tz":"UTC","vendor":"CVP","pwd":"","prev_sid":""}));
    let configure = cam.hear();
    assert_eq!(configure["cmd"], "configure");
    let hello = cam.hear();
    // They ignore a message without `msgid`, insist on `status`, and read the older spelling.
    assert_eq!((&hello["cmd"], &hello["status"]), (&json!("hello"), &json!("OK")));
    assert!(configure["msgid"].is_u64() && hello["msgid"].is_u64());
    assert_eq!(hello["upload_url"], hello["upload_uri"]);
    assert!(hello["upload_url"].is_string() && hello["sid"].is_string());
    cam.say(json!({"cmd":"done","orig_cmd":"configure","status":"OK"}));
    cam.say(json!({"cmd":"cam_register","ip":"1.2.3.4","uuid":"u","brand":"Old","model":"M","version":"0"}));
    let hello = cam.hear();
    assert_eq!((&hello["cmd"], &hello["cam_id"]), (&json!("cam_hello"), &json!(id)));
    assert!(hello["media_url"].as_str().unwrap().starts_with("rtmp://"), "{hello}");
    assert_eq!(hello["media_url"], hello["media_uri"]);
    assert_eq!(cam.hear()["cmd"], "get_cam_events");
    cam.socket.send(Message::text(" ")).unwrap();
    // The answer without `refid`.
    cam.say(json!({"cmd":"cam_events_conf","cam_id":id,"enabled":true,"events":[
        {"event":"motion","active":true,"stream":true,"snapshot":true,
            "caps":{"stream":true,"snapshot":true,"periodic":false,"trigger":true}}]}));
    until("it is kept", || {
        client.get(&format!("{}motion/", types(id))).ok(200)["caps"]["can_be_triggered"] == true
    });
    // Milliseconds, numbers in quotes, a picture within the message.
    let small = crate::pictures::picture(320, 240, image::ImageFormat::Jpeg);
    let inline = base64::engine::general_purpose::STANDARD.encode(&small);
    cam.say(
        json!({"cmd":"cam_event","cam_id":id.to_string(),"event":"motion","time":"1632414600250",
        "status":"OK","meta":{"zone":1},"snapshot_info":{"image_inline":inline}}),
    );
    let done = cam.hear();
    assert_eq!((&done["cmd"], &done["status"]), (&json!("done"), &json!("OK")), "{done}");
    let stored =
        client.get(&format!("{EVENTS}?events=motion&include_meta=true")).ok(200)["objects"][0]
            .clone();
    assert_eq!(stored["time"], "2021-09-23T16:30:00.250000");
    assert_eq!(
        (&stored["meta"], &stored["thumb"]["state"]),
        (&json!({"zone": "1"}), &json!("ready"))
    );
    // What is no picture within the message is left out, and the event is stored.
    cam.say(json!({"cmd":"cam_event","cam_id":id,"event":"motion","time":1_632_414_601_i64,
        "snapshot_info":{"image_inline":"aGVsbG8="}}));
    assert_eq!(cam.hear()["status"], "OK");
    assert_eq!((total(&client, "events=motion"), total(&client, "has_thumb=true")), (2, 1));
    // A trigger, confirmed without `refid`.
    let asking = client.clone();
    let path = format!("{}motion/trigger/", types(id));
    let answer = std::thread::spawn(move || asking.post(&path, &json!({})));
    let asked = cam.hear();
    assert_eq!(asked["cmd"], "cam_trigger_event", "{asked}");
    cam.say(json!({"cmd":"cam_event","cam_id":id,"event":"motion","time":asked["time"],"meta":{}}));
    cam.say(json!({"cmd":"done","cam_id":id,"orig_cmd":"cam_trigger_event","status":"OK"}));
    assert!(answer.join().unwrap().ok(200)["event_id"].is_u64());
    assert_eq!(cam.hear()["status"], "OK");
    cam.socket.send(Message::text("")).unwrap();
    assert_eq!(cam.sync(), Vec::<Value>::new(), "keep-alives and `done` are answered by nothing");
}

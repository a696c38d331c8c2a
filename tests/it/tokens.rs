//! The token matrix: every kind of credential, every path and method, one's own camera, a foreign
//! one, and one that does not exist.

use std::time::Instant;

use serde_json::{Value, json};

use crate::common::{Answer, Client, PATIENCE, Server};
use crate::requests::{Action, Named, REQUESTS, Request};
use crate::site::{Camera, EVENTS, camera, event, inner, types};

/// Ids that look like nothing else in an answer.
const ALPHA: &str = "70001";
const BRAVO: &str = "70002";
const NOBODY: &str = "79999";
const NO_EVENT: &str = "899999999";

/// What a credential may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    All,
    Watch,
    Ingest,
    Key,
    Dead,
}

use Action::{Create, Delete, Govern, Manage, ReadCamera, ReadEvents};
use Kind::{All, Dead, Ingest, Key, Watch};
use Named::{Body, CameraPath, EventPath, Nowhere, Own, Query};

impl Kind {
    /// The rule of the product.
    fn may(self, action: Action) -> bool {
        match self {
            Key => action != Govern,
            All => !matches!(action, Delete | Manage | Govern),
            Watch => matches!(action, ReadEvents | ReadCamera),
            Ingest => action == Create,
            Dead => false,
        }
    }
}

struct Site {
    server: Server,
    key: Client,
    alpha: Camera,
    bravo: Camera,
    alpha_event: u64,
    bravo_event: u64,
}

impl Site {
    fn start() -> Self {
        let server = Server::start();
        let alpha = camera(&server, &["--id", ALPHA, "--name", "Alpha camera"]);
        let bravo = camera(&server, &["--id", BRAVO, "--name", "Bravo camera"]);
        let key = server.client(&server.key());
        for (id, word) in [(alpha.id, "alpha"), (bravo.id, "bravo")] {
            for name in [format!("{word}_type"), "shared_type".to_owned()] {
                key.post(&types(id), &json!({"name": name})).ok(201);
            }
            let alias =
                json!({"alias": if word == "alpha" { "Alpha alias" } else { "Bravo alias" }});
            key.put(&format!("{}motion/", types(id)), &alias).ok(200);
            let tag = json!({"tag": "shared_tag", "data": word});
            key.post(&format!("/api/v3/channels/{id}/meta/"), &tag).ok(201);
            let url = json!({"url": format!("rtsp://{word}.example/1")});
            key.put(&format!("/api/v2/cameras/{id}/"), &url).ok(200);
        }
        let time = "2026-03-01T10:00:00";
        let store = |id: u64, word: &str| {
            let own = format!("{word}_tag");
            let meta = json!({own: word, "shared_tag": word});
            event(&key, id, &format!("{word}_type"), time, &meta);
            event(&key, id, "shared_type", time, &meta)
        };
        let (alpha_event, bravo_event) = (store(alpha.id, "alpha"), store(bravo.id, "bravo"));
        Self { server, key, alpha, bravo, alpha_event, bravo_event }
    }

    /// Every kind of credential, all of them for the first camera.
    fn credentials(&self) -> Vec<(&'static str, Kind, String)> {
        let server = &self.server;
        let acc = |answer: &Value| format!("Acc {}", answer["token"].as_str().unwrap());
        let group = |access: &str| {
            let group = ["group", "create", "--name", "G", "--camera", ALPHA, "--access", access];
            format!("SI {}", server.cli_json(&group)["group_token"].as_str().unwrap())
        };
        let token = |more: &[&str]| {
            server.cli_json(
                &[&["token", "create", "--camera", ALPHA, "--access", "all"], more].concat(),
            )
        };
        let revoked = token(&[]);
        server.cli_json(&["token", "revoke", &revoked["token_id"].to_string()]);
        let gone_key = server.cli_json(&["key", "create", "--name", "gone"]);
        server.cli_json(&["key", "revoke", &gone_key["key_id"].to_string()]);
        let removed = camera(server, &["--name", "Charlie camera"]);
        server.cli_json(&["camera", "remove", &removed.id.to_string()]);
        let expired = acc(&token(&["--expires", "1s"]));
        let ends = Instant::now() + PATIENCE;
        while server.client(&expired).get(EVENTS).status != 401 {
            assert!(Instant::now() < ends, "the token does not expire");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let inner = inner(&self.alpha.all);
        // The mac is that of another token: of the second camera's own.
        let forged = {
            let id_and_kind = inner.rsplit_once('.').unwrap().0;
            let foreign = self.bravo.ingest.rsplit_once('.').unwrap().1;
            format!("Acc {id_and_kind}.{foreign}")
        };
        vec![
            ("all", All, self.alpha.all.clone()),
            ("watch", Watch, self.alpha.watch.clone()),
            ("ingest", Ingest, self.alpha.ingest.clone()),
            ("group, all", All, group("all")),
            ("group, watch", Watch, group("watch")),
            ("all, after LKey", All, self.alpha.all.replace("Acc", "LKey")),
            ("key", Key, server.key()),
            ("expired", Dead, expired),
            ("revoked", Dead, acc(&revoked)),
            ("revoked key", Dead, format!("LKey {}", gone_key["license_key"].as_str().unwrap())),
            ("of a removed camera", Dead, removed.all),
            ("ingest of a removed camera", Dead, removed.ingest),
            ("forged", Dead, forged),
            ("key after Acc", Dead, server.key().replace("LKey", "Acc")),
            ("none", Dead, String::new()),
            ("garbage", Dead, "Acc garbage".to_owned()),
        ]
    }

    /// Everything that the second camera is and has.
    fn bravo(&self) -> Vec<Value> {
        let get = |path: &str| self.key.get(path).ok(200);
        vec![
            get(&format!("{EVENTS}?camid={BRAVO}&include_meta=true&detail=detail&limit=1000")),
            get(&types(self.bravo.id)),
            get(&format!("/api/v2/cameras/{BRAVO}/?include_meta=true")),
            get(&format!("/api/v3/channels/{BRAVO}/?include_meta=true")),
        ]
    }

    fn send(client: &Client, request: &Request, camera: &str, event: &str) -> Answer {
        let fill = |text: &str| text.replace("{c}", camera).replace("{e}", event);
        let body = fill(request.body);
        let body = (!body.is_empty()).then_some(body.as_bytes());
        client.send(request.method, &fill(request.path), &[], body)
    }
}

/// What the rule says: a status, and a code if it is a refusal. `None` if the request is not sent.
fn expected(
    kind: Kind,
    request: &Request,
    mine: bool,
    exists: bool,
) -> Option<(u16, &'static str)> {
    if kind == Dead {
        return Some((401, "invalid_auth"));
    }
    if !kind.may(request.action) {
        return Some((403, "access_deny"));
    }
    let visible = mine || (kind == Key && exists);
    Some(match request.named {
        CameraPath if !visible => (404, "camera_not_found"),
        EventPath if !visible => (404, "event_not_found"),
        Body if !visible => (403, "out_of_scope"),
        Query if !visible && kind != Key => (403, "out_of_scope"),
        Own if kind == Key => (403, "access_deny"),
        _ if request.destroys => return None,
        _ => (request.ok, ""),
    })
}

/// The digits of `id` in `text` as `ID`.
fn without(id: &str, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let end = rest[at..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| at + n);
        out.push_str(&rest[..at]);
        out.push_str(if &rest[at..end] == id { "ID" } else { &rest[at..end] });
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn no_credential_reaches_beyond_its_scope() {
    let site = Site::start();
    let before = site.bravo();
    let (alpha_event, bravo_event) = (site.alpha_event.to_string(), site.bravo_event.to_string());
    for (name, kind, authorization) in site.credentials() {
        let client = site.server.client(&authorization);
        for request in REQUESTS {
            let about = format!("{name}: {} {} {}", request.method, request.path, request.body);
            let targets = [
                (ALPHA, alpha_event.as_str(), true, true),
                (BRAVO, bravo_event.as_str(), false, true),
                (NOBODY, NO_EVENT, false, false),
            ];
            let anywhere = matches!(request.named, Nowhere | Own);
            let count = if anywhere { 1 } else { targets.len() };
            let mut refusals = Vec::new();
            for (camera, event, mine, exists) in &targets[..count] {
                let Some((status, code)) = expected(kind, request, *mine, *exists) else {
                    continue;
                };
                if kind == Key && !mine && request.method != "GET" && code.is_empty() {
                    continue; // what the whole account may do to the second camera is not asked here
                }
                let answer = Site::send(&client, request, camera, event);
                let about = format!("{about} on {camera}: {} {}", answer.status, answer.text);
                if status != 0 {
                    assert_eq!(answer.status, status, "{about}");
                }
                if !code.is_empty() {
                    assert_eq!(answer.error(), code, "{about}");
                }
                if kind != Key {
                    let text = answer.text.to_lowercase();
                    assert!(!text.contains("bravo"), "a foreign camera shows. {about}");
                    assert!(!text.contains(&format!("\"camid\":{BRAVO}")), "{about}");
                    assert!(!text.contains(&format!("\"{BRAVO}\"")), "{about}");
                }
                if !mine {
                    let text = without(camera, &answer.text);
                    let refused = answer.status >= 400;
                    let text = if refused { without(event, &text) } else { text };
                    refusals.push((answer.status, text));
                }
            }
            // What is foreign is answered exactly like what does not exist.
            if kind != Key && refusals.len() == 2 {
                assert_eq!(refusals[0], refusals[1], "{about}");
            }
        }
    }
    assert_eq!(site.bravo(), before);
}

/// The other direction: what the rule allows works, on the own camera.
#[test]
fn what_is_allowed_works() {
    let site = Site::start();
    let own = site.server.client(&site.alpha.all);
    let page = own.get(&format!("{EVENTS}?include_meta=true")).ok(200);
    assert_eq!(page["meta"]["total_count"], 2);
    let skipped = own.get(&format!("{EVENTS}?camid={BRAVO},{NOBODY},{ALPHA}")).ok(200);
    assert_eq!(skipped["meta"]["total_count"], 2);
    let only_foreign = own.get(&format!("{EVENTS}?camid={BRAVO},{NOBODY}")).ok(200);
    assert_eq!(only_foreign["meta"]["total_count"], 0);
    let everything = site.key.get(EVENTS).ok(200);
    assert_eq!(everything["meta"]["total_count"], 4);
    let unknown = site.key.get(&format!("{EVENTS}?camid={NOBODY}")).ok(200);
    assert_eq!(unknown["meta"]["total_count"], 0);
    let cameras = own.get("/api/v2/cameras/").ok(200);
    assert_eq!(cameras["meta"]["total_count"], 1);
    assert_eq!(cameras["objects"][0]["id"], site.alpha.id);

    // Without `camid` it is the token's camera; a key has to say.
    let new = json!({"name": "motion", "age_ms": 0});
    assert_eq!(own.post(EVENTS, &new).ok(201)["camid"], site.alpha.id);
    let ingest = site.server.client(&site.alpha.ingest);
    assert_eq!(ingest.post(EVENTS, &new).ok(201)["camid"], site.alpha.id);
    assert_eq!(site.key.post(EVENTS, &new).error(), "missing_field");
    let bearer = site.server.client(&site.alpha.ingest.replace("Acc", "Bearer"));
    bearer.post(EVENTS, &new).ok(201);
    let bare = site.alpha.ingest.strip_prefix("Acc ").unwrap();
    site.server.client("").post(&format!("{EVENTS}?token={bare}"), &new).ok(201);

    // One bulk with an own, a foreign and an unknown camera.
    let items = json!([
        {"camid": site.alpha.id, "name": "motion", "age_ms": 0},
        {"camid": site.bravo.id, "name": "motion", "age_ms": 0},
        {"camid": 79_999, "name": "motion", "age_ms": 0},
    ]);
    let result = own.post(&format!("{EVENTS}bulk/"), &items).ok(200);
    assert_eq!((&result["created"], &result["failed"]), (&json!(1), &json!(2)));
    for refused in [&result["objects"][1], &result["objects"][2]] {
        assert_eq!(
            (&refused["status"], &refused["errorType"]),
            (&json!(403), &json!("out_of_scope"))
        );
    }

    // v4 is for the token of one camera.
    assert_eq!(own.get("/api/v4/channel/").ok(200)["id"], site.alpha.id);
    assert_eq!(own.get("/api/v4/live/watch").ok(200)["url"], "rtsp://alpha.example/1");
    assert_eq!(site.key.get("/api/v4/channel/").error(), "access_deny");
}

/// No token yields one that may do more, or lasts longer.
#[test]
fn a_token_shows_no_better_token() {
    let site = Site::start();
    for (authorization, access) in [(&site.alpha.watch, "watch"), (&site.alpha.all, "all")] {
        let client = site.server.client(authorization);
        let channel = client.get(&format!("/api/v3/channels/{ALPHA}/")).ok(200);
        assert_eq!(channel.get("access_tokens"), None);
        let channel = client.get(&format!("/api/v5/channels/{ALPHA}/")).ok(200);
        let shown = format!("Acc {}", channel["token"].as_str().unwrap());
        let may_create =
            site.server.client(&shown).post(EVENTS, &json!({"name": "net", "age_ms": 0}));
        assert_eq!(may_create.status, if access == "all" { 201 } else { 403 });
        site.server.client(&shown).get(EVENTS).ok(200);
    }
    let channel = site.key.get(&format!("/api/v3/channels/{ALPHA}/")).ok(200);
    assert!(
        channel["access_tokens"]["all"].is_string()
            && channel["access_tokens"]["watch"].is_string()
    );
}

#[test]
fn a_removed_camera_is_gone_but_its_events_stay_for_the_account() {
    let site = Site::start();
    let group = ["group", "create", "--name", "Both", "--camera", ALPHA, "--camera", BRAVO];
    let group = site.server.cli_json(&group)["group_token"].as_str().unwrap().to_owned();
    let group = site.server.client(&format!("SI {group}"));
    assert_eq!(group.get(EVENTS).ok(200)["meta"]["total_count"], 4);
    assert_eq!(site.key.delete(&format!("/api/v3/channels/{BRAVO}/")).status, 204);
    for secret in [&site.bravo.all, &site.bravo.watch, &site.bravo.ingest] {
        assert_eq!(site.server.client(secret).get(EVENTS).error(), "invalid_auth");
    }
    let events = format!("{EVENTS}?camid={BRAVO}");
    assert_eq!(site.key.get(&events).ok(200)["meta"]["total_count"], 2);
    assert_eq!(site.key.get(&types(site.bravo.id)).error(), "camera_not_found");
    let left = group.get(&format!("{EVENTS}?include_meta=true"));
    assert_eq!(left.ok(200)["meta"]["total_count"], 2, "a group keeps what is removed");
    assert!(!left.text.contains("bravo"));
    let item = format!("{EVENTS}{}/", site.bravo_event);
    assert_eq!(group.get(&item).error(), "event_not_found");
    assert_eq!(site.key.get(&item).ok(200)["camid"], site.bravo.id);
}

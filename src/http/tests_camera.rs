//! Cameras, event types, channels and groups over HTTP, with the real services below.

use std::path::Path;

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use actix_web::{App, HttpResponse};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::body::BodyBudget;
use super::configure;
use crate::domain::{Access, Role, Timestamp};
use crate::service::access::Caller;
use crate::service::camera::NewCamera;
use crate::service::clock::Clock;
use crate::service::{Services, Settings};

/// 2021-09-23T16:30:00Z.
const NOW: Timestamp = Timestamp(1_632_414_600_000_000);
const PASSWORD: &str = "rhubarb-7-lantern";
const TYPES: &str = "/api/v2/cameras/1/event_processing/events/";

/// A server over a data directory of its own, with a license key and one camera, number 1.
pub(super) struct Server {
    pub services: Services,
    pub key: String,
    /// An administrator's session, as its cookie.
    pub admin: String,
    pub all: String,
    pub watch: String,
    _dir: TempDir,
}

/// Status and body of an answer; null for an empty body.
pub(super) struct Answer(pub u16, pub Value, pub HttpResponse);

impl Server {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(NOW);
        let mut options = defaults(Services::open);
        (options.min_free_bytes, options.segment_bytes) = (Some(0), Some(1 << 20));
        let services = Services::open(dir.path(), options, Settings::default(), clock).unwrap();
        let local = Caller::local();
        let key = services.credentials.create_key(&local, "test".into()).await.unwrap();
        let new = NewCamera { name: "Gate".into(), ..NewCamera::default() };
        let added = services.cameras.add(&local, new).await.unwrap();
        let secret = |access| {
            let row = added.tokens.iter().find(|row| row.access == access).unwrap();
            format!("Acc {}", services.credentials.secret(row))
        };
        let (all, watch) = (secret(Access::All), secret(Access::Watch));
        services.users.add(&local, "admin".into(), PASSWORD, Role::Admin).await.unwrap();
        let key = format!("LKey {}", key.secret);
        let mut server = Self { key, admin: String::new(), all, watch, services, _dir: dir };
        server.admin = server.log_in().await;
        server
    }

    /// Another session of the administrator: sessions end while the clock goes on.
    pub async fn log_in(&self) -> String {
        let session = self.services.sessions.begin("admin", PASSWORD, None).await.unwrap();
        format!("wp_session={}", session.secret)
    }

    pub async fn ask(&self, method: Method, path: &str, who: &str, body: Option<&str>) -> Answer {
        let app = App::new()
            .app_data(Data::new(self.services.clone()))
            .app_data(Data::new(BodyBudget::default()))
            .configure(configure);
        let app = init_service(app).await;
        let mut request =
            TestRequest::with_uri(path).method(method).insert_header(("host", "nvr.local:8080"));
        if who.starts_with("wp_session=") {
            let own = ("origin", "http://nvr.local:8080");
            request = request.insert_header(("cookie", who)).insert_header(own);
        } else if !who.is_empty() {
            request = request.insert_header(("authorization", who));
        }
        if let Some(body) = body {
            request = request.insert_header(("content-type", "application/json"));
            request = request.set_payload(body.to_owned());
        }
        let response = call_service(&app, request.to_request()).await;
        let mut head = HttpResponse::new(response.status());
        *head.headers_mut() = response.headers().clone();
        let body = read_body(response).await;
        let body =
            if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Answer(head.status().as_u16(), body, head)
    }

    pub async fn get(&self, path: &str, who: &str) -> Answer {
        self.ask(Method::GET, path, who, None).await
    }

    pub async fn post(&self, path: &str, who: &str, body: &str) -> Answer {
        self.ask(Method::POST, path, who, Some(body)).await
    }

    pub async fn put(&self, path: &str, who: &str, body: &str) -> Answer {
        self.ask(Method::PUT, path, who, Some(body)).await
    }

    pub async fn delete(&self, path: &str, who: &str) -> Answer {
        self.ask(Method::DELETE, path, who, None).await
    }
}

/// What `open` takes for the store, which HTTP does not know by name.
fn defaults<O: Default, R>(_open: fn(&Path, O, Settings, Clock) -> R) -> O {
    O::default()
}

impl Answer {
    #[track_caller]
    pub fn is(&self, status: u16, body: &Value) {
        assert_eq!((self.0, &self.1), (status, body));
    }

    #[track_caller]
    pub fn refuses(&self, status: u16, code: &str) {
        assert_eq!((self.0, &self.1["errorType"]), (status, &json!(code)), "{}", self.1);
    }
}

#[actix_web::test]
async fn a_new_camera_has_the_three_types() {
    let server = Server::new().await;
    let none = json!({"can_be_triggered":false,"can_record":false,"can_snapshot":false,"is_periodic":false});
    for who in [&server.all, &server.watch, &server.key] {
        server.get(TYPES, who).await.is(
            200,
            &json!({
                "meta":{"limit":20,"next":null,"offset":0,"previous":null,"total_count":3},
                "objects":[
                    {"caps":{"can_be_triggered":false,"can_record":true,"can_snapshot":true,"is_periodic":false},
                     "generate_images":false,"name":"motion","notify":true,"receive":true,
                     "record":true,"snapshot":true},
                    {"caps":none,"generate_images":false,"name":"net","notify":true,"receive":true},
                    {"caps":{"can_be_triggered":false,"can_record":false,"can_snapshot":true,"is_periodic":true},
                     "generate_images":false,"name":"snapshot","notify":true,"period":0,
                     "receive":false,"snapshot":true},
                ],
            }),
        );
    }
    let second = server.get(&format!("{TYPES}?limit=1&offset=1&token=x"), &server.all).await.1;
    assert_eq!(second["objects"][0]["name"], "net");
    assert_eq!(second["meta"]["next"], format!("{TYPES}?limit=1&offset=2"));
}

#[actix_web::test]
async fn every_type_is_on_the_first_page() {
    let server = Server::new().await;
    for n in 0..20 {
        server.post(TYPES, &server.all, &format!(r#"{{"name":"t{n}"}}"#)).await;
    }
    let list = server.get(TYPES.trim_end_matches('/'), &server.all).await.1;
    assert_eq!(list["objects"].as_array().unwrap().len(), 23);
    assert_eq!((&list["meta"]["limit"], &list["meta"]["next"]), (&json!(23), &Value::Null));
}

#[actix_web::test]
async fn a_custom_type_is_added_changed_and_removed() {
    let server = Server::new().await;
    let caps = json!({"can_be_triggered":false,"can_record":false,"can_snapshot":false,"is_periodic":false});
    let mut custom =
        json!({"caps":caps,"custom":true,"name":"door open","notify":true,"receive":false});
    let body = r#"{"name":"door open","notify":true,"unknown":1}"#;
    server.post(TYPES, &server.all, body).await.is(201, &custom);
    server.post(TYPES, &server.all, body).await.refuses(400, "already_exists");
    server.post(TYPES, &server.all, r#"{"name":"motion"}"#).await.refuses(400, "already_exists");
    server.post(TYPES, &server.all, r#"{"notify":true}"#).await.refuses(400, "missing_field");
    server.post(TYPES, &server.all, r#"{"name":5}"#).await.refuses(400, "bad_parameter");
    server.post(TYPES, &server.all, "{").await.refuses(400, "bad_json");
    let path = format!("{TYPES}door%20open");
    server.get(&path, &server.watch).await.is(200, &custom);
    custom["alias"] = json!("Front door");
    server.put(&path, &server.all, r#"{"alias":"Front door"}"#).await.is(200, &custom);
    let aliases = server.get("/api/v3/aliases", &server.watch).await.1;
    assert_eq!(aliases["objects"], json!([{"alias_name":"Front door"}]));
    custom.as_object_mut().unwrap().remove("alias");
    server
        .put(&path, &server.all, r#"{"alias":null,"generate_images":true}"#)
        .await
        .is(200, &custom);
    server.delete(&path, &server.all).await.is(204, &Value::Null);
    server.get(&path, &server.all).await.refuses(404, "event_type_not_found");
    server.delete(&format!("{TYPES}net/"), &server.all).await.refuses(400, "built_in");
}

#[actix_web::test]
async fn odd_changes_of_known_clients_are_taken() {
    let server = Server::new().await;
    let net = format!("{TYPES}net/");
    let mut body = server.get(&net, &server.all).await.1;
    server.put(&net, &server.all, r#"{"record":true,"snapshot":true}"#).await.is(200, &body);
    body["notify"] = json!(false);
    server.put(&net, &server.all, "false").await.is(200, &body);
    server.put(&net, &server.all, "{}").await.is(200, &body);
    for wrong in [r#"{"notify":"yes"}"#, "[true]", "1", r#"{"period":-1}"#, "null"] {
        server.put(&net, &server.all, wrong).await.refuses(400, "bad_parameter");
    }
    let snapshot = format!("{TYPES}snapshot/");
    let changed = server.put(&snapshot, &server.all, r#"{"period":60,"receive":true}"#).await.1;
    assert_eq!((&changed["period"], &changed["receive"]), (&json!(60), &json!(true)));
}

#[actix_web::test]
async fn a_type_without_the_cap_is_not_triggered() {
    let server = Server::new().await;
    let path = format!("{TYPES}motion/trigger/");
    for (path, body) in [
        (path.clone(), ""),
        (format!("{path}?wait=0"), r#"{"time":"2021-09-23T16:30","meta":{"a":1}}"#),
    ] {
        server.post(&path, &server.all, body).await.refuses(400, "not_triggerable");
    }
    server.post(&path, &server.all, r#"{"time":5}"#).await.refuses(400, "bad_parameter");
    server.post(&path, &server.all, r#"{"time":"x"}"#).await.refuses(400, "bad_parameter");
    server.post(&path, &server.watch, "").await.refuses(403, "access_deny");
    let unknown = format!("{TYPES}nothing/trigger/");
    server.post(&unknown, &server.all, "").await.refuses(404, "event_type_not_found");
    server.get(&path, &server.all).await.refuses(405, "method_not_allowed");
}

#[actix_web::test]
async fn reading_tokens_do_not_write_and_foreign_cameras_look_missing() {
    let server = Server::new().await;
    let (all, watch, key) = (&server.all, &server.watch, &server.key);
    server.post("/api/v2/cameras/", key, r#"{"name":"Yard"}"#).await;
    server.post(TYPES, watch, r#"{"name":"x"}"#).await.refuses(403, "access_deny");
    server.put(&format!("{TYPES}net/"), watch, "true").await.refuses(403, "access_deny");
    server.put("/api/v2/cameras/1/", watch, r#"{"name":"x"}"#).await.refuses(403, "access_deny");
    server
        .post("/api/v3/channels/1/meta/", watch, r#"{"tag":"a"}"#)
        .await
        .refuses(403, "access_deny");
    server.post("/api/v2/cameras/", all, r#"{"name":"x"}"#).await.refuses(403, "access_deny");
    server.delete("/api/v2/cameras/1/", all).await.refuses(403, "access_deny");
    server.get("/api/v3/channel_groups/", all).await.refuses(403, "access_deny");
    server.get(TYPES, "").await.refuses(401, "invalid_auth");
    server.get(TYPES, "Acc nonsense").await.refuses(401, "invalid_auth");
    for path in [
        "/api/v2/cameras/2/",
        "/api/v2/cameras/9/",
        "/api/v2/cameras/2/motion_detection/",
        "/api/v2/cameras/2/event_processing/events/",
        "/api/v2/cameras/2/event_processing/events/net/",
        "/api/v3/channels/2/",
        "/api/v3/channels/2/meta/",
        "/api/v5/channels/2/",
        "/api/v2/storage/timeline/2/",
    ] {
        server.get(path, all).await.refuses(404, "camera_not_found");
    }
    for path in
        ["/api/v2/cameras/x/", "/api/v2/cameras/-1", "/api/v3/channels/99999999999/", "/api/v9/"]
    {
        server.get(path, all).await.refuses(404, "not_found");
    }
    server.get("/api/v2/storage/clips/?camid=2", all).await.refuses(403, "out_of_scope");
    assert_eq!(server.get("/api/v2/storage/clips/?camid=2,3", all).await.0, 200);
    assert_eq!(server.get("/api/v2/storage/clips/?camid=9", key).await.0, 200);
    let visible = server.get("/api/v5/channels/", all).await.1;
    assert_eq!(visible["meta"]["total_count"], 1);
}

#[actix_web::test]
async fn a_camera_is_added_changed_and_removed() {
    let server = Server::new().await;
    let key = &server.key;
    let body = r#"{"name":"Yard","timezone":"Europe/Berlin","latitude":52.5200,"url":"rtsp://u:p@cam/1","meta":{"floor":2}}"#;
    let camera = json!({
        "access":["all"],"cmngrid":2,"created":"2021-09-23T16:30:00","enabled":true,"id":2,
        "latitude":52.52,"longitude":null,"meta":{"floor":"2"},"name":"Yard","rec_mode":"off",
        "status":"offline","timezone":"Europe/Berlin","url":"rtsp://u:p@cam/1",
    });
    server.post("/api/v2/cameras", key, body).await.is(201, &camera);
    server.get("/api/v2/cameras/2?include_meta=true", key).await.is(200, &camera);
    let list = server.get("/api/v2/cameras/?limit=1&detail=detail", key).await.1;
    assert_eq!(list["meta"]["next"], "/api/v2/cameras/?detail=detail&limit=1&offset=1");
    let changed =
        server.put("/api/v2/cameras/2", key, r#"{"rec_mode":"by_event","enabled":false}"#).await.1;
    assert_eq!(
        (&changed["rec_mode"], &changed["status"]),
        (&json!("by_event"), &json!("inactive"))
    );
    for wrong in
        [r#"{"rec_mode":"x"}"#, r#"{"timezone":"Mars"}"#, r#"{"latitude":"x"}"#, r#"{"name":""}"#]
    {
        server.put("/api/v2/cameras/2/", key, wrong).await.refuses(400, "bad_parameter");
    }
    server.post("/api/v2/cameras/", key, "{}").await.refuses(400, "missing_field");
    server
        .put("/api/v2/cameras/2/motion_detection/regions/", key, "{}")
        .await
        .refuses(405, "method_not_allowed");
    server.delete("/api/v2/cameras/2/?purge=true", key).await.is(204, &Value::Null);
    server.delete("/api/v2/cameras/2/?purge=true", key).await.refuses(404, "camera_not_found");
}

#[actix_web::test]
async fn a_channel_shows_its_tokens_to_the_account_only() {
    let server = Server::new().await;
    let body = r#"{"name":"Dock","source":{"url":"rtsp://cam/1","login":"u","password":"p"},"meta":{"a":"1"}}"#;
    let added = server.post("/api/v3/channels/?detail=detail", &server.key, body).await;
    assert_eq!(added.0, 201);
    assert_eq!(added.2.headers().get("cache-control").unwrap(), "no-store");
    assert_eq!(added.1["source"], json!({"login":"u","url":"rtsp://cam/1"}));
    let tokens = &added.1["access_tokens"];
    let token = format!("Acc  {}", tokens["watch"].as_str().unwrap());
    let own = server.get("/api/v4/channel/", &token).await;
    own.is(
        200,
        &json!({"id":2,"name":"Dock","rec_mode":"off","recording":false,"status":"offline",
                "streaming":false,"timezone":"UTC"}),
    );
    server.put("/api/v4/channel/", &token, "{}").await.refuses(403, "access_deny");
    server.get("/api/v4/channel/", &server.key).await.refuses(403, "access_deny");
    server.get("/api/v4/live/watch/", &server.all).await.refuses(404, "not_found");
    let live = json!({"rtsp":"rtsp://cam/1","url":"rtsp://cam/1"});
    server.get("/api/v4/live/watch/", &token).await.is(200, &live);

    let list =
        server.get("/api/v3/channels?limit=1000&include_meta=true&meta=a,b", &server.key).await.1;
    assert_eq!(list["meta"]["total_count"], 1);
    assert_eq!(list["objects"][0], added.1);
    let own = server.get("/api/v3/channels/1/", &server.all).await.1;
    assert_eq!(
        (&own["access_tokens"], &own["created"]),
        (&Value::Null, &json!("2021-09-23T16:30:00"))
    );
    server.delete("/api/v3/channels/2", &server.key).await.is(204, &Value::Null);
    server.get("/api/v4/channel/", &token).await.refuses(401, "invalid_auth");
}

#[actix_web::test]
async fn tags_of_a_channel_are_added_once() {
    let server = Server::new().await;
    let tags = "/api/v3/channels/1/meta/";
    let tag = json!({"data":"Hall","tag":"location"});
    server.post(tags, &server.all, &tag.to_string()).await.is(201, &tag);
    server.post(tags, &server.all, &tag.to_string()).await.refuses(400, "already_exists");
    server.post(tags, &server.all, r#"{"data":"x"}"#).await.refuses(400, "missing_field");
    let changed = json!({"data":"7","tag":"location"});
    let path = "/api/v3/channels/1/meta/location";
    server.put(path, &server.all, r#"{"data":7}"#).await.is(200, &changed);
    server.put(path, &server.all, "{}").await.refuses(400, "missing_field");
    server.get(path, &server.watch).await.is(200, &changed);
    assert_eq!(server.get(tags, &server.watch).await.1["objects"], json!([changed]));
    assert_eq!(
        server.get("/api/v5/channels/?meta_not=location", &server.all).await.1["objects"],
        json!([])
    );
    server.delete(path, &server.all).await.is(204, &Value::Null);
    server.delete(path, &server.all).await.refuses(404, "not_found");
}

#[actix_web::test]
async fn a_group_token_reaches_its_cameras() {
    let server = Server::new().await;
    let groups = "/api/v3/channel_groups/";
    server.post("/api/v2/cameras/", &server.key, r#"{"name":"Yard"}"#).await;
    let group = server.post(groups, &server.key, r#"{"name":"Site","channels":[2]}"#).await;
    assert_eq!((group.0, &group.1["channels"]), (201, &json!([2])));
    let token = format!("SI {}", group.1["token"].as_str().unwrap());
    let path = format!("{groups}{}/", group.1["id"]);
    let list = server.get("/api/v5/channels/?include_meta=true&preview=true", &token).await.1;
    let camera = &list["objects"][0];
    assert_eq!((&list["meta"]["total_count"], &camera["id"]), (&json!(1), &json!(2)));
    let own = format!("Acc {}", camera["token"].as_str().unwrap());
    assert_eq!(server.get("/api/v4/channel/", &own).await.1["id"], 2);
    server.get("/api/v2/cameras/1/", &token).await.refuses(404, "camera_not_found");
    let changed = server.put(&path, &server.key, r#"{"channels":[1,2]}"#).await;
    assert_eq!((changed.0, &changed.1["token"]), (200, &group.1["token"]));
    assert_eq!(server.get("/api/v2/cameras/1/", &token).await.0, 200);
    server.put(&path, &server.key, r#"{"channels":[9]}"#).await.refuses(403, "out_of_scope");
    server
        .post(groups, &server.key, r#"{"name":"x","access":"root"}"#)
        .await
        .refuses(400, "bad_parameter");
    server.delete(&path, &server.key).await.is(204, &Value::Null);
    server.get("/api/v5/channels/", &token).await.refuses(401, "invalid_auth");
    server.get(&path, &server.key).await.refuses(404, "not_found");
}

#[actix_web::test]
async fn a_reading_token_yields_no_more_than_itself() {
    let server = Server::new().await;
    let list = server.get("/api/v5/channels/", &server.watch).await.1;
    let token = format!("Acc {}", list["objects"][0]["token"].as_str().unwrap());
    server.put("/api/v4/channel/", &token, "{}").await.refuses(403, "access_deny");
    let url = r#"{"url":"rtsp://u:secret@cam/"}"#;
    server.put("/api/v2/cameras/1/", &server.all, url).await;
    assert_eq!(server.get("/api/v2/cameras/1/", &server.watch).await.1["url"], "rtsp://u@cam/");
    assert_eq!(
        server.get("/api/v2/cameras/1/", &server.all).await.1["url"],
        "rtsp://u:secret@cam/"
    );
}

#[actix_web::test]
async fn lists_of_video_are_empty_and_health_is_open() {
    let server = Server::new().await;
    for path in super::recording::LISTS.into_iter().chain(["/api/v2/storage/timeline/1/"]) {
        let path = format!("{path}?limit=5");
        server.get(&path, &server.watch).await.is(
            200,
            &json!({"meta":{"expire":"2021-09-23T17:30:00","limit":5,"next":null,"offset":0,
                            "previous":null,"total_count":0},"objects":[]}),
        );
        server.get(&path, "").await.refuses(401, "invalid_auth");
    }
    for path in ["/healthz", "/readyz"] {
        server.get(path, "").await.is(200, &json!({"status":"ok"}));
    }
    let document = server.get("/api/openapi.json", "").await;
    assert_eq!((document.0, &document.1["openapi"]), (200, &json!("3.1.0")));
    server.services.stopping();
    let body = json!({"check":"stopping","status":"unavailable"});
    server.get("/readyz", "").await.is(503, &body);
}

#[actix_web::test]
async fn a_purge_takes_the_events_too_even_later() {
    let server = Server::new().await;
    let events = "/api/v2/storage/events/";
    let event = r#"{"camid":1,"name":"motion","time":"2021-09-23T16:30:00"}"#;
    assert_eq!(server.post(events, &server.all, event).await.0, 201);
    server.delete("/api/v2/cameras/1/", &server.key).await.is(204, &Value::Null);
    server.get(TYPES, &server.key).await.refuses(404, "camera_not_found");
    let list = server.get("/api/v2/storage/events/?camid=1", &server.key).await.1;
    assert_eq!(list["meta"]["total_count"], 1);
    server.delete("/api/v2/cameras/1/", &server.key).await.refuses(404, "camera_not_found");
    server.delete("/api/v2/cameras/1/?purge=true", &server.key).await.is(204, &Value::Null);
    let list = server.get(events, &server.key).await.1;
    assert_eq!(list["meta"]["total_count"], 0);
}

//! The seed's five requests, sent by the real `curl` as they stand: only host, port, camera and token
//! are ours. The answers are held here word for word.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::Server;

/// The camera of the seed.
const CAMERA: &str = "237863";

/// A server with the seed's camera.
struct Seed {
    server: Server,
    token: String,
}

impl Seed {
    fn start() -> Self {
        let server = Server::start();
        let camera = server.cli_json(&["camera", "add", "--id", CAMERA, "--name", "Seed"]);
        let token = camera["access_tokens"]["all"].as_str().unwrap().to_owned();
        Self { server, token }
    }

    /// Runs a command line, with our host and token in it. Gives status and body.
    fn run(&self, line: &str) -> (u16, Value) {
        let line = line.replace("https://HOST", &self.server.base);
        let line = line.replace("ACCESS_TOKEN", &self.token);
        let line = format!("{line} -sS -w '\\n%{{http_code}}'");
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        let body = serde_json::from_str(body).unwrap_or_else(|e| panic!("{line}: {e}: {body}"));
        (status.parse().unwrap(), body)
    }

    /// The same, which must answer `status`.
    #[track_caller]
    fn ok(&self, status: u16, line: &str) -> Value {
        let (answered, body) = self.run(line);
        assert_eq!(answered, status, "{line}: {body}");
        body
    }
}

fn types_of_a_new_camera() -> Value {
    json!({
        "meta": {"limit": 20, "next": null, "offset": 0, "previous": null, "total_count": 3},
        "objects": [
            {
                "caps": {
                    "can_be_triggered": false,
                    "can_record": true,
                    "can_snapshot": true,
                    "is_periodic": false
                },
                "generate_images": false,
                "name": "motion",
                "notify": true,
                "receive": true,
                "record": true,
                "snapshot": true
            },
            {
                "caps": {
                    "can_be_triggered": false,
                    "can_record": false,
                    "can_snapshot": false,
                    "is_periodic": false
                },
                "generate_images": false,
                "name": "net",
                "notify": true,
                "receive": true
            },
            {
                "caps": {
                    "can_be_triggered": false,
                    "can_record": false,
                    "can_snapshot": true,
                    "is_periodic": true
                },
                "generate_images": false,
                "name": "snapshot",
                "notify": true,
                "period": 0,
                "receive": false,
                "snapshot": true
            }
        ]
    })
}

#[test]
fn the_five_requests_are_answered_field_by_field() {
    let seed = Seed::start();

    let types = seed.ok(
        200,
        r#"curl -X GET "https://HOST/api/v2/cameras/237863/event_processing/events/" -H "accept: application/json" -H "Authorization: Acc ACCESS_TOKEN""#,
    );
    assert_eq!(types, types_of_a_new_camera());

    let custom = seed.ok(
        201,
        r#"curl -X POST "https://HOST/api/v2/cameras/237863/event_processing/events/" -H "accept: application/json" -H "Authorization: Acc ACCESS_TOKEN" -H "Content-Type: application/json" -d "{ \"name\": \"custom_event\", \"notify\": true}""#,
    );
    assert_eq!(
        custom,
        json!({
            "caps": {
                "can_be_triggered": false,
                "can_record": false,
                "can_snapshot": false,
                "is_periodic": false
            },
            "custom": true,
            "name": "custom_event",
            "notify": true,
            "receive": false
        })
    );

    let event = seed.ok(
        201,
        r#"curl -X POST "https://HOST/api/v2/storage/events/" -H "accept: application/json" -H "Authorization: Acc ACCESS_TOKEN" -H "Content-Type: application/json" -d "{ \"camid\": 237863, \"name\": \"custom_event\", \"time\": \"2021-09-23T16:30:00\", \"meta\": { \"tag1\": \"value1\" }}""#,
    );
    let id = event["id"].as_u64().expect("an id is a number");
    let stored = json!({
        "camid": 237_863,
        "id": id,
        "meta": {"tag1": "value1"},
        "name": "custom_event",
        "time": "2021-09-23T16:30:00"
    });
    assert_eq!(event, stored);

    let trigger = r#"curl -X POST "https://HOST/api/v2/cameras/237863/event_processing/events/audio_event/trigger/" -H "accept: application/json" -H "Authorization: Acc ACCESS_TOKEN" -H "Content-Type: application/json" -d "{ \"time\": \"2021-09-23T19:15:00\", \"meta\": { \"tag1\": \"value1\" }}""#;
    let refusal = seed.ok(404, trigger);
    assert_eq!(refusal["errorType"], "event_type_not_found");
    seed.ok(
        201,
        r#"curl -X POST "https://HOST/api/v2/cameras/237863/event_processing/events/" -H "Authorization: Acc ACCESS_TOKEN" -H "Content-Type: application/json" -d "{ \"name\": \"audio_event\"}""#,
    );
    let refusal = seed.ok(400, trigger);
    assert_eq!(refusal["errorType"], "not_triggerable");
    assert_eq!(refusal["status"], 400);

    let listed = seed.ok(
        200,
        r#"curl -X GET "https://HOST/api/v2/storage/events/?camid=237863&events=custom_event&include_meta=true" -H "accept: application/json" -H "Authorization: Acc ACCESS_TOKEN""#,
    );
    assert_eq!(
        listed,
        json!({
            "meta": {"limit": 20, "next": null, "offset": 0, "previous": null, "total_count": 1},
            "objects": [stored]
        })
    );
}

#[test]
fn a_list_has_no_meta_unless_asked() {
    let seed = Seed::start();
    seed.ok(
        201,
        r#"curl -X POST "https://HOST/api/v2/storage/events/" -H "Authorization: Acc ACCESS_TOKEN" -H "Content-Type: application/json" -d "{ \"camid\": 237863, \"name\": \"motion\", \"time\": \"2021-09-23T16:30:00\", \"meta\": { \"tag1\": \"value1\" }}""#,
    );
    let listed = seed.ok(
        200,
        r#"curl "https://HOST/api/v2/storage/events/" -H "Authorization: Acc ACCESS_TOKEN""#,
    );
    let names: Vec<&String> = listed["objects"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["camid", "id", "name", "time"]);
}

/// Each way to present a credential that a known client uses.
#[test]
fn a_credential_is_taken_in_every_spelling() {
    let seed = Seed::start();
    let envelope = json_of(&seed.token);
    let inner = envelope["token"].as_str().unwrap();
    let group = seed.server.cli_json(&["group", "create", "--name", "Yard", "--camera", CAMERA]);
    let group = group["group_token"].as_str().unwrap();
    let key = seed.server.key();
    let plain = r#"curl "https://HOST/api/v2/cameras/237863/event_processing/events/""#;
    for line in [
        format!(r#"{plain} -H "Authorization: Acc ACCESS_TOKEN""#),
        format!(r#"{plain} -H "Authorization: Acc  ACCESS_TOKEN""#),
        format!(r#"{plain} -H "authorization: acc ACCESS_TOKEN""#),
        format!(r#"{plain} -H "Authorization: ACC {inner}""#),
        format!(r#"{plain} -H "Authorization: SI {group}""#),
        format!(r#"{plain} -H "Authorization: si  {group}""#),
        format!(r#"{plain} -H "Authorization: {key}""#),
        format!(r#"{plain} -H "Authorization: {}""#, key.replace("LKey", "lkey  ")),
        format!(r#"{plain} -H "Authorization: LKey ACCESS_TOKEN""#),
        format!(r#"{plain} -G --data-urlencode "token=ACCESS_TOKEN""#),
        format!(r#"{plain} -G -d "token={inner}""#),
        format!(r#"{plain} -G -d "token=ACCESS_TOKEN""#),
        format!(r#"{plain} -G -d "token={inner}" -H "Authorization: Acc ACCESS_TOKEN""#),
        format!(r#"{plain} -G -d "token=nonsense" -H "Authorization: Acc ACCESS_TOKEN""#),
    ] {
        assert_eq!(seed.ok(200, &line), types_of_a_new_camera(), "{line}");
    }
    for line in [
        plain.to_owned(),
        format!(r#"{plain} -G -d "token=nonsense""#),
        format!(r#"{plain} -H "Authorization: Acc nonsense""#),
        format!(r#"{plain} -H "Authorization: Acc""#),
        format!(r#"{plain} -H "Authorization: Basic ACCESS_TOKEN""#),
        format!(r#"{plain} -H "Authorization: Acc nonsense" -G -d "token={inner}""#),
        format!(r#"{plain} -G -d "token={}""#, key.trim_start_matches("LKey ")),
    ] {
        let refusal = seed.ok(401, &line);
        assert_eq!(refusal["errorType"], "invalid_auth", "{line}");
    }
}

/// What a client reads in a token before it makes its first request.
#[test]
fn a_token_says_where_the_server_is() {
    let seed = Seed::start();
    let camera = seed.server.client(&seed.server.key()).get("/api/v3/channels/237863/").ok(200);
    let port: u16 = seed.server.base.rsplit_once(':').unwrap().1.parse().unwrap();
    for access in ["all", "watch"] {
        let envelope = json_of(camera["access_tokens"][access].as_str().unwrap());
        assert_eq!(envelope["camid"], 237_863);
        assert_eq!(envelope["access"], access);
        assert_eq!(
            (&envelope["api"], &envelope["cam"]),
            (&json!("127.0.0.1"), &json!("127.0.0.1"))
        );
        assert_eq!(envelope["api_p"], port);
        assert!(envelope["token"].as_str().unwrap().starts_with("wp.t"));
    }
}

/// What is in a token: standard base64, padded.
fn json_of(token: &str) -> Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(token).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

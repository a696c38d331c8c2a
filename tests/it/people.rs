//! People: set-up, log-in, sessions, roles, and the audit trail, through the real binary.

mod trail;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Answer, Client, PATIENCE, Server, cli_with, printed};
use crate::requests::{Action, Named, REQUESTS};
use crate::site::{EVENTS, camera, event, types};

const ADMIN: &str = "/api/admin/v1";
const PASSWORD: &str = "rhubarb-7-lantern";

/// Somebody with a browser: the cookie that was set last is sent along, with the page's origin.
pub struct Person {
    client: Client,
    origin: String,
    pub cookie: String,
}

impl Person {
    pub fn at(server: &Server) -> Self {
        let origin = server.base.clone();
        Self { client: server.client(""), origin, cookie: String::new() }
    }

    /// Logged in as a user that is there.
    pub fn logged_in(server: &Server, name: &str) -> Self {
        let mut person = Self::at(server);
        person.log_in(name, PASSWORD).ok(200);
        person
    }

    pub fn log_in(&mut self, name: &str, password: &str) -> Answer {
        let body = json!({"name": name, "password": password});
        self.send("POST", &format!("{ADMIN}/session/"), Some(&body))
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let text = body.map(Value::to_string);
        let cookie = format!("theme=dark; {}", self.cookie);
        let headers = [("Cookie", cookie.as_str()), ("Origin", &self.origin)];
        let answer = self.client.send(method, path, &headers, text.as_deref().map(str::as_bytes));
        if let Some(set) = answer.header("set-cookie") {
            set.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        answer
    }
}

/// Runs a command with a password on standard input.
fn with_password(server: &Server, arguments: &[&str], password: &str) -> Output {
    cli_with(server.dir(), &[arguments, &["--password-stdin"]].concat(), password)
}

/// Adds a user with [`PASSWORD`].
pub fn user(server: &Server, name: &str, role: &str) {
    let added = with_password(server, &["user", "add", name, "--role", role], PASSWORD);
    assert_eq!(printed(&added), json!({"name": name, "role": role}));
}

/// A server with one user of each role, named like it.
pub fn staffed() -> Server {
    let server = Server::start();
    for role in ["admin", "operator", "viewer"] {
        user(&server, role, role);
    }
    server
}

fn code(server: &Server) -> String {
    std::fs::read_to_string(server.dir().join("setup-code")).unwrap().trim().to_owned()
}

fn admin(code: &str, name: &str) -> Value {
    json!({"code": code, "name": name, "password": PASSWORD})
}

#[test]
fn the_code_makes_the_first_admin_once() {
    let mut server = Server::start();
    let client = server.client("");
    let setup = &format!("{ADMIN}/setup/");
    let site = &format!("{ADMIN}/site/");
    assert_eq!(client.get(site).ok(200), json!({"name": "Watchpost", "setup_required": true}));
    assert_eq!(client.get(setup).ok(200), json!({"required": true, "code_valid": true}));
    let file = server.dir().join("setup-code");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let code = code(&server);
    assert!(code.chars().filter(|c| *c != '-').count() * 5 >= 128, "{code}");

    let wrong = client.post(setup, &admin("AAAAA-AAAAA", "m.krause"));
    assert_eq!((wrong.status, wrong.error().as_str()), (403, "wrong_code"));
    assert_eq!(wrong.json()["tries_left"], 9);
    for (name, password, status, error, reason) in [
        ("m.krause", "short", 400, "password_refused", "too_short"),
        ("m.krause", &"x".repeat(257), 400, "password_refused", "too_long"),
        ("m.krause", "Password1234", 400, "password_refused", "common"),
        ("m.krause", "m.krause-2026!", 400, "password_refused", "is_name"),
        ("m.krause", "Watchpost-2031", 400, "password_refused", "is_name"),
        ("m/krause", PASSWORD, 400, "bad_parameter", ""),
    ] {
        let body = json!({"code": code, "name": name, "password": password});
        let answer = client.post(setup, &body);
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{}", answer.text);
        assert_eq!(answer.json()["reason"].as_str().unwrap_or_default(), reason);
    }
    let unknown = json!({"code": code, "name": "m", "password": PASSWORD, "role": "admin"});
    assert_eq!(client.post(setup, &unknown).error(), "bad_parameter");

    // Two at once, typed as people do: one wins.
    let typed = code.to_lowercase().replace('-', " ");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let both = ["m.krause", "j.roth"].map(|name| {
            let (client, typed) = (server.client(""), &typed);
            scope.spawn(move || client.post(setup, &admin(typed, name)))
        });
        both.map(|one| one.join().unwrap()).into()
    });
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "{answers:?}");
    let won = answers.iter().find(|answer| answer.status == 200).unwrap();
    assert_eq!(won.json()["user"]["role"], "admin");
    let cookie = won.header("set-cookie").unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/");
    assert!(pair.strip_prefix("wp_session=").unwrap().len() >= 43);

    assert!(!file.exists());
    for _ in 0..2 {
        let client = server.client("");
        assert_eq!(client.get(setup).error(), "not_found");
        assert_eq!(client.post(setup, &admin(&code, "x")).error(), "not_found");
        assert_eq!(client.get(site).ok(200)["setup_required"], false);
        assert_eq!(server.terminate(), 0);
        server.restart();
    }
    let origin = server.base.clone();
    let mut person = Person { client: server.client(""), origin, cookie: pair.to_owned() };
    person.get(&format!("{ADMIN}/session/")).ok(200); // the session survives restarts
}

#[test]
fn ten_wrong_codes_end_the_code_and_a_restart_or_a_command_is_the_way_in() {
    let mut server = Server::start();
    let setup = &format!("{ADMIN}/setup/");
    let first = code(&server);
    for left in (0..10).rev() {
        let answer = server.client("").post(setup, &admin("wrong", "m"));
        assert_eq!((answer.status, &answer.json()["tries_left"]), (403, &json!(left)));
    }
    let client = server.client("");
    let answer = client.post(setup, &admin(&first, "m"));
    assert_eq!((answer.status, answer.error().as_str()), (410, "code_void"));
    assert_eq!(client.get(setup).ok(200), json!({"required": true, "code_valid": false}));
    assert!(!server.dir().join("setup-code").exists());
    assert_eq!(server.terminate(), 0);
    server.restart();
    assert_ne!(code(&server), first);
    assert_eq!(server.client("").post(setup, &admin(&first, "m")).error(), "wrong_code");
    user(&server, "m.krause", "admin");
    assert_eq!(server.client("").get(setup).error(), "not_found");
    assert!(!server.dir().join("setup-code").exists());
    Person::logged_in(&server, "M.Krause");
}

#[test]
fn a_session_begins_and_ends() {
    let mut server = staffed();
    let mut person = Person::at(&server);
    let session = &format!("{ADMIN}/session/");
    let wrong = person.log_in("viewer", "not-the-password");
    let nobody = person.log_in("nobody", "not-the-password");
    assert_eq!((wrong.status, wrong.error().as_str()), (401, "wrong_login"));
    assert_eq!((nobody.status, &nobody.text), (401, &wrong.text), "no difference shows");
    assert_eq!(person.cookie, "");
    assert_eq!(person.get(session).error(), "invalid_auth");

    let begun = person.log_in("viewer", PASSWORD).ok(200);
    assert_eq!(begun["user"], json!({"name": "viewer", "role": "viewer"}));
    assert_eq!(begun["site"], json!({"name": "Watchpost", "time_zone": "UTC"}));
    assert_eq!(begun["notices"], json!([]));
    assert!(begun["time"].as_str().unwrap() < begun["idle_until"].as_str().unwrap());
    let first = person.cookie.clone();
    assert_eq!(person.get(session).ok(200)["user"], begun["user"]);
    person.log_in("viewer", PASSWORD).ok(200);
    assert_ne!(person.cookie, first, "a new id at log-in");

    let sessions = &format!("{ADMIN}/session/sessions/");
    let listed = person.get(sessions).ok(200);
    let listed = listed["objects"].as_array().unwrap();
    assert_eq!(
        (listed.len(), &listed[0]["current"], &listed[1]["current"]),
        (2, &json!(true), &json!(false))
    );
    assert_eq!(listed[0]["address"], "127.0.0.1");
    assert_eq!(person.send("DELETE", sessions, None).status, 204);
    let latest = std::mem::replace(&mut person.cookie, first);
    assert_eq!(person.get(session).error(), "invalid_auth");
    person.cookie = latest;
    server.kill();
    server.restart();
    let origin = server.base.clone();
    let mut person = Person { client: server.client(""), origin, cookie: person.cookie };
    person.get(session).ok(200);

    // One's own password: the others end, this one goes on with a new secret.
    let mut other = Person::logged_in(&server, "viewer");
    let before = person.cookie.clone();
    let password = &format!("{session}password/");
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    let refused =
        person.send("PUT", password, Some(&change("wrong-password", "lantern-7-rhubarb")));
    assert_eq!((refused.status, refused.error().as_str()), (403, "wrong_password"));
    let refused = person.send("PUT", password, Some(&change(PASSWORD, "viewer-viewer")));
    assert_eq!(refused.json()["reason"], "is_name");
    let changed = person.send("PUT", password, Some(&change(PASSWORD, "lantern-7-rhubarb")));
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert_ne!(person.cookie, before);
    person.get(session).ok(200);
    assert_eq!(other.get(session).error(), "invalid_auth");
    assert_eq!(other.log_in("viewer", PASSWORD).error(), "wrong_login");
    other.log_in("viewer", "lantern-7-rhubarb").ok(200);

    let ended = person.cookie.clone();
    let out = person.send("DELETE", session, None);
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().starts_with("wp_session=; Max-Age=0;"));
    person.cookie = ended;
    assert_eq!(person.get(session).error(), "invalid_auth");
    // A license key is nobody.
    let key = server.client(&server.key());
    assert_eq!(key.get(session).error(), "access_deny");
    assert_eq!(key.put(password, &change("x", "y")).error(), "access_deny");
}

#[test]
fn a_stream_ends_with_its_session() {
    let server = staffed();
    let mut person = Person::logged_in(&server, "viewer");
    let (sender, ended) = channel();
    let (url, cookie) = (format!("{}{EVENTS}stream/", server.base), person.cookie.clone());
    std::thread::spawn(move || {
        let request = ureq::Agent::new_with_defaults().get(url).header("Cookie", cookie);
        let mut answer = request.call().unwrap();
        for line in BufReader::new(answer.body_mut().as_reader()).lines() {
            if line.is_ok_and(|line| line.starts_with("retry")) {
                sender.send("begun").unwrap();
            }
        }
        sender.send("ended").unwrap();
    });
    assert_eq!(ended.recv_timeout(PATIENCE), Ok("begun"));
    let out = Instant::now();
    assert_eq!(person.send("DELETE", &format!("{ADMIN}/session/"), None).status, 204);
    assert_eq!(ended.recv_timeout(PATIENCE), Ok("ended"));
    assert!(out.elapsed() < Duration::from_secs(2), "{:?}", out.elapsed());
}

#[test]
fn guessing_waits_and_others_do_not() {
    let server = staffed();
    let mut person = Person::at(&server);
    for _ in 0..5 {
        assert_eq!(person.log_in("viewer", "not-the-password").error(), "wrong_login");
    }
    let refused = person.log_in("viewer", PASSWORD);
    assert_eq!((refused.status, refused.error().as_str()), (429, "too_many_attempts"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((600..=900).contains(&wait), "{wait}");
    Person::logged_in(&server, "operator");
    for n in 0..15 {
        assert_eq!(person.log_in(&format!("user{n}"), "not-the-password").error(), "wrong_login");
    }
    assert_eq!(person.log_in("operator", PASSWORD).error(), "too_many_attempts");
    // Another address can still log in.
    let elsewhere = server.base.replace("127.0.0.1", "127.0.0.2");
    let body = json!({"name": "viewer", "password": PASSWORD}).to_string();
    let from_elsewhere = post_from("127.0.0.2", &server.base, &body);
    assert!(from_elsewhere.starts_with("HTTP/1.1 200"), "{elsewhere}: {from_elsewhere}");

    // Unknown tokens, likewise; valid ones are never refused.
    let key = server.key();
    let guess = |n: u32| format!("LKey wp.k{}.{}", n + 1_000, "0".repeat(22));
    let errors: Vec<String> =
        (0..70).map(|n| server.client(&guess(n)).get(EVENTS).error()).collect();
    assert!(errors[..60].iter().all(|error| error == "invalid_auth"), "{errors:?}");
    assert!(errors[60..].iter().all(|error| error == "too_many_attempts"), "{errors:?}");
    server.client(&key).get(EVENTS).ok(200);
}

/// A log-in from another address of this machine.
fn post_from(address: &str, base: &str, body: &str) -> String {
    use std::io::Read;
    let to: std::net::SocketAddr = base.strip_prefix("http://").unwrap().parse().unwrap();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let from: std::net::SocketAddr = format!("{address}:0").parse().unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let mut stream = std::net::TcpStream::from(socket);
    write!(
        stream,
        "POST {ADMIN}/session/ HTTP/1.1\r\nhost: {to}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_change_with_a_cookie_comes_from_the_servers_own_page() {
    let server = staffed();
    let gate = camera(&server, &["--name", "Gate"]);
    let person = Person::logged_in(&server, "admin");
    let own = server.base.as_str();
    let foreign = [("Origin", "http://evil.example")];
    let body = json!({"name": "x", "password": PASSWORD, "role": "viewer"}).to_string();
    let events = types(gate.id);
    let host = own.strip_prefix("http://").unwrap();
    for (headers, status) in [
        (vec![], 403),
        (foreign.to_vec(), 403),
        (vec![("Origin", "null")], 403),
        (vec![("Origin", "http://127.0.0.1")], 403),
        (vec![("Origin", host)], 403),
        (vec![("Sec-Fetch-Site", "cross-site"), ("Origin", own)], 403),
        (vec![("Sec-Fetch-Site", "same-site")], 403),
        (vec![("Sec-Fetch-Site", "none")], 403),
        (vec![("Origin", own)], 0),
        (vec![("Sec-Fetch-Site", "same-origin")], 0),
    ] {
        let headers = [headers, vec![("Cookie", person.cookie.as_str())]].concat();
        let client = server.client("");
        for (method, path, body) in [
            ("POST", format!("{ADMIN}/users/"), Some(body.as_bytes())),
            ("DELETE", format!("{ADMIN}/users/nobody/"), None),
            ("POST", events.clone(), Some(br#"{"name":"motion"}"#.as_slice())),
            ("DELETE", format!("{EVENTS}?ids=99"), None),
        ] {
            let answer = client.send(method, &path, &headers, body);
            let refused = (answer.status, answer.error().as_str()) == (403, "csrf");
            assert_eq!(refused, status == 403, "{method} {path} {headers:?}: {}", answer.text);
        }
        // Reading needs none of this.
        client.send("GET", &format!("{ADMIN}/users/"), &headers, None).ok(200);
    }
    // Another page can neither log its visitor in, nor send what is no JSON.
    let log_in = json!({"name": "viewer", "password": PASSWORD}).to_string();
    let session = format!("{ADMIN}/session/");
    let answer = server.client("").send("POST", &session, &foreign, Some(log_in.as_bytes()));
    assert_eq!(answer.error(), "csrf");
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder().http_status_as_error(false).build(),
    );
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let request = agent.post(format!("{own}{ADMIN}/users/")).header("Cookie", &person.cookie);
        let answer = request.header("Origin", own).header("Content-Type", kind).send(&body);
        let mut answer = answer.unwrap();
        assert_eq!(answer.status(), 415, "{kind}");
        assert!(answer.body_mut().read_to_string().unwrap().contains("content_type"));
    }
    // A header's credential counts, whatever cookie comes along.
    let watch = server.client(&gate.watch);
    let cookie = [("Cookie", person.cookie.as_str()), ("Origin", own)];
    let refused = watch.send("POST", &events, &cookie, Some(br#"{"name":"x"}"#));
    assert_eq!(refused.error(), "access_deny");
    let bad = server.client("Acc garbage");
    assert_eq!(bad.send("GET", EVENTS, &cookie, None).error(), "invalid_auth");
    assert_eq!(
        server.client("").send("GET", &format!("{EVENTS}?token=x"), &cookie, None).error(),
        "invalid_auth"
    );
    for path in [format!("{ADMIN}/users/"), session] {
        let answer = server.client("").send("GET", &path, &[&cookie[..1], &foreign].concat(), None);
        let cors = answer.headers.iter().find(|(name, _)| name.starts_with("access-control"));
        assert_eq!((cors, answer.header("cache-control")), (None, Some("no-store")), "{path}");
    }
}

/// Paths of the administration, each with the roles that may use it and what they get.
const ADMIN_REQUESTS: &[(&str, &str, &str, u16)] = &[
    ("GET", "/users/", "", 200),
    ("POST", "/users/", "{}", 400),
    ("PUT", "/users/nobody/", "{}", 404),
    ("DELETE", "/users/nobody/", "", 404),
    ("DELETE", "/users/nobody/sessions/", "", 404),
    ("GET", "/keys/", "", 200),
    ("POST", "/keys/", r#"{"name":"Archive"}"#, 201),
    ("DELETE", "/keys/99/", "", 404),
    ("GET", "/audit/", "", 200),
    ("GET", "/audit/export/", "", 200),
];

/// What everybody who has logged in may read, and no camera's own credential.
const EVERY_ROLE: [&str; 5] = [
    "/api/admin/v1/cameras/",
    "/api/admin/v1/%63ameras/",
    "/api/admin/v1/cameras/{c}/",
    "/api/admin/v1/event-types/",
    "/api/admin/v1/events/{e}/hold/",
];

#[test]
fn each_role_may_what_the_table_says() {
    let server = staffed();
    let gate = camera(&server, &["--id", "70001", "--name", "Gate"]);
    let key = server.client(&server.key());
    let meta = json!({"shared_tag": "x"});
    for name in ["shared_type", "bravo_type"] {
        key.post(&types(gate.id), &json!({"name": name})).ok(201);
    }
    let stored = event(&key, gate.id, "shared_type", "2026-03-01T10:00:00", &meta);
    key.post("/api/v3/channels/70001/meta/", &json!({"tag": "shared_tag", "data": "x"})).ok(201);
    key.put("/api/v2/cameras/70001/", &json!({"url": "rtsp://u:secret@gate/1"})).ok(200);
    let mut seen = 0;
    for role in ["viewer", "operator", "admin"] {
        let mut person = Person::logged_in(&server, role);
        for request in REQUESTS {
            let may = match request.action {
                Action::ReadEvents | Action::ReadCamera => true,
                Action::Tag => role != "viewer",
                _ if request.path.ends_with("/trigger/") => role != "viewer",
                _ if request.method == "GET" && EVERY_ROLE.contains(&request.path) => true,
                _ => role == "admin",
            };
            let fill =
                |text: &str| text.replace("{c}", "70001").replace("{e}", &stored.to_string());
            if may && (request.destroys || request.ok == 0) {
                continue;
            }
            let body = fill(request.body);
            let body = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
            let answer = person.send(request.method, &fill(request.path), body.as_ref());
            let about = format!("{role}: {} {} {}", request.method, request.path, answer.text);
            if !may || request.named == Named::Own {
                assert_eq!(
                    (answer.status, answer.error().as_str()),
                    (403, "access_deny"),
                    "{about}"
                );
            } else {
                assert_eq!(answer.status, request.ok, "{about}");
            }
            if role != "admin" {
                assert!(!answer.text.contains("secret"), "{about}");
                assert!(!answer.text.contains("\"token\":\""), "{about}");
                assert!(!answer.text.contains("access_tokens"), "{about}");
            }
            seen += 1;
        }
        for (method, path, body, ok) in ADMIN_REQUESTS {
            let body = (!body.is_empty()).then(|| serde_json::from_str(body).unwrap());
            let answer = person.send(method, &format!("{ADMIN}{path}"), body.as_ref());
            let wanted = if role == "admin" { *ok } else { 403 };
            assert_eq!(answer.status, wanted, "{role}: {method} {path} {}", answer.text);
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
    // Tokens of cameras have no part in the administration.
    for (method, path, _, _) in ADMIN_REQUESTS {
        for secret in [&gate.all, &gate.watch, &gate.ingest] {
            let client = server.client(secret);
            let answer = client.send(method, &format!("{ADMIN}{path}"), &[], None);
            assert_eq!(answer.error(), "access_deny", "{method} {path}");
        }
    }
    assert_eq!(server.client(&gate.all).get(&format!("{ADMIN}/session/")).error(), "access_deny");
}

#[test]
fn admins_manage_people_and_one_always_stays() {
    let server = staffed();
    let mut boss = Person::logged_in(&server, "admin");
    let users = &format!("{ADMIN}/users/");
    let new = |name: &str, role: &str| json!({"name": name, "password": PASSWORD, "role": role});
    let made = boss.send("POST", users, Some(&new("Jörg Ödön", "operator"))).ok(201);
    assert_eq!((&made["role"], &made["last_login"]), (&json!("operator"), &json!(null)));
    let again = boss.send("POST", users, Some(&new("jörg ödön", "viewer")));
    assert_eq!((again.status, again.error().as_str()), (409, "exists"));
    let bad = boss.send("POST", users, Some(&new("x", "owner")));
    assert_eq!(bad.error(), "bad_parameter");

    let mut person = Person::logged_in(&server, "Jörg Ödön");
    let path = &format!("{users}J%C3%B6rg%20%C3%96d%C3%B6n/");
    let listed = boss.get(users).ok(200);
    let names: Vec<&str> =
        listed["objects"].as_array().unwrap().iter().map(|u| u["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Jörg Ödön", "admin", "operator", "viewer"]);
    assert_eq!(listed["objects"][0]["sessions"], 1);
    let changed = boss.send("PUT", path, Some(&json!({"role": "viewer"}))).ok(200);
    assert_eq!((&changed["role"], &changed["sessions"]), (&json!("viewer"), &json!(0)));
    assert_eq!(person.get(&format!("{ADMIN}/session/")).error(), "invalid_auth");
    person.log_in("Jörg Ödön", PASSWORD).ok(200);
    assert_eq!(boss.send("DELETE", &format!("{path}sessions/"), None).status, 204);
    assert_eq!(person.get(EVENTS).error(), "invalid_auth");
    boss.send("PUT", path, Some(&json!({"password": "lantern-7-rhubarb"}))).ok(200);
    person.log_in("Jörg Ödön", "lantern-7-rhubarb").ok(200);
    assert_eq!(boss.send("DELETE", path, None).status, 204);
    assert_eq!(person.get(EVENTS).error(), "invalid_auth");
    assert_eq!(boss.send("DELETE", path, None).error(), "not_found");

    let own = &format!("{users}admin/");
    for (method, body) in [("DELETE", None), ("PUT", Some(json!({"role": "viewer"})))] {
        let answer = boss.send(method, own, body.as_ref());
        assert_eq!((answer.status, answer.error().as_str()), (409, "last_admin"));
    }
    let own_password = json!({"password": "lantern-7-rhubarb"});
    assert_eq!(boss.send("PUT", own, Some(&own_password)).error(), "access_deny");
    let gone = server.cli(&["user", "remove", "admin"]);
    assert_eq!(gone.status.code(), Some(1));
    user(&server, "second", "admin");
    boss.send("PUT", own, Some(&json!({"role": "viewer"}))).ok(200);
    assert_eq!(boss.get(users).error(), "invalid_auth");

    // The command line.
    let listed = server.cli_json(&["user", "list"]);
    assert_eq!(listed["objects"][0]["name"], "admin");
    let set = with_password(&server, &["user", "passwd", "viewer"], "lantern-7-rhubarb");
    assert!(set.status.success(), "{set:?}");
    assert_eq!(server.cli_json(&["user", "remove", "operator"]), json!({}));
    assert_eq!(Person::at(&server).log_in("operator", PASSWORD).error(), "wrong_login");
    Person::at(&server).log_in("viewer", "lantern-7-rhubarb").ok(200);
    let short = with_password(&server, &["user", "add", "x", "--role", "viewer"], "short");
    assert_eq!(short.status.code(), Some(1));
    let usage = server.cli(&["user", "add", "x", "--role", "viewer"]);
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn a_job_is_the_users_and_not_the_sessions() {
    let server = staffed();
    let gate = camera(&server, &["--name", "Gate"]);
    crate::site::fill(&server.client(&gate.all), gate.id, 1_200);
    let mut boss = Person::logged_in(&server, "admin");
    let job = boss.send("DELETE", &format!("{EVENTS}?camid={}", gate.id), None);
    assert_eq!(job.status, 202, "{}", job.text);
    let path = job.header("location").unwrap().to_owned();
    let mut again = Person::logged_in(&server, "admin");
    again.get(&path).ok(200);
    user(&server, "second", "admin");
    assert_eq!(Person::logged_in(&server, "second").get(&path).error(), "not_found");
}

#[test]
fn a_license_key_governs_nobody() {
    let server = staffed();
    let key = server.client(&server.key());
    for (method, path, body, _) in ADMIN_REQUESTS {
        let body = (!body.is_empty()).then_some(body.as_bytes());
        let answer = key.send(method, &format!("{ADMIN}{path}"), &[], body);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (403, "access_deny"),
            "{method} {path}"
        );
    }
}

#[test]
fn strangers_are_not_told_how_their_body_is_read() {
    let server = Server::start();
    for path in ["setup", "session"] {
        let path = format!("{ADMIN}/{path}/");
        for (body, code) in
            [("[]", "bad_parameter"), (r#"{"x":1}"#, "bad_parameter"), ("{", "bad_json")]
        {
            let answer = server.client("").send("POST", &path, &[], Some(body.as_bytes()));
            assert_eq!((answer.status, answer.error().as_str()), (400, code), "{path} {body}");
            for word in ["struct", "expected", "column", "field"] {
                assert!(!answer.text.contains(word), "{path} {body}: {}", answer.text);
            }
        }
    }
}

//! TLS by the real binary: each mode, its certificates over restarts and reloads, who is refused.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;

use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::common::{Answer, PATIENCE, cli};
use crate::secure::{PASSWORD, Site, Trust, ask, self_signed};

const OWN_CA: &str = "[tls]\nmode = 'own-ca'\nnames = ['nvr.example']\n";
const FILES: &str =
    "[tls]\nmode = 'files'\ncertificate = '$FOLDER/cert.pem'\nkey = '$FOLDER/key.pem'\n";
const SESSION: &str = "/api/admin/v1/session/";
const EVENTS: &str = "/api/v2/storage/events/";

/// The cookie of an administrator who is made and logs in.
fn admin(site: &Site, log_in: impl Fn(&str, &str) -> Answer) -> String {
    site.add_user("chief", "admin");
    let body = json!({"name": "chief", "password": PASSWORD}).to_string();
    let answer = log_in("Content-Type: application/json\r\n", &body);
    let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{}", answer.text));
    format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
}

#[test]
fn the_own_ca_is_made_once_and_clients_that_trust_it_are_served() {
    let mut site = Site::with(OWN_CA);
    assert!(site.listening[0].starts_with("https://127.0.0.1:"), "{:?}", site.listening);
    let shown = site.cli(&["ca"]);
    let (pem, print) = (shown["pem"].as_str().unwrap(), &shown["fingerprint_sha256"]);
    assert!(!pem.contains("PRIVATE") && print.as_str().unwrap().len() == 95, "{shown}");
    assert!(site.log().contains(print.as_str().unwrap()), "{}", site.log());
    let trust = Trust::in_pem(pem);
    for name in ["127.0.0.1", "localhost", "nvr.example"] {
        let mut tls = site.connect(&trust, name).unwrap();
        assert_eq!(ask(&mut tls, "GET", "/healthz", "", "").status, 200, "{name}");
    }
    assert!(site.connect(&trust, "other.example").is_err());
    let stranger = Trust::in_pem(&self_signed(&site.data(), "stranger.example"));
    assert!(site.connect(&stranger, "127.0.0.1").is_err());

    let download = site.ask(&trust, "GET", "/ca.crt", "", "");
    assert_eq!((download.status, download.text.as_str()), (200, pem));
    assert_eq!(download.header("content-type"), Some("application/x-x509-ca-cert"));
    let key = admin(&site, |head, body| site.ask(&trust, "POST", SESSION, head, body));
    let system = site.ask(&trust, "GET", "/api/admin/v1/system/", &key, "").ok(200);
    assert_eq!(system["tls"]["mode"], "own-ca");
    assert_eq!(system["tls"]["ca"]["fingerprint_sha256"], *print);
    let names = system["tls"]["certificate"]["names"].as_array().unwrap().clone();
    assert!(names.contains(&json!("nvr.example")) && names.contains(&json!("127.0.0.1")));
    let check = system["checks"].as_array().unwrap().iter().find(|c| c["name"] == "certificate");
    assert_eq!(check.unwrap()["state"], "ok", "{system}");

    for file in ["tls-ca.pem", "tls-server.pem"] {
        let meta = std::fs::metadata(site.data().join(file)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert_eq!(site.stop(), Some(0));
    assert_eq!(site.cli(&["ca"]), shown, "while nothing runs");
    site.start();
    assert_eq!(site.cli(&["ca"]), shown);
    let again = site.ask(&trust, "GET", "/api/admin/v1/system/", &key, "").ok(200);
    assert_eq!(again["tls"], system["tls"], "the certificate is the same too");
}

/// What is restored with its passphrase on a new machine is trusted by whoever trusted the old one.
#[test]
fn a_ca_that_was_sealed_into_a_backup_is_trusted_on_another_machine() {
    let old = Site::with(OWN_CA);
    let trust = old.own_ca();
    let scratch = tempfile::tempdir().unwrap();
    let (file, passphrase) = (scratch.path().join("a.backup"), scratch.path().join("passphrase"));
    std::fs::write(&passphrase, "rhubarb lantern 77\n").unwrap();
    let (file, with) = (file.to_str().unwrap(), passphrase.to_str().unwrap());
    let backup = old.cli(&["backup", file, "--passphrase-file", with]);
    assert_eq!((&backup["own_ca"], &backup["with_ca"]), (&json!(true), &json!(true)), "{backup}");

    let mut new = Site::with(OWN_CA);
    assert!(new.connect(&trust, "127.0.0.1").is_err(), "it has a CA of its own");
    assert_eq!(new.stop(), Some(0));
    let restored = new.cli(&["restore", file]);
    assert_eq!(restored["ca"], "other", "{restored}");
    let restored = new.cli(&["restore", file, "--passphrase-file", with]);
    assert_eq!(restored["ca"], "replaced", "{restored}");
    let former = std::path::Path::new(restored["former"].as_str().unwrap());
    assert!(std::fs::read_to_string(former.join("tls-ca.pem")).unwrap().contains("PRIVATE"));
    let mode = std::fs::metadata(new.data().join("tls-ca.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    new.start();
    assert_eq!(new.ask(&trust, "GET", "/healthz", "", "").status, 200);
}

#[test]
fn without_tls_there_is_no_ca() {
    let site = Site::with("");
    assert!(site.listening[0].starts_with("http://"));
    assert_eq!(site.ask_plain(0, "GET", "/ca.crt", "Accept: text/html\r\n", "").status, 404);
    let none = cli(&site.data(), &["ca"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("no own CA"), "{none:?}");
}

#[test]
fn files_that_are_no_pair_end_the_start_with_a_line_that_names_them() {
    let site = Site::new();
    site.configure("[tls]\nmode = 'files'\ncertificate = '$FOLDER/cert.pem'\n");
    let refused = site.serve(&[]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    site.configure(FILES);
    let key = |host| {
        self_signed(site.data().parent().unwrap(), host);
        std::fs::read(site.path("key.pem")).unwrap()
    };
    let (foreign, own) = (key("one.example"), key("two.example"));
    for (key, said) in [(&foreign[..], "not that of the certificate"), (b"x", "no private key")] {
        std::fs::write(site.path("key.pem"), key).unwrap();
        for arguments in [&[][..], &["--check-config"]] {
            let refused = site.serve(arguments);
            assert_eq!(refused.status.code(), Some(1), "{refused:?}");
            let text = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(text.contains(said) && text.contains("key.pem"), "{text}");
        }
    }
    std::fs::write(site.path("key.pem"), own).unwrap();
    assert_eq!(site.serve(&["--check-config"]).status.code(), Some(0));
    std::fs::remove_file(site.path("cert.pem")).unwrap();
    let refused = site.serve(&["--check-config"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cert.pem"), "{refused:?}");
}

#[test]
fn a_new_pair_is_taken_at_sighup_while_connections_live_and_a_bad_one_is_refused() {
    let mut site = Site::new();
    let folder = site.data().parent().unwrap().to_owned();
    site.configure(FILES);
    let first = Trust::in_pem(&self_signed(&folder, "one.example"));
    site.start();
    let mut living = site.connect(&first, "one.example").unwrap();
    assert_eq!(ask(&mut living, "GET", "/healthz", "", "").status, 200);

    let second = Trust::in_pem(&self_signed(&folder, "two.example"));
    site.signal("HUP");
    site.wait_log("the certificate is for", 2);
    assert!(site.connect(&first, "one.example").is_err());
    assert_eq!(site.ask(&second, "GET", "/healthz", "", "").status, 200);
    assert_eq!(ask(&mut living, "GET", "/healthz", "", "").status, 200, "the old one lives on");

    std::fs::write(site.path("key.pem"), "half written").unwrap();
    site.signal("HUP");
    site.wait_log("the certificate stays as it was", 1);
    assert_eq!(site.ask(&second, "GET", "/healthz", "", "").status, 200);
    assert_eq!(site.stop(), Some(0));
}

#[test]
fn sighup_takes_log_level_and_rate_limits_anew_and_refuses_a_bad_file_whole() {
    let site = Site::with("[ingest]\ncamera_rate = 100\n[log]\nlevel = 'warn'\n");
    let key = admin(&site, |head, body| site.ask_plain(0, "POST", SESSION, head, body));
    let rate = || {
        let all = site.ask_plain(0, "GET", "/api/admin/v1/settings/", &key, "").ok(200);
        let all = all["objects"].as_array().unwrap().clone();
        all.iter().find(|one| one["key"] == "ingest.camera_rate").unwrap().clone()
    };
    assert_eq!((&rate()["value"], &rate()["source"]), (&json!(100), &json!("file")));
    assert!(!site.log().contains("listening"));
    site.configure("[ingest]\ncamera_rate = 7\n[log]\nlevel = 'info'\n");
    site.signal("HUP");
    site.wait_log("settings were read anew; changed: ingest.camera_rate", 1);
    assert_eq!(rate()["value"], 7);
    site.configure("[ingest]\ncamera_rate = 9\nno_such_key = 1\n");
    site.signal("HUP");
    site.wait_log("settings stay as they were", 1);
    assert!(site.log().contains("no_such_key"), "{}", site.log());
    assert_eq!(rate()["value"], 7);
    // What the file no longer says is as it was set, or the default.
    site.configure("");
    site.signal("HUP");
    site.wait_log("settings were read anew; changed: ingest.camera_rate", 2);
    assert_eq!((&rate()["value"], &rate()["source"]), (&json!(200), &json!("default")));
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_1_1_is_not() {
    let site = Site::with(&format!("{OWN_CA}[log]\nlevel = 'info,watchpost::http::serve=debug'\n"));
    let trust = site.own_ca();
    for version in [&TLS12, &TLS13] {
        let mut tls = site.connect(&trust.only(version), "127.0.0.1").unwrap();
        assert_eq!(tls.conn.protocol_version(), Some(version.version));
        assert_eq!(ask(&mut tls, "GET", "/healthz", "", "").status, 200);
    }
    // The same hello twice: only what it says of its version differs.
    let hello = |minor: u8| {
        let suites = [0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x09, 0xc0, 0x13];
        let mut hello = vec![3, minor];
        hello.extend([7; 32]);
        hello.extend([0, 0, u8::try_from(suites.len()).unwrap()]);
        hello.extend(suites);
        hello.extend([1, 0]);
        // Groups (P-256), point formats, signatures (ECDSA with SHA-256).
        let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3];
        hello.extend([0, u8::try_from(extensions.len()).unwrap()]);
        hello.extend(extensions);
        let length = u8::try_from(hello.len()).unwrap();
        let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
        record.extend(hello);
        let mut stream = TcpStream::connect(site.address(0)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&record).unwrap();
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).unwrap();
        answer
    };
    assert_eq!(hello(2), [21, 3, 3, 0, 2, 2, 70], "an alert: fatal, protocol_version");
    site.wait_log("no TLS handshake", 1);
    assert_eq!(hello(3)[0], 22, "the handshake goes on");

    let plain = site.ask_plain(0, "GET", "/", "", "");
    assert_eq!((plain.status, plain.text.contains("https")), (400, true));
}

#[test]
fn an_ingest_listener_takes_events_from_cameras_and_serves_nothing_else() {
    let site = Site::with(&format!(
        "{OWN_CA}hsts_days = 30\n[ingest]\nlisten = ['127.0.0.1:0']\n\
        [http]\npublic_url = 'https://public.example'\n"
    ));
    assert!(site.listening[1].starts_with("http://"), "{:?}", site.listening);
    let camera = site.cli(&["camera", "add", "--name", "Gate"]);
    let ingest = camera["ingest_token"].as_str().unwrap();
    let all = envelope(camera["access_tokens"]["all"].as_str().unwrap())["token"].clone();
    let all = all.as_str().unwrap();
    let key = site.cli(&["key", "create", "--name", "k"])["license_key"].clone();
    let key = key.as_str().unwrap();
    site.add_user("m.krause", "admin");
    let plain = |method: &str, path: &str, head: &str, body: &str| {
        site.ask_plain(1, method, path, head, body)
    };
    let event = json!({"camid": camera["id"], "name": "motion", "time": "2026-01-01T00:00:00"});
    let event = event.to_string();
    let header = |word: &str, secret: &str| format!("Authorization: {word} {secret}\r\n");

    assert_eq!(plain("GET", &format!("/i/{ingest}?name=motion"), "", "").status, 200);
    assert_eq!(plain("POST", &format!("/i/{ingest}"), "", "{\"name\":\"motion\"}").status, 200);
    for (word, secret) in [("Bearer", ingest), ("Acc", all)] {
        let created = plain("POST", EVENTS, &header(word, secret), &event);
        assert_eq!(created.status, 201, "{word}: {}", created.text);
    }
    // Where a camera without TLS is to bring a picture, or find one, has to be where it can go.
    let with_picture = json!({"name": "motion", "age_ms": 0, "picture": picture()}).to_string();
    let created = plain("POST", EVENTS, &header("Acc", all), &with_picture).ok(201);
    let url = created["thumb"]["full_url"].as_str().unwrap();
    assert!(url.starts_with("http://nvr.example/"), "{url}");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    assert_eq!(plain("GET", &format!("/ctl/NEW/{ingest}/"), upgrade, "").status, 101);
    let trust = site.own_ca();
    let secure = site.ask(&trust, "GET", &format!("/ctl/NEW/{ingest}/"), upgrade, "");
    assert_eq!(secure.status, 101, "{}", secure.text);

    // Secrets that are worth more than a camera's are not taken there, nor is there anything to see.
    assert_eq!(plain("POST", EVENTS, &header("LKey", key), &event).status, 401);
    assert_eq!(plain("POST", "/i/wp.t99.AAAAAAAAAAAAAAAAAAAAAA", "", "").status, 404);
    let login = json!({"name": "m.krause", "password": PASSWORD}).to_string();
    for (method, path, body) in [
        ("GET", "/", ""),
        ("GET", "/login", ""),
        ("GET", "/i", ""),
        ("GET", "/assets/x.js", ""),
        ("GET", "/docs/", ""),
        ("GET", "/api/openapi.json", ""),
        ("GET", "/healthz", ""),
        ("GET", "/readyz", ""),
        ("GET", "/metrics", ""),
        ("GET", "/ca.crt", ""),
        ("GET", EVENTS, ""),
        ("GET", "/api/v2/cameras/", ""),
        ("OPTIONS", EVENTS, ""),
        ("DELETE", "/api/v2/storage/events/1/", ""),
        ("GET", "/api/v2/storage/events/stream/", ""),
        ("GET", "/api/admin/v1/site/", ""),
        ("POST", SESSION, &login),
        ("GET", "//", ""),
        ("GET", "/i/../api/v2/cameras/", ""),
        ("GET", "/ctl/%2e%2e/api/v2/cameras/", ""),
    ] {
        let head = header("LKey", key) + "Accept: text/html\r\n";
        let answer = plain(method, path, &head, body);
        let is_nothing = answer.status == 404 && answer.error() == "not_found";
        let is_no_camera = path.starts_with("/ctl/") && answer.status == 400;
        assert!(is_nothing || is_no_camera, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
    }
    let hsts = site.ask(&trust, "GET", "/healthz", "", "");
    assert_eq!(hsts.header("strict-transport-security"), Some("max-age=2592000"));
}

#[test]
fn on_tls_the_session_is_a_secure_cookie_and_addresses_say_https() {
    let site = Site::with(OWN_CA);
    let trust = site.own_ca();
    site.add_user("m.krause", "admin");
    let login = json!({"name": "m.krause", "password": PASSWORD}).to_string();
    let own = "Origin: https://nvr.example\r\n";
    let foreign = "Origin: http://nvr.example\r\n";
    assert_eq!(site.ask(&trust, "POST", SESSION, foreign, &login).error(), "csrf");
    let answer = site.ask(&trust, "POST", SESSION, own, &login);
    answer.ok(200);
    assert_eq!(answer.header("strict-transport-security"), None, "nobody asked for it");
    let cookie = answer.header("set-cookie").unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Secure; HttpOnly; SameSite=Strict; Path=/");
    let secret = pair.strip_prefix("__Host-wp_session=").unwrap();
    let with = |name: &str| format!("Cookie: a=b; {name}={secret}\r\n{own}");
    assert_eq!(site.ask(&trust, "GET", SESSION, &with("__Host-wp_session"), "").status, 200);
    let weaker = site.ask(&trust, "GET", SESSION, &with("wp_session"), "");
    assert_eq!(weaker.status, 401, "another site of this host could have set it");

    let new = json!({"name": "Yard"}).to_string();
    let cookie = with("__Host-wp_session");
    site.ask(&trust, "POST", "/api/v2/cameras/", &cookie, &new).ok(201);
    let channels = site.ask(&trust, "GET", "/api/v3/channels/", &cookie, "").ok(200);
    let token = channels["objects"][0]["access_tokens"]["all"].as_str().unwrap().to_owned();
    let envelope = envelope(&token);
    assert_eq!((&envelope["api_sp"], &envelope["cam_sp"]), (&json!(443), &json!(443)));
    assert_eq!((&envelope["api_p"], &envelope["cam_p"]), (&Value::Null, &Value::Null));
    // The command line has no request to go by.
    let said = site.cli(&["camera", "add", "--name", "Gate"]);
    let envelope = self::envelope(said["access_tokens"]["all"].as_str().unwrap());
    assert_eq!(envelope["api_sp"], site.address(0).port());
    assert_eq!(envelope["api_p"], Value::Null);

    let out = site.ask(&trust, "DELETE", SESSION, &cookie, "");
    let gone = "__Host-wp_session=; Max-Age=0; Secure; HttpOnly; SameSite=Strict; Path=/";
    assert_eq!((out.status, out.header("set-cookie")), (204, Some(gone)));
}

fn picture() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(crate::pictures::picture(
        64,
        48,
        image::ImageFormat::Jpeg,
    ))
}

fn envelope(token: &str) -> Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(token).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_trusted_proxy_says_for_whom_it_asks_and_nobody_else_does() {
    let site = Site::with("[http]\ntrusted_proxies = ['127.0.0.1']\n");
    site.add_user("m.krause", "admin");
    let login = json!({"name": "m.krause", "password": PASSWORD}).to_string();
    let says = "X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n\
        X-Forwarded-Host: nvr.example\r\nHost: 127.0.0.1:8080\r\n\
        Origin: https://nvr.example\r\n";
    let answer = site.ask_plain(0, "POST", SESSION, says, &login);
    answer.ok(200);
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-wp_session="), "{cookie}");
    let cookie = format!("Cookie: {cookie}\r\n{says}");
    let sessions = "/api/admin/v1/session/sessions/";
    let list = site.ask_plain(0, "GET", sessions, &cookie, "").ok(200);
    assert_eq!(list["objects"][0]["address"], "198.51.100.7");

    // Twenty wrong log-ins stop that address, and not the one beside it behind the same proxy.
    let from = |address: &str, password: &str, n: usize| {
        let head = format!("X-Forwarded-For: {address}\r\n");
        let body = json!({"name": format!("nobody{n}"), "password": password}).to_string();
        site.ask_plain(0, "POST", SESSION, &head, &body).status
    };
    let statuses: Vec<u16> = (0..21).map(|n| from("203.0.113.1", "wrong-password", n)).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 1, "{statuses:?}");
    assert_eq!(from("203.0.113.2", "wrong-password", 0), 401);

    // From another address of this machine the same words count for nothing.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0)).into()).unwrap();
    socket.connect(&site.address(0).into()).unwrap();
    let mut stream = TcpStream::from(socket);
    let answer = ask(&mut stream, "POST", SESSION, &says.replace("Origin: h", "X: h"), &login);
    answer.ok(200);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("wp_session=") && !cookie.contains("Secure"), "{cookie}");
}

#[test]
fn a_stop_amid_busy_connections_loses_no_acknowledged_event() {
    let mut site = Site::with(OWN_CA);
    let trust = site.own_ca();
    let camera = site.cli(&["camera", "add", "--name", "Gate"]);
    let token = format!("Authorization: Bearer {}\r\n", camera["ingest_token"].as_str().unwrap());
    let body = json!({"name": "motion", "age_ms": 0}).to_string();
    let acknowledged: usize = std::thread::scope(|scope| {
        let (started, all_started) = std::sync::mpsc::channel();
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let mut tls = site.connect(&trust, "127.0.0.1").unwrap();
                let (token, body, started) = (&token, &body, started.clone());
                scope.spawn(move || {
                    let mut acknowledged = 0;
                    while ask(&mut tls, "POST", EVENTS, token, body).status == 201 {
                        acknowledged += 1;
                        let _ = started.send(()); // nobody counts any more
                    }
                    acknowledged
                })
            })
            .collect();
        for _ in 0..40 {
            all_started.recv_timeout(PATIENCE).unwrap();
        }
        site.signal("TERM");
        senders.into_iter().map(|sender| sender.join().unwrap()).sum()
    });
    assert_eq!(site.ended(), Some(0));
    site.start();
    let key = site.cli(&["key", "create", "--name", "k"])["license_key"].clone();
    let key = format!("Authorization: LKey {}\r\n", key.as_str().unwrap());
    let list = site.ask(&trust, "GET", &format!("{EVENTS}?limit=1"), &key, "").ok(200);
    let stored = usize::try_from(list["meta"]["total_count"].as_u64().unwrap()).unwrap();
    assert!((acknowledged..=acknowledged + 4).contains(&stored), "{acknowledged}, {stored}");
}

#[test]
fn silent_handshakes_are_counted_and_cut_and_others_get_in() {
    let site = Site::with(OWN_CA);
    let trust = site.own_ca();
    let connect = |source: [u8; 4]| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from((Ipv4Addr::from(source), 0)).into()).unwrap();
        socket.connect(&site.address(0).into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    // More than one address may have; each has sent the first byte of a handshake and no more.
    let mut silent: Vec<TcpStream> = (0..300).map(|_| connect([127, 0, 0, 3])).collect();
    for stream in &mut silent {
        let _ = stream.write_all(&[22]); // those over the limit are closed already
    }
    let mut tls = trust.connect(site.address(0), "127.0.0.1").unwrap();
    assert_eq!(ask(&mut tls, "GET", "/healthz", "", "").status, 200, "others are served");
    let ended = |stream: &mut TcpStream| match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset, // not a time-out
    };
    assert!(silent.iter_mut().all(ended), "each is cut");
    drop(silent);
    let mut again = connect([127, 0, 0, 3]);
    assert_eq!(ask(&mut again, "GET", "/", "", "").status, 400, "its places are free again");
}

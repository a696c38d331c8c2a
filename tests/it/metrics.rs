//! `/metrics`: who may read it, that it is Prometheus's text format, that what it counts moves, and that
//! no text of a client gets into it.
#![expect(clippy::float_cmp, reason = "counts are whole numbers that a float holds exactly")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::common::{Client, PATIENCE, Server, cli};
use crate::openapi::{document, filled};
use crate::people::{Person, user};
use crate::site::{BULK, EVENTS, camera, event, site, types};
use crate::stream::Feed;

const METRICS: &str = "/metrics";
/// operations.md 9.5.
const SERIES_MAX: usize = 2_000;
/// Every label there may be.
const LABELS: [&str; 8] =
    ["build", "le", "reason", "result", "route", "source", "status", "version"];

type Labels = BTreeMap<String, String>;

/// A page that was read and found to be well formed.
struct Page {
    /// Families by name, with their kinds.
    kinds: BTreeMap<String, String>,
    samples: Vec<(String, Labels, f64)>,
}

impl Page {
    fn of(client: &Client) -> Self {
        let answer = client.get(METRICS);
        assert_eq!(answer.status, 200, "{}", answer.text);
        let kind = answer.header("content-type").unwrap();
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        Self::read(&answer.text)
    }

    /// The same with every figure: one that the disk does not give at once is left out the first time.
    fn whole(client: &Client) -> Self {
        let ends = Instant::now() + PATIENCE;
        loop {
            let page = Self::of(client);
            let late = ["oldest_event_timestamp_seconds", "db_bytes", "db_free_bytes"];
            if late.iter().all(|name| page.kinds.contains_key(&format!("watchpost_{name}"))) {
                return page;
            }
            assert!(Instant::now() < ends, "a figure does not come: {:?}", page.kinds);
        }
    }

    /// Reads version 0.0.4 of the format, and is stricter than it: each family has its help and its
    /// type, and stands in one piece.
    fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'));
        let (mut kinds, mut samples) = (BTreeMap::new(), Vec::new());
        let (mut family, mut helped) = (String::new(), String::new());
        let mut seen = HashSet::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap();
                assert!(!words.trim().is_empty(), "{line}");
                name.clone_into(&mut helped);
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, helped, "the help comes before the type");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
                name.clone_into(&mut family);
            } else {
                let (name, labels, value) = sample(line);
                let base = match kinds[&family].as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"]
                        .iter()
                        .find_map(|end| name.strip_suffix(end))
                        .unwrap_or_else(|| panic!("{line}")),
                    _ => &name,
                };
                assert_eq!(base, family, "{line}");
                assert!(base.starts_with("watchpost_"), "{line}");
                assert!(seen.insert((name.clone(), labels.clone())), "twice: {line}");
                samples.push((name, labels, value));
            }
        }
        Self { kinds, samples }
    }

    /// The sum of the samples of a name whose labels have these values.
    #[track_caller]
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let name = format!("watchpost_{name}");
        let fits = |of: &Labels| labels.iter().all(|(l, v)| of.get(*l).is_some_and(|w| w == v));
        let found: Vec<f64> = self
            .samples
            .iter()
            .filter(|(of, with, _)| *of == name && fits(with))
            .map(|(.., value)| *value)
            .collect();
        assert!(!found.is_empty(), "no {name} {labels:?}");
        found.iter().sum()
    }

    fn names(&self) -> BTreeSet<&str> {
        self.samples.iter().map(|(name, ..)| name.as_str()).collect()
    }
}

/// One line: `name{label="value",…} number`.
fn sample(line: &str) -> (String, Labels, f64) {
    let (head, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
    let (name, rest) = head.split_at(head.find('{').unwrap_or(head.len()));
    assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
    let mut labels = Labels::new();
    let inside = rest.strip_prefix('{').map_or("", |rest| rest.strip_suffix('}').unwrap());
    for pair in inside.split(',').filter(|pair| !pair.is_empty()) {
        let (label, quoted) = pair.split_once('=').unwrap();
        assert!(LABELS.contains(&label), "{line}");
        let word = quoted.strip_prefix('"').and_then(|w| w.strip_suffix('"')).unwrap();
        assert!(!word.contains(['"', '\\']), "{line}");
        assert!(labels.insert(label.to_owned(), word.to_owned()).is_none(), "{line}");
    }
    (name.to_owned(), labels, value)
}

/// The secret of a new metrics token, and its id.
fn token(server: &Server) -> (String, u64) {
    let made = server.cli_json(&["token", "create", "--access", "metrics"]);
    assert_eq!((&made["access"], &made["camid"]), (&json!("metrics"), &Value::Null));
    (made["token"].as_str().unwrap().to_owned(), made["token_id"].as_u64().unwrap())
}

fn reader(server: &Server) -> Client {
    server.client(&format!("Bearer {}", token(server).0))
}

#[test]
fn metrics_are_for_their_token_and_admins() {
    let (server, camera, _) = site();
    let (secret, id) = token(&server);
    for header in [format!("Bearer {secret}"), format!("Acc {secret}")] {
        assert_eq!(server.client(&header).get(METRICS).status, 200, "{header}");
    }
    assert_eq!(server.client("").get(&format!("{METRICS}?token={secret}")).status, 200);
    assert_eq!(server.client(&format!("Bearer {secret}")).get("/metrics/").status, 200);
    let group = server.cli_json(&["group", "create", "--name", "G", "--camera", "1"]);
    let group = format!("SI {}", group["group_token"].as_str().unwrap());
    for header in [&camera.all, &camera.watch, &camera.ingest, &group, &server.key()] {
        let answer = server.client(header).get(METRICS);
        assert_eq!((answer.status, answer.error()), (403, "access_deny".to_owned()), "{header}");
    }
    for (name, role, status) in
        [("ada", "admin", 200), ("otto", "operator", 403), ("vera", "viewer", 403)]
    {
        user(&server, name, role);
        assert_eq!(Person::logged_in(&server, name).get(METRICS).status, status, "{role}");
    }
    server.cli_json(&["token", "revoke", &id.to_string()]);
    for header in ["", &format!("Bearer {secret}"), "Bearer nobody"] {
        let answer = server.client(header).get(METRICS);
        assert_eq!((answer.status, answer.error()), (401, "invalid_auth".to_owned()), "{header}");
        assert!(!answer.text.contains("watchpost_"), "{}", answer.text);
    }
}

/// Every documented path and method: it is refused, or answered as it is to somebody without a token.
#[test]
fn a_metrics_token_reaches_nothing_else() {
    let (server, camera, _) = site();
    event(
        &server.client(&server.key()),
        camera.id,
        "motion",
        "2026-03-01T10:00:00",
        &json!({"t": "1"}),
    );
    let (secret, _) = token(&server);
    let (reader, nobody) = (server.client(&format!("Bearer {secret}")), server.client(""));
    let document: Value = serde_json::from_str(&document()).unwrap();
    let mut refused = 0;
    for (template, item) in document["paths"].as_object().unwrap() {
        let path = filled(template, &secret);
        for method in ["GET", "POST", "PUT", "DELETE"] {
            if item.get(method.to_lowercase()).is_none() || template == METRICS {
                continue;
            }
            let body = (method != "GET").then_some(b"{}".as_slice());
            let answer = reader.send(method, &path, &[], body);
            let open = nobody.send(method, &path, &[], body);
            let about = format!("{method} {path}: {} {:.200}", answer.status, answer.text);
            if open.status == 401 {
                assert!([401, 403].contains(&answer.status), "{about}");
                refused += 1;
            } else {
                assert_eq!((answer.status, &answer.text), (open.status, &open.text), "{about}");
            }
        }
    }
    assert!(refused > 80, "{refused} paths need a credential");
}

#[test]
fn what_happens_is_counted() {
    let (server, camera, client) = site();
    let reader = reader(&server);
    let before = Page::of(&reader);
    assert_eq!(before.sum("events_stored_total", &[]), 0.0);
    assert_eq!(before.sum("ready", &[]), 1.0);
    assert!(!before.kinds.contains_key("watchpost_oldest_event_timestamp_seconds"));

    let time = "2026-03-01T10:00:00";
    event(&client, camera.id, "motion", time, &json!({}));
    let keyed = json!({"camid": camera.id, "name": "motion", "time": time, "uid": "one"});
    client.post(EVENTS, &keyed).ok(201);
    client.post(EVENTS, &keyed).ok(200); // a replay stores nothing
    let item = |name: &str, uid: Value| json!({"camid": camera.id, "name": name, "time": time, "uid": uid});
    let items =
        [item("motion", Value::Null), item("motion", json!("two")), item("nothing", Value::Null)];
    client.post(BULK, &json!(items)).ok(200);
    let secret = camera.ingest.trim_start_matches("Acc ");
    assert_eq!(server.client("").get(&format!("/i/{secret}?name=person")).status, 200);
    let lines = server.dir().join("events.ndjson");
    std::fs::write(&lines, json!({"camid": camera.id, "name": "motion", "time": time}).to_string())
        .unwrap();
    server.cli_json(&["import", lines.to_str().unwrap()]);
    client.post(EVENTS, &json!({"camid": camera.id, "name": "motion"})).ok(400);
    client.post(EVENTS, &json!({"camid": 99, "name": "motion", "time": time})).ok(403);
    client.send("POST", EVENTS, &[], Some(b"{")).ok(400);
    server.client("Acc nobody").get(EVENTS).ok(401);
    server.client("").get(EVENTS).ok(401); // nothing was tried
    Person::at(&server).log_in("nobody", "a-wrong-password").ok(401);
    let _feed = Feed::open(&server, "", &[("Authorization", &camera.watch)]);

    let page = Page::whole(&reader);
    for (source, count) in
        [("api", 2.0), ("bulk", 2.0), ("ingest", 1.0), ("local", 1.0), ("agent", 0.0)]
    {
        assert_eq!(page.sum("events_stored_total", &[("source", source)]), count, "{source}");
    }
    for (reason, count) in [
        ("unknown_event_type", 1.0),
        ("missing_field", 1.0),
        ("out_of_scope", 1.0),
        ("bad_json", 1.0),
        ("storage_full", 0.0),
    ] {
        assert_eq!(page.sum("events_rejected_total", &[("reason", reason)]), count, "{reason}");
    }
    for (name, value) in [
        ("auth_failures_total", 2.0),
        ("streams", 1.0),
        ("cameras", 1.0),
        ("sessions", 0.0),
        ("clock_suspect", 0.0),
        ("corrupt_records_total", 0.0),
        ("retention_deleted_total", 0.0),
        ("oldest_event_timestamp_seconds", 1_772_359_200.0),
    ] {
        assert_eq!(page.sum(name, &[]), value, "{name}");
    }
    assert!(page.sum("commit_seconds_count", &[]) >= 5.0);
    assert!(page.sum("commit_seconds_sum", &[]) > 0.0);
    let written = [("route", "events_write"), ("status", "2xx")];
    assert_eq!(page.sum("http_request_seconds_count", &written), 4.0);
    let refused = [("route", "events_write"), ("status", "4xx")];
    assert_eq!(page.sum("http_request_seconds_count", &refused), 3.0);
    assert!(page.sum("db_bytes", &[]) > 0.0);
    let disk = page.sum("disk_bytes", &[]);
    assert!(disk > page.sum("disk_free_bytes", &[]) && page.sum("disk_free_bytes", &[]) > 0.0);
}

#[test]
fn a_full_disk_is_counted_and_told() {
    let mut before = Server::start();
    let secret = token(&before).0;
    let gate = camera(&before, &["--name", "Gate"]);
    assert_eq!(before.terminate(), 0);
    let server = Server::start_in(before.dir(), &["--min-free-mib", "1000000000"], &[]);
    let reader = server.client(&format!("Bearer {secret}"));
    let body = json!({"name": "motion", "time": "2026-03-01T10:00:00"});
    let client = server.client(&gate.all);
    client.post(EVENTS, &body).ok(507);
    client.post(BULK, &json!([body, body])).ok(507);
    let page = Page::of(&reader);
    assert_eq!(page.sum("events_rejected_total", &[("reason", "storage_full")]), 3.0);
    assert_eq!((page.sum("ready", &[]), page.sum("events_stored_total", &[])), (0.0, 0.0));
    assert!(page.sum("http_request_seconds_count", &[("status", "5xx")]) >= 2.0);
}

#[test]
fn histograms_add_up() {
    let (server, camera, client) = site();
    for n in 0..20 {
        event(&client, camera.id, "motion", &format!("2026-03-01T10:00:{n:02}"), &json!({}));
    }
    let page = Page::of(&reader(&server));
    let mut found = 0;
    for (family, _) in page.kinds.iter().filter(|(_, kind)| *kind == "histogram") {
        let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for (name, labels, value) in &page.samples {
            if *name == format!("{family}_bucket") {
                let mut labels = labels.clone();
                let le = labels.remove("le").unwrap();
                let le = if le == "+Inf" { f64::INFINITY } else { le.parse().unwrap() };
                series.entry(labels).or_default().push((le, *value));
            }
        }
        for (labels, buckets) in series {
            let of = |end: &str| {
                let name = format!("{family}{end}");
                let found = page.samples.iter().find(|(n, l, _)| *n == name && *l == labels);
                found.map(|(.., value)| *value).unwrap()
            };
            assert!(buckets.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1), "{labels:?}");
            let (last, all) = *buckets.last().unwrap();
            assert!(last.is_infinite() && all == of("_count"), "{family} {labels:?}");
            // What each bucket holds at least takes no longer than everything together.
            let (mut floor, mut below) = (0.0, (0.0, 0.0));
            for (le, count) in buckets {
                floor += (count - below.1) * below.0;
                below = (le, count);
            }
            assert!(of("_sum") + 1e-9 >= floor, "{family} {labels:?}");
            found += 1;
        }
    }
    assert!(found >= 7, "{found} histograms");
}

#[test]
fn no_text_of_a_client_is_in_a_label() {
    let server = Server::start();
    let odd = "odd\"}text\\n{x=\"1";
    let gate = camera(&server, &["--name", odd]);
    let key = server.client(&server.key());
    key.post(&types(gate.id), &json!({"name": "oddtype"})).ok(201);
    for name in ["oddtype", "oddmissing"] {
        let meta = json!({"oddtag": "oddvalue"});
        let body =
            json!({"camid": gate.id, "name": name, "time": "2026-03-01T10:00:00", "meta": meta});
        key.post(EVENTS, &body);
    }
    server.client("Acc oddsecret").get("/oddpath?odd=query");
    key.send("ODD", "/api/v2/oddpath/", &[("Odd", "odd")], None);
    user(&server, "oddname", "admin");
    let mut person = Person::logged_in(&server, "oddname");
    let text = person.get(METRICS).text;
    let page = Page::read(&text);
    assert!(!text.contains("odd"), "{text}");
    assert!(page.samples.len() <= SERIES_MAX, "{}", page.samples.len());
    assert_eq!(page.sum("sessions", &[]), 1.0);
}

/// Even if every route met every class of status.
#[test]
fn there_are_never_many_series() {
    let server = Server::start();
    let page = Page::of(&reader(&server));
    let http = |name: &str| name.starts_with("watchpost_http_request_seconds");
    let others = page.samples.iter().filter(|(name, ..)| !http(name)).count();
    let of_one = page.samples.iter().filter(|(name, labels, _)| {
        http(name) && labels["route"] == "other" && labels["status"] == "5xx"
    });
    let routes: BTreeSet<&String> =
        page.samples.iter().filter_map(|(_, labels, _)| labels.get("route")).collect();
    assert!(others + of_one.count() * routes.len() * 5 < SERIES_MAX / 2);
}

#[test]
fn a_metrics_token_is_made_without_a_camera_and_every_other_with_one() {
    let scratch = tempfile::tempdir().unwrap();
    let status = |arguments: &[&str]| cli(scratch.path(), arguments).status.code();
    let create = ["token", "create", "--access"];
    assert_eq!(status(&["camera", "add", "--name", "Gate"]), Some(0));
    assert_eq!(status(&[&create[..], &["metrics"]].concat()), Some(0), "without a server too");
    assert_eq!(status(&[&create[..], &["metrics", "--camera", "1"]].concat()), Some(1));
    for access in ["all", "watch", "ingest"] {
        assert_eq!(status(&[&create[..], &[access]].concat()), Some(2), "{access}");
        assert_eq!(status(&[&create[..], &[access, "--camera", "1"]].concat()), Some(0));
    }
}

/// What the dashboard, the alerts and the reference name is there, and the reference leaves nothing out.
#[test]
fn dashboard_alerts_and_reference_name_what_is_there() {
    let (server, camera, client) = site();
    event(&client, camera.id, "motion", "2026-03-01T10:00:00", &json!({}));
    server.cli_json(&["backup", server.dir().join("a.backup").to_str().unwrap()]);
    let page = Page::whole(&reader(&server));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let monitoring = ["packaging/monitoring/grafana.json", "packaging/monitoring/alerts.yml"];
    serde_json::from_str::<Value>(&text(monitoring[0])).unwrap();
    for path in monitoring {
        let text = text(path);
        let named = series(&text);
        assert!(named.len() >= 10, "{path}: {named:?}");
        for name in named {
            assert!(page.names().contains(name), "{path}: {name} is not there");
        }
        for word in matched(&text, "reason") {
            page.sum("events_rejected_total", &[("reason", word)]);
        }
        for word in matched(&text, "status") {
            page.sum("http_request_seconds_count", &[("status", word)]);
        }
    }
    let reference = text("docs/ref/metrics.md");
    let told = series(&reference);
    for family in page.kinds.keys() {
        assert!(told.contains(family.as_str()), "{family} is not in the reference");
    }
    for name in told {
        assert!(page.kinds.contains_key(name), "the reference tells of {name}");
    }
}

/// Every name of a series in a text.
fn series(text: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.split(|c| !is_word(c)).filter(|word| word.starts_with("watchpost_")).collect()
}

/// The words that `label="…"` or `label=~"a|b"` asks for.
fn matched<'t>(text: &'t str, label: &str) -> Vec<&'t str> {
    let mut words = Vec::new();
    for begin in [format!("{label}=\""), format!("{label}=~\"")] {
        for rest in text.split(begin.as_str()).skip(1) {
            words.extend(rest.split('"').next().unwrap().split('|'));
        }
    }
    words
}

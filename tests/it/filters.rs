//! Every filter means the same on list, histogram, export, feed and bulk delete.

use serde_json::{Value, json};

use crate::common::{Client, Server, until};
use crate::site::{BULK, EVENTS, camera, fill, ids, total};
use crate::stream::Feed;

/// An event as the model knows it.
#[derive(Clone, Debug)]
struct Stored {
    id: u64,
    camera: u64,
    name: &'static str,
    tags: Vec<(&'static str, &'static str)>,
}

type Wanted = fn(&Stored) -> bool;

/// Members of an object with `detail=detail`.
const DETAIL: &str = "camid id name order_time picture received_at time uid";
/// The same with tags.
const ALL: &str = "camid id meta name order_time picture received_at time uid";

/// Whether an event has a tag with a value.
fn has(event: &Stored, tag: &str, value: &str) -> bool {
    event.tags.contains(&(tag, value))
}

/// Query strings and what they mean. Ids are those of a new server, from 1.
const QUERIES: &[(&str, Wanted)] = &[
    ("tag=zone%3Dnorth", |e| has(e, "zone", "north")),
    ("tag=zone%3Dnorth&tag=kind%3Dcar", |e| has(e, "zone", "north") && has(e, "kind", "car")),
    ("tag=zone%3Dno", |_| false),
    ("tag=zone%3Dsouth&camid=2", |e| has(e, "zone", "south") && e.camera == 2),
    ("has_thumb=true", |_| false),
    ("has_thumb=false&events=net", |e| e.name == "net"),
    ("before_id=20", |e| e.id <= 20),
    ("after_id=50", |e| e.id > 50),
    ("after_id=10&before_id=30&camid=1", |e| e.id > 10 && e.id <= 30 && e.camera == 1),
    ("before_id=0", |e| e.id == 0),
    ("before_id=40&events=motion", |e| e.id <= 40 && e.name == "motion"),
    ("before_id=40&tag=kind%3Dcar", |e| e.id <= 40 && has(e, "kind", "car")),
    ("ids=7,3,7,55,99999", |e| [3, 7, 55].contains(&e.id)),
    ("ids=1,2,3,4,5,6&camid=2", |e| e.id <= 6 && e.camera == 2),
    ("ids=1,2,3,4,5,6&after_id=2&before_id=4", |e| e.id == 3 || e.id == 4),
    ("ids=11,12,13&tag=zone%3Dnorth", |e| (11..14).contains(&e.id) && has(e, "zone", "north")),
    ("has_thumb=false", |_| true),
];

fn some(server: &Server, key: &Client) -> Vec<Stored> {
    for name in ["One", "Two"] {
        camera(server, &["--name", name]);
    }
    let all: Vec<Stored> = (1..=60)
        .map(|id| {
            let mut tags = vec![("zone", if id % 3 == 0 { "north" } else { "south" })];
            if id % 4 == 0 {
                tags.push(("kind", "car"));
            }
            let name = if id % 5 == 0 { "net" } else { "motion" };
            Stored { id, camera: 1 + id % 2, name, tags }
        })
        .collect();
    let items: Vec<Value> = all
        .iter()
        .map(|e| {
            // Later ids happened earlier: order of id and order of time differ.
            let time = format!("2026-03-01T10:{:02}:00", 60 - e.id);
            let meta: serde_json::Map<String, Value> =
                e.tags.iter().map(|(tag, value)| ((*tag).to_owned(), json!(value))).collect();
            json!({"camid": e.camera, "name": e.name, "time": time, "meta": meta})
        })
        .collect();
    let stored = key.post(BULK, &json!(items)).ok(200);
    let given: Vec<u64> =
        stored["objects"].as_array().unwrap().iter().map(|o| o["id"].as_u64().unwrap()).collect();
    assert!(given.iter().eq(all.iter().map(|e| &e.id)), "a new server begins with id 1");
    all
}

fn exported(key: &Client, query: &str) -> Vec<u64> {
    let lines = key.get(&format!("{EVENTS}export/?{query}"));
    assert_eq!(lines.status, 200, "{query}: {}", lines.text);
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap();
    lines.text.lines().map(id).collect()
}

#[test]
fn filters_mean_the_same_everywhere() {
    let server = Server::start();
    let key = server.client(&server.key());
    let authorization = server.key();
    let mut all = some(&server, &key);
    for (query, wanted) in QUERIES {
        let expected: Vec<u64> = all.iter().filter(|e| wanted(e)).map(|e| e.id).collect();
        let mut listed = ids(&key.get(&format!("{EVENTS}?limit=100&{query}")).ok(200));
        listed.sort_unstable();
        assert_eq!(listed, expected, "list {query}");
        assert_eq!(total(&key, query), expected.len() as u64, "{query}");
        for group in ["", "&group_by=camid", "&group_by=name"] {
            let path = format!("{EVENTS}histogram/?bucket=600{group}&{query}");
            let counted = key.get(&path).ok(200);
            assert_eq!(counted["meta"]["total_count"], expected.len() as u64, "{path}");
            let buckets = counted["objects"].as_array().unwrap().iter();
            let sum: u64 = buckets.map(|bucket| bucket["count"].as_u64().unwrap()).sum();
            assert_eq!(sum, expected.len() as u64, "{path}");
        }
        assert_eq!(exported(&key, query), expected, "export {query}");
        let table = key.get(&format!("{EVENTS}export/?format=csv&{query}"));
        assert_eq!(table.text.lines().count(), 1 + expected.len(), "table {query}");

        let from = if query.contains("after_id") { "" } else { "&after_id=0" };
        let feed =
            Feed::open(&server, &format!("{query}{from}"), &[("Authorization", &authorization)]);
        for id in &expected {
            let message = feed.next();
            assert_eq!((message.event.as_str(), message.id), ("event", Some(*id)), "feed {query}");
        }
    }
    for (query, wanted) in QUERIES {
        let (gone, left): (Vec<Stored>, Vec<Stored>) = all.into_iter().partition(wanted);
        let deleted = key.delete(&format!("{EVENTS}?{query}")).ok(200);
        assert_eq!(deleted, json!({"deleted": gone.len()}), "delete {query}");
        let ids: Vec<u64> = left.iter().map(|e| e.id).collect();
        assert_eq!(exported(&key, ""), ids, "after {query}");
        all = left;
    }
    assert!(all.is_empty());
}

/// `detail=detail` shows the same on lists, items, exports and the feed.
#[test]
fn detail_is_everything_but_the_tags() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let client = server.client(&gate.all);
    let new = json!({"name": "motion", "time": "1970-01-02T00:00:00", "uid": "u-1",
        "meta": {"a": "b"}});
    let id = client.post(EVENTS, &new).ok(201)["id"].as_u64().unwrap();
    let names = |object: &Value| {
        object.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let list = client.get(&format!("{EVENTS}?detail=detail")).ok(200)["objects"][0].clone();
    assert_eq!(names(&list), DETAIL);
    assert_eq!((&list["uid"], &list["picture"]), (&json!("u-1"), &json!("none")));
    assert_eq!(list["order_time"], list["received_at"], "1970 cannot be");
    let item = client.get(&format!("{EVENTS}{id}/?detail=detail")).ok(200);
    assert_eq!(item, list);
    let line = client.get(&format!("{EVENTS}export/?detail=detail"));
    assert_eq!(names(&line.json()), ALL);
    let query = "detail=detail&after_id=0";
    let feed = Feed::open(&server, query, &[("Authorization", &gate.all)]);
    assert_eq!(names(&feed.next().data), ALL);
    client.put(&format!("{EVENTS}{id}/"), &json!({"a": "c"})).ok(200);
    let updated = feed.next();
    assert_eq!((updated.event.as_str(), names(&updated.data)), ("updated", ALL.to_owned()));
    let plain = client.get(EVENTS).ok(200)["objects"][0].clone();
    assert_eq!(names(&plain), "camid id name time");
}

/// "All that match" means what was shown: what came later stays.
#[test]
fn a_large_delete_keeps_what_came_later_and_can_be_stopped() {
    let server = Server::start();
    let gate = camera(&server, &["--name", "Gate"]);
    let key = server.client(&server.key());
    let stored = fill(&key, gate.id, 3_000);
    let (first, last) = (stored[0], stored[2_499]);
    assert_eq!(key.get("/api/admin/v1/jobs/").ok(200), json!({"objects": []}));
    let job = key.delete(&format!("{EVENTS}?camid={}&before_id={last}", gate.id)).ok(202);
    assert_eq!((&job["total"], &job["id"]), (&json!(2_500), &json!(1)));
    let job = ended(&key, 1);
    assert_eq!((&job["state"], &job["done"]), (&json!("done"), &json!(2_500)));
    assert_eq!(exported(&key, ""), stored[2_500..]);
    assert_eq!(total(&key, &format!("ids={first}")), 0);

    fill(&key, gate.id, 4_000);
    let other = server.client(&server.key());
    let job = other.delete(&format!("{EVENTS}?tag=n%3D1&camid={}", gate.id)).ok(200);
    assert_eq!(job["deleted"], 1);
    let before = total(&key, "");
    other.delete(&format!("{EVENTS}?has_thumb=false")).ok(202);
    assert_eq!(key.delete("/api/admin/v1/jobs/2/").error(), "not_found", "another key's job");
    other.delete("/api/admin/v1/jobs/2/").ok(200);
    let job = ended(&other, 2);
    assert!(job["state"] == "stopped" || job["state"] == "done", "{job}");
    assert_eq!(total(&key, ""), before - job["done"].as_u64().unwrap(), "{job}");
    let listed = key.get("/api/admin/v1/jobs/").ok(200)["objects"].clone();
    assert_eq!((&listed[0]["id"], &listed[1]), (&json!(1), &job), "the account sees all jobs");
}

/// The job when it runs no longer.
fn ended(client: &Client, id: u64) -> Value {
    let job = || client.get(&format!("/api/admin/v1/jobs/{id}/")).ok(200);
    until("the job ends", || job()["state"] != "running");
    job()
}

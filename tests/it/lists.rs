//! Lists, counts, exports and deletes: exact, and one with each other.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::site::{EVENTS, event, fill, ids, inner, site, total, types};

#[test]
fn a_time_has_many_spellings_and_one_answer() {
    let (_server, camera, client) = site();
    for (sent, answered) in [
        ("2021-09-23T16:30:00", "2021-09-23T16:30:00"),
        ("2021-09-23T16:30:00Z", "2021-09-23T16:30:00"),
        ("2021-09-23T16:30:00.000000", "2021-09-23T16:30:00"),
        ("2021-09-23T16:30:00.5", "2021-09-23T16:30:00.500000"),
        ("2021-09-23T16:30:00.123Z", "2021-09-23T16:30:00.123000"),
        ("2021-09-23T16:30:00.123456789", "2021-09-23T16:30:00.123456"),
        ("2021-09-23T18:30:00+02:00", "2021-09-23T16:30:00"),
        ("2021-09-23 16:30:00", "2021-09-23T16:30:00"),
        ("2021-09-23T16:30", "2021-09-23T16:30:00"),
        ("1970-01-01T00:00:00", "1970-01-01T00:00:00"),
    ] {
        let new = json!({"camid": camera.id, "name": "motion", "time": sent});
        assert_eq!(client.post(EVENTS, &new).ok(201)["time"], answered, "{sent}");
    }
    for bad in [json!("yesterday"), json!(""), json!(1_632_414_600), json!("2021-02-30T00:00:00")] {
        let new = json!({"camid": camera.id, "name": "motion", "time": bad});
        assert_eq!(client.post(EVENTS, &new).error(), "bad_parameter", "{bad}");
    }
    // Both bounds are inclusive, whatever their spelling.
    let exact = 6; // at 16:30:00 sharp
    for time in [
        "2021-09-23T16:30:00",
        "2021-09-23T16:30:00.000Z",
        "2021-09-23%2016:30:00",
        "2021-09-23+16:30:00",
        "2021-09-23T16:30",
        "2021-09-23T18:30:00%2B02:00",
        "2021-09-23T18:30:00+02:00",
    ] {
        assert_eq!(total(&client, &format!("start={time}&end={time}")), exact, "{time}");
        assert_eq!(total(&client, &format!("end={time}")), exact, "{time}");
    }
    assert_eq!(total(&client, "start=2021-09-23T16:30:01"), 1, "1970 is sorted by its arrival");
    assert_eq!(total(&client, "start=2021-09-23T16:30:00&end=2021-09-22T16:30:00"), 0);
    assert_eq!(total(&client, "start=&end="), 10);
}

#[test]
fn odd_parameters_do_no_harm() {
    let (_server, camera, client) = site();
    fill(&client, camera.id, 45);
    client.post(&format!("{EVENTS}1/meta/"), &json!({"tag": "Person", "data": "1"})).ok(201);
    for (query, count) in [
        ("camid=&events=&aliases=&type=&start=&end=&meta=&meta_not=&order_by=&limit=", 45),
        ("aliases=undefined-alias", 0),
        ("events=motion&aliases=undefined-alias", 45),
        ("meta=true", 0),
        ("meta=truePerson,Person", 1),
        ("_=1690000000000&tz=UTC&detail=&unknown=1", 45),
        ("include_meta=true&include_meta=true", 45),
        ("include_meta=True", 45),
        ("include_meta=1", 45),
        ("include_filemeta_download=true&include_filemeta=true", 45),
        ("events=no_such_type", 0),
        ("camid=1,1,1", 45),
        ("token=abc&limit=200", 45),
        ("total=7", 45),
    ] {
        let page = client.get(&format!("{EVENTS}?{query}")).ok(200);
        assert_eq!(page["meta"]["total_count"], count, "{query}");
    }
    for (limit, applied, rows) in
        [("", 20, 20), ("5", 5, 5), ("0", 1_000, 45), ("99999", 1_000, 45)]
    {
        let page = client.get(&format!("{EVENTS}?limit={limit}")).ok(200);
        assert_eq!(page["meta"]["limit"], applied);
        assert_eq!(ids(&page).len(), rows);
    }
    for offset in [45, 46, 1_000_000] {
        let page = client.get(&format!("{EVENTS}?offset={offset}")).ok(200);
        assert_eq!((&page["objects"], &page["meta"]["next"]), (&json!([]), &Value::Null));
        assert_eq!(page["meta"]["total_count"], 45);
        assert_eq!(page["meta"]["offset"], offset);
    }
    for query in [
        "limit=-1",
        "limit=many",
        "offset=-1",
        "offset=1.5",
        "order_by=id",
        "start=soon",
        "end=1",
        "camid=gate",
        "camid=1,gate",
        "before_id=x",
        "ids=1,x",
        "has_thumb=maybe",
        "tag=process",
        "after=1",
        "total=x",
    ] {
        assert_eq!(client.get(&format!("{EVENTS}?{query}")).error(), "bad_parameter", "{query}");
    }
}

#[test]
fn next_never_holds_a_credential() {
    let (server, camera, client) = site();
    fill(&client, camera.id, 5);
    let token = inner(&camera.all);
    let query =
        format!("limit=2&token={token}&camid={}&order_by=-time&include_meta=true&_=1", camera.id);
    let page = server.client("").get(&format!("{EVENTS}?{query}")).ok(200);
    let next = page["meta"]["next"].as_str().unwrap().to_owned();
    assert!(!next.contains("token") && !next.contains(&token), "{next}");
    assert!(
        next.contains("camid=1") && next.contains("order_by=") && next.contains("limit=2&offset=2")
    );
    let page = server.client("").get(&format!("{next}&token={token}")).ok(200);
    assert_eq!(ids(&page), [3, 2]);
    let previous = page["meta"]["previous"].as_str().unwrap();
    assert!(!previous.contains("token"), "{previous}");
    assert_eq!(ids(&client.get(previous).ok(200)), [5, 4]);
}

/// Follows `next` while the world changes: what was there is seen once, what is new is not seen.
#[test]
fn following_next_neither_repeats_nor_skips() {
    for order in ["time", "-time"] {
        let (server, camera, client) = site();
        let key = server.client(&server.key());
        let original = fill(&client, camera.id, 120);
        let (mut seen, mut deleted) = (BTreeSet::new(), BTreeSet::new());
        let mut unseen_and_deleted = BTreeSet::new();
        let mut at = format!("{EVENTS}?order_by={order}&limit=7&include_meta=true");
        for round in 0_usize.. {
            let page = client.get(&at).ok(200);
            assert_eq!(page["meta"]["total_count"], 120, "the first page's total is repeated");
            assert_eq!(page["meta"]["offset"], seen.len());
            for id in ids(&page) {
                assert!(seen.insert(id), "{order}: {id} came twice");
                assert!(!deleted.contains(&id), "{order}: {id} was deleted before");
            }
            let Some(next) = page["meta"]["next"].as_str() else { break };
            at = next.to_owned();
            // New events before, within and after what is read; a tag; one that was seen goes, and
            // one that was not.
            for time in ["2026-02-28T00:00:00", "2026-03-01T00:01:00", "2026-03-02T00:00:00"] {
                event(&client, camera.id, "net", time, &json!({}));
            }
            let left = || original.iter().filter(|id| !deleted.contains(*id));
            let tagged = left().nth(round * 5).unwrap();
            client.put(&format!("{EVENTS}{tagged}/meta/t"), &json!({"data": "1"})).ok(200);
            let old = left().find(|id| seen.contains(*id)).copied();
            let coming = left().filter(|id| !seen.contains(*id)).nth(3).copied();
            unseen_and_deleted.extend(coming);
            for id in [old, coming].into_iter().flatten() {
                assert_eq!(key.delete(&format!("{EVENTS}{id}/")).status, 204);
                deleted.insert(id);
            }
        }
        let all: BTreeSet<u64> = original.into_iter().collect();
        let expected: BTreeSet<u64> = all.difference(&unseen_and_deleted).copied().collect();
        assert_eq!(seen, expected, "{order}");
    }
}

/// The same with a filter that the reader's own tags take events out of.
#[test]
fn tagging_while_paging_skips_nothing() {
    let (_server, camera, client) = site();
    let stored: BTreeSet<u64> = fill(&client, camera.id, 60).into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut at = format!("{EVENTS}?meta_not=done&limit=9&order_by=-time");
    loop {
        let page = client.get(&at).ok(200);
        for id in ids(&page) {
            assert!(seen.insert(id), "{id} came twice");
            client.post(&format!("{EVENTS}{id}/meta/"), &json!({"tag": "done"})).ok(201);
        }
        let Some(next) = page["meta"]["next"].as_str() else { break };
        at = next.to_owned();
    }
    assert_eq!(seen, stored);
    assert_eq!(total(&client, "meta_not=done"), 0);
}

#[test]
fn an_alias_stands_for_its_type() {
    let (_server, camera, client) = site();
    let types = types(camera.id);
    let changed = client.put(&format!("{types}motion/"), &json!({"alias": "Front yard"})).ok(200);
    assert_eq!(changed["alias"], "Front yard");
    let aliases = client.get("/api/v3/aliases").ok(200);
    assert_eq!(aliases["objects"], json!([{"alias_name": "Front yard"}]));
    for name in ["motion", "net", "snapshot"] {
        event(&client, camera.id, name, "2026-03-01T10:00:00", &json!({}));
    }
    assert_eq!(total(&client, "aliases=Front%20yard"), 1);
    assert_eq!(total(&client, "aliases=Front%20yard&events=net"), 2);
    client.put(&format!("{types}motion/"), &json!({"alias": null})).ok(200);
    assert_eq!(total(&client, "aliases=Front%20yard"), 0);
    assert_eq!(client.get(&format!("{types}motion/")).ok(200).get("alias"), None);
}

/// What the product adds to the list: ids, tags by value, counts and exports that agree with it.
#[test]
fn list_histogram_and_export_agree() {
    let (_server, camera, client) = site();
    let stored = fill(&client, camera.id, 1_500);
    event(&client, camera.id, "net", "2026-03-05T23:30:00", &json!({"a,\"b": "x\ny"}));
    for query in [
        "",
        "events=motion",
        "start=2026-03-01T00:10:00&end=2026-03-01T00:20:00",
        "events=net",
        "tag=n%3D7",
        "ids=1,2,3,99999",
        "after_id=1000",
        "before_id=10",
    ] {
        let count = total(&client, query);
        let counted =
            client.get(&format!("{EVENTS}histogram/?bucket=hour&group_by=name&{query}")).ok(200);
        assert_eq!(counted["meta"]["total_count"], count, "{query}");
        let buckets = counted["objects"].as_array().unwrap();
        assert_eq!(buckets.iter().map(|b| b["count"].as_u64().unwrap()).sum::<u64>(), count);
        for bucket in buckets {
            let groups = bucket["groups"].as_object().unwrap().values();
            assert_eq!(groups.map(|n| n.as_u64().unwrap()).sum::<u64>(), bucket["count"]);
        }
        let lines = client.get(&format!("{EVENTS}export/?{query}"));
        assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
        let lines: Vec<Value> =
            lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len() as u64, count, "{query}");
        assert!(lines.is_sorted_by_key(|line| line["id"].as_u64()));
        let table = client.get(&format!("{EVENTS}export/?format=csv&{query}"));
        let mut reader = csv::Reader::from_reader(table.text.as_bytes());
        let head = reader.headers().unwrap().iter().collect::<Vec<_>>().join(",");
        assert_eq!(head, "id,camid,camera,name,time,received_at,meta");
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), lines.len());
        for (row, line) in rows.iter().zip(&lines) {
            assert_eq!(row[0], line["id"].to_string());
            assert_eq!(&row[2], "Gate");
            let meta: Value = serde_json::from_str(&row[6]).unwrap();
            assert_eq!(meta, line["meta"]);
        }
    }
    let local =
        client.get(&format!("{EVENTS}histogram/?bucket=day&tz=Europe/Berlin&fill=true")).ok(200);
    let days: Vec<&str> =
        local["objects"].as_array().unwrap().iter().map(|b| b["time"].as_str().unwrap()).collect();
    assert_eq!(days.first(), Some(&"2026-03-01T00:00:00+01:00"));
    assert_eq!(days.last(), Some(&"2026-03-06T00:00:00+01:00"));
    assert_eq!(days.len(), 6);
    for query in [
        "",
        "bucket=0",
        "bucket=year",
        "bucket=1&start=2026-03-01T00:00:00&end=2026-03-02T00:00:00",
        "bucket=day&tz=Mars",
    ] {
        let refused = client.get(&format!("{EVENTS}histogram/?{query}"));
        assert_eq!(refused.status, 400, "{query}: {}", refused.text);
    }
    assert_eq!(stored.len(), 1_500);
}

#[test]
fn deleting_is_exact() {
    let (server, camera, client) = site();
    let key = server.client(&server.key());
    let stored = fill(&client, camera.id, 3_000);
    assert_eq!(client.delete(&format!("{EVENTS}?ids={}", stored[0])).error(), "access_deny");
    assert_eq!(key.delete(EVENTS).error(), "bad_parameter");
    assert_eq!(key.delete(&format!("{EVENTS}?limit=5&_=1")).error(), "bad_parameter");
    let some = key.delete(&format!("{EVENTS}?ids={},{},99999", stored[0], stored[1])).ok(200);
    assert_eq!(some, json!({"deleted": 2}));
    let hour =
        key.delete(&format!("{EVENTS}?start=2026-03-01T00:00:00&end=2026-03-01T00:09:59")).ok(200);
    assert_eq!(hour, json!({"deleted": 598}));
    assert_eq!(total(&client, ""), 2_400);
    let started = key.delete(&format!("{EVENTS}?camid={}", camera.id));
    let job = started.ok(202);
    assert_eq!(job["total"], 2_400);
    let location = started.header("location").unwrap().to_owned();
    let path = location.find("/api/").map(|at| location[at..].to_owned()).unwrap();
    let deadline = std::time::Instant::now() + crate::common::PATIENCE;
    loop {
        let job = key.get(&path).ok(200);
        if job["state"] == "done" {
            assert_eq!(job["done"], 2_400);
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{job}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(total(&client, ""), 0);
    assert_eq!(server.client(&server.key()).get(&path).error(), "not_found", "another key's job");
    let next = event(&client, camera.id, "motion", "2026-03-01T00:00:00", &json!({}));
    assert_eq!(next, stored.last().unwrap() + 1, "ids are not used again");
}

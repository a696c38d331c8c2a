//! `export` and `import`.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{fails, text, works};
use crate::common::{Server, cli};
use crate::site::{EVENTS, camera, event, fill, types};

#[test]
fn an_export_can_be_imported() {
    let source = Server::start();
    let gate = camera(&source, &["--name", "Gate, \"north\""]);
    camera(&source, &["--name", "Yard"]);
    let key = source.client(&source.key());
    key.post(&types(2), &json!({"name": "door"})).ok(201);
    fill(&key, gate.id, 1_200);
    event(
        &key,
        2,
        "door",
        "2021-09-23T16:30:00.5",
        &json!({"quote": "a \"b\", c\nd", "ä": "日本"}),
    );
    let keyed = json!({"camid": 1, "name": "net", "time": "1999-01-01T00:00:00", "uid": "u 1"});
    key.post(EVENTS, &keyed).ok(201);

    let rows = |dir: &Path| -> Vec<Value> {
        let output = cli(dir, &["export"]);
        assert!(output.status.success(), "{output:?}");
        text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let exported = rows(source.dir());
    assert_eq!(exported.len(), 1_202);
    assert!(exported.is_sorted_by_key(|row| row["id"].as_u64()));
    assert_eq!(exported[1_200]["time"], "2021-09-23T16:30:00.500000Z");

    // By the command, and by the API: both can be imported, into cameras of the same ids.
    let by_command = text(&cli(source.dir(), &["export"]));
    let by_api = key.get(&format!("{EVENTS}export/?detail=detail")).text;
    for lines in [by_command, by_api] {
        let target = TempDir::new().unwrap();
        for name in ["Gate", "Yard"] {
            works(target.path(), &["camera", "add", "--name", name]);
        }
        let file = target.path().join("in.ndjson");
        std::fs::write(&file, &lines).unwrap();
        let arguments = ["import", file.to_str().unwrap()];
        let done = json!({"imported": 1_202, "replayed": 0, "failed": 0, "errors": []});
        assert_eq!(works(target.path(), &arguments), done);
        let strip = |rows: Vec<Value>| -> Vec<Value> {
            let strip = |mut row: Value| {
                let members = row.as_object_mut().unwrap();
                members.retain(|name, _| !["id", "received_at"].contains(&name.as_str()));
                row
            };
            rows.into_iter().map(strip).collect()
        };
        assert_eq!(strip(rows(target.path())), strip(exported.clone()));
        let check = works(target.path(), &["check"]);
        assert_eq!((&check["events"], &check["problem_count"]), (&json!(1_202), &json!(0)));
    }

    // A part of it, and as a table.
    let count = |arguments: &[&str]| {
        let output = cli(source.dir(), &[&["export"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        text(&output).lines().count()
    };
    assert_eq!(count(&["--camera", "2"]), 1);
    assert_eq!(count(&["--camera", "1,2", "--events", "door,net"]), 2);
    assert_eq!(count(&["--start", "2026-03-01T00:00:10", "--end", "2026-03-01T00:00:19"]), 10);
    assert_eq!(count(&["--after-id", "1200"]), 2);
    assert_eq!(cli(source.dir(), &["export", "--start", "soon"]).status.code(), Some(1));
    let table = text(&cli(source.dir(), &["export", "--format", "csv"]));
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 7);
    let table: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(table.len(), 1_202);
    assert_eq!((&table[0][2], &table[1_200][3]), ("Gate, \"north\"", "door"));
    let meta: Value = serde_json::from_str(&table[1_200][6]).unwrap();
    assert_eq!(meta, json!({"quote": "a \"b\", c\nd", "ä": "日本"}));
}

#[test]
fn an_import_says_what_is_wrong_where() {
    let server = Server::start();
    camera(&server, &["--name", "Gate"]);
    let file = server.dir().join("in.ndjson");
    let lines = concat!(
        r#"{"camid":1,"name":"motion","time":"2026-03-01T10:00:00","uid":"u"}"#,
        "\n",
        r#"{"camid":7,"name":"motion","time":"2026-03-01T10:00:00"}"#,
        "\n",
        "not JSON\n",
    );
    std::fs::write(&file, lines).unwrap();
    let arguments = ["import", file.to_str().unwrap()];
    let output = cli(server.dir(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&done["imported"], &done["failed"]), (&json!(1), &json!(2)));
    let errors = done["errors"].as_array().unwrap();
    assert!(errors[0].as_str().unwrap().starts_with("line 2:"), "{errors:?}");
    assert!(errors[1].as_str().unwrap().starts_with("line 3:"), "{errors:?}");
    let again: Value = serde_json::from_slice(&cli(server.dir(), &arguments).stdout).unwrap();
    assert_eq!((&again["imported"], &again["replayed"]), (&json!(0), &json!(1)));
    fails(server.dir(), &["import", "no-such-file"]);
}

//! Events out of the database and into it: `export` and `import`.

use std::fmt::Write as _;
use std::io::BufRead;

use futures_util::future::join;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Format;
use super::execute::{On, text};
use super::reply::{Imported, Reply};
use super::request::ExportRequest;
use crate::domain::event::BULK_MAX;
use crate::domain::filter::Filter;
use crate::domain::meta::Sent;
use crate::domain::{CameraId, Event, EventId, Meta, NewEvent, Timestamp, When};
use crate::service::Error;

/// Errors of an import that are described; further ones are only counted.
const IMPORT_ERRORS_MAX: usize = 20;

impl On<'_> {
    pub(super) async fn export(
        &self,
        request: &ExportRequest,
        output: &mut dyn FnMut(String) -> std::io::Result<()>,
    ) -> Result<Reply, String> {
        let time = |text: &Option<String>, name: &str| -> Result<Option<Timestamp>, String> {
            let parse = |text: &String| {
                Timestamp::parse(text).map_err(|error| format!("--{name}: {error}"))
            };
            text.as_ref().map(parse).transpose()
        };
        let filter = Filter {
            cameras: request.cameras.iter().copied().map(CameraId).collect(),
            names: request.names.clone(),
            start: time(&request.start, "start")?,
            end: time(&request.end, "end")?,
            ..Filter::default()
        };
        self.services.events.note_export(&self.caller, &filter).await.map_err(text)?;
        let mut after = EventId(request.after_id.unwrap_or(0));
        let write = |out: String, output: &mut dyn FnMut(String) -> std::io::Result<()>| {
            if out.is_empty() { Ok(()) } else { output(out).map_err(|e| format!("writing: {e}")) }
        };
        if request.format == Format::Csv {
            write("id,camid,camera,name,time,received_at,meta\r\n".to_owned(), output)?;
        }
        loop {
            let chunk =
                self.services.events.export(&self.caller, &filter, after).await.map_err(text)?;
            let mut out = String::new();
            for event in &chunk.events {
                match request.format {
                    Format::Ndjson => ndjson(event, &mut out),
                    Format::Csv => self.csv(event, &mut out),
                }
            }
            write(out, output)?;
            match chunk.next {
                Some(next) => after = next,
                None => return Ok(Reply::Nothing {}),
            }
        }
    }

    fn csv(&self, event: &Event, out: &mut String) {
        let catalogue = self.services.catalogue();
        let camera = catalogue.camera(event.camera).map_or("", |c| c.camera.name.as_str());
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::with_capacity(128));
        let (time, received_at) = (event.time.rfc3339(), event.received_at.rfc3339());
        let (id, camid) = (event.id.0.to_string(), event.camera.0.to_string());
        let row =
            [id.as_str(), &camid, camera, &event.name, &time, &received_at, event.meta.json()];
        let bytes = writer.write_record(row).ok().and_then(|()| writer.into_inner().ok());
        out.push_str(&String::from_utf8_lossy(&bytes.unwrap_or_default()));
    }

    pub(super) async fn import(&self, input: &mut dyn BufRead) -> Result<Reply, String> {
        let mut done = Imported::default();
        let mut lines = Lines { input, last: 0 };
        let mut batch = self.read_batch(&mut lines).await?;
        while !batch.items.is_empty() {
            let Batch { items, numbers } = batch;
            // The next lines are read while these are on their way to the disk. The write is polled first, so it is
            // queued by then; polled together, neither can wait for something that only the other frees.
            let stored = self.services.events.record_many(&self.caller, items);
            let (results, next) = join(stored, self.read_batch(&mut lines)).await;
            for (number, result) in numbers.into_iter().zip(results.map_err(text)?) {
                match result {
                    Ok(recorded) if recorded.replayed => done.replayed += 1,
                    Ok(_) => done.imported += 1,
                    Err(error) => {
                        done.failed += 1;
                        if done.errors.len() < IMPORT_ERRORS_MAX {
                            done.errors.push(format!("line {number}: {}", text(error)));
                        }
                    }
                }
            }
            batch = next?;
        }
        Ok(Reply::Imported(done))
    }

    /// The next lines that are not blank; none at the end.
    async fn read_batch(&self, lines: &mut Lines<'_>) -> Result<Batch, String> {
        let mut batch =
            Batch { items: Vec::with_capacity(BULK_MAX), numbers: Vec::with_capacity(BULK_MAX) };
        let mut line = String::new();
        while batch.items.len() < BULK_MAX {
            line.clear();
            if lines.input.read_line(&mut line).map_err(|e| format!("reading: {e}"))? == 0 {
                break;
            }
            lines.last += 1;
            if !line.trim().is_empty() {
                batch.items.push(self.imported(&line).await);
                batch.numbers.push(lines.last);
            }
        }
        Ok(batch)
    }

    /// A line of an export as a new event. A type that its camera does not have is added.
    async fn imported(&self, line: &str) -> Result<NewEvent, Error> {
        let bad = |what: String| Error::BadParameter(what);
        let row: Row = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
        let camera = CameraId(row.camid);
        let known = self.services.catalogue();
        let entry = known.camera(camera).ok_or(Error::CameraNotFound(camera))?;
        if !entry.types.contains_key(&row.name) {
            let types = &self.services.event_types;
            match types.add(&self.caller, camera, row.name.clone(), false).await {
                Ok(_) | Err(Error::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let time = Timestamp::parse(&row.time).map_err(|error| bad(error.to_string()))?;
        let meta = row.meta.map(|sent| Meta::from_pairs(sent.0)).transpose()?.unwrap_or_default();
        Ok(NewEvent {
            camera: Some(camera),
            name: row.name,
            when: When::At(time),
            meta,
            uid: row.uid,
        })
    }
}

/// What an import reads, and the number of its last line so far.
struct Lines<'i> {
    input: &'i mut dyn BufRead,
    last: u64,
}

/// Lines that are stored together, and their numbers.
struct Batch {
    items: Vec<Result<NewEvent, Error>>,
    numbers: Vec<u64>,
}

/// A line to import; other members of an exported line are passed over.
#[derive(Deserialize)]
struct Row {
    camid: u32,
    name: String,
    time: String,
    meta: Option<Sent>,
    uid: Option<String>,
}

/// A line of an export.
#[derive(Serialize)]
struct Line<'e> {
    id: u64,
    camid: u32,
    name: &'e str,
    time: String,
    received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'e str>,
    meta: &'e RawValue,
}

fn ndjson(event: &Event, out: &mut String) {
    let empty = RawValue::NULL;
    let meta: &RawValue = serde_json::from_str(event.meta.json()).unwrap_or(empty);
    let line = Line {
        id: event.id.0,
        camid: event.camera.0,
        name: &event.name,
        time: event.time.rfc3339(),
        received_at: event.received_at.rfc3339(),
        uid: event.uid.as_deref(),
        meta,
    };
    let json = serde_json::to_string(&line).expect("a line always has a JSON form");
    let _ = writeln!(out, "{json}");
}

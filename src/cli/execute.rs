//! Carries requests out against the services.

use std::fmt::Write as _;
use std::io::BufRead;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Format;
use super::request::{
    AccessTokens, AddedCamera, Checked, ExportRequest, Group, Imported, ListedCamera, ListedGroup,
    ListedKey, ListedToken, Reply, Request, Token, TokenRef,
};
use crate::domain::event::BULK_MAX;
use crate::domain::filter::Filter;
use crate::domain::{
    Access, CameraId, Credential, Envelope, Event, EventId, Kind, Meta, NewEvent, Origin,
    Timestamp, When, meta::Sent,
};
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::camera::{CameraChange, NewCamera};
use crate::service::credential::Issued;
use crate::service::error::Error;

/// Errors of an import that are described; further ones are only counted.
const IMPORT_ERRORS_MAX: usize = 20;

/// What a request may read and write on the way.
pub(super) struct Streams<'s> {
    /// Lines of an import.
    pub input: &'s mut dyn BufRead,
    /// Takes pieces of an export.
    pub output: &'s mut dyn FnMut(String) -> std::io::Result<()>,
}

/// Carries `request` out. `origin` is what envelopes name as the server's address.
///
/// # Errors
/// A text for people.
pub(super) async fn execute(
    services: &Services,
    request: Request,
    origin: &Origin,
    streams: Streams<'_>,
) -> Result<Reply, String> {
    let on = On { services, origin, caller: Caller::local() };
    match request {
        Request::Export(request) => on.export(&request, streams.output).await,
        Request::Import => on.import(streams.input).await,
        other => on.settings(other).await.map_err(text),
    }
}

/// One sentence with what lies beneath a storage failure.
fn text(error: Error) -> String {
    match error {
        Error::StorageFailed(source) => format!("storage failed: {source}"),
        other => other.to_string(),
    }
}

struct On<'s> {
    services: &'s Services,
    origin: &'s Origin,
    caller: Caller,
}

impl On<'_> {
    async fn settings(&self, request: Request) -> Result<Reply, Error> {
        let (services, caller) = (self.services, &self.caller);
        Ok(match request {
            Request::CameraAdd { name, timezone, id } => {
                let change = CameraChange { timezone: Some(timezone), ..CameraChange::default() };
                let new = NewCamera { id: id.map(CameraId), name, change };
                let added = services.cameras.add(caller, new).await?;
                self.camera(&added.entry.camera.name, &added.tokens)
            }
            Request::CameraList => Reply::Cameras {
                objects: services.cameras.list(caller)?.iter().map(|c| listed(&c.camera)).collect(),
            },
            Request::CameraRemove { id, purge } => {
                let removed = services.cameras.remove(caller, CameraId(id)).await;
                match removed {
                    // Purging what an earlier removal left is what the second call is for.
                    Err(Error::CameraNotFound(_)) if purge => {}
                    other => other?,
                }
                if !purge {
                    return Ok(Reply::Nothing {});
                }
                Reply::Purged { deleted: services.events.purge(caller, CameraId(id)).await? }
            }
            Request::TokenCreate { camera, access, expires_s } => {
                let access = access_of(&access)?;
                let now = services.clock().now().0;
                let expires = expires_s.map(|s| {
                    let us = i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
                    Timestamp(now.saturating_add(us).min(Timestamp::MAX.0))
                });
                let camera = camera.map(CameraId);
                self.token(
                    &services.credentials.create_token(caller, camera, access, expires).await?,
                )
            }
            Request::TokenList => Reply::Tokens {
                objects: services
                    .credentials
                    .list(caller, Kind::Token)?
                    .iter()
                    .map(|row| ListedToken {
                        token_id: row.id,
                        access: row.access.word().to_owned(),
                        camid: row.cameras.first().map(|c| c.0),
                        expires: row.expires.map(Timestamp::rfc3339),
                    })
                    .collect(),
            },
            Request::TokenRevoke { id } => self.revoke(Kind::Token, id).await?,
            Request::KeyCreate { name } => {
                let issued = services.credentials.create_key(caller, name).await?;
                Reply::Key { key_id: issued.credential.id, license_key: issued.secret }
            }
            Request::KeyList => Reply::Keys {
                objects: services
                    .credentials
                    .list(caller, Kind::Key)?
                    .iter()
                    .map(|row| ListedKey {
                        key_id: row.id,
                        name: row.name.clone(),
                        created: row.created.rfc3339(),
                    })
                    .collect(),
            },
            Request::KeyRevoke { id } => self.revoke(Kind::Key, id).await?,
            Request::GroupCreate { name, cameras, access } => {
                let access = access_of(&access)?;
                let cameras = cameras.into_iter().map(CameraId).collect();
                let issued =
                    services.credentials.create_group(caller, name, cameras, access).await?;
                let row = &issued.credential;
                Reply::Group(Group {
                    group_id: row.id,
                    name: row.name.clone(),
                    group_token: self.envelope(row, issued.secret.clone()),
                    access: row.access.word().to_owned(),
                    cameras: row.cameras.iter().map(|c| c.0).collect(),
                })
            }
            Request::GroupList => Reply::Groups {
                objects: services
                    .credentials
                    .list(caller, Kind::Group)?
                    .iter()
                    .map(|row| ListedGroup {
                        group_id: row.id,
                        name: row.name.clone(),
                        access: row.access.word().to_owned(),
                        cameras: row.cameras.iter().map(|c| c.0).collect(),
                    })
                    .collect(),
            },
            Request::GroupRemove { id } => self.revoke(Kind::Group, id).await?,
            Request::Check => {
                let report = services.events.verify().await?;
                Reply::Checked(Checked {
                    events: report.events,
                    index_entries: report.index_entries,
                    counter_rows: report.counter_rows,
                    checksum: format!("{:08x}", report.checksum),
                    problem_count: report.problem_count,
                    problems: report.problems,
                })
            }
            Request::Export(_) | Request::Import => Reply::Nothing {},
        })
    }

    fn envelope(&self, row: &Credential, secret: String) -> String {
        Envelope::new(row, secret, self.origin).encode()
    }

    fn camera(&self, name: &str, tokens: &[Credential]) -> Reply {
        let secret = |access: Access| {
            let row = tokens.iter().find(|row| row.access == access);
            row.map(|row| (row, self.services.credentials.secret(row)))
        };
        let envelope = |access| {
            secret(access).map(|(row, secret)| self.envelope(row, secret)).unwrap_or_default()
        };
        Reply::Camera(AddedCamera {
            id: tokens.first().and_then(|row| row.cameras.first()).map_or(0, |c| c.0),
            name: name.to_owned(),
            access_tokens: AccessTokens {
                all: envelope(Access::All),
                watch: envelope(Access::Watch),
            },
            ingest_token: secret(Access::Ingest).map(|(_, secret)| secret).unwrap_or_default(),
            tokens: tokens
                .iter()
                .map(|row| TokenRef { token_id: row.id, access: row.access.word().to_owned() })
                .collect(),
        })
    }

    /// `all` and `watch` as an envelope, `ingest` and `metrics` as the bare secret.
    fn token(&self, issued: &Issued) -> Reply {
        let (row, secret) = (&issued.credential, issued.secret.clone());
        let token = match row.access {
            Access::All | Access::Watch => self.envelope(row, secret),
            Access::Ingest | Access::Metrics => secret,
        };
        Reply::Token(Token {
            token_id: row.id,
            token,
            access: row.access.word().to_owned(),
            camid: row.cameras.first().map(|c| c.0),
            expires: row.expires.map(Timestamp::rfc3339),
        })
    }

    async fn revoke(&self, kind: Kind, id: u32) -> Result<Reply, Error> {
        self.services.credentials.revoke(&self.caller, kind, id).await?;
        Ok(Reply::Nothing {})
    }

    async fn export(
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

    async fn import(&self, input: &mut dyn BufRead) -> Result<Reply, String> {
        let mut done = Imported::default();
        let mut line_number = 0u64;
        let mut ended = false;
        while !ended {
            let mut items = Vec::with_capacity(BULK_MAX);
            let mut numbers = Vec::with_capacity(BULK_MAX);
            while items.len() < BULK_MAX {
                let mut line = String::new();
                if input.read_line(&mut line).map_err(|e| format!("reading: {e}"))? == 0 {
                    ended = true;
                    break;
                }
                line_number += 1;
                if !line.trim().is_empty() {
                    items.push(self.imported(&line).await);
                    numbers.push(line_number);
                }
            }
            if items.is_empty() {
                continue;
            }
            let results =
                self.services.events.record_many(&self.caller, items).await.map_err(text)?;
            for (number, result) in numbers.into_iter().zip(results) {
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
        }
        Ok(Reply::Imported(done))
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

fn access_of(word: &str) -> Result<Access, Error> {
    Access::from_word(word).ok_or_else(|| Error::BadParameter(format!("unknown access {word:?}")))
}

fn listed(camera: &crate::domain::Camera) -> ListedCamera {
    ListedCamera {
        id: camera.id.0,
        name: camera.name.clone(),
        timezone: camera.timezone.clone(),
        enabled: camera.enabled,
    }
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

//! Everything that matches, as a stream: constant memory, whatever the size of the history.

use std::io::Write as _;
use std::vec;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use utoipa::IntoParams;

use super::list::{EventFilter, EventShape};
use super::unwritten;
use super::{EXPORT, EventBody, Shown};
use crate::domain::filter::Filter;
use crate::domain::{Event, EventId};
use crate::http::auth::MayReadEvents;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::{Params, bad};
use crate::http::query;
use crate::service::access::Caller;
use crate::service::export::Chunk;
use crate::service::{self, Services};

/// Text that is handed to the connection at a time, about.
const PART_BYTES: usize = 64 * 1024;
/// First line of a table.
const COLUMNS: [&str; 7] = ["id", "camid", "camera", "name", "time", "received_at", "meta"];

/// How to write what matches.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string; here it is documented")]
pub(in crate::http) struct ExportQuery {
    /// `ndjson` or `csv`.
    #[param(default = "ndjson", example = "csv")]
    format: Option<String>,
}

/// Export events, in order of id.
///
/// NDJSON: one event per line as in a list, with its `meta`. CSV (RFC 4180): columns `id`, `camid`,
/// `camera` (its name), `name`, `time`, `received_at` (RFC 3339) and `meta` (JSON). If the body ends
/// without a proper end, ask again with `after_id` set to the last id that came.
#[utoipa::path(
    get,
    path = EXPORT,
    operation_id = "export_events",
    tag = "events",
    params(ExportQuery, EventFilter, EventShape),
    responses(
        (status = 200, description = "A stream", content(
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        )),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 401, body = ErrorBody, description = "`invalid_auth`"),
        (status = 403, body = ErrorBody, description = "`out_of_scope`, `access_deny`"),
        (status = 503, body = ErrorBody, description = "`overloaded`, `storage_failed`"),
    )
)]
pub(in crate::http) async fn export(
    caller: MayReadEvents,
    services: Data<Services>,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(req.query_string());
    let filter = query::filter(&params)?;
    let form = form(&params)?;
    let after = filter.after_id.unwrap_or_default();
    let chunk = services.events.export(&caller, &filter, after).await?; // refusals have a status
    services.events.note_export(&caller, &filter).await?;
    let mut rows = Rows {
        services,
        caller: caller.0,
        filter,
        form,
        events: vec::IntoIter::default(),
        next: None,
    };
    rows.take(chunk);
    let text = rows.head()?;
    let body = stream::try_unfold((Some(text), rows), async |(text, mut rows)| {
        let Some(text) = text else { return Ok(None) };
        let part = rows.part(text).await.inspect_err(ApiError::log)?;
        if part.is_empty() {
            return Ok::<_, ApiError>(None);
        }
        let again = rows.is_more().then(Vec::new);
        Ok(Some((Bytes::from(part), (again, rows))))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, form.media_type()))
        .insert_header((CONTENT_DISPOSITION, form.disposition()))
        .streaming(body))
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines(Shown),
    Table,
}

fn form(params: &Params) -> service::Result<Form> {
    match params.get("format").map(str::trim) {
        None | Some("ndjson") => Ok(Form::Lines(Shown { meta: true, ..Shown::of(params) })),
        Some("csv") => Ok(Form::Table),
        Some(_) => Err(bad("format", "ndjson or csv")),
    }
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Lines(_) => "application/x-ndjson",
            Self::Table => "text/csv; charset=utf-8",
        }
    }

    const fn disposition(self) -> &'static str {
        match self {
            Self::Lines(_) => "attachment; filename=\"events.ndjson\"",
            Self::Table => "attachment; filename=\"events.csv\"",
        }
    }
}

/// The rows that are still to be written.
struct Rows {
    services: Data<Services>,
    caller: Caller,
    filter: Filter,
    form: Form,
    /// Read and not yet written.
    events: vec::IntoIter<Event>,
    /// Where to read on, if more may follow.
    next: Option<EventId>,
}

impl Rows {
    fn take(&mut self, chunk: Chunk) {
        self.events = chunk.events.into_iter();
        self.next = chunk.next;
    }

    fn is_more(&self) -> bool {
        self.next.is_some() || !self.events.as_slice().is_empty()
    }

    /// What comes before the first row.
    fn head(&self) -> Result<Vec<u8>, ApiError> {
        let mut text = Vec::new();
        if self.form == Form::Table {
            table(&mut text).write_record(COLUMNS).map_err(unwritten)?;
        }
        Ok(text)
    }

    /// `text` and the rows behind it, until that is enough; empty at the end.
    async fn part(&mut self, mut text: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        while text.len() < PART_BYTES {
            if let Some(event) = self.events.next() {
                match self.form {
                    Form::Lines(shown) => line(&mut text, &event, shown)?,
                    Form::Table => self.row(&mut text, &event)?,
                }
            } else if let Some(after) = self.next {
                let chunk = self.services.events.export(&self.caller, &self.filter, after).await?;
                self.take(chunk);
            } else {
                break;
            }
        }
        Ok(text)
    }

    fn row(&self, text: &mut Vec<u8>, event: &Event) -> Result<(), ApiError> {
        let catalogue = self.services.catalogue();
        let camera = catalogue.camera(event.camera).map_or("", |entry| &entry.camera.name);
        let (id, camid) = (event.id.0.to_string(), event.camera.0.to_string());
        let (time, received_at) = (event.time.rfc3339(), event.received_at.rfc3339());
        table(text)
            .write_record([
                &id,
                &camid,
                camera,
                &event.name,
                &time,
                &received_at,
                event.meta.json(),
            ])
            .map_err(unwritten)
    }
}

fn line(text: &mut Vec<u8>, event: &Event, shown: Shown) -> Result<(), ApiError> {
    serde_json::to_writer(&mut *text, &EventBody::listed(event, shown)).map_err(unwritten)?;
    text.write_all(b"\n").map_err(unwritten)
}

fn table(text: &mut Vec<u8>) -> csv::Writer<&mut Vec<u8>> {
    csv::WriterBuilder::new()
        .buffer_capacity(1_024)
        .terminator(csv::Terminator::CRLF)
        .from_writer(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_named() {
        let read = |query| form(&Params::parse(query));
        let lines = |detail| Form::Lines(Shown { meta: true, detail, ..Shown::default() });
        assert_eq!(read("format=").unwrap(), lines(false));
        assert_eq!(read("format=ndjson&detail=detail").unwrap(), lines(true));
        assert_eq!(read("format=csv").unwrap(), Form::Table);
        assert!(read("format=xml").is_err());
    }
}

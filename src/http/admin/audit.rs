//! The audit trail, to read.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::domain::Timestamp;
use crate::domain::audit::{AuditFilter, Audited};
use crate::http::auth::MayGovern;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::params::{Params, bad};
use crate::http::reply::private;
use crate::http::route::resource;
use crate::service::access::Caller;
use crate::service::{self, Services};

const AUDIT: &str = "/api/admin/v1/audit/";
const EXPORT: &str = "/api/admin/v1/audit/export/";
/// Entries of a page if not said otherwise, and at most.
const LIMIT: usize = 100;
/// See [`LIMIT`].
const LIMIT_MAX: usize = 1_000;
/// First line of an export.
const COLUMNS: [&str; 8] = ["id", "time", "who", "from", "action", "object", "result", "detail"];

/// Which entries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string; here it is documented")]
pub(in crate::http) struct AuditQuery {
    /// Some member holds this text, in any case.
    q: Option<String>,
    /// By whom.
    who: Option<String>,
    /// What was done.
    #[param(example = "token.create")]
    action: Option<String>,
    /// At or after this time.
    from: Option<String>,
    /// At or before this time.
    to: Option<String>,
}

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read as a query string; here it is documented")]
pub(in crate::http) struct AuditPlace {
    /// Most entries of the page: 100 if left out, at most 1,000.
    limit: Option<usize>,
    /// Only entries with an id below this one: the last of the page before.
    before: Option<u64>,
}

/// A page of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AuditBody {
    /// About all of it.
    meta: AuditMeta,
    /// Newest first.
    objects: Vec<EntryBody>,
}

/// About the whole trail.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AuditMeta {
    /// How many entries match, on all pages.
    total_count: u64,
    /// Whether the trail holds together.
    chain: ChainBody,
}

/// Whether the trail holds together.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChainBody {
    /// Entries that there are.
    entries: u64,
    /// Whether each of them follows the one before, and none is missing.
    whole: bool,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct EntryBody {
    /// Its number.
    id: u64,
    /// When, RFC 3339.
    time: String,
    /// Who: a user's name, or a credential.
    #[schema(example = "m.krause")]
    who: String,
    /// From which address; empty for the machine itself.
    #[schema(example = "10.20.4.9")]
    from: String,
    /// What was done.
    #[schema(example = "token.create")]
    action: String,
    /// On what.
    #[schema(example = "token 12")]
    object: String,
    /// `ok` or `failed`.
    #[schema(example = "ok")]
    result: String,
    /// More, for people.
    detail: String,
}

impl From<Audited> for EntryBody {
    fn from(audited: Audited) -> Self {
        let entry = audited.entry;
        Self {
            id: audited.id,
            time: entry.time.rfc3339(),
            who: entry.who,
            from: entry.from,
            action: entry.action,
            object: entry.object,
            result: entry.result,
            detail: entry.detail,
        }
    }
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource(EXPORT, [(Method::GET, web::to(export))]))
        .service(resource(AUDIT, [(Method::GET, web::to(list))]));
}

/// List what was done, newest first.
#[utoipa::path(get, path = AUDIT, tag = "people", params(AuditQuery, AuditPlace),
    responses(
        (status = 200, body = AuditBody),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn list(
    caller: MayGovern,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let params = Params::parse(request.query_string());
    let filter = filter(&params)?;
    let before = params.number("before")?;
    let limit = match params.get("limit") {
        Some(_) => params.limit()?.min(LIMIT_MAX),
        None => LIMIT,
    };
    let page = services.audit.list(&caller, filter, before, limit).await?;
    let chain = services.audit.chain().await?;
    let chain = ChainBody { entries: chain.entries, whole: chain.whole };
    let meta = AuditMeta { total_count: page.total_count, chain };
    let objects = page.entries.into_iter().map(EntryBody::from).collect();
    Ok(private(StatusCode::OK, AuditBody { meta, objects }))
}

/// Export what was done as CSV (RFC 4180), newest first.
#[utoipa::path(get, path = EXPORT, tag = "people", params(AuditQuery),
    responses(
        (status = 200, description = "A table", content((String = "text/csv"))),
        (status = 400, body = ErrorBody, description = "`bad_parameter`"),
        (status = 403, body = ErrorBody, description = "`access_deny`")))]
pub(in crate::http) async fn export(
    caller: MayGovern,
    services: Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let filter = filter(&Params::parse(request.query_string()))?;
    services.audit.note_export(&caller).await?;
    let rows = Rows { services, caller: caller.0, filter, before: Some(u64::MAX) };
    let head = table(|table| table.write_record(COLUMNS))?;
    let body = stream::try_unfold((Some(head), rows), async |(head, mut rows)| {
        if let Some(head) = head {
            return Ok::<_, ApiError>(Some((Bytes::from(head), (None, rows))));
        }
        let part = rows.next().await.inspect_err(ApiError::log)?;
        Ok(part.map(|part| (Bytes::from(part), (None, rows))))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""))
        .streaming(body))
}

/// What is still to be written.
struct Rows {
    services: Data<Services>,
    caller: Caller,
    filter: AuditFilter,
    before: Option<u64>,
}

impl Rows {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let Some(before) = self.before else { return Ok(None) };
        let page = self
            .services
            .audit
            .list(&self.caller, self.filter.clone(), Some(before), LIMIT_MAX)
            .await?;
        self.before = match page.entries.last() {
            Some(last) if page.entries.len() == LIMIT_MAX => Some(last.id),
            _ => None,
        };
        if page.entries.is_empty() {
            return Ok(None);
        }
        let text = table(|table| {
            for row in page.entries {
                let row = EntryBody::from(row);
                let id = row.id.to_string();
                let texts =
                    [row.time, row.who, row.from, row.action, row.object, row.result, row.detail];
                table.write_field(id)?;
                for text in texts {
                    table.write_field(plain(text))?;
                }
                table.write_record(None::<&[u8]>)?;
            }
            Ok(())
        })?;
        Ok(Some(text))
    }
}

/// A text that no spreadsheet takes for a formula: names come from anybody.
fn plain(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn table(
    write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
) -> Result<Vec<u8>, ApiError> {
    let mut text = Vec::new();
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut text);
    let written = write(&mut table).and_then(|()| Ok(table.flush()?));
    drop(table);
    written.map_err(|error| {
        tracing::error!(%error, "writing a table into memory");
        ApiError::Internal
    })?;
    Ok(text)
}

fn filter(params: &Params) -> service::Result<AuditFilter> {
    let text = |name| params.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let time = |name| match text(name) {
        None => Ok(None),
        Some(text) => Timestamp::parse(&text).map(Some).map_err(|_| bad(name, "a time")),
    };
    Ok(AuditFilter {
        text: text("q").unwrap_or_default(),
        who: text("who"),
        action: text("action"),
        start: time("from")?,
        end: time("to")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read() {
        let read = |query| filter(&Params::parse(query));
        assert!(read("").unwrap().is_empty() && read("q=&who=").unwrap().is_empty());
        let all = read("q=gate&who=m&action=a.b&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z")
            .unwrap();
        assert_eq!((all.text.as_str(), all.who.as_deref()), ("gate", Some("m")));
        assert!(all.start < all.end);
        assert!(read("from=yesterday").is_err());
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(plain("=1+1".to_owned()), "'=1+1");
        assert_eq!(plain("m.krause".to_owned()), "m.krause");
    }
}

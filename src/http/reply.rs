//! What several resources answer with: a page of a list in memory, answers that nobody may keep, and whether one
//! is needed at all.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::paging::{Envelope, Links};
use super::params::Params;
use crate::domain::filter::{PAGE_DEFAULT, PAGE_MAX};
use crate::service::Result;

/// The parameters of a list that is complete in memory.
pub(super) struct PageRequest<'a> {
    path: &'a str,
    /// Its parameters.
    pub params: Params,
}

impl<'a> PageRequest<'a> {
    /// Reads the query string.
    pub fn new(request: &'a HttpRequest) -> Self {
        Self { path: request.path(), params: Params::parse(request.query_string()) }
    }

    /// The page asked for, 20 rows unless `limit` says otherwise. Links repeat the parameters `echo`.
    ///
    /// # Errors
    /// `bad_parameter` for `limit` or `offset`.
    pub fn page<T, U>(
        &self,
        echo: &[&str],
        rows: Vec<T>,
        show: impl FnMut(T) -> U,
    ) -> Result<Envelope<U>> {
        self.cut(self.params.limit()?, echo, rows, show)
    }

    /// Like [`Self::page`], but without `limit` all rows (at most 1,000) are one page: for lists of
    /// which known clients read the first page only.
    ///
    /// # Errors
    /// `bad_parameter` for `limit` or `offset`.
    pub fn whole<T, U>(&self, rows: Vec<T>, show: impl FnMut(T) -> U) -> Result<Envelope<U>> {
        let limit = match self.params.get("limit") {
            Some(_) => self.params.limit()?,
            None => rows.len().clamp(PAGE_DEFAULT, PAGE_MAX),
        };
        self.cut(limit, &[], rows, show)
    }

    fn cut<T, U>(
        &self,
        limit: usize,
        echo: &[&str],
        rows: Vec<T>,
        show: impl FnMut(T) -> U,
    ) -> Result<Envelope<U>> {
        let offset = self.params.offset()?;
        let total_count = rows.len() as u64;
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let objects: Vec<U> = rows.into_iter().skip(skip).take(limit).map(show).collect();
        let echo = self.params.echo(echo);
        let links = Links { path: self.path, echo: &echo, limit, offset, total_count };
        Ok(Envelope { meta: links.plain(objects.len()), objects })
    }
}

/// An answer with secrets or addresses in it: no cache keeps it (operations.md 6.2).
pub(super) fn private(status: StatusCode, body: impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .json(body)
}

/// Whether the client has this very file, by its `If-None-Match`.
pub(super) fn is_fresh(req: &HttpRequest, etag: &str) -> bool {
    let known = req.headers().get_all(header::IF_NONE_MATCH);
    let mut known = known.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    known.any(|known| {
        let known = known.trim();
        known == "*" || known.trim_start_matches("W/") == etag
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_client_may_know_several_files() {
        for (known, is_known) in [
            (&[][..], false),
            (&["\"a\""], true),
            (&["\"b\", W/\"a\""], true),
            (&["\"b\"", "\"a\""], true),
            (&["*"], true),
            (&["\"b\"", "a"], false),
        ] {
            let mut request = TestRequest::default();
            for line in known {
                request = request.append_header((header::IF_NONE_MATCH, *line));
            }
            assert_eq!(is_fresh(&request.to_http_request(), "\"a\""), is_known, "{known:?}");
        }
    }
}

//! Which of the packings made at build time a client takes.

use actix_web::http::header::{self, HeaderMap};

/// A way that a file may be packed, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Brotli.
    Brotli,
    /// gzip.
    Gzip,
}

impl Coding {
    pub const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// As in `Content-Encoding`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What the packed file's name ends with.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }
}

/// The codings that `Accept-Encoding` allows, best first. Any weight but 0 counts the same.
pub(super) fn accepted(headers: &HeaderMap) -> impl Iterator<Item = Coding> {
    let listed = headers.get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    let listed: Vec<(&str, bool)> = listed
        .flat_map(|text| text.split(','))
        .map(|item| {
            let (name, weight) = item.split_once(';').unwrap_or((item, ""));
            let weight = weight.trim().strip_prefix("q=").map(|q| q.trim().parse::<f32>());
            (name.trim(), !matches!(weight, Some(Ok(0.0) | Err(_))))
        })
        .collect();
    let allows = move |coding: &Coding| {
        let by = |word: &str| listed.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        by(coding.word()).or_else(|| by("*")).is_some_and(|(_, allowed)| *allowed)
    };
    Coding::ALL.into_iter().filter(allows)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn the_best_that_is_not_refused_comes_first() {
        use Coding::{Brotli, Gzip};
        for (header, expected) in [
            ("gzip, deflate, br", vec![Brotli, Gzip]),
            ("gzip;q=1.0, br;q=0.1", vec![Brotli, Gzip]),
            ("GZIP", vec![Gzip]),
            ("br;q=0, *", vec![Gzip]),
            ("*;q=0, gzip", vec![Gzip]),
            ("identity", vec![]),
            ("gzip;q=0.000", vec![]),
            ("", vec![]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(header));
            assert_eq!(accepted(&headers).collect::<Vec<_>>(), expected, "{header}");
        }
        assert_eq!(accepted(&HeaderMap::new()).next(), None);
    }
}

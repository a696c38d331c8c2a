//! Paths and queries without the secrets they may carry, for logs.

use std::borrow::Cow;

/// What stands where a secret stood.
const BLANK: &str = "***";
/// Path prefixes that a secret follows (operations.md 8.2). Compared without regard to case.
const SECRET_PATHS: [&str; 3] = ["/i/", "/ctl/new/", "/ctl/"];
/// Query parameters whose value is a secret.
const SECRET_PARAMETERS: [&str; 5] = ["token", "access_token", "key", "password", "sign"];

/// `path_and_query` with the values of secret parameters and what follows `/i/`, `/ctl/NEW/` and `/ctl/` blanked.
///
/// Control characters cannot stand in a parsed target; the log's own escaping covers the rest.
pub fn redact(path_and_query: &str) -> String {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let mut text = redact_path(path).into_owned();
    if let Some(query) = query {
        text.push('?');
        for (at, pair) in query.split('&').enumerate() {
            if at > 0 {
                text.push('&');
            }
            match pair.split_once('=') {
                Some((name, _)) if is_secret(name) => {
                    text.push_str(name);
                    text.push('=');
                    text.push_str(BLANK);
                }
                _ => text.push_str(pair),
            }
        }
    }
    text
}

/// The path with its secret part blanked, up to its end: a secret may hold an encoded `/`.
fn redact_path(path: &str) -> Cow<'_, str> {
    // The router decodes and some senders double slashes; what only resembles a secret path is blanked too.
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let plain = squeeze(&decoded).to_ascii_lowercase();
    match SECRET_PATHS.iter().find(|prefix| plain.starts_with(**prefix)) {
        None => Cow::Borrowed(path),
        Some(prefix) if plain.len() == prefix.len() => Cow::Borrowed(path),
        Some(&"/i/") => Cow::Owned(format!("/i/{BLANK}")),
        Some(&"/ctl/") => Cow::Owned(format!("/ctl/{BLANK}")),
        Some(_) => Cow::Owned(format!("/ctl/NEW/{BLANK}")),
    }
}

/// Runs of slashes as one.
fn squeeze(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        if !(c == '/' && text.ends_with('/')) {
            text.push(c);
        }
    }
    text
}

/// Whether a parameter's name, as written, is that of a secret.
fn is_secret(name: &str) -> bool {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blanked_and_the_rest_stays() {
        for (given, logged) in [
            ("/api/v2/storage/events/?limit=5", "/api/v2/storage/events/?limit=5"),
            ("/a?token=wp.t1.x&limit=5", "/a?token=***&limit=5"),
            ("/a?limit=5&TOKEN=x&token=y", "/a?limit=5&TOKEN=***&token=***"),
            ("/a?%74oken=x", "/a?%74oken=***"),
            ("/a?token", "/a?token"),
            ("/a?tokens=1", "/a?tokens=1"),
            ("/a?", "/a?"),
            ("/i/wp.t1.x", "/i/***"),
            ("/i/wp.t1.x/more?token=z", "/i/***?token=***"),
            ("//i//wp.t1.x", "/i/***"),
            ("/%69/wp.t1.x", "/i/***"),
            ("/ctl/NEW/share.x/", "/ctl/NEW/***"),
            ("/ctl/new/share.x", "/ctl/NEW/***"),
            ("/ctl/wp.t1.x/", "/ctl/***"),
            ("/ctl/", "/ctl/"),
            ("/i/", "/i/"),
            ("/img/x", "/img/x"),
        ] {
            assert_eq!(redact(given), logged);
        }
    }
}

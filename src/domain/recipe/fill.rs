//! Puts a trigger's values into a recipe's request, each escaped by where it stands.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{BodyType, Message};
use crate::domain::{Meta, Timestamp};

/// Longest filled path and query, in bytes.
pub(super) const FILLED_TARGET_BYTES_MAX: usize = 8_192;
/// Longest filled value of a header, in bytes.
const FILLED_HEADER_BYTES_MAX: usize = 4_096;
/// Longest filled body, in bytes.
const FILLED_BODY_BYTES_MAX: usize = 64 << 10;

/// What is encoded in a URL: all but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a trigger is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// `{name}`: the event type.
    pub name: String,
    /// `{time}`: when it happens, RFC 3339.
    pub time: String,
    /// `{meta.TAG}`: the caller's tags; one that is not there is empty.
    pub meta: Vec<(String, String)>,
    /// Stands for every tag that is not there.
    other: String,
}

/// Values that a request cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// A part of the path would be `.` or `..`.
    #[error("a part of the path would be . or ..")]
    DotSegment,
    /// It gets too long.
    #[error("the {0} gets too long")]
    TooLong(&'static str),
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Url,
    Header,
    Body(BodyType),
}

/// A piece of a text with placeholders.
enum Piece<'t> {
    Text(&'t str),
    Name,
    Time,
    Meta(&'t str),
}

impl Values {
    /// The values of a trigger.
    pub fn new(name: String, time: Timestamp, meta: &Meta) -> Self {
        Self { name, time: time.rfc3339(), meta: meta.pairs(), other: String::new() }
    }

    /// Letters, to try where values stand.
    pub(super) fn sample() -> Self {
        let x = || "x".to_owned();
        Self { name: x(), time: x(), meta: Vec::new(), other: x() }
    }

    fn get(&self, piece: &Piece<'_>) -> Option<&str> {
        match piece {
            Piece::Text(_) => None,
            Piece::Name => Some(&self.name),
            Piece::Time => Some(&self.time),
            Piece::Meta(tag) => {
                let found = self.meta.iter().find(|(known, _)| known == tag);
                Some(found.map_or(&self.other, |(_, value)| value))
            }
        }
    }
}

impl Message {
    /// The request with `values` in place of the placeholders.
    ///
    /// # Errors
    /// [`FillError`].
    pub fn filled(&self, values: &Values) -> Result<Self, FillError> {
        let target = fill(&self.target, values, Place::Url);
        if target.len() > FILLED_TARGET_BYTES_MAX {
            return Err(FillError::TooLong("path"));
        }
        let path = target.split('?').next().unwrap_or_default();
        let is_dots = |part: &str| {
            let part = part.replace("%2e", ".").replace("%2E", ".");
            part == "." || part == ".."
        };
        if path.split('/').any(is_dots) {
            return Err(FillError::DotSegment);
        }
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            let value = fill(value, values, Place::Header);
            if value.len() > FILLED_HEADER_BYTES_MAX {
                return Err(FillError::TooLong("header"));
            }
            headers.push((name.clone(), value));
        }
        let body = fill(&self.body, values, Place::Body(self.body_type));
        if body.len() > FILLED_BODY_BYTES_MAX {
            return Err(FillError::TooLong("body"));
        }
        Ok(Self { method: self.method.clone(), target, headers, body, body_type: self.body_type })
    }
}

/// Whether each placeholder in an XML text stands in text or in a quoted attribute, where escaping is enough.
pub(super) fn is_safe_xml(body: &str) -> bool {
    let (mut in_tag, mut quote) = (false, None);
    for piece in pieces(body) {
        let Piece::Text(text) = piece else {
            if in_tag && quote.is_none() {
                return false;
            }
            continue;
        };
        for c in text.chars() {
            match (in_tag, quote, c) {
                (true, Some(open), c) if c == open => quote = None,
                (true, None, '"' | '\'') => quote = Some(c),
                (true, None, '>') => in_tag = false,
                (false, _, '<') => in_tag = true,
                _ => {}
            }
        }
    }
    true
}

/// Takes a text apart. Braces that hold none of the three words are text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = text[at..].find('{').map(|found| at + found) {
        let rest = &text[open + 1..];
        let word = rest.find(['{', '}']).filter(|end| rest[*end..].starts_with('}'));
        let piece = word.and_then(|end| match &rest[..end] {
            "name" => Some((Piece::Name, end)),
            "time" => Some((Piece::Time, end)),
            word => word
                .strip_prefix("meta.")
                .filter(|tag| !tag.is_empty())
                .map(|tag| (Piece::Meta(tag), end)),
        });
        at = open + 1;
        if let Some((piece, end)) = piece {
            pieces.push(Piece::Text(&text[from..open]));
            pieces.push(piece);
            at = open + end + 2;
            from = at;
        }
    }
    pieces.push(Piece::Text(&text[from..]));
    pieces
}

fn fill(text: &str, values: &Values, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match (&piece, values.get(&piece)) {
            (Piece::Text(text), _) => out.push_str(text),
            (_, value) => escape(value.unwrap_or_default(), place, &mut out),
        }
    }
    out
}

fn escape(value: &str, place: Place, out: &mut String) {
    match place {
        Place::Url | Place::Body(BodyType::Form) => {
            out.extend(utf8_percent_encode(value, ENCODED));
        }
        Place::Header => {
            out.extend(
                value.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }),
            );
        }
        Place::Body(BodyType::Json) => {
            let json = serde_json::Value::from(value).to_string();
            out.push_str(&json[1..json.len() - 1]); // without the quotes, which the recipe has
        }
        Place::Body(BodyType::Xml) => {
            for c in value.chars() {
                match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '"' => out.push_str("&quot;"),
                    '\'' => out.push_str("&apos;"),
                    '\t' | '\n' | '\r' => {
                        let _ = write!(out, "&#{};", u32::from(c)); // does not fail
                    }
                    // No XML can hold these, however written.
                    '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('?'),
                    c => out.push(c),
                }
            }
        }
        Place::Body(BodyType::Text) => out.push_str(value),
    }
}

/// Text for XML, as values of recipes are escaped.
pub fn xml_text(value: &str) -> String {
    let mut out = String::new();
    escape(value, Place::Body(BodyType::Xml), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::camera::is_target;

    fn values(x: &str) -> Values {
        let meta = vec![("x".to_owned(), x.to_owned())];
        Values { name: "door_open".into(), time: "T".into(), meta, other: String::new() }
    }

    fn message(target: &str, body: &str, body_type: BodyType) -> Message {
        let headers = vec![("X".to_owned(), "{meta.x}!".to_owned())];
        Message {
            method: "POST".into(),
            target: target.into(),
            headers,
            body: body.into(),
            body_type,
        }
    }

    #[test]
    fn a_value_is_escaped_by_where_it_stands() {
        let x = "a/b?c&d=\"<é>\"\r\n'{name}";
        let url = "a%2Fb%3Fc%26d%3D%22%3C%C3%A9%3E%22%0D%0A%27%7Bname%7D";
        for (body_type, body) in [
            (BodyType::Json, "a/b?c&d=\\\"<é>\\\"\\r\\n'{name}"),
            (BodyType::Xml, "a/b?c&amp;d=&quot;&lt;é&gt;&quot;&#13;&#10;&apos;{name}"),
            (BodyType::Form, url),
            (BodyType::Text, x),
        ] {
            let filled = message("/{name}/{meta.x}?t={time}", "{meta.x}", body_type);
            let filled = filled.filled(&values(x)).unwrap();
            assert_eq!(filled.target, format!("/door_open/{url}?t=T"));
            assert_eq!(filled.headers[0].1, "a/b?c&d=\"<?>\"??'{name}!");
            assert_eq!(filled.body, body);
        }
    }

    #[test]
    fn braces_that_are_no_placeholders_stay() {
        for body in ["{}", "{\"a\": {\"b\": 1}}", "{Name}", "{meta.}", "{meta", "{{", "}{"] {
            let filled = message("/", body, BodyType::Json).filled(&values("v")).unwrap();
            assert_eq!(filled.body, body);
        }
        let filled = message("/", "{{name}{meta.x}}{meta.none}", BodyType::Text);
        assert_eq!(filled.filled(&values("v")).unwrap().body, "{door_openv}");
    }

    #[test]
    fn a_value_does_not_climb_out_of_its_path() {
        for x in [".", ".."] {
            let climbs = message("/a/{meta.x}/b", "", BodyType::Text).filled(&values(x));
            assert_eq!(climbs, Err(FillError::DotSegment), "{x}");
        }
        message("/a/b?{meta.x}", "", BodyType::Text).filled(&values("..")).unwrap();
        assert!(message("/a/%2e%2E/b", "", BodyType::Text).filled(&values("")).is_err());
        let long = "ä".repeat(2_000);
        let long = message("/{meta.x}", "", BodyType::Text).filled(&values(&long));
        assert_eq!(long, Err(FillError::TooLong("path")));
    }

    proptest! {
        #[test]
        fn no_value_breaks_json_or_a_request_line(x in "\\PC{0,40}|[\\x00-\\x7f]{0,40}") {
            let filled = message("/p?q={meta.x}", "{\"a\":\"{meta.x}\"}", BodyType::Json);
            let Ok(filled) = filled.filled(&values(&x)) else { return Ok(()) };
            let is_target = is_target(&filled.target, FILLED_TARGET_BYTES_MAX);
            prop_assert!(is_target && !filled.target.starts_with("//"), "{}", filled.target);
            let json: serde_json::Value = serde_json::from_str(&filled.body).unwrap();
            prop_assert_eq!(json["a"].as_str(), Some(x.as_str()));
            prop_assert!(filled.headers[0].1.bytes().all(|b| (0x20..0x7f).contains(&b)));
        }
    }
}

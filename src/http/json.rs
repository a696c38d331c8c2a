//! JSON in request bodies: depth first, then the parse, and errors that say where.

use std::ops::Deref;

use actix_web::HttpRequest;
use actix_web::web::Payload;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::body::{Body, JSON_BYTES_MAX, read_body};
use super::error::ApiError;
use crate::service::Error;

/// Deepest nesting of arrays and objects (operations.md 3).
pub const JSON_DEPTH_MAX: usize = 64;
/// What some senders put before their JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What an empty body means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// `{}`: every member is optional here.
    IsObject,
    /// An error like any other text that is not JSON.
    IsError,
}

/// A parsed JSON body. The body's share of the memory budget is held until it is dropped.
#[derive(Debug)]
pub struct JsonBody<T> {
    value: T,
    _body: Body,
}

impl<T> JsonBody<T> {
    /// The value alone; the budget is given back.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for JsonBody<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Reads and parses a JSON body of at most [`JSON_BYTES_MAX`], whatever its `Content-Type` says. An
/// array is refused.
///
/// # Errors
/// Those of [`read_body`] and [`parse_json`].
pub async fn read_json<T: DeserializeOwned>(
    req: &HttpRequest,
    payload: Payload,
    empty: Empty,
) -> Result<JsonBody<T>, ApiError> {
    let body = read_body(req, payload, JSON_BYTES_MAX).await?;
    let value = parse_json(&body, empty)?;
    // A derived `Deserialize` takes an array for an object, member by member.
    if body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&body).trim_ascii_start().starts_with(b"[") {
        return Err(Error::BadParameter("the body is an array, not an object".to_owned()).into());
    }
    Ok(JsonBody { value, _body: body })
}

/// The same from somebody who has not proved who he is: an error says what is `wanted`, and nothing of how
/// the body was read (operations.md 6.4).
///
/// # Errors
/// As [`read_json`].
pub async fn read_json_of_anybody<T: DeserializeOwned>(
    req: &HttpRequest,
    payload: Payload,
    wanted: &str,
) -> Result<JsonBody<T>, ApiError> {
    read_json(req, payload, Empty::IsError).await.map_err(|error| match error {
        ApiError::BadJson(_) => ApiError::BadJson(wanted.to_owned()),
        ApiError::Service(Error::BadParameter(_)) => Error::BadParameter(wanted.to_owned()).into(),
        other => other,
    })
}

/// Parses JSON text.
///
/// # Errors
/// `json_too_deep`; `bad_json` with line and column if it is not JSON; `bad_parameter` if it is JSON
/// of another shape than `T`.
pub fn parse_json<'a, T: Deserialize<'a>>(text: &'a [u8], empty: Empty) -> Result<T, ApiError> {
    let mut text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if empty == Empty::IsObject && text.trim_ascii().is_empty() {
        text = b"{}";
    }
    check_depth(text)?;
    serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Data => Error::BadParameter(error.to_string()).into(),
        Category::Syntax | Category::Eof | Category::Io => ApiError::BadJson(error.to_string()),
    })
}

/// Refuses text nested deeper than [`JSON_DEPTH_MAX`], counting brackets outside of strings.
///
/// One pass, no allocation; text that is not JSON gets through or not, and the parser refuses it.
///
/// # Errors
/// [`ApiError::JsonTooDeep`].
pub fn check_depth(text: &[u8]) -> Result<(), ApiError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > JSON_DEPTH_MAX {
                    return Err(ApiError::JsonTooDeep { max: JSON_DEPTH_MAX });
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parse(text: &str, empty: Empty) -> Result<Value, ApiError> {
        parse_json(text.as_bytes(), empty)
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(&nested(64), Empty::IsError).is_ok());
        assert!(matches!(parse(&nested(65), Empty::IsError), Err(ApiError::JsonTooDeep { .. })));
        let text =
            format!(r#"{{"a":"{}\"{}","b":[{}]}}"#, "[".repeat(99), "{".repeat(99), nested(62));
        assert!(parse(&text, Empty::IsError).is_ok());
        let wide = format!("[{}1]", "[],".repeat(1000));
        assert!(parse(&wide, Empty::IsError).is_ok());
    }

    #[test]
    fn errors_say_where() {
        match parse("{\n \"a\": x}", Empty::IsError) {
            Err(ApiError::BadJson(text)) => assert!(text.contains("line 2 column"), "{text}"),
            other => panic!("{other:?}"),
        }
        let shape: Result<u32, _> = parse_json(b"\"x\"", Empty::IsError);
        assert!(matches!(shape, Err(ApiError::Service(Error::BadParameter(_)))));
        assert!(matches!(parse("{} {}", Empty::IsError), Err(ApiError::BadJson(_))));
    }

    #[test]
    fn empty_is_an_object_only_where_said() {
        assert_eq!(parse(" \r\n", Empty::IsObject).unwrap(), serde_json::json!({}));
        assert!(matches!(parse("", Empty::IsError), Err(ApiError::BadJson(_))));
        assert_eq!(parse("\u{feff}[]", Empty::IsError).unwrap(), serde_json::json!([]));
    }
}

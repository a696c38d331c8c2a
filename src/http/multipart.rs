//! Bodies of several parts (RFC 7578), read in memory.

/// Most parts of a body.
const PARTS_MAX: usize = 32;

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The form field's name.
    pub name: &'a str,
    /// Its content.
    pub content: &'a [u8],
}

/// The boundary that a `Content-Type` names, if it is that of a form of several parts.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary").filter(|text| (1..=70).contains(&text.len()))
}

/// The parts of a body. `None` if it is not whole, or has too many.
pub fn parts<'a>(boundary: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let mut rest = match body.strip_prefix(first.as_bytes()) {
        Some(rest) => rest,
        None => split(body, next.as_bytes())?.1, // what stands before counts for nothing
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let (blank, after) = split(rest, b"\r\n")?;
        if !blank.trim_ascii().is_empty() || parts.len() == PARTS_MAX {
            return None;
        }
        // A part may have no headers at all; then it has no name either.
        let (headers, after) = split(after, b"\r\n\r\n")?;
        let (content, after) = split(after, next.as_bytes())?;
        if let Some(name) = name(headers) {
            parts.push(Part { name, content });
        }
        rest = after;
    }
}

/// The field's name, from the headers of its part.
fn name(headers: &[u8]) -> Option<&str> {
    let headers = std::str::from_utf8(headers).ok()?;
    headers.split("\r\n").find_map(|line| {
        let (header, value) = line.split_once(':')?;
        let is_it = header.trim().eq_ignore_ascii_case("content-disposition");
        is_it.then(|| parameter(value.split_once(';')?.1, "name")).flatten()
    })
}

/// The value of `name` in `a=1; b="2"`.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(';').find_map(|pair| {
        let (given, value) = pair.split_once('=')?;
        given.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// What stands before and after the first `mark`.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_form_is_read() {
        assert_eq!(boundary("multipart/form-data; boundary=\"x y\""), Some("x y"));
        assert_eq!(boundary("Multipart/Form-Data;charset=utf-8;boundary=b"), Some("b"));
        for other in ["application/json", "multipart/mixed; boundary=b", "multipart/form-data"] {
            assert_eq!(boundary(other), None, "{other}");
        }
        let body = b"--b\r\nContent-Disposition: form-data; name=\"event\"\r\n\r\n{}\r\n--b\r\n\
            content-type: image/png\r\ncontent-disposition: form-data; name=picture; filename=\"a.png\"\
            \r\n\r\n\x00\r\n--\r\n--b--\r\n";
        let expected = [
            Part { name: "event", content: b"{}" },
            Part { name: "picture", content: b"\x00\r\n--" },
        ];
        assert_eq!(parts("b", body).unwrap(), expected);
        assert_eq!(parts("b", b"--b--").unwrap(), []);
        for end in 0..body.len() - 4 {
            assert_eq!(parts("b", &body[..end]), None, "cut off at {end}");
        }
        let many =
            "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n".repeat(33) + "--b--";
        assert_eq!(parts("b", many.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(prop::sample::select(b"-b\r\n:;=ax\"".to_vec()), 0..200)) {
            let _ = parts("b", &body);
        }
    }
}

//! Bodies of several parts, read as cameras write them: any name, wrong lengths, bare line ends, no end.

/// Most parts of a body; what follows is left out.
const PARTS_MAX: usize = 64;
/// Most headers of a part.
const HEADERS_MAX: usize = 32;
/// Longest boundary.
const BOUNDARY_BYTES_MAX: usize = 200;

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The form field's name, if it has one.
    pub name: Option<&'a str>,
    /// Its content.
    pub content: &'a [u8],
}

/// The parts of a body, in order. `None` if it has no parts.
///
/// The boundary is that of the `Content-Type`, else the first line. A part ends where the next boundary begins:
/// its `Content-Length` is not believed. What stands after the last boundary is a part too, if none closes it.
pub(super) fn read<'a>(content_type: Option<&str>, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let announced = content_type.and_then(boundary).map(|boundary| format!("--{boundary}"));
    let announced = announced.as_deref().map(str::as_bytes).filter(|mark| has(body, mark));
    let mark = announced.or_else(|| first_line(body))?;
    let mut parts = Vec::new();
    let mut from = None;
    for at in line_starts(body).filter(|at| body[*at..].starts_with(mark)) {
        if let Some(from) = from {
            parts.extend(part(&body[from..at]));
        }
        let line = &body[at + mark.len()..];
        if line.starts_with(b"--") || parts.len() == PARTS_MAX {
            return Some(parts);
        }
        let rest =
            line.iter().position(|b| *b == b'\n').map_or(body.len(), |n| at + mark.len() + n + 1);
        from = Some(rest);
    }
    parts.extend(part(&body[from?..]));
    Some(parts)
}

/// The boundary that a `Content-Type` of several parts names.
fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    kind.trim().get(..10).filter(|kind| kind.eq_ignore_ascii_case("multipart/"))?;
    let boundary = parameter(parameters, "boundary")?;
    (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()).then_some(boundary)
}

/// The first line, if it is a boundary.
fn first_line(body: &[u8]) -> Option<&[u8]> {
    let line = body.split(|b| *b == b'\n').next()?.trim_ascii_end();
    let is_one = line.starts_with(b"--") && (3..=BOUNDARY_BYTES_MAX).contains(&line.len());
    is_one.then_some(line)
}

fn has(body: &[u8], mark: &[u8]) -> bool {
    line_starts(body).any(|at| body[at..].starts_with(mark))
}

fn line_starts(body: &[u8]) -> impl Iterator<Item = usize> {
    let ends = body.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends)
}

/// A part from what stands between two boundaries. Its headers end at a blank line, or at what is no header.
fn part(mut rest: &[u8]) -> Option<Part<'_>> {
    let mut name = None;
    for _ in 0..HEADERS_MAX {
        let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
        let line = rest[..end].trim_ascii();
        if line.is_empty() {
            rest = &rest[end..];
            break;
        }
        let Some((header, value)) = header(line) else { break };
        if header.eq_ignore_ascii_case("content-disposition") {
            name = parameter(value, "name");
        }
        rest = &rest[end..];
    }
    let content = rest.strip_suffix(b"\n").unwrap_or(rest);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    (!content.trim_ascii().is_empty()).then_some(Part { name, content })
}

fn header(line: &[u8]) -> Option<(&str, &str)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (!name.is_empty() && name.bytes().all(is_name)).then_some((name, value))
}

/// The value of `name` in `a=1; b="2"`.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(';').find_map(|pair| {
        let (given, value) = pair.split_once('=')?;
        given.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(content_type: Option<&str>, body: &str) -> Option<Vec<(Option<String>, String)>> {
        let parts = read(content_type, body.as_bytes())?;
        let text = |part: &Part<'_>| String::from_utf8_lossy(part.content).into_owned();
        Some(parts.iter().map(|part| (part.name.map(str::to_owned), text(part))).collect())
    }

    #[test]
    fn parts_are_found_however_they_are_framed() {
        let two = Some(vec![
            (Some("a.xml".to_owned()), "<a/>".to_owned()),
            (None, "\u{1}\r\n--\u{2}".to_owned()),
        ]);
        for (content_type, body) in [
            (
                Some("multipart/form-data; boundary=b"),
                "--b\r\nContent-Disposition: form-data; name=\"a.xml\"\r\nContent-Length: 9999\r\n\r\n<a/>\r\n\
                 --b\r\nContent-Type: image/jpeg\r\n\r\n\u{1}\r\n--\u{2}\r\n--b--\r\n",
            ),
            (
                Some("multipart/mixed;boundary=\"#b# x\""),
                "preamble\n--#b# x\ncontent-disposition: form-data; name=a.xml\n\n<a/>\n--#b# x\n\n\u{1}\r\n--\u{2}\n",
            ),
            (
                None,
                "-----b\r\nContent-Disposition: form-data; name=a.xml\r\n<a/>\r\n-----b\r\nContent-Length:0\r\n\r\n\
                 \u{1}\r\n--\u{2}\r\n-----b--",
            ),
            (
                Some("multipart/form-data; boundary=other"),
                "--b\nContent-Disposition: form-data; name=a.xml\n\n<a/>\n--b\n\n\u{1}\r\n--\u{2}",
            ),
        ] {
            assert_eq!(found(content_type, body), two, "{content_type:?}");
        }
        for (content_type, body) in [
            (None, "{\"a\": 1}"),
            (Some("multipart/form-data; boundary=b"), "<a/>"),
            (None, "--"),
            (None, ""),
        ] {
            assert_eq!(found(content_type, body), None, "{body}");
        }
    }

    #[test]
    fn parts_without_end_are_left_out() {
        let many = "--b\n\nx\n".repeat(1_000);
        assert_eq!(read(None, many.as_bytes()).unwrap().len(), PARTS_MAX);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(prop::sample::select(b"-b\r\n:;=ax\"".to_vec()), 0..200)) {
            let _ = read(None, &body);
            let _ = read(Some("multipart/x; boundary=b"), &body);
        }
    }
}

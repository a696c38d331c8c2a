//! The newest lines of the log, kept in memory for administrators. Secrets are blanked on the way in.

use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, MutexGuard};

use super::access::{Action, Caller};
use super::clock::Clock;
use super::error::Result;
use super::system::System;
use crate::domain::Timestamp;

/// Lines that are kept.
pub const LINES_MAX: usize = 1_000;
/// Longest text of a line, in bytes.
const MESSAGE_BYTES_MAX: usize = 2_048;
/// What stands where a secret stood.
const BLANK: &str = "***";
/// Words that a credential follows.
const SCHEMES: [&str; 5] = ["acc", "si", "lkey", "bearer", "basic"];
/// Shortest word after one of them that is taken for a credential.
const CREDENTIAL_BYTES: usize = 12;
/// Parameters, fields and cookies whose value is a secret.
const SECRETS: [&str; 9] = [
    "token",
    "access_token",
    "ingest_token",
    "license_key",
    "key",
    "password",
    "secret",
    "code",
    "wp_session",
];
/// Path prefixes that a secret follows.
const SECRET_PATHS: [&str; 2] = ["/i/", "/ctl/new/"];

/// This process's ring.
static RING: LazyLock<Ring> = LazyLock::new(Ring::default);

/// How much a line matters, most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Someone should look.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What happens.
    Info,
    /// For developers.
    Debug,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, within this run of the server.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The part of the program.
    pub target: String,
    /// Text and fields.
    pub message: String,
}

/// What lines to give.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// This level and worse ones.
    pub level: Level,
    /// Only with this in target or message, whatever the case.
    pub text: String,
    /// Only above this number, from there on; else the newest.
    pub after: Option<u64>,
    /// Most lines.
    pub limit: usize,
}

/// Lines found, oldest first, and the number to go on after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// What `after` must be next time.
    pub last: u64,
    /// The lines.
    pub lines: Vec<Line>,
}

/// The newest lines, bounded in number and bytes.
#[derive(Debug, Default)]
pub struct Ring(Mutex<(u64, VecDeque<Line>)>);

/// The ring that this process logs into.
pub fn ring() -> &'static Ring {
    &RING
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Line>)> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// Adds a line, and drops the oldest beyond [`LINES_MAX`].
    pub fn push(&self, level: Level, target: &str, message: &str) {
        let time = Clock::system().now();
        let message = blank(cut(message));
        let mut ring = self.lock();
        ring.0 += 1;
        let seq = ring.0;
        if ring.1.len() == LINES_MAX {
            ring.1.pop_front();
        }
        ring.1.push_back(Line { seq, time, level, target: target.to_owned(), message });
    }

    /// Lines that match.
    pub fn read(&self, query: &LogQuery) -> Lines {
        let ring = self.lock();
        let text = query.text.to_lowercase();
        let matches = |line: &&Line| {
            line.level <= query.level
                && query.after.is_none_or(|after| line.seq > after)
                && (text.is_empty()
                    || line.message.to_lowercase().contains(&text)
                    || line.target.to_lowercase().contains(&text))
        };
        let found: Vec<&Line> = ring.1.iter().filter(matches).collect();
        let (last, found) = match query.after {
            Some(_) if found.len() > query.limit => {
                let found = &found[..query.limit];
                (found.last().map_or(ring.0, |line| line.seq), found)
            }
            Some(_) => (ring.0, &found[..]),
            None => (ring.0, &found[found.len().saturating_sub(query.limit)..]),
        };
        Lines { last, lines: found.iter().map(|line| (*line).clone()).collect() }
    }
}

impl System {
    /// The newest lines of the log.
    ///
    /// # Errors
    /// [`super::Error::AccessDenied`].
    pub fn logs(&self, caller: &Caller, query: &LogQuery) -> Result<Lines> {
        caller.may(Action::Manage)?;
        Ok(ring().read(query))
    }
}

/// At most [`MESSAGE_BYTES_MAX`] of it.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MESSAGE_BYTES_MAX)]
}

/// The text with everything that looks like a secret blanked, and control characters escaped.
pub fn blank(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || c.is_control() || "\"'`,;&()<>{}[]|".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut after_scheme = false;
    for piece in text.split_inclusive(is_end) {
        let word = piece.trim_end_matches(is_end);
        if after_scheme && word.len() >= CREDENTIAL_BYTES {
            out.push_str(BLANK);
        } else {
            blank_word(word, &mut out);
        }
        if !word.is_empty() {
            let last = word.rsplit(['=', ':']).next().unwrap_or(word);
            after_scheme = SCHEMES.iter().any(|scheme| last.eq_ignore_ascii_case(scheme));
        }
        for c in piece[word.len()..].chars() {
            if c.is_control() {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
    }
    out
}

/// Appends a word without blanks in it.
fn blank_word(word: &str, out: &mut String) {
    let lower = word.to_ascii_lowercase();
    if let Some(at) =
        SECRET_PATHS.iter().find_map(|path| lower.find(path).map(|at| at + path.len()))
        && at < word.len()
    {
        out.push_str(&word[..at]);
        out.push_str(BLANK);
        return;
    }
    if let Some(at) = word.find('=') {
        let name = lower[..at].rsplit(['?', '.', ':', '/', '-']).next().unwrap_or_default();
        if SECRETS.contains(&name) {
            out.push_str(&word[..=at]);
            out.push_str(BLANK);
            return;
        }
    }
    // Our own secrets, `wp.t12.…`, and VXG's envelopes: base64 of an object.
    let own = word.match_indices("wp.").find_map(|(at, _)| {
        let rest = word[at + 3..].strip_prefix(['t', 'g', 'k'])?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0 && rest[digits..].starts_with('.')).then_some(at + 3 + 1 + digits + 1)
    });
    let envelope = word.find("eyJ").filter(|at| word.len() - at >= 24);
    match own.or(envelope) {
        Some(at) => {
            out.push_str(&word[..at]);
            out.push_str(BLANK);
        }
        None => out.push_str(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(level: Level, text: &str, after: Option<u64>, limit: usize) -> LogQuery {
        LogQuery { level, text: text.to_owned(), after, limit }
    }

    #[test]
    fn the_ring_holds_the_newest_and_gives_what_is_asked() {
        let ring = Ring::default();
        for n in 1..=1_010 {
            let level = if n % 10 == 0 { Level::Warn } else { Level::Info };
            ring.push(level, "watchpost::x", &format!("line {n}"));
        }
        let all = ring.read(&query(Level::Debug, "", None, 5_000));
        assert_eq!((all.last, all.lines.len(), all.lines[0].seq), (1_010, 1_000, 11));
        let seqs = |lines: &Lines| lines.lines.iter().map(|line| line.seq).collect::<Vec<_>>();
        assert_eq!(seqs(&ring.read(&query(Level::Warn, "", None, 2))), [1_000, 1_010]);
        assert_eq!(seqs(&ring.read(&query(Level::Info, "LINE 55", None, 9))).len(), 9);
        let some = ring.read(&query(Level::Info, "", Some(1_000), 3));
        assert_eq!((some.last, seqs(&some)), (1_003, vec![1_001, 1_002, 1_003]));
        let rest = ring.read(&query(Level::Error, "", Some(1_003), 3));
        assert_eq!((rest.last, rest.lines.len()), (1_010, 0), "on after what does not match");
    }

    #[test]
    fn a_long_line_is_cut() {
        let ring = Ring::default();
        ring.push(Level::Info, "x", &"ü".repeat(5_000));
        let lines = ring.read(&query(Level::Info, "", None, 1)).lines;
        assert!(lines[0].message.len() <= MESSAGE_BYTES_MAX);
    }

    #[test]
    fn secrets_are_blanked_wherever_they_stand() {
        for (given, kept) in [
            ("GET /a?limit=5&token=wp.t1.x 200", "GET /a?limit=5&token=*** 200"),
            ("path=/i/anything?x=1 done", "path=/i/*** done"),
            ("/CTL/NEW/abc/", "/CTL/NEW/***"),
            ("bad token wp.k12.AbCdEf0123", "bad token wp.k12.***"),
            ("Authorization: LKey abcdefghijklmnop", "Authorization: LKey ***"),
            ("authorization=Acc eyJhcGkiOiJodHRwIn0=", "authorization=Acc ***"),
            ("see eyJ0b2tlbiI6IndwLnQxLngifQ==!", "see ***"),
            ("cookie: __Host-wp_session=abc; a=b", "cookie: __Host-wp_session=***; a=b"),
            ("password=\"x\"", "password=***\"x\""),
            ("acc. to plan, limit=5 camera.id=7", "acc. to plan, limit=5 camera.id=7"),
            ("two\nlines\u{1b}[1m", "two\\nlines\\u{1b}[1m"),
        ] {
            assert_eq!(blank(given), kept);
        }
    }
}

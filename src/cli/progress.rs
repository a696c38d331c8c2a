//! How far long work has come, as one line on a terminal: the reading of a file, the making of a backup.

use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

/// Pause between two looks of the line.
const PAUSE: Duration = Duration::from_millis(200);
/// Characters of the bar.
const BAR: usize = 30;

/// Reads from `inner` and tells on standard error how much has been read.
pub(super) struct Progress<R> {
    inner: R,
    line: Option<Line>,
}

impl<R> Progress<R> {
    /// `bytes` is what `inner` holds, where that is known. Without a terminal nothing is written.
    pub fn new(inner: R, bytes: Option<u64>) -> Self {
        let line = io::stderr().is_terminal().then(|| Line::new(bytes, Instant::now()));
        Self { inner, line }
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(line) = &mut self.line {
            line.add(&buffer[..read]);
            let now = Instant::now();
            if read == 0 || now >= line.due {
                line.due = now + PAUSE;
                let text = line.text(now);
                // A terminal that went away does not stop the work.
                let _ = write!(io::stderr(), "\r{text}\x1b[K");
            }
        }
        Ok(read)
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        if self.line.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}

/// Tells on standard error how many items are done.
pub(super) struct Items {
    began: Instant,
    is_shown: bool,
    has_line: bool,
}

impl Items {
    /// Without a terminal nothing is written; nor as long as nothing is told.
    pub fn new() -> Self {
        Self { began: Instant::now(), is_shown: io::stderr().is_terminal(), has_line: false }
    }

    /// `done` of about `total` items are written.
    pub fn tell(&mut self, done: u64, total: u64) {
        if self.is_shown {
            self.has_line = true;
            let text = items(done, total, self.began.elapsed());
            let _ = write!(io::stderr(), "\r{text}\x1b[K");
        }
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        if self.has_line {
            let _ = writeln!(io::stderr());
        }
    }
}

fn items(done: u64, total: u64, took: Duration) -> String {
    if done >= total {
        return format!("{}  {done} items, being read again", bar(1.0));
    }
    let part = share(done, total);
    let so_far = format!("{}  {done} of {total} items", bar(part));
    if done == 0 { so_far } else { format!("{so_far}  {}", left(part, took)) }
}

/// What the line of a reading says.
struct Line {
    bytes: Option<u64>,
    began: Instant,
    due: Instant,
    read: u64,
    rows: u64,
}

impl Line {
    fn new(bytes: Option<u64>, now: Instant) -> Self {
        Self { bytes, began: now, due: now, read: 0, rows: 0 }
    }

    fn add(&mut self, part: &[u8]) {
        self.read += part.len() as u64;
        self.rows += part.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
    }

    /// The bar, rows so far and in a second, and the time that is left.
    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    fn text(&self, now: Instant) -> String {
        let took = now - self.began;
        let per_second = self.rows as f64 / took.as_secs_f64().max(1e-3);
        let rows = format!("{} rows, {per_second:.0}/s", self.rows);
        let Some(bytes) = self.bytes.filter(|bytes| *bytes > 0) else { return rows };
        let part = share(self.read, bytes);
        format!("{}  {rows}  {}", bar(part), left(part, took))
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown to people")]
fn share(done: u64, of: u64) -> f64 {
    if of == 0 { 1.0 } else { (done as f64 / of as f64).min(1.0) }
}

/// A bar, and the share that it shows.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a few characters"
)]
fn bar(part: f64) -> String {
    let full = (part * BAR as f64) as usize;
    format!("[{}{}] {:3.0} %", "#".repeat(full), "-".repeat(BAR - full), part * 100.0)
}

/// The time that is left if it goes on as it did.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown to people")]
fn left(part: f64, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(1e-3);
    let left = if part > 0.0 { (seconds / part - seconds).round() as u64 } else { 0 };
    format!("{}:{:02} left", left / 60, left % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_share_speed_and_what_is_left() {
        let began = Instant::now();
        let mut line = Line::new(Some(400), began);
        line.add(&[b'\n'; 100]);
        let text = line.text(began + Duration::from_secs(50));
        assert_eq!(
            text,
            format!("[{}{}]  25 %  100 rows, 2/s  2:30 left", "#".repeat(7), "-".repeat(23))
        );
    }

    #[test]
    fn items_are_written_and_then_read_again() {
        let took = Duration::from_secs(30);
        let text = items(250, 1_000, took);
        let bar = format!("[{}{}]", "#".repeat(7), "-".repeat(23));
        assert_eq!(text, format!("{bar}  25 %  250 of 1000 items  1:30 left"));
        for (done, total) in [(0, 0), (1_001, 1_000)] {
            let text = items(done, total, took);
            assert!(text.ends_with(&format!("100 %  {done} items, being read again")), "{text}");
        }
    }

    #[test]
    fn a_stream_without_an_end_has_no_bar() {
        let began = Instant::now();
        let mut line = Line::new(None, began);
        line.add(b"a\nb\n");
        assert_eq!(line.text(began + Duration::from_secs(1)), "2 rows, 2/s");
    }

    #[test]
    fn what_is_read_is_what_was_there() {
        let mut text = String::new();
        Progress::new(&b"one\ntwo\n"[..], Some(8)).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }
}

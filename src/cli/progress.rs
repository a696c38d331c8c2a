//! How far the reading of a long file has come, as one line on a terminal.

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

/// What the line says.
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
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "shown to people"
    )]
    fn text(&self, now: Instant) -> String {
        let seconds = (now - self.began).as_secs_f64().max(1e-3);
        let rows = format!("{} rows, {:.0}/s", self.rows, self.rows as f64 / seconds);
        let Some(bytes) = self.bytes.filter(|bytes| *bytes > 0) else { return rows };
        let part = (self.read as f64 / bytes as f64).min(1.0);
        let full = (part * BAR as f64) as usize;
        let left = if part > 0.0 { (seconds / part - seconds).round() as u64 } else { 0 };
        format!(
            "[{}{}] {:3.0} %  {rows}  {}:{:02} left",
            "#".repeat(full),
            "-".repeat(BAR - full),
            part * 100.0,
            left / 60,
            left % 60,
        )
    }
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

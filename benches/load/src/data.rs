//! The events that everything is measured with: 100 cameras, 8 types, 30 days, the same in every run.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Cameras, numbered from 1.
pub const CAMERAS: u64 = 100;
/// Event types; a new camera has the first three.
pub const NAMES: [&str; 8] =
    ["motion", "net", "snapshot", "person", "vehicle", "line_crossing", "sound", "door_open"];
/// 2025-10-10T00:00:00Z, where the 30 days begin.
pub const FIRST_S: u64 = 1_760_054_400;
/// How long they are.
pub const SPAN_S: u64 = 30 * 86_400;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    pub camera: u64,
    pub name: &'static str,
    pub time_us: u64,
    /// Of four events one has the tag `Person`, of eight one has `Car`.
    pub person: bool,
    pub car: bool,
    /// Tag of an event that a worker is done with.
    pub done: bool,
}

/// A number's thorough mixture: the same in every run, evenly spread.
pub fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl Event {
    /// Event `number` of `total`. They come as cameras send: in order of time, but for one in a hundred
    /// that is up to two hours late. Of `done_percent` a worker has seen to.
    pub fn new(number: u64, total: u64, done_percent: u64) -> Self {
        let mut rest = mixed(number);
        let mut pick = |below: u64| {
            let picked = rest % below;
            rest /= below;
            picked
        };
        let camera = pick(CAMERAS) + 1;
        let name = NAMES[pick(8) as usize];
        let (person, car) = (pick(4) == 0, pick(8) == 0);
        let done = pick(100) < done_percent;
        let late_s = if pick(100) == 0 { pick(7_200) } else { 0 };
        let span_us = u128::from(SPAN_S * 1_000_000);
        let passed_us = (u128::from(number) * span_us / u128::from(total.max(1))) as u64;
        let passed_us = passed_us.saturating_sub(late_s * 1_000_000);
        Self { camera, name, time_us: FIRST_S * 1_000_000 + passed_us, person, car, done }
    }

    /// The tags as a JSON object.
    fn meta(&self, out: &mut String) {
        out.push('{');
        for (tag, is_there) in [
            ("\"Car\":\"0.91\",", self.car),
            ("\"Person\":\"0.87\",", self.person),
            ("\"done\":\"1\",", self.done),
        ] {
            out.push_str(if is_there { tag } else { "" });
        }
        if out.ends_with(',') {
            out.pop();
        }
        out.push('}');
    }

    /// The body that creates it, and a line of an import.
    pub fn json(&self, out: &mut String) {
        let _ = write!(out, r#"{{"camid":{},"name":"{}","time":""#, self.camera, self.name);
        time(self.time_us, out);
        out.push_str(r#"","meta":"#);
        self.meta(out);
        out.push('}');
    }
}

/// A time as RFC 3339 with milliseconds, UTC.
pub fn time(us: u64, out: &mut String) {
    let (s, ms) = (us / 1_000_000, us % 1_000_000 / 1_000);
    let (days, s) = (s / 86_400, s % 86_400);
    // Days to a date: years of 400 begin in March, so that leap days end them.
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z",
        s / 3_600,
        s / 60 % 60,
        s % 60
    );
}

/// Writes events as JSON lines.
pub fn generate(out: &mut impl Write, total: u64, done_percent: u64) -> io::Result<()> {
    let mut text = String::with_capacity(1 << 16);
    for number in 0..total {
        Event::new(number, total, done_percent).json(&mut text);
        text.push('\n');
        if text.len() > (1 << 16) - 512 {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_calendar_says() {
        for (us, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (1_760_054_400_123_000, "2025-10-10T00:00:00.123Z"),
            (1_767_225_599_999_999, "2025-12-31T23:59:59.999Z"),
        ] {
            let mut text = String::new();
            time(us, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn the_same_number_is_the_same_event() {
        let event = Event::new(500_000, 1_000_000, 99);
        assert_eq!(event, Event::new(500_000, 1_000_000, 99));
        let late = event.time_us.abs_diff((FIRST_S + SPAN_S / 2) * 1_000_000);
        assert!(late <= 7_200_000_000, "{late}");
        let done = (0..10_000).filter(|n| Event::new(*n, 10_000, 99).done).count();
        assert!((9_850..9_950).contains(&done), "{done}");
    }
}

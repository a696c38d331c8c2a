//! Instants: microseconds since the epoch, UTC, and the spellings the API accepts and prints.

use chrono::{DateTime, Datelike, NaiveDate, Timelike};

/// Microseconds of one second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds of one minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds of a quarter of an hour, the finest step of day counters.
pub const QUARTER_US: i64 = 15 * MINUTE_US;
/// Microseconds of one hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds of one day.
pub const DAY_US: i64 = 24 * HOUR_US;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Why a text is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time: use YYYY-MM-DDTHH:MM:SS in UTC, years 1970 to 9999")]
pub struct BadTime;

impl Timestamp {
    /// 1970-01-01T00:00:00Z, the earliest instant accepted.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59.999999Z, the latest instant accepted.
    pub const MAX: Self = Self(253_402_300_799_999_999);
    /// 2000-01-01T00:00:00Z: an earlier `time` does not order an event (operations.md 2.1).
    pub const YEAR_2000: Self = Self(946_684_800_000_000);
    /// 2100-01-01T00:00:00Z: with a suspect clock, a later `time` does not order an event.
    pub const YEAR_2100: Self = Self(4_102_444_800_000_000);

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads every spelling of the API contract §4: `T` or a blank between date and time, seconds
    /// and fraction optional (more than six digits are cut), `Z`, `±hh:mm`, `±hhmm` or nothing (UTC).
    ///
    /// A blank before a trailing `hh:mm` is a `+` that a query string lost.
    ///
    /// # Errors
    /// [`BadTime`] if the text is none of these or lies outside 1970..9999.
    pub fn parse(text: &str) -> Result<Self, BadTime> {
        parse(text.trim().as_bytes()).ok_or(BadTime)
    }

    /// The form of the VXG paths: `2021-09-23T16:30:00`, UTC without a zone, six fraction digits
    /// only if the fraction is not zero.
    pub fn vxg(self) -> String {
        form(self, "")
    }

    /// RFC 3339 with `Z`, six fraction digits only if the fraction is not zero.
    pub fn rfc3339(self) -> String {
        form(self, "Z")
    }

    /// The same instant as a `chrono` value, for calendars and zones.
    pub fn utc(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

/// Written by hand: a list has a time in each row, and `core::fmt` took a seventh of the work of a page.
fn form(at: Timestamp, zone: &str) -> String {
    let t = at.utc();
    let mut text = String::with_capacity("2021-09-23T16:30:00.250000Z".len());
    let parts =
        [(t.month(), '-'), (t.day(), '-'), (t.hour(), 'T'), (t.minute(), ':'), (t.second(), ':')];
    number(&mut text, t.year().unsigned_abs(), 4);
    for (part, before) in parts {
        text.push(before);
        number(&mut text, part, 2);
    }
    let fraction = at.0.rem_euclid(SECOND_US);
    if fraction != 0 {
        text.push('.');
        number(&mut text, u32::try_from(fraction).unwrap_or(0), 6);
    }
    text.push_str(zone);
    text
}

/// `n` with at least so many digits.
fn number(text: &mut String, n: u32, digits: u32) {
    let digits = digits.max(n.checked_ilog10().unwrap_or(0) + 1);
    for place in (0..digits).rev() {
        let digit = n / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = digits(rest.strip_prefix(b"-")?, 2)?;
    let (b'T' | b't' | b' ', rest) = rest.split_first()? else { return None };
    let (hour, rest) = digits(rest, 2)?;
    let (minute, mut rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let mut second = 0;
    let mut fraction_us = 0;
    if let Some(after) = rest.strip_prefix(b":") {
        (second, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
            let count = after.iter().take_while(|b| b.is_ascii_digit()).count();
            if count == 0 {
                return None;
            }
            for place in 0..6 {
                fraction_us *= 10;
                fraction_us += after[..count].get(place).map_or(0, |b| i64::from(b - b'0'));
            }
            rest = &after[count..];
        }
    }
    let offset_min = offset(rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )?;
    let days = i64::from(date.to_epoch_days());
    let micros = days * DAY_US
        + hour * HOUR_US
        + (minute - offset_min) * MINUTE_US
        + second * SECOND_US
        + fraction_us;
    (Timestamp::MIN.0..=Timestamp::MAX.0).contains(&micros).then_some(Timestamp(micros))
}

/// The zone's offset in minutes: nothing and `Z` are 0.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first() {
        None | Some((b'Z' | b'z', [])) => return Some(0),
        Some((b'+' | b' ', rest)) => (1, rest),
        Some((b'-', rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":").unwrap_or(rest), 2)?;
    (rest.is_empty() && hour <= 23 && minute <= 59).then_some(sign * (hour * 60 + minute))
}

fn digits(text: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (head, rest) = text.split_at_checked(count)?;
    let value = head
        .iter()
        .try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))?;
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_the_contract_is_read() {
        let base = 1_632_414_600_000_000;
        for (text, micros) in [
            ("2021-09-23T16:30:00", base),
            ("2021-09-23T16:30", base),
            ("2021-09-23 16:30:00", base),
            ("2021-09-23 16:30", base),
            ("2021-09-23T16:30:00Z", base),
            ("2021-09-23T16:30:00.000Z", base),
            ("2021-09-23T16:30:00.123", base + 123_000),
            ("2021-09-23T16:30:00.1234567", base + 123_456),
            ("2021-09-23T18:30:00+02:00", base),
            ("2021-09-23T18:30:00 02:00", base),
            ("2021-09-23T18:30 02:00", base),
            ("2021-09-23T11:00:00-0530", base),
        ] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "now",
            "2021-09-23",
            "1632414600",
            "2021-13-01T00:00:00",
            "2021-02-29T00:00:00",
            "2021-09-23T24:00:00",
            "2021-09-23T16:60:00",
            "2021-09-23T16:30:61",
            "2021-09-23T16",
            "2021-09-23T16:30:00.",
            "2021-09-23T16:30:00+2",
            "1969-12-31T23:59:59",
            "1970-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2021-09-23T16:30:00ZZ",
            "10000-01-01T00:00:00",
            "２021-09-23T16:30:00",
        ] {
            assert_eq!(Timestamp::parse(text), Err(BadTime), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printed_times_are_read_back(micros in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let at = Timestamp(micros);
            prop_assert_eq!(Timestamp::parse(&at.vxg()), Ok(at));
            prop_assert_eq!(Timestamp::parse(&at.rfc3339()), Ok(at));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = Timestamp::parse(&text);
        }
    }
}

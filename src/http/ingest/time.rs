//! Times as cameras write them.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use crate::domain::Timestamp;
use crate::domain::time::{MINUTE_US, SECOND_US};

/// Reads a time with a zone or an offset as it says, without one as local time of `zone` (an IANA name), or an
/// epoch in s, ms or µs.
///
/// `2026-05-01T10:30:00.5+02:00`, `2022-5-26 11:5:0`, `2015-05-22,14:52:18`, `21/12/2021 22:15:33` (day first),
/// `11-19-2025 12:15:11 PM` (month first), `20251123180936`. In the hour that comes twice the first one is meant;
/// in the hour that is left out there is none.
pub(super) fn read(text: &str, zone: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(time) = epoch(text) {
        return Some(time);
    }
    let (local, offset) = match compact(text) {
        Some(local) => (local, None),
        None => spelled(text)?,
    };
    let micros = if let Some(minutes) = offset {
        local.and_utc().timestamp_micros().checked_sub(minutes * MINUTE_US)?
    } else {
        let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::UTC);
        zone.from_local_datetime(&local).earliest()?.timestamp_micros()
    };
    (Timestamp::MIN.0..=Timestamp::MAX.0).contains(&micros).then_some(Timestamp(micros))
}

/// Reads a number of seconds, milliseconds or microseconds since the epoch, told apart by its digits.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    Some(Timestamp(match whole.len() {
        9 | 10 => {
            let micros: i64 = format!("{fraction:0<6.6}").parse().ok()?;
            number * SECOND_US + micros
        }
        12 | 13 => number * 1_000,
        15 | 16 => number,
        _ => return None,
    }))
}

/// `20251123180936`, with a fraction or without.
fn compact(text: &str) -> Option<NaiveDateTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() != 14 || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let date = date(&whole[..4], &whole[4..6], &whole[6..8])?;
    Some(date.and_time(clock(&whole[8..10], &whole[10..12], &whole[12..], fraction)?))
}

/// Date, time, and the offset in minutes if one is said.
fn spelled(text: &str) -> Option<(NaiveDateTime, Option<i64>)> {
    let (day, rest) = text.split_once(['T', 't', ' ', ','])?;
    let mark = if day.contains('-') { '-' } else { '/' };
    let mut parts = day.split(mark);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    let day = match (a.len(), mark) {
        _ if parts.next().is_some() => return None,
        (4, _) => date(a, b, c)?,
        (_, '/') => date(c, b, a)?,
        _ => date(c, a, b)?,
    };
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ','));
    let (time, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let (time, fraction) = time.split_once(['.', ',']).unwrap_or((time, ""));
    let mut parts = time.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = parts.next().unwrap_or("0");
    if parts.next().is_some() {
        return None;
    }
    let rest = rest.trim_start();
    let half = rest.get(..2).map(str::to_ascii_uppercase);
    let (hour, rest) = match half.as_deref() {
        Some(half @ ("AM" | "PM")) => {
            let hour = number(hour).filter(|hour| (1..=12).contains(hour))?;
            let hour = hour % 12 + if half == "PM" { 12 } else { 0 };
            (hour.to_string(), rest[2..].trim_start())
        }
        _ => (hour.to_owned(), rest),
    };
    let offset = if rest.is_empty() { None } else { Some(offset(rest)?) };
    Some((day.and_time(clock(&hour, minute, second, fraction)?), offset))
}

/// Minutes east of UTC: `Z`, `+01:00`, `+0100`, `-8:00`; a plus may have become a blank on the way.
fn offset(text: &str) -> Option<i64> {
    if ["Z", "UTC", "GMT"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() > 2 => rest.split_at_checked(rest.len() - 2)?,
        None => (rest, ""),
    };
    let hours = number(hours).filter(|hours| *hours <= 23)?;
    let minutes = if minutes.is_empty() { 0 } else { number(minutes)? };
    (minutes <= 59).then(|| sign * i64::from(hours * 60 + minutes))
}

fn date(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    if year.len() != 4 {
        return None;
    }
    let year = i32::try_from(number(year)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(month)?, number(day)?)
}

fn clock(hour: &str, minute: &str, second: &str, fraction: &str) -> Option<NaiveTime> {
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let micros = format!("{fraction:0<6.6}").parse().ok()?;
    NaiveTime::from_hms_micro_opt(number(hour)?, number(minute)?, number(second)?, micros)
}

/// One to four digits.
fn number(text: &str) -> Option<u32> {
    let is_one = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_one.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONE: &str = "Europe/Berlin";

    #[test]
    fn epochs_are_told_apart_by_their_digits() {
        let expected = Some(Timestamp(1_777_624_200_500_000));
        for text in ["1777624200.5", "1777624200500", "1777624200500000"] {
            assert_eq!(epoch(text), expected, "{text}");
        }
        for text in ["", "12", "1777624200.x", "-1777624200", "99999999999999999999"] {
            assert_eq!(epoch(text), None, "{text}");
        }
    }

    #[test]
    fn every_spelling_of_the_makes_is_read() {
        for (text, expected) in [
            ("2026-07-01T10:30:00", "2026-07-01T08:30:00Z"),
            ("2026-11-22 10:30:00.5", "2026-11-22T09:30:00.500000Z"),
            ("2026-11-22 10:30", "2026-11-22T09:30:00Z"),
            ("20261122103000", "2026-11-22T09:30:00Z"),
            ("21/12/2026 22:15:33", "2026-12-21T21:15:33Z"),
            ("2026/12/21 22:15:33", "2026-12-21T21:15:33Z"),
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("2026-11-22T10:30:00Z", "2026-11-22T10:30:00Z"),
            ("2026-11-22T10:30:00.123456789+0100", "2026-11-22T09:30:00.123456Z"),
            ("2026-11-22T10:30:00-8:00", "2026-11-22T18:30:00Z"),
            ("2026-11-22T10:30:00-800", "2026-11-22T18:30:00Z"),
            ("2026-11-22T10:30:00+01", "2026-11-22T09:30:00Z"),
            ("2026-11-22T10:30:00 02:00", "2026-11-22T08:30:00Z"),
            ("2022-5-26 11:5:0", "2022-05-26T09:05:00Z"),
            ("2015-05-22,14:52:18", "2015-05-22T12:52:18Z"),
            ("11-19-2025 12:15:11 PM", "2025-11-19T11:15:11Z"),
            ("11-19-2025 12:15:11 am", "2025-11-18T23:15:11Z"),
            ("1777624200", "2026-05-01T08:30:00Z"),
            ("1563528106584193", "2019-07-19T09:21:46.584193Z"),
        ] {
            assert_eq!(
                read(text, ZONE).map(Timestamp::rfc3339).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "soon",
            "2026-03-29T02:30:00",
            "2026-11-22",
            "2026-13-22 10:30:00",
            "2026-11-22T10:30:00Zulu",
            "2026-11-22T10:30:00+2400",
            "13-19-2025 00:15:11 PM",
            "20251123180936123456",
            "1969-12-31T23:00:00Z",
        ] {
            assert_eq!(read(text, ZONE), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[0-9T:./ +AMPZ-]{0,40}") {
            let _ = read(&text, ZONE);
        }
    }
}

//! When something happened: what a device says, if that can be.

use crate::domain::Timestamp;
use crate::domain::time::{DAY_US, MINUTE_US};

/// Times before this are no times: 2015-01-01T00:00:00Z.
const YEAR_2015: Timestamp = Timestamp(1_420_070_400_000_000);
/// How far a device's clock may be off before the time of arrival counts.
const SKEW_US: i64 = 5 * MINUTE_US;

/// The time of an event, and the device's claim if that is not believed.
pub(super) fn believable(
    claimed: Option<std::result::Result<Timestamp, String>>,
    now: Timestamp,
    is_replay: bool,
) -> (Timestamp, Option<String>) {
    match claimed {
        None => (now, None),
        Some(Err(text)) => (now, Some(text)),
        Some(Ok(time)) => {
            let off = time.0.saturating_sub(now.0).abs();
            let usable = time >= YEAR_2015 && time.0 <= now.0.saturating_add(DAY_US);
            if usable && (off <= SKEW_US || is_replay && time < now) {
                (time, None)
            } else {
                (now, Some(time.rfc3339()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_only_if_it_can_be_believed() {
        let now = Timestamp::parse("2026-11-22T12:00:00").unwrap();
        let at = |text: &str| Some(Ok(Timestamp::parse(text).unwrap()));
        for (claimed, time, device_time) in [
            (None, now, None),
            (at("2026-11-22T11:58:00"), Timestamp(now.0 - 2 * MINUTE_US), None),
            (at("2026-11-22T11:00:00"), now, Some("2026-11-22T11:00:00Z")),
            (at("2026-11-24T11:00:00"), now, Some("2026-11-24T11:00:00Z")),
            (at("2000-01-01T00:00:00"), now, Some("2000-01-01T00:00:00Z")),
            (Some(Err("yesterday".to_owned())), now, Some("yesterday")),
        ] {
            assert_eq!(believable(claimed, now, false), (time, device_time.map(str::to_owned)));
        }
        let old = Timestamp::parse("2026-11-20T11:00:00").unwrap();
        assert_eq!(believable(Some(Ok(old)), now, true), (old, None));
        let ahead = Timestamp(now.0 + 6 * MINUTE_US);
        assert_eq!(believable(Some(Ok(ahead)), now, true), (now, Some(ahead.rfc3339())));
    }
}

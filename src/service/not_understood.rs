//! Deliveries that were not understood: the last few of each camera, for a day, in memory, for whoever
//! connects it.
//!
//! Nothing here is on the way of an event that is stored.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};

use crate::domain::time::HOUR_US;
use crate::domain::{CameraId, Timestamp};

/// Deliveries kept of a camera.
const KEPT: usize = 5;
/// How long they are shown.
const KEPT_FOR_US: i64 = 24 * HOUR_US;
/// Cameras that any are kept of; the one that was silent for longest goes for a new one.
const CAMERAS_MAX: usize = 200;
/// Longest text kept of a body, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;
/// Longest query and content type, in bytes.
const LINE_BYTES_MAX: usize = 512;

/// A delivery that was not understood, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it came.
    pub received: Timestamp,
    /// From where.
    pub from: Option<IpAddr>,
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// The address's query, at most 512 bytes.
    pub query: String,
    /// The `Content-Type`, at most 512 bytes.
    pub content_type: Option<String>,
    /// Length of the body.
    pub bytes: usize,
    /// How the body begins: at most 4,096 bytes, what is no text as `U+FFFD`.
    pub text: String,
    /// How many like it came in a row or between others, this one included.
    pub count: u64,
}

impl Delivery {
    /// What came now.
    pub fn new(
        received: Timestamp,
        from: Option<IpAddr>,
        method: &str,
        query: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Self {
        let line = |text: &str| text[..text.floor_char_boundary(LINE_BYTES_MAX)].to_owned();
        let start = &body[..body.len().min(TEXT_BYTES_MAX)];
        let mut text = String::from_utf8_lossy(start).into_owned();
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        Self {
            received,
            from,
            method: line(method),
            query: line(query),
            content_type: content_type.map(line),
            bytes: body.len(),
            text,
            count: 1,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.method, &self.query, &self.content_type, &self.text)
            == (&other.method, &other.query, &other.content_type, &other.text)
    }
}

/// See the module. Some 5 MB when full.
#[derive(Debug, Default)]
pub(super) struct Deliveries(Mutex<HashMap<CameraId, VecDeque<Delivery>>>);

impl Deliveries {
    fn lock(&self) -> MutexGuard<'_, HashMap<CameraId, VecDeque<Delivery>>> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// Keeps a delivery of a camera that exists, in the place of one that says the same: what a camera sends by
    /// the minute does not push out what it said once.
    pub fn keep(&self, camera: CameraId, mut delivery: Delivery) {
        let mut all = self.lock();
        if !all.contains_key(&camera) && all.len() >= CAMERAS_MAX {
            let last = |kept: &VecDeque<Delivery>| kept.front().map(|delivery| delivery.received);
            let oldest = all.iter().min_by_key(|(_, kept)| last(kept)).map(|(camera, _)| *camera);
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let kept = all.entry(camera).or_default();
        if let Some(at) = kept.iter().position(|known| known.is_like(&delivery)) {
            delivery.count += kept.remove(at).map_or(0, |known| known.count);
        }
        kept.push_front(delivery);
        kept.truncate(KEPT);
    }

    /// What came from a camera in the last 24 hours, newest first.
    pub fn of(&self, camera: CameraId, now: Timestamp) -> Vec<Delivery> {
        let is_recent =
            |delivery: &&Delivery| now.0.saturating_sub(delivery.received.0) < KEPT_FOR_US;
        self.lock().get(&camera).into_iter().flatten().filter(is_recent).cloned().collect()
    }

    /// A camera is gone.
    pub fn forget(&self, camera: CameraId) {
        self.lock().remove(&camera);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(second: i64, body: &str) -> Delivery {
        let at = Timestamp(second * 1_000_000);
        Delivery::new(at, None, "POST", "a=b", Some("text/plain"), body.as_bytes())
    }

    fn texts(deliveries: &Deliveries, camera: u32) -> Vec<(String, u64)> {
        deliveries
            .of(CameraId(camera), Timestamp(0))
            .into_iter()
            .map(|kept| (kept.text, kept.count))
            .collect()
    }

    #[test]
    fn the_last_few_that_differ_are_kept_newest_first() {
        let deliveries = Deliveries::default();
        let camera = CameraId(1);
        for second in 0..100 {
            deliveries.keep(camera, came(second, "beat"));
            if second < 3 {
                deliveries.keep(camera, came(second, &format!("once {second}")));
            }
        }
        let one = |text: &str| (text.to_owned(), 1);
        let expected = vec![("beat".to_owned(), 100), one("once 2"), one("once 1"), one("once 0")];
        assert_eq!(texts(&deliveries, 1), expected);
        for more in 0..9 {
            deliveries.keep(camera, came(200, &format!("more {more}")));
        }
        let more: Vec<_> = (4..9).rev().map(|more| one(&format!("more {more}"))).collect();
        assert_eq!(texts(&deliveries, 1), more);
        let shown =
            |hours: i64| deliveries.of(camera, Timestamp(200_000_000 + hours * HOUR_US)).len();
        assert_eq!((shown(23), shown(24)), (KEPT, 0));
        deliveries.forget(camera);
        assert_eq!(texts(&deliveries, 1), []);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let deliveries = Deliveries::default();
        for camera in 0..300_u32 {
            deliveries.keep(CameraId(camera), came(camera.into(), "x"));
        }
        assert_eq!(deliveries.lock().len(), CAMERAS_MAX);
        assert_eq!((texts(&deliveries, 99).len(), texts(&deliveries, 100).len()), (0, 1));

        let noise = "\u{e4}".repeat(5_000).into_bytes();
        for body in [&noise[..], &noise[1..], &vec![0xff; 9_000]] {
            let long = "\u{e4}".repeat(400);
            let kept = Delivery::new(Timestamp(0), None, "PUT", &long, Some(&long), body);
            assert_eq!(kept.bytes, body.len());
            let text = kept.text.len();
            assert!((TEXT_BYTES_MAX - 3..=TEXT_BYTES_MAX).contains(&text), "{text}");
            assert_eq!(kept.query.len(), LINE_BYTES_MAX);
            assert_eq!(kept.content_type.map(|kind| kind.len()), Some(LINE_BYTES_MAX));
        }
    }
}

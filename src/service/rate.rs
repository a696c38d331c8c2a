//! How fast one camera may send: a bucket of tokens per camera.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use super::error::{Error, Result};
use super::settings::Settings;
use crate::domain::CameraId;

/// Buckets by camera. Time is the monotonic clock (operations.md 2.4).
#[derive(Debug, Default)]
pub(super) struct Rate {
    buckets: Mutex<HashMap<CameraId, (f64, Instant)>>,
}

/// How fast one camera may send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// Events a second, 0 = no limit.
    per_second: u32,
    /// Events at once before that.
    burst: u32,
}

impl Limit {
    pub fn of(settings: &Settings) -> Self {
        let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
        Self {
            per_second: number(settings.camera_rate()),
            burst: number(settings.camera_burst()).max(1),
        }
    }
}

impl Rate {
    /// Takes `count` from the camera's bucket.
    ///
    /// # Errors
    /// [`Error::RateLimited`], with nothing taken.
    pub fn take(&self, camera: CameraId, count: usize, now: Instant, limit: Limit) -> Result<()> {
        if limit.per_second == 0 {
            return Ok(());
        }
        let (per_second, burst) = (f64::from(limit.per_second), f64::from(limit.burst));
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let mut buckets = self.buckets.lock().expect("nothing panics while it is held");
        let (level, at) = buckets.entry(camera).or_insert((burst, now));
        let elapsed = now.saturating_duration_since(*at).as_secs_f64();
        *level = (*level + elapsed * per_second).min(burst);
        *at = now;
        // A bulk larger than the bucket passes when the bucket is full, and leaves a debt.
        if *level >= count.min(burst) {
            *level -= count;
            return Ok(());
        }
        let wait = ((count.min(burst) - *level) / per_second).ceil().max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive and far below 2^53 seconds"
        )]
        Err(Error::RateLimited { retry_after_s: wait as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let rate = Rate::default();
        let limit = Limit { per_second: 200, burst: 2_000 };
        let start = Instant::now();
        let camera = CameraId(1);
        for _ in 0..2_000 {
            assert!(rate.take(camera, 1, start, limit).is_ok());
        }
        assert!(matches!(
            rate.take(camera, 1, start, limit),
            Err(Error::RateLimited { retry_after_s: 1 })
        ));
        assert!(rate.take(CameraId(2), 1, start, limit).is_ok());
        let later = start + Duration::from_secs(1);
        assert!(rate.take(camera, 200, later, limit).is_ok());
        assert!(rate.take(camera, 1, later, limit).is_err());
    }

    #[test]
    fn zero_means_no_limit() {
        let rate = Rate::default();
        let limit = Limit { per_second: 0, burst: 1 };
        let now = Instant::now();
        assert!((0..10_000).all(|_| rate.take(CameraId(1), 1, now, limit).is_ok()));
    }
}

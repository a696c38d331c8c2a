//! How fast one camera may send: a bucket of tokens per camera.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use super::error::{Error, Result};
use crate::domain::CameraId;

/// Buckets by camera. Time is the monotonic clock (operations.md 2.4).
#[derive(Debug)]
pub(super) struct Rate {
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<CameraId, (f64, Instant)>>,
}

impl Rate {
    /// `per_second` 0 means no limit.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        Self { per_second: f64::from(per_second), burst, buckets: Mutex::default() }
    }

    /// Takes `count` from the camera's bucket.
    ///
    /// # Errors
    /// [`Error::RateLimited`], with nothing taken.
    pub fn take(&self, camera: CameraId, count: usize, now: Instant) -> Result<()> {
        if self.per_second == 0.0 {
            return Ok(());
        }
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let mut buckets = self.buckets.lock().expect("nothing panics while it is held");
        let (level, at) = buckets.entry(camera).or_insert((self.burst, now));
        let elapsed = now.saturating_duration_since(*at).as_secs_f64();
        *level = (*level + elapsed * self.per_second).min(self.burst);
        *at = now;
        // A bulk larger than the bucket passes when the bucket is full, and leaves a debt.
        if *level >= count.min(self.burst) {
            *level -= count;
            return Ok(());
        }
        let wait = ((count.min(self.burst) - *level) / self.per_second).ceil().max(1.0);
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
        let rate = Rate::new(200, 2_000);
        let start = Instant::now();
        let camera = CameraId(1);
        for _ in 0..2_000 {
            assert!(rate.take(camera, 1, start).is_ok());
        }
        assert!(matches!(
            rate.take(camera, 1, start),
            Err(Error::RateLimited { retry_after_s: 1 })
        ));
        assert!(rate.take(CameraId(2), 1, start).is_ok());
        let later = start + Duration::from_secs(1);
        assert!(rate.take(camera, 200, later).is_ok());
        assert!(rate.take(camera, 1, later).is_err());
    }

    #[test]
    fn zero_means_no_limit() {
        let rate = Rate::new(0, 1);
        let now = Instant::now();
        assert!((0..10_000).all(|_| rate.take(CameraId(1), 1, now).is_ok()));
    }
}

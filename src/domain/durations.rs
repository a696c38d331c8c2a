//! How long things took: counts in buckets with fixed bounds, cheap enough for the way of every event.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, microseconds, ascending; what took longer has a bucket of its own.
pub const BOUNDS_US: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];
/// Buckets: one per bound, and one for the rest.
const BUCKETS: usize = BOUNDS_US.len() + 1;

/// See the module. Adding is two additions to atomic numbers; nobody waits for anybody.
#[derive(Debug)]
pub struct Durations {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

/// What [`Durations`] held at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// How many were above the bound before and not above this one; the last: above all bounds.
    pub counts: [u64; BUCKETS],
    /// All of them together, microseconds.
    pub sum_us: u64,
}

impl Durations {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS], sum_us: AtomicU64::new(0) }
    }

    /// Counts one.
    pub fn add(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// What it holds now. One that is added meanwhile may be in the counts and not yet in the sum.
    pub fn read(&self) -> Distribution {
        Distribution {
            counts: std::array::from_fn(|at| self.buckets[at].load(Ordering::Relaxed)),
            sum_us: self.sum_us.load(Ordering::Relaxed),
        }
    }
}

impl Default for Durations {
    fn default() -> Self {
        Self::new()
    }
}

impl Distribution {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let durations = Durations::new();
        for us in [0, 500, 501, 10_000_000, 10_000_001] {
            durations.add(Duration::from_micros(us));
        }
        let read = durations.read();
        assert_eq!((read.counts[0], read.counts[1]), (2, 1));
        assert_eq!((read.counts[BUCKETS - 2], read.counts[BUCKETS - 1]), (1, 1));
        assert_eq!((read.count(), read.sum_us), (5, 20_001_002));
    }

    #[test]
    fn bounds_ascend() {
        assert!(BOUNDS_US.is_sorted_by(|a, b| a < b));
    }
}

//! Breaks in the applier's work.
//!
//! On a machine of two cores the applier has one of them for itself while it is busy. A thread that wakes on that
//! core then waits until the scheduler's slice is over, 3 to 5 ms on Linux 6.18 and at any `nice` (`perf sched`, 2026-11):
//! the journal's between its write and its flush, so every sender with it. Ingest had 2.3 times its p99 during
//! a large delete, and 1.5 times with breaks; at 64 senders it stored a tenth more a second.

/// Changes of a table between two breaks, some 50 µs.
const STEPS: u32 = 16;

/// Counts changes of tables, and takes a break now and then.
#[derive(Debug, Default)]
pub(super) struct Breath(u32);

impl Breath {
    /// Before a change of a table. Costs a system call each sixteenth time.
    pub fn step(&mut self) {
        self.0 += 1;
        if self.0 >= STEPS {
            self.0 = 0;
            std::thread::yield_now();
        }
    }
}

//! Whether the journal's thread goes round: what a watchdog asks.

use std::sync::atomic::{AtomicU64, Ordering};

/// A question that only the thread itself answers, each time it comes round.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    asked: AtomicU64,
    answered: AtomicU64,
}

impl Pulse {
    /// Asks anew, and tells whether what was asked the time before has been answered.
    pub fn ask(&self) -> bool {
        let before = self.asked.fetch_add(1, Ordering::AcqRel);
        self.answered.load(Ordering::Acquire) >= before
    }

    /// What is asked by now: to be read before the work that the answer vouches for.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }

    /// The thread came round with everything that lay before the question `asked`.
    pub fn answer(&self, asked: u64) {
        self.answered.store(asked, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_to_the_last_question_counts() {
        let pulse = Pulse::default();
        assert!(pulse.ask(), "nothing was asked before");
        assert!(!pulse.ask());
        let asked = pulse.asked();
        assert!(!pulse.ask());
        pulse.answer(asked);
        assert!(!pulse.ask(), "a later question is open");
        pulse.answer(pulse.asked());
        assert!(pulse.ask());
    }
}

//! Which ways reads took on this thread, so that a test can tell that each one is taken.

use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    static TAKEN: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes that a read of this thread takes `way`.
pub fn add(way: &'static str) {
    TAKEN.with_borrow_mut(|taken| taken.insert(way));
}

/// The ways taken since the last call.
pub fn taken() -> BTreeSet<&'static str> {
    TAKEN.take()
}

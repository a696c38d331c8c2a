//! Writes that wait for the journal.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};

use super::{Change, EventId, Exclusive, Result, StoreError};

/// Most writes that may wait (operations.md 3).
const WRITES_MAX: usize = 2_048;
/// Most bytes that may wait, and of one write (operations.md 3).
const BYTES_MAX: usize = 64 << 20;
/// So many may wait however little room is to be kept free.
const BYTES_MIN: usize = 2 << 20;
/// Most writes of one batch (operations.md 1.2), and about how many bytes.
const BATCH_WRITES_MAX: usize = 1_024;
const BATCH_BYTES_MAX: usize = 8 << 20;

/// What a queued write will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Id of its first create; the others follow without a gap.
    pub first: EventId,
}

/// Tells the sender how its write went; if it is dropped, that it failed.
pub(super) struct Done(Option<Box<dyn FnOnce(Result<()>) + Send>>);

impl Done {
    pub fn new(done: impl FnOnce(Result<()>) + Send + 'static) -> Self {
        Self(Some(Box::new(done)))
    }

    pub fn call(mut self, outcome: Result<()>) {
        if let Some(done) = self.0.take() {
            done(outcome);
        }
    }

    /// Forgets the sender, who has been told otherwise.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(StoreError::Failed("the store has stopped".into())));
        }
    }
}

/// A write, as queued.
pub(super) struct Write {
    pub changes: Vec<Change>,
    pub done: Done,
    bytes: usize,
}

/// What stands in the queue.
pub(super) enum Item {
    Write(Write),
    Exclusive(Exclusive),
}

/// What the writer takes at once.
pub(super) struct Taken {
    /// Writes for one batch.
    pub writes: Vec<Write>,
    /// A transaction of its own that comes after them.
    pub exclusive: Option<Exclusive>,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    next_event: u64,
    nudged: bool,
    closed: bool,
}

/// First in, first out, bounded.
pub(super) struct Queue {
    /// Most bytes that may wait, unless a single write has more.
    bytes_max: usize,
    state: Mutex<State>,
    filled: Condvar,
}

impl Queue {
    /// `room` is what certainly fits on the disk: no more may wait (operations.md 3).
    pub fn new(next_event: u64, room: u64) -> Self {
        let state = State { next_event, ..State::default() };
        let bytes_max = usize::try_from(room).unwrap_or(usize::MAX).clamp(BYTES_MIN, BYTES_MAX);
        Self { bytes_max, state: Mutex::new(state), filled: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it is held")
    }

    pub fn push(&self, mut changes: Vec<Change>, done: Done) -> Result<Ticket> {
        let bytes = changes.iter().map(Change::bytes).sum();
        let mut state = self.lock();
        let too_many = state.bytes > 0 && state.bytes + bytes > self.bytes_max;
        let refused = if state.closed {
            Some(StoreError::Failed("the store is stopping".into()))
        } else if state.items.len() >= WRITES_MAX || too_many || bytes > BYTES_MAX {
            Some(StoreError::Overloaded)
        } else {
            None
        };
        if let Some(error) = refused {
            drop(state);
            done.forget();
            return Err(error);
        }
        let first = EventId(state.next_event);
        for change in &mut changes {
            if let Change::Create(new) = change {
                new.id = EventId(state.next_event);
                state.next_event += 1;
            }
        }
        state.bytes += bytes;
        state.items.push_back(Item::Write(Write { changes, done, bytes }));
        if state.items.len() == 1 {
            self.filled.notify_one();
        }
        Ok(Ticket { first })
    }

    pub fn push_exclusive(&self, item: Item) -> Result<()> {
        let mut state = self.lock();
        if state.closed {
            return Err(StoreError::Failed("the store is stopping".into()));
        }
        state.items.push_back(item);
        self.filled.notify_one();
        Ok(())
    }

    /// Lets a waiting [`Self::take`] come back with nothing.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.filled.notify_one();
    }

    /// Waits for something to do, or a nudge; `None` once closed and empty.
    pub fn take(&self) -> Option<Taken> {
        let mut state = self.lock();
        while state.items.is_empty() && !state.nudged {
            if state.closed {
                return None;
            }
            state = self.filled.wait(state).expect("nothing panics while it is held");
        }
        state.nudged = false;
        let mut taken = Taken { writes: Vec::new(), exclusive: None };
        let mut bytes = 0;
        while taken.writes.len() < BATCH_WRITES_MAX && bytes < BATCH_BYTES_MAX {
            match state.items.pop_front() {
                Some(Item::Write(write)) => {
                    bytes += write.bytes;
                    state.bytes -= write.bytes;
                    taken.writes.push(write);
                }
                Some(Item::Exclusive(job)) => {
                    taken.exclusive = Some(job);
                    break;
                }
                None => break,
            }
        }
        Some(taken)
    }

    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    pub fn last_event(&self) -> u64 {
        self.lock().next_event - 1
    }
}

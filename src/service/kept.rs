//! Figures that lie on the disk, for those who do not wait for it: looked at now, or as they were.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How long an answer waits for one look at the disk.
const LOOK_MAX: Duration = Duration::from_millis(20);

/// A figure that lies on the disk. One look at a time: whoever asks while it takes long is given what
/// was found before.
#[derive(Debug)]
pub(super) struct Kept<T>(Arc<Slot<T>>);

#[derive(Debug)]
struct Slot<T> {
    looking: AtomicBool,
    found: Mutex<Option<T>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Arc::new(Slot { looking: AtomicBool::new(false), found: Mutex::new(None) }))
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A look that goes on, until dropped.
struct Look<T>(Arc<Slot<T>>);

impl<T> Drop for Look<T> {
    fn drop(&mut self) {
        self.0.looking.store(false, Ordering::Release);
    }
}

impl<T: Copy + Send + 'static> Kept<T> {
    /// Looks, unless somebody does already, and gives what is known within [`LOOK_MAX`].
    pub async fn look(&self, look: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
        if !self.0.looking.swap(true, Ordering::Acquire) {
            let going_on = Look(Arc::clone(&self.0));
            let looked = tokio::task::spawn_blocking(move || {
                let found = look();
                *going_on.0.known() = found;
            });
            let _late = tokio::time::timeout(LOOK_MAX, looked).await;
        }
        *self.0.known()
    }
}

impl<T> Slot<T> {
    fn known(&self) -> MutexGuard<'_, Option<T>> {
        self.found.lock().expect("nothing panics while it is held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<T> Kept<T> {
        async fn idle(&self) {
            while self.0.looking.load(Ordering::Acquire) {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn a_look_that_takes_long_does_not_hold_the_answer_up() {
        let kept = Kept::default();
        while kept.look(|| Some(1)).await.is_none() {} // a busy machine
        kept.idle().await;
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let slow = kept.look(move || ended.recv().ok().map(|()| 2));
        assert_eq!(slow.await, Some(1), "what was known before");
        assert_eq!(kept.look(|| Some(3)).await, Some(1), "one look at a time");
        end.send(()).unwrap();
        kept.idle().await;
        assert_eq!(*kept.0.known(), Some(2));
        kept.look(|| None).await;
        kept.idle().await;
        assert_eq!(*kept.0.known(), None, "what is no longer so is no longer told");
    }
}

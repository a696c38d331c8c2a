//! Idempotency keys: the same request under the same key stores one event.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard};

use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::domain::{CameraId, EventId, NewEvent, Timestamp, When};

/// What became of the request that holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its event is on disk.
    Stored {
        /// The event.
        id: EventId,
        /// Its time.
        time: Timestamp,
    },
    /// It failed: the key is free.
    Failed,
}

type Key = (CameraId, String);
type Slots = HashMap<Key, (u128, watch::Receiver<Option<Outcome>>)>;

/// Keys of requests that are under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(Arc<Mutex<Slots>>);

/// What claiming a key gave.
pub(super) enum Claimed {
    /// The key is the caller's until it finishes or drops it.
    Mine(Holder),
    /// Another request with this hash holds it; its outcome will be told here.
    Theirs(u128, watch::Receiver<Option<Outcome>>),
}

/// Holds a key for one request.
pub(super) struct Holder {
    pending: Pending,
    key: Option<Key>,
    told: watch::Sender<Option<Outcome>>,
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// Claims `key` for a request with this hash.
    pub fn claim(&self, camera: CameraId, key: &str, hash: u128) -> Claimed {
        match self.lock().entry((camera, key.to_owned())) {
            Entry::Occupied(slot) => Claimed::Theirs(slot.get().0, slot.get().1.clone()),
            Entry::Vacant(slot) => {
                let key = slot.key().clone();
                let (told, tell) = watch::channel(None);
                slot.insert((hash, tell));
                Claimed::Mine(Holder { pending: self.clone(), key: Some(key), told })
            }
        }
    }
}

impl Holder {
    /// Tells those who wait, and frees the key. From now on the store knows it, or nobody does.
    pub fn finish(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(key) = self.key.take() {
            self.pending.lock().remove(&key);
            self.told.send_replace(Some(outcome));
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.end(Outcome::Failed);
    }
}

/// What a key stands for: camera, name, time and sorted tags, not white space or member order.
/// `age_ms` is left out: a repeat is older than the first.
pub(super) fn hash(camera: CameraId, new: &NewEvent) -> u128 {
    let mut hasher = Sha256::new();
    hasher.update(camera.0.to_be_bytes());
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(new.name.as_bytes());
    match new.when {
        When::At(time) => part(&time.0.to_be_bytes()),
        When::AgoMs(_) => part(b""),
    }
    part(new.meta.canonical().as_bytes());
    let digest = hasher.finalize();
    let mut head = [0; 16];
    head.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Meta;

    fn event(meta: &[(&str, &str)]) -> NewEvent {
        let pairs = meta.iter().map(|(t, v)| ((*t).to_owned(), (*v).to_owned()));
        NewEvent {
            camera: None,
            name: "motion".into(),
            when: When::At(Timestamp(5)),
            meta: Meta::from_pairs(pairs).unwrap(),
            uid: Some("k".into()),
        }
    }

    #[test]
    fn the_hash_covers_what_the_event_is() {
        let one = hash(CameraId(1), &event(&[("a", "1"), ("b", "2")]));
        assert_eq!(one, hash(CameraId(1), &event(&[("b", "2"), ("a", "1")])));
        assert_ne!(one, hash(CameraId(2), &event(&[("a", "1"), ("b", "2")])));
        assert_ne!(one, hash(CameraId(1), &event(&[("a", "1"), ("b", "3")])));
        let ago = |ms| NewEvent { when: When::AgoMs(ms), ..event(&[]) };
        assert_eq!(hash(CameraId(1), &ago(5)), hash(CameraId(1), &ago(9)));
        assert_ne!(hash(CameraId(1), &ago(5)), hash(CameraId(1), &event(&[])));
    }

    #[test]
    fn a_dropped_holder_frees_its_key() {
        let pending = Pending::default();
        let Claimed::Mine(holder) = pending.claim(CameraId(1), "k", 1) else { panic!() };
        let Claimed::Theirs(1, told) = pending.claim(CameraId(1), "k", 2) else { panic!() };
        drop(holder);
        assert_eq!(*told.borrow(), Some(Outcome::Failed));
        assert!(matches!(pending.claim(CameraId(1), "k", 2), Claimed::Mine(_)));
    }
}

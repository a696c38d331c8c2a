//! When each credential was last used and from where, to the minute.
//!
//! Noting costs a request one shared lock on one of several maps and one atomic read; only the first
//! use in a minute writes. Nothing goes to disk here: `Core::save_uses` does that now and then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, RwLock};

use super::Core;
use super::error::{Error, Result};
use crate::domain::time::MINUTE_US;
use crate::domain::{Kind, LastUse, Timestamp};

/// Maps that the credentials are spread over.
const SHARDS: usize = 16;

#[derive(Debug)]
struct Slot {
    /// Minute of the last use, from the epoch.
    minute: AtomicI64,
    last: Mutex<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    used: LastUse,
    is_saved: bool,
}

impl Slot {
    fn new(used: LastUse, is_saved: bool) -> Self {
        let minute = AtomicI64::new(minute(used.at));
        Self { minute, last: Mutex::new(Last { used, is_saved }) }
    }

    fn change<T>(&self, f: impl FnOnce(&mut Last) -> T) -> T {
        f(&mut self.last.lock().expect("nothing panics while it is held"))
    }
}

/// See the module. By credential id, which is unique over all kinds.
#[derive(Debug)]
pub(super) struct Uses([RwLock<HashMap<u32, Slot>>; SHARDS]);

impl Uses {
    /// Those that were kept.
    pub fn new(kept: Vec<(u32, LastUse)>) -> Self {
        let uses = Self(Default::default());
        for (id, used) in kept {
            uses.write(id, |slots| slots.insert(id, Slot::new(used, true)));
        }
        uses
    }

    fn read<T>(&self, id: u32, f: impl FnOnce(&HashMap<u32, Slot>) -> T) -> T {
        f(&self.0[id as usize % SHARDS].read().expect("nothing panics while it is held"))
    }

    fn write<T>(&self, id: u32, f: impl FnOnce(&mut HashMap<u32, Slot>) -> T) -> T {
        f(&mut self.0[id as usize % SHARDS].write().expect("nothing panics while it is held"))
    }

    /// A credential was used.
    pub fn note(&self, id: u32, now: Timestamp, from: Option<IpAddr>) {
        let used = LastUse { at: now, from };
        let known = self.read(id, |slots| {
            let Some(slot) = slots.get(&id) else { return false };
            if slot.minute.load(Ordering::Relaxed) != minute(now) {
                slot.minute.store(minute(now), Ordering::Relaxed);
                slot.change(|last| *last = Last { used, is_saved: false });
            }
            true
        });
        if !known {
            self.write(id, |slots| slots.insert(id, Slot::new(used, false)));
        }
    }

    /// The last use, if there was one.
    pub fn of(&self, id: u32) -> Option<LastUse> {
        self.read(id, |slots| slots.get(&id).map(|slot| slot.change(|last| last.used)))
    }

    /// A credential is gone.
    pub fn forget(&self, id: u32) {
        self.write(id, |slots| slots.remove(&id));
    }

    /// Uses that are not on disk.
    fn unsaved(&self) -> Vec<(u32, LastUse)> {
        let mut all = Vec::new();
        for shard in &self.0 {
            for (id, slot) in &*shard.read().expect("nothing panics while it is held") {
                all.extend(slot.change(|last| (!last.is_saved).then_some((*id, last.used))));
            }
        }
        all
    }

    /// These are on disk now; what was used again since is not.
    fn saved(&self, all: &[(u32, LastUse)]) {
        for (id, used) in all {
            self.read(*id, |slots| {
                if let Some(slot) = slots.get(id) {
                    slot.change(|last| last.is_saved |= last.used == *used);
                }
            });
        }
    }
}

impl Core {
    /// Writes the uses that are not on disk yet, if there are any. Blocks.
    ///
    /// A crash loses what came after the last call: it is for people who look for a credential that
    /// nobody needs any more, and not worth a write for each minute.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn save_uses(&self) -> Result<()> {
        let catalogue = self.catalogue();
        let mut unsaved = self.figures.uses.unsaved();
        unsaved.retain(|(id, _)| {
            let kinds = [Kind::Token, Kind::Group, Kind::Key];
            let exists = kinds.iter().any(|kind| catalogue.credentials.contains_key(&(*kind, *id)));
            if !exists {
                self.figures.uses.forget(*id); // used by a request while it was revoked
            }
            exists
        });
        if unsaved.is_empty() {
            return Ok(());
        }
        let rows = unsaved.clone();
        self.store.exclusive(move |tx| {
            for (id, used) in rows {
                tx.put_credential_use(id, used)?;
            }
            Ok::<_, Error>(())
        })?;
        self.figures.uses.saved(&unsaved);
        Ok(())
    }
}

const fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)));

    #[test]
    fn the_first_use_in_a_minute_is_told() {
        let uses = Uses::new(Vec::new());
        let at = |second: i64| Timestamp(second * 1_000_000);
        assert_eq!(uses.of(7), None);
        uses.note(7, at(60), HERE);
        uses.note(7, at(119), None);
        assert_eq!(uses.of(7), Some(LastUse { at: at(60), from: HERE }));
        uses.note(7, at(120), None);
        assert_eq!(uses.of(7), Some(LastUse { at: at(120), from: None }));
        uses.note(23, at(120), HERE); // in the same map
        assert_eq!(uses.of(7), Some(LastUse { at: at(120), from: None }));
    }

    #[test]
    fn only_what_changed_is_to_be_saved() {
        let kept = LastUse { at: Timestamp(0), from: HERE };
        let uses = Uses::new(vec![(1, kept)]);
        assert_eq!(uses.unsaved(), []);
        uses.note(1, Timestamp(MINUTE_US), None);
        uses.note(2, Timestamp(MINUTE_US), None);
        let mut unsaved = uses.unsaved();
        unsaved.sort_unstable_by_key(|(id, _)| *id);
        assert_eq!(unsaved.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2]);
        uses.note(2, Timestamp(2 * MINUTE_US), None);
        uses.saved(&unsaved);
        assert_eq!(uses.unsaved(), [(2, LastUse { at: Timestamp(2 * MINUTE_US), from: None })]);
        uses.forget(2);
        assert_eq!((uses.unsaved(), uses.of(2)), (Vec::new(), None));
    }
}

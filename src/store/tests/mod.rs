//! The store as a whole: against a plain model, through crashes, at its limits.

mod crash;
mod engine;
mod machine;
mod model;
mod queries;
mod reopening;
mod replay;
pub(super) mod ways;

use std::path::Path;
use std::sync::mpsc;

use super::{Change, Options, Result, Store, StoreError};
use crate::domain::EventId;

/// 2026-03-01T00:00:00Z.
const DAY: i64 = 1_772_323_200_000_000;

fn options() -> Options {
    Options {
        cache_bytes: 4 << 20,
        min_free_bytes: Some(0),
        segment_bytes: Some(64 << 10),
        ..Options::default()
    }
}

fn open(dir: &Path) -> Store {
    Store::open(dir, options()).unwrap()
}

/// Submits and waits until it is on disk. Returns the first id.
fn write(store: &Store, changes: Vec<Change>) -> Result<EventId> {
    let (told, tell) = mpsc::channel();
    let ticket = store.submit(changes, move |outcome| told.send(outcome).unwrap())?;
    tell.recv().unwrap()?;
    Ok(ticket.first)
}

/// Commits what is applied.
fn commit(store: &Store) {
    store.exclusive(|_| Ok::<_, StoreError>(())).unwrap();
}

/// Copies a data directory as a crash would leave it: nothing is being written to its journal, and
/// no durable commit ends meanwhile. `false` if one did: try again.
fn copy_crashed(store: &Store, to: &Path) -> bool {
    let durable = store.durable_seq();
    std::fs::create_dir_all(to.join("journal")).unwrap();
    // The database first: the journal then holds whatever this copy does not.
    for folder in ["", "journal"] {
        for entry in std::fs::read_dir(store.dir().join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() && entry.file_name() != "lock" {
                // A segment that is being made may go away under its temporary name.
                let _ = std::fs::copy(entry.path(), to.join(folder).join(entry.file_name()));
            }
        }
    }
    store.durable_seq() == durable
}

//! Files of events as of one moment, for a backup: what is removed or replaced meanwhile is kept until it
//! ends.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::trailer::{TRAILER_BYTES, Trailer};
use super::{Attachments, HELD, entries, failed, make};
use crate::domain::{Attachment, EventId};
use crate::store::engine::Store;
use crate::store::error::Result;

/// Files of one kind as they were when it was made.
pub(in crate::store) struct Held<'p>(&'p Attachments);

/// Keeps what is there of each kind until the answers are dropped; `snapshot` is called at the very moment.
/// One at a time.
pub(in crate::store) fn hold<T>(
    store: &Store,
    snapshot: impl FnOnce() -> Result<T>,
) -> Result<(T, [Held<'_>; Attachment::ALL.len()])> {
    let all = Attachment::ALL.map(|of| store.attachments(of));
    let mut books = all.map(Attachments::books); // in this order; nobody else has two at a time
    let taken = snapshot()?;
    for books in &mut books {
        books.held = true;
    }
    drop(books);
    Ok((taken, all.map(Held)))
}

impl Attachments {
    /// Keeps an event's file for the backup that is being made, unless an older one is kept; away from
    /// its place, or as a second name.
    pub(super) fn keep(&self, path: &Path, id: EventId, away: bool) -> Result<()> {
        let kept = self.held_path(id);
        if kept.exists() {
            return Ok(());
        }
        make(&self.dir.join(HELD))?;
        let done = if away { fs::rename(path, &kept) } else { fs::hard_link(path, &kept) };
        match done {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("keeping an event's file for a backup")(error))
            }
            _ => Ok(()),
        }
    }

    fn held_path(&self, id: EventId) -> PathBuf {
        self.dir.join(HELD).join(id.0.to_string())
    }
}

impl Held<'_> {
    /// What kind they are.
    pub const fn of(&self) -> Attachment {
        self.0.of
    }

    /// The whole file of an event; `None` if there was none, or it is damaged.
    pub fn read(&self, id: EventId) -> Result<Option<Vec<u8>>> {
        // In this order: what is opened first is the right one unless it is kept by the second look.
        let here = File::open(self.0.path(id));
        let file = File::open(self.0.held_path(id)).or(here);
        let mut file = match file {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("opening an event's file")(error)),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("reading an event's file"))?;
        Ok(is_whole(&bytes).then_some(bytes))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.books().held = false;
        for (_, path) in entries(&self.0.dir.join(HELD)).unwrap_or_default() {
            let _ = fs::remove_file(path); // else at the next start
        }
    }
}

/// Whether a file's trailer and checksums are right.
fn is_whole(bytes: &[u8]) -> bool {
    let Some((parts, trailer)) = bytes.split_last_chunk::<TRAILER_BYTES>() else { return false };
    let Some(trailer) = Trailer::decode(trailer) else { return false };
    let Some((full, thumb)) = parts.split_at_checked(trailer.full_len as usize) else {
        return false;
    };
    thumb.len() == trailer.thumb_len as usize
        && crc32c::crc32c(full) == trailer.full_crc
        && crc32c::crc32c(thumb) == trailer.thumb_crc
}

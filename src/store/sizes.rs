//! What the data directory takes on the disk.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use redb::ReadableTableMetadata;

use super::engine::{DATABASE_FILE, Store};
use super::error::{Result, io};
use super::files;
use super::read::ReadTx;
use super::tables::{
    EVENT_COUNTS, EVENT_MINUTES, EVENT_TAGS, EVENTS, EVENTS_BY_SERIES, EVENTS_BY_TIME, IDEMPOTENCY,
    IDEMPOTENCY_BY_AGE,
};
use crate::domain::Attachment;

/// A block as the file system counts them for `stat`.
const BLOCK_BYTES: u64 = 512;

/// Bytes on the disk, by what they are for. Files count by the blocks that they have: they are sparse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The whole file system.
    pub disk_total: u64,
    /// What the server may still write.
    pub disk_free: u64,
    /// The database.
    pub database: u64,
    /// The journal.
    pub journal: u64,
    /// Pictures and metadata files; of those from before this start, as many as have been looked at.
    pub pictures: u64,
    /// Everything else in the data directory.
    pub other: u64,
}

impl Store {
    /// What the data directory takes now. Cost: a look at each of its files.
    pub fn sizes(&self) -> Result<Sizes> {
        let dir = self.dir();
        let mut sizes = Sizes {
            disk_total: files::total_bytes(dir)?,
            disk_free: files::free_bytes(dir)?,
            journal: blocks_in(&dir.join("journal"))?,
            pictures: Attachment::ALL.map(|of| self.attachments(of).bytes()).iter().sum(),
            ..Sizes::default()
        };
        sizes.database = blocks(&dir.join(DATABASE_FILE));
        sizes.other = blocks_in(dir)?.saturating_sub(sizes.database);
        Ok(sizes)
    }
}

impl ReadTx {
    /// Bytes of the database's pages that the tables of events use.
    ///
    /// Cost: a look at every page: not for large databases, and not often.
    pub fn used_bytes(&self) -> Result<u64> {
        let mut used = 0;
        macro_rules! add {
            ($($table:ident),*) => {$(
                let stats = self.tx.open_table($table)?.stats()?;
                used += stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
                self.still_in_time()?;
            )*};
        }
        add!(EVENTS, EVENTS_BY_TIME, EVENTS_BY_SERIES, EVENT_TAGS, EVENT_COUNTS, EVENT_MINUTES);
        add!(IDEMPOTENCY, IDEMPOTENCY_BY_AGE);
        Ok(used)
    }
}

/// Bytes of a file's blocks; 0 if it is not there.
fn blocks(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.blocks() * BLOCK_BYTES)
}

/// The same of all files right in a folder.
fn blocks_in(folder: &Path) -> Result<u64> {
    let entries = std::fs::read_dir(folder).map_err(io(format!("reading {}", folder.display())))?;
    let files =
        entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    Ok(files.map(|entry| blocks(&entry.path())).sum())
}

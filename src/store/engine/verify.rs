//! Whether the database's file is what was written: each page against its checksum.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::{DATABASE_FILE, Result, StoreError, file, files};

/// Memory for the pages of a look.
const CACHE_BYTES: usize = 64 << 20;

/// Reads the whole database of a data directory that nobody uses, and compares every page with its checksum.
/// Returns what is wrong with it. Changes nothing. Blocks.
///
/// # Errors
/// [`StoreError::InUse`]; that it cannot be read.
pub fn verify(dir: &Path) -> Result<Vec<String>> {
    let _lock = files::lock(dir)?;
    let path = dir.join(DATABASE_FILE);
    if !path.exists() {
        return Ok(Vec::new()); // nothing was stored yet
    }
    // What a damaged page says may make no sense at all.
    let look = || -> Result<bool> {
        let mut db = file::open_untouched(&path, CACHE_BYTES)?;
        Ok(db.check_integrity()?)
    };
    Ok(match catch_unwind(AssertUnwindSafe(look)) {
        Ok(Ok(true)) => Vec::new(),
        Ok(Ok(false)) => vec!["the database: pages do not fit together".to_owned()],
        Ok(Err(StoreError::Damaged(what))) => vec![what],
        Ok(Err(error @ StoreError::Database(_))) => vec![error.to_string()],
        Ok(Err(error)) => return Err(error),
        Err(_) => vec!["the database: a page makes no sense".to_owned()],
    })
}

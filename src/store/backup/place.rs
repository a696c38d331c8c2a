//! Files of events while a backup is put back: written, or shared with the former data; the rest is said to be
//! missing.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase};

use super::file::Reader;
use super::restore::{apply_all, blob};
use crate::domain::{Attachment, EventId, FileState};
use crate::store::attachment::{Attachments, folder_name};
use crate::store::change::Change;
use crate::store::error::{Result, io};
use crate::store::files;
use crate::store::read::ReadTx;
use crate::store::tables::state;

/// Puts the files of one kind in place that the backup has; where it has none, those of the former data in
/// `shared` that are of the same events. Gives the events that have one.
pub(super) fn place(
    reader: &Reader,
    of: Attachment,
    new: &Path,
    shared: Option<&Path>,
    db: &Database,
) -> Result<BTreeSet<u64>> {
    let (mut placed, noun) = (BTreeSet::new(), of.noun());
    files::make_dir(&new.join(folder_name(of)))?;
    if let Some(mut input) = reader.named(folder_name(of))? {
        while !input.is_at_end() {
            let id = u64::from_le_bytes(input.array()?);
            let path = path_for(new, of, id)?;
            let mut options = OpenOptions::new();
            let file = options.create_new(true).write(true).mode(0o600).open(&path);
            let bytes = blob(&mut input)?;
            let written = file.and_then(|mut file| file.write_all(&bytes));
            written.map_err(io(format!("restoring a {noun}")))?;
            placed.insert(id);
        }
    } else if let Some(former) = shared {
        ReadTx::new(db.begin_read()?).each_ready(of, |id| {
            let Some(id) = id else { return Ok(()) };
            let from = Attachments::path_in(former, of, id);
            if from.is_file() {
                let linked = fs::hard_link(&from, path_for(new, of, id.0)?);
                linked.map_err(io(format!("sharing a {noun}")))?;
                placed.insert(id.0);
            }
            Ok(())
        })?;
        tracing::debug!(count = placed.len(), "a former {noun} each is shared");
    }
    Ok(placed)
}

/// Where an event's file goes; its folder is made.
fn path_for(new: &Path, of: Attachment, id: u64) -> Result<PathBuf> {
    let path = Attachments::path_in(new, of, EventId(id));
    files::make_dir(path.parent().unwrap_or(new))?;
    Ok(path)
}

/// Events whose files of one kind did not come say so. Gives how many.
pub(super) fn fail_others(db: &Database, of: Attachment, placed: &BTreeSet<u64>) -> Result<u64> {
    let mut missing = Vec::new();
    let tx = ReadTx::new(db.begin_read()?);
    let mut seq = tx.state(state::APPLIED_SEQ)?;
    tx.each_ready(of, |id| {
        if let Some(id) = id.filter(|id| !placed.contains(&id.0)) {
            seq += 1;
            missing.push((seq, Change::Attachment { id, of, state: FileState::Failed }));
        }
        Ok(())
    })?;
    drop(tx);
    apply_all(db, &missing)?;
    Ok(missing.len() as u64)
}

//! One data directory's contents in place of another's, by renames that are finished at the next start
//! if they were interrupted.
//!
//! The new contents stand complete and synced in `restore.new/`. Then the marker `restoring` is written:
//! before it, the old contents count and `restore.new/` is rubbish; from then on the new ones do. For each
//! name in `restore.new/`: what stands under it in the data directory goes to the former's folder, and the
//! new one takes its place. A name that has left `restore.new/` is done, so this can be repeated from any
//! point. At the end the marker goes.

use std::fs::{self, File};
use std::io::{ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};

use super::point;
use crate::store::error::{Result, StoreError, io};
use crate::store::files;

/// Folder in which the new contents are made.
pub(super) const NEW: &str = "restore.new";
/// The marker: it names the former's folder.
const MARKER: &str = "restoring";
/// What the former's folder is called at the beginning.
const FORMER: &str = "former-";

/// Begins the change to what stands in [`NEW`], and ends it. What was there goes to the folder `former-STAMP`,
/// whose path is given.
pub(super) fn swap(dir: &Path, stamp: &str) -> Result<PathBuf> {
    sync_tree(&dir.join(NEW)).map_err(io("syncing what was restored"))?;
    let mut name = format!("{FORMER}{stamp}");
    let mut number = 1;
    while dir.join(&name).exists() {
        number += 1;
        name = format!("{FORMER}{stamp}-{number}");
    }
    point("before the marker");
    files::replace(dir, MARKER, name.as_bytes())?;
    point("after the marker");
    finish(dir)?;
    Ok(dir.join(name))
}

/// Ends a change that was begun, and removes what is left of one that was not. The data directory must be
/// locked. Costs a look at two names where there is nothing to do.
///
/// # Errors
/// [`StoreError::Damaged`], and those of the file system: nobody may use the directory then.
pub(in crate::store) fn finish(dir: &Path) -> Result<()> {
    let marker = dir.join(MARKER);
    let new = dir.join(NEW);
    let name = match fs::read_to_string(&marker) {
        Ok(name) => name,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match fs::remove_dir_all(&new) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(io(format!("removing {}", new.display()))(error))
                }
                _ => Ok(()),
            };
        }
        Err(error) => return Err(io(format!("reading {}", marker.display()))(error)),
    };
    if !name.starts_with(FORMER) || name.contains('/') {
        return Err(StoreError::Damaged(format!("{}", marker.display())));
    }
    exchange(dir, &new, &dir.join(&name)).map_err(io("putting restored data in place"))?;
    point("before the marker goes");
    let gone = fs::remove_file(&marker).and_then(|()| sync(dir));
    gone.map_err(io(format!("removing {}", marker.display())))?;
    point("after the marker went");
    tracing::info!(former = %name, "restored data is in place; what was there is kept");
    Ok(())
}

fn exchange(dir: &Path, new: &Path, former: &Path) -> IoResult<()> {
    if !former.is_dir() {
        fs::create_dir(former)?;
        sync(dir)?;
    }
    point("the former's folder is there");
    let mut names = Vec::new();
    match fs::read_dir(new) {
        Ok(entries) => {
            for entry in entries {
                names.push(entry?.file_name());
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    names.sort();
    for name in names {
        let here = dir.join(&name);
        if here.symlink_metadata().is_ok() {
            fs::rename(&here, former.join(&name))?;
            sync(former)?;
            sync(dir)?;
            point("one is aside");
        }
        fs::rename(new.join(&name), &here)?;
        sync(dir)?;
        point("one is in place");
    }
    match fs::remove_dir(new) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => sync(dir),
    }
}

fn sync(folder: &Path) -> IoResult<()> {
    File::open(folder)?.sync_all()
}

/// Syncs every file and folder below `folder`, and itself.
fn sync_tree(folder: &Path) -> IoResult<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync(folder)
}

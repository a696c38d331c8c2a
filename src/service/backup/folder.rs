//! The folder of backups: what is in it, and what may name a file of it.

use std::path::Path;

use crate::service::error::{Error, Result};
use crate::store::StoreError;
use crate::store::backup::{self, EXTENSION, Manifest};

/// Most files of the folder that are looked at.
const LISTED_MAX: usize = 1_000;
/// Longest name of a backup.
const NAME_BYTES_MAX: usize = 128;

/// A backup in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Name of its file.
    pub name: String,
    /// Length of its file.
    pub bytes: u64,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// The backups of a folder, newest first, and files that are named like some but cannot be read.
pub(super) fn read(folder: &Path) -> (Vec<Backup>, Vec<String>) {
    let (mut backups, mut unreadable) = (Vec::new(), Vec::new());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    for name in names.filter(|name| is_backup_name(name)).take(LISTED_MAX) {
        let path = folder.join(&name);
        let bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        match backup::manifest(&path) {
            Ok(manifest) => backups.push(Backup { name, bytes, manifest }),
            Err(_) => unreadable.push(name),
        }
    }
    backups.sort_by(|a, b| (b.manifest.created_us, &b.name).cmp(&(a.manifest.created_us, &a.name)));
    unreadable.sort();
    (backups, unreadable)
}

/// Whether `name` may name a backup in the folder: no separator, no leading dot, the right end.
pub(super) fn is_backup_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = name.strip_suffix(EXTENSION).and_then(|stem| stem.strip_suffix('.'));
    name.len() <= NAME_BYTES_MAX
        && end.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
        && name.chars().all(is_plain)
}

pub(super) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| {
        let what = format!("making {}", folder.display());
        Error::StorageFailed(StoreError::Io { what, source })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_name_backups() {
        for good in ["watchpost-20261123T052731Z-manual.backup", "pre-upgrade-0.1.0.backup"] {
            assert!(is_backup_name(good), "{good}");
        }
        for bad in [
            "",
            ".backup",
            "..backup",
            "../x.backup",
            "a/b.backup",
            "a.backup.partial",
            ".a.backup.partial",
            "secret.key",
            "a\0.backup",
            "ä.backup",
        ] {
            assert!(!is_backup_name(bad), "{bad}");
        }
        assert!(!is_backup_name(&format!("{}.backup", "a".repeat(NAME_BYTES_MAX))));
    }
}

//! The folder of backups: what is in it, and what may name a file of it.

use std::io::ErrorKind;
use std::path::Path;

use crate::service::error::{Error, Result};
use crate::store::StoreError;
use crate::store::backup::{self, EXTENSION, Manifest, PARTIAL};

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

/// Makes the folder if it is not there, and removes from it what killed backups left. Only while no other
/// backup is made: the folder is this server's alone.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(failed("making", folder))?;
    let entries = std::fs::read_dir(folder).map_err(failed("reading", folder))?;
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| is_leftover(path)) {
        match std::fs::remove_file(&path) {
            Ok(()) => {
                tracing::info!(path = %path.display(), "what a killed backup left is removed");
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "what a killed backup left stays");
            }
        }
    }
    Ok(())
}

/// Whether a file is one that a backup is written to before it has its name.
fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let inner = name.strip_prefix('.').and_then(|name| name.strip_suffix(PARTIAL));
    inner.is_some_and(is_backup_name)
}

fn failed(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let what = format!("{doing} {}", path.display());
    move |source| Error::StorageFailed(StoreError::Io { what, source })
}

/// The same of a backup, which may also not be there.
pub(super) fn gone_or_failed(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let failed = failed(doing, path);
    |error| match error.kind() {
        ErrorKind::NotFound => Error::NotFound("the backup"),
        _ => failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_backups_left_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("backups");
        make_folder(&folder).unwrap();
        let stay =
            ["a.backup", ".a.backup", ".notes.partial", "b.backup.partial", ".backup.partial"];
        let left = [".watchpost-20261123T052731Z-scheduled.backup.partial", ".a.backup.partial"];
        for name in stay.iter().chain(&left) {
            std::fs::write(folder.join(name), "").unwrap();
        }
        make_folder(&folder).unwrap();
        let names = std::fs::read_dir(&folder).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        let mut expected = stay;
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn only_a_missing_file_is_said_to_be_missing() {
        let dir = tempfile::tempdir().unwrap();
        let of = |path: &Path| {
            std::fs::remove_file(path).map_err(gone_or_failed("removing", path)).unwrap_err()
        };
        assert!(matches!(of(&dir.path().join("a.backup")), Error::NotFound(_)));
        let folder = of(dir.path()); // not a file
        let Error::StorageFailed(source) = &folder else { panic!("{folder:?}") };
        assert!(source.to_string().starts_with("removing "), "{source}");
    }

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

//! Backups: a file with everything of one moment, made while the store is used, and the way back.
//!
//! `"wpbackup" | format: u32 LE | parts, one behind the other | manifest as JSON |
//! length of the manifest: u64 LE | SHA-256 of the first 12 bytes and the manifest: 32 | "wpbackup"`
//!
//! The manifest stands at the end, since lengths and checksums are known only then; a list of
//! backups reads the ends of files. Every byte is covered: the parts by the manifest, which must
//! name them without a gap, the manifest by what follows it.
//!
//! Parts: `tables` (`dump.rs`), `journal` (records that the tables do not hold; only of a backup
//! that is made before an upgrade), `pictures`, `filemeta`, `secret.key.age` and `tls-ca.pem.age` (`seal.rs`; only
//! with a passphrase). A part that a version does not know is proved and left out, so that one more needs no new format.

mod ca;
mod dump;
mod file;
mod former;
mod place;
mod restore;
mod seal;
pub(super) mod swap;
mod take;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Result;
use crate::domain::Timestamp;

pub use ca::CaOutcome;
pub use file::PARTIAL;
pub use restore::{DoubtfulCredential, KeyOutcome, RestoreOptions, Restored, restore};
pub use seal::PASSPHRASE_BYTES;
pub use take::BackupOptions;
pub(super) use take::before_upgrade;

/// What backups that the server makes itself are called at the end.
pub const EXTENSION: &str = "backup";

/// Why a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody asked for it.
    Manual,
    /// `backup.every` has passed.
    Scheduled,
    /// A newer version was about to change the format of the tables.
    PreUpgrade,
}

/// One part of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// Where it begins in the file.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// SHA-256 of it, lower-case hexadecimal.
    pub sha256: String,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version that wrote it.
    pub version: String,
    /// Format of its tables.
    pub schema: u32,
    /// Why it was made.
    pub reason: Reason,
    /// When it was begun, microseconds.
    pub created_us: i64,
    /// The database's incarnation, hexadecimal: a restore makes a new one.
    pub incarnation: String,
    /// The incarnation that it descends from, through restores.
    pub origin: String,
    /// Newest journal record that the tables hold.
    pub applied_seq: u64,
    /// Journal records beside the tables.
    pub journal_records: u64,
    /// Events in the tables.
    pub events: u64,
    /// Newest event id that was given.
    pub last_event: u64,
    /// `order_time` of the first event, microseconds.
    pub oldest_us: Option<i64>,
    /// `order_time` of the last event, microseconds.
    pub newest_us: Option<i64>,
    /// CRC-32C over all event rows in order of id, as `check` prints it.
    pub checksum: String,
    /// Entries by table.
    pub tables: BTreeMap<String, u64>,
    /// Whether pictures and metadata files are part of it.
    pub with_pictures: bool,
    /// Pictures in it.
    pub pictures: u64,
    /// Pictures of events that could not be read.
    pub pictures_missing: u64,
    /// Metadata files in it.
    pub filemeta: u64,
    /// Metadata files of events that could not be read.
    pub filemeta_missing: u64,
    /// Whether there was a certificate authority of its own.
    pub own_ca: bool,
    /// A fingerprint of that one's certificate; empty without one, and in backups from before there were fingerprints.
    #[serde(default)]
    pub ca_fingerprint: String,
    /// A fingerprint of the secret key that its tokens are derived from; never the key.
    pub key_fingerprint: String,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

impl Manifest {
    /// A part by name.
    fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// Whether the secret key is in it, sealed.
    pub fn has_key(&self) -> bool {
        self.part(file::KEY).is_some()
    }

    /// Whether the certificate authority is in it, sealed.
    pub fn has_ca(&self) -> bool {
        self.part(file::CA).is_some()
    }

    /// When it was begun.
    pub const fn created(&self) -> Timestamp {
        Timestamp(self.created_us)
    }
}

/// Where backups are in a data directory, unless somewhere else.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join(super::engine::BACKUP_DIR)
}

/// Reads what a backup says of itself, without reading its parts. Blocks for a moment.
///
/// # Errors
/// [`super::StoreError::Damaged`], [`super::StoreError::Newer`].
pub fn manifest(path: &Path) -> Result<Manifest> {
    Ok(file::Reader::open(path)?.manifest)
}

/// A moment as it stands in names of files: `20261123T052731Z`.
pub fn stamp(at: Timestamp) -> String {
    let text = at.rfc3339();
    let to_seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    let digits = to_seconds.chars().filter(char::is_ascii_alphanumeric);
    digits.chain(['Z']).collect()
}

/// A place at which a test may end the process, as a power cut would.
#[cfg(not(test))]
pub(super) const fn point(_: &str) {}
#[cfg(test)]
pub(super) use tests::point;

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
        text
    })
}

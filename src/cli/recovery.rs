//! `backup` and `restore`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::execute::{On, text};
use super::reply::Reply;
use super::request::Password;
use crate::config::Config;
use crate::domain::Timestamp;
use crate::open::{self, Failure};
use crate::service::backup::{Running, Wanted};
use crate::store::backup::{CaOutcome, KeyOutcome, Manifest};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackedUp {
    pub file: PathBuf,
    pub bytes: u64,
    pub version: String,
    pub schema: u32,
    pub created: String,
    pub events: u64,
    pub last_event: u64,
    pub oldest: Option<String>,
    pub newest: Option<String>,
    pub checksum: String,
    pub pictures: u64,
    pub pictures_missing: u64,
    pub filemeta: u64,
    pub filemeta_missing: u64,
    pub with_key: bool,
    /// Whether the server has a certificate authority of its own, and whether that is in it.
    pub own_ca: bool,
    pub with_ca: bool,
    pub parts: Vec<Part>,
}

/// A part of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Restored {
    /// What the backup says of itself.
    pub backup: BackedUp,
    /// Where the former data is.
    pub former: Option<PathBuf>,
    /// The next event gets an id above this one.
    pub next_after: u64,
    pub pictures: u64,
    pub pictures_missing: u64,
    pub filemeta: u64,
    pub filemeta_missing: u64,
    /// What was forced on at cameras when the backup was made, and is no longer known to be set back.
    pub releases_dropped: u64,
    /// `same`, `restored` or `other`: with the last, tokens must be issued again.
    pub key: String,
    /// The certificate authority: `none`, `same`, `restored`, `replaced` or `other`; with the last, clients must
    /// be told to trust another one.
    pub ca: String,
    /// Credentials that were revoked or rotated since the backup and stay so.
    pub revocations_kept: u64,
    /// Credentials that may have been revoked since the backup.
    pub doubtful: Vec<Doubtful>,
}

/// A credential that may have been revoked since the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Doubtful {
    pub kind: String,
    pub id: u32,
    pub name: String,
}

/// Puts a backup in place of what there is.
pub(super) fn restore(
    config: &Config,
    file: &Path,
    passphrase: Option<Password>,
) -> anyhow::Result<Reply> {
    let passphrase = passphrase.map(|secret| secret.0);
    let done = open::restore(config, file, passphrase).map_err(Failure::from)?;
    let key = match done.key {
        KeyOutcome::Same => "same",
        KeyOutcome::Restored => "restored",
        KeyOutcome::Other => "other",
    };
    let ca = match done.ca {
        CaOutcome::None => "none",
        CaOutcome::Same => "same",
        CaOutcome::Restored => "restored",
        CaOutcome::Replaced => "replaced",
        CaOutcome::Other => "other",
    };
    let doubtful = done.doubtful.into_iter().map(|credential| Doubtful {
        kind: credential.kind.to_owned(),
        id: credential.id,
        name: credential.name,
    });
    Ok(Reply::Restored(Box::new(Restored {
        backup: described(file.to_owned(), done.manifest, done.bytes),
        former: done.former,
        next_after: done.last_event.0,
        pictures: done.pictures,
        pictures_missing: done.pictures_missing,
        filemeta: done.filemeta,
        filemeta_missing: done.filemeta_missing,
        releases_dropped: done.releases_dropped,
        key: key.to_owned(),
        ca: ca.to_owned(),
        revocations_kept: done.revocations_kept,
        doubtful: doubtful.collect(),
    })))
}

impl On<'_> {
    pub(super) async fn backup(
        &self,
        file: PathBuf,
        with_pictures: bool,
        passphrase: Option<Password>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Reply, String> {
        let wanted = Wanted { with_pictures, passphrase: passphrase.map(|secret| secret.0) };
        let mut tell = |running: Running| progress(running.done, running.total);
        let written =
            self.services.backups.write(&self.caller, file.clone(), wanted, &mut tell).await;
        let (manifest, bytes) = written.map_err(text)?;
        Ok(Reply::BackedUp(Box::new(described(file, manifest, bytes))))
    }
}

fn described(file: PathBuf, manifest: Manifest, bytes: u64) -> BackedUp {
    let time = |us: Option<i64>| us.map(|us| Timestamp(us).rfc3339());
    let parts = manifest.parts.iter().map(|part| Part {
        name: part.name.clone(),
        bytes: part.bytes,
        sha256: part.sha256.clone(),
    });
    BackedUp {
        file,
        bytes,
        schema: manifest.schema,
        created: manifest.created().rfc3339(),
        events: manifest.events,
        last_event: manifest.last_event,
        oldest: time(manifest.oldest_us),
        newest: time(manifest.newest_us),
        pictures: manifest.pictures,
        pictures_missing: manifest.pictures_missing,
        filemeta: manifest.filemeta,
        filemeta_missing: manifest.filemeta_missing,
        with_key: manifest.has_key(),
        own_ca: manifest.own_ca,
        with_ca: manifest.has_ca(),
        parts: parts.collect(),
        version: manifest.version,
        checksum: manifest.checksum,
    }
}

/// Tells what a backup holds.
pub(super) fn print_backup(out: &mut dyn Write, backup: &BackedUp) -> io::Result<()> {
    writeln!(
        out,
        "{}: {} events, {} pictures and {} metadata files as of {}, {} bytes, read again and whole",
        backup.file.display(),
        backup.events,
        backup.pictures,
        backup.filemeta,
        backup.created,
        backup.bytes
    )?;
    if backup.pictures_missing > 0 {
        writeln!(out, "  {} pictures could not be read", backup.pictures_missing)?;
    }
    if backup.filemeta_missing > 0 {
        writeln!(out, "  {} metadata files could not be read", backup.filemeta_missing)?;
    }
    if !backup.with_key {
        writeln!(out, "  without the secret key: on another machine tokens must be issued again")?;
    }
    if backup.own_ca && !backup.with_ca {
        writeln!(
            out,
            "  without the certificate authority: on another machine clients must trust a new one"
        )?;
    }
    for part in &backup.parts {
        writeln!(out, "  {:16} {:>12} bytes  sha256 {}", part.name, part.bytes, part.sha256)?;
    }
    Ok(())
}

/// Tells what was restored, and what is left to do.
pub(super) fn print_restored(out: &mut dyn Write, restored: &Restored) -> io::Result<()> {
    writeln!(
        out,
        "restored {} events, {} pictures and {} metadata files as of {}; the next event gets an id above {}",
        restored.backup.events,
        restored.pictures,
        restored.filemeta,
        restored.backup.created,
        restored.next_after
    )?;
    if let Some(former) = &restored.former {
        writeln!(out, "  what was there is in {}", former.display())?;
    }
    if restored.pictures_missing > 0 {
        writeln!(out, "  {} pictures were not in the backup", restored.pictures_missing)?;
    }
    if restored.filemeta_missing > 0 {
        writeln!(out, "  {} metadata files were not in the backup", restored.filemeta_missing)?;
    }
    if restored.releases_dropped > 0 {
        let count = restored.releases_dropped;
        writeln!(
            out,
            "  {count} outputs were forced on when the backup was made; look whether they still are"
        )?;
    }
    match restored.ca.as_str() {
        "replaced" => writeln!(
            out,
            "  the certificate authority is that of the backup; the one before is with what was there"
        )?,
        "other" => writeln!(
            out,
            "  the certificate authority is another one, or made at the next start: clients must be told to trust it"
        )?,
        _ => {}
    }
    if restored.revocations_kept > 0 {
        let count = restored.revocations_kept;
        writeln!(out, "  {count} credentials stay revoked or rotated as they were since")?;
    }
    if restored.key == "other" {
        writeln!(
            out,
            "  the secret key is another one: issue all tokens again, enter cameras' passwords again"
        )?;
    } else if !restored.doubtful.is_empty() {
        writeln!(out, "  these hold again, also if they were revoked after the backup:")?;
        for credential in &restored.doubtful {
            writeln!(out, "    {} {} {}", credential.kind, credential.id, credential.name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
impl BackedUp {
    pub fn example() -> Self {
        Self {
            file: "a.backup".into(),
            bytes: 100,
            version: "1".to_owned(),
            schema: 2,
            created: "2026-11-23T05:27:31Z".to_owned(),
            events: 0,
            last_event: 7,
            oldest: None,
            newest: None,
            checksum: "00000000".to_owned(),
            pictures: 0,
            pictures_missing: 0,
            filemeta: 0,
            filemeta_missing: 0,
            with_key: false,
            own_ca: false,
            with_ca: false,
            parts: vec![Part { name: "tables".to_owned(), bytes: 40, sha256: String::new() }],
        }
    }
}

#[cfg(test)]
impl Restored {
    pub fn example() -> Self {
        Self {
            backup: BackedUp::example(),
            former: None,
            next_after: 7,
            pictures: 0,
            pictures_missing: 0,
            filemeta: 0,
            filemeta_missing: 0,
            releases_dropped: 0,
            key: "same".to_owned(),
            ca: "none".to_owned(),
            revocations_kept: 0,
            doubtful: vec![Doubtful { kind: String::new(), id: 1, name: String::new() }],
        }
    }
}

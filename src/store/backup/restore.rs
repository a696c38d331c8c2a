//! The way back: everything is read and proved, made beside the data there is, and takes its place.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use redb::{Database, ReadableDatabase, ReadableTableMetadata};

use super::ca::{self, CaOutcome};
use super::file::{CA, Input, JOURNAL, KEY, Reader, TABLES};
use super::former::{Former, keep_ids, keep_revocations, word};
use super::place::{fail_others, place};
use super::take::fingerprint;
use super::{Manifest, dump, point, seal, stamp, swap};
use crate::domain::audit::AuditEntry;
use crate::domain::{Attachment, Credential, EventId, Timestamp};
use crate::store::change::Change;
use crate::store::engine::{DATABASE_FILE, private};
use crate::store::error::{Result, StoreError};
use crate::store::files::TlsFile;
use crate::store::read::ReadTx;
use crate::store::tables::{RELEASES, SCHEMA_VERSION, SESSIONS, STATE, state};
use crate::store::write::WriteTx;
use crate::store::{apply, files, migrate};

/// Longest record and file of an event that are read.
const RECORD_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of what is sealed.
const SEALED_BYTES_MAX: u64 = 64 << 10;
/// Changes of one transaction.
const CHUNK: usize = 1_000;

/// How to restore.
#[derive(Clone)]
pub struct RestoreOptions {
    /// Opens the sealed secret key and certificate authority, which then take the place of those there are.
    pub passphrase: Option<String>,
    /// Now.
    pub now: Timestamp,
    /// Memory for the database's pages, bytes.
    pub cache_bytes: usize,
}

impl fmt::Debug for RestoreOptions {
    /// Without the passphrase.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestoreOptions").field("now", &self.now).finish_non_exhaustive()
    }
}

/// What became of the secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOutcome {
    /// The one of the backup was there already: all its tokens hold.
    Same,
    /// The one in the backup is in place: all its tokens hold.
    Restored,
    /// Another one is there, or none: tokens of the backup must be issued again.
    Other,
}

/// A credential that may have been revoked after the backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubtfulCredential {
    /// What it is, in words.
    pub kind: &'static str,
    /// Its id.
    pub id: u32,
    /// Its name, if it has one.
    pub name: String,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Length of its file.
    pub bytes: u64,
    /// Where the former data is now, if there was any.
    pub former: Option<PathBuf>,
    /// Newest event id: the next event gets one above.
    pub last_event: EventId,
    /// Pictures in place.
    pub pictures: u64,
    /// Pictures that are not: their events say so.
    pub pictures_missing: u64,
    /// Metadata files in place.
    pub filemeta: u64,
    /// Metadata files that are not: their events say so.
    pub filemeta_missing: u64,
    /// Outputs of cameras and the like that were forced on when the backup was made, whose release was
    /// forgotten: a restore switches nothing.
    pub releases_dropped: u64,
    /// What became of the secret key.
    pub key: KeyOutcome,
    /// What became of the certificate authority.
    pub ca: CaOutcome,
    /// Credentials that were revoked or rotated since and stay so.
    pub revocations_kept: u64,
    /// Without a former database of the same origin, or with one of a newer version, whose credentials this
    /// one cannot read: those that may have been revoked since.
    pub doubtful: Vec<DoubtfulCredential>,
}

/// Puts a backup in place of what the data directory holds, which is kept in a folder beside it. Blocks.
/// Killed at any point, the next start finds the one or the other.
///
/// # Errors
/// [`StoreError::InUse`] while a server runs, [`StoreError::Damaged`], [`StoreError::Newer`],
/// [`StoreError::NoRoom`]: nothing was changed.
pub fn restore(dir: &Path, path: &Path, options: &RestoreOptions) -> Result<Restored> {
    let reader = Reader::open(path)?;
    if reader.manifest.schema > SCHEMA_VERSION {
        let found = reader.manifest.schema;
        return Err(StoreError::Newer { found, known: SCHEMA_VERSION });
    }
    let manifest = reader.verify(false, &mut |_| true)?;
    let secrets = options.passphrase.as_deref().map(|passphrase| unseal(&reader, passphrase));
    let secrets = secrets.transpose()?;
    let former = Former::read(dir)?; // has the lock for itself
    let _lock = files::lock(dir)?;
    swap::finish(dir)?;
    let free = files::free_bytes(dir)?;
    if free < reader.bytes() {
        return Err(StoreError::NoRoom { needed: reader.bytes(), free });
    }
    point("before anything is made");
    let new = dir.join(swap::NEW);
    files::make_dir(&new)?;
    let made = make(&reader, &manifest, dir, &new, former.as_ref(), secrets.as_ref(), options);
    if made.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    let made = made?;
    let sealed_ca = secrets.as_ref().and_then(|secrets| secrets.ca.as_deref());
    let ca = ca::outcome(&manifest, ca::of(dir)?.as_deref(), sealed_ca);
    let key = match (&secrets, files::key_bytes(dir)?) {
        (Some(_), _) => KeyOutcome::Restored,
        (None, Some(key)) if fingerprint(&key) == manifest.key_fingerprint => KeyOutcome::Same,
        _ => KeyOutcome::Other,
    };
    let had_data = dir.join(DATABASE_FILE).exists();
    let aside = swap::swap(dir, &stamp(options.now))?;
    if !had_data {
        let _ = fs::remove_dir(&aside); // only if it is empty
    }
    Ok(Restored {
        bytes: reader.bytes(),
        ca,
        manifest,
        former: aside.exists().then_some(aside),
        last_event: made.last_event,
        pictures: made.pictures.0,
        pictures_missing: made.pictures.1,
        filemeta: made.filemeta.0,
        filemeta_missing: made.filemeta.1,
        releases_dropped: made.releases_dropped,
        key,
        revocations_kept: made.revocations_kept,
        doubtful: made.doubtful,
    })
}

/// What was sealed.
struct Secrets {
    key: [u8; 32],
    ca: Option<String>,
}

fn unseal(reader: &Reader, passphrase: &str) -> Result<Secrets> {
    let refused = |text: &str| StoreError::Failed(text.to_owned());
    let opened = |name| -> Result<Option<Vec<u8>>> {
        let part = reader.manifest.parts.iter().find(|part| part.name == name);
        let (Some(part), Some(mut input)) = (part, reader.named(name)?) else { return Ok(None) };
        if part.bytes > SEALED_BYTES_MAX {
            return Err(refused(&format!("{name} is too long")));
        }
        let mut sealed = vec![0; usize::try_from(part.bytes).unwrap_or_default()];
        input.exactly(&mut sealed)?;
        let opened = seal::open(&sealed, passphrase)?;
        opened.ok_or_else(|| refused("the passphrase is wrong")).map(Some)
    };
    let key = opened(KEY)?.ok_or_else(|| refused("the backup holds no secret key to open"))?;
    let key = key.try_into().map_err(|_| refused("the sealed secret key has another length"))?;
    let ca = opened(CA)?.map(String::from_utf8).transpose();
    let ca = ca.map_err(|_| refused("the sealed certificate authority is no text"))?;
    Ok(Secrets { key, ca })
}

/// What was made.
struct Made {
    last_event: EventId,
    /// Those in place, and those that are not.
    pictures: (u64, u64),
    filemeta: (u64, u64),
    releases_dropped: u64,
    revocations_kept: u64,
    doubtful: Vec<DoubtfulCredential>,
}

fn make(
    reader: &Reader,
    manifest: &Manifest,
    dir: &Path,
    new: &Path,
    former: Option<&Former>,
    secrets: Option<&Secrets>,
    options: &RestoreOptions,
) -> Result<Made> {
    let damaged = |what: &str| StoreError::Damaged(format!("the backup: {what}"));
    files::make_dir(&new.join("journal"))?; // a new one is begun in it
    if let Some(secrets) = secrets {
        files::replace(new, files::SECRET_KEY, &secrets.key)?;
        let there = ca::of(dir)?;
        if let Some(ca) = secrets.ca.as_deref().filter(|ca| there.as_deref() != Some(*ca)) {
            files::put_tls_file(new, TlsFile::Authority, ca)?;
        }
    }
    let path = new.join(DATABASE_FILE);
    let db = Database::builder().set_cache_size(options.cache_bytes).create(&path)?;
    private(&path)?;
    let mut tables = reader.named(TABLES)?.ok_or_else(|| damaged("it has no tables"))?;
    let found = dump::read(&mut tables, &db)?;
    if found != manifest.tables || !tables.is_at_end() {
        return Err(damaged("its tables are not what its manifest says"));
    }
    point("the tables are read");
    migrate::upgrade(&db)?;
    if let Some(mut input) = reader.named(JOURNAL)? {
        apply_all(&db, &records(&mut input)?)?;
    }
    let same_origin =
        former.filter(|former| format!("{:032x}", former.origin()) == manifest.origin);
    let (mut pictures, mut filemeta) = ((0, 0), (0, 0));
    for of in Attachment::ALL {
        let shared = same_origin.filter(|_| !manifest.with_pictures).map(|_| dir);
        let placed = place(reader, of, new, shared, &db)?;
        let counts = (placed.len() as u64, fail_others(&db, of, &placed)?);
        match of {
            Attachment::Picture => pictures = counts,
            Attachment::Filemeta => filemeta = counts,
        }
    }
    let as_written = manifest.journal_records == 0 && pictures.1 + filemeta.1 == 0;
    prove(&db, manifest, as_written)?;
    point("everything is proved");

    let restored = ReadTx::new(db.begin_read()?).credentials()?;
    let mut tx = db.begin_write()?;
    tx.set_quick_repair(true);
    let write = WriteTx { tx: &tx };
    new_incarnation(&write, &manifest.origin)?;
    write.end_sessions()?;
    let releases_dropped = write.drop_releases()?;
    keep_ids(&write, same_origin)?;
    let kept = match same_origin {
        Some(former) => keep_revocations(&write, &restored, former)?,
        None => None,
    };
    write.append_audit(AuditEntry {
        time: options.now,
        who: "command line".to_owned(),
        from: String::new(),
        action: "backup.restore".to_owned(),
        object: "data".to_owned(),
        result: "ok".to_owned(),
        detail: format!(
            "{} events as of {}",
            manifest.events,
            Timestamp(manifest.created_us).rfc3339()
        ),
    })?;
    let last_event = EventId(write.number(state::LAST_EVENT)?);
    tx.commit()?;
    let doubtful = if kept.is_some() { Vec::new() } else { doubtful(&restored) };
    let revocations_kept = kept.unwrap_or_default();
    Ok(Made { last_event, pictures, filemeta, releases_dropped, revocations_kept, doubtful })
}

/// Journal records of a backup that was made before an upgrade.
fn records(input: &mut Input) -> Result<Vec<(u64, Change)>> {
    let mut records = Vec::new();
    while !input.is_at_end() {
        let seq = u64::from_le_bytes(input.array()?);
        let change = Change::decode(&blob(input)?)
            .map_err(|_| StoreError::Damaged(format!("the backup: journal record {seq}")))?;
        records.push((seq, change));
    }
    Ok(records)
}

/// Applies changes, each with the number of its record, in order.
pub(super) fn apply_all(db: &Database, changes: &[(u64, Change)]) -> Result<()> {
    let mut memory = apply::Memory::default();
    for chunk in changes.chunks(CHUNK) {
        let tx = db.begin_write()?;
        let last_seq = chunk[chunk.len() - 1].0;
        apply::apply(&tx, &mut memory, chunk.iter().map(|(_, change)| change), last_seq)?;
        tx.commit()?;
    }
    Ok(())
}

pub(super) fn blob(input: &mut Input) -> Result<Vec<u8>> {
    let length = u64::from_le_bytes(input.array()?);
    if length > RECORD_BYTES_MAX {
        return Err(StoreError::Damaged("the backup: a record is too long".to_owned()));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    input.exactly(&mut bytes)?;
    Ok(bytes)
}

/// Compares rows, indexes and counters with each other, and with what the backup says of them.
fn prove(db: &Database, manifest: &Manifest, as_written: bool) -> Result<()> {
    let report = ReadTx::new(db.begin_read()?).check()?;
    if let Some(problem) = report.problems.first() {
        let more = report.problem_count;
        // What was damaged before the backup is damaged in it. It is told, and it is not lost.
        tracing::warn!(%problem, more, "the restored data has problems, as what was backed up had");
    }
    let sum = format!("{:08x}", report.checksum);
    if as_written && (report.events != manifest.events || sum != manifest.checksum) {
        let text = "the restored events are not those of the backup".to_owned();
        return Err(StoreError::Damaged(text));
    }
    Ok(())
}

/// A journal of the former data must never be applied to these tables.
fn new_incarnation(tx: &WriteTx<'_>, origin: &str) -> Result<()> {
    let origin = u128::from_str_radix(origin, 16)
        .map_err(|_| StoreError::Damaged("the backup: its origin".to_owned()))?;
    let incarnation = migrate::random_incarnation()?;
    for (name, value) in [
        (state::INCARNATION_HIGH, incarnation >> 64),
        (state::INCARNATION_LOW, incarnation & u128::from(u64::MAX)),
        (state::ORIGIN_HIGH, origin >> 64),
        (state::ORIGIN_LOW, origin & u128::from(u64::MAX)),
    ] {
        let value = u64::try_from(value).expect("64 bits are left");
        tx.tx.open_table(STATE)?.insert(name, value)?;
    }
    Ok(())
}

impl WriteTx<'_> {
    /// Ends every session: a log-out since the backup must not be undone.
    fn end_sessions(&self) -> Result<()> {
        self.tx.open_table(SESSIONS)?.retain(|_, _| false)?;
        Ok(())
    }

    /// Forgets what was to be set back. It has long been, or somebody has set it since: an old backup must
    /// not switch a camera's output when the server starts. Gives how many.
    fn drop_releases(&self) -> Result<u64> {
        let mut table = self.tx.open_table(RELEASES)?;
        let count = table.len()?;
        table.retain(|_, _| false)?;
        Ok(count)
    }
}

fn doubtful(restored: &[Credential]) -> Vec<DoubtfulCredential> {
    let doubtful = |credential: &Credential| DoubtfulCredential {
        kind: word(credential.kind),
        id: credential.id,
        name: credential.name.clone(),
    };
    restored.iter().map(doubtful).collect()
}

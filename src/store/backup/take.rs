//! Taking a backup: a snapshot that holds everything acknowledged before, written down.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::file::{CA, JOURNAL, KEY, TABLES, Watch, Writer};
use super::{Manifest, Reason, ca, dump, hex, point, seal};
use crate::domain::{Attachment, Timestamp};
use crate::store::attachment::{self, Held, folder_name};
use crate::store::engine::{DATABASE_FILE, Store};
use crate::store::error::{Result, StoreError};
use crate::store::journal::Record;
use crate::store::read::ReadTx;
use crate::store::tables::{EVENTS_BY_TIME, STATE, state};
use crate::store::{files, migrate};

/// What a backup is to be.
#[derive(Clone)]
pub struct BackupOptions {
    /// The file. One that is there is replaced if it is a backup.
    pub path: PathBuf,
    /// Whether pictures and metadata files are part of it.
    pub with_pictures: bool,
    /// Seals the secret key and the certificate authority into it; without one both stay out.
    pub passphrase: Option<String>,
    /// Why it is made.
    pub reason: Reason,
    /// Now.
    pub created: Timestamp,
    /// Whether others use the disk meanwhile: it is written in portions, with pauses.
    pub gentle: bool,
}

impl fmt::Debug for BackupOptions {
    /// Without the passphrase.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        f.debug_struct("BackupOptions").field("path", path).finish_non_exhaustive()
    }
}

/// What is written beside the tables.
struct Beside<'b> {
    journal: &'b [Record],
    held: Option<&'b [Held<'b>]>,
    /// Sealed.
    key: Option<Vec<u8>>,
    key_fingerprint: String,
    /// Sealed.
    ca: Option<Vec<u8>>,
    /// Of a server that has one.
    ca_fingerprint: Option<String>,
}

impl Store {
    /// Writes everything acknowledged before this call, and nothing that comes later, to a file: under
    /// a temporary name, synced, read again and proved, then named. Blocks, as long as it takes; creates
    /// go on. `watch` is told how many more items are written, in total [`Self::backup_items`], and stops
    /// it with `false`. Gives the manifest and the length of the file.
    ///
    /// Cost: a snapshot is held meanwhile, so what is deleted or changed takes room until the end.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another one is made, [`StoreError::NoRoom`], [`StoreError::Full`],
    /// [`StoreError::Stopped`]: there is no new file, and one of that name is as it was.
    pub fn backup(
        &self,
        options: &BackupOptions,
        watch: &mut Watch<'_>,
    ) -> Result<(Manifest, u64)> {
        let Some(_one) = self.begin_backup() else { return Err(StoreError::Busy) };
        let key = files::key_bytes(self.dir())?;
        let key_fingerprint = key.as_ref().map(fingerprint).unwrap_or_default();
        let ca = ca::of(self.dir())?;
        let ca_fingerprint = ca.as_deref().map(ca::fingerprint);
        let sealed = |plain: Option<&[u8]>| match (&options.passphrase, plain) {
            (Some(passphrase), Some(plain)) => seal::seal(plain, passphrase).map(Some),
            _ => Ok(None),
        };
        let key = sealed(key.as_ref().map(<[u8; 32]>::as_slice))?;
        let ca = sealed(ca.as_ref().map(String::as_bytes))?;
        let stats = self.stats();
        let of_kind = |of| self.attachments(of).bytes();
        let files =
            if options.with_pictures { Attachment::ALL.map(of_kind).iter().sum() } else { 0 };
        look_for_room(&options.path, stats.database_bytes + files, stats.min_free_bytes)?;
        let is_whole = self.same_database();
        let (tx, held) = if options.with_pictures {
            let (tx, held) = attachment::hold(self, || self.read_all())?;
            (tx, Some(held))
        } else {
            (self.read_all()?, None)
        };
        let held = held.as_ref().map(<[Held<'_>; 2]>::as_slice);
        let beside = Beside { journal: &[], held, key, key_fingerprint, ca, ca_fingerprint };
        let write = || write(&tx, &beside, options, (stats.min_free_bytes, &is_whole), watch);
        let made = catch_unwind(AssertUnwindSafe(write));
        if !matches!(made, Ok(Ok(_))) {
            is_whole()?; // else it may have met pages that are used for something else by now
        }
        made.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// How many items a backup would have now, about.
    pub fn backup_items(&self, with_pictures: bool) -> Result<u64> {
        self.read_with(|tx| {
            let mut items = dump::entries(&tx.tx)?;
            for of in Attachment::ALL.into_iter().filter(|_| with_pictures) {
                items += tx.ready_looks(of)?;
            }
            Ok(items)
        })
    }

    /// A snapshot of everything acknowledged before; never less, as [`Store::read`] gives while storage
    /// has failed.
    fn read_all(&self) -> Result<ReadTx> {
        let seq = self.synced_seq();
        let tx = self.read()?;
        if self.applied_seq() < seq {
            return Err(StoreError::Failed("what is stored cannot all be read now".to_owned()));
        }
        Ok(tx)
    }
}

/// Writes a backup of a database whose format is about to be changed, with the journal's records that it
/// does not hold yet; files of events are left out, since no step touches them. Nothing is written where the
/// same was before: a step was killed.
///
/// # Errors
/// [`StoreError::NoRoom`]: the step must not be taken.
pub(in crate::store) fn before_upgrade(
    db: &Database,
    journal: &[Record],
    data_dir: &Path,
    backup_dir: &Path,
    reserve: u64,
    now: Timestamp,
) -> Result<()> {
    let path = backup_dir.join(format!("pre-upgrade-{}.{}", version(), super::EXTENSION));
    let tx = db.begin_read()?;
    let (incarnation, _) = incarnations(&tx)?;
    let applied_seq = number(&tx, state::APPLIED_SEQ)?;
    if let Ok(there) = super::manifest(&path)
        && there.incarnation == format!("{incarnation:032x}")
        && (there.applied_seq, there.journal_records) == (applied_seq, journal.len() as u64)
    {
        return Ok(());
    }
    files::make_dir(backup_dir)?;
    let database = std::fs::metadata(data_dir.join(DATABASE_FILE)).map_or(0, |meta| meta.len());
    look_for_room(&path, database, reserve)?;
    let key_fingerprint = files::key_bytes(data_dir)?.as_ref().map(fingerprint).unwrap_or_default();
    let ca_fingerprint = ca::of(data_dir)?.as_deref().map(ca::fingerprint);
    let beside =
        Beside { journal, held: None, key: None, key_fingerprint, ca: None, ca_fingerprint };
    let options = BackupOptions {
        path: path.clone(),
        with_pictures: false,
        passphrase: None,
        reason: Reason::PreUpgrade,
        created: now,
        gentle: false,
    };
    let tx = ReadTx::new(tx);
    let (manifest, bytes) = write(&tx, &beside, &options, (reserve, &|| Ok(())), &mut |_| true)?;
    tracing::info!(path = %path.display(), bytes, schema = manifest.schema, "backed up before the upgrade");
    Ok(())
}

/// `is_whole` is asked at the end, before the file gets its name.
fn write(
    tx: &ReadTx,
    beside: &Beside<'_>,
    options: &BackupOptions,
    (reserve, is_whole): (u64, &dyn Fn() -> Result<()>),
    watch: &mut Watch<'_>,
) -> Result<(Manifest, u64)> {
    let mut out = Writer::create(&options.path, reserve, options.gentle, watch)?;
    out.begin(TABLES);
    let dumped = dump::write(&tx.tx, &mut out)?;
    point("the tables are in the backup");
    if !beside.journal.is_empty() {
        out.begin(JOURNAL);
        for record in beside.journal {
            out.put(&record.seq.to_le_bytes())?;
            out.put(&(record.bytes.len() as u64).to_le_bytes())?;
            out.put(&record.bytes)?;
        }
    }
    let (mut pictures, mut filemeta) = ((0, 0), (0, 0));
    for held in beside.held.unwrap_or_default() {
        let of = held.of();
        out.begin(folder_name(of));
        let counts = write_files(tx, held, &mut out)?;
        match of {
            Attachment::Picture => pictures = counts,
            Attachment::Filemeta => filemeta = counts,
        }
    }
    for (name, sealed) in [(KEY, &beside.key), (CA, &beside.ca)] {
        if let Some(sealed) = sealed {
            out.begin(name);
            out.put(sealed)?;
        }
    }
    let (incarnation, origin) = incarnations(&tx.tx)?;
    let by_time = tx.tx.open_table(EVENTS_BY_TIME)?;
    let oldest_us = by_time.first()?.map(|(key, _)| key.value().time);
    let newest_us = by_time.last()?.map(|(key, _)| key.value().time);
    let schema = migrate::found(&tx.tx)?;
    let applied_seq = number(&tx.tx, state::APPLIED_SEQ)?;
    let last_event = number(&tx.tx, state::LAST_EVENT)?;
    is_whole()?;
    out.finish(|parts| Manifest {
        version: version().to_owned(),
        schema,
        reason: options.reason,
        created_us: options.created.0,
        incarnation: format!("{incarnation:032x}"),
        origin: format!("{origin:032x}"),
        applied_seq,
        journal_records: beside.journal.len() as u64,
        events: dumped.tables.get("events").copied().unwrap_or_default(),
        last_event,
        oldest_us,
        newest_us,
        checksum: format!("{:08x}", dumped.checksum),
        tables: dumped.tables,
        with_pictures: beside.held.is_some(),
        pictures: pictures.0,
        pictures_missing: pictures.1,
        filemeta: filemeta.0,
        filemeta_missing: filemeta.1,
        own_ca: beside.ca_fingerprint.is_some(),
        ca_fingerprint: beside.ca_fingerprint.clone().unwrap_or_default(),
        key_fingerprint: beside.key_fingerprint.clone(),
        parts,
    })
}

/// Writes the files of one kind. Gives how many, and how many could not be read.
fn write_files(tx: &ReadTx, held: &Held<'_>, out: &mut Writer<'_>) -> Result<(u64, u64)> {
    let (mut written, mut missing) = (0, 0);
    tx.each_ready(held.of(), |id| {
        if let Some(id) = id {
            if let Some(bytes) = held.read(id)? {
                out.put(&id.0.to_le_bytes())?;
                out.put(&(bytes.len() as u64).to_le_bytes())?;
                out.put(&bytes)?;
                written += 1;
            } else {
                let what = held.of().noun();
                tracing::warn!(event.id = id.0, "a backup goes without this {what}");
                missing += 1;
            }
        }
        out.item()
    })?;
    Ok((written, missing))
}

/// The program's version, which names what is made before its upgrade.
pub(super) const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// What tells keys apart without giving one away: they are 256 random bits.
pub(super) fn fingerprint(key: &[u8; 32]) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::new_with_prefix(b"watchpost secret.key").chain_update(key).finalize();
    hex(&hash[..8])
}

fn look_for_room(path: &Path, needed: u64, reserve: u64) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| folder.is_dir())
        .ok_or_else(|| StoreError::Failed(format!("there is no folder for {}", path.display())))?;
    let free = files::free_bytes(folder)?.saturating_sub(reserve);
    if free < needed { Err(StoreError::NoRoom { needed, free }) } else { Ok(()) }
}

pub(super) fn number(tx: &ReadTransaction, name: &str) -> Result<u64> {
    Ok(tx.open_table(STATE)?.get(name)?.map_or(0, |value| value.value()))
}

/// The database's incarnation, and the one that it descends from.
pub(super) fn incarnations(tx: &ReadTransaction) -> Result<(u128, u128)> {
    let whole = |high, low| -> Result<u128> {
        Ok(u128::from(number(tx, high)?) << 64 | u128::from(number(tx, low)?))
    };
    let incarnation = whole(state::INCARNATION_HIGH, state::INCARNATION_LOW)?;
    let origin = whole(state::ORIGIN_HIGH, state::ORIGIN_LOW)?;
    Ok((incarnation, if origin == 0 { incarnation } else { origin }))
}

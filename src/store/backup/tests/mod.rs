//! Backups and restores against the store itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use redb::{Database, ReadableDatabase};

use super::*;
use crate::domain::{Access, Attachment, CameraId, Credential, EventId, FileState, Kind};
use crate::store::attachment::hold;
use crate::store::check::Report;
use crate::store::engine::DATABASE_FILE;
use crate::store::tables::{
    AUDIT, CREDENTIAL_USES, RECIPES, RELEASES, REMOVED_CAMERA_NAMES, SCHEMA_VERSION, SESSIONS,
    SETTINGS, STATE, USERS, state,
};
use crate::store::{Change, FileKind, NewFile, Options, Store, StoreError, files};

mod killed;
mod making;
mod refused;
mod sealed;

/// 2026-11-23T05:27:31Z.
const NOW: Timestamp = Timestamp(1_795_411_651_000_000);
/// Which point a child is to end at, and over what.
const KILL_AT: &str = "WATCHPOST_TEST_KILL_AT";
const DIR: &str = "WATCHPOST_TEST_DIR";
const FILE: &str = "WATCHPOST_TEST_FILE";
/// Points that any of the ways here passes; more is a way without end.
const POINTS_MAX: u32 = 60;

/// Ends the process at the point whose number the environment names, as a power cut would.
pub(in crate::store) fn point(_name: &str) {
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(at) = std::env::var(KILL_AT) else { return };
    if at.parse() == Ok(PASSED.fetch_add(1, Ordering::Relaxed) + 1) {
        std::process::abort();
    }
}

fn options() -> Options {
    Options {
        cache_bytes: 4 << 20,
        min_free_bytes: Some(0),
        segment_bytes: Some(64 << 10),
        now: NOW,
        ..Options::default()
    }
}

fn write(store: &Store, changes: Vec<Change>) -> EventId {
    let (told, tell) = mpsc::channel();
    let ticket = store.submit(changes, move |outcome| told.send(outcome).unwrap()).unwrap();
    tell.recv().unwrap().unwrap();
    ticket.first
}

fn create(store: &Store, count: i64) {
    let one = |n| Change::Create(crate::store::change::tests::create(0, 1, 1, NOW.0 + n));
    write(store, (0..count).map(one).collect());
}

fn picture(store: &Store, id: u64, full: &[u8]) {
    let new = NewFile { full, kind: FileKind::Png, size: (4, 4), thumb: b"small" };
    attach(store, Attachment::Picture, id, &new);
}

fn filemeta(store: &Store, id: u64, full: &[u8]) {
    let new = NewFile { full, kind: FileKind::Json, size: (0, 0), thumb: b"" };
    attach(store, Attachment::Filemeta, id, &new);
}

fn attach(store: &Store, of: Attachment, id: u64, new: &NewFile<'_>) {
    let (files, id) = (store.attachments(of), EventId(id));
    files.place(&files.write(new).unwrap(), id).unwrap();
    write(store, vec![Change::Attachment { id, of, state: FileState::Ready }]);
}

fn files_of(store: &Store, id: u64) -> [Option<Vec<u8>>; 2] {
    let read = |of| store.attachments(of).read(EventId(id), false).unwrap();
    Attachment::ALL.map(|of| read(of).map(|file| file.bytes))
}

fn credential(id: u32) -> Credential {
    Credential {
        kind: Kind::Key,
        id,
        access: Access::All,
        nonce: [u8::try_from(id).unwrap(); 16],
        former: None,
        expires: None,
        created: NOW,
        name: format!("key {id}"),
        cameras: Vec::<CameraId>::new(),
    }
}

/// A backup of the database alone.
fn bare(path: &Path) -> BackupOptions {
    BackupOptions {
        path: path.to_owned(),
        with_pictures: false,
        passphrase: None,
        reason: Reason::Manual,
        created: NOW,
        gentle: false,
    }
}

fn take(store: &Store, path: &Path, passphrase: Option<&str>) -> Manifest {
    let passphrase = passphrase.map(str::to_owned);
    let options = BackupOptions { with_pictures: true, passphrase, ..bare(path) };
    store.backup(&options, &mut |_| true).unwrap().0
}

fn restored(dir: &Path, file: &Path) -> Result<Restored> {
    let options = RestoreOptions { passphrase: None, now: NOW, cache_bytes: 4 << 20 };
    restore(dir, file, &options)
}

/// What a data directory holds: events with the bytes of their pictures and metadata files, and the credentials.
type Contents = (BTreeMap<u64, [Option<Vec<u8>>; 2]>, Vec<u32>);

/// Opens, proves and reads a data directory.
fn contents(dir: &Path) -> Contents {
    let store = Store::open(dir, options()).unwrap();
    let mut report: Report = store.read().unwrap().check().unwrap();
    store.check_attachments(&mut report).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    let tx = store.read().unwrap();
    let mut events = BTreeMap::new();
    for id in 1..=tx.last_event().unwrap().0.min(100) {
        if let Some(event) = tx.event(EventId(id)).unwrap() {
            let files = files_of(&store, id);
            let ready = Attachment::ALL.map(|of| event.attached.state(of) == FileState::Ready);
            assert_eq!(files.each_ref().map(Option::is_some), ready, "event {id}");
            events.insert(id, files);
        }
    }
    let credentials = tx.credentials().unwrap().iter().map(|c| c.id).collect();
    drop(tx);
    store.close();
    (events, credentials)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A data directory, a backup of it, and what it held then; more came afterwards.
struct Site {
    dir: tempfile::TempDir,
    file: PathBuf,
    then: Contents,
}

fn site() -> Site {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let store = Store::open(&data, options()).unwrap();
    files::secret_key(&data).unwrap();
    store
        .exclusive(|tx| {
            for _ in 0..3 {
                tx.put_credential(&credential(tx.new_credential_id()?))?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    create(&store, 9);
    picture(&store, 3, b"first of three");
    picture(&store, 4, b"of four");
    filemeta(&store, 3, b"{\"of\": \"three\"}");
    filemeta(&store, 5, b"{}");
    let file = dir.path().join("a.backup");
    let manifest = take(&store, &file, None);
    assert_eq!((manifest.events, manifest.pictures, manifest.pictures_missing), (9, 2, 0));
    assert_eq!((manifest.filemeta, manifest.filemeta_missing), (2, 0));
    let then = {
        let copied = dir.path().join("then");
        store.close();
        drop(store);
        copy(&data, &copied);
        contents(&copied)
    };
    let store = Store::open(&data, options()).unwrap();
    create(&store, 5);
    picture(&store, 3, b"second of three");
    write(&store, vec![Change::Delete { ids: vec![EventId(4)] }]);
    store.attachments(Attachment::Picture).remove(EventId(4)).unwrap();
    filemeta(&store, 3, b"{\"of\": \"another\"}");
    store
        .exclusive(|tx| {
            tx.remove_credential(Kind::Key, 2)?;
            tx.put_credential(&credential(tx.new_credential_id()?))
        })
        .unwrap();
    store.close();
    Site { dir, file, then }
}

impl Site {
    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
}

#[test]
fn what_was_backed_up_comes_back_and_nothing_else() {
    let site = site();
    let done = restored(&site.data(), &site.file).unwrap();
    assert_eq!(done.last_event, EventId(14), "ids go on behind the former's");
    assert_eq!((done.key, done.revocations_kept, done.doubtful.len()), (KeyOutcome::Same, 1, 0));
    let (events, credentials) = contents(&site.data());
    assert_eq!(events, site.then.0);
    assert_eq!(credentials, [1, 3], "what was revoked since stays so");
    let former = done.former.unwrap();
    assert!(former.join(DATABASE_FILE).exists() && former.join("journal").is_dir());
    assert!(!former.join("secret.key").exists() && site.data().join("secret.key").exists());
    // The next event and credential get new ids, and a second restore of the same file is one, too.
    let store = Store::open(&site.data(), options()).unwrap();
    create(&store, 1);
    assert_eq!(store.read().unwrap().last_event().unwrap(), EventId(15));
    let next = store
        .exclusive(|tx| {
            let id = tx.new_credential_id()?;
            Ok::<_, StoreError>(id)
        })
        .unwrap();
    assert_eq!(next, 5);
    store.close();
    drop(store);
    let again = restored(&site.data(), &site.file).unwrap();
    assert_eq!(again.last_event, EventId(15), "it descends from the same database");
}

#[test]
fn without_a_former_database_ids_leave_a_gap_and_tokens_are_doubted() {
    let site = site();
    let empty = site.dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let done = restored(&empty, &site.file).unwrap();
    assert_eq!((done.last_event, done.key), (EventId(1_000_009), KeyOutcome::Other));
    assert_eq!((done.doubtful.len(), done.former), (3, None));
    assert_eq!(contents(&empty).0, site.then.0);
}

#[test]
fn files_that_are_left_out_are_said_to_be_gone_or_shared_with_the_former_data() {
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    let path = site.dir.path().join("bare.backup");
    let (manifest, _) = store.backup(&bare(&path), &mut |_| true).unwrap();
    assert_eq!((manifest.pictures, manifest.filemeta, manifest.with_pictures), (0, 0, false));
    store.close();
    drop(store);
    let empty = site.dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let done = restored(&empty, &path).unwrap();
    assert_eq!((done.pictures, done.pictures_missing), (0, 1));
    assert_eq!((done.filemeta, done.filemeta_missing), (0, 2));
    let store = Store::open(&empty, self::options()).unwrap();
    let three = store.read().unwrap().event(EventId(3)).unwrap().unwrap().attached;
    assert_eq!(Attachment::ALL.map(|of| three.state(of)), [FileState::Failed; 2]);
    store.close();
    drop(store);
    let before = contents(&site.data()).0;
    let done = restored(&site.data(), &path).unwrap();
    assert_eq!((done.pictures, done.filemeta), (1, 2));
    assert_eq!(contents(&site.data()).0, before);
}

#[test]
fn the_way_back_from_a_newer_version_keeps_files_and_ids_and_doubts_tokens() {
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    let path = site.dir.path().join("bare.backup");
    let before = BackupOptions { reason: Reason::PreUpgrade, ..bare(&path) };
    store.backup(&before, &mut |_| true).unwrap();
    store.close();
    drop(store);
    let before = contents(&site.data());
    let db = Database::open(site.data().join(DATABASE_FILE)).unwrap();
    let tx = db.begin_write().unwrap();
    tx.open_table(STATE).unwrap().insert(state::SCHEMA, u64::from(SCHEMA_VERSION) + 1).unwrap();
    tx.commit().unwrap();
    drop(db);
    let newer = fs::read(site.data().join(DATABASE_FILE)).unwrap();
    let done = restored(&site.data(), &path).unwrap();
    assert_eq!((done.pictures, done.pictures_missing), (1, 0));
    assert_eq!((done.filemeta, done.filemeta_missing), (2, 0));
    assert_eq!(done.last_event, EventId(1_000_014), "its journal cannot be asked");
    assert_eq!((done.revocations_kept, done.doubtful.len()), (0, 3));
    let former = done.former.unwrap();
    assert!(fs::read(former.join(DATABASE_FILE)).unwrap() == newer, "it is as it was");
    assert_eq!(contents(&site.data()), before);
    let store = Store::open(&site.data(), options()).unwrap();
    let next = |tx: &crate::store::WriteTx<'_>| tx.new_credential_id();
    assert_eq!(store.exclusive(next).unwrap(), 5, "no id is given twice");
    store.close();
}

#[test]
fn nothing_is_switched_by_a_restore() {
    use crate::domain::recipe::{BodyType, Message, Release, Undo};
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    let message = Message {
        method: "PUT".to_owned(),
        target: "/relay?state=open".to_owned(),
        headers: Vec::new(),
        body: String::new(),
        body_type: BodyType::Text,
    };
    let release = Release {
        camera: CameraId(1),
        event_type: crate::domain::EventTypeId(1),
        undo: Undo::Message(message),
        due_us: NOW.0,
        hold_ms: 1_000,
    };
    store.exclusive(move |tx| tx.put_release(&release)).unwrap();
    let file = site.dir.path().join("held.backup");
    take(&store, &file, None);
    store.close();
    drop(store);
    assert_eq!(restored(&site.data(), &file).unwrap().releases_dropped, 1);
    let store = Store::open(&site.data(), options()).unwrap();
    assert_eq!(store.read().unwrap().releases().unwrap(), []);
    store.close();
}

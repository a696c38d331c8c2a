//! Backups and restores against the store itself: kills at every point, flipped bytes.

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

fn take(store: &Store, path: &Path, passphrase: Option<&str>) -> Manifest {
    let options = BackupOptions {
        path: path.to_owned(),
        with_pictures: true,
        passphrase: passphrase.map(str::to_owned),
        reason: Reason::Manual,
        created: NOW,
        gentle: false,
    };
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
    let options = BackupOptions {
        path: path.clone(),
        with_pictures: false,
        passphrase: None,
        reason: Reason::Manual,
        created: NOW,
        gentle: false,
    };
    let (manifest, _) = store.backup(&options, &mut |_| true).unwrap();
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
    let bare = BackupOptions {
        path: path.clone(),
        with_pictures: false,
        passphrase: None,
        reason: Reason::PreUpgrade,
        created: NOW,
        gentle: false,
    };
    store.backup(&bare, &mut |_| true).unwrap();
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

#[test]
fn the_secret_key_comes_back_with_its_passphrase() {
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    let file = site.dir.path().join("sealed.backup");
    let manifest = take(&store, &file, Some("correct horse battery"));
    store.close();
    drop(store);
    assert!(manifest.has_key());
    let key = fs::read(site.data().join("secret.key")).unwrap();
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(key.len()).any(|window| window == key), "it holds no plain secret");
    let empty = site.dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let with = |passphrase: &str| {
        let passphrase = Some(passphrase.to_owned());
        restore(&empty, &file, &RestoreOptions { passphrase, now: NOW, cache_bytes: 4 << 20 })
    };
    assert!(with("wrong horse battery").is_err());
    assert!(!empty.join("secret.key").exists() && !empty.join(DATABASE_FILE).exists());
    assert_eq!(with("correct horse battery").unwrap().key, KeyOutcome::Restored);
    assert_eq!(fs::read(empty.join("secret.key")).unwrap(), key);
}

#[test]
fn the_certificate_authority_comes_back_with_the_passphrase_and_never_over_another_one_that_is_lost()
 {
    const OURS: &str = "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n\
                        -----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n";
    const THEIRS: &str = "-----BEGIN CERTIFICATE-----\nR0hJ\n-----END CERTIFICATE-----\n";
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    let (sealed, plain) =
        (site.dir.path().join("sealed.backup"), site.dir.path().join("plain.backup"));
    assert_eq!(take(&store, &plain, None).ca_fingerprint, "");
    files::put_tls_file(&site.data(), files::TlsFile::Authority, OURS).unwrap();
    let manifest = take(&store, &sealed, Some("correct horse battery"));
    assert!(manifest.own_ca && manifest.has_ca());
    assert!(!fs::read(&sealed).unwrap().windows(4).any(|window| window == b"QUJD"));
    let manifest = take(&store, &plain, None);
    assert!(manifest.own_ca && !manifest.has_ca());
    store.close();
    drop(store);

    // Over a data directory with this authority, or none.
    let over = |name: &str, there: Option<&str>, file: &Path, passphrase: Option<&str>| {
        let dir = site.dir.path().join(name);
        fs::create_dir(&dir).unwrap();
        if let Some(there) = there {
            files::put_tls_file(&dir, files::TlsFile::Authority, there).unwrap();
        }
        let passphrase = passphrase.map(str::to_owned);
        let options = RestoreOptions { passphrase, now: NOW, cache_bytes: 4 << 20 };
        let restored = restore(&dir, file, &options).unwrap();
        let ca_of = |dir: &Path| fs::read_to_string(dir.join("tls-ca.pem")).ok();
        (restored.ca, ca_of(&dir), restored.former.as_deref().and_then(ca_of))
    };
    let ours = || Some(OURS.to_owned());
    let theirs = || Some(THEIRS.to_owned());
    let key = Some("correct horse battery");
    assert_eq!(over("a", None, &sealed, key), (CaOutcome::Restored, ours(), None));
    assert_eq!(over("b", Some(THEIRS), &sealed, key), (CaOutcome::Replaced, ours(), theirs()));
    assert_eq!(over("c", Some(OURS), &sealed, key), (CaOutcome::Same, ours(), None));
    assert_eq!(over("d", None, &sealed, None), (CaOutcome::Other, None, None));
    assert_eq!(over("e", Some(OURS), &plain, None), (CaOutcome::Same, ours(), None));
    assert_eq!(over("f", Some(THEIRS), &plain, None), (CaOutcome::Other, theirs(), None));

    // A backup from before there were fingerprints of authorities.
    let mut old = serde_json::to_value(&manifest).unwrap();
    old.as_object_mut().unwrap().remove("ca_fingerprint").unwrap();
    let bytes = forged(&fs::read(&plain).unwrap(), &old);
    fs::write(&plain, bytes).unwrap();
    assert_eq!(over("g", Some(THEIRS), &plain, None), (CaOutcome::Same, theirs(), None));
    assert_eq!(over("h", None, &plain, None), (CaOutcome::Other, None, None));
}

#[test]
fn any_flipped_byte_is_refused_and_the_old_data_stays() {
    let site = site();
    let good = fs::read(&site.file).unwrap();
    let manifest = manifest(&site.file).unwrap();
    let parts_end = manifest.parts.last().map(|p| p.offset + p.bytes).unwrap();
    let parts_end = usize::try_from(parts_end).unwrap();
    let bad_file = site.dir.path().join("bad.backup");
    // Every byte of head, manifest and end; of the parts some, and both ends of each.
    let edges: Vec<usize> = (manifest.parts.iter())
        .flat_map(|part| [part.offset, part.offset + part.bytes - 1])
        .map(|at| usize::try_from(at).unwrap())
        .collect();
    for at in 0..good.len() {
        if at >= 12 && at < parts_end && at % 97 != 0 && !edges.contains(&at) {
            continue;
        }
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&bad_file, &bad).unwrap();
        let read = file::Reader::open(&bad_file).and_then(|r| r.verify(false, &mut |_| true));
        assert!(read.is_err(), "byte {at} of {}", good.len());
    }
    let before = contents(&site.data());
    for at in [0, 9, 400, parts_end - 1, parts_end + 3, good.len() - 20] {
        let mut bad = good.clone();
        bad[at] ^= 4;
        fs::write(&bad_file, &bad).unwrap();
        let refused = restored(&site.data(), &bad_file);
        assert!(matches!(refused, Err(StoreError::Damaged(_))), "byte {at}: {refused:?}");
    }
    for length in [0, 11, 60, good.len() / 2, good.len() - 1] {
        fs::write(&bad_file, &good[..length]).unwrap();
        assert!(restored(&site.data(), &bad_file).is_err());
    }
    assert_eq!(contents(&site.data()), before);
    assert!(!site.data().join(swap::NEW).exists());
}

/// The file with another manifest, which its proof agrees with.
fn forged(good: &[u8], manifest: &impl Serialize) -> Vec<u8> {
    let tail: [u8; 8] = good[good.len() - 48..good.len() - 40].try_into().unwrap();
    let before = usize::try_from(u64::from_le_bytes(tail)).unwrap();
    let mut bytes = good[..good.len() - 48 - before].to_vec();
    let json = serde_json::to_vec(manifest).unwrap();
    let proof = file::proof(&bytes[..12], &json);
    bytes.extend(&json);
    bytes.extend((json.len() as u64).to_le_bytes());
    bytes.extend(proof);
    bytes.extend(b"wpbackup");
    bytes
}

#[test]
fn a_backup_of_newer_data_is_refused() {
    let site = site();
    let mut newer = manifest(&site.file).unwrap();
    newer.schema = SCHEMA_VERSION + 1;
    fs::write(&site.file, forged(&fs::read(&site.file).unwrap(), &newer)).unwrap();
    let before = contents(&site.data());
    assert!(matches!(restored(&site.data(), &site.file), Err(StoreError::Newer { .. })));
    assert_eq!(contents(&site.data()), before);
}

#[test]
fn a_manifest_must_name_every_byte_once() {
    use proptest::prelude::*;
    let site = site();
    let good = fs::read(&site.file).unwrap();
    let manifest = manifest(&site.file).unwrap();
    let path = site.dir.path().join("forged.backup");
    let mut runner = proptest::test_runner::TestRunner::default();
    let parts = 0..manifest.parts.len();
    runner
        .run(&(parts, any::<bool>(), 1..u64::MAX), |(at, of_offset, by)| {
            let mut other = manifest.clone();
            let part = &mut other.parts[at];
            let number = if of_offset { &mut part.offset } else { &mut part.bytes };
            *number = number.wrapping_add(by);
            fs::write(&path, forged(&good, &other)).unwrap();
            prop_assert!(file::Reader::open(&path).is_err());
            Ok(())
        })
        .unwrap();
    fs::write(&path, forged(&good, &manifest)).unwrap();
    assert_eq!(super::manifest(&path).unwrap(), manifest);
    let mut other = manifest.clone();
    other.events += 1;
    other.tables.insert("events".to_owned(), other.events);
    fs::write(&path, forged(&good, &other)).unwrap();
    assert!(restored(&site.data(), &path).is_err(), "the tables are not what it says");
}

#[test]
fn nobody_restores_under_a_server() {
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    assert!(matches!(restored(&site.data(), &site.file), Err(StoreError::InUse)));
    store.close();
}

#[test]
fn what_is_removed_or_replaced_meanwhile_is_in_the_backup() {
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    picture(&store, 7, b"seven");
    let pictures = store.attachments(Attachment::Picture);
    while pictures.sweep().unwrap().is_some() {}
    let before = pictures.bytes();
    filemeta(&store, 7, b"[7]");
    let metas = store.attachments(Attachment::Filemeta);
    let ((), [held, held_metas]) = hold(&store, || Ok(())).unwrap();
    metas.remove(EventId(7)).unwrap();
    filemeta(&store, 3, b"{}");
    picture(&store, 3, b"third of three");
    picture(&store, 3, b"fourth of three");
    pictures.remove(EventId(7)).unwrap();
    picture(&store, 8, b"new");
    assert!(held.read(EventId(3)).unwrap().unwrap().starts_with(b"second of three"));
    assert!(held.read(EventId(7)).unwrap().unwrap().starts_with(b"seven"));
    assert!(held_metas.read(EventId(7)).unwrap().unwrap().starts_with(b"[7]"));
    let three = held_metas.read(EventId(3)).unwrap().unwrap();
    assert!(three.starts_with(b"{\"of\": \"another"));
    drop((held, held_metas));
    assert_eq!(metas.read(EventId(7), false).unwrap(), None);
    assert_eq!(fs::read_dir(site.data().join("filemeta/held")).unwrap().count(), 0);
    assert_eq!(pictures.read(EventId(3), false).unwrap().unwrap().bytes, b"fourth of three");
    assert_eq!(pictures.read(EventId(7), false).unwrap(), None);
    assert_eq!(fs::read_dir(site.data().join("pictures/held")).unwrap().count(), 0);
    let (third, fourth) = (b"second of three".len(), b"fourth of three".len());
    let (new, seven) = (b"new".len(), b"seven".len());
    assert_eq!(pictures.bytes() + (third + seven) as u64, before + (fourth + new) as u64);
    store.close();
}

#[test]
fn a_backup_that_is_stopped_leaves_nothing() {
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    let big = vec![7; 6 << 20];
    picture(&store, 5, &big);
    let before = fs::read(&site.file).unwrap();
    let options = BackupOptions {
        path: site.file.clone(),
        with_pictures: true,
        passphrase: None,
        reason: Reason::Manual,
        created: NOW,
        gentle: true,
    };
    let stopped = store.backup(&options, &mut |_| false);
    assert!(matches!(stopped, Err(StoreError::Stopped)));
    assert_eq!(fs::read(&site.file).unwrap(), before, "the one that was there stays");
    assert!(!site.file.with_file_name(".a.backup.partial").exists());
    // Nor does it take the place of what is no backup.
    let other = site.dir.path().join("other");
    fs::write(&other, "mine").unwrap();
    let refused = store.backup(&BackupOptions { path: other.clone(), ..options }, &mut |_| true);
    assert!(refused.is_err());
    assert_eq!(fs::read(&other).unwrap(), b"mine");
    store.close();
}

#[test]
fn a_backup_across_an_opening_anew_is_refused_whatever_it_met() {
    let site = site();
    let store = Store::open(&site.data(), options()).unwrap();
    let path = site.dir.path().join("b.backup");
    let options = BackupOptions {
        path: path.clone(),
        with_pictures: false,
        passphrase: None,
        reason: Reason::Manual,
        created: NOW,
        gentle: false,
    };
    let mut panics = |_| {
        store.fail_database();
        panic!("a page that makes no sense");
    };
    let refused = store.backup(&options, &mut panics);
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert!(!path.exists() && !path.with_file_name(".b.backup.partial").exists());
    store.close();
}

/// Not a test: what `killed_at_any_point` runs in a process of its own.
#[test]
#[ignore = "run by other tests, in a process that is killed"]
fn child_restores() {
    let var = |name| PathBuf::from(std::env::var_os(name).unwrap());
    restored(&var(DIR), &var(FILE)).unwrap();
}

/// The same for upgrades.
#[test]
#[ignore = "run by other tests, in a process that is killed"]
fn child_opens() {
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    Store::open(&dir, options()).unwrap().close();
}

/// Runs a child that is killed at a point; whether it came to its end before.
fn child(name: &str, at: u32, dir: &Path, file: &Path) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("store::backup::tests::{name}"), "--ignored"])
        .env(KILL_AT, at.to_string())
        .env(DIR, dir)
        .env(FILE, file)
        .output()
        .unwrap();
    if !output.status.success() {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(output.status.signal(), Some(6), "{output:?}");
    }
    output.status.success()
}

#[test]
fn a_restore_killed_at_any_point_leaves_the_old_or_the_new() {
    let site = site();
    let old = contents(&site.data());
    let mut new = site.then.clone();
    new.1.retain(|id| *id != 2);
    assert_ne!(old, new);
    let (mut olds, mut news) = (0, 0);
    for at in 1.. {
        assert!(at < POINTS_MAX);
        let dir = site.dir.path().join(format!("killed-{at}"));
        copy(&site.data(), &dir);
        let ended = child("child_restores", at, &dir, &site.file);
        // And killed again while the next start puts things in order.
        for again in 1..4 {
            child("child_opens", again, &dir, &site.file);
        }
        let found = contents(&dir);
        assert!(found == old || found == new, "killed at point {at}: {found:?}");
        assert!(!dir.join(swap::NEW).exists() && !dir.join("restoring").exists());
        if found == old {
            olds += 1;
        } else {
            news += 1;
        }
        if ended {
            assert_eq!(found, new);
            break;
        }
    }
    assert!(olds >= 3 && news >= 8, "{olds} times the old data, {news} times the new");
}

/// A data directory as format 1 left it, with events in the journal that no table has.
fn format_1(dir: &Path) {
    let store = Store::open(dir, options()).unwrap();
    create(&store, 6);
    store.close();
    drop(store);
    // A second life whose tail stays in the journal: the tables of before are put back.
    let path = dir.join(DATABASE_FILE);
    let before = fs::read(&path).unwrap();
    let store = Store::open(dir, options()).unwrap();
    create(&store, 4);
    store.close();
    drop(store);
    fs::write(&path, before).unwrap();
    let db = Database::open(&path).unwrap();
    let tx = db.begin_write().unwrap();
    tx.delete_table(REMOVED_CAMERA_NAMES).unwrap();
    tx.delete_table(CREDENTIAL_USES).unwrap();
    tx.delete_table(USERS).unwrap();
    tx.delete_table(SESSIONS).unwrap();
    tx.delete_table(SETTINGS).unwrap();
    tx.delete_table(AUDIT).unwrap();
    tx.delete_table(RECIPES).unwrap();
    tx.delete_table(RELEASES).unwrap();
    tx.open_table(STATE).unwrap().insert(state::SCHEMA, 1).unwrap();
    tx.commit().unwrap();
}

#[test]
fn an_upgrade_killed_at_any_point_is_finished_and_has_a_way_back() {
    let site = tempfile::tempdir().unwrap();
    let data = site.path().join("data");
    fs::create_dir(&data).unwrap();
    format_1(&data);
    let file = format!("backups/pre-upgrade-{}.backup", env!("CARGO_PKG_VERSION"));
    for at in 1.. {
        assert!(at < POINTS_MAX);
        let dir = site.path().join(format!("killed-{at}"));
        copy(&data, &dir);
        let ended = child("child_opens", at, &dir, &dir);
        let (events, _) = contents(&dir);
        assert_eq!(events.into_keys().collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
        let db = Database::open(dir.join(DATABASE_FILE)).unwrap();
        assert_eq!(
            crate::store::migrate::found(&db.begin_read().unwrap()).unwrap(),
            SCHEMA_VERSION
        );
        drop(db);
        // The way back: what format 1 held, with the journal's tail.
        let backup = manifest(&dir.join(&file)).unwrap();
        assert_eq!((backup.schema, backup.events, backup.journal_records), (1, 6, 4));
        assert_eq!(backup.reason, Reason::PreUpgrade);
        assert!(!backup.tables.contains_key("users"), "format 1 had none");
        restored(&dir, &dir.join(&file)).unwrap();
        assert_eq!(contents(&dir).0.len(), 10);
        if ended {
            assert!(at > 5, "the points of the upgrade are passed");
            return;
        }
    }
}

#[test]
fn without_room_for_the_backup_nothing_is_upgraded() {
    let site = tempfile::tempdir().unwrap();
    format_1(site.path());
    let full = Options { min_free_bytes: Some(u64::MAX >> 1), ..options() };
    assert!(matches!(Store::open(site.path(), full), Err(StoreError::NoRoom { .. })));
    let db = Database::open(site.path().join(DATABASE_FILE)).unwrap();
    assert_eq!(crate::store::migrate::found(&db.begin_read().unwrap()).unwrap(), 1);
}

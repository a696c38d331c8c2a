//! Restores and upgrades that are killed at every point.

use super::*;

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
        .args(["--exact", &format!("store::backup::tests::killed::{name}"), "--ignored"])
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

//! A backup while events come and go, and one that does not end.

use super::*;

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
    let options = BackupOptions { with_pictures: true, gentle: true, ..bare(&site.file) };
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
    let mut panics = |_| {
        store.fail_database();
        panic!("a page that makes no sense");
    };
    let refused = store.backup(&bare(&path), &mut panics);
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert!(!path.exists() && !path.with_file_name(".b.backup.partial").exists());
    store.close();
}

//! Secrets in a backup: the secret key and the certificate authority, under a passphrase.

use super::refused::forged;
use super::*;

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

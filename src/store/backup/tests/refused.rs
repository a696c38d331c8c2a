//! What no restore takes: damaged and forged files, newer data, the data of a running server.

use super::*;

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
pub(super) fn forged(good: &[u8], manifest: &impl Serialize) -> Vec<u8> {
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

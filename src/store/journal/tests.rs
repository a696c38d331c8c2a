//! What survives when files are changed by hand. `crash_tests` has the disk that crashes.

use super::batch::{BatchHeader, HEADER_BYTES};
use super::recover::scan;
use super::sim::{self, Image};
use super::*;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use tempfile::TempDir;

pub(super) const DATABASE: u128 = 0x1234_5678_9abc_def0;
pub(super) const SMALL: Options = Options { segment_bytes: 8 * BLOCK_BYTES as u64, free_ahead: 2 };
const ROOMY: Options = Options { segment_bytes: 1 << 20, free_ahead: 2 };

pub(super) fn batch(records: &[Vec<u8>]) -> Batch {
    let mut batch = Batch::new();
    for record in records {
        batch.push(record).unwrap();
    }
    batch
}

fn open(dir: &Path, applied_seq: u64, options: Options) -> (Journal, Vec<Vec<u8>>) {
    let (journal, records) = Journal::open(dir, DATABASE, applied_seq, options).unwrap();
    assert!(records.iter().map(|r| r.seq).eq(applied_seq + 1..journal.next_seq()));
    (journal, records.into_iter().map(|r| r.bytes).collect())
}

/// The records that can be read, without changing anything.
fn readable(dir: &Path) -> Result<Vec<Vec<u8>>> {
    let records = scan(dir, DATABASE, 0)?.records;
    assert!(records.iter().map(|r| r.seq).eq(1..=records.len() as u64));
    Ok(records.into_iter().map(|r| r.bytes).collect())
}

fn is_damaged<T>(result: &Result<T>) -> bool {
    matches!(result, Err(JournalError::Damaged { .. }))
}

pub(super) fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn image(dir: &Path) -> Image {
    names(dir).into_iter().map(|n| (n.clone(), fs::read(dir.join(n)).unwrap())).collect()
}

/// A journal with five batches (1, 3, 2, 1, 2 records), and where each begins in its one segment.
struct Written {
    dir: TempDir,
    segment: PathBuf,
    batches: Vec<Vec<Vec<u8>>>,
    offsets: Vec<u64>,
}

impl Written {
    fn new(preallocated: bool) -> Self {
        sim::start(&Image::new(), 1);
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(dir.path(), 0, ROOMY);
        if preallocated {
            journal.prepare().unwrap();
            journal.current = None; // as after a failure: the next segment is a prepared one
            journal.recover_after_failure().unwrap();
        }
        let sizes: [&[usize]; 5] = [&[200], &[50, 5000, 1], &[4000, 4000], &[3000], &[1700, 2600]];
        let mut written =
            Self { segment: PathBuf::new(), batches: Vec::new(), offsets: Vec::new(), dir };
        for (i, sizes) in (1_u8..).zip(sizes) {
            let records: Vec<_> = sizes.iter().map(|&n| vec![i * 16 + 3; n]).collect();
            written.offsets.push(journal.current.as_ref().unwrap().offset);
            journal.append(&mut batch(&records)).unwrap();
            written.batches.push(records);
        }
        written.offsets.push(journal.current.as_ref().unwrap().offset);
        written.segment = journal.segments.back().unwrap().path.clone();
        written
    }

    /// The records of the first `n` batches.
    fn first(&self, n: usize) -> Vec<Vec<u8>> {
        self.batches[..n].concat()
    }

    fn readable(&self) -> Result<Vec<Vec<u8>>> {
        readable(self.dir.path())
    }

    fn file(&self) -> fs::File {
        OpenOptions::new().read(true).write(true).open(&self.segment).unwrap()
    }

    /// The end of batch `i` without its padding.
    fn end(&self, i: usize) -> u64 {
        let records = &self.batches[i];
        let bytes: usize = records.iter().map(|r| r.len() + 4).sum();
        self.offsets[i] + (HEADER_BYTES + bytes) as u64
    }
}

#[test]
fn what_is_appended_is_found_again() {
    let dir = tempfile::tempdir().unwrap(); // no sim::start: with real syncs
    let (mut journal, found) = open(dir.path(), 0, SMALL);
    assert_eq!((found.len(), journal.next_seq()), (0, 1));
    journal.prepare().unwrap();
    assert_eq!(journal.stats().free_segments, 2);
    let mut all = Vec::new();
    let mut reused = Batch::new();
    for i in 0..40_u8 {
        reused.clear();
        for n in 1..=usize::from(i % 7) + 1 {
            let record = vec![i; n * 700];
            reused.push(&record).unwrap();
            all.push(record);
        }
        assert_eq!(journal.append(&mut reused).unwrap(), (all.len() - reused.len() + 1) as u64);
    }
    drop(journal);
    let (mut journal, found) = open(dir.path(), 0, SMALL);
    assert_eq!(found, all);
    journal.release(70).unwrap();
    drop(journal);
    let (mut journal, found) = open(dir.path(), 70, SMALL);
    assert_eq!(found, all[70..]);
    let last = journal.next_seq() - 1;
    journal.release(last).unwrap();
    let stats = journal.stats();
    assert_eq!((stats.segments, stats.synced_seq, stats.released_seq), (1, last, last));
    assert_eq!(names(dir.path()).len(), stats.segments + stats.free_segments);
}

#[test]
fn a_batch_larger_than_a_segment_gets_its_own() {
    sim::start(&Image::new(), 1);
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path(), 0, SMALL);
    journal.prepare().unwrap();
    let records = [vec![1; 10], vec![2; 100_000], vec![3; 10], vec![4; 10]];
    for record in &records {
        journal.append(&mut batch(std::slice::from_ref(record))).unwrap();
    }
    drop(journal);
    let (mut journal, found) = open(dir.path(), 0, SMALL);
    assert_eq!(found, records);
    journal.release(4).unwrap();
    assert!(journal.stats().bytes <= SMALL.segment_bytes && journal.stats().free_segments <= 2);
}

#[test]
fn misuse_is_refused_and_harmless() {
    sim::start(&Image::new(), 1);
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path(), 0, SMALL);
    assert!(matches!(journal.append(&mut Batch::new()), Err(JournalError::Empty)));
    assert_eq!(journal.append(&mut batch(&[vec![1]])).unwrap(), 1);
    journal.recover_after_failure().unwrap();
    assert_eq!(journal.stats().segments, 1);
    journal.release(u64::MAX).unwrap();
    assert_eq!(journal.append(&mut batch(&[vec![2]])).unwrap(), 2);
    assert_eq!(readable(dir.path()).unwrap(), [[1], [2]]);
}

#[test]
fn segments_are_a_64th_of_the_file_system() {
    let of = |bytes| Options::for_file_system(bytes).segment_bytes;
    assert_eq!((of(0), of(1 << 40), of(1 << 30)), (1 << 20, 64 << 20, 16 << 20));
    assert_eq!(of((1 << 30) + 64) % 4096, 0);
    assert!(Options::for_dir(Path::new("/")).is_ok());
    assert!(Options::for_dir(Path::new("/missing/dir")).is_err());
}

#[test]
fn a_cut_loses_only_what_is_behind_it() {
    for preallocated in [false, true] {
        let written = Written::new(preallocated);
        let file = written.file();
        let sampled = (0..written.offsets[3]).rev().step_by(97);
        for cut in (written.offsets[3]..=written.offsets[5]).rev().chain(sampled) {
            if preallocated {
                file.write_all_at(&[0; 97], cut).unwrap(); // zeros from here on
            } else {
                file.set_len(cut).unwrap();
            }
            let found = written.readable();
            if cut < BLOCK_BYTES as u64 {
                assert!(is_damaged(&found), "header cut at {cut}: {found:?}");
                continue;
            }
            // A cut inside the padding takes nothing away. Zeroing a block of zeros neither.
            let whole = (0..5).take_while(|&i| written.end(i) <= cut).count();
            assert_eq!(found.unwrap(), written.first(whole), "cut at {cut}");
        }
    }
}

#[test]
fn any_choice_of_the_last_batchs_blocks_is_a_torn_tail() {
    sim::start(&Image::new(), 1);
    for stale in [0_u8, 0x5a] {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(dir.path(), 0, ROOMY);
        let kept: Vec<_> = (1..4_u8).map(|i| vec![i; 3000]).collect();
        for record in &kept {
            journal.append(&mut batch(std::slice::from_ref(record))).unwrap();
        }
        let start = journal.current.as_ref().unwrap().offset;
        let last: Vec<_> = (1..7_u8).map(|i| vec![i * 3; 3900]).collect();
        journal.append(&mut batch(&last)).unwrap();
        let path = journal.segments.back().unwrap().path.clone();
        let content = fs::read(&path).unwrap();
        let blocks = (content.len() - usize::try_from(start).unwrap()) / BLOCK_BYTES;
        assert_eq!(blocks, 6);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        for lost in 0..1_u64 << blocks {
            file.write_all_at(&content, 0).unwrap();
            for block in (0..blocks as u64).filter(|b| lost & (1 << b) != 0) {
                file.write_all_at(&[stale; BLOCK_BYTES], start + block * BLOCK_BYTES as u64)
                    .unwrap();
            }
            let expected = if lost == 0 { [&kept[..], &last].concat() } else { kept.clone() };
            assert_eq!(readable(dir.path()).unwrap(), expected, "blocks {lost:b} lost");
        }
    }
}

#[test]
fn stale_batches_behind_the_tail_are_ignored() {
    sim::start(&Image::new(), 1);
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path(), 0, SMALL);
    journal.prepare().unwrap();
    let mut seq = 0;
    for i in 0..60_u8 {
        // Each segment is filled, freed and used again: full of whole batches of other salts.
        seq = journal.append(&mut batch(&[vec![i; 100]])).unwrap();
        journal.release(seq.saturating_sub(1)).unwrap();
        let found = scan(dir.path(), DATABASE, seq - 1).unwrap().records;
        assert_eq!(found, [Record { seq, bytes: vec![i; 100] }]);
    }
    // One that fits in everything but the salt, and one of this salt with a number long past.
    let Current { salt, crc, offset, .. } = *journal.current.as_ref().unwrap();
    let path = journal.segments.back().unwrap().path.clone();
    drop(journal);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    for (salt, first_seq, previous, harmless) in [
        (salt ^ 1, seq + 1, crc, true),
        (salt, seq - 1, crc, true),
        (salt, seq + 1, crc ^ 1, false), // off the chain: what it followed is gone
    ] {
        let mut fake = batch(&[b"never acknowledged".to_vec()]);
        file.write_all_at(fake.seal(salt, first_seq, previous).0, offset).unwrap();
        let found = scan(dir.path(), DATABASE, seq - 1);
        assert_eq!(is_damaged(&found), !harmless);
        assert!(found.is_err() || found.is_ok_and(|f| f.last_seq == seq));
    }
}

#[test]
fn a_flipped_bit_before_a_whole_batch_is_damage() {
    let written = Written::new(false);
    let before = image(written.dir.path());
    let file = written.file();
    let original = fs::read(&written.segment).unwrap();
    for (i, step) in [(0, 1), (1, 41), (2, 97), (4, 1)] {
        let start = usize::try_from(written.offsets[i]).unwrap();
        let end = usize::try_from(written.end(i)).unwrap();
        for at in (start..start + HEADER_BYTES).chain((start + HEADER_BYTES..end).step_by(step)) {
            file.write_all_at(&[original[at] ^ (1 << (at % 8))], at as u64).unwrap();
            let found = written.readable();
            if i == 4 {
                assert_eq!(found.unwrap(), written.first(4), "the last batch, byte {at}");
            } else {
                assert!(is_damaged(&found), "batch {i}, byte {at}: {found:?}");
            }
            file.write_all_at(&original[at..=at], at as u64).unwrap();
        }
    }
    // A whole batch lost, as by a drive that lied; and opening changes nothing.
    file.write_all_at(&[0; BLOCK_BYTES], written.offsets[3]).unwrap();
    let damaged = image(written.dir.path());
    let opened = Journal::open(written.dir.path(), DATABASE, 0, ROOMY);
    assert!(matches!(opened, Err(JournalError::Damaged { seq: 7, .. })), "{opened:?}");
    assert_eq!(image(written.dir.path()), damaged);
    assert_ne!(before, damaged);
}

#[test]
fn a_missing_or_unreadable_segment_is_damage_unless_the_database_has_it() {
    sim::start(&Image::new(), 1);
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path(), 0, SMALL);
    for i in 0..20_u8 {
        journal.append(&mut batch(&[vec![i; 100]])).unwrap();
    }
    let segments = journal.segments.clone();
    assert_eq!(segments.iter().map(|s| s.after_seq).collect::<Vec<_>>(), [0, 7, 14]);
    drop(journal);
    for (segment, needed_from) in segments.iter().zip([7, 14, u64::MAX]) {
        let content = fs::read(&segment.path).unwrap();
        let mut flipped = content.clone();
        flipped[40] ^= 1;
        fs::write(&segment.path, &flipped).unwrap();
        for applied_seq in 0..=20 {
            let found = scan(dir.path(), DATABASE, applied_seq);
            assert_eq!(is_damaged(&found), applied_seq < needed_from, "{segment:?} {applied_seq}");
        }
        fs::remove_file(&segment.path).unwrap();
        if needed_from < 20 {
            for applied_seq in 0..=20 {
                let found = scan(dir.path(), DATABASE, applied_seq);
                assert_eq!(is_damaged(&found), applied_seq < needed_from);
            }
        }
        fs::write(&segment.path, &content).unwrap();
    }
    let other = fs::read(&segments[0].path).unwrap();
    fs::write(&segments[1].path, other).unwrap();
    assert!(is_damaged(&scan(dir.path(), DATABASE, 7)));
    sim::start(&image(dir.path()), 1);
    let (journal, found) = open(dir.path(), 14, SMALL);
    assert_eq!(found.len(), 6);
    assert_eq!(journal.set_aside(), [dir.path().join("aside-unreadable-0000000000000002")]);
    assert!(journal.set_aside()[0].exists());
}

#[test]
fn segments_of_another_database_are_put_aside() {
    let written = Written::new(false);
    let number = written.segment.file_name().unwrap().to_str().unwrap()[4..].to_owned();
    let (mut journal, found) = Journal::open(written.dir.path(), 99, 1_000, SMALL).unwrap();
    assert_eq!((found.len(), journal.next_seq()), (0, 1_001));
    let aside = journal.set_aside().to_vec();
    let name = aside[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("aside-{DATABASE:032x}-{number}-")), "{name}");
    journal.append(&mut batch(&[vec![1]])).unwrap();
    drop(journal);
    let (journal, found) = Journal::open(written.dir.path(), 99, 1_000, SMALL).unwrap();
    assert_eq!(found, [Record { seq: 1_001, bytes: vec![1] }]);
    assert!(journal.set_aside().is_empty());
    fs::rename(&aside[0], &written.segment).unwrap();
    assert!(journal.segments.iter().all(|s| s.path != written.segment), "numbers are not reused");
}

#[test]
fn opening_again_and_again_leaves_no_files_and_keeps_the_tail() {
    sim::start(&Image::new(), 1);
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path(), 0, SMALL);
    let mut all = Vec::new();
    for i in 0..12_u8 {
        journal.append(&mut batch(&[vec![i; 100], vec![i; 10]])).unwrap();
        all.extend([vec![i; 100], vec![i; 10]]);
    }
    drop(journal);
    open(dir.path(), 0, SMALL);
    let files = names(dir.path()).len();
    for applied_seq in [0, 0, 0, 0, 3, 22, 22, 23, 23, 24, 24, 24] {
        let (_, found) = open(dir.path(), applied_seq, SMALL);
        assert_eq!(found, all[usize::try_from(applied_seq).unwrap()..]);
        assert!(names(dir.path()).len() <= files, "{:?}", names(dir.path()));
    }
    assert_eq!(names(dir.path()).iter().filter(|n| n.starts_with("seg-")).count(), 1);
}

#[test]
fn a_header_that_begins_no_batch_is_none() {
    assert_eq!(BatchHeader::decode(&[0; HEADER_BYTES]), None);
}

#[test]
fn free_segments_are_made_on_another_thread() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = open(dir.path(), 0, SMALL);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (preparer, stop) = (journal.preparer(), &stop);
        scope.spawn(move || {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                preparer.prepare().unwrap();
                std::thread::yield_now();
            }
        });
        for i in 0..100_u8 {
            journal.append(&mut batch(&[vec![i + 1; 5000]])).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let all: Vec<_> = (0..100_u8).map(|i| vec![i + 1; 5000]).collect();
    assert_eq!(readable(dir.path()).unwrap(), all);
    journal.release(100).unwrap();
    let Stats { segments, free_segments, .. } = journal.stats();
    assert_eq!((segments, free_segments, names(dir.path()).len()), (1, 2, 3));
}

#[test]
fn a_file_that_failed_is_not_used_again() {
    for fails in [false, true] {
        sim::start(&Image::new(), 1);
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(dir.path(), 0, SMALL);
        journal.prepare().unwrap();
        let big = || batch(&[vec![1; 20_000]]); // 5 of the 7 blocks: one to a segment
        journal.append(&mut big()).unwrap();
        journal.append(&mut big()).unwrap();
        if fails {
            sim::fail_sync_in(0);
            journal.append(&mut batch(&[vec![1]])).unwrap_err();
            journal.recover_after_failure().unwrap();
        } else {
            journal.append(&mut big()).unwrap();
        }
        assert_eq!(journal.stats().free_segments, 0);
        journal.release(u64::MAX).unwrap();
        assert_eq!(journal.stats().free_segments, usize::from(!fails));
    }
}

//! A disk that crashes at every step: no acknowledged record is lost, no other comes back.

use super::sim::{self, Image};
use super::tests::{DATABASE, SMALL, batch, names};
use super::*;
use proptest::prelude::*;
use std::fs;
use tempfile::TempDir;

/// A journal on the simulated disk, what it must hold, and a database that takes it over.
struct World {
    dir: TempDir,
    journal: Option<Journal>,
    /// Every acknowledged record, from number 1.
    acknowledged: Vec<Vec<u8>>,
    /// The batch that was neither acknowledged nor given up for ever.
    in_flight: Option<Vec<Vec<u8>>>,
    /// What the database has durably.
    applied_seq: u64,
    fill: u8,
}

impl World {
    fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        sim::start(&Image::new(), seed);
        let mut world = Self {
            dir,
            journal: None,
            acknowledged: Vec::new(),
            in_flight: None,
            applied_seq: 0,
            fill: 0,
        };
        world.open();
        world
    }

    /// Opens and compares; does nothing when the disk crashes under it.
    fn open(&mut self) {
        let opened = Journal::open(self.dir.path(), DATABASE, self.applied_seq, SMALL);
        let (journal, records) = match opened {
            Ok(opened) => opened,
            Err(JournalError::Io { .. }) => return,
            Err(error) => panic!("{error}: {:?}", names(self.dir.path())),
        };
        assert_eq!(records.first().map_or(self.applied_seq + 1, |r| r.seq), self.applied_seq + 1);
        assert!(records.iter().map(|r| r.seq).eq(self.applied_seq + 1..journal.next_seq()));
        assert!(journal.set_aside().is_empty(), "{:?}", journal.set_aside());
        let mut found = records.into_iter().map(|r| r.bytes);
        for expected in &self.acknowledged[usize::try_from(self.applied_seq).unwrap()..] {
            assert_eq!(found.next().as_ref(), Some(expected), "an acknowledged record is lost");
        }
        let more: Vec<_> = found.collect();
        if !more.is_empty() {
            assert_eq!(Some(&more), self.in_flight.as_ref(), "a record came back");
            self.acknowledged.extend(more);
        }
        self.in_flight = None;
        assert!(names(self.dir.path()).len() <= 6 + self.acknowledged.len());
        self.journal = Some(journal);
    }

    fn append(&mut self, sizes: &[usize]) {
        let Some(journal) = &mut self.journal else { return };
        self.fill = self.fill.wrapping_add(1);
        let records: Vec<_> = sizes.iter().map(|&n| vec![self.fill; n]).collect();
        match journal.append(&mut batch(&records)) {
            Ok(first_seq) => {
                assert_eq!(first_seq, self.acknowledged.len() as u64 + 1);
                self.acknowledged.extend(records);
            }
            Err(JournalError::NotRecovered) => {}
            Err(_) => self.in_flight = Some(records),
        }
    }

    fn recover(&mut self) {
        let Some(journal) = &mut self.journal else { return };
        let recovered = journal.recover_after_failure();
        if recovered.is_ok() || journal.current.is_some() {
            self.in_flight = None;
        }
    }

    /// The database takes over some more; `share` in 256ths.
    fn apply(&mut self, share: u8) {
        let open = self.acknowledged.len() as u64 - self.applied_seq;
        self.applied_seq += open * (u64::from(share) + 1) / 256;
        if let Some(journal) = &mut self.journal {
            let _may_crash = journal.release(self.applied_seq);
        }
    }

    fn prepare(&mut self) {
        if let Some(journal) = &mut self.journal {
            let _may_crash = journal.prepare();
        }
    }

    /// Kills the process, and cuts the power when there is a seed; then opens.
    fn restart(&mut self, power_cut: Option<u64>) {
        self.stop(power_cut);
        self.open();
        assert!(self.journal.is_some());
    }

    fn stop(&mut self, power_cut: Option<u64>) {
        self.journal = None;
        if let Some(seed) = power_cut {
            let image = sim::power_cut(seed);
            self.dir = tempfile::tempdir().unwrap();
            for (name, bytes) in &image {
                fs::write(self.dir.path().join(name), bytes).unwrap();
            }
            sim::start(&image, seed ^ 0xabcd);
        }
        sim::calm();
    }
}

#[test]
fn what_an_opening_returned_is_on_disk() {
    for seed in 0..50 {
        let mut world = World::new(seed);
        world.append(&[100]);
        sim::crash_in(1); // the batch is written, and in the page cache
        world.append(&[5000, 200]);
        world.restart(None);
        assert_eq!(world.acknowledged.len(), 3, "it was found");
        world.restart(Some(seed));
        assert_eq!(world.acknowledged.len(), 3, "and World::open says that it still is");
    }
}

#[test]
fn a_batch_whose_sync_failed_never_comes_back() {
    for seed in 0..200 {
        sim::start(&Image::new(), seed);
        let mut world = World::new(seed);
        for i in 0..seed % 9 {
            world.append(&[100 + usize::try_from(i).unwrap()]);
        }
        sim::fail_sync_in(0);
        world.append(&[5000, 10]);
        let journal = world.journal.as_mut().unwrap();
        assert!(matches!(journal.append(&mut batch(&[vec![1]])), Err(JournalError::NotRecovered)));
        world.recover();
        assert!(world.in_flight.is_none());
        if seed % 2 == 0 {
            world.append(&[30]);
        }
        if seed % 3 == 0 { world.restart(Some(seed)) } else { world.restart(None) }
    }
}

/// Appends, rolls, frees, prepares, fails, recovers and opens again.
fn story(world: &mut World, reopens: bool) {
    world.append(&[100]);
    world.prepare();
    for n in [1, 9000, 4000, 200, 60_000, 5, 9000, 300] {
        world.append(&[n, 10]);
    }
    world.apply(128);
    world.append(&[50]);
    if reopens {
        if world.journal.take().is_some() {
            world.open();
        }
    } else {
        sim::fail_sync_in(0);
        world.append(&[700, 4500]);
        world.recover();
    }
    for n in [12_000, 8, 9_000] {
        world.append(&[n]);
    }
    world.apply(255);
    world.append(&[1]);
}

#[test]
fn a_crash_at_every_step_loses_and_revives_nothing() {
    for reopens in [false, true] {
        let mut calm = World::new(1);
        story(&mut calm, reopens);
        let steps = sim::calm();
        assert!(steps > 60, "{steps}");
        for step in 0..steps {
            for seed in 0..6_u32 {
                let mut world = World::new(u64::from(seed) + 1);
                sim::crash_in(step);
                story(&mut world, reopens);
                let power_cut = u64::from(step * 10 + seed);
                world.stop(matches!(seed, 1..=3).then_some(power_cut));
                if seed >= 3 {
                    sim::crash_in(seed % 2 * 6 + step % 7); // a second crash, while opening
                    world.open();
                    world.stop(Some(power_cut + 5));
                }
                world.open();
                assert!(world.journal.is_some());
                world.append(&[77, 5000]);
                world.restart(None);
                world.apply(255);
                world.restart(Some(power_cut));
                assert!(names(world.dir.path()).len() <= 4, "{:?}", names(world.dir.path()));
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Append(Vec<usize>),
    Apply(u8),
    Prepare,
    Restart,
    PowerCut(u64),
    CrashIn(u32),
    FailSyncIn(u32),
    Recover,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => prop::collection::vec(prop_oneof![1..300_usize, 3900..4300_usize, 1..20_000_usize], 1..5)
            .prop_map(Act::Append),
        2 => any::<u8>().prop_map(Act::Apply),
        1 => Just(Act::Prepare),
        1 => Just(Act::Restart),
        2 => any::<u64>().prop_map(|seed| Act::PowerCut(seed | 1)),
        1 => (0..30_u32).prop_map(Act::CrashIn),
        1 => (0..4_u32).prop_map(Act::FailSyncIn),
        2 => Just(Act::Recover),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_acts_loses_or_revives_a_record(
        acts in prop::collection::vec(act(), 1..60), seed: u64,
    ) {
        let mut world = World::new(seed);
        for act in acts {
            match act {
                Act::Append(sizes) => world.append(&sizes),
                Act::Apply(share) => world.apply(share),
                Act::Prepare => world.prepare(),
                Act::Restart => world.restart(None),
                Act::PowerCut(seed) => world.restart(Some(seed)),
                Act::CrashIn(steps) => sim::crash_in(steps),
                Act::FailSyncIn(syncs) => sim::fail_sync_in(syncs),
                Act::Recover => world.recover(),
            }
        }
        world.restart(Some(seed));
        world.restart(None);
    }
}

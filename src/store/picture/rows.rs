//! Pictures as the rows of events know them, and whether the files agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{FOLDER, SHARD_IDS, TEMPORARY, entries, shard_of_name};
use crate::domain::{EventId, PictureState};
use crate::store::check::Report;
use crate::store::engine::Store;
use crate::store::error::{Result, StoreError};
use crate::store::key::{PICTURE_EXPECTED, TagKey};
use crate::store::read::ReadTx;
use crate::store::row::{self, EventRow};
use crate::store::tables::{EVENT_TAGS, EVENTS};

/// How long a file may be ahead of its row, or behind it, before a check calls it wrong.
const CHECK_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl ReadTx {
    /// How the pictures of events with ids from `first` to `last` stand; of a damaged row, `None`.
    pub fn picture_states(
        &self,
        first: EventId,
        last: EventId,
    ) -> Result<BTreeMap<EventId, Option<PictureState>>> {
        let mut states = BTreeMap::new();
        for entry in self.tx.open_table(EVENTS)?.range(first.0..=last.0)? {
            let (id, value) = entry?;
            let row = row::decode(id.value(), value.value());
            let state = row.ok().map(|EventRow::V1(row)| PictureState::from_number(row.picture));
            states.insert(EventId(id.value()), state);
        }
        Ok(states)
    }

    /// Events whose pictures are expected, at most `limit`.
    pub fn expected_pictures(&self, limit: usize) -> Result<Vec<EventId>> {
        let key = |time, id| TagKey { tag: PICTURE_EXPECTED, time, id };
        let table = self.tx.open_table(EVENT_TAGS)?;
        let range = table.range(key(i64::MIN, 0)..=key(i64::MAX, u64::MAX))?;
        range.take(limit).map(|entry| Ok(EventId(entry?.0.value().id))).collect()
    }
}

impl Store {
    /// Compares rows and files of pictures, and reads every file. Blocks, as long as it takes.
    pub fn check_pictures(&self, report: &mut Report) -> Result<()> {
        let pictures = self.pictures();
        let newest = self.read()?.last_event()?.0;
        let mut shards: BTreeSet<u64> = (0..=newest / SHARD_IDS).collect();
        for (name, _) in entries(&pictures.dir)? {
            match shard_of_name(&name) {
                Some(shard) => drop(shards.insert(shard)),
                None if name == TEMPORARY => {}
                None => report.problem(|| format!("{FOLDER}/{name} is none of ours")),
            }
        }
        let mut doubtful = Vec::new();
        for shard in shards {
            let files = pictures.files(shard)?;
            let first = EventId(shard * SHARD_IDS);
            let states = self.read()?.picture_states(first, EventId(first.0 + SHARD_IDS - 1))?;
            let rows = states.iter().filter(|(_, state)| **state == Some(PictureState::Ready));
            doubtful.extend(rows.map(|(id, _)| *id).filter(|id| !files.contains_key(&id.0)));
            for id in files.into_keys().map(EventId) {
                match states.get(&id) {
                    Some(Some(PictureState::Ready)) => {
                        report.pictures += 1;
                        for thumb in [true, false] {
                            if matches!(pictures.read(id, thumb), Err(StoreError::Damaged(_))) {
                                report
                                    .problem(|| format!("event {}: its picture is damaged", id.0));
                                break;
                            }
                        }
                    }
                    Some(None) => {} // the row is damaged, which is told already
                    _ => doubtful.push(id),
                }
            }
        }
        if doubtful.is_empty() {
            return Ok(());
        }
        // What is being stored or deleted at this moment is not wrong.
        std::thread::sleep(CHECK_AGAIN_AFTER);
        let tx = self.read()?;
        for id in doubtful {
            let is_ready = tx.event(id)?.is_some_and(|row| row.picture == PictureState::Ready);
            match (is_ready, pictures.path(id).exists()) {
                (true, false) => {
                    report.problem(|| format!("event {}: its picture is missing", id.0));
                }
                (false, true) => {
                    report.problem(|| format!("a picture of event {}, which has none", id.0));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

//! Pictures and metadata files as the rows of events know them, and whether the files agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use redb::{ReadableTable, ReadableTableMetadata};

use super::{Attachments, HELD, SHARD_IDS, TEMPORARY, entries, folder_name, shard_of_name};
use crate::domain::{Attached, Attachment, EventId, FileState};
use crate::store::apply::attachment_number;
use crate::store::check::Report;
use crate::store::engine::Store;
use crate::store::error::{Result, StoreError};
use crate::store::key::TagKey;
use crate::store::read::ReadTx;
use crate::store::row::{self, EventRow};
use crate::store::tables::{EVENT_TAGS, EVENTS};

/// How long a file may be ahead of its row, or behind it, before a check calls it wrong.
const CHECK_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl ReadTx {
    /// How the files of events with ids from `first` to `last` stand; of a damaged row, `None`.
    pub fn attached(
        &self,
        first: EventId,
        last: EventId,
    ) -> Result<BTreeMap<EventId, Option<Attached>>> {
        let mut states = BTreeMap::new();
        for entry in self.tx.open_table(EVENTS)?.range(first.0..=last.0)? {
            let (id, value) = entry?;
            let row = row::decode(id.value(), value.value());
            let state = row.ok().map(|EventRow::V1(row)| Attached::from_number(row.attached));
            states.insert(EventId(id.value()), state);
        }
        Ok(states)
    }

    /// Calls `looked` [`Self::ready_looks`] times: with each event whose file is ready, in no certain order, and
    /// with `None` for each that was looked at in vain.
    ///
    /// Cost: an index entry for each picture; metadata files have no index, all rows of events are read.
    pub(in crate::store) fn each_ready(
        &self,
        of: Attachment,
        mut looked: impl FnMut(Option<EventId>) -> Result<()>,
    ) -> Result<()> {
        if let Some(tag) = attachment_number(of, FileState::Ready) {
            for entry in self.tx.open_table(EVENT_TAGS)?.range(tag_range(tag))? {
                looked(Some(EventId(entry?.0.value().id)))?;
            }
            return Ok(());
        }
        for entry in self.tx.open_table(EVENTS)?.iter()? {
            let (id, value) = entry?;
            let row = row::decode(id.value(), value.value());
            let state = row.ok().map(|EventRow::V1(row)| Attached::from_number(row.attached));
            let is_ready = state.is_some_and(|state| state.state(of) == FileState::Ready);
            looked(is_ready.then_some(EventId(id.value())))?;
        }
        Ok(())
    }

    /// How many rows or entries [`Self::each_ready`] looks at.
    pub(in crate::store) fn ready_looks(&self, of: Attachment) -> Result<u64> {
        Ok(match attachment_number(of, FileState::Ready) {
            Some(tag) => self.tx.open_table(EVENT_TAGS)?.range(tag_range(tag))?.count() as u64,
            None => self.tx.open_table(EVENTS)?.len()?,
        })
    }

    /// Events whose pictures, or metadata files, are expected, at most `limit`.
    pub fn expected(&self, of: Attachment, limit: usize) -> Result<Vec<EventId>> {
        let Some(tag) = attachment_number(of, FileState::Expected) else { return Ok(Vec::new()) };
        let table = self.tx.open_table(EVENT_TAGS)?;
        table
            .range(tag_range(tag))?
            .take(limit)
            .map(|entry| Ok(EventId(entry?.0.value().id)))
            .collect()
    }
}

/// All entries of a tag's number.
fn tag_range(tag: u32) -> std::ops::RangeInclusive<TagKey> {
    let key = |time, id| TagKey { tag, time, id };
    key(i64::MIN, 0)..=key(i64::MAX, u64::MAX)
}

impl Store {
    /// Compares rows with pictures and metadata files, and reads every file. Blocks, as long as it takes.
    pub fn check_attachments(&self, report: &mut Report) -> Result<()> {
        for of in Attachment::ALL {
            let files = self.attachments(of);
            let (whole, mut doubtful) = self.look_at(files, report)?;
            match of {
                Attachment::Picture => report.pictures = whole,
                Attachment::Filemeta => report.filemeta = whole,
            }
            if doubtful.is_empty() {
                continue;
            }
            // What is being stored or deleted at this moment is not wrong.
            std::thread::sleep(CHECK_AGAIN_AFTER);
            let noun = of.noun();
            for id in doubtful.drain(..) {
                let row = self.read_with(|tx| tx.event(id))?;
                let state = row.map(|row| row.attached.state(of));
                match (state == Some(FileState::Ready), files.path(id).exists()) {
                    (true, false) => {
                        report.problem(|| format!("event {}: its {noun} is missing", id.0));
                    }
                    (false, true) => {
                        report.problem(|| format!("a {noun} of event {}, which has none", id.0));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Reads all files of one kind. Gives how many there are, and ids where row and file may disagree.
    fn look_at(&self, files: &Attachments, report: &mut Report) -> Result<(u64, Vec<EventId>)> {
        let (of, mut whole, mut doubtful) = (files.of, 0, Vec::new());
        let newest = self.read_with(ReadTx::last_event)?.0;
        let mut shards: BTreeSet<u64> = (0..=newest / SHARD_IDS).collect();
        for (name, _) in entries(&files.dir)? {
            match shard_of_name(&name) {
                Some(shard) => drop(shards.insert(shard)),
                None if [TEMPORARY, HELD].contains(&name.as_str()) => {}
                None => report.problem(|| format!("{}/{name} is none of ours", folder_name(of))),
            }
        }
        for shard in shards {
            let there = files.files(shard)?;
            let first = EventId(shard * SHARD_IDS);
            let last = EventId(first.0 + SHARD_IDS - 1);
            let states = self.read_with(|tx| tx.attached(first, last))?;
            let state = |id: EventId| states.get(&id).map(|row| row.map(|row| row.state(of)));
            let ready = states.keys().filter(|id| state(**id) == Some(Some(FileState::Ready)));
            doubtful.extend(ready.copied().filter(|id| !there.contains_key(&id.0)));
            for id in there.into_keys().map(EventId) {
                match state(id) {
                    Some(Some(FileState::Ready)) => {
                        whole += 1;
                        let damaged =
                            |thumb| matches!(files.read(id, thumb), Err(StoreError::Damaged(_)));
                        if damaged(true) || damaged(false) {
                            report.problem(|| {
                                format!("event {}: its {} is damaged", id.0, of.noun())
                            });
                        }
                    }
                    Some(None) => {} // the row is damaged, which is told already
                    _ => doubtful.push(id),
                }
            }
        }
        Ok((whole, doubtful))
    }
}

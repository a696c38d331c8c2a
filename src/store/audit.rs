//! The audit trail on disk: appended to, read backwards, followed from entry to entry, cut at its old
//! end. Nothing changes an entry.

use redb::{ReadableTable, ReadableTableMetadata};
use sha2::{Digest, Sha256};

use super::error::Result;
use super::read::ReadTx;
use super::row::{self, AuditRow};
use super::tables::{AUDIT, STATE, state};
use super::write::WriteTx;
use crate::domain::Timestamp;
use crate::domain::audit::{
    AuditEntry, AuditFilter, Audited, ChainPoint, ChainWalk, Hash, NO_HASH,
};

/// Where the row stands that tells what came before the oldest entry.
const ANCHOR: u64 = 0;
/// Before the first entry.
const START: ChainPoint = ChainPoint { id: 0, hash: NO_HASH };

impl ReadTx {
    /// Entries with an id below `before` that `filter` takes, newest first, at most `limit`, and how
    /// many it takes in all, whatever `before` says.
    ///
    /// Cost: the entries of the page without a filter, else all of them.
    pub fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Audited>, u64)> {
        let table = self.tx.open_table(AUDIT)?;
        let before = before.unwrap_or(u64::MAX);
        let (mut found, mut total) = (Vec::new(), 0);
        let counted = filter.is_empty();
        let end = if counted { before.max(ANCHOR + 1) } else { u64::MAX };
        for item in table.range(ANCHOR + 1..end)?.rev() {
            self.still_in_time()?;
            let (key, value) = item?;
            let id = key.value();
            if counted && found.len() >= limit {
                break;
            }
            let Some(entry) = decode(id, value.value()) else { continue };
            if filter.takes(&entry) {
                total += 1;
                if id < before && found.len() < limit {
                    found.push(Audited { id, entry });
                }
            }
        }
        if counted {
            total = table.len()? - u64::from(table.get(ANCHOR)?.is_some());
        }
        Ok((found, total))
    }

    /// Follows the chain from `from` on, at most `limit` entries; from its old end without `from`, or
    /// if that has been cut off since.
    pub fn follow_audit(&self, from: Option<ChainPoint>, limit: usize) -> Result<ChainWalk> {
        let table = self.tx.open_table(AUDIT)?;
        let last = self.state(state::LAST_AUDIT)?;
        let anchor = match table.get(ANCHOR)? {
            None => Some(START),
            Some(value) => anchor(value.value()),
        };
        let entries = table.len()? - u64::from(table.get(ANCHOR)?.is_some());
        let mut walk = ChainWalk { reached: START, complete: false, entries, problem: None };
        let Some(anchor) = anchor else {
            walk.problem = Some("audit trail: what stands before its start is damaged".into());
            return Ok(walk);
        };
        walk.reached = from.filter(|point| point.id >= anchor.id).unwrap_or(anchor);
        for item in table.range(walk.reached.id + 1..)?.take(limit) {
            let (key, value) = item?;
            let (id, bytes) = (key.value(), value.value());
            let expected = walk.reached.id + 1;
            let right = match row::decode(id, bytes) {
                _ if id != expected => Err(format!("audit entry {expected} is missing")),
                Ok(AuditRow::V1 { previous, .. }) if previous == walk.reached.hash => Ok(()),
                Ok(_) => Err(format!("audit entry {id} does not follow the one before")),
                Err(row::Damage) => Err(format!("audit entry {id} is damaged")),
            };
            if let Err(problem) = right {
                walk.problem = Some(problem);
                return Ok(walk);
            }
            walk.reached = ChainPoint { id, hash: hash(id, bytes) };
        }
        walk.complete = table.range(walk.reached.id + 1..)?.next().is_none();
        if walk.complete && walk.reached.id != last {
            walk.problem =
                Some(format!("audit entries {} to {last} are missing", walk.reached.id + 1));
        }
        Ok(walk)
    }

    /// Whether an entry is older than `before`.
    pub fn has_audit_before(&self, before: Timestamp) -> Result<bool> {
        let table = self.tx.open_table(AUDIT)?;
        let Some(item) = table.range(ANCHOR + 1..)?.next() else { return Ok(false) };
        let (key, value) = item?;
        Ok(decode(key.value(), value.value()).is_some_and(|entry| entry.time < before))
    }
}

impl WriteTx<'_> {
    /// Appends an entry and returns its id.
    pub fn append_audit(&self, entry: AuditEntry) -> Result<u64> {
        let entry = entry.bounded();
        let mut table = self.tx.open_table(AUDIT)?;
        let mut states = self.tx.open_table(STATE)?;
        let last = states.get(state::LAST_AUDIT)?.map_or(0, |v| v.value());
        let before = match table.get(last)? {
            Some(value) if last != ANCHOR => Some(hash(last, value.value())),
            _ => None,
        };
        let previous = match before {
            Some(hash) => hash,
            // Everything older was given up, or is gone: then the chain does not hold from here on.
            None => match table.get(ANCHOR)? {
                Some(value) => anchor(value.value()).map_or(NO_HASH, |point| point.hash),
                None => NO_HASH,
            },
        };
        let id = last + 1;
        let row = AuditRow::V1 {
            previous,
            time: entry.time.0,
            who: entry.who,
            from: entry.from,
            action: entry.action,
            object: entry.object,
            result: entry.result,
            detail: entry.detail,
        };
        table.insert(id, row::encode(id, &row).as_slice())?;
        states.insert(state::LAST_AUDIT, id)?;
        Ok(id)
    }

    /// Gives up entries from before `before`, oldest first, at most `limit`, and remembers what the rest
    /// follows. Returns how many.
    pub fn forget_audit(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut table = self.tx.open_table(AUDIT)?;
        let mut old = Vec::new();
        for item in table.range(ANCHOR + 1..)?.take(limit) {
            let (key, value) = item?;
            let (id, bytes) = (key.value(), value.value());
            if decode(id, bytes).is_none_or(|entry| entry.time >= before) {
                break;
            }
            old.push(ChainPoint { id, hash: hash(id, bytes) });
        }
        for point in &old {
            table.remove(point.id)?;
        }
        if let Some(point) = old.last() {
            let row = AuditRow::AnchorV1 { id: point.id, hash: point.hash };
            table.insert(ANCHOR, row::encode(ANCHOR, &row).as_slice())?;
        }
        Ok(old.len())
    }
}

fn hash(id: u64, row: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(id.to_be_bytes());
    hash.update(row);
    hash.finalize().into()
}

fn anchor(bytes: &[u8]) -> Option<ChainPoint> {
    match row::decode(ANCHOR, bytes) {
        Ok(AuditRow::AnchorV1 { id, hash }) => Some(ChainPoint { id, hash }),
        _ => None,
    }
}

/// An entry; a damaged one is logged and left out.
fn decode(id: u64, bytes: &[u8]) -> Option<AuditEntry> {
    let Ok(AuditRow::V1 { time, who, from, action, object, result, detail, .. }) =
        row::decode(id, bytes)
    else {
        tracing::error!(audit.id = id, "an audit entry is damaged; it is left out");
        return None;
    };
    Some(AuditEntry { time: Timestamp(time), who, from, action, object, result, detail })
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{Database, ReadableDatabase};

    use super::*;
    use crate::store::migrate;

    fn entry(n: i64) -> AuditEntry {
        AuditEntry {
            time: Timestamp(n),
            who: "m".into(),
            from: String::new(),
            action: if n % 2 == 0 { "key.create" } else { "key.revoke" }.into(),
            object: format!("key {n}"),
            result: "ok".into(),
            detail: String::new(),
        }
    }

    fn trail(count: i64) -> Database {
        let db = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        migrate::begin(&db).unwrap();
        write(&db, |tx| {
            for n in 1..=count {
                tx.append_audit(entry(n)).unwrap();
            }
        });
        db
    }

    fn write(db: &Database, f: impl FnOnce(&WriteTx<'_>)) {
        let tx = db.begin_write().unwrap();
        f(&WriteTx { tx: &tx });
        tx.commit().unwrap();
    }

    fn read(db: &Database) -> ReadTx {
        ReadTx::new(db.begin_read().unwrap())
    }

    fn problem(db: &Database) -> Option<String> {
        let walk = read(db).follow_audit(None, usize::MAX).unwrap();
        assert!(walk.problem.is_some() || walk.complete);
        walk.problem
    }

    #[test]
    fn the_chain_is_followed_in_steps() {
        let db = trail(10);
        let first = read(&db).follow_audit(None, 4).unwrap();
        assert_eq!((first.reached.id, first.complete, first.entries), (4, false, 10));
        let rest = read(&db).follow_audit(Some(first.reached), 100).unwrap();
        assert_eq!((rest.reached.id, rest.complete, rest.problem), (10, true, None));
    }

    type Tamper = fn(&WriteTx<'_>, u64);

    #[test]
    fn tampering_shows() {
        let id = 5_u64;
        let changes: [(&str, Tamper); 4] = [
            ("audit entry 6 does not follow the one before", |tx, id| {
                // A row that is right in itself: its checksum and its own place in the chain.
                let mut table = tx.tx.open_table(AUDIT).unwrap();
                let bytes = table.get(id).unwrap().unwrap().value().to_vec();
                let Ok(AuditRow::V1 {
                    previous, time, from, action, object, result, detail, ..
                }) = row::decode(id, &bytes)
                else {
                    panic!()
                };
                let who = "somebody else".to_owned();
                let forged =
                    AuditRow::V1 { previous, time, who, from, action, object, result, detail };
                table.insert(id, row::encode(id, &forged).as_slice()).unwrap();
            }),
            ("audit entry 5 is missing", |tx, id| {
                tx.tx.open_table(AUDIT).unwrap().remove(id).unwrap();
            }),
            ("audit entries 10 to 10 are missing", |tx, _| {
                tx.tx.open_table(AUDIT).unwrap().remove(10).unwrap();
            }),
            ("audit entry 1 is missing", |tx, _| {
                tx.tx.open_table(AUDIT).unwrap().remove(1).unwrap();
            }),
        ];
        for (wanted, change) in changes {
            let db = trail(10);
            assert_eq!(problem(&db), None);
            write(&db, |tx| change(tx, id));
            assert_eq!(problem(&db).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn what_is_kept_follows_what_was_given_up() {
        let db = trail(10);
        write(&db, |tx| assert_eq!(tx.forget_audit(Timestamp(5), 100).unwrap(), 4));
        assert_eq!(problem(&db), None);
        let (entries, total) = read(&db).audit(&AuditFilter::default(), None, 100).unwrap();
        assert_eq!((entries.len(), total, entries[0].id), (6, 6, 10));
        write(&db, |tx| {
            assert_eq!(tx.forget_audit(Timestamp(100), 100).unwrap(), 6);
            tx.append_audit(entry(11)).unwrap();
        });
        assert_eq!(problem(&db), None);
        assert!(read(&db).has_audit_before(Timestamp(12)).unwrap());
        // The oldest taken away by hand is not the same.
        write(&db, |tx| drop(tx.tx.open_table(AUDIT).unwrap().remove(ANCHOR).unwrap()));
        assert!(problem(&db).is_some());
    }

    #[test]
    fn pages_go_backwards_and_totals_count_all() {
        let db = trail(10);
        let filter = AuditFilter { action: Some("key.create".into()), ..AuditFilter::default() };
        let (page, total) = read(&db).audit(&filter, None, 2).unwrap();
        assert_eq!((page.iter().map(|e| e.id).collect::<Vec<_>>(), total), (vec![10, 8], 5));
        let (page, total) = read(&db).audit(&filter, Some(8), 2).unwrap();
        assert_eq!((page.iter().map(|e| e.id).collect::<Vec<_>>(), total), (vec![6, 4], 5));
        let (page, total) = read(&db).audit(&AuditFilter::default(), Some(3), 5).unwrap();
        assert_eq!((page.iter().map(|e| e.id).collect::<Vec<_>>(), total), (vec![2, 1], 10));
    }
}

//! The format of the tables: making it, checking it, and the steps from each older one.

use std::path::Path;

use redb::{Database, ReadableDatabase, TableHandle, WriteTransaction};

use super::error::{Result, StoreError};
use super::tables::{
    AUDIT, CAMERAS, CREDENTIALS, EVENT_COUNTS, EVENT_MINUTES, EVENT_TAGS, EVENT_TYPES, EVENTS,
    EVENTS_BY_SERIES, EVENTS_BY_TIME, IDEMPOTENCY, IDEMPOTENCY_BY_AGE, REMOVED_CAMERAS,
    SCHEMA_VERSION, SERIES, SESSIONS, STATE, TAG_NUMBERS, TYPE_NAMES, USERS, state,
};

/// A step from the format of its place (the first is from 1) to the next, in one transaction.
type Step = fn(&WriteTransaction) -> Result<()>;

/// Steps in order. Whoever raises [`SCHEMA_VERSION`] adds one, and a fixture of the old format.
const STEPS: [Step; SCHEMA_VERSION as usize - 1] = [];

/// Refuses a newer version's database without touching it: opening it to write would.
///
/// One that was not closed cannot be looked at this way; [`run`] refuses it when it is open.
///
/// # Errors
/// [`StoreError::Newer`].
pub(super) fn look(path: &Path) -> Result<()> {
    match Database::builder().set_cache_size(1 << 20).open_read_only(path) {
        Ok(db) => check(version(&db)?),
        Err(_) => Ok(()), // opening it tells what is wrong, if anything is
    }
}

fn check(found: u32) -> Result<()> {
    let known = SCHEMA_VERSION;
    if found > known { Err(StoreError::Newer { found, known }) } else { Ok(()) }
}

/// Brings the database to this version's format, and returns its incarnation.
///
/// Each step is one durable commit that includes the new version's number: a kill at any point
/// leaves the old format or the new one.
///
/// # Errors
/// [`StoreError::Newer`], with nothing changed.
pub(super) fn run(db: &Database) -> Result<u128> {
    match version(db)? {
        0 => create(db)?,
        found => {
            check(found)?;
            for (at, step) in STEPS.iter().enumerate().skip(found as usize - 1) {
                let tx = db.begin_write()?;
                step(&tx)?;
                tx.open_table(STATE)?.insert(state::SCHEMA, at as u64 + 2)?;
                tx.commit()?;
            }
            add_tables(db)?;
        }
    }
    let table = db.begin_read_table()?;
    let half = |name| -> Result<u64> { Ok(table.get(name)?.map_or(0, |v| v.value())) };
    Ok(u128::from(half(state::INCARNATION_HIGH)?) << 64 | u128::from(half(state::INCARNATION_LOW)?))
}

/// Adds the tables that came without a new format: an older version does not see them.
fn add_tables(db: &Database) -> Result<()> {
    let known: Vec<String> =
        db.begin_read()?.list_tables()?.map(|table| table.name().to_owned()).collect();
    let has = |name: &str| known.iter().any(|known| known == name);
    if has(USERS.name()) && has(SESSIONS.name()) && has(AUDIT.name()) {
        return Ok(());
    }
    let tx = db.begin_write()?;
    open_added(&tx)?;
    tx.commit()?;
    Ok(())
}

fn open_added(tx: &WriteTransaction) -> Result<()> {
    tx.open_table(USERS)?;
    tx.open_table(SESSIONS)?;
    tx.open_table(AUDIT)?;
    Ok(())
}

/// The format found, 0 in a new database.
fn version(db: &impl ReadableDatabase) -> Result<u32> {
    match db.begin_read()?.open_table(STATE) {
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
        table => {
            let version = table?.get(state::SCHEMA)?.map_or(0, |v| v.value());
            Ok(u32::try_from(version).unwrap_or(u32::MAX))
        }
    }
}

trait StateTable {
    fn begin_read_table(&self) -> Result<redb::ReadOnlyTable<&'static str, u64>>;
}

impl StateTable for Database {
    fn begin_read_table(&self) -> Result<redb::ReadOnlyTable<&'static str, u64>> {
        Ok(self.begin_read()?.open_table(STATE)?)
    }
}

fn create(db: &Database) -> Result<()> {
    let mut incarnation = [0; 16];
    getrandom::fill(&mut incarnation)
        .map_err(|error| StoreError::Failed(format!("no random numbers: {error}")))?;
    let incarnation = u128::from_le_bytes(incarnation);
    let low = u64::try_from(incarnation & u128::from(u64::MAX)).expect("masked to 64 bits");
    let high = u64::try_from(incarnation >> 64).expect("64 bits are left");
    let mut tx = db.begin_write()?;
    tx.set_quick_repair(true);
    {
        tx.open_table(EVENTS)?;
        tx.open_table(EVENTS_BY_TIME)?;
        tx.open_table(EVENTS_BY_SERIES)?;
        tx.open_table(EVENT_TAGS)?;
        tx.open_table(SERIES)?;
        tx.open_table(EVENT_COUNTS)?;
        tx.open_table(EVENT_MINUTES)?;
        tx.open_table(TAG_NUMBERS)?;
        tx.open_table(IDEMPOTENCY)?;
        tx.open_table(IDEMPOTENCY_BY_AGE)?;
        tx.open_table(CAMERAS)?;
        tx.open_table(REMOVED_CAMERAS)?;
        tx.open_table(EVENT_TYPES)?;
        tx.open_table(TYPE_NAMES)?;
        tx.open_table(CREDENTIALS)?;
        open_added(&tx)?;
        let mut table = tx.open_table(STATE)?;
        table.insert(state::INCARNATION_HIGH, high)?;
        table.insert(state::INCARNATION_LOW, low)?;
        table.insert(state::SCHEMA, u64::from(SCHEMA_VERSION))?;
    }
    tx.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;

    fn memory() -> Database {
        Database::builder().create_with_backend(InMemoryBackend::new()).unwrap()
    }

    #[test]
    fn a_database_keeps_its_incarnation() {
        let db = memory();
        let first = run(&db).unwrap();
        assert_ne!(first, 0);
        assert_eq!(run(&db).unwrap(), first);
        assert_ne!(run(&memory()).unwrap(), first);
    }

    #[test]
    fn a_database_from_before_there_were_users_gets_their_tables() {
        let db = memory();
        run(&db).unwrap();
        let tx = db.begin_write().unwrap();
        tx.delete_table(USERS).unwrap();
        tx.delete_table(SESSIONS).unwrap();
        tx.delete_table(AUDIT).unwrap();
        tx.commit().unwrap();
        run(&db).unwrap();
        let tx = db.begin_read().unwrap();
        assert!(tx.open_table(USERS).is_ok() && tx.open_table(SESSIONS).is_ok());
        assert!(tx.open_table(AUDIT).is_ok());
    }

    #[test]
    fn newer_data_is_refused() {
        let db = memory();
        run(&db).unwrap();
        let tx = db.begin_write().unwrap();
        tx.open_table(STATE).unwrap().insert(state::SCHEMA, u64::from(SCHEMA_VERSION) + 1).unwrap();
        tx.commit().unwrap();
        assert!(matches!(run(&db), Err(StoreError::Newer { .. })));
    }
}

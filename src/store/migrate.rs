//! The format of the tables: making it, checking it, and the steps from each older one.

use std::path::Path;

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::error::{Result, StoreError};
use super::tables::{
    AUDIT, CAMERAS, CREDENTIAL_USES, CREDENTIALS, EVENT_COUNTS, EVENT_MINUTES, EVENT_TAGS,
    EVENT_TYPES, EVENTS, EVENTS_BY_SERIES, EVENTS_BY_TIME, IDEMPOTENCY, IDEMPOTENCY_BY_AGE,
    RECIPES, RELEASES, REMOVED_CAMERA_NAMES, REMOVED_CAMERAS, SCHEMA_VERSION, SERIES, SESSIONS,
    SETTINGS, STATE, TAG_NUMBERS, TYPE_NAMES, USERS, state,
};

/// A step from the format of its place (the first is from 1) to the next, in one transaction.
type Step = fn(&WriteTransaction) -> Result<()>;

/// Steps in order. Whoever raises [`SCHEMA_VERSION`] adds one, and a fixture of the old format.
const STEPS: [Step; SCHEMA_VERSION as usize - 1] = [to_2];

/// Cameras have an address and a limit of quiet (rows of the old form stay as they are), removed ones
/// keep their names, and credentials their last use. There are people, and a trail of what they do;
/// recipes of triggers, and what they hold.
/// Pictures and metadata files need no step: records in the journal and numbers in the tag index that format 1
/// has not.
fn to_2(tx: &WriteTransaction) -> Result<()> {
    tx.open_table(USERS)?;
    tx.open_table(SESSIONS)?;
    tx.open_table(AUDIT)?;
    tx.open_table(SETTINGS)?;
    tx.open_table(REMOVED_CAMERA_NAMES)?;
    tx.open_table(CREDENTIAL_USES)?;
    tx.open_table(RECIPES)?;
    tx.open_table(RELEASES)?;
    Ok(())
}

/// Refuses a newer version's database without touching it: opening it to write would.
///
/// One that was not closed cannot be looked at this way; [`begin`] refuses it when it is open.
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

/// Makes the tables of a new database; tells the format of one that is there, and its incarnation.
///
/// # Errors
/// [`StoreError::Newer`], with nothing changed.
pub(super) fn begin(db: &Database) -> Result<(u32, u128)> {
    let found = match version(db)? {
        0 => {
            create(db)?;
            SCHEMA_VERSION
        }
        found => found,
    };
    check(found)?;
    let table = db.begin_read_table()?;
    let half = |name| -> Result<u64> { Ok(table.get(name)?.map_or(0, |v| v.value())) };
    let (high, low) = (half(state::INCARNATION_HIGH)?, half(state::INCARNATION_LOW)?);
    Ok((found, u128::from(high) << 64 | u128::from(low)))
}

/// Brings the database to this version's format.
///
/// Each step is one durable commit that includes the new version's number: a kill at any point
/// leaves the old format or the new one.
///
/// # Errors
/// [`StoreError::Newer`], with nothing changed.
pub(super) fn upgrade(db: &Database) -> Result<()> {
    let found = version(db)?;
    check(found)?;
    for (at, step) in STEPS.iter().enumerate().skip((found as usize).saturating_sub(1)) {
        let tx = db.begin_write()?;
        step(&tx)?;
        tx.open_table(STATE)?.insert(state::SCHEMA, at as u64 + 2)?;
        super::backup::point("a step of the upgrade is not committed");
        tx.commit()?;
        super::backup::point("a step of the upgrade is committed");
    }
    Ok(())
}

/// The format of a snapshot's tables.
pub(super) fn found(tx: &ReadTransaction) -> Result<u32> {
    let version = tx.open_table(STATE)?.get(state::SCHEMA)?.map_or(0, |v| v.value());
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
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

/// A new incarnation: what a journal and its tables know each other by.
pub(super) fn random_incarnation() -> Result<u128> {
    let mut incarnation = [0; 16];
    getrandom::fill(&mut incarnation)
        .map_err(|error| StoreError::Failed(format!("no random numbers: {error}")))?;
    Ok(u128::from_le_bytes(incarnation))
}

fn create(db: &Database) -> Result<()> {
    let incarnation = random_incarnation()?;
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
        to_2(&tx)?;
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

    fn run(db: &Database) -> Result<u128> {
        let (_, incarnation) = begin(db)?;
        upgrade(db)?;
        Ok(incarnation)
    }

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

    /// Everything that format 1 had, and nothing else.
    #[test]
    fn a_database_of_format_1_is_read() {
        use crate::domain::CameraId;
        use crate::store::read::ReadTx;
        /// Camera 7 as format 1 wrote it: `Gate`, `Europe/Berlin`, in use, made at 5, recording off.
        const ROW: &str = concat!(
            "4b314013000447617465",
            "0d4575726f70652f4265726c696e",
            "010a036f6666000000000101610162"
        );
        let row: Vec<u8> = (0..ROW.len() / 2)
            .map(|n| u8::from_str_radix(&ROW[2 * n..2 * n + 2], 16).unwrap())
            .collect();
        let db = memory();
        run(&db).unwrap();
        let tx = db.begin_write().unwrap();
        tx.delete_table(REMOVED_CAMERA_NAMES).unwrap();
        tx.delete_table(CREDENTIAL_USES).unwrap();
        tx.delete_table(USERS).unwrap();
        tx.delete_table(SESSIONS).unwrap();
        tx.delete_table(AUDIT).unwrap();
        tx.delete_table(RECIPES).unwrap();
        tx.delete_table(RELEASES).unwrap();
        tx.open_table(CAMERAS).unwrap().insert(7, row.as_slice()).unwrap();
        tx.open_table(REMOVED_CAMERAS).unwrap().insert(3, ()).unwrap();
        tx.open_table(STATE).unwrap().insert(state::SCHEMA, 1).unwrap();
        tx.commit().unwrap();

        run(&db).unwrap();
        let tx = db.begin_read().unwrap();
        assert!(tx.open_table(USERS).is_ok() && tx.open_table(SESSIONS).is_ok());
        assert!(tx.open_table(AUDIT).is_ok());
        let tx = ReadTx::new(db.begin_read().unwrap());
        let camera = tx.cameras().unwrap().pop().unwrap();
        assert_eq!((camera.id, camera.name.as_str()), (CameraId(7), "Gate"));
        assert_eq!((camera.timezone.as_str(), camera.enabled), ("Europe/Berlin", true));
        assert_eq!(camera.meta.get("a").map(String::as_str), Some("b"));
        assert_eq!((camera.address, camera.quiet_after_s), (None, 0));
        assert_eq!(tx.removed_camera(CameraId(3)).unwrap().as_deref(), Some(""));
        assert_eq!(tx.credential_uses().unwrap(), []);
        assert!(tx.recipes().unwrap().is_empty() && tx.releases().unwrap().is_empty());
        assert_eq!(version(&db).unwrap(), SCHEMA_VERSION);
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

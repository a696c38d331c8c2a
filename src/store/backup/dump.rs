//! Tables as a stream and back: names, then keys and values as the database compares and keeps them.
//!
//! `table: length of its name: u8, name | entries: key length: u32, value length: u32, key, value |
//! u32::MAX`, again and again; a name of length 0 ends the stream. Numbers are little-endian.

use std::collections::BTreeMap;

use redb::{
    Database, Durability, Key, ReadTransaction, ReadableTable, ReadableTableMetadata,
    TableDefinition, TableError, TableHandle, Value, WriteTransaction,
};

use super::file::{Input, Writer};
use crate::store::error::{Result, StoreError};
use crate::store::tables::{
    AUDIT, CAMERAS, CLOCK_DOUBTS, CREDENTIAL_USES, CREDENTIALS, EVENT_COUNTS, EVENT_MINUTES,
    EVENT_TAGS, EVENT_TYPES, EVENTS, EVENTS_BY_SERIES, EVENTS_BY_TIME, HOLDS, IDEMPOTENCY,
    IDEMPOTENCY_BY_AGE, RECIPES, RELEASES, REMOVED_CAMERA_NAMES, REMOVED_CAMERAS, SERIES, SESSIONS,
    SETTINGS, STATE, TAG_NUMBERS, TYPE_NAMES, USERS,
};

/// Ends a table's entries.
const END: u32 = u32::MAX;
/// Longest key and value that are read.
const KEY_BYTES_MAX: u32 = 64 << 10;
const VALUE_BYTES_MAX: u32 = 16 << 20;
/// Entries of one transaction while a stream is read.
const CHUNK: u32 = 50_000;

/// Every table of the schema. A step of `migrate.rs` that changes a table's key or gives one up keeps
/// its old definition here: a backup from before must be read, and made.
macro_rules! each_table {
    ($call:ident) => {
        $call!(
            EVENTS,
            EVENTS_BY_TIME,
            EVENTS_BY_SERIES,
            EVENT_TAGS,
            SERIES,
            EVENT_COUNTS,
            EVENT_MINUTES,
            TAG_NUMBERS,
            IDEMPOTENCY,
            IDEMPOTENCY_BY_AGE,
            CAMERAS,
            REMOVED_CAMERAS,
            REMOVED_CAMERA_NAMES,
            EVENT_TYPES,
            RECIPES,
            RELEASES,
            TYPE_NAMES,
            HOLDS,
            CLOCK_DOUBTS,
            CREDENTIALS,
            CREDENTIAL_USES,
            USERS,
            SESSIONS,
            AUDIT,
            SETTINGS,
            STATE
        )
    };
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Dumped {
    /// Entries by table.
    pub tables: BTreeMap<String, u64>,
    /// CRC-32C over the rows of events.
    pub checksum: u32,
}

/// Entries in all tables.
pub(super) fn entries(tx: &ReadTransaction) -> Result<u64> {
    let mut sum = 0;
    macro_rules! add {
        ($($table:ident),*) => {$(
            match tx.open_table($table) {
                Err(TableError::TableDoesNotExist(_)) => {}
                table => sum += table?.len()?,
            }
        )*};
    }
    each_table!(add);
    Ok(sum)
}

/// Writes all tables of a snapshot; those that its format does not have are left out.
pub(super) fn write(tx: &ReadTransaction, out: &mut Writer<'_>) -> Result<Dumped> {
    let mut dumped = Dumped::default();
    macro_rules! write {
        ($($table:ident),*) => {$(
            let rows = ($table.name() == EVENTS.name()).then_some(&mut dumped.checksum);
            if let Some(count) = write_table(tx, $table, out, rows)? {
                dumped.tables.insert($table.name().to_owned(), count);
            }
        )*};
    }
    each_table!(write);
    out.put(&[0])?;
    Ok(dumped)
}

fn write_table<K: Key + 'static, V: Value + 'static>(
    tx: &ReadTransaction,
    definition: TableDefinition<'static, K, V>,
    out: &mut Writer<'_>,
    mut checksum: Option<&mut u32>,
) -> Result<Option<u64>> {
    let table = match tx.open_table(definition) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        table => table?,
    };
    let name = definition.name();
    out.put(&[u8::try_from(name.len()).expect("names of tables are short")])?;
    out.put(name.as_bytes())?;
    let mut count = 0;
    for entry in table.iter()? {
        let (key, value) = entry?;
        let (key, value) = (key.value(), value.value());
        let (key, value) = (K::as_bytes(&key), V::as_bytes(&value));
        let (key, value) = (key.as_ref(), value.as_ref());
        out.put(&length(key, KEY_BYTES_MAX)?.to_le_bytes())?;
        out.put(&length(value, VALUE_BYTES_MAX)?.to_le_bytes())?;
        out.put(key)?;
        out.put(value)?;
        if let Some(checksum) = &mut checksum {
            **checksum = crc32c::crc32c_append(**checksum, value);
        }
        out.item()?;
        count += 1;
    }
    out.put(&END.to_le_bytes())?;
    Ok(Some(count))
}

fn length(bytes: &[u8], max: u32) -> Result<u32> {
    u32::try_from(bytes.len())
        .ok()
        .filter(|length| *length <= max)
        .ok_or_else(|| StoreError::Failed(format!("an entry of {} bytes", bytes.len())))
}

/// Reads a stream into a database, table by table, in bounded transactions, none of them durable.
/// Gives the entries by table.
pub(super) fn read(input: &mut Input, db: &Database) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    loop {
        let [name_bytes] = input.array()?;
        if name_bytes == 0 {
            return Ok(found);
        }
        let mut name = vec![0; usize::from(name_bytes)];
        input.exactly(&mut name)?;
        let name = String::from_utf8(name).map_err(|_| unreadable("a table's name"))?;
        macro_rules! read {
            ($($table:ident),*) => {
                $(if name == $table.name() { read_table(input, db, $table)? } else)*
                { return Err(unreadable(&format!("a table {name:?}"))) }
            };
        }
        let count = each_table!(read);
        found.insert(name, count);
    }
}

fn read_table<K: Key + 'static, V: Value + 'static>(
    input: &mut Input,
    db: &Database,
    definition: TableDefinition<'static, K, V>,
) -> Result<u64> {
    let (mut key, mut value, mut count) = (Vec::new(), Vec::new(), 0);
    let fits = |width: Option<usize>, bytes: u32| width.is_none_or(|w| w == bytes as usize);
    loop {
        let mut tx: WriteTransaction = db.begin_write()?;
        tx.set_durability(Durability::None)?;
        let mut ended = false;
        {
            let mut table = tx.open_table(definition)?;
            for _ in 0..CHUNK {
                let key_bytes = u32::from_le_bytes(input.array()?);
                if key_bytes == END {
                    ended = true;
                    break;
                }
                let value_bytes = u32::from_le_bytes(input.array()?);
                if key_bytes > KEY_BYTES_MAX
                    || value_bytes > VALUE_BYTES_MAX
                    || !fits(K::fixed_width(), key_bytes)
                    || !fits(V::fixed_width(), value_bytes)
                {
                    return Err(unreadable(&format!("an entry of {}", definition.name())));
                }
                key.resize(key_bytes as usize, 0);
                value.resize(value_bytes as usize, 0);
                input.exactly(&mut key)?;
                input.exactly(&mut value)?;
                table.insert(K::from_bytes(&key), V::from_bytes(&value))?;
                count += 1;
            }
        }
        tx.commit()?;
        if ended {
            return Ok(count);
        }
    }
}

/// The checksums were right, so whoever wrote it was another version.
fn unreadable(what: &str) -> StoreError {
    StoreError::Damaged(format!("the backup has {what} that this version cannot read"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_table_of_the_schema_is_in_a_backup() {
        let mut known = Vec::new();
        macro_rules! names {
            ($($table:ident),*) => {$( known.push(stringify!($table)); )*};
        }
        each_table!(names);
        let schema = include_str!("../tables.rs").lines();
        let declared = schema.filter(|line| line.contains(": Table<"));
        let mut names: Vec<&str> = declared
            .filter_map(|line| line.strip_prefix("pub(super) const ")?.split(':').next())
            .collect();
        assert!(names.len() >= 26, "they are found: {names:?}");
        known.sort_unstable();
        names.sort_unstable();
        assert_eq!(known, names);
    }
}
